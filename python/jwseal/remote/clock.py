"""A clock that tests move, in place of the one that measures the age of keys."""

from __future__ import annotations

from jwseal._native import MonotonicClock
from jwseal.remote.fetcher import FETCHER

__all__ = ["ManualClock"]


class ManualClock:
    """A clock that changes only when it is moved, for tests with old keys.

        clock = ManualClock()
        keys = RemoteKeySet(url, algorithms=["RS256"], clock=clock)
        clock.advance(3600)

    It begins at `start` seconds. Moving it wakes the thread that fetches. It is not the clock of `now`, which claims are judged by.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.native = MonotonicClock(start)

    def read(self) -> float:
        """The time, in seconds."""
        return self.native.read()

    def advance(self, seconds: float) -> None:
        """Move it forward by these `seconds`."""
        self.native.advance(seconds)
        FETCHER.wake()
