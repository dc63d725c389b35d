"""Sources that hold a set: what a verifier reads of one, when it asks, and what it does with the answer."""

import asyncio
import gc
import sys
import threading
import weakref
from typing import Any, Self

import pytest

import forge
from judge import ISSUER, NOW, STRICT, claims, code, refusal
from jwseal import Issuers, KeySet, KeySourceUnavailable, Policy, Verifier, jws
from jwseal._native import KeySetSource, MonotonicClock
from keyring import key, token, verifier


class Source(KeySetSource):
    """A source that is asked and answers from a table: what to install for each reason."""

    def __new__(cls, clock: MonotonicClock | None = None, algorithms: Any = ("ES256", "ES384")) -> Self:
        return super().__new__(cls, algorithms=algorithms, clock=clock or MonotonicClock(0.0))

    def __init__(self, *args: object, **named: object) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.refreshes = 0
        self.next: list[KeySet | Exception | None] = []

    def put(self, *kids: str, refresh_at: float = 100.0, refuse_after: float = 200.0) -> bool:
        return self.install(KeySet(map(key, kids)) if kids else None, refresh_at=refresh_at, refuse_after=refuse_after)

    def keys_needed(self, reason: str, kid: str | None) -> "Source | None":
        self.asked.append((reason, kid))
        return self if self.next else None

    def refresh_due(self) -> None:
        self.refreshes += 1

    def wait(self) -> None:
        answer = self.next.pop(0)
        if isinstance(answer, Exception):
            raise answer
        now = self.clock.read()
        self.install(answer, refresh_at=now + 100.0, refuse_after=now + 200.0)

    async def wait_async(self) -> None:
        await asyncio.sleep(0)
        self.wait()


def warm(*kids: str, **options: Any) -> Source:
    """A source that has these keys."""
    source = Source(**options)
    source.put(*kids)
    return source


def test_warm_keys_are_used_without_asking() -> None:
    """A token of a key that is there asks the source for nothing, the first time and after."""
    source = warm("a", "b")
    judge = verifier(source)
    for kid in ("a", "b", "a"):
        assert judge.verify(token(kid)).key == key(kid)
    assert source.asked == []


def test_warm_verification_runs_no_python() -> None:
    """With warm keys no Python frame runs beneath `verify`."""
    judge, text = verifier(warm("a")), token("a")
    unclocked = Verifier(judge.keys, STRICT)
    frames: list[str] = []
    sys.setprofile(lambda frame, event, argument: frames.append(frame.f_code.co_name) if event == "call" else None)
    try:
        unclocked.verify(text, now=NOW)
    finally:
        sys.setprofile(None)
    assert frames == []


def test_cold_source_is_asked_once() -> None:
    """Without keys the source is asked, waited for, and the token judged under what came."""
    source = Source()
    source.next = [KeySet([key("a")])]
    assert verifier(source).verify(token("a")).key == key("a")
    assert source.asked == [("cold", "a")]


def test_a_source_that_still_has_no_keys_is_unavailable() -> None:
    """A source that was asked and has no keys after it cannot judge a token."""
    assert refusal(verifier(Source()).verify, token("a")) == "key_source_unavailable"


def test_what_a_source_raises_is_raised() -> None:
    """The exception of a source that cannot answer is the caller's."""
    source = Source()
    source.next = [KeySourceUnavailable("the provider is down")]
    with pytest.raises(KeySourceUnavailable, match="the provider is down"):
        verifier(source).verify(token("a"))


def test_stale_keys_are_not_used() -> None:
    """After `refuse_after` keys are as good as none, whatever `now` and `clock` say."""
    clock = MonotonicClock(0.0)
    source = warm("a", clock=clock)
    judge = verifier(source)
    judge.verify(token("a"))
    clock.advance(200.0)
    judge.verify(token("a"))
    clock.advance(0.5)
    assert refusal(judge.verify, token("a"), now=NOW) == "key_source_unavailable"
    assert source.asked == [("stale", "a")]
    source.next = [KeySet([key("a")])]
    assert judge.verify(token("a")).kid == "a"


