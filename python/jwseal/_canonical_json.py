"""Canonical JSON: one text for one JSON value (RFC 8785), which is what `jws.sign_object` signs.

After `canonical_json` the text is UTF-8 without white space, members are in the order of their UTF-16 code units, and numbers
are written as ECMAScript writes them. Other values raise ValueError: NaN and infinities, integers that a double does
not hold exactly, lone surrogates, nesting over 32. Nothing is rounded or left out.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from math import isfinite
from typing import Any

from jwseal._encoding import utf8

__all__ = ["canonical_json"]

_DEPTH = 32
_LARGEST = 2**53 - 1


def canonical_json(value: Any) -> bytes:
    """The canonical JSON text of a value made of dict, list, tuple, str, int, float, bool and None (RFC 8785 section 3.2).

    Raises ValueError for a value that has no canonical text, TypeError for one of another type.
    """
    parts: list[str] = []
    _write(value, parts, _DEPTH)
    text = utf8("".join(parts))
    if text is None:
        raise ValueError("a string has a lone surrogate, which UTF-8 cannot hold (RFC 8785 section 3.2.2.2)")
    return text


def _write(value: Any, parts: list[str], depth: int) -> None:
    if value is None or value is True or value is False:
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, str):
        parts.append(encode_basestring(str.__str__(value)))
    elif isinstance(value, int):
        parts.append(_integer(int.__int__(value)))
    elif isinstance(value, float):
        parts.append(_number(float.__float__(value)))
    elif not isinstance(value, dict | list | tuple):
        raise TypeError(f"JSON has no {type(value).__name__}: give dict, list, str, int, float, bool or None")
    elif not depth:
        raise ValueError(f"the value is nested deeper than {_DEPTH}")
    elif isinstance(value, dict):
        _members(value, parts, depth)
    else:
        kind = list if isinstance(value, list) else tuple
        parts.append("[")
        for number, item in enumerate(kind.__iter__(value)):  # type: ignore[arg-type]
            parts.append("," if number else "")
            _write(item, parts, depth - 1)
        parts.append("]")


def _members(value: dict[Any, Any], parts: list[str], depth: int) -> None:
    members: dict[str, Any] = {}
    for name, member in dict.items(value):
        if not isinstance(name, str):
            raise TypeError(f"the names of a JSON object are str, not {type(name).__name__}")
        members[str.__str__(name)] = member
    if len(members) < dict.__len__(value):
        raise ValueError("two members of an object have the same name")
    parts.append("{")
    # Big-endian UTF-16 has the order of its code units (RFC 8785 section 3.2.3).
    for number, name in enumerate(sorted(members, key=lambda name: name.encode("utf-16-be", "surrogatepass"))):
        parts += ["," if number else "", encode_basestring(name), ":"]
        _write(members[name], parts, depth - 1)
    parts.append("}")


def _integer(value: int) -> str:
    if not -_LARGEST <= value <= _LARGEST:
        raise ValueError(
            "an integer beyond 2**53 - 1 has no canonical text: send it as a string (RFC 8785 section 3.2.2.3)"
        )
    return str(value)


def _number(value: float) -> str:
    """A double as ECMAScript writes it (ECMA-262, Number::toString): the shortest digits that read back as the same value."""
    if not isfinite(value):
        raise ValueError("JSON has no NaN and no infinity (RFC 8785 section 3.2.2.3)")
    if not value:
        return "0"  # of either sign
    sign = "-" if value < 0 else ""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(power or 0)
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"
