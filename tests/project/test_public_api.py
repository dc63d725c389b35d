"""The promises of the public API: names, parameters, defaults, immutability, and what a type checker sees.

What the verbs do is tested where they live; a failure here means that a promise changed.
"""

import base64
import copy
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jwseal
from jwseal import (
    UNCHECKED,
    Issuers,
    IssuerTemplate,
    KeySet,
    Policy,
    SecretKey,
    Signer,
    SigningKey,
    VerifiedJWT,
    Verifier,
    VerifyingKey,
    _native,
    errors,
    insecure,
    jws,
)

SIGNING = SigningKey.generate("ES256", kid="a")
SECRET = SecretKey.generate("HS256", kid="s")
PUBLIC = SIGNING.verifying_key
ANY = Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED)
TOKEN = Signer(SIGNING).sign({"sub": "alice", "aud": "api"})

# What the first block of the public API promises, with the defaults that follow semantic versioning.
SIGNATURES: dict[str, str] = {
    "SigningKey.generate": "(alg, *, kid=None, bits=2048)",
    "SigningKey.from_pem": "(data, *, alg=None, kid=None, password=None)",
    "SigningKey.from_der": "(data, *, alg=None, kid=None, password=None)",
    "SigningKey.from_jwk": "(jwk, *, alg=None, kid=None, lenient=False)",
    "SigningKey.external": "(signer)",
    "SigningKey.to_private_jwk": "(self, /)",
    "SigningKey.to_private_pem": "(self, /, *, password)",
    "VerifyingKey.from_pem": "(data, *, alg=None, kid=None)",
    "VerifyingKey.from_der": "(data, *, alg=None, kid=None)",
    "VerifyingKey.from_certificate": "(data, *, alg=None, kid=None)",
    "VerifyingKey.from_ssh": "(data, *, alg=None, kid=None)",
    "VerifyingKey.from_jwk": "(jwk, *, alg=None, kid=None, lenient=False)",
    "VerifyingKey.to_jwk": "(self, /)",
    "VerifyingKey.to_pem": "(self, /)",
    "VerifyingKey.thumbprint": "(self, /, digest='sha256')",
    "VerifyingKey.thumbprint_uri": "(self, /)",
    "SecretKey.generate": "(alg, *, kid=None)",
    "SecretKey.from_bytes": "(secret, *, alg, kid=None)",
    "SecretKey.from_jwk": "(jwk, *, alg=None, kid=None, lenient=False)",
    "SecretKey.to_private_jwk": "(self, /)",
    "KeySet.from_jwks": "(jwks, *, algorithms=None, lenient=False)",
    "KeySet.by_kid": "(self, /, kid)",
    "KeySet.prepare": "(self, /)",
    "KeySet.to_jwks": "(self, /)",
    "Signer.sign": "(self, /, claims, *, headers=None, now=None)",
    "Signer.sign_many": "(self, /, claims, *, headers=None, now=None, workers=None)",
    "Verifier.cache_info": "(self, /)",
    "Verifier.prepare": "(self, /)",
    "Verifier.verify": "(self, /, token, *, now=None, sender=None)",
    "Verifier.verify_many": "(self, /, tokens, *, now=None, workers=None)",
    "Verifier.verify_many_async": "(self, tokens, *, now=None, workers=None)",
    "Verifier.verify_iter": "(self, /, tokens, *, now=None, progress=None, workers=None)",
    "Issuers.cache_info": "(self, /)",
    "Issuers.prepare": "(self, /)",
    "Issuers.verify": "(self, /, token, *, now=None, sender=None)",
    "Issuers.verify_many": "(self, /, tokens, *, now=None, workers=None)",
    "Issuers.verify_many_async": "(self, tokens, *, now=None, workers=None)",
    "Issuers.verify_iter": "(self, /, tokens, *, now=None, progress=None, workers=None)",
    "VerifiedJWT.require": "(self, /, *scopes, where=None)",
    "claim": "(path)",
    "header": "(name)",
    "all_of": "(*conditions)",
    "any_of": "(*conditions)",
    "not_": "(condition, /)",
    "bearer": "(value)",
    "challenge": "(error, *, realm=None, resource_metadata=None, scope=None)",
    "insecure.read_unverified": "(token, *, max_token_size=16384, max_header_size=4096, accept_padding=False)",
    "insecure.header_unverified": "(token, *, max_token_size=16384, max_header_size=4096, accept_padding=False)",
    "insecure.weak_secret": "(secret, *, alg, kid=None)",
}


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures(path: str) -> None:
    """Parameters, their kinds and their defaults are the promised ones."""
    found: Any = jwseal
    if path.startswith("insecure."):
        pass
    for name in path.split("."):
        found = getattr(found, name)
    signature = inspect.signature(found)
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
    assert SIGNATURES[path] == str(inspect.Signature(bare))


