"""`VerifiedJWT` as a read-only mapping of its claims (what it proves is in `test_verifier.py`)."""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from judge import NOW, claims, hs256, secret, verifier
from jwseal import Signer, VerifiedJWT

CLAIMS = claims(scope="read", nested={"a": [1, {"b": None}]}, ä="ü", big=10**30)


def verified(**changes: Any) -> VerifiedJWT:
    """The verdict on a token of these claims."""
    return verifier(secret()).verify(hs256({**CLAIMS, **changes}), now=NOW)


def test_dict_of_a_result() -> None:
    """`dict(verified)`, unpacking and iteration give the claims, in the order of the token."""
    made = verified()
    assert CLAIMS == dict(made) == {**made} == dict(made.items()) == made.claims
    assert list(CLAIMS) == list(made) == list(made.keys())
    assert list(CLAIMS.values()) == list(made.values())
    assert len(CLAIMS) == len(made)
    assert {"scope"} == made.keys() & {"scope", "missing"}

    def named(**arguments: Any) -> dict[str, Any]:
        return arguments

    assert CLAIMS == named(**made)


def test_a_mapping_to_python() -> None:
    """Abstract base class and pattern matching take it for what it is."""
    made = verified()
    assert isinstance(made, Mapping)
    assert issubclass(VerifiedJWT, Mapping)
    match made:
        case {"sub": str(subject), "scope": "read", **rest}:
            assert CLAIMS["sub"] == subject
            assert CLAIMS.keys() - {"sub", "scope"} == rest.keys()
        case _:
            pytest.fail("no mapping")


def test_no_claims_at_all() -> None:
    """A token without claims is an empty mapping, and so false."""
    made = verifier(secret()).verify(hs256({}))
    assert ({}, 0, [], False) == (dict(made), len(made), list(made), bool(made))


def test_changes_change_nothing() -> None:
    """Nothing that is handed out is read again."""
    made = verified()
    made.claims["sub"] = "mallory"
    made["nested"]["a"].clear()
    for value in made.values():
        if isinstance(value, dict):
            value.clear()
    dict(made)["nested"]["a"].append(2)
    assert CLAIMS == dict(made)
    with pytest.raises(TypeError):
        made["sub"] = "mallory"  # type: ignore[index]
    with pytest.raises(TypeError):
        del made["sub"]  # type: ignore[attr-defined]
    assert not {"clear", "pop", "popitem", "setdefault", "update"} & set(dir(made))


def test_keys_that_are_no_claims() -> None:
    """A name that is not there is a plain KeyError, whatever its type; `get` and `in` raise nothing."""

    class Name(StrEnum):
        SUBJECT = "sub"

    made = verified()
    for key in ("missing", "", 5, None, b"sub", ("sub",), "\ud800"):
        assert key not in made
        assert (None, 7) == (made.get(key), made.get(key, 7))  # type: ignore[call-overload]
        with pytest.raises(KeyError) as caught:
            made[key]  # type: ignore[index]
        assert (KeyError, (key,)) == (type(caught.value), caught.value.args)
    assert CLAIMS["sub"] == made[Name.SUBJECT] == made.get(Name.SUBJECT)
    assert Name.SUBJECT in made


def test_equal_to_itself_alone() -> None:
    """Two results are two proofs, even of one token; a result is not its claims."""
    made = verified()
    assert made == made
    assert made != verified()
    assert made != dict(made)
    assert 2 == len({made, verified()})


def test_where_mappings_go() -> None:
    """A result can be signed again or written out as JSON, as any mapping can."""
    made = verified()
    again = verifier(secret()).verify(Signer(secret()).sign(made), now=NOW)
    assert dict(made) == dict(again)
    assert CLAIMS == json.loads(json.dumps(dict(made)))


@pytest.mark.parametrize("digits", [19, 20, 36, 37, 700, 4300])
@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_where_python_reads_few_digits(sign: str, digits: int) -> None:
    """A lowered `sys.set_int_max_str_digits` changes no claim and raises nothing."""
    number = int(sign + ("1029384756" * 430)[:digits])
    token, limit = hs256(claims(big=number)), sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        found = verifier(secret()).verify(token, now=NOW)["big"]
    finally:
        sys.set_int_max_str_digits(limit)
    assert found == number