def test_unknown_kid_is_asked_for_and_judged_once_more() -> None:
    """A kid that no key has is asked for; what came decides."""
    source = warm("a")
    judge = verifier(source)
    source.next = [KeySet([key("a"), key("b")])]
    assert judge.verify(token("b")).key == key("b")
    source.next = [KeySet([key("a"), key("b")])]
    assert refusal(judge.verify, token("c")) == "key_not_found"
    assert source.asked == [("unknown_kid", "b"), ("unknown_kid", "c")]


def test_unknown_kid_of_an_algorithm_that_no_key_has_yet() -> None:
    """A provider that changes its algorithm with its key is followed, within the algorithms declared."""
    source = warm("a")
    source.next = [KeySet([key("new", "ES384")])]
    assert verifier(source).verify(token("new", alg="ES384")).alg == "ES384"


@pytest.mark.parametrize("alg", ["ES512", "HS256", "none", "RS256"])
def test_algorithm_that_was_not_declared_is_not_asked_for(alg: str) -> None:
    """No fetch can make an algorithm acceptable that the source is not declared with."""
    for source in (Source(), warm("a")):
        forged = forge.token({"alg": alg, "kid": "x"}, claims(), forge.material("HS256"), "HS256")
        assert refusal(verifier(source).verify, forged) == "algorithm_not_allowed"
        assert source.asked == []


@pytest.mark.parametrize("text", ["", "a.b", "!.e30.AA", forge.T0 + "="])
def test_malformed_token_asks_for_nothing(text: str) -> None:
    """What is no token is refused before a source is asked."""
    source = Source()
    assert refusal(verifier(source).verify, text) == "malformed_token"
    assert source.asked == []


def test_token_without_kid_is_not_asked_for() -> None:
    """A token that names no key, and that no key verifies, causes no fetch."""
    source = warm("a")
    forged = token("", header={"alg": "ES256"}, signed_by="other")
    assert refusal(verifier(source).verify, forged) == "invalid_signature"
    assert source.asked == []


def test_expired_token_does_not_refetch() -> None:
    """An old token of a key that was retired long ago is refused at once, where the policy wants an expiry."""
    source = warm("a")
    assert refusal(verifier(source).verify, token("old", exp=NOW)) == "key_not_found"
    assert source.asked == []
    policy = STRICT.replace(leeway=60)
    assert refusal(verifier(source, policy).verify, token("old", exp=NOW)) == "key_not_found"
    assert source.asked == [("unknown_kid", "old")]


def test_held_unknown_kids_are_not_asked_for() -> None:
    """Until the time that the source names an unknown kid is refused natively."""
    clock = MonotonicClock(0.0)
    source = warm("a", clock=clock)
    source.hold_unknown_kids(10.0)
    judge = verifier(source)
    assert refusal(judge.verify, token("b")) == "key_not_found"
    assert source.asked == []
    clock.advance(10.0)
    assert refusal(judge.verify, token("b")) == "key_not_found"
    assert source.asked == [("unknown_kid", "b")]


def test_withdrawn_key_is_refused_on_the_next_call() -> None:
    """A key that the new set lacks verifies nothing from then on, though its header is remembered."""
    source = warm("a", "b")
    source.hold_unknown_kids(1e9)
    judge = verifier(source)
    judge.verify(token("a"))
    source.put("b")
    assert refusal(judge.verify, token("a")) == "key_not_found"
    judge.verify(token("b"))
    source.put()
    assert refusal(judge.verify, token("b")) == "key_not_found"


def test_key_that_took_over_a_kid() -> None:
    """Where a kid gets another key, the old one's tokens are refused, and `key` is the one that verified."""
    source = Source()
    source.put("a")
    judge = verifier(source)
    before = judge.verify(token("a"))
    other = key("b").to_jwk() | {"kid": "a"}
    source.install(KeySet.from_jwks({"keys": [other]}), refresh_at=100.0, refuse_after=200.0)
    assert refusal(judge.verify, token("a")) == "invalid_signature"
    after = judge.verify(token("a", signed_by="b"))
    assert before.key == key("a")
    assert after.key.thumbprint() == key("b").thumbprint()  # type: ignore[union-attr]


