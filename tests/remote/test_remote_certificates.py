"""Sets of certificates at a URL, as Google and Firebase publish them: one JSON object of kid to PEM certificate."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import forge
from authority import issue
from judge import NOW, claims, refusal
from jwseal import InvalidKey, Verifier, providers
from jwseal.testing import Answer, FakeIssuer

pytest.importorskip("httpx")
from judge import LAX
from jwseal.certificates import RemoteCertificates

RSA, OTHER = forge.material("RS256"), forge.material("RS256", "other")
EXPIRED = {"start": NOW - 100_000, "end": NOW - 50_000}


def pem(material: forge.Material) -> str:
    """A certificate of this key; it is self-signed and expired, which is not judged here."""
    return issue("federated-signon", private=material.private, **EXPIRED).pem.decode()


@pytest.fixture
def server() -> Iterator[FakeIssuer]:
    """A server whose /certs has two certificates."""
    with FakeIssuer(alg=None) as issuer:
        issuer.serve("/certs", {"a": pem(RSA), "b": pem(OTHER)})
        yield issuer


def source(server: FakeIssuer, **options: Any) -> RemoteCertificates:
    """The keys at /certs."""
    return RemoteCertificates(
        server.url + "/certs", **{"algorithms": ["RS256"], "allow_http_loopback": True, **options}
    )


def token(material: forge.Material = RSA, kid: str = "a", alg: str = "RS256") -> str:
    """A token of this key."""
    return forge.token({"alg": alg, "kid": kid}, claims(), material, alg)


def test_keys_by_kid(server: FakeIssuer) -> None:
    """Each certificate's key verifies the tokens that name its kid, and no others."""
    verifier = Verifier(source(server), LAX)
    assert verifier.verify(token(), now=NOW).kid == "a"
    assert verifier.verify(token(OTHER, "b"), now=NOW).kid == "b"
    assert "invalid_signature" == refusal(verifier.verify, token(OTHER, "a"), now=NOW)
    assert "key_not_found" == refusal(verifier.verify, token(RSA, "c"), now=NOW)
    assert "algorithm_not_allowed" == refusal(verifier.verify, token(alg="RS512"), now=NOW)


def test_other_kinds_of_keys(server: FakeIssuer) -> None:
    """A certificate of an elliptic curve is used with the curve's algorithm if that was named."""
    curve = forge.material("ES256")
    server.serve("/certs", {"a": pem(RSA), "c": pem(curve)})
    both = Verifier(source(server, algorithms=["RS256", "ES256"]), LAX)
    assert both.verify(token(curve, "c", "ES256"), now=NOW)
    assert both.verify(token(), now=NOW)
    one = Verifier(source(server), LAX)
    assert "algorithm_not_allowed" == refusal(one.verify, token(curve, "c", "ES256"), now=NOW)


def test_withdrawal(server: FakeIssuer) -> None:
    """A certificate that is no longer there is withdrawn; an empty object withdraws all of them."""
    keys = source(server)
    verifier = Verifier(keys, LAX)
    assert verifier.verify(token(), now=NOW)
    server.serve("/certs", {"b": pem(OTHER)})
    keys.refresh()
    assert "key_not_found" == refusal(verifier.verify, token(), now=NOW)
    server.serve("/certs", {})
    keys.refresh()
    assert refusal(verifier.verify, token(OTHER, "b"), now=NOW) in ("key_not_found", "algorithm_not_allowed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"a"',
        b'{"a":5}',
        b'{"a":"text"}',
        b'{"error":{"code":500}}',
        b'{"keys":[]}',
        b'{"a":"b","a":"c"}',
    ],
)
def test_documents_that_are_none(server: FakeIssuer, body: bytes) -> None:
    """A document without a usable certificate is a failed fetch: the keys that are there go on serving."""
    keys = source(server)
    verifier = Verifier(keys, LAX)
    assert verifier.verify(token(), now=NOW)
    server.reply(Answer(body=body), to="/certs")
    assert "key_source_unavailable" == refusal(keys.refresh)
    assert verifier.verify(token(), now=NOW)
    assert "key_source_unavailable" == refusal(Verifier(source(server), LAX).verify, token(), now=NOW)


def test_entries_that_cannot_be_used(server: FakeIssuer) -> None:
    """An entry that is no certificate, a private key or a bare key is skipped, and the others are used."""
    bad = {
        "text": "secret",
        "number": 5,
        "private": RSA.private_pem().decode(),
        "public": RSA.public_pem().decode(),
        "two": pem(RSA) + pem(OTHER),
        "weak": pem(forge.material("RS256", "1024")),
    }
    server.serve("/certs", json.dumps({**bad, "a": pem(RSA)}))
    verifier = Verifier(source(server), LAX)
    assert verifier.verify(token(), now=NOW)
    for kid in bad:
        assert "key_not_found" == refusal(verifier.verify, token(RSA, kid), now=NOW)


def test_bounds(server: FakeIssuer) -> None:
    """The bounds of a RemoteKeySet hold: bytes, and the number of keys."""
    server.serve("/certs", {f"kid-{number}": pem(RSA) for number in range(3)})
    few = Verifier(source(server, max_keys=2), LAX)
    assert "key_source_unavailable" == refusal(few.verify, token(kid="kid-0"), now=NOW)
    small = Verifier(source(server, max_bytes=1_000), LAX)
    assert "key_source_unavailable" == refusal(small.verify, token(kid="kid-0"), now=NOW)


def test_algorithms_without_a_public_key() -> None:
    """HMAC names are refused when the source is made."""
    with pytest.raises((InvalidKey, ValueError)):
        RemoteCertificates("https://a.example/certs", algorithms=["HS256"])


def test_firebase(server: FakeIssuer) -> None:
    """The Firebase preset reads such a document."""
    verifier = providers.firebase("shop-1234", jwks_uri=server.url + "/certs", allow_http_loopback=True)
    body = claims(iss="https://securetoken.google.com/shop-1234", aud="shop-1234", auth_time=NOW - 60)
    assert verifier.verify(forge.token({"alg": "RS256", "kid": "a"}, body, RSA), now=NOW)
    assert isinstance(verifier.keys, RemoteCertificates)
