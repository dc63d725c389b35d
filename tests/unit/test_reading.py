"""JSON and base64url for Python code, and bare signatures: the core's strict readers, and what they refuse."""

import base64
import json
from typing import Any

import pytest

import forge
from jwseal import SecretKey, SigningKey, errors, insecure
from jwseal._encoding import base64url_decode, base64url_encode, read_json


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


def no_base64url(text: bytes) -> None:
    """The text is refused."""
    with pytest.raises(ValueError, match="not canonical base64url"):
        base64url_decode(text)


def test_base64url() -> None:
    """RFC 4648 section 10 and RFC 7515 appendix C, with padding and without."""
    for octets, text in (
        *((b"", b""), (b"f", b"Zg=="), (b"fo", b"Zm8="), (b"foo", b"Zm9v"), (b"foob", b"Zm9vYg==")),
        *((b"fooba", b"Zm9vYmE="), (b"foobar", b"Zm9vYmFy"), (bytes([3, 236, 255, 224, 193]), b"A-z_4ME=")),
    ):
        assert base64url_decode(text) == base64url_decode(text.rstrip(b"=")) == octets
        assert base64url_encode(octets) == text.rstrip(b"=")


def test_other_spellings_of_base64url_are_refused() -> None:
    """One sequence of bytes has one text, but for its padding."""
    for text in (
        *(
            "A",
            "Zm9vA",
            "Zh",
            "Zk",
            "Zv",
            "Zm9",
            "Zm-",
            "Zh==",
            "Zm9=",
            "+A",
            "/A",
            "+A==",
            "A+z_4ME",
            "A-z/4ME",
            "+/+/",
        ),
        *(" Zg", "Zg ", "Z g", "Zg\n", "Zg\r\n", "\tZg", "Zm9v\n", "Zm8=\n", "Zg= =", "Zg\0", "\0", "Zg==\0"),
        *(
            "Zm.v",
            "Zm!v",
            "Zm\u00e9",
            "\uff3ag",
            "=",
            "==",
            "====",
            "Z===",
            "=Zg=",
            "Zg=",
            "Zm9v=",
            "AAAA====",
            "Zg==Zg==",
        ),
    ):
        no_base64url(text.encode())


def test_padding_of_base64url_is_whole() -> None:
    """Padding fills the last group of four, or is left out."""
    for length in range(201):
        octets = bytes(index * 151 % 256 for index in range(length))
        padded = base64.urlsafe_b64encode(octets)
        bare = padded.rstrip(b"=")
        assert base64url_decode(padded) == base64url_decode(bare) == octets
        for text in {bare + b"=" * count for count in range(1, 9)} - {padded}:
            no_base64url(text)


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
        for other in set(forge.ALGS) - set([alg] if verifies is secret else verifies.algs):
            with pytest.raises(errors.AlgorithmNotAllowed):
                insecure.verify_bytes(b"octets", signature, verifies, alg=other)
    for wrong in (key, "text", b"text", None):
        with pytest.raises(TypeError):
            insecure.verify_bytes(b"octets", signature, wrong, alg="EdDSA")  # type: ignore[arg-type]
