"""`jwseal.testing.FakeIssuer`: what it publishes, signs and records, and each way in which it goes wrong on command.

The client here is `http.client`, which follows no redirect, unpacks nothing and repeats nothing.
"""

import gzip
import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import forge
from jwseal import KeySet, Policy, SecretKey, SigningKey, Verifier, insecure
from jwseal.errors import InvalidSignature, KeyNotFound
from jwseal.testing import Answer, FakeIssuer


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """A running issuer."""
    with FakeIssuer() as made:
        yield made


def fetch(url: str, headers: dict[str, str] | None = None, timeout: float = 10) -> http.client.HTTPResponse:
    """The response to one request on a connection of its own; its body is in `.said`."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        connection.request("GET", "/" + path, headers=headers or {})
        response = connection.getresponse()
        response.said = response.read()  # type: ignore[attr-defined]
        return response
    finally:
        connection.close()


def said(url: str) -> Any:
    """The JSON document of a URL."""
    return json.loads(fetch(url).said)  # type: ignore[attr-defined]


def kids(issuer: FakeIssuer) -> list[str]:
    """The kids that the endpoint publishes now."""
    return [jwk["kid"] for jwk in said(issuer.jwks_uri)["keys"]]


def test_a_token_verifies_with_what_is_published(fake_issuer: FakeIssuer) -> None:
    """The fixture's tokens are those of a provider: the published set verifies them, with issuer and audience checked."""
    keys = KeySet.from_jwks(fetch(fake_issuer.jwks_uri).said)  # type: ignore[attr-defined]
    verifier = Verifier(keys, Policy(issuer=fake_issuer.url, audience="api"))
    verified = verifier.verify(fake_issuer.token(sub="bob", scope="read"))
    assert ("bob", "read", "key-1") == (verified["sub"], verified["scope"], verified.kid)


@pytest.mark.parametrize("alg", [alg for alg in forge.PUBLIC_ALGS if not alg.startswith(("RS", "PS"))] + ["RS256"])
def test_every_algorithm(alg: Any) -> None:
    """A key of any algorithm that can be made can be published and signed with."""
    with FakeIssuer(alg=alg, kid="k") as issuer:
        keys = KeySet.from_jwks(issuer.jwks())
        assert "alice" == Verifier(keys, Policy(issuer=issuer.url, audience="api")).verify(issuer.token())["sub"]
        assert [alg] == issuer.discovery()["id_token_signing_alg_values_supported"]


def test_a_secret_is_not_published(issuer: FakeIssuer) -> None:
    """HMAC keys sign and are not in the set."""
    kid = issuer.add_key("HS256", "hmac")
    issuer.use(kid)
    assert ["key-1"] == kids(issuer)
    secret = issuer.key()
    assert isinstance(secret, SecretKey)
    assert "hmac" == Verifier(secret, Policy(issuer=issuer.url, audience="api")).verify(issuer.token()).kid


def test_metadata(issuer: FakeIssuer) -> None:
    """Both forms of metadata name the issuer and its set, where their specifications put them."""
    tenant = issuer.another("/tenant", alg="ES384")
    for one, suffix in ((issuer, ""), (tenant, "/tenant")):
        document = said(f"{one.url}/.well-known/openid-configuration")
        assert document == said(f"{one.origin}/.well-known/oauth-authorization-server{suffix}")
        assert (one.url, one.jwks_uri) == (document["issuer"], document["jwks_uri"])
    tenant.metadata = {"issuer": "https://other.example", "jwks_uri": ...}
    document = said(f"{tenant.url}/.well-known/openid-configuration")
    assert ("https://other.example", False) == (document["issuer"], "jwks_uri" in document)


def test_issuers_on_one_server_share_no_keys(issuer: FakeIssuer) -> None:
    """Issuers under different paths of one server have keys, tokens and counts of their own."""
    other = issuer.another("/other")
    assert issuer.origin == other.origin
    keys = KeySet.from_jwks(said(other.jwks_uri))
    verifier = Verifier(keys, Policy(issuer=other.url, audience="api"))
    assert other.url == verifier.verify(other.token())["iss"]
    with pytest.raises(InvalidSignature):
        verifier.verify(issuer.token())
    assert (0, 1, 1) == (issuer.count(), other.count(), len(issuer.requests))


def test_rotation(issuer: FakeIssuer) -> None:
    """A new key is published, then used, then the old one withdrawn; tokens of the withdrawn key can still be made."""
    assert "key-2" == issuer.rotate()
    assert ["key-1", "key-2"] == kids(issuer)
    assert "key-2" == insecure.header_unverified(issuer.token())["kid"]
    issuer.withdraw("key-1")
    assert ["key-2"] == kids(issuer)
    verifier = Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"))
    with pytest.raises(KeyNotFound):
        verifier.verify(issuer.token(kid="key-1"))
    issuer.use("key-1")
    assert "key-1" == insecure.header_unverified(issuer.token())["kid"]
    with pytest.raises(KeyError):
        issuer.use("unknown")


