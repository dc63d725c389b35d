"""`cache=`: what a token that is kept saves, what every call repeats, and the bounds of what is kept."""

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forge
from judge import (
    AUDIENCE,
    ISSUER,
    LAX,
    NOW,
    STRICT,
    claims,
    hs256,
    refusal,
    refused_claim,
    secret,
    verdict,
    verifier,
    verifying,
)
from jwseal import UNCHECKED, Issuers, IssuerTemplate, Policy, VerifiedJWT, Verifier, all_of, claim, not_
from jwseal.state import MemoryState
from jwseal.types import CacheInfo

# Bytes that the entries of a cache take, for each entry that it may have.
BYTES = 8192

Make = Callable[..., Any]


def alone(policy: Policy = STRICT, *, cache: int = 8, **options: Any) -> Verifier:
    """A verifier with a cache."""
    return Verifier(secret(), policy, cache=cache, **options)


def listed(policy: Policy = STRICT, *, cache: int = 8, **options: Any) -> Issuers:
    """A table of issuers with a cache, and in it a verifier without one."""
    return Issuers({ISSUER: Verifier(secret(), policy, **options)}, cache=cache)


@pytest.fixture(params=[alone, listed], ids=["Verifier", "Issuers"])
def make(request: pytest.FixtureRequest) -> Make:
    """What makes something with a cache."""
    return request.param


def counts(cached: Any) -> tuple[int, int, int, int]:
    """Hits, misses, evictions and entries."""
    info = cached.cache_info()
    return info.hits, info.misses, info.evictions, info.entries


def test_a_token_is_verified_once(make: Make) -> None:
    """The second call finds what the first one kept, and gives an equal result."""
    cached, token = make(), hs256(claims())
    first, second = cached.verify(token, now=NOW), cached.verify(token, now=NOW)
    assert (first.claims, first.header, first.payload) == (second.claims, second.header, second.payload)
    assert (first.alg, first.kid, first.key, first.expires_at) == (
        second.alg,
        second.kid,
        second.key,
        second.expires_at,
    )
    assert counts(cached) == (1, 1, 0, 1)


def test_every_verb_uses_it(make: Make) -> None:
    """`verify`, `verify_async`, `verify_many` and `verify_iter` share what is kept."""
    cached, token = make(), hs256(claims())
    cached.verify(token, now=NOW)
    asyncio.run(cached.verify_async(token, now=NOW))
    assert counts(cached)[:2] == (1, 1)
    results = [*cached.verify_many([token], now=NOW), *cached.verify_iter([token], now=NOW)]
    assert [result["sub"] for result in results] == [claims()["sub"]] * 2
    assert counts(cached) == (3, 1, 0, 1)


def test_equal_tokens_of_a_batch_count_once(make: Make) -> None:
    """The first of them is looked up: a miss, and a hit in the next batch. The others share its result and count as nothing."""
    cached, token, other = make(), hs256(claims()), hs256(claims(sub="other"))
    assert len(cached.verify_many([token] * 20, now=NOW, workers=3)) == 20
    assert counts(cached) == (0, 1, 0, 1)
    assert len(cached.verify_many([token, other, token.encode(), other], now=NOW)) == 4
    assert counts(cached) == (1, 2, 0, 2)
    assert len(list(cached.verify_iter([token] * 20, now=NOW))) == 20
    assert counts(cached) == (2, 2, 0, 2)


def test_str_and_bytes_are_one_token(make: Make) -> None:
    """A token as bytes finds what was kept for the same token as str."""
    cached, token = make(), hs256(claims())
    cached.verify(token, now=NOW)
    cached.verify(token.encode(), now=NOW)
    assert counts(cached) == (1, 1, 0, 1)


