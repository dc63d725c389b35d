"""Stores under asyncio and trio: each is asked, on another thread where it would block, and its answer is exactly a bool."""

import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from event_loops import Run, on_each_loop
from judge import ISSUER, NOW, refusal
from jwseal import InvalidToken, Replayed
from jwseal.sender import Dpop, DpopCheck
from jwseal.state import MemoryState, RedisState
from jwseal.state.check import Budget, BudgetExhausted, StateCheck
from proofs import JKT, URL, Prover
from redis_server import Server, needs_server
from test_state_check import TOKEN
from test_verifier_state import token, verifier


class Synchronous:
    """A store of an application, without asynchronous methods: MemoryState, and on which threads it was asked."""

    def __init__(self) -> None:
        self.state, self.threads = MemoryState(clock=lambda: NOW), list[int]()

    def _ask(self, name: str, *arguments: Any) -> bool:
        self.threads.append(threading.get_ident())
        answer: bool = getattr(self.state, name)(*arguments)
        return answer

    def add(self, *arguments: Any) -> bool:
        return self._ask("add", *arguments)

    def take(self, *arguments: Any) -> bool:
        return self._ask("take", *arguments)

    def revoked(self, *arguments: Any) -> bool:
        return self._ask("revoked", *arguments)


@pytest.fixture
def store() -> Synchronous:
    return Synchronous()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of this module."""
    server = Server(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    yield server
    server.kill()


both = pytest.mark.parametrize("on_unavailable", ["deny", "allow"])


@on_each_loop
@both
def test_a_synchronous_store_revokes(run: Run, on_unavailable: str, store: Synchronous) -> None:
    """A token that a synchronous store has revoked is `revoked`, whatever the event loop and the setting."""
    by, text = verifier(revocation=store, on_unavailable=on_unavailable), token(jti="gone")
    assert run(lambda: by.verify_async(token(), now=NOW)).unchecked == frozenset()
    store.state.revoke(ISSUER, jti="gone", ttl=600)
    assert refusal(lambda: run(lambda: by.verify_async(text, now=NOW))) == "revoked"
    assert len(store.threads) == 2
    assert threading.get_ident() not in store.threads


@on_each_loop
@both
def test_a_synchronous_store_refuses_a_second_use(run: Run, on_unavailable: str, store: Synchronous) -> None:
    """A token that a synchronous store has seen is `replayed`, whatever the event loop and the setting."""
    by, text = verifier(replay=store, on_unavailable=on_unavailable), token()
    assert run(lambda: by.verify_async(text, now=NOW)).unchecked == frozenset()
    assert refusal(lambda: run(lambda: by.verify_async(text, now=NOW))) == "replayed"
    [batch] = run(lambda: by.verify_many_async([text], now=NOW))
    assert batch.code == "replayed"
    assert threading.get_ident() not in store.threads


@on_each_loop
@both
def test_a_synchronous_store_counts_a_budget(run: Run, on_unavailable: str, store: Synchronous) -> None:
    """A budget of one is used once, whatever the event loop and the setting."""
    check = StateCheck(budget=store, on_unavailable=on_unavailable)
    judge = lambda: check.ask_async(TOKEN, 1000.0, 0, Budget(1, 1))  # noqa: E731
    assert run(judge) == frozenset()
    with pytest.raises(BudgetExhausted):
        run(judge)
    assert threading.get_ident() not in store.threads


@on_each_loop
def test_a_synchronous_store_of_proofs_is_asked_on_a_thread(run: Run, store: Synchronous, bound: Any) -> None:
    """A DPoP proof is burnt without blocking the event loop, and is refused the second time."""
    text, verified = bound
    check = DpopCheck(replay=store)
    ask = lambda: check.check_async(verified, Dpop(Prover(text, now=NOW)(), "GET", URL), text, now=NOW)  # noqa: E731
    run(ask)
    assert refusal(lambda: run(ask)) == "sender_mismatch"
    assert len(store.threads) == 2
    assert threading.get_ident() not in store.threads


@pytest.fixture(scope="module")
def bound() -> Any:
    """A token bound to the key of proofs, and the same verified."""
    text = token(cnf={"jkt": JKT})
    return text, verifier().verify(text, now=NOW)


@needs_server
@on_each_loop
@both
def test_a_synchronous_client_of_redis(run: Run, on_unavailable: str, server: Server) -> None:
    """RedisState with a synchronous client serves `verify_async` under both loops."""
    prefix = f"{on_unavailable} {id(run)}:"
    state = RedisState(server.client(), prefix=prefix)
    by = verifier(replay=state, revocation=state, on_unavailable=on_unavailable)
    used, gone = token(), token(jti="gone")
    assert run(lambda: by.verify_async(used, now=NOW)).unchecked == frozenset()
    assert refusal(lambda: run(lambda: by.verify_async(used, now=NOW))) == "replayed"
    state.revoke(ISSUER, jti="gone", ttl=600)
    assert refusal(lambda: run(lambda: by.verify_async(gone, now=NOW))) == "revoked"


@needs_server
@both
def test_an_asyncio_client_under_trio(on_unavailable: str, server: Server) -> None:
    """A client that needs asyncio is a mistake of the program under trio, and no failure that may be passed over."""
    import trio

    by = verifier(replay=RedisState(server.client("redis.asyncio")), on_unavailable=on_unavailable)
    with pytest.raises(TypeError, match="give RedisState a synchronous client"):
        trio.run(lambda: by.verify_async(token(), now=NOW))


@pytest.mark.parametrize("error", [OSError, TypeError, StopIteration, RuntimeError])
@on_each_loop
def test_what_a_store_raises(run: Run, error: type[Exception]) -> None:
    """Any exception of a store is `state_unavailable`, on the thread too."""

    class Failing(Synchronous):
        def _ask(self, name: str, *arguments: Any) -> bool:
            raise error

    by = verifier(replay=Failing())
    assert refusal(lambda: run(lambda: by.verify_async(token(), now=NOW))) == "state_unavailable"
    allowing = verifier(replay=Failing(), on_unavailable="allow")
    assert run(lambda: allowing.verify_async(token(), now=NOW)).unchecked == {"replay"}


def test_a_thread_that_cannot_start_is_no_failed_store(store: Synchronous, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store was never asked, the token does not pass, also with `on_unavailable="allow"`."""
    import asyncio

    async def broken(*_: object) -> object:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio, "to_thread", broken)
    by = verifier(revocation=store, on_unavailable="allow")
    with pytest.raises(RuntimeError, match="can't start new thread"):
        asyncio.run(by.verify_async(token(), now=NOW))


