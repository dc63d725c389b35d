"""Attacks: a key used with an algorithm it was not made for (CVE-2016-10555, CVE-2022-29217 and their descendants).

A public key taken for an HMAC secret lets everyone sign. jwseal's first line is types: a `VerifyingKey` has its
algorithms, a `SecretKey` is another class. The second line, tested by the long table here, refuses key text as a secret.

Attacks of this family without a test here: those on key functions and resolvers (CVE-2022-23541, CVE-2026-45363's kind),
because no callable can stand where a key is wanted (`test_verifier_needs_a_key`).
"""

import base64
import datetime as dt
import html
import json
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

import forge
from judge import LAX, refusal, secret, verdict, verifier, verifying
from jwseal import KeySet, SecretKey, SigningKey, Verifier, VerifyingKey, insecure, jws

PUBLIC = ("RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448", "ML-DSA-44")
RSA = forge.material("RS256")
MLDSA_PEM = SigningKey.generate("ML-DSA-44").verifying_key.to_pem()


def public_texts(alg: str) -> dict[str, bytes]:
    """What an attacker could know a public key as."""
    material = forge.material(alg)
    texts = {
        "pem": material.public_pem(),
        "pem-stripped": material.public_pem().strip(),
        "pem-crlf": material.public_pem().replace(b"\n", b"\r\n"),
        "der": material.spki(),
        "jwk": json.dumps(material.public_jwk()).encode(),
        "jwk-compact": json.dumps(material.public_jwk(), separators=(",", ":"), sort_keys=True).encode(),
    }
    if alg in ("RS256", "ES256", "EdDSA"):
        texts["ssh"] = material.openssh_public()
    if alg == "RS256":
        texts["pkcs1"] = material.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    return texts


@pytest.mark.parametrize("alg", PUBLIC)
def test_public_key_as_hmac_secret(alg: str) -> None:
    """A token MACed with any text of the public key is refused by the holder of that key (CVE-2016-10555)."""
    keys = verifier(verifying(forge.material(alg)))
    for text in public_texts(alg).values():
        for mac in forge.HMAC_ALGS:
            token = forge.token({"alg": mac}, {}, forge.Material(mac, text))
            assert "algorithm_not_allowed" == refusal(keys.verify, token)


def certificate(encoding: serialization.Encoding) -> bytes:
    """A self-signed certificate of the RSA key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "as.example")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(RSA.public)
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .sign(RSA.private, hashes.SHA256())
        .public_bytes(encoding)
    )


def key_texts() -> dict[str, bytes]:
    """Key text in every form that some library's filter has missed."""
    jwk = json.dumps(RSA.public_jwk())
    return {
        "spki-pem": RSA.public_pem(),
        "pkcs1-pem": RSA.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        "private-pem": RSA.private_pem(),
        "pkcs1-private-pem": RSA.traditional(),
        "encrypted-pem": RSA.private_pem(b"pw"),
        "openssh-private": forge.material("EdDSA").openssh_private(),
        "ec-pem": forge.material("ES256").public_pem(),
        "ec-private-pem": forge.material("ES256").traditional(),
        "ed25519-pem": forge.material("EdDSA").public_pem(),
        "ssh-rsa": RSA.openssh_public(),
        "ssh-ed25519": forge.material("EdDSA").openssh_public(),
        "ecdsa-ssh": forge.material("ES256").openssh_public(),
        "spki-der": RSA.spki(),
        "ec-spki-der": forge.material("ES256").spki(),
        "ed25519-spki-der": forge.material("EdDSA").spki(),
        "ed448-spki-der": forge.material("Ed448").spki(),
        "ml-dsa-spki-der": base64.b64decode(b"".join(MLDSA_PEM.splitlines()[1:-1])),
        "pkcs8-der": RSA.pkcs8(),
        "certificate-pem": certificate(serialization.Encoding.PEM),
        "certificate-der": certificate(serialization.Encoding.DER),
        "jwk": jwk.encode(),
        "jwk-compact": jwk.replace(" ", "").encode(),
        "ec-jwk": json.dumps(forge.material("ES256").public_jwk()).encode(),
        "okp-jwk": json.dumps(forge.material("EdDSA").public_jwk()).encode(),
        "oct-jwk": json.dumps(forge.material("HS256").public_jwk()).encode(),
        "jwks": json.dumps({"keys": [RSA.public_jwk()]}).encode(),
        "jwk-array": json.dumps([RSA.public_jwk()]).encode(),
        "jwk-in-a-string": json.dumps(jwk).encode(),
        "yaml-jwk": "\n".join(f"{name}: {value}" for name, value in RSA.public_jwk().items()).encode(),
        "toml-jwk": "\n".join(f'{name} = "{value}"' for name, value in RSA.public_jwk().items()).encode(),
        "python-jwk": repr(RSA.public_jwk()).encode(),
        "ruby-jwk": b"{:kty=>'oct', :k=>'AQAB'}",
        "escaped-jwk": b'{"\\u006b\\u0074y": "EC"}',
        "ssh2-pem": b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E\n---- END SSH2 PUBLIC KEY ----\n",
        "pkcs1-der": RSA.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
        "p384-spki-der": forge.material("ES384").spki(),
        "p521-spki-der": forge.material("ES512").spki(),
        "secp256k1-pkcs8-der": forge.material("ES256K").pkcs8(),
        "yaml-pem": b"key: |\n" + b"".join(b"  " + line for line in RSA.public_pem().splitlines(keepends=True)),
        "toml-pem": b'key = """\n' + RSA.public_pem() + b'"""\n',
    }