def test_policy_signature() -> None:
    """Every argument of a policy is a keyword; issuer and audience have no default."""
    parameters = inspect.signature(Policy).parameters
    assert {inspect.Parameter.KEYWORD_ONLY} == {one.kind for one in parameters.values()}
    assert ["issuer", "audience"] == [one.name for one in parameters.values() if one.default is one.empty]


def test_verify_is_native() -> None:
    """`Verifier.verify` runs without a Python frame between the caller and the core."""
    assert not inspect.isfunction(Verifier.verify)
    assert Verifier.verify is _native.Verifier.verify
    assert not hasattr(Verifier(PUBLIC, ANY), "__dict__")


async def _verify_async() -> list[VerifiedJWT]:
    verifier = Verifier(PUBLIC, ANY)
    return [await verifier.verify_async(TOKEN), await verifier.verify_async(TOKEN, now=4_000_000_000)]


def test_verify_async() -> None:
    """The asynchronous verb gives the same result and raises the same errors."""
    import asyncio

    assert ["alice", "alice"] == [verified["sub"] for verified in asyncio.run(_verify_async())]
    with pytest.raises(errors.MalformedToken):
        asyncio.run(Verifier(PUBLIC, ANY).verify_async("x"))
    issuers = Issuers({"i": Verifier(PUBLIC, ANY.replace(issuer="i"))})
    token = Signer(SIGNING, issuer="i").sign({})
    assert "i" == asyncio.run(issuers.verify_async(token))["iss"]


OBJECTS: dict[str, Callable[[], Any]] = {
    "SigningKey": lambda: SIGNING,
    "VerifyingKey": lambda: PUBLIC,
    "SecretKey": lambda: SECRET,
    "KeySet": lambda: KeySet([PUBLIC]),
    "Policy": lambda: ANY,
    "Condition": lambda: jwseal.claim("a").equals(1),
    "Signer": lambda: Signer(SIGNING),
    "Verifier": lambda: Verifier(PUBLIC, ANY),
    "IssuerTemplate": lambda: IssuerTemplate("https://login.example/{tenant}/v2.0", claim="tid", values={"a", "b"}),
    "Issuers": lambda: Issuers({"i": Verifier(PUBLIC, ANY.replace(issuer="i"))}),
    "VerifiedJWT": lambda: Verifier(PUBLIC, ANY).verify(TOKEN),
    "VerifiedJWS": lambda: jws.verify(TOKEN, PUBLIC),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_immutable(name: str) -> None:
    """No attribute can be set, added or removed."""
    made = OBJECTS[name]()
    for attribute in [one for one in dir(made) if not one.startswith("_")] + ["novel"]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(made, attribute, None)
        with pytest.raises((AttributeError, TypeError)):
            delattr(made, attribute)


@pytest.mark.parametrize("name", [name for name in OBJECTS if name not in {"Verifier", "Issuers"}])
def test_final(name: str) -> None:
    """No subclass can change what a name means."""
    with pytest.raises(TypeError):
        type("Sub", (type(OBJECTS[name]()),), {})


@pytest.mark.parametrize(
    "cls",
    [SigningKey, VerifyingKey, SecretKey, VerifiedJWT, jws.VerifiedJWS, jwseal.Condition],
    ids=lambda c: c.__name__,
)
def test_no_constructor(cls: type) -> None:
    """What proves something cannot be made up by a caller."""
    with pytest.raises(TypeError):
        cls()
    with pytest.raises(TypeError):
        cls.__new__(cls)
    with pytest.raises(TypeError):
        object.__new__(cls)


PROOFS = {"VerifiedJWT", "VerifiedJWS"}


@pytest.mark.parametrize("name", ["SigningKey", "SecretKey", "Signer", "Verifier", "Issuers", *sorted(PROOFS)])
def test_never_pickled(name: str) -> None:
    """Private keys, what holds them, and proofs of verification stay in their process."""
    with pytest.raises(TypeError):
        pickle.dumps(OBJECTS[name]())


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_a_copy_of_what_cannot_change_is_itself(name: str) -> None:
    """What holds keys, policies, signers, verifiers or results can be copied; nothing secret is there twice."""
    made = OBJECTS[name]()
    assert made is copy.copy(made) is copy.deepcopy(made)
    assert made is copy.deepcopy({"auth": [made]})["auth"][0]


@pytest.mark.parametrize("name", ["VerifyingKey", "KeySet", "Policy", "IssuerTemplate", "Condition"])
def test_pickled(name: str) -> None:
    """Public keys, public sets and policies travel, and arrive equal."""
    made = OBJECTS[name]()
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert made == pickle.loads(pickle.dumps(made, protocol))
        assert hash(made) == hash(pickle.loads(pickle.dumps(made, protocol)))


def test_pickled_into_a_spawned_process() -> None:
    """Public keys and policies reach a process that shares nothing, and verify there."""
    program = (
        "import pickle, sys; from jwseal import Verifier; keys, policy, token = pickle.load(sys.stdin.buffer);"
        "print(Verifier(keys, policy).verify(token)['sub'])"
    )
    sent = pickle.dumps((KeySet([PUBLIC]), ANY, TOKEN))
    done = subprocess.run([sys.executable, "-c", program], input=sent, capture_output=True, check=True)
    assert b"alice" == done.stdout.strip()


@pytest.mark.parametrize("name", OBJECTS)
def test_repr_shows_no_secret(name: str) -> None:
    """A repr names things and never shows key material or a token."""
    shown = repr(OBJECTS[name]())
    for secret in (SIGNING.to_private_jwk()["d"], SECRET.to_private_jwk()["k"], TOKEN, *TOKEN.split(".")):
        assert secret not in shown


LONG = "x" * 5000
MANY = [f"https://{number}.example/{LONG}" for number in range(300)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: KeySet([VerifyingKey.from_jwk(SIGNING.verifying_key.to_jwk() | {"kid": one}) for one in MANY]),
        lambda: Issuers({one: Verifier(PUBLIC, ANY.replace(issuer=one)) for one in MANY}),
        lambda: Policy(issuer=set(MANY), audience=set(MANY), subject=set(MANY), claims=dict.fromkeys(MANY, LONG)),
        lambda: Verifier(PUBLIC, Policy(issuer=set(MANY), audience=LONG)),
        lambda: Signer(SigningKey.generate("ES256", kid=LONG[:500]), issuer=LONG),
        lambda: SecretKey.generate("HS256", kid=LONG),
        lambda: jws.Signature(SigningKey.generate("ES256", kid=LONG[:500]), protected={"x": LONG}),
        lambda: Verifier(PUBLIC, ANY).verify(Signer(SIGNING).sign({LONG: LONG})),
        lambda: jws.verify(Signer(SIGNING).sign({LONG: LONG}), PUBLIC),
        lambda: jws.parse(Signer(SIGNING).sign({LONG: LONG})),
        lambda: jws.parse(Signer(SIGNING).sign({LONG: LONG})).entries,
        lambda: insecure.read_unverified(Signer(SIGNING).sign({LONG: LONG})),
    ],
)
def test_repr_is_bounded(make: Callable[[], Any]) -> None:
    """However much an object holds, its repr stays short enough for a log."""
    assert len(repr(make())) < 3_000


