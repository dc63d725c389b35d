"""Input of the command line: each source is read once, and a source without tokens is an error."""

import base64
import json
from pathlib import Path

import pytest

import forge
from jwseal import SecretKey, SigningKey
from terminal import ANY, EXPECT, answered, key_file, mint, needs_bash, rsa_file, run, shell

WAIVED = " ".join(ANY)


@pytest.fixture
def forged() -> Path:
    """Write `key.pem`, and a file of two tokens signed by another key."""
    key_file()
    stranger = SigningKey.generate("ES256")
    path = Path("forged.txt")
    path.write_text(f"{mint(stranger)}\n{mint(stranger)}\n")
    return path


FORGED_SOURCES = {
    "a pipe by its device name": "cat forged.txt | jwseal verify -k key.pem {any} --file /dev/stdin",
    "a pipe by its descriptor": "cat forged.txt | jwseal verify -k key.pem {any} --file /dev/fd/0",
    "a pipe by the name of the process's descriptor": "cat forged.txt | jwseal verify -k key.pem {any} -f /proc/self/fd/0",
    "a pipe by a dash": "cat forged.txt | jwseal verify -k key.pem {any} --file -",
    "a redirected file by its device name": "jwseal verify -k key.pem {any} --file /dev/stdin < forged.txt",
    "a named pipe": "mkfifo p; cat forged.txt > p & jwseal verify -k key.pem {any} --file p",
    "a process substitution": "jwseal verify -k key.pem {any} --file <(cat forged.txt)",
    "a descriptor of the shell's": "exec 7< <(cat forged.txt); jwseal verify -k key.pem {any} --file /dev/fd/7",
}


FORMS = ("", "--json", "--jsonl")


@needs_bash
@pytest.mark.parametrize(
    ("script", "form"),
    # Each source with one form of output, and the first with all.
    [
        *zip(FORGED_SOURCES.values(), FORMS * 3, strict=False),
        *((FORGED_SOURCES["a pipe by its device name"], form) for form in FORMS[1:]),
    ],
)
def test_forged_tokens_are_refused_from_every_kind_of_source(script: str, form: str, forged: Path) -> None:
    """Two forged tokens are two refusals and status 1, from a file, a pipe, a FIFO or a descriptor."""
    assert forged.exists()
    done = shell(script.format(any=WAIVED) + f" {form}")
    assert 1 == done.returncode, done
    if form == "--json":
        told = json.loads(done.stdout)
        assert (2, 0, 2, {"invalid_signature": 2}) == (told["tokens"], told["valid"], told["refused"], told["codes"])
    elif form == "--jsonl":
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(1, False, "invalid_signature"), (2, False, "invalid_signature")] == [
            (line["line"], line["valid"], line["code"]) for line in lines
        ]
    else:
        assert [b"tokens", b"2", b"valid", b"0", b"invalid_signature", b"2"] == done.stdout.split()


READ_TWICE = {
    "the key and the tokens": "cat key.pem | jwseal verify -k - {any} --file -",
    "the key and the tokens by its device name": "cat key.pem | jwseal verify -k - {any} --file /dev/stdin",
    "the key by its device name and the tokens": "cat key.pem | jwseal verify -k /dev/stdin {any} --file -",
    "the key and the token": "cat key.pem | jwseal verify -k - {any} -",
    "the key and the token that is left out": "cat key.pem | jwseal verify -k - {any}",
    "the key and the token in a file": "cat key.pem | jwseal verify -k - {any} @/dev/stdin",
    "two keys": "cat key.pem | jwseal verify -k - -k - {any} a.b.c",
    "a redirected file": "jwseal verify -k - {any} --file - < key.pem",
    "a named pipe": "mkfifo p; cat key.pem > p & jwseal verify -k p {any} --file p",
    "the key and the claims": "cat key.pem | jwseal sign -k - -",
    "two keys of a set": "cat key.pem | jwseal jwks - -",
}


@needs_bash
@pytest.mark.parametrize("script", READ_TWICE.values(), ids=READ_TWICE)
def test_a_source_that_is_named_twice_is_an_error(script: str, forged: Path) -> None:
    """A pipe given twice would be empty the second time, so it is status 2 and no token counts as valid."""
    assert forged.exists()
    done = shell(script.format(any=WAIVED))
    assert (2, b"") == (done.returncode, done.stdout), done
    assert b"is given twice but can be read only once" in done.stderr


