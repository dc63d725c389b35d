"""What a type checker must say about the public API; mypy reads this file, nothing runs it.

Each `assert_type` is a promise to users who annotate. Each `type: ignore` with its code is a mistake the checker must
find, and mypy reports the comment if it stops finding it.
"""

import time
from collections.abc import ItemsView, Iterator, KeysView, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import jwseal
from jwseal import (
    DEFAULT_TYP,
    REQUIRED,
    UNCHECKED,
    Condition,
    InvalidToken,
    Issuers,
    IssuerTemplate,
    KeySet,
    Policy,
    SecretKey,
    Signer,
    SigningKey,
    Unavailable,
    VerifiedJWT,
    Verifier,
    VerifyingKey,
    all_of,
    bearer,
    claim,
    errors,
    header,
    insecure,
    jws,
    not_,
)
from jwseal.certificates import Anchors, RemoteCertificates
from jwseal.providers import entra_tenants, keycloak, verify_id_token
from jwseal.remote import FoundKeys, Health, KeyLookup, KeySetEvent, RemoteKeySet, discover
from jwseal.types import Algorithm, ExternalSigner, KeySource, algorithm


def keys(pem: bytes, jwk: dict[str, Any]) -> None:
    """Constructors and what they give."""
    signing = SigningKey.generate("ES256", kid="a")
    assert_type(signing, SigningKey)
    assert_type(signing.alg, Algorithm)
    assert_type(signing.kid, str | None)
    assert_type(signing.verifying_key, VerifyingKey)
    assert_type(signing.to_private_pem(password=None), bytes)
    assert_type(signing.to_private_jwk(), dict[str, Any])
    assert_type(SigningKey.from_pem(pem, password="x"), SigningKey)
    assert_type(VerifyingKey.from_jwk(jwk).algs, tuple[Algorithm, ...])
    assert_type(VerifyingKey.from_certificate(pem, alg="RS256").thumbprint("sha512"), str)
    assert_type(SecretKey.from_bytes(b"x", alg="HS256"), SecretKey)
    assert_type(KeySet.from_jwks('{"keys":[]}', algorithms=["RS256"]).skipped, tuple[tuple[int, str | None, str], ...])
    assert_type(list(KeySet([signing.verifying_key])), list[VerifyingKey | SecretKey])

    SigningKey.generate("ES521")  # type: ignore[arg-type]
    signing.to_private_pem()  # type: ignore[call-arg]
    SecretKey.from_bytes("text", alg="HS256")  # type: ignore[arg-type]
    SecretKey.from_bytes(b"x")  # type: ignore[call-arg]
    KeySet([signing])  # type: ignore[list-item]
    VerifyingKey.from_der("text")  # type: ignore[arg-type]
    signing.kid = "b"  # type: ignore[misc]


def configured(alg: str, pem: bytes) -> None:
    """An algorithm's name from configuration is a str, until `algorithm` says which it is."""
    assert_type(algorithm(alg), Algorithm)
    VerifyingKey.from_pem(pem, alg=algorithm(alg))
    KeySet.from_jwks("{}", algorithms=[algorithm(alg)])

    VerifyingKey.from_pem(pem, alg=alg)  # type: ignore[arg-type]
    algorithm(5)  # type: ignore[arg-type]


def sets(one: KeySet, other: KeySet) -> None:
    """Looking up and joining."""
    assert_type(one.by_kid("a"), tuple[VerifyingKey | SecretKey, ...])
    assert_type(one | other, KeySet)

    one | one.by_kid("a")[0]  # type: ignore[operator]


class Kms:
    """An external signer needs no base class."""

    def __init__(self, verifying_key: VerifyingKey) -> None:
        self.alg: str = "ES256"
        self.kid: str | None = None
        self.verifying_key = verifying_key

    def sign(self, octets: bytes, /) -> bytes:
        """Sign."""
        return octets


def external(key: VerifyingKey) -> None:
    """Anything of the right shape is a signer, anything else is not."""
    signer: ExternalSigner = Kms(key)
    assert_type(SigningKey.external(signer), SigningKey)
    SigningKey.external(key)  # type: ignore[arg-type]


