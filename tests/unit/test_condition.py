"""Conditions: what each operator demands, what an absent claim and a claim of another type mean (`jwseal.condition`).

How they are declared is in `test_condition_declared.py`; where a policy and a result use them, in `test_condition_policy.py`.
"""

from typing import Any

import pytest

from judge import LAX, NOW, hs256, secret, verifier
from jwseal import Condition, ConditionNotMet, VerifiedJWT, all_of, any_of, claim, header, not_

TRUE, FALSE, ERROR = "true", "false", "error"
ORDER = ["low", ["substantial", "loa2"], "high"]


def verified(claims: dict[str, Any], head: dict[str, Any] | None = None, leeway: float = 0) -> VerifiedJWT:
    """A result with these claims, verified at NOW."""
    token = hs256(claims, {"alg": "HS256", **(head or {})})
    return verifier(secret(), policy=LAX.replace(leeway=leeway)).verify(token, now=NOW)


def outcome(condition: Condition, token: VerifiedJWT) -> str:
    """The outcome of a condition: an error is what neither it nor its contrary turns into true."""

    def holds(one: Condition) -> bool:
        try:
            assert token is token.require(where=one)
        except ConditionNotMet:
            return False
        return True

    outcomes = {TRUE: holds(condition), FALSE: holds(not_(condition))}
    assert not all(outcomes.values())
    return next((name for name, found in outcomes.items() if found), ERROR)


def of(condition: Condition, value: Any) -> str:
    """The outcome where the claim `x` has this value; `...` leaves it out."""
    return outcome(condition, verified({} if value is ... else {"x": value}))


x = claim("x")
EVERY = {
    "exists": x.exists(),
    "equals": x.equals("a"),
    "not_equals": x.not_equals("a"),
    "one_of": x.one_of("a", 1),
    "contains": x.contains("a"),
    "contains_any": x.contains_any("a", "b"),
    "contains_all": x.contains_all("a", "b"),
    "starts_with": x.starts_with("a"),
    "ends_with": x.ends_with("a"),
    "glob": x.glob("*"),
    "less": x.less(5),
    "at_most": x.at_most(5),
    "greater": x.greater(5),
    "at_least": x.at_least(5),
    "before": x.before("now"),
    "after": x.after("now-5m"),
    "acr_at_least": x.acr_at_least("low", order=ORDER),
}


@pytest.mark.parametrize("operator", EVERY)
def test_an_absent_claim_is_false(operator: str) -> None:
    """An absent claim makes every operator false, `not_equals` too."""
    assert of(EVERY[operator], ...) == FALSE


def test_exists() -> None:
    """A claim exists whatever its value, null included; `exists(False)` is true of an absent one only."""
    for value in (None, False, 0, "", [], {}):
        assert of(x.exists(), value) == TRUE
        assert of(x.exists(False), value) == FALSE
    assert of(x.exists(False), ...) == TRUE


SCALARS: list[Any] = [None, True, False, 0, 1, 1.5, "", "1", "true", "a"]


@pytest.mark.parametrize("expected", SCALARS, ids=repr)
@pytest.mark.parametrize("value", SCALARS, ids=repr)
def test_equals_compares_type_and_value(expected: Any, value: Any) -> None:
    """Literals of different JSON types are never equal: 1 is neither "1" nor true."""
    same = type(expected) is type(value) and expected == value
    assert of(x.equals(expected), value) == (TRUE if same else FALSE)
    assert of(x.not_equals(expected), value) == (FALSE if same else TRUE)
    assert of(x.one_of(expected, "other"), value) == (TRUE if same else FALSE)


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (0, -0.0), (10**20, 1e20), (2**63, 9223372036854775808.0), (-(2**63), -(2.0**63))]
)
def test_one_number_in_two_spellings(one: Any, other: Any) -> None:
    """JSON has one type of number: 1 equals 1.0."""
    assert of(x.equals(one), other) == of(x.equals(other), one) == TRUE


