"""The reader of key files: every form an operator may have, and a message that says what to do for everything else (`jwseal.key`).

Each form of a key must come out as the one plain PKCS#8 or SPKI the core takes. The same file measures which
`cryptography` is the oldest one that will do, so it needs nothing newer than 42 itself.
"""

import base64
import datetime as dt
import importlib.util
import subprocess
import sys
import threading
import traceback
import warnings
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh, dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from forge import needs_bounded_search
from jwseal import SigningKey, VerifyingKey
from jwseal.errors import InvalidKey
from jwseal.key import complete_rsa, ed448_signer, read_private, read_public, write_private_pem, write_public_pem

KINDS = ["rsa", "p256", "p384", "p521", "secp256k1", "ed25519", "ed448"]
SSH_KINDS = ["rsa", "p256", "p384", "p521", "ed25519"]
PASSWORD = "correct horse"

needs_bcrypt = pytest.mark.skipif(importlib.util.find_spec("bcrypt") is None, reason="bcrypt encrypts OpenSSH keys")

# The 2048-bit MODP group (RFC 3526 section 3): making a group of one's own takes minutes.
MODP = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)


@cache
def private(kind: str) -> Any:
    """One private key of this kind for all tests."""
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1(), "secp256k1": ec.SECP256K1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    return {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ed448": ed448.Ed448PrivateKey.generate,
        "x25519": x25519.X25519PrivateKey.generate,
        "x448": x448.X448PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(2048),
        "dh": lambda: dh.DHParameterNumbers(MODP, 2).parameters().generate_private_key(),
    }[kind]()


def dump(kind: str, encoding: Encoding, form: PrivateFormat, password: str | None = None) -> bytes:
    """The private key in a form."""
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    return bytes(private(kind).private_bytes(encoding, form, encryption))


def dump_public(kind: str, encoding: Encoding, form: PublicFormat) -> bytes:
    """The public key in a form."""
    return bytes(private(kind).public_key().public_bytes(encoding, form))


def pkcs8(kind: str) -> bytes:
    """The form the core takes private keys in."""
    return dump(kind, Encoding.DER, PrivateFormat.PKCS8)


def spki(kind: str) -> bytes:
    """The form the core takes public keys in."""
    return dump_public(kind, Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def certificate(kind: str, encoding: Encoding = Encoding.PEM, signer: str | None = None) -> bytes:
    """A certificate of this kind of key, expired long ago."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    digest = None if (signer or kind).startswith("ed") else hashes.SHA256()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=1))
    return builder.public_key(private(kind).public_key()).sign(private(signer or kind), digest).public_bytes(encoding)


def pem(label: str, der: bytes) -> bytes:
    """A PEM block."""
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def read(data: bytes | str, password: str | bytes | None = None, form: Any = "pem") -> bytes:
    """`read_private` with the arguments most tests have."""
    return read_private(data, password=password, form=form)


# Private keys


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["plain", "encrypted"])
def test_pkcs8(kind: str, password: str | None) -> None:
    """PKCS#8, plain or encrypted, PEM or DER, gives the plain key."""
    assert pkcs8(kind) == read(dump(kind, Encoding.PEM, PrivateFormat.PKCS8, password), password)
    assert pkcs8(kind) == read(dump(kind, Encoding.DER, PrivateFormat.PKCS8, password), password, "der")


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "secp256k1"])
def test_traditional(kind: str) -> None:
    """PKCS#1 and SEC 1, PEM or DER, give the plain key; so does the old encrypted PEM."""
    form = PrivateFormat.TraditionalOpenSSL
    assert pkcs8(kind) == read(dump(kind, Encoding.PEM, form))
    assert pkcs8(kind) == read(dump(kind, Encoding.DER, form), form="der")
    encrypted = dump(kind, Encoding.PEM, form, PASSWORD)
    assert b"Proc-Type: 4,ENCRYPTED" in encrypted
    assert pkcs8(kind) == read(encrypted, PASSWORD)


