"""PyJWT's small conversions, for code that imports them: base64url, integers, ECDSA signatures, kinds of key text.

Tokens are not read with these: `base64url_decode` skips characters outside the alphabet, as PyJWT's does, which the core never would.
"""

from __future__ import annotations

import base64
import re

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from jwseal import _encoding
from jwseal.compat.pyjwt.exceptions import InvalidKeyError


def force_bytes(value: bytes | str) -> bytes:
    """Return text as UTF-8, and bytes as they are; InvalidKeyError for text that has no UTF-8 form."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError("Expected a string or bytes value")
    octets = _encoding.utf8(value)
    if octets is None:
        raise InvalidKeyError("The text holds a lone surrogate and has no UTF-8 form; pass bytes.")
    return octets


def printable(text: str) -> str:
    """Return text of a token for a message: what is not printable is escaped."""
    return text if text.isprintable() else repr(text)[1:-1]


def base64url_decode(input: bytes | str) -> bytes:
    """Decode base64url with or without padding."""
    octets = force_bytes(input)
    return base64.urlsafe_b64decode(octets + b"=" * (-len(octets) % 4))


def base64url_encode(input: bytes) -> bytes:
    """Encode as base64url without padding."""
    return _encoding.base64url_encode(input)


def to_base64url_uint(val: int, *, bit_length: int | None = None) -> bytes:
    """Encode an unsigned integer, in the fewest octets or in those of `bit_length` (RFC 7518 section 2)."""
    if val < 0:
        raise ValueError("Must be a positive integer")
    return base64url_encode(bytes_from_int(val, bit_length=bit_length) or b"\x00")


def from_base64url_uint(val: bytes | str) -> int:
    """Decode an unsigned integer."""
    return int.from_bytes(base64url_decode(force_bytes(val)), "big")


def number_to_bytes(num: int, num_bytes: int) -> bytes:
    """Convert an integer to `num_bytes` big-endian bytes."""
    return num.to_bytes(num_bytes, "big")


def bytes_to_number(string: bytes) -> int:
    """Convert big-endian bytes to an integer."""
    return int.from_bytes(string, "big")


def bytes_from_int(val: int, *, bit_length: int | None = None) -> bytes:
    """The integer in the octets that `bit_length` bits need."""
    bits = val.bit_length() if bit_length is None else bit_length
    return val.to_bytes((bits + 7) // 8, "big")


def der_to_raw_signature(der_sig: bytes, curve: EllipticCurve) -> bytes:
    """An ECDSA signature from DER to r and s side by side (RFC 7518 section 3.4)."""
    size = (curve.key_size + 7) // 8
    r, s = decode_dss_signature(der_sig)
    return number_to_bytes(r, size) + number_to_bytes(s, size)


def raw_to_der_signature(raw_sig: bytes, curve: EllipticCurve) -> bytes:
    """An ECDSA signature from r and s side by side to DER."""
    size = (curve.key_size + 7) // 8
    if len(raw_sig) != 2 * size:
        raise ValueError("Invalid signature")
    return encode_dss_signature(bytes_to_number(raw_sig[:size]), bytes_to_number(raw_sig[size:]))


# The words between the dashes of PEM, as `cryptography` and OpenSSL read it, which take a space for one of the dashes.
_PEM_BLOCK = re.compile(
    rb"----[- ]BEGIN ((?:ENCRYPTED |OPENSSH |DSA |RSA |EC )?PRIVATE KEY|(?:RSA )?PUBLIC KEY|(?:TRUSTED )?CERTIFICATE"
    rb"|DH PARAMETERS|(?:NEW )?CERTIFICATE REQUEST|SSH2 PUBLIC KEY|SSH2 ENCRYPTED PRIVATE KEY|X509 CRL)[- ]----"
)

_SSH_KIND = re.compile(rb"ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)")


def is_pem_format(key: bytes) -> bool:
    """Whether the octets hold a PEM block with its beginning and its end."""
    ends: dict[bytes, int] = {}
    for begin in _PEM_BLOCK.finditer(key):
        label = begin.group(1)
        if label not in ends:
            ends[label] = max(key.rfind(b"END " + label + dash + b"----") for dash in (b"-", b" "))
        if ends[label] > begin.start():
            return True
    return False


def is_ssh_key(key: bytes) -> bool:
    """Whether the octets begin as an OpenSSH public key does."""
    return _SSH_KIND.match(key) is not None
