"""`MemoryState`: the three stores in the memory of one process.

It is bounded, and an entry that has not expired is never dropped: when it is full, the answer is `StateUnavailable` and not
a token that could be used twice. Other processes and machines do not see it.
"""

from __future__ import annotations

import heapq
import threading
import time
from typing import TYPE_CHECKING

from jwseal.errors import PolicyError, StateUnavailable
from jwseal.state.identifier import identifier
from jwseal.state.revocation import revocation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MemoryState"]


class MemoryState:
    """The stores of one process, thread-safe.

    MemoryState(*, max_entries=100_000, clock=time.time)

    max_entries  how many entries it holds, an int of at least 1
    clock        a callable that returns seconds; the default is the clock that tokens are judged by, so that a clock that is
                 set back extends the entries with the tokens
    """

    def __init__(self, *, max_entries: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        if isinstance(max_entries, bool) or not isinstance(max_entries, int):
            raise TypeError(f"max_entries must be int, not {type(max_entries).__name__}")
        if max_entries < 1:
            raise PolicyError("max_entries must be at least 1")
        if not callable(clock):
            raise TypeError(f"clock must be a function that returns the time, not {type(clock).__name__}")
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        # Each entry's value and the time it ends; the heap finds those that have ended, and may hold a time that was
        # extended since.
        self._entries: dict[str, tuple[float, float]] = {}
        self._ends: list[tuple[float, str]] = []

    def add(self, key: str, ttl: float, /) -> bool:
        """Add a key for `ttl` seconds. False if it is there already; StateUnavailable if there is no room."""
        with self._lock:
            now = self._drop_ended()
            if "used " + key in self._entries:
                return False
            self._keep("used " + key, 0, now + ttl)
            return True

    def take(self, key: str, n: int, limit: int, ttl: float, /) -> bool:
        """Take `n` of the budget `key` of `limit`. False if less is left; StateUnavailable if there is no room.

        The count is kept for at least `ttl` seconds.
        """
        with self._lock:
            now = self._drop_ended()
            used, end = self._entries.get("budget " + key, (0, 0.0))
            if n < 1 or used + n > limit:
                return False
            self._keep("budget " + key, used + n, max(end, now + ttl))
            return True

    def revoked(
        self,
        iss: str | None,
        jti: str | None,
        sid: str | None,
        sub: str | None,
        iat: float | None,
        kid: str | None,
        /,
    ) -> bool:
        """Return whether the token (`jti`), its session (`sid`), its subject's earlier tokens (`sub`, `iat`) or its key (`kid`)
        were revoked at the issuer `iss`. What a token lacks is None.
        """
        named = {"jti": jti, "sid": sid, "kid": kid}
        keys = [_revoked_key(iss, kind, value) for kind, value in named.items() if value is not None]
        with self._lock:
            self._drop_ended()
            if any(key in self._entries for key in keys):
                return True
            watermark = None if sub is None else self._entries.get(_revoked_key(iss, "sub", sub))
        return watermark is not None and (iat is None or iat < watermark[0])

    def revoke(
        self,
        iss: str | None,
        *,
        ttl: float,
        jti: str | None = None,
        sid: str | None = None,
        sub: str | None = None,
        kid: str | None = None,
        before: float | None = None,
    ) -> None:
        """Revoke, at the issuer `iss`, a token (`jti`), a session (`sid`), a key (`kid`) or a subject's tokens (`sub`).

        With `sub` goes `before`, a NumericDate: the subject's tokens with an earlier `iat`, or without one, are revoked.
        The entry is kept for `ttl` seconds: at least the longest time that such a token is valid, leeway included.
        Raises PolicyError if not exactly one is named, and StateUnavailable if there is no room.
        """
        entry = revocation(jti=jti, sid=sid, sub=sub, kid=kid, before=before)
        key = _revoked_key(iss, entry.kind, entry.value)
        with self._lock:
            now = self._drop_ended()
            value, end = self._entries.get(key, (0.0, 0.0))
            self._keep(key, max(value, entry.before or 0), max(end, now + ttl))

    def __len__(self) -> int:
        """The number of entries that have not ended."""
        with self._lock:
            self._drop_ended()
            return len(self._entries)

    def __bool__(self) -> bool:
        """True, so that an empty store is not taken for a missing one."""
        return True

    def __repr__(self) -> str:
        return f"<MemoryState of {len(self)} of at most {self._max_entries} entries>"

    def _keep(self, key: str, value: float, end: float) -> None:
        known = self._entries.get(key)
        if known is None and len(self._entries) >= self._max_entries:
            raise StateUnavailable(f"the store is full: it holds {self._max_entries} entries that have not expired")
        self._entries[key] = value, end
        if known is None:
            heapq.heappush(self._ends, (end, key))

    def _drop_ended(self) -> float:
        """Drop what has ended, and return the time."""
        now = self._clock()
        while self._ends and self._ends[0][0] <= now:
            _, key = heapq.heappop(self._ends)
            end = self._entries[key][1]
            if end <= now:
                del self._entries[key]
            else:
                heapq.heappush(self._ends, (end, key))
        return now


def _revoked_key(iss: str | None, kind: str, value: str) -> str:
    return "revoked " + identifier(iss, kind, value)
