"""The exceptions of jwseal.

    JOSEError                         jose_error
    |-- InvalidToken                  invalid_token            the request is not authenticated: respond with 401
    |   |-- MissingToken              missing_token            no credentials were sent
    |   |-- MalformedToken            malformed_token          not a JWS, not base64url, not JSON, not a JWT
    |   |   `-- TokenTooLarge         token_too_large          over the size limit, or over 8 signatures
    |   |-- UnsupportedHeader         unsupported_header       crit, b64, or a parameter of the wrong JSON type
    |   |-- WrongTyp                  wrong_typ                typ is not one the policy accepts
    |   |-- AlgorithmNotAllowed       algorithm_not_allowed    no key is used with the alg in the header
    |   |-- KeyNotFound               key_not_found            the alg is known, but no key matches the token
    |   |-- InvalidSignature          invalid_signature        the signature does not verify
    |   `-- ClaimError                claim_error              a claim is refused; `.claim` names it
    |       |-- MissingClaim          missing_claim            absent but required
    |       |-- InvalidClaim          invalid_claim            wrong JSON type or out of range
    |       |-- TokenExpired          token_expired            exp has passed
    |       |-- TokenNotYetValid      token_not_yet_valid      nbf or iat is in the future
    |       |-- ClaimMismatch         claim_mismatch           not the value the policy expects
    |       |-- TokenTooOld           token_too_old            iat is longer ago than max_age
    |       |-- Replayed              replayed                 its identifier was seen before
    |       |-- Revoked               revoked                  it was revoked
    |       |-- InsufficientScope     insufficient_scope       a scope demanded is not granted: respond with 403
    |       |-- ConditionNotMet       condition_not_met        a condition does not hold: respond with 403
    |       |-- InsufficientAuthentication  insufficient_authentication  the user must authenticate again (RFC 9470)
    |       `-- SenderMismatch        sender_mismatch          the sender does not hold the token's key
    |-- Unavailable                   unavailable              the token could not be checked: respond with 503
    |   |-- KeySourceUnavailable      key_source_unavailable   keys could not be fetched
    |   `-- StateUnavailable          state_unavailable        a store of used or revoked tokens did not answer
    |-- InvalidKey                    invalid_key              unusable key material: fix the program
    `-- PolicyError (ValueError)      invalid_policy           a wrong argument: fix the program

A gateway needs two clauses: `except InvalidToken` and `except Unavailable`. Any other exception is an error in the program
and should not be caught there. `.http_status` is the status of the response. The middle column is `.code`. Names and codes
follow semantic versioning, messages do not. A message holds names, codes and lengths, and never token text, payload, key
material or the value that a policy expects. Exceptions can be pickled.
"""

__all__ = [
    "AlgorithmNotAllowed",
    "ClaimError",
    "ClaimMismatch",
    "ConditionNotMet",
    "InsufficientAuthentication",
    "InsufficientScope",
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
    "SenderMismatch",
    "StateUnavailable",
    "TokenExpired",
    "TokenNotYetValid",
    "TokenTooLarge",
    "TokenTooOld",
    "Unavailable",
    "UnsupportedHeader",
    "WrongTyp",
]


class JOSEError(Exception):
    """The base class of all exceptions. Those other than InvalidToken and Unavailable are errors in the program."""

    code = "jose_error"
    http_status = 500


class InvalidToken(JOSEError):
    """The request is not authenticated: respond with 401. Subclasses and `.code` give the reason."""

    code = "invalid_token"
    http_status = 401


class MissingToken(InvalidToken):
    """The request has no credentials. The challenge in the response has no `error` (RFC 6750 section 3.1)."""

    code = "missing_token"


class MalformedToken(InvalidToken):
    """The token is not a JWS of the expected form, or its payload is not a JSON object."""

    code = "malformed_token"


class TokenTooLarge(MalformedToken):
    """The token exceeds a bound on its size or on its number of signatures."""

    code = "token_too_large"


class UnsupportedHeader(InvalidToken):
    """A header parameter is not supported: `crit`, `b64`, or one of the wrong JSON type."""

    code = "unsupported_header"


class WrongTyp(InvalidToken):
    """The header's `typ` is not one the policy accepts."""

    code = "wrong_typ"


class AlgorithmNotAllowed(InvalidToken):
    """No key is used with the `alg` in the header, or the key with its `kid` has another algorithm."""

    code = "algorithm_not_allowed"


class KeyNotFound(InvalidToken):
    """The algorithm is known, but no key matches the token, or too many do."""

    code = "key_not_found"


class InvalidSignature(InvalidToken):
    """The signature does not verify, or has the wrong length."""

    code = "invalid_signature"


class ClaimError(InvalidToken):
    """A claim is refused. `claim` is its name, or None where no single claim is at fault."""

    code = "claim_error"

    def __init__(self, message: str, claim: str | None = None) -> None:
        super().__init__(message)
        self.claim = claim


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


class InsufficientScope(ClaimError):
    """The token does not grant every scope demanded: respond with 403. `claim` is `scope` or `scp`."""

    code = "insufficient_scope"
    http_status = 403


class ConditionNotMet(ClaimError):
    """A condition on the token is false, or cannot be evaluated: respond with 403."""

    code = "condition_not_met"
    http_status = 403


class InsufficientAuthentication(ClaimError):
    """The user must authenticate again, or better: respond with 401 and the challenge of RFC 9470.

    `acr_values` are the authentication context classes that would do, weakest first. `max_age` is the longest time since
    the user authenticated, in seconds, or None.
    """

    code = "insufficient_authentication"

    def __init__(
        self, message: str, claim: str | None = None, acr_values: tuple[str, ...] = (), max_age: float | None = None
    ) -> None:
        super().__init__(message, claim)
        self.acr_values = acr_values
        self.max_age = max_age


class SenderMismatch(ClaimError):
    """The sender of the token does not prove that it holds the token's key (RFC 9449, RFC 8705).

    `algs` are the algorithms of DPoP proofs and `nonce` is one for the next proof, where the challenge names them.
    `token_at_fault` tells whether another proof could not help: the token is bound to another key, to none, or it was sent
    as a bearer token.
    """

    code = "sender_mismatch"

    def __init__(
        self,
        message: str,
        claim: str | None = None,
        algs: tuple[str, ...] = (),
        nonce: str | None = None,
        token_at_fault: bool = False,
    ) -> None:
        super().__init__(message, claim)
        self.algs = algs
        self.nonce = nonce
        self.token_at_fault = token_at_fault


class Unavailable(JOSEError):
    """The token could not be checked, because what that takes could not be reached: answer 503."""

    code = "unavailable"
    http_status = 503


class KeySourceUnavailable(Unavailable):
    """The keys could not be fetched."""

    code = "key_source_unavailable"


class StateUnavailable(Unavailable):
    """A store of used tokens, revocations or budgets failed, or is full."""

    code = "state_unavailable"


class InvalidKey(JOSEError):
    """Key material or a key's declaration is unusable; the sentence says what to do."""

    code = "invalid_key"


class PolicyError(JOSEError, ValueError):
    """A policy, verifier, signer or condition was declared wrongly; the sentence says what to do.

    Where the mistake is within a larger declaration, `place` is the way to it from the declaration's root, names and
    indexes, and `reason` is the sentence without it.
    """

    code = "invalid_policy"
    place: tuple[str | int, ...] = ()
    reason: str = ""
