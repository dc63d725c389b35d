"""Sender-constrained tokens: each check of RFC 9449 section 4.3 and RFC 8705 section 3 with its refusal, alone and in adapters."""

import asyncio
import base64
import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import protected_apps
from jwseal import (
    KeySet,
    MissingToken,
    Policy,
    PolicyError,
    SigningKey,
    StateUnavailable,
    VerifiedJWT,
    Verifier,
    challenge,
    insecure,
)
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.errors import SenderMismatch
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck, Nonce
from jwseal.state import MemoryState, RedisState
from jwseal.testing import FakeIssuer
from jwseal.testing.client import client_of
from redis_server import Server, needs_server

NOW = 1_800_000_000
URL = "https://api.example/orders"
KEY, OTHER = SigningKey.generate("ES256"), SigningKey.generate("ES256")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ath(token: str) -> str:
    return b64(hashlib.sha256(token.encode()).digest())


def proof(token: str, key: SigningKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A DPoP proof for this token; `...` leaves a member out."""
    head = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.verifying_key.to_jwk(), **(header or {})}
    body = {"jti": "1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(token), **claims}
    parts = [{name: value for name, value in part.items() if value is not ...} for part in (head, body)]
    signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{b64(insecure.sign_octets(signed.encode(), key))}"


@pytest.fixture(scope="module")
def bound(issuer: FakeIssuer) -> str:
    """A token bound to KEY."""
    return issuer.token(cnf={"jkt": KEY.verifying_key.thumbprint()}, scope=protected_apps.SCOPE)


@pytest.fixture(scope="module")
def token(bound: str, verifier: Verifier) -> VerifiedJWT:
    """The same, verified."""
    return verifier.verify(bound)


def mismatch(check: Any, *arguments: Any) -> SenderMismatch:
    """The refusal, the same with and without a loop."""
    with pytest.raises(SenderMismatch) as caught:
        check.check(*arguments, now=NOW)
    with pytest.raises(SenderMismatch):
        asyncio.run(check.check_async(*arguments, now=NOW))
    return caught.value


def test_a_right_proof(token: VerifiedJWT, bound: str) -> None:
    """A proof for this token, method, URL and key is accepted."""
    check = DpopCheck()
    check.check(token, Dpop(proof(bound), "GET", URL), bound, now=NOW)
    check.check(token, Dpop([proof(bound).encode()], "GET", URL), bound.encode(), now=NOW)
    asyncio.run(check.check_async(token, Dpop(proof(bound), "GET", URL), bound, now=NOW))


@pytest.mark.parametrize("alg", ["ES384", "EdDSA", "PS256", "RS256"])
def test_algorithms(alg: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """Proofs are signed with any of the algorithms that are accepted."""
    key = SigningKey.generate(alg)
    text = issuer.token(cnf={"jkt": key.verifying_key.thumbprint()})
    made = Dpop(proof(text, key), "GET", URL)
    DpopCheck().check(verifier.verify(text), made, text, now=NOW)
    assert "algorithm" in str(mismatch(DpopCheck(algorithms=["ES256"]), verifier.verify(text), made, text))


def swap(parts: str, number: int, text: str) -> str:
    segments = parts.split(".")
    segments[number] = text
    return ".".join(segments)


WRONG: dict[str, tuple[Callable[[str], Any], str]] = {
    "no proof": (lambda _: None, "exactly one"),
    "no value": (lambda _: [], "exactly one"),
    "two proofs": (lambda t: [proof(t), proof(t)], "exactly one"),
    "no JWT": (lambda _: "x", "malformed_token"),
    "two in one value": (lambda t: f"{proof(t)}, {proof(t)}", "malformed_token"),
    "typ JWT": (lambda t: proof(t, header={"typ": "JWT"}), "wrong_typ"),
    "no typ": (lambda t: proof(t, header={"typ": ...}), "wrong_typ"),
    "alg none": (lambda t: proof(t, header={"alg": "none"}), "algorithm is not accepted"),
    "alg HS256": (lambda t: proof(t, header={"alg": "HS256"}), "algorithm is not accepted"),
    "no alg": (lambda t: proof(t, header={"alg": ...}), "algorithm is not accepted"),
    "no jwk": (lambda t: proof(t, header={"jwk": ...}), "public key as jwk"),
    "jwk is text": (lambda t: proof(t, header={"jwk": "x"}), "public key as jwk"),
    "private jwk": (lambda t: proof(t, header={"jwk": KEY.to_private_jwk()}), "public key as jwk"),
    "symmetric jwk": (lambda t: proof(t, header={"jwk": {"kty": "oct", "k": b64(bytes(32))}}), "public key as jwk"),
    "half a jwk": (lambda t: proof(t, header={"jwk": {"kty": "EC", "crv": "P-256"}}), "cannot be used"),
    "another's signature": (lambda t: proof(t, header={"jwk": OTHER.verifying_key.to_jwk()}), "invalid_signature"),
    "payload changed": (lambda t: swap(proof(t), 1, proof(t, htm="POST").split(".")[1]), "invalid_signature"),
    "another key": (lambda t: proof(t, OTHER), "not the one"),
    "no jti": (lambda t: proof(t, jti=...), "missing_claim"),
    "jti number": (lambda t: proof(t, jti=1), "invalid_claim"),
    "no htm": (lambda t: proof(t, htm=...), "missing_claim"),
    "another method": (lambda t: proof(t, htm="POST"), "another method"),
    "method in lower case": (lambda t: proof(t, htm="get"), "another method"),
    "method in a list": (lambda t: proof(t, htm=["GET"]), "another method"),
    "no htu": (lambda t: proof(t, htu=...), "missing_claim"),
    "another path": (lambda t: proof(t, htu=URL + "/1"), "another URL"),
    "another host": (lambda t: proof(t, htu="https://evil.example/orders"), "another URL"),
    "another scheme": (lambda t: proof(t, htu="http://api.example/orders"), "another URL"),
    "another port": (lambda t: proof(t, htu="https://api.example:444/orders"), "another URL"),
    "no URL": (lambda t: proof(t, htu="https://[x"), "another URL"),
    "htu number": (lambda t: proof(t, htu=1), "another URL"),
    "no iat": (lambda t: proof(t, iat=...), "missing_claim"),
    "old": (lambda t: proof(t, iat=NOW - 400), "token_too_old"),
    "in the future": (lambda t: proof(t, iat=NOW + 60), "token_not_yet_valid"),
    "expired": (lambda t: proof(t, exp=NOW - 60), "token_expired"),
    "no ath": (lambda t: proof(t, ath=...), "missing_claim"),
    "ath of another token": (lambda _: proof("other"), "another token"),
    "ath is the token": (lambda t: proof(t, ath=t), "another token"),
    "oversized": (lambda t: proof(t, x="x" * 20_000), "token_too_large"),
}


# A server refuses these before the application sees them.
NOT_IN_A_HEADER = frozenset({"oversized"})


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_proof(name: str, token: VerifiedJWT, bound: str) -> None:
    """Each is SenderMismatch, whose challenge is invalid_dpop_proof with the algorithms (RFC 9449 section 7.1)."""
    make, words = WRONG[name]
    error = mismatch(DpopCheck(algorithms=["ES256"]), token, Dpop(make(bound), "GET", URL), bound)
    assert ("sender_mismatch", True) == (error.code, words in str(error))
    status, headers = challenge(error)
    assert (401, [("WWW-Authenticate", 'DPoP error="invalid_dpop_proof", algs="ES256"')]) == (status, headers)


@pytest.mark.parametrize(
    "htu",
    [
        URL + "?page=2",
        URL + "#x",
        "HTTPS://API.example/orders",
        "https://api.example:443/orders",
        "https://api.example/%6frders",
    ],
)
def test_urls_that_are_the_same(htu: str, token: VerifiedJWT, bound: str) -> None:
    """URLs are compared after normalisation, without query and fragment (RFC 9449 section 4.3)."""
    DpopCheck().check(token, Dpop(proof(bound, htu=htu), "GET", URL), bound, now=NOW)


@pytest.mark.parametrize("cnf", [..., None, "x", {}, {"jkt": 1}, {"jkt": ""}, {"jkt": "\u00e9"}, {"x5t#S256": "x"}])
def test_a_token_that_is_not_bound(cnf: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """A token without the thumbprint of a key is refused, whatever the proof."""
    text = issuer.token(cnf=cnf)
    assert mismatch(DpopCheck(), verifier.verify(text), Dpop(proof(text), "GET", URL), text)


NONCE = Nonce(bytes(range(32)), ttl=60)


def test_nonces(token: VerifiedJWT, bound: str) -> None:
    """A proof without a nonce of this server gets one, and with it the proof is accepted (RFC 9449 section 9)."""
    check = DpopCheck(nonce=NONCE)
    error = mismatch(check, token, Dpop(proof(bound), "GET", URL), bound)
    status, headers = challenge(error)
    assert (401, True) == (status, 'error="use_dpop_nonce"' in dict(headers)["WWW-Authenticate"])
    nonce = dict(headers)["DPoP-Nonce"]
    check.check(token, Dpop(proof(bound, nonce=nonce), "GET", URL), bound, now=NOW)
    again = DpopCheck(nonce=Nonce(bytes(range(32)), ttl=60))
    again.check(token, Dpop(proof(bound, nonce=nonce), "GET", URL), bound, now=NOW)


@pytest.mark.parametrize(
    "nonce",
    [
        NONCE.make(NOW - 61),
        NONCE.make(NOW + 6),
        Nonce(bytes(32)).make(NOW),
        "",
        "x" * 32,
        1,
        None,
        NONCE.make(NOW) + "=",
    ],
)
def test_a_wrong_nonce(nonce: Any, token: VerifiedJWT, bound: str) -> None:
    """Old ones, ones of another secret, and what is no nonce are answered with a new one."""
    error = mismatch(DpopCheck(nonce=NONCE), token, Dpop(proof(bound, nonce=nonce), "GET", URL), bound)
    assert error.nonce
    assert NONCE.accepts(error.nonce, NOW)


def test_a_proof_is_used_once(token: VerifiedJWT, bound: str) -> None:
    """With a store the second use is refused, and a proof that was refused is not used up."""
    check = DpopCheck(replay=MemoryState())
    with pytest.raises(SenderMismatch, match="another method"):
        check.check(token, Dpop(proof(bound), "POST", URL), bound, now=NOW)
    check.check(token, Dpop(proof(bound), "GET", URL), bound, now=NOW)
    assert "used before" in str(mismatch(check, token, Dpop(proof(bound), "GET", URL), bound))
    check.check(token, Dpop(proof(bound, jti="2"), "GET", URL), bound, now=NOW)


def test_stores(token: VerifiedJWT, bound: str) -> None:
    """An asynchronous store is awaited, and one without an answer is StateUnavailable."""

    class Later:
        seen: set[str] = set()  # noqa: RUF012

        async def add(self, key: str, ttl: float, /) -> bool:
            assert ttl == 306
            first = key not in self.seen
            self.seen.add(key)
            return first

    check, made = DpopCheck(replay=Later()), Dpop(proof(bound), "GET", URL)
    asyncio.run(check.check_async(token, made, bound, now=NOW))
    with pytest.raises(SenderMismatch, match="used before"):
        asyncio.run(check.check_async(token, made, bound, now=NOW))

    class Silent:
        def add(self, key: str, ttl: float, /) -> Any:
            return None

    with pytest.raises(StateUnavailable):
        DpopCheck(replay=Silent()).check(token, made, bound, now=NOW)


@pytest.mark.parametrize("ahead", [0, 5, -100])
def test_an_entry_outlives_its_proof(ahead: int, token: VerifiedJWT, bound: str) -> None:
    """A proof that was used is refused as long as it is valid, also one whose `iat` lies ahead."""
    now = float(NOW)
    check = DpopCheck(replay=MemoryState(clock=lambda: now))
    made = Dpop(proof(bound, iat=NOW + ahead), "GET", URL)
    check.check(token, made, bound, now=now)
    for now in (NOW + ahead + 304.999, NOW + ahead + 305):
        with pytest.raises(SenderMismatch, match="used before"):
            check.check(token, made, bound, now=now)
    now = NOW + ahead + 305.001
    with pytest.raises(SenderMismatch, match="token_too_old"):
        check.check(token, made, bound, now=now)


@needs_server
def test_a_proof_on_another_node(tmp_path: Path, token: VerifiedJWT, bound: str) -> None:
    """A proof that one node accepted is refused by another until its last millisecond; without the server neither accepts one."""
    server = Server(tmp_path)
    server.start()
    nodes = [DpopCheck(replay=RedisState(server.client(), prefix="dpop:")) for _ in range(2)]
    made = Dpop(proof(bound), "GET", URL)
    try:
        nodes[0].check(token, made, bound, now=NOW)
        assert server.client().pttl(server.client().keys("dpop:*")[0]) > 305_000
        for now in (NOW, NOW + 304.999):
            with pytest.raises(SenderMismatch, match="used before"):
                nodes[1].check(token, made, bound, now=now)
    finally:
        server.kill()
    with pytest.raises(StateUnavailable, match="a store failed with ConnectionError"):
        nodes[1].check(token, Dpop(proof(bound, jti="2"), "GET", URL), bound, now=NOW)


def certificate() -> x509.Certificate:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(36_500))
    return made.sign(key, hashes.SHA256())


CERTIFICATE, FOREIGN = certificate(), certificate()
DER = CERTIFICATE.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def certified(issuer: FakeIssuer) -> str:
    """A token bound to CERTIFICATE."""
    cnf = {"x5t#S256": b64(hashlib.sha256(DER).digest())}
    return issuer.token(cnf=cnf, scope=protected_apps.SCOPE)


def test_certificates(certified: str, bound: str, verifier: Verifier) -> None:
    """The certificate of the connection is the token's, or the token is refused (RFC 8705 section 3.1)."""
    check, token = CertificateCheck(), verifier.verify(certified)
    check.check(token, ClientCertificate(DER), certified)
    for sender in (ClientCertificate(None), ClientCertificate(FOREIGN.public_bytes(Encoding.DER))):
        error = mismatch(check, token, sender, certified)
        assert 'Bearer error="invalid_token"' == dict(challenge(error)[1])["WWW-Authenticate"]
    assert mismatch(check, verifier.verify(bound), ClientCertificate(DER), bound)


def test_a_proof_of_another_kind(token: VerifiedJWT, bound: str) -> None:
    """A certificate where a proof is demanded is a mistake of the program."""
    with pytest.raises(TypeError, match="Dpop"):
        DpopCheck().check(token, ClientCertificate(DER), bound)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ClientCertificate"):
        CertificateCheck().check(token, Dpop("", "GET", URL), bound)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Nonce(bytes(31)),
        lambda: DpopCheck(algorithms=["HS256"]),
        lambda: DpopCheck(algorithms=[]),
        lambda: DpopCheck(algorithms="ES256"),  # type: ignore[arg-type]
    ],
)
def test_declarations(make: Callable[[], object]) -> None:
    """What would accept more than it looks is PolicyError."""
    with pytest.raises(PolicyError):
        make()


