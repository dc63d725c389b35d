"""Rules as they are declared: what is refused, with its place, and what the lint finds."""

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condition_strategies import configurations, trees
from jwseal import PolicyError, all_of, claim
from jwseal._native import RuleSet

WHEN: dict[str, Any] = {"claim": "x", "exists": True}
GOOD: dict[str, Any] = {"id": "a", "issuer": "bank", "effect": "allow", "when": WHEN}
ISSUERS: dict[str, Any] = {"bank": {"acr_order": ["low", "high"]}, "shop": {}}


def without(name: str) -> dict[str, Any]:
    """A rule that lacks something."""
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ({}, ("rules",)),
        ("text", ("rules",)),
        (None, ("rules",)),
        ([5], ("rules", 0)),
        ([GOOD, "text"], ("rules", 1)),
        ([without("id")], ("rules", 0, "id")),
        ([without("issuer")], ("rules", 0, "issuer")),
        ([without("effect")], ("rules", 0, "effect")),
        ([without("when")], ("rules", 0, "when")),
        ([{**GOOD, "id": ""}], ("rules", 0, "id")),
        ([{**GOOD, "id": 5}], ("rules", 0, "id")),
        ([GOOD, GOOD], ("rules", 1, "id")),
        ([{**GOOD, "issuer": "other"}], ("rules", 0, "issuer")),
        ([{**GOOD, "issuer": []}], ("rules", 0, "issuer")),
        ([{**GOOD, "issuer": ["bank", "other"]}], ("rules", 0, "issuer", 1)),
        ([{**GOOD, "issuer": 5}], ("rules", 0, "issuer")),
        ([{**GOOD, "effect": "permit"}], ("rules", 0, "effect")),
        ([{**GOOD, "priority": 1}], ("rules", 0, "priority")),
        ([{**GOOD, "when": "sub == 1"}], ("rules", 0, "when")),
        ([{**GOOD, "when": {"all": [WHEN, {"claim": "x", "glob": 5}]}}], ("rules", 0, "when", "all", 1, "glob")),
        ([{**GOOD, "when": {"claim": "x", "equals": math.nan}}], ("rules", 0, "when", "equals")),
        ([{**GOOD, "when": {"claim": "x", "before": dt.date(2026, 1, 1)}}], ("rules", 0, "when", "before")),
        ([{**GOOD, "when": {"claim": "x", "one_of": ["a", b"b"]}}], ("rules", 0, "when", "one_of", 1)),
        ([{**GOOD, "when": {"claim": "acr", "acr_at_least": "other"}}], ("rules", 0, "when", "acr_at_least")),
        (
            [{**GOOD, "issuer": ["bank", "shop"], "when": {"claim": "acr", "acr_at_least": "low"}}],
            ("rules", 0, "when", "acr_at_least"),
        ),
    ],
    ids=repr,
)
def test_rules_that_are_refused(rules: Any, place: tuple[str | int, ...]) -> None:
    """A mistake is PolicyError, and `place` leads to it from what was given."""
    with pytest.raises(PolicyError) as caught:
        RuleSet(rules, ISSUERS)
    assert caught.value.place == place
    assert str(caught.value).endswith(f": {caught.value.reason}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("contain", "did you mean contains?"),
        ("startswith", "did you mean starts_with?"),
        ("at_last", "did you mean at_least?"),
        ("Equals", "did you mean equals?"),
        ("not_equal", "did you mean not_equals?"),
        ("eq", "there must be one operator of acr_at_least, after, "),
        ("regex", "there must be one operator of acr_at_least, after, "),
        ("équals", "did you mean equals?"),
        ("e" * 100_000, "there must be one operator of acr_at_least, after, "),
        ("", "there must be one operator of acr_at_least, after, "),
    ],
    ids=lambda value: value[:20],
)
def test_a_misspelt_operator(name: str, words: str) -> None:
    """An operator that is not known is named, with the one that was probably meant, or with all."""
    with pytest.raises(PolicyError) as caught:
        RuleSet([{**GOOD, "when": {"claim": "x", name: 5}}], ISSUERS)
    assert caught.value.place == ("rules", 0, "when", name)
    assert caught.value.reason is not None
    assert caught.value.reason.startswith(f"is not an operator; {words}")


