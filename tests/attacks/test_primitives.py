"""Attacks: on the signature primitives and on the keys they take (CVE-2022-21449, Bleichenbacher 2006, ROCA).

The long tables of forged paddings and edge cases are Wycheproof's; here are the named attacks, as tokens, and the keys
that import must refuse.
"""

from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

import forge
from judge import refusal, secret, verdict, verifier, verifying
from jwseal import InvalidKey, SigningKey, VerifyingKey, jws

RSA = forge.material("RS256")
ES256 = forge.material("ES256")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED_ORDER = 2**252 + 27742317777372353535851937790883648493


def judged(alg: str, signature: bytes, material: forge.Material | None = None) -> str:
    """The verdict on this signature over `{}`."""
    material = material or forge.material(alg)
    return verdict(verifier(verifying(material)).verify, forge.segments({"alg": alg}, {}, signature))


def message(alg: str) -> bytes:
    """The signing input of `judged`."""
    return forge.segments({"alg": alg}, {}).rpartition(".")[0].encode()


def test_psychic_signature() -> None:
    """r = s = 0 (CVE-2022-21449)."""
    token = "eyJhbGciOiJFUzI1NiJ9.e30." + "A" * 86
    assert "invalid_signature" == refusal(verifier(verifying(ES256)).verify, token)


