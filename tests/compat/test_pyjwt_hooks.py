"""What is replaced in `jwseal.compat.pyjwt` is called: subclasses, mocks, monkeypatches on classes, objects and algorithm objects.

Real PyJWT is asked first: the same calls, with the same arguments, in the same order, must be seen here. So a step that is overridden
to refuse a token refuses it, whenever it was overridden.
"""

import inspect
import subprocess
import sys
import time
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import freezegun
import pytest
import time_machine

import pyjwt_pair as pair
from pyjwt_pair import SECRET, agree, layer, real
from test_pyjwt import NOW, forged, token

CLAIMS = {"iss": "i", "aud": "a", "sub": "s", "jti": "j", "exp": NOW + 3600, "nbf": NOW - 9, "iat": NOW - 9}
DETACHED = real.PyJWS().encode(b'{"a":1}', SECRET, headers={"b64": False})
EDDSA = real.encode(CLAIMS, pair.private_key("EdDSA"), algorithm="EdDSA", headers={"kid": "k"})
RS256 = real.encode(CLAIMS, pair.private_key("RS256"), algorithm="RS256", headers={"kid": "k"})
EXPECTED = {"audience": "a", "issuer": "i"}

CALLS: dict[str, Callable[[Any], Any]] = {
    "decode": lambda jwt: jwt.decode(EDDSA, pair.public_pem("EdDSA"), algorithms=["EdDSA"], **EXPECTED),
    "decode, RSA": lambda jwt: jwt.decode(RS256, pair.public_pem("RS256"), algorithms=["RS256"], **EXPECTED),
    "decode, secret": lambda jwt: jwt.decode(token(CLAIMS, kid="k"), SECRET, algorithms=["HS256"], **EXPECTED),
    "decode, object": lambda jwt: jwt.decode(EDDSA, pair.private_key("EdDSA").public_key(), ["EdDSA"], **EXPECTED),
    "decode, all arguments": lambda jwt: jwt.decode(
        EDDSA,
        pair.public_pem("EdDSA"),
        ["EdDSA"],
        {"require": ["exp"], "strict_aud": True},
        subject="s",
        leeway=1,
        **EXPECTED,
    ),
    "decode_complete": lambda jwt: jwt.decode_complete(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], **EXPECTED),
    "not verified": lambda jwt: jwt.decode(EDDSA, options={"verify_signature": False}),
    "detached": lambda jwt: jwt.decode(DETACHED, SECRET, ["HS256"], detached_payload=b'{"a":1}'),
    "another instance": lambda jwt: jwt.PyJWT({"verify_aud": False}).decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"]),
    "encode": lambda jwt: jwt.encode(CLAIMS, SECRET, headers={"kid": "k"}),
    "encode, key pair": lambda jwt: jwt.encode(CLAIMS, pair.private_pem("EdDSA"), algorithm="EdDSA"),
    "PyJWS": lambda jwt: jwt.PyJWS().decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"]),
    "header": lambda jwt: jwt.get_unverified_header(EDDSA),
    "expired": lambda jwt: jwt.decode(token({"exp": 1}), SECRET, ["HS256"]),
    "forged": lambda jwt: jwt.decode(EDDSA[:-4] + "AAAA", pair.public_pem("EdDSA"), ["EdDSA"]),
    "crit": lambda jwt: jwt.decode(token({}, crit=["b64"], b64=True), SECRET, ["HS256"]),
}
WATCHED = {
    "PyJWT": [name for name, value in vars(real.PyJWT).items() if callable(value) or isinstance(value, staticmethod)],
    "PyJWS": [name for name, value in vars(real.PyJWS).items() if callable(value) or isinstance(value, staticmethod)],
    "algorithms.HMACAlgorithm": ["prepare_key", "check_key_length", "sign", "verify"],
    "algorithms.RSAAlgorithm": ["prepare_key", "check_key_length", "sign", "verify"],
    "algorithms.OKPAlgorithm": ["prepare_key", "sign", "verify"],
}


def owner(jwt: Any, path: str) -> Any:
    """The class of this name in the module."""
    for name in path.split("."):
        jwt = getattr(jwt, name)
    return jwt


@contextmanager
def watched(jwt: Any, seen: list[Any]) -> Iterator[None]:
    """Replace every method of `WATCHED` on its class by one that records its call and goes on."""
    with pytest.MonkeyPatch.context() as patch:
        for path, names in WATCHED.items():
            for name in names:
                recorder = recording(inspect.getattr_static(owner(jwt, path), name), f"{path}.{name}", seen)
                patch.setattr(owner(jwt, path), name, recorder)
        yield