@pytest.mark.parametrize("kind", SSH_KINDS)
def test_openssh_private(kind: str) -> None:
    """An OpenSSH private key gives the plain key."""
    assert pkcs8(kind) == read(dump(kind, Encoding.PEM, PrivateFormat.OpenSSH))


@needs_bcrypt
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_openssh_private_encrypted(kind: str) -> None:
    """An encrypted OpenSSH private key gives the plain key."""
    data = dump(kind, Encoding.PEM, PrivateFormat.OpenSSH, PASSWORD)
    assert pkcs8(kind) == read(data, PASSWORD)
    with pytest.raises(InvalidKey, match="give its password"):
        read(data)
    with pytest.raises(InvalidKey, match="password is wrong"):
        read(data, "wrong")


def test_openssh_private_encrypted_needs_bcrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bcrypt is missing, the sentence names it."""
    from cryptography.hazmat.primitives.serialization import ssh

    def unsupported(*_: object) -> None:
        raise ssh.UnsupportedAlgorithm("Need bcrypt module")

    block = pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\x0aaes256-ctr")
    monkeypatch.setattr(serialization, "load_ssh_private_key", unsupported)
    with pytest.raises(InvalidKey, match="pip install bcrypt"):
        read(block, PASSWORD)


def test_text_and_octets_are_the_same() -> None:
    """PEM may be str or bytes, with any line ends, with text around it."""
    text = dump("p256", Encoding.PEM, PrivateFormat.PKCS8).decode()
    for data in (text, text.encode(), text.replace("\n", "\r\n"), f"Bag Attributes\n{text}\nthe end\n", f"\n {text}"):
        assert pkcs8("p256") == read(data)


def test_password_may_be_str_or_bytes() -> None:
    """A str password is its UTF-8."""
    data = dump("ed25519", Encoding.PEM, PrivateFormat.PKCS8, "pässwort")
    assert pkcs8("ed25519") == read(data, "pässwort") == read(data, "pässwort".encode())


def test_ec_parameters_ahead_of_the_key() -> None:
    """`openssl ecparam -genkey` writes the curve in a block of its own, which is no second key."""
    parameters = pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
    assert pkcs8("p256") == read(parameters + dump("p256", Encoding.PEM, PrivateFormat.TraditionalOpenSSL))


@pytest.mark.parametrize("form", ["pem", "der", "legacy"])
def test_password_missing_wrong_or_needless(form: str) -> None:
    """Each mistake with a password has a sentence of its own."""
    encoding = Encoding.DER if form == "der" else Encoding.PEM
    kind = PrivateFormat.TraditionalOpenSSL if form == "legacy" else PrivateFormat.PKCS8
    reader = "der" if form == "der" else "pem"
    encrypted = dump("p256", encoding, kind, PASSWORD)
    with pytest.raises(InvalidKey, match="encrypted: give its password"):
        read(encrypted, None, reader)
    with pytest.raises(InvalidKey, match="the password is wrong, or the key is damaged"):
        read(encrypted, "wrong", reader)
    with pytest.raises(InvalidKey, match="the password is empty"):
        read(encrypted, "", reader)
    with pytest.raises(InvalidKey, match="not encrypted: leave the password out"):
        read(dump("p256", encoding, kind), PASSWORD, reader)


@pytest.mark.filterwarnings("ignore:.*FFDH")
@pytest.mark.parametrize("kind", ["x25519", "x448", "dsa", "dh"])
def test_kinds_that_do_not_sign(kind: str) -> None:
    """Key agreement and DSA keys are refused by name, private, encrypted and public."""
    sentence = f"(?i){kind} keys do not sign tokens: use an RSA, EC, Ed25519, Ed448 or ML-DSA key"
    with pytest.raises(InvalidKey, match=sentence):
        SigningKey.from_pem(dump(kind, Encoding.PEM, PrivateFormat.PKCS8))
    with pytest.raises(InvalidKey, match=sentence):
        SigningKey.from_pem(dump(kind, Encoding.PEM, PrivateFormat.PKCS8, PASSWORD), password=PASSWORD)
    with pytest.raises(InvalidKey, match=sentence):
        VerifyingKey.from_pem(dump_public(kind, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_refusal_shows_no_variable_of_the_reader() -> None:
    """What reports errors reports the variables of each frame: those of the reader hold the key and its password."""
    encrypted = dump("p256", Encoding.PEM, PrivateFormat.PKCS8, PASSWORD)
    for call in (
        lambda: SigningKey.from_pem(encrypted, password="wrong"),
        lambda: SigningKey.from_der(pkcs8("p256"), password="needless"),
        lambda: VerifyingKey.from_pem(encrypted),
        lambda: SigningKey.generate("ES256").to_private_pem(password="x" * 2000),
    ):
        with pytest.raises(InvalidKey) as caught:
            call()
        frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        assert {__file__} == set(frames)


# Public keys


@pytest.mark.parametrize("kind", KINDS)
def test_spki(kind: str) -> None:
    """SPKI, PEM or DER, gives the key."""
    assert spki(kind) == read_public(
        dump_public(kind, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), form="pem"
    )
    assert spki(kind) == read_public(spki(kind), form="der")


def test_pkcs1_public() -> None:
    """PKCS#1, PEM or DER, gives the key."""
    assert spki("rsa") == read_public(dump_public("rsa", Encoding.PEM, PublicFormat.PKCS1), form="pem")
    assert spki("rsa") == read_public(dump_public("rsa", Encoding.DER, PublicFormat.PKCS1), form="der")


