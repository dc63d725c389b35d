"""Reads and writes the text around key files: PEM (RFC 7468), and other text that is mistaken for PEM.

A PEM may have a byte order mark, be UTF-16, have spaces or any line ends, or have lost its line breaks, as happens in
environment variables and configuration files; it can still be read. Anything else is InvalidKey with a sentence that
names what it is and what to do, and holds no part of it. What is inside a block is judged elsewhere.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from jwseal._encoding import utf8
from jwseal._native import der_form
from jwseal.errors import InvalidKey

if TYPE_CHECKING:
    from collections.abc import Callable

_BEGIN, _DASHES = b"-----BEGIN ", b"-----"
_LABEL = re.compile(rb"[A-Z0-9 ]{1,40}")
_OLD_ENCRYPTION = re.compile(rb"\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Z0-9-]+,[0-9A-Fa-f]+)\s")
_ENCODED = re.compile(rb"[A-Za-z0-9+/_=\s-]{32,}")
_FILE_NAME = re.compile(
    rb"(/|\./|\.\./|~|[A-Za-z]:[/\\])[^\n]{1,1024}|[^\n\"']{1,1024}\.(pem|key|crt|cer|cert|der|p8|pk8|p12|pfx|pub|json|txt)"
)


class Block(NamedTuple):
    """One PEM block."""

    label: str
    body: bytes
    """The base64 of what it holds."""
    cipher: bytes | None
    """The cipher and its start of the old encryption (RFC 1421), where it has that."""


def plain_text(data: object) -> bytes:
    """Return what a caller read from a file as UTF-8 without a byte order mark."""
    if isinstance(data, str):
        data = utf8(data)
        if data is None:
            raise InvalidKey("the data is not text: read the file in binary mode")
    if not isinstance(data, bytes):
        raise _wrong_type(data, "str or bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) % 2 == 0:
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def der_bytes(data: object) -> bytes:
    """Return what a caller gave as DER."""
    if not isinstance(data, bytes):
        raise _wrong_type(data, "bytes")
    return data


def looks_like_pem(text: bytes) -> bool:
    """Whether there is a PEM block in it, or at least its beginning."""
    return _BEGIN in text and not form_of(text)


def form_of(octets: bytes) -> str:
    """Return the kind of DER this is, or the empty string if it is not DER."""
    # A text may begin with the digit 0, which is the tag of a SEQUENCE; no text has its own length after it.
    try:
        return der_form(octets)
    except InvalidKey:
        return ""


def only_block(text: bytes, owner: str) -> Block:
    """Return the one PEM block of this text; the text around it is ignored."""
    if _BEGIN not in text:
        refuse_other_text(text, owner)
        if b"%" in text or b"+" in text:
            _refuse_url_encoded(text)
        raise InvalidKey("this is not PEM: a key is between a BEGIN and an END line with the same label")
    blocks = _blocks(text)
    # `openssl ecparam -genkey` writes the curve's name in a block of its own ahead of the key, which repeats it.
    keys = [block for block in blocks if block.label != "EC PARAMETERS"]
    if not keys:
        raise InvalidKey("this PEM is incomplete: a key is between a BEGIN and an END line with the same label")
    if len(keys) > 1:
        labels = ", ".join(block.label for block in keys[:8])
        raise InvalidKey(f"there are {len(keys)} PEM blocks ({labels}): pass only the block with the key")
    if b"\\n" in keys[0].body:
        cure = r'pem.replace("\\r", "").replace("\\n", "\n")' if b"\\r" in keys[0].body else r'pem.replace("\\n", "\n")'
        raise InvalidKey(rf"this PEM has the two characters \n in place of its line breaks: replace them, as {cure}")
    return keys[0]


def refuse_other_text(text: bytes, owner: str) -> None:
    """Say what this is if it is something else that operators have, and what to call instead."""
    start = text.lstrip()[:64]
    if not start:
        raise InvalidKey("the key is empty")
    if _BEGIN in text:
        raise InvalidKey(f"this is PEM: use {owner}.from_pem")
    if form_of(text):
        raise InvalidKey(f"this is DER: use {owner}.from_der")
    if start.startswith((b"{", b"[")):
        raise InvalidKey(f"this is JSON: use {owner}.from_jwk, or KeySet.from_jwks for a set")
    if start.startswith((b"ssh-", b"ecdsa-sha2-")):
        raise InvalidKey("this is an OpenSSH public key: use VerifyingKey.from_ssh")
    if start.startswith((b"---- BEGIN SSH2", b"PuTTY-User-Key-File")):
        raise InvalidKey(
            "this is a key of another SSH program: convert it to OpenSSH's form with ssh-keygen or puttygen"
        )
    if start.startswith((b"http://", b"https://", b"file://")):
        raise InvalidKey("this is a URL, not a key: pass the document at the URL")
    if _ENCODED.fullmatch(text):
        _refuse_encoded(text, owner)
    if start.startswith(b"eyJ") and text.count(b".") == 2:
        raise InvalidKey("this is a token, not a key: pass the public key of its issuer")
    if _FILE_NAME.fullmatch(text.strip()):
        raise InvalidKey("this is a file name, not a key: pass the content of the file, as in Path(name).read_bytes()")


def unwrap(block: Block) -> bytes | None:
    """Return the bytes that a block holds, or None if its base64 is damaged."""
    try:
        return binascii.a2b_base64(block.body, strict_mode=True)
    except binascii.Error:
        return None


def wrap(label: str, octets: bytes, cipher: bytes | None = None) -> bytes:
    """Return the bytes as a PEM block, with the header of the old encryption if they are encrypted that way."""
    header = [] if cipher is None else [b"Proc-Type: 4,ENCRYPTED", b"DEK-Info: " + cipher, b""]
    body = binascii.b2a_base64(octets, newline=False)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    name = label.encode()
    return b"\n".join([_BEGIN + name + _DASHES, *header, *lines, b"-----END " + name + _DASHES, b""])


def _blocks(text: bytes) -> list[Block]:
    found = []
    begin = text.find(_BEGIN)
    while begin >= 0:
        start = text.find(_DASHES, begin + len(_BEGIN))
        label = text[begin + len(_BEGIN) : start]
        end = text.find(b"-----END " + label + _DASHES, start) if start >= 0 and _LABEL.fullmatch(label) else -1
        if end < 0:
            return []
        body, cipher = text[start + len(_DASHES) : end], None
        if old := _OLD_ENCRYPTION.match(body):
            body, cipher = body[old.end() :], old[1]
        found.append(Block(label.decode(), b"".join(body.split()), cipher))
        begin = text.find(_BEGIN, end)
    return found


def _refuse_encoded(text: bytes, owner: str) -> None:
    """Say so if this is the base64 of a key, or of a PEM, or its hex."""
    digits = b"".join(text.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    padded = digits + b"=" * (-len(digits) % 4)
    for name, octets in (
        ("bytes.fromhex", _attempt(binascii.unhexlify, digits)),
        ("base64.b64decode", _attempt(binascii.a2b_base64, padded)),
    ):
        if octets.lstrip().startswith(_BEGIN):
            raise InvalidKey(f"this PEM is encoded again: pass {name}(text) to {owner}.from_pem")
        if form_of(octets):
            raise InvalidKey(
                f"this is the encoded body of a key without its BEGIN and END lines: give {name}(text) to {owner}.from_der"
            )


def _refuse_url_encoded(text: bytes) -> None:
    """Say so if this is a PEM as it is sent in a URL or a form."""
    from urllib.parse import unquote_to_bytes

    for name, octets in (("unquote", text), ("unquote_plus", text.replace(b"+", b" "))):
        if _BEGIN in unquote_to_bytes(octets):
            raise InvalidKey(f"this is a PEM that is URL-encoded: give urllib.parse.{name}(text)")


def _attempt(decode: Callable[[bytes], bytes], digits: bytes) -> bytes:
    try:
        return decode(digits)
    except binascii.Error:
        return b""


def _wrong_type(data: object, wanted: str) -> TypeError:
    return TypeError(f"a key is read from {wanted}, not {type(data).__name__}{_advice(data)}")


def _advice(data: object) -> str:
    if hasattr(data, "read_bytes"):
        return ": give path.read_bytes()"
    if hasattr(data, "read"):
        return ": give file.read()"
    if hasattr(data, "public_bytes") or hasattr(data, "private_bytes"):
        return ": a key that cryptography has loaded is given as its PEM, from public_bytes or private_bytes"
    return ""