WRAPPINGS = {
    "as-is": lambda text: text,
    "base64": base64.b64encode,
    "base64url": lambda text: forge.b64(text).encode(),
    "base64-lines": base64.encodebytes,
    "hex": lambda text: text.hex().encode(),
    "widened": lambda text: text.decode("latin-1").encode("utf-16-le"),
    "widened-be": lambda text: text.decode("latin-1").encode("utf-16-be"),
    "base32": base64.b32encode,
    "base32-lower": lambda text: base64.b32encode(text).lower(),
    "url": lambda text: urllib.parse.quote(text, safe="").encode(),
    "url-base64": lambda text: urllib.parse.quote_plus(base64.b64encode(text)).encode(),
    "base64-twice": lambda text: base64.b64encode(base64.b64encode(text)),
    "hex-upper": base64.b16encode,
    "hex-of-base64": lambda text: base64.b64encode(text).hex().encode(),
    "base64-after-x": lambda text: b"x" + base64.b64encode(text),
    "base64-after-name": lambda text: b"key=" + base64.b64encode(text),
    "hex-after-x": lambda text: b"x" + text.hex().encode(),
    "base32-after-x": lambda text: b"x" + base64.b32encode(text),
    "base32-of-base64": lambda text: base64.b32encode(base64.b64encode(text)),
    "base64-of-widened": lambda text: base64.b64encode(text.decode("latin-1").encode("utf-16-le")),
    "base64-of-url": lambda text: base64.b64encode(urllib.parse.quote(text).encode()),
    "url-twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="").encode(),
}
# DER has no markers to find after octets that are not DER's.
TEXT_WRAPPINGS = {
    "newline-before": lambda text: b"\n" + text,
    "spaces-before": lambda text: b"   \t" + text,
    "bom-before": lambda text: b"\xef\xbb\xbf" + text,
    "x-before": lambda text: b"x" + text,
    "nul-before": lambda text: b"\0" + text,
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "utf-16-be": lambda text: text.decode().encode("utf-16-be"),
    "tail": lambda text: text + b"\n# comment\n",
    "form": lambda text: urllib.parse.urlencode({"key": text.decode()}).encode(),
    "html": lambda text: html.escape(text.decode()).encode(),
    "html-of-base64": lambda text: html.escape(base64.b64encode(text).decode()).replace("=", "&#61;").encode(),
    "html-of-url": lambda text: html.escape(urllib.parse.quote(text)).encode(),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("form", key_texts())
def test_key_text_is_no_secret(form: str, wrapping: str) -> None:
    """Key text is refused as an HMAC secret, encoded or not (CVE-2023-48223, CVE-2024-33663, CVE-2026-48526)."""
    text = WRAPPINGS[wrapping](key_texts()[form])
    assert "invalid_key" == refusal(SecretKey.from_bytes, text, alg="HS256")
    assert "invalid_key" == refusal(insecure.weak_secret, text, alg="HS256")
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": forge.b64(text)}, alg="HS256")


@pytest.mark.parametrize("wrapping", TEXT_WRAPPINGS)
@pytest.mark.parametrize("form", [name for name in key_texts() if not name.endswith("-der")])
def test_buried_key_text_is_no_secret(form: str, wrapping: str) -> None:
    """Markers are found anywhere, after other octets and in UTF-16 (CVE-2026-34950, GHSA-g3jj-5cmm-3hxx)."""
    text = TEXT_WRAPPINGS[wrapping](key_texts()[form])
    assert "invalid_key" == refusal(SecretKey.from_bytes, text, alg="HS256")


@pytest.mark.parametrize(
    "octets",
    [
        bytes(range(64)),
        b"correct horse battery staple, and then some more words",
        b"MIIB is how many base64 secrets happen to begin, this one too",
        b"{not json at all, though it opens with a brace................}",
        b"0" * 64,
        b"kty is a word, and EC as well; 100%25 of it &amp; more &#65; text",
        base64.b32encode(bytes(range(100, 148))),
        base64.b16encode(bytes(range(100, 148))),
        b"\x30\x82" + bytes(range(62)),
        base64.b64encode(bytes(range(100, 148))),
    ],
)
def test_ordinary_secrets_are_secrets(octets: bytes) -> None:
    """The filter does not refuse secrets that merely begin like a key."""
    assert "HS256" == SecretKey.from_bytes(octets, alg="HS256").alg


@pytest.mark.parametrize(
    "text", ["x" * 64, "-----BEGIN PUBLIC KEY-----", bytearray(64), memoryview(bytes(64)), None, 5]
)
def test_secret_is_bytes(text: object) -> None:
    """An HMAC key is never built from str, so no PEM string becomes one (CVE-2017-11424, CVE-2021-41106)."""
    with pytest.raises(TypeError):
        SecretKey.from_bytes(text, alg="HS256")


def test_signing_key_as_verifier_key() -> None:
    """A private key does not verify; the TypeError says what does."""
    with pytest.raises(TypeError, match="verifying_key"):
        Verifier(SigningKey.from_jwk(forge.material("ES256").private_jwk()), LAX)
    with pytest.raises(TypeError, match="verifying_key"):
        KeySet([SigningKey.from_jwk(forge.material("ES256").private_jwk())])


@pytest.mark.parametrize("mac", forge.HMAC_ALGS)
@pytest.mark.parametrize("kty", ["RS256", "ES256", "EdDSA"])
def test_public_key_with_hmac_alg(kty: str, mac: str) -> None:
    """No public material takes an HMAC name (CVE-2024-37568, CVE-2022-23541)."""
    material = forge.material(kty)
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, material.public_jwk(), alg=mac)
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, material.public_jwk(alg=mac))
    assert "invalid_key" == refusal(VerifyingKey.from_pem, material.public_pem(), alg=mac)
    assert "invalid_key" == refusal(VerifyingKey.from_der, material.spki(), alg=mac)


