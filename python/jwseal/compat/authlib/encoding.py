"""Octets, base64url and JSON as this face writes and reads them (RFC 4648 section 5, RFC 8259).

Writing follows Authlib: compact separators, members in the caller's order, text beyond ASCII left as it is. Reading is strict where
Authlib was lenient: base64url is canonical, and JSON has no duplicate members, no NaN, no infinity, no lone surrogate and bounded depth.
The reader serves payloads of verified tokens and error messages; headers of tokens to be verified are read by the core.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from jwseal.compat.authlib.errors import PayloadError

__all__ = ["decode_segment", "encode_segment", "json_bytes", "json_text", "read_json", "to_bytes"]

MAX_DEPTH = 32
MAX_MEMBERS = 1024


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


def read_json(octets: bytes | str) -> Any:
    """The one value that strict JSON text holds, or ValueError."""
    text = octets.decode() if isinstance(octets, bytes) else octets
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Brackets inside strings only make this guess err on the side of looking closer.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if "\\u" in text:
        # A lone surrogate has no UTF-8 form: two parsers would disagree about it.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    if len(members) > MAX_MEMBERS:
        raise ValueError("too many members")
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    deepest = 0
    waiting = [(value, 1)]
    while waiting:
        node, level = waiting.pop()
        if isinstance(node, (dict, list)):
            deepest = max(deepest, level)
            waiting += [(child, level + 1) for child in (node.values() if isinstance(node, dict) else node)]
    return deepest


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)
