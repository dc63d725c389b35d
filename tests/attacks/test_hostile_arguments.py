"""Every public callable is given every hostile argument, one at a time, and answers with a result or an exception of its own.

No panic crosses into Python, no `SystemError`, no `UnicodeError` (which holds the text it could not read), and no exception
from which a caller or a reader of the log can reach what was given as a secret.
"""

import datetime as dt
import functools
import inspect
import io
import itertools
import subprocess
import sys
import types as builtin_types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import forge
import hostile
import jwseal
from judge import AUDIENCE, ISSUER, NOW, claims, secret, signing, verifying
from jwseal import _native, errors, insecure, jws, types

MATERIAL = forge.material("ES256")
PRIVATE = signing(MATERIAL, kid="a")
PUBLIC = verifying(MATERIAL, kid="a")
CONDITION = jwseal.claim("sub").equals("a")
POLICY = jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)
VERIFIER = jwseal.Verifier(PUBLIC, POLICY, cache=4)
TOKEN = jwseal.Signer(PRIVATE).sign(claims())
OBJECT = jws.sign_json(b"x", PRIVATE)
ENTRY = jws.parse(TOKEN).entries[0]

# An object of each public class, whose methods are called.
OBJECTS: dict[type, Any] = {
    jwseal.SigningKey: PRIVATE,
    jwseal.VerifyingKey: PUBLIC,
    jwseal.SecretKey: secret(),
    jwseal.KeySet: jwseal.KeySet([PUBLIC]),
    jwseal.Condition: CONDITION,
    jwseal.Policy: POLICY,
    jwseal.Signer: jwseal.Signer(PRIVATE),
    jwseal.Verifier: VERIFIER,
    jwseal.IssuerTemplate: jwseal.IssuerTemplate("https://a/{b}", claim="b", values={"c"}),
    jwseal.Issuers: jwseal.Issuers({ISSUER: VERIFIER}, cache=4),
    jwseal.VerifiedJWT: VERIFIER.verify(TOKEN, now=NOW),
    jws.Signature: jws.Signature(PRIVATE),
    jws.SignatureReport: jws.verify(TOKEN, PUBLIC).signatures[0],
    jws.VerifiedJWS: jws.verify(TOKEN, PUBLIC),
    jws.Unverified: jws.parse(TOKEN),
    jws.UnverifiedSignature: ENTRY,
    insecure.UnverifiedJWT: insecure.read_unverified(TOKEN),
    types.CacheInfo: VERIFIER.cache_info(),
}

