"""Public keys that are prepared: on which call, without the interpreter lock, once, and not at all if an operator says so."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

import forge
from judge import NOW, secret, verifier, verifying
from jwseal import Issuers, KeySet, SigningKey, Verifier, VerifyingKey, _native, jws

CURVES = ["ES256", "ES384", "ES512", "ES256K", "EdDSA"]
ON_DEMAND = [*CURVES, *forge.MLDSA_ALGS]


def is_prepared_here(alg: str) -> bool:
    """Whether keys of this algorithm are prepared on this processor."""
    return alg in _native.prepared_algorithms or (alg == "EdDSA" and "Ed25519" in _native.prepared_algorithms)


needs_preparing = pytest.mark.skipif(
    not all(map(is_prepared_here, ON_DEMAND)),
    reason="AWS-LC verifies everything on this processor, or JWSEAL_PORTABLE is set",
)


needs_lock = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this Python has no interpreter lock"
)


def fresh(alg: str) -> tuple[VerifyingKey, str]:
    """A key that nothing has verified with yet, and a token of it."""
    key = SigningKey.generate(alg)
    return key.verifying_key, jws.sign(b"{}", key)


def released(call: Callable[[], object], times: int) -> bool:
    """Whether any of these calls gave up the interpreter lock: only then another thread ran."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    seen: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.is_set():
            seen.append(1)
            time.sleep(0)

    other = threading.Thread(target=count)
    try:
        other.start()
        while not seen:
            time.sleep(0.001)
        at_first = len(seen)
        for _ in range(times):
            call()
        return len(seen) > at_first
    finally:
        ended.set()
        sys.setswitchinterval(before)
        other.join()


@needs_preparing
@needs_lock
def test_the_lock_is_released_once() -> None:
    """A verification gives up the interpreter lock while it prepares its key, and at no other time."""
    for _ in range(50):  # the other thread may be slow to wake
        key, token = fresh("ES512")
        keys = KeySet([key])
        judged = partial(jws.verify, token, keys)
        assert not released(judged, 31)
        is_released = released(judged, 1)
        assert not released(judged, 100)
        if is_released:
            return
    pytest.fail("no other thread ran while a key was prepared")


@needs_preparing
@needs_lock
def test_prepared_at_start_up() -> None:
    """After `prepare` no verification gives up the lock, nor after the same JWK Set was read again."""
    assert any(released(KeySet([fresh("ES512")[0]]).prepare, 1) for _ in range(50))
    key, token = fresh("ES512")
    keys = KeySet([key])
    keys.prepare()
    assert not released(partial(jws.verify, token, keys), 100)
    again = KeySet.from_jwks(keys.to_jwks())
    assert not released(partial(jws.verify, token, again), 100)


@needs_preparing
@pytest.mark.parametrize("alg", ON_DEMAND)
def test_prepare_counts_the_keys(alg: str) -> None:
    """`prepare` says how many keys are prepared; it does so again for those that are."""
    keys = KeySet([fresh(alg)[0], fresh(alg)[0]])
    assert (2, 2) == (keys.prepare(), keys.prepare())
    assert 2 == Verifier(keys, verifier(secret()).policy).prepare()
    assert 2 == Issuers({"a": Verifier(keys, verifier(secret()).policy)}).prepare()


def test_keys_that_cannot_be_prepared() -> None:
    """Secrets, Ed448 and RSA keys other than of 2048 bits are verified with as they are."""
    keys = KeySet([secret(), verifying(forge.material("Ed448")), verifying(forge.material("RS256", "4096"))])
    assert 0 == keys.prepare()


def test_rsa_is_prepared_when_it_is_read() -> None:
    """An RSA key of 2048 bits needs no preparing."""
    assert int(is_prepared_here("RS256")) == KeySet([verifying(forge.material("RS256"))]).prepare()


@pytest.mark.parametrize("alg", [*ON_DEMAND, "RS256", "PS384"])
def test_verdicts_do_not_change(alg: str) -> None:
    """What verified before preparing does so after it, and what did not does not."""
    material = forge.material(alg)
    judged = verifier(verifying(material))
    good = forge.token({"alg": alg}, {}, material)
    bad = good[:-20] + ("A" if good[-20] != "A" else "B") + good[-19:]
    seen = []
    for _ in range(2):
        seen += [type(result).__name__ for result in judged.verify_many([good, bad], now=NOW)]
        judged.prepare()
    assert ["VerifiedJWT", "InvalidSignature"] * 2 == seen


PROGRAM = """
import json
from jwseal import KeySet, SigningKey, _native, jws

keys, verified = [], 0
for alg in ("RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "ML-DSA-44"):
    key = SigningKey.generate(alg)
    token = jws.sign(b"{}", key)
    verified += sum(jws.verify(token, key.verifying_key).payload == b"{}" for _ in range(40))
    keys.append(key.verifying_key)
print(json.dumps([_native.portable, _native.prepared_algorithms, KeySet(keys).prepare(), verified]))
"""


@pytest.mark.parametrize(("value", "is_portable"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_portable(value: str, is_portable: bool) -> None:
    """With JWSEAL_PORTABLE set AWS-LC verifies everything; empty and 0 mean no."""
    environment = {**os.environ, "JWSEAL_PORTABLE": value}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    portable, algorithms, prepared, verified = json.loads(done.stdout)
    assert is_portable == portable
    assert 7 * 40 == verified
    if is_portable:
        assert ([], 0) == (algorithms, prepared)
    elif "JWSEAL_PORTABLE" not in os.environ:
        assert list(_native.prepared_algorithms) == algorithms
        assert sum(map(is_prepared_here, ["RS256", *CURVES, "ML-DSA-44"])) == prepared