@pytest.mark.parametrize(
    ("issuers", "place"),
    [
        ([], ("issuers",)),
        ({"bank": 5}, ("issuers", "bank")),
        ({"bank": {"keys": []}}, ("issuers", "bank", "keys")),
        ({"bank": {"compat": "other"}}, ("issuers", "bank", "compat")),
        ({"bank": {"acr_order": []}}, ("issuers", "bank", "acr_order")),
        ({"bank": {"acr_order": ["a", 5]}}, ("issuers", "bank", "acr_order", 1)),
        ({"a b": {"acr_order": ["a", []]}}, ("issuers", "a b", "acr_order", 1)),
    ],
    ids=repr,
)
def test_issuers_that_are_refused(issuers: Any, place: tuple[str | int, ...]) -> None:
    """What is said about an issuer is an order of levels and a mode of comparison, nothing else."""
    with pytest.raises(PolicyError) as caught:
        RuleSet([], issuers)
    assert caught.value.place == place


def test_a_place_reads_as_one_writes_it() -> None:
    """The sentence begins with the place: names with dots, indexes in brackets, other names in quotes."""
    with pytest.raises(PolicyError, match=r"^rules\[1\]\.when\.all\[0\]\.glob: must be a string$"):
        RuleSet([GOOD, {**GOOD, "id": "b", "when": {"all": [{"claim": "x", "glob": 5}]}}], ISSUERS)
    with pytest.raises(PolicyError, match=r'^issuers\."a b"\.acr_order\[1\]: '):
        RuleSet([], {"a b": {"acr_order": ["a", []]}})


def test_the_number_of_rules_is_bounded() -> None:
    """A set has 1,024 rules at most."""
    many = [{**GOOD, "id": str(index)} for index in range(1025)]
    assert RuleSet(many[:-1], ISSUERS)
    with pytest.raises(PolicyError):
        RuleSet(many, ISSUERS)


@given(configurations | st.lists(st.dictionaries(st.sampled_from(list(GOOD)), configurations | trees), max_size=3))
def test_a_configuration_raises_policy_error_only(rules: Any) -> None:
    """Whatever stands where rules or issuers are expected, it is read, or PolicyError."""
    for arguments in ((rules, ISSUERS), ([GOOD], rules), ([{**GOOD, "when": rules}], ISSUERS)):
        try:
            RuleSet(*arguments)
        except PolicyError as error:
            refused = error.place[0]
            assert refused in {"rules", "issuers"}


