"""Certificate-bound tokens over real TLS connections: what each server shows of its client, and what each adapter makes of it.

An authority of the test's own issues the certificates of server and clients (RFC 8705 section 3).
"""

import asyncio
import hashlib
import http.client
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

import protected_grpc
from certificate import Authority
from judges import JUDGES
from jwseal.testing import FakeIssuer
from proofs import b64
from protected_apps import SCOPE, needed
from protected_grpc import grpc
from server_process import free_port, serving


class Client:
    """A client with a certificate, and a token that is bound to it."""

    def __init__(self, authority: Authority, label: str, issuer: FakeIssuer) -> None:
        self.file = authority.issue("client.example", label=label)
        self.pem = self.file.read_text().split("-----BEGIN PRIVATE")[0]
        der = ssl.PEM_cert_to_DER_cert(self.pem)
        self.token = issuer.token(scope=SCOPE, cnf={"x5t#S256": b64(hashlib.sha256(der).digest())})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issues all certificates here."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def alice(authority: Authority, issuer: FakeIssuer) -> Client:
    """The client whose token it is."""
    return Client(authority, "alice", issuer)


@pytest.fixture(scope="module")
def mallory(authority: Authority, issuer: FakeIssuer) -> Client:
    """Another client of the same authority."""
    return Client(authority, "mallory", issuer)


def ask(url: str, authority: Authority, client: Client | None, token: str, **headers: str) -> tuple[int, str]:
    """The status and the start of the challenge of a request over TLS with this client's certificate."""
    parts, context = urlsplit(url), ssl.create_default_context(cafile=authority.file)
    if client:
        context.load_cert_chain(client.file)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=30)
    fields = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        connection.request("GET", "/orders", headers=fields)
        answer = connection.getresponse()
        answer.read()
        return answer.status, (answer.getheader("WWW-Authenticate") or "")[:28]
    finally:
        connection.close()


REFUSED = (401, 'Bearer error="invalid_token"')
# Servers and what runs on them. uvicorn has the TLS extension by a protocol class of the test's own.
SHOWN = [
    ("uvicorn", "asgi", "verifier"),
    ("uvicorn", "fastapi", "authorizer"),
    ("uvicorn", "starlette", "issuers"),
    ("uvicorn", "litestar", "authorizer"),
    ("uvicorn", "quart", "remote"),
    ("uvicorn", "django_async", "authorizer"),
    ("gunicorn", "wsgi", "authorizer"),
    ("gunicorn", "flask", "verifier"),
    ("gunicorn", "django", "authorizer"),
    ("gunicorn", "rest_framework", "issuers"),
    ("werkzeug", "flask", "authorizer"),
    ("werkzeug", "wsgi", "verifier"),
    ("aiohttp", "aiohttp", "authorizer"),
]


@pytest.mark.parametrize(("server", "name", "judge"), SHOWN)
def test_the_certificate_of_the_connection(
    server: str, name: str, judge: str, authority: Authority, alice: Client, mallory: Client, issuer: FakeIssuer
) -> None:
    """A token is accepted over the connection of its own client alone, whatever the headers say."""
    needed(server)
    escaped = quote(alice.pem)
    with serving(server, name, issuer, judge=judge, sender="mtls", tls=authority) as url:
        assert 200 == ask(url, authority, alice, alice.token)[0]
        for client, token in ((mallory, alice.token), (None, alice.token), (alice, mallory.token)):
            assert REFUSED == ask(url, authority, client, token)
        bearer = issuer.token(scope=SCOPE)
        assert 401 == ask(url, authority, alice, bearer)[0]
        for header in ("Client_Cert", "SSL_Client_Cert", "X_SSL_Client_Cert"):
            assert 401 == ask(url, authority, mallory, alice.token, **{header: escaped})[0]
            assert 401 == ask(url, authority, None, alice.token, **{header: escaped})[0]
        assert 200 == ask(url, authority, alice, alice.token, Client_Cert=quote(mallory.pem))[0]


@pytest.mark.parametrize(("server", "name"), [("granian", "asgi"), ("granian", "wsgi"), ("hypercorn", "asgi")])
def test_a_server_that_shows_no_certificate(
    server: str, name: str, authority: Authority, alice: Client, mallory: Client, issuer: FakeIssuer
) -> None:
    """Where the server tells the application nothing, every token is refused, those of the right client too."""
    needed(server)
    with serving(server, name, issuer, sender="mtls", tls=authority) as url:
        for client in (alice, mallory):
            assert REFUSED == ask(url, authority, client, alice.token)


def test_a_certificate_of_another_authority(
    authority: Authority, alice: Client, issuer: FakeIssuer, tmp_path: Path
) -> None:
    """The TLS server refuses a certificate that its authority did not issue, so that the application never sees it."""
    needed("gunicorn")
    foreign = Client(Authority(tmp_path, "foreign"), "foreign-client", issuer)
    with serving("gunicorn", "wsgi", issuer, sender="mtls", tls=authority) as url:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            ask(url, authority, foreign, foreign.token)
        assert 200 == ask(url, authority, alice, alice.token)[0]


# gRPC.


