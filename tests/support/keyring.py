"""Keys with kids, the tokens they sign, and an issuer that publishes them: what tests of key sources rotate and withdraw."""

from typing import Any

import forge
from judge import NOW, STRICT, claims
from jwseal import KeySourceUnavailable, Policy, SigningKey, Verifier, VerifyingKey
from jwseal.remote import RemoteKeySet
from jwseal.testing import Answer, FakeIssuer

# Elliptic curves: small, and quick to sign with.
ALG = "ES256"


def key(kid: str, alg: str = ALG) -> VerifyingKey:
    """The public key of a kid; each kid has its own."""
    return signing(kid, alg).verifying_key


def signing(kid: str, alg: str = ALG) -> SigningKey:
    """The private key of a kid."""
    return SigningKey.from_jwk(forge.material(alg, kid).private_jwk(), alg=alg, kid=kid)


def token(kid: str, *, signed_by: str | None = None, alg: str = ALG, header: Any = None, **changes: Any) -> str:
    """A token that names a kid, signed by that key or by another."""
    named = {"alg": alg, "kid": kid} if header is None else header
    return forge.token(named, claims(**changes), forge.material(alg, signed_by or kid), alg)


def verifier(source: Any, policy: Policy = STRICT, **options: Any) -> Verifier:
    """A verifier with this source, at the time that every token is judged at."""
    return Verifier(source, policy, clock=lambda: NOW, **options)


def remote(issuer: FakeIssuer, **options: Any) -> RemoteKeySet:
    """A source for this issuer."""
    return RemoteKeySet(
        issuer.jwks_uri, **{"algorithms": ["ES256"], "allow_http_loopback": True, "timeout": 20.0, **options}
    )


def publish(issuer: FakeIssuer, *kids: str, **headers: str) -> None:
    """Have an issuer answer with a set of these keys, and with these headers."""
    issuer.recover()
    issuer.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    for jwk in issuer.jwks()["keys"]:
        issuer.withdraw(jwk["kid"])
    for kid in kids:
        issuer.add_key("ES256", kid, key=signing(kid))


def answer(issuer: FakeIssuer, status: int = 200, body: bytes | None = None, **headers: str) -> None:
    """Have an issuer answer every request for its set like this."""
    issuer.recover()
    issuer.reply(Answer(status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}))


def loaded(source: RemoteKeySet) -> RemoteKeySet:
    """The source with keys: on a busy machine the first fetch of one with a short time-out may come too late."""
    for _ in range(60):
        try:
            source.preload()
        except KeySourceUnavailable:
            continue
        return source
    raise AssertionError(source.health)
