"""FastAPI: a dependency whose result is typed and whose scopes are in the OpenAPI document (RFC 6750).

    auth = JWTBearer(verifier)
    Token = Annotated[VerifiedJWT, Depends(auth)]
    Reader = Annotated[VerifiedJWT, auth.require("orders:read")]

    @app.get("/orders")
    async def orders(token: Reader) -> ...

`FastAPI(dependencies=[Depends(auth)])` protects every route. However often a request needs `auth`, its token is verified once.
`async` is the right kind of dependency here: FastAPI runs others in a thread, which takes longer than a verification.
"""

# FastAPI evaluates the annotations of `__call__` at run time, so they must not be strings.
from typing import Any

from fastapi import HTTPException, Response, Security, WebSocketException
from fastapi.openapi.models import HTTPBearer, OpenIdConnect
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from jwseal.adapters.asgi import can_deny, received
from jwseal.adapters.resource_server import Judge, Refused, ResourceServer

__all__ = ["JWTBearer"]


class JWTBearer(SecurityBase):
    """A dependency that verifies the token of a request or WebSocket handshake.

    scheme_name, description   how the OpenAPI document shows it
    openid_connect_url         the provider's discovery document; with it the scheme is `openIdConnect`, without it `http`

    The other arguments are those of `ResourceServer`.
    """

    def __init__(
        self,
        judge: Judge,
        *,
        scheme_name: str = "JWTBearer",
        description: str | None = None,
        openid_connect_url: str | None = None,
        **options: Any,
    ) -> None:
        self.server = ResourceServer(judge, **options)
        self.scheme_name = scheme_name
        if openid_connect_url:
            self.model = OpenIdConnect(openIdConnectUrl=openid_connect_url, description=description)
        else:
            self.model = HTTPBearer(bearerFormat="JWT", description=description)

    def require(self, *scopes: str) -> Any:
        """A dependency on a token with these scopes, on excluded paths too: 403 without them."""
        self.server.wanted(scopes)
        return Security(_Required(self), scopes=list(scopes))

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes, response: Response) -> Any:
        """Return the VerifiedJWT, or the Decision of an Authorizer; None for an excluded path or a preflight."""
        if not security_scopes.scopes and self.server.open(received(connection.scope)):
            return None
        return await self.verified(connection, security_scopes.scopes, response)

    async def verified(self, connection: HTTPConnection, scopes: list[str], response: Response) -> Any:
        """The result of the verification, which is made once for a connection."""
        request = received(connection.scope)
        seen = connection.scope.setdefault("jwseal.seen", {})
        try:
            if self in seen:
                return self.server.demand(seen[self], scopes)
            seen[self] = await self.server.authenticate_async(request, scopes)
        except Refused as refused:
            if connection.scope["type"] == "websocket" and not can_deny(connection.scope):
                raise WebSocketException(1008, refused.phrase) from None
            raise HTTPException(refused.status, refused.phrase, refused.mapping) from None
        request.completed(response)
        return seen[self]


class _Required(SecurityBase):
    """A dependency that no excluded path opens."""

    def __init__(self, bearer: JWTBearer) -> None:
        self.bearer, self.scheme_name, self.model = bearer, bearer.scheme_name, bearer.model

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes, response: Response) -> Any:
        return await self.bearer.verified(connection, security_scopes.scopes, response)
