"""ASGI middleware: an application receives only requests with a valid token (RFC 6750; ASGI 3.0).

    app = JWTMiddleware(app, verifier, resource_metadata="https://api.example/.well-known/oauth-protected-resource")

HTTP requests and WebSocket handshakes are refused before the application sees them. The result of the verification is
`token(scope)`. Scopes of single routes are the framework's: `jwseal.adapters.starlette` and its neighbours have them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from jwseal.adapters.client_certificate import of_pem
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["ADDED", "REFUSED", "JWTMiddleware", "can_deny", "denials", "received", "refuse", "route_of", "token"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "jwseal.token"
# Where an adapter leaves the refusal of a handshake that its framework will close, for `denials`.
REFUSED = "jwseal.refused"
# Where it leaves the headers that the answer of an accepted request needs.
ADDED = "jwseal.added"


class JWTMiddleware:
    """Wraps an ASGI application. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, app: Application, judge: Judge, **options: Any) -> None:
        self.app = app
        self.server = ResourceServer(judge, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Verify the request's token and pass the request on, or answer it."""
        if scope["type"] != "lifespan":
            request = received(scope)
            if not self.server.open(request):
                try:
                    scope[KEY] = await self.server.authenticate_async(request)
                except Refused as refused:
                    await refuse(refused, scope, send)
                    return
                send = _adding(request.added, send)
        await self.app(scope, receive, send)


def _adding(added: list[tuple[str, str]], send: Send) -> Send:
    """What sends an answer with these headers."""
    if not added:
        return send

    async def adding(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            fields = [(name.lower().encode(), value.encode()) for name, value in added]
            message = {**message, "headers": [*message.get("headers", ()), *fields]}
        await send(message)

    return adding


def token(scope: Scope) -> Any:
    """The VerifiedJWT, or the Decision of an Authorizer. LookupError where the path is excluded."""
    if KEY not in scope:
        raise LookupError("this request has no verified token: its path is excluded, or JWTMiddleware is not in front")
    return scope[KEY]


def received(scope: Scope) -> Received:
    """The request of an ASGI scope."""
    headers = scope["headers"]

    def values(name: str) -> list[bytes]:
        wanted = name.encode("latin-1")
        return [value for key, value in headers if key.lower() == wanted]

    def certificate() -> bytes | None:
        tls = (scope.get("extensions") or {}).get("tls")
        if tls is None:
            raise LookupError("the server does not have the TLS extension, or the connection has no TLS")
        chain = tls.get("client_cert_chain")
        # The server says so if it did not verify the certificate.
        return of_pem(next(iter(chain))) if chain and not tls.get("client_cert_error") else None

    query, path = scope.get("query_string", b""), scope["path"]
    return Received(values, scope.get("method", "GET"), route_of(scope), query, scope, certificate, path)


def route_of(scope: Scope) -> str:
    """The path without `root_path`, by which frameworks choose the route."""
    path: str = scope["path"]
    root = scope.get("root_path") or ""
    below = path.removeprefix(root)
    return below or "/" if below != path and below[:1] in {"", "/"} else path


async def refuse(refused: Refused, scope: Scope, send: Send) -> None:
    """Send the answer, to a WebSocket handshake too where the server has the extension Websocket Denial Response.

    Without the extension the handshake is closed, which the server answers with a 403 of its own.
    """
    prefix = ""
    if scope["type"] == "websocket":
        if not can_deny(scope):
            await send({"type": "websocket.close", "code": 1008})
            return
        prefix = "websocket."
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in refused.fields]
    await send({"type": f"{prefix}http.response.start", "status": refused.status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": refused.body})


def can_deny(scope: Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with a status, headers and a body."""
    return "websocket.http.response" in (scope.get("extensions") or {})


def denials(app: Application) -> Application:
    """Wrap an application whose framework closes refused WebSocket handshakes, so that they get the whole answer.

    The answers to other requests get the headers that they need.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def answered(message: Message) -> None:
            if message["type"] == "websocket.close" and REFUSED in scope:
                await refuse(scope[REFUSED], scope, send)
            else:
                await _adding(scope.get(ADDED, []), send)(message)

        await app(scope, receive, answered)

    return wrapped
