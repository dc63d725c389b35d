"""Threads, forks and the end of the interpreter."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from jwseal.testing import FakeIssuer
from keyring import publish, remote, token, verifier

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def in_child(action: Any) -> None:
    """Run something in a forked process, within 30 seconds."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0
            return
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    pytest.fail("the child hung")


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_with_warm_keys(issuer: FakeIssuer) -> None:
    """A child verifies with its parent's keys, and fetches for an unknown kid with a thread of its own."""
    source = remote(issuer)
    source.preload()
    judge = verifier(source)
    publish(issuer, "a", "b")

    def child() -> None:
        assert judge.verify(token("a")).kid == "a"
        assert judge.verify(token("b")).kid == "b"
        assert source.refresh() is False

    in_child(child)
    assert judge.verify(token("b")).kid == "b"


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_during_a_fetch(issuer: FakeIssuer) -> None:
    """A child that was forked while its parent fetched fetches by itself, and the parent goes on."""
    source = remote(issuer, timeout=20.0)
    judge = verifier(source)
    with issuer.hold() as gate:
        waiting = threading.Thread(target=judge.verify, args=(token("a"),))
        waiting.start()
        assert gate.arrived()

        def child() -> None:
            assert judge.verify(token("a")).kid == "a"

        opener = threading.Timer(0.0, lambda: (gate.arrived(2), gate.open()))
        opener.start()
        in_child(child)
        waiting.join(30)
        opener.join(30)
    assert not waiting.is_alive()
    assert judge.verify(token("a")).kid == "a"
    assert issuer.count() == 2


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_and_refresh(issuer: FakeIssuer) -> None:
    """In a child a refresh that is due is begun by the next verification."""
    from jwseal.remote import ManualClock

    clock = ManualClock()
    source = remote(issuer, clock=clock)
    source.preload()
    judge = verifier(source)

    def child() -> None:
        clock.native.advance(290.0)
        assert judge.verify(token("a")).kid == "a"
        end = time.monotonic() + 20
        while source.health.age != 0.0 and time.monotonic() < end:
            time.sleep(0.01)
        assert source.health.age == 0.0

    in_child(child)
    assert issuer.count() == 2


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[2])
from jwseal.remote import RemoteKeySet
source = RemoteKeySet(sys.argv[1], algorithms=["ES256"], allow_http_loopback=True, timeout=float(sys.argv[3]))
try:
    source.preload()
except Exception as error:
    print(error.code)
else:
    print("ready")
"""


@pytest.mark.parametrize("answers", [True, False])
def test_the_interpreter_ends(issuer: FakeIssuer, tmp_path: Path, answers: bool) -> None:
    """Neither the idle thread nor a fetch under way keeps a program from ending."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), issuer.jwks_uri, str(tmp_path), "20" if answers else "0.2"]
    with issuer.hold() as gate:
        if answers:
            gate.open()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == ("ready" if answers else "key_source_unavailable")


def test_importing_starts_no_thread() -> None:
    """Import starts no thread and loads no HTTP library; neither does a store of the caller's own."""
    code = (
        "import sys, threading, jwseal.remote\n"
        "print(threading.active_count(), [name for name in ('httpx', 'httpcore', 'asyncio', 'trio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 []"
