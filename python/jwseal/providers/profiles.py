"""Verifiers for any provider that keeps to a standard: ID tokens of OpenID Connect, access tokens of RFC 9068.

The keys are found by discovery: the provider's metadata says where its JWK Set is, and never which algorithms are accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal import Policy, Verifier
from jwseal.providers.key_source import RS256, Keys, declared

if TYPE_CHECKING:
    from collections.abc import Collection

    from jwseal.policy import Texts
    from jwseal.types import Algorithm, Span

__all__ = ["access_tokens", "openid"]


def openid(
    issuer: str,
    *,
    client_id: Texts,
    algorithms: Collection[Algorithm] = RS256,
    leeway: Span = 0,
    keys: Keys | None = None,
    **options: Any,
) -> Verifier:
    """Verify ID tokens of an OpenID provider (OpenID Connect Core 1.0 section 2).

    issuer      the provider's name, exactly as in its tokens and metadata
    client_id   the client ids of this application
    algorithms  those that the provider signs with; RS256 unless told otherwise (section 15.1)

    Use it with `verify_id_token`, which has the rules that a verifier cannot have: nonce, azp, at_hash. Other arguments are
    those of `discover`.
    """
    policy = Policy(issuer=issuer, audience=client_id, leeway=leeway, required=["sub", "iat"])
    return declared(policy, keys, "discovery", issuer, algorithms, options)


def access_tokens(
    issuer: str,
    *,
    audience: Texts,
    algorithms: Collection[Algorithm] = RS256,
    leeway: Span = 0,
    keys: Keys | None = None,
    **options: Any,
) -> Verifier:
    """Verify JWT access tokens after RFC 9068: `typ` is at+jwt, and sub, client_id, iat and jti are there.

    issuer      the authorization server's name, exactly as in its tokens and metadata
    audience    the resource indicator of this API (RFC 9068 section 3)
    algorithms  those that the authorization server signs with; RS256, which all support, unless told otherwise (section 2.1)

    Other arguments are those of `discover`.
    """
    policy = Policy(
        issuer=issuer,
        audience=audience,
        typ="at+jwt",
        leeway=leeway,
        required=["sub", "client_id", "iat", "jti"],
    )
    return declared(policy, keys, "discovery", issuer, algorithms, options)
