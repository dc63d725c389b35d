"""Callers' own stores: asked for each header, their answers checked like any key and cached with bounds."""

import asyncio
from typing import Any

import pytest

import forge
from judge import NOW, STRICT, claims, code, refusal
from jwseal import (
    InvalidToken,
    KeyNotFound,
    KeySet,
    KeySourceUnavailable,
    SigningKey,
    Verifier,
    VerifyingKey,
    errors,
    jws,
)
from jwseal._native import MonotonicClock
from jwseal.remote import FoundKeys, KeyLookup
from keyring import key, signing, token, verifier


class Store:
    """A store that answers from a table of kids."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []

    def find_key(self, header: dict[str, Any], /) -> Any:
        self.asked.append(header)
        answer = self.answers.get(header.get("kid", ""))
        if isinstance(answer, Exception):
            raise answer
        return answer


class AsyncStore(Store):
    """A store that can be awaited alone."""

    find_key = None  # type: ignore[assignment]

    async def find_key_async(self, header: dict[str, Any], /) -> Any:
        await asyncio.sleep(0)
        return Store.find_key(self, header)


def test_a_store_is_asked_for_each_header_once() -> None:
    """A store answers a header with a key or a set; the answer serves the next token with the same header."""
    store = Store(a=key("a"), b=KeySet([key("b"), key("c")]))
    judge = verifier(store)
    for kid in ("a", "b", "a", "b"):
        assert judge.verify(token(kid)).key == key(kid)
    assert store.asked == [{"alg": "ES256", "kid": "a"}, {"alg": "ES256", "kid": "b"}]


def test_a_header_without_an_answer_is_refused() -> None:
    """None is key_not_found, and is not remembered."""
    store = Store()
    judge = verifier(store)
    assert refusal(judge.verify, token("a")) == "key_not_found"
    store.answers["a"] = key("a")
    assert judge.verify(token("a")).kid == "a"


def test_an_answer_for_one_header_serves_no_other() -> None:
    """A key without kid that answered one header verifies nothing under another."""
    store = Store(a=key("a"), b=None)
    judge = verifier(store)
    judge.verify(token("a"))
    assert refusal(judge.verify, token("b", signed_by="a")) == "key_not_found"


def test_answers_are_checked_as_any_key() -> None:
    """An answer for another kid, algorithm or signer verifies nothing."""
    judge = verifier(Store(a=key("b"), b=key("c", "ES384"), c=key("c")))
    assert refusal(judge.verify, token("a")) == "key_not_found"
    assert refusal(judge.verify, token("b")) in {"algorithm_not_allowed", "key_not_found"}
    assert refusal(judge.verify, token("c", signed_by="a")) == "invalid_signature"


@pytest.mark.parametrize("answer", ["text", b"octets", {"kty": "EC"}, [], 5, forge.material("ES256").private])
def test_an_answer_that_is_no_key(answer: object) -> None:
    """What is no key is an error of the program, in a batch too."""
    judge = verifier(Store(a=answer))
    with pytest.raises(TypeError):
        judge.verify(token("a"))
    with pytest.raises(TypeError):
        judge.verify_many([token("a")])
    with pytest.raises(TypeError):
        asyncio.run(judge.verify_async(token("a")))


def test_answers_live_for_their_time() -> None:
    """After `ttl` seconds the store is asked again."""
    clock = MonotonicClock(0.0)
    store = Store(a=key("a"))
    judge = verifier(KeyLookup(store, ttl=60, clock=clock))
    judge.verify(token("a"))
    clock.advance(60.0)
    judge.verify(token("a"))
    assert len(store.asked) == 1
    clock.advance(1.0)
    store.answers["a"] = None
    assert refusal(judge.verify, token("a")) == "key_not_found"


def test_answers_are_bounded() -> None:
    """At most `max_entries` answers are kept; the oldest goes. Zero keeps none."""
    store = Store(**{kid: key(kid) for kid in "abc"})
    lookup = KeyLookup(store, max_entries=2)
    judge = verifier(lookup)
    for kid in "abc":
        judge.verify(token(kid))
    assert len(lookup) == 2
    judge.verify(token("c"))
    judge.verify(token("b"))
    assert len(store.asked) == 3
    judge.verify(token("a"))
    assert len(store.asked) == 4
    none = Store(a=key("a"))
    for lookup in (KeyLookup(none, max_entries=0), KeyLookup(none, ttl=0)):
        judge, before = verifier(lookup), len(none.asked)
        judge.verify(token("a"))
        judge.verify(token("a"))
        assert len(none.asked) - before == 2


def test_forged_tokens_drive_no_answer_out() -> None:
    """An answer is kept once a token verified under it, so that invented headers drive out none."""
    store = Store(a=key("a"))
    lookup = KeyLookup(store, max_entries=2)
    judge = verifier(lookup)
    judge.verify(token("a"))
    for number in range(50):
        forged = token("a", header={"alg": "ES256", "kid": "a", "x": number}, signed_by="z")
        assert refusal(judge.verify, forged) == "invalid_signature"
    asked = len(store.asked)
    judge.verify(token("a"))
    assert (len(lookup), len(store.asked)) == (1, asked)


def test_validity_is_judged_on_every_call() -> None:
    """The bounds of an answer are compared with `now` each time, with the answer from the store and with the one kept."""
    store = Store(a=FoundKeys(key("a"), not_before=NOW - 10, not_after=NOW + 10))
    judge = Verifier(KeyLookup(store), STRICT)
    for now, accepted in ((NOW, True), (NOW - 10, True), (NOW + 10, True), (NOW - 10.5, False), (NOW + 10.5, False)):
        for _ in range(2):
            if accepted:
                assert judge.verify(token("a"), now=now).kid == "a"
            else:
                assert refusal(judge.verify, token("a"), now=now) == "key_not_found"
    renewed = FoundKeys(key("a"), not_before=NOW, not_after=NOW + 100)
    store.answers["a"] = renewed
    assert judge.verify(token("a"), now=NOW + 50).kid == "a"


def test_validity_is_judged_in_a_batch_and_for_a_jws() -> None:
    """So it is in a batch, in `verify_async` and in `jws.verify`, which reads the machine's clock."""
    store = Store(a=FoundKeys(key("a"), not_after=NOW - 1))
    judge = verifier(store)
    assert [code(one) for one in judge.verify_many([token("a")] * 2)] == ["key_not_found"] * 2  # type: ignore[arg-type]
    with pytest.raises(KeyNotFound):
        asyncio.run(judge.verify_async(token("a")))
    assert refusal(jws.verify, token("a"), store) == "key_not_found"
    store.answers["a"] = FoundKeys(key("a"), not_before=NOW)
    assert jws.verify(token("a"), store).key == key("a")


