"""`Client`: one way to send a request, whatever runs the application: ASGI, WSGI, or a server with a URL.

It sends what a bad client sends: a header twice, control characters, tokens that are too long. It needs no HTTP library.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import inspect
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Answered", "Client", "client_of"]

Headers = list[tuple[str, str]]


class Answered(NamedTuple):
    """The answer to a request."""

    status: int
    headers: Headers
    body: bytes


class Client:
    """Sends requests through a function of method, path, headers and query, which returns status, headers and body.

    `one_context` opens the application context of Flask or Quart around a block, as where a program has pushed one.
    """

    def __init__(
        self,
        function: Callable[[str, str, Headers, str], tuple[int, Any, bytes]],
        one_context: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self._function, self.one_context = function, one_context

    def send(self, method: str, path: str, headers: Headers, query: str = "") -> Answered:
        """Send one request."""
        status, received, body = self._function(method, path, headers, query)
        return Answered(status, [(str(name), str(value)) for name, value in received], body)


@contextlib.contextmanager
def client_of(app: Any) -> Iterator[Client]:
    """A client of an application, a URL, or a Client; what it started ends with the block."""
    pushed = getattr(app, "app_context", contextlib.nullcontext)
    if isinstance(app, Client):
        yield app
    elif isinstance(app, str):
        yield Client(lambda *request: _over_http(app, *request))
    elif inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None)):  # noqa: B004
        with asyncio.Runner() as runner:
            ending = runner.run(_started(app))
            yield Client(lambda *request: runner.run(_over_asgi(app, *request)), lambda: _entered(runner.run, pushed()))
            runner.run(ending())
    elif callable(app):
        yield Client(lambda *request: _over_wsgi(app, *request), pushed)
    else:
        raise TypeError("the application is an ASGI or WSGI application, a URL or a Client")


def _over_http(url: str, method: str, path: str, headers: Headers, query: str) -> tuple[int, Headers, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.putrequest(method, f"{parts.path.rstrip('/')}{path}{'?' if query else ''}{query}")
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def _over_wsgi(app: Any, method: str, path: str, headers: Headers, query: str) -> tuple[int, Headers, bytes]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_HOST": "testserver",
    }
    for name, value in headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    started: list[Any] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [int(status.split(maxsplit=1)[0]), headers]
        return lambda data: None

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return started[0], started[1], body


async def _over_asgi(app: Any, method: str, path: str, headers: Headers, query: str) -> tuple[int, Headers, bytes]:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"testserver")]
        + [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
        "extensions": {},
    }
    given = iter([{"type": "http.request", "body": b"", "more_body": False}])
    sent: list[Any] = []
    ended = asyncio.Event()

    async def receive() -> Any:
        for message in given:
            return message
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return start["status"], [(n.decode("latin-1"), v.decode("latin-1")) for n, v in start.get("headers", [])], body


@contextlib.contextmanager
def _entered(run: Callable[[Any], Any], context: Any) -> Iterator[None]:
    """An asynchronous context around a block, entered and left on the loop."""

    async def awaited(made: Any) -> None:
        await made

    run(awaited(context.__aenter__()))
    yield
    run(awaited(context.__aexit__(None, None, None)))


async def _started(app: Any) -> Callable[[], Any]:
    """Run the application's start-up (ASGI lifespan) and return what ends it."""
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[str] = asyncio.Queue()

    async def send(message: Any) -> None:
        await from_app.put(message["type"])

    async def run() -> None:
        # An application without a lifespan raises, or returns (ASGI, Lifespan Protocol).
        with contextlib.suppress(Exception):
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, to_app.get, send)
        await from_app.put("ended")

    task = asyncio.ensure_future(run())
    await to_app.put({"type": "lifespan.startup"})
    if await from_app.get() == "lifespan.startup.failed":
        raise RuntimeError("the application's start-up failed")

    async def end() -> None:
        await to_app.put({"type": "lifespan.shutdown"})
        await task

    return end
