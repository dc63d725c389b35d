"""Claims of `jwseal.compat.authlib` and their options, beside Authlib's, and against a rule written down once more here.

Where a test says so the layer is stricter than Authlib; nothing that Authlib refuses passes.
"""

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authlib_pair import SECRET, Call, agree, answer, differ, forged, layer, real

errors = layer.errors
HS = {"alg": "HS256"}
NOW = int(time.time())
EMPTY: list[Any] = [None, False, 0, 0.0, "", [], {}]
NAMES = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "role"]


def token(claims: Any, header: dict[str, Any] | None = None) -> str:
    """An HS256 JWT made by neither library."""
    return forged({**HS, "typ": "JWT", **(header or {})}, claims)


def decoded(claims: Any, options: Any) -> Call:
    """Decoding a signed token and validating its claims."""
    return lambda lib: lib.jwt.decode(token(claims), SECRET, claims_options=options).validate(now=1500)


# The rule --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", EMPTY)
def test_an_empty_audience_does_not_pass_as_an_absent_one(audience: Any) -> None:
    """A signed token with `"aud": 0` is refused where the audience must be "api", essential or not."""
    essential = decoded({"aud": audience}, {"aud": {"essential": True, "values": ["api"]}})
    assert agree(essential)[1].code == "invalid_claim"
    for option in ({"values": ["api"]}, {"value": "api"}):
        assert differ(decoded({"aud": audience}, {"aud": option}), None, errors.InvalidClaimError).claim == "aud"


@pytest.mark.parametrize("value", EMPTY)
@pytest.mark.parametrize("name", NAMES)
def test_an_essential_claim_that_is_empty_is_invalid(name: str, value: Any) -> None:
    """Present and empty is `invalid_claim` for every claim, as in Authlib; absent is `missing_claim`."""
    error = agree(decoded({name: value}, {name: {"essential": True}}))[1]
    assert (error.code, error.claim) == ("invalid_claim", name)
    error = agree(decoded({}, {name: {"essential": True}}))[1]
    assert (error.code, error.claim) == ("missing_claim", name)


@pytest.mark.parametrize("wanted", EMPTY[1:])
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "jti", "role"])
def test_an_empty_wanted_value_is_compared(name: str, wanted: Any) -> None:
    """`"value": False` or `"values": []` demands what it says; Authlib took it for no demand at all."""
    differ(decoded({name: "x"}, {name: {"value": wanted}}), None, errors.InvalidClaimError)
    if name != "aud":
        assert answer(layer, decoded({name: wanted}, {name: {"value": wanted}}))[0] == "value"
    differ(decoded({name: "x"}, {name: {"values": []}}), None, errors.InvalidClaimError)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "aud"])
@pytest.mark.parametrize("option", [{"value": 7}, {"values": [7]}, {"validate": lambda _claims, value: value == 7}])
def test_the_options_of_times_and_the_audience_are_applied(name: str, option: dict[str, Any]) -> None:
    """Authlib ignored `value`, `values` and `validate` of a time, and `validate` of the audience."""
    claims = {"exp": 2000} if name == "exp" else {name: 1000}
    assert answer(layer, decoded(claims, {name: option}))[1].code == "invalid_claim"
    assert (
        answer(real or layer, decoded({}, {name: option}))[0]
        == answer(layer, decoded({}, {name: option}))[0]
        == "value"
    )


@pytest.mark.parametrize(
    ("value", "wanted"), [(1, True), (True, 1), (0, False), ([1], [True]), ({"a": 0}, {"a": False}), ("1", 1)]
)
def test_values_are_compared_with_their_json_type(value: Any, wanted: Any) -> None:
    """A claim of 1 is not the claim true: Python's == would say so."""
    for option in ({"value": wanted}, {"values": ["x", wanted]}):
        error = answer(layer, decoded({"admin": value}, {"admin": option}))[1]
        assert (type(error), error.claim) == (errors.InvalidClaimError, "admin")
    assert answer(layer, decoded({"admin": 1.0}, {"admin": {"value": 1}}))[0] == "value"
    assert answer(layer, decoded({"admin": [{"a": True}]}, {"admin": {"value": [{"a": True}]}}))[0] == "value"


