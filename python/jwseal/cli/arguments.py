"""Options that several commands share, and how arguments are read: spans (5m), claims (admin=true), tokens, passwords."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from typer import Argument, Option
from typer.core import TyperCommand, TyperOption

from jwseal._encoding import read_json
from jwseal.cli.files import File
from jwseal.errors import PolicyError
from jwseal.types import algorithm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jwseal.types import Algorithm

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

PASSWORD_VARIABLE = "JWSEAL_PASSWORD"
NEW_PASSWORD_VARIABLE = "JWSEAL_NEW_PASSWORD"

Text: TypeAlias = str | None
Texts: TypeAlias = list[str] | None
Alg = Annotated[Text, Option("--alg", metavar="ALG", help="The key's algorithm; required for RSA keys.")]
Kid = Annotated[Text, Option("--kid", metavar="ID", help="The key's identifier.")]
Lenient = Annotated[bool, Option("--lenient", help="Accept JWKs with the minor errors of some providers.")]
Password = Annotated[bool, Option("--password", help=f"The key is encrypted: prompt, or use ${PASSWORD_VARIABLE}.")]
Json = Annotated[bool, Option("--json", help="Print JSON.")]
Token = Annotated[
    Text,
    Argument(
        metavar="TOKEN", help="The token, @FILE for a file that holds it, or - for standard input.", show_default=False
    ),
]

Padding = Annotated[bool, Option("--accept-padding", help="Accept base64 padding, as AWS ALB writes it.")]
TokenSize = Annotated[int, Option("--max-token-size", metavar="BYTES", help="Maximum length of a token.")]
HeaderSize = Annotated[int, Option("--max-header-size", metavar="BYTES", help="Maximum length of a decoded header.")]


class OnceCommand(TyperCommand):
    """A command that refuses an option with one value that is given twice, where the first would be ignored."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        given = Counter(id(option) for option in self.make_parser(ctx).parse_args(list(args))[2])
        for option in self.get_params(ctx):
            if given[id(option)] > 1 and isinstance(option, TyperOption) and not (option.multiple or option.is_flag):
                ctx.fail(f"Option '{option.opts[0]}' is given twice, and takes one value.")
        return super().parse_args(ctx, args)


def span(text: str, option: str) -> float:
    """Return the seconds of `90`, `90s`, `15m`, `8h` or `30d`, the value of an option."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        return float(number) * _UNITS[unit]
    except ValueError:
        raise ValueError(
            f"{option} {text!r} is not a length of time: give seconds, or a number with s, m, h or d"
        ) from None


def pairs(items: Iterable[str], option: str) -> dict[str, Any]:
    """Return the `name=value` values of an option as a dict. A value that is JSON is parsed; any other is a string."""
    found: dict[str, Any] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not name or not equals:
            raise ValueError(f"{option} {item!r} is not of the form name=value")
        if name in found:
            raise ValueError(f"{option} {name!r} is given twice")
        try:
            found[name] = read_json(value)
        except ValueError as error:
            if _is_json(value):
                raise ValueError(f"{option} {name}: {error}; for a string write {name}='\"...\"'") from None
            found[name] = value
    return found


def algorithms(names: Iterable[str] | None) -> list[Algorithm]:
    """Return the values of --alg as algorithms."""
    try:
        return [algorithm(name) for name in names or ()]
    except PolicyError as error:
        raise ValueError(f"--alg: {error}") from None


def algorithm_of(name: str | None) -> Algorithm | None:
    """As `algorithms`, for an option that is given once or not at all."""
    return None if name is None else algorithms([name])[0]


def json_object(source: File) -> dict[str, Any]:
    """Return the JSON object in a file."""
    content = source.read()
    try:
        found = read_json(content)
    except ValueError as error:
        raise ValueError(f"{source} cannot be signed: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{source} must hold a JSON object")  # noqa: TRY004  # the file is wrong, not the call
    return found


def token(argument: str | None) -> str:
    """Return the token itself, or the one in @FILE or on standard input."""
    if argument is None:
        if sys.stdin is not None and sys.stdin.isatty():
            raise ValueError("give a token, @FILE for a file that holds one, or - for standard input")
        argument = "-"
    if argument == "-" or argument.startswith("@"):
        return File(argument.removeprefix("@"), "TOKEN").read().strip().decode("utf-8", "replace")
    if not argument:
        raise ValueError("TOKEN is empty")
    if os.path.exists(argument):
        raise ValueError(
            f"TOKEN {argument} is a file: give @{argument} for the token in it; verify takes --file for one token a line"
        )
    return argument


def password(*, wanted: bool) -> str | None:
    """Return the password for reading a key."""
    if not wanted:
        return None
    return os.environ.get(PASSWORD_VARIABLE) or typer.prompt("Password of the key", hide_input=True, err=True)


def new_password(*, wanted: bool) -> str | None:
    """Return the password for writing a key."""
    if not wanted:
        return None
    from_environment = os.environ.get(NEW_PASSWORD_VARIABLE)
    return from_environment or typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    except (RecursionError, ValueError):
        pass  # too deep, or with too long a number, for Python's reader
    return True
