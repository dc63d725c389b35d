"""JSON of which there is only one reading, as the core reads it (RFC 8259 section 4), for what the faces have to read in Python.

Duplicate members, NaN and Infinity, floats out of range, lone surrogates, a byte order mark, octets that are not UTF-8, nesting over 32 and
objects of over 1024 members are a ValueError. Nothing here judges a token before its signature: the core has read its header.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["read_json"]

MAX_DEPTH = 32
MAX_MEMBERS = 1024


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
    if "\\u" in text or not isinstance(octets, bytes):
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


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)
