"""`SigningKey`, `VerifyingKey`, `SecretKey`: every format in and out, and what a key must declare.

Hostile material is in `attacks/test_primitives.py` and `attacks/test_hmac.py`; the files operators have, in detail, in
`test_key_reading.py`.
"""

import base64
import copy
import hashlib
import json
import pickle

import pytest
from cryptography.hazmat.primitives import serialization

import forge
from judge import LAX, refusal, secret, signing, verdict, verifying
from jwseal import InvalidKey, KeySet, PolicyError, SecretKey, Signer, SigningKey, Verifier, VerifyingKey, insecure, jws
from jwseal.types import algorithm

FIXED = {
    "ES256": "ES256",
    "ES384": "ES384",
    "ES512": "ES512",
    "ES256K": "ES256K",
    "EdDSA": "EdDSA",
    "Ed448": "EdDSA",
    "ML-DSA-44": "ML-DSA-44",
    "ML-DSA-65": "ML-DSA-65",
    "ML-DSA-87": "ML-DSA-87",
}
VERIFIES = {
    **{alg: (alg,) for alg in FIXED},
    "EdDSA": ("EdDSA", "Ed25519"),
    "Ed448": ("EdDSA", "Ed448"),
}
PASSWORD = "correct horse"


@pytest.mark.parametrize("alg", FIXED)
def test_alg_that_the_material_fixes(alg: str) -> None:
    """`alg` may be left out where there is only one; EdDSA stays the name Edwards keys sign with."""
    material = forge.material(alg)
    for key in (
        SigningKey.from_jwk(material.private_jwk()),
        SigningKey.from_pem(material.private_pem()),
        SigningKey.from_der(material.pkcs8()),
    ):
        assert FIXED[alg] == key.alg
        assert set(VERIFIES[alg]) == set(key.verifying_key.algs)
    for public in (
        VerifyingKey.from_jwk(material.public_jwk()),
        VerifyingKey.from_pem(material.public_pem()),
        VerifyingKey.from_der(material.spki()),
    ):
        assert set(VERIFIES[alg]) == set(public.algs)


def test_rsa_needs_alg() -> None:
    """An RSA key without alg is InvalidKey that names the choices."""
    material = forge.material("RS256")
    for call in (
        lambda: SigningKey.from_jwk(material.private_jwk()),
        lambda: SigningKey.from_pem(material.private_pem()),
        lambda: SigningKey.from_der(material.pkcs8()),
        lambda: VerifyingKey.from_jwk(material.public_jwk()),
        lambda: VerifyingKey.from_pem(material.public_pem()),
        lambda: VerifyingKey.from_der(material.spki()),
        lambda: VerifyingKey.from_ssh(material.openssh_public()),
    ):
        with pytest.raises(Exception, match=r"RS256.*PS512") as caught:
            call()
        assert "invalid_key" == caught.value.code


def test_algorithm_from_configuration() -> None:
    """`types.algorithm` returns the name it was given, and any other text is PolicyError that names the choices."""
    assert list(forge.ALGS) == [algorithm(alg) for alg in forge.ALGS]
    for text in ("", "none", "rs256", "RS256 ", "RSA", "HS1"):
        with pytest.raises(PolicyError, match=r"HS256, .*ML-DSA-87"):
            algorithm(text)


@pytest.mark.parametrize("alg", [["RS256"], ("RS256", "PS256"), b"RS256", 256])
def test_several_algs(alg: object) -> None:
    """`alg` is one name; the sentence says what to do for several."""
    material = forge.material("RS256")
    for call in (
        lambda: SigningKey.from_pem(material.private_pem(), alg=alg),
        lambda: VerifyingKey.from_pem(material.public_pem(), alg=alg),
        lambda: VerifyingKey.from_jwk(material.public_jwk(), alg=alg),
        lambda: SecretKey.from_bytes(forge.K32, alg=alg),
        lambda: SigningKey.generate(alg),
        lambda: insecure.weak_secret(forge.K32, alg=alg),
    ):
        with pytest.raises(TypeError, match=r'alg is one name such as "RS256", not .*KeySet'):
            call()


