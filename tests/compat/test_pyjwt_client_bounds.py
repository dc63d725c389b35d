"""`PyJWKClient` of `jwseal.compat.pyjwt` against endpoints that go wrong: it ends in time, within bounds, with its own error.

Each endpoint is a FakeIssuer. A refused answer leaves the keys that were fetched before.
"""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from authority import issue, named
from jwseal.compat import pyjwt as layer
from jwseal.compat.pyjwt import bounded_fetch
from jwseal.errors import KeySourceUnavailable
from jwseal.testing import Answer, FakeIssuer

WRONG = {
    "500": Answer(500),
    "404": Answer(404),
    "redirect": Answer.redirect("https://other.example/jwks"),
    "hang-up": Answer.hang_up(),
    "hang-up within the body": Answer.hang_up(20),
    "10 MB": Answer.oversized(),
    "slow": Answer.slow(60),
    "byte by byte": Answer.byte_by_byte(0.05),
}
NO_SET = {
    "empty": Answer.empty(),
    "garbage": Answer.garbage(),
    "gzip bomb": Answer.gzip_bomb(100_000_000),
    "no keys": Answer(body=b'{"keys":[]}'),
    "cut off without a length": Answer(headers={"Content-Length": None, "Connection": "close"}, cut=30),
}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """A running issuer."""
    with FakeIssuer() as made:
        yield made


def client(issuer: FakeIssuer, **options: Any) -> Any:
    """A client of this issuer that waits half a second for a response."""
    return layer.PyJWKClient(issuer.jwks_uri, timeout=0.5, **options)


@pytest.mark.parametrize("name", WRONG)
def test_no_answer(issuer: FakeIssuer, name: str) -> None:
    """An answer that fails, is too large or too slow is PyJWT's connection error, which is also jwseal's 503."""
    made = client(issuer)
    kept = made.get_signing_key_from_jwt(issuer.token()).key_id
    issuer.reply(WRONG[name])
    for asked in (made, client(issuer)):
        with pytest.raises(layer.PyJWKClientConnectionError, match="Fail to fetch data from the url") as caught:
            asked.get_jwk_set(refresh=True)
        assert isinstance(caught.value, KeySourceUnavailable)
    assert kept == made.get_signing_key(kept).key_id


@pytest.mark.parametrize("name", NO_SET)
def test_no_set(issuer: FakeIssuer, name: str) -> None:
    """A body that is no JWK Set is an error of the client, and leaves the keys that were fetched before."""
    made = client(issuer)
    kept = made.get_signing_key_from_jwt(issuer.token()).key_id
    issuer.reply(NO_SET[name])
    with pytest.raises(layer.PyJWTError):
        made.get_jwk_set(refresh=True)
    assert kept == made.get_signing_key(kept).key_id