def test_results_share_nothing_that_changes(make: Make) -> None:
    """Each call has its own result; a dict that a caller changed is in no other."""
    cached, token = make(), hs256(claims(roles=["a"]))
    first = cached.verify(token, now=NOW)
    first.claims["roles"].append("admin")
    first.claims["sub"] = "root"
    first.header["alg"] = "none"
    second = cached.verify(token, now=NOW)
    assert first is not second
    assert (second.claims, second.header) == (claims(roles=["a"]), {"alg": "HS256"})
    assert second["roles"] == ["a"]
    assert first["sub"] == claims()["sub"]


def test_a_result_outlives_its_entry(make: Make) -> None:
    """What was evicted goes on in the results that callers hold."""
    cached, token = make(cache=1), hs256(claims())
    cached.verify(token, now=NOW)
    held = cached.verify(token, now=NOW)
    for number in range(5):
        cached.verify(hs256(claims(n=number)), now=NOW)
    assert held.claims == claims()
    assert counts(cached)[3] == 1


# What every call repeats.


@pytest.mark.parametrize(
    ("policy", "changes", "late", "expected"),
    [
        (STRICT, {}, NOW + 300, ("token_expired", "exp")),
        (STRICT.replace(leeway=60), {}, NOW + 360, ("token_expired", "exp")),
        (STRICT, {"nbf": NOW}, NOW - 1, ("token_not_yet_valid", "nbf")),
        (STRICT, {}, NOW - 11, ("token_not_yet_valid", "iat")),
        (STRICT.replace(max_age=60), {}, NOW + 51, ("token_too_old", "iat")),
        (STRICT.replace(max_lifetime=310), {}, NOW + 300, ("token_expired", "exp")),
        (STRICT.replace(where=claim("auth_time").after("now-5m")), {"auth_time": NOW}, NOW + 300 - 1, None),
        (
            STRICT.replace(where=claim("auth_time").after("now-1m")),
            {"auth_time": NOW},
            NOW + 61,
            ("condition_not_met", "auth_time"),
        ),
        (
            STRICT.replace(where=all_of(claim("sub").exists(), claim("until").after("now-1d"))),
            {"until": NOW},
            NOW - 1,
            ("condition_not_met", "until"),
        ),
        (
            STRICT.replace(where=not_(claim("since").before("now"))),
            {"since": NOW},
            NOW + 1,
            ("condition_not_met", None),
        ),
    ],
)
def test_rules_that_read_now_are_judged_on_every_call(
    make: Make, policy: Policy, changes: dict[str, Any], late: float, expected: tuple[str, str] | None
) -> None:
    """A token that was accepted is refused at another time, with the code of a verifier without a cache, and not for good."""
    cached, token = make(policy), hs256(claims(**changes))
    for _ in range(2):
        cached.verify(token, now=NOW)
        if expected is None:
            cached.verify(token, now=late)
        else:
            assert refused_claim(cached.verify, token, now=late) == expected
            assert refused_claim(Verifier(secret(), policy).verify, token, now=late) == expected
    assert counts(cached)[:2] == (3, 1)


def test_the_first_of_several_faults_is_the_same(make: Make) -> None:
    """Where several rules refuse a kept token, the code is that of the first in the fixed order."""
    policy = STRICT.replace(max_age=60, where=claim("auth_time").after("now-1m"))
    cached, token = make(policy), hs256(claims(auth_time=NOW, nbf=NOW - 5))
    cached.verify(token, now=NOW)
    for late, expected in (
        (NOW + 300, "token_expired"),
        (NOW + 70, "token_too_old"),
        (NOW - 20, "token_not_yet_valid"),
    ):
        assert refusal(cached.verify, token, now=late) == expected
    assert counts(cached)[:2] == (3, 1)


def test_a_result_has_the_time_of_its_call(make: Make) -> None:
    """`require(where=)` compares with the time of the call that gave the result, not with the first one's."""
    cached, token = make(), hs256(claims(auth_time=NOW))
    young = claim("auth_time").after("now-1m")
    first, second = cached.verify(token, now=NOW), cached.verify(token, now=NOW + 100)
    first.require(where=young)
    assert refusal(second.require, where=young) == "condition_not_met"


