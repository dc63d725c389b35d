"""Interleaved timing: every contender runs one short block per round, and only figures of one round are compared.

A machine slows down and speeds up by the hour and by the second. Two contenders of one round have met the same machine,
so the ratio of their times is what is kept; the result is the median of those ratios with its quartiles. The order of
contenders changes from round to round, the garbage collector is off within a block, as in `timeit`. Times are the
thread's own processor time, so that other work of the machine is not counted; batches, which may use
several threads, are timed by the clock on the wall.
"""

import gc
import random
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle, islice
from time import thread_time_ns
from typing import Any

# A timed loop whose body is the expression itself, so that no contender pays for a wrapper's frame.
LOOP = """
def block(rounds):
    start = now()
    for item in take(rotation, rounds):
        {expression}
    return now() - start
"""


@dataclass(frozen=True)
class Contender:
    """Something that can run its operation n times and say how many nanoseconds that took."""

    name: str
    block: Callable[[int], int]
    per_item: int = 1


class Unsupported(Exception):
    """The contender has no such algorithm or operation."""


def python_contender(
    name: str,
    expression: str,
    items: Iterable[Any],
    check: Callable[[Any, Any], bool],
    per_item: int = 1,
    clock: Callable[[], int] = thread_time_ns,
    **names: Any,
) -> Contender:
    """A contender that evaluates `expression` for each `item`; every item's result is checked before it is timed."""
    items = list(items)
    compute = eval(f"lambda item: {expression}", names)  # the benchmark's own text
    for item in items:
        result = compute(item)
        if not check(item, result):
            raise AssertionError(f"{name}: {expression} gives a wrong result")
    scope = {**names, "now": clock, "take": islice, "rotation": cycle(items)}
    exec(LOOP.format(expression=expression), scope)  # the benchmark's own text
    return Contender(name, scope["block"], per_item)


@dataclass(frozen=True)
class Spread:
    """A median between its quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 3 if self.median < 0.1 else 2
        return (
            " ".join(f"{value:.{digits}f}" for value in (self.median, self.low, self.high)).replace(" ", " [", 1) + "]"
        )


class Race:
    """The nanoseconds per operation of every contender in every round.

    `period` is for operations of which every nth takes longer: all blocks are a multiple of it, so that all have their share.
    """

    def __init__(self, contenders: list[Contender], rounds: int, block_ns: int, period: int = 1) -> None:
        self.times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        sizes = {contender.name: whole(calibrate(contender, block_ns), period) for contender in contenders}
        order = list(contenders)
        shuffler = random.Random(rounds)  # the same orders in every run
        for _ in range(rounds):
            shuffler.shuffle(order)
            gc.collect()
            gc.disable()
            for contender in order:
                size = sizes[contender.name]
                contender.block(whole(size // 8, period))  # caches and predictors still belong to the one before
                self.times[contender.name].append(contender.block(size) / (size * contender.per_item))
            gc.enable()

    def __contains__(self, name: str) -> bool:
        return name in self.times

    def nanoseconds(self, name: str) -> float:
        """The median time of one operation."""
        return statistics.median(self.times[name])

    def ratio(self, one: str, other: str) -> Spread:
        """One contender's time in units of another's, round by round."""
        return spread([a / b for a, b in zip(self.times[one], self.times[other], strict=True)])

    def beyond(self, one: str, base: str) -> Spread:
        """The microseconds that one contender needs beyond a base, round by round."""
        return spread([(a - b) / 1000 for a, b in zip(self.times[one], self.times[base], strict=True)])

    def overhead(self, one: str, base: str, unit: str) -> Spread:
        """What one contender needs beyond a base, in units of a third one, round by round."""
        rounds = zip(self.times[one], self.times[base], self.times[unit], strict=True)
        return spread([(a - b) / c for a, b, c in rounds])


def calibrate(contender: Contender, block_ns: int) -> int:
    """How many operations fill a block, 16 at least unless one is a batch; this also warms everything up."""
    rounds = 1
    while (took := contender.block(rounds)) < block_ns // 2:
        rounds = max(rounds * 2, min(rounds * 16, int(rounds * block_ns / max(took, 1))))
    return max(1 if contender.per_item > 1 else 16, round(rounds * block_ns / took))


def whole(count: int, period: int) -> int:
    """The next multiple of the period, one at least."""
    return -(-max(count, 1) // period) * period


def spread(values: list[float]) -> Spread:
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)
