"""The meter: how much memory a call takes at its peak and how much it keeps, native allocations included.

It reads what Linux says of the process (proc(5)); elsewhere it has nothing to say, and the tests that ask it are skipped.
"""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")

needs_meter = pytest.mark.skipif(not CLEAR.exists(), reason="only Linux tells a process its peak memory")


def peak(call: Callable[[], object]) -> int:
    """By how many octets the process grew at most while this call ran."""
    gc.collect()
    CLEAR.write_text("5")  # resets the high-water mark, which earlier tests have raised
    before = _octets("VmRSS")
    call()
    return _octets("VmHWM") - before


def kept(call: Callable[[], object]) -> int:
    """By how many octets the process is larger after this call."""
    gc.collect()
    before = _octets("VmRSS")
    call()
    gc.collect()
    return _octets("VmRSS") - before


def _octets(name: str) -> int:
    line = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
