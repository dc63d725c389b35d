"""What `import jwseal` adds to starting an interpreter: whole processes, with and without it, in turn."""

import statistics
import subprocess
import sys
from time import perf_counter_ns

from race import Spread, spread


def import_cost(rounds: int, module: str = "jwseal") -> Spread:
    """Milliseconds added to a bare interpreter, round by round: the import and the interpreter's own exit with it."""
    bare, loaded = [sys.executable, "-I", "-c", "pass"], [sys.executable, "-I", "-c", f"import {module}"]
    for command in (bare, loaded):
        run(command)
    differences = []
    for number in range(rounds):
        pair = (bare, loaded) if number % 2 else (loaded, bare)
        took = {id(command): run(command) for command in pair}
        differences.append((took[id(loaded)] - took[id(bare)]) / 1e6)
    return spread(differences)


def run(command: list[str]) -> float:
    """The shortest of three runs: a process start is disturbed far more often than it is lucky."""
    times = []
    for _ in range(3):
        start = perf_counter_ns()
        subprocess.run(command, check=True)
        times.append(perf_counter_ns() - start)
    return statistics.fmean(sorted(times)[:1])
