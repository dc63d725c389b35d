"""The MCP SDK's and FastMCP's token verifiers, behind `protect`, on the servers that those libraries build."""

import asyncio
import http.client
import logging
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

import protected_apps
from jwseal import Verifier
from jwseal.testing import Client, FakeIssuer, assert_protected

URL = "https://tools.example/mcp"
INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"test","version":"1"}}}'
)
WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp"


def sdk(judge: Any, issuer: FakeIssuer, **options: Any) -> Any:
    """A server of the SDK."""
    protected_apps.needed("mcp")
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.mcpserver import MCPServer

    from jwseal.adapters.mcp import JWTVerifier, protect

    tokens = JWTVerifier(judge)
    settings: dict[str, Any] = {"issuer_url": issuer.url, "resource_server_url": URL, "required_scopes": ["tools"]}
    server = MCPServer("tools", token_verifier=tokens, auth=AuthSettings(**settings, validate_token_resource=False))
    return protect(server.streamable_http_app(host="0.0.0.0"), tokens, resource=URL, scopes=["tools"], **options)


def fastmcp(judge: Any, issuer: FakeIssuer, **options: Any) -> Any:
    """A server of FastMCP."""
    protected_apps.needed("fastmcp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastmcp import FastMCP

    from jwseal.adapters.fastmcp import JWTVerifier, protect, provider

    tokens = JWTVerifier(judge, base_url="https://tools.example", required_scopes=["tools"])
    server = FastMCP("tools", auth=provider(tokens, issuer=issuer.url))
    return protect(server.http_app(), tokens, resource=URL, scopes=["tools"], **options)


LIBRARIES: dict[str, Callable[..., Any]] = {"mcp": sdk, "fastmcp": fastmcp}
every_library = pytest.mark.parametrize("library", LIBRARIES)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The URL of an ASGI application that uvicorn serves from a thread."""
    protected_apps.needed("uvicorn")
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
        started = threading.Event()
        startup = server.startup

        async def noted(sockets: Any = None) -> None:
            await startup(sockets)
            started.set()

        server.startup = noted  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert started.wait(30)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def ask(url: str, method: str, path: str, headers: Any, query: str = "") -> tuple[int, Any, bytes]:
    """One request; POST initializes a session.

    Header and body are sent in one piece: a server that refuses the header closes the connection, and a body that arrives
    after that resets it before the answer is read.
    """
    parts = urlsplit(url)
    body = INITIALIZE if method == "POST" else b""
    more = [("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")]
    fields = [("Host", parts.netloc), *headers, *more, ("Content-Length", str(len(body)))]
    lines = [f"{method} {path}{'?' if query else ''}{query} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    with socket.create_connection((parts.hostname or "", parts.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return answer.status, answer.getheaders(), answer.read()


def client(url: str) -> Client:
    """A client that initializes a session."""
    return Client(lambda method, path, headers, query: ask(url, method, path, headers, query))


@every_library
def test_conformance(library: str, issuer: FakeIssuer, verifier: Verifier, down: Any) -> None:
    """Every bad credential is refused, and 503 is the answer while keys cannot be fetched."""
    make = LIBRARIES[library]
    from starlette.middleware.cors import CORSMiddleware

    browsers = CORSMiddleware(make(verifier, issuer), allow_origins=["https://app.example"], allow_methods=["POST"])
    with serving(browsers) as up, serving(make(down, issuer)) as unavailable:
        report = assert_protected(
            client(up), issuer, path="/mcp", method="POST", scope="tools", unavailable=client(unavailable)
        )
    assert report.passed["good token"] == 200


@every_library
def test_metadata(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The challenge leads to the metadata of RFC 9728, which needs no token and names the issuer."""
    with serving(LIBRARIES[library](verifier, issuer)) as url:
        status, headers, _ = ask(url, "POST", "/mcp", [])
        challenge = dict(headers)["www-authenticate"]
        assert (401, f'Bearer resource_metadata="https://tools.example{WELL_KNOWN}", scope="tools"') == (
            status,
            challenge,
        )
        status, _, document = ask(url, "GET", WELL_KNOWN, [])
    assert status == 200
    assert issuer.url.encode() in document
    assert b'"resource":"https://tools.example/mcp"' in document.replace(b" ", b"")


class Counting:
    """Counts verifications."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier, self.count = verifier, 0

    def verify(self, token: str) -> Any:
        """As the verifier's."""
        raise AssertionError(token)

    async def verify_async(self, token: str) -> Any:
        """As the verifier's."""
        self.count += 1
        return await self.verifier.verify_async(token)


@every_library
def test_one_verification(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The library gets the result that `protect` has, so that a token which may be used once is not used twice."""
    judge = Counting(verifier)
    with serving(LIBRARIES[library](judge, issuer)) as url:
        headers = [("Authorization", f"Bearer {issuer.token(scope='tools')}")]
        assert ask(url, "POST", "/mcp", headers)[0] == 200
        assert judge.count == 1
        assert ask(url, "POST", "/mcp", headers)[0] == 200
        assert judge.count == 2


def verify(library: str, judge: Any, token: str) -> Any:
    """What the library's token verifier says of a token, without `protect`."""
    protected_apps.needed(library)
    if library == "mcp":
        from jwseal.adapters.mcp import JWTVerifier
    else:
        from jwseal.adapters.fastmcp import JWTVerifier  # type: ignore[assignment]
    return asyncio.run(JWTVerifier(judge).verify_token(token))


@every_library
def test_access_token(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The access token has client, scopes, expiry, resource, subject and claims."""
    token = issuer.token(client_id="app", scope="b a", exp=4_102_444_800)
    access = verify(library, verifier, token)
    assert ("app", ["a", "b"], 4_102_444_800, "api", "alice") == (
        access.client_id,
        access.scopes,
        access.expires_at,
        access.resource,
        access.subject,
    )
    assert access.claims["iss"] == issuer.url


@every_library
@pytest.mark.parametrize(
    ("claims", "client", "resource"),
    [
        ({"azp": "web"}, "web", "api"),
        ({"client_id": 5, "azp": "web"}, "web", "api"),
        ({}, "alice", "api"),
        ({"sub": ...}, "", "api"),
        ({"aud": ["api"]}, "alice", "api"),
        ({"aud": ["api", "other"]}, "alice", None),
    ],
)
def test_client_and_resource(
    library: str, claims: dict[str, Any], client: str, resource: str | None, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """The client is `client_id`, else `azp`, else the subject; several audiences are no one resource."""
    access = verify(library, verifier, issuer.token(claims))
    assert (client, resource) == (access.client_id, access.resource)


@every_library
def test_refused(library: str, issuer: FakeIssuer, verifier: Verifier, caplog: pytest.LogCaptureFixture) -> None:
    """A refused token is None, and its code is in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    assert verify(library, verifier, issuer.token(expires_in=-1)) is None
    assert [record.getMessage() for record in caplog.records if record.name == "jwseal.adapters"] == [
        "mcp token_expired"
    ]


@every_library
def test_no_authorizer(library: str) -> None:
    """A decision has no claims that the library could use, so that an Authorizer is a TypeError."""
    with pytest.raises(TypeError, match="Verifier or Issuers"):
        verify(library, object(), "")


def test_metadata_needs_the_servers_url(issuer: FakeIssuer, verifier: Verifier) -> None:
    """FastMCP cannot publish metadata without its URL; the TypeError says where it goes."""
    protected_apps.needed("fastmcp")
    from jwseal.adapters.fastmcp import JWTVerifier, provider

    with pytest.raises(TypeError, match="base_url"):
        provider(JWTVerifier(verifier), issuer=issuer.url)
