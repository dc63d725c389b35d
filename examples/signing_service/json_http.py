"""JSON over HTTP on the loopback interface: a server of handlers by path, and a client. For the example only.

A handler takes the request's JSON and headers, and returns a status, JSON and headers. A server prints the port that it got.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]
Handler = Callable[[dict[str, Any], list[str]], Answer]

LONGEST = 1_048_576


def serve(handlers: dict[str, Handler]) -> None:
    """Serve until the process ends; the first line of standard output is the port."""

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            handler = handlers.get(self.path)
            size = int(self.headers.get("Content-Length", 0))
            if handler is None or size > LONGEST:
                return self.reply(
                    404 if handler is None else 413, {"error": "no such path" if handler is None else "too large"}, []
                )
            try:
                body = json.loads(self.rfile.read(size) or b"{}")
                answer = handler(body, self.headers.get_all("Authorization", []))
            except (KeyError, TypeError, ValueError):
                answer = 400, {"error": "the request cannot be read"}, []
            return self.reply(*answer)

        def reply(self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(content))), *headers]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Nothing: each server keeps its own log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    print(server.server_port, flush=True)
    server.serve_forever()


def call(url: str, body: dict[str, Any] | None = None, token: str | None = None) -> Answer:
    """Ask a server: POST with a body, GET without."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response), response.getheaders()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), list(error.headers.items())