# A good value for each parameter that has no default, by its name; for some callables by theirs as well.
GOOD: dict[str, Any] = {
    "alg": "ES256",
    "algs": ["ES256"],
    "audience": AUDIENCE,
    "claim": "c",
    "claims": {"sub": "a"},
    "condition": CONDITION,
    "conditions": CONDITION,
    "data": PUBLIC.to_pem(),
    "der": MATERIAL.private.public_key().public_bytes(
        forge.serialization.Encoding.DER, forge.serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "error": errors.MissingToken("no credentials"),
    "issuer": ISSUER,
    "jwk": PUBLIC.to_jwk(),
    "jwks": {"keys": [PUBLIC.to_jwk()]},
    "key": PRIVATE,
    "keys": PUBLIC,
    "kid": "a",
    "message": b"x",
    "name": "sub",
    "obj": OBJECT,
    "operand": "sub",
    "password": None,
    "path": "sub",
    "payload": b"x",
    "policy": POLICY,
    "secret": bytes(32),
    "signature": bytes(64),
    "signatures": PRIVATE,
    "scopes": "read",
    "skipped": [],
    "template": "https://a/{b}",
    "text": "ES256",
    "token": TOKEN,
    "tokens": [TOKEN],
    "values": ["d"],
    "value": f"Bearer {TOKEN}",
    "verifiers": {ISSUER: VERIFIER},
}
GOOD_FOR: dict[str, dict[str, Any]] = {
    "Issuers.__getitem__": {"operand": ISSUER},
    "KeySet": {"keys": [PUBLIC]},
    "Policy.replace": {"changes": ISSUER},
    "SecretKey.from_bytes": {"alg": "HS256"},
    "SecretKey.from_jwk": {"jwk": secret().to_private_jwk()},
    "SecretKey.generate": {"alg": "HS256"},
    "Signer.sign_many": {"claims": [{"sub": "a"}]},
    "SigningKey.external": {
        "signer": builtin_types.SimpleNamespace(alg="ES256", kid="a", verifying_key=PUBLIC, sign=MATERIAL.sign)
    },
    "SigningKey.from_der": {
        "data": forge.material("ES256").private.private_bytes(
            forge.serialization.Encoding.DER,
            forge.serialization.PrivateFormat.PKCS8,
            forge.serialization.NoEncryption(),
        )
    },
    "SigningKey.from_jwk": {"jwk": PRIVATE.to_private_jwk()},
    "SigningKey.from_pem": {"data": PRIVATE.to_private_pem(password=None)},
    "VerifyingKey.from_certificate": {"data": b"no certificate"},
    "VerifyingKey.from_der": {"data": GOOD["der"]},
    "VerifyingKey.from_ssh": {"data": b"ssh-ed25519 AAAA"},
    "_native._condition": {"table": {"claim": "sub", "equals": "a"}, "shown": "a condition"},
    "_native._restore_key_set": {"keys": [PUBLIC]},
    "_native._restore_verifying_key": {"spki": GOOD["der"]},
    "_native.base64url_decode": {"text": b"AAAA"},
    "_native.check_rsa": {"n": b"\xff" * 256, "e": b"\1\0\1"},
    "_native.read_json": {"text": "{}"},
    "_native.read_published_jwks": {"body": b'{"keys":[]}', "algorithms": ["ES256"], "max_keys": 9, "lenient": False},
    "_native.verify_bytes": {"key": PUBLIC},
    "_native.verify_primitive": {"key": PUBLIC},
    "insecure.verify_bytes": {"key": PUBLIC},
    "jws.sign_object": {"obj": {"a": 1}},
    "jws.verify_object": {"obj": {"a": 1}, "token": jws.sign_object({"a": 1}, PRIVATE)},
    "_native.weak_secret": {"alg": "HS256"},
    "insecure.weak_secret": {"alg": "HS256"},
}
# Calls that no arguments at hand satisfy, with the refusal that shows how far they come.
REFUSED: dict[str, type[Exception]] = {
    "VerifiedJWT.require": errors.InsufficientScope,
    "VerifyingKey.from_certificate": errors.InvalidKey,
    "VerifyingKey.from_ssh": errors.InvalidKey,
    "_native.verify_bytes": errors.InvalidSignature,
    "insecure.verify_bytes": errors.InvalidSignature,
}
# Methods of Python's protocols that take an argument of the caller's.
PROTOCOLS = ("__contains__", "__getitem__", "__eq__", "__or__", "__ror__")
ALLOWED = (errors.JOSEError, TypeError, ValueError, OverflowError, RecursionError, hostile.Explosion)


def callables() -> dict[str, Callable[..., object]]:
    """Every public callable: functions, constructors, and the methods of an object of each class."""
    found: dict[str, Callable[..., object]] = {}
    modules = {"": jwseal, "jws.": jws, "insecure.": insecure, "types.": types, "_native.": _native}
    for prefix, module in modules.items():
        names = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("__")]
        for name in names:
            public = getattr(module, name)
            if not isinstance(public, type):
                if inspect.isroutine(public):
                    found[prefix + name] = public
            elif module is not _native and public in OBJECTS:
                found |= of_class(public)
    return found


def of_class(public: type) -> dict[str, Callable[..., object]]:
    """The constructor and the methods of a class."""
    found: dict[str, Callable[..., object]] = {}
    for name in dir(public):
        if (not name.startswith("_") or name in PROTOCOLS) and callable(getattr(public, name)):
            found[f"{public.__name__}.{name}"] = getattr(OBJECTS[public], name)
    return {public.__name__: public, **found}


