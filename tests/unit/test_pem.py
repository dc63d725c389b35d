"""PEM as it arrives from files, environment variables and copies: read where nothing is lost, named where it is not PEM."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

import forge
from jwseal import InvalidKey, SigningKey, VerifyingKey

EC = forge.material("ES256")
PEM = EC.private_pem()
PUBLIC = EC.public_pem()


def one_line(pem: bytes, between: bytes) -> bytes:
    """The PEM with something else in place of its line breaks."""
    return pem.strip().replace(b"\n", between)


READABLE: dict[str, Callable[[bytes], str | bytes]] = {
    "a byte order mark": lambda pem: b"\xef\xbb\xbf" + pem,
    "a byte order mark in text": lambda pem: "\ufeff" + pem.decode(),
    "UTF-16, as PowerShell writes it": lambda pem: pem.decode().encode("utf-16"),
    "UTF-16, big endian": lambda pem: b"\xfe\xff" + pem.decode().encode("utf-16-be"),
    "CRLF": lambda pem: pem.replace(b"\n", b"\r\n"),
    "CR": lambda pem: pem.replace(b"\n", b"\r"),
    "spaces around": lambda pem: b" \t\n" + pem + b"  \n",
    "spaces on every line": lambda pem: b"\n".join(b"  " + line + b" \t" for line in pem.splitlines()),
    "spaces for line breaks": lambda pem: one_line(pem, b" "),
    "no line breaks": lambda pem: one_line(pem, b""),
    "no last line break": lambda pem: pem.strip(),
    "remarks around": lambda pem: b"C:\\new\\key\n" + pem + b"\\n\n",
    "quotes around": lambda pem: b'"' + pem + b'"',
    "the name of a variable in front": lambda pem: b"KEY=" + pem,
    "lines of 76 characters": lambda pem: b"\n".join(
        [pem.splitlines()[0], base64.encodebytes(EC.pkcs8() if b"PRIVATE" in pem else EC.spki()), pem.splitlines()[-1]]
    ),
    "empty lines": lambda pem: pem.replace(b"\n", b"\n\n"),
}


@pytest.mark.parametrize("situation", READABLE)
def test_read(situation: str) -> None:
    """Nothing of the key is lost, so it is read."""
    change = READABLE[situation]
    assert SigningKey.from_pem(PEM).thumbprint() == SigningKey.from_pem(change(PEM)).thumbprint()
    assert VerifyingKey.from_pem(PUBLIC) == VerifyingKey.from_pem(change(PUBLIC))


@pytest.mark.parametrize("between", [b"\n", b" ", b"\r\n"])
def test_the_old_encryption(between: bytes) -> None:
    """The header of an old encrypted PEM survives spaces in place of its line breaks."""
    pem = EC.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"password"))
    key = SigningKey.from_pem(pem.replace(b"\n", between), password="password")
    assert SigningKey.from_pem(PEM).thumbprint() == key.thumbprint()


NOT_PEM: dict[str, tuple[Callable[[bytes], str | bytes], str]] = {
    r"literal \n": (lambda pem: pem.decode().replace("\n", "\\n"), r'pem\.replace\("\\\\n", "\\n"\)'),
    r"literal \r\n": (
        lambda pem: pem.decode().replace("\n", "\\r\\n"),
        r'pem\.replace\("\\\\r", ""\)\.replace\("\\\\n", "\\n"\)',
    ),
    "the body alone": (lambda pem: b"".join(pem.splitlines()[1:-1]), r"give base64\.b64decode\(text\) to .*\.from_der"),
    "the body alone, in lines": (lambda pem: b"\n".join(pem.splitlines()[1:-1]), "without its BEGIN and END lines"),
    "the body alone, URL-safe": (
        lambda pem: b"".join(pem.splitlines()[1:-1]).translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"="),
        "without its BEGIN and END lines",
    ),
    "base64 of a PEM": (
        base64.b64encode,
        r"this PEM is encoded again: pass base64\.b64decode\(text\) to .*\.from_pem",
    ),
    "base64 of a PEM, in lines": (base64.encodebytes, "this PEM is encoded again"),
    "hex of a PEM": (lambda pem: pem.hex(), r"this PEM is encoded again: pass bytes\.fromhex\(text\)"),
    "URL-encoded": (lambda pem: quote(pem.decode()), r"is URL-encoded: give urllib\.parse\.unquote\(text\)"),
    "URL-encoded, as in a form": (lambda pem: quote_plus(pem), r"give urllib\.parse\.unquote_plus\(text\)"),
    "a token": (lambda _: "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "this is a token, not a key"),
    "a file path": (lambda _: "/etc/ssl/private/key.pem", r"this is a file name.*Path\(name\)\.read_bytes\(\)"),
    "a relative path": (lambda _: "keys/private.pem", "this is a file name"),
    "a file name": (lambda _: b"jwt-key.pub\n", "this is a file name"),
    "a path in the home": (lambda _: "~/.ssh/id_rsa", "this is a file name"),
    "a path of Windows": (lambda _: r"C:\Keys\signing key", "this is a file name"),
    "a URL": (lambda _: "https://id.example/key.pem", "this is a URL, not a key: pass"),
    "a JWK": (lambda _: '{"kty": "EC"}', "this is JSON: use .*from_jwk"),
    "a JWK in UTF-16": (lambda _: '{"kty": "EC"}'.encode("utf-16"), "this is JSON: use .*from_jwk"),
    "an SSH key": (lambda _: "ssh-ed25519 AAAA", r"this is an OpenSSH public key: use VerifyingKey\.from_ssh"),
    "a key of PuTTY": (lambda _: "PuTTY-User-Key-File-3: ssh-ed25519", "convert it to OpenSSH's form"),
    "nothing": (lambda _: " \n", "the key is empty"),
    "a cut PEM": (lambda pem: pem[:-20], "this PEM is incomplete"),
    "something else": (lambda _: "correct horse battery staple", "this is not PEM"),
}


@pytest.mark.parametrize("situation", NOT_PEM)
def test_named(situation: str) -> None:
    """The cause is named with the cure, and nothing of the text is repeated."""
    change, sentence = NOT_PEM[situation]
    for read, pem in ((SigningKey.from_pem, PEM), (VerifyingKey.from_pem, PUBLIC)):
        text = change(pem)
        with pytest.raises(InvalidKey, match=sentence) as caught:
            read(text)
        for part in ("MIG", "/etc", "id.example", "Keys", "AAAA"):
            assert part not in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("situation", "cure"),
    [
        (r"literal \n", lambda text: text.replace("\\n", "\n")),
        (r"literal \r\n", lambda text: text.replace("\\r", "").replace("\\n", "\n")),
        ("the body alone", lambda text: text),
        ("base64 of a PEM", base64.b64decode),
        ("URL-encoded", unquote),
        ("URL-encoded, as in a form", unquote_plus),
    ],
)
def test_the_cure_cures(situation: str, cure: Callable[[str], bytes]) -> None:
    """What the sentence says to do gives the key."""
    text = NOT_PEM[situation][0](PUBLIC)
    read = VerifyingKey.from_pem
    if situation == "the body alone":
        cure, read = base64.b64decode, VerifyingKey.from_der
    assert VerifyingKey.from_pem(PUBLIC) == read(cure(text))


@pytest.mark.parametrize("form", ["from_der", "from_certificate", "from_ssh"])
def test_named_by_the_other_readers(form: str) -> None:
    """They recognise the same mistakes."""
    read = getattr(VerifyingKey, form)
    for text, sentence in (
        (base64.b64encode(EC.spki()), "this is the encoded body of a key"),
        (b"/etc/ssl/cert.pem", "this is a file name"),
        (b"https://id.example/cert.pem", "this is a URL"),
        (PUBLIC, "from_pem"),
        (b"", "empty"),
    ):
        with pytest.raises(InvalidKey, match=sentence):
            read(text)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (Path("key.pem"), r"path\.read_bytes\(\)"),
        (EC.private, "its PEM, from public_bytes or private_bytes"),
        (None, "not NoneType"),
    ],
)
def test_objects_that_are_no_text(data: object, advice: str) -> None:
    """A path, or a key of another library, is a TypeError that says what to give."""
    for read in (SigningKey.from_pem, SigningKey.from_der, VerifyingKey.from_pem, VerifyingKey.from_der):
        with pytest.raises(TypeError, match=advice):
            read(data)


def test_der_is_told_apart() -> None:
    """Each sort of DER is named, whichever reader it was given to."""
    made = subprocess.run(
        ["openssl", "pkcs12", "-export", "-nocerts", "-inkey", "/dev/stdin", "-passout", "pass:x"],
        input=PEM, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("this openssl makes no PKCS#12 of a key alone")
    for read in (SigningKey.from_der, VerifyingKey.from_der):
        with pytest.raises(InvalidKey, match=r"this is PKCS#12: .*openssl pkcs12"):
            read(made.stdout)
