"""What a network can do to a fetch: every answer ends within its time, within its size, and in a typed error or a set."""

import asyncio
import gzip
import ipaddress
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from certificate import Authority
from judge import refusal
from jwseal import KeySourceUnavailable, PolicyError
from jwseal.remote import RemoteKeySet
from jwseal.remote.address import _is_private
from jwseal.testing import Answer, FakeIssuer
from keyring import answer, key, loaded, publish, token, verifier

JWKS = json.dumps({"keys": [key("a").to_jwk()]}).encode()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority of this test."""
    return Authority(tmp_path)


def remote(url: str, **options: Any) -> RemoteKeySet:
    """A source for this URL."""
    return RemoteKeySet(url, **{"algorithms": ["ES256"], "allow_http_loopback": True, "timeout": 20.0, **options})


MISBEHAVIOUR = {
    "status 500": Answer(500),
    "status 404": Answer(404),
    "empty": Answer.empty(),
    "garbage": Answer.garbage(),
    "10 MB": Answer.oversized(),
    "gzip bomb": Answer.gzip_bomb(),
    "byte by byte": Answer.byte_by_byte(0.05),
    "slow": Answer.slow(5.0),
    "hang-up before the answer": Answer.hang_up(),
    "hang-up within the answer": Answer.hang_up(20),
    "redirect": Answer.redirect("https://elsewhere.example/jwks"),
    "a brotli name": Answer(headers={"Content-Encoding": "br"}),
    "no gzip": Answer(headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("wrong", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_misbehaviour(issuer: FakeIssuer, wrong: Answer) -> None:
    """Cold, each is key_source_unavailable to threads and tasks; warm, the old set serves and an unknown kid is not found."""
    warm = loaded(remote(issuer.jwks_uri, timeout=0.5))
    issuer.reply(wrong)
    cold = [verifier(remote(issuer.jwks_uri, timeout=0.5)) for _ in range(2)]
    for verify in (cold[0].verify, run_async(cold[1])):
        assert refusal(verify, token("a")) == "key_source_unavailable"
    judge = verifier(warm)
    for verify in (judge.verify, run_async(judge)):
        assert verify(token("a")).kid == "a"
        assert refusal(verify, token("b")) == "key_not_found"
    assert (warm.generation, warm.ready) == (1, True)


def run_async(judge: Any) -> Callable[[str], Any]:
    """`verify_async` as a function."""
    return lambda text: asyncio.run(judge.verify_async(text))


def test_wrong_content_type_is_read(issuer: FakeIssuer) -> None:
    """A set is a set under any Content-Type."""
    issuer.reply(Answer.of_type("text/html"))
    assert verifier(remote(issuer.jwks_uri)).verify(token("a")).kid == "a"


def test_a_redirect_connects_nowhere(issuer: FakeIssuer) -> None:
    """A redirect is not followed: no connection is made to where it points."""
    with FakeIssuer(alg=None) as other:
        publish(other, "a")
        issuer.reply(Answer.redirect(other.jwks_uri))
        with pytest.raises(KeySourceUnavailable, match="redirect"):
            remote(issuer.jwks_uri).preload()
        assert other.connections == 0


@pytest.mark.parametrize("packed", [gzip.compress(JWKS), zlib.compress(JWKS)], ids=["gzip", "deflate"])
def test_compressed_answers_are_read(issuer: FakeIssuer, packed: bytes) -> None:
    """A store of files that sends gzip unasked is understood, within the same bound."""
    encoding = "gzip" if packed[:2] == b"\x1f\x8b" else "deflate"
    answer(issuer, 200, packed, content_encoding=encoding)
    assert verifier(remote(issuer.jwks_uri)).verify(token("a")).kid == "a"
    assert (
        refusal(verifier(remote(issuer.jwks_uri, max_bytes=len(JWKS) - 1)).verify, token("a"))
        == "key_source_unavailable"
    )
    assert verifier(remote(issuer.jwks_uri, max_bytes=len(JWKS))).verify(token("a")).kid == "a"
    answer(issuer, 200, packed[:-5], content_encoding=encoding)
    assert refusal(verifier(remote(issuer.jwks_uri)).verify, token("a")) == "key_source_unavailable"


def test_size_is_bounded_to_the_byte(issuer: FakeIssuer) -> None:
    """`max_bytes` are read and not one more, whatever Content-Length says."""
    for body, accepted in ((JWKS.ljust(1_000), True), (JWKS.ljust(1_001), False)):
        answer(issuer, 200, body)
        source = remote(issuer.jwks_uri, max_bytes=1_000)
        if accepted:
            source.preload()
        else:
            with pytest.raises(KeySourceUnavailable, match="more than 1000 bytes"):
                source.preload()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that gives each connection to a function; its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=guarded, args=(connected,), daemon=True).start()

    def guarded(connected: socket.socket) -> None:
        with connected:
            try:
                serve(connected)
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        listening.close()


def drip(text: bytes) -> Callable[[socket.socket], None]:
    """Send a text byte by byte, without end."""

    def serve(connected: socket.socket) -> None:
        while True:
            for octet in text:
                connected.sendall(bytes([octet]))
                time.sleep(0.02)

    return serve


DRIPS = {
    "a header without end": ("http", drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000)),
    "interim answers without end": ("http", drip(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "a TLS handshake without end": ("https", drip(b"\x16\x03\x03\x40\x00\x02")),
    "silence": ("http", lambda connected: time.sleep(30)),
    "silence under TLS": ("https", lambda connected: time.sleep(30)),
}


@pytest.mark.parametrize(("scheme", "serve"), DRIPS.values(), ids=DRIPS)
def test_the_deadline_is_total(scheme: str, serve: Callable[[socket.socket], None]) -> None:
    """However slowly bytes come, header and handshake included, the fetch itself ends at its deadline."""
    with raw_server(serve) as place:
        source = remote(f"{scheme}://{place}/jwks", timeout=0.3, background_timeout=0.3)
        with pytest.raises(KeySourceUnavailable, match=r"no answer within 0\.3 seconds"):
            source.preload()
        end = time.monotonic() + 20
        while source.health.failures == 0 and time.monotonic() < end:
            time.sleep(0.01)
        assert source.health.last_error == f"{scheme}://{place}/jwks: no answer within 0.3 seconds"


SPEECH = {
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "HTTP/0.9": JWKS,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a status that is none": b"HTTP/1.1 9999 OK\r\n\r\n",
    "a header of 200 KB": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n{}",
    "a short body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + JWKS[:100],
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("speech", SPEECH.values(), ids=SPEECH)
def test_what_is_no_http(speech: bytes) -> None:
    """What does not follow HTTP is a failure that quotes nothing of it."""

    def serve(connected: socket.socket) -> None:
        connected.recv(65_536)
        connected.sendall(speech)

    with raw_server(serve) as place:
        source = remote(f"http://{place}/jwks")
        assert refusal(verifier(source).verify, token("a")) == "key_source_unavailable"
        assert "SSH" not in str(source.health.last_error)


def test_no_server(issuer: FakeIssuer) -> None:
    """A server that is not there, and a name that does not exist."""
    url = issuer.jwks_uri
    issuer.close()
    with pytest.raises(KeySourceUnavailable, match="cannot be reached"):
        remote(url).preload()
    with pytest.raises(KeySourceUnavailable, match=r"cannot be resolved|no answer"):
        remote("https://name.invalid/jwks").preload()


def test_tls(authority: Authority) -> None:
    """Keys come over TLS with a certificate of `ca_file`; any other certificate and any other name is refused."""
    with FakeIssuer(alg=None, tls=authority.server()) as issuer:
        publish(issuer, "a")
        source = remote(issuer.jwks_uri, ca_file=authority.file)
        assert verifier(source).verify(token("a")).kid == "a"
        for wrong in (
            remote(issuer.jwks_uri),
            remote(issuer.jwks_uri, system_trust_store=True),
        ):
            with pytest.raises(KeySourceUnavailable, match="certificate of the server is not trusted"):
                wrong.preload()
        other = issuer.jwks_uri.replace("127.0.0.1", "localhost")
        with pytest.raises(KeySourceUnavailable, match="certificate of the server is not trusted"):
            remote(other, ca_file=authority.file).preload()


def test_trust_is_read_again(authority: Authority, tmp_path: Path) -> None:
    """A CA file that is replaced while the program runs counts from the next fetch on."""
    (tmp_path / "other").mkdir()
    file = tmp_path / "ca.pem"
    file.write_bytes(Authority(tmp_path / "other").file.read_bytes())
    with FakeIssuer(alg=None, tls=authority.server()) as issuer:
        publish(issuer, "a")
        source = remote(issuer.jwks_uri, ca_file=file)
        with pytest.raises(KeySourceUnavailable, match="not trusted"):
            source.refresh()
        file.write_bytes(authority.file.read_bytes() + b"\n")
        assert source.refresh() is True
        file.unlink()
        with pytest.raises(KeySourceUnavailable, match="FileNotFoundError"):
            source.refresh()


def test_client_certificate(authority: Authority) -> None:
    """A server that demands a certificate gets the client's."""
    with FakeIssuer(alg=None, tls=authority.server(demand_client=True)) as issuer:
        publish(issuer, "a")
        client = authority.issue("client.example", label="client")
        source = remote(issuer.jwks_uri, ca_file=authority.file, client_certificate=client)
        assert verifier(source).verify(token("a")).kid == "a"
        anonymous = remote(issuer.jwks_uri, ca_file=authority.file)
        assert refusal(verifier(anonymous).verify, token("a")) == "key_source_unavailable"


