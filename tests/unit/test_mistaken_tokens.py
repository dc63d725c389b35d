"""What people pass in place of a token: the code stays malformed_token, the message says what to do instead."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import forge
from judge import LAX, code, secret
from jwseal import Issuers, MalformedToken, Verifier, insecure, jws

TOKEN = forge.T0
VERIFIER = Verifier(secret(), LAX)
READERS: dict[str, Callable[[Any], Any]] = {
    "Verifier": VERIFIER.verify,
    "Issuers": Issuers({"i": VERIFIER}).verify,
    "jws.verify": lambda token: jws.verify(token, secret()),
    "insecure": insecure.header_unverified,
}
# text, and words of the message.
MISTAKES = {
    "Bearer": (f"Bearer {TOKEN}", "jwseal.bearer(value)"),
    "bearer in lower case": (f"bearer {TOKEN}", "jwseal.bearer(value)"),
    "a whole header line": (f"Authorization: Bearer {TOKEN}", "jwseal.bearer(value)"),
    "DPoP": (f"DPoP {TOKEN}", 'follows "DPoP "'),
    "another scheme": (f"Token {TOKEN}", "whitespace in it"),
    "a byte order mark before it": ("\ufeff" + TOKEN, "byte order mark"),
    "two tokens of a list": (f"{TOKEN},{TOKEN}", "comma in it"),
    "a header that was sent twice": (f"{TOKEN}, {TOKEN}", "comma in it"),
    "an SD-JWT": (f"{TOKEN}~WyJzYWx0IiwibmFtZSIsIkFubmEiXQ~", "before the first ~"),
    "a JWE": ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", "JWE"),
    "a line end after it": (TOKEN + "\n", "token.strip()"),
    "a line end before it": ("\r\n" + TOKEN, "token.strip()"),
    "a blank before it": (" " + TOKEN, "token.strip()"),
    "a blank after it": (TOKEN + " ", "token.strip()"),
    "a line end in it": (TOKEN[:9] + "\n" + TOKEN[9:], "whitespace in it"),
    "double quotes": (json.dumps(TOKEN), "json.loads"),
    "single quotes": (f"'{TOKEN}'", "in quotes"),
    "str() of bytes": (str(TOKEN.encode()), "token.decode()"),
    "JSON serialization": ('{"payload":"e30","protected":"e30","signature":"AA"}', "verify_json"),
    "nothing": ("", "is empty"),
    "an opaque token": ("2YotnFZFEjr1zCsicMWpAA", "RFC 7662"),
    "a cookie": (f"session={TOKEN}", "before it, as in a cookie"),
    "a query": (f"access_token={TOKEN}", "before it, as in a cookie"),
    "plain base64": (TOKEN.replace("XSNg", "X/Ng"), "base64url"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["str", "bytes"])
@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=MISTAKES)
def test_the_message_says_what_to_do(
    text: str, words: str, encode: Callable[[str], str | bytes], read: Callable[[Any], Any]
) -> None:
    """Each mistake is named, with the call to make instead, and nothing of the text."""
    with pytest.raises(MalformedToken) as caught:
        read(encode(text))
    assert "malformed_token" == code(caught.value)
    assert words in str(caught.value)
    assert not [part for part in TOKEN.split(".")[::2] if part in str(caught.value)]


@pytest.mark.parametrize(
    "text", ["a.b", "a.b.c.d", "a.b.c.d.e.f", TOKEN + ".", "!.!.!", forge.segments({"alg": "none"}, {}) + "é"]
)
def test_other_shapes_are_malformed(text: str) -> None:
    """What no one means to pass has the general message."""
    with pytest.raises(MalformedToken) as caught:
        VERIFIER.verify(text)
    assert "malformed_token" == code(caught.value)
    assert "jwseal" not in str(caught.value)


def test_none_and_dict_are_not_tokens() -> None:
    """What has the wrong type is a TypeError that says which call takes it."""
    with pytest.raises(TypeError, match=r"jwseal\.bearer"):
        VERIFIER.verify(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="verify_json"):
        VERIFIER.verify(jws.sign_json(b"{}", secret()))  # type: ignore[arg-type]
    for wrong in (bytearray(TOKEN.encode()), memoryview(TOKEN.encode()), 5):
        with pytest.raises(TypeError, match="str or bytes"):
            VERIFIER.verify(wrong)  # type: ignore[arg-type]
