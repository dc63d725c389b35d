"""PyJWT's exceptions, each also one of `jwseal.errors`, so that old and new handlers both catch what they expect.

The names, the tree and the constructors are PyJWT's. `code` and, for claims, `claim` are jwseal's. `DecodeError` is an
`InvalidToken` and no `MalformedToken`, because PyJWT derives `InvalidSignatureError` from it and a forged token is not a
malformed one.
"""

from __future__ import annotations

from jwseal import errors


class PyJWTError(errors.JOSEError):
    """The root of PyJWT's exceptions."""

    # jwseal's ClaimError asks for the claim's name; PyJWT's callers raise and mock these classes with any arguments.
    def __init__(self, *args: object) -> None:
        Exception.__init__(self, *args)


class InvalidTokenError(PyJWTError, errors.InvalidToken):
    """The token is refused; the root of what `decode` raises about tokens."""


class DecodeError(InvalidTokenError):
    """The token cannot be read, or a time in it is no number."""

    code = "malformed_token"


class InvalidSignatureError(DecodeError, errors.InvalidSignature):
    """The signature does not verify."""

    code = "invalid_signature"


class ExpiredSignatureError(InvalidTokenError, errors.TokenExpired):
    """`exp` has passed."""

    claim = "exp"


class InvalidAudienceError(InvalidTokenError, errors.ClaimMismatch):
    """`aud` is not, or does not contain, what the caller expects."""

    claim = "aud"


class InvalidIssuerError(InvalidTokenError, errors.ClaimMismatch):
    """`iss` is not what the caller expects."""

    claim = "iss"


class InvalidIssuedAtError(InvalidTokenError, errors.InvalidClaim):
    """`iat` is no number."""

    claim = "iat"


class ImmatureSignatureError(InvalidTokenError, errors.TokenNotYetValid):
    """`nbf` or `iat` lies ahead."""

    def __init__(self, *args: object, claim: str = "nbf") -> None:
        super().__init__(*args)
        self.claim = claim


class InvalidKeyError(PyJWTError, errors.InvalidKey):
    """The key cannot be used with the algorithm."""


class InvalidAlgorithmError(InvalidTokenError, errors.AlgorithmNotAllowed):
    """The header's `alg` is not one the caller allows, or not one that is known here."""


class MissingRequiredClaimError(InvalidTokenError, errors.MissingClaim):
    """A required claim is absent; `claim` is its name."""

    def __init__(self, claim: str) -> None:
        super().__init__(claim)
        self.claim = claim

    def __str__(self) -> str:
        return f'Token is missing the "{self.claim}" claim'


class PyJWKError(PyJWTError, errors.InvalidKey):
    """No algorithm is known for a JWK."""


class MissingCryptographyError(PyJWKError):
    """Never raised: jwseal depends on `cryptography`. The name exists for handlers that mention it."""


class PyJWKSetError(PyJWTError, errors.InvalidKey):
    """A JWK Set has no usable key."""


class PyJWKClientError(PyJWTError):
    """`PyJWKClient` was set up wrongly, or the endpoint has no such key."""


class PyJWKClientConnectionError(PyJWKClientError, errors.KeySourceUnavailable):
    """The JWK Set could not be fetched."""


class InvalidSubjectError(InvalidTokenError, errors.ClaimMismatch):
    """`sub` is no string, or not the one the caller expects."""

    claim = "sub"


class InvalidJTIError(InvalidTokenError, errors.InvalidClaim):
    """`jti` is no string."""

    claim = "jti"
