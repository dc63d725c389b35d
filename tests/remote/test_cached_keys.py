"""A cache over keys that change: what was accepted under a key is refused as soon as the key is withdrawn or not valid."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from judge import ISSUER, NOW, STRICT, code, refusal, verdict
from jwseal import Issuers, KeySet, Verifier
from jwseal._native import KeySetSource, MonotonicClock
from jwseal.errors import InvalidToken
from jwseal.remote import FoundKeys, KeyLookup, RemoteKeySet
from jwseal.testing import FakeIssuer
from keyring import key, publish, token, verifier


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """An issuer whose set has the keys `a` and `b`."""
    with FakeIssuer(alg=None) as running:
        publish(running, "a", "b")
        yield running


@pytest.fixture(params=["Verifier", "Issuers"])
def make(request: pytest.FixtureRequest) -> Any:
    """What makes something with a cache over a source."""
    if request.param == "Verifier":
        return lambda source, **options: verifier(source, cache=64, **options)
    return lambda source, **options: Issuers({ISSUER: verifier(source, **options)}, cache=64)


class Installed(KeySetSource):
    """A source that has what was installed and gets nothing."""

    def keys_needed(self, reason: str, kid: str | None) -> None:
        return None

    def refresh_due(self) -> None:
        pass


def installed(*kids: str, clock: MonotonicClock | None = None) -> Installed:
    source = Installed(algorithms=["ES256"], clock=clock or MonotonicClock(0.0))
    replace(source, *kids)
    return source


def replace(source: KeySetSource, *kids: str, refuse_after: float = 200.0) -> bool:
    """Have a source hold these keys."""
    return source.install(KeySet(map(key, kids)) if kids else None, refresh_at=100.0, refuse_after=refuse_after)


def test_a_withdrawn_key(issuer: FakeIssuer, make: Any) -> None:
    """The token of a key that a new set lacks is refused on the next call, kept or not; the other key's is not."""
    source = RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, timeout=20.0)
    source.preload()
    cached, tokens = make(source), [token("a"), token("b")]
    for _ in range(2):
        for text in tokens:
            cached.verify(text)
    assert (cached.cache_info().hits, cached.cache_info().misses) == (2, 2)
    publish(issuer, "b")
    assert source.refresh() is True
    assert refusal(cached.verify, tokens[0]) == "key_not_found"
    assert [verdict(cached.verify, text) for text in tokens] == ["key_not_found", "accepted"]


def test_entries_under_former_keys_go(make: Any) -> None:
    """The first call under new keys drops what was kept under the former ones, and keeps anew."""
    source = installed("a", "b")
    cached, tokens = make(source), [token("a", n=number) for number in range(20)]
    for text in tokens:
        cached.verify(text)
    replace(source, "b")
    assert cached.cache_info().entries == 20
    cached.verify(token("b"))
    assert cached.cache_info().entries == 1
    assert [refusal(cached.verify, text) for text in tokens] == ["key_not_found"] * 20


def test_a_large_cache_is_cleared_in_steps() -> None:
    """Each call that finds nothing drops a part of what was kept under former keys, until nothing of it is left."""
    source = installed("a", "b")
    cached = verifier(source, cache=2000)
    for number in range(500):
        cached.verify(token("a", n=number))
    replace(source, "b")
    remaining = []
    for number in range(5):
        cached.verify(token("b", n=number))
        remaining.append(cached.cache_info().entries - number - 1)
    assert 0 < remaining[0] < 500
    assert remaining[-1] == 0
    assert remaining == sorted(remaining, reverse=True)


def test_a_key_that_comes_back(make: Any) -> None:
    """What was kept before a key was withdrawn is not used when it is published again: it is verified anew."""
    source, text = installed("a", "b"), token("a")
    cached = make(source)
    cached.verify(text)
    replace(source, "b")
    replace(source, "a", "b")
    cached.verify(text)
    assert (cached.cache_info().hits, cached.cache_info().misses) == (0, 2)


def test_an_equal_set_keeps_what_is_kept(make: Any) -> None:
    """A refresh that brings the same keys drops nothing."""
    source, text = installed("a", "b"), token("a")
    cached = make(source)
    cached.verify(text)
    assert replace(source, "b", "a") is False
    cached.verify(text)
    assert (cached.cache_info().hits, cached.cache_info().misses) == (1, 1)