def policies(now: datetime) -> None:
    """Issuer and audience are required; markers fit where they mean something."""
    policy = Policy(issuer="a", audience=["b"], subject=UNCHECKED, typ=DEFAULT_TYP, expiry=REQUIRED)
    Policy(
        issuer=UNCHECKED,
        audience=UNCHECKED,
        expiry=UNCHECKED,
        leeway=timedelta(seconds=5),
        claims={"x": frozenset({1})},
    )
    assert_type(policy.replace(leeway=3), Policy)
    assert_type(policy.leeway, float)

    where = all_of(claim("roles").contains("Admin"), not_(header("typ").equals(None)))
    assert_type(where, Condition)
    assert_type(policy.replace(where=where).where, Condition | None)
    assert_type(Policy(issuer="a", audience="b", scopes={"read"}, where=where).scopes, frozenset[str])
    claim("acr").acr_at_least("b", order=["a", ("b", "c")])
    claim("x").contains_any("a", 1, split=" ")

    Policy(issuer="a", audience="b", where=claim("x"))  # type: ignore[arg-type]
    claim("x").contains(["a"])  # type: ignore[arg-type]
    claim("x").less("5")  # type: ignore[arg-type]
    all_of(True)  # type: ignore[arg-type]
    Policy(issuer="a")  # type: ignore[call-arg]
    Policy(issuer=None, audience="b")  # type: ignore[arg-type]
    Policy(issuer=REQUIRED, audience="b")  # type: ignore[arg-type]
    Policy(issuer="a", audience="b", expiry=False)  # type: ignore[arg-type]


async def tokens(key: SigningKey, secret: SecretKey, policy: Policy, now: datetime) -> None:
    """Sign and verify, one by one, in batches, asynchronously."""
    token = Signer(key, expires_in=timedelta(minutes=5)).sign({"sub": "a"}, now=now)
    assert_type(token, str)
    assert_type(Signer(secret).sign_many([{}]), list[str])
    verifier = Verifier(key.verifying_key, policy, algorithms=["ES256"])
    assert_type(verifier, Verifier)
    verified = verifier.verify(token, now=now)
    assert_type(verified, VerifiedJWT)
    assert_type(verified.claims, dict[str, Any])
    assert_type(verified.scopes, frozenset[str])
    assert_type(verified.expires_at, float | None)
    assert_type(verified.key, VerifyingKey | SecretKey)
    assert_type(verified["sub"], Any)
    assert_type(await verifier.verify_async(token), VerifiedJWT)
    assert_type(await verifier.verify_many_async([token]), list[VerifiedJWT | InvalidToken | Unavailable])
    assert_type(verifier.verify_many([token]), list[VerifiedJWT | InvalidToken | Unavailable])
    assert_type(
        verifier.verify_iter([token], progress=print, workers=2), Iterator[VerifiedJWT | InvalidToken | Unavailable]
    )
    for result in verifier.verify_many([token]):
        if isinstance(result, InvalidToken):
            assert_type(result, InvalidToken)
        elif isinstance(result, Unavailable):
            assert_type(result.http_status, int)
        else:
            assert_type(result, VerifiedJWT)
    mapping: Mapping[str, Any] = verified
    assert_type(dict(mapping), dict[str, Any])
    assert_type(dict(verified), dict[str, Any])
    assert_type(verified.keys(), KeysView[str])
    assert_type(verified.items(), ItemsView[str, Any])
    assert_type(list(verified), list[str])
    Verifier(key.verifying_key, policy, max_header_size=9_000, accept_padding=True, clock=time.time)
    Signer(key, clock=lambda: now)
    assert_type(verifier.prepare(), int)
    issuers = Issuers({"a": verifier})
    assert_type(issuers["a"], Verifier)
    assert_type(list(issuers), list[str | IssuerTemplate])
    assert_type(issuers.get("a"), Verifier | None)
    assert_type(dict(issuers), dict[str | IssuerTemplate, Verifier])
    assert_type(issuers.verify(b"x"), VerifiedJWT)
    assert_type(await issuers.verify_async("x"), VerifiedJWT)
    assert_type(bearer("Bearer x"), str)
    assert_type(bearer(None), str)
    assert_type(bearer([b"Bearer x"]), str)

    Verifier(key, policy)  # type: ignore[arg-type]
    Verifier(key.verifying_key)  # type: ignore[call-arg]
    Verifier(key.verifying_key, policy, algorithms=["none"])  # type: ignore[list-item]
    Signer(key.verifying_key)  # type: ignore[arg-type]
    verifier.verify(None)  # type: ignore[arg-type]
    Verifier(key.verifying_key, policy, clock=now)  # type: ignore[arg-type]
    bearer({"Authorization": "Bearer x"})  # type: ignore[arg-type]
    verified["sub"] = "b"  # type: ignore[index]
    issuers["a"] = verifier  # type: ignore[index]


class Table:
    """A source of keys needs no base class."""

    def find_key(self, header: dict[str, Any], /) -> VerifyingKey | None:
        """Find a key."""
        return header.get("key")


def report(event: KeySetEvent) -> None:
    """A callback of a remote key set."""
    assert_type(event.kind, str)
    assert_type(event.added, tuple[VerifyingKey | SecretKey, ...])


