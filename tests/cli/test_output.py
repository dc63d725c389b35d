"""Output of the command line to other encodings, closed pipes and full disks: no traceback, and the right exit status."""

import json
from pathlib import Path

import pytest

from jwseal import Signer, SigningKey, jws
from terminal import ANY, answered, key_file, mint, needs_bash, run, shell

WAIVED = " ".join(ANY)
NAME = "J\u00fcrgen \u540d \U0001f600"


@needs_bash
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "cp1252:strict"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "utf-8"},
    ],
    ids=["ascii", "latin-1", "cp1252", "the C locale", "utf-8"],
)
def test_a_valid_token_is_valid_in_every_encoding(environment: dict[str, str]) -> None:
    """Characters that the encoding lacks are escaped; the JSON and the exit status are the same."""
    token = mint(key_file(), name=NAME)
    for command in (f"jwseal verify -k key.pem {WAIVED} {token}", f"jwseal inspect {token}"):
        done = shell(command, **environment)
        assert (0, False) == (done.returncode, b"Traceback" in done.stderr), done
        told = json.loads(done.stdout.decode(environment.get("PYTHONIOENCODING", "ascii").split(":")[0]))
        assert NAME == told.get("claims", told)["name"]


@needs_bash
@pytest.mark.parametrize(("command", "status"), [("verify --help", 0), ("sing", 2)])
def test_help_and_usage_errors_in_ascii(command: str, status: int) -> None:
    """Help and usage errors need no character that ASCII lacks."""
    done = shell(f"jwseal {command}", PYTHONIOENCODING="ascii:strict")
    assert (status, False) == (done.returncode, b"Traceback" in done.stderr), done


@needs_bash
def test_names_that_the_encoding_lacks() -> None:
    """The name of a file or a kid may hold characters that the encoding lacks."""
    done = shell(
        f"jwseal keygen ES256 --kid {NAME.split()[1]} --out schl\u00fcssel.jwk --format jwk", PYTHONIOENCODING="ascii"
    )
    assert (0, b"ES256 private key written to schl\\u00fcssel.jwk") == (done.returncode, done.stderr.splitlines()[0])
    done = shell("jwseal verify -k f\u00fcr.pem --any-issuer --any-audience x", PYTHONIOENCODING="ascii")
    assert (2, b"jwseal: --key f\\u00fcr.pem: No such file or directory\n") == (done.returncode, done.stderr)
    done = shell("jwseal thumbprint $'\\xff.pem'")
    assert (2, b"jwseal: \\udcff.pem: No such file or directory\n") == (done.returncode, done.stderr)


@needs_bash
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("verify -k key.pem {any} {valid}", 0),
        ("verify -k key.pem {any} --file valid.txt", 0),
        ("verify -k key.pem {any} {forged} --json", 1),
        ("verify -k key.pem {any} --file forged.txt --json", 1),
        ("verify -k key.pem {any} --file valid.txt --jsonl", 2),
        ("verify -k missing.pem {any} {valid} --json", 2),
        ("keygen ES256 --out -", 2),
        ("sign -k key.pem -c a=1", 2),
        ("convert key.pem --to pem", 2),
        ("jwks key.pem", 2),
        ("thumbprint key.pem", 2),
        ("inspect {valid}", 2),
        ("--version", 2),
    ],
)
def test_a_reader_that_has_gone(command: str, status: int) -> None:
    """If the output is closed, `verify` exits with the result of the tokens it has verified, other commands with 2."""
    key = key_file()
    valid, forged = mint(key), mint(SigningKey.generate("ES256"))
    Path("valid.txt").write_text(f"{valid}\n" * 3)
    Path("forged.txt").write_text(f"{valid}\n{forged}\n")
    command = command.format(any=WAIVED, valid=valid, forged=forged)
    # The reader closes the pipe before the command starts, so that the test does not depend on timing.
    for redirection in (">&4", ">&-") if "verify" in command else (">&4",):
        done = shell(
            f"mkfifo gone; (exec 3<gone) & exec 4>gone; wait; jwseal {command} {redirection}; s=$?; rm gone; exit $s"
        )
        assert status == done.returncode, done
        assert (b"", False, False) == (done.stdout, b"Traceback" in done.stderr, b"Exception ignored" in done.stderr)


@needs_bash
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk() -> None:
    """If the output cannot be written the status is 2, for a valid token too, because its claims are lost."""
    token = mint(key_file())
    for command in (
        f"verify -k key.pem {WAIVED} {token}",
        "sign -k key.pem -c a=1",
        "keygen ES256 --out -",
        "jwks key.pem",
    ):
        done = shell(f"jwseal {command} > /dev/full")
        assert (2, b"jwseal: <stdout>: No space left on device\n") == (done.returncode, done.stderr), command


