"""How long a batch goes on after an interrupt: `python benches/interrupts.py`, with jwseal installed.

A thread sends SIGINT to its own process at some time within a call on the main thread, and the time until KeyboardInterrupt is raised is
taken, in milliseconds. It prints the median and the longest of the interrupts of each call.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from statistics import median

from jwseal import UNCHECKED, Policy, Signer, SigningKey, Verifier

INTERRUPTS = 40
# Each call takes longer than the latest interrupt, in seconds.
EARLIEST, LATEST = 0.02, 0.5

ec = SigningKey.generate("ES256")
verifier = Verifier(ec.verifying_key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED))
rsa = Signer(SigningKey.generate("RS256", bits=4096))


def claims(count: int) -> Iterator[dict[str, str]]:
    return ({"sub": str(number)} for number in range(count))


# Tokens that differ: the signature of equal ones is checked once.
tokens = Signer(ec).sign_many(claims(200_000))


def iterate() -> None:
    for _ in verifier.verify_iter(cycle(tokens)):
        pass


CALLS: dict[str, Callable[[], object]] = {
    "verify_many, 200,000 ES256": lambda: verifier.verify_many(tokens),
    "verify_iter, without end": iterate,
    "sign_many, RSA with 4,096 bits": lambda: rsa.sign_many(claims(5_000)),
    "sign_many, claims from a generator": lambda: Signer(ec).sign_many(claims(10_000_000)),
}


def main() -> None:
    for name, call in CALLS.items():
        times = sorted(interrupted(call) for _ in range(INTERRUPTS))
        print(f"{name:<36} median {median(times):6.1f} ms, longest {times[-1]:6.1f} ms", flush=True)


def interrupted(call: Callable[[], object]) -> float:
    """Milliseconds from an interrupt within this call until the call raises."""
    sent = []

    def interrupt() -> None:
        time.sleep(random.uniform(EARLIEST, LATEST))
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        call()
    except KeyboardInterrupt:
        end = time.monotonic()
        thread.join()
        return 1000 * (end - sent[0])
    raise AssertionError("the call ended before the interrupt")


if __name__ == "__main__":
    main()
