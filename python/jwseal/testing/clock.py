"""`Clock`: a clock that a test sets, for `clock=` of a FakeIssuer, Signer, Verifier and others that take one."""

from __future__ import annotations

__all__ = ["Clock"]


class Clock:
    """Returns the same time, in seconds since 1970, until it is told another.

    clock = Clock(1_700_000_000)
    verifier = Verifier(keys, policy, clock=clock)
    clock.advance(301)
    """

    def __init__(self, now: float = 1_700_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass; a negative number sets the clock back."""
        self.now += seconds

    def __repr__(self) -> str:
        return f"Clock({self.now!r})"
