"""Where `jwseal.compat.authlib` differs from Authlib on purpose: tests for each number of the list in its header.

`differ` shows both sides: what Authlib answers, and the layer's refusal.
"""

import ast
import base64
import json
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from authlib_pair import (
    SECRET,
    answer,
    b64,
    certificate,
    differ,
    flattened,
    forged,
    general,
    layer,
    private_jwk,
    private_pem,
    public_der,
    public_jwk,
    public_pem,
    public_ssh,
    real,
)
from jwseal import errors as ours
from jwseal.compat.authlib import encoding

errors = layer.errors
HS = {"alg": "HS256"}


def compact(token: Any, key: Any = SECRET, **options: Any) -> Any:
    """Verifying a compact token."""
    return lambda lib: lib.JsonWebSignature(**options).deserialize_compact(token, key)


def form(value: Any, key: Any = SECRET, **options: Any) -> Any:
    """Verifying a JSON form."""
    return lambda lib: lib.JsonWebSignature(**options).deserialize_json(value, key)


# Tokens ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("insert", ["=", "!", " ", "\n", "\0", "\u00e9"])
def test_base64url_is_canonical(segment: int, insert: str) -> None:
    """A character that is not base64url, anywhere in a token, is `malformed_token`."""
    parts = forged(HS).split(".")
    parts[segment] = parts[segment][:3] + insert + parts[segment][3:]
    for call in (compact(".".join(parts)), form(dict(zip(("protected", "payload", "signature"), parts, strict=True)))):
        kind, error = answer(layer, call)
        assert kind == "error"
        assert isinstance(error, errors.DecodeError)
        assert error.code == "malformed_token"


def test_padding_and_left_over_bits_are_refused() -> None:
    """Padding, or set bits after the last byte, would give one token two texts."""
    token = forged(HS)
    head, last = token[:-1], token[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = head + alphabet[alphabet.index(last) + 1]
    for variant in (token + "=", respelled):
        assert isinstance(differ(compact(variant), ..., errors.DecodeError), ours.MalformedToken)


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","alg":"HS256"}',
        b'{"alg":"HS256","x":{"a":1,"a":2}}',
        b'{"alg":"HS256","\\u0061lg":"HS256"}',
        b'{"alg":"HS256","x":NaN}',
        b'{"alg":"HS256","x":Infinity}',
        b'{"alg":"HS256","x":"\\ud800"}',
        b'{"alg":"HS256","x":' + b"[" * 8 + b"]" * 8 + b"}",
        b'{"alg":"HS256","x":"' + b"x" * 4096 + b'"}',
    ],
    ids=["duplicate alg", "nested duplicate", "escaped duplicate", "NaN", "Infinity", "lone surrogate", "deep", "long"],
)
def test_header_json_is_strict_and_bounded(header: bytes) -> None:
    """Duplicate members, NaN, lone surrogates, nesting over 8 and headers over 4,096 bytes are refused; Authlib accepts them."""
    differ(compact(forged(header)), ..., errors.DecodeError)
    differ(form(flattened(header)), ..., errors.DecodeError)


def test_a_header_nested_without_end_is_refused() -> None:
    """A header that is nested 2,000 deep is a DecodeError, not a RecursionError."""
    kind, error = answer(layer, compact(forged(b'{"alg":"HS256","x":' + b"[" * 2000 + b"]" * 2000 + b"}")))
    assert (kind, type(error)) == ("error", errors.DecodeError)


@pytest.mark.parametrize(
    "claims",
    [
        b'{"sub":"a","sub":"b"}',
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
    ],
    ids=["duplicate", "NaN", "overflow", "lone surrogate", "deep"],
)
def test_claims_json_is_strict_and_bounded(claims: bytes) -> None:
    """Claims with duplicates, NaN, overflow, lone surrogates or nesting over 32 are refused; Authlib accepts them."""
    differ(lambda lib: lib.jwt.decode(forged(HS, claims), SECRET), ..., errors.DecodeError)