def test_all_keys_are_withdrawn(make: Any) -> None:
    """After an empty set no kept token is accepted."""
    source, text = installed("a"), token("a")
    cached = make(source)
    cached.verify(text)
    replace(source)
    assert refusal(cached.verify, text) == "key_not_found"
    assert cached.cache_info().entries == 0


def test_keys_that_are_too_old(make: Any) -> None:
    """Keys past their end by the monotonic clock serve no kept token, whatever `now` a caller gives."""
    clock = MonotonicClock(0.0)
    source, text = installed("a", clock=clock), token("a")
    cached = make(source)
    cached.verify(text)
    clock.advance(200.0)
    cached.verify(text)
    clock.advance(0.5)
    assert refusal(cached.verify, text) == refusal(cached.verify, text, now=NOW) == "key_source_unavailable"


def test_a_certificate_that_ends(make: Any) -> None:
    """A key that a store says is valid between two times is refused outside them, on every call with a kept token."""

    class Store:
        def find_key(self, header: dict[str, Any], /) -> FoundKeys:
            return FoundKeys(key("a"), not_before=NOW - 5, not_after=NOW + 5)

    cached, text = make(KeyLookup(Store())), token("a")
    for _ in range(3):
        cached.verify(text)
    hits = cached.cache_info().hits
    assert hits > 0
    assert [refusal(cached.verify, text, now=now) for now in (NOW + 6, NOW - 6)] == ["key_not_found"] * 2
    cached.verify(text, now=NOW + 5)


def test_a_store_that_is_asked_again(make: Any) -> None:
    """When the answer of a store has come to its end the store decides again about a kept token."""
    found: list[Any] = [key("a")]

    class Store:
        def find_key(self, header: dict[str, Any], /) -> Any:
            return found[0]

    clock = MonotonicClock(0.0)
    cached, text = make(KeyLookup(Store(), ttl=10.0, clock=clock)), token("a")
    for _ in range(3):
        cached.verify(text)
    found[0] = None
    cached.verify(text)
    clock.advance(11.0)
    assert refusal(cached.verify, text) == "key_not_found"


def test_a_batch_keeps_the_keys_it_began_with(make: Any) -> None:
    """A batch finds what is kept under its own keys, and after a rotation nothing else."""
    source = installed("a", "b")
    cached, texts = make(source), [token("a"), token("b")]
    cached.verify_many(texts)
    cached.verify_many(texts)
    assert cached.cache_info().hits == 2
    replace(source, "b")
    results = cached.verify_many(texts)
    assert code(results[0]) == "key_not_found"
    assert results[1].kid == "b"


def test_rotation_under_way() -> None:
    """Threads that verify while keys are replaced: no call that began after a key was withdrawn accepts its token."""
    source = installed("a", "b")
    cached = Verifier(source, STRICT, cache=64, clock=lambda: NOW)
    texts = {kid: [token(kid, n=number) for number in range(8)] for kid in ("a", "b")}
    done = threading.Event()
    # Odd while `a` is withdrawn.
    era = [0]
    faults: list[str] = []

    def verify() -> int:
        calls = 0
        while not done.is_set():
            for kid in ("a", "b"):
                for number, text in enumerate(texts[kid]):
                    begun = era[0]
                    try:
                        result = cached.verify(text)
                    except InvalidToken as error:
                        if kid == "b":
                            faults.append(error.code)
                    else:
                        if (kid == "a" and begun % 2 and begun == era[0]) or result["n"] != number:
                            faults.append(f"{kid} {number}")
                    calls += 1
        return calls

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(verify) for _ in range(8)]
        for _ in range(60):
            replace(source, "b")
            era[0] += 1
            cached.verify_many(texts["b"])
            era[0] += 1
            replace(source, "a", "b")
            cached.verify_many(texts["a"])
        replace(source, "b")
        done.set()
        assert sum(each.result() for each in running) > 0
    assert faults == []
    assert [refusal(cached.verify, text) for text in texts["a"]] == ["key_not_found"] * 8
    assert cached.cache_info().hits > 0