def test_jwks_given_to_from_jwk() -> None:
    """A JWK Set is no JWK: the sentence names KeySet.from_jwks."""
    jwks = {"keys": [forge.material("ES256").public_jwk()]}
    for given in (jwks, json.dumps(jwks)):
        for read in (VerifyingKey.from_jwk, SigningKey.from_jwk, SecretKey.from_jwk):
            with pytest.raises(InvalidKey, match=r"this is a JWK Set: read it with KeySet\.from_jwks"):
                read(given)


@pytest.mark.parametrize("jwk", [{"x5c": ["MII"], "kid": "a"}, {"kty": "RSA", "use": "sig", "x5c": ["MII"]}])
def test_jwk_of_a_certificate_alone(jwk: dict) -> None:
    """A JWK that has nothing but a certificate is no key yet: the sentence names from_certificate."""
    with pytest.raises(InvalidKey, match=r"VerifyingKey\.from_certificate with the base64-decoded first entry of x5c"):
        VerifyingKey.from_jwk(jwk)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (forge.material("ES256").public_pem(), "this is PEM, not a JWK: use from_pem"),
        ("https://id.example/jwk", "this is a URL"),
        ("/etc/keys/public.json", "this is a file name"),
        (b"", "empty"),
    ],
)
def test_what_is_no_jwk(given: str | bytes, advice: str) -> None:
    """What was given in place of a JWK is named, with what to do."""
    for read in (VerifyingKey.from_jwk, SigningKey.from_jwk, SecretKey.from_jwk):
        with pytest.raises(InvalidKey, match=advice):
            read(given)


def test_a_pss_key_for_rs256() -> None:
    """An RSA key that its encoding restricts to RSASSA-PSS is refused for RS256, private, public and exported again."""
    private = rsa_pss(forge.material("PS256"))
    key = SigningKey.from_pem(private, alg="PS384")
    exported = key.to_private_pem(password=None)
    assert b"".join(private.split()) == b"".join(exported.split())
    for read, data in ((SigningKey.from_pem, private), (VerifyingKey.from_pem, key.verifying_key.to_pem())):
        for alg in ("RS256", "RS512", "ES256"):
            with pytest.raises(
                InvalidKey, match=f"{alg} does not fit this RSASSA-PSS key: it is used with PS256, PS384, PS512"
            ):
                read(data, alg=alg)
        with pytest.raises(InvalidKey, match="give alg, one of PS256, PS384, PS512"):
            read(data)
    assert "PS384" == Verifier(key.verifying_key, LAX).verify(Signer(key).sign({"sub": "a"})).alg


def rsa_pss(material: forge.Material) -> bytes:
    """The key as PKCS#8 whose algorithm is id-RSASSA-PSS."""
    der = material.pkcs8().replace(
        bytes.fromhex("300d06092a864886f70d0101010500"), bytes.fromhex("300b06092a864886f70d01010a")
    )
    assert der[:2] == b"\x30\x82"
    return pem("PRIVATE KEY", der[:2] + (len(der) - 4).to_bytes(2, "big") + der[4:])


