"""`discover`: the keys of an issuer, found through its metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3).

The metadata is read before each fetch of the keys, so that an issuer may move them, and an issuer that is down when the program
starts is found later. Its `issuer` must be the one that was asked for, byte for byte, and its `jwks_uri` must have the same
origin unless the caller waives that. What it says of algorithms is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from jwseal._encoding import read_json
from jwseal.errors import PolicyError
from jwseal.remote.address import checked_url, named, origin
from jwseal.remote.fetch import FetchError
from jwseal.remote.key_set import RemoteKeySet

if TYPE_CHECKING:
    import httpx

    from jwseal.types import Algorithm

__all__ = ["discover"]

_OPENID, _OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


def discover(
    issuer: str,
    *,
    algorithms: Collection[Algorithm],
    discovery_url: str | None = None,
    jwks_uri: str | None = None,
    same_origin: bool = True,
    **options: Any,
) -> RemoteKeySet:
    """The keys of an issuer, as a RemoteKeySet that finds their URL in the issuer's metadata.

    issuer         the issuer's name, a URL: the `iss` of its tokens, exactly
    algorithms     what the keys may be used with, as for RemoteKeySet
    discovery_url  where the metadata is, if it is not at the issuer's well-known locations
    jwks_uri       where the keys are, in place of what the metadata says; the metadata's issuer is still compared
    same_origin    whether the metadata's jwks_uri must have the origin of the issuer or of the metadata; False lets the
                   metadata name any https URL
    options        those of RemoteKeySet

    Nothing is fetched before it is needed. Metadata that cannot be fetched, has another issuer or names a URL that may not be
    used is a failed fetch: keys that are there serve on, and a source without keys is KeySourceUnavailable and tried again.
    An issuer that is no URL without query and fragment is PolicyError.
    """
    return _DiscoveredKeySet(
        issuer,
        algorithms=algorithms,
        discovery_url=discovery_url,
        jwks_uri=jwks_uri,
        same_origin=same_origin,
        **options,
    )


class _DiscoveredKeySet(RemoteKeySet):
    """A RemoteKeySet whose URL is looked up again for each fetch."""

    def __init__(
        self,
        issuer: str,
        *,
        algorithms: Collection[Algorithm],
        discovery_url: str | None,
        jwks_uri: str | None,
        same_origin: bool,
        allow_http_loopback: bool = False,
        **options: Any,
    ) -> None:
        where = checked_url(issuer, allow_http_loopback=allow_http_loopback)
        if "?" in issuer or "#" in issuer:
            raise PolicyError("an issuer is a URL without query and fragment (RFC 8414 section 2)")
        self._issuer = issuer
        self._metadata_urls = _well_known(where) if discovery_url is None else [discovery_url]
        self._jwks_uri = jwks_uri
        self._issuer_origin, self._same_origin = origin(where), same_origin
        places = self._metadata_urls if jwks_uri is None else [jwks_uri, *self._metadata_urls]
        super().__init__(places, algorithms=algorithms, allow_http_loopback=allow_http_loopback, **options)

    def _locate(self, get: Callable[[str], bytes]) -> Sequence[str]:
        """The URL of the keys, from the first metadata that is the issuer's."""
        failures = []
        for place in list(self._metadata_urls):
            try:
                found = self._jwks_uri_of(place, get(place))
            except FetchError as failure:
                failures.append(str(failure))
            else:
                self._metadata_urls.sort(key=lambda url: url != place)  # it is asked first from now on
                return [found]
        raise FetchError("; ".join(failures))

    def _jwks_uri_of(self, place: str, body: bytes) -> str:
        where = self._checked(place)
        try:
            metadata = read_json(body)
        except ValueError as error:
            raise FetchError(f"{named(where)}: the metadata is not strict JSON: {error}") from None
        if not isinstance(metadata, dict):
            raise FetchError(f"{named(where)}: the metadata is not a JSON object")
        if metadata.get("issuer") != self._issuer:
            raise FetchError(f"{named(where)}: the metadata is of another issuer")
        if self._jwks_uri is not None:
            return self._jwks_uri
        found = metadata.get("jwks_uri")
        if not isinstance(found, str):
            raise FetchError(f"{named(where)}: the metadata has no jwks_uri")
        try:
            target = self._checked(found)
        except FetchError as failure:
            raise FetchError(f"{named(where)}: its jwks_uri cannot be used: {failure}") from None
        if self._same_origin and origin(target) not in {self._issuer_origin, origin(where)}:
            raise FetchError(
                f"{named(where)}: its jwks_uri is on another server, {named(target)}: give jwks_uri= to choose it, or "
                "same_origin=False to let the metadata choose"
            )
        return found


def _well_known(issuer: httpx.URL) -> list[str]:
    """Where metadata is: after the issuer's path for OpenID, before it for OAuth. A slash at the end does not count."""
    path = issuer.raw_path.decode("ascii").rstrip("/")
    base = str(issuer.copy_with(raw_path=b"/")).rstrip("/")
    return [base + path + _OPENID, base + _OAUTH + path]