def test_reprs_show_nothing() -> None:
    """No proof, certificate or secret is in a repr."""
    shown = [repr(Dpop("secret", "GET", URL)), repr(ClientCertificate(b"secret")), repr(Nonce(b"secret" * 6))]
    assert ["<Dpop GET>", "<ClientCertificate>", "<Nonce ttl=300>"] == shown


# In adapters.


def demanding(issuer: FakeIssuer, sender: DpopCheck | CertificateCheck) -> Verifier:
    """A verifier of the issuer's tokens that demands a proof of their sender."""
    return Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"), sender=sender)


def dpop_headers(token: str, *proofs: str, scheme: str = "DPoP") -> list[tuple[str, str]]:
    return [("Authorization", f"{scheme} {token}"), *(("DPoP", one) for one in proofs)]


@pytest.mark.parametrize("name", ["asgi", "wsgi", "fastapi", "flask", "django"])
def test_dpop_in_adapters(name: str, bound: str, issuer: FakeIssuer) -> None:
    """An adapter demands the scheme DPoP and one right proof; the challenge has the scheme and the algorithms."""
    check = DpopCheck(algorithms=["ES256"])
    app = protected_apps.APPS[name](demanding(issuer, check), base_url="https://api.example/")
    right = proof(bound, iat=int(time.time()))
    cases = [
        (dpop_headers(bound, right), 200, ""),
        (dpop_headers(bound, right, scheme="dpop"), 200, ""),
        ([], 401, 'algs="ES256"'),
        (dpop_headers(bound), 401, 'error="invalid_dpop_proof"'),
        (dpop_headers(bound, right, scheme="Bearer"), 401, 'error="invalid_dpop_proof"'),
        (dpop_headers(bound, proof(bound, iat=int(time.time()), htm="POST")), 401, 'error="invalid_dpop_proof"'),
        (dpop_headers(issuer.token(expires_in=-60), right), 401, 'error="invalid_token"'),
    ]
    with client_of(app) as client:
        for headers, status, words in cases:
            answer = client.send("GET", "/orders", headers)
            assert status == answer.status, headers
            value = {name.lower(): value for name, value in answer.headers}.get("www-authenticate", "")
            assert status == 200 or (value.startswith("DPoP ") and words in value), value