def recording(original: Any, label: str, seen: list[Any]) -> Any:
    """The method, recording its label, how many arguments came by position, and the names of the others."""
    call = original.__func__ if isinstance(original, staticmethod) else original

    def record(*arguments: Any, **named: Any) -> Any:
        seen.append((label, len(arguments), sorted(named)))
        return call(*arguments, **named)

    return staticmethod(record) if isinstance(original, staticmethod) else record


@pytest.mark.parametrize("row", CALLS)
def test_the_same_methods_are_called_in_the_same_order(row: str) -> None:
    """Every method of PyJWT's classes is called when PyJWT calls it, with arguments given the same way."""
    traces: list[list[Any]] = []
    for jwt in (real, layer, layer):
        traces.append([])
        with watched(jwt, traces[-1]):
            pair.answer(jwt, CALLS[row])
    assert traces[0] == traces[1]
    # Nor does anything that was remembered at the first call spare a step of the second.
    assert traces[0] == traces[2]
    assert traces[0]


def steps_of_the_common_call() -> list[str]:
    """What real PyJWT calls for it."""
    seen: list[Any] = []
    with watched(real, seen):
        CALLS["decode"](real)
    return sorted({label for label, _, _ in seen} - {"PyJWT.decode"})


STEPS = steps_of_the_common_call()


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("where", ["class", "object", "mock"])
def test_a_step_that_is_replaced_to_refuse_refuses(path: str, where: str) -> None:
    """A method replaced after the class was made, on the class, on one object or by a mock, decides the commonest call."""
    kind, _, name = path.rpartition(".")

    def refused(jwt: Any) -> Any:
        def refuse(*_arguments: Any, **_named: Any) -> None:
            raise jwt.InvalidTokenError(path)

        made = jwt.api_jwt._jwt_global_obj
        holders = {"PyJWT": made, "PyJWS": made._jws}
        holder = holders.get(kind) or made._jws.get_algorithm_by_name("EdDSA")
        call = lambda: CALLS["decode"](jwt)  # noqa: E731
        assert call() == CLAIMS
        with pytest.MonkeyPatch.context() as patch:
            if where == "mock":
                patch.setattr(owner(jwt, kind), name, mock.Mock(side_effect=jwt.InvalidTokenError(path)))
            else:
                patch.setattr(holder if where == "object" else owner(jwt, kind), name, refuse)
            with pytest.raises(jwt.InvalidTokenError, match=path):
                call()
        return call()

    assert agree(refused)[0] == "value"


def python_calls(call: Callable[[], Any]) -> list[str]:
    """The names of the Python functions of the layer and of this file that a call runs."""
    names: list[str] = []

    def profile(frame: Any, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and ("jwseal" in code.co_filename or code.co_filename == __file__):
            names.append(code.co_name)

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return [name for name in names if name not in ("<lambda>", "python_calls")]


@pytest.mark.parametrize("row", ["EdDSA", "RS256"])
def test_there_is_one_way_through_the_steps(row: str) -> None:
    """The module's object, another one and a subclass go the same way; no Python function is called but what is replaced."""
    arguments = ({"EdDSA": EDDSA, "RS256": RS256}[row], pair.public_pem(row), [row])

    class Strict(layer.PyJWT):
        def _validate_jti(self, payload: dict[str, Any]) -> None:
            super()._validate_jti(payload)

    strict = Strict()
    strict.decode(*arguments, **EXPECTED)
    assert [] == python_calls(lambda: layer.decode(*arguments, **EXPECTED))
    another = layer.PyJWT({"verify_sub": False})
    assert [] == python_calls(lambda: another.decode(*arguments, **EXPECTED))
    assert [] == python_calls(lambda: another.decode_complete(*arguments, leeway=1, **EXPECTED))
    assert ["_validate_jti"] == python_calls(lambda: strict.decode(*arguments, **EXPECTED))


@pytest.mark.parametrize("name", ["_validate_jti", "_merge_options", "decode_complete"])
def test_a_class_with_a_lookup_of_its_own(name: str) -> None:
    """A step that `__getattribute__` of a subclass puts in the place of PyJWT's is called."""

    def refused(jwt: Any) -> Any:
        def refuse(*_arguments: Any, **_named: Any) -> None:
            raise jwt.InvalidTokenError(name)

        class Own(jwt.PyJWT):  # type: ignore[misc]
            def __getattribute__(self, attribute: str) -> Any:
                return refuse if attribute == name else super().__getattribute__(attribute)

        return Own().decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], **EXPECTED)

    assert agree(refused) == ("error", "InvalidTokenError", name)


