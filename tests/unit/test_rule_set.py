"""Rules: deny overrides, no match denies, errors never permit, and what would do where the authentication is too weak.

How rules are declared is in `test_rule_set_declared.py`; what their conditions say, in `test_condition.py`.
"""

import copy
from typing import Any

import pytest

from judge import LAX, NOW, hs256, refusal, secret, verifier
from jwseal import VerifiedJWT
from jwseal._native import RuleSet

ISSUERS: dict[str, Any] = {"bank": {"acr_order": ["low", ["substantial", "loa2"], "high"]}, "shop": {}}
ROLE = {"claim": "role", "equals": "signer"}
BLOCKED = {"claim": "blocked", "equals": True}


def rule(name: str, when: Any, effect: str = "allow", issuer: Any = "bank") -> dict[str, Any]:
    """A rule."""
    return {"id": name, "issuer": issuer, "effect": effect, "when": when}


def verified(claims: dict[str, Any], leeway: float = 0) -> VerifiedJWT:
    """A result with these claims, verified at NOW."""
    return verifier(secret(), policy=LAX.replace(leeway=leeway)).verify(hs256(claims), now=NOW)


def judged(rules: list[Any], claims: dict[str, Any], issuer: str = "bank", request: Any = None) -> tuple[Any, ...]:
    """What rules say about a token of these claims."""
    return RuleSet(rules, ISSUERS).decide(verified(claims), issuer, request)


RULES = [rule("sign", ROLE), rule("other", {"claim": "other", "exists": True}), rule("blocked", BLOCKED, "deny")]


@pytest.mark.parametrize(
    ("claims", "answer"),
    [
        ({"role": "signer"}, ("allowed", "sign", None)),
        ({"other": None}, ("allowed", "other", None)),
        ({"role": "signer", "other": 1}, ("allowed", "sign", None)),
        ({"role": "signer", "blocked": False}, ("allowed", "sign", None)),
        ({"role": "signer", "blocked": True}, ("rule_denied", "blocked", None)),
        ({"blocked": True}, ("rule_denied", "blocked", None)),
        ({"role": "signer", "blocked": [True]}, ("condition_error", "blocked", None)),
        ({"blocked": {}}, ("condition_error", "blocked", None)),
        ({"role": ["signer"]}, ("no_rule_matched", None, None)),
        ({"role": "reader"}, ("no_rule_matched", None, None)),
        ({}, ("no_rule_matched", None, None)),
    ],
)
def test_deny_overrides_and_no_match_denies(claims: dict[str, Any], answer: tuple[Any, ...]) -> None:
    """A deny rule that matches or cannot be told decides, then the first allow rule that matches; an error permits nothing."""
    assert judged(RULES, claims) == answer
    assert judged(RULES[::-1], claims)[0] == answer[0]


def test_an_error_does_not_hide_an_allow_rule() -> None:
    """An allow rule with an error is one that does not match; the next is asked."""
    rules = [rule("a", {"claim": "role", "at_least": 5}), rule("b", ROLE)]
    assert judged(rules, {"role": "signer"}) == ("allowed", "b", None)


def test_no_rules_permit_nothing() -> None:
    """An empty list of rules denies, and so do rules for other issuers alone."""
    assert judged([], {"role": "signer"}) == ("no_rule_matched", None, None)
    assert judged([rule("sign", ROLE, issuer="shop")], {"role": "signer"}) == ("no_rule_matched", None, None)


def test_a_rule_is_for_its_issuers() -> None:
    """A rule of one issuer says nothing about another's tokens, a deny rule neither."""
    rules = [rule("sign", ROLE, issuer=["bank", "shop"]), rule("blocked", BLOCKED, "deny", "shop")]
    claims = {"role": "signer", "blocked": True}
    assert judged(rules, claims, "bank") == ("allowed", "sign", None)
    assert judged(rules, claims, "shop") == ("rule_denied", "blocked", None)
    assert refusal(judged, rules, claims, "other") == "invalid_policy"


