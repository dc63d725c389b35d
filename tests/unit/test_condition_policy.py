"""`Policy(scopes=, where=)` and `VerifiedJWT.require`: exact codes, and where in the fixed order they stand.

The order beside every other check is in `test_rules.py`.
"""

import pickle
from typing import Any

import pytest

from judge import LAX, NOW, STRICT, claims, hs256, refusal, refused_claim, secret, verifier
from jwseal import (
    ConditionNotMet,
    InsufficientScope,
    InvalidToken,
    Policy,
    VerifiedJWT,
    all_of,
    any_of,
    claim,
    header,
    not_,
)


def judged(policy: Policy, **members: Any) -> VerifiedJWT:
    """The result of verifying a token of these further claims."""
    return verifier(secret(), policy=policy).verify(hs256(claims(**members)), now=NOW)


READ = STRICT.replace(scopes={"read"})


@pytest.mark.parametrize(
    "members",
    [
        {"scope": "read"},
        {"scope": "write read"},
        {"scope": ["read"]},
        {"scp": "read write"},
        {"scp": ["write", "read"]},
        {"scope": "read", "scp": []},
    ],
)
def test_scopes_granted(members: dict[str, Any]) -> None:
    """`scope` grants words or an array of them, and so does `scp` where there is no `scope`."""
    assert judged(READ, **members)


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({}, "scope"),
        ({"scope": ""}, "scope"),
        ({"scope": "reader"}, "scope"),
        ({"scope": "READ"}, "scope"),
        ({"scope": 5}, "scope"),
        ({"scope": None, "scp": "read"}, "scope"),
        ({"scope": "write", "scp": "read"}, "scope"),
        ({"scope": {"read": 1}}, "scope"),
        ({"scp": ["write"]}, "scp"),
        ({"scp": [["read"]]}, "scp"),
    ],
)
def test_scopes_not_granted(members: dict[str, Any], name: str) -> None:
    """A scope that is not granted is insufficient_scope, a 403, and names the claim that was read."""
    assert ("insufficient_scope", name) == refused_claim(judged, READ, **members)
    assert InsufficientScope.http_status == 403


def test_every_scope_is_demanded() -> None:
    """All scopes of a policy must be granted."""
    both = STRICT.replace(scopes=["read", "write"])
    assert judged(both, scope="write x read")
    assert refusal(judged, both, scope="write") == "insufficient_scope"


@pytest.mark.parametrize("scopes", ["read", [""], ["read write"], ['a"'], ["a\\"], ["é"], ["\ud800"]])
def test_scopes_that_no_token_can_grant(scopes: Any) -> None:
    """A single str, and what the grammar of RFC 6749 section 3.3 does not allow, is PolicyError."""
    assert refusal(STRICT.replace, scopes=scopes) == "invalid_policy"


@pytest.mark.parametrize(
    "changes", [{"scopes": 5}, {"scopes": [5]}, {"where": True}, {"where": "a"}, {"where": claim("a")}]
)
def test_wrong_types(changes: dict[str, Any]) -> None:
    """What is no collection of scopes or no condition is TypeError."""
    with pytest.raises(TypeError):
        STRICT.replace(**changes)


WHERE = STRICT.replace(
    where=all_of(claim("roles").contains("Admin"), claim("sub").starts_with("system:serviceaccount:prod:"))
)
GOOD = {"roles": ["User", "Admin"], "sub": "system:serviceaccount:prod:web"}


def test_where() -> None:
    """The condition must be true."""
    assert judged(WHERE, **GOOD)


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"roles": ["User"]}, "roles"),
        ({"roles": "Admin"}, "roles"),
        ({"roles": ...}, "roles"),
        ({"sub": "system:serviceaccount:test:web"}, "sub"),
    ],
)
def test_where_is_not_met(members: dict[str, Any], name: str) -> None:
    """False and error are condition_not_met, a 403, with the claim that one condition alone finds at fault."""
    assert ("condition_not_met", name) == refused_claim(judged, WHERE, **{**GOOD, **members})
    assert ConditionNotMet.http_status == 403


