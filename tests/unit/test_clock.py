"""`clock=`: the time that signers and verifiers go by, for tests of expiry."""

import gc
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import freezegun
import pytest
import time_machine

from judge import LAX, NOW, code, secret
from jwseal import Issuers, Policy, PolicyError, Signer, TokenExpired, VerifiedJWT, Verifier

EXPIRING = Policy(issuer="i", audience="a")
CLAIMS = {"aud": "a"}


def signer(clock: Callable[[], Any] | None = None, **options: Any) -> Signer:
    """A signer of tokens that live for a minute."""
    return Signer(secret(), issuer="i", expires_in=60, clock=clock, **options)


def verifier(clock: Callable[[], Any] | None = None, **options: Any) -> Verifier:
    """A verifier of such tokens."""
    return Verifier(secret(), EXPIRING, clock=clock, **options)


def at(moment: Any) -> Callable[[], Any]:
    """A clock that has stopped."""
    return lambda: moment


@pytest.mark.parametrize(
    "moment",
    [NOW, float(NOW), datetime.fromtimestamp(NOW, UTC), datetime.fromtimestamp(NOW, timezone(timedelta(hours=5)))],
)
def test_a_clock_gives_what_now_takes(moment: Any) -> None:
    """Seconds or an aware datetime, for signing and for verifying."""
    token = signer(at(moment)).sign(CLAIMS)
    found = verifier(at(moment)).verify(token)
    assert (NOW, NOW + 60) == (found["iat"], found["exp"])
    assert NOW == verifier(at(NOW)).verify(signer(at(moment)).sign_many([CLAIMS])[0])["iat"]
    with pytest.raises(TokenExpired):
        verifier(at(NOW + 60)).verify(token)


def test_now_comes_first() -> None:
    """`now=` of a call overrides the clock, which is not read then."""

    def never() -> float:
        raise AssertionError("the clock was read")

    token = signer(never).sign(CLAIMS, now=NOW)
    assert NOW == verifier(never).verify(token, now=NOW)["iat"]
    assert [VerifiedJWT] == [type(one) for one in verifier(never).verify_many([token], now=NOW)]
    assert NOW == Issuers({"i": verifier(never)}).verify(token, now=NOW)["iat"]
    assert [VerifiedJWT] == [type(one) for one in Issuers({"i": verifier(never)}).verify_many([token], now=NOW)]


def test_a_batch_reads_the_clock_once() -> None:
    """Each batch has one moment, each chunk of a stream has its own."""
    readings = []

    def clock() -> float:
        readings.append(NOW)
        return NOW

    token = signer(at(NOW)).sign(CLAIMS)
    verifier(clock).verify_many([token] * 600)
    signer(clock).sign_many([CLAIMS] * 3)
    Issuers({"i": verifier(clock), "j": Verifier(secret(), LAX, clock=clock)}).verify_many([token] * 3)
    assert 3 == len(readings)
    list(verifier(clock).verify_iter([token] * 600))
    assert 6 == len(readings)


def test_issuers_go_by_the_clock_of_the_verifier() -> None:
    """A table uses the chosen verifier's clock, in batches too, and reads no other."""
    policies = {issuer: Policy(issuer=issuer, audience="a") for issuer in ("past", "now", "broken")}
    clocks: dict[str, Any] = {"past": at(NOW), "now": None, "broken": at("yesterday")}
    table = Issuers({name: Verifier(secret(), policies[name], clock=clocks[name]) for name in policies})
    past = Signer(secret(), issuer="past", expires_in=60).sign(CLAIMS, now=NOW)
    present = Signer(secret(), issuer="now", expires_in=60).sign(CLAIMS)
    expired = Signer(secret(), issuer="now", expires_in=60).sign(CLAIMS, now=NOW)
    assert ("past", "now") == (table.verify(past)["iss"], table.verify(present)["iss"])
    tokens = [past, present, expired, "x", past]
    for results in (table.verify_many(tokens), list(table.verify_iter(tokens))):
        found = [one["iss"] if isinstance(one, VerifiedJWT) else code(one) for one in results]
        assert ["past", "now", "token_expired", "malformed_token", "past"] == found
    broken = Signer(secret(), issuer="broken", expires_in=60).sign(CLAIMS)
    for call in (lambda: table.verify(broken), lambda: table.verify_many([past, broken])):
        with pytest.raises(TypeError, match="clock"):
            call()


class Moment(int, Enum):
    """A number that prints as a name."""

    THEN = NOW


def test_a_clock_of_a_subclass_of_int() -> None:
    """The value counts, not what it prints."""
    assert NOW == verifier(at(Moment.THEN)).verify(signer(at(Moment.THEN)).sign(CLAIMS))["iat"]


