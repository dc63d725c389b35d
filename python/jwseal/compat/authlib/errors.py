"""The errors of this layer: Authlib's names, each also a class of `jwseal.errors`.

Every class is what an old `except` block expects and a class of `jwseal.errors` with a stable `.code`: `DecodeError` is a `MalformedToken`,
`BadSignatureError` an `InvalidSignature`, and so on. Where Authlib raised a plain `ValueError` or `TypeError`, the class here is that as well
as a `JoseError`. `.error`, `.description` and `.uri` are Authlib's; an argument given alone becomes `.error`, as there. Messages carry names
and lengths, escaped and bounded, never token text or key material.
"""

from __future__ import annotations

import copyreg
from typing import Any

from jwseal import errors

_MAX_NAME = 100


def printable(name: object) -> str:
    """A name from a token as one line of printable text, cut at 100 characters, so that a message cannot control a terminal."""
    text = str(name)
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:_MAX_NAME])
    return shown if len(text) <= _MAX_NAME else f"{shown}..."


class InsecureKeyWarning(UserWarning):
    """An HMAC secret is shorter than the output of the hash: it can be guessed offline from one token."""


class InsecureAlgorithmWarning(UserWarning):
    """`none` was used because the caller listed it: such a token has no signature."""


class AuthlibBaseError(Exception):
    """Authlib's base class: an error code, a sentence and perhaps a link."""

    error: str | None = None
    description: str = ""
    uri: str | None = None

    def __init__(self, error: str | None = None, description: str | None = None, uri: str | None = None) -> None:
        if error is not None:
            self.error = error
        if description is not None:
            self.description = description
        if uri is not None:
            self.uri = uri
        # Not super(): a claim error among the bases would require the name of a claim.
        Exception.__init__(self, f"{self.error}: {self.description}")

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.error}">'

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructors take other arguments than `args`, so that a copy is made without them.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class JoseError(AuthlibBaseError, errors.JOSEError):
    """The base class of every error of this layer."""


class PlainError(JoseError):
    """An error for which Authlib had no class: its text is the sentence alone, as that of a builtin exception is."""

    def __str__(self) -> str:
        return self.description or str(self.error)


# The token ------------------------------------------------------------------------------------------------------------------------


class DecodeError(JoseError, errors.MalformedToken):
    """The input is not a JWS, not canonical base64url, not strict JSON, or its payload is not a JSON object."""

    error = "decode_error"


class TooLongError(PlainError, DecodeError, errors.TokenTooLarge, ValueError):
    """The input is larger than a limit. Authlib raised a plain ValueError."""

    error = "too_long"


class InputTypeError(PlainError, DecodeError, TypeError):
    """The input is of a type that no serialization has. Authlib raised a plain TypeError."""

    error = "invalid_input"


class PayloadError(PlainError, TypeError, ValueError):
    """The payload or header to sign cannot be written. Authlib raised the encoder's TypeError or ValueError."""

    error = "invalid_payload"
    code = "invalid_payload"


class BadSignatureError(JoseError, errors.InvalidSignature):
    """The signature does not verify. `result` is the content of the token, which nothing has verified."""

    error = "bad_signature"

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


# The header -----------------------------------------------------------------------------------------------------------------------


class MissingAlgorithmError(JoseError, errors.MalformedToken):
    """The header has no `alg`."""

    error = "missing_algorithm"


class UnsupportedAlgorithmError(JoseError, errors.AlgorithmNotAllowed):
    """The header's `alg` is unknown here, or not among the caller's algorithms."""

    error = "unsupported_algorithm"


class InvalidHeaderParameterNameError(JoseError, errors.UnsupportedHeader):
    """A header parameter is not allowed, in the wrong header or of the wrong type."""

    error = "invalid_header_parameter_name"

    def __init__(self, name: object) -> None:
        super().__init__(description=f"Invalid Header Parameter Name: {printable(name)}")


