"""JSON of which there is only one reading (design of jwseal's core, RFC 8259 section 4): the long way's parser.

Duplicate members, NaN and Infinity, a byte order mark and octets that are not UTF-8 are a ValueError, as in the core.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["read_json"]


def read_json(octets: bytes | str) -> Any:
    """The one value that the text holds."""
    text = octets.decode("utf-8") if isinstance(octets, bytes) else octets
    return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a duplicate member")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
