"""Code of the caller's that comes back without end gets a RecursionError, and the process lives (CWE-674).

Each case runs in a process of its own and must leave by the exit status it was told to. The stack is the main thread's.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"

PRELUDE = f"""
import datetime as dt, sys
sys.path.insert(0, {str(SUPPORT)!r})
import forge
from functools import partial
from judge import LAX, NOW, secret, signing, verifier, verifying
from jwseal import Issuers, KeySet, Policy, Signer, SigningKey, Verifier, VerifyingKey, jws

class Client:
    alg, kid, verifying_key = "ES256", None, verifying(forge.material("ES256"))
    def sign(self, octets):
        return again()

class Endless:
    def __iter__(self):
        return self
    def __next__(self):
        return again()
    def read(self, size):
        return again()
    def keys(self):
        return again()
    def __getitem__(self, name):
        return again()

class Zone(dt.tzinfo):
    def utcoffset(self, when):
        return again()

external = SigningKey.external(Client())
signer = Signer(external)
endless = Endless()
moment = dt.datetime(2030, 1, 1, tzinfo=Zone())
judge = verifier(secret())
token = Signer(secret()).sign({{}}, now=NOW)
detached = jws.sign(b"x", secret(), detached=True)
"""

CALLS = {
    "jws.sign": 'jws.sign(b"x", external)',
    "jws.sign, detached": 'jws.sign(b"x", external, detached=True)',
    "jws.sign_json": 'jws.sign_json(b"x", [external])',
    "Signer.sign": "signer.sign({})",
    "Signer.sign_many": "signer.sign_many([{}])",
    "claims of sign_many": "signer.sign_many(endless)",
    "claims of sign": "signer.sign(endless)",
    "headers of sign": 'jws.sign(b"x", secret(), headers=endless)',
    "crit of sign": 'jws.sign(b"x", secret(), crit=endless)',
    "times of sign": 'Signer(secret()).sign({"exp": moment})',
    "clock of sign": "Signer(secret(), clock=again).sign({})",
    "clock of verify": "verifier(secret(), clock=again).verify(token)",
    "now of sign": "Signer(secret()).sign({}, now=moment)",
    "now of verify": "judge.verify(token, now=moment)",
    "signatures of sign_json": 'jws.sign_json(b"x", endless)',
    "file that is signed": "jws.sign(endless, secret(), detached=True)",
    "file that is verified": "jws.verify(detached, secret(), payload=endless)",
    "verify_many": "judge.verify_many(endless)",
    "verify_iter": "list(judge.verify_iter(endless))",
    "progress of verify_iter": "list(judge.verify_iter([token], progress=lambda done: again()))",
    "KeySet": "KeySet(endless)",
    "KeySet.from_jwks": "KeySet.from_jwks(endless)",
    "VerifyingKey.from_jwk": "VerifyingKey.from_jwk(endless)",
    "algorithms": "Verifier(secret(), LAX, algorithms=endless)",
    "Issuers": "Issuers(endless)",
}


@pytest.mark.parametrize("call", CALLS)
def test_code_that_comes_back_without_end(call: str) -> None:
    """Every call that runs code of the caller's ends in RecursionError where that code makes the call again."""
    run(f"def again():\n    return {CALLS[call]}\n" + EXPECTED)


@pytest.mark.parametrize("call", ["jws.sign", "jws.sign_json", "Signer.sign", "verify_many", "claims of sign"])
def test_a_raised_recursion_limit(call: str) -> None:
    """From Python 3.12 on the bound on C calls holds whatever sys.setrecursionlimit says."""
    if sys.version_info < (3, 12):
        pytest.skip("in Python 3.11 sys.setrecursionlimit sets the bound on C calls too")
    run(f"sys.setrecursionlimit(1_000_000)\ndef again():\n    return {CALLS[call]}\n" + EXPECTED)


def test_recursion_without_python_code() -> None:
    """Calls from C to C, with no Python function between them, are bounded too."""
    run(ENDLESS_CLOCK + EXPECTED)


def test_a_bounded_depth_is_no_error() -> None:
    """An external signer may sign with another one, some levels deep, and the count is given back."""
    run("""
    depth = 0
    def again():
        global depth
        depth += 1
        if depth % 20:
            jws.sign(b"x", external)
        return forge.material("ES256").sign(sys._getframe(1).f_locals["octets"])
    for _ in range(100):
        jws.sign(b"x", external)
    sys.exit(42)
    """)


ENDLESS_CLOCK = """
again = partial(int)
judge = verifier(secret(), clock=again)
again.__setstate__((judge.verify, (token,), {}, {}))
"""
EXPECTED = """
try:
    again()
except RecursionError:
    sys.exit(42)
"""


def run(code: str) -> None:
    """Runs code that must end with exit status 42."""
    code = PRELUDE + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert 42 == done.returncode, done.stderr[-2000:]
