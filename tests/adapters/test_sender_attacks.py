"""What an attacker, an odd client and a careless operator try with DPoP proofs and certificates (RFC 9449 section 11, RFC 8705 section 6)."""

import base64
import hashlib
import json
import math
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jwseal import InvalidKey, KeySet, Policy, PolicyError, SenderMismatch, SigningKey, Verifier
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.sender import ClientCertificate, Dpop, DpopCheck, Nonce
from jwseal.state import MemoryState, RedisState
from jwseal.testing import FakeIssuer
from proofs import JKT, KEY, NOW, URL, Prover, ath, b64
from redis_server import Server, needs_server
from test_sender_adapters import BASE, DER, PEM, demanding, received


@pytest.fixture(scope="module")
def bound(issuer: FakeIssuer) -> str:
    """A token bound to KEY."""
    return issuer.token(cnf={"jkt": JKT}, iat=NOW, exp=NOW + 3_600)


@pytest.fixture
def verifier(issuer: FakeIssuer) -> Verifier:
    """A verifier that remembers proofs."""
    return demanding(issuer, DpopCheck(replay=MemoryState(clock=lambda: NOW)))


JWK = KEY.verifying_key.to_jwk()
# What clients send that is unusual and right.
ODD: dict[str, Callable[[Prover], str]] = {
    "members of WebCrypto": lambda make: make(header={"jwk": {**JWK, "ext": True, "key_ops": ["verify"]}}),
    "members that say less": lambda make: make(header={"jwk": {**JWK, "use": "sig", "alg": "ES256", "kid": "x"}}),
    "members for operations of a private key": lambda make: make(header={"jwk": {**JWK, "key_ops": ["sign"]}}),
    "x5c in the jwk": lambda make: make(header={"jwk": {**JWK, "x5c": [base64.b64encode(DER).decode()]}}),
    "x5c beside the jwk": lambda make: make(header={"x5c": [base64.b64encode(DER).decode()]}),
    "jku and x5u": lambda make: make(header={"jku": "https://evil.example/k", "x5u": "https://evil.example/c"}),
    "a kid": lambda make: make(header={"kid": "another"}),
    "members in another order": lambda make: make(header={"jwk": dict(reversed(JWK.items()))}),
    "typ in upper case": lambda make: make(header={"typ": "DPoP+JWT"}),
    "typ with application/": lambda make: make(header={"typ": "application/dpop+jwt"}),
    "further claims": lambda make: make(sub="x", aud="y", iss="z", nonce="of another server"),
    "a jti that is not ASCII": lambda make: make(jti="\u65e5\u672c \U0001f511"),
    "a long jti": lambda make: make(jti="x" * 2_000),
    "iat with a fraction": lambda make: make(iat=make.now + 0.5),
    "iat at the end of its time": lambda make: make(iat=make.now - 300),
    "iat ahead": lambda make: make(iat=make.now + 5),
    "exp and nbf": lambda make: make(exp=make.now + 60, nbf=make.now),
    "query and fragment": lambda make: make(htu=URL + "?a=1#b"),
    "an empty query": lambda make: make(htu=URL + "?"),
    "scheme and host in upper case": lambda make: make(htu="HTTPS://API.EXAMPLE/orders"),
    "the default port": lambda make: make(htu="https://api.example:443/orders"),
    "the default port with a zero": lambda make: make(htu="https://api.example:0443/orders"),
    "an empty port": lambda make: make(htu="https://api.example:/orders"),
    "escapes that need not be": lambda make: make(htu="https://api.example/%6f%72ders"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_proof(name: str, bound: str, verifier: Verifier) -> None:
    """It is accepted, and once."""
    made = Dpop(ODD[name](Prover(bound)), "GET", URL)
    assert verifier.verify(bound, sender=made, now=NOW)
    with pytest.raises(SenderMismatch, match="used before"):
        verifier.verify(bound, sender=made, now=NOW)


@pytest.mark.parametrize(("shift", "accepted"), [(-301, False), (-300, True), (5, True), (6, False)])
def test_the_window(shift: int, accepted: bool, bound: str, verifier: Verifier) -> None:
    """A proof is accepted from `leeway` before its iat until `max_age` after it, to the second."""
    made = Dpop(Prover(bound)(iat=NOW + shift), "GET", URL)
    if accepted:
        assert verifier.verify(bound, sender=made, now=NOW)
        return
    with pytest.raises(SenderMismatch, match=r"token_too_old|token_not_yet_valid"):
        verifier.verify(bound, sender=made, now=NOW)


@pytest.mark.parametrize(
    ("age", "accepted"), [(-6, False), (-5, True), (0, True), (60, True), (60.5, False), (61, False)]
)
def test_the_time_of_a_nonce(age: float, accepted: bool) -> None:
    """A nonce is accepted for `ttl` seconds, and 5 seconds ahead, which is what the clocks of servers may differ by."""
    nonces = Nonce(bytes(32), ttl=60)
    assert accepted == nonces.accepts(nonces.make(NOW), NOW + age)


def test_each_bit_of_a_nonce() -> None:
    """A nonce with one bit changed is no nonce: its time is covered by its MAC."""
    nonces = Nonce(bytes(32))
    data = base64.urlsafe_b64decode(nonces.make(NOW))
    for bit in range(len(data) * 8):
        forged = bytearray(data)
        forged[bit // 8] ^= 1 << bit % 8
        assert not nonces.accepts(b64(bytes(forged)), NOW)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("https://[::1]:8443/orders", "https://[::1]:8443/orders"),
        ("https://[2001:DB8::1]/orders", "https://[2001:db8::1]:443/orders"),
        ("http://127.0.0.1:80/orders", "http://127.0.0.1/orders"),
        ("https://xn--bcher-kva.example/orders", "https://XN--bcher-kva.example/orders"),
        ("https://api.example", "https://api.example/"),
        ("https://api.example/%C3%A9", "https://api.example/%c3%a9"),
        ("https://api.example/a%2Fb", "https://api.example/a%2fb"),
        ("https://api.example/~a%7Eb", "https://api.example/%7Ea~b"),
        ("https://api.example/a%40b", "https://api.example/a@b"),
        ("https://api.example/orders", "https://api.example/orders?page=2"),
    ],
)
def test_equal_urls(sent: str, asked: str, bound: str, verifier: Verifier) -> None:
    """They are one URL after normalisation (RFC 3986 sections 6.2.2 and 6.2.3)."""
    assert verifier.verify(bound, sender=Dpop(Prover(bound)(htu=sent), "GET", asked), now=NOW)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("https://[::1]/orders", "https://[0:0:0:0:0:0:0:1]/orders"),
        ("https://api.example/a%2Fb", "https://api.example/a/b"),
        ("https://api.example/a%252Fb", "https://api.example/a%2Fb"),
        ("https://api.example/%2e%2e/orders", "https://api.example/orders"),
        ("https://api.example/./orders", "https://api.example/orders"),
        ("https://api.example//orders", "https://api.example/orders"),
        ("https://api.example/orders%00", "https://api.example/orders"),
        ("https://api.example/orders%20", "https://api.example/orders"),
        ("https://api.example/ORDERS", "https://api.example/orders"),
        ("https://api.example/orders;v=1", "https://api.example/orders"),
        ("https://api.example/orders%3Fx", "https://api.example/orders"),
        ("https://api.example.evil.example/orders", "https://api.example/orders"),
        ("https://api.example%2eevil.example/orders", "https://api.example/orders"),
        ("https://api.example%00.evil.example/orders", "https://api.example/orders"),
        ("https://b\u00fccher.example/orders", "https://xn--bcher-kva.example/orders"),
        ("https://\uff41pi.example/orders", "https://api.example/orders"),
        ("https://api.example:\uff14\uff14\uff13/orders", "https://api.example/orders"),
        ("https:api.example/orders", "https://api.example/orders"),
        ("https:///orders", "https://api.example/orders"),
        ("//api.example/orders", "https://api.example/orders"),
        ("http://api.example:443/orders", "https://api.example/orders"),
    ],
)
def test_different_urls(sent: str, asked: str, bound: str, verifier: Verifier) -> None:
    """They may lead to different places, so that a proof for the one is refused at the other."""
    with pytest.raises(SenderMismatch, match="another URL"):
        verifier.verify(bound, sender=Dpop(Prover(bound)(htu=sent), "GET", asked), now=NOW)


