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
TOKEN, SERVER, SEEN = (_key(f"jwseal_{name}", object) for name in ("token", "server", "seen"))


def jwt_middleware(judge: Judge, **options: Any) -> Any:
    """Middleware that refuses requests without a valid token. The arguments after the judge are those of `ResourceServer`."""
    server = ResourceServer(judge, **options)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        inner = _received(request)
        request[SERVER] = server
        if server.open(inner):
            return await handler(request)
        try:
            await _demand(inner, ())
        except Refused as refused:
            return _answer(refused)
        return _completed(inner, await handler(request))

    return middleware


def require(*scopes: str) -> Callable[[Handler], Handler]:
    """Demand a token with these scopes, on an excluded path too. The middleware must be installed."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def protected(request: web.Request) -> web.StreamResponse:
            if SERVER not in request:
                raise LookupError("jwt_middleware is not installed, so nothing says what a valid token is")
            inner = _received(request)
            try:
                await _demand(inner, scopes)
            except Refused as refused:
                return _answer(refused)
            return _completed(inner, await handler(request))

        return protected

    return decorate


async def _demand(inner: Received, scopes: tuple[str, ...]) -> None:
    """Verify the token once for each resource server, or raise Refused."""
    request = inner.native
    server, seen = request[SERVER], request.setdefault(SEEN, {})
    if server in seen:
        server.demand(seen[server], scopes)
    else:
        request[TOKEN] = seen[server] = await server.authenticate_async(inner, scopes)


def _completed(inner: Received, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer with the headers that it needs, unless it is on its way already."""
    if not answer.prepared:
        inner.completed(answer)
    return answer


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

    url = request.rel_url
    # Routes are compared with a path in which an escaped slash is still escaped.
    path = getattr(url, "path_safe", url.raw_path)
    return Received(values, request.method, path, url.raw_query_string, request, certificate, request.path)


def _answer(refused: Refused) -> web.Response:
    return web.Response(body=refused.body, status=refused.status, headers=refused.mapping, content_type="text/plain")