class InvalidCritHeaderParameterNameError(JoseError, errors.UnsupportedHeader):
    """`crit` lists a parameter that is absent, registered or unknown to the caller."""

    error = "invalid_crit_header_parameter_name"

    def __init__(self, name: object) -> None:
        super().__init__(description=f"Invalid Header Parameter Name: {printable(name)}")


class AlgorithmRegistrationError(PlainError, errors.PolicyError):
    """Algorithms cannot be added. Authlib raised ValueError for one it could not add."""

    error = "invalid_algorithm"


# Keys -----------------------------------------------------------------------------------------------------------------------------


class InvalidKeyError(PlainError, errors.InvalidKey, ValueError):
    """The key cannot be used for this. Authlib raised ValueError."""

    error = "invalid_key"


class InvalidKeyTypeError(InvalidKeyError, TypeError):
    """The key argument is of a type that cannot be this key. Authlib raised TypeError, AttributeError or KeyError."""


class UnknownKeyError(PlainError, errors.KeyNotFound, ValueError):
    """The key set has no key with that `kid`. Authlib raised ValueError."""

    error = "key_not_found"


class InvalidUseError(JoseError, errors.InvalidKey):
    """The key has another `use`."""

    error = "invalid_use"
    description = "Key 'use' is not valid for your usage"


# Claims ---------------------------------------------------------------------------------------------------------------------------


class InvalidClaimError(JoseError, errors.InvalidClaim):
    """A claim has the wrong type or value. `claim_name` (here also `claim`) is its name."""

    error = "invalid_claim"

    def __init__(self, claim: str) -> None:
        self.claim_name = self.claim = claim
        super().__init__(description=f"Invalid claim '{printable(claim)}'")


class MissingClaimError(JoseError, errors.MissingClaim):
    """An essential claim is absent."""

    error = "missing_claim"

    def __init__(self, claim: str) -> None:
        self.claim = claim
        super().__init__(description=f"Missing '{printable(claim)}' claim")


class InsecureClaimError(JoseError, errors.ClaimError):
    """A claim to be signed looks like something that must stay secret."""

    error = "insecure_claim"
    code = "insecure_claim"

    def __init__(self, claim: str) -> None:
        self.claim = claim
        super().__init__(description=f"Insecure claim '{claim}'")


class ExpiredTokenError(JoseError, errors.TokenExpired):
    """`exp` has passed."""

    error = "expired_token"
    description = "The token is expired"
    claim = "exp"


class ClaimsOptionError(PlainError, errors.PolicyError, TypeError):
    """An option in `claims_options` cannot be applied. Authlib ignored it, or raised AttributeError or TypeError."""

    error = "invalid_option"

    def __init__(self, claim: str, demand: str) -> None:
        super().__init__(description=f"the option for claim {claim!r} {demand}")


class InvalidTokenError(JoseError, errors.TokenNotYetValid):
    """`nbf` or `iat` is later than the clock."""

    error = "invalid_token"
    description = "The token is not valid yet"
    claim = "nbf"


# Encryption. This layer has none and never raises these; they exist so that old imports and except clauses keep working. --------------


class InvalidEncryptionAlgorithmForECDH1PUWithKeyWrappingError(JoseError):
    """Never raised."""

    error = "invalid_encryption_algorithm_for_ECDH_1PU_with_key_wrapping"


class InvalidAlgorithmForMultipleRecipientsMode(JoseError):
    """Never raised."""

    error = "invalid_algorithm_for_multiple_recipients_mode"


class KeyMismatchError(JoseError):
    """Never raised."""

    error = "key_mismatch_error"
    description = "Key does not match to any recipient"


class MissingEncryptionAlgorithmError(JoseError):
    """Never raised."""

    error = "missing_encryption_algorithm"
    description = "Missing 'enc' in header"


class UnsupportedEncryptionAlgorithmError(JoseError):
    """Never raised."""

    error = "unsupported_encryption_algorithm"
    description = "Unsupported 'enc' value in header"


class UnsupportedCompressionAlgorithmError(JoseError):
    """Never raised."""

    error = "unsupported_compression_algorithm"
    description = "Unsupported 'zip' value in header"
