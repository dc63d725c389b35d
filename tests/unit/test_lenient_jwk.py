"""`lenient=True`: JWKs as real providers and old libraries write them, refused without it and canonical with it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

import forge
from judge import refusal, verifier
from jwseal import InvalidKey, KeySet, SecretKey, SigningKey, VerifyingKey

RSA = forge.material("RS256")


def short_key() -> forge.Material:
    """A P-256 key whose x starts with a zero byte, which the forge does not make on demand."""
    for number in range(5000):
        material = forge.material("ES256", f"short {number}")
        if forge.unb64(material.public_jwk()["x"])[0] == 0:
            return material
    raise AssertionError("no such key among 5000")


EC = short_key()


def zero_in_front(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The member with a zero byte in front, as Java's BigInteger.toByteArray() writes it."""
    return {**jwk, name: forge.b64(b"\0" + forge.unb64(jwk[name]))}


def zeros_cut(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The member without its leading zeros, as libraries write it that take a coordinate for a number."""
    return {**jwk, name: forge.b64(forge.unb64(jwk[name]).lstrip(b"\0"))}


def padded(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The member as base64.urlsafe_b64encode writes it."""
    return {**jwk, name: base64.urlsafe_b64encode(forge.unb64(jwk[name])).decode()}


def plain_base64(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The member as base64.encodebytes writes it: another alphabet, line breaks, padding."""
    return {**jwk, name: base64.encodebytes(forge.unb64(jwk[name])).decode()}


def stray_bits(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The member with a bit set in its last character that belongs to no byte."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    *text, last = jwk[name]
    return {**jwk, name: "".join(text) + alphabet[alphabet.index(last) | 1]}


SITUATIONS: dict[str, tuple[str, forge.Material, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "a leading zero byte in n": ("n", RSA, lambda jwk: zero_in_front(jwk, "n")),
    "a leading zero byte in e": ("e", RSA, lambda jwk: zero_in_front(jwk, "e")),
    "n with padding": ("n", RSA, lambda jwk: padded(jwk, "n")),
    "n in plain base64": ("n", RSA, lambda jwk: plain_base64(jwk, "n")),
    "n with stray bits": ("n", RSA, lambda jwk: stray_bits(jwk, "n")),
    "x shorter than the field": ("x", EC, lambda jwk: zeros_cut(jwk, "x")),
    "x longer than the field": ("x", EC, lambda jwk: zero_in_front(jwk, "x")),
    "y with padding": ("y", EC, lambda jwk: padded(jwk, "y")),
    "kid null": ("kid", RSA, lambda jwk: {**jwk, "kid": None}),
    "use null": ("use", RSA, lambda jwk: {**jwk, "use": None}),
    "alg null": ("alg", EC, lambda jwk: {**jwk, "alg": None}),
    "key_ops null": ("key_ops", EC, lambda jwk: {**jwk, "key_ops": None}),
    "d null": ("d", EC, lambda jwk: {**jwk, "d": None}),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situations(situation: str) -> None:
    """Refused or skipped with the member and `lenient=True` named; read with it, as the key that was meant."""
    member, material, change = SITUATIONS[situation]
    alg = "RS256" if material is RSA else "ES256"
    jwk = change(material.public_jwk())
    for given in (jwk, json.dumps(jwk)):
        with pytest.raises(InvalidKey, match=rf"the JWK's {member} .*lenient=True"):
            VerifyingKey.from_jwk(given, alg=alg)
        key = VerifyingKey.from_jwk(given, alg=alg, lenient=True)
        canonical = VerifyingKey.from_jwk(material.public_jwk(), alg=alg)
        assert canonical == key
        assert canonical.to_jwk() == key.to_jwk()
        assert canonical.thumbprint() == key.thumbprint()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_in_a_set(situation: str) -> None:
    """In a set the member is skipped with the same reason, and with `lenient=True` it verifies."""
    member, material, change = SITUATIONS[situation]
    alg = "RS256" if material is RSA else "ES256"
    jwks = {"keys": [change(material.public_jwk()), forge.material("ES384").public_jwk()]}
    strict = KeySet.from_jwks(jwks, algorithms=["RS256"])
    ((place, _, reason),) = strict.skipped
    assert 0 == place
    assert f"the JWK's {member} " in reason
    assert "lenient=True" in reason
    keys = KeySet.from_jwks(jwks, algorithms=["RS256"], lenient=True)
    assert () == keys.skipped
    assert {} == verifier(keys).verify(forge.token({"alg": alg}, {}, material)).claims


def test_private_members() -> None:
    """A private JWK is read likewise, and signs as the canonical one."""
    for material, alg, members in (
        (RSA, "PS256", ("n", "e", "d", "p", "q", "dp", "dq", "qi")),
        (EC, "ES256", ("x", "y", "d")),
    ):
        for member in members:
            jwk = zero_in_front(material.private_jwk(), member)
            with pytest.raises(InvalidKey, match=f"the JWK's {member} .*lenient=True") as caught:
                SigningKey.from_jwk(jwk, alg=alg)
            assert jwk[member] not in str(caught.value)
            key = SigningKey.from_jwk(jwk, alg=alg, lenient=True)
            assert SigningKey.from_jwk(material.private_jwk(), alg=alg).to_private_jwk() == key.to_private_jwk()


def test_secrets() -> None:
    """The bytes of a secret are no number: its padding is forgiven, its zero bytes count."""
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(bytes(32)).decode(), "alg": "HS256", "kid": None}
    assert "invalid_key" == refusal(SecretKey.from_jwk, jwk)
    key = SecretKey.from_jwk(jwk, lenient=True)
    assert {"kty": "oct", "k": forge.b64(bytes(32)), "alg": "HS256"} == key.to_private_jwk()
    assert key.kid is None


@pytest.mark.parametrize(
    "change",
    [
        {"kty": None},
        {"x": None},
        {"x": ""},
        {"x": forge.b64(bytes([7]) * 33)},
        {"x": "A=AA"},
        {"x": 7},
        {"kid": 7},
        {"use": "enc"},
        {"use": ""},
        {"alg": "none"},
        {"key_ops": ["sign"]},
        {"y": EC.public_jwk()["x"]},
    ],
)
def test_nothing_else_is_forgiven(change: dict[str, Any]) -> None:
    """What changes the key, or leaves open which one is meant, stays refused."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**EC.public_jwk(), **change}, lenient=True)


def test_numbers_without_a_fixed_length_stay_bytes() -> None:
    """The keys of Edwards curves and ML-DSA are no numbers: another length is another thing."""
    for alg, member in (("EdDSA", "x"), ("Ed448", "x"), ("ML-DSA-44", "pub")):
        material = forge.material(alg)
        jwk = zero_in_front(material.public_jwk(), member)
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk, alg=alg, lenient=True)
