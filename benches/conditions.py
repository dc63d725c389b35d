"""Policies with conditions, and the rules of an authorizer, against a plain verification of the same tokens."""

import json

from contenders import jwseal_keys, same_claims
from race import Contender, python_contender
from tokens import AUDIENCE, ISSUER, Case

import jwseal
from jwseal import all_of, claim
from jwseal.authorizer import Authorizer

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
    """A verification alone, and the decision of an authorizer with 20 rules, of which the last allows."""
    key = jwseal_keys(case)[1]
    issuer = {"issuer": ISSUER, "keys": [key.to_jwk()], "algorithms": ["RS256"], "audience": [AUDIENCE]}
    issuer["acr_order"] = ["1", "urn:example:loa:2"]
    lines = ["[issuers.idp]", *members(issuer)]
    for number in range(20):
        lines += ["[[rules]]", *members(rule(number))]
    return [
        verifying(case, "plain", jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)),
        python_contender(
            "20 rules",
            "authorize(item)",
            case.tokens,
            lambda _, decision: decision.allowed and decision.rule == "rule-19",
            authorize=Authorizer.from_text("\n".join(lines)).authorize,
        ),
    ]


def members(table: dict) -> list[str]:
    """A table of TOML, a line for each of its members."""
    return [f"{name} = {toml(value)}" for name, value in table.items()]


def toml(value: object) -> str:
    """A value as TOML writes it: JSON, but for inline tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(members(value)) + " }"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


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
