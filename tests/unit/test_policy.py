"""`Policy`: what it takes, what it refuses to be declared with, and how it compares.

What it judges in tokens is in `test_rules.py` and `attacks/test_claims.py`.
"""

import datetime as dt
import math
import pickle
from typing import Any

import pytest

from judge import AUDIENCE, ISSUER, LAX, NOW, STRICT, claims, hs256, refusal, refused_claim, secret, verdict
from jwseal import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy, Verifier, errors

BASE: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE}


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ""},
        {"issuer": []},
        {"issuer": set()},
        {"audience": ()},
        {"audience": [""]},
        {"subject": []},
        {"typ": ""},
        {"typ": []},
        {"leeway": -1},
        {"leeway": 601},
        {"leeway": math.nan},
        {"leeway": math.inf},
        {"leeway": dt.timedelta(seconds=-1)},
        {"leeway": dt.timedelta(minutes=11)},
        {"max_age": 0},
        {"max_age": -1},
        {"max_age": math.nan},
        {"max_age": math.inf},
        {"max_lifetime": 0},
        {"required": "sub"},
        {"required": [""]},
        {"claims": {"a": frozenset()}},
        {"claims": {"a": math.nan}},
        {"claims": {"a": math.inf}},
        {"claims": {"iss": "x"}},
        {"claims": {"aud": "x"}},
        {"claims": {"": 1}},
        {"issuer": "\ud800"},
        {"claims": {"a": "\ud800"}},
        {"claims": {"a": 10**5000}},
    ],
)
def test_declarations_that_cannot_be_kept(changes: dict) -> None:
    """A value out of range or a set that nothing can meet is PolicyError."""
    assert "invalid_policy" == refusal(Policy, **{**BASE, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": None},
        {"issuer": 5},
        {"issuer": b"x"},
        {"issuer": [1]},
        {"audience": None},
        {"audience": {"a": 1}},
        {"subject": None},
        {"typ": None},
        {"typ": 5},
        {"expiry": None},
        {"expiry": False},
        {"expiry": True},
        {"leeway": "5"},
        {"leeway": True},
        {"leeway": None},
        {"max_age": "1h"},
        {"max_age": True},
        {"required": 5},
        {"required": [1]},
        {"claims": []},
        {"claims": {"a": [1]}},
        {"claims": {"a": {"b": 1}}},
        {"claims": {1: "a"}},
        {"claims": {"a": b"x"}},
        {"claims": {"a": frozenset([(1,)])}},
        {"unknown": 1},
    ],
)
def test_declarations_of_the_wrong_type(changes: dict) -> None:
    """A value of another Python type is TypeError."""
    with pytest.raises(TypeError):
        Policy(**{**BASE, **changes})


def test_keywords_only() -> None:
    """Issuer and audience cannot be swapped by position."""
    with pytest.raises(TypeError):
        Policy(ISSUER, AUDIENCE)


def test_replace() -> None:
    """`replace` gives another policy, judged like the first."""
    changed = STRICT.replace(leeway=5)
    assert Policy(**BASE, leeway=5) == changed
    assert Policy(**BASE) == STRICT
    assert "invalid_policy" == refusal(STRICT.replace, leeway=601)
    with pytest.raises(TypeError):
        STRICT.replace(unknown=1)


def test_equality() -> None:
    """Policies are equal when they demand the same, with JSON types told apart."""
    assert Policy(issuer=[ISSUER], audience={AUDIENCE}) == STRICT
    assert hash(Policy(issuer=[ISSUER], audience={AUDIENCE})) == hash(STRICT)
    assert Policy(**BASE, max_age=60) == Policy(**BASE, max_age=dt.timedelta(minutes=1))
    assert Policy(**BASE, subject="x") != STRICT
    assert Policy(**BASE, claims={"a": 1}) != Policy(**BASE, claims={"a": True})
    assert Policy(**BASE, claims={"a": 1}) != Policy(**BASE, claims={"a": 1.0})
    assert STRICT != "policy"


def test_repr() -> None:
    """The repr shows what was declared, and the markers by name."""
    assert "issuer='https://as.example'" in repr(STRICT)
    assert "UNCHECKED" in repr(LAX)
    assert ("UNCHECKED", "REQUIRED", "DEFAULT_TYP") == (repr(UNCHECKED), repr(REQUIRED), repr(DEFAULT_TYP))


@pytest.mark.parametrize("policy", [STRICT, LAX, Policy(**BASE, claims={"a": frozenset({1, "x", None})}, leeway=5)])
def test_pickle(policy: Policy) -> None:
    """A policy survives pickling, and its markers stay the same objects."""
    again = pickle.loads(pickle.dumps(policy))
    assert policy == again
    assert (policy.issuer is UNCHECKED) == (again.issuer is UNCHECKED)