def test_the_clock_is_read_on_every_call() -> None:
    """A verifier's own clock moves between two calls with the same token."""
    times = iter([NOW, NOW + 299, NOW + 300])
    cached, token = alone(clock=lambda: next(times)), hs256(claims())
    cached.verify(token)
    cached.verify(token)
    assert refusal(cached.verify, token) == "token_expired"


@pytest.mark.parametrize("now", [float("nan"), float("inf")])
def test_a_time_that_is_none(make: Make, now: float) -> None:
    """A `now` that is not finite is a mistake of the program for kept tokens too."""
    cached, token = make(), hs256(claims())
    cached.verify(token, now=NOW)
    assert refusal(cached.verify, token, now=now) == "invalid_policy"


def test_a_second_use_is_replayed(make: Make) -> None:
    """The store is asked on every call: a kept token is `replayed`."""
    cached, token = make(replay=MemoryState(clock=lambda: NOW)), hs256(claims(jti="j"))
    assert cached.verify(token, now=NOW).unchecked == frozenset()
    assert [refusal(cached.verify, token, now=NOW) for _ in range(2)] == ["replayed"] * 2
    assert counts(cached)[:2] == (2, 1)


def test_a_kept_token_that_is_revoked(make: Make) -> None:
    """A token that was accepted and kept is `revoked` as soon as the store says so."""
    state = MemoryState(clock=lambda: NOW)
    cached, token = make(revocation=state), hs256(claims())
    cached.verify(token, now=NOW)
    cached.verify(token, now=NOW)
    state.revoke(ISSUER, sub=claims()["sub"], before=NOW, ttl=600)
    assert refusal(cached.verify, token, now=NOW) == "revoked"
    assert counts(cached)[:2] == (2, 1)


# What is kept, and how much of it.


def test_without_a_cache() -> None:
    """`cache=0`, the default, keeps nothing and counts nothing."""
    for plain in (
        Verifier(secret(), STRICT),
        Verifier(secret(), STRICT, cache=0),
        listed(cache=0),
        Issuers({ISSUER: alone(cache=0)}),
    ):
        plain.verify(hs256(claims()), now=NOW)
        assert repr(plain.cache_info()) == (
            "CacheInfo(hits=0, misses=0, evictions=0, entries=0, max_entries=0, bytes=0, max_bytes=0)"
        )


def test_only_accepted_tokens_are_kept(make: Make) -> None:
    """Refusals are judged in full each time."""
    cached = make()
    for token in (
        hs256(claims(aud="other")),
        hs256(claims(), key=b"x" * 32),
        hs256(claims(exp=NOW)),
        hs256(claims(sub=1)),
    ):
        assert refusal(cached.verify, token, now=NOW) == refusal(cached.verify, token, now=NOW)
    assert counts(cached) == (0, 8, 0, 0)


@pytest.mark.parametrize("entries", [1, 2, 3, 7, 64, 100])
def test_as_many_tokens_as_the_cache_is_of(make: Make, entries: int) -> None:
    """All tokens up to the number given are kept, and never more."""
    cached, tokens = make(cache=entries), [hs256(claims(n=number)) for number in range(entries + 5)]
    for _ in range(2):
        for token in tokens[:entries]:
            cached.verify(token, now=NOW)
    assert counts(cached) == (entries, entries, 0, entries)
    for token in tokens:
        cached.verify(token, now=NOW)
    info = cached.cache_info()
    assert (info.evictions, info.entries, info.max_entries) == (info.misses - entries, entries, entries)


def test_tokens_in_use_stay(make: Make) -> None:
    """Tokens that are seen once make room for one another, not for one that is seen all the time."""
    cached, busy = make(cache=4), hs256(claims())
    for number in range(50):
        cached.verify(busy, now=NOW)
        cached.verify(hs256(claims(n=number)), now=NOW)
    assert counts(cached)[0] == 49


