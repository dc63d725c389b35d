"""Arguments that no honest program gives: objects that raise, lie, change or come back, and values at every bound.

`MARK` is in every text that stands for a secret. `reachable` is all that a caller can read from an exception.
"""

import datetime as dt
import decimal
import enum
import io
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import MagicMock

MARK = "ThisIsTheSecretThatNoExceptionHolds"


class Explosion(Exception):
    """What hostile objects raise: it must arrive as it is, or not at all."""


def _explode(*_: object, **__: object) -> Any:
    raise Explosion


def _lie(*_: object, **__: object) -> Any:
    return -5


_METHODS = [
    "__iter__",
    "__next__",
    "__len__",
    "__length_hint__",
    "__contains__",
    "__getitem__",
    "__index__",
    "__int__",
    "__float__",
    "__bool__",
    "__bytes__",
    "__str__",
    "__repr__",
    "__hash__",
    "__eq__",
    "__lt__",
    "__call__",
    "__buffer__",
    "__fspath__",
    "__enter__",
    "__complex__",
    "__instancecheck__",
]
_NAMES = [
    "keys",
    "items",
    "values",
    "get",
    "read",
    "timestamp",
    "utcoffset",
    "total_seconds",
    "sign",
    "verifying_key",
    "alg",
    "kid",
    "encode",
    "decode",
]


