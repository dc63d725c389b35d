"""Paths to claims in templates, as conditions write them.

Bare segments `[A-Za-z0-9_-]+` joined by dots, other names as JSON strings (`"kubernetes.io".namespace`), or a JSON Pointer
(RFC 6901), which alone goes into arrays.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ABSENT", "ClaimPath"]

_SEGMENT = re.compile(r'([A-Za-z0-9_-]+)|("(?:\\.|[^"\\])*")')
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_LONGEST = 1024

ABSENT = object()


class ClaimPath:
    """One parsed path. Raises ValueError if the text is not a path."""

    __slots__ = ("_pointer", "segments")

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ValueError("a path has at most 1024 characters")
        self._pointer = text.startswith("/")
        self.segments: tuple[str, ...] = _pointer(text) if self._pointer else _dotted(text)

    def find(self, claims: Mapping[str, Any]) -> Any:
        """Return the value at this path, or ABSENT."""
        value: Any = claims
        for segment in self.segments:
            if isinstance(value, list) and self._pointer and _INDEX.fullmatch(segment) and int(segment) < len(value):
                value = value[int(segment)]
            elif isinstance(value, dict) and segment in value:
                value = value[segment]
            else:
                return ABSENT
        return value


def _dotted(text: str) -> tuple[str, ...]:
    segments, at = [], 0
    while True:
        match = _SEGMENT.match(text, at)
        if match is None:
            raise ValueError(_SENTENCE)
        segments.append(match[1] or _json_string(match[2]))
        at = match.end()
        if at == len(text):
            return tuple(segments)
        if text[at] != ".":
            raise ValueError(_SENTENCE)
        at += 1


def _pointer(text: str) -> tuple[str, ...]:
    if re.search(r"~(?![01])", text):
        raise ValueError("in a JSON Pointer ~ is written ~0, and / is written ~1")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def _json_string(text: str) -> str:
    try:
        name = json.loads(text)
    except ValueError:
        raise ValueError(_SENTENCE) from None
    return str(name)


_SENTENCE = (
    'a path is names joined by dots, other names as JSON strings ("kubernetes.io".namespace), or a JSON Pointer (/a/0)'
)