def test_equal_set_keeps_its_generation() -> None:
    """A set with the same keys in another order is the same generation with new times; any other is the next one."""
    clock = MonotonicClock(0.0)
    source = warm("a", "b", clock=clock)
    assert source.generation == 1
    assert not source.put("b", "a", refuse_after=300.0)
    assert source.generation == 1
    clock.advance(250.0)
    verifier(source).verify(token("a"))
    assert source.put("a")
    assert source.generation == 2


def test_refresh_is_announced_once_a_second() -> None:
    """At most one verification a second tells a source that its keys are due, and the token is judged meanwhile."""
    clock = MonotonicClock(0.0)
    source = warm("a", clock=clock)
    judge = verifier(source)
    clock.advance(99.0)
    judge.verify(token("a"))
    assert source.refreshes == 0
    clock.advance(1.0)
    for _ in range(3):
        judge.verify(token("a"))
    assert source.refreshes == 1
    clock.advance(1.0)
    judge.verify_many([token("a")] * 3)
    assert source.refreshes == 2


def test_verifiers_share_a_source() -> None:
    """Two verifiers of one source, and a source of two issuers, each judge by their own policy."""
    source = warm("a")
    first, second = verifier(source), verifier(source, STRICT.replace(audience="other"))
    assert first.verify(token("a")).kid == "a"
    assert refusal(second.verify, token("a")) == "claim_mismatch"


def test_algorithms_narrow_a_source() -> None:
    """A verifier accepts fewer algorithms than its source; names are not compared with keys, which change."""
    source = warm("a")
    assert refusal(verifier(source, algorithms=["ES384"]).verify, token("a")) == "algorithm_not_allowed"
    assert verifier(source, algorithms=["ES256"]).verify(token("a")).alg == "ES256"
    for algorithms in ([], ["RS256"], "ES256"):
        assert refusal(lambda algorithms=algorithms: verifier(source, algorithms=algorithms)) == "invalid_policy"


def test_batch_waits_once_for_its_unknown_kids() -> None:
    """A batch asks once for all its unknown kids and judges those once more, in their places."""
    source = warm("a")
    source.next = [KeySet([key("a"), key("b")])]
    kids = ["a", "b", "a", "c", "b"]
    results = verifier(source).verify_many([token(kid) for kid in kids])
    assert [code(one) if isinstance(one, Exception) else one.kid for one in results] == [
        "a",
        "b",
        "a",
        "key_not_found",
        "b",
    ]
    assert source.asked == [("unknown_kid", "b")]


def test_cold_batch_waits_once() -> None:
    """A batch of a cold source asks once; where that fails, each token says so."""
    source = Source()
    source.next = [KeySet([key("a")])]
    results = verifier(source).verify_many([token("a")] * 3)
    assert [one.kid for one in results] == ["a"] * 3  # type: ignore[union-attr]
    source = Source()
    source.next = [KeySourceUnavailable("down")]
    refused = list(verifier(source).verify_iter([token("a"), "x", token("a")]))
    assert [code(one) for one in refused] == ["key_source_unavailable", "malformed_token", "key_source_unavailable"]  # type: ignore[arg-type]
    assert source.asked == [("cold", "a")]


def test_batch_of_several_sources() -> None:
    """Each source of a batch is asked for its own tokens, and for nothing of another's."""
    sources = {"https://a.example": Source(), "https://b.example": warm("b")}
    sources["https://a.example"].next = [KeySet([key("a")])]
    table = Issuers({iss: verifier(source, STRICT.replace(issuer=iss)) for iss, source in sources.items()})
    texts = [
        token("a", iss="https://a.example"),
        token("b", iss="https://b.example"),
        token("a", iss="https://b.example"),
    ]
    results = table.verify_many(texts)
    assert [code(one) if isinstance(one, Exception) else one.kid for one in results] == ["a", "b", "key_not_found"]
    assert [source.asked for source in sources.values()] == [[("cold", "a")], [("unknown_kid", "a")]]