@pytest.mark.parametrize(("one", "other"), [(2**53 + 1, 2.0**53), (10**20 + 1, 1e20), (10**400, 1e308)])
def test_numbers_are_not_rounded(one: Any, other: Any) -> None:
    """An integer that a float cannot hold equals none."""
    assert of(x.equals(one), other) == of(x.equals(other), one) == FALSE
    assert of(x.less(one), other) == TRUE
    assert of(x.at_least(other), one) == of(x.greater(other), one) == TRUE


@pytest.mark.parametrize("value", [["a"], [], {}, {"a": 1}])
def test_equals_of_an_array_or_an_object_is_an_error(value: Any) -> None:
    """A literal cannot be compared with an array or an object; `contains` looks into arrays."""
    for condition in (x.equals("a"), x.not_equals("a"), x.one_of("a", "b")):
        assert of(condition, value) == ERROR


def test_contains() -> None:
    """An array has the element, with its JSON type."""
    assert of(x.contains("a"), ["b", "a"]) == TRUE
    assert of(x.contains("a"), ["b", "A", ["a"], {"a": "a"}]) == FALSE
    assert of(x.contains(1), [1.0]) == TRUE
    assert of(x.contains(1), ["1", True]) == FALSE
    assert of(x.contains(None), [None]) == TRUE
    for value in ("a", "a b", 1, None, True, {"a": 1}):
        assert of(x.contains("a"), value) == ERROR


def test_contains_any_and_all() -> None:
    """Of several elements one, or all."""
    assert of(x.contains_any("a", "b"), ["b", "c"]) == TRUE
    assert of(x.contains_any("a", "b"), ["c"]) == FALSE
    assert of(x.contains_all("a", "b"), ["b", "a", "c"]) == TRUE
    assert of(x.contains_all("a", "b"), ["a", "a"]) == FALSE
    assert of(x.contains_all("a"), "a") == of(x.contains_any("a"), 1) == ERROR


@pytest.mark.parametrize("name", ["scope", "scp"])
def test_scopes_are_split_at_spaces(name: str) -> None:
    """`scope` and `scp` are words separated by spaces, or an array."""
    for value in ("read write", " read  write ", ["read", "write"]):
        assert outcome(claim(name).contains("read"), verified({name: value})) == TRUE
        assert outcome(claim(name).contains_all("read", "write"), verified({name: value})) == TRUE
        assert outcome(claim(name).contains("rea"), verified({name: value})) == FALSE
        assert outcome(claim(name).contains(""), verified({name: value})) == FALSE
    assert outcome(claim(f"a.{name}").contains("read"), verified({"a": {name: "read"}})) == ERROR


def test_split_is_asked_for_elsewhere() -> None:
    """Another string is split only where the condition says so."""
    assert of(x.contains("b", split=" "), "a b") == TRUE
    assert of(x.contains_any("c", "b", split=" "), "a b") == TRUE
    assert of(x.contains_all("a", "b", split=" "), "a,b") == FALSE
    assert of(x.contains("b", split=" "), ["b"]) == TRUE
    assert of(x.contains("b", split=" "), 5) == ERROR


