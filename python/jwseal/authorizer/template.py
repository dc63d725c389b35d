"""Templates: text with claims in braces, `{path|filter|filter}`; `{{` is a brace.

A string or an integer fills a placeholder. Null, an absent claim, an object and every other value leave the whole component
empty, and so does an empty string. An array gives one value for each of its elements where the target takes several.
A claim's value is never read as part of the template.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal.authorizer.claim_path import ClaimPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Template"]

_PLACEHOLDER = re.compile(r'\{((?:"(?:\\.|[^"\\])*"|[^{}"])*)\}')
_FILTERED = re.compile(r"(.*?)((?:\s*\|\s*\w*)*)\s*", re.DOTALL)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _trim(text: str) -> str:
    return text.strip(" \t\r\n\f\v")


# `trim` takes ASCII spaces alone, so that no two texts become one that a person tells apart.
FILTERS: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "trim": _trim, "nfc": _nfc}


class Placeholder(NamedTuple):
    """A claim, and what is done to its text."""

    path: ClaimPath
    filters: tuple[Callable[[str], str], ...]

    def texts(self, claims: Mapping[str, Any], *, several: bool) -> list[str]:
        """The texts that fill it: none, one, or with `several` one for each element of an array."""
        value = self.path.find(claims)
        values = value if several and isinstance(value, list) else [value]
        return [text for text in map(self._text, values) if text]

    def _text(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        text = _decimal(value) if isinstance(value, int) else value
        for change in self.filters:
            if _becomes_ascii(text, change):
                return ""
            text = change(text)
        return text


def _becomes_ascii(text: str, change: Callable[[str], str]) -> bool:
    """Whether a letter beyond ASCII would turn into one of ASCII: KELVIN SIGN into k, and so one name into another's."""
    return any(any(made.isascii() for made in change(letter)) for letter in text if not letter.isascii())


class Template:
    """One parsed template. Raises ValueError if the text is not a template."""

    __slots__ = ("parts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: tuple[str | Placeholder, ...] = tuple(_parts(text))

    @property
    def claims(self) -> frozenset[str]:
        """The names of the top-level claims it uses."""
        return frozenset(part.path.segments[0] for part in self.parts if isinstance(part, Placeholder))

    @property
    def literal(self) -> str:
        """The text outside the placeholders."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def render(self, claims: Mapping[str, Any], escape: Callable[[str], str] = str) -> str | None:
        """Return the text, claims escaped by a function; None if a placeholder is empty."""
        rendered = self._render(claims, escape, several=False)
        return rendered[0] if rendered else None

    def render_each(self, claims: Mapping[str, Any]) -> list[str]:
        """Return one text for each element of an array of claims; an array beside an array is none."""
        return self._render(claims, str, several=True)

    def _render(self, claims: Mapping[str, Any], escape: Callable[[str], str], *, several: bool) -> list[str]:
        filled = [
            [p] if isinstance(p, str) else [escape(t) for t in p.texts(claims, several=several)] for p in self.parts
        ]
        counts = {len(texts) for texts in filled} - {1}
        if len(counts) > 1 or 0 in counts or sum(len(texts) > 1 for texts in filled) > 1:
            return []
        number = max(counts, default=1)
        return ["".join(texts[n if len(texts) > 1 else 0] for texts in filled) for n in range(number)]


def _parts(text: str) -> list[str | Placeholder]:
    if "${" in text:
        raise ValueError("a claim is written {name}, without $")
    parts: list[str | Placeholder] = []
    literal, at = "", 0
    while at < len(text):
        if text.startswith("{{", at):
            literal, at = literal + "{", at + 2
        elif text[at] != "{":
            literal, at = literal + text[at], at + 1
        else:
            match = _PLACEHOLDER.match(text, at)
            if match is None:
                raise ValueError("a brace is not closed: write {path}, {path|filter}, or {{ for a literal brace")
            parts += [literal, _placeholder(match[1])] if literal else [_placeholder(match[1])]
            literal, at = "", match.end()
    return [*parts, literal] if literal else parts


def _placeholder(text: str) -> Placeholder:
    match = _FILTERED.fullmatch(text)
    path, filters = (match[1], re.findall(r"\|\s*(\w*)", match[2])) if match else (text, [])
    for name in filters:
        if name not in FILTERS:
            raise ValueError(f"filters are {', '.join(FILTERS)}, written {{path|lower}}")
    return Placeholder(ClaimPath(path.strip()), tuple(FILTERS[name] for name in filters))


def _decimal(value: int) -> str:
    # Python refuses to print integers of very many digits; such a claim fills nothing.
    return str(value) if value.bit_length() < 1024 else ""
