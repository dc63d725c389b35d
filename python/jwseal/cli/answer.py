"""How a command answers: results on standard output, remarks on standard error, and the exit status.

A refused token is status 1, everything else that stops a command is status 2. What a token says is written with every
character that does not print escaped, because whoever made the token could otherwise write to the terminal.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from jwseal.errors import ClaimError, InvalidToken, JOSEError

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED, UNUSABLE = 1, 2


@contextmanager
def answering(*, as_json: bool) -> Iterator[None]:
    """Turn what stops a command into one sentence and an exit status."""
    try:
        yield
    except InvalidToken as error:
        if as_json:
            write_json({"valid": False, **facts(error)})
        else:
            remark(f"invalid: {error.code}: {error}")
        raise typer.Exit(REFUSED) from None
    except BrokenPipeError:  # the reader has seen enough; the front door ends quietly
        raise
    except (JOSEError, OSError, ValueError, TypeError) as error:
        sentence = _os_sentence(error) if isinstance(error, OSError) else str(error)
        if as_json:
            code = error.code if isinstance(error, JOSEError) else "usage"
            write_json({"error": {"code": code, "message": sentence}})
        else:
            remark(f"jwseal: {sentence}")
        raise typer.Exit(UNUSABLE) from None


def facts(error: InvalidToken) -> dict[str, Any]:
    """What a refusal says, for JSON."""
    claim = {"claim": error.claim} if isinstance(error, ClaimError) else {}
    return {"code": error.code, **claim, "message": str(error)}


def write_json(value: object) -> None:
    """Write a value to standard output as indented JSON."""
    print(printable(json.dumps(value, indent=2, ensure_ascii=False)))


def remark(sentence: str) -> None:
    """Write a line to standard error."""
    print(printable(sentence), file=sys.stderr)


def printable(text: str) -> str:
    """Escape what could move the cursor, recolour the terminal or reorder the line."""
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:  # JSON writes these as two surrogates
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def read_octets(source: str) -> bytes:
    """Read a file, or standard input if it is named -."""
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()


def write_octets(octets: bytes, target: str, *, secret: bool = False, force: bool = False) -> None:
    """Write a file, or to standard output if it is named -; a secret file is its owner's alone from the start."""
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if secret:
        # A file that is replaced would keep the permissions it had, so the old one goes first.
        if force:
            path.unlink(missing_ok=True)
        path.touch(mode=0o600, exist_ok=False)
    elif path.exists() and not force:
        raise FileExistsError(None, "", target)
    path.write_bytes(octets)


def _os_sentence(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{error.filename} exists: choose another name, or add --force to replace it"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