HIGH = {"claim": "acr", "acr_at_least": "substantial"}
MFA = {"claim": "amr", "contains_any": ["otp", "hwk"]}
FRESH = {"claim": "auth_time", "after": "now-5m"}
STRONG = {"all": [ROLE, HIGH, MFA, FRESH]}
GOOD = {"role": "signer", "acr": "high", "amr": ["pwd", "otp"], "auth_time": NOW - 10}
ANY_ACR = ("substantial", "high")


@pytest.mark.parametrize(
    ("changes", "step_up"),
    [
        ({"acr": "low"}, (ANY_ACR, None)),
        ({"acr": ...}, (ANY_ACR, None)),
        ({"acr": "unknown"}, (ANY_ACR, None)),
        ({"acr": 5}, (ANY_ACR, None)),
        ({"amr": ["pwd"]}, ((), None)),
        ({"amr": ...}, ((), None)),
        ({"amr": "otp"}, ((), None)),
        ({"auth_time": NOW - 301}, ((), 300)),
        ({"auth_time": ...}, ((), 300)),
        ({"acr": "low", "auth_time": NOW - 301}, (ANY_ACR, 300)),
        ({"acr": ..., "amr": ..., "auth_time": ...}, (ANY_ACR, 300)),
    ],
)
def test_too_weak_an_authentication_is_answered_with_what_would_do(changes: dict[str, Any], step_up: Any) -> None:
    """Where an allow rule fails only by acr, amr or auth_time, the answer names the values and the age (RFC 9470)."""
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    assert judged([rule("sign", STRONG)], GOOD) == ("allowed", "sign", None)
    assert judged([rule("sign", STRONG)], claims) == ("insufficient_authentication", "sign", step_up)


@pytest.mark.parametrize(
    "changes", [{"role": "reader"}, {"role": "reader", "acr": "low"}, {"role": ["signer"], "acr": "low"}]
)
def test_no_authentication_makes_up_for_something_else(changes: dict[str, Any]) -> None:
    """Who lacks something else is not sent to authenticate."""
    assert judged([rule("sign", STRONG)], {**GOOD, **changes}) == ("no_rule_matched", None, None)


def test_a_weak_authentication_does_not_override_deny_or_allow() -> None:
    """A deny rule comes first, and so does another allow rule that matches."""
    weak = {**GOOD, "acr": "low", "blocked": True}
    assert judged([rule("sign", STRONG), rule("blocked", BLOCKED, "deny")], weak)[0] == "rule_denied"
    assert judged([rule("sign", STRONG), rule("read", ROLE)], weak) == ("allowed", "read", None)
    assert judged([rule("never", HIGH, "deny")], {"acr": "low"})[0] == "no_rule_matched"


@pytest.mark.parametrize(
    ("when", "claims", "step_up"),
    [
        ({"claim": "acr", "equals": "gold"}, {}, (("gold",), None)),
        ({"claim": "acr", "one_of": ["silver", "gold"]}, {"acr": "bronze"}, (("silver", "gold"), None)),
        ({"all": [HIGH, {"claim": "acr", "one_of": ["high", "other"]}]}, {}, (("high",), None)),
        ({"all": [FRESH, {"claim": "auth_time", "after": "now-1m"}]}, {"auth_time": NOW - 400}, ((), 60)),
        ({"any": [{"all": [HIGH, ROLE]}, FRESH]}, {"acr": "low"}, ((), 300)),
        ({"any": [{"all": [HIGH, ROLE]}, FRESH]}, {"acr": "low", "role": "signer"}, (ANY_ACR, None)),
        ({"all": [{"any": [ROLE, FRESH]}, HIGH]}, {"role": "signer"}, (ANY_ACR, None)),
        ({"not": HIGH}, {"acr": "high"}, None),
        ({"all": [HIGH, {"not": {"claim": "amr", "contains": "pwd"}}]}, {"acr": "low", "amr": ["pwd"]}, None),
        ({"claim": "acr", "not_equals": "low"}, {"acr": "low"}, None),
        ({"claim": "auth_time", "before": "now-5m"}, {"auth_time": NOW}, None),
        ({"claim": "a.acr", "equals": "gold"}, {}, None),
        ({"all": [{"claim": "acr", "equals": "a"}, {"claim": "acr", "equals": "b"}]}, {"acr": "c"}, None),
    ],
)
def test_what_would_do(when: Any, claims: dict[str, Any], step_up: Any) -> None:
    """All demands of a rule are met together, the first way of several; there is no way to ask for less."""
    expected = ("no_rule_matched", None, None) if step_up is None else ("insufficient_authentication", "r", step_up)
    assert judged([rule("r", when)], claims) == expected


