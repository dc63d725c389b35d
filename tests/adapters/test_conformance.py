"""Every adapter passes `assert_protected`: in this process, and behind each real server over HTTP.

The same small application is built with each adapter (`protected_apps`). The provider that is down is a key source whose URL
does not answer.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import protected_apps
from jwseal import Verifier
from jwseal.testing import FakeIssuer, assert_protected

SUPPORT = Path(__file__).parents[1] / "support"


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


COMMANDS: dict[str, list[str]] = {
    "uvicorn": ["-m", "uvicorn", "served_app:app", "--host", "127.0.0.1", "--log-level", "error", "--port"],
    "granian": ["-m", "granian", "served_app:app", "--host", "127.0.0.1", "--no-log", "--interface", "{}", "--port"],
    "gunicorn": ["-m", "gunicorn", "served_app:app", "--log-level", "error", "--bind"],
    "aiohttp": ["served_app.py"],
}
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
    protected_apps.needed(server)
    protected_apps.needed({"django_async": "django"}.get(name, name) if name not in {"asgi", "wsgi"} else "jwseal")
    with serving(server, name, issuer) as url:
        report = assert_protected(url, issuer, path="/orders", scope=protected_apps.SCOPE)
    assert report.passed["two headers"] in {400, 401}


@contextmanager
def serving(server: str, name: str, issuer: FakeIssuer) -> Iterator[str]:
    """The URL of a server process that runs this application."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    interface = "wsgi" if name in {"wsgi", "flask", "django", "rest_framework"} else "asgi"
    command = [part.format(interface) for part in COMMANDS[server]]
    command.append(f"127.0.0.1:{port}" if server == "gunicorn" else str(port))
    environment = {
        **os.environ,
        "JWSEAL_TEST_APP": name,
        "JWSEAL_TEST_ISSUER": issuer.url,
        "JWSEAL_TEST_KEYS": json.dumps(issuer.jwks()),
    }
    process = subprocess.Popen(
        [sys.executable, *command], cwd=SUPPORT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens, or fail with what the process said."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(process.communicate()[0].decode())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail("the server did not start within a minute")