class Awaitable:
    """What a call of an async validator returns: true as an object, whatever its verdict would be."""

    def __await__(self) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    "option",
    [
        {"values": "api-admin"},
        {"values": b"api"},
        {"values": 5},
        {"value": "api", "vaules": ["x"]},
        {"validate": "yes"},
        {"validate": lambda _claims, _value: Awaitable()},
        "api",
        None,
    ],
)
@pytest.mark.parametrize("name", ["aud", "role"])
def test_an_option_that_cannot_be_applied_raises(name: str, option: Any) -> None:
    """A text as `values` would be searched for a part of it, and a misspelt name would check nothing."""
    error = answer(layer, decoded({name: "api"}, {name: option}))[1]
    assert (type(error), error.code) == (errors.ClaimsOptionError, "invalid_policy")
    assert isinstance(error, TypeError)


def test_a_name_that_a_subclass_registers_is_still_judged() -> None:
    """A claims class that lists `role` among its registered claims does not switch the option for it off."""

    class Own(layer.JWTClaims):
        REGISTERED_CLAIMS = [*layer.JWTClaims.REGISTERED_CLAIMS, "role"]  # noqa: RUF012

    with pytest.raises(errors.InvalidClaimError):
        Own({"role": "user"}, HS, {"role": {"value": "admin"}}).validate()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_not_finite_is_invalid(name: str, value: float) -> None:
    """Claims built from a dict can hold NaN, of which every comparison is false."""
    with pytest.raises(errors.InvalidClaimError):
        layer.JWTClaims({name: value}, HS).validate(now=1500)


def test_a_clock_of_nan_refuses() -> None:
    """A comparison with NaN is false, so every time is written as what must hold."""
    for claims in ({"exp": 2000}, {"nbf": 1000}, {"iat": 1000}):
        with pytest.raises(layer.JoseError):
            layer.JWTClaims(claims, HS).validate(now=float("nan"))


VALUES = st.sampled_from([*EMPTY, True, 1, 1.0, 1400, 1600, "api", "x", ["api"], ["x", "api"], [0], {"a": 1}])
OPTION = st.fixed_dictionaries(
    {},
    optional={
        "essential": st.booleans(),
        "value": VALUES,
        "values": st.none() | st.lists(VALUES, max_size=3),
        "validate": st.sampled_from([None, lambda _claims, value: value == "api", lambda _claims, _value: True]),
    },
)


def accepted(claims: dict[str, Any], options: dict[str, Any], now: int) -> bool:
    """The rule of the module header, written a second time and without a shared line."""
    for name, limit in (("exp", lambda t: t >= now), ("nbf", lambda t: t <= now), ("iat", lambda t: t <= now)):
        if name in claims and (type(claims[name]) not in (int, float) or not limit(claims[name])):
            return False
    for name, option in options.items():
        present = name in claims
        if option.get("essential") and (not present or (claims[name] in EMPTY and claims[name] is not True)):
            return False
        if not present and name in ("aud", "exp", "nbf", "iat"):
            continue
        value = claims.get(name)
        found = value if name == "aud" and isinstance(value, list) else [value]
        if option.get("value") is not None and text(option["value"]) not in map(text, found):
            return False
        if option.get("values") is not None and not set(map(text, found)) & set(map(text, option["values"])):
            return False
        if option.get("validate") is not None and not option["validate"](claims, value):
            return False
    return True


def text(value: Any) -> str:
    """A value as text that tells JSON types apart and numbers of one value not."""
    if isinstance(value, list):
        return f"[{','.join(map(text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{name}:{text(value[name])}' for name in sorted(value))}}}"
    return repr(float(value)) if type(value) in (int, float) else repr(value)


@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
    st.dictionaries(st.sampled_from(NAMES), OPTION, max_size=3),
)
@example({"aud": 0}, {"aud": {"essential": True, "values": ["api"]}})
@example({"aud": ""}, {"aud": {"value": "api"}})
def test_every_verdict_is_the_written_rules_and_never_weaker_than_authlibs(
    claims: dict[str, Any], options: dict[str, Any]
) -> None:
    """Any claims under any options: the verdict is the rule's, and what Authlib refuses is refused."""
    kind, error = answer(layer, decoded(claims, options))
    assert (kind == "value") == accepted(claims, options, 1500)
    if kind == "value" and real is not None:
        assert answer(real, decoded(claims, options))[0] == "value"
    if kind == "error":
        assert isinstance(error, layer.JoseError)
        assert error.code in {"invalid_claim", "missing_claim", "token_expired", "token_not_yet_valid"}


