"""Canonical JSON, and objects signed in it (RFC 8785): the RFC's vectors, the bytes of another implementation, each refusal."""

import json
import math
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import refusal
from jwseal import SecretKey, SigningKey, jws
from peers import peer

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/rfc8785.json").read_text())
KEY = SigningKey.generate("ES256", kid="a")
CARD = {"name": "agent", "version": 1.0, "skills": [{"id": "x", "price": 1e21}], "\u20ac": None}
rfc8785 = peer("rfc8785")


@pytest.mark.parametrize("vector", VECTORS["texts"], ids=lambda vector: vector["name"])
def test_texts(vector: dict[str, str]) -> None:
    """The RFC's texts have the RFC's canonical form, which is its own."""
    canonical = vector["canonical"].encode()
    assert canonical == jws.canonical_json(json.loads(vector["input"]))
    assert canonical == jws.canonical_json(json.loads(canonical))


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=lambda vector: vector["double"])
def test_numbers(vector: dict[str, str]) -> None:
    """The doubles of Appendix B are written as ECMAScript writes them."""
    (number,) = struct.unpack(">d", bytes.fromhex(vector["double"]))
    assert vector["canonical"].encode() == jws.canonical_json(number)


@pytest.mark.parametrize("double", VECTORS["no_numbers"])
def test_no_numbers(double: str) -> None:
    """NaN and infinity are refused."""
    (number,) = struct.unpack(">d", bytes.fromhex(double))
    with pytest.raises(ValueError, match="no NaN and no infinity"):
        jws.canonical_json({"x": number})


doubles = (
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("d", struct.pack("Q", bits))[0]).filter(math.isfinite)
)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | doubles | st.floats(-1e25, 1e25)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    scalars | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


@given(values)
def test_the_bytes_of_another_implementation(value: Any) -> None:
    """The package rfc8785 writes the same bytes."""
    assert rfc8785.dumps(value) == jws.canonical_json(value)


@given(doubles)
def test_a_number_reads_back(number: float) -> None:
    """No digit is lost: the text reads back as the same double."""
    assert number == float(jws.canonical_json(number))


def test_order_of_names() -> None:
    """Names are in the order of UTF-16 code units, in which a code point beyond U+FFFF comes before U+FB33."""
    text = jws.canonical_json({"\ufb33": 1, "\U0001f600": 2, "\r": 3, "1": 4, "\u0080": 5, "\u20ac": 6, "\u00f6": 7})
    assert '{"\\r":3,"1":4,"\u0080":5,"\u00f6":7,"\u20ac":6,"\U0001f600":2,"\ufb33":1}'.encode() == text


def test_kinds_of_containers() -> None:
    """Subclasses of dict, and tuples, are written as what they are."""
    assert b'{"a":[1,2]}' == jws.canonical_json(OrderedDict(a=(1, 2)))


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2**53, "beyond"),
        (-(2**53), "beyond"),
        ({"x": [10**30]}, "beyond"),
        (math.nan, "no NaN"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        (nested(33), "nested deeper than 32"),
    ],
)
def test_no_canonical_text(value: Any, sentence: str) -> None:
    """What has no canonical text is ValueError; nothing is rounded."""
    with pytest.raises(ValueError, match=sentence):
        jws.canonical_json(value)


def test_the_deepest() -> None:
    """32 levels are written."""
    assert b"[" * 32 + b"1" + b"]" * 32 == jws.canonical_json(nested(32))


@pytest.mark.parametrize("value", [b"x", object(), {1: 2}, {None: 1}, {1, 2}, 1j, [bytearray()]])
def test_not_json(value: Any) -> None:
    """What JSON does not have is TypeError."""
    with pytest.raises(TypeError):
        jws.canonical_json(value)


def test_sign_and_verify() -> None:
    """The signature holds for the object however it is written, and the payload of the result is its canonical text."""
    signature = jws.sign_object(CARD, KEY)
    head, payload, _ = signature.split(".")
    assert (payload, bool(head)) == ("", True)
    texts = [json.dumps(CARD), json.dumps(CARD, indent=2, ensure_ascii=False, sort_keys=True).encode()]
    for obj in (CARD, dict(reversed(CARD.items())), *texts):
        verified = jws.verify_object(signature, obj, KEY.verifying_key)
        assert jws.canonical_json(CARD) == verified.payload
    assert "a" == verified.kid
    assert jws.verify(signature, KEY.verifying_key, payload=jws.canonical_json(CARD)).key == KEY.verifying_key


def test_headers_and_crit() -> None:
    """Further header parameters and critical ones are those of `sign` and `verify`."""
    signature = jws.sign_object(CARD, KEY, headers={"x": 1, "typ": "JOSE"}, crit=["x"])
    assert "unsupported_header" == refusal(jws.verify_object, signature, CARD, KEY.verifying_key)
    assert 1 == jws.verify_object(signature, CARD, KEY.verifying_key, crit=["x"]).header["x"]


def test_algorithms() -> None:
    """`algorithms` narrows the key's own."""
    key = SecretKey.generate("HS256")
    signature = jws.sign_object({}, key)
    assert b"{}" == jws.verify_object(signature, {}, key, algorithms=["HS256"]).payload


CHANGED: list[tuple[Any, str]] = [
    (CARD | {"name": "other"}, "invalid_signature"),
    (CARD | {"more": None}, "invalid_signature"),
    ({**CARD, "version": True}, "invalid_signature"),
    ({}, "invalid_signature"),
    (CARD | {"version": 2**53}, "malformed_token"),
    (CARD | {"version": math.nan}, "malformed_token"),
    ('{"name":"agent","name":"other"}', "malformed_token"),
    ("{", "malformed_token"),
    (b"\xff", "malformed_token"),
    ("[]", "malformed_token"),
    ("1", "malformed_token"),
    ('{"x":NaN}', "malformed_token"),
]


@pytest.mark.parametrize(("obj", "code"), CHANGED)
def test_another_object(obj: Any, code: str) -> None:
    """An object that was changed is invalid_signature; one without a canonical text is malformed_token."""
    assert code == refusal(jws.verify_object, jws.sign_object(CARD, KEY), obj, KEY.verifying_key)


def test_a_signature_with_a_payload() -> None:
    """A token that has a payload of its own beside the object is malformed_token."""
    assert "malformed_token" == refusal(jws.verify_object, jws.sign(b"{}", KEY), {}, KEY.verifying_key)


@pytest.mark.parametrize("obj", [[], None, 1, object(), bytearray(b"{}")])
def test_an_object_is_an_object(obj: Any) -> None:
    """What is no dict and no text is TypeError, to sign and to verify."""
    with pytest.raises(TypeError, match="dict or the JSON text"):
        jws.sign_object(obj, KEY)
    with pytest.raises(TypeError, match="dict or the JSON text"):
        jws.verify_object(jws.sign_object({}, KEY), obj, KEY.verifying_key)


def test_text_to_sign() -> None:
    """JSON text to sign is read strictly: duplicate members and values that are no object are ValueError."""
    assert jws.verify_object(jws.sign_object('{"b": 1, "a": 2.0}', KEY), {"a": 2, "b": 1}, KEY.verifying_key)
    for text in ('{"a":1,"a":2}', "[]", "{"):
        with pytest.raises(ValueError):
            jws.sign_object(text, KEY)
