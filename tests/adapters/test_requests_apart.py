"""What one request leaves behind is nothing to the next, and no request speaks for another.

Flask and Quart keep `g` by the application context, which may be older than the request. Django's `request.token` may be
another middleware's. What was verified is kept by the request itself, where only the adapter writes.
"""

import asyncio
import base64
import hashlib
import http.client
import os
from typing import Any
from urllib.parse import urlsplit

import pytest

import protected_apps
from jwseal import Verifier
from jwseal.testing import FakeIssuer
from jwseal.testing.client import client_of
from protected_apps import SCOPE
from server_process import serving

APPS = [name for name in protected_apps.APPS if name != "aiohttp"]


def header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("name", APPS)
def test_a_good_token_opens_nothing_for_the_next_request(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """After a good token, no credentials are 401, a forged token is 401 and another user's narrow token is 403."""
    app = protected_apps.APPS[name](verifier)
    with client_of(app) as client, client.one_context():

        def ask(*tokens: str) -> tuple[int, bool]:
            answer = client.send("GET", "/orders", [("Authorization", f"Bearer {token}") for token in tokens])
            return answer.status, b"alice" in answer.body

        assert (401, False) == ask()
        assert (200, True) == ask(issuer.token(scope=SCOPE))
        assert (401, False) == ask()
        assert (401, False) == ask("x.y.z")
        assert (403, False) == ask(issuer.token(sub="mallory"))
        assert (200, False) == ask(issuer.token(sub="mallory", scope=SCOPE))
        assert 200 == client.send("GET", "/open/health", []).status


def test_flask_in_a_context_that_was_pushed_at_import(issuer: FakeIssuer, verifier: Verifier) -> None:
    """An application context around all requests shares nothing between them, in Flask's own test client too."""
    app = protected_apps.flask(verifier)
    with app.app_context():
        client = app.test_client()
        assert b"alice" == client.get("/orders", headers=header(issuer.token(scope=SCOPE))).data
        assert 401 == client.get("/orders").status_code


def test_flask_request_within_a_request(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A request that a view makes of its own application, without a token, is 401; the view keeps its own token."""
    app = protected_apps.flask(verifier)
    auth = app.extensions["jwseal"]

    @app.get("/nested")
    def nested() -> list[Any]:
        inner = app.test_client().get("/orders").status_code
        return [inner, auth.token["sub"]]

    token = issuer.token(scope=SCOPE)
    assert [401, "alice"] == app.test_client().get("/nested", headers=header(token)).json


def test_quart_request_within_a_request_or_handshake(issuer: FakeIssuer, verifier: Verifier) -> None:
    """As in Flask; a request within a WebSocket handshake is judged by its own headers, before the view's name is asked."""
    app = protected_apps.quart(verifier)
    from quart import websocket

    auth = app.extensions["jwseal"]

    @app.get("/nested")
    async def nested() -> list[Any]:
        return [(await app.test_client().get("/orders")).status_code, auth.token["sub"]]

    @app.get("/plain")
    async def plain() -> str:
        return "plain"

    @app.websocket("/nested")
    async def handshake() -> None:
        await websocket.accept()
        await websocket.send(str((await app.test_client().get("/plain")).status_code))

    async def run() -> None:
        async with app.app_context():
            headers = header(issuer.token(scope=SCOPE))
            answer = await app.test_client().get("/nested", headers=headers)
            assert [401, "alice"] == await answer.get_json()
            async with app.test_client().websocket("/nested", headers=headers) as socket:
                assert "401" == await socket.receive()

    asyncio.run(run())


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork")
def test_flask_on_a_gunicorn_worker(issuer: FakeIssuer) -> None:
    """One synchronous worker and a context pushed at import: no token is 401 and a forged one too, after a good one."""
    with serving("gunicorn", "flask", issuer, pushed=True) as url:
        token = issuer.token(scope=SCOPE)
        asked = [None, token, None, "x.y.z", issuer.token(sub="mallory")]
        assert [401, 200, 401, 401, 403] == [over_http(url, "/orders", token) for token in asked]


def over_http(url: str, path: str, token: str | None = None, **headers: str) -> int:
    """The status of a GET, with headers whose names are as they are written here."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        named = header(token) if token else {}
        connection.request("GET", path, headers=named | headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["wsgi", "flask", "django", "rest_framework"])
def test_the_prefix_excludes_nothing(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """SCRIPT_NAME, which a client can set, makes no path an excluded one, and keeps none from being one."""
    app = protected_apps.APPS[name](verifier)
    with client_of(lambda environ, start: app({**environ, "SCRIPT_NAME": "/open"}, start)) as client:
        assert 401 == client.send("GET", "/orders", []).status
        if name != "rest_framework":  # which has no middleware: a path without a view is 404
            assert 401 == client.send("GET", "/nothing", []).status
        assert 200 == client.send("GET", "/orders", [("Authorization", f"Bearer {issuer.token(scope=SCOPE)}")]).status
        assert 200 == client.send("GET", "/open/health", []).status


@pytest.mark.parametrize("name", ["starlette", "fastapi", "litestar", "quart", "django_async"])
def test_the_root_path_excludes_nothing(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """Routes are below `root_path` (ASGI), so excluded paths are too."""
    app = protected_apps.APPS[name](verifier)

    async def below(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            path = "/open" + scope["path"]
            scope = {**scope, "root_path": "/open", "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    with client_of(below) as client:
        assert 401 == client.send("GET", "/orders", []).status
        assert 200 == client.send("GET", "/open/health", []).status


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork")
@pytest.mark.parametrize("name", ["wsgi", "flask", "django"])
def test_a_header_that_gunicorn_takes_for_the_prefix(name: str, issuer: FakeIssuer) -> None:
    """Gunicorn sets SCRIPT_NAME from a header of this name: below an excluded prefix there is no way to a view."""
    with serving("gunicorn", name, issuer) as url:
        assert 200 == over_http(url, "/open/health")
        assert 401 == over_http(url, "/open/orders", SCRIPT_NAME="/open")
        assert 401 == over_http(url, "/open/nothing", SCRIPT_NAME="/open")
        assert 200 == over_http(url, "/open/orders", issuer.token(scope=SCOPE), SCRIPT_NAME="/open")


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork")
def test_a_certificate_in_a_header_of_another_spelling(issuer: FakeIssuer) -> None:
    """Gunicorn drops `Client_Cert`, which WSGI cannot tell from the proxy's `Client-Cert`: a stolen token is 401 with it."""
    der = b"the certificate of somebody else"
    hashed = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    token = issuer.token({"scope": SCOPE, "cnf": {"x5t#S256": hashed}})
    value = f":{base64.b64encode(der).decode()}:"
    with serving("gunicorn", "wsgi", issuer, sender="mtls by header") as url:
        assert 200 == over_http(url, "/orders", token, **{"Client-Cert": value})
        assert 401 == over_http(url, "/orders", token, Client_Cert=value)
        assert 401 == over_http(url, "/orders", token)


def test_a_prefix_from_a_forwarded_header(verifier: Verifier) -> None:
    """Werkzeug's ProxyFix sets SCRIPT_NAME from X-Forwarded-Prefix, which excludes nothing."""
    app = protected_apps.flask(verifier)
    from werkzeug.middleware.proxy_fix import ProxyFix

    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
    client = app.test_client()
    assert 401 == client.get("/orders", headers={"X-Forwarded-Prefix": "/open"}).status_code
    assert 401 == client.get("/nothing", headers={"X-Forwarded-Prefix": "/open"}).status_code
    assert 200 == client.get("/open/health", headers={"X-Forwarded-Prefix": "/x"}).status_code


def test_the_rest_of_a_path_below_a_mount(verifier: Verifier) -> None:
    """Litestar gives what is mounted the rest of the path: that it looks like an excluded one excludes nothing."""
    protected_apps.needed("litestar")
    from litestar import Litestar, asgi

    from jwseal.adapters.litestar import JWTGuard

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    handlers: Any = [asgi(path, is_mount=True, copy_scope=True)(mounted) for path in ("/admin", "/open")]
    app = Litestar(handlers, guards=[JWTGuard(verifier, exclude=["/open/*"])], openapi_config=None, logging_config=None)
    with client_of(app) as client:
        assert 401 == client.send("GET", "/admin/open/x", []).status
        assert 200 == client.send("GET", "/open/x", []).status


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
@pytest.mark.parametrize("value", [None, "root", {"sub": "root"}])
def test_a_token_that_another_middleware_has_set(kind: str, value: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """Django's `require` reads no `request.token` of somebody else: without a token the view does not run."""
    protected_apps.needed("django")
    from django.http import HttpResponse
    from django.test import AsyncRequestFactory, RequestFactory
    from django.test.utils import override_settings

    import django_project
    from jwseal.adapters.django import require

    def ask(view: Any, **headers: str) -> Any:
        factory: Any = RequestFactory() if kind == "wsgi" else AsyncRequestFactory()
        request = factory.get("/", headers=headers)
        request.token = value
        answer = view(request)
        return answer if kind == "wsgi" else asyncio.run(answer)

    def view(request: Any) -> HttpResponse:
        return HttpResponse(request.token["sub"])

    async def view_async(request: Any) -> HttpResponse:
        return view(request)

    assert django_project.SCOPE == SCOPE
    with override_settings(JWSEAL={"judge": verifier}):
        protected = require()(view if kind == "wsgi" else view_async)
        assert 401 == ask(protected).status_code
        assert b"alice" == ask(protected, **header(issuer.token())).content
