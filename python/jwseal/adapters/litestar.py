"""Litestar: a guard (RFC 6750).

    guard = JWTGuard(verifier, exclude=["/health"])
    app = Litestar([orders], plugins=[guard])

    @get("/orders", opt={"scopes": ["orders:read"]})
    async def orders(request: Request) -> ...
        token(request)["sub"]

As a plugin it guards every route, and a mistake in the `opt` of a handler is PolicyError when the route is registered. A router, a
controller or a handler has it in `guards=`, where without a plugin such a mistake is found at the first request, which is answered
with 500. A guard at several layers verifies a token once. Litestar closes a refused WebSocket handshake, which servers answer with
403; with `Litestar(..., middleware=[denials])` it gets the answer that a request gets.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, WebSocketException
from litestar.handlers import BaseRouteHandler
from litestar.plugins import InitPluginProtocol
from litestar.plugins.base import ReceiveRoutePlugin
from litestar.routes import BaseRoute

from jwseal import PolicyError
from jwseal.adapters.asgi import ADDED, REFUSED, denials, route_of
from jwseal.adapters.asgi import received as received_by_asgi
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["JWTGuard", "denials", "token"]

KEY = "jwseal.litestar"


class JWTGuard(InitPluginProtocol, ReceiveRoutePlugin):
    """Refuses connections without a valid token. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    def __deepcopy__(self, _memo: object) -> JWTGuard:
        """The guard itself: Litestar copies a router with its guards, and verifies twice with two of them."""
        return self

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Guard every route of the application whose plugin this is."""
        if self not in app_config.guards:
            app_config.guards.append(self)
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Raise PolicyError for a mistake in the `opt` of a handler that is behind a JWTGuard."""
        handlers = getattr(route, "route_handlers", None) or [getattr(route, "route_handler")]  # noqa: B009
        for handler in handlers:
            for guard in handler.resolve_guards():
                if isinstance(guard, JWTGuard):
                    guard.scopes_of(handler)

    def scopes_of(self, handler: BaseRouteHandler) -> Collection[str] | None:
        """The scopes that the handler names in its `opt`; None if it names none. PolicyError if they are no scopes."""
        scopes: Any = handler.opt.get("scopes", ())
        if "scope" in handler.opt:
            raise PolicyError(f"the handler {handler} names its scopes in opt={{'scopes': [...]}}, not in 'scope'")
        if not isinstance(scopes, Collection) or not all(isinstance(scope, str) for scope in scopes):
            raise PolicyError(f"opt['scopes'] of the handler {handler} is a collection of strings: write ['read']")
        try:
            self.server.wanted(scopes)
        except PolicyError as error:
            raise PolicyError(f"opt['scopes'] of the handler {handler}: {error}") from None
        return scopes if "scopes" in handler.opt else None

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Verify the token; the handler's `opt["scopes"]` are the scopes it needs, on excluded paths too."""
        scope: Any = connection.scope
        request, named = _received(scope, handler), self.scopes_of(handler)
        if named is None and self.server.open(request):
            return
        scopes = named or ()
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
