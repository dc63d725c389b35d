"""The JSON serializations printed in the RFCs (data and licences: vectors/README.md; RFC 7515 section 7.2).

What the rules refuse is here too: a JWS without a protected header (RFC 7520 4.7 and a part of 4.8).
"""

import copy
import json

import pytest

from judge import refusal
from jwseal import KeySet, SecretKey, SigningKey, VerifyingKey, jws
from test_rfc_vectors import load, reader


def rfc7515_keys() -> KeySet:
    """The keys of RFC 7515 A.2 and A.3 under the kids of A.6."""
    vectors = load("rfc7515.json")
    return KeySet(
        [
            VerifyingKey.from_jwk(vectors["A.2"]["jwk"], alg="RS256", kid="2010-12-29"),
            VerifyingKey.from_jwk(vectors["A.3"]["jwk"], kid="e9bc097a-ce51-4036-9562-d2ade882db0d"),
        ]
    )


def test_rfc7515_a6_general() -> None:
    """RFC 7515 A.6: two signatures, each with its own protected header and an unprotected kid."""
    example = load("rfc7515.json")["A.6"]
    before = copy.deepcopy(example["json"])
    verified = jws.verify_json(example["json"], rfc7515_keys())
    assert load("rfc7515.json")["A.1"]["payload"].encode() == verified.payload
    assert ["RS256", "ES256"] == [signature.alg for signature in verified.signatures]
    assert [True, True] == [signature.verified for signature in verified.signatures]
    kids = ["2010-12-29", "e9bc097a-ce51-4036-9562-d2ade882db0d"]
    assert kids == [signature.unprotected["kid"] for signature in verified.signatures if signature.unprotected]
    assert kids == [signature.key.kid for signature in verified.signatures if signature.key]
    assert before == example["json"]


def test_rfc7515_a6_as_text() -> None:
    """RFC 7515 A.6 as str and as bytes."""
    text = json.dumps(load("rfc7515.json")["A.6"]["json"])
    payload = load("rfc7515.json")["A.1"]["payload"].encode()
    assert payload == jws.verify_json(text, rfc7515_keys()).payload
    assert payload == jws.verify_json(text.encode(), rfc7515_keys()).payload


def test_rfc7515_a6_one_key_only() -> None:
    """RFC 7515 A.6 with one of the two keys: `any` is content, `all` is not."""
    example = load("rfc7515.json")["A.6"]["json"]
    key = VerifyingKey.from_jwk(load("rfc7515.json")["A.3"]["jwk"], kid="e9bc097a-ce51-4036-9562-d2ade882db0d")
    verified = jws.verify_json(example, key, require="any")
    assert [False, True] == [signature.verified for signature in verified.signatures]
    assert "algorithm_not_allowed" == refusal(jws.verify_json, example, key)


