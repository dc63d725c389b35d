"""`PyJWKClient`: the keys of a JWKS endpoint, fetched with the standard library as PyJWT fetches them.

Only http and https are fetched, redirects are not followed, and a failed fetch keeps the set that was fetched before.
An unknown `kid` causes one fetch, at most every `cooldown_duration` seconds, which the set's cache is needed for. A failed fetch counts
too, and a `kid` of the cached set waits for no fetch. `timeout` is the time for a whole fetch, and a response has at most 1 MiB. PyJWT does
none of this. A published secret is no signing key: everyone could sign with it. `jwseal.remote` refreshes in the background, this does not.
"""

from __future__ import annotations

import http.client
import math
import os
import threading
import time
import urllib.request
from functools import lru_cache
from ssl import SSLContext
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlparse
from weakref import WeakSet

from jwseal._encoding import read_json
from jwseal.compat.pyjwt.api_jwk import PyJWK, PyJWKSet
from jwseal.compat.pyjwt.api_jwt import decode_complete as decode_token
from jwseal.compat.pyjwt.bounded_fetch import bounded_opener, read_bounded
from jwseal.compat.pyjwt.exceptions import PyJWKClientConnectionError, PyJWKClientError
from jwseal.compat.pyjwt.jwk_set_cache import JWKSetCache
from jwseal.compat.pyjwt.utils import printable


class PyJWKClient:
    """Finds the key that a token's `kid` names at a JWKS endpoint.

    `uri` is the endpoint, http or https. `cache_jwk_set` keeps the whole set for `lifespan` seconds. `cache_keys` keeps up to
    `max_cached_keys` single keys by kid without end, revoked ones included, and is off by default. `headers` are sent with each request,
    `timeout` is in seconds, and `ssl_context` is that of `urllib`. An unknown kid causes a fetch at most every `cooldown_duration` seconds.
    """

    def __init__(
        self,
        uri: str,
        cache_keys: bool = False,
        max_cached_keys: int = 16,
        cache_jwk_set: bool = True,
        lifespan: float = 300,
        headers: dict[str, Any] | None = None,
        timeout: float = 30,
        ssl_context: SSLContext | None = None,
        cooldown_duration: float = 30,
    ) -> None:
        scheme = urlparse(uri).scheme.lower()
        if scheme not in ("http", "https"):
            # urllib also opens file:, ftp: and data:, which a URL taken from a token could name.
            raise PyJWKClientError(f"Invalid JWKS URI scheme {scheme!r}: only 'http' and 'https' are supported.")
        if cooldown_duration < 0:
            raise PyJWKClientError(
                f'Cooldown duration must be greater than or equal to 0, the input is "{cooldown_duration}"'
            )
        if not math.isfinite(cooldown_duration):
            raise PyJWKClientError(f'Cooldown duration must be finite, the input is "{cooldown_duration}"')
        if cache_jwk_set and lifespan <= 0:
            raise PyJWKClientError(f'Lifespan must be greater than 0, the input is "{lifespan}"')
        self.uri = uri
        self.headers = {} if headers is None else headers
        self.timeout = timeout
        self.ssl_context = ssl_context
        self.cooldown_duration = cooldown_duration
        self.jwk_set_cache = JWKSetCache(lifespan) if cache_jwk_set else None
        self._last_successful_fetch: float | None = None
        self._last_attempt: float | None = None
        self._client_lock = _ClientLock()
        if cache_keys:
            self.get_signing_key = lru_cache(maxsize=max_cached_keys)(self.get_signing_key)  # type: ignore[method-assign]

    def get_signing_key_from_jwt(self, token: str | bytes) -> PyJWK:
        """The key that the token's header names. The token is not verified by this."""
        header = decode_token(token, options={"verify_signature": False})["header"]
        return self.get_signing_key(header.get("kid"))

    def get_signing_key(self, kid: str) -> PyJWK:
        """The key of this kid, fetching the set anew if it is unknown; PyJWKClientError if there is none."""
        # Without the lock: unknown kids at a slow endpoint do not delay the tokens of known ones.
        if self.jwk_set_cache is not None and self.jwk_set_cache.get() is not None:
            signing_key = self.match_kid(self.get_signing_keys(), kid)
            if signing_key is not None:
                return signing_key
        with self._client_lock.held:
            signing_key = self.match_kid(self.get_signing_keys(), kid)
            if signing_key is None and not self._is_cooling_down():
                self._last_attempt = time.monotonic()
                signing_keys = self.get_signing_keys(refresh=True)
                self._last_successful_fetch = time.monotonic()
                signing_key = self.match_kid(signing_keys, kid)
            if signing_key is None:
                raise PyJWKClientError(f'Unable to find a signing key that matches: "{printable(str(kid))}"')
            return signing_key

    def get_signing_keys(self, refresh: bool = False) -> list[PyJWK]:
        """The public keys for signatures that have a kid; PyJWKClientError if there are none. `refresh` fetches the set anew."""
        keys = (jwk for jwk in self.get_jwk_set(refresh).keys if jwk.public_key_use in ("sig", None) and jwk.key_id)
        usable = [jwk for jwk in keys if jwk.key_type != "oct"]
        if not usable:
            raise PyJWKClientError("The JWKS endpoint did not contain any signing keys")
        return usable

    def get_jwk_set(self, refresh: bool = False) -> PyJWKSet:
        """The set, from the cache unless it is empty, expired or to be fetched anew, as `refresh` says."""
        if self.jwk_set_cache is not None and not refresh:
            cached = self.jwk_set_cache.get()
            if cached is not None:
                return cached
        fetched = self.fetch_data()
        jwk_set = fetched if isinstance(fetched, PyJWKSet) else PyJWKSet.from_dict(_json_object(fetched))
        # A subclass may hand back something else than `fetch_data` has cached.
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(jwk_set)
        return jwk_set

    def fetch_data(self) -> Any:
        """Fetch the set, put it into the cache, and return it as parsed JSON."""
        try:
            request = urllib.request.Request(url=self.uri, headers=self.headers)  # noqa: S310 - http(s), see __init__
            with bounded_opener(self.timeout, self.ssl_context).open(request, timeout=self.timeout) as response:
                body = read_bounded(response)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()
            raise PyJWKClientConnectionError(f'Fail to fetch data from the url, err: "{error}"') from error
        try:
            fetched = _json_object(read_json(body))
        except ValueError as error:
            raise PyJWKClientError(f"The JWKS endpoint did not return JSON: {error}") from error
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(fetched)
        self._last_successful_fetch = time.monotonic()
        return fetched

    @staticmethod
    def match_kid(signing_keys: list[PyJWK], kid: str) -> PyJWK | None:
        """The first of `signing_keys` with this `kid`, or None."""
        return next((jwk for jwk in signing_keys if jwk.key_id == kid), None)

    def _is_cooling_down(self) -> bool:
        times = [at for at in (self._last_successful_fetch, self._last_attempt) if at is not None]
        if self.jwk_set_cache is None or not times:
            return False
        return time.monotonic() - max(times) < self.cooldown_duration


class _ClientLock:
    """One client's lock, which a forked child has anew: the thread that fetches in the parent does not exist there."""

    def __init__(self) -> None:
        self.held = threading.RLock()
        _client_locks.add(self)


_client_locks: WeakSet[_ClientLock] = WeakSet()


def _renew_client_locks() -> None:
    for lock in _client_locks:
        lock.held = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_client_locks)


def _json_object(fetched: object) -> dict[str, Any]:
    if not isinstance(fetched, dict):
        raise PyJWKClientError("The JWKS endpoint did not return a JSON object")
    return fetched