@pytest.mark.parametrize("name", ["_validate_claims", "_validate_iss", "_decode_payload", "_merge_options"])
def test_a_step_that_decodes_without_end(name: str) -> None:
    """A replaced step that calls `decode` again, without end, raises RecursionError."""

    def endless(jwt: Any) -> Any:
        kind = type("Endless", (jwt.PyJWT,), {name: lambda self, *_arguments, **_named: decode(self)})

        def decode(made: Any) -> Any:
            return made.decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], **EXPECTED)

        return decode(kind())

    assert agree(endless, sentence=False)[1] == "RecursionError"


def test_an_issuer_that_decodes_without_end() -> None:
    """A container that calls `decode` again when it is asked raises RecursionError."""

    def endless(jwt: Any) -> Any:
        class Container:
            def __contains__(self, item: object) -> bool:
                return bool(jwt.decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], audience="a", issuer=self))

        return "i" in Container()

    assert agree(endless, sentence=False)[1] == "RecursionError"


def test_an_argument_that_decodes_without_end_on_a_small_stack() -> None:
    """Names of algorithms that call `decode` again, when they are asked, raise RecursionError before a small stack is full."""
    # CPython 3.11 stops at 1,000 calls. Later versions count otherwise, and allow what takes up to 2 MiB here.
    size = 768 << 10 if sys.version_info < (3, 12) else 4 << 20
    program = f"""
import threading
import jwseal.compat.pyjwt as jwt

class Names:
    def __contains__(self, name):
        return bool(jwt.decode(token, "s" * 32, self))

def endless():
    try:
        "HS256" in Names()
    except RecursionError:
        print("refused")

token = jwt.encode({{}}, "s" * 32)
threading.stack_size({size})
thread = threading.Thread(target=endless)
thread.start()
thread.join()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "refused\n")


def test_a_replaced_step_of_an_object_whose_attributes_cannot_be_listed() -> None:
    """A step that was replaced on an object is called, though its class does not show the object's attributes."""

    def refused(jwt: Any) -> Any:
        def refuse(*_arguments: Any, **_named: Any) -> None:
            raise jwt.InvalidTokenError("replaced")

        def hidden(_made: Any) -> None:
            raise RuntimeError("hidden")

        made = type("Closed", (jwt.PyJWT,), {"__dict__": property(hidden)})()
        made._validate_exp = refuse
        return made.decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], **EXPECTED)

    assert agree(refused) == ("error", "InvalidTokenError", "replaced")


def test_claims_that_are_no_dict() -> None:
    """What a replaced `_decode_payload` returns need not be a dict: its members are judged all the same."""

    def mapped(jwt: Any, **claims: Any) -> Any:
        kind = type("Mapped", (jwt.PyJWT,), {"_decode_payload": lambda self, decoded: UserDict(claims)})
        return kind().decode(EDDSA, pair.public_pem("EdDSA"), ["EdDSA"], {"require": ["exp"]}, **EXPECTED)

    assert agree(lambda jwt: dict(mapped(jwt, **CLAIMS)))[0] == "value"
    assert agree(lambda jwt: mapped(jwt, **{**CLAIMS, "exp": 1}))[1] == "ExpiredSignatureError"
    assert agree(lambda jwt: mapped(jwt, **{**CLAIMS, "aud": "b"}))[1] == "InvalidAudienceError"
    assert agree(lambda jwt: mapped(jwt, iss="i", aud="a"))[1] == "MissingRequiredClaimError"