def test_the_bound_on_bytes(make: Make) -> None:
    """Large tokens are fewer, and one that is larger than the whole bound is not kept."""
    cached = make(cache=4)
    for number in range(10):
        cached.verify(hs256(claims(n=number, pad="x" * 6000)), now=NOW)
        info = cached.cache_info()
        assert 0 < info.bytes <= info.max_bytes == 4 * BYTES
    assert 0 < info.entries < 4
    assert info.evictions == 10 - info.entries
    single, large = make(cache=1), hs256(claims(pad="x" * 9000))
    for _ in range(2):
        single.verify(large, now=NOW)
    assert counts(single) == (0, 2, 0, 0)


def test_bytes_count_the_token_and_its_parse() -> None:
    """An entry takes at least the token, its payload and its header, and a longer token takes more."""
    taken = []
    for pad in (0, 1000):
        cached, token = alone(), hs256(claims(pad="x" * pad))
        cached.verify(token, now=NOW)
        taken.append(cached.cache_info().bytes)
        assert taken[-1] >= len(token) + len(forge.unb64(token.split(".")[1]))
    assert taken[1] - taken[0] >= 1000 * 7 // 3


@pytest.mark.parametrize("wrong", [-1, 1_000_001, 2**64, -(2**70)])
@pytest.mark.parametrize(
    "construct", [lambda n: alone(cache=n), lambda n: listed(cache=n)], ids=["Verifier", "Issuers"]
)
def test_numbers_that_are_none(construct: Callable[[Any], Any], wrong: int) -> None:
    """A number of entries is 0 to 1,000,000."""
    assert refusal(construct, wrong) == "invalid_policy"


@pytest.mark.parametrize("wrong", [True, "5", 5.0, [5]])
@pytest.mark.parametrize(
    "construct", [lambda n: alone(cache=n), lambda n: listed(cache=n)], ids=["Verifier", "Issuers"]
)
def test_entries_that_are_no_int(construct: Callable[[Any], Any], wrong: Any) -> None:
    """A number of entries is an int, and no bool."""
    with pytest.raises(TypeError, match="cache is a number of tokens, not"):
        construct(wrong)


def test_the_largest_cache() -> None:
    """A million entries can be asked for; only what is kept takes memory beside the table."""
    cached = alone(cache=1_000_000)
    cached.verify(hs256(claims()), now=NOW)
    assert counts(cached)[3] == 1


def test_cache_info_is_a_value() -> None:
    """What `cache_info` returns stays as it was, compares by value and cannot be changed."""
    cached = alone()
    before = cached.cache_info()
    assert isinstance(before, CacheInfo)
    assert before == cached.cache_info()
    cached.verify(hs256(claims()), now=NOW)
    assert before != cached.cache_info()
    assert before.misses == 0
    with pytest.raises(AttributeError):
        before.hits = 1  # type: ignore[misc]


def test_a_copy_is_the_same_verifier(make: Make) -> None:
    """A verifier with a cache copies as itself and does not pickle, as one without."""
    cached, token = make(), hs256(claims())
    cached.verify(token, now=NOW)
    assert copy.copy(cached) is copy.deepcopy(cached) is cached
    with pytest.raises(TypeError):
        pickle.dumps(cached)
    with pytest.raises(TypeError):
        pickle.dumps(cached.verify(token, now=NOW))


# Several verifiers.


def test_the_cache_of_issuers_is_the_one_used() -> None:
    """A table with a cache does not use those of its verifiers; a table without one does."""
    own, token = alone(), hs256(claims())
    for _ in range(2):
        Issuers({ISSUER: own}, cache=8).verify(token, now=NOW)
    assert counts(own) == (0, 0, 0, 0)
    for _ in range(2):
        Issuers({ISSUER: own}).verify(token, now=NOW)
    assert counts(own) == (1, 1, 0, 1)


