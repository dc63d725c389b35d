"""`RedisState` on a real server, through the clients of redis-py and valkey, synchronous and asyncio."""

import asyncio
import inspect
import threading
from pathlib import Path
from typing import Any

import pytest

from jwseal import PolicyError
from jwseal.state import BudgetStore, RedisState, ReplayStore, RevocationStore
from redis_server import Server, needs_server

pytestmark = needs_server
LIBRARIES = ("redis", "valkey", "redis.asyncio", "valkey.asyncio")


class Store:
    """Calls a store of either kind and returns its answers."""

    def __init__(self, server: Server, library: str, **arguments: Any) -> None:
        self.server, self.library, self.arguments = server, library, arguments

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **named: self.call(name, *args, **named)

    def call(self, name: str, *args: Any, **named: Any) -> Any:
        if not self.library.endswith("asyncio"):
            with self.server.client(self.library) as client:
                return getattr(RedisState(client, **self.arguments), name)(*args, **named)

        async def run() -> Any:
            async with self.server.client(self.library) as client:
                answer = getattr(RedisState(client, **self.arguments), name)(*args, **named)
                assert inspect.isawaitable(answer)
                return await answer

        return asyncio.run(run())


@pytest.fixture(params=LIBRARIES)
def store(request: pytest.FixtureRequest, server: Server) -> Store:
    return Store(server, request.param, prefix=f"{request.node.name}:")


def test_a_key_is_added_once(store: Store) -> None:
    """The second time a key is added, the answer is False."""
    assert [store.add("a", 60), store.add("a", 60), store.add("b", 60)] == [True, False, True]


def test_it_ends_after_its_time_and_margin(server: Server, store: Store) -> None:
    """An entry is kept for its time, rounded up to a millisecond, and the margin."""
    store.add("a", 60.0001)
    left = server.client().pttl(f"{store.arguments['prefix']}used:a")
    assert 69_000 < left <= 70_001


def test_a_budget(store: Store) -> None:
    """What would exceed the budget is refused whole, and takes nothing."""
    assert [store.take("k", n, 3, 60) for n in (2, 2, 1, 1, 0)] == [True, False, True, False, False]


def test_a_budget_is_kept_as_long_as_its_longest_take(server: Server, store: Store) -> None:
    """A later take can extend the entry, and never shortens it."""
    for ttl in (60, 100, 5):
        store.take("k", 1, 9, ttl)
    assert 100_000 < server.client().pttl(f"{store.arguments['prefix']}budget:k") <= 110_000


@pytest.mark.parametrize("kind", ["jti", "sid", "kid"])
def test_revoked_by_name(store: Store, kind: str) -> None:
    """A token, a session or a key is revoked at one issuer."""
    names: dict[str, Any] = {"jti": None, "sid": None, "sub": None, "iat": None, "kid": None}
    assert not store.revoked("i", *{**names, kind: "x"}.values())
    store.revoke("i", **{kind: "x"}, ttl=60)
    assert store.revoked("i", *{**names, kind: "x"}.values())
    assert not store.revoked("other", *{**names, kind: "x"}.values())
    assert not store.revoked("i", *names.values())


def test_a_subjects_earlier_tokens(store: Store) -> None:
    """A watermark revokes the subject's tokens issued before it, and never moves back."""
    store.revoke("i", sub="alice", before=100.5, ttl=60)
    store.revoke("i", sub="alice", before=50, ttl=5)
    answers = [store.revoked("i", "j", "s", "alice", iat, "k") for iat in (100.4, 100.5, None)]
    assert answers == [True, False, True]
    assert not store.revoked("i", None, None, "bob", 1, None)


@pytest.mark.parametrize("decode", [False, True])
def test_a_client_that_decodes(server: Server, decode: bool) -> None:
    """`decode_responses` makes no difference."""
    state = RedisState(server.client(decode_responses=decode), prefix=f"decode {decode}:")
    assert [state.add("a", 60), state.add("a", 60)] == [True, False]
    state.revoke("i", sub="alice", before=100, ttl=60)
    assert state.revoked("i", None, None, "alice", 99, None) is True
    assert state.check() is None


def test_a_command_that_the_client_repeats(server: Server) -> None:
    """A client that sends a command again, because the answer was lost, is not told that the token was used."""
    client = server.client()

    class Repeating(type(client)):  # type: ignore[misc]
        def set(self, *args: Any, **named: Any) -> Any:
            super().set(*args, **named)
            return super().set(*args, **named)

        def eval(self, *args: Any) -> Any:
            super().eval(*args)
            return super().eval(*args)

    state = RedisState(Repeating(unix_socket_path=str(server.socket), socket_timeout=5), prefix="repeated:")
    assert [state.add("a", 60), state.add("a", 60)] == [True, False]
    assert [state.take("k", 1, 2, 60) for _ in range(3)] == [True, True, False]


def test_one_of_many_threads_is_first(server: Server) -> None:
    """Of twenty clients that add one key at once, one is told that it is new."""
    answers, start = list[bool](), threading.Barrier(20)

    def add() -> None:
        state = RedisState(server.client(), prefix="threads:")
        start.wait()
        answers.append(state.add("k", 60))

    threads = [threading.Thread(target=add) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 19 + [True]


def test_a_client_needs_a_timeout(server: Server) -> None:
    """A client that could wait without end is refused when the store is made."""
    with pytest.raises(PolicyError, match="socket_timeout"):
        RedisState(server.client(socket_timeout=None))


@pytest.mark.parametrize("client", [None, "redis://localhost", object()], ids=["None", "str", "object"])
def test_what_is_no_client(client: object) -> None:
    """Another object than a client is a TypeError that names one."""
    with pytest.raises(TypeError, match="client must be a client of redis-py or valkey"):
        RedisState(client)


def test_margin_is_a_span(server: Server) -> None:
    """An entry never ends before its token."""
    with pytest.raises(PolicyError, match="margin"):
        RedisState(server.client(), margin=-1)


def test_it_has_all_three_protocols(server: Server) -> None:
    """One object serves for replay, revocation and budgets."""
    state = RedisState(server.client())
    assert isinstance(state, ReplayStore)
    assert isinstance(state, RevocationStore)
    assert isinstance(state, BudgetStore)
    assert repr(state) == "<RedisState with keys jwseal:*>"


def test_entries_outlive_a_crash(tmp_path: Path) -> None:
    """With the settings that `check` asks for, a server that was killed and started again still refuses what was used."""
    server = Server(tmp_path)
    server.start()
    try:
        state = RedisState(server.client())
        assert state.check() is None
        assert state.add("a", 60)
        server.kill()
        server.start()
        assert RedisState(server.client()).add("a", 60) is False
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (("--appendonly", "no"), "appendonly yes"),
        (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), "noeviction"),
    ],
    ids=["not durable", "evicting"],
)
def test_a_server_that_may_forget(tmp_path: Path, settings: tuple[str, ...], named: str) -> None:
    """`check` names the setting that lets the server drop an entry."""
    server = Server(tmp_path, *settings)
    server.start()
    try:
        with pytest.raises(PolicyError, match=named):
            RedisState(server.client()).check()
    finally:
        server.kill()