def call(address: str, authority: Authority, client: Client | None, token: str, kind: str) -> str:
    """The status of a call over TLS."""
    pem = client.file.read_bytes() if client else None
    private = pem and pem[pem.index(b"-----BEGIN PRIVATE") :]
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes(), private, pem)
    with grpc.secure_channel(address, credentials) as channel:
        given: Any = iter([b"", b""]) if kind.startswith("stream") else b""
        metadata = (("authorization", f"Bearer {token}"), ("client-cert", quote(client.pem) if client else ""))
        try:
            made = getattr(channel, kind)(f"/orders/{kind}")(given, metadata=metadata)
            return f"OK {(b' '.join(made) if kind.endswith('stream') else made).decode()}"
        except grpc.RpcError as error:
            return str(error.code().name)


@pytest.mark.parametrize("kind_of_judge", ["verifier", "authorizer"])
@pytest.mark.parametrize("server", protected_grpc.SERVERS)
def test_calls(
    server: str,
    kind_of_judge: str,
    authority: Authority,
    alice: Client,
    mallory: Client,
    issuer: FakeIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gRPC's server shows the certificate to each kind of method; a call over another connection ends UNAUTHENTICATED."""
    file = authority.issue(label="grpc").read_bytes()
    private = file[file.index(b"-----BEGIN PRIVATE") :]
    credentials = grpc.ssl_server_credentials([(private, file)], authority.file.read_bytes(), True)
    judge = JUDGES[kind_of_judge](issuer.url, issuer.jwks(), issuer.jwks_uri, sender="mtls")
    monkeypatch.setattr(protected_grpc, "CREDENTIALS", credentials)
    with protected_grpc.SERVERS[server](judge) as address:
        for kind in protected_grpc.KINDS:
            right = call(address, authority, alice, alice.token, kind)
            assert ("OK alice alice" if kind.endswith("stream") else "OK alice") == right
            assert "UNAUTHENTICATED" == call(address, authority, mallory, alice.token, kind)
            assert "UNAUTHENTICATED" == call(address, authority, alice, issuer.token(scope=SCOPE), kind)
            unscoped = issuer.token(cnf={"x5t#S256": thumbprint(alice)})
            assert "PERMISSION_DENIED" == call(address, authority, alice, unscoped, kind)
        assert "UNAVAILABLE" == call(address, authority, None, alice.token, "unary_unary")


def test_methods_of_other_kinds() -> None:
    """A method of grpc.aio that is no `async def` is a mistake, where it would have to be called late; one may call context.write."""
    needed("grpc")
    from jwseal.adapters.grpc_method import after, behaviour_of

    order: list[str] = []

    async def first(_: Any) -> None:
        order.append("first")

    async def writing(_: Any, __: Any) -> None:
        order.append("write")

    async def run() -> None:
        wrapped = after(first, grpc.unary_stream_rpc_method_handler(writing))
        assert [] == [one async for one in behaviour_of(wrapped)(b"", None)]

    asyncio.run(run())
    assert ["first", "write"] == order
    late = after(first, grpc.unary_unary_rpc_method_handler(lambda *_: b""))
    with pytest.raises(TypeError, match="async def"):
        asyncio.run(behaviour_of(late)(b"", None))
    assert ["first", "write", "first"] == order


def thumbprint(client: Client) -> str:
    """The hash of a client's certificate."""
    return b64(hashlib.sha256(ssl.PEM_cert_to_DER_cert(client.pem)).digest())


# nginx in front.

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {file};
        ssl_certificate_key {file};
        ssl_client_certificate {ca};
        ssl_verify_client optional;
        location / {{
            proxy_set_header Client-Cert $ssl_client_escaped_cert;
            proxy_pass {url};
        }}
    }}
}}
"""


@pytest.fixture(params=[("uvicorn", "asgi"), ("gunicorn", "flask")], ids=lambda pair: pair[0])
def behind_nginx(
    request: pytest.FixtureRequest, authority: Authority, issuer: FakeIssuer, tmp_path: Path
) -> Iterator[str]:
    """The URL of an nginx process in front of an application whose operator named the header `Client-Cert`."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("nginx is not installed")
    server, name = request.param
    needed(server)
    with serving(server, name, issuer, sender="mtls by header") as url:
        port, file = free_port(), tmp_path / "nginx.conf"
        file.write_text(
            CONFIGURATION.format(folder=tmp_path, port=port, file=authority.issue(), ca=authority.file, url=url)
        )
        command = [nginx, "-c", str(file), "-p", str(tmp_path), "-e", "stderr"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, process.communicate()[0].decode()
                threading.Event().wait(0.05)
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_behind_nginx(
    behind_nginx: str, authority: Authority, alice: Client, mallory: Client, issuer: FakeIssuer
) -> None:
    """nginx verifies the client and passes its certificate on; it replaces what a client sends under that name."""
    escaped = quote(alice.pem)
    assert 200 == ask(behind_nginx, authority, alice, alice.token)[0]
    for client in (mallory, None):
        assert REFUSED == ask(behind_nginx, authority, client, alice.token)
        assert 401 == ask(behind_nginx, authority, client, alice.token, Client_Cert=escaped)[0]
        assert 401 == ask(behind_nginx, authority, client, alice.token, X_SSL_Client_Cert=escaped)[0]
    assert 401 == ask(behind_nginx, authority, alice, issuer.token(scope=SCOPE))[0]