def pem(label: str, der: bytes) -> bytes:
    """A PEM block."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


@pytest.mark.parametrize(
    ("keys", "advice"),
    [
        (signing(forge.material("ES256")), "a SigningKey does not verify: give its .verifying_key"),
        (forge.material("ES256").public_pem(), "text is not a key"),
        (forge.material("ES256").public_pem().decode(), "text is not a key"),
        (forge.material("ES256").public_jwk(), "a dict is not a key"),
        ([verifying(forge.material("ES256"))], r"give several keys as KeySet\(\[...\]\)"),
        ((), r"give several keys as KeySet\(\[...\]\)"),
        (None, "keys must be a VerifyingKey, a SecretKey, a KeySet or a key source"),
        (forge.material("ES256").private, "keys must be a VerifyingKey, a SecretKey, a KeySet or a key source"),
        (VerifyingKey, "keys must be a VerifyingKey, a SecretKey, a KeySet or a key source"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_keys_arguments(keys: object, advice: str) -> None:
    """Whatever verifies takes a VerifyingKey, a SecretKey or a KeySet; all else is a TypeError that says what to do."""
    compact = forge.token({"alg": "ES256"}, {}, forge.material("ES256"))
    flattened = jws.sign_json(b"x", signing(forge.material("ES256")), flattened=True)
    for call in (
        lambda: Verifier(keys, LAX),
        lambda: jws.verify(compact, keys),
        lambda: jws.verify_json(flattened, keys),
        lambda: jws.parse(compact).entries[0].verify(keys),
    ):
        with pytest.raises(TypeError, match=advice):
            call()


def test_hmac_needs_alg() -> None:
    """So is an oct JWK without alg; `from_bytes` cannot be called without."""
    with pytest.raises(Exception, match=r"HS256.*HS512") as caught:
        SecretKey.from_jwk({"kty": "oct", "k": forge.b64(bytes(64))})
    assert "invalid_key" == caught.value.code
    with pytest.raises(TypeError):
        SecretKey.from_bytes(bytes(64))


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_secrets_are_for_hmac(alg: str) -> None:
    """A secret is used with HMAC and with no algorithm of public keys."""
    octets = b"\7" * 64
    for make in (
        lambda: SecretKey.generate(alg),
        lambda: SecretKey.from_bytes(octets, alg=alg),
        lambda: insecure.weak_secret(octets, alg=alg),
        lambda: SecretKey.from_jwk({"kty": "oct", "k": forge.b64(octets)}, alg=alg),
    ):
        with pytest.raises(InvalidKey, match=f"{alg} does not use a secret"):
            make()


@pytest.mark.parametrize("alg", forge.RSA_ALGS)
def test_rsa_takes_each_of_its_algs(alg: str) -> None:
    """An RSA key takes the algorithm it is given, and only that."""
    key = SigningKey.from_jwk(forge.material(alg).private_jwk(), alg=alg)
    assert alg == key.alg
    assert (alg,) == tuple(key.verifying_key.algs)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_alg_and_kid_of_the_jwk(alg: str) -> None:
    """A JWK's own alg and kid are taken; ones that differ from the arguments are InvalidKey."""
    material = forge.material(alg)
    reader = SecretKey.from_jwk if alg in forge.HMAC_ALGS else SigningKey.from_jwk
    jwk = material.private_jwk(alg=alg, kid="a")
    assert (alg, "a") == (reader(jwk).alg, reader(jwk).kid)
    assert (alg, "a") == (reader(jwk, alg=alg, kid="a").alg, reader(jwk, kid="a").kid)
    assert "invalid_key" == refusal(reader, jwk, kid="b")
    assert "invalid_key" == refusal(reader, jwk, kid="")
    other = {"HS256": "HS384", "RS256": "PS256"}.get(alg, "HS256" if alg != "HS256" else "HS384")
    assert "invalid_key" == refusal(reader, jwk, alg=other)
    if alg not in forge.HMAC_ALGS:
        public = material.public_jwk(alg=alg, kid="a")
        assert "a" == VerifyingKey.from_jwk(public).kid
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, public, kid="b")
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, public, alg=other)


@pytest.mark.parametrize("value", ["none", "", "es256", "ES256 ", 5, None, ["ES256"], "ECDH-ES"])
def test_alg_of_the_jwk_that_is_none(value: object) -> None:
    """A JWK alg that is unknown or no string is InvalidKey, not ignored."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, forge.material("ES256").public_jwk(alg=value))


@pytest.mark.parametrize("value", [5, None, ["a"], {}, True])
def test_kid_of_the_jwk_that_is_no_string(value: object) -> None:
    """A JWK kid is a string."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, forge.material("ES256").public_jwk(kid=value))


@pytest.mark.parametrize(
    ("members", "verifies", "signs"),
    [
        ({"use": "sig"}, True, True),
        ({"use": "enc"}, False, False),
        ({"use": "SIG"}, False, False),
        ({"use": ""}, False, False),
        ({"use": 1}, False, False),
        ({"use": None}, False, False),
        ({"key_ops": ["verify"]}, True, False),
        ({"key_ops": ["sign"]}, False, True),
        ({"key_ops": ["sign", "verify"]}, True, True),
        ({"key_ops": []}, False, False),
        ({"key_ops": ["sign, verify"]}, False, False),
        ({"key_ops": "verify"}, False, False),
        ({"key_ops": None}, False, False),
        ({"key_ops": ["verify", "verify"]}, False, False),
        ({"key_ops": ["sign", "verify", "sign"]}, False, False),
        ({"key_ops": ["verify", 1]}, False, False),
        ({"use": "sig", "key_ops": ["verify", "sign"]}, True, True),
        ({"use": "enc", "key_ops": ["verify", "sign"]}, False, False),
        ({"use": "sig", "key_ops": ["encrypt"]}, False, False),
        *(
            case
            for operation in ("encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits")
            for case in (
                ({"use": "sig", "key_ops": ["verify", "sign", operation]}, False, False),
                ({"key_ops": ["verify", "sign", operation]}, True, True),
            )
        ),
    ],
)
def test_use_and_key_ops(members: dict, verifies: bool, signs: bool) -> None:
    """`use` other than sig, and key_ops without the operation, are InvalidKey (RFC 7517 sections 4.2 and 4.3)."""
    material = forge.material("ES256")
    assert ("accepted" if verifies else "invalid_key") == verdict(VerifyingKey.from_jwk, material.public_jwk(**members))
    assert ("accepted" if signs else "invalid_key") == verdict(SigningKey.from_jwk, material.private_jwk(**members))


