"""`Policy` as a value: its normal form, that nothing changes it, and that it reaches other processes whole.

What it refuses and what it judges is in `test_policy.py`.
"""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import pytest

from jwseal import ClaimMismatch, SecretKey, Signer, Verifier
from jwseal.errors import PolicyError
from jwseal.policy import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy

ISSUER = "https://id.example"
FULL: dict[str, Any] = {
    "issuer": [ISSUER, "https://id2.example"],
    "audience": "api",
    "subject": {"alice", "bob"},
    "typ": "at+jwt",
    "expiry": UNCHECKED,
    "required": ["jti"],
    "leeway": 30,
    "max_age": 3600,
    "max_lifetime": timedelta(hours=2),
    "claims": {"tenant": "x", "level": frozenset({1, 2}), "ok": True, "none": None},
}


SECRET = SecretKey.generate("HS256")


def token(claims: dict[str, Any], typ: str = "JWT") -> str:
    """A token of these claims that `policy` accepts for a minute."""
    return Signer(SECRET, typ=typ, expires_in=60).sign({"iss": ISSUER, "aud": "api", **claims})


def policy(**changes: Any) -> Policy:
    """A small policy with some arguments changed."""
    return Policy(**{"issuer": ISSUER, "audience": "api", **changes})


def test_defaults() -> None:
    """What is not said is the strict default, in normal form."""
    made = policy()
    assert (frozenset({ISSUER}), frozenset({"api"})) == (made.issuer, made.audience)
    assert UNCHECKED is made.subject
    assert DEFAULT_TYP is made.typ
    assert REQUIRED is made.expiry
    assert (frozenset(), 0.0, None, None, {}) == (
        made.required,
        made.leeway,
        made.max_age,
        made.max_lifetime,
        made.claims,
    )


class Level(int, Enum):
    """What prints as a name and is a number."""

    HIGH = 3


class Kind(str, Enum):  # noqa: UP042  # not StrEnum, whose members print as their value
    """What prints as a name and is a text."""

    BANK = "bank"


class Shown(int):
    """Another number than it prints, and than it says it converts to."""

    __slots__ = ()

    def __str__(self) -> str:
        return "7"

    __repr__ = __str__

    def __int__(self) -> int:
        return 7

    __index__ = __int__

    def __float__(self) -> float:
        return 7.0


class Spelled(str):
    """Another text than it prints, and with a hash and equality of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("literal", "value", "wrong"),
    [
        (Level.HIGH, 3, "Level.HIGH"),
        (Shown(3), 3, 7),
        (frozenset({Shown(3)}), 3, 7),
        (Kind.BANK, "bank", "Kind.BANK"),
        (Spelled("bank"), "bank", "other"),
        (HTTPStatus.OK, 200, "HTTPStatus.OK"),
        (Shown(10**30), 10**30, 7),
    ],
)
def test_a_literal_of_a_subclass_is_its_value(literal: Any, value: Any, wrong: Any) -> None:
    """A member of an Enum, or of another subclass of int or str, expects its value and not what it prints."""
    made = policy(claims={"x": literal})
    plain = policy(claims={"x": value})
    assert (made, hash(made), repr(made)) == (plain, hash(plain), repr(plain))
    assert [type(value)] == [type(one) for one in made.claims["x"]]
    judge = Verifier(SECRET, made)
    assert value == judge.verify(token({"x": value}))["x"]
    with pytest.raises(ClaimMismatch):
        judge.verify(token({"x": wrong}))


def test_names_of_a_subclass_are_their_text() -> None:
    """Issuers, audiences, typ and claim names may be members of an Enum; policies hold plain text."""
    text = {"issuer": "bank", "audience": "bank", "subject": "bank", "typ": "bank", "required": ["bank"]}
    for made_by in (Kind, Spelled):
        given: dict[str, Any] = {name: made_by("bank") for name in text}
        made = Policy(**{**given, "required": [given["required"]], "claims": {made_by("bank"): True}})
        assert Policy(**text, claims={"bank": True}) == made
        assert {str} == {type(name) for name in (*made.issuer, *made.typ, *made.required, *made.claims)}
        signed = {"iss": made_by("bank"), "aud": "bank", "sub": "bank", "bank": True}
        assert "bank" == Verifier(SECRET, made).verify(token(signed, typ="bank"))["iss"]


def test_times_of_a_subclass_are_their_value() -> None:
    """Leeway, ages and `now` may be members of an Enum."""
    made = policy(leeway=Shown(3), max_age=Level.HIGH, max_lifetime=Shown(3))
    assert (3.0, 3.0, 3.0) == (made.leeway, made.max_age, made.max_lifetime)
    signed = Signer(SECRET, issuer=ISSUER, expires_in=Shown(3)).sign({"aud": "api"}, now=Shown(1_000))
    verified = Verifier(SECRET, made).verify(signed, now=Shown(1_000))
    assert (1_000, 1_003) == (verified["iat"], verified["exp"])
    exact = Signer(SECRET, issuer=ISSUER).sign({"aud": "api", "exp": Shown(1_003)}, now=1_000)
    assert 1_003 == Verifier(SECRET, made).verify(exact, now=1_000)["exp"]


def test_normal_form() -> None:
    """Collections become frozensets and spans float seconds."""
    made = Policy(**FULL)
    assert frozenset(FULL["issuer"]) == made.issuer
    assert frozenset({"alice", "bob"}) == made.subject
    assert frozenset({"at+jwt"}) == made.typ
    assert frozenset({"jti"}) == made.required
    assert (30.0, 3600.0, 7200.0) == (made.leeway, made.max_age, made.max_lifetime)
    assert {float} == {type(made.leeway), type(made.max_age), type(made.max_lifetime)}
    assert {"tenant": {"x"}, "level": {1, 2}, "ok": {True}, "none": {None}} == made.claims
    assert {frozenset} == {type(literals) for literals in made.claims.values()}


@pytest.mark.parametrize("name", ["issuer", "audience", "subject", "typ", "required"])
def test_collections_of_str(name: str) -> None:
    """A list, tuple, set and frozenset of str say the same."""
    assert 1 == len({policy(**{name: kind(["x", "y"])}) for kind in (list, tuple, set, frozenset)})


def test_bounds_are_inclusive() -> None:
    """600 seconds of leeway are allowed, in either spelling, and so is the smallest span."""
    assert policy(leeway=600) == policy(leeway=timedelta(minutes=10))
    assert 0.5 == policy(max_age=0.5).max_age


def test_spans_too_long_for_a_float() -> None:
    """An absurd integer is refused like infinity, not with an OverflowError."""
    for name in ("leeway", "max_age", "max_lifetime"):
        with pytest.raises(PolicyError, match=name):
            policy(**{name: 10**400})


def test_claims_take_any_mapping() -> None:
    """A read-only mapping, such as another policy's, is as good as a dict."""
    made = policy(claims=MappingProxyType({"tenant": "x"}))
    assert made == policy(claims=made.claims)


