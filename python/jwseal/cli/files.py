"""Reads and writes the files that a command names; - is standard input or standard output.

A pipe or standard input is read at most once by one command, because a second reading would find it empty. Only regular
files are written. A file is created under a name that did not exist; with --force it is renamed over the old file, so
that the old one is whole or gone. A private key's file is readable by its owner alone from the start.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable
    from contextlib import AbstractContextManager

# What this command has read, and which of it holds a private key.
_read: set[Hashable] = set()
_private: set[Hashable] = set()


class File(NamedTuple):
    """A file as it was named, and the option that named it."""

    name: str
    option: str = ""

    def __str__(self) -> str:
        return f"{self.option} {'standard input' if self.name == '-' else self.name}".lstrip()

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open the file for its one reading."""
        self._refuse_other_than_names()
        try:
            identity, again = self._identity()
            if identity in _read and not again:
                raise ValueError(f"{self} is named twice, and can be read only once: save it in a file")
            _read.add(identity)
            return nullcontext(sys.stdin.buffer) if self.name == "-" else Path(self.name).open("rb")
        except OSError as error:
            raise ValueError(f"{self}: {error.strerror}") from None

    def read(self) -> bytes:
        """Return what the file holds."""
        with self.open() as stream:
            content = stream.read()
        if not content.strip():
            raise ValueError(f"{self} is empty")
        return content

    def holds_private_key(self) -> None:
        """Keep this command from writing anything else over the file."""
        _private.add(self._identity()[0])

    def check_target(self, *, secret: bool, force: bool) -> None:
        """Refuse to write over what is no regular file, what exists without --force, and the private key just read."""
        if self.name == "-" or not os.path.lexists(self.name):
            return
        if not stat.S_ISREG(os.lstat(self.name).st_mode):
            raise ValueError(f"{self} is not a regular file: name one, or give - for standard output")
        if not force:
            raise ValueError(f"{self} exists: choose another name, or add --force to replace it")
        if not secret and self._identity()[0] in _private:
            raise ValueError(f"{self} holds the private key, which would be lost: choose another name")

    def same_as(self, other: File) -> bool:
        """Whether two names lead to one file: in another spelling, through a link, or both standard output."""
        if os.path.lexists(self.name) and os.path.lexists(other.name):
            return Path(self.name).samefile(other.name)
        return os.path.realpath(self.name) == os.path.realpath(other.name)

    def write(self, content: bytes, *, secret: bool = False, force: bool = False) -> None:
        """Write the file; a failure leaves no part of it."""
        self.check_target(secret=secret, force=force)
        path = Path(self.name)
        new = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}") if force else path
        created = False
        try:
            # "x" is O_EXCL: never through a link, never into a file that another program has made.
            with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if secret else 0o666)) as stream:
                created = True
                stream.write(content)
            new.replace(path)
        except OSError as error:
            if created:
                new.unlink(missing_ok=True)
            raise ValueError(f"{self}: {error.strerror}") from None

    def _refuse_other_than_names(self) -> None:
        start = self.name.lstrip()
        if "://" in self.name[:12]:
            raise ValueError(f"{self} is a URL, and files alone are read: download it first, curl --fail -o FILE URL")
        if start.startswith("{") or "-----BEGIN" in start or "\n" in start:
            raise ValueError(
                f"{self.option or 'this'} takes the name of a file, not its contents: save them, or give -"
            )

    def _identity(self) -> tuple[Hashable, bool]:
        """What tells this source from others, and whether it can be read again."""
        if self.name != "-":
            status = os.stat(self.name)
            return (status.st_dev, status.st_ino), stat.S_ISREG(status.st_mode)
        if sys.stdin is None:
            raise ValueError("standard input is closed")
        try:
            status = os.fstat(sys.stdin.fileno())
        except OSError:  # not a file of the operating system
            return "-", False
        return ("-" if stat.S_ISREG(status.st_mode) else (status.st_dev, status.st_ino)), False


def begin_command() -> None:
    """Forget what an earlier command of this process read."""
    _read.clear()
    _private.clear()
