"""Strict DER of the private keys that nothing but the core reads: EdDSA (RFC 8410, RFC 5958) and ML-DSA (RFC 9881)."""

import pytest

import forge
from judge import refusal
from jwseal import InvalidKey, SigningKey

ED25519 = bytes.fromhex("300506032b6570")
ML_DSA_44 = bytes.fromhex("300b0609608648016503040311")


def element(tag: int, content: bytes) -> bytes:
    """A DER element of less than 64 KiB."""
    size = len(content)
    length = (
        bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes([tag]) + length + content


def pkcs8(version: int, identifier: bytes, key: bytes, public: bytes = b"") -> bytes:
    """A private key, with what follows it."""
    return element(0x30, bytes([2, 1, version]) + identifier + element(4, key) + public)


def test_both_versions_are_read() -> None:
    """The first version has no public key, the second may have one, and there is no third (RFC 5958 section 2)."""
    seed = element(4, bytes(range(32)))
    key = SigningKey.from_der(pkcs8(0, ED25519, seed))
    public = forge.unb64(key.verifying_key.to_jwk()["x"])
    stated = element(0x81, b"\0" + public)
    for der in (pkcs8(1, ED25519, seed), pkcs8(1, ED25519, seed, stated)):
        assert key.thumbprint() == SigningKey.from_der(der).thumbprint()
    for der in (
        pkcs8(0, ED25519, seed, stated),
        pkcs8(2, ED25519, seed, stated),
        pkcs8(1, ED25519, seed, stated * 2),
        pkcs8(1, ED25519, seed, element(0x81, b"\1" + public)),
        pkcs8(1, ED25519, seed, element(0x81, b"\0" + public[::-1])),
        pkcs8(0, ED25519, seed + b"\0"),
    ):
        assert "invalid_key" == refusal(SigningKey.from_der, der)


def test_ml_dsa_needs_its_seed() -> None:
    """An expanded key is refused, and the message says what to do; beside a seed it must be that seed's."""
    seed, expanded = bytes(range(32)), element(4, bytes(2560))
    assert "ML-DSA-44" == SigningKey.from_der(pkcs8(0, ML_DSA_44, element(0x80, seed))).alg
    for key, advice in (
        (expanded, "lacks its seed: export it with the seed"),
        (element(0x30, element(4, seed) + expanded), "the expanded key does not belong to this ML-DSA-44 seed"),
        (element(0x80, seed[1:]), "a seed of 32 bytes, this one has 31"),
        (b"\5\0", "not strict DER"),
        (element(0x80, seed) + b"\0", "not strict DER"),
    ):
        with pytest.raises(InvalidKey, match=advice):
            SigningKey.from_der(pkcs8(0, ML_DSA_44, key))
