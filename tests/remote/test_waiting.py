"""Waiting for keys: one fetch for everyone, no blocked event loop, nothing left behind by who gives up."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import trio

from event_loops import LOOPS, Run, on_each_loop
from judge import ISSUER, refusal
from jwseal import Issuers, KeySourceUnavailable
from jwseal.testing import Answer, FakeIssuer
from keyring import loaded, publish, remote, token, verifier


def test_a_thousand_threads_that_start_cold(issuer: FakeIssuer) -> None:
    """1,000 callers of a cold source, on 100 threads, make one request."""
    judge = verifier(remote(issuer))
    with ThreadPoolExecutor(100) as pool, issuer.hold() as gate:
        results = [pool.submit(judge.verify, token("a")) for _ in range(1_000)]
        assert gate.arrived()
        gate.open()
        assert {result.result().kid for result in results} == {"a"}
    assert issuer.count() == 1


@on_each_loop
def test_a_thousand_tasks_that_start_cold(run: Run, issuer: FakeIssuer) -> None:
    """1,000 tasks on a cold source make one request, start no thread each, and the loop goes on meanwhile."""
    judge = verifier(remote(issuer))
    kids: list[str | None] = []
    seen: list[int] = []

    async def verify() -> None:
        kids.append((await judge.verify_async(token("a"))).kid)

    with issuer.hold() as gate:

        async def in_asyncio() -> None:
            tasks = [asyncio.create_task(verify()) for _ in range(1_000)]
            await asyncio.to_thread(gate.arrived)
            seen.append(threading.active_count())
            gate.open()
            await asyncio.gather(*tasks)

        async def in_trio() -> None:
            async with trio.open_nursery() as nursery:
                for _ in range(1_000):
                    nursery.start_soon(verify)
                await trio.to_thread.run_sync(gate.arrived)
                seen.append(threading.active_count())
                gate.open()

        before = threading.active_count()
        run(in_trio if run is LOOPS["trio"] else in_asyncio)
    assert kids == ["a"] * 1_000
    assert issuer.count() == 1
    assert seen[0] - before <= 4  # the fetch, the connection at the server, the loop's own


@on_each_loop
def test_warm_keys_never_yield(run: Run, issuer: FakeIssuer) -> None:
    """With warm keys `verify_async` is done without a step of the loop."""
    source = remote(issuer)
    source.preload()
    judge = verifier(source)
    table = Issuers({ISSUER: judge})

    async def both() -> list[str | None]:
        kids = []
        for verify in (judge.verify_async, table.verify_async):
            with pytest.raises(StopIteration) as done:
                verify(token("a")).send(None)
            kids.append(done.value.value.kid)
        return kids

    assert run(both) == ["a", "a"]


@on_each_loop
def test_rotation_is_seen_by_tasks(run: Run, issuer: FakeIssuer) -> None:
    """A task with a token of a new key waits for it; one with a known key does not."""
    source = remote(issuer)
    source.preload()
    publish(issuer, "a", "b")
    judge = verifier(source)

    async def verify() -> Any:
        return [(await judge.verify_async(token(kid))).kid for kid in ("a", "b")]

    assert run(verify) == ["a", "b"]


@on_each_loop
def test_failures_reach_tasks(run: Run, issuer: FakeIssuer) -> None:
    """A task learns why there are no keys, at once or when its time is over."""
    issuer.reply(Answer(500))
    judge, slow = verifier(remote(issuer)), verifier(remote(issuer, timeout=0.2))

    async def verify() -> None:
        with pytest.raises(KeySourceUnavailable, match="status of the answer is 500"):
            await judge.verify_async(token("a"))
        issuer.recover()
        with issuer.hold(), pytest.raises(KeySourceUnavailable, match=r"within 0\.2 seconds"):
            await slow.verify_async(token("a"))

    run(verify)


def test_a_cancelled_task_disturbs_nobody(issuer: FakeIssuer) -> None:
    """A task that is cancelled while it waits leaves the fetch and the other waiters as they are."""
    source = remote(issuer)
    judge = verifier(source)

    async def in_asyncio() -> str | None:
        with issuer.hold() as gate:
            given_up, patient = (asyncio.create_task(judge.verify_async(token("a"))) for _ in range(2))
            await asyncio.to_thread(gate.arrived)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            gate.open()
            return (await patient).kid

    assert asyncio.run(in_asyncio()) == "a"
    assert issuer.count() == 1


def test_a_cancelled_task_of_trio(issuer: FakeIssuer) -> None:
    """So it is under trio, and the loop may end before the fetch does."""
    source = remote(issuer)
    judge = verifier(source)
    with issuer.hold() as gate:

        async def give_up() -> bool:
            with trio.move_on_after(0.05) as scope:
                await judge.verify_async(token("a"))
            return scope.cancelled_caught

        assert trio.run(give_up)
        gate.arrived()
        gate.open()
        source.preload()
    assert judge.verify(token("a")).kid == "a"
    assert issuer.count() == 1


def test_a_loop_that_ended_is_no_trouble(issuer: FakeIssuer) -> None:
    """A fetch whose waiters' loop has ended meanwhile ends as any other."""
    source = remote(issuer)
    judge = verifier(source)
    with issuer.hold() as gate:

        async def start_and_leave() -> None:
            coroutine = judge.verify_async(token("a"))
            coroutine.send(None)
            abandoned.append(coroutine)

        abandoned: list[Any] = []
        asyncio.run(start_and_leave())
        gate.arrived()
        gate.open()
        source.preload()
    assert judge.verify(token("a")).kid == "a"
    abandoned[0].close()