def test_tokens_that_are_wrong(issuer: FakeIssuer) -> None:
    """Claims and header members can be changed and left out, and any key can sign."""
    token = issuer.token({"iss": "x"}, sub=..., exp=..., aud=["a", "b"], headers={"typ": ..., "kid": "other"})
    unverified = insecure.read_unverified(token)
    assert {"iss", "aud", "iat"} == set(unverified.claims)
    assert {"alg": "ES256", "kid": "other"} == unverified.header
    foreign = SigningKey.generate("ES384", kid="foreign")
    assert {"alg": "ES384", "typ": "JWT", "kid": "foreign"} == insecure.header_unverified(issuer.token(key=foreign))


def test_the_clock_is_the_callers(issuer: FakeIssuer) -> None:
    """The times of tokens come from `clock`."""
    issuer.clock = lambda: 1_700_000_000
    claims = insecure.read_unverified(issuer.token(expires_in=60)).claims
    assert (1_700_000_000, 1_700_000_060) == (claims["iat"], claims["exp"])


def test_members_of_published_keys(issuer: FakeIssuer) -> None:
    """A published JWK can have members added and left out, and any value can stand beside the keys."""
    issuer.add_key("ES256", "entra", members={"alg": ..., "issuer": "https://login.example/{tenantid}/v2.0"})
    jwk = said(issuer.jwks_uri)["keys"][1]
    assert ("https://login.example/{tenantid}/v2.0", False) == (jwk["issuer"], "alg" in jwk)
    issuer.publish("text", None)
    assert ["text", None] == said(issuer.jwks_uri)["keys"][2:]


@pytest.mark.parametrize(
    ("call", "usable", "skipped"),
    [
        (FakeIssuer.publish_duplicate_kid, [], 2),
        (FakeIssuer.publish_unknown_kty, ["key-1"], 1),
    ],
)
def test_sets_that_are_wrong(issuer: FakeIssuer, call: Any, usable: list[str], skipped: int) -> None:
    """Sets with a kid twice, or with an unknown kty, are published on command."""
    issuer.add_key("ES384", "fine")
    call(issuer)
    keys = KeySet.from_jwks(said(issuer.jwks_uri))
    assert ([*usable, "fine"], skipped) == ([key.kid for key in keys], len(keys.skipped))


def test_a_set_with_private_members(issuer: FakeIssuer) -> None:
    """A set with a private key and a secret is published on command."""
    issuer.publish_private_key()
    _, private, secret = said(issuer.jwks_uri)["keys"]
    assert ("d" in private, secret["kty"]) == (True, "oct")


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (Answer(500), 500, None),
        (Answer(404, body=b"gone"), 404, b"gone"),
        (Answer.empty(), 200, b""),
        (Answer.garbage(), 200, bytes(range(256))),
        (Answer.redirect("https://other.example/jwks", 307), 307, None),
        (Answer.of_type("text/html"), 200, None),
        (Answer.slow(0.01), 200, None),
        (Answer.byte_by_byte(0.0001), 200, None),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_answers(issuer: FakeIssuer, answer: Answer, status: int, body: bytes | None) -> None:
    """An answer changes status, headers, body or pace, and leaves the rest as it was."""
    issuer.reply(answer)
    response = fetch(issuer.jwks_uri)
    document = json.dumps(issuer.jwks()).encode()
    assert (status, document if body is None else body) == (response.status, response.said)  # type: ignore[attr-defined]
    for name, value in answer.headers.items():
        assert value == response.headers[name]


def test_answers_in_turn(issuer: FakeIssuer) -> None:
    """Answers are used up in order, and `recover` ends them."""
    issuer.reply(Answer(500), times=2)
    issuer.reply(Answer(503))
    assert [500, 500, 503, 503] == [fetch(issuer.jwks_uri).status for _ in range(4)]
    issuer.recover()
    assert (200, 5) == (fetch(issuer.jwks_uri).status, issuer.count())


def test_oversized(issuer: FakeIssuer) -> None:
    """A set of 10 MB is JSON, announces its length and has exactly that many bytes."""
    issuer.reply(Answer.oversized())
    response = fetch(issuer.jwks_uri)
    assert "10000000" == response.headers["content-length"]
    assert 10_000_000 == len(response.said)  # type: ignore[attr-defined]
    assert {"keys": []} == json.loads(response.said)  # type: ignore[attr-defined]


def test_gzip_bomb(issuer: FakeIssuer) -> None:
    """The bomb is small on the wire and a set of the promised size when it is unpacked."""
    issuer.reply(Answer.gzip_bomb(5_000_000))
    response = fetch(issuer.jwks_uri)
    assert "gzip" == response.headers["content-encoding"]
    assert len(response.said) < 10_000  # type: ignore[attr-defined]
    assert 5_000_000 == len(gzip.decompress(response.said))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("after", "error"),
    [(-1, http.client.RemoteDisconnected), (0, http.client.IncompleteRead), (9, http.client.IncompleteRead)],
)
def test_hang_up(issuer: FakeIssuer, after: int, error: type[Exception]) -> None:
    """A connection is closed before the status line, or within the body."""
    issuer.reply(Answer.hang_up(after), times=1)
    with pytest.raises(error):
        fetch(issuer.jwks_uri)
    assert 200 == fetch(issuer.jwks_uri).status


