"""Wait for a one-time event from threads (blocking) or from asyncio and trio tasks.

No thread is started for a waiter. It starts and ends nothing itself.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Flight", "event_loop"]


class Flight:
    """A fetch of keys, or a batch. It ends once, with an error or without."""

    def __init__(self, *, waited_for: bool = True) -> None:
        self.waited_for = waited_for
        self.error: str | None = None
        self.changed = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._callbacks: dict[object, Callable[[], object]] = {}

    def end(self, error: str | None, *, changed: bool = False) -> None:
        """Wake all waiters."""
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
        """Block until it ends. Return whether it ended within `seconds`."""
        return self._ended.wait(seconds)

    def subscribe(self, callback: Callable[[], object]) -> object:
        """Call `callback` when it ends, on the thread that ends it, or at once if it has ended."""
        handle = object()
        with self._lock:
            if not self._ended.is_set():
                self._callbacks[handle] = callback
                return handle
        callback()
        return handle

    def unsubscribe(self, handle: object) -> None:
        """Cancel a subscription."""
        with self._lock:
            self._callbacks.pop(handle, None)

    async def wait_async(self, seconds: float = math.inf) -> None:
        """As `wait`, without blocking the event loop."""
        if self.has_ended:
            return
        if event_loop() == "trio":
            await _wait_in_trio(self, seconds)
        else:
            await _wait_in_asyncio(self, seconds)


def event_loop() -> str:
    """The event loop that runs the calling task, "asyncio" or "trio". sniffio is there wherever trio is."""
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
