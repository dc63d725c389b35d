"""The claims of a decoded JWT, and their validation by Authlib's options (RFC 7519 section 4.1).

A claim is absent when the token has no such member. A member of any value, null included, is present, and its options are applied to it.

- `essential`: an absent claim is a MissingClaimError, an empty one (null, false, 0, "", [], {}) an InvalidClaimError.
- `value`, `values`, `validate`: each one given must accept the claim. For `aud` one of the token's audiences must be accepted. An absent
  claim is judged as null, except aud, exp, nbf and iat, which pass where they are absent and not essential.
- An option of None is an option that was not given. Every other value counts: `"values": []` accepts nothing.

Nothing is validated before `validate()` is called, and claims without options are not judged, apart from the types and values of exp, nbf
and iat. Code that can change more than an import line should use `jwseal.Policy`, which requires issuer, audience and expiry.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from jwseal.compat.authlib import errors

OPTION_NAMES = frozenset(["essential", "value", "values", "validate"])


class BaseClaims(dict[str, Any]):
    """The claims, with the token's header and the options to validate them by.

    `payload` is the claims, `header` the header. `options` map a claim to a dict with `essential`, `value`, `values` or `validate` (called
    with the claims and the value). `params` are for subclasses.
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
        """Return the registered claims that are present."""
        return {name: self[name] for name in self.REGISTERED_CLAIMS if name in self}

    def _validate_essential_claims(self) -> None:
        for name in self.options:
            if not self._option(name).get("essential"):
                continue
            if name not in self:
                raise errors.MissingClaimError(name)
            if not self[name]:
                raise errors.InvalidClaimError(name)

    def _validate_claim_value(self, claim_name: str) -> None:
        self._apply_option(claim_name, [self.get(claim_name)])

    def _apply_option(self, name: str, found: Collection[Any]) -> None:
        # One of the values found in the token must be accepted.
        option = self._option(name)
        value, values, validate = map(option.get, ("value", "values", "validate"))
        if (value is not None and not _meet(found, [value])) or (values is not None and not _meet(found, values)):
            raise errors.InvalidClaimError(name)
        verdict = True if validate is None else validate(self, self.get(name))
        if hasattr(verdict, "__await__"):
            raise errors.ClaimsOptionError(name, "must have a `validate` that is not async")
        if not verdict:
            raise errors.InvalidClaimError(name)

    def _option(self, name: str) -> Mapping[str, Any]:
        option = self.options.get(name, {})
        if not isinstance(option, Mapping) or not option.keys() <= OPTION_NAMES:
            raise errors.ClaimsOptionError(name, "must be a dict with the keys essential, value, values and validate")
        values, validate = option.get("values"), option.get("validate")
        if isinstance(values, (str, bytes)) or not isinstance(values, (Collection, type(None))):
            raise errors.ClaimsOptionError(name, "must have a list as `values`")
        if validate is not None and not callable(validate):
            raise errors.ClaimsOptionError(name, "must have a callable as `validate`")
        return option


class JWTClaims(BaseClaims):
    """The claims of a JWT: `payload`, `header`, `options` and `params` are those of `BaseClaims`.

    Each `validate_*` method may be overridden.
    """

    REGISTERED_CLAIMS: ClassVar[list[str]] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    def validate(self, now: float | None = None, leeway: float = 0) -> None:
        """Validate every claim by its options, and the times by `now`, which defaults to the clock, with `leeway` seconds to spare."""
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
            if name not in METHODS:
                self._validate_claim_value(name)

    def validate_iss(self) -> None:
        """Validate the issuer by its option."""
        self._validate_claim_value("iss")

    def validate_sub(self) -> None:
        """Validate the subject by its option."""
        self._validate_claim_value("sub")

    def validate_aud(self) -> None:
        """Validate the audience: one of the token's audiences must be one of the option's."""
        if "aud" in self:
            audience = self["aud"]
            self._apply_option("aud", audience if isinstance(audience, (list, tuple)) else [audience])

    def validate_exp(self, now: float, leeway: float) -> None:
        """Validate the expiry, where there is one, at `now` with `leeway` seconds to spare."""
        if "exp" in self:
            if not self._time("exp") >= now - leeway:
                raise errors.ExpiredTokenError()
            self._validate_claim_value("exp")

    def validate_nbf(self, now: float, leeway: float) -> None:
        """Validate the time before which the token is not valid, where there is one, at `now` with `leeway` seconds to spare."""
        if "nbf" in self:
            if not self._time("nbf") <= now + leeway:
                raise errors.InvalidTokenError()
            self._validate_claim_value("nbf")

    def validate_iat(self, now: float, leeway: float) -> None:
        """Validate the time of issue, where there is one: it must not lie after `now` and `leeway` seconds."""
        if "iat" in self:
            if not self._time("iat") <= now + leeway:
                raise errors.InvalidTokenError(description="The token is not valid as it was issued in the future")
            self._validate_claim_value("iat")

    def validate_jti(self) -> None:
        """Validate the identifier by its option."""
        self._validate_claim_value("jti")

    def _time(self, name: str) -> float:
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise errors.InvalidClaimError(name)
        if isinstance(value, float) and not math.isfinite(value):
            raise errors.InvalidClaimError(name)
        return value


# The claims that have a method. A subclass may add names to REGISTERED_CLAIMS; options for those are still applied.
METHODS = tuple(JWTClaims.REGISTERED_CLAIMS)


def _meet(found: Collection[Any], accepted: Collection[Any]) -> bool:
    return any(_equal(one, other) for one in found for other in accepted)


def _equal(one: Any, other: Any) -> bool:
    # JSON equality: 1 equals 1.0, and true equals neither.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    return bool(one == other)