@pytest.mark.parametrize("r", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
def test_ecdsa_edge_values(r: int, s: int) -> None:
    """r and s at the edges of their range (Wycheproof JWS 386 to 401)."""
    assert "invalid_signature" == judged("ES256", r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.parametrize("alg", forge.ECDSA_ALGS)
def test_ecdsa_out_of_range(alg: str) -> None:
    """A right signature with n added to s, where it fits, is refused; and so is one with r or s zero."""
    size = len(forge.material(alg).sign(b"")) // 2
    good = forge.material(alg).sign(message(alg))
    assert "accepted" == judged(alg, good)
    assert "invalid_signature" == judged(alg, good[:size] + bytes(size))
    assert "invalid_signature" == judged(alg, bytes(size) + good[size:])
    assert "invalid_signature" == judged(alg, good[size:] + good[:size])


@pytest.mark.parametrize("alg", forge.ECDSA_ALGS)
def test_ecdsa_der(alg: str) -> None:
    """A DER signature is not a JOSE signature (RFC 7518 section 3.4)."""
    digest = hashes.SHA384() if alg == "ES384" else hashes.SHA512() if alg == "ES512" else hashes.SHA256()
    der = forge.material(alg).private.sign(message(alg), ec.ECDSA(digest))
    assert "invalid_signature" == judged(alg, der)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_signature_of_another_length(alg: str) -> None:
    """One octet more or less on either side, half and double, are refused without further work."""
    good = forge.material(alg).sign(message(alg))
    assert "accepted" == judged(alg, good)
    for other in (
        good[:-1],
        good[1:],
        good + b"\0",
        b"\0" + good,
        good[: len(good) // 2],
        good + good,
        b"\0" * len(good),
    ):
        assert "invalid_signature" == judged(alg, other)


@pytest.mark.parametrize("length", [63, 65, 70, 71, 72, 96, 132])
def test_es256_lengths(length: int) -> None:
    """ES256 signatures have 64 octets."""
    good = forge.material("ES256").sign(message("ES256"))
    assert "invalid_signature" == judged("ES256", (good + bytes(length))[:length])


def test_huge_ecdsa_signature() -> None:
    """A signature of 16 KiB is refused by its length (HAProxy's heap overflow)."""
    token = forge.segments({"alg": "ES256"}, {}, bytes(16_384))
    assert "token_too_large" == refusal(verifier(verifying(ES256)).verify, token)
    assert "invalid_signature" == refusal(verifier(verifying(ES256), max_token_size=2**16).verify, token)


@pytest.mark.parametrize("alg", forge.RSA_ALGS)
def test_rsa_leading_zero(alg: str) -> None:
    """An RSA signature is as long as the modulus, zeros included (CVE-2020-14966, Wycheproof JWS 317 to 319)."""
    good = forge.material(alg).sign(message(alg))
    for other in (b"\0" + good, good + b"\0", good.lstrip(b"\0")[1:], b"\0" + good[:-1]):
        assert "invalid_signature" == judged(alg, other)


def modulus() -> int:
    """The modulus of the shared RSA key."""
    return RSA.public.public_numbers().n


def rsa_apply(block: bytes) -> bytes:
    """The private operation on a block of one's choice: what a forger with a signing oracle would have."""
    numbers = RSA.private.private_numbers()
    return pow(int.from_bytes(block, "big"), numbers.d, modulus()).to_bytes(256, "big")


DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def test_pkcs1_control() -> None:
    """The hand-made block below, made right, verifies."""
    block = b"\0\1" + b"\xff" * 202 + b"\0" + DIGEST_INFO + sha256(message("RS256"))
    assert "accepted" == judged("RS256", rsa_apply(block))


def sha256(octets: bytes) -> bytes:
    """The digest of RS256."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(octets)
    return digest.finalize()


BLOCKS = {
    "missing-null": lambda digest: (
        b"\0\1" + b"\xff" * 204 + b"\0" + bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest
    ),
    "short-padding": lambda digest: b"\0\1" + b"\xff" * 8 + b"\0" + DIGEST_INFO + digest + bytes(194),
    "no-padding": lambda digest: b"\0\1\0" + DIGEST_INFO + digest + bytes(202),
    "block-type-2": lambda digest: b"\0\2" + b"\xff" * 202 + b"\0" + DIGEST_INFO + digest,
    "block-type-0": lambda digest: b"\0\0" + b"\xff" * 202 + b"\0" + DIGEST_INFO + digest,
    "zero-in-padding": lambda digest: b"\0\1" + b"\xff" * 100 + b"\0" + b"\xff" * 101 + b"\0" + DIGEST_INFO + digest,
    "padding-fe": lambda digest: b"\0\1" + b"\xfe" * 202 + b"\0" + DIGEST_INFO + digest,
    "no-separator": lambda digest: b"\0\1" + b"\xff" * 203 + DIGEST_INFO + digest,
    "no-digest-info": lambda digest: b"\0\1" + b"\xff" * 221 + b"\0" + digest,
    "tail-in-algorithm": lambda digest: (
        b"\0\1" + b"\xff" * 200 + b"\0" + bytes.fromhex("3033300f06096086480165030402010502aaaa0420") + digest
    ),
    "long-form-length": lambda digest: (
        b"\0\1" + b"\xff" * 201 + b"\0" + bytes.fromhex("308131300d060960864801650304020105000420") + digest
    ),
    "sha1-oid": lambda digest: (
        b"\0\1" + b"\xff" * 206 + b"\0" + bytes.fromhex("302d300906052b0e03021a05000420") + digest
    ),
    "octets-after-digest": lambda digest: b"\0\1" + b"\xff" * 201 + b"\0" + DIGEST_INFO + digest + b"\0",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_pkcs1_forgery(name: str) -> None:
    """Only the one full EMSA-PKCS1-v1_5 encoding verifies (CVE-2021-30246, CVE-2016-1494)."""
    block = BLOCKS[name](sha256(message("RS256")))
    assert 256 == len(block)
    assert "invalid_signature" == judged("RS256", rsa_apply(block))


@pytest.mark.parametrize("alg", forge.RSA_ALGS)
def test_hash_of_another_length(alg: str) -> None:
    """The hash inside the signature is the one alg names (RFC 7515 section 10.6)."""
    for other in forge.RSA_ALGS:
        expected = "accepted" if other == alg else "invalid_signature"
        assert expected == judged(alg, RSA.sign(message(alg), other), forge.material(alg))


@pytest.mark.parametrize("salt", [0, 8, 20, 31, 33, 48, 64, padding.PSS.MAX_LENGTH])
def test_pss_salt(salt: int) -> None:
    """The PSS salt is as long as the hash (RFC 7518 section 3.5)."""
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    assert "invalid_signature" == judged("PS256", RSA.private.sign(message("PS256"), scheme, hashes.SHA256()))


@pytest.mark.parametrize("mgf", [hashes.SHA1(), hashes.SHA384(), hashes.SHA512()])
def test_pss_mask(mgf: hashes.HashAlgorithm) -> None:
    """The mask generation function uses the same hash."""
    scheme = padding.PSS(padding.MGF1(mgf), 32)
    assert "invalid_signature" == judged("PS256", RSA.private.sign(message("PS256"), scheme, hashes.SHA256()))


def test_rsa_signature_beyond_modulus() -> None:
    """s + n is not s, even when it fits the length."""
    good = int.from_bytes(RSA.sign(message("RS256")), "big")
    if good + modulus() < 2**2048:
        assert "invalid_signature" == judged("RS256", (good + modulus()).to_bytes(256, "big"))
    for value in (0, 1, modulus() - 1, modulus()):
        assert "invalid_signature" == judged("RS256", value.to_bytes(256, "big"))


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_ed25519_malleability(alg: str) -> None:
    """S is below the group order (RFC 8032 section 5.1.7)."""
    good = forge.material(alg).sign(message(alg))
    s = int.from_bytes(good[32:], "little") + ED_ORDER
    assert "invalid_signature" == judged(alg, good[:32] + s.to_bytes(32, "little"))


# The canonical small-order points of edwards25519, and the spellings of them that are not canonical.
SMALL_25519 = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
P448 = 2**448 - 2**224 - 1
# The four points of order dividing 4 of edwards448 (x sign in the last octet), and y = 1 + p.
SMALL_448 = [
    (1).to_bytes(57, "little"),
    (P448 - 1).to_bytes(57, "little"),
    (0).to_bytes(57, "little"),
    (0).to_bytes(56, "little") + b"\x80",
    (P448 + 1).to_bytes(57, "little"),
    P448.to_bytes(57, "little"),
    (1).to_bytes(56, "little") + b"\x80",
    (P448 - 1 | 1 << 455).to_bytes(57, "little"),
    (P448 | 1 << 455).to_bytes(57, "little"),
    (P448 + 1 | 1 << 455).to_bytes(57, "little"),
    (5).to_bytes(56, "little") + b"\1",
]


@pytest.mark.parametrize("x", SMALL_25519)
def test_small_order_ed25519(x: str) -> None:
    """A key of small order verifies anything; it is refused at import, in every spelling and form."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": forge.b64(bytes.fromhex(x))}
    spki = bytes.fromhex("302a300506032b6570032100" + x)
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    assert "invalid_key" == refusal(VerifyingKey.from_der, spki)


@pytest.mark.parametrize("x", SMALL_448)
def test_small_order_ed448(x: bytes) -> None:
    """The same on edwards448."""
    jwk = {"kty": "OKP", "crv": "Ed448", "x": forge.b64(x)}
    spki = bytes.fromhex("3043300506032b6571033a00") + x
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    assert "invalid_key" == refusal(VerifyingKey.from_der, spki)


@pytest.mark.parametrize("value", [2**255 - 19 + 3, 2**255 - 19 + 18, 2**255 - 1])
def test_uncanonical_ed25519(value: int) -> None:
    """A y of p or more is another spelling of a smaller y, and refused."""
    for octets in (value.to_bytes(32, "little"), (value | 1 << 255).to_bytes(32, "little")):
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": forge.b64(octets)}
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)


@pytest.mark.parametrize(
    ("crv", "length"), [("Ed25519", 31), ("Ed25519", 33), ("Ed25519", 0), ("Ed448", 56), ("Ed448", 58), ("Ed448", 0)]
)
def test_okp_length(crv: str, length: int) -> None:
    """An OKP key and its seed have the length of the curve (RFC 8037 section 2, RFC 8410 section 7)."""
    octets = b"\5" * length
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {"kty": "OKP", "crv": crv, "x": forge.b64(octets)})
    content = bytes.fromhex("0201003005060" + ("32b6570" if crv == "Ed25519" else "32b6571"))
    content += bytes([4, length + 2, 4, length]) + octets
    with pytest.raises(InvalidKey, match=f"private key has (32|57) bytes, this one has {length}"):
        SigningKey.from_der(bytes([0x30, len(content)]) + content)


