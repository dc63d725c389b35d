"""Key arguments that were read before, so that code which passes the same PEM text to every call pays for one reading.

At most 256 results are kept for the process; the oldest leaves first. Text and bytes are found by their contents, every other object by
its identity, and `build` is called with the very argument that was looked up: what is stored was made of what it is stored under. Text
that may be secret is found by a digest under a key drawn for this process, so that this module keeps no secret's text; the text of a
public key is its own index. A `build` that raises leaves nothing behind. Nothing here judges a key.
"""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

CAPACITY = 256

M = TypeVar("M")
T = TypeVar("T")

Index: TypeAlias = tuple[str, object, type | None, object]


class _Cache:
    """The results, each beside the object it was made of, and the lock that writers take; readers need none."""

    def __init__(self) -> None:
        self.entries: dict[Index, tuple[object, Any]] = {}
        self.writing = Lock()
        self.digest_key = secrets.token_bytes(32)


_cache = _Cache()
# For the binding, which looks for the text of a public key here before it calls.
ENTRIES = _cache.entries


def remembered(kind: str, material: M, alg: object, build: Callable[[M], T], *, public: bool = False) -> T:
    """Return what `build(material)` made for this kind and algorithm, or makes now.

    `kind` names what `build` returns ("authlib verify", ...), so that two callers never see each other's types. `public` says that the text
    may stay in memory as it is, which makes the look-up cheaper. An object other than text is kept alive while its result is.
    """
    held: object = None
    index: Index
    if public:
        index = (kind, alg, type(material), material)
    elif isinstance(material, (str, bytes)):
        index = (kind, alg, type(material), _digest(material))
    else:
        index, held = (kind, alg, None, id(material)), material
    entry = _cache.entries.get(index)
    if entry is not None and entry[0] is held:
        found: T = entry[1]
        return found
    built = build(material)
    _remember(index, (held, built))
    return built


def forget() -> None:
    """Drop every result; native keys wipe themselves when their last owner drops them."""
    with _cache.writing:
        _cache.entries.clear()


def _digest(material: bytes | str) -> bytes:
    octets = material.encode("utf-8", "surrogatepass") if isinstance(material, str) else material
    return blake2b(octets, digest_size=32, key=_cache.digest_key).digest()


def _remember(index: Index, entry: tuple[object, object]) -> None:
    with _cache.writing:
        while len(_cache.entries) >= CAPACITY:
            del _cache.entries[next(iter(_cache.entries))]
        _cache.entries[index] = entry


def _renew_lock() -> None:
    # A child forked while another thread was writing would inherit a lock that is never released.
    _cache.writing = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
