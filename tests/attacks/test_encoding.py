"""Attacks: more than one text for one token (CVE-2022-25898, RFC 8725bis 3.14).

base64url is canonical in all three segments, before the header is parsed. Only `accept_padding` bends it, and only where
AWS ALB does.
"""

import base64

import pytest

import forge
from judge import LAX, refusal, secret, verdict, verifier, verifying
from jwseal import Verifier, jws

VERIFIER = Verifier(secret(), LAX)
SEGMENTS = forge.T0.split(".")
FOREIGN = [
    "!",
    "@",
    " ",
    "\n",
    "\r",
    "\t",
    "\0",
    "=",
    "+",
    "/",
    "%",
    "*",
    "~",
    "\\",
    '"',
    "\x7f",
    "\x80",
    "é",
    "\u2028",
    "＿",
]


def with_segment(place: int, text: str) -> str:
    """T0 with one segment replaced."""
    return ".".join([*SEGMENTS[:place], text, *SEGMENTS[place + 1 :]])


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_foreign_character(foreign: str, place: int) -> None:
    """A character outside A-Z a-z 0-9 - _ is refused at any position, never skipped."""
    segment = SEGMENTS[place]
    for at in {0, 1, len(segment) // 2, len(segment) - 1, len(segment)}:
        for text in (segment[:at] + foreign + segment[at:], segment[:at] + foreign + segment[at + 1 :]):
            token = with_segment(place, text)
            assert "malformed_token" == refusal(VERIFIER.verify, token)
            assert "malformed_token" == refusal(VERIFIER.verify, token.encode())
            assert "malformed_token" == refusal(jws.verify, token, secret())


@pytest.mark.parametrize("octet", [0x80, 0xC0, 0xFF, 0xE9])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_foreign_octet(place: int, octet: int) -> None:
    """Bytes that are not UTF-8 are refused in bytes, and as surrogates in str."""
    segments = [segment.encode() for segment in SEGMENTS]
    segments[place] = segments[place][:2] + bytes([octet]) + segments[place][2:]
    token = b".".join(segments)
    assert "malformed_token" == refusal(VERIFIER.verify, token)
    assert "malformed_token" == refusal(VERIFIER.verify, token.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("last", ["Z", "a", "b"])
def test_unused_bits(last: str) -> None:
    """The last character has one spelling: trailing bits are zero (Wycheproof JWS 374, 375)."""
    assert "Y" == forge.T0[-1]
    assert "malformed_token" == refusal(VERIFIER.verify, forge.T0[:-1] + last)


@pytest.mark.parametrize("place", [0, 1])
def test_unused_bits_elsewhere(place: int) -> None:
    """The same in header and payload, signed as it stands, so that only the encoding is at fault."""
    material = forge.Material("HS256", forge.K32)
    header, payload = forge.b64(b'{"alg":"HS256"} '), forge.b64(b'{"a":1}')
    assert "accepted" == verdict(VERIFIER.verify, forge.resign(f"{header}.{payload}", material))
    # Sixteen and seven octets leave four unused bits in the last character.
    loose = [header, payload]
    loose[place] = loose[place][:-1] + chr(ord(loose[place][-1]) + 1)
    assert forge.unb64(loose[place]) == forge.unb64([header, payload][place])
    assert "malformed_token" == refusal(VERIFIER.verify, forge.resign(".".join(loose), material))


@pytest.mark.parametrize("text", ["A", "AAAAA", "AAAAAAAAA", "A" * 33])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_impossible_length(place: int, text: str) -> None:
    """No octets have a base64url text whose length is one more than a multiple of four."""
    assert "malformed_token" == refusal(VERIFIER.verify, with_segment(place, text))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_shape_before_header(place: int) -> None:
    """A malformed segment is malformed though the header is one that would be refused otherwise."""
    segments = [forge.b64(b'{"alg":"none"}'), "e30", "AA"]
    segments[place] += "="
    assert "malformed_token" == refusal(VERIFIER.verify, ".".join(segments))


def padded(header: bytes, payload: bytes, *, signature: bool = True) -> str:
    """A token as AWS ALB writes it: padded segments, signed as they stand."""
    signed = ".".join(base64.urlsafe_b64encode(part).decode() for part in (header, payload))
    tag = forge.Material("HS256", forge.K32).sign(signed.encode())
    return f"{signed}.{base64.urlsafe_b64encode(tag).decode() if signature else forge.b64(tag)}"


@pytest.mark.parametrize("signature", [True, False])
def test_padding_is_refused_by_default(signature: bool) -> None:
    """`=` is no base64url (RFC 7515 section 2)."""
    token = padded(b'{"alg":"HS256"} ', b'{"a":1}', signature=signature)
    assert "malformed_token" == refusal(VERIFIER.verify, token)
    assert "malformed_token" == refusal(jws.verify, token, secret())


@pytest.mark.parametrize("signature", [True, False])
def test_padding_by_name(signature: bool) -> None:
    """`accept_padding` takes correctly padded segments; what was signed is the text as received."""
    lenient = Verifier(secret(), LAX, accept_padding=True)
    token = padded(b'{"alg":"HS256"} ', b'{"a":1}', signature=signature)
    assert {"a": 1} == lenient.verify(token).claims
    assert {} == lenient.verify(forge.T0).claims
    stripped = ".".join(segment.rstrip("=") for segment in token.split("."))
    assert "invalid_signature" == refusal(lenient.verify, stripped)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("pad", ["=", "==", "===", "====", "=A", "A="])
def test_padding_by_name_is_still_strict(place: int, pad: str) -> None:
    """With the option on, `=` too many, too few or in the middle is malformed as before."""
    lenient = Verifier(secret(), LAX, accept_padding=True)
    right = base64.urlsafe_b64encode(forge.unb64(SEGMENTS[place])).decode()
    for text in (SEGMENTS[place] + pad, pad + SEGMENTS[place], SEGMENTS[place][:2] + pad + SEGMENTS[place][2:]):
        if text != right:
            assert "malformed_token" == refusal(lenient.verify, with_segment(place, text))


@pytest.mark.parametrize("last", ["Z", "a", "b"])
def test_padding_by_name_keeps_unused_bits(last: str) -> None:
    """Nor does the option forgive trailing bits."""
    lenient = Verifier(secret(), LAX, accept_padding=True)
    for token in (forge.T0[:-1] + last, forge.T0[:-1] + last + "="):
        assert "malformed_token" == refusal(lenient.verify, token)


@pytest.mark.parametrize("alg", forge.ECDSA_ALGS)
def test_token_text_is_no_identity(alg: str) -> None:
    """An ECDSA signature has a second form (n - s), so two texts carry one token."""
    orders = {
        "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        "ES384": 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
        "ES512": 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
        "ES256K": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    }
    material = forge.material(alg)
    token = forge.token({"alg": alg}, {}, material)
    signed, _, text = token.rpartition(".")
    signature = forge.unb64(text)
    half = len(signature) // 2
    s = int.from_bytes(signature[half:], "big")
    other = signature[:half] + (orders[alg] - s).to_bytes(half, "big")
    keys = verifier(verifying(material))
    assert {} == keys.verify(token).claims
    assert {} == keys.verify(f"{signed}.{forge.b64(other)}").claims
