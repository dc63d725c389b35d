"""One small application for each adapter, all alike: `/orders` needs the scope `orders:read`, `/open/health` needs nothing.

`APPS[name](judge, **options)` builds it. The answer of `/orders` is the subject of the token, as text or JSON. The framework is
imported when its application is built, and a test of one that is not installed is skipped with the reason.
"""

from collections.abc import Callable
from typing import Annotated, Any

from jwseal import VerifiedJWT
from peers import Absent, peer

SCOPE = "orders:read"
EXCLUDE = ["/open/*"]
METADATA = "https://api.example/.well-known/oauth-protected-resource"
OPTIONS: dict[str, Any] = {"realm": "orders", "resource_metadata": METADATA, "exclude": EXCLUDE}


def needed(module: str) -> None:
    """Skip the test if this module cannot be imported."""
    found = peer(module)
    if isinstance(found, Absent):
        found.skip  # noqa: B018


def scopes(judge: Any, *names: str) -> tuple[str, ...]:
    """What the routes demand, `orders:read` unless other scopes are named. The rules of an Authorizer decide by themselves."""
    return () if hasattr(judge, "authorize") else names or (SCOPE,)


def subject(result: Any) -> str:
    """The subject, of a VerifiedJWT or a Decision."""
    return str(result.subject if hasattr(result, "allowed") else result["sub"])


def asgi(judge: Any, **options: Any) -> Any:
    """A plain ASGI application."""
    from jwseal.adapters.asgi import JWTMiddleware, token

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": subject(token(scope))})
            await send({"type": "websocket.close"})
            return
        body = subject(token(scope)).encode() if scope["path"] == "/orders" and scope["method"] == "GET" else b"ok"
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return JWTMiddleware(app, judge, scopes=scopes(judge), **OPTIONS | options)


def wsgi(judge: Any, **options: Any) -> Any:
    """A plain WSGI application."""
    from jwseal.adapters.wsgi import JWTMiddleware, token

    def app(environ: Any, start_response: Any) -> list[bytes]:
        called = environ["PATH_INFO"] == "/orders" and environ["REQUEST_METHOD"] == "GET"
        body = subject(token(environ)).encode() if called else b"ok"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return JWTMiddleware(app, judge, scopes=scopes(judge), **OPTIONS | options)


def fastapi(judge: Any, **options: Any) -> Any:
    """FastAPI: every route needs a token, `/orders` one with the scope."""
    needed("fastapi")
    from fastapi import Depends, FastAPI, WebSocket

    from jwseal.adapters.fastapi import JWTBearer

    auth = JWTBearer(judge, **OPTIONS | options)
    app = FastAPI(dependencies=[Depends(auth)])

    async def orders(token: Any) -> dict[str, str]:
        return {"subject": subject(token)}

    async def health() -> str:
        return "ok"

    async def stream(websocket: WebSocket, token: Any) -> None:
        await websocket.accept()
        await websocket.send_text(subject(token))
        await websocket.close()

    reader = Annotated[VerifiedJWT, auth.require(*scopes(judge))]
    orders.__annotations__["token"] = stream.__annotations__["token"] = reader
    app.get("/orders")(orders)
    app.get("/open/health")(health)
    app.websocket("/stream")(stream)
    return app


