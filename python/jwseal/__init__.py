"""JSON Web Signatures and JWTs, at the speed of the cryptography underneath (RFC 7515, RFC 7519).

Have a key, sign, state what you demand, verify:

    key = SigningKey.generate("ES256", kid="2026-a")
    token = Signer(key, issuer="https://id.example", expires_in=300).sign({"sub": "alice", "aud": "api"})

    verifier = Verifier(key.verifying_key, Policy(issuer="https://id.example", audience="api"))
    claims = verifier.verify(token).claims

This module holds names only. Elsewhere: `jwseal.jws` signs and verifies octets that are no JWT, `jwseal.errors` is the
tree of exceptions, `jwseal.types` has names for annotations, and `jwseal.insecure` keeps what should stand out in
review. `cryptography` is loaded when a key is first read from PEM, DER, SSH or a certificate.
"""

from jwseal._native import (
    KeySet,
    SecretKey,
    Signer,
    SigningKey,
    VerifiedJWT,
    VerifyingKey,
    __version__,
    bearer,
)
from jwseal.errors import (
    AlgorithmNotAllowed,
    ClaimError,
    ClaimMismatch,
    InvalidClaim,
    InvalidKey,
    InvalidSignature,
    InvalidToken,
    JOSEError,
    KeyNotFound,
    KeySourceUnavailable,
    MalformedToken,
    MissingClaim,
    PolicyError,
    Replayed,
    Revoked,
    TokenExpired,
    TokenNotYetValid,
    TokenTooLarge,
    TokenTooOld,
    UnsupportedHeader,
    WrongTyp,
)
from jwseal.policy import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy
from jwseal.verifier import Issuers, Verifier

__all__ = [
    "DEFAULT_TYP",
    "REQUIRED",
    "UNCHECKED",
    "AlgorithmNotAllowed",
    "ClaimError",
    "ClaimMismatch",
    "InvalidClaim",
    "InvalidKey",
    "InvalidSignature",
    "InvalidToken",
    "Issuers",
    "JOSEError",
    "KeyNotFound",
    "KeySet",
    "KeySourceUnavailable",
    "MalformedToken",
    "MissingClaim",
    "Policy",
    "PolicyError",
    "Replayed",
    "Revoked",
    "SecretKey",
    "Signer",
    "SigningKey",
    "TokenExpired",
    "TokenNotYetValid",
    "TokenTooLarge",
    "TokenTooOld",
    "UnsupportedHeader",
    "VerifiedJWT",
    "Verifier",
    "VerifyingKey",
    "WrongTyp",
    "__version__",
    "bearer",
]
