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
    show(measure(PROCESSES))


def measure(processes: int) -> dict[str, dict[str, float]]:
    """By algorithm, the median over processes of each column, in microseconds."""
    found = {}
    for alg in ALGS:
        runs = [run(alg) for _ in range(processes)]
        prepared = [run(alg, "prepare") for _ in range(processes)]
        first, second = (median(max(calls[key][1:]) for calls in runs) for key in (0, 1))
        before, after = (
            median(call for calls in runs for call in calls[0][part]) for part in (slice(1, 7), slice(40, 80))
        )
        found[alg] = {
            "first key": first,
            "second key": second,
            "prepared": median(max(calls[0][1:]) for calls in prepared),
            "before": before,
            "after": after,
        }
    return found


def show(found: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(found.values())))
    print(f"{'':10}" + "".join(f"{column:>11}" for column in columns))
    for alg, row in found.items():
        print(f"{alg:10}" + "".join(f"{row[column]:11.1f}" for column in columns))


def run(*arguments: str) -> list[list[float]]:
    """The times of the calls of two keys, one after the other."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
