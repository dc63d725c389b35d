"""Runs the command line, in this process or from a shell with real pipes, and writes key files for it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner, Result

from jwseal import SecretKey, Signer, SigningKey
from jwseal.cli.app import app

ISSUER = "https://id.example"
EXPECT = ["--issuer", ISSUER, "--audience", "api"]
ANY = ["--any-issuer", "--any-audience"]
# The permissions of a private file. Windows has no such permissions.
PRIVATE = 0o600 if os.name == "posix" else 0o666
RSA_KEY = rsa.generate_private_key(65537, 2048)


def run(*arguments: str, given: bytes | str | None = None, status: int = 0) -> Result:
    """Run a command and check its exit status."""
    result = CliRunner().invoke(app, list(arguments), input=given)
    assert status == result.exit_code, (result.stdout, result.stderr, result.exception)
    return result


def answered(*arguments: str, given: bytes | str | None = None, status: int = 0) -> Any:
    """Run a command with `--json` and return what it prints."""
    return json.loads(run(*arguments, "--json", given=given, status=status).stdout)


def key_file(name: str = "key.pem", alg: Any = "ES256", kid: str | None = None) -> SigningKey:
    """Write a private key to a file, as PEM, or as a JWK if the name ends in .jwk."""
    key = SigningKey.generate(alg, kid=kid)
    jwk = name.endswith(".jwk")
    Path(name).write_bytes(json.dumps(key.to_private_jwk()).encode() if jwk else key.to_private_pem(password=None))
    return key


def rsa_file(name: str = "rsa.pem") -> None:
    """Write an RSA key, which has no algorithm of its own."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    Path(name).write_bytes(RSA_KEY.private_bytes(encoding, form, serialization.NoEncryption()))


def mint(key: SigningKey | SecretKey, **claims: Any) -> str:
    """Sign a token that EXPECT accepts, unless the claims say otherwise."""
    return Signer(key, issuer=ISSUER, expires_in=300).sign({"sub": "alice", "aud": "api", **claims})


BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not on this machine")


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of bash in which `jwseal` is the command."""
    define = f'jwseal() {{ "{sys.executable}" -m jwseal.cli "$@"; }}\n'
    return subprocess.run(
        [str(BASH), "-c", define + script],
        env={**os.environ, "TERM": "dumb", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