def test_key_ops_of_a_secret() -> None:
    """A secret does what its key_ops permit: one that only signs verifies nothing, and the other way round."""
    jwk = forge.material("HS256").private_jwk(alg="HS256")
    both = SecretKey.from_jwk({**jwk, "key_ops": ["sign", "verify"]})
    signs = SecretKey.from_jwk({**jwk, "key_ops": ["sign"]})
    verifies = SecretKey.from_jwk({**jwk, "key_ops": ["verify"]})
    token = jws.sign(b"x", signs)
    assert b"x" == jws.verify(token, verifies).payload == jws.verify(token, both).payload
    assert "invalid_key" == refusal(jws.sign, b"x", verifies)
    assert "invalid_key" == refusal(jws.verify, token, signs)
    assert "invalid_key" == refusal(Verifier, signs, LAX)
    assert "invalid_key" == refusal(KeySet, [signs])
    for members in ({"key_ops": []}, {"key_ops": ["encrypt"]}, {"use": "enc"}, {"key_ops": "sign"}):
        assert "invalid_key" == refusal(SecretKey.from_jwk, {**jwk, **members})


def test_unknown_members_are_ignored() -> None:
    """A JWK's other members are not ours to judge (RFC 7517 section 4)."""
    jwk = forge.material("ES256").public_jwk(x5t="x", ext=True, nbf=5, iss="x", **{"x5t#S256": "y"})
    assert verifying(forge.material("ES256")) == VerifyingKey.from_jwk(jwk)


@pytest.mark.parametrize("kty", ["ec", "EC ", "", None, 5, "XYZ"])
def test_kty(kty: object) -> None:
    """kty is required and case-sensitive."""
    jwk = {**forge.material("ES256").public_jwk(), "kty": kty}
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    del jwk["kty"]
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)