@pytest.mark.parametrize("alg", [*forge.PUBLIC_ALGS, "none", "HS1", "dir"])
def test_secret_with_other_alg(alg: str) -> None:
    """No octets take the name of a signature algorithm."""
    assert "invalid_key" == refusal(SecretKey.from_bytes, bytes(64), alg=alg)
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": forge.b64(bytes(64))}, alg=alg)
    assert "invalid_key" == refusal(SecretKey.from_jwk, {"kty": "oct", "k": forge.b64(bytes(64)), "alg": alg})


def test_rsa_jwk_without_alg() -> None:
    """An RSA JWK without alg is no key until the operator names one (CVE-2026-22817, CVE-2026-44699)."""
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, RSA.public_jwk())
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": [RSA.public_jwk()]})


def test_rsa_jwks_without_alg_against_hmac() -> None:
    """The alg the operator fills in is the only one: HS256 with an empty or known key finds none (CVE-2026-22818)."""
    keys = KeySet.from_jwks({"keys": [RSA.public_jwk(kid="a")]}, algorithms=["RS256"])
    assert "algorithm_not_allowed" == refusal(verifier(keys).verify, forge.T_EMPTY)
    assert "algorithm_not_allowed" == refusal(verifier(keys).verify, forge.T0)


@pytest.mark.parametrize("algorithms", [["HS256"], ["RS256", "HS256"], ["HS512", "HS256"]])
def test_jwks_fill_refuses_hmac(algorithms: list[str]) -> None:
    """`from_jwks(algorithms=)` is for RSA keys; an HMAC name there is refused."""
    assert "invalid_policy" == refusal(KeySet.from_jwks, {"keys": [RSA.public_jwk(alg="RS256")]}, algorithms=algorithms)


def test_narrowing_binds_too() -> None:
    """The header's alg must be the key's and the verifier's (CVE-2026-48523)."""
    keys = KeySet(
        [
            VerifyingKey.from_jwk(RSA.public_jwk(), alg="RS256"),
            VerifyingKey.from_jwk(RSA.public_jwk(), alg="PS256"),
        ]
    )
    narrowed = Verifier(keys, LAX, algorithms=["PS256"])
    assert "algorithm_not_allowed" == refusal(narrowed.verify, forge.token({"alg": "RS256"}, {}, RSA))
    ps256 = forge.token({"alg": "PS256"}, {}, RSA, "PS256")
    assert {} == narrowed.verify(ps256).claims
    assert "algorithm_not_allowed" == refusal(
        jws.verify, forge.token({"alg": "RS256"}, {}, RSA), keys, algorithms=["PS256"]
    )


def test_narrowing_to_nothing() -> None:
    """An algorithm none of the keys has is refused when the verifier is declared."""
    key = VerifyingKey.from_jwk(RSA.public_jwk(), alg="RS256")
    assert "invalid_policy" == refusal(Verifier, key, LAX, algorithms=["PS256"])
    assert "invalid_policy" == refusal(jws.verify, forge.T0, key, algorithms=["HS256"])


