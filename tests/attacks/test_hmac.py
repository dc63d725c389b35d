"""Attacks: empty, short and guessable HMAC secrets (CVE-2026-45363, CVE-2026-49852, RFC 7518 section 3.2).

Attacks of this family without a test here: secrets chosen badly by applications (CVE-2019-20933 and others) beyond their
length, which no library can see.
"""

import base64
import hashlib
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import forge
from judge import refusal, secret, verifier
from jwseal import InvalidKey, KeySet, SecretKey, SigningKey, VerifyingKey, insecure, jws

# Stands in secrets and must not come out of an error.
MARK = "Q29ycmVjdEhvcnNlQmF0dGVyeVN0YXBsZTEyMzQ1Njc"
SIZES = {"HS256": 32, "HS384": 48, "HS512": 64}


@pytest.mark.parametrize("alg", forge.HMAC_ALGS)
def test_empty_secret(alg: str) -> None:
    """An empty secret cannot be made, by any function."""
    assert "invalid_key" == refusal(SecretKey.from_bytes, b"", alg=alg)
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": ""}, alg=alg)
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": "", "alg": alg})
    assert "invalid_key" == refusal(insecure.weak_secret, b"", alg=alg)


@pytest.mark.parametrize("k", [None, 5, [], "A", "AA==", "A A", "\u00e9"])
def test_misshapen_oct(k: object) -> None:
    """`k` is canonical base64url text."""
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": k}, alg="HS256")
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct"}, alg="HS256")


def test_empty_secret_token() -> None:
    """A token MACed with the empty key is forged, whatever the holder's secret."""
    assert "invalid_signature" == refusal(verifier(secret()).verify, forge.T_EMPTY)
    weak = insecure.weak_secret(b"\0", alg="HS256")
    # HMAC pads keys with zeros: a secret of zeros is the empty secret, and only a human can be told so.
    assert {} == verifier(weak).verify(forge.T_EMPTY).claims


@pytest.mark.parametrize("alg", forge.HMAC_ALGS)
def test_short_secret(alg: str) -> None:
    """A secret is at least as long as the hash's output (Wycheproof JWK 10 to 18)."""
    size = SIZES[alg]
    octets = bytes(range(1, 70))
    for length in (1, 16, size - 1):
        assert "invalid_key" == refusal(SecretKey.from_bytes, octets[:length], alg=alg)
        assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": forge.b64(octets[:length])}, alg=alg)
    for length in (size, size + 1):
        assert alg == SecretKey.from_bytes(octets[:length], alg=alg).alg


def test_oversized_secret() -> None:
    """A secret over 65,536 bytes is a file given by mistake, and refused everywhere."""
    for make in (SecretKey.from_bytes, insecure.weak_secret):
        assert "HS256" == make(b"\7" * 65_536, alg="HS256").alg
        with pytest.raises(InvalidKey, match="the limit is 65536"):
            make(b"\7" * 65_537, alg="HS256")


@pytest.mark.parametrize("alg", forge.HMAC_ALGS)
def test_weak_secret_is_the_only_way(alg: str) -> None:
    """`insecure.weak_secret` takes a short secret, and its repr says so."""
    weak = insecure.weak_secret(b"secret", alg=alg)
    assert "weak" in repr(weak).lower()
    assert "weak" not in repr(SecretKey.generate(alg)).lower()
    token = forge.token({"alg": alg}, {}, forge.Material(alg, b"secret"))
    assert {} == verifier(weak).verify(token).claims


@pytest.mark.parametrize("alg", forge.HMAC_ALGS)
def test_generated_secret(alg: str) -> None:
    """A generated secret has the hash's length and never comes twice."""
    made = [forge.unb64(SecretKey.generate(alg).to_private_jwk()["k"]) for _ in range(4)]
    assert {SIZES[alg]} == {len(octets) for octets in made}
    assert 4 == len(set(made))


@pytest.mark.parametrize("length", [1, 16, 32, 48, 64, 128, 1000])
def test_random_secrets_are_no_key_text(length: int) -> None:
    """Random secrets, raw and as text, are not taken for keys."""
    for _ in range(40):
        octets = os.urandom(length)
        for text in (octets, base64.b64encode(octets), octets.hex().encode(), forge.b64(octets).encode()):
            assert "HS256" == insecure.weak_secret(text, alg="HS256").alg


@pytest.mark.parametrize(
    "text",
    [
        b"secret",
        bytes(64),
        b"0" * 64,
        b"correct horse battery staple",
        b'{"k":"v"}',
        b'"kty": "none that there is"',
        b"the kty of a key: EC",
        b"100%25 &#65; &amp;c.",
    ],
)
def test_passphrases_are_no_key_text(text: bytes) -> None:
    """Nor are passphrases, and text that only mentions keys."""
    assert "HS256" == insecure.weak_secret(text, alg="HS256").alg


def test_unknown_kid_runs_no_mac() -> None:
    """A kid outside the closed map finds no secret (CVE-2025-65945)."""
    token = forge.token({"alg": "HS256", "kid": "b"}, {}, forge.Material("HS256", forge.K32))
    assert "key_not_found" == refusal(verifier(secret(kid="a")).verify, token)