def advice(*rules: tuple[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """What the lint says about rules with these effects and conditions, called a, b and so on."""
    named = zip("abcdef", rules, strict=False)
    return RuleSet(
        [{"id": name, "issuer": "bank", "effect": effect, "when": when} for name, (effect, when) in named], ISSUERS
    ).lint()


def leaf(claim: str = "x", **demand: Any) -> dict[str, Any]:
    """A demand on a claim."""
    return {"claim": claim, **demand}


A, B = leaf("a", equals=1), leaf("b", equals=1)
EMAIL, VERIFIED = leaf("email", ends_with="@b.example"), leaf("email_verified", equals=True)


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        (leaf("email_verified", equals="true"), ("equals",), "true or false"),
        (leaf(one_of=["a", "false"]), ("one_of",), "true or false"),
        (leaf(not_equals="true"), ("not_equals",), "true or false"),
        (leaf(glob="*"), ("glob",), "every string"),
        (leaf(glob="**"), ("glob",), "every string"),
        (leaf(starts_with=""), ("starts_with",), "every string"),
        (leaf(ends_with=""), ("ends_with",), "every string"),
        (leaf(one_of=["a", "b", "a"]), ("one_of",), "second time"),
        (leaf(one_of=[1, 1.0]), ("one_of",), "second time"),
        (leaf(contains_any=["a", "a"]), ("contains_any",), "second time"),
        (leaf("scope", contains="read write"), ("contains",), "not a word"),
        (leaf("scope", contains=5), ("contains",), "not a word"),
        (leaf(contains="a b", split=" "), ("contains",), "not a word"),
        (leaf(after="now"), ("after",), "future"),
        (leaf(after="now+5m"), ("after",), "future"),
        (leaf("acr", acr_at_least="low"), ("acr_at_least",), "weakest"),
        ({"header": "alg", "exists": True}, ("exists",), "every token"),
        ({"all": [A, B, A]}, ("all", 2), "second time"),
        ({"any": [A, B, A]}, ("any", 2), "second time"),
        ({"any": [A, {"all": [B, {"not": leaf(glob="*")}]}]}, ("any", 1, "all", 1, "not", "glob"), "every string"),
        ({"all": [A, leaf("a", equals=2)]}, ("all", 1), "never hold"),
        ({"all": [A, leaf("a", not_equals=1)]}, ("all", 1), "never hold"),
        ({"all": [A, leaf("a", one_of=[2, "1"])]}, ("all", 1), "never hold"),
        ({"all": [A, {"not": A}]}, ("all", 1), "never hold"),
        ({"all": [leaf("a", exists=False), A]}, ("all", 1), "never hold"),
        ({"all": [leaf(at_least=5), leaf(less=5)]}, ("all", 1), "never hold"),
        ({"all": [leaf(at_most=4), leaf(greater=4)]}, ("all", 1), "never hold"),
        ({"all": [leaf(at_least=6), leaf(at_most=5)]}, ("all", 1), "never hold"),
        ({"all": [leaf(before="now-5m"), leaf(after="now-5m")]}, ("all", 1), "never hold"),
        ({"any": [A, {"not": A}]}, ("any", 1), "always holds"),
        ({"any": [leaf(exists=True), leaf(exists=False)]}, ("any", 1), "always holds"),
        (leaf("email", equals="a@b.example"), (), "email_verified"),
        ({"all": [A, leaf("email", ends_with="@b.example")]}, (), "email_verified"),
        ({"any": [EMAIL, VERIFIED]}, (), "email_verified"),
        ({"all": [EMAIL, {"any": [A, VERIFIED]}]}, (), "email_verified"),
        ({"any": [{"all": [EMAIL, VERIFIED]}, {"all": [EMAIL, A]}]}, (), "email_verified"),
        ({"all": [EMAIL, {"not": VERIFIED}]}, (), "email_verified"),
        ({"all": [EMAIL, leaf("email_verified", equals=False)]}, (), "email_verified"),
        ({"all": [EMAIL, leaf("email_verified", exists=True)]}, (), "email_verified"),
        ({"all": [EMAIL, leaf("email_verified", one_of=[True, False])]}, (), "email_verified"),
        ({"all": [A, {"not": EMAIL}]}, (), "email_verified"),
    ],
    ids=repr,
)
def test_the_lint_finds(when: Any, place: tuple[str | int, ...], words: str) -> None:
    """What can never or always hold, stands twice, or decides by an unverified email is found at its place."""
    ((found, said),) = advice(("allow", when))
    assert found == ("rules", 0, "when", *place)
    assert words in said


@pytest.mark.parametrize(
    "when",
    [
        leaf(equals=True),
        leaf(one_of=[1, "1", True]),
        leaf(glob="a*"),
        leaf(glob="?"),
        leaf(after="now-1s"),
        leaf("acr", acr_at_least="high"),
        leaf("scope", contains_all=["a", "b"]),
        {"all": [A, B]},
        {"all": [A, leaf("a", exists=True)]},
        {"all": [leaf(at_least=5), leaf(at_most=5)]},
        {"all": [leaf(greater=4), leaf(less=5)]},
        {"all": [leaf(after="now-5m"), leaf(before="now-1m")]},
        {"all": [leaf(contains=1), leaf(contains=2)]},
        {"all": [leaf(not_equals=1), leaf(not_equals=2)]},
        {"all": [leaf("email", ends_with="@b.example"), leaf("email_verified", equals=True)]},
        leaf("email", exists=True),
        {"all": [{"any": [EMAIL, A]}, VERIFIED]},
        {"any": [{"all": [EMAIL, VERIFIED]}, A]},
        {"all": [EMAIL, {"any": [{"all": [A, VERIFIED]}, {"all": [B, VERIFIED]}]}]},
    ],
    ids=repr,
)
def test_the_lint_is_silent_about(when: Any) -> None:
    """What can hold and can fail is left alone."""
    assert advice(("allow", when)) == []