async def sources(policy: Policy, pem: bytes, key: VerifyingKey, token: str) -> None:
    """What gives keys goes where a KeySet goes."""
    remote = RemoteKeySet(["https://id.example/jwks"], algorithms=["RS256"], timeout=2, on_event=report)
    remote.preload()
    await remote.preload_async()
    assert_type(remote.ready, bool)
    assert_type(remote.refresh(), bool)
    assert_type(await remote.refresh_async(), bool)
    assert_type(remote.health, Health)
    assert_type(remote.health.keys, KeySet | None)
    assert_type(remote.health.age, float | None)
    assert_type(discover("https://id.example", algorithms=["RS256"], ca_file="ca.pem"), RemoteKeySet)
    table: KeySource = Table()
    for source in (remote, table, KeyLookup(table), Anchors(pem, algorithms=["ES256"], san=["DNS:a"])):
        assert_type(Verifier(source, policy), Verifier)
        assert_type(jws.verify(token, source).payload, bytes | None)
    Verifier(RemoteCertificates("https://id.example/certs", algorithms=["RS256"]), policy)
    FoundKeys(KeySet([key]), not_before=0.0, not_after=datetime.now(UTC))

    RemoteKeySet("https://id.example/jwks")  # type: ignore[call-arg]
    RemoteKeySet("https://id.example/jwks", algorithms=["none"])  # type: ignore[list-item]
    RemoteKeySet(b"https://id.example/jwks", algorithms=["RS256"])  # type: ignore[arg-type]
    RemoteKeySet("https://id.example/jwks", algorithms=["RS256"], local_keys=[key])  # type: ignore[arg-type]
    Anchors(pem)  # type: ignore[call-arg]
    Verifier("https://id.example/jwks", policy)  # type: ignore[arg-type]


def tenants(keys: KeySet, token: str) -> None:
    """Templates stand in policies and tables, and providers give what verifies."""
    template = IssuerTemplate("https://id.example/{tenant}", claim="tid", values=["a"])
    verifier = Verifier(keys, Policy(issuer=template, audience="b"))
    table: dict[str | IssuerTemplate, Verifier] = {template: verifier, "https://id.example": verifier}
    assert_type(Issuers(table).verify(token), VerifiedJWT)
    assert_type(Issuers({template: verifier})[template], Verifier)
    assert_type(Issuers({template: verifier, "https://id.example": verifier}), Issuers)
    plain = {"https://id.example": verifier}
    assert_type(Issuers(plain, cache=10).verify(token), VerifiedJWT)
    assert_type(entra_tenants(["a"], audience="b"), Issuers)
    client = keycloak("https://id.example/realms/shop", audience="b", timeout=2)
    assert_type(client, Verifier)
    assert_type(verify_id_token(client, token, nonce="n"), VerifiedJWT)

    Issuers({1: verifier, template: verifier})  # type: ignore[dict-item]
    Issuers({"https://id.example": template})  # type: ignore[dict-item]
    IssuerTemplate("https://id.example/{tenant}")  # type: ignore[call-arg]
    IssuerTemplate("https://id.example/{tenant}", claim="tid", values=None)  # type: ignore[arg-type]
    verify_id_token(client, token)  # type: ignore[call-arg]


def octets(key: SigningKey) -> None:
    """JWS without JWT, and the functions of `jwseal.insecure`."""
    token = jws.sign(b"payload", key, headers={"cty": "x"}, detached=True)
    assert_type(token, str)
    verified = jws.verify(token, key.verifying_key, payload=b"payload")
    assert_type(verified, jws.VerifiedJWS)
    assert_type(verified.payload, bytes | None)
    made = jws.sign_json(b"payload", [key, jws.Signature(key, {"x": 1})])
    assert_type(made, dict[str, Any])
    for report in jws.verify_json(made, key.verifying_key, require=["a"]).signatures:
        assert_type(report.code, str | None)
    assert_type(jws.parse(token).entries[0].alg, str | None)
    assert_type(insecure.header_unverified(token), dict[str, Any])
    assert_type(insecure.weak_secret(b"x", alg="HS256"), SecretKey)
    jws.sign("text", key)  # type: ignore[arg-type]


def modules(key: SigningKey) -> None:
    """Modules of the package need no import of their own, and a wrong name is still one."""
    assert_type(jwseal.jws.sign(b"payload", key), str)
    assert_type(jwseal.insecure.weak_secret(b"x", alg="HS256"), SecretKey)
    assert_type(jwseal.errors.InvalidToken.code, str)
    algorithm: jwseal.types.Algorithm = "ES256"
    assert_type(jwseal.compat.pyjwt.encode({}, key, algorithm), str)
    jwseal.jwt  # type: ignore[attr-defined]  # noqa: B018
    jwseal.compat.jwt  # type: ignore[attr-defined]  # noqa: B018


def refusals(verifier: Verifier) -> str | None:
    """Refusals have a code, claim errors a claim."""
    try:
        verifier.verify("x")
    except errors.ClaimError as error:
        return error.claim
    except InvalidToken as error:
        return error.code
    return ""