def test_issuers_share_a_cache_and_no_verdict() -> None:
    """Tokens of several issuers are kept side by side, each judged again by its own verifier's policy and clock."""
    issuers = [f"https://{name}.example" for name in "abc"]
    ages = dict(zip(issuers, (60, 600, None), strict=True))
    table = Issuers(
        {one: Verifier(secret(), Policy(issuer=one, audience=AUDIENCE, max_age=age)) for one, age in ages.items()},
        cache=8,
    )
    tokens = [hs256(claims(iss=one)) for one in issuers]
    for token in tokens:
        table.verify(token, now=NOW)
    assert [verdict(table.verify, token, now=NOW + 100) for token in tokens] == [
        "token_too_old",
        "accepted",
        "accepted",
    ]
    assert counts(table) == (3, 3, 0, 3)


def test_a_template_of_issuers() -> None:
    """A token whose verifier was chosen by a template is kept like any other."""
    template = IssuerTemplate("https://login.example/{tenant}/v2.0", claim="tid", values=UNCHECKED)
    table = Issuers({template: Verifier(secret(), Policy(issuer=template, audience=AUDIENCE))}, cache=8)
    token = hs256(claims(iss="https://login.example/t1/v2.0", tid="t1"))
    assert [table.verify(token, now=NOW)["tid"] for _ in range(2)] == ["t1", "t1"]
    assert counts(table)[:2] == (1, 1)
    assert refusal(table.verify, hs256(claims(iss="https://other.example")), now=NOW) == "key_not_found"


@pytest.mark.parametrize("alg", forge.ALGS)
def test_every_algorithm(alg: str) -> None:
    """Tokens of every algorithm are kept, whatever the length of their signatures."""
    material = forge.material(alg)
    cached = verifier(verifying(material), cache=2)
    tokens = [forge.token({"alg": alg}, claims(n=number), material) for number in range(2)]
    for _ in range(2):
        for number, token in enumerate(tokens):
            result: VerifiedJWT = cached.verify(token, now=NOW)
            assert (result["n"], result.alg) == (number, alg)
    assert counts(cached) == (2, 2, 0, 2)


POLICIES = [
    STRICT,
    LAX,
    STRICT.replace(max_age=100, leeway=30),
    STRICT.replace(max_lifetime=500, required=["jti"]),
    STRICT.replace(where=claim("auth_time").after("now-2m")),
    LAX.replace(where=not_(claim("auth_time").before("now"))),
]
DATES = st.none() | st.integers(NOW - 400, NOW + 400) | st.floats(NOW - 400, NOW + 400) | st.sampled_from(["x", True])
TOKENS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("exp", "nbf", "iat", "auth_time"), DATES),
        "iss": st.sampled_from([ISSUER, "other", 1]),
        "aud": st.sampled_from([AUDIENCE, [AUDIENCE], ["other"], 1]),
        "jti": st.just("j"),
    },
).map(lambda changes: hs256(claims(**changes)))
CALLS = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 200), st.integers(NOW - 500, NOW + 500)), max_size=40)


@given(st.sampled_from(POLICIES), st.lists(TOKENS, min_size=4, max_size=4), CALLS, st.integers(1, 3))
def test_verdicts_are_those_without_a_cache(
    policy: Policy, tokens: list[str], calls: list[tuple[int, int, int]], entries: int
) -> None:
    """Whatever tokens come, whole or with one character changed, in whatever order and time: a cache changes no verdict."""
    plain = Verifier(secret(), policy)
    both = [Verifier(secret(), policy, cache=entries)]
    if policy.issuer is not UNCHECKED:
        both.append(Issuers({ISSUER: Verifier(secret(), policy)}, cache=entries))  # type: ignore[arg-type]
    for which, place, now in calls:
        token = tokens[which]
        if 0 <= place < len(token):
            token = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        expected = verdict(plain.verify, token, now=now)
        for cached in both:
            found = verdict(cached.verify, token, now=now)
            other_issuer = isinstance(cached, Issuers) and found in ("key_not_found", "malformed_token")
            assert found == expected or (other_issuer and expected != "accepted")
