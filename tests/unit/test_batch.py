"""Batches: what several threads say of many tokens is what single calls say of each."""

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import forge
from judge import ISSUER, NOW, STRICT, claims, code, hs256, secret, signing, verdict, verifier, verifying
from jwseal import Issuers, KeySet, Policy, Signer, VerifiedJWT, Verifier
from jwseal.state import MemoryState

ALGS = ("HS256", "RS256", "ES256", "EdDSA", "Ed448")
JUDGED = Verifier(KeySet([verifying(forge.material(alg), kid=alg) for alg in ALGS]), STRICT)
BATCHES: dict[str, Callable[..., list[Any]]] = {
    "verify_many": lambda judge, tokens, **options: judge.verify_many(tokens, **options),
    "verify_iter": lambda judge, tokens, **options: list(judge.verify_iter(tokens, **options)),
}
every_batch = pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)


def good(alg: str, **changes: Any) -> str:
    """A token of one of the keys."""
    return forge.token({"alg": alg, "kid": alg}, claims(**changes), forge.material(alg))


def mixture(count: int) -> list[Any]:
    """Good tokens and bad ones of every kind, some of them equal, as str and as bytes."""
    shuffled = random.Random(count)
    kinds: list[Any] = []
    for alg in ALGS:
        token = good(alg)
        kinds += [token, token.encode(), good(alg, sub="b"), good(alg, exp=NOW - 1), good(alg, iss="https://other")]
        kinds += [token[:-8] + "AAAAAAAA", token + "A", token[:40]]
    kinds += ["", b"", "a.b.c", "\ud800", "é.é.é", b"\xff", "x" * 20_000, hs256(claims()), hs256([], {"alg": "none"})]
    return [shuffled.choice(kinds) for _ in range(count)]


def answers(results: list[Any]) -> list[str]:
    """What each result says, as `verdict` does."""
    return ["accepted" if isinstance(result, VerifiedJWT) else code(result) for result in results]


@every_batch
@pytest.mark.parametrize("workers", [None, 1, 2, 64])
@pytest.mark.parametrize("count", [1, 15, 16, 700])
def test_the_verdicts_of_single_calls(batch: Callable[..., list[Any]], workers: int | None, count: int) -> None:
    """Whatever the number of threads, each token of a batch has the verdict that it has alone, in order."""
    tokens = mixture(count)
    alone = [verdict(JUDGED.verify, token, now=NOW) for token in tokens]
    results = batch(JUDGED, tokens, now=NOW, workers=workers)
    assert answers(results) == alone
    for token, result in zip(tokens, results, strict=True):
        if isinstance(result, VerifiedJWT):
            assert result.claims == JUDGED.verify(token, now=NOW).claims


@every_batch
def test_many_issuers(batch: Callable[..., list[Any]]) -> None:
    """A batch of several issuers: each token has the verdict of its own verifier."""
    names = [f"https://as{number}.example" for number in range(5)]
    table = Issuers(
        {
            name: Verifier(verifying(forge.material(alg)), Policy(issuer=name, audience="api"))
            for name, alg in zip(names, ALGS, strict=True)
        }
    )
    tokens = [
        forge.token({"alg": alg}, claims(iss=name, aud="api", n=number), forge.material(alg))
        for number in range(20)
        for name in names
        for alg in ALGS[number % 2 : 5 : 2]
    ]
    alone = [verdict(table.verify, token, now=NOW) for token in tokens]
    assert {"accepted", "algorithm_not_allowed", "invalid_signature"} >= set(alone)
    assert answers(batch(table, tokens, now=NOW, workers=3)) == alone


@every_batch
def test_equal_tokens(batch: Callable[..., list[Any]]) -> None:
    """Each of equal tokens has a result of its own, which the others do not see changes of."""
    token = good("ES256")
    results = batch(JUDGED, [token, token.encode(), token[:-1]] * 100, now=NOW, workers=4)
    assert answers(results) == ["accepted", "accepted", "malformed_token"] * 100
    assert len({id(result) for result in results}) == 300
    results[0].claims["sub"] = results[0].header["kid"] = "changed"
    for other in results[1::3]:
        assert (other["sub"], other.claims["sub"], other.header["kid"]) == ("248289761001", "248289761001", "ES256")


@pytest.mark.parametrize("workers", [1, 4])
def test_a_replay_within_a_batch(workers: int) -> None:
    """With a replay store the first of equal tokens is accepted and the others are not, in the order of the batch."""
    tokens = [good("ES256", jti=str(number % 50)) for number in range(200)]
    judge = Verifier(JUDGED.keys, STRICT, replay=MemoryState())
    expected = ["accepted"] * 50 + ["replayed"] * 150
    # ECDSA signatures are random, so these are not equal; then ones that are.
    assert answers(judge.verify_many(tokens, now=NOW, workers=workers)) == expected
    judge = Verifier(JUDGED.keys, STRICT, replay=MemoryState())
    assert answers(judge.verify_many(tokens[:50] * 4, now=NOW, workers=workers)) == expected


