"""What survives the way into a spawned process, and what must not."""

import copy
import multiprocessing
import pickle
from typing import Any

import pytest

import forge
from judge import LAX, NOW, STRICT, claims, refusal, secret, signing, verifying
from jwseal import UNCHECKED, KeySet, Policy, Signer, Verifier, VerifyingKey, errors, jws


def judge_there(keys: Any, policy: Policy, token: str) -> tuple[Any, ...]:
    """What a worker process does: build a verifier from what it was sent, and answer."""
    verified = Verifier(keys, policy).verify(token, now=NOW)
    return verified.claims, verified.alg, verified.key, hash(verified.key), policy


def refuse_there(keys: Any, token: str) -> None:
    """What a worker process does with a bad token."""
    Verifier(keys, STRICT).verify(token, now=NOW)


def test_spawned_process() -> None:
    """Keys, sets and policies go into a spawned process, answers and errors come back."""
    jobs = []
    for alg in forge.PUBLIC_ALGS:
        material = forge.material(alg)
        key = verifying(material, kid="a")
        jobs.append((key, STRICT, forge.token({"alg": alg, "kid": "a"}, claims(), material)))
        jobs.append((KeySet([key]), LAX, forge.token({"alg": alg, "kid": "a"}, claims(), material)))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answers = pool.starmap(judge_there, jobs)
        with pytest.raises(errors.TokenExpired) as caught:
            pool.apply(
                refuse_there,
                (jobs[0][0], forge.token({"alg": "RS256", "kid": "a"}, claims(exp=1), forge.material("RS256"))),
            )
    assert "exp" == caught.value.claim
    for (keys, policy, _), (read, alg, key, hashed, sent) in zip(jobs, answers, strict=True):
        expected = keys if isinstance(keys, VerifyingKey) else next(iter(keys))
        assert claims() == read
        assert expected == key
        assert alg in key.algs
        assert policy == sent
        assert isinstance(hashed, int)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_public_keys(alg: str, protocol: int) -> None:
    """A public key comes back equal, with its algs and kid."""
    key = verifying(forge.material(alg), kid="a")
    again = pickle.loads(pickle.dumps(key, protocol))
    assert key == again
    assert (tuple(key.algs), key.kid, key.thumbprint()) == (tuple(again.algs), again.kid, again.thumbprint())


def test_sets() -> None:
    """A public set comes back equal and in order; one with a secret does not leave."""
    keys = KeySet([verifying(forge.material(alg), kid=alg) for alg in ("RS256", "ES256", "Ed448", "ML-DSA-44")])
    again = pickle.loads(pickle.dumps(keys))
    assert keys == again
    assert [key.kid for key in keys] == [key.kid for key in again]
    with pytest.raises(TypeError):
        pickle.dumps(KeySet([secret()]))


def test_filled_in_algorithms_survive() -> None:
    """Algorithms filled in by `from_jwks` go along."""
    keys = KeySet.from_jwks({"keys": [forge.material("RS256").public_jwk(kid="a")]}, algorithms=["RS256", "PS256"])
    (key,) = keys
    assert {"RS256", "PS256"} == set(next(iter(pickle.loads(pickle.dumps(keys)))).algs)
    restore, (spki, algs, *rest) = key.__reduce__()
    assert key == restore(spki, algs, *rest)
    for other in ([*algs, "ES256"], []):
        assert "invalid_key" == refusal(restore, spki, other, *rest)


@pytest.mark.parametrize(
    "make",
    [
        secret,
        lambda: signing(forge.material("ES256")),
        lambda: Signer(secret()),
        lambda: Verifier(secret(), LAX),
        lambda: Verifier(secret(), LAX).verify(forge.T0),
        lambda: jws.verify(forge.T0, secret()),
    ],
)
def test_what_never_pickles(make: Any) -> None:
    """Secrets, what holds them, and verified results stay in their process."""
    with pytest.raises(TypeError):
        pickle.dumps(make())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Verifier(secret(), LAX).verify(forge.T0), "only a verifier makes one"),
        (lambda: jws.verify(forge.T0, secret()), "only jwseal.jws makes one"),
        (lambda: jws.verify(forge.T0, secret()).signatures[0], "only jwseal.jws makes one"),
        (lambda: jws.Signature(secret()), "it holds the key that signs"),
    ],
)
def test_copies_of_what_does_not_change(make: Any, reason: str) -> None:
    """A copy of a result is the result itself, and pickling it is refused with the reason."""
    made = make()
    assert copy.copy(made) is made
    assert copy.deepcopy({"kept": made})["kept"] is made
    with pytest.raises(TypeError, match=reason):
        pickle.dumps(made)


def test_markers_stay_themselves() -> None:
    """UNCHECKED is one object on the other side too."""
    assert pickle.loads(pickle.dumps(UNCHECKED)) is UNCHECKED


def test_a_forged_pickle_makes_no_key_that_import_refuses() -> None:
    """Unpickling goes through the same import checks: an altered point does not come back."""
    data = pickle.dumps(verifying(forge.material("ES256")))
    point = forge.unb64(forge.material("ES256").public_jwk()["x"])
    text = forge.material("ES256").public_jwk()["x"].encode()
    altered = data.replace(point, bytes(32)).replace(text, b"A" * 43)
    assert altered != data
    with pytest.raises(errors.InvalidKey):
        pickle.loads(altered)