def test_a_duplicate_member_of_a_json_form_is_refused() -> None:
    """A JSON form with two payloads is refused; Authlib takes the last."""
    text = json.dumps(flattened(HS))
    differ(form(text[:-1] + ',"payload":"aGVsbG8"}'), ..., errors.DecodeError)


def test_more_than_8_signatures_are_refused_before_any_key_is_asked_for() -> None:
    """A JSON form of 9 signatures is `token_too_large`, and no key loader runs."""
    asked = []

    def key(header: Any, _payload: Any) -> bytes:
        asked.append(header)
        return SECRET

    for count in (9, 10_000):
        value = general(*[flattened(HS)] * count)
        kind, error = answer(layer, form(value, key))
        assert (kind, type(error)) == ("error", errors.TooLongError)
        assert error.code == "token_too_large"
    assert asked == []


@pytest.mark.parametrize(
    ("claims", "fits"),
    [
        (json.dumps({str(number): 0 for number in range(1024)}), True),
        (json.dumps({str(number): 0 for number in range(1025)}), False),
        (json.dumps({"a": {str(number): 0 for number in range(1025)}}), False),
        ('{"a":' + "[" * 31 + "]" * 31 + "}", True),
        ('{"a":' + "[" * 32 + "]" * 32 + "}", False),
    ],
    ids=["1,024 members", "1,025 members", "1,025 members within", "32 deep", "33 deep"],
)
def test_payloads_and_key_sets_have_limits(claims: str, fits: bool) -> None:
    """An object has at most 1,024 members, and nesting is at most 32 deep, in claims and in JWK Set text."""
    jwks = json.dumps({"keys": [{**public_jwk("RS256"), "kid": "a"}]})[:-1] + f',"x":{claims}}}'
    if fits:
        assert layer.jwt.decode(forged(HS, claims.encode()), SECRET) == json.loads(claims)
    else:
        differ(lambda lib: lib.jwt.decode(forged(HS, claims.encode()), SECRET), ..., errors.DecodeError)
        differ(lambda lib: lib.JsonWebKey.import_key_set(jwks).as_dict(), ..., errors.InvalidKeyError)


def test_a_json_form_over_1_100_000_bytes_is_refused() -> None:
    """The whole JSON text is bounded; Authlib bounds each segment."""
    token = flattened(HS)
    differ(form({**token, "x": "x" * 1_100_000}), ..., errors.TooLongError)
    differ(form(json.dumps({**token, "x": "x" * 1_100_000})), ..., errors.TooLongError)


@pytest.mark.parametrize(
    "header",
    [{"x": float("nan")}, {"x": [[[[[[[[0]]]]]]]]}, {"x": "x" * 4096}, {"x": float("inf")}],
    ids=["NaN", "deep", "long", "Infinity"],
)
def test_signing_is_strict_too(header: dict[str, Any]) -> None:
    """Nothing is signed that would be refused: headers have the same limits, and claims hold no NaN."""
    for call in (
        lambda lib: bool(lib.JsonWebSignature().serialize_compact({**HS, **header}, b"x", SECRET)),
        lambda lib: bool(lib.JsonWebSignature().serialize_json({"protected": {**HS, **header}}, b"x", SECRET)),
    ):
        differ(call, True, layer.JoseError)
    differ(lambda lib: bool(lib.jwt.encode(HS, {"a": float("nan")}, SECRET)), True, errors.PayloadError)


@pytest.mark.parametrize("token", [forged(HS, b"forgery")[:-4] + "AAAA"])
def test_decode_does_not_see_a_forgery(token: str) -> None:
    """`decode` is not called with the payload of a forgery, in any form."""
    seen: list[bytes] = []
    for call in (
        lambda lib: lib.JsonWebSignature().deserialize_compact(token, SECRET, seen.append),
        lambda lib: lib.JsonWebSignature().deserialize_json(flattened(HS, secret=b"x" * 32), SECRET, seen.append),
        lambda lib: lib.JsonWebSignature().deserialize(
            general(flattened(HS), flattened(HS, secret=b"x" * 32)), SECRET, seen.append
        ),
    ):
        assert isinstance(answer(layer, call)[1], errors.BadSignatureError)
    assert seen == []