@pytest.mark.parametrize(
    ("claim", "value", "matches"),
    [
        ("42", 42, True),
        ("42", "42", True),
        ("42", 42.0, False),
        ("42.0", 42.0, True),
        ("1.0E10", 1e10, True),
        ("1.5E-5", 1.5e-5, True),
        ("0.001", 0.001, True),
        ("true", True, True),
        ("True", True, False),
        ("admin", ["user", "admin"], True),
        ("42", [42], False),
        ("true", [True], False),
        ("admin", "user admin", False),
        ("null", None, False),
        ("{}", {}, False),
        ("[]", [], False),
    ],
)
def test_the_comparison_of_signserver(claim: str, value: Any, matches: bool) -> None:
    """With `compat = "signserver"` a claim is compared by its string form, an array by its strings."""
    rules = RuleSet([rule("r", {"claim": "x", "equals": claim}, issuer="old")], {"old": {"compat": "signserver"}})
    expected = ("allowed", "r", None) if matches else ("no_rule_matched", None, None)
    assert rules.decide(verified({"x": value}), "old") == expected


def test_coercion_is_the_issuers_own() -> None:
    """One issuer's comparison does not reach another's tokens, in one rule either."""
    both = RuleSet(
        [rule("r", {"claim": "x", "equals": "42"}, issuer=["old", "new"])], {"old": {"compat": "signserver"}, "new": {}}
    )
    assert both.decide(verified({"x": 42}), "old")[0] == "allowed"
    assert both.decide(verified({"x": 42}), "new")[0] == "no_rule_matched"


def test_the_order_of_levels_is_the_issuers_own() -> None:
    """One rule for two issuers compares each one's `acr` in its own order."""
    rules = RuleSet(
        [rule("r", {"claim": "acr", "acr_at_least": "b"}, issuer=["up", "down"])],
        {"up": {"acr_order": ["a", "b", "c"]}, "down": {"acr_order": ["c", "b", "a"]}},
    )
    found = [rules.decide(verified({"acr": acr}), issuer)[0] for issuer in ("up", "down") for acr in "abc"]
    weak = "insufficient_authentication"
    assert found == [weak, "allowed", "allowed", "allowed", "allowed", weak]


EXPLAINED = {
    "all": [ROLE, {"any": [{"claim": "level", "at_least": 3}, {"header": "cty", "exists": True}]}, {"not": BLOCKED}]
}


def test_explain() -> None:
    """Every condition of every rule has its outcome, those that decide nothing too."""
    rules = RuleSet([rule("blocked", BLOCKED, "deny"), rule("sign", EXPLAINED)], ISSUERS)
    token = verified({"role": "signer", "level": "3"})
    role = {"claim": "role", "operator": "equals", "reason": None, "outcome": "true"}
    level = {"claim": "level", "operator": "at_least", "reason": "wrong type", "outcome": "error"}
    cty = {"header": "cty", "operator": "exists", "reason": "absent", "outcome": "false"}
    blocked = {"claim": "blocked", "operator": "equals", "reason": "absent", "outcome": "false"}
    explained = {
        "all": [role, {"any": [level, cty], "outcome": "error"}, {"not": blocked, "outcome": "true"}],
        "outcome": "error",
    }
    assert rules.explain(token, "bank") == [
        {"rule": "blocked", "effect": "deny", "outcome": "false", "when": blocked},
        {"rule": "sign", "effect": "allow", "outcome": "error", "when": explained},
    ]
    assert rules.explain(token, "shop") == []