@pytest.mark.parametrize(
    "where",
    [
        any_of(claim("a").exists(), claim("b").exists()),
        not_(claim("sub").exists()),
        header("cty").exists(),
        all_of(claim("sub").exists(), not_(claim("sub").exists())),
    ],
)
def test_no_single_claim_is_at_fault(where: Any) -> None:
    """`claim` is None where several conditions could have been met, or none is on a claim."""
    assert ("condition_not_met", None) == refused_claim(judged, STRICT.replace(where=where))


def test_an_error_is_not_met_in_any_sense() -> None:
    """A risk of "95" passes neither a bound nor its contrary."""
    for where in (claim("risk").at_least(70), not_(claim("risk").at_least(70))):
        assert refusal(judged, STRICT.replace(where=where), risk="95") == "condition_not_met"


def test_an_array_is_told_from_a_literal() -> None:
    """`claims={"roles": "Admin"}` against an array is claim_mismatch, and the message names `contains`."""
    policy = STRICT.replace(claims={"roles": "Admin"})
    with pytest.raises(InvalidToken, match="contains") as caught:
        judged(policy, roles=["Admin"])
    assert caught.value.code == "claim_mismatch"
    with pytest.raises(InvalidToken) as caught:
        judged(policy, roles="User")
    assert caught.value.code == "claim_mismatch"
    assert "contains" not in str(caught.value)


def test_scopes_come_before_where() -> None:
    """A token with both faults is insufficient_scope."""
    both = STRICT.replace(scopes=["read"], where=claim("a").exists())
    assert refusal(judged, both) == "insufficient_scope"
    assert refusal(judged, both, scope="read") == "condition_not_met"


def test_require() -> None:
    """A route can want more than its verifier: further scopes, then a condition. The result is the token itself."""
    token = judged(READ, scope="read write", roles=["Admin"])
    admin = claim("roles").contains("Admin")
    assert token is token.require() is token.require("write") is token.require("read", "write", where=admin)
    assert token is token.require(where=None)
    assert ("insufficient_scope", "scope") == refused_claim(token.require, "write", "delete")
    assert ("condition_not_met", "roles") == refused_claim(token.require, where=claim("roles").contains("Root"))
    assert refusal(token.require, "delete", where=claim("roles").contains("Root")) == "insufficient_scope"


def test_require_refuses_what_cannot_be_granted() -> None:
    """Several scopes in one str are PolicyError, a list of them TypeError."""
    token = judged(STRICT, scope="read write")
    assert refusal(token.require, "read write") == "invalid_policy"
    assert refusal(token.require, "") == "invalid_policy"
    for wrong in (["read"], None, 5, b"read"):
        with pytest.raises(TypeError):
            token.require(wrong)
    for wrong in ("a", True, claim("a")):
        with pytest.raises(TypeError):
            token.require(where=wrong)


def test_require_judges_at_the_time_of_verification() -> None:
    """`now` in a condition is the time at which the token was verified, by the policy's leeway."""
    token = verifier(secret(), policy=LAX.replace(leeway=30)).verify(hs256({"t": NOW - 100, "u": NOW + 30}), now=NOW)
    assert token.require(where=claim("t").before("now-99s"))
    assert token.require(where=claim("u").after("now"))
    assert refusal(token.require, where=claim("t").before("now-100s")) == "condition_not_met"


def test_a_policy_with_a_condition_is_a_value() -> None:
    """It compares, hashes, prints, pickles and is replaced with its scopes and its condition."""
    policy = WHERE.replace(scopes=["write", "read"])
    again = pickle.loads(pickle.dumps(policy))
    assert (policy, hash(policy), repr(policy)) == (again, hash(again), repr(again))
    assert policy.where == WHERE.where
    assert policy != WHERE
    assert policy != policy.replace(where=None)
    assert policy == policy.replace(leeway=1).replace(leeway=0)
    assert repr(policy).endswith(
        "scopes={'read', 'write'}, where=all_of(claim('roles').contains('Admin'), "
        "claim('sub').starts_with('system:serviceaccount:prod:')))"
    )
    assert policy.scopes == {"read", "write"}
