"""Files that the command line writes: only regular ones, complete or not at all, and never over the private key."""

import json
import os
import stat
from pathlib import Path
from typing import Self

import pytest

from jwseal import SigningKey
from terminal import PRIVATE, key_file, run

unix = pytest.mark.skipif(os.name != "posix", reason="named pipes and devices are of Unix")


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@unix
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["without --force", "with --force"])
@pytest.mark.parametrize("option", ["--out", "--public-out"])
@pytest.mark.parametrize("kind", ["pipe", "link", "dangling link", "device", "directory", "socket"])
def test_keygen_writes_only_regular_files(kind: str, option: str, force: list[str]) -> None:
    """A pipe, link, device, directory or socket is left unchanged: status 2, with and without `--force`."""
    import socket

    Path("precious").write_text("precious")
    target = {"device": "/dev/null"}.get(kind, "target")
    server = socket.socket(socket.AF_UNIX) if kind == "socket" else None
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "directory":
        Path(target).mkdir()
    elif server is not None:
        server.bind(target)
    elif kind.endswith("link"):
        Path(target).symlink_to("precious" if kind == "link" else "missing")
    before = os.lstat(target)
    other = [] if option == "--out" else ["--out", "key.pem"]
    told = run("keygen", "ES256", option, target, *other, *force, status=2).stderr
    assert told.startswith(f"jwseal: {option} {target} is not a regular file")
    after = os.lstat(target)
    assert (before.st_mode, before.st_ino) == (after.st_mode, after.st_ino)
    assert "precious" == Path("precious").read_text()
    assert not Path("missing").exists()
    assert not Path("key.pem").exists()
    if server is not None:
        server.close()


def same_names() -> dict[str, tuple[str, str]]:
    return {
        "one name": ("key.pem", "key.pem"),
        "another spelling": ("key.pem", "./key.pem"),
        "an absolute path": ("key.pem", f"{Path.cwd()}/key.pem"),
        "through a folder": ("key.pem", "folder/../key.pem"),
        "through a linked folder": ("folder/key.pem", "linked/key.pem"),
        "both standard output": ("-", "-"),
    }


@unix
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["without --force", "with --force"])
@pytest.mark.parametrize("spelling", list(same_names()))
def test_keygen_writes_two_halves_to_two_files(spelling: str, force: list[str]) -> None:
    """The same file for both keys would lose the private one: status 2, and nothing is written."""
    Path("folder").mkdir()
    Path("linked").symlink_to("folder")
    out, public_out = same_names()[spelling]
    result = run("keygen", "ES256", "--out", out, "--public-out", public_out, *force, status=2)
    assert "" == result.stdout
    assert result.stderr.startswith("jwseal: --out and --public-out name the same file: ")
    assert ["folder", "linked"] == sorted(os.listdir())
    assert [] == os.listdir("folder")


@unix
def test_keygen_over_hard_links_of_one_file() -> None:
    """Two hard links of one file are the same file, also with `--force`."""
    Path("a").write_text("precious")
    os.link("a", "b")
    assert "name the same file" in run("keygen", "ES256", "--out", "a", "--public-out", "b", "--force", status=2).stderr
    assert "precious" == Path("b").read_text()


def test_keygen_writes_neither_half_where_one_cannot_be() -> None:
    """If the public file exists, the private key is not written either."""
    Path("pub.pem").write_text("precious")
    run("keygen", "ES256", "--out", "key.pem", "--public-out", "pub.pem", status=2)
    assert ["pub.pem"] == os.listdir()
    assert "precious" == Path("pub.pem").read_text()


def test_keygen_force_replaces_the_file_and_not_its_contents() -> None:
    """The new file is renamed over the old one: another link keeps the old contents, and no temporary file is left."""
    Path("key.pem").write_text("precious")
    Path("key.pem").chmod(0o666)
    os.link("key.pem", "other")
    run("keygen", "ES256", "--out", "key.pem", "--force")
    assert "precious" == Path("other").read_text()
    assert SigningKey.from_pem(Path("key.pem").read_bytes())
    assert PRIVATE == mode("key.pem")
    assert ["key.pem", "other"] == sorted(os.listdir())


