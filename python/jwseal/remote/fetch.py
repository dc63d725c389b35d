"""A GET request for a small body, with limits on time and size.

After `get` the body is whole, at most `max_bytes` long and decoded. Everything that a server does otherwise is a `FetchError`,
whose sentence names the URL without its query and holds nothing of the answer. No redirect is followed, no cookie is kept.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jwseal._native import __version__
from jwseal.errors import PolicyError
from jwseal.remote.address import named, origin
from jwseal.remote.trust import Trust

if TYPE_CHECKING:
    import httpx

    from jwseal.remote.connection import Deadline

__all__ = ["Answer", "Fetch", "FetchError"]

USER_AGENT = f"jwseal/{__version__}"
NOT_MODIFIED = 304


class FetchError(Exception):
    """A fetch failed. The message is safe to show and to log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a server: a body, or 304 Not Modified."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Fetch:
    """The settings and methods for the fetches of a source."""

    max_bytes: int
    trust: Trust
    transport: httpx.BaseTransport | None = None
    refuse_private_addresses: bool = False
    token_file: str | None = None
    token_origins: frozenset[tuple[str, str, int | None]] = frozenset()

    def get(self, url: httpx.URL, deadline: Deadline, conditions: Mapping[str, str] | None = None) -> Answer:
        """GET a URL. `conditions` are the headers of a conditional request, to which 304 is an answer too."""
        try:
            return self._get(url, deadline, conditions or {})
        except FetchError:
            raise
        except Exception as error:
            raise FetchError(f"{named(url)}: {_sentence(error, deadline)}") from error

    def _get(self, url: httpx.URL, deadline: Deadline, conditions: Mapping[str, str]) -> Answer:
        import httpx

        headers = {
            "Accept": "application/jwk-set+json, application/json;q=0.9, */*;q=0.1",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Connection": "close",
            **conditions,
        }
        if self.token_file is not None and origin(url) in self.token_origins:
            headers["Authorization"] = f"Bearer {_token(self.token_file)}"
        request = httpx.Request("GET", url, headers=headers)
        response = self._transport(url, deadline).handle_request(request)
        try:
            deadline.remaining()
            status = response.status_code
            if status == NOT_MODIFIED and conditions:
                return Answer(status, dict(response.headers.items()), b"")
            if 300 <= status < 400:
                raise FetchError(f"{named(url)}: the answer is a redirect ({status}), which is not followed")
            if status != 200:
                raise FetchError(f"{named(url)}: the status of the answer is {status}")
            body = b"".join(self._decoded(url, deadline, response))
            return Answer(status, dict(response.headers.items()), body)
        finally:
            response.close()

    def _transport(self, url: httpx.URL, deadline: Deadline) -> httpx.BaseTransport:
        if self.transport is not None:
            return self.transport
        from jwseal.remote.connection import DirectTransport, environment_proxy

        proxy = environment_proxy(url)
        if proxy is not None and self.refuse_private_addresses and url.scheme == "https":
            raise PolicyError("private addresses cannot be refused through a proxy, which resolves the name itself")
        context = self.trust.context()
        return DirectTransport(deadline, context, proxy=proxy, refuse_private=self.refuse_private_addresses)

    def _decoded(self, url: httpx.URL, deadline: Deadline, response: httpx.Response) -> Iterator[bytes]:
        """The body, decoded piece by piece, never more than `max_bytes` of it."""
        too_long = FetchError(f"{named(url)}: the answer has more than {self.max_bytes} bytes")
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            raise FetchError(f"{named(url)}: the answer is compressed in a way that was not asked for")
        inflate = None if encoding in {"identity", ""} else zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        received, left = 0, self.max_bytes
        for piece in response.stream:  # type: ignore[union-attr]
            deadline.remaining()
            received += len(piece)
            if received > self.max_bytes:
                raise too_long
            decoded = piece if inflate is None else inflate.decompress(piece, left + 1)
            left -= len(decoded)
            if left < 0:
                raise too_long
            yield decoded
        if inflate is not None and not inflate.eof:
            raise FetchError(f"{named(url)}: the answer ends in the middle")


def _token(path: str) -> str:
    """The bearer token in a file, read again for each fetch: Kubernetes replaces it while the program runs."""
    try:
        with open(path, "rb") as file:
            content = file.read(65_536)
    except OSError as error:
        raise FetchError(f"the token file cannot be read ({type(error).__name__})") from None
    token = content.strip()
    if not token or not all(0x21 <= octet <= 0x7E for octet in token):
        raise FetchError("the token file does not hold one token")
    return token.decode("ascii")


def _sentence(error: Exception, deadline: Deadline) -> str:
    """What an exception of the connection means, in a fixed text: part of its own text may come from the server."""
    causes = [error, *_causes(error)]
    names = {name for cause in causes for name in (kind.__name__ for kind in type(cause).__mro__)}
    if any(isinstance(cause, TimeoutError) for cause in causes) or "TimeoutException" in names:
        return f"no answer within {deadline.seconds:g} seconds"
    if isinstance(error, PolicyError | PermissionError):
        return str(error)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "the certificate of the server is not trusted"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS failed"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "the name of the server cannot be resolved"
    if "ProtocolError" in names:
        return "the server hung up or does not speak HTTP"
    if any(isinstance(cause, OSError) for cause in causes) or "NetworkError" in names:
        return f"the server cannot be reached ({type(causes[-1]).__name__})"
    if isinstance(error, zlib.error):
        return "the answer is not what its Content-Encoding says"
    return f"the fetch failed ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    while (cause := error.__cause__ or error.__context__) is not None:
        yield cause
        error = cause