@needs_bash
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_remarks_that_cannot_be_written(redirection: str) -> None:
    """If standard error is closed or full, the output and the status are the same as otherwise."""
    key = key_file()
    done = shell(f"jwseal verify -k key.pem {WAIVED} {mint(key)} {redirection}")
    assert (0, "alice") == (done.returncode, json.loads(done.stdout)["sub"])
    done = shell(f"jwseal verify -k key.pem {WAIVED} {mint(SigningKey.generate('ES256'))} {redirection}")
    assert (1, b"") == (done.returncode, done.stdout)
    done = shell(f"jwseal verify -k missing.pem {WAIVED} x {redirection}")
    assert (2, b"") == (done.returncode, done.stdout)


CONTROLS = "\x1b[31m\x07\x08\r\n\x7f\x9b\u202e\u2028\ufeff\U000e0001"


def test_no_command_writes_control_characters_from_a_token() -> None:
    """Names and values of claims and header parameters, kids and payloads are printed without control characters."""
    key = key_file("key.jwk", kid=f"k{CONTROLS}")
    token = Signer(key, headers={f"x{CONTROLS}": CONTROLS}).sign({f"n{CONTROLS}": CONTROLS})
    crit = jws.sign(b"{}", key, headers={CONTROLS: 1}, crit=[CONTROLS])
    text = jws.sign(CONTROLS.encode(), key)
    Path("tokens.txt").write_text(f"{token}\n{crit}\n{text}\n")
    verify = ("verify", "-k", "key.jwk", *ANY, "--allow-no-expiry")
    shown = [
        run("inspect", token),
        run("inspect", crit),
        run("inspect", text),
        run(*verify, token),
        run(*verify, token, "--json"),
        run(*verify, token, "--jsonl"),
        run(*verify, crit, status=1),
        run(*verify, crit, "--json", status=1),
        run(*verify, token, "--require", f"absent{CONTROLS}", status=1),
        run(*verify, text, status=1),
        run(*verify, "--file", "tokens.txt", status=1),
        run(*verify, "--file", "tokens.txt", "--json", status=1),
        run("thumbprint", "key.jwk"),
        run("jwks", "key.jwk"),
        run("sign", "-k", "key.jwk", "-c", f"{CONTROLS}=1", "-c", f"{CONTROLS}=1", status=2),
    ]
    for result in shown:
        strange = [c for c in result.stdout + result.stderr if not c.isprintable() and c != "\n"]
        assert [] == strange, result
    assert f"n{CONTROLS}" in json.loads(run(*verify, token).stdout)
    # A message is one line, even if a name in it holds a line break.
    assert 1 == len(run(*verify, token, "--require", "a\nvalid: ES256", status=1).stderr.splitlines())


@pytest.mark.parametrize("depth", [33, 1_000, 100_000])
@pytest.mark.parametrize("shape", ["[", '{"a":'])
def test_deep_json_to_sign(depth: int, shape: str) -> None:
    """Claims that are nested deeper than a token may be are status 2 with one line, from a file and from options."""
    key_file()
    deep = shape * depth + ("1" if shape != "[" else "") + {"[": "]"}.get(shape, "}") * depth
    Path("deep.json").write_text(f'{{"a": {deep}}}')
    for arguments in (["deep.json"], ["-c", f"a={deep}"], ["-c", "b=1", "--header", f"a={deep}"]):
        if depth > 1_000 and arguments != ["deep.json"]:
            continue  # longer than an argument may be
        told = run("sign", "-k", "key.pem", *arguments, status=2)
        assert ("", 1) == (told.stdout, len(told.stderr.splitlines())), told
        assert "jwseal: " == told.stderr[:8]


def test_json_that_a_token_may_not_hold_is_not_signed_as_text() -> None:
    """Duplicate members, NaN and numbers of too many digits are refused; text that is not JSON is a string."""
    key_file()
    for value in ('{"x": 1, "x": 2}', "NaN", "[Infinity]", "1" * 4301):
        told = run("sign", "-k", "key.pem", "-c", f"a={value}", status=2).stderr
        assert told.startswith("jwseal: --claim a: "), told
    for value in ("plain", "{not json", "", "2026-01-01", "tr\u00fce"):
        token = run("sign", "-k", "key.pem", "-c", f"a={value}").stdout.strip()
        assert value == json.loads(run("inspect", token).stdout)["claims"]["a"]


def test_no_password_is_not_a_refused_token() -> None:
    """If no password is entered the status is 2, because no token was verified."""
    token = mint(key_file())
    told = run("verify", "-k", "key.pem", *ANY, token, "--password", given="", status=2).stderr
    assert "jwseal: no password was given" in told
    assert (
        "no password" in answered("keygen", "ES256", "--out", "x", "--encrypt", given="", status=2)["error"]["message"]
    )


def test_version_as_json() -> None:
    """`--version --json` prints the versions as an object."""
    from importlib import metadata
    from platform import python_version

    import jwseal

    told = answered("--version")
    assert (jwseal.__version__, python_version(), metadata.version("cryptography")) == (
        told["jwseal"],
        told["python"],
        told["cryptography"],
    )
    assert told == json.loads(run("--json", "--version").stdout)
    assert "after the command" in run("--json", "inspect", "x", status=2).stdout