@unix
def test_private_files_are_private_whatever_the_umask() -> None:
    """Every command that writes a private key creates the file with the permissions 0600."""
    before = os.umask(0)
    try:
        run("keygen", "ES256", "--out", "key.pem", "--public-out", "pub.pem")
        run("keygen", "HS256", "--out", "secret.jwk")
        run("convert", "key.pem", "--private", "--to", "der", "--out", "key.der")
        Path("old.der").touch(0o666)
        run("convert", "key.pem", "--private", "--to", "der", "--out", "old.der", "--force")
    finally:
        os.umask(before)
    assert {0o600} == {mode(name) for name in ("key.pem", "secret.jwk", "key.der", "old.der")}
    assert 0o666 == mode("pub.pem")


def test_a_public_key_does_not_replace_the_private_one_it_is_of() -> None:
    """`convert` and `jwks` do not write a public key over the private key that they have read."""
    key_file()
    before = Path("key.pem").read_bytes()
    for arguments in (
        ("convert", "key.pem", "--to", "jwk"),
        ("jwks", "key.pem"),
    ):
        told = run(*arguments, "--out", "./key.pem", "--force", status=2).stderr
        assert told.startswith("jwseal: --out ./key.pem holds the private key, which would be lost")
    assert before == Path("key.pem").read_bytes()
    run("convert", "key.pem", "--private", "--to", "jwk", "--out", "key.pem", "--force")
    assert "d" in json.loads(Path("key.pem").read_text())
    run("jwks", "key.pem", "--out", "set")
    run("jwks", "set", "--out", "set", "--force")


def test_a_failed_write_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full the old file is unchanged, and no part of the new one is left."""
    import builtins

    real = builtins.open

    class Full:
        def __init__(self, *arguments: object, **options: object) -> None:
            self.stream = real(*arguments, **options)  # type: ignore[call-overload]

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *reason: object) -> None:
            self.stream.close()

        def write(self, content: bytes) -> None:
            self.stream.write(content[:7])
            raise OSError(28, "No space left on device")

    Path("key.pem").write_text("precious")
    monkeypatch.setattr("jwseal.cli.files.open", Full, raising=False)
    assert "jwseal: --out key.pem: No space left" in run("keygen", "ES256", "-o", "key.pem", "--force", status=2).stderr
    assert "jwseal: --out new.pem: No space left" in run("keygen", "ES256", "-o", "new.pem", status=2).stderr
    assert ["key.pem"] == os.listdir()
    assert "precious" == Path("key.pem").read_text()


def test_keygen_says_where_the_public_half_is() -> None:
    """`keygen` prints the name of the public key's file, or the command that writes one."""
    assert "public key written to pub.pem" in run("keygen", "ES256", "-o", "a.pem", "--public-out", "pub.pem").stderr
    told = run("keygen", "ES256", "-o", "b.jwk", "--format", "jwk").stderr
    assert "jwseal convert b.jwk --to jwk" in told
    run("convert", "b.jwk", "--to", "jwk", "--out", "b.pub.jwk")
    assert "public" not in run("keygen", "HS256", "-o", "c.jwk").stderr


@pytest.mark.parametrize("option", ["--out", "--public-out"])
def test_a_directory_that_is_not_there(option: str) -> None:
    """A file in a directory that does not exist is refused before any key is written."""
    other = [] if option == "--out" else ["--out", "key.pem"]
    told = run("keygen", "ES256", option, "nodir/x.pem", *other, status=2).stderr
    assert told.startswith(f"jwseal: {option} nodir/x.pem: there is no directory nodir: create it first")
    assert not list(Path().iterdir())
