"""Judges of every kind for the tokens of one issuer: verifiers with local and with fetched keys, Issuers, an Authorizer.

`JUDGES[kind](issuer, jwks, url)` is one, whose keys are the JWK Set or fetched from the URL. The further arguments are the
scope that an Authorizer's rule demands, and `sender` and stores as a Verifier takes them.
"""

from collections.abc import Callable
from typing import Any

from jwseal import Issuers, KeySet, Policy, SigningKey, Verifier
from jwseal.authorizer import Authorizer
from jwseal.remote import RemoteKeySet
from protected_apps import SCOPE

RULES = """
[issuers.idp]
issuer = "{issuer}"
jwks_url = "{url}"
timeout = "60s"
algorithms = ["ES256"]
audience = ["api"]

[[rules]]
id = "{rule}"
issuer = "idp"
effect = "allow"
when = {when}
"""


def local(issuer: str, jwks: Any, url: str, *, scope: str = SCOPE, **options: Any) -> Verifier:
    """A verifier that has the keys; without a JWK Set one that fetches them."""
    if jwks is None:
        return remote(issuer, jwks, url, **options)
    return Verifier(KeySet.from_jwks(jwks), Policy(issuer=issuer, audience="api"), **options)


def remote(issuer: str, jwks: Any, url: str, *, scope: str = SCOPE, **options: Any) -> Verifier:
    """A verifier that fetches the keys."""
    keys = RemoteKeySet(url, algorithms=["ES256"], allow_http_loopback=True, timeout=60.0)
    return Verifier(keys, Policy(issuer=issuer, audience="api"), **options)


def several(issuer: str, jwks: Any, url: str, *, scope: str = SCOPE, **options: Any) -> Issuers:
    """A judge of this issuer's tokens and of another's."""
    other = SigningKey.generate("ES256").verifying_key
    elsewhere = Verifier(other, Policy(issuer="https://other.example", audience="api"), **options)
    return Issuers({issuer: remote(issuer, jwks, url, **options), "https://other.example": elsewhere})


def ruled(
    issuer: str, jwks: Any, url: str, *, scope: str = SCOPE, rule: str = "orders", when: str = "", **options: Any
) -> Authorizer:
    """An authorizer with one rule, which demands the scope or has another condition, and fetches the keys."""
    when = when or f'{{ claim = "scope", contains = "{scope}" }}'
    return Authorizer.from_text(RULES.format(issuer=issuer, url=url, rule=rule, when=when), **options)


JUDGES: dict[str, Callable[..., Any]] = {
    "verifier": local,
    "remote": remote,
    "issuers": several,
    "authorizer": ruled,
}