@pytest.mark.parametrize("name", [name for name in WRONG if name not in NOT_IN_A_HEADER])
def test_a_wrong_proof_in_an_adapter(name: str, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is 401 with invalid_dpop_proof in a request too, and the token is not used up by it."""
    monkeypatch.setitem(globals(), "NOW", int(time.time()))
    cnf = {"jkt": KEY.verifying_key.thumbprint()}
    bound = issuer.token(cnf=cnf, jti=name, scope=protected_apps.SCOPE)
    store = MemoryState()
    keys, policy = KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api")
    judge = Verifier(keys, policy, sender=DpopCheck(algorithms=["ES256"]), replay=store)
    made = WRONG[name][0](bound)
    proofs = [] if made is None else [made] if isinstance(made, str) else made
    app = protected_apps.APPS["asgi"](judge, base_url="https://api.example")
    with client_of(app) as client:
        answer = client.send("GET", "/orders", dpop_headers(bound, *proofs))
        assert 401 == answer.status
        assert 'error="invalid_dpop_proof"' in dict(answer.headers)["www-authenticate"]
        assert 200 == client.send("GET", "/orders", dpop_headers(bound, proof(bound, iat=int(time.time())))).status
        assert 401 == client.send("GET", "/orders", dpop_headers(bound, proof(bound, iat=int(time.time())))).status


def received(**headers: str | list[str]) -> Received:
    def values(name: str) -> list[str | bytes]:
        found = headers.get(name.replace("-", "_"), [])
        return list(found) if isinstance(found, list) else [found]

    return Received(values, path="/orders")


def test_two_proofs_in_an_adapter(bound: str, issuer: FakeIssuer) -> None:
    """A request has exactly one proof (RFC 9449 section 4.3), and one Authorization header."""
    server = ResourceServer(demanding(issuer, DpopCheck()), base_url="https://api.example")
    for headers in ({"dpop": ["a", "a"], "authorization": f"DPoP {bound}"}, {"authorization": [f"DPoP {bound}"] * 2}):
        with pytest.raises(Refused) as caught:
            server.authenticate(received(**headers))  # type: ignore[arg-type]
        assert 401 == caught.value.status


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (f":{base64.b64encode(DER).decode()}:", None),
        (quote(CERTIFICATE.public_bytes(Encoding.PEM).decode()), None),
        (f":{base64.b64encode(FOREIGN.public_bytes(Encoding.DER)).decode()}:", "sender_mismatch"),
        ([], "sender_mismatch"),
        ("", "sender_mismatch"),
        (":!:", "sender_mismatch"),
        ("no certificate", "sender_mismatch"),
        ([f":{base64.b64encode(DER).decode()}:"] * 2, "sender_mismatch"),
    ],
)
def test_certificates_in_adapters(header: Any, code: str | None, certified: str, issuer: FakeIssuer) -> None:
    """The certificate comes in the header that the operator named, once (RFC 9440, or as nginx escapes it)."""
    server = ResourceServer(demanding(issuer, CertificateCheck()), certificate_header="Client-Cert")
    request = received(authorization=f"Bearer {certified}", client_cert=header)
    if code is None:
        assert server.authenticate(request)
        assert asyncio.run(server.authenticate_async(request))
        return
    with pytest.raises(Refused) as caught:
        server.authenticate(request)
    assert code == caught.value.code


def test_what_an_adapter_needs(issuer: FakeIssuer) -> None:
    """A proof needs the public URL, and a certificate its header."""
    for sender in (DpopCheck(), CertificateCheck()):
        with pytest.raises(PolicyError):
            ResourceServer(demanding(issuer, sender))
    with pytest.raises(PolicyError):
        ResourceServer(demanding(issuer, DpopCheck()), base_url="api.example")
    assert MissingToken().http_status == 401