def test_text() -> None:
    """`starts_with` and `ends_with` compare code points, case-sensitive."""
    assert of(x.starts_with("sys:"), "sys:prod") == of(x.ends_with(":prod"), "sys:prod") == TRUE
    assert of(x.starts_with("SYS"), "sys:prod") == of(x.ends_with("sys"), "sys:prod") == FALSE
    assert of(x.starts_with("é"), "e\u0301") == FALSE
    for value in (["sys:prod"], 5, None, True, {}):
        assert of(x.starts_with("sys"), value) == of(x.ends_with("s"), value) == of(x.glob("*"), value) == ERROR


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("", [""], ["a"]),
        ("abc", ["abc"], ["", "ab", "abcd", "Abc", "xabc"]),
        ("a*", ["a", "abc"], ["", "ba"]),
        ("*c", ["c", "abc"], ["", "ca"]),
        ("a*c", ["ac", "abc", "acbc"], ["a", "c", "acb"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("*b*", ["b", "abc"], ["", "ac"]),
        ("a*b*c", ["abc", "aXbYc", "abbc"], ["acb", "ab", "ac"]),
        ("*ab*ab*", ["abab", "xabyabz"], ["ab", "aba"]),
        ("?", ["a", "é", "😀"], ["", "ab"]),
        ("a?c", ["abc", "a😀c"], ["ac", "abbc"]),
        ("*a?b*", ["aXb", "aaXbb", "aaab"], ["ab", "aXXb"]),
        ("?*?", ["ab", "abc"], ["a", ""]),
        (r"\*\?\\", ["*?\\"], ["ab\\"]),
        ("*.example", ["a.example", ".example", "a.b.example"], ["aXexample", "example"]),
        ("a*", ["a\nb", "a\0"], []),
    ],
)
def test_glob(pattern: str, matching: list[str], other: list[str]) -> None:
    """`*` is any run, `?` one code point; the whole string counts."""
    assert [of(x.glob(pattern), value) for value in matching] == [TRUE] * len(matching)
    assert [of(x.glob(pattern), value) for value in other] == [FALSE] * len(other)


def test_numbers() -> None:
    """Bounds include or exclude their own value."""
    assert [of(x.less(5), value) for value in (4, 5, 4.9)] == [TRUE, FALSE, TRUE]
    assert [of(x.at_most(5), value) for value in (5, 5.0, 6)] == [TRUE, TRUE, FALSE]
    assert [of(x.greater(5), value) for value in (5, 6, 5.1)] == [FALSE, TRUE, TRUE]
    assert [of(x.at_least(5.5), value) for value in (5, 5.5, 6)] == [FALSE, TRUE, TRUE]
    assert [of(x.greater(-(10**30)), value) for value in (-(10**30), -(10**30) - 1, 0, 1e40)] == [
        FALSE,
        FALSE,
        TRUE,
        TRUE,
    ]


@pytest.mark.parametrize("value", ["95", True, None, [95], {"x": 95}])
def test_what_is_no_number_is_an_error(value: Any) -> None:
    """A risk of "95" is not below 70: it cannot be told."""
    for condition in (x.less(70), x.at_most(70), x.greater(70), x.at_least(70)):
        assert of(condition, value) == ERROR


def test_before_and_after_are_strict() -> None:
    """A date is compared with now and a span, without leeway."""
    assert [of(x.before("now"), NOW + add) for add in (-1, 0, 1)] == [TRUE, FALSE, FALSE]
    assert [of(x.before("now+1m"), NOW + add) for add in (59, 59.5, 60)] == [TRUE, TRUE, FALSE]
    assert [of(x.before("now-1h"), NOW + add) for add in (-3601, -3600)] == [TRUE, FALSE]
    assert [of(x.after("now-5m"), NOW + add) for add in (-301, -300, -299, 0)] == [FALSE, FALSE, TRUE, TRUE]
    assert [of(x.after("now-1d"), NOW + add) for add in (-86400, -86399)] == [FALSE, TRUE]
    assert outcome(x.before("now"), verified({"x": NOW}, leeway=30)) == FALSE


def test_after_refuses_what_lies_in_the_future() -> None:
    """A date that no clock has reached is no proof of recency, beyond the leeway."""
    assert of(x.after("now-5m"), NOW + 1) == FALSE
    token = verified({"x": NOW + 30, "y": NOW + 31}, leeway=30)
    assert outcome(x.after("now-5m"), token) == TRUE
    assert outcome(claim("y").after("now-5m"), token) == FALSE


@pytest.mark.parametrize("value", ["1700000000", True, None, [1], -1, 253_402_300_800, 10**30, 1e300])
def test_what_is_no_date_is_an_error(value: Any) -> None:
    """A NumericDate is a number in the years 1970 to 9999."""
    assert of(x.before("now"), value) == of(x.after("now-5m"), value) == ERROR


