"""A program that uses jwseal, frozen by PyInstaller without any option for it: one folder and one file.

PyInstaller finds modules by reading code. What only the extension imports must therefore be imported by Python code
too, and so must what `jwseal` loads when it is first named.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Reaches every module that is loaded late: by the extension, by attribute of the package, and by a key's format.
PROGRAM = """
import jwseal

key = jwseal.SigningKey.from_pem(jwseal.SigningKey.generate("ES256").to_private_pem(password="x"), password="x")
verifier = jwseal.Verifier(jwseal.VerifyingKey.from_pem(key.verifying_key.to_pem()), jwseal.Policy(issuer="i", audience="a"))
token = jwseal.Signer(key, issuer="i", expires_in=60).sign({"aud": "a"})
assert verifier.verify(token)["iss"] == "i"
try:
    verifier.verify(token[:-8] + "AAAAAAAA")
except jwseal.InvalidSignature:
    pass
assert jwseal.jws.verify(jwseal.jws.sign(b"x", key), key.verifying_key).payload == b"x"
assert jwseal.insecure.read_unverified(token).claims["iss"] == "i"
assert key.thumbprint("sha512") and jwseal.types.Algorithm
secret = "a secret of more than thirty-two bytes"
assert jwseal.compat.pyjwt.decode(jwseal.compat.pyjwt.encode({}, secret), secret, ["HS256"]) == {}
assert jwseal.compat.authlib.jwt.decode(jwseal.compat.authlib.jwt.encode({"alg": "HS256"}, {}, secret), secret) == {}
jwseal.SigningKey.generate("Ed448")

from jwseal.adapters import asgi, wsgi
from jwseal.testing import FakeIssuer

with FakeIssuer() as issuer:
    keys = jwseal.remote.discover(issuer.url, algorithms=["ES256"], allow_http_loopback=True)
    remote = jwseal.Verifier(keys, jwseal.Policy(issuer=issuer.url, audience="api"))
    assert remote.verify(issuer.token())["sub"] == "alice"
    keycloak = jwseal.providers.keycloak(issuer.url, audience="api", allow_http_loopback=True)
    assert jwseal.certificates.RemoteCertificates(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True)
assert jwseal.challenge(jwseal.MissingToken("none"))[0] == 401
try:
    jwseal.authorizer.Authorizer.from_text("surprise = 1")
except jwseal.PolicyError as error:  # the schema, which is a file, knows no such key
    assert "surprise" in str(error), error
print("frozen", getattr(__import__("sys"), "frozen", False))
"""
# One analysis for both kinds of program; nothing here is about jwseal.
SPECIFICATION = """
analysis = Analysis(["program.py"])
archive = PYZ(analysis.pure)
EXE(archive, analysis.scripts, analysis.binaries, analysis.datas, name="one_file")
COLLECT(EXE(archive, analysis.scripts, exclude_binaries=True, name="program"), analysis.binaries, analysis.datas, name="one_folder")
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The program, frozen in both ways."""
    folder = tmp_path_factory.mktemp("frozen")
    (folder / "program.py").write_text(PROGRAM)
    (folder / "program.spec").write_text(SPECIFICATION)
    command = [sys.executable, "-m", "PyInstaller", "--log-level=WARN", "program.spec"]
    environment = {**os.environ, "PYINSTALLER_CONFIG_DIR": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return {"one folder": folder / "dist/one_folder/program", "one file": folder / "dist/one_file"}


@pytest.mark.parametrize("kind", ["one folder", "one file"])
def test_a_frozen_program_runs(programs: dict[str, Path], kind: str) -> None:
    """Keys, tokens, refusals and the compatibility layers work where no file of the package is on the path."""
    done = subprocess.run([programs[kind]], capture_output=True, text=True, check=False, cwd=programs[kind].parent)
    assert (0, "frozen True\n") == (done.returncode, done.stdout), done.stderr


def test_no_module_is_reached_from_rust_alone() -> None:
    """What the extension imports by name, Python code of the package imports as well."""
    binding = "".join(path.read_text() for path in (ROOT / "rust/py/src").rglob("*.rs"))
    reached = set(re.findall(r'\bimport\((?:[\w.()]+,\s*)?"([\w.]+)"', binding))
    assert {"jwseal.key", "jwseal.errors", "jwseal.policy", "hashlib"} <= reached
    # Loaded in every interpreter before a program begins.
    reached -= {"io", "_collections_abc", "jwseal._native"}
    # What is imported with jwseal, and with a compatibility layer.
    folder = ROOT / "python/jwseal"
    package = "".join(path.read_text() for path in [*folder.glob("*.py"), *(folder / "compat").rglob("*.py")])
    assert [] == [
        name
        for name in sorted(reached)
        if not re.search(rf"^\s*(import|from) {re.escape(name)}\b", package, re.MULTILINE)
    ]