def test_answers_in_reverse_order(issuer: FakeIssuer) -> None:
    """What arrived first can be answered last, with the set as it was when it arrived."""
    gate = issuer.hold()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kids, issuer)
        assert gate.arrived(1)
        issuer.rotate()
        second = pool.submit(kids, issuer)
        assert gate.arrived(2)
        gate.release(1)
        assert ["key-1", "key-2"] == second.result(10)
        assert not first.done()
        gate.open()
        assert ["key-1"] == first.result(10)


def test_headers_and_validators(issuer: FakeIssuer) -> None:
    """Freshness headers are sent as told, and a validator that still holds is answered with 304."""
    issuer.headers = {"Cache-Control": "max-age=60", "Expires": "Thu, 01 Jan 2026 00:00:00 GMT"}
    issuer.conditional = ("ETag", "Last-Modified")
    response = fetch(issuer.jwks_uri)
    assert "max-age=60" == response.headers["cache-control"]
    assert "Thu, 01 Jan 2026 00:00:00 GMT" == response.headers["expires"]
    ask = [{"If-None-Match": response.headers["etag"]}, {"If-Modified-Since": response.headers["last-modified"]}]
    assert [304, 304] == [fetch(issuer.jwks_uri, headers).status for headers in ask]
    issuer.rotate()
    assert [200, 200] == [fetch(issuer.jwks_uri, headers).status for headers in ask]


def test_requests_are_recorded(issuer: FakeIssuer) -> None:
    """Each request is kept with its headers, for paths that do not exist too."""
    fetch(issuer.jwks_uri, {"X-Name": "value"})
    assert 404 == fetch(issuer.url + "/elsewhere").status
    assert ["/jwks", "/elsewhere"] == [request.path for request in issuer.requests]
    assert ("GET", "value") == (issuer.requests[0].method, issuer.requests[0].headers["x-name"])
    assert (1, 1, 2) == (issuer.count(), issuer.count("/elsewhere"), issuer.connections)


def test_documents_of_the_callers(issuer: FakeIssuer) -> None:
    """Any document can be served, and go wrong as the set does."""
    url = issuer.serve("/certs", {"a": "PEM"})
    assert {"a": "PEM"} == said(url)
    issuer.reply(Answer(500), to="/certs")
    assert 500 == fetch(url).status


def test_a_provider_that_goes_away_and_comes_back(issuer: FakeIssuer) -> None:
    """Closed, the issuer refuses connections; started again it has the same name and keys."""
    url = issuer.url
    assert ["key-1"] == kids(issuer)
    issuer.close()
    with pytest.raises(OSError):
        fetch(issuer.jwks_uri)
    issuer.start()
    assert (url, ["key-1"]) == (issuer.url, kids(issuer))


def test_closing_leaves_no_thread(issuer: FakeIssuer) -> None:
    """Connections that clients keep open, drip or wait at a gate end when the server does."""
    before = threading.active_count()
    issuer.reply(Answer.byte_by_byte(5), times=1)
    issuer.hold()
    clients = [socket.create_connection(("127.0.0.1", int(issuer.origin.rpartition(":")[2]))) for _ in range(3)]
    clients[0].sendall(b"GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n")
    clients[0].recv(1)  # the first answer is this client's, whichever thread runs first
    clients[1].sendall(b"GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n")
    issuer.close()
    assert before - 1 == threading.active_count()
    for client in clients:
        client.close()


def test_tls(tmp_path: Any) -> None:
    """With a context the server speaks TLS, and a client that does not trust it gets no answer."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with FakeIssuer(tls=context) as issuer:
        port = int(issuer.origin.removeprefix("https://127.0.0.1:"))
        trusting = ssl.create_default_context(cafile=str(file))
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting)
        connection.request("GET", "/jwks")
        assert issuer.jwks() == json.loads(connection.getresponse().read())
        connection.close()
        doubting = http.client.HTTPSConnection("127.0.0.1", port)
        with pytest.raises(ssl.SSLCertVerificationError):
            doubting.request("GET", "/jwks")
        doubting.close()
        assert 1 == len(issuer.requests)


@pytest.mark.parametrize("path", ["x", "/x/", "/"])
def test_paths(path: str) -> None:
    """A path starts with a slash and ends without one."""
    with pytest.raises(ValueError, match="slash"):
        FakeIssuer(path=path)


def test_not_started() -> None:
    """An issuer that has never listened has no URL, and says what to do."""
    with pytest.raises(RuntimeError, match="with"):
        FakeIssuer().url  # noqa: B018


def test_nothing_keeps_the_interpreter() -> None:
    """A program that forgets to close its issuer ends."""
    program = "from jwseal.testing import FakeIssuer; FakeIssuer().start(); print('end')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "end" == done.stdout.strip()
