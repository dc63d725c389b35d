"""What commands write and how they end: results on standard output, remarks on standard error, the exit status.

A refused token is status 1; any other error is status 2. Characters that are not printable are escaped, because the sender
of a token could otherwise control the terminal. Characters that the output's encoding lacks are escaped too.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from jwseal.cli import files
from jwseal.errors import ClaimError, InvalidToken, JOSEError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

REFUSED, UNUSABLE = 1, 2
_ARGUMENT = re.compile(
    r"\b(alg|kid|lenient|accept_padding|max_header_size|max_token_size|issuer|audience|subject)=(True\b)?"
)
# What a message of the library begins with, where it is about an argument.
_SUBJECT = re.compile(r"^(issuer|audience|subject|typ|now|leeway|max_age|max_lifetime|require|claim)(d?s?)\b(?=[\[ ])")

# A claim that the shell made a number, a truth value or null.
_NO_STRING = re.compile(r'claim "(\w+)" must be a string, not .*: verifiers would refuse the token$')


@contextmanager
def answering(*, as_json: bool, indent: int | None = 2) -> Iterator[None]:
    """Report an error in one sentence and end the command with its exit status."""
    files.begin_command()
    status, code = UNUSABLE, "usage"
    try:
        yield
    except InvalidToken as error:
        answer: dict[str, Any] = {"valid": False, **facts(error)}
        status, sentence = REFUSED, f"invalid: {error.code}: {answer['message']}"
    except BrokenPipeError:  # the reader of standard output has closed it
        raise typer.Exit(UNUSABLE) from None
    except (JOSEError, OSError, ValueError, TypeError, OverflowError, typer.Abort) as error:
        code = error.code if isinstance(error, JOSEError) else code
        reason = "no password was given" if isinstance(error, typer.Abort) else with_options(str(error))
        sentence, answer = f"jwseal: {reason}", {"error": {"code": code, "message": reason}}
    else:
        return
    with suppress(OSError):
        if as_json:
            write_json(answer, indent=indent)
        else:
            remark(sentence)
    raise typer.Exit(status)


def facts(error: JOSEError) -> dict[str, Any]:
    """Return the members that describe an error in JSON."""
    claim = {"claim": error.claim} if isinstance(error, ClaimError) else {}
    # A refusal is about the token: where it begins with `claim` or `typ`, that is no option.
    message = with_options(str(error), about_arguments=not isinstance(error, InvalidToken))
    return {"code": error.code, **claim, "message": message}


def with_options(sentence: str, *, about_arguments: bool = True) -> str:
    """Replace the names of arguments in a message of the library with the names of options."""
    sentence = sentence.replace("give alg", "give --alg").replace("give its password", "add --password")
    if about_arguments:
        sentence = _SUBJECT.sub(lambda subject: f"--{subject[1].replace('_', '-')}", sentence)
        sentence = _NO_STRING.sub(r"""\g<0>; for a string write \g<1>='"..."'""", sentence)
    return _ARGUMENT.sub(lambda argument: f"--{argument[1].replace('_', '-')}", sentence)


def write_json(value: object, *, indent: int | None = 2) -> None:
    """Write a value to standard output as JSON."""
    write(json.dumps(value, indent=indent, ensure_ascii=False))


def write(text: str | bytes) -> None:
    """Write text or bytes to standard output. Raises BrokenPipeError if its reader has closed it."""
    _send(sys.stdout, text)


def remark(sentence: str) -> None:
    """Write one line to standard error. Errors in writing it are ignored."""
    with suppress(OSError):
        _send(sys.stderr, sentence.replace("\n", "\\n"))


def relative(seconds: float) -> str:
    """Say a time from now in its largest unit: `in 3 days`, `2 hours ago`."""
    size = abs(seconds)
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next((unit, length) for unit, length in units if size >= length or length == 1)
    count = round(size / length)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds >= 0 else f"{words} ago"


def printable(text: str, encoding: str = "utf-8") -> str:
    """Escape control and bidirectional characters, and characters that the encoding lacks."""
    text = "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(c if c.isascii() else _escape(c) for c in text)
    return text


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:  # JSON escapes these as a surrogate pair
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def _send(stream: TextIO | None, content: str | bytes) -> None:
    if stream is None:  # it was closed when the program started
        raise BrokenPipeError
    try:
        if isinstance(content, bytes):
            stream.flush()
            stream.buffer.write(content)
        else:
            stream.write(printable(content, stream.encoding) + "\n")
        stream.flush()
    except BrokenPipeError:
        _drop(stream)
        raise
    except OSError as error:
        _drop(stream)
        raise OSError(f"{stream.name}: {error.strerror}") from None


def _drop(stream: TextIO) -> None:
    """Discard what is left in the buffer, which would raise again when the interpreter exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
