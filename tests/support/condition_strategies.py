"""What Hypothesis draws conditions from, and tables that are almost conditions.

Names and values are few, so that conditions meet their claims and often hold.
"""

import datetime as dt
import math
from typing import Any

from hypothesis import strategies as st

import strategies
from judge import NOW

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


def several(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Trees of which all or any must hold."""
    members = st.lists(inner, min_size=1, max_size=4)
    return st.builds(lambda name, members: {name: members}, st.sampled_from(["all", "any"]), members)


positive_trees = st.recursive(leaves, several, max_leaves=12)
trees = st.recursive(
    leaves,
    lambda inner: several(inner) | st.builds(lambda member: {"not": member}, inner),
    max_leaves=12,
)

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
