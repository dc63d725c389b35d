"""JSON, base64url and UTF-8 for all Python code: one strict reader of JSON and base64url, the core's, and one writer of base64url.

`read_json` refuses JSON that two parsers could read differently, `base64url_decode` a second spelling of the same bytes. Both raise
ValueError with a reason that quotes nothing of the text.
"""

import binascii

from jwseal._native import base64url_decode, read_json

__all__ = ["base64url_decode", "base64url_encode", "read_json", "utf8"]


def base64url_encode(octets: bytes) -> bytes:
    """Encode as base64url without padding (RFC 4648 section 5)."""
    return binascii.b2a_base64(octets, newline=False).translate(_URL_SAFE, b"=")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def utf8(text: str) -> bytes | None:
    """Return the text's UTF-8, or None where it holds a lone surrogate: the exception of `str.encode` would hold the text."""
    try:
        return str.encode(text)
    except UnicodeEncodeError:
        return None
