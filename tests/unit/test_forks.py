"""Forks while other threads are in jwseal: no child waits for a lock that a thread of its parent held.

The children are ended by an alarm where they hang. What batches do in a child is in `test_batch_processes.py`.
"""

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

PROLOGUE = """
    import json, os, signal, sys, threading, warnings
    from jwseal import UNCHECKED, InvalidToken, Policy, Signer, SigningKey, Verifier

    warnings.simplefilter("ignore", DeprecationWarning)
    sys.setswitchinterval(1e-5)

    def child(call):
        \"\"\"The status of a forked child that makes a call: 0 where it returns, within 20 seconds.\"\"\"
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            try:
                call()
                os._exit(0)
            finally:
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def busy(call, count):
        \"\"\"Make a call on other threads again and again. Set what is returned to end them.\"\"\"
        begun, ended = threading.Event(), threading.Event()

        def work():
            begun.wait()
            while not ended.is_set():
                call()

        for _ in range(count):
            threading.Thread(target=work, daemon=True).start()
        begun.set()
        return ended
"""


def printed(program: str, first: str = "") -> Any:
    """The JSON that a program prints within five minutes; `first` runs before jwseal is imported."""
    text = first + textwrap.dedent(PROLOGUE) + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_fork_while_tokens_are_signed(alg: str) -> None:
    """A child signs with the very key that threads of its parent were signing with, and generates keys."""
    program = f"""
        signer = Signer(SigningKey.generate("{alg}"))

        def call():
            signer.sign({{}})
            signer.sign_many([{{}}] * 20, workers=2)
            SigningKey.generate("ES256")

        ended = busy(lambda: signer.sign_many([{{}}] * 40, workers=3), 2)
        print(json.dumps([child(call) for _ in range(25)]))
        ended.set()
    """
    assert printed(program) == [0] * 25


def test_a_fork_while_keys_are_generated() -> None:
    """A child draws random numbers after a fork amid key generations of its parent."""
    program = """
        ended = busy(lambda: SigningKey.generate("ES256"), 4)
        print(json.dumps([child(lambda: SigningKey.generate("ES256")) for _ in range(20)]))
        ended.set()
    """
    assert printed(program) == [0] * 20


PYJWT = """
    import jwseal.compat.pyjwt as jwt
    token = jwt.encode({"aud": "a"}, b"0" * 32)

    def call():
        assert jwt.decode(token, b"0" * 32, ["HS256"], audience="a") == {"aud": "a"}
        try:
            jwt.decode(token, b"0" * 32, ["HS256"], audience="b")
        except jwt.InvalidAudienceError:
            pass
"""
NATIVE = """
    key = SigningKey.generate("ES256")
    token = Signer(key).sign({"sub": "a"})
    verifier = Verifier(key.verifying_key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED), cache=8)

    def call():
        assert verifier.verify(token)["sub"] == "a"
        assert [one.claims["sub"] for one in verifier.verify_iter([token])] == ["a"]
        try:
            verifier.verify(token[:-6] + "AAAAAA")
        except InvalidToken:
            pass
"""


@pytest.mark.parametrize("calls", [PYJWT, NATIVE], ids=["compat.pyjwt", "Verifier"])
def test_a_fork_amid_a_first_call(calls: str) -> None:
    """A child is forked while a thread makes its first call, and makes it too: what the thread has begun is not waited for."""
    program = """
        import builtins

        found, reached, ended = builtins.__import__, threading.Event(), threading.Event()

        def slow(name, *rest):
            # What the extension keeps is made with an import, at the first call.
            if name.startswith("jwseal") and threading.current_thread() is not threading.main_thread():
                reached.set()
                ended.wait()
            return found(name, *rest)

        builtins.__import__ = slow
        thread = threading.Thread(target=call)
        thread.start()
        assert reached.wait(60)
        status = child(call)
        ended.set()
        thread.join()
        print(json.dumps(status))
    """
    assert printed(textwrap.dedent(calls) + textwrap.dedent(program)) == 0


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_hook_that_uses_jwseal_while_the_process_forks(order: str) -> None:
    """Callables that are registered for forks, before or after the import, may sign, generate keys and verify batches."""
    program = """
        key = SigningKey.generate("ES256")
        verifier = Verifier(key.verifying_key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED))
        done = []

        def hook():
            SigningKey.generate("ES256")
            done.append(len(verifier.verify_many(Signer(key).sign_many([{}] * 100, workers=3), workers=3)))

        ended = busy(lambda: Signer(key).sign_many([{}] * 40, workers=3), 2)
        statuses = [child(hook) for _ in range(5)]
        ended.set()
        print(json.dumps([statuses, len(done) >= 10, set(done) == {100}]))
    """
    register = """
        import os

        os.register_at_fork(before=lambda: hook(), after_in_parent=lambda: hook(), after_in_child=lambda: hook())
    """
    first, last = (register, "") if order == "before" else ("", register)
    assert printed(textwrap.dedent(last) + textwrap.dedent(program), first=textwrap.dedent(first)) == [
        [0] * 5,
        True,
        True,
    ]


def test_a_fork_by_an_external_signer() -> None:
    """An external signer may fork while it signs, for a detached payload of any size, and may use jwseal."""
    program = """
        from jwseal import jws

        key = SigningKey.generate("ES256")
        statuses = []

        class Device:
            alg, kid, verifying_key = "ES256", None, key.verifying_key

            def sign(self, octets):
                statuses.append(child(lambda: Signer(key).sign_many([{}] * 100, workers=3)))
                Signer(key).sign_many([{}] * 100, workers=3)
                raise KeyError

        for size in (1, 2 << 20):
            try:
                jws.sign(bytes(size), SigningKey.external(Device()), detached=True)
            except KeyError:
                pass
        print(json.dumps(statuses))
    """
    assert printed(program) == [0, 0]


def test_a_fork_that_needs_a_lock_of_a_thread_with_work() -> None:
    """A lock that is acquired for each fork may be held while jwseal works: the fork waits for it, and the work not for the fork."""
    first = """
        import os, threading

        lock, forking = threading.Lock(), threading.Event()
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
        # Of the hooks before a fork, the last that was registered runs first: that of jwseal, then this one.
        os.register_at_fork(before=forking.set)
    """
    program = """
        signer, locked, made = Signer(SigningKey.generate("ES256")), threading.Event(), []

        def work():
            with lock:
                locked.set()
                forking.wait()
                made.extend(signer.sign_many([{}] * 100, workers=3))

        thread = threading.Thread(target=work)
        thread.start()
        locked.wait()
        status = child(lambda: signer.sign_many([{}] * 100, workers=3))
        thread.join()
        print(json.dumps([status, len(made), len(signer.sign_many([{}] * 100, workers=3))]))
    """
    assert printed(program, first=textwrap.dedent(first)) == [0, 100, 100]


def test_a_fork_within_a_batch() -> None:
    """A child that goes on with a batch of its parent's, whose threads it lacks, has all results or a RuntimeError, and works on."""
    program = """
        signer = Signer(SigningKey.generate("RS256"))
        pids, count = [], 0

        def forking():
            yield from [{}] * 1_500
            pids.append(os.fork())
            if pids[0] == 0:
                signal.alarm(20)
            yield {}

        try:
            count = len(signer.sign_many(forking(), workers=3))
        except RuntimeError as error:
            assert pids[0] == 0 and "forked" in str(error), error
        if pids[0] == 0:
            os._exit(0 if count in (0, 1_501) and len(signer.sign_many([{}] * 100, workers=3)) == 100 else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1])
        print(json.dumps([count, status]))
    """
    assert printed(program) == [1_501, 0]
