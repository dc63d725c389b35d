"""`JsonWebToken` and `jwt` of `jwseal.compat.authlib` beside Authlib's.

Each row is run against both; value or exception class must be the same.
"""

import datetime as dt
import json
import time
from typing import Any

import pytest

from authlib_pair import SECRET, agree, forged, layer, private_jwk, private_pem, public_jwk, public_pem

HS = {"alg": "HS256"}
NOW = int(time.time())


def token(claims: Any, header: dict[str, Any] | None = None) -> str:
    """An HS256 JWT made by neither library."""
    return forged({**HS, "typ": "JWT", **(header or {})}, claims)


# encode ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (HS, {"iss": "x"}),
        ({"alg": "HS256", "typ": "at+jwt"}, {"iss": "x", "aud": ["a", "b"], "n": {"d": [1, 2.5, None, "\u00e9"]}}),
        ({"alg": "HS256", "kid": "1"}, {}),
        ({"alg": "s"}, {}),
        ({}, {}),
        ({"alg": "none"}, {}),
        (HS, {"x": object()}),
        (HS, {"password": "x"}),
        (HS, {"secret_key": 1}),
        (HS, {"text": "4242424242424242"}),
        (HS, {"text": "123-45-6789"}),
        (HS, {"text": "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----"}),
        (HS, {"text": "harmless 1234"}),
        (HS, {"exp": dt.datetime(2030, 1, 1, tzinfo=dt.UTC), "iat": dt.datetime(2020, 1, 1, 12, 30, 5, 999)}),  # noqa: DTZ001
        (HS, {"nbf": dt.datetime(2030, 1, 1, 1, 0, 0, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=2)))}),
        (HS, {"exp": dt.datetime(1960, 1, 1, 0, 0, 0, 5, tzinfo=dt.UTC)}),
        (HS, {"other": dt.datetime(2030, 1, 1, tzinfo=dt.UTC)}),
    ],
)
def test_encoding(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """The same token, or the same refusal."""
    agree(lambda lib: lib.jwt.encode(dict(header), dict(claims), SECRET))
    agree(lambda lib: lib.jwt.encode(dict(header), dict(claims), SECRET, check=False))


@pytest.mark.parametrize(
    "key",
    [
        lambda lib: {**private_jwk("RS256"), "kid": "in the dict"},
        lambda lib: private_pem("RS256"),
        lambda lib: lib.RSAKey.import_key(private_pem("RS256"), {"kid": "in the options"}),
        lambda lib: lib.RSAKey.import_key(private_pem("RS256")),
        lambda lib: {"keys": [{**private_jwk("RS256"), "kid": "the only one"}]},
        lambda lib: {"keys": [{**private_jwk("RS256"), "kid": "abc"}, private_jwk("ES256")]},
        lambda lib: lib.KeySet([lib.RSAKey.import_key(private_pem("RS256"), {"kid": "abc"})]),
        lambda lib: lambda header, payload: private_pem("RS256"),
    ],
)
@pytest.mark.parametrize("kid", [None, "abc", "unknown"])
def test_the_key_and_its_kid(key: Any, kid: str | None) -> None:
    """Which key signs, and which kid the header gets."""

    def kid_of_token(lib: Any) -> Any:
        header = {"alg": "RS256", "kid": kid} if kid else {"alg": "RS256"}
        made = lib.jwt.encode(header, {"a": 1}, key(lib))
        return layer.jwt.decode(made, public_pem("RS256")).header.get("kid")

    if kid or not isinstance(key(layer), dict) or len(key(layer).get("keys", "x")) == 1:
        agree(kid_of_token)


# decode ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        token({"a": 1}),
        token({"a": 1}).encode(),
        token({}),
        token([]),
        token(1),
        token(b"no JSON"),
        token(b"\xff"),
        token({"a": 1}, {"alg": "s"}),
        token({"a": 1}, {"alg": "none"}),
        token({"a": 1}, {"alg": "RS256"}),
        "a",
        "a.b",
        "a.b.c.d",
        "",
        json.dumps({"a": 1}),
    ],
)
def test_decoding(value: Any) -> None:
    """Every token and non-token gets the same claims, header or error class."""
    agree(lambda lib: lib.jwt.decode(value, SECRET))
    agree(lambda lib: lib.jwt.decode(value, SECRET).header)


def test_a_forgery_is_refused() -> None:
    """A changed signature is Authlib's BadSignatureError or DecodeError."""
    for value in (token({"a": 1})[:-4] + "AAAA", token({"a": 1}) + "A"):
        agree(lambda lib, v=value: lib.jwt.decode(v, SECRET))


@pytest.mark.parametrize(
    "key",
    [
        lambda lib: public_pem("RS256"),
        lambda lib: public_jwk("RS256"),
        lambda lib: json.dumps(public_jwk("RS256")),
        lambda lib: {"keys": [{**public_jwk("RS256"), "kid": "abc"}]},
        lambda lib: {"keys": [{**public_jwk("ES256"), "kid": "x"}, {**public_jwk("RS256"), "kid": "abc"}]},
        lambda lib: [{**public_jwk("RS256"), "kid": "abc"}],
        lambda lib: ({**public_jwk("RS256"), "kid": "abc"},),
        lambda lib: json.dumps({"keys": [{**public_jwk("RS256"), "kid": "abc"}]}),
        lambda lib: lib.JsonWebKey.import_key_set([{**public_jwk("RS256"), "kid": "abc"}]),
        lambda lib: lib.JsonWebKey.import_key_set(
            [{**public_jwk("ES256"), "kid": "x"}, {**public_jwk("RS256"), "kid": "abc"}]
        ),
        lambda lib: lambda header, payload: public_pem("RS256") if payload["iss"] == "me" else None,
        lambda lib: {"keys": []},
        lambda lib: "{broken}",
    ],
)
@pytest.mark.parametrize("kid", [None, "abc", "unknown"])
def test_keys_for_decoding(key: Any, kid: str | None) -> None:
    """Sets are searched by kid; without one the only key is taken; a callable sees decoded claims."""
    header = {"alg": "RS256", "kid": kid} if kid else {"alg": "RS256"}
    made = layer.jwt.encode(header, {"iss": "me"}, private_pem("RS256"))
    agree(lambda lib: lib.jwt.decode(made, key(lib)))


@pytest.mark.parametrize("algorithms", [["HS256"], ["RS256"], [], ("HS256",)])
def test_the_algorithms_of_an_instance(algorithms: Any) -> None:
    """A JsonWebToken uses its own list of algorithms."""
    agree(lambda lib: lib.JsonWebToken(algorithms).encode(dict(HS), {}, SECRET))
    agree(lambda lib: lib.JsonWebToken(algorithms).decode(token({}), SECRET))


def test_private_headers_of_an_instance() -> None:
    """A JsonWebToken uses its own private headers."""
    agree(lambda lib: lib.JsonWebToken(["HS256"], private_headers=[]).encode({**HS, "x": 1}, {}, SECRET))
    agree(lambda lib: lib.JsonWebToken(["HS256"], private_headers=["x"]).encode({**HS, "x": 1}, {}, SECRET))
