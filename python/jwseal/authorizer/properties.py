r"""Java properties files, as SignServer reads its workers' (java.util.Properties).

A line `NAME = VALUE`, `NAME: VALUE` or `NAME VALUE`; `#` and `!` open a comment; a line that ends in an odd number of
backslashes goes on; `\t`, `\n`, `\r`, `\f` and `\uXXXX` are characters, any other escaped character stands for itself. A name
that occurs twice has its last value.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jwseal.errors import PolicyError

__all__ = ["Property", "read_properties"]

_NATURAL = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"((?:\\.|[^\\ \t\f=:])*)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


class Property(NamedTuple):
    """One value, and the line it is on."""

    value: str
    line: int


def read_properties(text: str, name: str) -> dict[str, Property]:
    r"""Return the properties by name. An escape `\u` without four hexadecimal digits is PolicyError."""
    found: dict[str, Property] = {}
    for number, line in _logical_lines(text):
        match = _NAME.match(line)
        if match is None or not match[0]:
            continue
        try:
            found[_unescaped(match[1])] = Property(_unescaped(line[match.end() :]), number)
        except ValueError:
            raise PolicyError(
                f"{name}:{number}: \\u is followed by the four hexadecimal digits of a character"
            ) from None
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """The lines with what continues them, comments and blank lines left out."""
    lines: list[tuple[int, str]] = []
    goes_on = False
    for number, natural in enumerate(_NATURAL.split(text), 1):
        line = natural.lstrip(" \t\f")
        if not goes_on and (not line or line[0] in "#!"):
            continue
        body = line
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            body = line[:-1]
        if goes_on:
            lines[-1] = lines[-1][0], lines[-1][1] + body
        else:
            lines.append((number, body))
        goes_on = bool(backslashes % 2)
    return lines


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        written = match[1]
        if written[0] == "u":
            if len(written) != 5:
                raise ValueError
            return chr(int(written[1:], 16))
        return _LETTERS.get(written, written)

    # Java writes a character beyond U+FFFF as a pair of surrogates; one alone is a ValueError.
    return _ESCAPE.sub(character, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
