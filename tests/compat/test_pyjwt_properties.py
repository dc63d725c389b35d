"""Random claims, options and arguments: `jwseal.compat.pyjwt` and PyJWT say the same.

Claims are judged by a native policy for the commonest call, by a short rule for the commonest form, and by PyJWT's rules
one by one otherwise; these tests look for a place where a shorter way says yes and PyJWT says no, and for every other
difference.
"""

import json
import time
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pyjwt_pair import SECRET, agree
from test_pyjwt import decoded, token

NOW = int(time.time())

# Away from the edges, because the two libraries read the clock one after the other.
moments = st.sampled_from([0, 1, NOW - 7200, NOW - 60, NOW + 60, NOW + 7200, 10**12, NOW + 60.5, NOW - 60.5, 1e300])
odd = st.sampled_from([None, True, False, "", "1", "x", str(NOW + 60), [], [1], {}, {"a": 1}, -1, 1.5, "a", ["a"]])
times = st.one_of(moments, odd)
names = st.sampled_from(["a", "b", "ab", "", None, 1, True, [], ["a"], ["b", "a"], ["a", 1], {"a": 1}])

claims = st.fixed_dictionaries(
    {},
    optional={
        "exp": times,
        "nbf": times,
        "iat": times,
        "iss": names,
        "aud": names,
        "sub": names,
        "jti": names,
        "x": names,
    },
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "audience": st.sampled_from([None, "a", "b", "", ["a"], ["b", "c"], [], ("a",), {"a": 1}, b"a", 1]),
        "issuer": st.sampled_from([None, "a", "b", "", ["a"], ["b", "c"], {"a"}, "abc", 1, [1]]),
        "subject": st.sampled_from([None, "a", "b", "", 1]),
        "leeway": st.sampled_from([0, 30, 3600, 10**6, 0.5, -30]),
        "options": st.fixed_dictionaries(
            {},
            optional={
                **{
                    f"verify_{name}": st.booleans()
                    for name in ("signature", "exp", "nbf", "iat", "aud", "iss", "sub", "jti")
                },
                "strict_aud": st.booleans(),
                "require": st.lists(st.sampled_from(["exp", "aud", "x", "sub"]), max_size=2),
            },
        ),
    },
)


@given(claims, arguments)
@example({"exp": NOW + 60.5}, {})
@example({"aud": ""}, {"audience": ""})
@example({"aud": ["a"]}, {"audience": "a"})
@example({"exp": True}, {"leeway": 10**12})
def test_any_claims(made: dict[str, Any], given_arguments: dict[str, Any]) -> None:
    """Value, or class and sentence of the exception, are PyJWT's."""
    for alg in ("HS256", "EdDSA"):
        agree(lambda jwt, alg=alg: decoded(made, **given_arguments)(jwt, alg))


@given(claims, st.sampled_from([None, "a", ""]), st.sampled_from([None, "a", ""]))
@example({"exp": NOW + 60.5}, None, None)
@example({"exp": NOW + 60, "aud": []}, None, None)
@example({"exp": NOW + 60, "aud": ["b", "a"]}, "a", None)
def test_any_claims_in_the_commonest_call(made: dict[str, Any], audience: str | None, issuer: str | None) -> None:
    """A call without options, with one audience and issuer or none, which a native policy answers where it can."""
    agree(lambda jwt: decoded(made, audience=audience, issuer=issuer)(jwt, "EdDSA"))


def test_the_edge_of_a_fraction() -> None:
    """A fraction of a second in `exp` is cut off, as PyJWT does, and not rounded by the native policy."""
    until = time.time() + 0.9
    edge = {"exp": int(until) + 0.999999}
    while time.time() < int(until):
        time.sleep(0.01)
    assert agree(lambda jwt: decoded(edge)(jwt, "EdDSA"))[1] == "ExpiredSignatureError"


@given(st.lists(st.sampled_from([*".=-_ e30A\n!", "eyJhbGciOiJIUzI1NiJ9"]), max_size=8))
def test_any_text(parts: list[str]) -> None:
    """Text that is no token is refused alike."""
    text = "".join(parts)
    agree(lambda jwt: jwt.decode(text, SECRET, algorithms=["HS256"]), sentence=False)
    agree(lambda jwt: jwt.get_unverified_header(text), sentence=False)
    agree(lambda jwt: jwt.decode(text, options={"verify_signature": False}), sentence=False)


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text("aé\n")
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyzé", min_size=1), json_values, max_size=4))
def test_any_json(made: dict[str, Any]) -> None:
    """Tokens are the same text, and claims come back with the same values and types."""
    assert agree(lambda jwt: jwt.encode(made, SECRET))[0] == "value"
    assert agree(lambda jwt: jwt.decode(token(made), SECRET, algorithms=["HS256"]))[1] == repr(
        json.loads(json.dumps(made))
    )
