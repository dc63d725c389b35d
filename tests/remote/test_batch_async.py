"""`verify_many_async`: the verdicts of single calls, off the event loop, under asyncio and trio."""

import asyncio
import threading
from typing import Any

import pytest
import trio

import forge
from event_loops import LOOPS, Run, on_each_loop
from judge import LAX, NOW, STRICT, claims, code, signing, verdict, verifying
from judge import verifier as fixed
from jwseal import Issuers, KeySet, Signer, VerifiedJWT, Verifier
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer
from keyring import key, publish, remote, token, verifier

MATERIAL = forge.material("ES256")


def answers(results: list[Any]) -> list[str]:
    """What each result says, as `verdict` does."""
    return ["accepted" if isinstance(result, VerifiedJWT) else code(result) for result in results]


@on_each_loop
@pytest.mark.parametrize("count", [0, 3, 16, 500])
def test_the_verdicts_of_single_calls(run: Run, count: int) -> None:
    """Each token has the verdict that it has alone, in order; str and bytes, equal ones and refused ones among them."""
    judge = fixed(verifying(MATERIAL))
    made = Signer(signing(MATERIAL)).sign_many([{"n": number % 50} for number in range(count)], now=NOW)
    made = [one[:-8] + "AAAAAAAA" if number % 7 == 3 else one for number, one in enumerate(made)]
    given: list[Any] = [one.encode() if number % 5 == 1 else one for number, one in enumerate(made * 2)]
    alone = [verdict(judge.verify, one, now=NOW) for one in given]
    for workers in (None, 1, 3):
        results = run(lambda workers=workers: judge.verify_many_async(iter(given), now=NOW, workers=workers))
        assert answers(results) == alone
        assert len({id(result) for result in results}) == len(given)


@on_each_loop
def test_the_loop_goes_on(run: Run) -> None:
    """Other tasks run while a batch is verified."""
    judge = fixed(verifying(forge.material("ML-DSA-87" if forge.MLDSA_ALGS else "ES512")))
    alg = "ML-DSA-87" if forge.MLDSA_ALGS else "ES512"
    signer = Signer(signing(forge.material(alg)))
    given = signer.sign_many([{"n": number} for number in range(1_000)], now=NOW)
    steps, ended = [], []

    async def batch() -> None:
        results = await judge.verify_many_async(given, now=NOW)
        ended.append(answers(results) == ["accepted"] * 1_000)

    async def in_asyncio() -> None:
        task = asyncio.create_task(batch())
        while not ended:
            steps.append(1)
            await asyncio.sleep(0)
        await task

    async def in_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(batch)
            while not ended:
                steps.append(1)
                await trio.lowlevel.checkpoint()

    run(in_trio if run is LOOPS["trio"] else in_asyncio)
    assert ended == [True]
    assert len(steps) > 20


@on_each_loop
def test_a_batch_that_is_cancelled(run: Run) -> None:
    """A task that is cancelled stops its batch: no thread is in it any more, and the next batch is as good as ever."""
    judge = fixed(verifying(MATERIAL))
    good = Signer(signing(MATERIAL)).sign({"n": 1}, now=NOW)
    head = good.rpartition(".")[0]
    many = [f"{head}.{number:085d}A" for number in range(1, 200_001)]
    started = threading.Event()

    async def batch() -> None:
        started.set()
        await judge.verify_many_async(many, now=NOW, workers=2)

    async def in_asyncio() -> None:
        task = asyncio.create_task(batch())
        while not started.is_set():
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def in_trio() -> None:
        with trio.move_on_after(0.01) as scope:
            await batch()
        assert scope.cancelled_caught

    async def both() -> list[Any]:
        await (in_trio() if run is LOOPS["trio"] else in_asyncio())
        return await judge.verify_many_async([good] * 20 + many[:20], now=NOW, workers=2)

    assert answers(run(both)) == ["accepted"] * 20 + ["invalid_signature"] * 20


@on_each_loop
def test_a_cold_source(run: Run, issuer: FakeIssuer) -> None:
    """A batch of a source without keys waits for one fetch; a key that is not published is refused after one more."""
    judge = verifier(remote(issuer))
    given = [token("a") for _ in range(100)]
    assert answers(run(lambda: judge.verify_many_async(given))) == ["accepted"] * 100
    assert issuer.count() == 1
    publish(issuer, "a", "b")
    mixed = [token("b" if number % 2 else "a") for number in range(100)]
    assert answers(run(lambda: Issuers({"https://as.example": judge}).verify_many_async(mixed))) == ["accepted"] * 100
    assert issuer.count() == 2
    assert answers(run(lambda: judge.verify_many_async([token("c"), token("a")]))) == ["key_not_found", "accepted"]


@on_each_loop
@pytest.mark.parametrize("kept", [300.0, 0.0])
def test_a_store_that_is_awaited(run: Run, kept: float) -> None:
    """A store with `find_key_async` alone is awaited: once for each header where its answers are kept."""
    from jwseal import _native

    asked = []

    class Store:
        async def find_key_async(self, header: dict[str, Any]) -> Any:
            asked.append(header["kid"])
            return key("a") if header["kid"] == "a" else None

    judge = verifier(_native.KeyLookup(Store(), ttl=kept))
    given = [token("b" if number % 10 == 9 else "a") for number in range(100)]
    expected = ["key_not_found" if number % 10 == 9 else "accepted" for number in range(100)]
    assert answers(run(lambda: judge.verify_many_async(given))) == expected
    assert asked.count("a") == (1 if kept else 90)


@on_each_loop
def test_replays_are_in_order(run: Run) -> None:
    """The stores are asked in the order of the batch: of equal tokens the first is accepted."""
    given = [forge.token({"alg": "ES256"}, claims(jti=str(number)), MATERIAL) for number in range(40)]
    judge = Verifier(KeySet([verifying(MATERIAL)]), STRICT, replay=MemoryState())
    results = run(lambda: judge.verify_many_async(given * 2, now=NOW))
    assert answers(results) == ["accepted"] * 40 + ["replayed"] * 40


@on_each_loop
def test_arguments(run: Run) -> None:
    """What `verify_many` refuses is refused: an entry that is no token, a single token, a number of workers."""
    judge = Verifier(verifying(MATERIAL), LAX)
    for given, workers in (([b"a.b.c", None], None), ("a.b.c", None), (5, None), ([], True)):
        with pytest.raises(TypeError):
            run(lambda given=given, workers=workers: judge.verify_many_async(given, workers=workers))
    with pytest.raises(ValueError, match="workers is a number of threads"):
        run(lambda: judge.verify_many_async([], workers=0))