@pytest.mark.parametrize(
    ("expected", "found", "code"),
    [
        ("a", "a", None),
        ("a", "b", "claim_mismatch"),
        (1, 1, None),
        (1, 1.0, None),
        (1, True, "claim_mismatch"),
        (1, "1", "claim_mismatch"),
        (True, True, None),
        (True, 1, "claim_mismatch"),
        (False, 0, "claim_mismatch"),
        (None, None, None),
        (None, False, "claim_mismatch"),
        (1.5, 1.5, None),
        (0.1, 0.1, None),
        (1.0, 1, None),
        (1, 1.5, "claim_mismatch"),
        (10**30, 10**30, None),
        (10**30, 10**30 + 1, "claim_mismatch"),
        (frozenset({"a", 2}), 2, None),
        (frozenset({"a", 2}), "a", None),
        (frozenset({"a", 2}), "2", "claim_mismatch"),
        ("a", ["a"], "claim_mismatch"),
        (2**53 + 1, float(2**53), "claim_mismatch"),
        (float(2**53), 2**53 + 1, "claim_mismatch"),
        (2**53, float(2**53), None),
        (10**400, 1e300, "claim_mismatch"),
        ("a", {"a": 1}, "claim_mismatch"),
        ("a", None, "claim_mismatch"),
        ("a", ..., "missing_claim"),
        (None, ..., "missing_claim"),
        ("é", "é", None),
        ("", "", None),
        (-1, -1, None),
    ],
)
def test_claims_are_literals(expected: object, found: object, code: str | None) -> None:
    """`claims=` compares with JSON type; JSON has one type of number, and no rounding makes two of them equal."""
    judged = Verifier(secret(), LAX.replace(claims={"x": expected}))
    token = hs256({} if found is ... else {"x": found})
    if code is None:
        assert "accepted" == verdict(judged.verify, token)
    else:
        assert (code, "x") == refused_claim(judged.verify, token)


@pytest.mark.parametrize(
    ("content", "code"), [({"a": 1, "b": 0}, None), ({"a": 1}, "missing_claim"), ({}, "missing_claim")]
)
def test_required(content: dict, code: str | None) -> None:
    """`required=` adds names that must be there."""
    judged = Verifier(secret(), LAX.replace(required=["a", "b"]))
    assert (code or "accepted") == verdict(judged.verify, hs256(content))


@pytest.mark.parametrize(
    ("typ", "header", "code"),
    [
        (DEFAULT_TYP, ..., None),
        (DEFAULT_TYP, "JWT", None),
        (DEFAULT_TYP, "jwt", None),
        (DEFAULT_TYP, "at+jwt", None),
        (DEFAULT_TYP, "application/at+jwt", None),
        (DEFAULT_TYP, "APPLICATION/JWT", None),
        (DEFAULT_TYP, "dpop+jwt", "wrong_typ"),
        (DEFAULT_TYP, "", "wrong_typ"),
        (DEFAULT_TYP, "JOSE", "wrong_typ"),
        (DEFAULT_TYP, "text/jwt", "wrong_typ"),
        (DEFAULT_TYP, "application/application/jwt", "wrong_typ"),
        (UNCHECKED, "anything", None),
        (UNCHECKED, ..., None),
        ("at+jwt", "JWT", "wrong_typ"),
        ("at+jwt", ..., "wrong_typ"),
        ("at+jwt", "AT+JWT", None),
        ("application/at+jwt", "at+jwt", None),
        (["a+jwt", "b+jwt"], "b+jwt", None),
        (["a+jwt", "b+jwt"], "c+jwt", "wrong_typ"),
        ("secevent+jwt", "application/secevent+jwt", None),
    ],
)
def test_typ(typ: object, header: object, code: str | None) -> None:
    """`typ` is compared as a media type, and demanded when the policy names one."""
    judged = Verifier(secret(), LAX.replace(typ=typ))
    token = hs256({}, {"alg": "HS256"} if header is ... else {"alg": "HS256", "typ": header})
    assert (code or "accepted") == verdict(judged.verify, token)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW, "accepted"),
        (float(NOW), "accepted"),
        (NOW + 299.9, "accepted"),
        (NOW + 300, "token_expired"),
        (dt.datetime.fromtimestamp(NOW, dt.UTC), "accepted"),
        (dt.datetime.fromtimestamp(NOW, dt.timezone(dt.timedelta(hours=9))), "accepted"),
        (dt.datetime.fromtimestamp(NOW + 300, dt.UTC), "token_expired"),
    ],
)
def test_now(now: object, code: str) -> None:
    """`now` is seconds or an aware datetime."""
    assert code == verdict(Verifier(secret(), STRICT).verify, hs256(claims()), now=now)


@pytest.mark.parametrize(
    "now",
    [dt.datetime(2026, 1, 1), math.nan, math.inf, -math.inf, "now", True, dt.date(2026, 1, 1), [NOW]],  # noqa: DTZ001
)
def test_now_of_the_wrong_kind(now: object) -> None:
    """A naive datetime, NaN and other types are an error of the program, never a time."""
    with pytest.raises((TypeError, ValueError)) as caught:
        Verifier(secret(), STRICT).verify(hs256(claims()), now=now)
    assert not isinstance(caught.value, errors.InvalidToken)


def test_clock() -> None:
    """Without `now` the clock is read."""
    import time

    current = time.time()
    judged = Verifier(secret(), STRICT)
    assert ISSUER == judged.verify(hs256(claims(iat=current - 5, exp=current + 60)))["iss"]
    assert "token_expired" == refusal(judged.verify, hs256(claims(iat=current - 60, exp=current - 1)))
    assert "token_not_yet_valid" == refusal(judged.verify, hs256(claims(iat=current + 60, exp=current + 90)))
