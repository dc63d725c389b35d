"""A cache under threads, after a fork, in a spawned process and at the end of the interpreter."""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from judge import ISSUER, NOW, STRICT, claims, code, hs256, refusal, secret, verdict
from jwseal import Issuers, Verifier
from jwseal.errors import InvalidToken
from jwseal.state import MemoryState

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
TOKENS = [hs256(claims(n=number)) for number in range(40)]
FORGED = [token[:-2] + ("AA" if token[-2:] != "AA" else "BA") for token in TOKENS[:10]]


def cached(entries: int = 16) -> list[Any]:
    """A verifier with a cache that is too small for all tokens, and a table of issuers with one."""
    return [Verifier(secret(), STRICT, cache=entries), Issuers({ISSUER: Verifier(secret(), STRICT)}, cache=entries)]


def faults(by: Any) -> list[str]:
    """What differs from a verifier without a cache, over all tokens, one at a time."""
    found = []
    for number, token in enumerate(TOKENS):
        result = by.verify(token, now=NOW)
        if result.claims != claims(n=number) or result["n"] != number:
            found.append(f"{number}: other claims")
        if verdict(by.verify, token, now=NOW + 300) != "token_expired":
            found.append(f"{number}: accepted late")
    found += [f"forged {token}" for token in FORGED if refusal(by.verify, token, now=NOW) != "invalid_signature"]
    return found


@pytest.mark.parametrize("by", cached(), ids=["Verifier", "Issuers"])
def test_threads(by: Any) -> None:
    """Eight threads, some with single tokens and some with batches, get the verdicts of a verifier without a cache."""
    barrier = threading.Barrier(8)

    def single() -> list[str]:
        barrier.wait()
        return [fault for _ in range(20) for fault in faults(by)]

    def batch() -> list[str]:
        barrier.wait()
        found = []
        for _ in range(100):
            results = by.verify_many([*TOKENS, *FORGED], now=NOW)
            found += [f"{n}" for n, result in enumerate(results[: len(TOKENS)]) if result["n"] != n]
            found += ["forged" for result in results[len(TOKENS) :] if code(result) != "invalid_signature"]
        return found

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(call) for call in (single, batch) * 4]
        assert [fault for each in running for fault in each.result()] == []
    info = by.cache_info()
    assert info.entries <= 16
    assert info.bytes <= info.max_bytes
    assert info.hits > 0
    assert info.evictions > 0


def in_child(action: Callable[[], bool]) -> None:
    """Run something in a forked process, which must end with True within a minute."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            threading.Timer(60, os._exit, (2,)).start()
            status = 0 if action() else 1
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("by", cached(), ids=["Verifier", "Issuers"])
def test_fork_while_threads_use_it(by: Any) -> None:
    """A child that was forked while threads changed the cache verifies, keeps and finds tokens in its own copy."""
    done = threading.Event()

    def use() -> None:
        while not done.is_set():
            by.verify_many([*TOKENS, *FORGED], now=NOW)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()

    def child() -> bool:
        before = by.cache_info()
        wrong = faults(by) + faults(by)
        after = by.cache_info()
        return not wrong and after.misses > before.misses and after.hits > before.hits

    try:
        for _ in range(10):
            in_child(child)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert faults(by) == []


@needs_fork
def test_a_child_changes_nothing_of_its_parent() -> None:
    """What a forked process keeps is its own."""
    by = Verifier(secret(), STRICT, cache=64)
    by.verify(TOKENS[0], now=NOW)

    def child() -> bool:
        by.verify(TOKENS[0], now=NOW)
        by.verify(TOKENS[1], now=NOW)
        return by.cache_info().hits == 1 and by.cache_info().entries == 2

    in_child(child)
    assert (by.cache_info().hits, by.cache_info().entries) == (0, 1)


def spawned(token: str) -> tuple[int, int]:
    """What a worker does: it makes a verifier of its own and verifies twice."""
    by = Verifier(secret(), STRICT, cache=4)
    by.verify(token, now=NOW)
    by.verify(token, now=NOW)
    return by.cache_info().hits, by.cache_info().misses


def test_spawned_process() -> None:
    """A spawned process has a cache of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(spawned, TOKENS[:2]) == [(1, 1), (1, 1)]


PROGRAM = """
import sys, threading
from jwseal import SecretKey, Signer, Policy, UNCHECKED, Verifier, Issuers
key = SecretKey.generate("HS256")
tokens = [Signer(key, expires_in=60, issuer="i").sign({"n": n}) for n in range(20)]
policy = Policy(issuer="i", audience=UNCHECKED)
kept = [Verifier(key, policy, cache=8), Issuers({"i": Verifier(key, policy)}, cache=8)]
started = threading.Event()
def use():
    while True:
        for by in kept:
            by.verify_many(tokens)
        started.set()
for _ in range(2):
    threading.Thread(target=use, daemon=True).start()
started.wait()
results = [by.verify(token) for by in kept for token in tokens]
sys.stdout.write("done")
"""


def test_the_interpreter_ends() -> None:
    """A program ends while its threads use a cache, and while results and entries are still there."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")


def test_expiry_under_way() -> None:
    """Threads whose clock passes the expiry between two calls: after it no call accepts the token."""
    clock = [float(NOW)]
    by = Verifier(secret(), STRICT, cache=16, clock=lambda: clock[0])

    def verify() -> list[str]:
        found = []
        while clock[0] < NOW + 320:
            for token in TOKENS:
                begun = clock[0]
                try:
                    by.verify(token)
                except InvalidToken as error:
                    if error.code != "token_expired" or clock[0] < NOW + 300:
                        found.append(error.code)
                else:
                    if begun >= NOW + 300:
                        found.append("accepted late")
        return found

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(verify) for _ in range(4)]
        for _ in range(320):
            by.verify_many(TOKENS)
            clock[0] += 1
        assert [fault for each in running for fault in each.result()] == []


def test_revocation_under_way() -> None:
    """Threads that verify kept tokens while a subject is revoked: no call that begins after it accepts its tokens."""
    state, is_revoked = MemoryState(clock=lambda: NOW), threading.Event()
    by = Verifier(secret(), STRICT, cache=16, revocation=state)
    subjects = [hs256(claims(sub=sub)) for sub in ("ann", "bob")]

    def verify() -> list[str]:
        found, rounds = [], 0
        while rounds < 50:
            begun = is_revoked.is_set()
            rounds += begun
            verdicts = [verdict(by.verify, token, now=NOW) for token in subjects]
            if verdicts[1] != "accepted" or (begun and verdicts[0] != "revoked"):
                found += verdicts
        return found

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(verify) for _ in range(8)]
        for _ in range(50):
            by.verify_many(subjects, now=NOW)
        state.revoke(ISSUER, sub="ann", before=NOW, ttl=600)
        is_revoked.set()
        assert [fault for each in running for fault in each.result()] == []
    assert by.cache_info().hits > 0
