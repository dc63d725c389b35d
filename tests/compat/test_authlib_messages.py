"""What the errors of `jwseal.compat.authlib` say and hold: printable names, causes a person can act on, and nothing secret."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

import jwseal
from authlib_pair import SECRET, b64, flattened, forged, layer, private_jwk, private_pem

errors = layer.errors
JWS = layer.JsonWebSignature()
HS = {"alg": "HS256"}


def refusal(call: Callable[[], Any]) -> layer.JoseError:
    """The error of a call that must be refused."""
    with pytest.raises(layer.JoseError) as caught:
        call()
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error with every cause and context behind it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# Names in messages --------------------------------------------------------------------------------------------------------------------

UNPRINTABLE = ["line\nbreak", "\x1b[31mred", "\u202egnirts", "bell\x07", "\u2028", "a\rb", "\x9b2J"]


@pytest.mark.parametrize("name", UNPRINTABLE, ids=ascii)
def test_a_header_name_cannot_control_the_terminal(name: str) -> None:
    """Names from a token are escaped in every message, whichever rule refuses them."""
    strict = layer.JsonWebSignature(private_headers=["x"])
    for call in (
        lambda: JWS.deserialize_compact(forged({**HS, "crit": [name], name: 1}), SECRET),
        lambda: JWS.deserialize_compact(forged({**HS, name: 1, "kid": 5}), SECRET),
        lambda: JWS.deserialize_json(flattened({**HS, name: 1}, {name: 1}), SECRET),
        lambda: strict.serialize_compact({**HS, name: 1}, b"", SECRET),
        lambda: JWS.serialize_json({"protected": {**HS, name: 1}, "header": {name: 1}}, b"", SECRET),
        lambda: layer.jwt.decode(
            layer.jwt.encode(HS, {}, SECRET), SECRET, None, {name: {"essential": True}}
        ).validate(),
        lambda: layer.JWTClaims({name: 1}, HS, {name: {"value": 2}}).validate(),
        lambda: layer.JWTClaims({name: 1}, HS, {name: {"vaule": 2}}).validate(),
    ):
        error = refusal(call)
        for text in (str(error), repr(error), error.description, *map(str, error.args)):
            assert text.isprintable(), text


def test_a_printable_name_is_shown_as_it_is_and_a_long_one_is_cut() -> None:
    """Ordinary names keep Authlib's text; a message holds at most 100 characters of a name."""
    strict = layer.JsonWebSignature(private_headers=[])
    error = refusal(lambda: strict.serialize_compact({**HS, "pr\u00e9nom": 1}, b"", SECRET))
    assert error.description == "Invalid Header Parameter Name: pr\u00e9nom"
    error = refusal(lambda: strict.serialize_compact({**HS, "x" * 3000: 1}, b"", SECRET))
    assert error.description == "Invalid Header Parameter Name: " + "x" * 100 + "..."


# Nothing secret ------------------------------------------------------------------------------------------------------------------------

