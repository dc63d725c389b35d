"""A TOML document whose errors say where: line, column and dotted key.

`tomllib` reads the document and keeps no positions. `Positions` walks the same text once more, which is known to be valid TOML
by then, and notes where each key and each element of an array stands. It keeps no values and judges nothing.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from typing import TYPE_CHECKING, Any

from jwseal.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Place = tuple[str | int, ...]

__all__ = ["Document", "dotted"]

_LONGEST = 1_048_576
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}\n#]+")
# What a reader of TOML says, and what a person probably did.
_HINTS = (
    ("Cannot overwrite a value", "a key or table is defined twice; start each rule with [[rules]]"),
    ("Cannot declare", "a table is defined twice; start each rule with [[rules]]"),
    (
        "Invalid initial character for a key part",
        "an inline table must be on one line; an array may span several",
    ),
    ("Illegal character '\\n'", "a string must end on its line with a quotation mark"),
    ("Expected '=' after a key", "write key = value"),
    ("Invalid value", "strings need quotation marks; true and false do not"),
)
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Document:
    """The text of a configuration, what it says, and where it says it."""

    def __init__(self, text: str, name: str) -> None:
        """Read the text. Raises PolicyError if it is not TOML."""
        self.text = text
        self.name = name
        self._positions: dict[Place, int] | None = None
        if len(text) > _LONGEST:
            raise PolicyError(f"{name}: a configuration has at most {_LONGEST} characters")
        if text.startswith("\ufeff"):
            raise PolicyError(f"{name}:1:1: the file starts with a byte order mark: save it as UTF-8 without one")
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except RecursionError:
            raise PolicyError(f"{name}: it is nested too deeply") from None
        except (ValueError, OverflowError) as error:
            raise self._no_toml(error) from None

    def error(self, place: Sequence[str | int], reason: str) -> PolicyError:
        """Return a PolicyError for what stands at a place, or for its table where the place is missing."""
        line, column = self.position(place)
        where = f"{self.name}:{line}:{column}: "
        return PolicyError(f"{where}{dotted(place)}: {reason}" if place else f"{where}{reason}")

    def position(self, place: Sequence[str | int]) -> tuple[int, int]:
        """Return line and column, from 1, of a key or element, or of the nearest one above it."""
        if self._positions is None:
            self._positions = Positions(self.text).found
        parts = tuple(place)
        while parts and parts not in self._positions:
            parts = parts[:-1]
        return _line_and_column(self.text, self._positions.get(parts, 0))

    def _no_toml(self, error: Exception) -> PolicyError:
        sentence = str(error)
        line, column = _line_and_column(self.text, len(self.text))
        if at := _AT.search(sentence):
            line, column = (int(at[1]), int(at[2])) if at[1] else (line, column)
            sentence = sentence[: at.start()]
        hint = next((f" ({meant})" for said, meant in _HINTS if sentence.startswith(said)), "")
        return PolicyError(f"{self.name}:{line}:{column}: invalid TOML: {_shown(sentence)}{hint}")


def dotted(place: Sequence[str | int]) -> str:
    """Return a place as a dotted key: `rules[1].when.all[0].claim`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else '"' + _shown(part) + '"'
            text += f".{name}" if text else name
    return text


class Positions:
    """Where the keys and elements of a valid TOML text stand: place to offset."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[Place, int] = {}
        # How many tables each array of tables has by now.
        self._tables: dict[Place, int] = {}
        # If the walk fails, the error is reported without a position.
        with contextlib.suppress(IndexError, RecursionError):
            self._document()

    def _document(self) -> None:
        table: Place = ()
        while self._skip(_SPACE) < len(self.text):
            start = self.at
            if self.text.startswith("[[", start):
                self.at += 2
                table = self._array_table(self._key(), start)
            elif self.text[start] == "[":
                self.at += 1
                table = self._resolve(self._key())
                for length in range(1, len(table) + 1):
                    self.found.setdefault(table[:length], start)
                self.at += 1
            else:
                self._pair(table)

    def _array_table(self, names: list[str], start: int) -> Place:
        parent = (*self._resolve(names[:-1]), names[-1])
        number = self._tables.get(parent, 0)
        self._tables[parent] = number + 1
        self.found.setdefault(parent, start)
        self.found[*parent, number] = start
        self.at += 2
        return (*parent, number)

    def _resolve(self, names: list[str]) -> Place:
        """The place of a table header: a name of an array of tables means its last table."""
        place: Place = ()
        for name in names:
            place = (*place, name)
            if place in self._tables:
                place = (*place, self._tables[place] - 1)
        return place

    def _pair(self, table: Place) -> None:
        start = self.at
        names = self._key()
        for length in range(1, len(names) + 1):
            self.found.setdefault((*table, *names[:length]), start)
        self.at += 1  # the sign =
        self._skip(_BLANK)
        self._value((*table, *names))

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_BLANK)
            if self.text[self.at] in "\"'":
                names.append(self._quoted())
            else:
                names.append(self._match(_BARE))
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _quoted(self) -> str:
        written = self._match(_STRING)
        [name] = tomllib.loads(f"{written} = 0")
        return name

    def _value(self, place: Place) -> None:
        first = self.text[self.at]
        if first == "[":
            self._array(place)
        elif first == "{":
            self._inline_table(place)
        else:
            self._match(_STRING if first in "\"'" else _SCALAR)

    def _array(self, place: Place) -> None:
        self.at += 1
        number = 0
        while self.text[self._skip(_SPACE)] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.found[*place, number] = self.at
            self._value((*place, number))
            number += 1
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        while self.text[self._skip(_SPACE)] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._pair(place)
        self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise IndexError
        self.at = match.end()
        return match[0]


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _shown(text: str) -> str:
    """The text of an operator's file in one line, whatever characters it has."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text[:200])