def test_acr_at_least() -> None:
    """Levels are ordered and have synonyms; a value outside the order is an error."""
    condition = x.acr_at_least("substantial", order=ORDER)
    found = [of(condition, value) for value in ("low", "substantial", "loa2", "high", "Low", "other", 2, None)]
    assert found == [FALSE, TRUE, TRUE, TRUE, ERROR, ERROR, ERROR, ERROR]
    assert of(x.acr_at_least("loa2", order=ORDER), "substantial") == TRUE


def test_header() -> None:
    """A header parameter is named as it is; a claim of that name is another thing."""
    token = verified({"cty": "claim"}, {"cty": "header", "a.b": 1, "typ": "at+jwt"})
    assert outcome(header("cty").equals("header"), token) == TRUE
    assert outcome(header("a.b").equals(1), token) == TRUE
    assert outcome(header("typ").equals("at+jwt"), token) == TRUE
    assert outcome(header("none").exists(False), token) == TRUE
    assert outcome(claim("cty").equals("claim"), token) == TRUE


CLAIMS: dict[str, Any] = {
    "a": {"b": {"c": 1}, "x-y_2": 2},
    "kubernetes.io": {"namespace": "prod"},
    "https://x.example/roles": ["r"],
    'q"\\': {"": 3},
    "list": [{"n": "zero"}, [1, 2]],
    "0": "name",
    "~/": 5,
    "": {"e": 6},
    "é": 7,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b.c", 1),
        ("a.x-y_2", 2),
        ('"kubernetes.io".namespace', "prod"),
        ('"kubernetes.io"."namespace"', "prod"),
        ("/kubernetes.io/namespace", "prod"),
        (r'"q\"\\".""', 3),
        (r'"\u00e9"', 7),
        ("/list/0/n", "zero"),
        ("/list/1/1", 2),
        ("0", "name"),
        ("/0", "name"),
        ("/~0~1", 5),
        ("//e", 6),
        ('"".e', 6),
        ('/q"\\/', 3),
    ],
)
def test_a_path_leads_to_its_claim(path: str, value: Any) -> None:
    """Bare names, JSON strings and JSON Pointers reach what they name."""
    assert outcome(claim(path).equals(value), verified(CLAIMS)) == TRUE


@pytest.mark.parametrize(
    "path", ["a.b.d", "a.b.c.d", "list.0", "/list/2", "/list/00", "/list/-", "/list/01/n", "b", "A"]
)
def test_a_path_that_leads_nowhere_is_an_absent_claim(path: str) -> None:
    """Names are exact, and only a JSON Pointer's plain index looks into an array."""
    assert outcome(claim(path).exists(False), verified(CLAIMS)) == TRUE
    assert outcome(claim(path).equals(1), verified(CLAIMS)) == FALSE


BY_OUTCOME = {TRUE: claim("n").equals(1), FALSE: claim("n").equals(2), ERROR: claim("n").starts_with("1")}


@pytest.mark.parametrize("one", BY_OUTCOME)
@pytest.mark.parametrize("other", BY_OUTCOME)
def test_trees_are_three_valued(one: str, other: str) -> None:
    """A false member decides `all_of`, a true one `any_of`; else an error prevails, and `not_` keeps it."""
    token = verified({"n": 1})
    both = all_of(BY_OUTCOME[one], BY_OUTCOME[other])
    either = any_of(BY_OUTCOME[one], BY_OUTCOME[other])
    pair = {one, other}
    assert outcome(both, token) == (FALSE if FALSE in pair else ERROR if ERROR in pair else TRUE)
    assert outcome(either, token) == (TRUE if TRUE in pair else ERROR if ERROR in pair else FALSE)
    assert outcome(not_(both), token) == {TRUE: FALSE, FALSE: TRUE, ERROR: ERROR}[outcome(both, token)]
