"""Every adapter passes `assert_protected` with every kind of judge: in this process, and behind each real server.

The same small application is built with each adapter (`protected_apps`, `protected_grpc`, `protected_mcp`). The provider that is
down is a key source whose URL does not answer.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import protected_apps
import protected_grpc
import protected_mcp
from jwseal import Issuers, KeySet, Policy, Verifier
from jwseal.authorizer import Authorizer
from jwseal.remote import RemoteKeySet
from jwseal.testing import FakeIssuer, assert_protected
from jwseal.testing.client import client_of
from protected_apps import SCOPE
from server_process import free_port, serving


def of_keys(issuer: FakeIssuer, keys: Any) -> Verifier:
    """A verifier of the issuer's tokens."""
    return Verifier(keys, Policy(issuer=issuer.url, audience="api"))


def remote(issuer: FakeIssuer, url: str) -> Verifier:
    """A verifier that fetches its keys."""
    return of_keys(issuer, RemoteKeySet(url, algorithms=["ES256"], allow_http_loopback=True))


def several(verifier: Verifier, issuer: FakeIssuer) -> Issuers:
    """A judge of this issuer and of another."""
    other = Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer="https://other.example", audience="api"))
    return Issuers({issuer.url: verifier, "https://other.example": other})


RULES = """
[issuers.idp]
issuer = "{issuer}"
jwks_url = "{url}"
algorithms = ["ES256"]
audience = ["api"]

[[rules]]
id = "orders"
issuer = "idp"
effect = "allow"
when = {{ claim = "scope", contains = "{scope}" }}
"""


def ruled(issuer: FakeIssuer, url: str, scope: str = SCOPE) -> Authorizer:
    """An authorizer with one rule."""
    return Authorizer.from_text(RULES.format(issuer=issuer.url, url=url, scope=scope))


# A judge of each kind from the issuer and the URL of its keys. The URL of the one that is down answers nothing.
JUDGES: dict[str, Callable[[FakeIssuer, str], Any]] = {
    "verifier": lambda issuer, url: (
        of_keys(issuer, KeySet.from_jwks(issuer.jwks())) if url == issuer.jwks_uri else remote(issuer, url)
    ),
    "remote": remote,
    "issuers": lambda issuer, url: several(remote(issuer, url), issuer),
    "authorizer": ruled,
}
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
    make, judge = protected_apps.APPS[name], JUDGES[kind]
    check(kind, issuer, make(judge(issuer, issuer.jwks_uri)), make(judge(issuer, nowhere)), path="/orders")


@every_judge
def test_aiohttp(kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """aiohttp has a protocol of its own, so that its applications are asked over HTTP."""
    protected_apps.needed("aiohttp")
    make, judge = protected_apps.aiohttp, JUDGES[kind]
    with listening(make(judge(issuer, issuer.jwks_uri))) as up, listening(make(judge(issuer, nowhere))) as down:
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
    make, judge, client = protected_grpc.SERVERS[server], JUDGES[kind], protected_grpc.client
    with make(judge(issuer, issuer.jwks_uri)) as up, make(judge(issuer, nowhere)) as down:
        check(kind, issuer, client(up), client(down))


@every_judge
@pytest.mark.parametrize("library", protected_mcp.LIBRARIES)
def test_mcp(library: str, kind: str, issuer: FakeIssuer, nowhere: str) -> None:
    """The MCP libraries' servers, on threads of this process."""
    scope, client = "tools", protected_mcp.client

    def app(url: str) -> Any:
        judge = ruled(issuer, url, scope) if kind == "authorizer" else JUDGES[kind](issuer, url)
        return protected_mcp.browsers(protected_mcp.LIBRARIES[library](judge, issuer.url))

    with protected_mcp.serving(app(issuer.jwks_uri)) as up, protected_mcp.serving(app(nowhere)) as down:
        check(kind, issuer, client(up), client(down), scope, path="/mcp", method="POST")


# Which server runs which applications.
SERVED = [
    *[("uvicorn", name) for name in ("asgi", "fastapi", "starlette", "litestar", "quart", "django_async")],
    *[("granian", name) for name in ("asgi", "fastapi", "wsgi", "flask", "django")],
    *[("gunicorn", name) for name in ("wsgi", "flask", "django", "rest_framework")],
    *[("uvicorn", library) for library in protected_mcp.LIBRARIES],
    ("hypercorn", "quart"),
    ("aiohttp", "aiohttp"),
]


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs fork, and one way to start servers is enough")
@pytest.mark.parametrize(("server", "name"), SERVED)
def test_over_http(server: str, name: str, issuer: FakeIssuer) -> None:
    """Behind a real server in a process of its own every bad credential is refused, by the server or the adapter."""
    with serving(server, name, issuer) as url:
        if name in protected_mcp.LIBRARIES:
            client = protected_mcp.client
            check("verifier", issuer, client(url), client(f"{url}/down"), "tools", path="/mcp", method="POST")
        else:
            check("verifier", issuer, url, f"{url}/down", path="/orders")


@pytest.mark.skipif(os.name != "posix", reason="one way to start servers is enough")
@pytest.mark.parametrize("server", protected_grpc.SERVERS)
def test_over_grpc(server: str, issuer: FakeIssuer) -> None:
    """Behind a gRPC server in a process of its own every bad credential is refused, by gRPC or the interceptor."""
    down = free_port()
    with serving("grpc", server, issuer, str(down)) as url:
        address = url.removeprefix("http://")
        check("verifier", issuer, protected_grpc.client(address), protected_grpc.client(f"127.0.0.1:{down}"))