def test_rfc7515_a7_flattened() -> None:
    """RFC 7515 A.7: the flattened form of one of them."""
    verified = jws.verify_json(load("rfc7515.json")["A.7"]["json"], rfc7515_keys())
    assert load("rfc7515.json")["A.1"]["payload"].encode() == verified.payload
    assert [{"alg": "ES256"}] == [signature.protected for signature in verified.signatures]
    assert [{"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"}] == [
        signature.unprotected for signature in verified.signatures
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_rfc7797_flattened(place: int) -> None:
    """RFC 7797 section 4: the flattened forms, the second with a payload that is not encoded."""
    vectors = load("rfc7797.json")
    key = SecretKey.from_jwk(vectors["jwk"], alg="HS256")
    assert b"$.02" == jws.verify_json(vectors["4"][place]["flattened_json"], key).payload


@pytest.mark.parametrize("form", ["general", "flattened"])
@pytest.mark.parametrize(("section", "key"), [("4.1", "rsa"), ("4.2", "rsa"), ("4.3", "ec"), ("4.4", "oct")])
def test_rfc7520_json(section: str, key: str, form: str) -> None:
    """RFC 7520 4.1 to 4.4 in both JSON forms."""
    vectors = load("rfc7520.json")
    example = vectors["sections"][section]
    verified = jws.verify_json(example[form], reader(vectors["keys"][key], example["alg"]))
    assert vectors["payload"].encode() == verified.payload


@pytest.mark.parametrize("form", ["general", "flattened"])
def test_rfc7520_detached_json(form: str) -> None:
    """RFC 7520 4.5: no payload member; it is handed over beside the object."""
    vectors = load("rfc7520.json")
    key = SecretKey.from_jwk(vectors["keys"]["oct"])
    payload = vectors["payload"].encode()
    assert payload == jws.verify_json(vectors["sections"]["4.5"][form], key, payload=payload).payload
    assert "malformed_token" == refusal(jws.verify_json, vectors["sections"]["4.5"][form], key)


@pytest.mark.parametrize("form", ["general", "flattened"])
def test_rfc7520_partly_protected(form: str) -> None:
    """RFC 7520 4.6: `kid` stands outside the protected header."""
    vectors = load("rfc7520.json")
    key = SecretKey.from_jwk(vectors["keys"]["oct"])
    verified = jws.verify_json(vectors["sections"]["4.6"][form], key)
    assert vectors["payload"].encode() == verified.payload
    kid = vectors["keys"]["oct"]["kid"]
    assert [({"kid": kid}, kid)] == [(one.unprotected, key.kid) for one in verified.signatures if one.key == key]


@pytest.mark.parametrize("form", ["general", "flattened"])
def test_rfc7520_content_only_is_refused(form: str) -> None:
    """RFC 7520 4.7: a JWS without a protected header is refused, because its alg is anybody's word."""
    vectors = load("rfc7520.json")
    key = SecretKey.from_jwk(vectors["keys"]["oct"])
    assert "malformed_token" == refusal(jws.verify_json, vectors["sections"]["4.7"][form], key)


def test_rfc7520_multiple_signatures_is_refused() -> None:
    """RFC 7520 4.8: one bad entry, here one without a protected header, and the whole object is refused."""
    vectors = load("rfc7520.json")
    key = SecretKey.from_jwk(vectors["keys"]["oct"])
    example = vectors["sections"]["4.8"]["general"]
    for require in ("all", "any"):
        assert "malformed_token" == refusal(jws.verify_json, example, key, require=require)


def test_rfc7520_multiple_signatures_without_it() -> None:
    """RFC 7520 4.8 without its unprotected entry: both others verify."""
    vectors = load("rfc7520.json")
    example = vectors["sections"]["4.8"]["general"]
    keys = KeySet(
        [
            VerifyingKey.from_jwk(vectors["keys"]["rsa"], alg="RS256"),
            SecretKey.from_jwk(vectors["keys"]["oct"]),
        ]
    )
    kept = {**example, "signatures": [example["signatures"][0], example["signatures"][2]]}
    assert vectors["payload"].encode() == jws.verify_json(kept, keys).payload


def test_rfc7515_a6_signed_again() -> None:
    """RFC 7515 A.6 made by us: RS256 gives the printed signature, ES256 one that verifies."""
    vectors = load("rfc7515.json")
    rsa = SigningKey.from_jwk(vectors["A.2"]["private"], alg="RS256")
    ec = SigningKey.from_jwk(vectors["A.3"]["private"])
    made = jws.sign_json(
        vectors["A.1"]["payload"].encode(),
        [jws.Signature(rsa, header={"kid": "2010-12-29"}), jws.Signature(ec)],
    )
    assert vectors["A.6"]["json"]["payload"] == made["payload"]
    assert vectors["A.6"]["json"]["signatures"][0] == made["signatures"][0]
    keys = KeySet([rsa.verifying_key, ec.verifying_key])
    assert vectors["A.1"]["payload"].encode() == jws.verify_json(made, keys).payload
