"""Every adapter passes `assert_protected` with every kind of judge: in this process, and behind each real server.

The same small application is built with each adapter (`protected_apps`, `protected_grpc`, `protected_mcp`). The provider that is
down is a key source whose URL does not answer.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import protected_apps
import protected_grpc
import protected_mcp
from judges import JUDGES
from jwseal.testing import FakeIssuer, assert_protected
from jwseal.testing.client import client_of
from protected_apps import SCOPE
from server_process import free_port, serving


def judging(kind: str, issuer: FakeIssuer, url: str, **options: Any) -> Any:
    """A judge of this kind. The URL of the keys of one that is down answers nothing."""
    return JUDGES[kind](issuer.url, issuer.jwks() if url == issuer.jwks_uri else None, url, **options)


every_judge = pytest.mark.parametrize("kind", JUDGES)


@pytest.fixture(scope="module")
def nowhere() -> str:
    """The URL of keys that cannot be fetched."""
    return f"http://127.0.0.1:{free_port()}/jwks"


def check(kind: str, issuer: FakeIssuer, up: Any, down: Any, scope: str = SCOPE, **options: Any) -> None:
    """The application refuses every bad credential, and answers 503 while keys cannot be fetched."""
    if (
        kind == "authorizer"
    ):  # whose rules decide about scopes: a token that no rule allows is refused with its own code
        report = assert_protected(up, issuer, claims={"scope": scope}, unavailable=down, **options)
        with client_of(up) as client:
            narrow = [("Authorization", f"Bearer {issuer.token(scope='nothing')}")]
            assert 403 == client.send(options.get("method", "GET"), options.get("path", "/"), narrow).status
    else:
        report = assert_protected(up, issuer, scope=scope, unavailable=down, **options)
        assert 403 == report.passed["scope missing"]
    assert report.untried == ()
    assert 503 == report.passed["provider down"]
    assert report.passed["two headers"] in {400, 401}
    assert {"no credentials", "header and query", "lower-case scheme", "trailing comma", "control character 01"} <= set(
        report.passed
    )
    assert {"expired", "foreign_key", "wrong_audience", "none", "oversized", "CORS preflight"} <= set(report.passed)


@every_judge
@pytest.mark.parametrize("name", [name for name in protected_apps.APPS if name != "aiohttp"])
def test_in_process(name: str, kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """Applications of WSGI and ASGI, in this process."""
    make = protected_apps.APPS[name]
    up, down = (make(judging(kind, issuer, url)) for url in (issuer.jwks_uri, nowhere))
    check(kind, issuer, up, down, path="/orders")


@every_judge
def test_aiohttp(kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """aiohttp has a protocol of its own, so that its applications are asked over HTTP."""
    protected_apps.needed("aiohttp")
    first, second = (protected_apps.aiohttp(judging(kind, issuer, url)) for url in (issuer.jwks_uri, nowhere))
    with listening(first) as up, listening(second) as down:
        check(kind, issuer, up, down, path="/orders")


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


@every_judge
@pytest.mark.parametrize("server", protected_grpc.SERVERS)
def test_grpc(server: str, kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """The interceptors, on servers of this process. UNAVAILABLE stands for 503."""
    make, client = protected_grpc.SERVERS[server], protected_grpc.client
    first, second = (judging(kind, issuer, url) for url in (issuer.jwks_uri, nowhere))
    with make(first) as up, make(second) as down:
        check(kind, issuer, client(up), client(down))


@every_judge
@pytest.mark.parametrize("library", protected_mcp.LIBRARIES)
def test_mcp(library: str, kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """The MCP libraries' servers, on threads of this process."""
    scope, client = "tools", protected_mcp.client

    def app(url: str) -> Any:
        judge = judging(kind, issuer, url, scope=scope)
        return protected_mcp.browsers(protected_mcp.LIBRARIES[library](judge, issuer.url))

    with protected_mcp.serving(app(issuer.jwks_uri)) as up, protected_mcp.serving(app(nowhere)) as down:
        check(kind, issuer, client(up), client(down), scope, path="/mcp", method="POST")


# Which server runs which applications, and with which judge: each kind behind each server.
SERVED = [
    ("uvicorn", "asgi", "verifier"),
    ("uvicorn", "fastapi", "authorizer"),
    ("uvicorn", "starlette", "issuers"),
    ("uvicorn", "litestar", "remote"),
    ("uvicorn", "quart", "authorizer"),
    ("uvicorn", "django_async", "issuers"),
    ("uvicorn", "mcp", "authorizer"),
    ("uvicorn", "fastmcp", "remote"),
    ("granian", "asgi", "issuers"),
    ("granian", "fastapi", "verifier"),
    ("granian", "wsgi", "authorizer"),
    ("granian", "flask", "remote"),
    ("granian", "django", "authorizer"),
    ("gunicorn", "wsgi", "remote"),
    ("gunicorn", "flask", "issuers"),
    ("gunicorn", "django", "verifier"),
    ("gunicorn", "rest_framework", "authorizer"),
    ("hypercorn", "quart", "authorizer"),
    ("hypercorn", "asgi", "issuers"),
    ("hypercorn", "fastapi", "remote"),
    ("aiohttp", "aiohttp", "authorizer"),
    ("aiohttp", "aiohttp", "issuers"),
    ("aiohttp", "aiohttp", "remote"),
]


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork, and one way to start servers is enough")
@pytest.mark.parametrize(("server", "name", "kind"), SERVED)
def test_over_http(server: str, name: str, kind: str, issuer: FakeIssuer) -> None:
    """Behind a real server in a process of its own every bad credential is refused, by the server or the adapter."""
    with serving(server, name, issuer, judge=kind) as url:
        if name in protected_mcp.LIBRARIES:
            client = protected_mcp.client
            check(kind, issuer, client(url), client(f"{url}/down"), "tools", path="/mcp", method="POST")
        else:
            check(kind, issuer, url, f"{url}/down", path="/orders")


@pytest.mark.skipif(os.name != "posix", reason="one way to start servers is enough")
@pytest.mark.parametrize(("server", "kind"), [("threads", "authorizer"), ("threads", "remote"), ("asyncio", "issuers")])
def test_over_grpc(server: str, kind: str, issuer: FakeIssuer) -> None:
    """Behind a gRPC server in a process of its own every bad credential is refused, by gRPC or the interceptor."""
    down = free_port()
    with serving("grpc", server, issuer, str(down), judge=kind) as url:
        address = url.removeprefix("http://")
        check(kind, issuer, protected_grpc.client(address), protected_grpc.client(f"127.0.0.1:{down}"))
