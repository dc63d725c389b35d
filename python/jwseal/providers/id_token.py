"""ID tokens: what OpenID Connect Core 1.0 section 3.1.3.7 demands beyond the rules of a JWT.

A verifier judges signature, issuer, audience and times. After `verify_id_token` it is also known that the token answers this
client's own request (nonce), was issued to this client and names no other (aud, azp), is not an access token after RFC 9068
(typ), and, where the access token is given, belongs to it (at_hash, section 3.1.3.6). An ID token tells a client who signed in;
an API must not take it in place of an access token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from typing import Any

from jwseal import Issuers, Verifier
from jwseal._encoding import base64url_encode
from jwseal.errors import ClaimMismatch, InvalidClaim, MissingClaim, PolicyError, WrongTyp
from jwseal.policy import Unchecked
from jwseal.verifier import verify_judged, verify_judged_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jwseal import VerifiedJWT
    from jwseal.types import Moment

__all__ = ["verify_id_token", "verify_id_token_async"]

# The digest that at_hash takes is that of the token's own algorithm. ML-DSA has none that a specification names.
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "256": lambda text: hashlib.sha256(text).digest(),
    "384": lambda text: hashlib.sha384(text).digest(),
    "512": lambda text: hashlib.sha512(text).digest(),
    "56K": lambda text: hashlib.sha256(text).digest(),
    "Ed25519": lambda text: hashlib.sha512(text).digest(),
    "Ed448": lambda text: hashlib.shake_256(text).digest(114),
}


def verify_id_token(
    verifier: Verifier | Issuers,
    token: str | bytes,
    *,
    nonce: str | Unchecked,
    access_token: str | bytes | None = None,
    authorized_parties: Collection[str] | None = None,
    now: Moment | None = None,
) -> VerifiedJWT:
    """Verify an ID token and return it (OpenID Connect Core 1.0 section 3.1.3.7).

    verifier            whose policy names the issuer and, as its audience, the client ids of this client; or Issuers of such
                        verifiers, each under its issuer's name
    token               the ID token
    nonce               the value that this client sent with its request; UNCHECKED where it sent none
    access_token        the access token that came with it: its hash must be in `at_hash`; None leaves `at_hash` alone
    authorized_parties  the client ids that are accepted in `azp`; None is those of the policy. Google's tokens for an Android
                        application name that application there
    now                 as `Verifier.verify` takes it

    Raises what `verifier.verify` raises, and WrongTyp for an access token, MissingClaim, InvalidClaim or ClaimMismatch for
    sub, iat, nonce, aud, azp and at_hash. A verifier that leaves issuer or audience unchecked is PolicyError. The stores of the
    verifier are asked last, so that a token that is refused is not used up.
    """
    judge = _judge(_clients(verifier), nonce, access_token, authorized_parties)
    return verify_judged(verifier, token, now, judge)


async def verify_id_token_async(
    verifier: Verifier | Issuers,
    token: str | bytes,
    *,
    nonce: str | Unchecked,
    access_token: str | bytes | None = None,
    authorized_parties: Collection[str] | None = None,
    now: Moment | None = None,
) -> VerifiedJWT:
    """As `verify_id_token`, for an event loop."""
    judge = _judge(_clients(verifier), nonce, access_token, authorized_parties)
    return await verify_judged_async(verifier, token, now, judge)


def _clients(verifier: Verifier | Issuers) -> Callable[[VerifiedJWT], frozenset[str]]:
    """What returns the client ids that a token may be for: those of its issuer's policy."""
    if isinstance(verifier, Verifier):
        clients = _clients_of(verifier)
        return lambda _: clients
    if not isinstance(verifier, Issuers):
        raise TypeError(f"ID tokens are verified by a Verifier or Issuers, not {type(verifier).__name__}")
    if not all(isinstance(issuer, str) for issuer in verifier):
        raise PolicyError("Issuers of ID tokens have one verifier for each name, and none for an IssuerTemplate")
    by_issuer = {issuer: _clients_of(one) for issuer, one in verifier.items()}
    return lambda verified: by_issuer[verified["iss"]]


