"""The HTTP server under one or many FakeIssuers: loopback, a free port, a thread for each connection.

It asks a `respond` function for each request, sends what that returns at the pace it says, and remembers every request
and every connection. It speaks HTTP/1.1 with connections kept open. After `close` returns no thread of it runs.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from jwseal.testing.answer import Answer

__all__ = ["Gate", "Request", "Response", "Server"]


class Request(NamedTuple):
    """One request as it arrived. Names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]


class Response(NamedTuple):
    """What is sent: the document and its own headers, how the answer changes them, and the gate that it waits at."""

    document: bytes
    headers: dict[str, str]
    answer: Answer
    gate: Gate | None


class Gate:
    """Holds requests back, each until it is let through, so that a test decides the order of the responses.

    What a request is answered with is fixed when it arrives.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[threading.Event] = []
        self._open = False

    def arrived(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Wait until this number of requests has arrived; return False if it has not within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._waiting) >= count, timeout)

    def release(self, index: int) -> None:
        """Let the request through that arrived as number `index`, from 0."""
        with self._changed:
            self._waiting[index].set()

    def open(self) -> None:
        """Let all through, now and later."""
        with self._changed:
            self._open = True
            for one in self._waiting:
                one.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.open()

    def hold(self) -> threading.Event:
        """Take the place of one more request. Its event is set when it may go on."""
        with self._changed:
            mine = threading.Event()
            if self._open:
                mine.set()
            self._waiting.append(mine)
            self._changed.notify_all()
            return mine


class Server:
    """The listening socket and what came in. `respond` maps a request to its response."""

    def __init__(self, respond: Callable[[Request], Response], tls: ssl.SSLContext | None) -> None:
        self._respond = respond
        self._tls = tls
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.requests: list[Request] = []
        self.connections = 0

    @property
    def origin(self) -> str:
        """Scheme, host and port of every URL here."""
        if not self.port:
            raise RuntimeError("the server has no port yet: use the issuer in a `with` statement, or call start()")
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it listens."""
        return self._http is not None

    def start(self) -> None:
        """Listen, on the port it had before if there was one."""
        if self._http is None:
            self._http = _Http(self, self.port)
            self.port = self._http.server_port
            self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._http.cut()
            self._http.server_close()
            self._http = self._thread = None

    def receive(self, request: Request) -> Response:
        """Remember a request and ask what to send."""
        self.requests.append(request)
        return self._respond(request)

    def secured(self, connection: socket.socket) -> socket.socket:
        """The connection under TLS, where the server has a certificate. The first read makes the handshake."""
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


class _Http(ThreadingHTTPServer):
    request_queue_size = 1024

    def __init__(self, owner: Server, port: int) -> None:
        self.owner = owner
        self.closing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._serving: set[threading.Thread] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.connections += 1
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._serving.add(thread)
        thread.start()

    def _serve(self, accepted: socket.socket, client_address: Any) -> None:
        connection = self.owner.secured(accepted)
        with self._lock:
            self._sockets.add(connection)
        try:
            self.process_request_thread(connection, client_address)
        finally:
            with self._lock:
                self._sockets.discard(connection)
                self._serving.discard(threading.current_thread())

    def cut(self) -> None:
        """End the connections that clients keep open, and whatever their threads wait for."""
        self.closing.set()
        with self._lock:
            threads = list(self._serving)
            for one in self._sockets:
                _cut(one)
        for thread in threads:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, is no failure of the server."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if int(self.headers.get("content-length") or 0):
            self.close_connection = True  # a body is not read
        document, own, answer, gate = self.server.owner.receive(Request(self.command, self.path, headers))
        if gate is not None:
            passage = gate.hold()
            while not passage.wait(0.02):
                if self.server.closing.is_set():
                    return
        if answer.wait:
            self.server.closing.wait(answer.wait)
        if answer.cut == -1:
            self.close_connection = True
            _cut(self.connection)
            return
        merged: dict[str, str | None] = {**own, **answer.headers}
        length = len(document) if answer.length is None and "Content-Encoding" not in merged else answer.length
        self._head(answer.status, merged, length)
        if self.command != "HEAD" and answer.status not in (204, 304):
            self._body(answer.chunks(document), answer, chunked=length is None)

    do_HEAD = do_POST = do_GET  # noqa: N815 - as above

    def _head(self, status: int, headers: dict[str, str | None], length: int | None) -> None:
        self.send_response(status)
        if status not in (204, 304):
            framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
            if framing[0] not in headers:
                self.send_header(*framing)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def _body(self, pieces: Iterable[bytes], answer: Answer, *, chunked: bool) -> None:
        left = answer.cut
        for piece in pieces:
            units = [piece] if answer.pause is None else [piece[n : n + 1] for n in range(len(piece))]
            for whole in units:
                unit = whole if left is None else whole[:left]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(unit), unit) if chunked and unit else unit)
                if left is not None:
                    left -= len(unit)
                    if left == 0:
                        self.close_connection = True
                        _cut(self.connection)
                        return
                if answer.pause is not None and self.server.closing.wait(answer.pause):
                    return
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        """Keep quiet: `Server.requests` has it all."""


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended already
        connection.shutdown(socket.SHUT_RDWR)
