"""Quart: an extension (RFC 6750).

    auth = JWTAuth(verifier)
    auth.init_app(app)                      # every request and WebSocket handshake, or only the views below

    @app.get("/orders")
    @auth.require("orders:read")
    async def orders(): ...
        auth.token["sub"]

A view with `require` is protected with and without `init_app`, and its token is verified once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from quart import Quart, Response, after_this_request, current_app, g, has_websocket_context, request, websocket
from werkzeug.datastructures import Headers

from jwseal.adapters.asgi import received
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["JWTAuth"]

View = TypeVar("View", bound=Callable[..., Any])


class JWTAuth:
    """Verifies the tokens of requests. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    def init_app(self, app: Quart) -> None:
        """Protect every request and WebSocket handshake of the application."""
        app.before_request(self._before)
        app.before_websocket(self._before)
        app.extensions["jwseal"] = self

    def require(self, *scopes: str) -> Callable[[View], View]:
        """Protect a view, which needs a token with these scopes."""

        def decorate(view: View) -> View:
            @functools.wraps(view)
            async def protected(*args: Any, **named: Any) -> Any:
                try:
                    await self._authenticate(scopes)
                except Refused as refused:
                    return _answer(refused)
                return await current_app.ensure_async(view)(*args, **named)

            return protected  # type: ignore[return-value]

        return decorate

    @property
    def token(self) -> Any:
        """The VerifiedJWT of this request, or the Decision of an Authorizer. LookupError where none was verified."""
        seen = g.get("jwseal_seen", {})
        if id(self) not in seen:
            raise LookupError("this request has no verified token: call init_app, or decorate the view with require")
        return seen[id(self)]

    async def _before(self) -> Response | None:
        try:
            if not self.server.open(_received()):
                await self._authenticate(())
        except Refused as refused:
            return _answer(refused)
        return None

    async def _authenticate(self, scopes: tuple[str, ...]) -> None:
        seen = g.setdefault("jwseal_seen", {})
        if id(self) in seen:
            self.server.demand(seen[id(self)], scopes)
        else:
            inner = _received()
            seen[id(self)] = await self.server.authenticate_async(inner, scopes)
            if inner.added and not has_websocket_context():
                after_this_request(inner.completed)


def _received() -> Received:
    scope: Any = websocket.scope if has_websocket_context() else request.scope
    return received(scope)


def _answer(refused: Refused) -> Response:
    return Response(refused.body, refused.status, Headers(refused.fields))
