"""PyJWT's rules about claims (RFC 7519 section 4.1), which differ from those of `jwseal.Policy` in detail.

A time may be anything that `int()` takes, fractions are cut off, `exp` may be absent, the leeway has no bound, an empty
`aud` counts as absent, and a token with `aud` is refused by a caller who names no audience. The order of refusals, the
classes and the sentences are PyJWT's. The methods keep PyJWT's names because subclasses override them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from jwseal.compat.pyjwt.exceptions import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidSubjectError,
    MissingRequiredClaimError,
)

__all__ = ["ClaimRules", "are_plain"]

_NEVER = 1 << 62


def are_plain(
    payload: dict[str, Any],
    now: float,
    leeway: float,
    audience: str | Iterable[str] | None,
    issuer: Container[str] | str | None,
) -> bool:
    """Whether the claims are of the commonest form and pass every rule there is, required ones and `sub` apart.

    False decides nothing: the rules are then asked one by one. It exists because ten method calls take longer than
    checking an HMAC.
    """
    get = payload.get
    exp, nbf, iat, aud = get("exp", _NEVER), get("nbf", 0), get("iat", 0), get("aud")
    return (
        type(exp) is int
        and exp > now - leeway
        and type(nbf) is int
        and nbf <= now + leeway
        and type(iat) is int
        and iat <= now + leeway
        and (not aud if audience is None else bool(aud) and type(audience) is str and aud == audience)
        and (issuer is None or (type(issuer) is str and get("iss") == issuer))
        and type(get("sub", "")) is str
        and type(get("jti", "")) is str
    )


class ClaimRules:
    """Judges a payload that was verified, or one whose reader chose not to verify it."""

    def _validate_required_claims(self, payload: dict[str, Any], claims: Iterable[str]) -> None:
        for claim in claims:
            if payload.get(claim) is None:
                raise MissingRequiredClaimError(claim)

    def _validate_iat(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            iat = int(payload["iat"])
        except (ValueError, TypeError, OverflowError):
            raise InvalidIssuedAtError("Issued At claim (iat) must be an integer.") from None
        if iat > now + leeway:
            raise ImmatureSignatureError("The token is not yet valid (iat)", claim="iat")

    def _validate_nbf(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            nbf = int(payload["nbf"])
        except (ValueError, TypeError, OverflowError):
            raise DecodeError("Not Before claim (nbf) must be an integer.") from None
        if nbf > now + leeway:
            raise ImmatureSignatureError("The token is not yet valid (nbf)")

    def _validate_exp(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            exp = int(payload["exp"])
        except (ValueError, TypeError, OverflowError):
            raise DecodeError("Expiration Time claim (exp) must be an integer.") from None
        if exp <= now - leeway:
            raise ExpiredSignatureError("Signature has expired")

    def _validate_iss(self, payload: dict[str, Any], issuer: Container[str] | str | None) -> None:
        if issuer is None:
            return
        if "iss" not in payload:
            raise MissingRequiredClaimError("iss")
        iss = payload["iss"]
        if not isinstance(iss, str):
            raise InvalidIssuerError("Payload Issuer (iss) must be a string")
        if isinstance(issuer, str):
            # Equality, never `in`: an issuer that is a part of the expected text is another issuer.
            accepted = iss == issuer
        else:
            try:
                accepted = iss in issuer
            except TypeError:
                raise InvalidIssuerError('Issuer param must be "str" or "Container[str]"') from None
        if not accepted:
            raise InvalidIssuerError("Invalid issuer")

    def _validate_aud(
        self, payload: dict[str, Any], audience: str | Iterable[str] | None, *, strict: bool = False
    ) -> None:
        named = payload.get("aud")
        if audience is None:
            if named:
                raise InvalidAudienceError("Invalid audience")
            return
        if not named:
            raise MissingRequiredClaimError("aud")
        if strict:
            _require_one_audience(named, audience)
            return
        recipients = [named] if isinstance(named, str) else named
        if not isinstance(recipients, list) or not all(isinstance(recipient, str) for recipient in recipients):
            raise InvalidAudienceError("Invalid claim format in token")
        expected = [audience] if isinstance(audience, str) else audience
        if not any(name in recipients for name in expected):
            raise InvalidAudienceError("Audience doesn't match")

    def _validate_sub(self, payload: dict[str, Any], subject: str | None = None) -> None:
        if "sub" not in payload:
            return
        if not isinstance(payload["sub"], str):
            raise InvalidSubjectError("Subject must be a string")
        if subject is not None and payload["sub"] != subject:
            raise InvalidSubjectError("Invalid subject")

    def _validate_jti(self, payload: dict[str, Any]) -> None:
        if "jti" in payload and not isinstance(payload["jti"], str):
            raise InvalidJTIError("JWT ID must be a string")


def _require_one_audience(named: object, audience: str | Iterable[str]) -> None:
    if not isinstance(audience, str):
        raise InvalidAudienceError("Invalid audience (strict)")
    if not isinstance(named, str):
        raise InvalidAudienceError("Invalid claim format in token (strict)")
    if audience != named:
        raise InvalidAudienceError("Audience doesn't match (strict)")
