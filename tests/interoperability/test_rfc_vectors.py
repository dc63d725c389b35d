"""The compact examples printed in the RFCs, read as their authors wrote them (data and licences: vectors/README.md).

Each is verified with the key of the same RFC; where a signature is deterministic it is also made again, octet by octet.
The JSON serializations of the same RFCs are in `test_rfc_vectors_json.py`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import forge
from judge import LAX, refusal
from jwseal import UNCHECKED, KeySet, Policy, SecretKey, SigningKey, Verifier, VerifyingKey, jws

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    """One file of vectors."""
    return json.loads((VECTORS / name).read_text("utf-8"))


def reader(jwk: dict[str, Any], alg: str | None = None) -> VerifyingKey | SecretKey:
    """The key of an example."""
    return (SecretKey if jwk["kty"] == "oct" else VerifyingKey).from_jwk(jwk, alg=alg)


@pytest.mark.parametrize("section", ["A.1", "A.2", "A.3", "A.4"])
def test_rfc7515_compact(section: str) -> None:
    """RFC 7515 A.1 to A.4: white space in header and payload is signed as it stands."""
    example = load("rfc7515.json")[section]
    verified = jws.verify(example["token"], reader(example["jwk"], example["alg"]))
    assert example["payload"].encode() == verified.payload
    assert example["alg"] == verified.header["alg"]


@pytest.mark.parametrize("section", ["A.2", "A.3", "A.4"])
def test_rfc7515_private_keys(section: str) -> None:
    """RFC 7515 A.2 to A.4: the private JWKs are read, and what they sign verifies under the public ones."""
    example = load("rfc7515.json")[section]
    key = SigningKey.from_jwk(example["private"], alg=example["alg"])
    token = jws.sign(b"again", key)
    assert b"again" == jws.verify(token, reader(example["jwk"], example["alg"])).payload
    assert reader(example["jwk"], example["alg"]) == key.verifying_key


def test_rfc7515_a2_signature_is_made_again() -> None:
    """RFC 7515 A.2: RSASSA-PKCS1-v1_5 has one signature per message, so ours is the printed one."""
    example = load("rfc7515.json")["A.2"]
    key = SigningKey.from_jwk(example["private"], alg="RS256")
    assert example["token"] == jws.sign(example["payload"].encode(), key)


def test_rfc7515_a5_unsecured() -> None:
    """RFC 7515 A.5: `none` is no algorithm here."""
    token = load("rfc7515.json")["A.5"]["token"]
    key = reader(load("rfc7515.json")["A.1"]["jwk"], "HS256")
    assert "algorithm_not_allowed" == refusal(jws.verify, token, key)


def test_rfc7515_e_unknown_critical_header() -> None:
    """RFC 7515 Appendix E: an unknown critical header parameter makes the JWS unacceptable."""
    token = load("rfc7515.json")["E"]["token"]
    key = reader(load("rfc7515.json")["A.1"]["jwk"], "HS256")
    assert "unsupported_header" == refusal(jws.verify, token, key)


@pytest.mark.parametrize("section", ["A.1", "A.2", "A.3", "A.4"])
def test_rfc7515_f_detached(section: str) -> None:
    """RFC 7515 Appendix F: the payload taken out of the middle and handed over beside the token."""
    example = load("rfc7515.json")[section]
    header, _, signature = example["token"].split(".")
    key = reader(example["jwk"], example["alg"])
    payload = example["payload"].encode()
    verified = jws.verify(f"{header}..{signature}", key, payload=payload)
    assert payload == verified.payload
    assert "invalid_signature" == refusal(jws.verify, f"{header}..{signature}", key, payload=payload + b"x")


def test_rfc7519_example() -> None:
    """RFC 7519 3.1: the example JWT, judged one second before it expires."""
    example = load("rfc7519.json")["3.1"]
    key = SecretKey.from_jwk(example["jwk"], alg="HS256")
    policy = Policy(issuer="joe", audience=UNCHECKED)
    verifier = Verifier(key, policy)
    assert example["claims"] == verifier.verify(example["token"], now=1300819379).claims
    assert "token_expired" == refusal(verifier.verify, example["token"], now=1300819380)


def test_rfc7519_unsecured() -> None:
    """RFC 7519 6.1: the unsecured JWT is refused."""
    key = SecretKey.from_jwk(load("rfc7519.json")["3.1"]["jwk"], alg="HS256")
    token = load("rfc7519.json")["6.1"]["token"]
    assert "algorithm_not_allowed" == refusal(Verifier(key, LAX).verify, token)


def test_rfc7638_thumbprint() -> None:
    """RFC 7638 3.1: the thumbprint of the RSA key, and its URI (RFC 9278)."""
    example = load("rfc7638.json")["3.1"]
    key = VerifyingKey.from_jwk(example["jwk"])
    assert example["thumbprint"] == key.thumbprint()
    assert "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + example["thumbprint"] == key.thumbprint_uri()
    assert ("RS256",) == tuple(key.algs)
    assert "2011-04-29" == key.kid


def test_rfc7797_encoded() -> None:
    """RFC 7797 4.1: the same payload with the default encoding."""
    vectors = load("rfc7797.json")
    key = SecretKey.from_jwk(vectors["jwk"], alg="HS256")
    assert b"$.02" == jws.verify(vectors["4"][0]["compact"], key).payload
    assert vectors["4"][0]["compact"] == jws.sign(b"$.02", key)


def test_rfc7797_unencoded_detached() -> None:
    """RFC 7797 4.2: the payload signed as it is, detached."""
    vectors = load("rfc7797.json")
    key = SecretKey.from_jwk(vectors["jwk"], alg="HS256")
    token = vectors["4"][1]["compact"]
    verified = jws.verify(token, key, payload=b"$.02")
    assert b"$.02" == verified.payload
    assert {"alg": "HS256", "b64": False, "crit": ["b64"]} == verified.header
    assert "invalid_signature" == refusal(jws.verify, token, key, payload=b"$.03")


def test_rfc8037_keys() -> None:
    """RFC 8037 A.1 to A.3: the Ed25519 key pair and its thumbprint."""
    vectors = load("rfc8037.json")
    private = SigningKey.from_jwk(vectors["A.1"]["private"])
    public = VerifyingKey.from_jwk(vectors["A.2"]["jwk"])
    assert public == private.verifying_key
    assert vectors["A.3"]["thumbprint"] == public.thumbprint() == private.thumbprint()
    assert {"EdDSA", "Ed25519"} == set(public.algs)


def test_rfc8037_signature() -> None:
    """RFC 8037 A.4 and A.5: the signature is made again and verified; Ed25519 is deterministic."""
    vectors = load("rfc8037.json")
    example = vectors["A.4"]
    key = SigningKey.from_jwk(vectors["A.1"]["private"])
    assert example["token"] == jws.sign(example["payload"].encode(), key)
    verified = jws.verify(example["token"], VerifyingKey.from_jwk(vectors["A.2"]["jwk"]))
    assert example["payload"].encode() == verified.payload


@pytest.mark.parametrize("alg", forge.MLDSA_ALGS)
def test_rfc9964_public(alg: str) -> None:
    """RFC 9964 Appendix A: the tokens verify and the kids are the thumbprints, with `alg` among the hashed members."""
    vectors = load("rfc9964.json")
    example = vectors["vectors"][alg]
    key = VerifyingKey.from_jwk({"kty": "AKP", "alg": alg, "pub": example["pub"], "kid": example["kid"]})
    assert example["kid"] == key.thumbprint()
    assert vectors["payload"].encode() == jws.verify(example["token"], key).payload


@pytest.mark.parametrize("alg", forge.MLDSA_ALGS)
def test_rfc9964_private(alg: str) -> None:
    """RFC 9964 Appendix A: the all-zeros seed gives the printed public key."""
    vectors = load("rfc9964.json")
    example = vectors["vectors"][alg]
    jwk = {"kty": "AKP", "alg": alg, "pub": example["pub"], "priv": vectors["seed"], "kid": example["kid"]}
    key = SigningKey.from_jwk(jwk)
    assert example["kid"] == key.thumbprint()
    assert jwk == key.to_private_jwk()
    assert b"x" == jws.verify(jws.sign(b"x", key), key.verifying_key).payload


@pytest.mark.parametrize(("section", "key"), [("4.1", "rsa"), ("4.2", "rsa"), ("4.3", "ec"), ("4.4", "oct")])
def test_rfc7520_compact(section: str, key: str) -> None:
    """RFC 7520 4.1 to 4.4: the cookbook's compact forms, with keys that carry `use` and `kid`."""
    vectors = load("rfc7520.json")
    example = vectors["sections"][section]
    verified = jws.verify(example["compact"], reader(vectors["keys"][key], example["alg"]))
    assert vectors["payload"].encode() == verified.payload
    assert vectors["keys"][key]["kid"] == verified.kid