def wrapped(kind: str, client: Any) -> Any:
    """An asyncio client behind a method that is not asynchronous itself, as tracers and limiters write it."""
    if kind == "subclass":

        class Traced(type(client)):  # type: ignore[misc]
            def execute_command(self, *arguments: Any, **options: Any) -> Any:
                return super().execute_command(*arguments, **options)

        client.__class__ = Traced
        return client

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

    return Proxy()


@needs_server
@pytest.mark.parametrize("kind", ["subclass", "proxy"])
def test_an_asyncio_client_that_is_wrapped(kind: str, server: Server) -> None:
    """It serves `verify_async`, and `verify` never takes its coroutine for an answer."""
    import asyncio

    async def verdicts() -> list[Any]:
        client = server.client("redis.asyncio")
        by = verifier(replay=RedisState(wrapped(kind, client), prefix=f"{kind}:"))
        text, found = token(), list[Any]()
        for verify in (by.verify, by.verify, by.verify_async, by.verify_async):
            try:
                verdict = verify(text, now=NOW)
                found.append((await verdict if inspect.isawaitable(verdict) else verdict).unchecked)
            except (TypeError, InvalidToken) as error:
                found.append(type(error))
        await client.aclose()
        return found

    assert asyncio.run(verdicts()) == [TypeError, TypeError, frozenset(), Replayed]


class Client:
    """A client of Redis that gives one answer to every command."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def _reply(self, *_: Any, **__: Any) -> Any:
        return self._answer

    set = get = mget = eval = _reply


Use = Callable[[RedisState], Any]
USES: dict[str, Use] = {
    "add": lambda state: state.add("a", 60),
    "take": lambda state: state.take("a", 1, 2, 60),
    "revoked": lambda state: state.revoked("i", "j", None, None, None, None),
    "revoke": lambda state: state.revoke("i", jti="j", ttl=60),
}


@pytest.mark.parametrize("answer", [..., 2, 1.5, False, "QUEUED", b"1", {"OK": 1}], ids=repr)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_is_no_answer_of_redis(use: Use, answer: Any) -> None:
    """An answer that Redis does not give to this command is a TypeError, and so the store failed."""
    with pytest.raises(TypeError, match="which is no answer of Redis"):
        use(RedisState(Client(answer)))


@needs_server
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_pipeline_is_no_client(use: Use, server: Server) -> None:
    """A pipeline answers with itself, which is no bool."""
    with pytest.raises(TypeError, match="which is no answer of Redis"):
        use(RedisState(server.client().pipeline()))


@pytest.mark.parametrize("answer", [True, "OK", b"OK"])
def test_both_forms_of_ok(answer: Any) -> None:
    """A client without callbacks for answers gives the server's own text."""
    assert RedisState(Client(answer)).add("a", 60) is True


@pytest.mark.parametrize("state", [MemoryState(), RedisState(Client(1))], ids=["memory", "redis"])
@pytest.mark.parametrize("before", [float("nan"), float("inf")])
def test_before_is_a_time(state: Any, before: float) -> None:
    """A moment that no comparison holds for would revoke nothing."""
    assert refusal(lambda: state.revoke("i", sub="alice", before=before, ttl=60)) == "invalid_policy"


def test_a_moment_that_cannot_be_compared_revokes() -> None:
    """A stored moment that is no number any more revokes the subject's tokens."""
    assert RedisState(Client([b"nan"])).revoked("i", None, None, "alice", 5.0, None) is True
