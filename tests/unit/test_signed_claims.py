"""What a `Signer` refuses to sign because every verifier would refuse the token (RFC 7519 section 4.1)."""

import collections
import contextlib
import datetime as dt
import decimal
import enum
import gc
import ipaddress
import json
import pathlib
import sys
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

import forge
from judge import ISSUER, NOW, refusal, secret, verifier
from jwseal import Signer, errors, jws

LAST = 253_402_300_799
UTC_NOW = dt.datetime.fromtimestamp(NOW + 0.75, dt.UTC)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, which name no member twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(pairs) == len(dict(pairs))
        return dict(pairs)

    return json.loads(forge.unb64(token.split(".")[1]), object_pairs_hook=once)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("iss", "sub", "jti") for value in (4, None, True, ["a"], {"a": 1}, 1.5)),
        *(("aud", value) for value in (5, None, ["a", 5], [["a"]], {"a": 1}, True, ("a", None))),
        *((name, value) for name in ("exp", "nbf", "iat") for value in ("1700000000", None, True, [NOW], {})),
        *((name, value) for name in ("exp", "nbf", "iat") for value in (-1, -0.5, LAST + 1, 10**400, 1e300, -(10**30))),
        *((name, value) for name in ("exp", "nbf", "iat") for value in (float("nan"), float("inf"))),
        ("sub", uuid.uuid4()),
        ("jti", uuid.uuid4()),
        ("jti", b"x"),
        ("aud", {"a", "b"}),
        ("aud", [uuid.uuid4()]),
        ("exp", decimal.Decimal(NOW)),
        ("exp", dt.timedelta(minutes=5)),
        ("exp", dt.date(2030, 1, 1)),
        ("iss", "\ud800"),
    ],
)
def test_registered_claims_that_every_verifier_would_refuse(name: str, value: object) -> None:
    """A registered claim of the wrong type or out of range is PolicyError, which names the claim."""
    with pytest.raises(errors.PolicyError, match=f'"{name}"') as caught:
        Signer(secret()).sign({"a": 1, name: value})
    assert "invalid_policy" == caught.value.code
    assert len(str(caught.value)) < 200
    assert "invalid_policy" == refusal(Signer(secret()).sign_many, [{name: value}])


@pytest.mark.parametrize(
    "value",
    [decimal.Decimal(NOW), dt.timedelta(minutes=5), dt.date(2030, 1, 1), dt.time(12), uuid.UUID(int=1), b"1"],
    ids=repr,
)
def test_a_time_of_another_type_names_the_types_to_use(value: object) -> None:
    """For a time, the advice for other claims (`str(value)`, `value.total_seconds()`) would make another wrong time."""
    with pytest.raises(errors.PolicyError, match="seconds since 1970, as a number or an aware datetime, not") as caught:
        Signer(secret()).sign({"exp": value})
    assert type(value).__name__ in str(caught.value)
    assert "write" not in str(caught.value)


