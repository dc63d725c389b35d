"""Batches while the keys of their source are replaced and withdrawn: one generation of keys for each batch."""

import threading
from typing import Any

from judge import code, refusal
from jwseal import VerifiedJWT
from jwseal.remote import ManualClock, RemoteKeySet
from jwseal.testing import FakeIssuer
from keyring import publish, token, verifier


def answers(results: list[Any]) -> list[str]:
    """What each result says, as `verdict` does."""
    return ["accepted" if isinstance(result, VerifiedJWT) else code(result) for result in results]


def test_keys_that_come_and_go(issuer: FakeIssuer) -> None:
    """While a key is published and withdrawn again and again, each batch accepts all of its tokens or none of them."""
    source = RemoteKeySet(
        issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, timeout=20.0, clock=ManualClock()
    )
    judge = verifier(source)
    given = [token("a") for _ in range(300)]
    stays = [token("z") for _ in range(300)]
    publish(issuer, "a", "z")
    source.refresh()
    # The one refetch for an unknown kid in these ten seconds: no batch waits for another.
    assert refusal(judge.verify, token("b")) == "key_not_found"
    ended = threading.Event()
    seen: list[set[str]] = []

    def batches(number: int) -> None:
        while not ended.is_set():
            results = answers(judge.verify_many(given + stays, workers=1 + number))
            assert set(results[300:]) == {"accepted"}
            seen.append(set(results[:300]))

    threads = [threading.Thread(target=batches, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(30):
            publish(issuer, *(["z"] if turn % 2 == 0 else ["a", "z"]))
            source.refresh()
            expected = "key_not_found" if turn % 2 == 0 else "accepted"
            # A batch that begins after the keys were replaced judges by the new ones.
            assert set(answers(judge.verify_many(given, workers=2))) == {expected}
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert seen
    assert all(verdicts in ({"accepted"}, {"key_not_found"}) for verdicts in seen)
