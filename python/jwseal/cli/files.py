"""Reads and writes the files that a command names; - is standard input or standard output.

A command reads a pipe or standard input at most once, because a second read would return nothing. Only regular files are
written: a new file is created with O_EXCL, and with --force it is renamed over the old one. A file for a private key has
the permissions 0600 from the start.
"""

from __future__ import annotations

import codecs
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

# What the current command has read, and which of that holds a private key.
_read: set[Hashable] = set()
_private: set[Hashable] = set()


class File(NamedTuple):
    """The name of a file, and the option that gave it."""

    name: str
    option: str = ""

    def __str__(self) -> str:
        return f"{self.option} {'standard input' if self.name == '-' else self.name}".lstrip()

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open the file for reading. A pipe can be opened once."""
        self._require_a_name()
        try:
            identity, again = self._identity()
            if identity in _read and not again:
                raise ValueError(f"{self} is given twice but can be read only once: save it in a file")
            _read.add(identity)
            return nullcontext(sys.stdin.buffer) if self.name == "-" else Path(self.name).open("rb")
        except OSError as error:
            raise ValueError(f"{self}: {error.strerror}") from None

    def read(self) -> bytes:
        """Return the file's contents, without the byte order mark that Windows editors write before text."""
        with self.open() as stream:
            content = stream.read().removeprefix(codecs.BOM_UTF8)
        if not content.strip():
            raise ValueError(f"{self} is empty")
        return content

    def mark_private(self) -> None:
        """Record that the file holds a private key, which only another private key may replace."""
        _private.add(self._identity()[0])

    def check_target(self, *, secret: bool, force: bool) -> None:
        """Raise ValueError if the file exists and may not be replaced, or cannot be created where it is named."""
        if self.name == "-":
            return
        if not os.path.lexists(self.name):
            folder = Path(self.name).parent
            if not folder.is_dir():
                raise ValueError(f"{self}: there is no directory {folder}: create it first")
            if not os.access(folder, os.W_OK):
                raise ValueError(f"{self}: the directory {folder} cannot be written to")
            return
        if not stat.S_ISREG(os.lstat(self.name).st_mode):
            raise ValueError(f"{self} is not a regular file: give another name, or - for standard output")
        if not force:
            raise ValueError(f"{self} exists: give another name, or add --force to replace it")
        if not secret and self._identity()[0] in _private:
            raise ValueError(f"{self} holds the private key, which would be lost: give another name")

    def same_as(self, other: File) -> bool:
        """Whether two names refer to the same file, by spelling or through links."""
        if os.path.lexists(self.name) and os.path.lexists(other.name):
            return Path(self.name).samefile(other.name)
        return os.path.realpath(self.name) == os.path.realpath(other.name)

    def write(self, content: bytes, *, secret: bool = False, force: bool = False) -> None:
        """Write the file. If that fails, no part of it is left."""
        self.check_target(secret=secret, force=force)
        path = Path(self.name)
        new = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}") if force else path
        created = False
        try:
            # Mode "x" is O_EXCL: it follows no link and opens no file that another program has created.
            with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if secret else 0o666)) as stream:
                created = True
                stream.write(content)
            new.replace(path)
        except OSError as error:
            if created:
                new.unlink(missing_ok=True)
            raise ValueError(f"{self}: {error.strerror}") from None

    def _require_a_name(self) -> None:
        start = self.name.lstrip()
        if "://" in self.name[:12]:
            raise ValueError(f"{self} is a URL, but only files are read: download it first (curl --fail -o FILE URL)")
        if start.startswith("{") or "-----BEGIN" in start or "\n" in start:
            raise ValueError(
                f"{self.option or 'this'} takes the name of a file, not its contents: save them in a file, or give -"
            )

    def _identity(self) -> tuple[Hashable, bool]:
        """Return an identifier of the file, and whether the file can be read again."""
        if self.name != "-":
            status = os.stat(self.name)
            return (status.st_dev, status.st_ino), stat.S_ISREG(status.st_mode)
        if sys.stdin is None:
            raise ValueError("standard input is closed")
        try:
            status = os.fstat(sys.stdin.fileno())
        except OSError:  # it has no file descriptor
            return "-", False
        return ("-" if stat.S_ISREG(status.st_mode) else (status.st_dev, status.st_ino)), False


def begin_command() -> None:
    """Forget what an earlier command in this process has read."""
    _read.clear()
    _private.clear()
