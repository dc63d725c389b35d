"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

import pytest


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask every ten milliseconds, for a minute at most."""
    ends = time.monotonic() + 60
    while not condition():
        if time.monotonic() > ends:
            pytest.fail("it did not happen within a minute")
        time.sleep(0.01)