NEEDLE = "N33dleInTheHaystack"
BROKEN_KEYS: dict[str, Callable[[], Any]] = {
    "secret with a lone surrogate": lambda: JWS.serialize_compact(HS, b"", NEEDLE + "\ud800"),
    "password with a lone surrogate": lambda: layer.RSAKey.import_key(
        private_pem("RS256", b"pw"), {"password": NEEDLE + "\ud800"}
    ),
    "wrong password": lambda: layer.RSAKey.import_key(private_pem("RS256", b"pw"), {"password": NEEDLE}),
    "export password with a lone surrogate": lambda: layer.RSAKey.import_key(private_pem("RS256")).as_pem(
        is_private=True, password=NEEDLE + "\ud800"
    ),
    "k with a lone surrogate": lambda: JWS.serialize_compact(HS, b"", {"kty": "oct", "k": NEEDLE + "\ud800"}),
    "k that is no base64url": lambda: JWS.serialize_compact(HS, b"", {"kty": "oct", "k": NEEDLE + "!"}),
    "d with a lone surrogate": lambda: JWS.serialize_compact(
        {"alg": "RS256"}, b"", {**private_jwk("RS256"), "d": NEEDLE + "\ud800"}
    ),
    "d that is no base64url": lambda: JWS.serialize_compact(
        {"alg": "ES256"}, b"", {**private_jwk("ES256"), "d": NEEDLE + "!"}
    ),
    "d of another key": lambda: JWS.serialize_compact(
        {"alg": "ES256"}, b"", {**private_jwk("ES256"), "d": b64(NEEDLE.encode().ljust(32))}
    ),
    "broken JWK text": lambda: layer.jwt.decode(forged(HS, {}), '{"kty":"oct","k":"' + NEEDLE + '"}}'),
    "broken JWK Set text": lambda: layer.JsonWebKey.import_key_set('{"keys":[{"k":"' + NEEDLE + '"]}'),
    "PEM with broken base64": lambda: layer.RSAKey.import_key(
        f"-----BEGIN PRIVATE KEY-----\n{NEEDLE}\n-----END PRIVATE KEY-----"
    ),
    "PEM with a lone surrogate": lambda: layer.RSAKey.import_key(f"-----BEGIN PRIVATE KEY-----\n{NEEDLE}\ud800"),
    "key text as a secret": lambda: JWS.serialize_compact(HS, b"", f"-----BEGIN PRIVATE KEY-----\n{NEEDLE}"),
    "header that is no JSON": lambda: JWS.deserialize_compact(forged(f'{{"alg":"HS256" {NEEDLE}'.encode()), SECRET),
    "header that is no UTF-8": lambda: JWS.deserialize_compact(forged(b"\xff" + NEEDLE.encode()), SECRET),
    "payload that is no JSON": lambda: layer.jwt.decode(forged(HS, NEEDLE.encode()), SECRET),
    "payload that is no UTF-8": lambda: layer.jwt.decode(forged(HS, b'"\xff' + NEEDLE.encode()), SECRET),
    "payload with a duplicate": lambda: layer.jwt.decode(forged(HS, b'{"a":1,"a":"%s"}' % NEEDLE.encode()), SECRET),
    "token with a lone surrogate": lambda: JWS.deserialize_compact(NEEDLE + "\ud800", SECRET),
    "JSON form that is no JSON": lambda: JWS.deserialize_json('{"payload":' + NEEDLE, SECRET),
    "JSON form with a lone surrogate": lambda: JWS.deserialize_json(
        {**flattened(HS), "payload": NEEDLE + "\ud800"}, SECRET
    ),
    "claims with a lone surrogate": lambda: layer.jwt.encode(HS, {"a": NEEDLE + "\ud800"}, SECRET),
    "payload with a lone surrogate": lambda: JWS.serialize_compact(HS, NEEDLE + "\ud800", SECRET),
}


@pytest.mark.parametrize("call", BROKEN_KEYS.values(), ids=BROKEN_KEYS)
def test_no_error_holds_the_material(call: Callable[[], Any]) -> None:
    """Neither the error nor any cause or context of it has key material, a password or token text in a message or attribute."""
    for error in chain(refusal(call)):
        held = [*error.args, *vars(error).values(), getattr(error, "object", ""), getattr(error, "doc", ""), str(error)]
        assert NEEDLE not in repr(held), type(error)
        assert NEEDLE.encode() not in b"".join(value for value in held if isinstance(value, bytes))


def test_a_key_object_that_cannot_be_exported_is_named() -> None:
    """A KMS object that tells not even its public key gets a sentence with the call to make instead."""

    class Remote:
        def public_key(self) -> Any:
            raise NotImplementedError

    rsa.RSAPrivateKey.register(Remote)
    error = refusal(lambda: JWS.serialize_compact({"alg": "RS256"}, b"", Remote()))
    assert isinstance(error, errors.InvalidKeyError)
    assert "jwseal.SigningKey.external" in str(error)


# No token, no key ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", b"", "null", "Bearer", "Bearer ", [], 0, False], ids=repr)
@pytest.mark.parametrize("reader", [JWS.deserialize_compact, JWS.deserialize_json, JWS.deserialize, layer.jwt.decode])
def test_an_absent_token_is_malformed_and_not_missing(reader: Any, token: Any) -> None:
    """The layer never raises MissingToken: its callers gave it something to decode."""
    error = refusal(lambda: reader(token, SECRET))
    assert error.code == "malformed_token"


