"""`jwseal serve-jwks`: a development issuer that prints tokens, publishes its keys, rotates them and ends with its input."""

import json
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from jwseal import KeySet, Policy, Verifier
from jwseal.testing import FakeIssuer
from terminal import run


def serve(*options: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "jwseal.cli", "serve-jwks", "--json", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def told(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def keys(facts: dict[str, Any]) -> KeySet:
    with urllib.request.urlopen(facts["jwks_uri"]) as response:
        return KeySet.from_jwks(response.read())


def test_it_serves_and_signs() -> None:
    """The printed token verifies with the published keys; a rotated key is published before it signs."""
    with serve(
        "--audience", "orders", "--claim", "scope=read", "--claim", "admin=true", "--expires-in", "1h"
    ) as process:
        facts = json.loads(said(process))
        policy = Policy(issuer=facts["issuer"], audience="orders")
        first = Verifier(keys(facts), policy).verify(said(process))
        assert ({"read"}, True, 3600) == (first.scopes, first["admin"], first["exp"] - first["iat"])
        told(process, "rotate")
        told(process, "")
        token = said(process)  # it has rotated by then
        second = Verifier(keys(facts), policy).verify(token)
        assert ("key-1", "key-2") == (first.kid, second.kid)
        told(process, "sing")
        output, errors = process.communicate()
        assert ("", 0) == (output, process.returncode)
        assert "no such command: 'sing'" in errors


@pytest.mark.parametrize("alg", ["RS256", "EdDSA"])
def test_algorithms(alg: str) -> None:
    """It signs with any algorithm that has public keys."""
    with serve("--alg", alg, "--kid", "mine") as process:
        facts = json.loads(said(process))
        token = said(process)
        verified = Verifier(keys(facts), Policy(issuer=facts["issuer"], audience="api")).verify(token)
        assert (alg, "mine") == (verified.alg, verified.kid)
        process.communicate()


def test_in_words() -> None:
    """Without `--json` the facts and a warning are remarks, and the token alone is the output."""
    result = run("serve-jwks", given="")
    assert 1 == len(result.stdout.splitlines())
    assert "jwks_uri  http://127.0.0.1:" in result.stderr
    assert "FOR DEVELOPMENT" in result.stderr


@pytest.mark.parametrize("alg", ["HS256", "none", "RS257"])
def test_no_such_algorithm(alg: str) -> None:
    """A secret is never published, and what is no algorithm is an error: status 2."""
    assert run("serve-jwks", "--alg", alg, given="", status=2)


def test_the_port() -> None:
    """`--port` is where it listens; a port that is taken is an error of the command."""
    with FakeIssuer() as other:
        port = other.origin.rpartition(":")[2]
        result = run("serve-jwks", "--port", port, given="", status=2)
    assert "jwseal: " in result.stderr
    assert f":{port}/jwks" in run("serve-jwks", "--port", port, given="").stderr
