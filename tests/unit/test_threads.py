"""All objects are shared between threads without a lock of the caller's."""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import forge
from interpreter_lock import turns
from judge import LAX, NOW, claims, secret, signing, verdict, verifier, verifying
from jwseal import KeySet, Signer, SigningKey, Verifier, VerifyingKey, jws

ALGS = ("HS256", "RS256", "ES256", "EdDSA", "Ed448", "ML-DSA-44")


def together(*calls: Callable[[], object], rounds: int = 200) -> list[object]:
    """Run the calls side by side, each many times, switching as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> list[object]:
        barrier.wait()
        return [call() for _ in range(rounds)]

    try:
        with ThreadPoolExecutor(len(calls)) as pool:
            return [result for results in pool.map(run, calls) for result in results]
    finally:
        sys.setswitchinterval(before)


def test_one_verifier_many_threads() -> None:
    """Eight threads ask one verifier about different tokens; each gets its own answer."""
    judged = Verifier(KeySet([verifying(forge.material(alg), kid=alg) for alg in ALGS]), LAX)

    def asker(number: int) -> Callable[[], object]:
        alg = ALGS[number % len(ALGS)]
        token = forge.token({"alg": alg, "kid": alg, "n": number}, {"n": number}, forge.material(alg))

        def ask() -> bool:
            verified = judged.verify(token)
            return (verified["n"], verified.claims["n"], verified.header["n"], verified.alg) == (
                number,
                number,
                number,
                alg,
            )

        return ask

    assert {True} == set(together(*[asker(number) for number in range(8)], rounds=100))


def test_good_and_bad_side_by_side() -> None:
    """A forged token never rides on the header memo of a good one."""
    judged = verifier(secret(kid="a"))
    header = {"alg": "HS256", "kid": "a"}
    good = forge.token(header, {}, forge.Material("HS256", forge.K32))
    bad = forge.token(header, {}, forge.Material("HS256", bytes(32)))
    answers = together(*[lambda: verdict(judged.verify, good)] * 3, *[lambda: verdict(judged.verify, bad)] * 3)
    assert ["accepted"] * 600 + ["invalid_signature"] * 600 == answers


def test_one_result_many_threads() -> None:
    """`.claims` of one result is one dict, however many ask first."""
    for _ in range(50):
        verified = verifier(secret()).verify(forge.T0)
        assert 1 == len({id(claims) for claims in together(*[lambda: verified.claims] * 4, rounds=5)})  # noqa: B023


@pytest.mark.parametrize("alg", ALGS)
def test_one_key_many_threads(alg: str) -> None:
    """One signing key signs for all."""
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))

    def sign() -> bytes:
        return jws.verify(jws.sign(alg.encode(), key), public).payload

    assert {alg.encode()} == set(together(*[sign] * 4, rounds=10))


def test_batches_side_by_side() -> None:
    """Batches of several threads keep apart."""
    judged = Verifier(secret(), LAX)

    def batch(number: int) -> Callable[[], object]:
        tokens = [forge.token({"alg": "HS256"}, {"n": number}, forge.Material("HS256", forge.K32))] * 300
        return lambda: {token["n"] for token in judged.verify_many(tokens)} == {number}

    assert {True} == set(together(*[batch(number) for number in range(4)], rounds=10))


def test_a_batch_lets_others_work() -> None:
    """A batch runs without the interpreter lock: another thread counts meanwhile."""
    material = forge.material("ML-DSA-87")
    tokens = [forge.token({"alg": "ML-DSA-87"}, {"n": number}, material) for number in range(500)]
    judged = verifier(verifying(material))
    assert turns(lambda: judged.verify_many(tokens)) > 2


def test_key_generation_lets_others_work() -> None:
    """Key generation releases the lock."""
    assert turns(lambda: SigningKey.generate("RS256", bits=4096)) > 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_after_fork() -> None:
    """A forked child verifies, signs with randomness of its own, and runs batches."""
    material = forge.material("ES256")
    key, judged = signing(material), verifier(verifying(material))
    tokens = Signer(key).sign_many([{"n": place} for place in range(50)], now=NOW)
    assert 50 == len(judged.verify_many(tokens, now=NOW))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            read = judged.verify_many(tokens, now=NOW)
            os.write(writer, jws.sign(b"x", key).encode() + b"\n")
            status = 0 if [token["n"] for token in read] == list(range(50)) else 2
        finally:
            os._exit(status)
    os.close(writer)
    ours = jws.sign(b"x", key)
    with os.fdopen(reader) as pipe:
        theirs = pipe.read().strip()
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert b"x" == jws.verify(theirs, verifying(material)).payload
    assert ours.rpartition(".")[2] != theirs.rpartition(".")[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*")
@pytest.mark.parametrize("alg", ["ES256", "ES512", "EdDSA", "ML-DSA-87"])
def test_fork_while_keys_are_prepared(alg: str) -> None:
    """A child forked while another thread builds tables of a key, or expands it, verifies with that key, without waiting."""
    material = forge.material(alg)
    many = [forge.token({"alg": alg}, {"n": number}, material) for number in range(70)]
    good = many[0]
    bad = good[:-20] + ("A" if good[-20] != "A" else "B") + good[-19:]
    statuses = []
    for _ in range(10):
        # Batches run without the interpreter lock: the fork may come at any step of theirs.
        judged = verifier(verifying(material))
        thread = threading.Thread(target=judged.verify_many, args=(many[:60],), kwargs={"now": NOW})
        thread.start()
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            try:
                read = judged.verify_many([*many, bad], now=NOW)
                os._exit(
                    0 if [type(token).__name__ for token in read[69:]] == ["VerifiedJWT", "InvalidSignature"] else 2
                )
            finally:
                os._exit(1)
        thread.join()
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert statuses == [0] * 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_fork_while_keys_are_read() -> None:
    """A child forked while another thread reads keys reads keys too, and has the warning filters of before."""
    busy = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = SigningKey.generate("ES256").verifying_key.to_pem()
    filters, ended = list(warnings.filters), threading.Event()

    def work() -> None:
        while not ended.is_set():
            SigningKey.from_pem(busy, alg="RS256")

    thread = threading.Thread(target=work)
    thread.start()
    statuses = []
    try:
        for _ in range(10):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                signal.alarm(3)
                try:
                    VerifyingKey.from_pem(pem)
                    os._exit(0 if list(warnings.filters) == filters else 2)
                finally:
                    os._exit(1)
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            if statuses[-1] != 0:
                break
    finally:
        ended.set()
        thread.join()
    assert [0] * 10 == statuses


def test_claims_of_many_threads_are_right() -> None:
    """Building the dict in one thread while another reads the parse changes neither."""
    verified = verifier(secret()).verify(
        forge.token({"alg": "HS256"}, claims(), forge.Material("HS256", forge.K32)), now=NOW
    )
    answers = together(lambda: verified["sub"], lambda: verified.claims["sub"], lambda: verified.get("sub"), rounds=500)
    assert {"248289761001"} == set(answers)