def test_verify_async_waits_for_keys() -> None:
    """`verify_async` awaits what a source returns, and without a need for it is done at once."""
    source = Source()
    source.next = [KeySet([key("a")]), KeySet([key("a")])]
    judge = verifier(source)
    table = Issuers({ISSUER: judge})
    assert asyncio.run(judge.verify_async(token("a"))).kid == "a"
    assert asyncio.run(table.verify_async(token("a"))).kid == "a"
    waiting = judge.verify_async(token("a"))
    with pytest.raises(StopIteration) as done:
        waiting.send(None)
    assert done.value.value.kid == "a"
    with pytest.raises(Exception, match="kid") as refused:
        asyncio.run(judge.verify_async(token("z")))
    assert code(refused.value) == "key_not_found"
    assert source.asked == [("cold", "a"), ("unknown_kid", "z")]


def test_jws_takes_a_source() -> None:
    """`jws.verify`, `verify_json` and `parse` take a source, ask it for what they need, and name the key that verified."""
    compact = forge.token({"alg": "ES256", "kid": "a"}, b"any bytes", forge.material("ES256", "a"))
    protected, payload, signature = compact.split(".")
    flattened = {"protected": protected, "payload": payload, "signature": signature}
    for verify in (
        lambda source: jws.verify(compact, source),
        lambda source: jws.verify_json(flattened, source),
        lambda source: jws.verify_json(flattened, source, require=["a"]),
        lambda source: jws.parse(compact).entries[0].verify(source),
    ):
        source = Source()
        source.next = [KeySet([key("a")])]
        assert verify(source).key == key("a")
        source = warm("b")
        source.next = [KeySet([key("a")])]
        assert verify(source).payload == b"any bytes"
        assert source.asked == [("unknown_kid", "a")]
        source = warm("b")
        assert refusal(verify, source) == "key_not_found"


def test_source_without_keys_for_a_requirement() -> None:
    """Keys that a source lacks today make no requirement a mistake of the program."""
    source = warm("b")
    signed = forge.token({"alg": "ES256", "kid": "b"}, b"x", forge.material("ES256", "b")).split(".")
    flattened = dict(zip(("protected", "payload", "signature"), signed, strict=True))
    assert refusal(jws.verify_json, flattened, source, require=["a"]) == "key_not_found"
    assert refusal(jws.verify_json, flattened, source, require=2) == "key_not_found"
    assert refusal(jws.verify_json, flattened, source, require=[]) == "invalid_policy"


def test_threads_verify_while_sets_are_replaced() -> None:
    """Threads that verify while another replaces the set get the right key, or the refusal of a set that lacks it."""
    source = warm("a", "b")
    source.hold_unknown_kids(1e9)
    judge, failures = verifier(source), []
    over = threading.Event()

    def verify(kid: str) -> None:
        while not over.is_set():
            try:
                result = judge.verify(token(kid))
            except Exception as error:
                if code(error) != "key_not_found":
                    failures.append(error)
            else:
                if result.key != key(kid):
                    failures.append(result)

    threads = [threading.Thread(target=verify, args=(kid,)) for kid in ("a", "b", "a")]
    for thread in threads:
        thread.start()
    for turn in range(500):
        source.put(*(("a", "b") if turn % 2 else ("b",)))
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert source.generation == 501


def test_verifier_and_source_are_collected() -> None:
    """A source that refers to its verifier is no leak."""
    source = warm("a")
    source.verifier = verifier(source)  # type: ignore[attr-defined]
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None


def test_clock_that_stands_still() -> None:
    """A clock with a start moves when it is moved; the machine's moves by itself and cannot be."""
    clock = MonotonicClock(5.0)
    assert clock.read() == clock.read() == 5.0
    clock.advance(2.5)
    assert clock.read() == 7.5
    machine = MonotonicClock()
    assert machine.read() <= machine.read()
    with pytest.raises(TypeError):
        machine.advance(1.0)


def test_policy_is_used() -> None:
    """A source changes nothing about claims."""
    assert refusal(verifier(warm("a"), Policy(issuer="x", audience="y")).verify, token("a")) == "claim_mismatch"