def test_no_error_of_the_layer_is_a_missing_token() -> None:
    """No class of the layer's errors has the code of MissingToken."""
    classes = [
        value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, layer.JoseError)
    ]
    assert len(classes) > 25
    assert "missing_token" not in {kind.code for kind in classes}


# What subclasses override ---------------------------------------------------------------------------------------------------------------


def test_a_method_that_authlib_calls_is_called() -> None:
    """A subclass that refuses more, by a method or class attribute that Authlib uses, refuses here as well."""

    class Strict(layer.JsonWebSignature):
        def _prepare_algorithm_key(self, header: Any, payload: Any, key: Any) -> Any:
            if header.get("typ") != "JWT":
                raise errors.UnsupportedAlgorithmError
            return super()._prepare_algorithm_key(header, payload, key)

        def _validate_crit_headers(self, header: Any) -> None:
            if "x" in header:
                raise errors.InvalidHeaderParameterNameError("x")

    class Fewer(layer.JsonWebSignature):
        ALGORITHMS_REGISTRY = {"HS512": layer.JsonWebSignature.ALGORITHMS_REGISTRY["HS512"]}  # noqa: RUF012

    class Shorter(layer.JsonWebSignature):
        MAX_CONTENT_LENGTH = 60

    jws = Strict()
    assert jws.deserialize_compact(forged({**HS, "typ": "JWT"}), SECRET)["payload"] == b"hello"
    for read, token in ((jws.deserialize_compact, forged), (jws.deserialize_json, flattened)):
        assert isinstance(
            refusal(lambda read=read, token=token: read(token(HS), SECRET)), errors.UnsupportedAlgorithmError
        )
        refused = refusal(lambda read=read, token=token: read(token({**HS, "typ": "JWT", "x": 1}), SECRET))
        assert isinstance(refused, errors.InvalidHeaderParameterNameError)
    assert isinstance(
        refusal(lambda: Fewer().deserialize_compact(forged(HS), SECRET)), errors.UnsupportedAlgorithmError
    )
    assert isinstance(refusal(lambda: Shorter().deserialize_compact(forged(HS), SECRET)), errors.TooLongError)


def test_a_method_replaced_on_an_instance_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing `find_by_kid`, a claims method or `check_key_op` later takes effect."""

    def refuse(*_args: Any, **_options: Any) -> Any:
        raise errors.InvalidUseError

    for owner, name in (
        (layer.KeySet, "find_by_kid"),
        (layer.OctKey, "check_key_op"),
        (layer.JWTClaims, "_validate_claim_value"),
    ):
        keys = layer.KeySet([layer.OctKey.import_key(SECRET, {"kid": "a"})])
        token = layer.jwt.encode({**HS, "kid": "a"}, {"iss": "i"}, keys)
        layer.jwt.decode(token, keys).validate()
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, refuse)
            assert isinstance(refusal(lambda: layer.jwt.decode(token, keys).validate()), errors.InvalidUseError)  # noqa: B023


def test_a_method_that_is_not_called_cannot_be_overridden() -> None:
    """A subclass that overrides what this layer does not call is refused when it is defined, not ignored."""
    with pytest.raises(TypeError, match=r"jwseal\.SigningKey\.external"):
        type("Own", (layer.RSAKey,), {"get_op_key": lambda self, operation: None})
    with pytest.raises(TypeError, match="deserialize_json"):
        type("Own", (layer.JsonWebSignature,), {"_validate_json_jws": lambda self, *args: None})


@given(st.sampled_from(UNPRINTABLE), st.integers(0, 200))
def test_every_name_is_one_printable_line(name: str, length: int) -> None:
    """Whatever a name holds, its form in messages is printable and bounded."""
    shown = errors.printable(name * length)
    assert shown.isprintable()
    assert len(shown) <= 100 * 10 + 3


def test_the_layer_and_the_native_api_refuse_the_same_forgery() -> None:
    """The error of a forgery is an InvalidSignature for code that catches jwseal's own errors."""
    token = forged(HS, b"{}", b"another secret of more than thirty-two bytes")
    assert isinstance(refusal(lambda: layer.jwt.decode(token, SECRET)), jwseal.InvalidSignature)
