"""Bytes, base64url and JSON as this layer reads and writes them (RFC 4648 section 5, RFC 8259).

Writing follows Authlib: compact separators, members in the caller's order, text beyond ASCII left as it is. Tokens are read strictly, their
base64url is canonical. Members of JWKs are read as Authlib reads them. No error raised here holds the text that was read or written.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

from jwseal._encoding import base64url_encode, read_json, utf8
from jwseal.compat.authlib.errors import JoseError, PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = re.compile("[A-Za-z0-9+/_-]*")


def to_bytes(value: Any) -> bytes | None:
    """Convert as Authlib does: text to UTF-8, numbers to decimal, anything else with `bytes(value)`; None stays None."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, (int, float)):
        return str(value).encode()
    if not isinstance(value, str):
        return bytes(value)
    encoded = utf8(value)
    if encoded is None:
        raise ValueError("text with a lone surrogate has no UTF-8 form")
    return encoded


def decode_segment(segment: bytes) -> bytes:
    """Decode canonical base64url, or raise ValueError: each value has one text, so that no token can be written in two ways."""
    value = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    if base64url_encode(value) != segment:
        raise ValueError("not canonical base64url")
    return value


def decode_member(value: Any) -> bytes | None:
    """Decode a member of a JWK, or return None: padding, white space and the alphabet of plain base64 are read too."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    digits = "".join(text.split()).rstrip("=") if isinstance(text, str) else "?"
    if not _DIGITS.fullmatch(digits) or len(digits) % 4 == 1:
        return None
    return urlsafe_b64decode(digits + "=" * (-len(digits) % 4))


def json_value(text: bytes | str, error: Callable[[str], JoseError]) -> Any:
    """Read strict JSON, or raise the error that is made of the reason."""
    try:
        return read_json(text)
    except ValueError as exc:
        reason = str(exc)
    # Raised here, so that the reader's error, which may hold the text, is not its context.
    raise error(reason)


def json_text(value: Any) -> str:
    """Write compact JSON, members in their order."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise PayloadError(description=f"cannot be written as JSON: {exc}") from exc


def json_bytes(value: Any) -> bytes:
    """Write compact JSON as UTF-8."""
    encoded = utf8(json_text(value))
    if encoded is None:
        raise PayloadError(description="cannot be written as UTF-8: there is a lone surrogate")
    return encoded


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