def test_repr_of_a_report_shows_no_foreign_alg() -> None:
    """The alg of a signature that failed is its sender's text."""
    made = jws.sign_json(b"x", SIGNING)
    header = base64.urlsafe_b64encode(b'{"alg":"' + b"x" * 500 + b'"}').decode().rstrip("=")
    made["signatures"].append({"protected": header, "signature": ""})
    shown = repr(jws.verify_json(made, PUBLIC, require="any"))
    assert "xx" not in shown
    assert "<SignatureReport ?: algorithm_not_allowed>" in shown


def test_private_keys_compare_by_identity() -> None:
    """Two readings of one private key are two keys; two readings of a public key are equal."""
    again = SigningKey.from_jwk(SIGNING.to_private_jwk())
    assert SIGNING != again
    assert SIGNING == SIGNING
    assert SECRET != SecretKey.from_jwk(SECRET.to_private_jwk())
    assert PUBLIC == again.verifying_key
    assert hash(PUBLIC) == hash(again.verifying_key)
    assert PUBLIC != VerifyingKey.from_jwk(SigningKey.generate("ES256").verifying_key.to_jwk())
    assert PUBLIC != VerifyingKey.from_pem(PUBLIC.to_pem(), kid="other")


def test_keys_arguments() -> None:
    """Whatever is no key that verifies is a TypeError that says what to do."""
    for wrong in (SIGNING, PUBLIC.to_jwk(), PUBLIC.to_pem(), "secret", [PUBLIC], None):
        with pytest.raises(TypeError):
            Verifier(wrong, ANY)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            jws.verify(TOKEN, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="verifying_key"):
        Verifier(SIGNING, ANY)  # type: ignore[arg-type]


def test_insecure_doors_are_not_in_the_main_room() -> None:
    """Nothing insecure can be imported from `jwseal` itself."""
    for name in insecure.__all__:
        assert not hasattr(jwseal, name)


def test_a_type_checker_agrees() -> None:
    """mypy --strict accepts right use of the API and finds each mistake in `typing/api.py`."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--config-file=",
        "--python-version=3.11",
    ]
    path = Path(__file__).parent / "typing" / "api.py"
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout)