def _clients_of(verifier: Verifier) -> frozenset[str]:
    policy = verifier.policy
    if isinstance(policy.issuer, Unchecked) or isinstance(policy.audience, Unchecked):
        raise PolicyError("the verifier of ID tokens must have a policy with issuer= and audience=, the client id")
    return policy.audience


def _judge(
    clients_of: Callable[[VerifiedJWT], frozenset[str]],
    nonce: str | Unchecked,
    access_token: str | bytes | None,
    authorized_parties: Collection[str] | None,
) -> Callable[[VerifiedJWT], None]:
    """What judges a verified ID token, before the stores of its verifier are asked."""

    def judge(verified: VerifiedJWT) -> None:
        _judge_type(verified)
        _judge_nonce(verified.get("nonce"), nonce)
        clients = clients_of(verified)
        _judge_parties(verified, clients, clients if authorized_parties is None else _parties(authorized_parties))
        if access_token is not None:
            _judge_access_token(verified, access_token)

    return judge


def _judge_type(verified: VerifiedJWT) -> None:
    # An access token may have the client as its audience, and is signed with the same key (RFC 9068 section 4).
    if str(verified.header.get("typ", "")).lower().removeprefix("application/") == "at+jwt":
        raise WrongTyp("this is an access token (typ at+jwt), not an ID token")
    for name in ("sub", "iat"):
        if verified.get(name) is None:
            raise MissingClaim(f"an ID token must have {name}", name)


def _judge_nonce(found: Any, expected: str | Unchecked) -> None:
    if isinstance(expected, Unchecked):
        return
    if not isinstance(expected, str):
        raise TypeError(f"nonce must be a str or UNCHECKED, not {type(expected).__name__}")
    if not expected:
        raise PolicyError("nonce is empty: give the one that was sent, or UNCHECKED where none was")
    if found is None:
        raise MissingClaim("the ID token has no nonce, but one was sent", "nonce")
    if not isinstance(found, str):
        raise InvalidClaim("nonce must be a string", "nonce")
    if not _equal(found, expected):
        raise ClaimMismatch("nonce is not the one that was sent", "nonce")


def _judge_parties(verified: VerifiedJWT, clients: frozenset[str], parties: Collection[str]) -> None:
    audience = verified["aud"]
    named = {audience} if isinstance(audience, str) else set(audience)
    if not named <= clients:
        raise ClaimMismatch("aud also names a client that is not trusted here", "aud")
    party = verified.get("azp")
    if party is None:
        if len(named) > 1:
            raise MissingClaim("aud has several clients, so azp must name the one that the token was issued to", "azp")
    elif not isinstance(party, str):
        raise InvalidClaim("azp must be a string", "azp")
    elif party not in parties:
        raise ClaimMismatch("azp names another client", "azp")


def _parties(given: Any) -> Collection[str]:
    if isinstance(given, str) or not isinstance(given, Collection):
        raise TypeError("authorized_parties must be a list, tuple or set of client ids")
    return given


def _judge_access_token(verified: VerifiedJWT, access_token: str | bytes) -> None:
    if not isinstance(access_token, (str, bytes)):
        raise TypeError(f"access_token must be str or bytes, not {type(access_token).__name__}")
    found = verified.get("at_hash")
    if found is None:
        raise MissingClaim("the ID token has no at_hash, so nothing binds the access token to it", "at_hash")
    if not isinstance(found, str):
        raise InvalidClaim("at_hash must be a string", "at_hash")
    digest = _DIGESTS.get(_digest_name(verified))
    if digest is None:
        raise InvalidClaim(f"at_hash has no meaning with {verified.alg}", "at_hash")
    text = access_token.encode("utf-8", "replace") if isinstance(access_token, str) else access_token
    whole = digest(text)
    half = base64url_encode(whole[: len(whole) // 2]).decode()
    if not _equal(found, half):
        raise ClaimMismatch("at_hash is not the hash of this access token", "at_hash")


def _digest_name(verified: VerifiedJWT) -> str:
    if verified.alg in ("EdDSA", "Ed25519", "Ed448"):
        key = verified.key
        return "Ed448" if verified.alg == "Ed448" or "Ed448" in getattr(key, "algs", ()) else "Ed25519"
    return "" if verified.alg.startswith("ML-DSA") else verified.alg[-3:]


def _equal(found: str, expected: str) -> bool:
    return hmac.compare_digest(found.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