@pytest.mark.parametrize(
    "path", [".evil.example/x", "@evil.example/x", ":444/x", "*", "http://evil.example/x", "//evil.example/x"]
)
def test_a_path_does_not_become_a_host(path: str, bound: str, issuer: FakeIssuer) -> None:
    """A proof that a client made for another host is refused, whatever path a server hands over."""
    token = issuer.token(cnf={"jkt": JKT})
    server = ResourceServer(demanding(issuer, "dpop"), base_url=BASE)
    for htu in (f"https://api.example{path}", path, f"https:{path}", "https://evil.example/x"):
        proof = Prover(token, now=int(time.time()))(htu=htu)
        inner = received(authorization=f"DPoP {token}", dpop=proof)
        if htu == f"https://api.example{path}" and path.startswith("//"):
            continue  # that is the URL of this request
        with pytest.raises(Refused):
            server.authenticate(Received(inner.values, path=path))


def test_a_proof_for_get_is_no_proof_for_head(issuer: FakeIssuer) -> None:
    """The method is compared as it came: what a framework answers alike is not alike."""
    token = issuer.token(cnf={"jkt": JKT})
    proof = Prover(token, now=int(time.time()))()
    inner = received(authorization=f"DPoP {token}", dpop=proof)
    server = ResourceServer(demanding(issuer, "dpop"), base_url=BASE)
    for method in ("HEAD", "get", "GET ", "OPTIONS", ""):
        with pytest.raises(Refused):
            server.authenticate(Received(inner.values, method, "/orders"))
    assert server.authenticate(Received(inner.values, "GET", "/orders"))


