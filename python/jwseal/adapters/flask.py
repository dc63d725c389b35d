"""Flask: an extension (RFC 6750).

    auth = JWTAuth(verifier)
    auth.init_app(app)                      # every request, or only the views below

    @app.get("/orders")
    @auth.require("orders:read")
    def orders(): ...
        auth.token["sub"]

A view with `require` is protected with and without `init_app`, and its token is verified once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, after_this_request, current_app, request

from jwseal.adapters.resource_server import Judge, Refused, ResourceServer
from jwseal.adapters.wsgi import received

__all__ = ["JWTAuth"]

View = TypeVar("View", bound=Callable[..., Any])


class JWTAuth:
    """Verifies the tokens of requests. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    def init_app(self, app: Flask) -> None:
        """Protect every request of the application."""
        app.before_request(self._before_request)
        app.extensions["jwseal"] = self

    def require(self, *scopes: str) -> Callable[[View], View]:
        """Protect a view, which needs a token with these scopes, on an excluded path too."""
        self.server.wanted(scopes)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def protected(*args: Any, **named: Any) -> Any:
                try:
                    self._authenticate(scopes)
                except Refused as refused:
                    return _answer(refused)
                return current_app.ensure_sync(view)(*args, **named)

            return protected  # type: ignore[return-value]

        return decorate

    @property
    def token(self) -> Any:
        """The VerifiedJWT of this request, or the Decision of an Authorizer. LookupError where none was verified."""
        seen = _seen()
        if self not in seen:
            raise LookupError("this request has no verified token: call init_app, or decorate the view with require")
        return seen[self]

    def _before_request(self) -> Response | None:
        try:
            if not self.server.open(received(request.environ)):
                self._authenticate(())
        except Refused as refused:
            return _answer(refused)
        return None

    def _authenticate(self, scopes: tuple[str, ...]) -> None:
        seen = _seen()
        if self in seen:
            self.server.demand(seen[self], scopes)
        else:
            inner = received(request.environ)
            seen[self] = self.server.authenticate(inner, scopes)
            after_this_request(inner.completed)


def _seen() -> dict[JWTAuth, Any]:
    """What was verified in this request. It is kept by the request: `g` outlives it where an application context is pushed."""
    found: dict[JWTAuth, Any] = vars(request._get_current_object()).setdefault("_jwseal_seen", {})  # type: ignore[attr-defined]
    return found


def _answer(refused: Refused) -> Response:
    return Response(refused.body, refused.status, refused.fields)
