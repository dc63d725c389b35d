"""Other ways to run Python: under -bb, and in more than one interpreter of a process."""

import importlib.util
import subprocess
import sys

import pytest

# What an application does, in one script: keys, tokens, refusals, headers, JWS, both compatibility layers.
PROGRAM = """
import json, sys
import jwseal
from jwseal import *
from jwseal import errors, insecure, jws
from jwseal.compat import authlib, pyjwt

signing = SigningKey.generate("ES256", kid="a")
rsa = SigningKey.generate("RS256")
secret = SecretKey.from_bytes(bytes(range(32)), alg="HS256")
for key, public in ((signing, signing.verifying_key), (rsa, rsa.verifying_key), (secret, secret)):
    policy = Policy(issuer="i", audience="a", claims={"x": frozenset({"y", 1, None})})
    verifier = Verifier(KeySet([public]), policy)
    token = Signer(key, issuer="i", expires_in=60).sign({"aud": "a", "x": "y", "z": [b"n".decode()]})
    for value in (token, token.encode()):
        assert verifier.verify(value)["x"] == "y" == dict(verifier.verify(value))["x"]
    assert bearer("Bearer " + token) == bearer(b"Bearer " + token.encode()) == bearer([b"Bearer " + token.encode()])
    for bad in ("", b"", "a.b.c", b"a.b.c", "Bearer " + token, token + "=", str([token]), "{}", token[:-4] + "AAAA"):
        try:
            verifier.verify(bad)
        except InvalidToken as error:
            str(error), repr(error), error.code
    assert [type(one) for one in verifier.verify_many([token, b"x"])] == [VerifiedJWT, MalformedToken]
    Issuers({"i": verifier}).verify(token.encode())
    repr(policy), repr(verifier), repr(key), repr(public)
for read in (SigningKey.from_pem, VerifyingKey.from_pem, VerifyingKey.from_ssh, VerifyingKey.from_certificate):
    for bad in ("x", b"x", rsa.to_private_pem(password=None), rsa.verifying_key.to_pem(), b"\\x30\\x00"):
        try:
            read(bad, alg="RS256")
        except (InvalidKey, TypeError) as error:
            str(error)
SigningKey.from_pem(rsa.to_private_pem(password=b"pw"), alg="RS256", password="pw")
VerifyingKey.from_pem(rsa.verifying_key.to_pem().decode(), alg="RS256").thumbprint("sha512")
KeySet.from_jwks(json.dumps(KeySet([rsa.verifying_key]).to_jwks()).encode())
made = jws.sign_json(b"x", [signing, rsa])
jws.verify_json(json.dumps(made).encode(), KeySet([signing.verifying_key, rsa.verifying_key]))
insecure.header_unverified(token.encode())
for key in ("s" * 32, b"s" * 32):
    text = pyjwt.encode({"a": 1}, key, algorithm="HS256", headers={"kid": "k"})
    for value in (text, text.encode()):
        assert pyjwt.decode(value, key, algorithms=["HS256"]) == {"a": 1}
        pyjwt.get_unverified_header(value)
        try:
            pyjwt.decode(value, b"t" * 32, algorithms=["HS256"])
        except pyjwt.InvalidTokenError as error:
            str(error)
    text = authlib.jwt.encode({"alg": "HS256"}, {"a": 1}, key)
    assert authlib.jwt.decode(text, key)["a"] == 1
    authlib.JsonWebKey.import_key(key, {"kty": "oct"}).as_dict()
for pem in (rsa.to_private_pem(password=None), rsa.to_private_pem(password=None).decode()):
    text = pyjwt.encode({"a": 1}, pem, algorithm="RS256")
    assert pyjwt.decode(text, rsa.verifying_key.to_pem(), algorithms=["RS256"]) == {"a": 1}
    assert authlib.jwt.decode(authlib.jwt.encode({"alg": "RS256"}, {"a": 1}, pem), rsa.verifying_key.to_pem())["a"] == 1
print("no warning")
"""


@pytest.mark.parametrize("options", [["-bb"], ["-b", "-W", "error"], ["-bb", "-OO"]], ids=" ".join)
def test_bytes_warnings_are_errors(options: list[str]) -> None:
    """Under `python -bb` nothing compares bytes with str or prints them as text."""
    done = subprocess.run([sys.executable, *options, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (0, "no warning\n", "") == (done.returncode, done.stdout, done.stderr)


# Loads jwseal in the main interpreter, or not, then in two others, of each kind that this Python has.
INTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

inner = '''
try:
    import jwseal
except ImportError as error:
    said = "refused: " + str(error)
else:
    key = jwseal.SigningKey.generate("ES256")
    verifier = jwseal.Verifier(key.verifying_key, jwseal.Policy(issuer="i", audience="a"))
    try:
        verifier.verify("x")
    except jwseal.MalformedToken:
        said = verifier.verify(jwseal.Signer(key, issuer="i", expires_in=60).sign({"aud": "a"}))["iss"]
print(said)
'''

def made(kind):
    if hasattr(interpreters, "new_config"):
        return interpreters.create(kind)
    return interpreters.create(isolated=kind == "isolated")

first, kinds = sys.argv[1], sys.argv[2:]
if first == "main":
    exec(inner)
for kind in kinds:
    failed = interpreters.run_string(made(kind), inner)
    assert failed is None, failed
"""
REFUSED = "refused: jwseal was imported by another interpreter of this process"
# An interpreter with a lock of its own takes no module that does not say it can be there: Python's own refusal.
ISOLATED = "refused: module jwseal._native does not support loading in subinterpreters"


@pytest.mark.skipif(
    not (importlib.util.find_spec("_interpreters") or importlib.util.find_spec("_xxsubinterpreters")),
    reason="this Python has no subinterpreters",
)
@pytest.mark.parametrize("first", ["main", "none"])
@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_a_second_interpreter_is_refused_at_import(first: str, kind: str) -> None:
    """One interpreter of a process has jwseal; another gets an ImportError that says why, and no half of it."""
    own_lock = kind == "isolated" and sys.version_info >= (3, 12)
    command = [sys.executable, "-c", INTERPRETERS, first, kind, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    if first == "main" or not own_lock:
        assert "i" == lines.pop(0)
    assert lines
    assert all(line.startswith(ISOLATED if own_lock else REFUSED) for line in lines)
