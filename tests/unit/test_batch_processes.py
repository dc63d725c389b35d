"""Batches under threads, forks, interrupts and the end of the interpreter: nothing hangs, and no verdict changes."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import forge
from judge import NOW, code, signing, verdict, verifier, verifying
from jwseal import Signer, VerifiedJWT, VerifyingKey

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks on this system")

MATERIAL = forge.material("ES256")
JUDGED = verifier(verifying(MATERIAL))
# What the programs below begin with: a verifier, a good token, and many that are refused after a check each.
PROLOGUE = """
    import json, os, signal, sys, threading, time
    from jwseal import UNCHECKED, InvalidSignature, Policy, Signer, SigningKey, Verifier

    key = SigningKey.generate("ES256")
    verifier = Verifier(key.verifying_key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED))
    good = Signer(key).sign({"sub": "a"})

    def refused(count):
        head = good.rpartition(".")[0]
        return [f"{head}.{number:085d}A" for number in range(1, count + 1)]

    def threads():
        return len(os.listdir("/proc/self/task"))
"""


def run(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, for at most a minute."""
    text = textwrap.dedent(PROLOGUE) + textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, *options, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )


def printed(program: str) -> Any:
    """The JSON that a program prints."""
    done = run(program)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def tokens(count: int) -> list[str]:
    """Tokens of which every seventh is refused."""
    made = Signer(signing(MATERIAL)).sign_many([{"n": number} for number in range(count)], now=NOW)
    return [token[:-8] + "AAAAAAAA" if number % 7 == 6 else token for number, token in enumerate(made)]


def answers(results: list[Any]) -> list[str]:
    """What each result says, as `verdict` does."""
    return ["accepted" if isinstance(result, VerifiedJWT) else code(result) for result in results]


def test_eight_threads() -> None:
    """Eight threads verify batches at once, with different numbers of workers; each has its own results in order."""
    given = tokens(400)
    alone = [verdict(JUDGED.verify, token, now=NOW) for token in given]
    barrier = threading.Barrier(8)

    def batches(number: int) -> bool:
        mine, expected = given[number * 20 :], alone[number * 20 :]
        barrier.wait()
        return all(
            answers(JUDGED.verify_many(mine, now=NOW, workers=workers)) == expected
            and answers(list(JUDGED.verify_iter(mine, now=NOW, workers=workers))) == expected
            for workers in (1, 2, 5, None)
        )

    with ThreadPoolExecutor(8) as pool:
        assert [True] * 8 == list(pool.map(batches, range(8)))


def in_child(given: list[str], expected: list[str]) -> int:
    """The status of a forked child that verifies a batch: 0 where all is as expected, within 20 seconds."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            found = answers(JUDGED.verify_many(given, now=NOW, workers=3))
            found += answers(list(JUDGED.verify_iter(given, now=NOW, workers=2)))
            os._exit(0 if found == expected * 2 else 2)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_fork_after_a_batch() -> None:
    """A child of a process whose pool has threads starts its own, and so does the child's child."""
    given = tokens(200)
    expected = answers(JUDGED.verify_many(given, now=NOW, workers=3))
    assert in_child(given, expected) == 0
    child = os.fork()
    if child == 0:
        try:
            right = answers(JUDGED.verify_many(given, now=NOW, workers=3)) == expected
            os._exit(in_child(given, expected) if right else 3)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert answers(JUDGED.verify_many(given, now=NOW, workers=3)) == expected


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_fork_while_a_batch_runs() -> None:
    """A child that is forked while threads are in a batch of another thread waits for none of them."""
    given = tokens(200)
    expected = [verdict(JUDGED.verify, token, now=NOW) for token in given]
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            JUDGED.verify_many(given, now=NOW, workers=3)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert [0] * 10 == [in_child(given, expected) for _ in range(10)]
    finally:
        ended.set()
        worker.join()


def spawned(jwk: dict[str, Any], given: list[str]) -> list[str]:
    """What a process that was started anew says of a batch."""
    return answers(verifier(VerifyingKey.from_jwk(jwk)).verify_many(given, now=NOW, workers=3))


def test_spawn() -> None:
    """Processes of `multiprocessing` that are spawned have pools of their own."""
    given = tokens(100)
    expected = answers(JUDGED.verify_many(given, now=NOW, workers=3))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(spawned, [(MATERIAL.public_jwk(), given)] * 4) == [expected] * 4


def test_the_end_of_the_interpreter() -> None:
    """A process ends while a daemon thread and the pool are in a batch, and waits for neither."""
    program = """
        many = refused(100_000)

        def work():
            started.set()
            while True:
                verifier.verify_many(many, workers=3)

        started = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        started.wait()
        time.sleep(0.2)  # so that the batch is under way
        print(json.dumps("ended"))
    """
    for _ in range(3):
        assert printed(program) == "ended"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer")
@pytest.mark.parametrize(
    "call",
    [
        "verifier.verify_many(many, workers=2)",
        "verifier.verify_many(many, workers=1)",
        "list(verifier.verify_iter(cycle(many), workers=2))",
        "Signer(key).sign_many(cycle([{}]), workers=2)",
        "Signer(key).sign_many(cycle([{}]), workers=1)",
        "Signer(rsa).sign_many([{}] * 5_000, workers=2)",
    ],
)
def test_an_interrupt_at_any_time(call: str) -> None:
    """What a signal's handler raises ends a batch at any time, long before it would be done, and the next ones are as good as ever."""
    program = f"""
        from itertools import cycle

        class Alarm(Exception):
            pass

        def ring(*_):
            raise Alarm

        signal.signal(signal.SIGALRM, ring)
        verifier.prepare()
        rsa = SigningKey.generate("RS256", bits=4096)
        many = refused(100_000)
        # A cache counts what was verified.
        verifier = Verifier(key.verifying_key, verifier.policy, cache=1)
        rung, done = [], []
        for milliseconds in [1, 3, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80]:
            before = verifier.cache_info().misses
            signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
            try:
                {call}
            except Alarm:
                rung.append(milliseconds)
            done.append(verifier.cache_info().misses - before)
        count = threads()
        tokens = Signer(key).sign_many([{{}}] * 100, workers=2)
        good = [type(one).__name__ for one in verifier.verify_many(tokens, workers=2)].count("VerifiedJWT")
        print(json.dumps([rung, good, threads() - max(count, 2), max(done) < 100_000]))
    """
    assert printed(program) == [[1, 3, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80], 100, 0, True]


@needs_affinity
def test_threads_start_when_they_are_needed() -> None:
    """Neither the import nor a small batch starts a thread; a batch starts as many as it may use processors, less one."""
    program = """
        counts = [threads()]
        verifier.verify_many(refused(15), workers=9)
        counts.append(threads())
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        verifier.verify_many(refused(1_000))
        list(verifier.verify_iter(refused(1_000)))
        counts.append(threads())
        verifier.verify_many(refused(1_000), workers=4)
        counts.append(threads())
        verifier.verify_many(refused(1_000), workers=2)
        counts.append(threads())
        print(json.dumps(counts))
    """
    assert printed(program) == [1, 1, 1, 4, 4]
