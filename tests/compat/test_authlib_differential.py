"""Any token under any key argument: what Authlib refuses, `jwseal.compat.authlib` refuses, apart from what it documents to accept.

Headers, JSON forms, algorithms and key arguments are drawn at random; tokens are signed with the keys of the run, so that most of what is
wrong with a case is not its signature.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authlib_pair import (
    SECRET,
    answer,
    b64,
    layer,
    private_jwk,
    private_key,
    private_pem,
    public_der,
    public_jwk,
    public_pem,
    public_ssh,
    real,
)
from jwseal.insecure import sign_bytes

ALGS = ["HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA"]
SECRET_JWK = {"kty": "oct", "k": b64(SECRET)}
ODD = st.sampled_from(
    [None, 5, "", "a", "b", [], {}, True, "JWT", ["x"], ["exp"], ["alg"], ["x", "x"], ["b64"], "HS256"]
)
NAMES = st.sampled_from(["kid", "typ", "crit", "x", "jwk", "b64", "x5c", "cty", "jku", "x5t", "enc", "zip"])
KIDS = st.sampled_from(["a", "b", None])
MEMBERS = st.sampled_from(["use", "key_ops", "alg", "kty", "kid"])
VALUES = st.sampled_from(
    [None, "sig", "enc", "", 5, ["verify"], ["sign"], [], "verify", {"verify": 1}, "RSA", "oct", "HS256", "a"]
)


def materials(alg: str) -> st.SearchStrategy[Any]:
    """Key material for an algorithm, in one of its forms."""
    if alg.startswith("HS"):
        plain: list[Any] = [SECRET, SECRET.decode(), SECRET_JWK]
    else:
        key = private_key(alg)
        plain = [public_pem(alg), private_pem(alg).decode(), public_ssh(alg), public_der(alg), key, key.public_key()]
        plain += [public_jwk(alg), private_jwk(alg)]
    return st.sampled_from(plain).flatmap(odd_jwk)


def odd_jwk(material: Any) -> st.SearchStrategy[Any]:
    """A JWK with some parameters of odd values; other material as it is."""
    if not isinstance(material, dict):
        return st.just(material)
    return st.dictionaries(MEMBERS, VALUES, max_size=2).map(lambda odd: {**material, **odd})


@st.composite
def keys(draw: st.DrawFn, alg: str) -> Callable[[Any], Any]:
    """A function that makes the same key argument with either library."""
    algs = draw(st.lists(st.just(alg) | st.sampled_from(ALGS), min_size=1, max_size=3))
    found = [draw(materials(name)) for name in algs]
    kids = [draw(KIDS) for _ in found]
    named = [{**m, "kid": k} if k and isinstance(m, dict) else m for m, k in zip(found, kids, strict=True)]
    form = draw(st.sampled_from(["raw", "callable", "set", "list", "KeySet", "Key", "text"]))

    def make(lib: Any) -> Any:
        if form == "callable":
            return lambda _header, _payload: named[0]
        if form in ("set", "list"):
            return {"keys": named} if form == "set" else named
        if form == "KeySet":
            return lib.KeySet(
                [lib.JsonWebKey.import_key(m, {"kid": k} if k else None) for m, k in zip(found, kids, strict=True)]
            )
        if form == "text" and isinstance(named[0], dict):
            return json.dumps(named[0])
        return lib.JsonWebKey.import_key(named[0]) if form == "Key" else named[0]

    return make


@st.composite
def segments(draw: st.DrawFn, alg: str) -> list[str]:
    """The segments of a signed token with an odd header, perhaps with one character changed."""
    header = {"alg": alg, **draw(st.dictionaries(NAMES, ODD, max_size=2))}
    payload = draw(st.sampled_from([b"{}", b'{"aud":0}', b"hello", b'{"a":1,"a":2}', b"[]", b"\xff"]))
    signing_input = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    key = layer.JsonWebSignature.ALGORITHMS_REGISTRY[alg].signing_key(
        SECRET if alg.startswith("HS") else private_pem(alg)
    )
    parts = [*signing_input.split("."), b64(sign_bytes(signing_input.encode(), key))]
    if draw(st.integers(0, 9)) == 0:
        index, at = draw(st.integers(0, 2)), draw(st.integers(0, 20))
        parts[index] = parts[index][:at] + draw(st.sampled_from("A-_=. \n")) + parts[index][at + 1 :]
    return parts


# What Authlib does not accept as a key and this layer does: sets and objects as keys of a JWS, and null for an absent member.
ACCEPTED_KEYS = ("cannot convert", "Missing required field", "NoneType", "has no attribute 'get'")


@pytest.mark.skipif(real is None, reason="Authlib is not installed")
@settings(max_examples=400)
@given(st.data())
def test_nothing_that_authlib_refuses_is_accepted(data: st.DataObject) -> None:
    """Whatever the layer accepts, Authlib accepts, except key arguments it cannot read; every refusal is a JoseError."""
    alg = data.draw(st.sampled_from(ALGS))
    key = data.draw(keys(alg))
    protected, payload, signature = data.draw(segments(alg))
    algorithms = data.draw(st.sampled_from([None, [alg], ALGS, [], (alg,), "HS256,RS256", {"HS256": 1, "RS256": 1}]))
    private_headers = data.draw(st.sampled_from([None, [], ["x"], ["x", "exp"]]))
    unprotected = data.draw(st.none() | st.dictionaries(st.sampled_from(["kid", "alg", "x", "crit"]), ODD, max_size=1))
    entry = {"protected": protected, "signature": signature, **({} if unprotected is None else {"header": unprotected})}
    form = data.draw(st.sampled_from(["compact", "jwt", "flat", "general"]))

    def call(lib: Any) -> Any:
        jws = lib.JsonWebSignature(algorithms, private_headers)
        if form == "compact":
            return jws.deserialize(f"{protected}.{payload}.{signature}", key(lib))
        if form == "jwt":
            return lib.JsonWebToken(algorithms, private_headers).decode(f"{protected}.{payload}.{signature}", key(lib))
        value = (
            {"payload": payload, **entry}
            if form == "flat"
            else {"payload": payload, "signatures": [entry, dict(entry)]}
        )
        return jws.deserialize_json(value, key(lib))

    mine, theirs = answer(layer, call), answer(real, call)
    if mine[0] == "error":
        assert isinstance(mine[1], layer.JoseError), mine
    elif theirs[0] == "error":
        assert any(reason in str(theirs[1]) for reason in ACCEPTED_KEYS), (mine, theirs)
