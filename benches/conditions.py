"""Policies with conditions, and the rules of an authorizer, against a plain verification of the same tokens."""

from contenders import jwseal_keys, same_claims
from race import Contender, python_contender
from tokens import AUDIENCE, ISSUER, Case

import jwseal
from jwseal import all_of, claim
from jwseal._native import RuleSet

THREE = all_of(
    claim("realm_access.roles").contains("editor"),
    claim("scope").contains_all("orders:read", "orders:write"),
    claim("email_verified").equals(True),
)


def policy_with_conditions(case: Case) -> list[Contender]:
    """A policy of three conditions, and the same policy without them."""
    plain = jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)
    return [verifying(case, "plain", plain), verifying(case, "three conditions", plain.replace(where=THREE))]


def rules(case: Case) -> list[Contender]:
    """A verification alone, and one whose result 20 rules judge; the last of them allows."""
    policy = jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)
    verify = jwseal.Verifier(jwseal_keys(case)[1], policy).verify
    judge = RuleSet([rule(number) for number in range(20)], {"idp": {"acr_order": ["1", "urn:example:loa:2"]}}).judge
    return [
        verifying(case, "plain", policy),
        python_contender(
            "20 rules",
            "judge(verify(item), 'idp')",
            case.tokens,
            lambda _, answer: answer == ("allowed", "rule-19", None),
            verify=verify,
            judge=judge,
        ),
    ]


def rule(number: int) -> dict:
    """A rule whose condition is three levels deep; every fourth denies, and the last one matches."""
    role = "editor" if number == 19 else f"role-{number}"
    when = {
        "all": [
            {"claim": "scope", "contains": "orders:write"},
            {
                "any": [
                    {"claim": "realm_access.roles", "contains": role},
                    {
                        "all": [
                            {"claim": "azp", "equals": f"client-{number}"},
                            {"claim": "email_verified", "equals": True},
                        ]
                    },
                ]
            },
            {"claim": "acr", "acr_at_least": "urn:example:loa:2"},
        ]
    }
    effect = "deny" if number % 4 == 0 else "allow"
    return {"id": f"rule-{number}", "issuer": "idp", "effect": effect, "when": when}


def verifying(case: Case, name: str, policy: jwseal.Policy) -> Contender:
    """A verification whose claims are not read."""
    check = same_claims(case)
    verify = jwseal.Verifier(jwseal_keys(case)[1], policy).verify
    return python_contender(
        name, "verify(item)", case.tokens, lambda token, result: check(token, result.claims), verify=verify
    )
