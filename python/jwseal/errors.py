"""Everything jwseal raises, in one tree.

    JOSEError                         jose_error
    |-- InvalidToken                  invalid_token            the request is not authenticated: answer 401
    |   |-- MissingToken              missing_token            no credentials were sent
    |   |-- MalformedToken            malformed_token          not a JWS, not base64url, not JSON, not a JWT
    |   |   `-- TokenTooLarge         token_too_large          over the size limit, or over 8 signatures
    |   |-- UnsupportedHeader         unsupported_header       crit, b64, or a parameter of the wrong JSON type
    |   |-- WrongTyp                  wrong_typ                typ is not one the policy accepts
    |   |-- AlgorithmNotAllowed       algorithm_not_allowed    no key here is used with the header's alg
    |   |-- KeyNotFound               key_not_found            the alg is known, but no key is a candidate
    |   |-- InvalidSignature          invalid_signature        the signature does not verify
    |   `-- ClaimError                claim_error              a claim is refused; `.claim` names it
    |       |-- MissingClaim          missing_claim            absent but required
    |       |-- InvalidClaim          invalid_claim            wrong JSON type or out of range
    |       |-- TokenExpired          token_expired            exp has passed
    |       |-- TokenNotYetValid      token_not_yet_valid      nbf or iat lies ahead
    |       |-- ClaimMismatch         claim_mismatch           not the value the policy expects
    |       |-- TokenTooOld           token_too_old            iat lies further back than max_age
    |       |-- Replayed              replayed                 its identifier was seen before
    |       `-- Revoked               revoked                  it was revoked
    |-- Unavailable                   unavailable              the token could not be judged: answer 503
    |   `-- KeySourceUnavailable      key_source_unavailable   keys could not be fetched
    |-- InvalidKey                    invalid_key              unusable key material: fix the program
    `-- PolicyError (ValueError)      invalid_policy           a wrong declaration: fix the program

Two clauses serve a gateway: `except InvalidToken` and `except Unavailable`; all else is a mistake in the program and
should not be caught there. `.http_status` is the status to answer with. The words in the middle column are `.code`:
names and codes follow semantic versioning, sentences do not. A message carries names, codes and lengths; never token text, payload, key
material or the value a policy expects. Exceptions survive pickling, so that a worker process can hand them back.
"""

__all__ = [
    "AlgorithmNotAllowed",
    "ClaimError",
    "ClaimMismatch",
    "InvalidClaim",
    "InvalidKey",
    "InvalidSignature",
    "InvalidToken",
    "JOSEError",
    "KeyNotFound",
    "KeySourceUnavailable",
    "MalformedToken",
    "MissingClaim",
    "MissingToken",
    "PolicyError",
    "Replayed",
    "Revoked",
    "TokenExpired",
    "TokenNotYetValid",
    "TokenTooLarge",
    "TokenTooOld",
    "Unavailable",
    "UnsupportedHeader",
    "WrongTyp",
]


class JOSEError(Exception):
    """The root: anything jwseal refuses. Where it is neither InvalidToken nor Unavailable, the program is wrong."""

    code = "jose_error"
    http_status = 500


class InvalidToken(JOSEError):
    """The request is not authenticated: answer 401. Its subclasses and `.code` say why."""

    code = "invalid_token"
    http_status = 401


class MissingToken(InvalidToken):
    """The request has no credentials; the challenge that answers it names no error (RFC 6750 section 3.1)."""

    code = "missing_token"


class MalformedToken(InvalidToken):
    """The token is not a JWS of the expected form, or its payload is not a JSON object."""

    code = "malformed_token"


class TokenTooLarge(MalformedToken):
    """The token exceeds a bound on its size or on its number of signatures."""

    code = "token_too_large"


class UnsupportedHeader(InvalidToken):
    """A header parameter that may not be ignored cannot be honoured: `crit`, `b64`, or one of the wrong JSON type."""

    code = "unsupported_header"


class WrongTyp(InvalidToken):
    """The header's `typ` is not one the policy accepts."""

    code = "wrong_typ"


class AlgorithmNotAllowed(InvalidToken):
    """No key here is used with the header's `alg`, or the key its `kid` names has another."""

    code = "algorithm_not_allowed"


class KeyNotFound(InvalidToken):
    """The algorithm is known, but no key is a candidate for this token, or too many are."""

    code = "key_not_found"


class InvalidSignature(InvalidToken):
    """The signature does not verify, or has the wrong length."""

    code = "invalid_signature"


class ClaimError(InvalidToken):
    """A claim is refused. `claim` is its name."""

    code = "claim_error"

    def __init__(self, message: str, claim: str) -> None:
        super().__init__(message)
        self.claim = claim

    def __reduce__(self) -> tuple[type["ClaimError"], tuple[str, str]]:
        return type(self), (str(self), self.claim)


class MissingClaim(ClaimError):
    """The claim is absent but required."""

    code = "missing_claim"


class InvalidClaim(ClaimError):
    """The claim has the wrong JSON type or is out of range."""

    code = "invalid_claim"


class TokenExpired(ClaimError):
    """`exp` has passed."""

    code = "token_expired"


class TokenNotYetValid(ClaimError):
    """`nbf` or `iat` lies ahead of the clock."""

    code = "token_not_yet_valid"


class ClaimMismatch(ClaimError):
    """The claim is not what the policy expects."""

    code = "claim_mismatch"


class TokenTooOld(ClaimError):
    """`iat` lies further back than the policy's `max_age`."""

    code = "token_too_old"


class Replayed(ClaimError):
    """The token's identifier was seen before."""

    code = "replayed"


class Revoked(ClaimError):
    """The token, or what it was issued for, was revoked."""

    code = "revoked"


class Unavailable(JOSEError):
    """The token could not be judged, because what that takes could not be reached: answer 503."""

    code = "unavailable"
    http_status = 503


class KeySourceUnavailable(Unavailable):
    """The keys could not be fetched."""

    code = "key_source_unavailable"


class InvalidKey(JOSEError):
    """Key material or a key's declaration is unusable; the sentence says what to do."""

    code = "invalid_key"


class PolicyError(JOSEError, ValueError):
    """A policy, verifier or signer was declared wrongly; the sentence says what to do."""

    code = "invalid_policy"
