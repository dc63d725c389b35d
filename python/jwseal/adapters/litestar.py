"""Litestar: a guard (RFC 6750).

    guard = JWTGuard(verifier, exclude=["/health"])
    app = Litestar([orders], guards=[guard])

    @get("/orders", opt={"scopes": ["orders:read"]})
    async def orders(request: Request) -> ...
        token(request)["sub"]

A guard at several layers verifies a token once. Litestar closes a refused WebSocket handshake, which servers answer with 403;
with `Litestar(..., middleware=[denials])` it gets the answer that a request gets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, WebSocketException
from litestar.handlers import BaseRouteHandler

from jwseal import PolicyError
from jwseal.adapters.asgi import ADDED, REFUSED, denials, route_of
from jwseal.adapters.asgi import received as received_by_asgi
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["JWTGuard", "denials", "token"]

KEY = "jwseal.litestar"


class JWTGuard:
    """Refuses connections without a valid token. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Verify the token; the handler's `opt["scopes"]` are the scopes it needs, on excluded paths too."""
        scope: Any = connection.scope
        request = _received(scope, handler)
        if "scope" in handler.opt:
            raise PolicyError("a handler names its scopes in opt={'scopes': [...]}, not in 'scope'")
        if "scopes" not in handler.opt and self.server.open(request):
            return
        scopes = handler.opt.get("scopes", ())
        try:
            if scope.get(KEY, (None,))[0] is self:
                self.server.demand(scope[KEY][1], scopes)
            else:
                scope[KEY] = self, await self.server.authenticate_async(request, scopes)
                scope[ADDED] = request.added
        except Refused as refused:
            if scope["type"] == "websocket":
                scope[REFUSED] = refused
                raise WebSocketException(detail=refused.phrase, code=1008) from None
            raise HTTPException(detail=refused.phrase, status_code=refused.status, headers=refused.mapping) from None


def token(connection: ASGIConnection[Any, Any, Any, Any]) -> Any:
    """The VerifiedJWT, or the Decision of an Authorizer. LookupError where no guard has run."""
    scope: Any = connection.scope
    if KEY not in scope:
        raise LookupError("this request has no verified token: its path is excluded, or no JWTGuard is in front")
    return scope[KEY][1]


def _received(scope: Any, handler: BaseRouteHandler) -> Received:
    """The request. Litestar has replaced the path of the scope: by the route's, and below a mount by the rest of it."""
    raw = scope.get("raw_path")
    whole = unquote(raw.decode("latin-1")) if raw else ""
    path = route_of({**scope, "path": whole}) if getattr(handler, "is_mount", False) else scope["path"]
    return replace(received_by_asgi(scope), path=path, url_path=whole or scope["path"])
