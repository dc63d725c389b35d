"""Servers of the MCP SDK and of FastMCP behind `protect`, which need a token with the scope `tools`.

`LIBRARIES[name](judge, issuer)` is the ASGI application, `serving` runs one with uvicorn on a thread, and `client` asks it as
`assert_protected` wants.
"""

import asyncio
import http.client
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import protected_apps
from jwseal.testing import Client
from protected_apps import scopes

URL = "https://tools.example/mcp"
INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"test","version":"1"}}}'
)
WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp"


def sdk(judge: Any, issuer: str, **options: Any) -> Any:
    """A server of the SDK."""
    protected_apps.needed("mcp")
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.mcpserver import MCPServer

    from jwseal.adapters.mcp import JWTVerifier, protect

    tokens = JWTVerifier(judge)
    settings: dict[str, Any] = {"issuer_url": issuer, "resource_server_url": URL, "required_scopes": ["tools"]}
    server = MCPServer("tools", token_verifier=tokens, auth=AuthSettings(**settings, validate_token_resource=False))
    return protect(
        server.streamable_http_app(host="0.0.0.0"), tokens, resource=URL, scopes=scopes(judge, "tools"), **options
    )


def fastmcp(judge: Any, issuer: str, **options: Any) -> Any:
    """A server of FastMCP."""
    protected_apps.needed("fastmcp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastmcp import FastMCP

    from jwseal.adapters.fastmcp import JWTVerifier, protect, provider

    tokens = JWTVerifier(judge, base_url="https://tools.example", required_scopes=["tools"])
    server = FastMCP("tools", auth=provider(tokens, issuer=issuer))
    return protect(server.http_app(), tokens, resource=URL, scopes=scopes(judge, "tools"), **options)


LIBRARIES: dict[str, Callable[..., Any]] = {"mcp": sdk, "fastmcp": fastmcp}


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
    lines = [
        f"{method} {parts.path}{path}{'?' if query else ''}{query} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields),
    ]
    with socket.create_connection((parts.hostname or "", parts.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return answer.status, answer.getheaders(), answer.read()


def client(url: str) -> Client:
    """A client that initializes a session."""
    return Client(lambda method, path, headers, query: ask(url, method, path, headers, query))


def browsers(app: Any) -> Any:
    """The application for browsers: with Starlette's answers to CORS preflights."""
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(app, allow_origins=["https://app.example"], allow_methods=["POST"])


def verify(library: str, judge: Any, token: str) -> Any:
    """What the library's token verifier says of a token, without `protect`."""
    protected_apps.needed(library)
    if library == "mcp":
        from jwseal.adapters.mcp import JWTVerifier
    else:
        from jwseal.adapters.fastmcp import JWTVerifier  # type: ignore[assignment]
    return asyncio.run(JWTVerifier(judge).verify_token(token))