WEAK: dict[str, dict[str, Any]] = {
    "a point of low order": {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes([1]) + bytes(31))},
    "RSA with 1024 bits": {"kty": "RSA", "n": b64(b"\xff" * 128), "e": "AQAB"},
    "RSA with the exponent 1": {"kty": "RSA", "n": b64(b"\xff" * 256), "e": "AQ"},
    "RSA with an even modulus": {"kty": "RSA", "n": b64(b"\xff" * 255 + b"\xfe"), "e": "AQAB"},
    "the point at infinity": {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
    "a key for key agreement": {"kty": "OKP", "crv": "X25519", "x": b64(b"\x09" + bytes(31))},
}


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_key(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """A key that nothing should be verified with is refused, though the token is bound to it."""
    jwk = WEAK[name]
    text = ",".join(f'"{key}":"{jwk[key]}"' for key in sorted(jwk))
    token = issuer.token(cnf={"jkt": ath(f"{{{text}}}")}, iat=NOW, exp=NOW + 3_600)
    alg = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[str(jwk["kty"])]
    proof = Prover(token)(header={"jwk": jwk, "alg": alg})
    with pytest.raises(SenderMismatch, match="cannot be used"):
        verifier.verify(token, sender=Dpop(proof, "GET", URL), now=NOW)


def test_thumbprints_are_compared_whole(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Part of a thumbprint, one with padding, in another case or of another digest binds no key."""
    jkt = JKT
    swapped = jkt.swapcase()
    hexed = base64.urlsafe_b64decode(jkt + "=").hex()
    for wrong in (jkt[:-1], jkt + "=", jkt + "A", swapped, hexed, f" {jkt}", "", [jkt], {"a": jkt}):
        token = issuer.token(cnf={"jkt": wrong}, iat=NOW, exp=NOW + 3_600)
        with pytest.raises(SenderMismatch) as caught:
            verifier.verify(token, sender=Dpop(Prover(token)(), "GET", URL), now=NOW)
        assert caught.value.token_at_fault


def test_certificate_hashes_are_compared_whole(issuer: FakeIssuer) -> None:
    """The hash is SHA-256 of the DER, in base64url without padding, and of nothing else."""
    verifier = demanding(issuer, "mtls")
    digest = hashlib.sha256(DER).digest()
    for wrong in (
        b64(digest) + "=",
        base64.b64encode(digest).decode(),
        digest.hex(),
        b64(digest)[:-1],
        b64(hashlib.sha1(DER).digest()),
        b64(hashlib.sha256(PEM.encode()).digest()),
        b64(hashlib.sha256(b"").digest()),
        [b64(digest)],
        None,
    ):
        token = issuer.token(cnf={"x5t#S256": wrong})
        for der in (DER, b"", None):
            with pytest.raises(SenderMismatch):
                verifier.verify(token, sender=ClientCertificate(der))
    for member in ("x5t", "x5t#s256", "x5t#S512", "jkt"):
        with pytest.raises(SenderMismatch):
            verifier.verify(issuer.token(cnf={member: b64(digest)}), sender=ClientCertificate(DER))


def test_one_of_many_threads(bound: str, verifier: Verifier) -> None:
    """A proof that 16 threads send at once is accepted from one."""
    made, ready = Prover(bound)(jti="race"), threading.Barrier(16)

    def attempt(_: int) -> bool:
        ready.wait()
        try:
            return bool(verifier.verify(bound, sender=Dpop(made, "GET", URL), now=NOW))
        except SenderMismatch:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert 1 == sum(pool.map(attempt, range(16)))


def attempts(keys: str, issuer: str, socket: str, token: str, proofs: list[str], found: Any) -> None:
    """Send each proof, in a process of its own, and count those that are accepted."""
    redis = pytest.importorskip("redis")
    state = RedisState(redis.Redis(unix_socket_path=socket), prefix="dpop:")
    check = DpopCheck(replay=state)
    verifier = Verifier(KeySet.from_jwks(keys), Policy(issuer=issuer, audience="api"), sender=check)
    for proof in proofs:
        try:
            verifier.verify(token, sender=Dpop(proof, "GET", URL), now=NOW)
            found.put(proof)
        except SenderMismatch:
            pass
    found.put(None)


@needs_server
def test_one_of_many_processes(bound: str, issuer: FakeIssuer, tmp_path: Path) -> None:
    """Four processes that share a Redis accept each of 40 proofs once between them."""
    server = Server(tmp_path)
    server.start()
    context = multiprocessing.get_context("spawn")
    found: Any = context.Queue()
    proofs = [Prover(bound)(jti=str(number)) for number in range(40)]
    arguments = (json.dumps(issuer.jwks()), issuer.url, str(server.socket), bound, proofs, found)
    try:
        processes = [context.Process(target=attempts, args=arguments) for _ in range(4)]
        for process in processes:
            process.start()
        accepted, ended = [], 0
        while ended < 4:
            proof = found.get(timeout=60)
            ended += proof is None
            accepted += [proof] if proof else []
        for process in processes:
            process.join()
    finally:
        server.kill()
    assert sorted(accepted) == sorted(proofs)


def test_a_store_without_an_answer(issuer: FakeIssuer) -> None:
    """A store that is full, fails or answers nothing is 503 with Retry-After, and the proof is not accepted."""

    class Failing:
        def add(self, key: str, ttl: float, /) -> bool:
            raise OSError("no route")

    full = MemoryState(max_entries=1)
    full.add("x", 1_000)
    token = issuer.token(cnf={"jkt": JKT})
    for store in (Failing(), full):
        server = ResourceServer(demanding(issuer, DpopCheck(replay=store)), base_url=BASE)
        proof = Prover(token, now=int(time.time()))()
        with pytest.raises(Refused) as caught:
            server.authenticate(received(authorization=f"DPoP {token}", dpop=proof))
        assert (503, "state_unavailable", True) == (
            caught.value.status,
            caught.value.code,
            "Retry-After" in caught.value.mapping,
        )


MISTAKES: list[tuple[Callable[[], object], type[Exception]]] = [
    (lambda: Dpop(1, "GET", URL), TypeError),  # type: ignore[arg-type]
    (lambda: Dpop([1], "GET", URL), TypeError),  # type: ignore[list-item]
    (lambda: Dpop(object(), "GET", URL), TypeError),  # type: ignore[arg-type]
    (lambda: Dpop("x", None, URL), TypeError),  # type: ignore[arg-type]
    (lambda: Dpop("x", "GET", None), TypeError),  # type: ignore[arg-type]
    (lambda: Dpop("x", "GET", b"https://api.example/"), TypeError),  # type: ignore[arg-type]
    (lambda: Dpop("x", "GET", "/orders"), PolicyError),
    (lambda: Dpop("x", "GET", "api.example/orders"), PolicyError),
    (lambda: ClientCertificate(PEM), TypeError),  # type: ignore[arg-type]
    (lambda: ClientCertificate(bytearray(DER)), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(algorithms=["none"]), PolicyError),  # type: ignore[list-item]
    (lambda: DpopCheck(algorithms=["HS512"]), PolicyError),
    (lambda: DpopCheck(algorithms=["ES255"]), PolicyError),  # type: ignore[list-item]
    (lambda: DpopCheck(algorithms=["ES256", 1]), PolicyError),  # type: ignore[list-item]
    (lambda: DpopCheck(nonce=bytes(32)), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(nonce=Nonce), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(replay=[]), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(replay=MemoryState), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(max_age=-1), PolicyError),
    (lambda: DpopCheck(max_age=math.nan), PolicyError),
    (lambda: DpopCheck(max_age=math.inf), PolicyError),
    (lambda: DpopCheck(max_age=True), TypeError),
    (lambda: DpopCheck(max_age="300"), TypeError),  # type: ignore[arg-type]
    (lambda: DpopCheck(leeway=-1), PolicyError),
    (lambda: DpopCheck(leeway=601), PolicyError),
    (lambda: Nonce("x" * 32), TypeError),  # type: ignore[arg-type]
    (lambda: Nonce(bytearray(32)), TypeError),  # type: ignore[arg-type]
    (lambda: Nonce(bytes(32), ttl=-1), PolicyError),
    (lambda: Nonce(bytes(32), ttl=math.nan), PolicyError),
    (lambda: Nonce(bytes(32), ttl=None), TypeError),  # type: ignore[arg-type]
    (lambda: Nonce(bytes(32), previous=[bytes(31)]), PolicyError),
    (lambda: Nonce(bytes(32), previous=bytes(32)), TypeError),
    (lambda: Nonce(bytes(32), previous="x" * 32), TypeError),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_mistake_of_the_program(number: int) -> None:
    """It is an error where it is made, and not a refusal of every token."""
    make, error = MISTAKES[number]
    with pytest.raises(error) as caught:
        make()
    assert not isinstance(caught.value, InvalidKey)


def test_ed25519_by_both_names(issuer: FakeIssuer) -> None:
    """A proof may name Ed25519 either way, if the check accepts the name."""
    key = SigningKey.generate("EdDSA")
    token = issuer.token(cnf={"jkt": key.verifying_key.thumbprint()}, iat=NOW, exp=NOW + 3_600)
    for alg in ("EdDSA", "Ed25519"):
        proof = Prover(token)(header={"alg": alg}, key=key)
        assert demanding(issuer, "dpop").verify(token, sender=Dpop(proof, "GET", URL), now=NOW)
        narrow = demanding(issuer, DpopCheck(algorithms=["ES256"]))
        with pytest.raises(SenderMismatch, match="algorithm"):
            narrow.verify(token, sender=Dpop(proof, "GET", URL), now=NOW)