# Beside Authlib --------------------------------------------------------------------------------------------------------------------

CLAIMS = {
    "iss": "me",
    "sub": "you",
    "aud": ["a", "b"],
    "exp": 2000,
    "nbf": 1000,
    "iat": 1000,
    "jti": "1",
    "role": "x",
    "empty": "",
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"iss": {"essential": True, "value": "me"}},
    {"iss": {"essential": True, "values": ["x", "me"]}},
    {"iss": {"value": "x"}},
    {"iss": {"values": ["x"]}},
    {"sub": {"validate": lambda _claims, value: value == "you"}},
    {"sub": {"validate": lambda claims, _value: claims["iss"] == "x"}},
    {"aud": {"value": "a"}},
    {"aud": {"values": ["x", "b"]}},
    {"aud": {"values": ["x"]}},
    {"aud": {"essential": True}},
    {"missing": {"essential": True}},
    {"missing": {"value": "x"}},
    {"empty": {"essential": True}},
    {"role": {"value": "y"}},
    {"role": {"validate": lambda _claims, value: value == "x"}},
    {"jti": {"essential": True, "value": "1"}},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("changes", [{}, {"aud": "a"}, {"iss": None}, {"sub": ""}])
def test_claims_are_judged_by_their_options(options: dict[str, Any], changes: dict[str, Any]) -> None:
    """The same verdict as Authlib's, and the same attributes."""

    def judged(lib: Any) -> Any:
        claims = lib.jwt.decode(token({**CLAIMS, **changes}), SECRET, claims_options=options, claims_params={"p": 1})
        return [claims.validate(now=1500), claims.params, claims.get_registered_claims()]

    agree(judged)


@pytest.mark.parametrize("value", [1000, 1999, 2000, 2001, 1500.5, "1500", None, True, [], {}])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 1, 600])
def test_times_are_judged_as_in_authlib(name: str, value: Any, leeway: int) -> None:
    """The same verdict on a time of any type, at every leeway."""
    agree(lambda lib: lib.JWTClaims({name: value}, HS).validate(now=2000, leeway=leeway))


@pytest.mark.parametrize(
    "claims", [{"exp": NOW + 60}, {"exp": NOW - 60}, {"nbf": NOW + 60}, {"iat": NOW + 60}, {"iat": NOW - 60}]
)
def test_the_clock_is_the_default(claims: dict[str, Any]) -> None:
    """Without `now` the current time judges."""
    error = agree(lambda lib: lib.JWTClaims(claims, HS).validate())
    if error[0] == "error" and "iat" in claims:
        assert str(error[1]) == "invalid_token: The token is not valid as it was issued in the future"


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.JWTClaims({"iss": "x"}, HS).iss,
        lambda lib: lib.JWTClaims({}, HS).exp,
        lambda lib: lib.JWTClaims({"iss": "x"}, HS) == {"iss": "x"},
        lambda lib: lib.JWTClaims({"iss": "x"}, HS).header,
        lambda lib: [lib.JWTClaims({}, HS).options, lib.JWTClaims({}, HS).params],
        lambda lib: lib.JWTClaims.REGISTERED_CLAIMS,
        lambda lib: lib.BaseClaims.REGISTERED_CLAIMS,
    ],
)
def test_claims_are_a_dict_with_attributes(call: Call) -> None:
    """Registered claims read as attributes, all claims as a dict."""
    agree(call)


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    """A name that is no registered claim is no attribute."""
    with pytest.raises(AttributeError):
        _ = layer.JWTClaims({"iss": "x"}, HS).invalid


def test_a_claims_class_of_the_callers() -> None:
    """A subclass of JWTClaims may validate more and raise this layer's errors."""

    def own(lib: Any) -> Any:
        class Own(lib.JWTClaims):  # type: ignore[misc, name-defined]
            REGISTERED_CLAIMS = [*lib.JWTClaims.REGISTERED_CLAIMS, "role"]  # noqa: RUF012

            def validate(self, now: Any = None, leeway: Any = 0) -> None:
                super().validate(now, leeway)
                if self.role != "admin":
                    raise lib.errors.InvalidClaimError("role")

        return lib.jwt.decode(token({"role": "user"}), SECRET, claims_cls=Own).validate()

    error = agree(own)[1]
    assert (error.claim_name, error.claim, error.code) == ("role", "role", "invalid_claim")