@pytest.mark.parametrize("kind", KINDS)
def test_certificate(kind: str) -> None:
    """A certificate, PEM or DER, gives its key, dates and issuer notwithstanding."""
    assert spki(kind) == read_public(certificate(kind), form="certificate")
    assert spki(kind) == read_public(certificate(kind).decode(), form="certificate")
    assert spki(kind) == read_public(certificate(kind, Encoding.DER), form="certificate")
    old_label = certificate(kind).replace(b" CERTIFICATE", b" X509 CERTIFICATE")
    assert spki(kind) == read_public(old_label, form="certificate")


@pytest.mark.parametrize("kind", SSH_KINDS)
def test_ssh(kind: str) -> None:
    """An OpenSSH public key line gives the key, with comment, line end and remarks or without."""
    line = dump_public(kind, Encoding.OpenSSH, PublicFormat.OpenSSH)
    for data in (line, line + b" alice@host\n", b"# mine\n\n" + line + b"\r\n", line.decode()):
        assert spki(kind) == read_public(data, form="ssh")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"ssh-ed25519",
        b"ssh-ed25519 AAAA",
        b"ssh-ed25519 !!!",
        b"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t",
        b"ssh-dss AAAAB3NzaC1kc3M=",
        b"no-pty ssh-ed25519 AAAA",
        b"two\nlines",
    ],
)
def test_ssh_refused(line: bytes) -> None:
    """Anything but one undamaged line of a type that signs here is refused."""
    with pytest.raises(InvalidKey):
        read_public(line, form="ssh")


# The wrong constructor


