"""HTTP connections with one deadline for everything: resolving the name, connecting, TLS, sending, receiving.

httpx bounds each read by itself, so that a server which sends one byte at a time holds its client without end. Here every
wait ends at the deadline. A connection serves one request.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from jwseal.errors import PolicyError
from jwseal.remote.address import resolved

__all__ = ["Deadline", "DirectTransport", "environment_proxy"]

_T = TypeVar("_T")


class Deadline:
    """The time at which a fetch must have ended."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """The seconds until then. Raises TimeoutError after it."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def share(self, of: int) -> Deadline:
        """The deadline for one of `count` consecutive attempts; the last has all the remaining time."""
        return self if of == 1 else Deadline(self.remaining() / of)


def environment_proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for a URL (HTTPS_PROXY, ALL_PROXY, NO_PROXY)."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


class DirectTransport(httpx.BaseTransport):
    """Connects by the rules of `remote.address`, through a proxy where one is given."""

    def __init__(
        self, deadline: Deadline, ssl_context: ssl.SSLContext, *, proxy: str | None, refuse_private: bool
    ) -> None:
        self._deadline = deadline
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._refuse_private = refuse_private

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and receive the header of the answer."""
        url = request.url
        pool = self._pool(only_loopback=url.scheme == "http")
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = pool.handle_request(httpcore.Request(request.method, target, headers=request.headers.raw))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, pool))

    def _pool(self, *, only_loopback: bool) -> httpcore.ConnectionPool:
        options: dict[str, Any] = {"ssl_context": self._ssl_context, "max_connections": 1}
        if self._proxy is None or only_loopback:
            backend = _Backend(self._deadline, only_loopback=only_loopback, refuse_private=self._refuse_private)
            return httpcore.ConnectionPool(network_backend=backend, **options)
        proxy = httpx.Proxy(self._proxy)
        if proxy.url.scheme not in {"http", "https"}:
            raise PolicyError(
                "the proxy of the environment is no HTTP proxy: give transport=, such as an httpx.HTTPTransport"
            )
        where = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
        backend = _Backend(self._deadline, only_loopback=False, refuse_private=False)
        return httpcore.HTTPProxy(proxy_url=where, proxy_auth=proxy.raw_auth, network_backend=backend, **options)


class _Body(httpx.SyncByteStream):
    """The body of an answer as it arrives, not decoded."""

    def __init__(self, answer: httpcore.Response, pool: httpcore.ConnectionPool) -> None:
        self._answer = answer
        self._pool = pool

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()
        self._pool.close()


class _Backend(httpcore.NetworkBackend):
    """Resolves, judges and connects."""

    def __init__(self, deadline: Deadline, *, only_loopback: bool, refuse_private: bool) -> None:
        self._deadline = deadline
        self._only_loopback = only_loopback
        self._refuse_private = refuse_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        del timeout, local_address, socket_options
        seconds = self._deadline.remaining()
        rules = {"only_loopback": self._only_loopback, "refuse_private": self._refuse_private}
        addresses = resolved(host, port, seconds, **rules)
        last: OSError = ConnectionError("the name has no address")
        for count, address in enumerate(addresses):
            share = self._deadline.remaining() / (len(addresses) - count)
            try:
                connected = socket.create_connection((str(address), port), share)
            except OSError as error:
                last = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Plain(connected, self._deadline)
        self._deadline.remaining()
        raise last


class _Plain(httpcore.NetworkStream):
    """A TCP connection."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive up to `max_bytes` bytes; b"" at the end."""
        del timeout
        self._socket.settimeout(self._deadline.remaining())
        return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send these bytes."""
        del timeout
        self._socket.settimeout(self._deadline.remaining())
        self._socket.sendall(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS."""
        del timeout
        try:
            return _Encrypted(self, ssl_context, server_hostname)
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Return None: connections are not reused."""
        del info
        return None


class _Encrypted(httpcore.NetworkStream):
    """TLS over another connection. An `ssl.SSLSocket` bounds each read of a handshake, but not the whole handshake."""

    def __init__(self, carrier: httpcore.NetworkStream, ssl_context: ssl.SSLContext, host: str | None) -> None:
        self._carrier = carrier
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = ssl_context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._run(self._tls.do_handshake)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive up to `max_bytes` bytes; b"" at the end."""
        del timeout
        try:
            return self._run(lambda: self._tls.read(max_bytes))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send these bytes."""
        del timeout
        sent = 0
        while sent < len(buffer):
            sent += self._run(partial(self._tls.write, memoryview(buffer)[sent:]))

    def close(self) -> None:
        """Close the connection."""
        self._carrier.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS within TLS, as through an HTTPS proxy."""
        del timeout
        return _Encrypted(self, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:
        """The TLS object, which says that HTTP/1.1 was agreed on."""
        return self._tls if info == "ssl_object" else None

    def _run(self, step: Callable[[], _T]) -> _T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._send()
                received = self._carrier.read(65_536)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._send()
                return result

    def _send(self) -> None:
        if self._outgoing.pending:
            self._carrier.write(self._outgoing.read())