@every_batch
@pytest.mark.parametrize("judge", [JUDGED, Issuers({ISSUER: JUDGED})], ids=["Verifier", "Issuers"])
@pytest.mark.parametrize(
    ("workers", "error"),
    [
        *((number, ValueError) for number in (0, -1, 257, 10**30)),
        *((value, TypeError) for value in (True, 2.0, "2")),
    ],
)
def test_workers_that_are_no_number(
    batch: Callable[..., list[Any]], judge: Any, workers: Any, error: type[Exception]
) -> None:
    """`workers` is an int from 1 to 256 or None, however small the batch."""
    with pytest.raises(error, match="workers is a number of threads"):
        batch(judge, [], now=NOW, workers=workers)


def test_claims_are_made_when_they_are_read() -> None:
    """10,000 results of which one claim each is read have made no dict."""
    count = 10_000
    material = forge.Material("HS256", forge.K32)
    payloads = (claims(n=number, roles=["a", "b"], nested={"a": {"b": 1}}) for number in range(count))
    tokens = [forge.token({"alg": "HS256"}, payload, material) for payload in payloads]
    judge = Verifier(secret(), STRICT)
    gc.collect()
    tracemalloc.start(1)
    try:
        dicts = sum(type(one) is dict for one in gc.get_objects())
        results = judge.verify_many(tokens, now=NOW)
        assert sum(result["n"] for result in results) == count * (count - 1) // 2  # type: ignore[union-attr, misc]
        assert sum(type(one) is dict for one in gc.get_objects()) - dicts < 100
        lazy = tracemalloc.get_traced_memory()[0]
        made = [result.claims for result in results]  # type: ignore[union-attr]
        assert tracemalloc.get_traced_memory()[0] - lazy > count * 200
        assert sum(type(one) is dict for one in gc.get_objects()) - dicts >= len(made)
    finally:
        tracemalloc.stop()


def test_a_stream_that_is_left() -> None:
    """A stream that is closed half-way reads nothing more of its source, and lets go of it."""
    taken = []
    closed = []

    def source() -> Iterator[str]:
        try:
            for number in range(10**9):
                taken.append(number)
                yield good_tokens[number % 20]
        finally:
            closed.append(True)

    good_tokens = [good("ES256", n=number) for number in range(20)]
    stream = JUDGED.verify_iter(source(), now=NOW, workers=2)
    for _ in range(300):
        next(stream)
    del stream
    assert len(taken) <= 1_024
    assert closed == [True]


def test_progress_is_told_on_the_callers_thread() -> None:
    """`progress` may do what its caller may: it can raise, and then the stream ends with that."""

    def stop(done: int) -> None:
        raise LookupError(done)

    with pytest.raises(LookupError, match="256"):
        list(JUDGED.verify_iter(mixture(1_000), now=NOW, progress=stop, workers=4))


def test_a_batch_within_a_batch() -> None:
    """A source of tokens that verifies a batch itself is one more caller."""
    tokens = [good("ES256", n=number) for number in range(64)]

    def source() -> Iterator[str]:
        for _ in range(8):
            assert answers(JUDGED.verify_many(tokens, now=NOW, workers=2)) == ["accepted"] * 64
            yield from tokens

    assert answers(JUDGED.verify_many(source(), now=NOW, workers=2)) == ["accepted"] * 512


@pytest.mark.parametrize("bad", [None, 5, bytearray(b"x")])
def test_an_entry_that_is_no_token(bad: object) -> None:
    """Something that is neither str nor bytes is a TypeError of the call, at whatever index."""
    for place in (0, 99, 199):
        tokens = mixture(200)
        tokens[place] = bad
        with pytest.raises(TypeError, match="a token is str or bytes"):
            JUDGED.verify_many(tokens, now=NOW, workers=2)


@pytest.mark.parametrize("alg", ALGS)
def test_the_key_is_prepared_by_a_batch(alg: str) -> None:
    """A key that becomes due in the middle of a batch gives the same verdicts before and after."""
    material = forge.material(alg)
    judge = verifier(verifying(material))
    tokens = Signer(signing(material)).sign_many([{"n": number} for number in range(200)], now=NOW)
    tokens[150] = tokens[150][:-8] + "AAAAAAAA"
    alone = [verdict(judge.verify, token, now=NOW) for token in tokens]
    assert answers(judge.verify_many(tokens, now=NOW, workers=4)) == alone