def test_point_off_an_edwards_curve() -> None:
    """There is no point on edwards25519 with y = 2."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": forge.b64(b"\2" + bytes(31))}
    with pytest.raises(InvalidKey, match="canonical encoding of a point"):
        VerifyingKey.from_jwk(jwk)


@pytest.mark.parametrize("alg", ["EdDSA", "Ed448", "ES256", "ES384", "ES512", "ES256K"])
def test_foreign_public_half(alg: str) -> None:
    """A private JWK whose public half is another key's leaks its secret by signing; it is refused (RUSTSEC-2022-0093)."""
    other = forge.material(alg, "other").public_jwk()
    jwk = {**forge.material(alg).private_jwk(), "x": other["x"]}
    if "y" in other:
        jwk["y"] = other["y"]
    assert "invalid_key" == refusal(SigningKey.from_jwk, jwk)


@pytest.mark.parametrize("alg", forge.MLDSA_ALGS)
def test_foreign_mldsa_public_half(alg: str) -> None:
    """The same for AKP keys (RFC 9964)."""
    jwk = {**forge.material(alg).private_jwk(), "pub": forge.material(alg, "other").public_jwk()["pub"]}
    assert "invalid_key" == refusal(SigningKey.from_jwk, jwk)


def test_foreign_rsa_halves() -> None:
    """An RSA private JWK whose parts do not belong together is refused."""
    other = forge.material("RS256", "4096").private_jwk()
    for member in ("n", "d", "p", "q", "dp", "dq", "qi"):
        jwk = {**RSA.private_jwk(), member: other[member]}
        assert "invalid_key" == refusal(SigningKey.from_jwk, jwk, alg="RS256")