NO_TOKENS = {
    "an empty file": ": > empty; jwseal verify -k key.pem {any} --file empty",
    "blank lines": "printf '\\n \\r\\n' | jwseal verify -k key.pem {any} --file -",
    "an empty pipe": ": | jwseal verify -k key.pem {any} --file /dev/stdin",
    "an empty named pipe": "mkfifo p; : > p & jwseal verify -k key.pem {any} --file p",
    "an empty process substitution": "jwseal verify -k key.pem {any} --file <(true)",
    "the null device": "jwseal verify -k key.pem {any} --file /dev/null",
    "standard input without a token": ": | jwseal verify -k key.pem {any}",
    "standard input that is closed": "jwseal verify -k key.pem {any} <&-",
    "a closed standard input as the file": "jwseal verify -k key.pem {any} --file - <&-",
    "an empty token": "jwseal verify -k key.pem {any} ''",
    "an empty token file": ": > empty; jwseal verify -k key.pem {any} @empty",
    "a file that is not there": "jwseal verify -k key.pem {any} --file missing",
    "a directory": "jwseal verify -k key.pem {any} --file .",
}


@needs_bash
@pytest.mark.parametrize(("script", "form"), list(zip(NO_TOKENS.values(), FORMS * 5, strict=False)))
def test_no_token_is_an_error(script: str, form: str) -> None:
    """If there is no token the status is 2."""
    key_file()
    name = script.split("jwseal verify", 1)
    done = shell(f"{name[0]}jwseal verify {form}{name[1]}".format(any=WAIVED))
    assert 2 == done.returncode, done
    if form:
        assert {"error"} == set(json.loads(done.stdout))
        assert b"" == done.stderr
    else:
        assert b"" == done.stdout
        assert 1 == len(done.stderr.splitlines())


def test_one_refused_token_among_many_is_status_1() -> None:
    """One refused token in a file of 1,201 is status 1, and its line is listed."""
    key = key_file()
    Path("tokens.txt").write_text(f"{mint(key)}\n" * 600 + "x\n" + f"{mint(key)}\n" * 600)
    told = answered("verify", "-k", "key.pem", *EXPECT, "--file", "tokens.txt", status=1)
    assert (1201, 1200, 1, [601]) == (
        told["tokens"],
        told["valid"],
        told["refused"],
        [one["line"] for one in told["first_refused"]],
    )


def test_files_that_windows_wrote() -> None:
    """A byte order mark and CRLF are no part of a token, claims or JWK Set; tokens in UTF-16 are status 2 with the cause."""
    key = key_file()
    mark = b"\xef\xbb\xbf"
    Path("tokens.txt").write_bytes(mark + f"{mint(key)}\r\n{mint(key)}\r\n".encode())
    assert 2 == answered("verify", "-k", "key.pem", *EXPECT, "--file", "tokens.txt")["valid"]
    Path("token.txt").write_bytes(mark + mint(key).encode() + b"\r\n")
    assert "alice" == json.loads(run("verify", "-k", "key.pem", *EXPECT, "@token.txt").stdout)["sub"]
    Path("set.json").write_bytes(mark + run("jwks", "make", "key.pem").stdout.encode())
    run("verify", "-k", "set.json", *EXPECT, mint(key))
    Path("claims.json").write_bytes(mark + b'{"sub": "alice"}\r\n')
    run("sign", "-k", "key.pem", "claims.json")
    Path("tokens.txt").write_bytes(f"{mint(key)}\r\n".encode("utf-16"))
    told = run("verify", "-k", "key.pem", *EXPECT, "--file", "tokens.txt", status=2).stderr
    assert told == "jwseal: --file tokens.txt: it is text in UTF-16, as PowerShell writes it: save it as UTF-8\n"