def test_a_forged_jwt_that_is_no_json_is_a_forgery() -> None:
    """The signature is judged before the payload is read."""
    differ(
        lambda lib: lib.jwt.decode(forged(HS, b"no JSON", b"x" * 32), SECRET),
        getattr(real_errors(), "DecodeError", ...),
        errors.BadSignatureError,
    )


def real_errors() -> Any:
    """Authlib's errors, where it is installed."""
    if real is None:
        return None
    import authlib.jose.errors as theirs

    return theirs


def test_decode_runs_first_where_a_callable_key_needs_the_payload() -> None:
    """A key loader gets the decoded payload, and `decode` runs once."""
    seen: list[Any] = []

    def key(_header: Any, payload: Any) -> bytes:
        seen.append(payload)
        return SECRET

    layer.JsonWebSignature().deserialize_compact(forged(HS, {"iss": "x"}), key, json.loads)
    assert seen == [{"iss": "x"}]


def test_alg_counts_in_the_protected_header_only() -> None:
    """An `alg` that nothing signs chooses no algorithm."""
    token = flattened({"typ": "x"}, {"alg": "HS256"})
    differ(form(token), ..., errors.MissingAlgorithmError)
    differ(
        lambda lib: lib.JsonWebSignature().serialize_json({"protected": {}, "header": HS}, b"x", SECRET),
        ...,
        errors.MissingAlgorithmError,
    )


@pytest.mark.parametrize("name", ["alg", "kid", "x"])
def test_a_name_in_both_headers_is_refused(name: str) -> None:
    """A name in both headers could be read as either value."""
    protected = {"alg": "HS256", "kid": "a", "x": 1}
    differ(form(flattened(protected, {name: "HS256"})), ..., errors.InvalidHeaderParameterNameError)
    differ(form(general(flattened(protected, {name: "HS256"}))), ..., errors.InvalidHeaderParameterNameError)
    differ(
        lambda lib: lib.JsonWebSignature().serialize_json(
            {"protected": protected, "header": {name: "HS256"}}, b"x", SECRET
        ),
        ...,
        errors.InvalidHeaderParameterNameError,
    )


@pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit"])
def test_a_registered_name_in_crit_is_refused(name: str) -> None:
    """`crit` cannot list registered names; Authlib allows it."""
    header = {"alg": "HS256", "kid": "a", "typ": "x", "crit": [name]}
    for call in (
        compact(forged(header)),
        form(flattened(header)),
        lambda lib: lib.JsonWebSignature().serialize_compact(header, b"x", SECRET),
    ):
        assert differ(call, ..., errors.InvalidCritHeaderParameterNameError).code == "unsupported_header"


@pytest.mark.parametrize("crit", [[], ["x", "x"]])
def test_crit_without_names_or_with_a_name_twice_is_refused(crit: list[str]) -> None:
    """`crit` is a non-empty list of distinct names."""
    header = {"alg": "HS256", "x": 1, "crit": crit}
    for call in (
        compact(forged(header), private_headers=["x"]),
        form(flattened(header), private_headers=["x"]),
        lambda lib: lib.JsonWebSignature(private_headers=["x"]).serialize_compact(header, b"x", SECRET),
    ):
        assert differ(call, ..., errors.InvalidHeaderParameterNameError).code == "unsupported_header"


