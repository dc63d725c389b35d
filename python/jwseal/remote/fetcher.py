"""The thread that fetches keys: started at the first need, and again after a fork.

One thread serves all sources. Only where a provider is slow and another source is to be fetched meanwhile do more run, at most
`MAX_THREADS`, so that one provider does not hold up the others; they end when there is nothing left for them. All are daemons:
none keeps the interpreter from ending. Sources are held weakly, so that one that is dropped is fetched no more.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import deque
from typing import Protocol

__all__ = ["FETCHER", "Fetched", "Fetcher"]

_LOG = logging.getLogger("jwseal.remote")

MAX_THREADS = 64
# Seconds between checks of an idle thread whether a source is left.
IDLE = 60.0


class Fetched(Protocol):
    """What is fetched. Its methods but `fetch` are called with the lock held, and do not block."""

    def due_in(self) -> float | None:
        """The seconds until it is to be fetched; None if at no time, as while it is being fetched."""

    def begin_due(self) -> None:
        """Begin a fetch that is due."""

    def fetch(self) -> None:
        """Fetch it. Raises nothing."""

    def forget_fetch(self) -> None:
        """End the fetch that was under way in the process that forked."""


class Fetcher:
    """The threads, and what they are to fetch."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._work = threading.Condition(self.lock)
        self._queue: deque[Fetched] = deque()
        self._sources: weakref.WeakSet[Fetched] = weakref.WeakSet()
        self._threads = 0
        self._idle = 0

    def add(self, source: Fetched) -> None:
        """Fetch a source when it is due, from now on."""
        with self.lock:
            self._sources.add(source)

    def fetch_soon(self, source: Fetched) -> None:
        """Fetch a source that has begun a fetch. Raises RuntimeError where no thread can start. The lock is held."""
        self._queue.append(source)
        if self._idle < len(self._queue) and self._threads < MAX_THREADS:
            try:
                self._start()
            except RuntimeError:
                self._queue.remove(source)
                raise
        self._work.notify()

    def wake(self) -> None:
        """Check again which fetches are due."""
        with self.lock:
            if not self._threads and any(source.due_in() is not None for source in self._sources):
                self._start()
            self._work.notify_all()

    def _start(self) -> None:
        threading.Thread(target=self._run, name="jwseal-keys", daemon=True).start()
        self._threads += 1

    def _run(self) -> None:
        try:
            while (source := self._next()) is not None:
                try:
                    source.fetch()
                except BaseException:  # SystemExit of somebody's callback: the other sources need this thread
                    _LOG.exception("a fetch of keys ended in an exception")
                del source  # held weakly while there is nothing to do
        except BaseException:
            with self.lock:
                self._threads -= 1
            raise

    def _next(self) -> Fetched | None:
        """Wait for the next source to fetch; None is the end of the thread."""
        with self._work:
            while True:
                source = self._queue.popleft() if self._queue else self._take_due()
                if source is not None:
                    return source
                if self._idle or not self._sources:
                    self._threads -= 1
                    return None
                self._idle += 1
                try:
                    self._work.wait(self._seconds_until_due())
                finally:
                    self._idle -= 1

    def _take_due(self) -> Fetched | None:
        for source in list(self._sources):
            seconds = source.due_in()
            if seconds is not None and seconds <= 0:
                source.begin_due()
                return source
        return None

    def _seconds_until_due(self) -> float:
        due = [seconds for source in list(self._sources) if (seconds := source.due_in()) is not None]
        return max(min([*due, IDLE]), 0.0)

    def before_fork(self) -> None:
        """Hold the lock while the process forks."""
        self.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Release the lock in the parent after a fork."""
        self.lock.release()

    def after_fork_in_child(self) -> None:
        """Start again in a forked process, which has none of the threads."""
        self.lock = threading.RLock()
        self._work = threading.Condition(self.lock)
        self._queue.clear()
        self._threads = self._idle = 0
        for source in list(self._sources):
            source.forget_fetch()


FETCHER = Fetcher()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=FETCHER.before_fork,
        after_in_parent=FETCHER.after_fork_in_parent,
        after_in_child=FETCHER.after_fork_in_child,
    )
