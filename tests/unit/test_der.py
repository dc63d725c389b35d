"""DER as the core reads it: what a text holds, and the private keys that nothing else reads: EdDSA (RFC 8410, RFC 5958) and ML-DSA
(RFC 9881)."""

import pytest

import forge
from judge import refusal
from jwseal import InvalidKey, SigningKey
from jwseal._native import certificate_key, der_form, der_is_settled

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


RSA, ES256, EDDSA = (forge.material(alg) for alg in ("RS256", "ES256", "EdDSA"))
IDENTIFIER = element(0x30, bytes.fromhex("06072a8648ce3d0201"))
OCTETS = element(4, bytes(8))


def certificate(version: bytes) -> bytes:
    """A certificate of the RSA key."""
    name = element(0x30, b"")
    signed = version + bytes([2, 1, 0x80]) + IDENTIFIER + name + name + name + RSA.spki()
    return element(0x30, element(0x30, signed) + IDENTIFIER + element(3, b"\0\1"))


@pytest.mark.parametrize(
    ("form", "der"),
    [
        ("SPKI", RSA.spki()),
        ("PKCS#8", RSA.pkcs8()),
        ("encrypted PKCS#8", element(0x30, IDENTIFIER + OCTETS)),
        ("PKCS#1 public", RSA.spki()[24:]),
        ("PKCS#1 private", RSA.pkcs8()[26:]),
        ("SEC 1", element(0x30, bytes([2, 1, 1]) + OCTETS)),
        ("certificate", certificate(element(0xA0, bytes([2, 1, 2])))),
        ("certificate", certificate(b"")),
        ("PKCS#12", element(0x30, bytes([2, 1, 3]) + IDENTIFIER)),
        ("other", element(0x30, b"")),
        ("other", element(0x30, IDENTIFIER + OCTETS + OCTETS)),
    ],
    ids=["spki", "pkcs8", "encrypted", "pkcs1-public", "pkcs1-private", "sec1", "v3", "v1", "pkcs12", "empty", "other"],
)
def test_forms(form: str, der: bytes) -> None:
    """Each form is recognized, and the key of a certificate is read; a text that is cut short or goes on is refused."""
    assert form == der_form(der)
    assert (RSA.spki() if form == "certificate" else None) == certificate_key(der)
    with pytest.raises(InvalidKey, match="after the key"):
        der_form(der + b"\0")
    with pytest.raises(InvalidKey, match="truncated"):
        der_form(der[:-1])


@pytest.mark.parametrize("der", ["", "30", "30800000", "020100", "3084ffffffff"])
def test_texts_of_no_form(der: str) -> None:
    """What is not one SEQUENCE of definite length is not a key."""
    assert "invalid_key" == refusal(der_form, bytes.fromhex(der))


def test_settled() -> None:
    """Only RSA and EC keys have looser encodings, which can be converted into the strict one."""
    ml_dsa = pkcs8(0, ML_DSA_44, element(0x80, bytes(32)))
    for may_be_converted, ders in (
        (True, [RSA.spki(), RSA.pkcs8(), ES256.spki(), ES256.pkcs8()]),
        (False, [EDDSA.spki(), EDDSA.pkcs8(), ml_dsa]),
    ):
        for der in ders:
            assert der_is_settled(der)
            content = der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]
            assert der_is_settled(element(0x30, content + bytes([5, 0]))) is not may_be_converted


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
