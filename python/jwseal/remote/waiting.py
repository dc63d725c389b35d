"""Waiting for a fetch: threads block, tasks of asyncio and trio do not.

A `Flight` is one fetch and everyone who waits for it. Each waits until its own deadline, and the fetch goes on without it.
No thread is started for a waiter.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from jwseal.errors import KeySourceUnavailable

__all__ = ["Flight", "Ticket"]


class Flight:
    """One fetch. It ends once, with an error or without."""

    def __init__(self, *, waited_for: bool) -> None:
        self.waited_for = waited_for
        self.error: str | None = None
        self.changed = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._callbacks: dict[object, Callable[[], object]] = {}

    def end(self, error: str | None, *, changed: bool = False) -> None:
        """Wake everyone who waits."""
        self.error, self.changed = error, changed
        with self._lock:
            self._ended.set()
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        for callback in callbacks:
            try:
                callback()
            except RuntimeError:  # the loop of this waiter has ended meanwhile
                continue

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Block until it ends; whether it did within these seconds."""
        return self._ended.wait(seconds)

    def subscribe(self, callback: Callable[[], object]) -> object:
        """Have a function called when it ends, on the thread that fetches, or now."""
        handle = object()
        with self._lock:
            if not self._ended.is_set():
                self._callbacks[handle] = callback
                return handle
        callback()
        return handle

    def unsubscribe(self, handle: object) -> None:
        """Have it not called."""
        with self._lock:
            self._callbacks.pop(handle, None)


class Ticket:
    """One caller's place at a fetch: `wait` or `wait_async`, then look at the source again."""

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
            seconds = max(self._deadline - time.monotonic(), 0.0)
            if _library() == "trio":
                await _wait_in_trio(self._flight, seconds)
            else:
                await _wait_in_asyncio(self._flight, seconds)
        self._judge()

    def _judge(self) -> None:
        if not self._required:
            return
        if not self._flight.has_ended:
            raise KeySourceUnavailable(f"the key source has no keys yet: no answer within {self._seconds:g} seconds")
        if self._flight.error is not None:
            raise KeySourceUnavailable(f"the key source has no keys that may be used now: {self._flight.error}")


def _library() -> str:
    """The event loop that runs the calling task. sniffio is there wherever trio is."""
    if "trio" not in sys.modules:
        return "asyncio"
    import sniffio

    return sniffio.current_async_library()


async def _wait_in_asyncio(flight: Flight, seconds: float) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not ended.done():
            ended.set_result(None)

    handle = flight.subscribe(lambda: loop.call_soon_threadsafe(settle))
    timer = loop.call_later(seconds, settle)
    try:
        await ended
    finally:
        timer.cancel()
        flight.unsubscribe(handle)


async def _wait_in_trio(flight: Flight, seconds: float) -> None:
    trio: Any = sys.modules["trio"]
    token = trio.lowlevel.current_trio_token()
    ended = trio.Event()
    handle = flight.subscribe(lambda: token.run_sync_soon(ended.set, idempotent=True))
    try:
        with trio.move_on_after(seconds):
            await ended.wait()
    finally:
        flight.unsubscribe(handle)