@pytest.mark.parametrize("bound", [float("nan"), float("inf"), "2026", None, True])
def test_bounds_are_times(bound: Any) -> None:
    """A bound is a time as `now` takes it, or None for none."""
    if bound is None:
        assert verifier(Store(a=FoundKeys(key("a"), not_before=bound))).verify(token("a"))
        return
    with pytest.raises((TypeError, errors.PolicyError)):
        FoundKeys(key("a"), not_after=bound)


def test_what_a_store_raises() -> None:
    """jwseal's own exceptions pass unchanged; anything else means that the store could not answer, and is the cause."""
    judge = verifier(
        Store(a=KeyNotFound("the chain ends at no anchor"), b=OSError("connection lost"), c=KeySourceUnavailable("x"))
    )
    with pytest.raises(KeyNotFound, match="no anchor"):
        judge.verify(token("a"))
    for verify in (judge.verify, lambda text: asyncio.run(judge.verify_async(text))):
        with pytest.raises(KeySourceUnavailable) as raised:
            verify(token("b"))
        assert isinstance(raised.value.__cause__, OSError)
        assert "connection lost" not in str(raised.value)
    results = judge.verify_many([token(kid) for kid in "abc"])
    assert [code(one) for one in results] == ["key_not_found", "key_source_unavailable", "key_source_unavailable"]  # type: ignore[arg-type]


def test_interrupts_pass() -> None:
    """An exception that is no error, such as KeyboardInterrupt, is not turned into an answer."""

    class Interrupted(Store):
        def find_key(self, header: dict[str, Any], /) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verifier(Interrupted()).verify(token("a"))


def test_awaited_stores() -> None:
    """`verify_async` awaits a store that can be awaited; `verify` says that such a store must be."""

    class Awaited:
        def __init__(self) -> None:
            self.asked = 0

        async def find_key_async(self, header: dict[str, Any], /) -> Any:
            await asyncio.sleep(0)
            self.asked += 1
            return key(header["kid"]) if header["kid"] != "missing" else None

    store = Awaited()
    judge = verifier(KeyLookup(store))
    with pytest.raises(TypeError, match="verify_async"):
        judge.verify(token("a"))
    for _ in range(2):
        assert asyncio.run(judge.verify_async(token("a"))).key == key("a")
    assert store.asked == 1
    assert judge.verify(token("a")).kid == "a"
    with pytest.raises(KeyNotFound):
        asyncio.run(judge.verify_async(token("missing")))


