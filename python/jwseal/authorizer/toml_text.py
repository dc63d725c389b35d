"""A configuration as TOML text: tables and arrays of tables as headers, everything below them inline."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["toml_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(tables: Mapping[str, Any]) -> str:
    """Return the text of a configuration: tables of tables (`issuers`), arrays of tables (`rules`)."""
    blocks = []
    for name, value in tables.items():
        if isinstance(value, list):
            blocks += [_block(f"[[{name}]]", table) for table in value]
        else:
            blocks += [_block(f"[{name}.{_key(key)}]", table) for key, table in value.items()]
    return "\n".join(blocks)


def _block(header: str, table: Mapping[str, Any]) -> str:
    lines = [header]
    for key, value in table.items():
        if isinstance(value, dict) and key != "when":
            lines += [f"{_key(key)}.{_key(name)} = {_value(one)}" for name, one in value.items()]
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # Strings, numbers and booleans are written as in JSON, whose strings leave this one character as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
