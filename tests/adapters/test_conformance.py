"""Every adapter passes `assert_protected`: in this process, and behind each real server over HTTP.

The same small application is built with each adapter (`protected_apps`). The provider that is down is a key source whose URL
does not answer.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import protected_apps
from jwseal import Verifier
from jwseal.adapters.asgi import JWTMiddleware as AsgiMiddleware
from jwseal.adapters.wsgi import JWTMiddleware as WsgiMiddleware
from jwseal.authorizer import Authorizer
from jwseal.testing import FakeIssuer, assert_protected
from jwseal.testing.client import client_of
from server_process import serving


@pytest.mark.parametrize("name", [name for name in protected_apps.APPS if name != "aiohttp"])
def test_in_process(name: str, issuer: FakeIssuer, verifier: Verifier, down: Any) -> None:
    """The adapter refuses every bad credential, and answers 503 while keys cannot be fetched."""
    make = protected_apps.APPS[name]
    report = assert_protected(
        make(verifier), issuer, path="/orders", scope=protected_apps.SCOPE, unavailable=make(down)
    )
    assert len(report.passed) > 115
    assert report.passed["provider down"] == 503


def test_aiohttp(issuer: FakeIssuer, verifier: Verifier, down: Any) -> None:
    """aiohttp has a protocol of its own, so that its applications are asked over HTTP."""
    protected_apps.needed("aiohttp")
    with listening(protected_apps.aiohttp(verifier)) as up, listening(protected_apps.aiohttp(down)) as unavailable:
        assert_protected(up, issuer, path="/orders", scope=protected_apps.SCOPE, unavailable=unavailable)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The URL of an aiohttp application that runs on a thread."""
    import asyncio

    from aiohttp import web

    loop, ready, ended, urls = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def run() -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        await ended.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


RULES = """
[issuers.idp]
issuer = "{0.url}"
jwks_url = "{0.jwks_uri}"
algorithms = ["ES256"]
audience = ["api"]

[[rules]]
id = "orders"
issuer = "idp"
effect = "allow"
when = {{ claim = "scope", contains = "orders:read" }}
"""


@pytest.mark.parametrize("name", ["asgi", "wsgi"])
def test_an_authorizer_is_the_judge(name: str, issuer: FakeIssuer) -> None:
    """With an Authorizer as the judge every bad credential is refused, a token that no rule allows with 403."""
    judge = Authorizer.from_text(RULES.format(issuer))
    middleware: Any = {"asgi": AsgiMiddleware, "wsgi": WsgiMiddleware}[name]
    app = middleware({"asgi": asgi_app, "wsgi": wsgi_app}[name], judge)
    report = assert_protected(app, issuer, claims={"scope": "orders:read"})
    assert 200 == report.passed["good token"]
    with client_of(app) as client:
        answer = client.send("GET", "/", [("Authorization", f"Bearer {issuer.token({'scope': 'other'})}")])
    assert 403 == answer.status


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer 200 to a request that an authorizer allowed."""
    del receive
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    """Answer 200 to a request that an authorizer allowed."""
    del environ
    start_response("200 OK", [])
    return [b"ok"]


# Which server runs which applications.
SERVED = [
    *[("uvicorn", name) for name in ("asgi", "fastapi", "starlette", "litestar", "quart", "django_async")],
    *[("granian", name) for name in ("asgi", "fastapi", "wsgi", "flask", "django")],
    *[("gunicorn", name) for name in ("wsgi", "flask", "django", "rest_framework")],
    ("aiohttp", "aiohttp"),
]


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork, and one way to start servers is enough")
@pytest.mark.parametrize(("server", "name"), SERVED)
def test_over_http(server: str, name: str, issuer: FakeIssuer) -> None:
    """Behind a real server every bad credential is refused, by the server or the adapter."""
    with serving(server, name, issuer) as url:
        report = assert_protected(url, issuer, path="/orders", scope=protected_apps.SCOPE, unavailable=f"{url}/down")
    assert report.passed["two headers"] in {400, 401}
    assert report.passed["provider down"] == 503