def test_private_addresses_by_option(authority: Authority) -> None:
    """With `refuse_private_addresses` a name or address that leads to a private network is not connected to."""
    with FakeIssuer(alg=None, tls=authority.server("localhost")) as issuer:
        publish(issuer, "a")
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            url = issuer.jwks_uri.replace("127.0.0.1", host)
            with pytest.raises(KeySourceUnavailable, match="private address"):
                remote(url, ca_file=authority.file, refuse_private_addresses=True).preload()
        assert issuer.connections == 0
        url = issuer.jwks_uri.replace("127.0.0.1", "localhost")
        remote(url, ca_file=authority.file).preload()


ADDRESSES = {
    "10.0.0.1": True,
    "127.0.0.1": True,
    "169.254.169.254": True,
    "172.16.0.1": True,
    "192.168.1.1": True,
    "100.64.0.1": True,
    "0.0.0.0": True,
    "224.0.0.1": True,
    "255.255.255.255": True,
    "::1": True,
    "::": True,
    "fe80::1": True,
    "fd00::1": True,
    "ff02::1": True,
    "::ffff:10.0.0.1": True,
    "64:ff9b::a00:1": True,
    "2002:a00:1::": True,
    "2002:5db8:d822::1": True,  # 6to4
    "2001::1": True,
    "2001:0:5db8:d822::1": True,  # Teredo
    "64:ff9b:1::a00:1": True,  # NAT64 of one's own (RFC 8215)
    "fec0::1": True,  # site-local (RFC 3879)
    "::10.0.0.1": True,  # compatible with IPv4 (RFC 4291)
    "::93.184.216.34": True,
    "::ffff:0:10.0.0.1": True,  # translated (RFC 2765)
    "5f00::1": True,  # segment routing (RFC 9602)
    "4000::1": True,  # not assigned
    "100::1": True,
    "2001:db8::1": True,
    "2001:20::1": True,
    "3fff::1": True,
    "192.0.0.9": True,
    "192.0.2.1": True,
    "192.88.99.1": True,
    "198.18.0.1": True,
    "198.51.100.1": True,
    "203.0.113.1": True,
    "240.0.0.1": True,
    "::ffff:93.184.216.34": False,
    "93.184.216.34": False,
    "2606:2800:220:1::1": False,
    "64:ff9b::5db8:d822": False,
}


