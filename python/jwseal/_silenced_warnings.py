"""Silence for what `cryptography` warns of while a key is read; under -W error it would come out as exceptions.

The warnings concern old key types and odd certificates; the core judges the former, and the latter are read for their key alone. The
filters are the whole process's, hence the lock. A child forked while another thread was reading has a lock of its own and the filters as
they were before that reading.
"""

from __future__ import annotations

import os
import warnings
from _thread import allocate_lock
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

__all__ = ["silenced_warnings"]


class _Silence:
    """The lock, and the filters that a reading has set aside."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.filters: Sequence[Any] | None = None


_silence = _Silence()


@contextmanager
def silenced_warnings() -> Iterator[None]:
    """Run the block without warnings, in one thread at a time."""
    with _silence.lock:
        _silence.filters = warnings.filters
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            _silence.filters = None


def _renew() -> None:
    # The thread that would release the lock and put the filters back does not exist in the child.
    _silence.lock = allocate_lock()
    if _silence.filters is not None:
        warnings.filters = _silence.filters
        _silence.filters = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
