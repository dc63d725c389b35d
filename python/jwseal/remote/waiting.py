"""Waiting for a fetch: threads block, tasks of asyncio and trio do not.

A `Flight` is one fetch and everyone who waits for it. Each waits until its own deadline, and the fetch goes on without it.
No thread is started for a waiter.
"""

from __future__ import annotations

import time

from jwseal._waiting import Flight
from jwseal.errors import KeySourceUnavailable

__all__ = ["Flight", "Waiter"]


class Waiter:
    """One caller that waits for a fetch: `wait` or `wait_async`, then look at the source again."""

    def __init__(self, flight: Flight, seconds: float, *, required: bool) -> None:
        self._flight = flight
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._required = required

    def wait(self) -> None:
        """Block until the fetch ended. Raises KeySourceUnavailable if its keys are required and did not come in time."""
        self._flight.wait(self._deadline - time.monotonic())
        self._judge()

    async def wait_async(self) -> None:
        """As `wait`, without blocking the event loop."""
        if not self._flight.has_ended:
            await self._flight.wait_async(max(self._deadline - time.monotonic(), 0.0))
        self._judge()

    def _judge(self) -> None:
        if not self._required:
            return
        if not self._flight.has_ended:
            raise KeySourceUnavailable(f"the key source has no keys yet: no answer within {self._seconds:g} seconds")
        if self._flight.error is not None:
            raise KeySourceUnavailable(f"the key source has no keys that may be used now: {self._flight.error}")