@pytest.mark.parametrize(
    "crv", ["X25519", "X448", "P-192", "p-256", "brainpoolP256r1", "", None, "P-256 ", "secp256r1"]
)
def test_crv(crv: object) -> None:
    """Curves that do not sign, or are unknown, are refused."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**forge.material("ES256").public_jwk(), "crv": crv})
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**forge.material("EdDSA").public_jwk(), "crv": crv})


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_private_where_public_is_meant(alg: str) -> None:
    """Private text is no VerifyingKey and public text no SigningKey; the sentence says what to use."""
    material = forge.material(alg)
    assert "invalid_key" == refusal(SigningKey.from_jwk, material.public_jwk(), alg=alg)
    assert "invalid_key" == refusal(VerifyingKey.from_pem, material.private_pem(), alg=alg)
    assert "invalid_key" == refusal(SigningKey.from_pem, material.public_pem(), alg=alg)
    assert "invalid_key" == refusal(SecretKey.from_jwk, material.private_jwk(), alg="HS256")


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_private_jwk_gives_its_public_half(alg: str) -> None:
    """Nothing private of a private JWK stays in a VerifyingKey."""
    material = forge.material(alg)
    key = VerifyingKey.from_jwk(material.private_jwk(), alg=alg)
    assert VerifyingKey.from_jwk(material.public_jwk(), alg=alg) == key
    assert not {"d", "p", "q", "dp", "dq", "qi", "priv"} & key.to_jwk().keys()


def test_oct_where_public_is_meant() -> None:
    """An oct JWK is a SecretKey only."""
    jwk = forge.material("HS256").private_jwk(alg="HS256")
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    assert "invalid_key" == refusal(SigningKey.from_jwk, jwk)


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_every_member_is_required(alg: str) -> None:
    """A JWK without one of its members is refused, and so is one whose member is no string."""
    jwk = forge.material(alg).public_jwk()
    for member in jwk:
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, {k: v for k, v in jwk.items() if k != member}, alg=alg)
        for value in (None, 5, "", "!", jwk[member] + "=", " " + jwk[member], [jwk[member]]):
            assert "invalid_key" == refusal(VerifyingKey.from_jwk, {**jwk, member: value}, alg=alg)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_jwk_as_text(alg: str) -> None:
    """A JWK may be text; duplicate members are seen there."""
    jwk = forge.material(alg).public_jwk(kid="a")
    reader = SecretKey.from_jwk if alg in forge.HMAC_ALGS else VerifyingKey.from_jwk
    text = json.dumps(jwk)
    assert "a" == reader(text, alg=alg).kid == reader(text.encode(), alg=alg).kid
    assert "invalid_key" == refusal(reader, text[:-1] + ',"kid":"a"}', alg=alg)
    assert "invalid_key" == refusal(reader, text + "x", alg=alg)
    assert "invalid_key" == refusal(reader, f"[{text}]", alg=alg)


@pytest.mark.parametrize("given", [None, 5, [], bytearray(b"{}"), object()])
def test_jwk_of_the_wrong_type(given: object) -> None:
    """A JWK is a mapping or text."""
    for reader in (SecretKey.from_jwk, VerifyingKey.from_jwk, SigningKey.from_jwk):
        with pytest.raises(TypeError):
            reader(given)


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_export_private(alg: str) -> None:
    """What is exported is the key: as JWK, as PEM plain and encrypted."""
    material, kid = forge.material(alg), 'a"\\\1é'
    key = signing(material, kid=kid)
    assert {**material.private_jwk(), "alg": alg, "kid": kid} == key.to_private_jwk()
    plain = key.to_private_pem(password=None)
    assert forge.jwk(material.private) == forge.jwk(serialization.load_pem_private_key(plain, None))
    encrypted = key.to_private_pem(password=PASSWORD)
    assert b"ENCRYPTED" in encrypted
    again = SigningKey.from_pem(encrypted, alg=alg, password=PASSWORD)
    assert key.thumbprint() == again.thumbprint()
    for password in (None, "wrong"):
        assert "invalid_key" == refusal(SigningKey.from_pem, encrypted, alg=alg, password=password)
    with pytest.raises(TypeError):
        key.to_private_pem()


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_export_public(alg: str) -> None:
    """The public half: JWK without private members, SPKI PEM."""
    material = forge.material(alg)
    key = signing(material, kid="a").verifying_key
    exported = key.to_jwk()
    assert set() == set(exported) & {"d", "p", "q", "dp", "dq", "qi", "priv", "k", "oth"}
    assert material.public_jwk() == {name: exported[name] for name in material.public_jwk()}
    assert "a" == exported["kid"]
    assert material.public_pem().split() == key.to_pem().split()
    assert key == VerifyingKey.from_jwk(exported, alg=None if len(key.algs) > 1 else alg)


@pytest.mark.parametrize("alg", forge.HMAC_ALGS)
def test_export_secret(alg: str) -> None:
    """A secret's JWK."""
    key = SecretKey.generate(alg, kid="a")
    exported = key.to_private_jwk()
    assert {"kty", "k", "alg", "kid"} == set(exported)
    assert exported == SecretKey.from_jwk(exported).to_private_jwk()


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_generate(alg: str) -> None:
    """Generated keys sign, differ, and carry what they were given."""
    key = SigningKey.generate(alg, kid="a")
    assert (alg, "a") == (key.alg, key.kid)
    assert b"x" == jws.verify(jws.sign(b"x", key), key.verifying_key).payload
    assert key.thumbprint() != SigningKey.generate(alg).thumbprint()


def test_generate_bits() -> None:
    """RSA sizes are 2048 to 8192; the default is 2048."""
    assert 2048 == len(forge.unb64(SigningKey.generate("RS256").verifying_key.to_jwk()["n"])) * 8
    assert 3072 == len(forge.unb64(SigningKey.generate("PS256", bits=3072).verifying_key.to_jwk()["n"])) * 8
    for bits in (0, 1024, 2047, 8193, 16_384):
        assert "invalid_key" == refusal(SigningKey.generate, "RS256", bits=bits)


