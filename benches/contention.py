"""One RS256 verification while other Python threads are busy: `python benches/contention.py [--seconds 3] [--json FILE]`.

A library that releases the interpreter lock within a call must take it back, and waits up to the interpreter's switch interval for
each busy thread. Every library verifies the same tokens, one at a time, in the main thread, beside 0, 1, 2 and 4 threads that run
Python code. It prints the median and the 99th percentile of a call, then how many tokens a second several threads verify.
"""

import argparse
import json
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any

import contenders
import jwt
import oxyjwt
import webtoken
from cryptography.hazmat.primitives import serialization
from tokens import AUDIENCE, ISSUER, Case, make_case

BUSY = (0, 1, 2, 4)
THREADS = (1, 2, 4)
ENOUGH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="for each library and number of threads")
    parser.add_argument("--json", metavar="FILE", help="write what was measured there")
    asked = parser.parse_args()
    case = make_case("RS256")
    libraries = calls(case)
    found: dict[str, Any] = {"contention": {}, "threads": {}}
    print(f"{'busy threads':14}{'':10}{'p50 us':>10}{'p99 us':>10}{'calls':>8}")
    for busy in BUSY:
        for name, verify in libraries.items():
            with busy_threads(busy):
                times = timed(verify, case.tokens, asked.seconds)
            cuts = statistics.quantiles(times, n=100)
            row = {"p50": statistics.median(times) / 1000, "p99": cuts[98] / 1000, "calls": len(times)}
            found["contention"].setdefault(name, {})[str(busy)] = row
            print(f"{busy:<14}{name:10}{row['p50']:10.1f}{row['p99']:10.1f}{row['calls']:8}", flush=True)
    one = {name: rows["1"]["p99"] for name, rows in found["contention"].items()}
    for name in libraries:
        if name != "jwseal":
            print(f"1 busy thread, p99 of jwseal, of {name}'s: {one['jwseal'] / one[name]:.3f}")
    print(f"\n{'threads':14}" + "".join(f"{count:>12}" for count in THREADS) + "   tokens a second")
    verify_many = contenders.jwseal_verifier(case).verify_many
    rates = {
        name: {count: shared(verify, case, count, asked.seconds) for count in THREADS}
        for name, verify in libraries.items()
    }
    rates["verify_many(workers=)"] = {count: batches(verify_many, case, count, asked.seconds) for count in THREADS}
    for name, row in rates.items():
        print(f"{name:22}" + "".join(f"{rate:12,.0f}" for rate in row.values()), flush=True)
        found["threads"][name] = {str(count): rate for count, rate in row.items()}
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=1))


def calls(case: Case) -> dict[str, Callable[[str], Any]]:
    """How each library verifies a token, its key prepared."""
    demanded = {"algorithms": ["RS256"], "audience": AUDIENCE, "issuer": ISSUER}
    oxy = oxyjwt.DecodingKey.from_rsa_pem(case.public_pem)
    web = webtoken.PyJWK.from_json(json.dumps(contenders.public_jwk(case)), "RS256")
    key = serialization.load_pem_public_key(case.public_pem)
    jwseal = contenders.jwseal_verifier(case).verify
    found = {
        "jwseal": lambda token: jwseal(token).claims,
        "OxyJWT": lambda token: oxyjwt.decode(token, oxy, **demanded),
        "webtoken": lambda token: webtoken.decode(token, web, **demanded),
        "PyJWT": lambda token: jwt.decode(token, key, **demanded),
    }
    for name, verify in found.items():
        for token, claims in zip(case.tokens, case.claims, strict=True):
            if verify(token) != claims:
                raise AssertionError(f"{name} gives other claims")
    return found


@contextmanager
def busy_threads(count: int) -> Iterator[None]:
    """These many threads that run Python code until the block ends."""
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            for step in range(1000):
                number = (number * 31 + step) % 1_000_003

    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def timed(verify: Callable[[str], Any], tokens: list[str], seconds: float) -> list[int]:
    """The nanoseconds of each call, by the clock on the wall."""
    times: list[int] = []
    end = perf_counter() + seconds
    for token in cycle(tokens):
        start = perf_counter_ns()
        verify(token)
        times.append(perf_counter_ns() - start)
        if len(times) >= ENOUGH or (perf_counter() > end and len(times) >= 200):
            return times
    return times


def shared(verify: Callable[[str], Any], case: Case, count: int, seconds: float) -> float:
    """Tokens a second of these many threads, each calling in turn."""
    done: list[int] = []
    end = perf_counter() + seconds

    def work() -> None:
        number = 0
        for token in cycle(case.tokens):
            verify(token)
            number += 1
            if perf_counter() > end:
                break
        done.append(number)

    threads = [threading.Thread(target=work) for _ in range(count)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (perf_counter() - start)


def batches(verify_many: Callable[..., list[Any]], case: Case, workers: int, seconds: float) -> float:
    """Tokens a second of `verify_many`, read lazily. Its tokens are few, so each is given a batch of its own."""
    start, number = perf_counter(), 0
    while perf_counter() - start < seconds:
        number += len(verify_many(case.tokens, workers=workers))
    return number / (perf_counter() - start)


if __name__ == "__main__":
    main()
