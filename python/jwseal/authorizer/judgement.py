"""The authorization of one token: what is judged after its signature, in one order, and the decision that comes of it.

Token, key, signature and claims are a verifier's; then rules, binding, attributes, and the stores last, so that a token that is
refused uses nothing up. This module asks no store and waits for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal.authorizer.attribute_map import AttributeFault, Attributes
from jwseal.authorizer.binding import BindingFault, bind
from jwseal.authorizer.decision import Decision, decide
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
    from jwseal import VerifiedJWT
    from jwseal.authorizer.decision import Case, Stage
    from jwseal.state.check import Budget

__all__ = ["Passed", "exhausted", "judge", "missing", "refused"]

_STAGES: tuple[tuple[tuple[type[JOSEError], ...], Stage], ...] = (
    ((MissingToken, MalformedToken, UnsupportedHeader), "token"),
    ((AlgorithmNotAllowed, KeyNotFound, KeySourceUnavailable), "key"),
    ((InvalidSignature,), "signature"),
    ((JOSEError,), "claims"),
)

_SENTENCES = {
    "no_rule_matched": "no rule allows it",
    "rule_denied": "a rule denies it",
    "condition_error": "a condition of a deny rule cannot be told, so it denies",
}

_NOTHING = Attributes({}, {})


class Passed:
    """A token that passed everything but the stores."""

    __slots__ = ("attributes", "budget", "case", "rule")

    def __init__(self, case: Case, rule: str, attributes: Attributes, budget: Budget | None) -> None:
        self.case, self.rule, self.attributes, self.budget = case, rule, attributes, budget

    def allowed(self, unchecked: frozenset[str] = frozenset()) -> Decision:
        """The decision for a token that passed everything."""
        return decide(self.case, "allowed", "state", rule=self.rule, attributes=self.attributes, unchecked=unchecked)


def judge(case: Case, verified: VerifiedJWT) -> Passed | Decision:
    """Judge a verified token: rules, binding, attributes. Return the refusal, or what is left for the stores."""
    worker = case.worker
    case.verified = verified
    issuer = case.issuer = case.policy.issuers[verified["iss"]]
    if issuer.audiences is not None and (mismatch := issuer.audience_fault(verified)) is not None:
        return refused(case, ClaimMismatch(mismatch, "aud"), "claims")
    code, rule, step_up = worker.rules.judge(verified, issuer.name, case.asked)
    if code != "allowed" or rule is None:
        return _refused_by_rules(case, code, rule, step_up)
    attributes, budget = _NOTHING, None
    try:
        if worker.bindings:
            budget = bind(worker.bindings, verified, case.request, case.asked)
        if worker.map is not None:
            attributes = worker.map.fill(verified.claims)
    except BindingFault as fault:
        return _denied(case, fault.code, "binding", str(fault), rule)
    except AttributeFault as fault:
        return _denied(case, "attribute_invalid", "attributes", str(fault), rule)
    return Passed(case, rule, attributes, budget)


def missing(case: Case) -> Decision:
    """The decision for a request without a token."""
    return refused(case, MissingToken("the request has no token"))


def exhausted(passed: Passed) -> Decision:
    """The decision for a token whose signatures are used up."""
    return _denied(passed.case, "budget_exhausted", "state", "the token's signatures are used up", passed.rule)


def refused(case: Case, error: JOSEError, stage: Stage | None = None, rule: str | None = None) -> Decision:
    """The decision for a refusal that is an exception."""
    # Its frames hold the token.
    return decide(case, error.code, stage or _stage_of(error), rule=rule, error=error.with_traceback(None))


def _stage_of(error: JOSEError) -> Stage:
    return next(stage for classes, stage in _STAGES if isinstance(error, classes))


def _refused_by_rules(case: Case, code: str, rule: str | None, step_up: Any) -> Decision:
    if step_up is not None:
        acr_values, max_age = step_up
        sentence = "a rule would allow it if the user authenticated again"
        error = InsufficientAuthentication(sentence, acr_values=acr_values, max_age=max_age)
        return refused(case, error, "rules", rule)
    return _denied(case, code, "rules", _SENTENCES[code], rule)


def _denied(case: Case, code: str, stage: Stage, reason: str, rule: str | None) -> Decision:
    return decide(case, code, stage, rule=rule, error=ConditionNotMet(reason))
