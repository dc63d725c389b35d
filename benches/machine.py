"""The processor that a figure comes from: its name and those of its instructions that matter here. No name of the machine."""

import os
import platform
import re
from pathlib import Path

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
