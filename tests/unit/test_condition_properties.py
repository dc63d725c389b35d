"""Conditions of every shape give the outcome that plain Python gives (`plain_condition`), errors included.

And no configuration, whatever stands in it, raises anything but PolicyError.
"""

import datetime as dt
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

import plain_condition
import strategies
from judge import LAX, NOW, hs256, secret, verifier
from jwseal import Condition, ConditionNotMet, PolicyError, VerifiedJWT, _native, not_

LEEWAY = 30
JUDGE = verifier(secret(), policy=LAX.replace(leeway=LEEWAY))

# Few names and few values, so that conditions meet their claims.
words = st.sampled_from(["", "a", "b", "ab", "aab", "a b", "read", "1", "true", "é", "é😀", "low", "loa2", "high"])
dates = st.integers(-400, 400).map(lambda add: NOW + add) | st.sampled_from([-1, 0, 253_402_300_800])
numbers = st.sampled_from([0, 1, -1, 1.0, 0.5, -0.0, 2**53, 2.0**53, 2**53 + 1, 2**63, 2.0**63, -(2**63), 10**30, 1e30])
literals = st.none() | st.booleans() | numbers | words | dates | strategies.scalars
values = st.recursive(
    literals,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "hash", "0"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ["a", "b", "scope", "scp", "x.y", "é", "0"]
claims = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
headers = st.dictionaries(st.sampled_from(["a", "x.y"]), values, max_size=2)
paths = st.sampled_from(
    [
        "a",
        "b",
        "scope",
        "scp",
        "a.a",
        "a.b",
        "b.a.b",
        '"x.y"',
        '"\\u00e9"',
        '"a".b',
        "/a",
        "/a/0",
        "/a/1/b",
        "/b/0/0",
        "0",
        "/0",
    ]
)
globs = st.lists(st.sampled_from(["*", "?", "a", "b", "ab", "é", " ", r"\*", r"\\"]), max_size=8).map("".join)
spans = st.sampled_from(["", "-0s", "-30s", "+30s", "+31s", "-5m", "+5m", "-1h", "-1d", "+9999999999d"])
ORDER = ["low", ["substantial", "loa2"], "high", "1"]
many = st.lists(literals, min_size=1, max_size=4)

demands = (
    st.builds(lambda value: {"exists": value}, st.booleans())
    | st.builds(lambda name, value: {name: value}, st.sampled_from(["equals", "not_equals", "contains"]), literals)
    | st.builds(lambda name, value: {name: value}, st.sampled_from(["one_of", "contains_any", "contains_all"]), many)
    | st.builds(lambda value: {"contains": value, "split": " "}, literals)
    | st.builds(lambda name, value: {name: value}, st.sampled_from(["starts_with", "ends_with"]), words)
    | st.builds(lambda value: {"glob": value}, globs)
    | st.builds(
        lambda name, value: {name: value}, st.sampled_from(["less", "at_most", "greater", "at_least"]), numbers | dates
    )
    | st.builds(lambda name, span: {name: "now" + span}, st.sampled_from(["before", "after"]), spans)
    | st.builds(lambda value: {"acr_at_least": value, "order": ORDER}, st.sampled_from(["low", "loa2", "high"]))
)
leaves = st.builds(lambda path, demand: {"claim": path, **demand}, paths, demands) | st.builds(
    lambda name, demand: {"header": name, **demand}, st.sampled_from(["a", "x.y", "alg"]), demands
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda name, members: {name: members},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=4),
        )
        | st.builds(lambda member: {"not": member}, inner)
    ),
    max_leaves=12,
)


def outcome(condition: Condition, token: VerifiedJWT) -> str:
    """The outcome of a condition."""
    for name, one in (("true", condition), ("false", not_(condition))):
        try:
            token.require(where=one)
        except ConditionNotMet:
            continue
        return name
    return "error"


def policy_error(table: Any) -> PolicyError | None:
    """What compiling this table raises."""
    try:
        _native._condition(table, "")
    except PolicyError as error:
        return error
    return None


@given(trees, claims, headers)
@example({"claim": "a", "less": 2**53 + 1}, {"a": 2.0**53}, {})
@example({"claim": "scope", "contains": ""}, {"scope": " a "}, {})
def test_a_tree_is_judged_as_plain_python_judges_it(when: Any, members: Any, parameters: Any) -> None:
    """Every tree has the outcome that its definition has."""
    header = {**parameters, "alg": "HS256"}
    token = JUDGE.verify(hs256(members, header), now=NOW)
    expected = plain_condition.judge(when, plain_condition.World(members, header, NOW, LEEWAY))
    assert outcome(_native._condition(when, ""), token) == expected


@given(globs, st.text("abé *?\\", max_size=30))
def test_a_glob_matches_what_its_regular_expression_matches(pattern: str, text: str) -> None:
    """Globs are read as regular expressions read them, whatever the order of their parts."""
    token = JUDGE.verify(hs256({"x": text}), now=NOW)
    expected = bool(plain_condition.glob(pattern).fullmatch(text))
    assert (outcome(_native._condition({"claim": "x", "glob": pattern}, ""), token) == "true") == expected


# What a parser of TOML, JSON or YAML could hand over.
foreign = st.sampled_from(
    [math.nan, math.inf, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2026, 1, 1), dt.time(1), b"x", (1,), {1}]
)
atoms = literals | strategies.text | foreign
configurations = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["all", "any", "not", "claim", "header", "split", "order", "glob", "equals", "after", "one_of", "x"]
            )
            | strategies.text,
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["claim", "all", "not", "x"]), configurations)
    | trees.map(lambda when: {"all": [when, {}]})
)
def test_a_configuration_raises_policy_error_only(table: Any) -> None:
    """Whatever stands in a table, it is a condition, or PolicyError with a sentence."""
    refused = policy_error(table)
    assert refused is None or refused.reason


@given(strategies.text | st.text('ab."\\/~0[]*', max_size=12))
def test_a_path_is_read_or_refused(path: str) -> None:
    """Any text is a path or PolicyError, and a path finds nothing in a token without claims."""
    table = {"claim": path, "exists": True}
    refused = policy_error(table)
    if refused is not None:
        assert refused.place == ("claim",)
    else:
        assert outcome(_native._condition(table, ""), JUDGE.verify(hs256({}), now=NOW)) == "false"