@pytest.mark.parametrize(
    "moment", [None, "1700000000", b"", True, (NOW,), [], object(), timedelta(seconds=NOW), NOW + 0j]
)
def test_a_clock_of_another_type(moment: Any) -> None:
    """A clock that returns anything else is a TypeError that names it."""
    for call in (lambda: verifier(at(moment)).verify("a.b.c"), lambda: signer(at(moment)).sign(CLAIMS)):
        with pytest.raises(TypeError, match="clock"):
            call()


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), datetime(2023, 11, 14)])  # noqa: DTZ001
def test_a_clock_that_tells_no_time(moment: Any) -> None:
    """A clock that returns no finite number, or a datetime without a time zone, is a PolicyError."""
    for call in (lambda: verifier(at(moment)).verify("a.b.c"), lambda: signer(at(moment)).sign(CLAIMS)):
        with pytest.raises(PolicyError, match="clock"):
            call()
    for call in (lambda: verifier().verify("a.b.c", now=moment), lambda: signer().sign(CLAIMS, now=moment)):
        with pytest.raises(PolicyError, match="now"):
            call()


@pytest.mark.parametrize("clock", [NOW, 0, "now", datetime.now(UTC)])
def test_a_moment_is_no_clock(clock: Any) -> None:
    """What cannot be called is a TypeError when the verifier is made, and says what to give."""
    with pytest.raises(TypeError, match=r"time\.time"):
        verifier(clock)
    with pytest.raises(TypeError, match="now="):
        signer(clock)


def test_an_error_of_a_clock() -> None:
    """What a clock raises, the caller gets."""

    def clock() -> float:
        raise LookupError("no time server")

    for call in (lambda: verifier(clock).verify("a.b.c"), lambda: verifier(clock).verify_many(["a.b.c"])):
        with pytest.raises(LookupError, match="no time server"):
            call()
    with pytest.raises(LookupError, match="no time server"):
        list(verifier(clock).verify_iter(["a.b.c"]))
    with pytest.raises(LookupError, match="no time server"):
        signer(clock).sign(CLAIMS)


def test_a_clock_that_verifies() -> None:
    """A clock that comes back to its own verifier or signer without end is a RecursionError."""
    made: list[Any] = []
    verifier_of_itself = verifier(lambda: made[0].verify("a.b.c"))
    signer_of_itself = signer(lambda: made[0].sign(CLAIMS))
    table = Issuers({"i": verifier(lambda: made[0].verify(token))})
    token = signer(at(NOW)).sign(CLAIMS)
    for one, call in (
        (verifier_of_itself, lambda: verifier_of_itself.verify("a.b.c")),
        (signer_of_itself, lambda: signer_of_itself.sign(CLAIMS)),
        (table, lambda: table.verify(token)),
        (table, lambda: table.verify_many([token])),
    ):
        made[:] = [one]
        with pytest.raises(RecursionError):
            call()


def test_freezegun() -> None:
    """With `clock=lambda: time.time()` freezegun moves signers and verifiers."""
    sign, verify = signer(lambda: time.time()), verifier(lambda: time.time())
    with freezegun.freeze_time("2023-11-14T22:13:20Z") as frozen:
        token = sign.sign(CLAIMS)
        assert NOW == verify.verify(token)["iat"]
        frozen.tick(59)
        verify.verify(token)
        frozen.tick(1)
        with pytest.raises(TokenExpired):
            verify.verify(token)
    with pytest.raises(TokenExpired):
        verify.verify(token)


def test_time_machine() -> None:
    """With `clock=time.time` time-machine moves signers and verifiers."""
    sign, verify = signer(time.time), verifier(time.time)
    with time_machine.travel(NOW, tick=False) as traveller:
        token = sign.sign(CLAIMS)
        assert NOW == verify.verify(token)["iat"]
        traveller.shift(60)
        with pytest.raises(TokenExpired):
            verify.verify(token)
    with pytest.raises(TokenExpired):
        verify.verify(token)


def test_without_a_clock_the_machine_s_counts() -> None:
    """What replaces Python's clock does not reach the native one; that is what `clock=` is for."""
    with time_machine.travel(NOW, tick=False):
        assert signer().sign(CLAIMS) != signer(time.time).sign(CLAIMS)
        verifier().verify(signer().sign(CLAIMS))


class Service:
    """An object whose verifier, signer or table asks it for the time."""

    def __init__(self, make: Callable[["Service"], Any]) -> None:
        self.made = make(self)

    def clock(self) -> float:
        """The time."""
        return NOW


@pytest.mark.parametrize(
    "make",
    [
        lambda service: verifier(service.clock),
        lambda service: signer(service.clock),
        lambda service: Issuers({"i": verifier(service.clock)}),
    ],
    ids=["Verifier", "Signer", "Issuers"],
)
def test_a_clock_of_its_owner_is_collected(make: Callable[[Service], Any]) -> None:
    """A verifier whose clock is a method of the object that holds it does not keep that object alive for good."""
    service = Service(make)
    gone = weakref.ref(service)
    del service
    gc.collect()
    assert gone() is None
