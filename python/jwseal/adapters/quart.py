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

from quart import (
    Quart,
    Response,
    after_this_request,
    current_app,
    has_request_context,
    has_websocket_context,
    request,
    websocket,
)
from werkzeug.datastructures import Headers

from jwseal.adapters.asgi import received
from jwseal.adapters.resource_server import Judge, Refused, ResourceServer

__all__ = ["JWTAuth"]

View = TypeVar("View", bound=Callable[..., Any])


class JWTAuth:
    """Verifies the tokens of requests. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    def init_app(self, app: Quart) -> None:
        """Protect every request and WebSocket handshake of the application."""
        app.before_request(functools.partial(self._before, request))
        app.before_websocket(functools.partial(self._before, websocket))
        app.extensions["jwseal"] = self

    def require(self, *scopes: str) -> Callable[[View], View]:
        """Protect a view, which needs a token with these scopes, on an excluded path too."""
        self.server.wanted(scopes)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            async def protected(*args: Any, **named: Any) -> Any:
                try:
                    await self._authenticate(_current(), scopes)
                except Refused as refused:
                    return _answer(refused)
                return await current_app.ensure_async(view)(*args, **named)

            return protected  # type: ignore[return-value]

        return decorate

    @property
    def token(self) -> Any:
        """The VerifiedJWT of this request, or the Decision of an Authorizer. LookupError where none was verified."""
        seen = _seen(_current())
        if self not in seen:
            raise LookupError("this request has no verified token: call init_app, or decorate the view with require")
        return seen[self]

    async def _before(self, connection: Any) -> Response | None:
        try:
            if not self.server.open(received(connection.scope)):
                await self._authenticate(connection, ())
        except Refused as refused:
            return _answer(refused)
        return None

    async def _authenticate(self, connection: Any, scopes: tuple[str, ...]) -> None:
        seen = _seen(connection)
        if self in seen:
            self.server.demand(seen[self], scopes)
        else:
            inner = received(connection.scope)
            seen[self] = await self.server.authenticate_async(inner, scopes)
            if inner.added and connection is request:
                after_this_request(inner.completed)


def _current() -> Any:
    """The request or the handshake of the running view. RuntimeError where one runs inside the other: nothing tells which."""
    if has_request_context() and has_websocket_context():
        raise RuntimeError("a request and a WebSocket handshake are both in progress here: call one outside the other")
    return websocket if has_websocket_context() else request


def _seen(connection: Any) -> dict[JWTAuth, Any]:
    """What was verified in this request. It is kept by the request: `g` outlives it where an application context is pushed."""
    found: dict[JWTAuth, Any] = vars(connection._get_current_object()).setdefault("_jwseal_seen", {})
    return found


def _answer(refused: Refused) -> Response:
    return Response(refused.body, refused.status, Headers(refused.fields))
