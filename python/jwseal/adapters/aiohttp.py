"""aiohttp: middleware and a decorator (RFC 6750).

    app = web.Application(middlewares=[jwt_middleware(verifier, exclude=["/health"])])

    @require("orders:read")
    async def orders(request): ...
        token(request)["sub"]

A WebSocket handshake is a request like others here and gets the whole answer.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

from jwseal.adapters.client_certificate import of_socket
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["jwt_middleware", "require", "token"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
# Before RequestKey there was, keys were str.
_key: Any = getattr(web, "RequestKey", lambda name, _: name)
TOKEN, SERVER = _key("jwseal_token", object), _key("jwseal_server", object)


def jwt_middleware(judge: Judge, **options: Any) -> Any:
    """Middleware that refuses requests without a valid token. The arguments after the judge are those of `ResourceServer`."""
    server = ResourceServer(judge, **options)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        inner = _received(request)
        if not server.open(inner):
            try:
                request[TOKEN] = await server.authenticate_async(inner)
            except Refused as refused:
                return _answer(refused)
            request[SERVER] = server
        answer = await handler(request)
        return answer if answer.prepared else inner.completed(answer)

    return middleware


def require(*scopes: str) -> Callable[[Handler], Handler]:
    """Demand these scopes of the token that the middleware verified."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def protected(request: web.Request) -> web.StreamResponse:
            result = token(request)
            try:
                request[SERVER].demand(result, scopes)
            except Refused as refused:
                return _answer(refused)
            return await handler(request)

        return protected

    return decorate


def token(request: web.Request) -> Any:
    """The VerifiedJWT, or the Decision of an Authorizer. LookupError where the path is excluded."""
    if TOKEN not in request:
        raise LookupError(
            "this request has no verified token: its path is excluded, or jwt_middleware is not installed"
        )
    return request[TOKEN]


def _received(request: web.Request) -> Received:
    def values(name: str) -> list[str]:
        return request.headers.getall(name, [])

    def certificate() -> bytes | None:
        return of_socket(request.get_extra_info("ssl_object"))

    query = request.rel_url.raw_query_string
    return Received(values, request.method, request.path, query, request, certificate)


def _answer(refused: Refused) -> web.Response:
    return web.Response(body=refused.body, status=refused.status, headers=refused.mapping, content_type="text/plain")
