"""Conditions of every shape give the outcome that plain Python gives (`plain_condition`), errors included.

And no configuration, whatever stands in it, raises anything but PolicyError.
"""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

import plain_condition
import strategies
from condition_strategies import claims, configurations, globs, headers, positive_trees, trees
from judge import LAX, NOW, hs256, secret, verifier
from jwseal import Condition, ConditionNotMet, PolicyError, VerifiedJWT, _native, not_

LEEWAY = 30
JUDGE = verifier(secret(), policy=LAX.replace(leeway=LEEWAY))


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


@given(st.lists(trees | positive_trees, min_size=1, max_size=6), claims, headers)
def test_rules_decide_as_plain_python_judges_their_trees(whens: list[Any], members: Any, parameters: Any) -> None:
    """Of several deny rules the first decides whose tree is true or an error, whatever the rules have in common."""
    header = {**parameters, "alg": "HS256"}
    token = JUDGE.verify(hs256(members, header), now=NOW)
    world = plain_condition.World(members, header, NOW, LEEWAY)
    rules = [{"id": str(index), "issuer": "i", "effect": "deny", "when": when} for index, when in enumerate(whens)]
    outcomes = [(plain_condition.judge(when, world), str(index)) for index, when in enumerate(whens)]
    codes = {"true": "rule_denied", "error": "condition_error"}
    expected = [(codes[found], rule, None) for found, rule in outcomes if found in codes]
    decided = _native.RuleSet(rules, {"i": {}}).decide(token, "i")
    assert decided == (expected or [("no_rule_matched", None, None)])[0]


@given(globs, st.text("abé *?\\", max_size=30))
def test_a_glob_matches_what_its_regular_expression_matches(pattern: str, text: str) -> None:
    """Globs are read as regular expressions read them, whatever the order of their parts."""
    token = JUDGE.verify(hs256({"x": text}), now=NOW)
    expected = bool(plain_condition.glob(pattern).fullmatch(text))
    assert (outcome(_native._condition({"claim": "x", "glob": pattern}, ""), token) == "true") == expected


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
