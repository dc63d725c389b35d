"""Fetching with the standard library within bounds: a deadline for the whole of a fetch, and a largest response.

`urllib` has a timeout for each read, so that an endpoint which sends a byte at a time holds its caller for hours. Here each
read has what is left of the time. Redirects are not followed: keys come from the configured place only.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.request
from functools import partial
from ssl import SSLContext
from typing import Any

# Bytes of a response. JWK Sets have a few thousand.
_LARGEST = 1_048_576


def bounded_opener(timeout: float | None, ssl_context: SSLContext | None) -> urllib.request.OpenerDirector:
    """Return an opener for one fetch with a deadline `timeout` seconds from now. None means no deadline."""
    deadline = None if timeout is None else time.monotonic() + timeout
    handlers = (_NoRedirect(), _HTTP(deadline), _HTTPS(deadline, ssl_context))
    return urllib.request.build_opener(*handlers)


def read_bounded(response: Any) -> bytes:
    """The body of a response; HTTPException if it is too large."""
    body: bytes = response.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise http.client.HTTPException(f"the response is larger than {_LARGEST} bytes")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


class _Deadline:
    """A deadline on the monotonic clock."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline

    def left(self) -> float | None:
        """The seconds that are left, for a socket; TimeoutError if there are none."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Reader(io.RawIOBase):
    """A raw stream of a socket that sets the remaining time before each read."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket, deadline: _Deadline) -> None:
        self._raw, self._connected, self._deadline = raw, connected, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connected.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: _Deadline, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, deadline))


class _HTTPConnection(http.client.HTTPConnection):
    def __init__(self, host: str, *, deadline: _Deadline, **named: Any) -> None:
        super().__init__(host, **named)
        self._deadline = deadline
        self.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        self.timeout = self._deadline.left()
        super().connect()


class _HTTPSConnection(_HTTPConnection, http.client.HTTPSConnection):
    """The TLS handshake has a deadline of its own in the standard library: the connection's timeout."""


class _HTTP(urllib.request.HTTPHandler):
    def __init__(self, deadline: float | None) -> None:
        super().__init__()
        self._deadline = _Deadline(deadline)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_HTTPConnection, deadline=self._deadline), req)


class _HTTPS(urllib.request.HTTPSHandler):
    def __init__(self, deadline: float | None, context: SSLContext | None) -> None:
        super().__init__(context=context)
        self._made = partial(_HTTPSConnection, deadline=_Deadline(deadline), context=context)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._made, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Reports a redirect as an error."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        return None
