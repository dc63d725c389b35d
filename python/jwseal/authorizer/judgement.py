"""The authorization of one token: what is checked after its signature, in a fixed order, and the resulting decision.

Token, key, signature and claims are a verifier's; then the proof of the sender, rules, binding, attributes, and the stores last, so
that a token that is refused uses nothing up. This module judges no proof, asks no store and waits for nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jwseal.authorizer.attribute_map import AttributeFault
from jwseal.authorizer.binding import BindingFault, bind, with_digests
from jwseal.errors import (
    AlgorithmNotAllowed,
    ClaimMismatch,
    ConditionNotMet,
    InsufficientAuthentication,
    InvalidSignature,
    JOSEError,
    KeyNotFound,
    KeySourceUnavailable,
    MalformedToken,
    MissingToken,
    UnsupportedHeader,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jwseal import VerifiedJWT
    from jwseal.authorizer.decision import Decision, Stage
    from jwseal.state.check import Budget

__all__ = ["identify", "judge", "refuse", "refuse_exhausted", "refuse_missing", "refuse_unverified"]

_STAGES: tuple[tuple[tuple[type[JOSEError], ...], Stage], ...] = (
    ((MissingToken, MalformedToken, UnsupportedHeader), "token"),
    ((AlgorithmNotAllowed, KeyNotFound, KeySourceUnavailable), "key"),
    ((InvalidSignature,), "signature"),
    ((JOSEError,), "claims"),
)

_SENTENCES = {
    "no_rule_matched": "no rule allows it",
    "rule_denied": "a rule denies it",
    "condition_error": "a condition of a deny rule could not be evaluated, so the rule denies",
}


def identify(decision: Decision, verified: VerifiedJWT) -> None:
    """Find the issuer of a verified token. Raises ClaimMismatch for an audience that its compatibility mode refuses."""
    issuer = decision._issuer = decision._policy.issuers[verified["iss"]]
    if (mismatch := issuer.audience_fault(verified)) is not None:
        raise ClaimMismatch(mismatch, "aud")


def judge(decision: Decision, verified: VerifiedJWT, request: Mapping[str, Any] | None) -> Budget | None:
    """Judge an identified token: rules, binding, attributes. The decision allows, or refuses; the stores are not asked.

    Return how many of how many signatures an allowed token wants, where its worker binds tokens to the operation.
    """
    worker: Any = decision._worker
    issuer: Any = decision._issuer
    asked = None if request is None else with_digests(request)
    code, rule, step_up = worker.rules.decide(verified, issuer.name, asked)
    decision._rule = rule
    if code != "allowed":
        _refuse_by_rules(decision, code, step_up)
        return None
    if worker.is_plain:
        return None
    budget = None
    try:
        if worker.bindings:
            budget = bind(worker.bindings, verified, request, asked)
        if worker.map is not None:
            decision._attributes = worker.map.fill(verified.claims)
    except BindingFault as fault:
        _deny(decision, fault.code, "binding", str(fault))
    except AttributeFault as fault:
        _deny(decision, "attribute_invalid", "attributes", str(fault))
    return budget


def refuse_missing(decision: Decision) -> None:
    """Refuse a request without a token."""
    refuse_unverified(decision, MissingToken("the request has no token"))


def refuse_unverified(decision: Decision, error: JOSEError) -> None:
    """Refuse a token before its rules were judged: its verifier refused it, or what was checked of its claims and sender."""
    if decision._now is None:
        decision._now = time.time()
    refuse(decision, error, _stage_of(error))


def refuse_exhausted(decision: Decision) -> None:
    """Refuse a token whose signatures are used up."""
    _deny(decision, "budget_exhausted", "state", "the token's signatures are used up")


def refuse(decision: Decision, error: JOSEError, stage: Stage) -> None:
    """Refuse for a reason that is an exception."""
    _set_refusal(decision, error.code, stage, error)


def _stage_of(error: JOSEError) -> Stage:
    return next(stage for classes, stage in _STAGES if isinstance(error, classes))


def _refuse_by_rules(decision: Decision, code: str, step_up: Any) -> None:
    if step_up is None:
        _deny(decision, code, "rules", _SENTENCES[code])
        return
    acr_values, max_age = step_up
    sentence = "a rule would allow it if the user authenticated again"
    refuse(decision, InsufficientAuthentication(sentence, acr_values=acr_values, max_age=max_age), "rules")


def _deny(decision: Decision, code: str, stage: Stage, reason: str) -> None:
    _set_refusal(decision, code, stage, ConditionNotMet(reason))


def _set_refusal(decision: Decision, code: str, stage: Stage, error: JOSEError) -> None:
    decision._code, decision._stage, decision._attributes = code, stage, None
    # Its frames hold the token.
    decision._error = error.with_traceback(None)
