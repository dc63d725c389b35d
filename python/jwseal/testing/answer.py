"""`Answer`: what a FakeIssuer sends for a request, right or wrong.

An answer changes some part of the response (its status, its headers, its body, its pace) and leaves the rest as the
issuer would have sent it. The named constructors are the ways in which real endpoints go wrong.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

__all__ = ["Answer"]

_PIECE = 65_536


class Answer:
    """How a request is answered.

    status    the status code; 200 unless told otherwise
    headers   headers that are added or replace the issuer's own; None leaves one out
    body      the body, as bytes; None is the document that was asked for
    wait      seconds before the first byte
    pause     seconds between any two bytes of the body; None sends the body at once
    cut       close the connection after so many bytes of the body, without the rest; -1 closes it before the status line
    """

    __slots__ = ("_pieces", "body", "cut", "headers", "pause", "status", "wait")

    def __init__(
        self,
        status: int = 200,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        wait: float = 0.0,
        pause: float | None = None,
        cut: int | None = None,
    ) -> None:
        self.status = status
        self.headers: dict[str, str | None] = dict(headers or {})
        self.body = body
        self.wait = wait
        self.pause = pause
        self.cut = cut
        self._pieces: tuple[bytes, int, bytes] | None = None

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"

    @classmethod
    def empty(cls) -> Answer:
        """200 without a body."""
        return cls(body=b"")

    @classmethod
    def garbage(cls) -> Answer:
        """200 with bytes that are no JSON and no text."""
        return cls(body=bytes(range(256)))

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Answer:
        """A redirect, with the document as its body."""
        return cls(status, headers={"Location": location})

    @classmethod
    def of_type(cls, content_type: str) -> Answer:
        """The document under another Content-Type."""
        return cls(headers={"Content-Type": content_type})

    @classmethod
    def slow(cls, seconds: float) -> Answer:
        """The document, after this number of seconds."""
        return cls(wait=seconds)

    @classmethod
    def byte_by_byte(cls, pause: float = 0.05) -> Answer:
        """The document, one byte after the other."""
        return cls(pause=pause)

    @classmethod
    def hang_up(cls, after: int = -1) -> Answer:
        """The connection is closed after so many bytes of the document; -1 is before the status line."""
        return cls(cut=after)

    @classmethod
    def oversized(cls, size: int = 10_000_000) -> Answer:
        """A JWK Set without keys, written with spaces until it has `size` bytes."""
        made = cls(headers={"Content-Type": "application/json"})
        made._pieces = (b'{"keys":[', max(size - 11, 0), b"]}")
        return made

    @classmethod
    def gzip_bomb(cls, size: int = 1_000_000_000) -> Answer:
        """A JWK Set of `size` bytes which is about a thousandth of that on the wire, as `Content-Encoding: gzip`."""
        made = cls.oversized(size)
        made.headers["Content-Encoding"] = "gzip"
        return made

    def chunks(self, document: bytes) -> Iterator[bytes]:
        """The body in pieces; `document` is what the issuer would have sent."""
        if self._pieces is None:
            yield document if self.body is None else self.body
            return
        plain = self._padded(*self._pieces)
        if "Content-Encoding" not in self.headers:
            yield from plain
            return
        packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        for piece in plain:
            if packed := packer.compress(piece):
                yield packed
        yield packer.flush()

    @property
    def length(self) -> int | None:
        """The length of the body if the answer has one of its own and knows it."""
        if self._pieces is not None:
            start, padding, end = self._pieces
            return None if "Content-Encoding" in self.headers else len(start) + padding + len(end)
        return None if self.body is None else len(self.body)

    @staticmethod
    def _padded(start: bytes, padding: int, end: bytes) -> Iterator[bytes]:
        yield start
        spaces = b" " * _PIECE
        while padding > 0:
            yield spaces[:padding]
            padding -= _PIECE
        yield end