@pytest.mark.parametrize(("section", "key"), [("4.1", "rsa_private"), ("4.4", "oct")])
def test_rfc7520_made_again(section: str, key: str) -> None:
    """RFC 7520 4.1 and 4.4: RS256 and HS256 have one signature, so ours is the printed one."""
    vectors = load("rfc7520.json")
    example, jwk = vectors["sections"][section], vectors["keys"][key]
    signer = SecretKey.from_jwk(jwk) if jwk["kty"] == "oct" else SigningKey.from_jwk(jwk, alg=example["alg"])
    assert example["compact"] == jws.sign(vectors["payload"].encode(), signer)


def test_rfc7520_detached() -> None:
    """RFC 7520 4.5: the detached form of 4.4."""
    vectors = load("rfc7520.json")
    key = SecretKey.from_jwk(vectors["keys"]["oct"])
    payload = vectors["payload"].encode()
    assert payload == jws.verify(vectors["sections"]["4.5"]["compact"], key, payload=payload).payload
    assert "malformed_token" == refusal(jws.verify, vectors["sections"]["4.4"]["compact"], key, payload=payload)


def test_rfc7520_one_set_for_all() -> None:
    """RFC 7520 section 3's keys in one set: two keys of different kty may share a kid (RFC 7517 section 4.5)."""
    vectors = load("rfc7520.json")
    keys = KeySet(
        [
            VerifyingKey.from_jwk(vectors["keys"]["rsa"], alg="RS256"),
            VerifyingKey.from_jwk(vectors["keys"]["ec"]),
            SecretKey.from_jwk(vectors["keys"]["oct"]),
        ]
    )
    for section in ("4.1", "4.3", "4.4"):
        assert vectors["payload"].encode() == jws.verify(vectors["sections"][section]["compact"], keys).payload
    assert "algorithm_not_allowed" == refusal(jws.verify, vectors["sections"]["4.2"]["compact"], keys)
