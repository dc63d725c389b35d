"""Names that no server answers for: each fetch ends at its deadline, and holds up no other source (`jwseal.remote.resolver`)."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from jwseal import KeySourceUnavailable
from jwseal.remote import RemoteKeySet, resolver
from jwseal.remote.fetcher import FETCHER
from keyring import key, token, verifier
from test_network import JWKS
from waiting import wait_until


class Hanging:
    """A resolver that answers for no name that ends in `hang.example`, until it is released."""

    def __init__(self) -> None:
        self.released, self.asked = threading.Event(), list[str]()
        self._real = socket.getaddrinfo

    def __call__(self, host: Any, *arguments: Any, **named: Any) -> Any:
        if not str(host).endswith("hang.example"):
            return self._real(host, *arguments, **named)
        self.asked.append(str(host))
        self.released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    """Names that hang for the time of a test."""
    resolve = Hanging()
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield resolve
    resolve.released.set()
    for thread in threading.enumerate():
        if thread.name == "jwseal-resolver":
            thread.join(60)


def remote(host: str, **options: Any) -> RemoteKeySet:
    return RemoteKeySet(f"https://{host}/jwks", **{"algorithms": ["ES256"], "timeout": 0.2, **options})


def test_a_name_that_hangs_ends_at_the_deadline(hanging: Hanging) -> None:
    """A fetch ends within its time though the resolver has not answered, and the next one joins the same resolution."""
    for _ in range(2):
        source = remote("one.hang.example")
        with pytest.raises(KeySourceUnavailable, match="no answer within"):
            source.refresh()
        # The thread of the fetch is free again, which the source says.
        flight, waiter = source._refresh()
        with pytest.raises(KeySourceUnavailable, match=r"no answer within 0\.2 seconds"):
            waiter.wait()
        assert flight.wait(60)
    assert hanging.asked == ["one.hang.example"]
    assert not hanging.released.is_set()


def test_names_that_hang_hold_up_no_other_source(hanging: Hanging) -> None:
    """While sixteen sources wait for their names, another one fetches its keys."""
    bad = [remote(f"{number}.hang.example", timeout=30.0) for number in range(16)]
    begun = [source._refresh() for source in bad]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=JWKS))
    good = remote("good.example", transport=transport, timeout=20.0)
    assert good.refresh() is True
    assert verifier(good).verify(token("a")).kid == key("a").kid
    assert not any(flight.has_ended for flight, _ in begun)
    hanging.released.set()
    assert all(flight.wait(60) for flight, _ in begun)


def test_how_many_names_are_looked_up(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Abandoned resolutions are bounded in number; beyond the bound a name fails at once."""
    monkeypatch.setattr(resolver, "MAX_THREADS", 2)
    for number in range(2):
        with pytest.raises(TimeoutError):
            resolver.look_up(f"{number}.hang.example", 443, 0)
    with pytest.raises(OSError, match="too many names"):
        resolver.look_up("2.hang.example", 443, 60)
    assert resolver.look_up("127.0.0.1", 443, 0) == ["127.0.0.1"]


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_looks_names_up_anew(hanging: Hanging) -> None:
    """A resolution under way in the parent is none of the child's, which has no thread for it."""
    with pytest.raises(TimeoutError):
        resolver.look_up("one.hang.example", 443, 0)
    child = os.fork()
    if not child:
        os._exit(len(resolver._under_way))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("place", ["on_event", "transport"])
def test_a_fetch_that_exits(place: str, caplog: pytest.LogCaptureFixture) -> None:
    """SystemExit in a callback or a transport ends that fetch alone: ten of them, and the next source has its keys."""

    def leave(*_: Any) -> Any:
        raise SystemExit(1)

    kept = []
    answering = httpx.MockTransport(lambda _: httpx.Response(200, content=JWKS))
    for number in range(10):
        transport = answering if place == "on_event" else httpx.MockTransport(leave)
        options = {"on_event": leave} if place == "on_event" else {}
        source = remote(f"exit-{number}.example", transport=transport, timeout=20.0, **options)
        kept.append(source)
        flight, _ = source._refresh()
        assert flight.wait(60)
    assert remote("good.example", transport=answering, timeout=20.0).refresh() is True
    assert FETCHER._threads >= 1
    wait_until(lambda: caplog.text.count("a fetch of keys ended in an exception") == 10)