def test_the_right_constructor_is_named() -> None:
    """A key handed to the wrong constructor is InvalidKey that names the right one."""
    private_pem, private_der = dump("rsa", Encoding.PEM, PrivateFormat.PKCS8), pkcs8("rsa")
    public_pem, public_der = dump_public("rsa", Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), spki("rsa")
    cert_pem, cert_der = certificate("rsa"), certificate("rsa", Encoding.DER)
    ssh = dump_public("rsa", Encoding.OpenSSH, PublicFormat.OpenSSH)
    encrypted = dump("rsa", Encoding.DER, PrivateFormat.PKCS8, PASSWORD)
    private_cases: list[tuple[bytes, Any, str]] = [
        (public_pem, "pem", "VerifyingKey.from_pem"),
        (cert_pem, "pem", "VerifyingKey.from_certificate"),
        (ssh, "pem", "VerifyingKey.from_ssh"),
        (private_der, "pem", "SigningKey.from_der"),
        (b'{"kty":"RSA"}', "pem", "SigningKey.from_jwk"),
        (private_pem, "der", "SigningKey.from_pem"),
        (public_der, "der", "VerifyingKey.from_der"),
        (cert_der, "der", "VerifyingKey.from_certificate"),
        (b'{"kty":"RSA"}', "der", "SigningKey.from_jwk"),
    ]
    for data, form, words in private_cases:
        with pytest.raises(InvalidKey, match=words):
            read(data, form=form)
    public_cases: list[tuple[bytes, Any, str]] = [
        (private_pem, "pem", r"SigningKey.from_pem\(...\).verifying_key"),
        (dump("rsa", Encoding.PEM, PrivateFormat.OpenSSH), "pem", r"SigningKey.from_pem\(...\).verifying_key"),
        (cert_pem, "pem", "VerifyingKey.from_certificate"),
        (ssh, "pem", "VerifyingKey.from_ssh"),
        (public_der, "pem", "VerifyingKey.from_der"),
        (b' {"keys":[]}', "pem", "KeySet.from_jwks"),
        (public_pem, "der", "VerifyingKey.from_pem"),
        (private_der, "der", r"SigningKey.from_der\(...\).verifying_key"),
        (encrypted, "der", r"SigningKey.from_der\(...\).verifying_key"),
        (cert_der, "der", "VerifyingKey.from_certificate"),
        (public_pem, "certificate", "from_pem"),
        (public_pem, "ssh", "VerifyingKey.from_pem"),
    ]
    for data, form, words in public_cases:
        with pytest.raises(InvalidKey, match=words):
            read_public(data, form=form)


def test_two_blocks() -> None:
    """A bundle is refused with its labels, so that no key is chosen by a guess."""
    key, chain = dump("p256", Encoding.PEM, PrivateFormat.PKCS8), certificate("p256")
    with pytest.raises(InvalidKey, match=r"2 PEM blocks \(CERTIFICATE, PRIVATE KEY\)"):
        read(chain + key)
    with pytest.raises(InvalidKey, match=r"2 PEM blocks \(CERTIFICATE, CERTIFICATE\)"):
        read_public(chain + chain, form="certificate")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b" \n",
        b"secret",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x03\x02\x01\x00",
        b"\xff" * 64,
        b"-----BEGIN PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN PKCS12-----\nAAAA\n-----END PKCS12-----\n",
        "-----BEGIN PRIV\u00c4T-----\nAAAA\n-----END PRIV\u00c4T-----\n".encode(),
    ],
)
def test_garbage(garbage: bytes) -> None:
    """Garbage is InvalidKey in every form, with nothing of it in the sentence and no other exception chained."""
    for form in ("pem", "der"):
        for password in (None, PASSWORD):
            with pytest.raises(InvalidKey) as caught:
                read(garbage, password, form)
            assert caught.value.__context__ is None
    for form in ("pem", "der", "certificate", "ssh"):
        with pytest.raises(InvalidKey) as caught:
            read_public(garbage, form=form)  # type: ignore[arg-type]
        assert caught.value.__context__ is None
        assert "AAAA" not in str(caught.value)


def test_text_that_is_no_text() -> None:
    """A str with lone surrogates is what a binary file read as text looks like; the text goes into no exception."""
    for call in (read, lambda text: read_public(text, form="pem"), lambda text: read_public(text, form="ssh")):
        with pytest.raises(InvalidKey, match="binary mode") as caught:
            call("-----BEGIN \ud800")
        assert caught.value.__context__ is None


def test_password_that_is_no_text() -> None:
    """A password with a lone surrogate is refused without it, wherever a password is taken."""
    encrypted = dump("p256", Encoding.PEM, PrivateFormat.PKCS8, PASSWORD)
    for call in (
        lambda: read(encrypted, "secret\ud800"),
        lambda: SigningKey.from_pem(encrypted, password="secret\ud800"),
        lambda: SigningKey.from_der(pkcs8("p256"), password="secret\ud800"),
        lambda: SigningKey.generate("ES256").to_private_pem(password="secret\ud800"),
    ):
        with pytest.raises(InvalidKey, match=r"lone surrogate.* pass the password as bytes") as caught:
            call()
        assert "secret" not in str(caught.value)
        assert caught.value.__context__ is caught.value.__cause__ is None


