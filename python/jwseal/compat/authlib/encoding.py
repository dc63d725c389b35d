"""Octets and base64url as this face writes and reads them, and JSON as it writes it (RFC 4648 section 5, RFC 8259).

Writing follows Authlib: compact separators, members in the caller's order, text beyond ASCII left as it is. Reading is strict where
Authlib was lenient: base64url is canonical. JSON is read by `jwseal.compat.strict_json`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from jwseal.compat.authlib.errors import PayloadError

__all__ = ["decode_segment", "encode_segment", "json_bytes", "json_text", "to_bytes"]


def to_bytes(value: Any) -> bytes | None:
    """Authlib's rule: text as UTF-8, numbers in decimal, anything else as `bytes(value)`; None stays None."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (int, float)):
        return str(value).encode()
    return bytes(value)


def encode_segment(octets: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=")


def decode_segment(segment: bytes) -> bytes:
    """Canonical base64url, or ValueError: one text for one value, so that tokens and JWKs cannot be respelled."""
    octets = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    if encode_segment(octets) != segment:
        raise ValueError("not canonical base64url")
    return octets


def json_text(value: Any) -> str:
    """Compact JSON text, members in their order."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise PayloadError(description=f"cannot be written as JSON: {exc}") from exc


def json_bytes(value: Any) -> bytes:
    """Compact JSON as UTF-8."""
    try:
        return json_text(value).encode()
    except UnicodeEncodeError as exc:
        raise PayloadError(description="cannot be written as UTF-8") from exc


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