def test_long_secret() -> None:
    """A secret longer than the hash's block is hashed first, as RFC 2104 says (RFC 4231 cases 6 and 7)."""
    octets = b"\xaa" * 131
    for alg in forge.HMAC_ALGS:
        token = forge.token({"alg": alg}, {"a": 1}, forge.Material(alg, octets))
        assert {"a": 1} == verifier(SecretKey.from_bytes(octets, alg=alg)).verify(token).claims


def test_secret_does_not_show() -> None:
    """Neither repr, str nor an error tells a secret."""
    octets = b"correct horse battery staple, and more of it"
    key = SecretKey.from_bytes(octets, alg="HS256", kid="a")
    for text in (repr(key), str(key), f"{key}", repr([key])):
        assert "horse" not in text
        assert forge.b64(octets) not in text
        assert octets.hex() not in text


def test_tags_are_compared_in_constant_time() -> None:
    """No `==` on a tag: the HMAC module leaves the comparison to the backend's verify (RFC 7515 section 10.9)."""
    source = Path(__file__).parents[2] / "rust" / "core" / "src" / "crypto" / "hmac.rs"
    code = re.sub(r"//.*", "", source.read_text("utf-8")).split("#[cfg(test)]")[0]
    assert [] == re.findall(r"(?:tag|signature|mac)\w*(?:\.as_ref\(\))?\s*[!=]=", code)
    assert "verify" in code


@pytest.mark.parametrize(
    ("one", "other", "algs"),
    [
        (b"\x01" * 32, b"\x01" * 32 + bytes(32), ("HS256", "HS256")),
        (b"\x01" * 64, b"\x01" * 64 + bytes(1), ("HS512", "HS512")),
        (b"\x01" * 100, hashlib.sha256(b"\x01" * 100).digest(), ("HS256", "HS256")),
        (b"\x01" * 200, hashlib.sha512(b"\x01" * 200).digest(), ("HS512", "HS512")),
        (b"\x01" * 100, b"\x01" * 100 + bytes(1), ("HS384", "HS384")),
        (b"\x01" * 64, b"\x01" * 64 + bytes(1), ("HS256", "HS512")),
        (hashlib.sha256(b"\x01" * 100).digest(), b"\x01" * 100, ("HS256", "HS512")),
        (b"\x01" * 64, b"\x01" * 64, ("HS256", "HS512")),
    ],
)
def test_equivalent_secrets_count_once(one: bytes, other: bytes, algs: tuple[str, str]) -> None:
    """Two secrets that HMAC treats as equal are one key for `require=2`."""
    pair = [secret(octets, alg=alg, kid=kid) for octets, alg, kid in zip((one, other), algs, "ab", strict=True)]
    made = jws.sign_json(b"x", pair)
    assert "invalid_policy" == refusal(jws.verify_json, made, KeySet(pair), require=2)
    assert "invalid_policy" == refusal(jws.verify_json, made, KeySet(pair), require=["a", "b"])
    third = secret(b"\x03" * 64, kid="c")
    assert "invalid_signature" == refusal(
        jws.verify_json, jws.sign_json(b"x", [*pair, secret(b"\x04" * 64, kid="c")]), KeySet([*pair, third]), require=2
    )
    assert b"x" == jws.verify_json(jws.sign_json(b"x", [*pair, third]), KeySet([*pair, third]), require=2).payload


def test_secrets_that_only_look_alike_count_twice() -> None:
    """Another length, or zero bytes in front, is another secret."""
    for other in (b"\x01" * 33, bytes(1) + b"\x01" * 32, b"\x01" * 32 + b"\0\x01"):
        pair = [secret(b"\x01" * 32, kid="a"), secret(other, kid="b")]
        assert b"x" == jws.verify_json(jws.sign_json(b"x", pair), KeySet(pair), require=2).payload


@pytest.mark.parametrize(
    "call",
    [
        lambda: SecretKey.from_jwk({"kty": "oct", "k": f"{MARK}\ud800", "alg": "HS256"}),
        lambda: SecretKey.from_jwk(f'{{"kty":"oct","k":"{MARK}\ud800","alg":"HS256"}}'),
        lambda: SecretKey.from_jwk(f'{{"kty":"oct","k":"{MARK}\\ud800","alg":"HS256"}}'),
        lambda: SecretKey.from_jwk({"kty": "oct", "k": MARK, "alg": "HS256", "x": float("nan")}),
        lambda: SigningKey.from_jwk({"kty": "EC", "crv": "P-256", "d": f"{MARK}\ud800"}),
        lambda: VerifyingKey.from_jwk({"kty": "EC", "crv": "P-256", "d": f"{MARK}\ud800"}),
        lambda: KeySet.from_jwks({"keys": [{"kty": "oct", "k": f"{MARK}\ud800", "alg": "HS256"}]}),
        lambda: KeySet.from_jwks(f'{{"keys":[{{"kty":"oct","k":"{MARK}\ud800"}}]}}'),
    ],
)
def test_secrets_that_are_no_text(call: Callable[[], object]) -> None:
    """A lone surrogate in `k` or `d` is InvalidKey, without the text it stood in and without Python's error that has it."""
    with pytest.raises(InvalidKey) as caught:
        call()
    assert MARK not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__context__ is caught.value.__cause__ is None