@pytest.mark.parametrize(("address", "private"), ADDRESSES.items())
def test_which_addresses_are_private(address: str, private: bool) -> None:
    """Private, local, shared, multicast, and every IPv6 form that leads to one of these."""
    assert _is_private(ipaddress.ip_address(address)) is private


def test_private_addresses_and_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy resolves names itself, so the rule about addresses cannot be kept: PolicyError."""
    monkeypatch.setenv("HTTPS_PROXY", "http://gateway.example:8080")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    with pytest.raises(PolicyError, match="proxy"):
        remote("https://id.example/jwks", refuse_private_addresses=True)
    remote("https://inside.example/jwks", refuse_private_addresses=True)
    with pytest.raises(PolicyError, match="transport"):
        remote("https://inside.example/jwks", refuse_private_addresses=True, transport=httpx.HTTPTransport())


def test_proxy_of_the_environment(issuer: FakeIssuer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS goes through the proxy that the environment names, by CONNECT, with its credentials."""
    asked: list[bytes] = []

    def serve(connected: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connected.recv(65_536)
        asked.append(request)
        with socket.create_connection(("127.0.0.1", inner)) as onward:
            connected.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, connected), daemon=True)
            back.start()
            pump(connected, onward)
            back.join(10)

    def pump(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65_536):
            target.sendall(data)

    with FakeIssuer(alg=None, tls=authority.server("id.example")) as behind, raw_server(serve) as place:
        publish(behind, "a")
        inner = int(behind.origin.rpartition(":")[2])
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@{place}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        source = remote("https://id.example/jwks", ca_file=authority.file)
        assert verifier(source).verify(token("a")).kid == "a"
    assert asked[0].startswith(b"CONNECT id.example:443 HTTP/1.1\r\n")
    assert b"authorization: basic dxnlcjp3b3jk" in asked[0].lower()


def test_transport_is_injectable() -> None:
    """Any httpx transport can fetch; the request is the same, and what it raises is a failure."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/fails":
            raise httpx.ConnectTimeout("sealed")
        return httpx.Response(200, content=JWKS)

    source = remote("https://id.example/jwks", transport=httpx.MockTransport(handle))
    assert verifier(source).verify(token("a")).kid == "a"
    assert seen[0].headers["user-agent"].startswith("jwseal/")
    failing = remote("https://id.example/fails", transport=httpx.MockTransport(handle))
    with pytest.raises(KeySourceUnavailable, match="no answer within 20 seconds"):
        failing.preload()


def test_token_goes_to_the_declared_server_alone(tmp_path: Path) -> None:
    """A URL that is found at another server gets no bearer token."""
    file = tmp_path / "token"
    file.write_text("credential")
    seen: dict[str, str | None] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("authorization")
        return httpx.Response(200, content=JWKS)

    class Elsewhere(RemoteKeySet):
        def _locate(self, get: Callable[[str], bytes]) -> list[str]:
            get("https://id.example/metadata")
            return ["https://keys.example/jwks"]

    source = Elsewhere(
        "https://id.example/metadata",
        algorithms=["ES256"],
        token_file=file,
        transport=httpx.MockTransport(handle),
    )
    source.preload()
    assert seen == {"id.example": "Bearer credential", "keys.example": None}