def test_a_line_of_json_for_each_token() -> None:
    """`--jsonl` prints one line for each token, in order."""
    key = key_file()
    Path("tokens.txt").write_text(f"{mint(key)}\n\n" + "x\n" * 50 + f"{mint(key, exp=1)}\n")
    shown = run("verify", "-k", "key.pem", *EXPECT, "--file", "tokens.txt", "--jsonl", status=1)
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [1, *range(3, 54)] == [line["line"] for line in lines]
    assert (True, "alice", "ES256") == (lines[0]["valid"], lines[0]["claims"]["sub"], lines[0]["alg"])
    assert {(False, "malformed_token")} == {(line["valid"], line["code"]) for line in lines[1:-1]}
    assert (False, "token_expired", "exp") == (lines[-1]["valid"], lines[-1]["code"], lines[-1]["claim"])
    assert "" == shown.stderr
    only = run("verify", "-k", "key.pem", *EXPECT, mint(key), "--jsonl").stdout
    assert (1, True) == (len(only.splitlines()), json.loads(only)["valid"])
    only = run("verify", "-k", "key.pem", *EXPECT, "x", "--jsonl", status=1).stdout
    assert (1, "malformed_token") == (len(only.splitlines()), json.loads(only)["code"])
    assert "cannot be combined" in run("verify", "-k", "key.pem", *EXPECT, "x", "--json", "--jsonl", status=2).stdout


def test_a_key_that_is_no_file() -> None:
    """A URL, a key itself or a missing file for `--key` is status 2; the message names the option and holds no key."""
    token = mint(key_file())
    secret = json.dumps(SecretKey.generate("HS256").to_private_jwk())
    pem = SigningKey.generate("ES256").to_private_pem(password=None).decode()
    for given, words in (
        ("https://id.example/jwks.json", "--key https://id.example/jwks.json is a URL"),
        ("missing.pem", "--key missing.pem: No such file or directory"),
        (secret, "--key takes the name of a file, not its contents"),
        (pem, "--key takes the name of a file, not its contents"),
        (".", "--key .: Is a directory"),
    ):
        told = run("verify", "-k", given, *EXPECT, token, status=2).stderr
        assert told.startswith(f"jwseal: {words}")
        assert not any(line in told for line in (secret, *pem.splitlines()[1:-1]))
        assert run("sign", "-k", given, "-c", "a=1", status=2).stderr.startswith(f"jwseal: {words}")


def test_an_empty_key_file() -> None:
    """The message for an empty file says so and names the option."""
    token = mint(key_file())
    Path("empty").write_text("\n")
    assert "jwseal: --key empty is empty\n" == run("verify", "-k", "empty", *EXPECT, token, status=2).stderr
    assert "jwseal: empty is empty\n" == run("convert", "empty", "--to", "pem", status=2).stderr
    assert "jwseal: CLAIMS empty is empty\n" == run("sign", "-k", "key.pem", "empty", status=2).stderr
    assert "jwseal: TOKEN empty is empty\n" == run("inspect", "@empty", status=2).stderr


def test_a_file_where_a_token_is_meant() -> None:
    """The name of a file instead of a token is status 2, and the message says to write @FILE."""
    token = mint(key_file())
    for name in ("token.txt", "one.two.txt"):
        Path(name).write_text(token)
        assert f"TOKEN {name} is a file: give @{name}" in run("verify", "-k", "key.pem", *EXPECT, name, status=2).stderr
        assert f"give @{name}" in run("inspect", name, status=2).stderr
        run("verify", "-k", "key.pem", *EXPECT, f"@{name}")


def test_jwks_names_the_file_that_holds_a_secret() -> None:
    """The message names the file that holds a secret."""
    key_file("a.pem")
    Path("b.jwk").write_text(json.dumps(SecretKey.generate("HS256").to_private_jwk()))
    assert "jwseal: b.jwk: this is an HMAC secret" in run("jwks", "a.pem", "b.jwk", status=2).stderr
    Path("c.jwks").write_text(json.dumps({"keys": [SecretKey.generate("HS256").to_private_jwk()]}))
    assert "jwseal: c.jwks: this is an HMAC secret" in run("jwks", "a.pem", "c.jwks", status=2).stderr


def test_rsa_keys_are_told_their_option(forged: Path) -> None:
    """The message for an RSA key without an algorithm names the option `--alg`."""
    rsa_file()
    told = run("verify", "-k", "rsa.pem", *EXPECT, "--file", str(forged), status=2).stderr
    assert told.startswith("jwseal: --key rsa.pem: ")
    assert "give --alg" in told
    assert "give --alg" in run("sign", "-k", "rsa.pem", "-c", "a=1", status=2).stderr


