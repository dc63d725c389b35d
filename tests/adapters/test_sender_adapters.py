"""Sender-constrained tokens behind every adapter: each wrong proof and certificate with its status and challenge (RFC 9449, RFC 8705)."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import protected_apps
import protected_grpc
import test_frameworks
from certificate import self_signed
from judges import ruled
from jwseal import KeySet, Policy, PolicyError, Verifier
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.authorizer import Authorizer
from jwseal.sender import DpopCheck, Nonce
from jwseal.state import MemoryState
from jwseal.testing import Client, FakeIssuer
from jwseal.testing.client import Answered, client_of
from proofs import JKT, NOT_IN_A_HEADER, PROOF, TOKEN, WRONG, Prover, b64
from test_conformance import listening

BASE = "https://api.example"
ADAPTERS = [*protected_apps.APPS, "grpc threads", "grpc asyncio"]
every_adapter = pytest.mark.parametrize("name", ADAPTERS)


def demanding(issuer: FakeIssuer, sender: Any, **options: Any) -> Verifier:
    """A verifier of the issuer's tokens that demands a proof of their sender."""
    policy = Policy(issuer=issuer.url, audience="api")
    return Verifier(KeySet.from_jwks(issuer.jwks()), policy, sender=sender, **options)


def ruling(issuer: FakeIssuer, sender: Any, **options: Any) -> Authorizer:
    """An authorizer of the issuer's tokens that demands a proof of their sender, and whose rule demands the scope."""
    return ruled(issuer.url, None, issuer.jwks_uri, sender=sender, **options)


every_judge = pytest.mark.parametrize("judging", [demanding, ruling], ids=["verifier", "authorizer"])


