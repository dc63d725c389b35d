"""The processor that a figure comes from: its name, those of its instructions that matter here, and how often it is taken away.

No name of the machine.
"""

import os
import platform
import re
import statistics
from pathlib import Path
from time import perf_counter_ns

MATTER = {
    "avx2": "AVX2",
    "vaes": "VAES",
    "avx512ifma": "AVX-512 IFMA",
    "sha_ni": "SHA-NI",
    "bmi2": "BMI2",
    "adx": "ADX",
}


def processor() -> str:
    """What Linux calls it, or the architecture."""
    found = re.search(r"^model name\s*: (.*)$", cpuinfo(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def features() -> str:
    """Those of the instructions in MATTER that it has."""
    found = re.search(r"^flags\s*: (.*)$", cpuinfo(), re.MULTILINE)
    flags = found[1].split() if found else []
    return ", ".join(name for flag, name in MATTER.items() if flag in flags) or "unknown"


def cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def interruptions(span_ns: int = 200_000_000, least_ns: int = 1_000) -> tuple[int, int]:
    """How many times a second the processor is taken from a loop for a microsecond or longer, and the median of these times in ns.

    An operating system does so some hundred times a second. A host of virtual machines may do so every 50 microseconds, and
    each time the processor forgets addresses and branches. Then whatever follows an operation of that length is slow.
    """
    gaps = []
    start = last = perf_counter_ns()
    while (now := perf_counter_ns()) - start < span_ns:
        if now - last > least_ns:
            gaps.append(now - last)
        last = now
    return round(len(gaps) * 1e9 / span_ns), round(statistics.median(gaps)) if gaps else 0