@pytest.mark.parametrize("name", ["_validate_iss", "_validate_claims"])
def test_a_rule_of_the_module_that_is_replaced_is_called(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`jwt.decode` of the module goes by the rules that its class has at the call."""
    call = lambda: layer.decode(EDDSA, pair.public_pem("EdDSA"), algorithms=["EdDSA"], **EXPECTED)  # noqa: E731
    assert call() == CLAIMS
    monkeypatch.setattr(layer.PyJWT, name, mock.Mock(side_effect=layer.InvalidIssuerError("tenant")))
    with pytest.raises(layer.InvalidIssuerError, match="tenant") as caught:
        call()
    assert caught.value.code == "claim_mismatch"


def test_options_that_are_merged_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """`_merge_options` and `_get_default_options` overridden in a subclass, and replaced later, set the options of each call."""
    expired, missing = token({"exp": 1}), token({"sub": "s"})

    def strict(jwt: Any) -> Any:
        class Strict(jwt.PyJWT):  # type: ignore[misc]
            @staticmethod
            def _get_default_options() -> Any:
                return {**jwt.PyJWT._get_default_options(), "require": ["exp"]}

        return Strict().decode(missing, SECRET, ["HS256"])

    assert agree(strict)[1] == "MissingRequiredClaimError"

    def lax(jwt: Any) -> Any:
        original = jwt.PyJWT._merge_options
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                jwt.PyJWT, "_merge_options", lambda self, options=None: {**original(self, options), "verify_exp": False}
            )
            return jwt.decode(expired, SECRET, ["HS256"])

    assert agree(lax)[0] == "value"
    assert agree(lambda jwt: jwt.decode(expired, SECRET, ["HS256"]))[1] == "ExpiredSignatureError"


def test_options_of_an_object_that_are_changed() -> None:
    """The options of an object, and those of the module's, hold as they are at the call."""

    for changes, expected in (
        ({"verify_exp": False}, "value"),
        ({"require": ["x"]}, "MissingRequiredClaimError"),
        ({"strict_aud": True}, "value"),
    ):

        def changed(jwt: Any, changes: dict[str, Any] = changes) -> Any:
            with mock.patch.dict(jwt.api_jwt._jwt_global_obj.options, changes):
                return CALLS["decode"](jwt), jwt.decode(token({"exp": NOW + 3600}), SECRET, ["HS256"])

        assert expected in agree(changed)


def test_the_clock_of_the_module() -> None:
    """Code that replaces `datetime` in `api_jwt`, as PyJWT's users do, moves the clock by which claims are judged."""

    def later(jwt: Any) -> Any:
        with mock.patch.object(jwt.api_jwt, "datetime") as clock:
            clock.now.return_value.timestamp.return_value = time.time() + 7200
            return CALLS["decode"](jwt)

    assert agree(later)[1] == "ExpiredSignatureError"


def test_a_clock_that_pyjwt_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyJWT does not read `time.time`: replacing it makes no expired token valid, and no valid one expired."""
    expired = real.encode({**CLAIMS, "exp": NOW - 60}, pair.private_key("EdDSA"), algorithm="EdDSA")
    for seconds in (0, -3600, 7200):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: NOW + seconds)
        assert agree(CALLS["decode"])[0] == "value"
        again = agree(lambda jwt: jwt.decode(expired, pair.public_pem("EdDSA"), algorithms=["EdDSA"], **EXPECTED))
        assert again[1] == "ExpiredSignatureError"


def test_a_payload_that_a_subclass_decodes_is_what_is_judged() -> None:
    """What `_decode_payload` returns is judged and returned, and not what the token holds."""

    def replaced(jwt: Any) -> Any:
        with mock.patch.object(jwt.PyJWT, "_decode_payload", return_value={"exp": 1}):
            return CALLS["decode"](jwt)

    assert agree(replaced)[1] == "ExpiredSignatureError"


def test_an_algorithm_object_that_is_put_into_the_table() -> None:
    """An object put into `_algorithms`, past `register_algorithm`, is the one that is asked."""

    def own(jwt: Any) -> Any:
        class Never(jwt.algorithms.OKPAlgorithm):  # type: ignore[misc]
            def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
                return False

        with mock.patch.dict(jwt.api_jws._jws_global_obj._algorithms, {"EdDSA": Never()}):
            return CALLS["decode"](jwt)

    assert agree(own)[1] == "InvalidSignatureError"


def test_supported_extensions_of_a_subclass() -> None:
    """`_supported_crit` of a subclass says which extensions `crit` may name."""
    extended = forged({"alg": "HS256", "crit": ["x"], "x": 1}, {})

    def understands(jwt: Any) -> Any:
        kind = type("Extended", (jwt.PyJWS,), {"_supported_crit": {"b64", "x"}})
        return kind().decode(extended, SECRET, ["HS256"])

    assert agree(understands)[0] == "value"

    def nothing(jwt: Any) -> Any:
        critical = real.encode({}, pair.private_key("EdDSA"), algorithm="EdDSA", headers={"crit": ["b64"], "b64": True})
        with mock.patch.object(jwt.PyJWS, "_supported_crit", set()):
            return jwt.decode(critical, pair.public_pem("EdDSA"), algorithms=["EdDSA"])

    agree(nothing)
    assert agree(lambda jwt: jwt.PyJWS().decode(extended, SECRET, ["HS256"]))[1] == "InvalidTokenError"


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_clock_that_is_moved_moves_decode(year: int) -> None:
    """time-machine and freezegun, which change Python's clocks in different ways, both move the time by which claims are judged."""
    timed = token({"exp": NOW})
    moved = f"{year}-01-02T00:00:00Z"
    expected = "value" if year == 1970 else "error"
    with time_machine.travel(moved):
        assert agree(lambda jwt: jwt.decode(timed, SECRET, ["HS256"]))[0] == expected
    with freezegun.freeze_time(moved):
        assert agree(lambda jwt: jwt.decode(timed, SECRET, ["HS256"]))[0] == expected