@pytest.mark.parametrize("parameter", [{"kid": 1}, {"kid": None}, {"typ": ["JWT"]}, {"x5c": "x"}, {"jwk": []}])
def test_registered_parameters_have_their_types(parameter: dict[str, Any]) -> None:
    """A `kid` that is a number, or an `x5c` that is text, is refused, read or written."""
    header = {**HS, **parameter}
    for call in (
        compact(forged(header)),
        form(flattened(header)),
        lambda lib: lib.JsonWebSignature().serialize_compact(header, b"x", SECRET),
    ):
        error = differ(call, ..., errors.InvalidHeaderParameterNameError)
        assert str(error).endswith(next(iter(parameter)))


@pytest.mark.parametrize("header", [{"b64": False}, {"b64": False, "crit": ["b64"]}, {"b64": True, "crit": ["b64"]}])
@pytest.mark.parametrize("private_headers", [None, ["b64"]])
def test_unencoded_payloads_are_not_offered(header: dict[str, Any], private_headers: Any) -> None:
    """`b64` is `unsupported_header` in every form; Authlib ignores it."""
    for call in (
        compact(forged({**HS, **header}), private_headers=private_headers),
        form(flattened({**HS, **header}), private_headers=private_headers),
        form(flattened(HS, header), private_headers=private_headers),
        lambda lib: lib.JsonWebSignature(private_headers=private_headers).serialize_compact(
            {**HS, **header}, b"x", SECRET
        ),
    ):
        kind, error = answer(layer, call)
        assert kind == "error"
        assert error.code == "unsupported_header"


def test_an_unknown_critical_name_is_refused() -> None:
    """A critical name that the caller did not list is `unsupported_header`."""
    kind, error = answer(layer, compact(forged({**HS, "crit": ["exp"], "exp": 1})))
    assert (kind, type(error), error.code) == (
        "error",
        errors.InvalidCritHeaderParameterNameError,
        "unsupported_header",
    )


def test_none_is_used_only_where_it_is_listed_and_warns() -> None:
    """`none` is refused unless listed, and warns at the caller's line where it is."""
    token = b64(json.dumps({"alg": "none"}).encode()) + ".aGVsbG8."
    for options in ({}, {"algorithms": ["HS256"]}):
        with pytest.raises(errors.UnsupportedAlgorithmError):
            compact(token, None, **options)(layer)
    with pytest.raises(errors.UnsupportedAlgorithmError):
        layer.jwt.decode(token, None)
    with pytest.warns(errors.InsecureAlgorithmWarning, match="has no signature"):
        assert compact(token, None, algorithms=["none"])(layer)["payload"] == b"hello"
    with pytest.warns(errors.InsecureAlgorithmWarning) as caught:
        layer.JsonWebSignature(["none"]).serialize_compact({"alg": "none"}, b"x", None)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("algorithms", ["HS256", "HS256,RS256", "HS", ""])
def test_algorithms_as_a_string_refuse_every_token(algorithms: str) -> None:
    """`algorithms="HS256"` is no list: Authlib would search for a part of the text."""
    theirs: Any = ... if "HS256" in algorithms else real_errors().UnsupportedAlgorithmError if real else ...
    differ(compact(forged(HS), algorithms=algorithms), theirs, errors.UnsupportedAlgorithmError)
    differ(
        lambda lib: lib.JsonWebSignature(algorithms).serialize_compact(HS, b"x", SECRET),
        theirs,
        errors.UnsupportedAlgorithmError,
    )


def test_registering_an_algorithm_is_refused_with_an_explanation() -> None:
    """The registry is read-only, and the refusal names what to do instead."""

    class Own(layer.JWSAlgorithm):
        name = "OWN"

    with pytest.raises(errors.AlgorithmRegistrationError, match=r"SigningKey\.external") as caught:
        layer.JsonWebSignature.register_algorithm(Own())
    assert isinstance(caught.value, ValueError)
    assert "OWN" not in layer.JsonWebSignature.ALGORITHMS_REGISTRY
    with pytest.raises(TypeError):
        layer.JsonWebSignature.ALGORITHMS_REGISTRY["OWN"] = Own()  # type: ignore[index]


