"""`jwseal jwks fetch|show|lint` and `jwseal verify` with keys from a URL, against a provider on this machine."""

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authority import Certified, issue
from jwseal import KeySet, SigningKey
from jwseal.testing import Answer, FakeIssuer
from terminal import ANY, answered, key_file, mint, run

HTTP = "--allow-http-loopback"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """A running issuer."""
    with FakeIssuer(path="/realm") as made:
        yield made


def written(keys: list[Any], name: str = "jwks.json") -> str:
    """A file with a set of these members."""
    Path(name).write_text(json.dumps({"keys": keys}))
    return name


def jwk(kid: str | None = "a", alg: Any = "ES256", /, **members: Any) -> dict[str, Any]:
    """The JWK of a new key; a member of `...` is left out."""
    made = {**SigningKey.generate(alg, kid=kid).verifying_key.to_jwk(), **members}
    return {name: value for name, value in made.items() if value is not ...}


def with_certificate(end: float, **members: Any) -> dict[str, Any]:
    """A JWK with a certificate of its key that ends then."""
    signing = SigningKey.generate("ES256", kid="a")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    certified = issue("x", private=load_pem_private_key(signing.to_private_pem(password=None), None), start=0, end=end)
    return {**signing.verifying_key.to_jwk(), "x5c": [chain(certified)], **members}


def chain(certified: Certified) -> str:
    """An entry of x5c."""
    return base64.b64encode(certified.der).decode()


def findings(*arguments: str, status: int) -> list[tuple[str, int | None, str]]:
    """What `lint` finds: level, place, message."""
    found = answered("jwks", "lint", *arguments, status=status)
    assert found["errors"] + found["warnings"] == len(found["findings"])
    return [(one["level"], one["place"], one["message"]) for one in found["findings"]]


# jwks, as it was


def test_making_a_set_needs_no_word() -> None:
    """`jwseal jwks KEY...` makes a set, and so does `jwseal jwks make KEY...`, for a file of any name."""
    key_file("show", kid="s")
    key_file("key.pem", kid="k")
    for arguments in (["key.pem"], ["make", "key.pem"], ["./show"], ["--thumbprint-kids", "key.pem"]):
        assert 1 == len(json.loads(run("jwks", *arguments).stdout)["keys"])
    for word in ("make", "fetch", "show", "lint"):
        assert word in run("jwks", "--help").stdout


# fetch


def test_fetch(issuer: FakeIssuer) -> None:
    """The set is written as it was received."""
    run("jwks", "fetch", issuer.jwks_uri, HTTP, "--out", "jwks.json")
    assert issuer.jwks() == json.loads(Path("jwks.json").read_text())
    assert issuer.jwks() == json.loads(run("jwks", "fetch", issuer.jwks_uri, HTTP).stdout)
    found = run("jwks", "fetch", "--issuer-discovery", issuer.url, HTTP)
    assert "1 keys, 0 not usable; fresh for 300 seconds" in found.stderr
    assert issuer.jwks() == json.loads(found.stdout)


def test_fetch_as_json(issuer: FakeIssuer) -> None:
    """With --json the set goes to a file, and standard output says what is in it."""
    issuer.headers = {"Cache-Control": "max-age=7200"}
    said = answered("jwks", "fetch", issuer.jwks_uri, HTTP, "--out", "jwks.json")
    assert {"keys": 1, "skipped": 0, "fresh_for": 7200} == said
    answered("jwks", "fetch", issuer.jwks_uri, HTTP, status=2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(500), "the status of the answer is 500"),
        (Answer.redirect("https://other.example"), "a redirect"),
        (Answer.oversized(), "more than 262144 bytes"),
        (Answer.gzip_bomb(10_000_000), "more than 262144 bytes"),
        (Answer.garbage(), "not strict JSON"),
        (Answer.hang_up(), "hung up"),
    ],
)
def test_fetch_fails(issuer: FakeIssuer, answer: Answer, words: str) -> None:
    """An answer that is no set is one sentence and status 2, and writes no file."""
    issuer.reply(answer)
    done = run("jwks", "fetch", issuer.jwks_uri, HTTP, "--out", "jwks.json", status=2)
    assert words in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert not Path("jwks.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fetch", "http://127.0.0.1:1/jwks"], "--allow-http-loopback"),
        (["fetch", "http://example.com/jwks", HTTP], "use https"),
        (["fetch", "file:///etc/passwd"], "https"),
        (["fetch"], ""),
        (["fetch", "https://a", "--issuer-discovery", "https://a"], "one of them"),
        (["show", "missing.json"], "No such file"),
        (["lint", "https://a", "--issuer-discovery", "https://a"], "one of them"),
    ],
)
def test_wrong_use(arguments: list[str], words: str) -> None:
    """What cannot be fetched or read is status 2, with what to do."""
    assert words in run("jwks", *arguments, status=2).stderr.replace("allow_http_loopback=True", HTTP)


