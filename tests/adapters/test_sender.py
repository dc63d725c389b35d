"""Sender-constrained tokens: each check of RFC 9449 section 4.3 and RFC 8705 section 3 with its refusal, alone and in adapters."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import protected_apps
from certificate import self_signed
from jwseal import (
    PolicyError,
    SigningKey,
    StateUnavailable,
    VerifiedJWT,
    Verifier,
    challenge,
)
from jwseal.errors import SenderMismatch
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck, Nonce
from jwseal.state import MemoryState, RedisState
from jwseal.testing import FakeIssuer
from proofs import JKT, NOW, URL, WRONG, Prover, b64
from redis_server import Server, needs_server


@pytest.fixture(scope="module")
def bound(issuer: FakeIssuer) -> str:
    """A token bound to KEY."""
    return issuer.token(cnf={"jkt": JKT}, scope=protected_apps.SCOPE)


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
    check.check(token, Dpop(Prover(bound)(), "GET", URL), bound, now=NOW)
    check.check(token, Dpop([Prover(bound)().encode()], "GET", URL), bound.encode(), now=NOW)
    asyncio.run(check.check_async(token, Dpop(Prover(bound)(), "GET", URL), bound, now=NOW))


@pytest.mark.parametrize("alg", ["ES384", "EdDSA", "PS256", "RS256"])
def test_algorithms(alg: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """Proofs are signed with any of the algorithms that are accepted."""
    key = SigningKey.generate(alg)
    text = issuer.token(cnf={"jkt": key.verifying_key.thumbprint()})
    made = Dpop(Prover(text)(key=key), "GET", URL)
    DpopCheck().check(verifier.verify(text), made, text, now=NOW)
    assert "algorithm" in str(mismatch(DpopCheck(algorithms=["ES256"]), verifier.verify(text), made, text))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_proof(name: str, token: VerifiedJWT, bound: str) -> None:
    """Each is SenderMismatch, whose challenge has the error of the table and the algorithms (RFC 9449 section 7.1)."""
    make, words, kind = WRONG[name]
    error = mismatch(DpopCheck(algorithms=["ES256"]), token, Dpop(make(Prover(bound)), "GET", URL), bound)
    assert ("sender_mismatch", True) == (error.code, words in str(error)), error
    status, headers = challenge(error)
    assert (401, [("WWW-Authenticate", f'DPoP error="{kind}", algs="ES256"')]) == (status, headers)


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
    DpopCheck().check(token, Dpop(Prover(bound)(htu=htu), "GET", URL), bound, now=NOW)


@pytest.mark.parametrize("cnf", [..., None, "x", {}, {"jkt": 1}, {"jkt": ""}, {"jkt": "\u00e9"}, {"x5t#S256": "x"}])
def test_a_token_that_is_not_bound(cnf: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """A token without the thumbprint of a key is refused, whatever the proof."""
    text = issuer.token(cnf=cnf)
    assert mismatch(DpopCheck(), verifier.verify(text), Dpop(Prover(text)(), "GET", URL), text)


NONCE = Nonce(bytes(range(32)), ttl=60)


def test_nonces(token: VerifiedJWT, bound: str) -> None:
    """A proof without a nonce of this server gets one, and with it the proof is accepted (RFC 9449 section 9)."""
    check = DpopCheck(nonce=NONCE)
    error = mismatch(check, token, Dpop(Prover(bound)(), "GET", URL), bound)
    status, headers = challenge(error)
    assert (401, True) == (status, 'error="use_dpop_nonce"' in dict(headers)["WWW-Authenticate"])
    nonce = dict(headers)["DPoP-Nonce"]
    check.check(token, Dpop(Prover(bound)(nonce=nonce), "GET", URL), bound, now=NOW)
    again = DpopCheck(nonce=Nonce(bytes(range(32)), ttl=60))
    again.check(token, Dpop(Prover(bound)(nonce=nonce), "GET", URL), bound, now=NOW)


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
    error = mismatch(DpopCheck(nonce=NONCE), token, Dpop(Prover(bound)(nonce=nonce), "GET", URL), bound)
    assert error.nonce
    assert NONCE.accepts(error.nonce, NOW)


def test_a_proof_is_used_once(token: VerifiedJWT, bound: str) -> None:
    """With a store the second use is refused, and a proof that was refused is not used up."""
    check = DpopCheck(replay=MemoryState())
    with pytest.raises(SenderMismatch, match="another method"):
        check.check(token, Dpop(Prover(bound)(), "POST", URL), bound, now=NOW)
    check.check(token, Dpop(Prover(bound)(), "GET", URL), bound, now=NOW)
    assert "used before" in str(mismatch(check, token, Dpop(Prover(bound)(), "GET", URL), bound))
    check.check(token, Dpop(Prover(bound)(jti="2"), "GET", URL), bound, now=NOW)


def test_stores(token: VerifiedJWT, bound: str) -> None:
    """An asynchronous store is awaited, another one keeps no event loop waiting, and one without an answer is StateUnavailable."""

    class Later:
        seen: set[str] = set()  # noqa: RUF012

        async def add(self, key: str, ttl: float, /) -> bool:
            assert ttl == 306
            first = key not in self.seen
            self.seen.add(key)
            return first

    check, made = DpopCheck(replay=Later()), Dpop(Prover(bound)(), "GET", URL)
    asyncio.run(check.check_async(token, made, bound, now=NOW))
    with pytest.raises(SenderMismatch, match="used before"):
        asyncio.run(check.check_async(token, made, bound, now=NOW))

    with pytest.raises(TypeError, match="call verify_async"):
        DpopCheck(replay=Later()).check(token, made, bound, now=NOW)  # type: ignore[arg-type]

    class Slow:
        def add(self, key: str, ttl: float, /) -> bool:
            threads.append(threading.current_thread())
            return True

    threads: list[threading.Thread] = []
    asyncio.run(DpopCheck(replay=Slow()).check_async(token, made, bound, now=NOW))
    assert threads != [threading.current_thread()]

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
    made = Dpop(Prover(bound)(iat=NOW + ahead), "GET", URL)
    check.check(token, made, bound, now=now)
    for now in (NOW + ahead + 299.999, NOW + ahead + 300):
        with pytest.raises(SenderMismatch, match="used before"):
            check.check(token, made, bound, now=now)
    now = NOW + ahead + 300.001
    with pytest.raises(SenderMismatch, match="token_too_old"):
        check.check(token, made, bound, now=now)


@needs_server
def test_a_proof_on_another_node(tmp_path: Path, token: VerifiedJWT, bound: str) -> None:
    """A proof that one node accepted is refused by another until its last moment, and without the server by both."""
    server = Server(tmp_path)
    server.start()
    nodes = [DpopCheck(replay=RedisState(server.client(), prefix="dpop:")) for _ in range(2)]
    made = Dpop(Prover(bound)(), "GET", URL)
    try:
        nodes[0].check(token, made, bound, now=NOW)
        assert server.client().pttl(server.client().keys("dpop:*")[0]) > 305_000
        for now in (NOW, NOW + 299.999):
            with pytest.raises(SenderMismatch, match="used before"):
                nodes[1].check(token, made, bound, now=now)
    finally:
        server.kill()
    with pytest.raises(StateUnavailable, match="the replay store failed with ConnectionError"):
        nodes[1].check(token, Dpop(Prover(bound)(jti="2"), "GET", URL), bound, now=NOW)


CERTIFICATE, FOREIGN = self_signed(), self_signed()
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