@pytest.mark.parametrize("name", ["HS256", "RS256", "ES256", "EdDSA", "none"])
def test_algorithm_objects_neither_sign_nor_verify(name: str) -> None:
    """What is left to the caller to combine could be combined without a check; the refusal names the whole verbs."""
    algorithm = layer.JsonWebSignature.ALGORITHMS_REGISTRY[name]
    for call in (lambda: algorithm.sign(b"x", None), lambda: algorithm.verify(b"x", b"", None)):
        with pytest.raises(NotImplementedError, match=r"use JsonWebSignature\.serialize_compact"):
            call()


# Keys ------------------------------------------------------------------------------------------------------------------------------

KEY_TEXT = {
    "JWK": json.dumps(public_jwk("RS256")),
    "JWK Set": json.dumps({"keys": [public_jwk("ES256")]}),
    "SPKI": public_der("RS256"),
    "SPKI in base64": base64.b64encode(public_der("ES256")),
    "SPKI in base64url": base64.urlsafe_b64encode(public_der("EdDSA")).rstrip(b"="),
    "PEM in base64": base64.b64encode(public_pem("RS256")),
    "SPKI in hex": public_der("ES256").hex(),
}


@pytest.mark.parametrize("text", KEY_TEXT.values(), ids=KEY_TEXT)
def test_key_text_is_no_secret_in_any_encoding(text: Any) -> None:
    """The confusion attack: a token under HMAC with the public key's text as the secret."""
    for call in (
        lambda lib: lib.JsonWebSignature().serialize_compact(HS, b"x", text),
        compact(forged(HS, secret=text if isinstance(text, bytes) else text.encode()), text),
        lambda lib: lib.OctKey.import_key(text) and None,
    ):
        assert isinstance(differ(call, ..., errors.InvalidKeyError), ours.InvalidKey)
    k = b64(text if isinstance(text, bytes) else text.encode())
    differ(
        compact(forged(HS, secret=text if isinstance(text, bytes) else text.encode()), {"kty": "oct", "k": k}),
        ...,
        errors.InvalidKeyError,
    )


@pytest.mark.parametrize(
    "text", [public_pem("RS256"), public_ssh("EdDSA"), certificate("ES256")], ids=["PEM", "SSH", "certificate"]
)
def test_marked_key_text_is_no_secret_in_a_jwk_either(text: bytes) -> None:
    """Key text is refused as the member k of a JWK too."""
    kind, error = answer(layer, compact(forged(HS, secret=text), {"kty": "oct", "k": b64(text)}))
    assert (kind, type(error)) == ("error", errors.InvalidKeyError)


