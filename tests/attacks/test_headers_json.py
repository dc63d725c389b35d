"""Attacks: header placement, critical names and many signatures in the JSON serializations (RFC 7515 section 7.2)."""

import copy
import time
from typing import Any

import pytest

import forge
from judge import refusal, secret, verdict, verifying
from jwseal import KeySet, jws

HS256 = forge.Material("HS256", forge.K32)
ES256 = forge.material("ES256")
OTHER = forge.material("ES256", "other")


def entry(protected: Any, payload: str = "e30", material: forge.Material = HS256, header: Any = None) -> dict[str, Any]:
    """One signature, right for its own protected header and the payload member's text."""
    text = "" if protected is None else forge.b64(forge.octets(protected))
    made: dict[str, Any] = {"signature": forge.b64(material.sign(f"{text}.{payload}".encode()))}
    if protected is not None:
        made["protected"] = text
    if header is not None:
        made["header"] = header
    return made


def flattened(protected: Any, payload: str = "e30", **more: Any) -> dict[str, Any]:
    """A flattened JWS."""
    return {"payload": payload, **entry(protected, payload, **more)}


def general(*entries: dict[str, Any], payload: str = "e30") -> dict[str, Any]:
    """A general JWS."""
    return {"payload": payload, "signatures": list(entries)}


