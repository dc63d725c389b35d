"""JSON and base64url for Python code, and bare signatures: the core's strict readers, and what they refuse."""

import json
from typing import Any

import pytest

from jwseal import SecretKey, SigningKey, errors, insecure
from jwseal._encoding import base64url_decode, read_json


@pytest.mark.parametrize(
    "value",
    [None, True, 1, 10**40, 1.5, "é\U0001f600\n", [], {}, {"a": [1, {"b": None}]}, [[["x"]]], "", {"": ""}],
)
def test_json_is_read(value: Any) -> None:
    """Text and bytes give the value and the types that Python's own reader gives."""
    text = json.dumps(value)
    for read in (text, text.encode(), json.dumps(value, ensure_ascii=False), f" {text}\n"):
        assert repr(read_json(read)) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}x",
        "NaN",
        "-Infinity",
        "1e400",
        "01",
        '{"a":1,"a":2}',
        '{"x":{"a":1,"\\u0061":2}}',
        '"\\ud800"',
        "\ufeff{}",
        "'a'",
        "[1,]",
        '"\ud800"',
        b"\xff",
        json.dumps({"a": 1}).encode("utf-16"),
        "[" * 33 + "]" * 33,
        "[" * 100_000,
        "9" * 4301,
        json.dumps(dict.fromkeys(map(str, range(1025)))),
    ],
)
def test_json_with_two_readings_is_refused(text: str | bytes) -> None:
    """A ValueError says why and holds nothing of the text, alone and without a chained exception."""
    with pytest.raises(ValueError) as caught:
        read_json(text)
    error = caught.value
    assert type(error) is ValueError
    assert error.__cause__ is error.__context__ is None
    assert vars(error) == {}


def test_json_depth() -> None:
    """`max_depth` lowers the limit, and never raises it."""
    assert read_json("[[]]", 2) == [[]]
    for text, depth in (("[[]]", 1), ("[" * 33 + "]" * 33, 100)):
        with pytest.raises(ValueError, match=r"deep|nest"):
            read_json(text, depth)
    with pytest.raises(TypeError):
        read_json(bytearray(b"{}"))  # type: ignore[arg-type]


def test_base64url() -> None:
    """Canonical base64url, with its correct padding or without."""
    for text, octets in ((b"", b""), (b"AA", b"\0"), (b"AA==", b"\0"), (b"AAA=", b"\0\0"), (b"-_-_", b"\xfb\xff\xbf")):
        assert base64url_decode(text) == octets
    for text in (b"A", b"AB", b"AA=", b"AAA==", b"AA===", b"+/+/", b"AA\n", b"A A", b"=", b"AAAA="):
        with pytest.raises(ValueError, match="not canonical base64url"):
            base64url_decode(text)


def test_bare_signatures() -> None:
    """`verify_bytes` accepts what `sign_bytes` signed, under the key's own algorithms, and nothing else."""
    key, secret = SigningKey.generate("EdDSA"), SecretKey.generate("HS256")
    for signs, verifies, alg in (
        (key, key.verifying_key, "EdDSA"),
        (key, key.verifying_key, "Ed25519"),
        (secret, secret, "HS256"),
    ):
        signature = insecure.sign_bytes(b"octets", signs)
        assert insecure.verify_bytes(b"octets", signature, verifies, alg=alg) is None
        for octets, other in ((b"other", signature), (b"octets", signature[:-1]), (b"octets", b"")):
            with pytest.raises(errors.InvalidSignature):
                insecure.verify_bytes(octets, other, verifies, alg=alg)
        with pytest.raises(errors.AlgorithmNotAllowed):
            insecure.verify_bytes(b"octets", signature, verifies, alg="HS512")
    for wrong in (key, "text", b"text", None):
        with pytest.raises(TypeError):
            insecure.verify_bytes(b"octets", signature, wrong, alg="EdDSA")  # type: ignore[arg-type]