@contextmanager
def protected(name: str, judge: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[Client]:
    """A client of the application of this adapter."""
    if name.startswith("grpc"):
        monkeypatch.setattr(protected_grpc, "OPTIONS", protected_grpc.OPTIONS | options)
        with protected_grpc.SERVERS[name.removeprefix("grpc ")](judge) as address:
            yield protected_grpc.client(address)
        return
    app = protected_apps.APPS[name](judge, **options)
    with listening(app) if name == "aiohttp" else nothing(app) as found, client_of(found) as client:
        yield client


@contextmanager
def nothing(app: Any) -> Iterator[Any]:
    """An application that needs no server."""
    yield app


def prover(name: str, token: str, decides: bool = False) -> Prover:
    """Makes proofs for the request that this adapter is sent; `decides` is whether its judge is an Authorizer."""
    now = int(time.time())
    if name.startswith("grpc"):
        return Prover(token, f"{BASE}/orders/unary_unary", "POST", now)
    # The test's Django project has the view of each kind at a path of its own.
    below = {"django_async": "/async", "rest_framework": "/rest"}.get(name, "")
    below = f"/decided{below}" if decides and name in {"django", "django_async", "rest_framework"} else below
    return Prover(token, f"{BASE}{below}/orders", "GET", now)


def send(client: Client, token: str, proofs: Any, scheme: str = "DPoP") -> Answered:
    """The answer to a request with these proofs."""
    values = [] if proofs is None else [proofs] if isinstance(proofs, str) else proofs
    return client.send("GET", "/orders", [("Authorization", f"{scheme} {token}"), *(("DPoP", one) for one in values)])


def told(answer: Answered, name: str = "www-authenticate") -> str:
    """A header of the answer."""
    return {key.lower(): value for key, value in answer.headers}.get(name, "")


@every_judge
@every_adapter
def test_every_wrong_proof(name: str, judging: Any, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is 401 with its error, and uses neither the token nor the identifier of a proof up."""
    check = DpopCheck(algorithms=["ES256"], replay=MemoryState())
    judge = judging(issuer, check, replay=MemoryState())
    token = issuer.token(cnf={"jkt": JKT}, scope=protected_apps.SCOPE, jti=name)
    make, wrong = prover(name, token, judging is ruling), {}
    with protected(name, judge, monkeypatch, base_url=BASE) as client:
        for case, (made, _, error) in WRONG.items():
            proofs = made(make)
            if case in NOT_IN_A_HEADER or "\n" in repr(proofs):
                continue
            answer = send(client, token, proofs)
            if not (answer.status == 401 and told(answer).startswith(f'DPoP error="{error}", algs="ES256"')):
                wrong[case] = answer
        assert {} == wrong
        assert 200 == send(client, token, make()).status
        again = send(client, token, make())
        assert (401, f'DPoP error="{PROOF}"') == (again.status, told(again)[:31])


@every_judge
@every_adapter
def test_schemes(name: str, judging: Any, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound token is refused as a bearer token, an unbound one under DPoP and without a proof (RFC 9449 sections 7.1, 7.2)."""
    bound, free = (issuer.token(scope=protected_apps.SCOPE, **more) for more in ({"cnf": {"jkt": JKT}}, {}))
    certified = issuer.token(scope=protected_apps.SCOPE, cnf={"x5t#S256": JKT})
    make, unbound = (prover(name, one, judging is ruling) for one in (bound, free))
    cases: list[tuple[str, Any, str, int, str]] = [
        (bound, make(), "DPoP", 200, ""),
        (bound, make(jti="2"), "dpop", 200, ""),
        (bound, make(), "Bearer", 401, TOKEN),
        (bound, None, "Bearer", 401, TOKEN),
        (bound, None, "DPoP", 401, PROOF),
        (free, None, "Bearer", 401, TOKEN),
        (free, unbound(), "Bearer", 401, TOKEN),
        (free, unbound(), "DPoP", 401, TOKEN),
        (free, None, "DPoP", 401, TOKEN),
        (certified, prover(name, certified, judging is ruling)(), "DPoP", 401, TOKEN),
        (issuer.token(expires_in=-60, cnf={"jkt": JKT}), make(), "DPoP", 401, TOKEN),
        (bound, make(), "DPoP ,", 401, TOKEN),
        (bound, make(), "DPoP DPoP", 401, TOKEN),
        (issuer.token(cnf={"jkt": JKT}), None, "DPoP", 401, PROOF),
    ]
    judge = judging(issuer, DpopCheck(algorithms=["ES256"]))
    with protected(name, judge, monkeypatch, base_url=BASE) as client:
        for token, proof, scheme, status, error in cases:
            answer = send(client, token, proof, scheme)
            assert status == answer.status, (scheme, answer)
            assert status == 200 or told(answer).startswith(f'DPoP error="{error}", '), answer
            assert status == 200 or 'algs="ES256"' in told(answer)
        nobody = client.send("GET", "/orders", [])
        assert (401, "DPoP ") == (nobody.status, told(nobody)[:5])
        assert (True, False) == ('algs="ES256"' in told(nobody), "error" in told(nobody))
        text = issuer.token(cnf={"jkt": JKT})
        lacking = send(client, text, prover(name, text, judging is ruling)())
        assert (403, 'DPoP error="insufficient_scope"') == (lacking.status, told(lacking)[:31])


@every_judge
@every_adapter
def test_nonces(name: str, judging: Any, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first proof is answered with a nonce and the next has it; half way through its time an answer has a new one."""
    nonces = Nonce(bytes(range(32)), ttl=300)
    check = DpopCheck(algorithms=["ES256"], nonce=nonces, replay=MemoryState())
    token = issuer.token(cnf={"jkt": JKT}, scope=protected_apps.SCOPE)
    make, now = prover(name, token, judging is ruling), int(time.time())
    with protected(name, judging(issuer, check), monkeypatch, base_url=BASE) as client:
        for bad in (
            ...,
            None,
            "",
            1,
            "x" * 32,
            nonces.make(now - 400),
            nonces.make(now + 60),
            Nonce(bytes(32)).make(now),
        ):
            answer = send(client, token, make(nonce=bad))
            assert 401 == answer.status
            assert told(answer).startswith('DPoP error="use_dpop_nonce", algs="ES256"')
            nonce = told(answer, "dpop-nonce")
            assert nonces.accepts(nonce, now)
        accepted = send(client, token, make(nonce=nonce))
        assert (200, "") == (accepted.status, told(accepted, "dpop-nonce"))
        late = send(client, token, make(nonce=nonces.make(now - 200), jti="2"))
        assert 200 == late.status
        assert nonces.accepts(told(late, "dpop-nonce"), now)
        assert "no-store" in told(late, "cache-control")


@every_judge
@pytest.mark.parametrize("name", test_frameworks.ASYNC)
def test_handshakes(name: str, judging: Any, issuer: FakeIssuer) -> None:
    """A WebSocket handshake needs a proof for GET and its https URL, as the HTTP request that it is."""
    token = issuer.token(cnf={"jkt": JKT}, scope=protected_apps.SCOPE)
    make = Prover(token, f"{BASE}/stream", "GET", int(time.time()))
    judge = judging(issuer, DpopCheck(algorithms=["ES256"]))
    client = test_frameworks.client_of(name, judge, base_url=BASE)
    headers = {"Authorization": f"DPoP {token}", "DPoP": make()}
    with client.websocket_connect("/stream", headers=headers) as opened:
        assert "alice" == opened.receive_text()
    wrong = [make(htu="wss://api.example/stream"), make(htm="POST"), make(htu=f"{BASE}/orders"), ""]
    for sent in [*({**headers, "DPoP": one} for one in wrong), {**headers, "Authorization": f"Bearer {token}"}]:
        with pytest.raises(Exception) as caught, client.websocket_connect("/stream", headers=sent) as opened:
            opened.receive_text()
        assert type(caught.value).__name__ in {"WebSocketDisconnect", "WebSocketDenialResponse"}


@pytest.mark.parametrize(
    ("path", "htu"),
    [
        ("/a@b", "/a%40b"),
        ("/a@b", "/a@b"),
        ("/caf\u00e9", "/caf%C3%A9"),
        ("/caf\u00e9", "/caf%c3%a9"),
        ("/a b", "/a%20b"),
        ("/~x/(1);v=2", "/%7Ex/%281%29%3Bv%3D2"),
        ("/100%", "/100%25"),
        ("/a?b", "/a%3Fb"),
        ("/a#b", "/a%23b"),
        ("/", ""),
    ],
)
def test_paths(path: str, htu: str, issuer: FakeIssuer) -> None:
    """However a client escapes its URL, a proof for it is accepted, by ASGI and WSGI alike (RFC 3986 section 6.2.2)."""
    from jwseal.adapters import asgi, wsgi

    token = issuer.token(cnf={"jkt": JKT})
    proof = Prover(token, now=int(time.time()))(htu=BASE + htu)
    headers = [("authorization", f"DPoP {token}"), ("dpop", proof)]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": raw}
    wrong = {"SCRIPT_NAME": "", "PATH_INFO": path.encode().decode("latin-1"), "REQUEST_METHOD": "GET"}
    environ = wrong | {f"HTTP_{name.upper()}": value for name, value in headers}
    server = ResourceServer(demanding(issuer, "dpop"), base_url=BASE)
    for request in (asgi.received(scope), wsgi.received(environ)):
        assert server.authenticate(request)
        assert asyncio.run(server.authenticate_async(request))


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "evil.example")],
        [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http")],
        [("Forwarded", "host=evil.example;proto=https")],
        [("X-Original-URL", "/other"), ("X-Rewrite-Url", "/other")],
        [("X-Forwarded-Prefix", "/evil"), ("X-Script-Name", "/evil")],
        [("X-HTTP-Method-Override", "POST")],
    ],
)
@pytest.mark.parametrize("name", ["asgi", "wsgi", "fastapi", "flask", "django"])
def test_no_header_changes_the_url(
    name: str, headers: list[tuple[str, str]], issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL of a request is `base_url` and its path: a proof for the server that a header names is refused."""
    token = issuer.token(cnf={"jkt": JKT}, scope=protected_apps.SCOPE)
    make = prover(name, token)
    judge = demanding(issuer, DpopCheck(algorithms=["ES256"]))
    with protected(name, judge, monkeypatch, base_url=BASE) as client:
        for htu in (
            "https://evil.example/orders",
            "http://evil.example/orders",
            f"{BASE}/other",
            f"{BASE}/evil/orders",
        ):
            proof = make(htu=htu)
            fields = [("Authorization", f"DPoP {token}"), ("DPoP", proof), *headers]
            assert 401 == client.send("GET", "/orders", fields).status
        fields = [("Authorization", f"DPoP {token}"), ("DPoP", make(htm="POST")), *headers]
        assert 401 == client.send("GET", "/orders", fields).status


def received(**headers: str | list[str]) -> Received:
    """A request with these headers."""

    def values(name: str) -> list[str | bytes]:
        found = headers.get(name.replace("-", "_"), [])
        return list(found) if isinstance(found, list) else [found]

    return Received(values, path="/orders")


CERTIFICATE, FOREIGN = self_signed(), self_signed()
DER, OTHER_DER = (one.public_bytes(Encoding.DER) for one in (CERTIFICATE, FOREIGN))
PEM = CERTIFICATE.public_bytes(Encoding.PEM).decode()
IN_BASE64 = base64.b64encode(DER).decode()


@pytest.fixture(scope="module")
def certified(issuer: FakeIssuer) -> str:
    """A token bound to CERTIFICATE."""
    cnf = {"x5t#S256": b64(hashlib.sha256(DER).digest())}
    return issuer.token(cnf=cnf, scope=protected_apps.SCOPE)


@every_judge
@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (f":{IN_BASE64}:", True),
        (quote(PEM), True),
        (quote(PEM, safe="+=/"), True),
        (PEM.replace("\n", " "), True),
        (f":{base64.b64encode(OTHER_DER).decode()}:", False),
        ([], False),
        ("", False),
        (":", False),
        ("::", False),
        (":!:", False),
        (f":{IN_BASE64}", False),
        (f":{IN_BASE64}: :", False),
        (f":{IN_BASE64.rstrip('=')}A:", False),
        (IN_BASE64, False),
        (f" :{IN_BASE64}:", False),
        (f":{base64.b64encode(DER + b'x').decode()}:", False),
        (quote(FOREIGN.public_bytes(Encoding.PEM).decode() + PEM), False),
        (f":{IN_BASE64}:, :{IN_BASE64}:", False),
        ("no certificate", False),
        ("(null)", False),
        (quote("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"), False),
        ([f":{IN_BASE64}:"] * 2, False),
        ([quote(PEM), quote(PEM)], False),
    ],
)
def test_certificates_in_a_header(
    header: Any, accepted: bool, certified: str, judging: Any, issuer: FakeIssuer
) -> None:
    """The certificate comes in the header that the operator named, once (RFC 9440, or as nginx escapes it)."""
    server = ResourceServer(judging(issuer, "mtls"), certificate_header="Client-Cert")
    request = received(authorization=f"Bearer {certified}", client_cert=header)
    if accepted:
        assert server.authenticate(request)
        assert asyncio.run(server.authenticate_async(request))
        return
    with pytest.raises(Refused) as caught:
        server.authenticate(request)
    assert (401, "sender_mismatch") == (caught.value.status, caught.value.code)
    assert 'Bearer error="invalid_token"' == caught.value.mapping["WWW-Authenticate"]


# Names under which proxies pass certificates on.
NAMES = ["Client-Cert", "X-SSL-Client-Cert", "X-Client-Cert", "SSL-Client-Cert", "X-Forwarded-Client-Cert"]
NAMES += ["X-Forwarded-Tls-Client-Cert", "X-Amzn-Mtls-Clientcert", "X-ARR-ClientCert", "Ssl_Client_Cert"]


@every_judge
@every_adapter
def test_a_header_that_nobody_named(
    name: str,
    certified: str,
    judging: Any,
    issuer: FakeIssuer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without `certificate_header` no header counts, and with it no other one."""
    with protected(name, judging(issuer, "mtls"), monkeypatch) as client:
        for value in (f":{IN_BASE64}:", quote(PEM)):
            headers = [("Authorization", f"Bearer {certified}"), *((one, value) for one in NAMES)]
            answer = client.send("GET", "/orders", headers)
            assert (401, 'Bearer error="invalid_token"') == (answer.status, told(answer)[:28])
    warned = [record for record in caplog.records if (record.name, record.levelno) == ("jwseal.adapters", 30)]
    # Without the middleware the test's Django project reads its settings anew for each request.
    shows = name == "aiohttp" or name.startswith("grpc")
    assert len(warned) == (0 if shows else 2 if name == "rest_framework" else 1)
    with protected(name, judging(issuer, "mtls"), monkeypatch, certificate_header="X-Proxy-Cert") as client:
        answer = client.send("GET", "/orders", headers)
        assert 401 == answer.status
        named = [("Authorization", f"Bearer {certified}"), ("X-Proxy-Cert", quote(PEM))]
        assert 200 == client.send("GET", "/orders", named).status
        assert 401 == client.send("GET", "/orders", [*named, named[1]]).status


def test_a_named_header_is_the_only_source(certified: str, issuer: FakeIssuer) -> None:
    """With `certificate_header` the certificate of the connection does not count, not even where the header is missing."""
    request = received(authorization=f"Bearer {certified}")
    request = Received(request.values, path="/orders", certificate=lambda: DER)
    assert ResourceServer(demanding(issuer, "mtls")).authenticate(request)
    with pytest.raises(Refused):
        ResourceServer(demanding(issuer, "mtls"), certificate_header="Client-Cert").authenticate(request)


@pytest.mark.parametrize(
    ("tls", "accepted"),
    [
        ({"client_cert_chain": [PEM]}, True),
        ({"client_cert_chain": (PEM,), "client_cert_error": None}, True),
        ({"client_cert_chain": [PEM, FOREIGN.public_bytes(Encoding.PEM).decode()]}, True),
        ({"client_cert_chain": [FOREIGN.public_bytes(Encoding.PEM).decode(), PEM]}, False),
        ({"client_cert_chain": [PEM], "client_cert_error": "self-signed certificate"}, False),
        ({"client_cert_chain": []}, False),
        ({"client_cert_chain": None}, False),
        ({"client_cert_chain": ["no PEM"]}, False),
        ({"client_cert_chain": [DER]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_the_tls_extension(tls: Any, accepted: bool, certified: str, issuer: FakeIssuer) -> None:
    """The first certificate of `client_cert_chain` is the client's, if the server verified it (ASGI TLS extension)."""
    from jwseal.adapters.asgi import received as received_by_asgi

    headers = [(b"authorization", f"Bearer {certified}".encode())]
    for extensions in ({"tls": tls}, *([{}, None] if tls is None else [])):
        scope = {"type": "http", "path": "/orders", "headers": headers, "extensions": extensions}
        server = ResourceServer(demanding(issuer, "mtls"))
        if accepted:
            assert server.authenticate(received_by_asgi(scope))
        else:
            with pytest.raises(Refused) as caught:
                server.authenticate(received_by_asgi(scope))
            assert "sender_mismatch" == caught.value.code


@pytest.mark.parametrize(
    ("environ", "accepted"),
    [
        ({"SSL_CLIENT_CERT": PEM}, True),
        ({"SSL_CLIENT_CERT": FOREIGN.public_bytes(Encoding.PEM).decode()}, False),
        ({"SSL_CLIENT_CERT": ""}, False),
        ({"SSL_CLIENT_CERT": "(null)"}, False),
        ({"HTTP_SSL_CLIENT_CERT": PEM}, False),
        ({"gunicorn.socket": object()}, False),
        ({}, False),
    ],
)
def test_the_environ(environ: dict[str, Any], accepted: bool, certified: str, issuer: FakeIssuer) -> None:
    """A WSGI server hands the certificate over in SSL_CLIENT_CERT, which no header can set."""
    from jwseal.adapters.wsgi import received as received_by_wsgi

    request = received_by_wsgi({"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {certified}", **environ})
    server = ResourceServer(demanding(issuer, "mtls"))
    if accepted:
        assert server.authenticate(request)
        return
    with pytest.raises(Refused) as caught:
        server.authenticate(request)
    assert "sender_mismatch" == caught.value.code


@every_judge
@pytest.mark.parametrize(
    ("sender", "options"),
    [
        ("dpop", {}),
        ("dpop", {"base_url": ""}),
        ("dpop", {"base_url": "api.example"}),
        ("dpop", {"base_url": "ftp://api.example"}),
        ("dpop", {"base_url": "https://"}),
        ("dpop", {"base_url": "https://api.example?x"}),
        ("dpop", {"base_url": "https://api.example#x"}),
        ("dpop", {"base_url": "https://user@api.example"}),
        ("dpop", {"base_url": "https://api.example\n"}),
        ("dpop", {"base_url": BASE, "header": "X-Token"}),
        ("dpop", {"base_url": BASE, "certificate_header": "Client-Cert"}),
        ("mtls", {"base_url": BASE}),
        ("mtls", {"certificate_header": ""}),
        (None, {"base_url": BASE}),
        (None, {"certificate_header": "Client-Cert"}),
    ],
)
def test_what_an_adapter_needs(sender: Any, options: dict[str, str], judging: Any, issuer: FakeIssuer) -> None:
    """A proof needs the public URL; an option that the judge does not use is a mistake, since it would protect nothing."""
    with pytest.raises(PolicyError):
        ResourceServer(judging(issuer, sender), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "base", ["https://api.example/v1", "https://api.example/v1/", "https://api.example:8443/v1", "http://[::1]:80"]
)
def test_a_base_url_with_a_path(base: str, issuer: FakeIssuer) -> None:
    """What a proxy cuts off a path is part of `base_url`."""
    token = issuer.token(cnf={"jkt": JKT})
    server = ResourceServer(demanding(issuer, "dpop"), base_url=base)
    make = Prover(token, now=int(time.time()))
    right = make(htu=f"{base.rstrip('/')}/orders")
    assert server.authenticate(received(authorization=f"DPoP {token}", dpop=right))
    with pytest.raises(Refused):
        server.authenticate(received(authorization=f"DPoP {token}", dpop=make(htu=f"{BASE}/orders")))


def test_two_headers(issuer: FakeIssuer) -> None:
    """A request has exactly one proof (RFC 9449 section 4.3), and one Authorization header."""
    token = issuer.token(cnf={"jkt": JKT})
    proof = Prover(token, now=int(time.time()))()
    server = ResourceServer(demanding(issuer, "dpop"), base_url=BASE)
    for headers in (
        {"dpop": [proof, proof], "authorization": f"DPoP {token}"},
        {"dpop": proof, "authorization": [f"DPoP {token}"] * 2},
    ):
        with pytest.raises(Refused) as caught:
            server.authenticate(received(**headers))  # type: ignore[arg-type]
        assert 401 == caught.value.status
