"""Conditions as they are declared: what is refused, with which place, and what a condition is as a value."""

import copy
import pickle
from enum import Enum
from typing import Any

import pytest

from judge import NOW, hs256, refusal, secret, verifier
from jwseal import (
    UNCHECKED,
    Condition,
    ConditionNotMet,
    Policy,
    PolicyError,
    _native,
    all_of,
    any_of,
    claim,
    header,
    not_,
)

x = claim("x")


def made(table: Any) -> Condition:
    """The condition of a configuration's table."""
    return _native._condition(table, "")


LEAF: dict[str, Any] = {"claim": "x", "exists": True}


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({}, ()),
        ({"all": []}, ("all",)),
        ({"any": []}, ("any",)),
        ({"all": LEAF}, ("all",)),
        ({"all": [LEAF], "any": [LEAF]}, ("all",)),
        ({"not": LEAF, "claim": "x"}, ("not",)),
        ({"not": [LEAF]}, ("not",)),
        ({"all": [LEAF, {"any": [LEAF, "text"]}]}, ("all", 1, "any", 1)),
        ({"all": [LEAF, 5]}, ("all", 1)),
        ({"claim": "x"}, ()),
        ({"exists": True}, ()),
        ({"claim": "x", "header": "x", "exists": True}, ("header",)),
        ({"claim": "x", "is": 1}, ("is",)),
        ({"claim": "x", "greater": 1, "less": 5}, ("less",)),
        ({"claim": 5, "exists": True}, ("claim",)),
        ({"header": "", "exists": True}, ("header",)),
        ({"header": 5, "exists": True}, ("header",)),
        ({"claim": "x", "exists": 1}, ("exists",)),
        ({"claim": "x", "exists": "true"}, ("exists",)),
        ({"claim": "x", "equals": []}, ("equals",)),
        ({"claim": "x", "equals": {"a": 1}}, ("equals",)),
        ({"claim": "x", "one_of": []}, ("one_of",)),
        ({"claim": "x", "one_of": "a"}, ("one_of",)),
        ({"claim": "x", "one_of": ["a", []]}, ("one_of", 1)),
        ({"claim": "x", "contains": ["a"]}, ("contains",)),
        ({"claim": "x", "contains_any": "a"}, ("contains_any",)),
        ({"claim": "x", "contains_all": []}, ("contains_all",)),
        ({"claim": "x", "contains": "a", "split": ","}, ("contains",)),
        ({"claim": "x", "contains": "a", "split": 5}, ("contains",)),
        ({"claim": "x", "equals": "a", "split": " "}, ("split",)),
        ({"claim": "x", "equals": "a", "order": ["a"]}, ("order",)),
        ({"claim": "x", "starts_with": 5}, ("starts_with",)),
        ({"claim": "x", "ends_with": None}, ("ends_with",)),
        ({"claim": "x", "glob": r"a\b"}, ("glob",)),
        ({"claim": "x", "glob": "a\\"}, ("glob",)),
        ({"claim": "x", "glob": "?" * 65}, ("glob",)),
        ({"claim": "x", "glob": "a" * 5000}, ("glob",)),
        ({"claim": "x", "less": "5"}, ("less",)),
        ({"claim": "x", "at_least": True}, ("at_least",)),
        ({"claim": "x", "before": 5}, ("before",)),
        ({"claim": "x", "before": "tomorrow"}, ("before",)),
        ({"claim": "x", "after": "now-5"}, ("after",)),
        ({"claim": "x", "after": "now-m"}, ("after",)),
        ({"claim": "x", "after": "now -5m"}, ("after",)),
        ({"claim": "x", "after": "now-1.5h"}, ("after",)),
        ({"claim": "x", "after": "now-99999999999s"}, ("after",)),
        ({"claim": "x", "acr_at_least": "low"}, ("acr_at_least",)),
        ({"claim": "x", "acr_at_least": "other", "order": ["low"]}, ("acr_at_least",)),
        ({"claim": "x", "acr_at_least": "low", "order": []}, ("acr_at_least",)),
        ({"claim": "x", "acr_at_least": "low", "order": ["low", "low"]}, ("acr_at_least", 1)),
        ({"claim": "x", "acr_at_least": "low", "order": ["low", ["a", 5]]}, ("acr_at_least", 1, 1)),
        ({"claim": "x", "acr_at_least": "low", "order": ["low", ""]}, ("acr_at_least", 1)),
        ({"claim": "x", "equals_request": "document"}, ("equals_request",)),
        ({"claim": "x", "covers_request": "documents"}, ("covers_request",)),
    ],
    ids=repr,
)
def test_what_cannot_be_judged_is_refused_with_its_place(table: Any, place: tuple[str | int, ...]) -> None:
    """A mistake is PolicyError; `place` leads to it, and the sentence begins with it."""
    with pytest.raises(PolicyError) as caught:
        made(table)
    assert caught.value.place == place
    assert caught.value.reason
    assert str(caught.value).endswith(caught.value.reason)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (place, caught.value.reason) == (again.place, again.reason)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "a[0]",
        "é",
        '"a',
        '"a"b',
        'a"b"',
        '"\\x"',
        '"\\ud800"',
        "a.*",
        "/~",
        "/~2",
        "/a~",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    """Other characters than letters, digits, `_` and `-` stand in a JSON string or a JSON Pointer."""
    assert "invalid_policy" == refusal(claim(path).exists)


def test_text_is_reserved() -> None:
    """A condition written as text may become an expression one day; today it is refused."""
    for table in ('"sub == 1"', {"not": "sub"}):
        with pytest.raises(PolicyError, match="reserved"):
            made(table)