def rsa_jwk(n: int, e: int = 65537) -> dict:
    """A public RSA JWK of these numbers."""
    return {"kty": "RSA", "n": forge.b64_int(n), "e": forge.b64_int(e), "alg": "RS256"}


@pytest.mark.parametrize("e", [0, 1, 2, 4, 65536, 2**33, 2**33 + 1, 2**64 + 1, 2**2047 + 1])
def test_rsa_exponent(e: int) -> None:
    """e is odd, at least 3 and at most 2**33 (Wycheproof JWK 8, 9)."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, rsa_jwk(modulus(), e))


@pytest.mark.parametrize("e", [3, 17, 65537, 2**32 + 1, 2**33 - 1])
def test_rsa_exponent_accepted(e: int) -> None:
    """What lies between is a key."""
    assert ("RS256",) == tuple(VerifyingKey.from_jwk(rsa_jwk(modulus(), e)).algs)


@pytest.mark.parametrize("bits", [512, 1024, 1536, 2040, 2047, 8193, 16_384])
def test_rsa_size(bits: int) -> None:
    """Moduli have 2048 to 8192 bits."""
    n = 1 << (bits - 1) | (modulus() % (1 << (bits - 1))) | 1
    assert bits == n.bit_length()
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, rsa_jwk(n))


def test_rsa_even_modulus() -> None:
    """An even number is not a valid RSA modulus."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, rsa_jwk(modulus() - 1))
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, rsa_jwk(1 << 2047))


@lru_cache
def roca_modulus() -> int:
    """A 2048-bit number of the shape the broken Infineon library gave its moduli (CVE-2017-15361)."""
    primes, candidate = [], 2
    while len(primes) < 126:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    primorial = 1
    for prime in primes:
        primorial *= prime
    residue = pow(65537, 123_456_789, primorial)
    return residue + primorial * ((3 << 2046) // primorial)


def test_roca() -> None:
    """A modulus with the ROCA fingerprint is refused (Wycheproof JWK 7)."""
    assert 2048 == roca_modulus().bit_length()
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, rsa_jwk(roca_modulus()))


@pytest.mark.parametrize("member", ["n", "e"])
def test_rsa_leading_zero_octets(member: str) -> None:
    """Base64urlUInt is minimal (RFC 7518 section 6.3.1), or one key would have two thumbprints; zero is no number here."""
    jwk = RSA.public_jwk()
    for other in (b"\0" + forge.unb64(jwk[member]), b"\0", bytes(3), b""):
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, member: forge.b64(other)}, alg="RS256")
    for zero in (b"\0", bytes(3), b""):
        jwk[member] = forge.b64(zero)
        with pytest.raises(InvalidKey, match=rf"the JWK's {member} is zero"):
            VerifyingKey.from_jwk(jwk, alg="RS256", lenient=True)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi"])