@pytest.mark.parametrize("alg", ["HS256", "none", "", "ES521", "rs256", "RSA"])
def test_generate_unknown(alg: str) -> None:
    """An HMAC or unknown name makes no signing key."""
    assert "invalid_key" == refusal(SigningKey.generate, alg)


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_thumbprint(alg: str) -> None:
    """RFC 7638 over the required members, in each digest, and RFC 9278's URI."""
    material = forge.material(alg)
    key = verifying(material, kid="a")
    canonical = json.dumps(material.public_jwk(), sort_keys=True, separators=(",", ":")).encode()
    for digest in ("sha256", "sha384", "sha512"):
        assert forge.b64(hashlib.new(digest, canonical).digest()) == key.thumbprint(digest)
    assert key.thumbprint("sha256") == key.thumbprint()
    assert f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{key.thumbprint()}" == key.thumbprint_uri()
    with pytest.raises(ValueError, match="digest"):
        key.thumbprint("md5")


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_ssh(alg: str) -> None:
    """OpenSSH lines and private keys."""
    material = forge.material(alg)
    public = VerifyingKey.from_ssh(material.openssh_public(), alg=alg)
    assert verifying(material).thumbprint() == public.thumbprint()
    assert public.thumbprint() == SigningKey.from_pem(material.openssh_private(), alg=alg).thumbprint()


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512"])
def test_traditional(alg: str) -> None:
    """PKCS#1 and SEC 1, PEM and DER."""
    material = forge.material(alg)
    expected = verifying(material).thumbprint()
    assert expected == SigningKey.from_pem(material.traditional(), alg=alg).thumbprint()
    assert expected == SigningKey.from_der(material.traditional(serialization.Encoding.DER), alg=alg).thumbprint()


def test_equality() -> None:
    """Public keys compare and hash by thumbprint, algs and kid; private ones by identity."""
    material = forge.material("ES256")
    one, two = verifying(material), VerifyingKey.from_pem(material.public_pem())
    assert one == two
    assert hash(one) == hash(two)
    assert 1 == len({one, two})
    assert one != verifying(material, kid="a")
    assert one != verifying(forge.material("ES256", "other"))
    rsa = forge.material("RS256")
    assert VerifyingKey.from_jwk(rsa.public_jwk(), alg="RS256") != VerifyingKey.from_jwk(rsa.public_jwk(), alg="PS256")
    assert one != "key"
    private = signing(material)
    assert private == private  # identity is the point
    assert private != signing(material)
    assert secret() != secret()


@pytest.mark.parametrize("alg", forge.ALGS)
def test_private_keys_never_pickle(alg: str) -> None:
    """Nor is there a second one: a copy is the same object."""
    key = signing(forge.material(alg))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    assert key is copy.deepcopy(key) is copy.copy(key)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_repr_is_redacted(alg: str) -> None:
    """repr and str show alg and kid, and nothing of the private members."""
    material = forge.material(alg)
    key = signing(material, kid="the-kid")
    private = {
        name: value
        for name, value in material.private_jwk().items()
        if name in ("d", "p", "q", "dp", "dq", "qi", "k", "priv")
    }
    for text in (repr(key), str(key), f"{key!r}", repr({"key": key})):
        assert "the-kid" in text
        assert alg in text
        for value in private.values():
            assert not any(value[place : place + 8] in text for place in range(len(value) - 7))
    assert None is getattr(key, "__dict__", None)


def test_verifying_key_of_a_secret_does_not_exist() -> None:
    """An HMAC secret has no public half."""
    assert not hasattr(secret(), "verifying_key")
    assert not hasattr(secret(), "to_jwk")
    assert not hasattr(secret(), "thumbprint_uri")


@pytest.mark.parametrize("kid", [5, b"a", ["a"]])
def test_kid_is_text(kid: object) -> None:
    """A kid is a str."""
    with pytest.raises(TypeError):
        VerifyingKey.from_jwk(forge.material("ES256").public_jwk(), kid=kid)
    with pytest.raises(TypeError):
        SecretKey.from_bytes(bytes(32), alg="HS256", kid=kid)