def test_a_short_secret_works_and_warns_at_the_callers_line() -> None:
    """A secret shorter than the hash warns once per calling line; a long one does not."""
    jws = layer.JsonWebSignature()
    with pytest.warns(errors.InsecureKeyWarning, match="6 bytes; HS256 needs at least 32") as caught:
        token = jws.serialize_compact(HS, b"x", "secret")
    assert caught[0].filename == __file__
    with pytest.warns(errors.InsecureKeyWarning):
        assert jws.deserialize_compact(token, b"secret")["payload"] == b"x"
    with pytest.warns(errors.InsecureKeyWarning):
        assert layer.jwt.decode(layer.jwt.encode({"alg": "HS512"}, {}, "k"), "k") == {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jws.serialize_compact(HS, b"x", b"s" * 32)


@pytest.mark.parametrize("secret", [True, False])
def test_true_and_false_are_no_secrets(secret: bool) -> None:
    """A flag given for a secret would be the text "True", which everyone knows."""
    token = forged(HS, secret=str(secret).encode())
    assert isinstance(differ(compact(token, secret), ..., errors.InvalidKeyTypeError), ours.InvalidKey)


@pytest.mark.parametrize("k", ["", None])
def test_an_empty_secret_is_refused(k: Any) -> None:
    """An empty secret, or a k that is null, is an InvalidKeyError."""
    for call in (compact(forged(HS, secret=b""), {"kty": "oct", "k": k}), compact(forged(HS, secret=b""), b"")):
        kind, error = answer(layer, call)
        assert kind == "error"
        assert isinstance(error, errors.InvalidKeyError)


def test_rsa_under_2048_bits_is_refused() -> None:
    """RSA keys of 1,024 bits neither sign, verify nor are generated; they can be exported."""
    token = b"%s.YQ.YQ" % b64(b'{"alg":"RS256"}').encode()
    sign = lambda lib: lib.JsonWebSignature().serialize_compact({"alg": "RS256"}, b"x", private_pem("RSA1024"))  # noqa: E731
    assert isinstance(differ(sign, ..., errors.InvalidKeyError), ours.InvalidKey)
    differ(
        compact(token, public_pem("RSA1024")), getattr(real_errors(), "BadSignatureError", ...), errors.InvalidKeyError
    )
    differ(lambda lib: lib.RSAKey.generate_key(1024), ..., errors.InvalidKeyError)
    assert layer.RSAKey.import_key(public_pem("RSA1024")).as_dict()["kty"] == "RSA"


def test_low_order_and_mismatched_keys_are_refused() -> None:
    """A low-order point, a point off its curve and a pair that does not match are an InvalidKeyError."""
    token = b"%s.YQ.YQ" % b64(b'{"alg":"EdDSA"}').encode()
    low = {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes([1]) + bytes(31))}
    kind, error = answer(layer, compact(token, low))
    assert (kind, type(error)) == ("error", errors.InvalidKeyError)
    foreign = {**private_jwk("EdDSA"), "x": b64(bytes(range(32)))}
    assert isinstance(
        answer(layer, lambda lib: lib.JsonWebSignature().serialize_compact({"alg": "EdDSA"}, b"x", foreign))[1],
        errors.InvalidKeyError,
    )
    off = {**public_jwk("ES256"), "y": public_jwk("ES256")["x"]}
    kind, error = answer(layer, compact(b"%s.YQ.YQ" % b64(b'{"alg":"ES256"}').encode(), off))
    assert (kind, type(error)) == ("error", errors.InvalidKeyError)


def test_key_sets_are_keys() -> None:
    """A KeySet and a JWK Set as a dict are key arguments: the kid of the header chooses."""
    jwks = {"keys": [{**public_jwk("RS256"), "kid": "a"}, {**public_jwk("ES256"), "kid": "b"}]}
    token = layer.JsonWebSignature().serialize_compact({"alg": "ES256", "kid": "b"}, b"x", private_pem("ES256"))
    for keys in (layer.JsonWebKey.import_key_set(jwks), jwks):
        assert compact(token, keys)(layer)["payload"] == b"x"
    unknown = layer.JsonWebSignature().serialize_compact({"alg": "ES256", "kid": "c"}, b"x", private_pem("ES256"))
    with pytest.raises(errors.UnknownKeyError):
        compact(unknown, layer.JsonWebKey.import_key_set(jwks))(layer)
    single = layer.KeySet([layer.OctKey.import_key(SECRET, {"kid": "s"})])
    signed = layer.JsonWebSignature().serialize_compact({**HS, "kid": "s"}, b"x", single)
    assert compact(signed, single)(layer)["payload"] == b"x"