def parameters(name: str, target: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """What a callable takes; nothing for a class that callers cannot make."""
    if name.rpartition(".")[2] in PROTOCOLS:
        return {"operand": inspect.Parameter("operand", inspect.Parameter.POSITIONAL_ONLY)}
    if isinstance(target, type):
        target = {jwseal.Verifier: _native.Verifier, jwseal.Issuers: _native.Issuers}.get(target, target)
    try:
        return dict(inspect.signature(target).parameters)
    except ValueError:
        return {}


CALLABLES = callables()
ATTACKS = [(name, parameter) for name, target in CALLABLES.items() for parameter in parameters(name, target)]


def call(name: str, arguments: dict[str, object]) -> None:
    """Calls a target with these arguments and good ones for all else that it needs, and uses what it gives."""
    target = CALLABLES[name]
    positional, named = [], {}
    for parameter in parameters(name, target).values():
        if parameter.name in arguments:
            value = arguments[parameter.name]
        elif parameter.default is inspect.Parameter.empty:
            value = {**GOOD, **GOOD_FOR.get(name, {})}[parameter.name]
        else:
            continue
        if parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            positional.append(value)
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            named["issuer"] = value
        else:
            named[parameter.name] = value
    result = target(*positional, **named)
    if inspect.iscoroutine(result):
        with pytest.raises(StopIteration):
            result.send(None)
    elif inspect.isroutine(getattr(result, "__next__", None)):
        for _ in itertools.islice(result, 10):  # type: ignore[call-overload]
            pass
    elif isinstance(result, tuple(OBJECTS)):
        repr(result)


def test_the_table_has_every_class() -> None:
    """A new public class needs an object here, whose methods are attacked as well."""
    public = {getattr(module, name) for module in (jwseal, jws, insecure) for name in module.__all__}
    classes = {one for one in public if isinstance(one, type) and not issubclass(one, Exception)}
    assert set(OBJECTS) == classes | {types.CacheInfo}
    assert {
        "SigningKey",
        "SigningKey.from_pem",
        "jws.verify_json",
        "insecure.weak_secret",
        "bearer",
        "types.algorithm",
    } <= set(CALLABLES)
    assert len(ATTACKS) > 100


@pytest.mark.parametrize("name", [name for name in CALLABLES if parameters(name, CALLABLES[name])])
def test_good_arguments_are_good(name: str) -> None:
    """Each call works with the arguments that the attacks change one of; a parameter without a good value needs a row."""
    good = {"now": NOW} if "now" in parameters(name, CALLABLES[name]) else {}
    if name in REFUSED:
        with pytest.raises(REFUSED[name]):
            call(name, good)
    else:
        call(name, good)


@pytest.mark.parametrize(("name", "parameter"), ATTACKS, ids=lambda value: value)
def test_hostile_arguments(name: str, parameter: str) -> None:
    """A hostile argument gives a result or one of jwseal's exceptions, which holds nothing of a secret."""
    for what, value in hostile.values().items():
        judge(name, what, functools.partial(call, name, {parameter: value}))
    again = hostile.Reentrant(lambda value: call(name, {parameter: value}))
    judge(name, "an object that comes back", functools.partial(call, name, {parameter: again}))


def judge(name: str, what: str, attack: Callable[[], None]) -> None:
    """Runs an attack and looks at what it raised."""
    try:
        attack()
    except BaseException as error:
        raised = error
    else:
        return
    given = f"{name} given {what}: {type(raised).__name__}"
    if name.endswith(".__getitem__") and type(raised) is KeyError:
        # It holds the name that was asked for, as a dict's does.
        return
    if what in ("dict that grows", "mapping that grows") and type(raised) is RuntimeError:
        # As from a dict that changes while Python itself walks it.
        return
    assert isinstance(raised, ALLOWED), given
    assert not isinstance(raised, UnicodeError), given
    assert hostile.MARK not in hostile.reachable(raised), given


def test_no_bytes_are_compared_with_text() -> None:
    """`python -bb`, which makes every comparison of bytes with text an error, changes no answer."""
    code = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(hostile.__file__).parent)!r}]
import test_hostile_arguments
for name, parameter in test_hostile_arguments.ATTACKS:
    test_hostile_arguments.test_hostile_arguments(name, parameter)
sys.exit(42)
"""
    done = subprocess.run([sys.executable, "-bb", "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert 42 == done.returncode, done.stderr[-2000:]


def test_what_callbacks_return() -> None:
    """What an external signer, a progress callback or a file returns is judged as arguments are."""
    client = builtin_types.SimpleNamespace(alg="ES256", kid="a", verifying_key=PUBLIC, sign=MATERIAL.sign)
    key = jwseal.SigningKey.external(client)
    for what, value in hostile.values().items():
        client.sign = lambda _, value=value: value
        for attack in (
            lambda: jws.sign(b"x", key),
            lambda: jws.sign_json(b"x", key),
            lambda: jwseal.Signer(key).sign({}),
            lambda: insecure.sign_bytes(b"x", key),
        ):
            judge("external signer", what, attack)
        file = builtin_types.SimpleNamespace(read=lambda _, value=value: value)
        if not isinstance(value, bytes):
            judge("file", what, lambda file=file: jws.sign(file, secret(), detached=True))
        progress = lambda _, value=value: value  # noqa: E731
        judge(
            "progress", what, lambda progress=progress: list(VERIFIER.verify_iter([TOKEN], now=NOW, progress=progress))
        )


def test_moments_that_run_code() -> None:
    """A datetime whose zone makes the same call again is judged as other hostile arguments are."""

    class Zone(dt.tzinfo):
        def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
            return self.code()  # type: ignore[attr-defined]

    zone = Zone()
    moment = dt.datetime(2030, 1, 1, tzinfo=zone)
    for attack in (
        lambda: VERIFIER.verify(TOKEN, now=moment),
        lambda: jwseal.Signer(secret()).sign({"exp": moment}),
        lambda: jwseal.Signer(secret()).sign({}, now=moment),
    ):
        zone.code = attack  # type: ignore[attr-defined]
        with pytest.raises(RecursionError):
            attack()
        zone.code = lambda: hostile.MARK  # type: ignore[attr-defined]
        with pytest.raises((TypeError, errors.PolicyError), match="must return None or timedelta, not 'str'"):
            attack()


def test_a_buffer_that_changes_while_it_is_signed() -> None:
    """A payload that another owner can change is copied first, and cannot be resized meanwhile."""
    payload = bytearray(b"x" * (2 << 20))
    view = memoryview(payload)
    token = jws.sign(view, secret(), detached=True)
    jws.verify(token, secret(), payload=io.BytesIO(payload))
    with pytest.raises(BufferError):
        payload.clear()