def test_without_httpx_one_sentence() -> None:
    """Without the packages that fetch, the command says what to install."""
    program = "import sys; sys.modules['httpx'] = None; from jwseal.cli import main; main()"
    command = [sys.executable, "-c", program, "jwks", "fetch", "https://id.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (2, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert "pip install 'jwseal[cli,remote]'" in done.stderr


# show


def test_show(issuer: FakeIssuer) -> None:
    """Each key is shown with what it is, what cannot be used with the reason."""
    issuer.add_key("RS256", "rsa", members={"alg": ...})
    issuer.add_key("EdDSA", "ed", members={"issuer": "https://tenant.example"})
    issuer.publish({"kty": "EC", "use": "enc", "kid": "enc"}, "text")
    said = answered("jwks", "show", issuer.jwks_uri, HTTP)
    first, second = said["keys"]
    assert (0, "key-1", ["ES256"], "P-256") == tuple(first[name] for name in ("place", "kid", "algs", "type"))
    assert ("Ed25519", "https://tenant.example") == (second["type"], second["issuer"])
    assert [(1, "rsa"), (3, "enc"), (4, None)] == [(one["place"], one["kid"]) for one in said["skipped"]]
    assert 3 == len(answered("jwks", "show", issuer.jwks_uri, HTTP, "--alg", "RS256")["keys"])
    shown = run("jwks", "show", issuer.jwks_uri, HTTP, "--alg", "RS256").stdout
    assert "RSA 2048" in shown
    assert "not usable" in shown


def test_show_a_file() -> None:
    """A file and standard input are shown as well; what expires is named."""
    name = written([with_certificate(time.time() + 86_400 * 90)])
    assert "expires in 90 days" in run("jwks", "show", name).stdout
    said = answered("jwks", "show", "-", given=Path(name).read_bytes())
    assert said["keys"][0]["expires_at"] > time.time()
    assert said["fresh_for"] is None


def test_show_keeps_places_right() -> None:
    """A key that is there twice, and members between that cannot be used, do not shift the places."""
    one, two = jwk("a"), jwk("b")
    said = answered("jwks", "show", written([one, "no key", one, two]))
    assert [(0, "a"), (3, "b")] == [(key["place"], key["kid"]) for key in said["keys"]]
    assert [key.thumbprint() for key in KeySet.from_jwks({"keys": [one, two]})] == [
        key["thumbprint"] for key in said["keys"]
    ]


def test_names_of_a_set_cannot_control_the_terminal() -> None:
    """A kid with control characters is shown escaped."""
    shown = run("jwks", "show", written([jwk("a\x1b[2J"), jwk("b\u202e")])).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown


# lint


def test_lint_of_a_good_set(issuer: FakeIssuer) -> None:
    """A set without faults is status 0 and has no findings."""
    assert [] == findings(issuer.jwks_uri, HTTP, status=0)
    assert [] == findings(
        written([jwk("a"), jwk("b", "ES384"), with_certificate(time.time() + 86_400 * 90, kid="c")]), status=0
    )


@pytest.mark.parametrize(
    ("keys", "level", "words"),
    [
        ([jwk("a"), jwk("a")], "error", "has this kid too"),
        ([jwk("a"), jwk("b", x="AAAA")], "error", "bytes instead of 32"),
        ([jwk("a"), {"kty": "XYZ", "kid": "b"}], "error", "kty must be"),
        ([SigningKey.generate("ES256", kid="a").to_private_jwk()], "error", "private members"),
        ([jwk("a"), {"kty": "oct", "k": "A" * 43, "alg": "HS256"}], "error", "mixes secrets and public keys"),
        ([with_certificate(time.time() + 86_400 * 10)], "warning", "expires in 10 days"),
        ([with_certificate(time.time() - 86_400 * 2)], "warning", "expires 2 days ago"),
        ([jwk("a", exp=time.time() - 7_200)], "warning", "expires 2 hours ago"),
        ([jwk("a"), jwk(None)], "warning", "no kid"),
        ([jwk("a"), jwk("b", use="enc")], "warning", "use is not sig"),
        ([jwk("a"), jwk("r", "RS256", alg=...)], "warning", "RSA key without alg"),
        ([with_certificate(time.time() + 1e8, **{"x5t#S256": "AA"})], "error", "x5t#S256 is not that"),
        ([jwk("a", x5c=[chain(issue("other", start=0, end=4e9))])], "error", "x5c has another key"),
        ([], "error", "the JWK Set is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lint(keys: list[Any], level: str, words: str) -> None:
    """Each fault has its level and its words; an error is status 1."""
    found = findings(written(keys), status=1 if level == "error" else 0)
    assert any(level == one and words in message for one, _, message in found), found
    assert {one for one, _, _ in found} == {level}


@pytest.mark.parametrize("content", ["[]", "{}", '{"keys":5}', "x", '{"keys":[],"keys":[]}'])
def test_lint_of_what_is_no_set(content: str) -> None:
    """What is no JWK Set is an error of the whole set."""
    Path("jwks.json").write_text(content)
    ((level, place, _),) = findings("jwks.json", status=1)
    assert ("error", None) == (level, place)


@pytest.mark.parametrize(
    "member",
    [
        {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
        {"kty": "RSA", "d": "AQAB"},
    ],
    ids=["a secret without alg", "a damaged private key"],
)
def test_lint_names_a_published_secret_where_no_key_can_be_used(member: dict[str, Any]) -> None:
    """What everyone can read is named, whatever else is wrong with the set, and is not repeated."""
    Path("set.json").write_text(json.dumps({"keys": [1, member]}))
    shown = run("jwks", "lint", "set.json", status=1).stdout
    assert "error: set: the JWK Set has no usable key" in shown
    assert "error: key 1" in shown
    assert "replace the key" in shown
    assert not [value for name, value in member.items() if name in "dk" and value in shown]


def test_lint_says_right_x5t() -> None:
    """The right thumbprints of a certificate are no finding."""
    made = with_certificate(time.time() + 1e8)
    der = base64.b64decode(made["x5c"][0])
    for name, digest in (("x5t", hashlib.sha1), ("x5t#S256", hashlib.sha256)):
        made[name] = base64.urlsafe_b64encode(digest(der).digest()).decode().rstrip("=")
    assert [] == findings(written([made]), status=0)


def test_lint_of_a_large_set() -> None:
    """More keys than clients take is a warning."""
    found = findings(written([jwk(str(number)) for number in range(101)]), status=0)
    assert [("warning", None)] == [(level, place) for level, place, _ in found]


def test_lint_in_words() -> None:
    """Findings are lines on standard output, the count is on standard error."""
    done = run("jwks", "lint", written([jwk("a"), {"kty": "XYZ", "kid": "b"}]), status=1)
    assert done.stdout.startswith('error: key 1, kid "b": ')
    assert "1 errors, 0 warnings" in done.stderr


# verify


def test_verify_with_keys_from_a_url(issuer: FakeIssuer) -> None:
    """Keys are fetched from the URL, and the rest is as with files."""
    expect = ["--issuer", issuer.url, "--audience", "api", "--alg", "ES256", HTTP]
    assert answered("verify", issuer.token(), "--jwks-url", issuer.jwks_uri, *expect)["valid"]
    said = answered("verify", issuer.token(audience="x"), "--jwks-url", issuer.jwks_uri, *expect, status=1)
    assert "claim_mismatch" == said["code"]


def test_verify_with_discovery(issuer: FakeIssuer) -> None:
    """The issuer whose metadata is read is the one that is accepted, unless --issuer says otherwise."""
    found = ["--issuer-discovery", issuer.url, "--audience", "api", "--alg", "ES256", HTTP]
    assert answered("verify", issuer.token(), *found)["valid"]
    assert "claim_mismatch" == answered("verify", issuer.token(iss="https://x.example"), *found, status=1)["code"]
    assert answered("verify", issuer.token(iss="x"), *found, "--issuer", "x")["valid"]
    Path("tokens").write_text(issuer.token() + "\n" + issuer.token(expires_in=-5))
    assert 1 == answered("verify", *found, "--file", "tokens", status=1)["valid"]


def test_verify_when_keys_cannot_be_fetched(issuer: FakeIssuer) -> None:
    """Keys that cannot be fetched are status 2: nothing was said about the token."""
    issuer.reply(Answer(503))
    said = answered(*("verify", issuer.token(), "--jwks-url", issuer.jwks_uri, *ANY, "--alg", "ES256", HTTP), status=2)
    assert "key_source_unavailable" == said["error"]["code"]
    assert "503" in said["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--key", "key.pem", "--jwks-url", "https://id.example/jwks"],
        ["--jwks-url", "https://id.example/jwks", "--issuer-discovery", "https://id.example", "--alg", "ES256"],
        ["--jwks-url", "https://id.example/jwks"],
        ["--jwks-url", "http://id.example/jwks", "--alg", "ES256"],
        ["--jwks-url", "https://id.example/jwks", "--alg", "HS256"],
    ],
)
def test_verify_needs_one_source_of_keys(arguments: list[str]) -> None:
    """Exactly one source of keys is given, and the algorithms are not left to a URL."""
    key = key_file("key.pem")
    run("verify", mint(key), *ANY, *arguments, status=2)


def test_in_a_process_of_its_own(issuer: FakeIssuer) -> None:
    """The real command verifies with fetched keys, and ends."""
    command = [sys.executable, "-m", "jwseal.cli", "verify", issuer.token(), "--jwks-url", issuer.jwks_uri]
    command += [*ANY, "--alg", "ES256", HTTP, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (0, True) == (done.returncode, json.loads(done.stdout)["valid"])