@pytest.mark.parametrize("header", forge.RSA_ALGS)
@pytest.mark.parametrize("bound", forge.RSA_ALGS)
def test_rsa_algorithm_swap(bound: str, header: str) -> None:
    """One RSA key, one algorithm: every swap of scheme or hash is refused (Wycheproof JWS 331 to 340)."""
    keys = verifier(VerifyingKey.from_jwk(RSA.public_jwk(), alg=bound))
    honest = forge.token({"alg": header}, {}, RSA, header)
    relabelled = forge.token({"alg": bound}, {}, RSA, header)
    expected = "accepted" if bound == header else "algorithm_not_allowed"
    assert expected == verdict(keys.verify, honest)
    expected = "accepted" if bound == header else "invalid_signature"
    assert expected == verdict(keys.verify, relabelled)


@pytest.mark.parametrize("header", forge.HMAC_ALGS)
@pytest.mark.parametrize("bound", forge.HMAC_ALGS)
def test_hmac_algorithm_swap(bound: str, header: str) -> None:
    """One secret, one hash."""
    octets = bytes(range(64))
    keys = verifier(SecretKey.from_bytes(octets, alg=bound))
    token = forge.token({"alg": header}, {}, forge.Material(header, octets))
    assert ("accepted" if bound == header else "algorithm_not_allowed") == verdict(keys.verify, token)


@pytest.mark.parametrize("header", forge.ECDSA_ALGS)
@pytest.mark.parametrize("curve", forge.ECDSA_ALGS)
def test_ecdsa_curve_swap(curve: str, header: str) -> None:
    """The algorithm fixes the curve (RFC 7518 section 3.4; PyJWT before 2.11)."""
    material = forge.material(curve)
    keys = verifier(verifying(material))
    token = forge.token({"alg": header}, {}, material, header)
    assert ("accepted" if curve == header else "algorithm_not_allowed") == verdict(keys.verify, token)
    if curve != header:
        assert "invalid_key" == refusal(VerifyingKey.from_jwk, material.public_jwk(), alg=header)
        assert "invalid_key" == refusal(VerifyingKey.from_der, material.spki(), alg=header)


@pytest.mark.parametrize(
    ("key", "header", "expected"),
    [
        ("Ed25519", "Ed448", "algorithm_not_allowed"),
        ("Ed448", "Ed25519", "algorithm_not_allowed"),
        ("Ed448", "EdDSA", "accepted"),
        ("Ed25519", "EdDSA", "accepted"),
        ("Ed25519", "Ed25519", "accepted"),
        ("Ed448", "Ed448", "accepted"),
        ("Ed25519", "ES256", "algorithm_not_allowed"),
        ("ML-DSA-44", "ML-DSA-65", "algorithm_not_allowed"),
    ],
)
def test_edwards_names(key: str, header: str, expected: str) -> None:
    """`EdDSA` and the curve's own name go with a key, another curve's name does not (RFC 9864)."""
    material = forge.material(key)
    public = VerifyingKey.from_jwk(material.public_jwk())
    assert expected == verdict(verifier(public).verify, forge.token({"alg": header}, {}, material, key))


def test_kid_with_another_algorithm() -> None:
    """The key named by kid has another algorithm, though the set has a key of the header's (RFC 8725bis 3.1)."""
    keys = KeySet(
        [
            verifying(forge.material("ES256"), kid="ec"),
            VerifyingKey.from_jwk(RSA.public_jwk(), alg="RS256", kid="rsa"),
        ]
    )
    token = forge.token({"alg": "RS256", "kid": "ec"}, {}, RSA)
    assert "algorithm_not_allowed" == refusal(verifier(keys).verify, token)


def test_symmetric_key_in_a_public_set() -> None:
    """A local JWK Set that mixes secret and public keys is refused (Wycheproof JWK 1)."""
    mixed = {"keys": [forge.material("ES256").public_jwk(), forge.material("HS256").public_jwk(alg="HS256")]}
    assert "invalid_key" == refusal(KeySet.from_jwks, mixed)
    on_purpose = KeySet([verifying(forge.material("ES256")), secret()])
    assert {} == verifier(on_purpose).verify(forge.T0).claims


@pytest.mark.parametrize("path", ["/etc/passwd", "keys/public.pem", "file:///etc/passwd", "-"])
def test_no_path_is_a_key(path: str) -> None:
    """A path is never opened and never taken for key material (CVE-2021-41106)."""
    assert "invalid_key" == refusal(VerifyingKey.from_pem, path, alg="RS256")
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, path)
    assert "invalid_key" == refusal(SigningKey.from_pem, path, alg="RS256")
