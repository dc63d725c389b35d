"""The JWK Set that `PyJWKClient` fetched last, for as long as it may be used."""

from __future__ import annotations

import time
from typing import Any

from jwseal.compat.pyjwt.api_jwk import PyJWKSet, PyJWTSetWithTimestamp
from jwseal.compat.pyjwt.exceptions import PyJWKSetError


class JWKSetCache:
    """Holds one parsed set for `lifespan` seconds; a lifespan below 0 has no end."""

    def __init__(self, lifespan: float) -> None:
        self.jwk_set_with_timestamp: PyJWTSetWithTimestamp | None = None
        self.lifespan = lifespan

    def put(self, jwk_set: PyJWKSet | dict[str, Any] | None) -> None:
        """Replace the set by this one, parsing it if need be; None empties the cache."""
        if jwk_set is None:
            self.jwk_set_with_timestamp = None
            return
        if isinstance(jwk_set, dict):
            jwk_set = PyJWKSet.from_dict(jwk_set)
        if not isinstance(jwk_set, PyJWKSet):
            raise PyJWKSetError("Invalid JWK Set value")
        self.jwk_set_with_timestamp = PyJWTSetWithTimestamp(jwk_set)

    def get(self) -> PyJWKSet | None:
        """The set, unless there is none or it has expired."""
        held = self.jwk_set_with_timestamp
        if held is None or self.is_expired():
            return None
        return held.get_jwk_set()

    def is_expired(self) -> bool:
        """Whether there is a set, and its time is over."""
        held = self.jwk_set_with_timestamp
        if held is None or self.lifespan < 0:
            return False
        return time.monotonic() > held.get_timestamp() + self.lifespan