class Exploding:
    """Raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise Explosion


class Lying:
    """Answers everything with a number below zero."""

    def __getattr__(self, name: str) -> Any:
        return _lie


for _name in _METHODS:
    setattr(Exploding, _name, _explode)
    setattr(Lying, _name, _lie)


class LyingText(str):
    """A str that says it is another, and hashes at random."""

    __slots__ = ()

    __str__ = __repr__ = lambda _: "other"  # type: ignore[assignment]
    __eq__ = lambda *_: True  # type: ignore[assignment]  # noqa: E731
    __hash__ = lambda self: id(self)  # type: ignore[assignment]  # noqa: E731


class LyingBytes(bytes):
    """Bytes whose methods are broken."""

    __len__ = __iter__ = __getitem__ = decode = hex = _explode  # type: ignore[assignment]


class LyingInt(int):
    """An int whose conversions are broken."""

    __index__ = __int__ = __float__ = __str__ = __repr__ = _explode  # type: ignore[assignment]


class Level(int, enum.Enum):
    """An int by inheritance."""

    LOW = 5


class Changing(Mapping[str, Any]):
    """A mapping that grows while it is read."""

    def __init__(self) -> None:
        self.content = {"kty": "oct", "k": MARK}

    def __getitem__(self, name: str) -> Any:
        self.content[f"{name}{len(self.content)}"] = MARK
        return self.content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


class ChangingZone(dt.tzinfo):
    """A time zone that changes a dict when it is asked."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        """UTC, after the change."""
        self.content[f"x{len(self.content)}"] = 1
        return dt.timedelta(0)


class Pieces:
    """A file whose read gives these things, one after the other."""

    def __init__(self, *pieces: object) -> None:
        self.pieces = list(pieces)

    def read(self, _: int = -1) -> Any:
        """The next piece."""
        return self.pieces.pop(0) if self.pieces else b""


def values() -> dict[str, Any]:
    """Every hostile value, made anew."""
    ring: list[Any] = [MARK]
    ring.append(ring)
    knot: dict[str, Any] = {"k": MARK}
    knot["a"] = knot
    deep: Any = MARK
    for _ in range(3000):
        deep = [deep]
    growing: dict[str, Any] = {"a": 1}
    growing["exp"] = dt.datetime(2030, 1, 1, tzinfo=ChangingZone(growing))
    growing["b"] = MARK
    return {
        "None": None,
        "...": ...,
        "True": True,
        "0": 0,
        "-1": -1,
        "2**31": 2**31,
        "2**64": 2**64,
        "10**4000": 10**4000,
        "10**5000": 10**5000,
        "nan": float("nan"),
        "inf": float("inf"),
        "1e308": 1e308,
        "decimal": decimal.Decimal("NaN"),
        "complex": 1j,
        "Enum": Level.LOW,
        "LyingInt": LyingInt(7),
        "empty text": "",
        "text": MARK,
        "lone surrogate": f"{MARK}\ud800",
        "NUL and newline": f"\0\n\x1b[31m{MARK}",
        "long text": MARK * 3000,
        "LyingText": LyingText(MARK),
        "token": f"e30.{MARK}.e30",
        "JWK as text": f'{{"kty":"oct","k":"{MARK}="}}',
        "JSON with a lone surrogate": f'{{"kty":"oct","k":"{MARK}\ud800"}}',
        "PEM": f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n",
        "path": f"/etc/{MARK}.pem",
        "empty bytes": b"",
        "bytes": MARK.encode(),
        "no UTF-8": MARK.encode() + b"\xff\xfe\0",
        "long bytes": MARK.encode() * 3000,
        "LyingBytes": LyingBytes(MARK.encode()),
        "bytearray": bytearray(MARK.encode()),
        "memoryview": memoryview(bytearray(MARK.encode())),
        "memoryview with gaps": memoryview(MARK.encode())[::2],
        "memoryview of numbers": memoryview(bytes(64)).cast("d"),
        "list": [MARK],
        "list of bytes": [MARK.encode(), None, 5],
        "ring": ring,
        "deep": deep,
        "tuple": (MARK, b"\xff", None),
        "set": {MARK, 5},
        "frozenset": frozenset({MARK}),
        "dict": {"kty": "oct", "k": f"{MARK}=", "alg": "HS256"},
        "dict of a lone surrogate": {"kty": "oct", "k": f"{MARK}\ud800", "\ud800": MARK},
        "dict of other names": {b"kty": MARK, None: 1, 5: 2, ("a",): 3},
        "dict of names that lie": {LyingText("kty"): "oct", LyingText("k"): MARK, "k": MARK, "kty": "oct"},
        "dict of hostile values": {"sub": Exploding(), "a": Lying()},
        "dict that grows": growing,
        "knot": knot,
        "deep dict": {"a": deep},
        "JWK Set": {"keys": [{"kty": "oct", "k": MARK}, None, 5, {"kty": "EC", "d": MARK}]},
        "mapping that grows": Changing(),
        "file of text": io.StringIO(MARK),
        "file of the wrong things": Pieces(MARK.encode(), MARK),
        "file of None": Pieces(None),
        "file that is closed": closed(),
        "iterator that raises": map(_explode, [1]),
        "iterator of the wrong things": iter([MARK, 5, None]),
        "naive datetime": dt.datetime(2030, 1, 1),  # noqa: DTZ001
        "datetime.max": dt.datetime.max.replace(tzinfo=dt.UTC),
        "negative timedelta": dt.timedelta(days=-999_999_999),
        "UUID": uuid.UUID(int=0),
        "object": object(),
        "class": dict,
        "function": values,
        "MagicMock": MagicMock(),
        "Exploding": Exploding(),
        "Lying": Lying(),
    }


def closed() -> io.BytesIO:
    """A file that is closed."""
    file = io.BytesIO(MARK.encode())
    file.close()
    return file


class Reentrant:
    """Makes the same call again, a few times, whatever is asked of it."""

    def __init__(self, call: Callable[[object], object]) -> None:
        self.call = call
        self.left = 3

    def _again(self) -> Any:
        self.left -= 1
        if self.left > 0:
            self.call(self)
        raise Explosion

    def __iter__(self) -> "Reentrant":
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self._again()

    def __next__(self) -> Any:
        return self._again()

    def __len__(self) -> int:
        return 1

    def __getitem__(self, _: object) -> Any:
        return self._again()


def reachable(error: BaseException) -> str:
    """All text that can be read from an exception and those chained to it."""
    seen: list[int] = []
    texts: list[str] = []

    def collect(value: object, depth: int) -> None:
        if id(value) in seen or depth > 6 or isinstance(value, type):
            return
        seen.append(id(value))
        if isinstance(value, str | bytes | bytearray):
            texts.append(str.__str__(value) if isinstance(value, str) else bytes(value).decode("latin-1"))
        elif isinstance(value, BaseException):
            texts.extend((str(value), repr(value)))
            for name in dir(value):
                if name not in ("__traceback__", "with_traceback", "add_note", "__class__"):
                    collect(getattr(value, name, None), depth + 1)
        elif isinstance(value, list | tuple | set | frozenset):
            for item in value:
                collect(item, depth + 1)
        elif isinstance(value, dict):
            for name, item in value.items():
                collect(name, depth + 1)
                collect(item, depth + 1)

    collect(error, 0)
    return "\n".join(texts)