def test_a_caller_waits_no_longer_than_its_time(issuer: FakeIssuer) -> None:
    """If the provider does not answer, a caller gets an error when its time is over; known keys need no waiting."""
    source = remote(issuer, timeout=0.2)
    judge = verifier(source)
    with issuer.hold():
        assert refusal(judge.verify, token("a")) == "key_source_unavailable"
    issuer.recover()
    warm = loaded(remote(issuer, timeout=0.2))
    judge = verifier(warm)
    with issuer.hold():
        assert refusal(judge.verify, token("b")) == "key_not_found"
        assert judge.verify(token("a")).kid == "a"


def test_one_provider_does_not_hold_up_another(issuer: FakeIssuer) -> None:
    """While one provider does not answer, the keys of another are fetched."""
    with FakeIssuer(alg=None) as other:
        publish(other, "b")
        with issuer.hold() as gate, ThreadPoolExecutor(1) as pool:
            stuck = pool.submit(verifier(remote(issuer)).verify, token("a"))
            assert gate.arrived()
            assert verifier(remote(other)).verify(token("b")).kid == "b"
            gate.open()
            assert stuck.result().kid == "a"


def test_answers_in_reverse_order(issuer: FakeIssuer) -> None:
    """Answers that come after their fetch has ended replace nothing: one fetch of a source is under way at a time."""
    source = loaded(remote(issuer, timeout=0.3))
    judge = verifier(source)
    with issuer.hold() as gate:
        for _ in range(3):
            with pytest.raises(KeySourceUnavailable):
                source.refresh()
        assert gate.arrived()
    publish(issuer, "a", "b")
    loaded(source)
    while source.generation == 1:
        with suppress(KeySourceUnavailable):
            source.refresh()
    assert judge.verify(token("b")).kid == "b"
    assert source.generation == 2


def test_batch_while_cold(issuer: FakeIssuer) -> None:
    """A batch and a stream of a cold source make one request."""
    judge = verifier(remote(issuer))
    assert [one.kid for one in judge.verify_many([token("a")] * 5)] == ["a"] * 5  # type: ignore[union-attr]
    assert [one.kid for one in judge.verify_iter([token("a")] * 600)] == ["a"] * 600  # type: ignore[union-attr]
    assert issuer.count() == 1


def test_preload_and_refresh_async(issuer: FakeIssuer) -> None:
    """`preload_async` and `refresh_async` are for start-up code on a loop."""

    async def start() -> list[bool]:
        source = remote(issuer)
        await source.preload_async()
        await source.preload_async()
        publish(issuer, "b")
        return [source.ready, await source.refresh_async(), await source.refresh_async()]

    assert asyncio.run(start()) == [True, True, False]
    publish(issuer, "a")
    assert trio.run(start) == [True, True, False]