@pytest.mark.parametrize(
    ("levels", "accepted"),
    [(16, True), (17, False), (40, False)],
)
def test_depth_is_bounded(levels: int, accepted: bool) -> None:
    """Conditions nest 16 levels deep."""
    table: Any = LEAF
    for _ in range(levels - 1):
        table = {"not": table}
    if accepted:
        assert made(table) == made(table)
    else:
        assert "invalid_policy" == refusal(made, table)


def test_size_is_bounded() -> None:
    """A tree has 1,024 conditions, an operator 1,024 literals, a text 4,096 bytes."""
    made({"all": [LEAF] * 1023})
    made({"claim": "x", "one_of": list(range(1024))})
    made({"claim": "x", "equals": "a" * 4096})
    for table in (
        {"all": [LEAF] * 1024},
        {"claim": "x", "one_of": list(range(1025))},
        {"claim": "x", "equals": "a" * 4097},
        {"claim": "a" * 4097, "exists": True},
        {"claim": "/a" * 33, "exists": True},
        {"claim": "x", "acr_at_least": "0", "order": [str(level) for level in range(65)]},
    ):
        with pytest.raises(PolicyError):
            made(table)


@pytest.mark.parametrize(
    "call",
    [
        lambda: claim(5),
        lambda: header(None),
        lambda: x.equals(b"a"),
        lambda: x.equals(["a"]),
        lambda: x.one_of(["a", "b"]),
        lambda: x.contains_any({"a"}),
        lambda: x.starts_with(object()),
        lambda: all_of(True),
        lambda: all_of(x),
        lambda: any_of([x.exists()]),
        lambda: not_("x"),
        lambda: all_of(x.exists() and x.equals(1)),
        lambda: x == "a",
        lambda: not x,
        lambda: Condition(),
    ],
)
def test_wrong_types(call: Any) -> None:
    """What is no literal or no condition is TypeError, `and` between conditions too."""
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        all_of,
        any_of,
        lambda: x.one_of(),
        lambda: x.equals(float("nan")),
        lambda: x.less(float("inf")),
        lambda: x.equals("\ud800"),
        lambda: x.equals(10**5000),
        lambda: claim("\ud800").exists(),
    ],
)
def test_values_that_no_token_can_have(call: Any) -> None:
    """Empty trees and values that JSON does not have are PolicyError."""
    assert "invalid_policy" == refusal(call)


CONDITIONS = {
    "claim('roles').contains('Admin')": claim("roles").contains("Admin"),
    "claim('roles').contains_all('a', 'b', split=' ')": claim("roles").contains_all("a", "b", split=" "),
    "claim('x').exists()": x.exists(),
    "claim('x').exists(False)": x.exists(False),
    "header('typ').equals('at+jwt')": header("typ").equals("at+jwt"),
    "claim('x').one_of(1, 'a', None)": x.one_of(1, "a", None),
    "claim('acr').acr_at_least('b', order=['a', ['b', 'c']])": claim("acr").acr_at_least("b", order=["a", ("b", "c")]),
    "all_of(claim('x').less(5), not_(claim('x').glob('a*')))": all_of(x.less(5), not_(x.glob("a*"))),
    "any_of(claim('x').before('now'))": any_of(x.before("now")),
}


@pytest.mark.parametrize("shown", CONDITIONS)
def test_a_condition_is_a_value(shown: str) -> None:
    """It prints as it is written, compares and hashes by what it demands, and survives copying and pickling."""
    condition = CONDITIONS[shown]
    assert shown == repr(condition)
    again = pickle.loads(pickle.dumps(condition))
    assert (condition, hash(condition), repr(condition)) == (again, hash(again), repr(again))
    assert condition is copy.copy(condition) is copy.deepcopy(condition)
    others = [other for other in CONDITIONS.values() if other == condition]
    assert [condition] == others
    assert condition != shown


def test_json_types_are_told_apart() -> None:
    """Conditions with 1, 1.0, true and "1" are different conditions."""
    assert 4 == len({x.equals(1), x.equals(1.0), x.equals(True), x.equals("1")})


class Role(str, Enum):  # noqa: UP042  # not StrEnum, whose members print as their value
    """A role that prints as a name and is a text."""

    ADMIN = "Admin"


def test_a_member_of_an_enum_is_its_value() -> None:
    """A condition compares with the value of an Enum's member and shows it."""
    assert claim("roles").contains("Admin") == claim("roles").contains(Role.ADMIN)
    assert "claim('roles').contains('Admin')" == repr(claim("roles").contains(Role.ADMIN))


def test_a_repr_is_bounded() -> None:
    """However much a condition holds, its repr stays short enough for a log."""
    assert len(repr(all_of(*[x.equals("a" * 4000)] * 100))) < 1_100


def test_an_operand_is_immutable() -> None:
    """An operand cannot be changed, and is final."""
    with pytest.raises(AttributeError):
        x._name = "y"
    with pytest.raises(AttributeError):
        del x._name
    with pytest.raises(TypeError):
        type("Sub", (type(x),), {})
    assert ("claim('x')", "header('x')") == (repr(x), repr(header("x")))


def test_messages_repeat_no_value() -> None:
    """Neither a mistake in a declaration nor a refused token shows what was expected or found."""
    with pytest.raises(PolicyError) as caught:
        made({"claim": "x", "acr_at_least": "sesame-1", "order": ["sesame-2"]})
    assert "sesame" not in str(caught.value)
    policy = Policy(issuer="i", audience="a", where=x.equals("sesame-3"), expiry=UNCHECKED)
    token = hs256({"iss": "i", "aud": "a", "x": "sesame-4"})
    with pytest.raises(ConditionNotMet) as refused:
        verifier(secret(), policy=policy).verify(token, now=NOW)
    assert "sesame" not in str(refused.value)
    assert "x" == refused.value.claim