def test_explain_shows_values_only_when_asked() -> None:
    """Values of claims are another's data: they are shown where the caller wants them."""
    rules = RuleSet([rule("sign", {"any": [ROLE, HIGH]})], ISSUERS)
    token = verified({"role": ["sesame"], "acr": "sesame"})
    assert "sesame" not in repr(rules.explain(token, "bank"))
    role, acr = rules.explain(token, "bank", values=True)[0]["when"]["any"]
    assert (role["value"], role["reason"]) == (["sesame"], "wrong type")
    assert (acr["value"], acr["reason"]) == ("sesame", "unknown value")


def test_a_rule_set_is_immutable() -> None:
    """It has no attributes to change, its copy is itself, and its answers are the same objects each time."""
    rules = RuleSet(RULES, ISSUERS)
    assert rules is copy.copy(rules) is copy.deepcopy(rules)
    assert repr(rules) == "<RuleSet of 3 rule(s)>"
    with pytest.raises(AttributeError):
        rules.rules = []  # type: ignore[attr-defined]
    token = verified({"role": "signer"})
    assert rules.decide(token, "bank") is rules.decide(token, "bank")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("token", "bank"), {}),
        ((None, "bank"), {}),
        ((5,), {}),
        (("v", 5), {}),
        (("v", "bank", []), {}),
        (("v", "bank", "x"), {}),
    ],
)
def test_wrong_types(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Only a VerifiedJWT is judged, and a request is a dict."""
    token = verified({})
    given = [token if one == "v" else one for one in arguments]
    for call in (RuleSet(RULES, ISSUERS).decide, RuleSet(RULES, ISSUERS).explain):
        with pytest.raises(TypeError):
            call(*given, **named)


TEXTS = ["", "a", "b", "ab", "é", "a b", "editor", "x" * 300]
VALUES = [
    ...,
    None,
    True,
    0,
    1.5,
    "",
    "a",
    "é",
    "a b",
    "editor b",
    [],
    ["a"],
    ["b", "", "a", 5, None],
    ["x" * 300, ["a"]],
    {},
    {"a": 1},
]


def one_of_many(value: Any, operator: str) -> dict[str, Any]:
    """The outcome of each of many rules that demand a text of one claim, by the text."""
    rules = [rule(f"r{number}", {"claim": "c", operator: text}) for number, text in enumerate(TEXTS)]
    found = RuleSet(rules, ISSUERS).explain(verified({} if value is ... else {"c": value}), "bank")
    return {text: one["outcome"] for text, one in zip(TEXTS, found, strict=True)}


@pytest.mark.parametrize("operator", ["equals", "contains"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_many_rules_about_one_claim(value: Any, operator: str) -> None:
    """Rules that demand a text each of one claim, which are judged together, say what each of them says alone."""
    alone = {}
    for text in TEXTS:
        only = RuleSet([rule("only", {"claim": "c", operator: text})], ISSUERS)
        (found,) = only.explain(verified({} if value is ... else {"c": value}), "bank")
        alone[text] = found["outcome"]
    assert alone == one_of_many(value, operator)


def test_words_of_a_scope_in_many_rules() -> None:
    """Each of many rules finds its own word of `scope`, and one that splits otherwise finds nothing there."""
    rules = [rule(name, {"claim": "scope", "contains": name}) for name in "abcdefgh"]
    assert [name for name in "abcdefgh" if judged([rules[ord(name) - 97]], {"scope": "c  h"})[0] == "allowed"] == [
        "c",
        "h",
    ]
    assert ("allowed", "c", None) == judged(rules, {"scope": "c  h"})
    assert ("no_rule_matched", None, None) == judged(rules, {"scope": "ch"})
    both = [rule(f"{name}2", {"claim": "scope", "contains_all": [name]}) for name in "abcdefgh"]
    assert ("allowed", "h", None) == judged([*rules, *both], {"scope": "h"})
    assert ("allowed", "h2", None) == judged([*both, *rules], {"scope": "h"})


def test_more_rules_than_outcomes_are_kept() -> None:
    """The last of 200 rules about one claim decides as the first does."""
    rules = [rule(f"r{number}", {"claim": "role", "equals": f"role-{number}"}) for number in range(200)]
    for number in (0, 63, 64, 199):
        assert ("allowed", f"r{number}", None) == judged(rules, {"role": f"role-{number}"})
    assert ("no_rule_matched", None, None) == judged(rules, {"role": "role-200"})
