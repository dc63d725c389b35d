"""The longest call of `verify` that a key's preparation causes: `python benches/pause.py`, with jwseal installed.

A key is prepared on the call that reaches its count of successful verifications. For each algorithm this starts processes of
their own, so that the first key of a curve also builds the table of the generator, and prints the median over them of the
longest call, the second key's longest call, and a call before and after, in microseconds of the thread's processor time.
"""

import json
import subprocess
import sys
from statistics import median

ALGS = ["RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
PROCESSES = 9

PROGRAM = """
import json, sys, time
from jwseal import Policy, Signer, SigningKey, UNCHECKED, Verifier

policy = Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED)

def calls(alg):
    key = SigningKey.generate(alg)
    token = Signer(key).sign({"sub": "alice"})
    verifier = Verifier(key.verifying_key, policy)
    if "prepare" in sys.argv:
        verifier.prepare()
    times = []
    for _ in range(80):
        start = time.thread_time_ns()
        verifier.verify(token)
        times.append((time.thread_time_ns() - start) / 1000)
    return times

print(json.dumps([calls(sys.argv[1]), calls(sys.argv[1])]))
"""


def main() -> None:
    print(f"{'':10} {'first key':>10} {'second key':>10} {'prepared':>10} {'before':>8} {'after':>8}")
    for alg in ALGS:
        runs = [run(alg) for _ in range(PROCESSES)]
        prepared = [run(alg, "prepare") for _ in range(PROCESSES)]
        first, second = (median(max(calls[key][1:]) for calls in runs) for key in (0, 1))
        at_start_up = median(max(calls[0][1:]) for calls in prepared)
        before, after = (
            median(call for calls in runs for call in calls[0][part]) for part in (slice(1, 7), slice(40, 80))
        )
        print(f"{alg:10} {first:10.0f} {second:10.0f} {at_start_up:10.0f} {before:8.1f} {after:8.1f}")


def run(*arguments: str) -> list[list[float]]:
    """The times of the calls of two keys, one after the other."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
