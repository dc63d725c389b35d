"""Keys that a command fetches: from the URL of a JWK Set, or from the one in an issuer's metadata, by the rules of `jwseal.remote`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from typer import Option

from jwseal.cli.arguments import Text
from jwseal.errors import KeySourceUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jwseal.remote import RemoteKeySet
    from jwseal.types import Algorithm

Discovery = Annotated[
    Text, Option("--issuer-discovery", metavar="ISS", help="Find the keys in the metadata of this issuer.")
]
CaFile = Annotated[Text, Option("--ca-file", metavar="FILE", help="The certificates to trust, PEM.")]
Loopback = Annotated[bool, Option("--allow-http-loopback", help="Allow http to 127.0.0.1, ::1 and localhost.")]

# Seconds for one command's fetch, and bytes of a response, as `RemoteKeySet` has them in the background.
_SECONDS, _LARGEST = 10.0, 262_144


class KeyLocation(NamedTuple):
    """Where keys are, and how they may be fetched."""

    url: str | None
    issuer: str | None
    ca_file: str | None = None
    allow_http_loopback: bool = False

    def key_set(self, algorithms: list[Algorithm], *, lenient: bool) -> RemoteKeySet:
        """The keys, fetched once. Raises KeySourceUnavailable if that fails."""
        remote = _remote()
        options: dict[str, Any] = {
            "algorithms": algorithms,
            "lenient": lenient,
            "ca_file": self.ca_file,
            "allow_http_loopback": self.allow_http_loopback,
            "timeout": _SECONDS,
        }
        keys: RemoteKeySet
        keys = (
            remote.RemoteKeySet(self.url, **options) if self.issuer is None else remote.discover(self.issuer, **options)
        )
        keys.preload()
        return keys

    def fetch(self) -> tuple[bytes, Mapping[str, str]]:
        """The body and the headers of the response, whatever is in them."""
        remote = _remote()
        from jwseal.remote.address import checked_url
        from jwseal.remote.connection import Deadline
        from jwseal.remote.fetch import Fetch, FetchError
        from jwseal.remote.trust import Trust

        trust = Trust(ca_file=self.ca_file, system_trust_store=False, client_certificate=None)
        fetch, deadline = Fetch(max_bytes=_LARGEST, trust=trust), Deadline(_SECONDS)

        def answer(url: str) -> Any:
            return fetch.get(checked_url(url, allow_http_loopback=self.allow_http_loopback), deadline)

        try:
            if self.issuer is None:
                found = answer(self.url or "")
            else:
                loopback = self.allow_http_loopback
                keys = remote.discover(self.issuer, algorithms=["RS256"], allow_http_loopback=loopback)
                (url,) = keys._locate(lambda place: answer(place).body)
                found = answer(url)
        except FetchError as error:
            raise KeySourceUnavailable(str(error)) from None
        return found.body, found.headers


def _remote() -> Any:
    try:
        import httpx  # noqa: F401

        from jwseal import remote
    except ImportError:
        raise ValueError("fetching keys needs another package: pip install 'jwseal[cli,remote]'") from None
    return remote