def test_keys_of_unknown_type_are_skipped_in_a_set() -> None:
    """A JWK of a kty that is not known does not spoil its set."""
    jwks = {"keys": [{"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}
    assert [key.kid for key in layer.JsonWebKey.import_key_set(jwks).keys] == ["s"]


def test_ec_members_are_written_at_full_width_and_short_ones_are_read() -> None:
    """Authlib drops leading zeros of coordinates, the layer does not; each reads the other's JWKs."""
    while True:
        key = ec.generate_private_key(ec.SECP521R1())
        if key.public_key().public_numbers().x.bit_length() <= 520:
            break
    jwk = layer.ECKey.import_key(key).as_dict(is_private=True)
    assert len(encoding.decode_segment(jwk["x"].encode())) == 66
    if real is not None:
        theirs = real.ECKey.import_key(key).as_dict(is_private=True)
        assert len(theirs["x"]) < len(jwk["x"])
        token = layer.JsonWebSignature().serialize_compact({"alg": "ES512"}, b"x", theirs)
        assert compact(token, real.ECKey.import_key(key).as_dict())(layer)["payload"] == b"x"
        assert compact(token, jwk)(real)["payload"] == b"x"


# The rest --------------------------------------------------------------------------------------------------------------------------


def test_encode_leaves_header_and_payload_alone() -> None:
    """The caller's header and claims are not changed."""
    import datetime as dt

    header, claims = {"alg": "RS256"}, {"exp": dt.datetime(2030, 1, 1, tzinfo=dt.UTC)}
    before = dict(claims)
    layer.jwt.encode(header, claims, {**private_jwk("RS256"), "kid": "a"})
    assert (header, claims) == ({"alg": "RS256"}, before)


def test_no_kid_is_written_that_is_none() -> None:
    """A key without a kid adds no kid to the header."""
    token = layer.jwt.encode({"alg": "RS256"}, {}, layer.KeySet([layer.RSAKey.import_key(private_pem("RS256"))]))
    assert layer.jwt.decode(token, public_pem("RS256")).header == {"alg": "RS256", "typ": "JWT"}


def test_encrypted_tokens_are_refused() -> None:
    """Encryption is an UnsupportedAlgorithmError, in both directions."""
    with pytest.raises(errors.UnsupportedAlgorithmError, match="encrypted"):
        layer.jwt.encode({"alg": "RSA-OAEP", "enc": "A256GCM"}, {}, public_pem("RS256"))
    with pytest.raises(errors.UnsupportedAlgorithmError, match="encrypted"):
        layer.jwt.decode("a.b.c.d.e", SECRET)


def test_a_json_form_with_members_of_both_forms_is_refused() -> None:
    """A JSON form is flattened or general, not both."""
    value = {**general(flattened(HS)), "signature": "YQ"}
    differ(form(value), ..., errors.DecodeError)
    differ(form({**flattened(HS), "header": None}), ..., errors.DecodeError)


# The tests of each number in the list, here or in the module named.
TESTS = {
    1: "test_base64url_is_canonical test_padding_and_left_over_bits_are_refused",
    2: "test_header_json_is_strict_and_bounded test_claims_json_is_strict_and_bounded test_signing_is_strict_too",
    3: "test_payloads_and_key_sets_have_limits test_more_than_8_signatures_are_refused_before_any_key_is_asked_for "
    "test_a_json_form_over_1_100_000_bytes_is_refused test_a_json_form_with_members_of_both_forms_is_refused",
    4: "test_decode_does_not_see_a_forgery test_decode_runs_first_where_a_callable_key_needs_the_payload",
    5: "test_alg_counts_in_the_protected_header_only test_a_name_in_both_headers_is_refused "
    "test_a_registered_name_in_crit_is_refused test_registered_parameters_have_their_types test_unencoded_payloads_are_not_offered",
    6: "test_none_is_used_only_where_it_is_listed_and_warns",
    7: "test_algorithms_as_a_string_refuse_every_token",
    8: "test_registering_an_algorithm_is_refused_with_an_explanation test_algorithm_objects_neither_sign_nor_verify "
    "test_authlib_messages.test_a_method_that_is_not_called_cannot_be_overridden",
    9: "test_key_text_is_no_secret_in_any_encoding test_true_and_false_are_no_secrets",
    10: "test_a_short_secret_works_and_warns_at_the_callers_line test_an_empty_secret_is_refused",
    11: "test_rsa_under_2048_bits_is_refused test_low_order_and_mismatched_keys_are_refused "
    "test_authlib_key_reading.test_a_key_for_pss_only_does_not_verify_rs256",
    12: "test_key_sets_are_keys test_keys_of_unknown_type_are_skipped_in_a_set",
    13: "test_ec_members_are_written_at_full_width_and_short_ones_are_read test_authlib_keys.test_a_key_does_not_follow_its_jwk "
    "test_authlib_key_reading.test_what_is_no_base64_is_no_member",
    14: "test_encode_leaves_header_and_payload_alone",
    15: "test_authlib_claims.test_every_verdict_is_the_written_rules_and_never_weaker_than_authlibs",
}


@pytest.mark.parametrize("number", TESTS)
def test_every_number_of_the_list_has_its_tests(number: int) -> None:
    """Each number in the package header has tests, and no number is without."""
    assert f"\n{number}. " in (layer.__doc__ or "")
    assert f"\n{len(TESTS) + 1}. " not in (layer.__doc__ or "")
    for name in TESTS[number].split():
        module, _, test = name.rpartition(".")
        assert callable(getattr(import_module(module) if module else sys.modules[__name__], test))


# Robustness ------------------------------------------------------------------------------------------------------------------------


@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60),
        st.lists(st.text("AQeyJh.=-_ ", max_size=30), max_size=5).map(".".join),
    )
)
def test_any_input_is_refused_inside_the_tree(value: Any) -> None:
    """Whatever is given as a token, the refusal is a JoseError."""
    jws = layer.JsonWebSignature(private_headers=["x"])
    for call in (jws.deserialize, jws.deserialize_compact, jws.deserialize_json, layer.jwt.decode):
        with pytest.raises(layer.JoseError):
            call(value, SECRET)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("eyJhbGciOiJIUzI1NiJ9") | st.just("YQ"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["payload", "protected", "header", "signature", "signatures"])