CASES = {
    "alg-unprotected": (flattened({}, header={"alg": "HS256"}), "malformed_token"),
    "alg-unprotected-only": (flattened(None, header={"alg": "HS256"}), "malformed_token"),
    "alg-in-both": (flattened({"alg": "HS256"}, header={"alg": "HS256"}), "malformed_token"),
    "kid-in-both": (flattened({"alg": "HS256", "kid": "a"}, header={"kid": "a"}), "malformed_token"),
    "unknown-in-both": (flattened({"alg": "HS256", "x": 1}, header={"x": 1}), "malformed_token"),
    "crit-unprotected": (flattened({"alg": "HS256", "x": 1}, header={"crit": ["x"]}), "unsupported_header"),
    "b64-unprotected": (flattened({"alg": "HS256"}, header={"crit": ["b64"], "b64": False}), "unsupported_header"),
    "b64-unprotected-alone": (flattened({"alg": "HS256"}, header={"b64": False}), "unsupported_header"),
    "b64-true-unprotected": (flattened({"alg": "HS256"}, header={"b64": True}), "unsupported_header"),
    "b64-unprotected-named-protected": (
        flattened({"alg": "HS256", "crit": ["b64"]}, header={"b64": False}),
        "unsupported_header",
    ),
    "crit-names-unprotected": (flattened({"alg": "HS256", "crit": ["exp"]}, header={"exp": 1}), "unsupported_header"),
    "crit-unknown": (flattened({"alg": "HS256", "crit": ["exp"], "exp": 1}), "unsupported_header"),
    "b64-without-crit": (flattened({"alg": "HS256", "b64": False}), "unsupported_header"),
    "kid-type-unprotected": (flattened({"alg": "HS256"}, header={"kid": 1}), "unsupported_header"),
    "header-no-object": (flattened({"alg": "HS256"}, header=[1]), "malformed_token"),
    "header-null": ({**flattened({"alg": "HS256"}), "header": None}, "malformed_token"),
    "protected-empty-text": ({**flattened(None), "protected": ""}, "malformed_token"),
    "protected-no-text": ({**flattened({"alg": "HS256"}), "protected": {"alg": "HS256"}}, "malformed_token"),
    "no-signature": ({"payload": "e30", "protected": "eyJhbGciOiJIUzI1NiJ9"}, "malformed_token"),
    "signature-no-text": ({**flattened({"alg": "HS256"}), "signature": 1}, "malformed_token"),
    "signature-padded": ({**flattened({"alg": "HS256"}), "signature": "AAA="}, "malformed_token"),
    "payload-no-text": ({**flattened({"alg": "HS256"}), "payload": 1}, "malformed_token"),
    "payload-null": ({**flattened({"alg": "HS256"}), "payload": None}, "malformed_token"),
    "payload-padded": (flattened({"alg": "HS256"}, payload="e30="), "malformed_token"),
    "no-payload": ({k: v for k, v in flattened({"alg": "HS256"}).items() if k != "payload"}, "malformed_token"),
    "both-forms": ({**flattened({"alg": "HS256"}), "signatures": [entry({"alg": "HS256"})]}, "malformed_token"),
    "signatures-empty": (general(), "malformed_token"),
    "signatures-no-list": ({"payload": "e30", "signatures": {}}, "malformed_token"),
    "signatures-null": ({"payload": "e30", "signatures": None}, "malformed_token"),
    "entry-no-object": (general(1), "malformed_token"),  # type: ignore[arg-type]
    "entry-without-protected": (general(entry(None)), "malformed_token"),
    "one-bad-entry": (general(entry({"alg": "HS256"}), {"signature": 5}), "malformed_token"),
    "mixed-b64": (
        general(
            entry({"alg": "HS256"}, "AAAA"),
            entry({"alg": "HS256", "b64": False, "crit": ["b64"]}, "AAAA"),
            payload="AAAA",
        ),
        "unsupported_header",
    ),
    "mixed-b64-empty-payload": (
        general(
            entry({"alg": "HS256"}, ""),
            entry({"alg": "HS256", "b64": False, "crit": ["b64"]}, ""),
            payload="",
        ),
        "unsupported_header",
    ),
    "none": (flattened({"alg": "none"}), "algorithm_not_allowed"),
    "encrypted": ({"ciphertext": "AA", "iv": "AA", "tag": "AA", "protected": "e30"}, "malformed_token"),
    "empty-object": ({}, "malformed_token"),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    """Each malformed or misplaced member refuses the whole object, also where any signature would do."""
    value, expected = CASES[name]
    before = copy.deepcopy(value)
    for require in ("all", "any"):
        assert expected == refusal(jws.verify_json, value, secret(), require=require)
    assert before == value


@pytest.mark.parametrize("text", ["", "null", "[]", "1", '"e30"', "{", '{"payload":"e30"}x', "\ufeff{}", forge.T0])
def test_refused_text(text: str) -> None:
    """What is not one JSON object is refused."""
    assert "malformed_token" == refusal(jws.verify_json, text, secret())
    assert "malformed_token" == refusal(jws.verify_json, text.encode(), secret())


def test_duplicate_members() -> None:
    """Duplicate members refuse the object at every level."""
    tag = entry({"alg": "HS256"})["signature"]
    for text in (
        f'{{"payload":"e30","payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"{tag}"}}',
        f'{{"payload":"e30","protected":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"{tag}"}}',
        f'{{"payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"{tag}","x":{{"a":1,"a":1}}}}',
        f'{{"payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"{tag}","header":{{"kid":"a","kid":"b"}}}}',
    ):
        assert "malformed_token" == refusal(jws.verify_json, text, secret())


def test_control() -> None:
    """The objects above fail for what the case says: without it they verify."""
    assert b"{}" == jws.verify_json(flattened({"alg": "HS256"}), secret()).payload
    assert b"{}" == jws.verify_json(general(entry({"alg": "HS256"})), secret()).payload
    assert b"{}" == jws.verify_json(flattened({"alg": "HS256"}, header={"kid": "a", "x": [1]}), secret()).payload
    unknown = {**flattened({"alg": "HS256"}), "unknown": {"any": "thing"}}
    assert b"{}" == jws.verify_json(unknown, secret()).payload


def test_each_signature_with_its_own_key_and_header() -> None:
    """The result says which signature verified, with that one's header (CVE-2016-9122)."""
    value = general(
        entry({"alg": "ES256", "kid": "a", "x": "bad"}, material=OTHER),
        entry({"alg": "ES256", "kid": "b", "x": "good"}, material=ES256),
    )
    keys = KeySet([verifying(forge.material("ES256", "third"), kid="a"), verifying(ES256, kid="b")])
    verified = jws.verify_json(value, keys, require="any")
    assert [False, True] == [signature.verified for signature in verified.signatures]
    assert ["invalid_signature", None] == [signature.code for signature in verified.signatures]
    assert "good" == verified.signatures[1].protected["x"]
    assert verified.signatures[1].key == verifying(ES256, kid="b")
    assert "invalid_signature" == refusal(jws.verify_json, value, keys)


def test_key_of_one_signature_does_not_serve_another() -> None:
    """A key chosen for the first entry is not kept for the second (go-jose 248)."""
    value = general(
        entry({"alg": "ES256", "kid": "b"}, material=ES256),
        entry({"alg": "ES256", "kid": "a"}, material=ES256),
    )
    keys = KeySet([verifying(OTHER, kid="a"), verifying(ES256, kid="b")])
    verified = jws.verify_json(value, keys, require="any")
    assert [True, False] == [signature.verified for signature in verified.signatures]
    assert "invalid_signature" == refusal(jws.verify_json, value, keys, require="all")


def test_threshold_counts_keys_not_entries() -> None:
    """A key that signed twice counts as one key."""
    twice = general(entry({"alg": "ES256"}, material=ES256), entry({"alg": "ES256", "x": 1}, material=ES256))
    keys = KeySet([verifying(ES256), verifying(OTHER)])
    assert "invalid_signature" == refusal(jws.verify_json, twice, keys, require=2)
    both = general(entry({"alg": "ES256"}, material=ES256), entry({"alg": "ES256"}, material=OTHER))
    assert "accepted" == verdict(jws.verify_json, both, keys, require=2)


def test_threshold_counts_thumbprints() -> None:
    """One key under two kids is still one key."""
    value = general(
        entry({"alg": "ES256", "kid": "a"}, material=ES256), entry({"alg": "ES256", "kid": "b"}, material=ES256)
    )
    aliases = [verifying(ES256, kid="a"), verifying(ES256, kid="b")]
    assert "invalid_signature" == refusal(jws.verify_json, value, KeySet([*aliases, verifying(OTHER)]), require=2)
    assert "invalid_policy" == refusal(jws.verify_json, value, KeySet(aliases), require=2)


def test_kids_are_different_keys() -> None:
    """One key under two kids does not sign for both of them."""
    value = general(
        entry({"alg": "ES256", "kid": "a"}, material=ES256), entry({"alg": "ES256", "kid": "b"}, material=ES256)
    )
    aliases = [verifying(ES256, kid="a"), verifying(ES256, kid="b")]
    assert "invalid_policy" == refusal(jws.verify_json, value, KeySet([*aliases, verifying(OTHER)]), require=["a", "b"])


def test_entry_without_alg() -> None:
    """One entry that names no algorithm refuses the whole object, whatever the others are worth."""
    value = general(entry({"typ": "x"}, material=ES256), entry({"alg": "ES256"}, material=ES256))
    assert "malformed_token" == refusal(jws.verify_json, value, verifying(ES256), require="any")


def test_kids_are_the_callers() -> None:
    """`require=[kids]` names keys of the caller, not what the token says of itself."""
    value = general(entry({"alg": "ES256", "kid": "boss"}, material=OTHER))
    keys = KeySet([verifying(OTHER), verifying(ES256, kid="boss")])
    assert "invalid_signature" == refusal(jws.verify_json, value, keys, require=["boss"])
    signed = general(entry({"alg": "ES256"}, material=ES256))
    assert "accepted" == verdict(jws.verify_json, signed, keys, require=["boss"])


@pytest.mark.parametrize("require", [0, -1, 2, 9, [], ["a", "a"], ["a"], "none", "most", "", "a"])
def test_require_is_explicit(require: object) -> None:
    """Nothing but "all", "any", a count from 1 to the number of keys, or kids of keys is a requirement."""
    value = general(entry({"alg": "HS256"}))
    assert "invalid_policy" == refusal(jws.verify_json, value, secret(), require=require)


@pytest.mark.parametrize("require", [True, False, 1.0, b"all", [1], object()])
def test_require_of_the_wrong_type(require: object) -> None:
    """Other types are a TypeError."""
    with pytest.raises(TypeError):
        jws.verify_json(general(entry({"alg": "HS256"})), secret(), require=require)


@pytest.mark.parametrize(("count", "expected"), [(8, "accepted"), (9, "token_too_large"), (10_000, "token_too_large")])
def test_many_signatures(count: int, expected: str) -> None:
    """More than eight signatures are refused before any is checked."""
    value = general(*[entry({"alg": "ES256"}, material=ES256)] * count)
    start = time.thread_time()
    assert expected == verdict(jws.verify_json, value, verifying(ES256))
    assert time.thread_time() - start < 0.5


def test_unencoded_text() -> None:
    """An unencoded payload is the string after unescaping (RFC 7797 section 5.3)."""
    header = forge.b64(forge.octets({"alg": "HS256", "b64": False, "crit": ["b64"]}))
    tag = forge.b64(HS256.sign(f"{header}.é\n.".encode()))
    text = f'{{"payload":"\\u00e9\\n.","protected":"{header}","signature":"{tag}"}}'
    assert "é\n.".encode() == jws.verify_json(text, secret()).payload


def test_detached_argument_beside_a_payload() -> None:
    """A detached payload never replaces the object's own."""
    assert "malformed_token" == refusal(jws.verify_json, flattened({"alg": "HS256"}), secret(), payload=b"{}")


def test_unprotected_kid_selects() -> None:
    """`kid` may come from the unprotected header; it selects a key and proves nothing, so no result repeats it."""
    keys = KeySet([verifying(ES256, kid="a"), verifying(OTHER, kid="b")])
    value = flattened({"alg": "ES256"}, material=ES256, header={"kid": "a"})
    verified = jws.verify_json(value, keys)
    assert (None, None, "a") == (verified.kid, verified.signatures[0].kid, verified.key.kid)
    moved = flattened({"alg": "ES256"}, material=ES256, header={"kid": "b"})
    assert "invalid_signature" == refusal(jws.verify_json, moved, keys)
    assert "key_not_found" == refusal(
        jws.verify_json, flattened({"alg": "ES256"}, material=ES256, header={"kid": "c"}), keys
    )


@pytest.mark.parametrize("value", [None, 5, [], object(), bytearray(b"{}"), memoryview(b"{}")])
def test_wrong_type(value: object) -> None:
    """An object is a mapping, str or bytes."""
    with pytest.raises(TypeError):
        jws.verify_json(value, secret())