def test_no_exception_is_chained() -> None:
    """What another library says of a key may hold the key or its password: no refusal is chained to it."""
    encrypted = dump("p256", Encoding.PEM, PrivateFormat.PKCS8, PASSWORD)
    legacy = dump("p256", Encoding.PEM, PrivateFormat.TraditionalOpenSSL, PASSWORD)
    for call in (
        lambda: read(encrypted, "wrong"),
        lambda: read(encrypted),
        lambda: read(legacy, "wrong"),
        lambda: read(legacy),
        lambda: read(dump("rsa", Encoding.PEM, PrivateFormat.OpenSSH), "needless"),
        lambda: write_private_pem(pkcs8("p256"), "x" * 2000),
        lambda: complete_rsa(b"\x11", b"\x03", b"\x07"),
        lambda: ed448_signer(b"short"),
        lambda: read_public(b"ssh-rsa AAAA", form="ssh"),
    ):
        with pytest.raises(InvalidKey) as caught:
            call()
        assert caught.value.__context__ is caught.value.__cause__ is None


def test_trailing_octets() -> None:
    """DER with something after it is refused, whatever the backend thinks."""
    with pytest.raises(InvalidKey, match="there is data after"):
        read(pkcs8("p256") + b"\0\0", form="der")
    with pytest.raises(InvalidKey, match="there is data after"):
        read_public(spki("p256") * 2, form="der")


@pytest.mark.parametrize("data", [None, 1, bytearray(b"x"), memoryview(b"x"), ["x"]])
def test_wrong_types(data: Any) -> None:
    """Keys come as str or bytes; DER as bytes only; passwords as str, bytes or None."""
    with pytest.raises(TypeError, match="str or bytes"):
        read(data)
    with pytest.raises(TypeError, match="bytes"):
        read(data, form="der")
    with pytest.raises(TypeError, match="bytes"):
        read_public(data, form="certificate")
    if data is not None:
        with pytest.raises(TypeError, match="password"):
            read(dump("p256", Encoding.PEM, PrivateFormat.PKCS8), data)


def test_der_is_no_text() -> None:
    """DER as str has been decoded by mistake."""
    with pytest.raises(TypeError, match="bytes"):
        read("0\x03", form="der")


# ML-DSA, read without the backend (RFC 9881)

ML_DSA = {44: (0x11, 1312), 65: (0x12, 1952), 87: (0x13, 2592)}


