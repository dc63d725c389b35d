"""A real Redis or Valkey server for the tests: it listens on a socket file, in a folder of its own, and can be killed.

`redis-server` or `valkey-server` must be on the machine (`apt-get install redis-server`); without either the tests that need
it are skipped with that reason.
"""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")
needs_server = pytest.mark.skipif(PROGRAM is None, reason="no redis-server here: apt-get install redis-server")


class Server:
    """One server with durable storage, or with other settings."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.settings = settings or (
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--maxmemory-policy",
            "noeviction",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        fixed = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", "")
        self.process = subprocess.Popen(
            [str(PROGRAM), *fixed, *self.settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        redis = pytest.importorskip("redis")
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)
        for _ in range(500):
            try:
                if client.ping():
                    client.close()
                    return
            except redis.RedisError:
                time.sleep(0.02)
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def client(self, library: str = "redis", **arguments: Any) -> Any:
        """A client of `redis`, `valkey`, `redis.asyncio` or `valkey.asyncio`."""
        module = pytest.importorskip(library)
        make = module.Valkey if library.startswith("valkey") else module.Redis
        return make(unix_socket_path=str(self.socket), **{"socket_timeout": 5, **arguments})
