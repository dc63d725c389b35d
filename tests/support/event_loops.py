"""asyncio and trio: a test that takes `run` is run under each."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

Run = Callable[[Callable[[], Awaitable[Any]]], Any]
LOOPS: dict[str, Run] = {
    "asyncio": lambda function: asyncio.run(function()),  # type: ignore[arg-type]
    "trio": trio.run,
}
on_each_loop = pytest.mark.parametrize("run", LOOPS.values(), ids=LOOPS)