def test_the_largest_response(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response of exactly the bound is read, one byte more is not."""
    body = issuer.jwks()
    size = 2_000
    monkeypatch.setattr(bounded_fetch, "_LARGEST", size)
    issuer.publish({"pad": ""})
    length = len(json.dumps(issuer.jwks()))
    issuer.publish({"pad": "x" * (size - length)})
    assert len(body["keys"]) + 1 == len(client(issuer).fetch_data()["keys"])
    issuer.publish({"pad": "x" * (size - length + 1)})
    with pytest.raises(layer.PyJWKClientConnectionError, match="larger than 2000 bytes"):
        client(issuer).fetch_data()


def test_headers_that_drip() -> None:
    """The deadline holds for the status line and the headers too, not for the body alone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            made = layer.PyJWKClient(f"http://127.0.0.1:{listener.getsockname()[1]}/jwks", timeout=0.3)
            with pytest.raises(layer.PyJWKClientConnectionError, match="timed out"):
                made.fetch_data()
        finally:
            stop.set()
            thread.join()


def test_rotation(issuer: FakeIssuer) -> None:
    """A new key is found by the first token that names it, once the cooldown has passed."""
    made = client(issuer, cooldown_duration=0)
    made.get_signing_key_from_jwt(issuer.token())
    issuer.rotate()
    token = issuer.token()
    key = made.get_signing_key_from_jwt(token)
    assert "alice" == layer.decode(token, key, algorithms=["ES256"], audience="api", issuer=issuer.url)["sub"]
    assert 2 == issuer.count()


def test_a_known_kid_waits_for_no_fetch(issuer: FakeIssuer) -> None:
    """While a fetch for an unknown kid is under way, a kid of the cached set is answered at once."""
    made = layer.PyJWKClient(issuer.jwks_uri, timeout=30, cooldown_duration=0)
    known = made.get_signing_key_from_jwt(issuer.token()).key_id
    asked, answer = threading.Event(), threading.Event()

    def fetch() -> Any:
        asked.set()
        answer.wait(30)
        raise layer.PyJWKClientConnectionError("down")

    made.fetch_data = fetch

    def refused() -> None:
        with pytest.raises(layer.PyJWKClientError):
            made.get_signing_key("unknown")

    waiting = threading.Thread(target=refused)
    waiting.start()
    try:
        assert asked.wait(30)
        found: list[str] = []
        other = threading.Thread(target=lambda: found.append(made.get_signing_key(known).key_id))
        other.start()
        other.join(20)
        assert [known] == found
    finally:
        answer.set()
        waiting.join()


def test_failed_fetches_cool_down(issuer: FakeIssuer) -> None:
    """While the endpoint is down, unknown kids cause one fetch within the cooldown."""
    made = client(issuer)
    known = made.get_signing_key_from_jwt(issuer.token()).key_id
    issuer.reply(Answer(500))
    made._last_successful_fetch -= 60
    with pytest.raises(layer.PyJWKClientConnectionError):
        made.get_signing_key("unknown")
    for number in range(10):
        with pytest.raises(layer.PyJWKClientError, match="Unable to find a signing key"):
            made.get_signing_key(f"unknown {number}")
    assert 2 == issuer.count()
    assert known == made.get_signing_key(known).key_id


def test_published_secrets(issuer: FakeIssuer) -> None:
    """A secret in a published set is never a signing key."""
    secret = {"kty": "oct", "kid": "s", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
    public = layer.PyJWKClient(issuer.jwks_uri).fetch_data()["keys"]
    issuer.reply(Answer(body=json.dumps({"keys": [secret, *public]}).encode()), times=2)
    assert ["key-1"] == [key.key_id for key in client(issuer).get_signing_keys()]
    with pytest.raises(layer.PyJWKClientError, match="Unable to find a signing key"):
        client(issuer).get_signing_key("s")
    issuer.reply(Answer(body=json.dumps({"keys": [secret]}).encode()))
    with pytest.raises(layer.PyJWKClientError, match="did not contain any signing keys"):
        client(issuer).get_signing_keys()


def test_tls(tmp_path: Path) -> None:
    """Over TLS the context of the caller's decides, and the bounds are the same."""
    now, here = time.time(), named(x509.IPAddress(ip_address("127.0.0.1")))
    certified = issue("here", start=now - 3_600, end=now + 3_600, extensions=(here,))
    file, pem = tmp_path / "here.pem", serialization.Encoding.PEM
    private = certified.private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certified.pem)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(file)
    client_tls = ssl.create_default_context(cadata=certified.pem.decode())
    with FakeIssuer(tls=server_tls) as issuer:
        assert ["key-1"] == [key.key_id for key in client(issuer, ssl_context=client_tls).get_signing_keys()]
        with pytest.raises(layer.PyJWKClientConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            client(issuer).get_signing_keys()
        issuer.reply(Answer.byte_by_byte(0.05))
        with pytest.raises(layer.PyJWKClientConnectionError, match="timed out"):
            client(issuer, ssl_context=client_tls).fetch_data()
