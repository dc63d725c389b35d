"""What an operator sees of a remote key set: its state at one moment, and what happens to it."""

from __future__ import annotations

from dataclasses import dataclass

from jwseal._native import KeySet, SecretKey, VerifyingKey

__all__ = ["Health", "KeySetEvent"]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a remote key set at one moment. Times are in seconds from then, None where there is none."""

    url: str
    """The URL of the last fetch that succeeded, else of the first to try; without its query."""
    ready: bool
    """Whether tokens can be verified now."""
    generation: int
    """The number of the current keys, from 1; 0 if there were none yet."""
    keys: KeySet | None
    """The current keys, None if there are none."""
    age: float | None
    """Since the last fetch that succeeded."""
    next_fetch_in: float | None
    """Until the next fetch; None before the first."""
    refused_in: float | None
    """Until the keys are no longer used, unless a fetch succeeds before."""
    failures: int
    """The fetches that failed since the last that succeeded."""
    unknown_kid_fetches: int
    """The number of fetches that an unknown kid caused."""
    last_error: str | None
    """Why the last fetch failed, None if it succeeded. It contains no URL query and no part of an answer."""


@dataclass(frozen=True, slots=True)
class KeySetEvent:
    """One fetch that ended. `on_event` is called with it, on the thread that fetches."""

    kind: str
    """"changed", "unchanged" or "failed"."""
    url: str
    """Where it was fetched from, without the query."""
    generation: int
    """The number of the keys that are used now."""
    added: tuple[VerifyingKey | SecretKey, ...] = ()
    """The keys that were not there before."""
    removed: tuple[VerifyingKey | SecretKey, ...] = ()
    """The keys that are no longer there."""
    error: str | None = None
    """Why it failed."""
