"""A Redis server for the module that asks for one."""

from collections.abc import Iterator

import pytest

from redis_server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a module; each uses keys of its own."""
    running = Server(tmp_path_factory.mktemp("redis"))
    running.start()
    yield running
    running.kill()