def der(tag: int, *parts: bytes) -> bytes:
    """A DER element."""
    body = b"".join(parts)
    length = (
        bytes([len(body)])
        if len(body) < 128
        else bytes([0x80 | (len(body).bit_length() + 7) // 8])
        + len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    )
    return bytes([tag]) + length + body


def ml_dsa(level: int) -> tuple[bytes, bytes]:
    """PKCS#8 with a seed, and an SPKI of the right length."""
    last, size = ML_DSA[level]
    algorithm = der(0x30, bytes.fromhex("06096086480165030403") + bytes([last]))
    private_der = der(0x30, b"\x02\x01\x00", algorithm, der(0x04, der(0x80, bytes(range(32)))))
    return private_der, der(0x30, algorithm, der(0x03, b"\0", bytes(size)))


@pytest.mark.parametrize("level", ML_DSA)
def test_ml_dsa(level: int) -> None:
    """Plain ML-DSA keys pass unchanged to the core, which judges them, with any `cryptography`."""
    private_der, public_der = ml_dsa(level)
    assert private_der == read(pem("PRIVATE KEY", private_der)) == read(private_der, form="der")
    assert public_der == read_public(pem("PUBLIC KEY", public_der), form="pem") == read_public(public_der, form="der")
    with pytest.raises(InvalidKey, match="leave the password out"):
        read(pem("PRIVATE KEY", private_der), PASSWORD)
    with pytest.raises(InvalidKey):
        read(pem("PRIVATE KEY", private_der[:-1]))
    with pytest.raises(InvalidKey):
        read(pem("PRIVATE KEY", private_der).replace(b"\nM", b"\n!M", 1))


def test_ml_dsa_the_wrong_way_round() -> None:
    """An ML-DSA key handed to the other class is refused by name too."""
    private_der, public_der = ml_dsa(65)
    for data, form in ((pem("PUBLIC KEY", public_der), "pem"), (public_der, "der")):
        with pytest.raises(InvalidKey):
            read(data, form=form)
    for data, form in ((pem("PRIVATE KEY", private_der), "pem"), (private_der, "der")):
        with pytest.raises(InvalidKey):
            read_public(data, form=form)  # type: ignore[arg-type]


def test_ml_dsa_certificate() -> None:
    """A certificate's ML-DSA key comes out as it stands in there, whether the backend knows ML-DSA or not."""
    _, public_der = ml_dsa(44)
    old = x509.load_der_x509_certificate(certificate("p256", Encoding.DER))
    tbs = old.tbs_certificate_bytes
    fields = tbs[4 if tbs[1] == 0x82 else 3 : tbs.index(spki("p256"))]
    rest = old.public_bytes(Encoding.DER).split(tbs)[1]
    # The signature no longer belongs to it, which does not matter here.
    made = der(0x30, der(0x30, fields, public_der), rest)
    for data in (made, pem("CERTIFICATE", made)):
        assert public_der == read_public(data, form="certificate")


# Writing


@pytest.mark.parametrize("kind", KINDS)
def test_write_private(kind: str) -> None:
    """What is written reads back as the same key, plain or encrypted."""
    plain = write_private_pem(pkcs8(kind), None)
    assert dump(kind, Encoding.PEM, PrivateFormat.PKCS8) == plain
    assert pkcs8(kind) == read(plain)
    encrypted = write_private_pem(pkcs8(kind), PASSWORD)
    assert encrypted.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert pkcs8(kind) == read(encrypted, PASSWORD.encode())


def test_write_private_passwords() -> None:
    """An empty or overlong password is refused; it would protect nothing or not be stored."""
    for password in ("", b"", "x" * 2000):
        with pytest.raises(InvalidKey, match="password"):
            write_private_pem(pkcs8("p256"), password)
    with pytest.raises(TypeError):
        write_private_pem(pkcs8("p256"), 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ML_DSA)
def test_write_ml_dsa(level: int) -> None:
    """A plain ML-DSA key can be written with any `cryptography`; an encrypted one where it knows them."""
    private_der, _ = ml_dsa(level)
    assert private_der == read(write_private_pem(private_der, None))
    if importlib.util.find_spec("cryptography.hazmat.primitives.asymmetric.mldsa"):
        assert private_der == read(write_private_pem(private_der, PASSWORD), PASSWORD)
    else:
        with pytest.raises(InvalidKey, match="upgrade"):
            write_private_pem(private_der, PASSWORD)


@pytest.mark.parametrize("kind", KINDS)
def test_write_public(kind: str) -> None:
    """The public PEM is the one everybody writes."""
    assert dump_public(kind, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) == write_public_pem(spki(kind))


# What the core leaves to `cryptography`


def test_ed448_signer() -> None:
    """An Ed448 seed signs, and a seed of the wrong length is refused."""
    key = ed448.Ed448PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    key.public_key().verify(ed448_signer(seed).sign(b"octets"), b"octets")
    for wrong in (b"", seed[:-1], seed + b"\0"):
        with pytest.raises(InvalidKey, match="57"):
            ed448_signer(wrong)


def test_complete_rsa() -> None:
    """n, e and d suffice; the key that comes out is the same, whichever prime comes first."""
    numbers = private("rsa").private_numbers()
    n, e, d = (
        x.to_bytes((x.bit_length() + 7) // 8, "big")
        for x in (numbers.public_numbers.n, numbers.public_numbers.e, numbers.d)
    )
    key = serialization.load_der_private_key(complete_rsa(n, e, d), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    found = key.private_numbers()
    assert numbers.public_numbers == found.public_numbers
    assert {numbers.p, numbers.q} == {found.p, found.q}
    for wrong in ((n, b"\0", d), (b"\0", e, d), (n, e, b"\0"), (b"\x01", e, d), (n + b"\x01", e, d)):
        with pytest.raises(InvalidKey):
            complete_rsa(*wrong)


@needs_bounded_search
def test_a_private_exponent_of_another_key_has_no_primes() -> None:
    """The search for primes ends, and the key is refused."""
    numbers, other = private("rsa").private_numbers(), rsa.generate_private_key(65537, 2048).private_numbers()
    n, e = (x.to_bytes((x.bit_length() + 7) // 8, "big") for x in (numbers.public_numbers.n, numbers.public_numbers.e))
    with pytest.raises(InvalidKey):
        complete_rsa(n, e, other.d.to_bytes(256, "big"))


def test_complete_rsa_is_bounded() -> None:
    """A giant modulus is refused before any arithmetic."""
    with pytest.raises(InvalidKey, match="8192"):
        complete_rsa(b"\xff" * 100_000, b"\x01\x00\x01", b"\xff" * 100_000)


def test_deprecations_do_not_come_out_as_errors() -> None:
    """Under -W error a key that `cryptography` would rather not read any more is still read or refused as a key."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = dsa.generate_private_key(1024).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        dh_key = dump("dh", Encoding.PEM, PrivateFormat.PKCS8, PASSWORD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data in (old, dh_key):
            with pytest.raises(InvalidKey):
                read(data, PASSWORD if b"ENCRYPTED" in data else None)
        with pytest.raises(InvalidKey):
            read_public(b"ssh-dss AAAAB3NzaC1kc3M=", form="ssh")
        weak = rsa.generate_private_key(65537, 1024)
        data = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        assert read(data)


def test_warnings_in_other_threads_while_keys_load() -> None:
    """Keys are read without touching the process's warning filters, so that no other thread can be left with them."""
    data = dump("p256", Encoding.PEM, PrivateFormat.PKCS8, PASSWORD)
    certificate_data, ssh = certificate("p256"), dump_public("p256", Encoding.OpenSSH, PublicFormat.OpenSSH)
    before, seen, done = list(warnings.filters), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            with warnings.catch_warnings():
                seen.append(list(warnings.filters))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        read(data, PASSWORD)
        read_public(certificate_data, form="certificate")
        read_public(ssh, form="ssh")
    done.set()
    watcher.join()
    assert all(one == before for one in seen)
    assert before == list(warnings.filters)


def test_cryptography_is_loaded_late() -> None:
    """Importing the reader does not load `cryptography`; it would cost the import budget."""
    program = "import sys, jwseal.key; sys.exit('cryptography' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_plain_keys_need_no_cryptography() -> None:
    """PKCS#8, SPKI and certificates are read by the core; `cryptography` is not loaded for them."""
    program = f"""import sys; from jwseal import SigningKey, VerifyingKey
SigningKey.from_pem({dump("p256", Encoding.PEM, PrivateFormat.PKCS8)!r})
VerifyingKey.from_pem({dump_public("rsa", Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)!r}, alg="RS256")
VerifyingKey.from_certificate({certificate("ed25519")!r})
sys.exit('cryptography' in sys.modules)"""
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_rare_encodings_are_converted() -> None:
    """Compressed points and RSA identifiers without their NULL are brought into the core's form."""
    compressed = private("p256").public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    identifier = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    assert spki("p256") == read_public(der(0x30, identifier, der(0x03, b"\0", compressed)), form="der")
    # SEC 1 inside PKCS#8 without its public half
    scalar = private("p256").private_numbers().private_value.to_bytes(32, "big")
    bare = der(0x30, b"\x02\x01\0", identifier, der(0x04, der(0x30, b"\x02\x01\x01", der(0x04, scalar))))
    assert SigningKey.from_der(pkcs8("p256")).thumbprint() == SigningKey.from_der(bare).thumbprint()