def test_a_condition_of_a_policy_is_looked_at_too() -> None:
    """`lint` of a condition gives the same findings, with places from its root."""
    found = all_of(claim("x").glob("*"), claim("email").equals("a@b.example")).lint()
    assert [place for place, _ in found] == [("all", 0, "glob"), ()]
    assert claim("x").equals(1).lint() == []


@pytest.mark.parametrize(
    ("deny", "silent"),
    [
        ({"not": VERIFIED}, True),
        ({"any": [A, {"not": VERIFIED}]}, True),
        ({"all": [A, {"not": VERIFIED}]}, False),
        (leaf("email_verified", equals=False), False),
        (leaf("email_verified", not_equals=True), False),
    ],
    ids=repr,
)
def test_an_email_that_a_deny_rule_demands_to_be_verified(deny: Any, silent: bool) -> None:
    """A deny rule that every token with an unverified email meets makes up for allow rules that do not ask."""
    found = [place for place, said in advice(("allow", EMAIL), ("deny", deny)) if "email_verified" in said]
    assert found == ([] if silent else [("rules", 0, "when")])


def test_an_email_that_denies_is_no_identity() -> None:
    """A deny rule may go by an unverified email: that only denies more."""
    assert advice(("deny", leaf("email", equals="a@b.example"))) == []


@pytest.mark.parametrize(
    ("rules", "index", "words"),
    [
        ([("allow", A), ("allow", A)], 1, 'by rule "a"'),
        ([("allow", A), ("allow", {"all": [B, A]})], 1, 'by rule "a"'),
        ([("allow", {"any": [A, B]}), ("allow", A)], 1, 'by rule "a"'),
        ([("allow", leaf(one_of=[1, 2])), ("allow", leaf(equals=2))], 1, 'by rule "a"'),
        ([("allow", leaf(exists=True)), ("allow", leaf(equals=2))], 1, 'by rule "a"'),
        ([("allow", leaf(starts_with="a")), ("allow", leaf(starts_with="ab"))], 1, 'by rule "a"'),
        ([("deny", A), ("deny", {"all": [A, B]})], 1, 'by rule "a"'),
        ([("allow", {"all": [A, B]}), ("deny", A)], 0, 'denied by rule "b"'),
    ],
    ids=repr,
)
def test_a_shadowed_rule_is_found(rules: Any, index: int, words: str) -> None:
    """A rule that can never decide, because another one matches whatever it matches, is found."""
    ((place, said),) = advice(*rules)
    assert place == ("rules", index)
    assert words in said


@pytest.mark.parametrize(
    "rules",
    [
        [("allow", A), ("allow", B)],
        [("allow", {"all": [A, B]}), ("allow", A)],
        [("deny", A), ("allow", B)],
        [("allow", A), ("deny", {"all": [A, B]})],
        [("allow", leaf(equals=2)), ("allow", leaf(one_of=[1, 2]))],
        [("allow", {"not": A}), ("allow", B)],
        [("allow", leaf(exists=True)), ("allow", leaf(exists=False))],
    ],
    ids=repr,
)
def test_a_rule_that_can_decide_is_not_shadowed(rules: Any) -> None:
    """A narrower rule before a wider one, and rules about different things, are left alone."""
    assert advice(*rules) == []


def test_a_rule_is_shadowed_only_where_it_is_for_every_issuer() -> None:
    """A rule that decides for one of its issuers is of use."""
    rules = [{**GOOD, "id": "a"}, {**GOOD, "id": "b", "issuer": ["bank", "shop"]}]
    assert RuleSet(rules, ISSUERS).lint() == []
    ((place, _),) = RuleSet(
        [{**GOOD, "issuer": ["shop", "bank"]}, {**GOOD, "id": "b", "issuer": ["bank", "shop"]}], ISSUERS
    ).lint()
    assert place == ("rules", 1)


def test_the_lint_knows_the_comparison_of_signserver() -> None:
    """There "true" is how a boolean is written."""
    rules = [{"id": "a", "issuer": "old", "effect": "allow", "when": leaf(equals="true")}]
    assert RuleSet(rules, {"old": {"compat": "signserver"}}).lint() == []