def test_rsa_private_leading_zero_octets(member: str) -> None:
    """So are the private members."""
    jwk = RSA.private_jwk()
    for other in (b"\0" + forge.unb64(jwk[member]), b"\0", b""):
        assert "invalid_key" == refusal(SigningKey.from_jwk, {**jwk, member: forge.b64(other)}, alg="RS256")


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "ES256K"])
def test_point_off_the_curve(alg: str) -> None:
    """A point that is not on the curve is no key (invalid-curve attacks, Wycheproof JWK 21)."""
    jwk = forge.material(alg).public_jwk()
    y = bytearray(forge.unb64(jwk["y"]))
    y[-1] ^= 1
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, "y": forge.b64(bytes(y))})
    zero = forge.b64(bytes(len(y)))
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, "x": zero, "y": zero})
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, "y": forge.b64(b"\xff" * len(y))})


@pytest.mark.parametrize("member", ["x", "y"])
@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "ES256K"])
def test_coordinate_length(alg: str, member: str) -> None:
    """Coordinates have the full length of the field (RFC 7518 section 6.2.1.2)."""
    jwk = forge.material(alg).public_jwk()
    octets = forge.unb64(jwk[member])
    for other in (b"\0" + octets, octets[:-1], octets[1:], b""):
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, member: forge.b64(other)})


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "ES256K"])
def test_private_scalar_range(alg: str) -> None:
    """d has its full length and lies between 1 and n - 1."""
    jwk = forge.material(alg).private_jwk()
    size = len(forge.unb64(jwk["d"]))
    for other in (bytes(size), b"\xff" * size, b"\0" + forge.unb64(jwk["d"]), forge.unb64(jwk["d"])[1:], b""):
        assert "invalid_key" == refusal(SigningKey.from_jwk, {**jwk, "d": forge.b64(other)})


# P-256 with explicit parameters (SEC 1 appendix C.2): what stands before the generator's coordinates, and behind them.
EXPLICIT_BEFORE = bytes.fromhex(
    "3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000"
    "ffffffffffffffffffffffff305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93"
    "e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e90044104"
)
EXPLICIT_BEHIND = bytes.fromhex("022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101034200")


def test_generator_of_the_attackers_choice() -> None:
    """Explicit curve parameters whose generator is the victim's key make d = 1 a private key (CVE-2020-0601)."""
    victim = ES256.public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    spki = EXPLICIT_BEFORE + victim[1:] + EXPLICIT_BEHIND + victim
    assert 335 == len(spki)
    assert "invalid_key" == refusal(VerifyingKey.from_der, spki)


@lru_cache
def pss_only_spki() -> bytes:
    """The RSA key as id-RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 octets (RFC 4055 section 3.1)."""
    key = RSA.spki()
    sha256_oid = "300b0609608648016503040201"
    parameters = bytes.fromhex(
        f"303d06092a864886f70d01010a3030a00d{sha256_oid}a11a301806092a864886f70d010108{sha256_oid}a203020120"
    )
    tail = key[key.index(b"\x03\x82") :]
    body = parameters + tail
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize("alg", forge.RSA_ALGS)
def test_key_for_pss_only(alg: str) -> None:
    """A key whose type is RSASSA-PSS with SHA-256 signs PS256 and nothing else (RFC 4055 section 1.2)."""
    expected = "accepted" if alg == "PS256" else "invalid_key"
    assert expected == verdict(VerifyingKey.from_der, pss_only_spki(), alg=alg)


@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
def test_file_with_a_foreign_public_half(alg: str) -> None:
    """A private key file whose public half is another key's is refused, as a JWK is."""
    material, other = forge.material(alg), forge.material(alg, "other")
    if alg == "EdDSA":
        der = bytes.fromhex("3051020101300506032b657004220420") + material.private.private_bytes_raw()
        der += bytes.fromhex("812100") + other.public.public_bytes_raw()
    else:
        points = [
            key.public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            for key in (material, other)
        ]
        der = material.pkcs8().replace(*points)
        assert der != material.pkcs8()
    assert "invalid_key" == refusal(SigningKey.from_der, der)


