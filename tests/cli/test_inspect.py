"""`jwseal inspect` explains in words why a policy would refuse a token: every reason, with what is accepted."""

import json
from pathlib import Path
from typing import Any

import pytest

import forge
from jwseal import Signer, SigningKey
from terminal import ISSUER, answered, run

NOW = 1_700_000_000
KEY = SigningKey.generate("ES256", kid="a")
AS_OF = ["--now", str(NOW)]


def token(typ: str | None = "JWT", **claims: Any) -> str:
    """A token that expires in five minutes; `...` leaves a claim out."""
    full = {"iss": ISSUER, "sub": "alice", "aud": "api", "iat": NOW, "exp": NOW + 300, "scope": "read", **claims}
    header = {"alg": "ES256", "kid": "a"} | ({} if typ is None else {"typ": typ})
    return forge.segments(header, {name: value for name, value in full.items() if value is not ...}, b"x")


REASONS: list[tuple[dict[str, Any], list[str], str, str]] = [
    ({"exp": NOW - 60}, ["--issuer", ISSUER], "token_expired", "it expired 2023-11-14 22:12:20Z, 1 minute ago"),
    ({"exp": ...}, ["--issuer", ISSUER], "missing_claim", "the claim exp is absent"),
    (
        {"nbf": NOW + 120},
        ["--issuer", ISSUER],
        "token_not_yet_valid",
        "nbf lies ahead: 2023-11-14 22:15:20Z, in 2 minutes; if the clocks differ, give --leeway",
    ),
    ({}, ["--issuer", "https://other"], "claim_mismatch", f'iss is "{ISSUER}", and "https://other" is accepted'),
    ({}, ["--audience", "a", "--audience", "b"], "claim_mismatch", 'aud is "api", and ["a", "b"] is accepted'),
    ({"aud": ["x", "y"]}, ["--audience", "a"], "claim_mismatch", 'aud is ["x", "y"], and "a" is accepted'),
    ({"aud": ...}, ["--audience", "a"], "missing_claim", "the claim aud is absent"),
    ({}, ["--subject", "bob"], "claim_mismatch", 'sub is "alice", and "bob" is accepted'),
    ({}, ["--typ", "at+jwt"], "wrong_typ", 'typ is "JWT", and "at+jwt" is accepted'),
    ({}, ["--require", "jti"], "missing_claim", "the claim jti is absent"),
    ({"admin": "true"}, ["--claim", "admin=true"], "claim_mismatch", 'admin is "true", and true is accepted'),
    ({}, ["--scope", "write"], "insufficient_scope", 'the scopes are "read", and "write" is needed'),
    ({"scope": ...}, ["--scope", "write"], "insufficient_scope", 'the scopes are absent, and "write" is needed'),
    ({"iat": NOW - 600}, ["--max-age", "5m"], "token_too_old", "iat is 2023-11-14 22:03:20Z, 10 minutes ago, longer"),
    ({}, ["--max-lifetime", "1m"], "invalid_claim", "exp is 300 seconds after iat, more than 60"),
    ({"exp": "never"}, ["--issuer", ISSUER], "invalid_claim", 'claim "exp" has the wrong type'),
    ({}, ["--alg", "RS256", "--alg", "PS256"], "algorithm_not_allowed", 'alg is "ES256", and ["RS256", "PS256"] is'),
]


@pytest.mark.parametrize(("claims", "options", "code", "words"), REASONS)
def test_a_reason(claims: dict[str, Any], options: list[str], code: str, words: str) -> None:
    """Each rule gives its code and its reason in words, on standard error and in JSON; the status is 1."""
    made = token(**claims)
    result = run("inspect", made, *options, *AS_OF, status=1)
    assert "it would be refused, for 1 reason:" in result.stderr
    assert f"  {code}: {words}" in result.stderr
    (refused,) = answered("inspect", made, *options, *AS_OF, status=1)["refused"]
    assert (code, True) == (refused["code"], words in refused["words"])


def test_every_reason_is_listed() -> None:
    """All rules that refuse are named, in the order of a policy, and those that do not."""
    made = token(aud="other", exp=NOW - 60)
    options = ["--issuer", ISSUER, "--audience", "api", "--scope", "write", "--require", "jti"]
    result = run("inspect", made, *options, *AS_OF, status=1)
    lines = [line.strip() for line in result.stderr.splitlines()]
    start = lines.index("it would be refused, for 4 reasons:")
    codes = [line.split(":")[0] for line in lines[start + 1 : start + 5]]
    assert ["token_expired", "claim_mismatch", "missing_claim", "insufficient_scope"] == codes
    assert "in order: typ, --issuer" == lines[start + 5]


def test_nothing_is_wrong() -> None:
    """A token that the policy would accept says so, with status 0, and still that it was not verified."""
    result = run("inspect", token(), "--issuer", ISSUER, "--audience", "api", *AS_OF)
    assert "nothing that was asked for would refuse it" in result.stderr
    assert "UNVERIFIED" in result.stderr
    assert answered("inspect", token(), "--issuer", ISSUER, *AS_OF)["accepted"] == ["times", "typ", "--issuer"]


def test_without_a_policy() -> None:
    """Without options nothing is explained, and the status is 0 whatever the token says."""
    shown = answered("inspect", token(exp=0))
    assert {"verified", "header", "claims"} == set(shown)


def test_leeway_and_expiry() -> None:
    """`--leeway` and `--allow-no-expiry` are those of `verify`."""
    assert run("inspect", token(exp=NOW - 60), "--issuer", ISSUER, "--leeway", "2m", *AS_OF)
    assert run("inspect", token(exp=...), "--issuer", ISSUER, "--allow-no-expiry", *AS_OF)


def test_with_a_key() -> None:
    """With `--key` the signature is a rule among the others, and claims have rules of their own."""
    Path("key.jwk").write_text(json.dumps(KEY.verifying_key.to_jwk()))
    signed = Signer(KEY, issuer=ISSUER, expires_in=300).sign({"aud": "api"}, now=NOW)
    good = answered("inspect", signed, "--key", "key.jwk", "--issuer", ISSUER, *AS_OF)
    assert ["signature", "times", "typ", "--issuer"] == good["accepted"]
    forged = run("inspect", signed[:-8] + "AAAAAAAA", "--key", "key.jwk", *AS_OF, status=1)
    assert "  invalid_signature: " in forged.stderr
    assert "UNVERIFIED" not in forged.stderr
    expired = answered("inspect", signed, "--key", "key.jwk", "--now", str(NOW + 400), status=1)
    assert ["token_expired"] == [one["code"] for one in expired["refused"]]


def test_padding() -> None:
    """A padded token is explained where padding is accepted."""
    head, payload, signature = token(x="ab").split(".")
    padded = payload + "=" * (-len(payload) % 4)
    result = run("inspect", f"{head}.{padded}.{signature}", "--issuer", "x", "--accept-padding", *AS_OF, status=1)
    assert "claim_mismatch" in result.stderr


def test_no_jwt() -> None:
    """A JWS that is no JWT has no claims to explain."""
    result = run("inspect", forge.segments({"alg": "ES256"}, b"text", b"x"), "--issuer", ISSUER)
    assert "not a JWT" in result.stderr
