"""Claims of a decoded JWT and Authlib's way of judging them (RFC 7519 section 4.1).

The rules are Authlib's, its leniencies included: a claim without an option is not judged, apart from the types and values of exp, nbf and
iat; `exp` passes while exp >= now - leeway. Nothing is judged before `validate()` is called. Code that can change more than an import
line should declare a `jwseal.Policy`, which demands issuer, audience and expiry.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from jwseal.compat.authlib.errors import ExpiredTokenError, InvalidClaimError, InvalidTokenError, MissingClaimError

__all__ = ["BaseClaims", "JWTClaims"]


class BaseClaims(dict[str, Any]):
    """The claims, with the header they came under and the options to judge them by.

    An option is a dict with `essential`, `value`, `values` or `validate` (called with the claims and the value).
    """

    REGISTERED_CLAIMS: ClassVar[list[str]] = []

    def __init__(
        self,
        payload: dict[str, Any],
        header: dict[str, Any],
        options: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(payload)
        self.header = header
        self.options = options or {}
        self.params = params or {}

    def __getattr__(self, key: str) -> Any:
        # Only called for names that are no attribute.
        if key in type(self).REGISTERED_CLAIMS:
            return self.get(key)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")

    def get_registered_claims(self) -> dict[str, Any]:
        """The registered claims that are there."""
        return {name: self[name] for name in self.REGISTERED_CLAIMS if name in self}

    def _validate_essential_claims(self) -> None:
        for name, option in self.options.items():
            if not option.get("essential"):
                continue
            if name not in self:
                raise MissingClaimError(name)
            # A time of 0 is there; None and "" are not.
            if not self[name] and not _is_number(self[name]):
                raise InvalidClaimError(name)

    def _validate_claim_value(self, claim_name: str) -> None:
        option = self.options.get(claim_name)
        if not option:
            return
        value = self.get(claim_name)
        if option.get("value") and value != option["value"]:
            raise InvalidClaimError(claim_name)
        if option.get("values") and value not in option["values"]:
            raise InvalidClaimError(claim_name)
        if option.get("validate") and not option["validate"](self, value):
            raise InvalidClaimError(claim_name)


class JWTClaims(BaseClaims):
    """The claims of a JWT. Each `validate_*` may be overridden."""

    REGISTERED_CLAIMS: ClassVar[list[str]] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    def validate(self, now: float | None = None, leeway: float = 0) -> None:
        """Judge every claim by the options, and the times by `now`, which defaults to the clock."""
        self._validate_essential_claims()
        if now is None:
            now = int(time.time())
        self.validate_iss()
        self.validate_sub()
        self.validate_aud()
        self.validate_exp(now, leeway)
        self.validate_nbf(now, leeway)
        self.validate_iat(now, leeway)
        self.validate_jti()
        for name in self.options:
            if name not in self.REGISTERED_CLAIMS:
                self._validate_claim_value(name)

    def validate_iss(self) -> None:
        """The issuer, by its option."""
        self._validate_claim_value("iss")

    def validate_sub(self) -> None:
        """The subject, by its option."""
        self._validate_claim_value("sub")

    def validate_aud(self) -> None:
        """The audience: one of the option's must be among the token's."""
        option = self.options.get("aud")
        audience = self.get("aud")
        if not option or not audience:
            return
        wanted = option.get("values") or ([option["value"]] if option.get("value") else [])
        audiences = audience if isinstance(audience, list) else [audience]
        if wanted and not any(value in audiences for value in wanted):
            raise InvalidClaimError("aud")

    def validate_exp(self, now: float, leeway: float) -> None:
        """The expiry, where there is one."""
        if "exp" in self and self._time("exp") < now - leeway:
            raise ExpiredTokenError()

    def validate_nbf(self, now: float, leeway: float) -> None:
        """The first moment, where there is one."""
        if "nbf" in self and self._time("nbf") > now + leeway:
            raise InvalidTokenError()

    def validate_iat(self, now: float, leeway: float) -> None:
        """The moment of issue, where there is one: not in the future."""
        if "iat" in self and self._time("iat") > now + leeway:
            raise InvalidTokenError(description="The token is not valid as it was issued in the future")

    def validate_jti(self) -> None:
        """The identifier, by its option."""
        self._validate_claim_value("jti")

    def _time(self, name: str) -> float:
        value = self[name]
        if not _is_number(value):
            raise InvalidClaimError(name)
        return float(value) if isinstance(value, float) else value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