def test_batch_asks_once_for_each_header() -> None:
    """A batch asks a store once for each header that it has no answer for."""
    store = Store(a=key("a"), b=key("b"))
    results = verifier(store).verify_many([token(kid) for kid in "abab"] + [token("z"), "x"])
    kids = [one.kid if not isinstance(one, InvalidToken) else code(one) for one in results]  # type: ignore[union-attr]
    assert kids == ["a", "b", "a", "b", "key_not_found", "malformed_token"]
    assert len(store.asked) == 3


@pytest.mark.parametrize("store", [object(), 5, [], (), {}, "a", bytearray(b"find"), None])
def test_what_is_no_store(store: Any) -> None:
    """An object without `find_key` is neither keys nor a store, for a verifier and for a lookup."""
    with pytest.raises(TypeError):
        Verifier(store, STRICT)
    with pytest.raises(TypeError):
        KeyLookup(store)


@pytest.mark.parametrize("ttl", [-1.0, float("nan"), float("inf")])
def test_time_to_live_is_finite(ttl: float) -> None:
    """An answer that is kept without end would never be withdrawn."""
    assert refusal(KeyLookup, Store(), ttl=ttl) == "invalid_policy"


def test_the_header_is_a_new_dict() -> None:
    """A store that changes the header it was given changes no token."""

    class Changing(Store):
        def find_key(self, header: dict[str, Any], /) -> Any:
            header.clear()
            return key("a")

    assert verifier(Changing()).verify(token("a")).header == {"alg": "ES256", "kid": "a"}


def test_policy_and_claims_are_unchanged() -> None:
    """A key from a store is judged with the policy like any other."""
    judge = verifier(Store(a=key("a")))
    assert refusal(judge.verify, token("a", exp=NOW)) == "token_expired"
    assert refusal(judge.verify, token("a", aud="other")) == "claim_mismatch"
    assert claims()["iss"] == judge.verify(token("a"))["iss"]


def signed(*kids: str, header: dict[str, Any] | None = None) -> dict[str, Any]:
    """A general JSON JWS with a signature of each kid."""
    signatures = [jws.Signature(signing(kid), protected=header) for kid in kids]
    return jws.sign_json(b"payload", signatures)


def test_a_jws_takes_a_store() -> None:
    """A store is asked for each signature of a JWS, and its answers serve the next one."""
    store = Store(a=key("a"), b=key("b"))
    lookup = KeyLookup(store)
    for _ in range(2):
        assert jws.verify(token("a"), store).key == key("a")
        report = jws.verify_json(signed("a", "b"), lookup)
        assert [one.key for one in report.signatures] == [key("a"), key("b")]
        assert jws.parse(signed("a", "b")).entries[1].verify(lookup).key == key("b")
    assert refusal(jws.verify_json, signed("z"), store) == "key_not_found"
    detached = jws.sign_json(b"payload", [signing("a"), signing("b")], detached=True)
    assert jws.verify_json(detached, store, payload=b"payload").key == key("a")


def test_a_signature_that_the_store_has_no_key_for() -> None:
    """It fails alone: whether the others are enough is `require`'s to say."""
    for missing in (None, KeyNotFound("no such client")):
        store = Store(a=key("a"), b=missing)
        report = jws.verify_json(signed("a", "b"), store, require="any")
        assert [one.code for one in report.signatures] == [None, "key_not_found"]
        assert refusal(jws.verify_json, signed("a", "b"), store) == "key_not_found"
    down = Store(a=key("a"), b=OSError())
    assert refusal(jws.verify_json, signed("a", "b"), down, require="any") == "key_source_unavailable"


def test_a_signature_is_verified_with_the_keys_for_its_own_header() -> None:
    """The key for one header verifies no signature under another, though both are in one JWS."""
    nameless = VerifyingKey.from_jwk({name: value for name, value in key("a").to_jwk().items() if name != "kid"})
    other = VerifyingKey.from_jwk({name: value for name, value in key("z").to_jwk().items() if name != "kid"})

    class ByParameter(Store):
        def find_key(self, header: dict[str, Any], /) -> Any:
            return {"one": nameless, "two": other}[header["client"]]

    made = jws.sign_json(
        b"payload",
        [jws.Signature(SigningKey.from_jwk(bare("a")), protected={"client": name}) for name in ("one", "two")],
    )
    report = jws.verify_json(made, ByParameter(), require="any")
    assert [one.code for one in report.signatures] == [None, "invalid_signature"]
    assert refusal(jws.verify_json, made, ByParameter()) == "invalid_signature"
    assert refusal(jws.verify_json, made, ByParameter(), require=2) in {"invalid_signature", "key_not_found"}


def bare(kid: str) -> dict[str, Any]:
    """A private JWK without kid."""
    return {name: value for name, value in signing(kid).to_private_jwk().items() if name != "kid"}