@pytest.mark.parametrize(
    ("factor", "unit"), [(1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")]
)
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_in_another_unit_is_recognised(name: str, factor: int, unit: str) -> None:
    """`time.time_ns()` and JavaScript's `Date.now()` are refused with the number to divide by."""
    for value in (NOW * factor, NOW * factor + 0.5):
        with pytest.raises(errors.PolicyError, match=f"{unit}, divide by {factor}$"):
            Signer(secret()).sign({name: value})


def test_a_lone_surrogate_names_its_member() -> None:
    """The claim or header parameter that holds it is named, at any depth; the text is not shown."""
    for claims in ({"a": "x\ud800"}, {"b": {"a": ["x\ud800"]}}):
        with pytest.raises(ValueError, match='member "a": a lone surrogate') as caught:
            Signer(secret()).sign(claims)
        assert "x" not in str(caught.value).replace("text", "")


def test_a_time_of_too_many_digits() -> None:
    """An integer over 4,300 digits is refused, also where Python's own limit is off."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert "invalid_policy" == refusal(Signer(secret()).sign, {"exp": 10**5000})
        with pytest.raises(ValueError, match="at most 4,300 digits"):
            Signer(secret()).sign({"a": -(10**4300)})
        assert -(10**4299) == claims_of(Signer(secret()).sign({"a": -(10**4299)}))["a"]
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_in_milliseconds(name: str) -> None:
    """A time in milliseconds is refused with the hint to divide by 1000."""
    for value in (NOW * 1000, NOW * 1000.5):
        with pytest.raises(errors.PolicyError, match=f'"{name}".*milliseconds.*divide by 1000'):
            Signer(secret()).sign({name: value})


def test_registered_claims_as_they_should_be() -> None:
    """What verifiers accept is signed as it was given, at the bounds too."""
    for given in (
        {"iss": "", "sub": "4", "jti": "\N{SNOWMAN}"},
        {"aud": "a"},
        {"aud": ["a", 'b"],5,["', "c\\"]},
        {"aud": ("a", "b")},
        {"exp": LAST, "nbf": 0, "iat": NOW + 0.5},
        {"exp": 1.7e9},
        {"nbf": -0.0},
        {"Sub": 4, "SUB": None, "ex": "x", "iss2": 5, "a": {"sub": 4, "exp": "never"}},
    ):
        token = Signer(secret()).sign(given, now=NOW)
        expected = json.loads(json.dumps(given))
        assert {"iat": NOW, **expected} == claims_of(token)
    verifier(secret()).verify(Signer(secret()).sign({"aud": ["a"], "exp": LAST, "nbf": 0}, now=NOW), now=NOW)


def test_an_audience_of_nobody() -> None:
    """An empty array of audiences is refused, since every verifier that has an audience refuses the token."""
    for nobody in ([], ()):
        with pytest.raises(errors.PolicyError, match=r'"aud" is an empty array.*name an audience, or leave aud out'):
            Signer(secret()).sign({"aud": nobody})


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_times_as_aware_datetimes(name: str) -> None:
    """exp, nbf and iat take aware datetimes of any zone, cut to whole seconds."""
    for zone in (dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30)), dt.timezone(dt.timedelta(hours=-11))):
        value = claims_of(Signer(secret()).sign({name: UTC_NOW.astimezone(zone)}))[name]
        assert (NOW, int) == (value, type(value))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_naive_datetime(name: str) -> None:
    """A datetime without a zone is refused with the call that gives it one."""
    with pytest.raises(errors.PolicyError, match=rf"{name}.*without a time zone.*datetime\.now\(UTC\)"):
        Signer(secret()).sign({name: dt.datetime(2030, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize("value", [dt.datetime(1969, 1, 1, tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)])
def test_a_datetime_out_of_range(value: dt.datetime) -> None:
    """A datetime before 1970 is refused; the last second of 9999 is not."""
    if value.year > 1970:
        assert LAST == claims_of(Signer(secret()).sign({"exp": value}))["exp"]
    else:
        assert "invalid_policy" == refusal(Signer(secret()).sign, {"exp": value})


class Plain(enum.Enum):
    """An Enum that is no str and no int."""

    A = "a"


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (uuid.uuid4(), r"UUID is not a JSON value; write str\(value\)"),
        (UTC_NOW, r"datetime is not a JSON value; write value\.timestamp\(\), or value\.isoformat\(\)"),
        (dt.date(2030, 1, 1), r"write value\.isoformat\(\)"),
        (dt.timedelta(1), r"write value\.total_seconds\(\)"),
        (decimal.Decimal(1), r"write str\(value\), or float\(value\)"),
        (b"x", "write text"),
        (bytearray(b"x"), "write text"),
        (memoryview(b"x"), "write text"),
        ({1}, r"write sorted\(value\)"),
        (frozenset({1}), r"write sorted\(value\)"),
        (Plain.A, r"Plain is not a JSON value; write value\.value"),
        (ipaddress.ip_address("::1"), r"write str\(value\)"),
        (pathlib.PurePosixPath("/"), r"write str\(value\)"),
        (1j, "write str, int, float, bool, None, list, tuple or dict"),
        (range(3), "write str, int, float, bool, None, list, tuple or dict"),
    ],
)
def test_what_to_write_for_what_json_does_not_have(value: object, advice: str) -> None:
    """A value of another type is TypeError that names the member and says what to write."""
    for given in ({"when": value}, {"a": {"when": [1, value]}}):
        with pytest.raises(TypeError, match=f'member "when": .*{advice}') as caught:
            Signer(secret()).sign(given)
        assert "UTC" not in str(caught.value)
    with pytest.raises(TypeError, match=f'member "x": .*{advice}'):
        jws.sign(b"", secret(), headers={"x": value})


class Level(int, enum.Enum):
    """Its str is the member's name."""

    LOW = 5
    HIGH = 2**70


class Liar(int):
    """Says something else in every conversion."""

    def __str__(self) -> str:
        return "6"

    __repr__ = __str__

    def __index__(self) -> int:
        return 7

    __int__ = __index__

    def __float__(self) -> float:
        return 8.0


class Real(float):
    """Says something else in every conversion."""

    def __repr__(self) -> str:
        return "9"

    __str__ = __repr__

    def __float__(self) -> float:
        return 9.0


class Colour(str, enum.Enum):  # noqa: UP042
    """Its str is the member's name."""

    RED = "red"


def test_numbers_of_other_classes_are_their_values() -> None:
    """An int, float or str subclass is signed by its value, in claims and in headers, never by what it says of itself."""
    given = {
        "a": Level.LOW,
        "b": Level.HIGH,
        "c": Liar(1),
        "d": Liar(-(2**70)),
        "e": Real(2.5),
        "f": Colour.RED,
        "exp": Liar(LAST),
        "sub": Colour.RED,
    }
    expected = {"a": 5, "b": 2**70, "c": 1, "d": -(2**70), "e": 2.5, "f": "red", "exp": LAST, "sub": "red"}
    assert {**expected, "iat": NOW} == claims_of(Signer(secret()).sign(given, now=NOW))
    header = jws.verify(jws.sign(b"", secret(), headers={"x": given}), secret()).header
    assert expected == header["x"]
    assert 5 == jws.verify(Signer(secret(), headers={"x": Level.LOW}).sign({}), secret()).header["x"]


class Name(str):
    """A name that is found under no other name."""

    __slots__ = ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def test_names_with_a_hash_of_their_own() -> None:
    """A claim whose name hashes in its own way is one member, beside none that the signer adds."""
    signer = Signer(secret(), issuer=ISSUER, expires_in=5)
    token = signer.sign({Name("iss"): ISSUER, Name("exp"): NOW + 9, Name("iat"): NOW - 9, Name("a"): 1}, now=NOW)
    assert {"iss": ISSUER, "exp": NOW + 9, "iat": NOW - 9, "a": 1} == claims_of(token)
    assert "invalid_policy" == refusal(signer.sign, {Name("iss"): "https://evil.example"})


@pytest.mark.parametrize(
    "given",
    [
        {Name("a"): 1, "a": 2},
        {Name("a"): 1, Name("a"): 2},
        {"x": [{Name("a"): 1, "a": 2}]},
        {Name("sub"): "a", "sub": "a"},
        {Name("exp"): NOW, Name("exp"): NOW},
    ],
)
def test_names_that_would_stand_twice(given: dict[str, Any]) -> None:
    """Two names of the same letters are refused: a token never has a member twice."""
    assert "invalid_policy" == refusal(Signer(secret()).sign, given)
    assert "invalid_policy" == refusal(
        jws.sign, b"", secret(), headers={"h": 1, **{Name(n): v for n, v in given.items()}, "h2": given}
    )
    assert "invalid_policy" == refusal(Signer, secret(), headers={"x": {Name("a"): 1, "a": 2}})
    assert "invalid_policy" == refusal(Signer, secret(), headers={Name("a"): 1, "a": 2})


@pytest.mark.parametrize("headers", [{"x5c": 5}, {"jwk": "x"}, {"x": [[[[[[[[1]]]]]]]]}, {"x": "a" * 5000}])
def test_headers_that_every_verifier_would_refuse(headers: dict[str, Any]) -> None:
    """A header of the wrong type, too deep or too large is PolicyError in the signer and in one call."""
    assert "invalid_policy" == refusal(Signer, secret(), headers=headers)
    assert "invalid_policy" == refusal(Signer(secret()).sign, {}, headers=headers)


def test_claims_that_the_signer_makes_too_many() -> None:
    """A token has at most 1,024 claims, those of the signer included."""
    signer = Signer(secret(), issuer=ISSUER, expires_in=5)
    verifier(secret()).verify(signer.sign({str(count): 1 for count in range(1021)}, now=NOW), now=NOW)
    assert "invalid_policy" == refusal(signer.sign, {str(count): 1 for count in range(1022)})


def test_claims_that_hold_themselves() -> None:
    """A claim that contains itself is ValueError with a sentence."""
    ring: dict[str, Any] = {}
    ring["a"] = ring
    for given in (ring, {"x": [ring]}):
        with pytest.raises(ValueError, match="nested at most 32 levels"):
            Signer(secret()).sign(given)


def test_dicts_of_other_classes() -> None:
    """Subclasses of dict are read by what they hold; a method that they replace is not called."""

    class Loud(dict):
        def items(self) -> Any:
            raise AssertionError

        __iter__ = keys = __len__ = __contains__ = __getitem__ = get = items

    assert {"a": 1, "b": {"c": 2}, "iat": NOW} == claims_of(Signer(secret()).sign(Loud(a=1, b=Loud(c=2)), now=NOW))
    ordered = collections.OrderedDict(a=1, b=2)
    assert {"a": 1, "b": 2, "iat": NOW} == claims_of(Signer(secret()).sign(ordered, now=NOW))
    default = collections.defaultdict(list, a=[1])
    assert {"a": [1], "iat": NOW} == claims_of(Signer(secret()).sign(default, now=NOW))
    assert ["a"] == list(default)


class Hostile(dt.tzinfo):
    """A time zone that runs code when it is asked."""

    def __init__(self, code: Callable[[], object]) -> None:
        self.code = code

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        """UTC, after the code has run."""
        self.code()
        return dt.timedelta(0)


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update(x=1),
        lambda claims: claims.pop("a", None),
        lambda claims: claims.clear(),
        lambda claims: claims.update({str(count): 1 for count in range(1000)}),
        lambda claims: (claims.clear(), claims.update(x=1, y=2)),
        lambda claims: (claims.clear(), claims.update(x=1, y=2, a=3, z=4)),
        lambda claims: (claims.pop("a", None), claims.update(a=1)),
    ],
)
def test_claims_that_change_while_they_are_signed(change: Callable[[dict], object]) -> None:
    """Claims that code of the caller's changes meanwhile are RuntimeError, or a token without a member twice; no panic."""
    claims: dict[str, Any] = {}
    moment = dt.datetime(2030, 1, 1, tzinfo=Hostile(lambda: change(claims)))
    for order in (("a", "exp"), ("exp", "a"), ("b", "exp", "a"), ("a", "exp", "b", "c")):
        claims.clear()
        claims.update({name: moment if name == "exp" else {"n": 1} for name in order})
        try:
            token = Signer(secret()).sign(claims, now=NOW)
        except (RuntimeError, errors.PolicyError):
            continue
        assert NOW == claims_of(token)["iat"]


def test_claims_that_a_finalizer_changes() -> None:
    """A collection during the signature may change the claims: RuntimeError at most."""
    claims: dict[str, Any] = {"big": 2**200, "a": 1}

    def change(phase: str, _: dict[str, int]) -> None:
        claims[f"{phase}{len(claims)}"] = 2**200

    threshold = gc.get_threshold()
    gc.callbacks.append(change)
    gc.set_threshold(1)
    try:
        for _ in range(50):
            with contextlib.suppress(RuntimeError, errors.PolicyError):
                claims_of(Signer(secret()).sign(claims, now=NOW))
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(change)
    # Collections did run meanwhile.
    assert len(claims) > 2


def test_claims_that_another_thread_changes() -> None:
    """Claims that a thread changes all the time are signed whole, or RuntimeError."""
    claims: dict[str, Any] = {str(count): count for count in range(50)}
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            claims["x"] = {"y": 1}
            claims.pop("x")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            try:
                token = Signer(secret()).sign({**dict.fromkeys("ab", claims)}, now=NOW)
            except RuntimeError:
                continue
            assert 50 <= len(claims_of(token)["a"]) <= 51
    finally:
        over.set()
        thread.join()
