"""The commands of the authorizer: what each prints, on which stream, and its exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import forge
from terminal import run

NOW = 1_700_000_000
KEY = forge.material("ES256")
CONFIGURATION = """\
[issuers.as]
issuer = "https://as.example"
keys_file = "as.jwks"
algorithms = ["ES256"]
audience = "signing"

[[rules]]
id = "sign"
issuer = "as"
effect = "allow"
when = { all = [{ claim = "scope", contains = "sign" }, { claim = "email_verified", equals = true }] }

[maps.default]
subject_dn.CN = "{name}"
"""
CLAIMS = {
    "iss": "https://as.example", "aud": "signing", "sub": "ann", "exp": NOW + 60, "scope": "sign", "email_verified": True,
    "name": "Ann Lee",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("signing.toml").write_text(CONFIGURATION)
    Path("as.jwks").write_text(json.dumps({"keys": [KEY.public_jwk()]}))


def token(**claims: object) -> str:
    return forge.token({"alg": "ES256"}, {**CLAIMS, **claims}, KEY, "ES256")


DECIDE = ("--config", "signing.toml", "--now", str(NOW))


def test_authorize() -> None:
    """An allowed token is status 0: its attributes on standard output, the rule on standard error."""
    done = run("authorize", *DECIDE, token())
    assert json.loads(done.stdout) == {"subject_dn": {"CN": "Ann Lee"}}
    assert done.stderr == "allowed: rule sign, issuer as\n"


def test_authorize_refused() -> None:
    """A refused token is status 1, and the code and the reason are on standard error."""
    done = run("authorize", *DECIDE, token(scope="read"), status=1)
    assert (done.stdout, done.stderr) == ("", "refused: no_rule_matched at rules: no rule allows it\n")


def test_authorize_as_json() -> None:
    """`--json` prints the decision, allowed or not."""
    shown = json.loads(run("authorize", *DECIDE, "--json", token(name="A\u202eB"), status=1).stdout)
    assert (shown["allowed"], shown["code"], shown["stage"], shown["attributes"]) == (
        False,
        "attribute_invalid",
        "attributes",
        {},
    )


def test_audit_record() -> None:
    """`--audit` prints the record as one line, which `jwseal audit` accepts."""
    lines = [
        run("authorize", *DECIDE, "--audit", token()).stdout,
        run("authorize", *DECIDE, "--audit", token(aud="x"), status=1).stdout,
    ]
    Path("log.jsonl").write_text("".join(lines))
    done = run("audit", "log.jsonl")
    assert done.stdout.splitlines()[0].startswith(
        "2023-11-14T22:13:20.000Z  allowed  rule=sign  issuer=as  subject=ann  token="
    )
    assert "refused claim_mismatch at claims" in done.stdout
    assert done.stderr == "2 records, 1 allowed, 1 refused, 0 wrong\n"
    assert run("audit", "log.jsonl", "--refused").stdout.count("\n") == 1
    assert json.loads(run("audit", "log.jsonl", "--json").stdout) == {
        "records": 2,
        "allowed": 1,
        "refused": 1,
        "wrong": 0,
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("not JSON", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"schema": "x"}, "has another schema"),
        ({"allowed": False}, "has a code that contradicts allowed"),
        ({"code": "no_such_code"}, "has a code or stage that is not known"),
        ({"stage": "later"}, "has a code or stage that is not known"),
        ({"stage": "rules"}, "has a code that contradicts its stage"),
        ({"code": [], "allowed": False}, "has a code or stage that is not known"),
        ({"code": "rule_denied", "allowed": False}, "has a code that contradicts its stage"),
        ({"code": "invalid_signature", "allowed": False, "stage": "signature"}, "repeats claims of a token"),
        ({"unchecked": "replay"}, "has a value of unchecked that is not a list of stores"),
        ({"sender": "anyone"}, "has a sender that is not known"),
        ({"sender": ["dpop"]}, "has a sender that is not known"),
        (
            {"sender": "mtls", "code": "sender_mismatch", "allowed": False, "stage": "claims"},
            "has a sender that contradicts its code",
        ),
        ({"subject_form": "hash"}, "has a subject_form that is not known"),
        ({"time": "yesterday"}, "has no time"),
        ({"rule": None}, "is allowed without rule"),
        ({"subject": 5}, "has a value of subject that is not a string"),
        ({"policy_version": "1"}, "has a value of policy_version that is not a SHA-256 digest"),
        ({"extra": 1}, "has a member that is not known"),
        ({"kid": None, "token": 1}, "has a member that is not known"),
        ({"subject": "eyJhbGciOiJIUzI1NiJ9.e30.x"}, "holds a token"),
    ],
    ids=str,
)
def test_wrong_lines(change: object, reason: str) -> None:
    """A line that no authorizer writes is named by its number, and the status is 1."""
    record = json.loads(run("authorize", *DECIDE, "--audit", token()).stdout)
    line = change if isinstance(change, str) else json.dumps({**record, **change})  # type: ignore[dict-item]
    Path("log.jsonl").write_text(json.dumps(record) + f"\n\n{line}\n")
    assert f"line 3 {reason}" in run("audit", "log.jsonl", status=1).stderr


def test_a_log_that_was_cut_off_and_changed() -> None:
    """A record that ends in its middle, one with a member twice, and bytes that are no text are wrong; the others are counted."""
    line = run("authorize", *DECIDE, "--audit", token()).stdout.encode().strip()
    twice = line.replace(b'"allowed": true', b'"allowed": false, "allowed": true')
    Path("log.jsonl").write_bytes(b"\n".join([line, twice, b"\xff\0", line, line[:200]]))
    done = run("audit", "log.jsonl", status=1)
    assert done.stderr.splitlines()[-1] == "2 records, 2 allowed, 0 refused, 3 wrong"
    assert [one.split(":")[0] for one in done.stderr.splitlines()[:3]] == [f"line {n} is not JSON" for n in (2, 3, 5)]


def test_a_missing_member() -> None:
    """A record without one of its members is wrong."""
    record = json.loads(run("authorize", *DECIDE, "--audit", token()).stdout)
    del record["stage"]
    Path("log.jsonl").write_text(json.dumps(record))
    assert "line 1 lacks stage" in run("audit", "log.jsonl", status=1).stderr


def test_check() -> None:
    """`policy check` prints the version, and remarks on standard error; `--strict` makes them status 1."""
    assert run("policy", "check", "signing.toml").stdout.startswith("valid: version ")
    Path("signing.toml").write_text(CONFIGURATION.replace("[maps.default]", "[maps.other]"))
    done = run("policy", "check", "signing.toml", "--strict", status=1)
    assert done.stderr == "signing.toml:13:1: maps.other: without workers the map default applies alone\n"
    shown = json.loads(run("policy", "check", "signing.toml", "--json").stdout)
    assert (shown["valid"], len(shown["remarks"]), shown["workers"]) == (True, 1, [])


def test_remarks_are_printed_once() -> None:
    """In a process of its own, where nothing handles what is logged, a remark is on standard error once."""
    Path("signing.toml").write_text(CONFIGURATION.replace("[maps.default]", "[maps.other]"))
    command = [sys.executable, "-m", "jwseal.cli", "policy", "check", "signing.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "signing.toml:13:1: maps.other: without workers the map default applies alone\n"


@pytest.mark.parametrize("command", [("authorize",), ("policy", "explain")])
def test_keys_that_cannot_be_fetched(command: tuple[str, ...]) -> None:
    """Where the server of the keys cannot be reached, nothing is known of the token, and the status is 2."""
    url = 'jwks_url = "https://127.0.0.1:9/jwks"'
    Path("signing.toml").write_text(CONFIGURATION.replace('keys_file = "as.jwks"', url))
    done = run(*command, "--config", "signing.toml", token(exp=4_000_000_000), status=2)
    assert "key_source_unavailable at key" in done.stdout + done.stderr


def test_check_says_where() -> None:
    """A fault is status 2, with file, line, column and key."""
    Path("signing.toml").write_text(CONFIGURATION.replace('"allow"', '"permit"'))
    done = run("policy", "check", "signing.toml", status=2)
    assert done.stderr == 'jwseal: signing.toml:10:1: rules[0].effect: must be one of "allow", "deny"\n'


def test_explain() -> None:
    """`policy explain` shows each condition with its outcome; claim values with `--values` only."""
    arguments = ("policy", "explain", *DECIDE, token(scope="read"))
    done = run(*arguments, status=1)
    assert "allow sign: false" in done.stdout
    assert "claim scope contains: false" in done.stdout
    assert "read" not in done.stdout
    assert '"read"' in run(*arguments, "--values", status=1).stdout
    rules = json.loads(run(*arguments, "--json", status=1).stdout)["rules"]
    assert [leaf["outcome"] for leaf in rules[0]["when"]["all"]] == ["false", "true"]


def test_import() -> None:
    """`policy import` writes TOML that `policy check` accepts, and its report on standard error."""
    import base64

    Path("worker.properties").write_text(
        f"SERVER.1.ISSUER=https://as.example\nSERVER.1.PUBLICKEY={base64.b64encode(KEY.spki()).decode()}\n"
        "SERVER.1.KEYALGORITHM=ECDSA\nJWS.1.CLAIM.NAME=scope\nJWS.1.CLAIM.VALUE=sign\nTYPE=x\n"
    )
    done = run("policy", "import", "worker.properties", "--out", "imported.toml")
    assert "not carried over: TYPE (line 6)" in done.stderr
    assert run("policy", "import", "worker.properties").stdout == Path("imported.toml").read_text()
    assert run("policy", "check", "imported.toml").stdout.startswith("valid: ")
    run("policy", "import", "worker.properties", "--out", "imported.toml", status=2)
    shown = json.loads(run("policy", "import", "worker.properties", "--json").stdout)
    assert shown["toml"].startswith("[issuers.server1]")


def test_schema() -> None:
    """`policy schema` prints the JSON Schema."""
    assert json.loads(run("policy", "schema").stdout)["title"] == "jwseal authorizer"


@pytest.mark.parametrize("request_", ["[]", "{", "@missing.json"])
def test_requests_that_cannot_be_read(request_: str) -> None:
    """A request that is no JSON object is status 2."""
    run("authorize", *DECIDE, "--request", request_, token(), status=2)


def test_a_request() -> None:
    """A request is what conditions compare a claim with."""
    Path("signing.toml").write_text(CONFIGURATION.replace('contains = "sign"', 'equals_request = "wanted"'))
    run("authorize", *DECIDE, "--request", '{"wanted": "sign"}', token())
    Path("request.json").write_text('{"wanted": "read"}')
    run("authorize", *DECIDE, "--request", "@request.json", token(), status=1)


def test_an_unknown_worker() -> None:
    """A worker that the configuration lacks is status 2."""
    assert "no workers" in run("authorize", *DECIDE, "--worker", "x", token(), status=2).stderr


def test_help() -> None:
    """Each command's help has an example."""
    for command in (("authorize",), ("audit",), ("policy", "check"), ("policy", "explain"), ("policy", "import")):
        assert f"jwseal {' '.join(command)}" in run(*command, "--help").stdout