def starlette(judge: Any, **options: Any) -> Any:
    """Starlette: the authentication middleware, whose scopes every path needs."""
    needed("starlette")
    from starlette.applications import Starlette
    from starlette.authentication import requires
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route, WebSocketRoute

    from jwseal.adapters.starlette import JWTMiddleware

    @requires(SCOPE)
    async def orders(request: Any) -> PlainTextResponse:
        return PlainTextResponse(request.user.display_name)

    async def health(_: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def stream(websocket: Any) -> None:
        await websocket.accept()
        await websocket.send_text(subject(websocket.user.token))
        await websocket.close()

    routes = [Route("/orders", orders), Route("/open/health", health), WebSocketRoute("/stream", stream)]
    middleware = [Middleware(JWTMiddleware, judge=judge, scopes=scopes(judge), **OPTIONS | options)]
    return Starlette(routes=routes, middleware=middleware)


def litestar(judge: Any, **options: Any) -> Any:
    """Litestar: a guard of the application and of the route."""
    needed("litestar")
    from litestar import Litestar, Request, WebSocket, get, websocket
    from litestar.connection import ASGIConnection

    from jwseal.adapters.litestar import JWTGuard, denials, token

    guard = JWTGuard(judge, **OPTIONS | options)

    async def orders(request: ASGIConnection) -> str:
        return subject(token(request))

    async def health() -> str:
        return "ok"

    async def stream(socket: ASGIConnection) -> None:
        await socket.accept()  # type: ignore[attr-defined]
        await socket.send_text(subject(token(socket)))  # type: ignore[attr-defined]
        await socket.close()  # type: ignore[attr-defined]

    orders.__annotations__["request"], stream.__annotations__["socket"] = Request, WebSocket
    handlers = [
        get("/orders", opt={"scopes": scopes(judge)}, guards=[guard])(orders),
        get("/open/health")(health),
        websocket("/stream", opt={"scopes": scopes(judge)})(stream),
    ]
    return Litestar(handlers, guards=[guard], middleware=[denials], openapi_config=None, logging_config=None)


def flask(judge: Any, **options: Any) -> Any:
    """Flask: the extension for every request, and a view with a scope."""
    needed("flask")
    from flask import Flask

    from jwseal.adapters.flask import JWTAuth

    app, auth = Flask("orders"), JWTAuth(judge, **OPTIONS | options)
    auth.init_app(app)

    @app.get("/orders")
    @auth.require(*scopes(judge))
    def orders() -> str:
        return subject(auth.token)

    @app.get("/open/health")
    def health() -> str:
        return "ok"

    return app


def quart(judge: Any, **options: Any) -> Any:
    """Quart: the extension for every request and handshake, and a view with a scope."""
    needed("quart")
    from quart import Quart, websocket

    from jwseal.adapters.quart import JWTAuth

    app, auth = Quart("orders"), JWTAuth(judge, **OPTIONS | options)
    auth.init_app(app)

    @app.get("/orders")
    @auth.require(*scopes(judge))
    async def orders() -> str:
        return subject(auth.token)

    @app.get("/open/health")
    async def health() -> str:
        return "ok"

    @app.websocket("/stream")
    @auth.require(*scopes(judge))
    async def stream() -> None:
        await websocket.accept()
        await websocket.send(subject(auth.token))

    return app


def aiohttp(judge: Any, **options: Any) -> Any:
    """aiohttp: the middleware, and a handler with a scope."""
    needed("aiohttp")
    from aiohttp import web

    from jwseal.adapters.aiohttp import jwt_middleware, require, token

    @require(*scopes(judge))
    async def orders(request: Any) -> Any:
        return web.Response(text=subject(token(request)))

    async def health(_: Any) -> Any:
        return web.Response(text="ok")

    @require(*scopes(judge))
    async def stream(request: Any) -> Any:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(subject(token(request)))
        await socket.close()
        return socket

    app = web.Application(middlewares=[jwt_middleware(judge, **OPTIONS | options)])
    app.router.add_get("/orders", orders)
    app.router.add_get("/open/health", health)
    app.router.add_get("/stream", stream)
    app.router.add_options("/orders", health)
    return app


def django(judge: Any, **options: Any) -> Any:
    """Django under WSGI: the middleware, and a view with a scope."""
    return _django("wsgi", judge, options)


def django_async(judge: Any, **options: Any) -> Any:
    """Django under ASGI: the middleware, and an asynchronous view with a scope."""
    return _django("asgi", judge, options)


def rest_framework(judge: Any, **options: Any) -> Any:
    """Django REST framework: the authentication class and the permission, without the middleware."""
    needed("rest_framework")
    return _django("wsgi", judge, options, middleware=False)


def _django(kind: str, judge: Any, options: dict[str, Any], middleware: bool = True) -> Any:
    needed("django")
    import django_project

    return django_project.application(kind, middleware, {"judge": judge, **OPTIONS, **options})


APPS: dict[str, Callable[..., Any]] = {
    made.__name__: made
    for made in (
        asgi,
        wsgi,
        fastapi,
        starlette,
        litestar,
        flask,
        quart,
        aiohttp,
        django,
        django_async,
        rest_framework,
    )
}
# The others are ASGI applications, but for aiohttp's.
WSGI = {"wsgi", "flask", "django", "rest_framework"}


def framework(name: str) -> str:
    """The module that an application needs."""
    return {"asgi": "jwseal", "wsgi": "jwseal", "django_async": "django"}.get(name, name)
