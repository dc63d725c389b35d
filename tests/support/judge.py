"""The judge: how the tests ask jwseal a question and read its verdict.

`refusal` is the one way a test looks at an error: it returns the stable code after checking that the class, the code and
the place in the tree agree (design: errors). Policies and keys that many tests share are here too.
"""

from collections.abc import Callable
from typing import Any

import pytest

import forge
from jwseal import (
    UNCHECKED,
    KeySet,
    Policy,
    SecretKey,
    SigningKey,
    Verifier,
    VerifyingKey,
    errors,
)

# The moment every token of these tests is judged at: 2023-11-14T22:13:20Z.
NOW = 1_700_000_000
ISSUER = "https://as.example"
AUDIENCE = "https://api.example"

# A policy that judges types only.
LAX = Policy(issuer=UNCHECKED, audience=UNCHECKED, typ=UNCHECKED, expiry=UNCHECKED)
# What a careful gateway would write.
STRICT = Policy(issuer=ISSUER, audience=AUDIENCE)

# Every code, its class and the classes it must be caught by.
TREE = {
    "missing_token": ("MissingToken", ("InvalidToken",)),
    "malformed_token": ("MalformedToken", ("InvalidToken",)),
    "token_too_large": ("TokenTooLarge", ("MalformedToken", "InvalidToken")),
    "unsupported_header": ("UnsupportedHeader", ("InvalidToken",)),
    "wrong_typ": ("WrongTyp", ("InvalidToken",)),
    "algorithm_not_allowed": ("AlgorithmNotAllowed", ("InvalidToken",)),
    "key_not_found": ("KeyNotFound", ("InvalidToken",)),
    "key_source_unavailable": ("KeySourceUnavailable", ("Unavailable",)),
    "state_unavailable": ("StateUnavailable", ("Unavailable",)),
    "invalid_signature": ("InvalidSignature", ("InvalidToken",)),
    "missing_claim": ("MissingClaim", ("ClaimError", "InvalidToken")),
    "invalid_claim": ("InvalidClaim", ("ClaimError", "InvalidToken")),
    "token_expired": ("TokenExpired", ("ClaimError", "InvalidToken")),
    "token_not_yet_valid": ("TokenNotYetValid", ("ClaimError", "InvalidToken")),
    "claim_mismatch": ("ClaimMismatch", ("ClaimError", "InvalidToken")),
    "token_too_old": ("TokenTooOld", ("ClaimError", "InvalidToken")),
    "replayed": ("Replayed", ("ClaimError", "InvalidToken")),
    "revoked": ("Revoked", ("ClaimError", "InvalidToken")),
    "insufficient_scope": ("InsufficientScope", ("ClaimError", "InvalidToken")),
    "condition_not_met": ("ConditionNotMet", ("ClaimError", "InvalidToken")),
    "insufficient_authentication": ("InsufficientAuthentication", ("ClaimError", "InvalidToken")),
    "sender_mismatch": ("SenderMismatch", ("ClaimError", "InvalidToken")),
    "invalid_key": ("InvalidKey", ()),
    "invalid_policy": ("PolicyError", ()),
}


def refusal(call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """The code of the refusal this call must end in."""
    with pytest.raises(errors.JOSEError) as caught:
        call(*args, **named)
    return code(caught.value)


def refused_claim(call: Callable[..., Any], *args: Any, **named: Any) -> tuple[str, str | None]:
    """The code of the refusal this call must end in, and the claim it names."""
    with pytest.raises(errors.ClaimError) as caught:
        call(*args, **named)
    return code(caught.value), caught.value.claim


def code(error: BaseException) -> str:
    """The code of a refusal whose class, bases and code belong together."""
    name, bases = TREE[error.code]
    assert getattr(errors, name) is type(error)
    for base in (*bases, "JOSEError"):
        assert isinstance(error, getattr(errors, base))
    return error.code


def verdict(call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """`accepted`, or the code of the refusal."""
    try:
        call(*args, **named)
    except errors.JOSEError as error:
        return code(error)
    return "accepted"


def verifier(*keys: Any, policy: Policy = LAX, **options: Any) -> Verifier:
    """A verifier over one key, or over a set of several."""
    return Verifier(keys[0] if len(keys) == 1 else KeySet(list(keys)), policy, **options)


def verifying(material: forge.Material, *, kid: str | None = None) -> VerifyingKey | SecretKey:
    """jwseal's key that verifies what this material signs."""
    if isinstance(material.private, bytes):
        return SecretKey.from_bytes(material.private, alg=material.alg, kid=kid)
    return VerifyingKey.from_jwk(material.public_jwk(), alg=material.alg, kid=kid)


def signing(material: forge.Material, *, kid: str | None = None) -> SigningKey | SecretKey:
    """jwseal's key that signs with this material."""
    if isinstance(material.private, bytes):
        return SecretKey.from_bytes(material.private, alg=material.alg, kid=kid)
    return SigningKey.from_jwk(material.private_jwk(), alg=material.alg, kid=kid)


def secret(octets: bytes = forge.K32, *, alg: str = "HS256", kid: str | None = None) -> SecretKey:
    """The HMAC key of the shared examples."""
    return SecretKey.from_bytes(octets, alg=alg, kid=kid)


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that STRICT accepts at NOW, with changes; a change to `...` leaves the claim out."""
    full = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "248289761001",
        "iat": NOW - 10,
        "exp": NOW + 300,
        **changes,
    }
    return {name: value for name, value in full.items() if value is not ...}


def hs256(payload: Any, header: Any = None, key: bytes = forge.K32) -> str:
    """An HS256 token of any payload."""
    return forge.token(header or {"alg": "HS256"}, payload, forge.Material("HS256", key))