def test_exponents_that_do_not_belong() -> None:
    """d for another e, a trivial factorisation, and a d of another key are refused."""
    jwk = RSA.private_jwk()
    for changes in (
        {"e": "Aw"},
        {"p": "AQ", "q": jwk["n"]},
        {"p": jwk["q"], "q": jwk["p"]},
        {"qi": "AQ"},
        {"dp": "AQ"},
        {"d": forge.b64(b"\7" * 257)},
        {"p": forge.b64(b"\7" * 257)},
    ):
        assert "invalid_key" == refusal(SigningKey.from_jwk, {**jwk, **changes}, alg="RS256")
    bare = {name: jwk[name] for name in ("kty", "n", "e")}
    for d in ("AQ", "Aw", jwk["n"]):
        assert "invalid_key" == refusal(SigningKey.from_jwk, {**bare, "d": d}, alg="RS256")


@forge.needs_bounded_search
def test_an_exponent_that_does_not_belong_and_no_primes() -> None:
    """d is judged by the primes that it leads to: one that leads to none is refused."""
    jwk = RSA.private_jwk()
    assert "invalid_key" == refusal(
        SigningKey.from_jwk, {**{name: jwk[name] for name in ("kty", "n", "e")}, "d": jwk["dp"]}, alg="RS256"
    )


def test_rsa_private_members() -> None:
    """Two-prime RSA private keys come with all their members or with none of them; `oth` is not supported."""
    jwk = RSA.private_jwk()
    for member in ("p", "q", "dp", "dq", "qi"):
        partial = {name: value for name, value in jwk.items() if name != member}
        assert "invalid_key" == refusal(SigningKey.from_jwk, partial, alg="RS256")
        without_d = {name: jwk[name] for name in ("kty", "n", "e", member)}
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, without_d, alg="RS256")
    assert "invalid_key" == refusal(
        SigningKey.from_jwk, {**jwk, "oth": [{"r": "AQ", "d": "AQ", "t": "AQ"}]}, alg="RS256"
    )
    bare = {name: jwk[name] for name in ("kty", "n", "e", "d")}
    assert SigningKey.from_jwk(bare, alg="RS256").thumbprint() == SigningKey.from_jwk(jwk, alg="RS256").thumbprint()


@pytest.mark.parametrize("alg", forge.MLDSA_ALGS)
def test_mldsa_key_length(alg: str) -> None:
    """AKP keys have their parameter set's length, and their seed 32 octets."""
    jwk = forge.material(alg).private_jwk()
    public = forge.unb64(jwk["pub"])
    for other in (public[:-1], public + b"\0", b""):
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, {"kty": "AKP", "alg": alg, "pub": forge.b64(other)})
    for other in (bytes(31), bytes(33), bytes(64), b"", bytes(2560), bytes(4032)):
        assert "invalid_key" == refusal(SigningKey.from_jwk, {**jwk, "priv": forge.b64(other)})


def test_mldsa_without_alg() -> None:
    """An AKP key without alg is unusable (RFC 9964)."""
    jwk = {name: value for name, value in forge.material("ML-DSA-44").public_jwk().items() if name != "alg"}
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    for alg in ("ML-DSA-65", "ml-dsa-44", "ES256"):
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, "alg": alg})


def test_nonces_differ() -> None:
    """Two ECDSA signatures of one message share no r, on any curve (nonce reuse gives the key away)."""
    for alg in forge.ECDSA_ALGS:
        key = SigningKey.from_jwk(forge.material(alg).private_jwk())
        signatures = {forge.unb64(jws.sign(b"x", key).rpartition(".")[2]) for _ in range(8)}
        assert 8 == len({signature[: len(signature) // 2] for signature in signatures})


def test_banned_dependencies() -> None:
    """The crates with unfixed key-recovery attacks are not linked (Marvin, Minerva); test_supply_chain.py looks at packages."""
    root = Path(__file__).parents[2]
    lock = (root / "Cargo.lock").read_text("utf-8")
    assert [] == [name for name in ("rsa", "ml-dsa", "ring", "lru") if f'name = "{name}"\n' in lock]


def test_secret_has_no_curve() -> None:
    """An HMAC tag under a signature algorithm's name is no signature."""
    token = forge.token({"alg": "ES256"}, {}, forge.Material("HS256", forge.K32), "HS256")
    assert "algorithm_not_allowed" == refusal(verifier(secret()).verify, token)
