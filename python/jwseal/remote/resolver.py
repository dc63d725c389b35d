"""Name resolution that ends at a deadline, which the system's own does not.

`getaddrinfo` cannot be interrupted: with a name server that does not answer it takes from seconds to minutes. Each name is looked up
on a thread of its own. Who waits for it waits until its own deadline, and the thread ends when the system gives up. There is one
thread for each name at a time, and at most `MAX_THREADS`. An address needs no thread.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from typing import Any

__all__ = ["MAX_THREADS", "look_up"]

MAX_THREADS = 256


class _Lookup:
    """One resolution under way: its entries, or the exception that it ended in."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.entries: list[Any] = []
        self.error: Exception | None = None


_lock = threading.Lock()
_under_way: dict[tuple[str, int], _Lookup] = {}


def look_up(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a host. Raises OSError where it has none, and TimeoutError after these seconds."""
    if _is_address(host):
        return _texts(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    lookup = _lookup(host, port)
    if not lookup.ended.wait(seconds):
        raise TimeoutError
    if lookup.error is not None:
        raise lookup.error
    return _texts(lookup.entries)


def _lookup(host: str, port: int) -> _Lookup:
    with _lock:
        if (found := _under_way.get((host, port))) is not None:
            return found
        if len(_under_way) >= MAX_THREADS:
            raise OSError("too many names are looked up at once")
        lookup = _Lookup()
        threading.Thread(target=_run, args=(lookup, host, port), name="jwseal-resolver", daemon=True).start()
        _under_way[host, port] = lookup
        return lookup


def _run(lookup: _Lookup, host: str, port: int) -> None:
    try:
        lookup.entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        lookup.error = error
    finally:
        with _lock:
            if _under_way.get((host, port)) is lookup:
                del _under_way[host, port]
        lookup.ended.set()


def _texts(entries: list[Any]) -> list[str]:
    return [str(entry[4][0]).partition("%")[0] for entry in entries]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _after_fork_in_child() -> None:
    """A forked process has none of the threads."""
    global _lock  # noqa: PLW0603  # another thread may have held it
    _lock = threading.Lock()
    _under_way.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