def test_claims_and_lifetime_are_judged() -> None:
    """`--claim` requires the value of a claim, `--max-lifetime` bounds exp - iat."""
    token = mint(key_file(), admin=True, tenant="7")
    shared = ("verify", "-k", "key.pem", *EXPECT, token)
    run(*shared, "--claim", "admin=true", "-c", 'tenant="7"')
    for claim in ("admin=false", 'admin="true"', "tenant=7", "absent=1"):
        code = "missing_claim" if claim == "absent=1" else "claim_mismatch"
        assert code == answered(*shared, "--claim", claim, status=1)["code"], claim
    run(*shared, "--max-lifetime", "5m")
    assert "invalid_claim" == answered(*shared, "--max-lifetime", "299s", status=1)["code"]
    assert "name=value" in run(*shared, "--claim", "admin", status=2).stderr


def test_keys_of_providers_that_write_them_wrongly() -> None:
    """A JWK with a padded member or a null kid is read with `--lenient`; without it the message names that option."""
    key = key_file("key.jwk")
    public = key.verifying_key.to_jwk()
    Path("padded.jwk").write_text(json.dumps({**public, "x": f"{public['x']}="}))
    Path("set.jwks").write_text(json.dumps({"keys": [{**public, "kid": None}]}))
    for name in ("padded.jwk", "set.jwks"):
        for command in (
            ("verify", *EXPECT, mint(key), "--key"),
            ("thumbprint",),
            ("jwks",),
            ("convert", "--to", "pem"),
        ):
            assert "--lenient accepts it" in run(*command, name, status=2).stderr, (name, command)
            run(*command, name, "--lenient")
    Path("both.jwks").write_text(json.dumps({"keys": [public, {**public, "kid": None}]}))
    assert "--lenient accepts it" in run("jwks", "both.jwks").stderr


HS256 = forge.Material("HS256", forge.K32)


def secret_file() -> None:
    Path("secret.jwk").write_text(json.dumps(SecretKey.from_bytes(forge.K32, alg="HS256").to_private_jwk()))


def test_tokens_of_aws_alb_end_in_padding() -> None:
    """A padded token is accepted with `--accept-padding`; without it the message names that option."""
    secret_file()
    segments = (
        base64.urlsafe_b64encode(text).decode() for text in (b'{"alg":"HS256","kid":"a"}', b'{"sub":"alice"}  ')
    )
    padded = forge.resign(".".join(segments), HS256) + "="
    assert 4 == padded.count("=")
    Path("padded.txt").write_text(f"{padded}\n{padded}\n")
    verify = ("verify", "-k", "secret.jwk", *ANY, "--allow-no-expiry")
    for command in ((*verify, padded), ("inspect", padded)):
        told = run(*command, status=1).stderr
        assert told.startswith("invalid: malformed_token: ")
        assert "--accept-padding accepts" in told
        assert "alice" in run(*command, "--accept-padding").stdout
    assert 2 == answered(*verify, "--file", "padded.txt", "--accept-padding")["valid"]
    assert 0 == answered(*verify, "--file", "padded.txt", status=1)["valid"]


def test_headers_and_tokens_over_the_limits() -> None:
    """A header or token over the limit is refused with its code, and accepted if the option allows its length."""
    secret_file()
    header = forge.token({"alg": "HS256", "x": "x" * 5_000}, {"sub": "alice"}, HS256)
    token = forge.token({"alg": "HS256"}, {"sub": "alice", "x": "x" * 20_000}, HS256)
    for text, option in ((header, "--max-header-size"), (token, "--max-token-size")):
        verify = ("verify", "-k", "secret.jwk", *ANY, "--allow-no-expiry", text)
        for command in (verify, ("inspect", text)):
            told = answered(*command, status=1)
            assert "token_too_large" == told["code"]
            assert text == token or f"{option} " in told["message"] + " "
            assert "alice" in run(*command, option, "40000").stdout
        assert "invalid_policy" == answered(*verify, option, "0", status=2)["error"]["code"]