def test_the_caller_keeps_no_hold() -> None:
    """Changing what was handed over changes nothing, and what is handed out cannot be changed."""
    audience, claims = ["api"], {"tenant": "x"}
    made = policy(audience=audience, claims=claims)
    audience.append("other")
    claims["tenant"] = "y"
    assert policy(claims={"tenant": "x"}) == made
    with pytest.raises(TypeError):
        made.claims["tenant"] = frozenset({"y"})  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: setattr(made, "leeway", 5),
        lambda made: setattr(made, "novel", 5),
        lambda made: delattr(made, "issuer"),
    ],
)
def test_immutable(change: Callable[[Policy], None]) -> None:
    """Attributes can be neither set, nor added, nor removed."""
    made = policy()
    with pytest.raises(AttributeError, match="immutable"):
        change(made)
    assert policy() == made


def test_final() -> None:
    """A subclass could override what the core has compiled, so there are none."""
    with pytest.raises(TypeError, match="final"):
        type("Loose", (Policy,), {})


def test_equality_tells_json_types_apart() -> None:
    """1, 1.0 and true are equal in Python and different in JSON."""
    assert 3 == len({policy(claims={"x": 1}), policy(claims={"x": 1.0}), policy(claims={"x": True})})


def test_repr_evaluates_to_an_equal_policy() -> None:
    """The repr of a policy with every argument reads as its declaration."""
    made = Policy(**FULL)
    assert made == eval(repr(made))


def test_repr_is_bounded() -> None:
    """A policy, or a verifier, of ten thousand audiences prints a line and says how many more there are."""
    made = policy(audience=[f"https://{number}.example" for number in range(10_000)])
    for shown in (repr(made), repr(Verifier(SECRET, made))):
        assert len(shown) < 500
        assert "... and 9992 more}" in shown


def test_pickling_into_another_process() -> None:
    """A spawned process gets an equal policy, with the markers its own."""
    program = (
        "import pickle, sys; from jwseal.policy import *; made = pickle.load(sys.stdin.buffer);"
        "assert made.subject is UNCHECKED and made.typ is DEFAULT_TYP; print(made)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(policy(leeway=1)), capture_output=True, check=True
    )
    assert repr(policy(leeway=1)) == done.stdout.decode().strip()


@pytest.mark.parametrize("marker", [UNCHECKED, REQUIRED, DEFAULT_TYP], ids=repr)
def test_markers_are_one_of_a_kind(marker: object) -> None:
    """A marker survives pickling and copying as itself, and is spelled as it is imported."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert marker is pickle.loads(pickle.dumps(marker, protocol))
    assert marker is copy.copy(marker)
    assert marker is copy.deepcopy(marker)
    assert repr(marker) in {"UNCHECKED", "REQUIRED", "DEFAULT_TYP"}
