"""Raw key arguments, parsed once: code that passes the same PEM text to every call pays for one parse.

At most 64 keys are remembered for the process, found again by the kind of key, the algorithm and every octet of the material. The
oldest leaves first, and its native key wipes its memory as it goes. Material that may be secret is found by a digest of all its
octets under a key drawn for this process, so that this module never keeps a secret's text alive; the text of a public key is its own
index. A `build` that raises leaves nothing behind. Nothing here judges a key.
"""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CAPACITY", "forget", "remembered"]

CAPACITY = 64

T = TypeVar("T")

Index: TypeAlias = tuple[str, str, type, bytes | str]


class _Shelf:
    """The keys of this process, and the lock that writers take; readers need none."""

    def __init__(self) -> None:
        self.keys: dict[Index, Any] = {}
        self.writing = Lock()
        self.digest_key = secrets.token_bytes(32)


_shelf = _Shelf()


def remembered(kind: str, material: bytes | str, alg: str, build: Callable[[], T], *, public: bool = False) -> T:
    """The key that `build` made of this material for this kind and algorithm, or makes now.

    `kind` names what `build` returns ("authlib-verifying", ...), so that two callers never meet each other's types. `public` says that
    the material may stay in memory as it is, which makes the look-up cheaper.
    """
    index = (kind, alg, type(material), material if public else _digest(material))
    found: T | None = _shelf.keys.get(index)
    if found is None:
        found = build()
        _remember(index, found)
    return found


def forget() -> None:
    """Drop every remembered key; native keys wipe themselves once nobody else holds them."""
    with _shelf.writing:
        _shelf.keys.clear()


def _digest(material: bytes | str) -> bytes:
    octets = material.encode("utf-8", "surrogatepass") if isinstance(material, str) else material
    return blake2b(octets, digest_size=32, key=_shelf.digest_key).digest()


def _remember(index: Index, key: object) -> None:
    with _shelf.writing:
        if index in _shelf.keys:
            return  # another thread was first, and nothing has to make room
        while len(_shelf.keys) >= CAPACITY:
            del _shelf.keys[next(iter(_shelf.keys))]
        _shelf.keys[index] = key


def _renew_lock() -> None:
    # A child forked while another thread was writing would inherit a lock that nobody can release.
    _shelf.writing = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