@given(st.dictionaries(MEMBERS, JSON | st.lists(st.dictionaries(MEMBERS, JSON), max_size=3)))
def test_any_json_is_refused_inside_the_tree(value: dict[str, Any]) -> None:
    """Whatever JSON is given as a JSON form, the refusal is a JoseError."""
    jws = layer.JsonWebSignature()
    for given_value in (value, json.dumps(value)):
        with pytest.raises(layer.JoseError):
            jws.deserialize_json(given_value, SECRET)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "crit", "kid", "x", "b64", "jwk", "typ"]), JSON | st.just("HS256") | st.just(["x"])
    )
)
def test_any_header_signs_and_verifies_or_is_refused(header: dict[str, Any]) -> None:
    """Whatever is signed here can be verified here."""
    jws = layer.JsonWebSignature(private_headers=["x", "b64"])
    try:
        token = jws.serialize_compact(header, b"hello", SECRET)
    except layer.JoseError:
        return
    assert jws.deserialize_compact(token, SECRET)["header"] == header


@given(st.one_of(st.binary(max_size=40), st.text(max_size=40), JSON, st.just(object())))
def test_any_key_is_refused_inside_the_tree(key: Any) -> None:
    """Whatever is given as a key, the refusal is a JoseError."""
    jws = layer.JsonWebSignature()
    for alg in ("RS256", "ES256", "EdDSA"):
        with pytest.raises(layer.JoseError):
            jws.serialize_compact({"alg": alg}, b"x", key)
        with pytest.raises(layer.JoseError):
            jws.deserialize_compact(b64(json.dumps({"alg": alg}).encode()) + ".YQ.YQ", key)


def test_the_layer_is_a_client_of_the_public_api() -> None:
    """No module of the layer imports the extension."""
    folder = Path(layer.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert "_native" not in (node.module or "")


def test_importing_the_layer_loads_no_cryptography() -> None:
    """Importing the layer loads neither `cryptography` nor Authlib."""
    code = "import sys, jwseal.compat.authlib; print('cryptography' in sys.modules, 'authlib' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )
