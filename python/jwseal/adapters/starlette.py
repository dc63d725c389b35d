"""Starlette: authentication middleware and its backend (RFC 6750).

    Starlette(routes=..., middleware=[Middleware(JWTMiddleware, judge=verifier, exclude=["/health"])])

`request.user` is a `TokenUser`, whose `token` is the result of the verification, and `request.auth.scopes` are the token's, so
that `starlette.authentication.requires` works. A request without credentials is refused as others are; `exclude` names the
paths that need none. `JWTBackend` is for Starlette's own `AuthenticationMiddleware`, which closes refused WebSocket handshakes.
"""

from __future__ import annotations

from typing import Any

from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jwseal.adapters.asgi import ADDED, REFUSED, denials, received
from jwseal.adapters.resource_server import Judge, Refused, ResourceServer

__all__ = ["JWTBackend", "JWTMiddleware", "TokenUser"]


class TokenUser(BaseUser):
    """The user of a request: what the token says."""

    def __init__(self, token: Any) -> None:
        self.token = token

    @property
    def is_authenticated(self) -> bool:
        """Always true: a request without a valid token is refused."""
        return True

    @property
    def identity(self) -> str:
        """The subject, or an empty string if the token has none."""
        subject = self.token.claims.get("sub")
        return subject if isinstance(subject, str) else ""

    @property
    def display_name(self) -> str:
        """As `identity`."""
        return self.identity


class _Answered(AuthenticationError):
    """Carries the answer to `on_error`."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.phrase)
        self.refused = refused


class JWTBackend(AuthenticationBackend):
    """Authenticates connections. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the scopes and the user, or None where no token is needed."""
        request = received(conn.scope)
        if self.server.open(request):
            return None
        try:
            token = await self.server.authenticate_async(request)
        except Refused as refused:
            conn.scope[REFUSED] = refused
            raise _Answered(refused) from None
        conn.scope[ADDED] = request.added
        return AuthCredentials(sorted(getattr(token, "scopes", ()))), TokenUser(token)

    @staticmethod
    def on_error(conn: HTTPConnection, error: AuthenticationError) -> Response:
        """The answer to a refused request."""
        if not isinstance(error, _Answered):
            raise error
        return Response(error.refused.body, error.refused.status, error.refused.mapping, "text/plain")


class JWTMiddleware(AuthenticationMiddleware):
    """Starlette's middleware with a JWTBackend. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, app: ASGIApp, judge: Judge, **options: Any) -> None:
        backend = JWTBackend(judge, **options)
        super().__init__(app, backend, backend.on_error)
        self._answered = denials(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Verify the token of the connection and pass it on, or answer it."""
        await self._answered(scope, receive, send)
