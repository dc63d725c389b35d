"""`jwseal.compat.authlib.JsonWebSignature` beside Authlib's: names, algorithm selection, and every serialization.

Each row is run against both; value or exception class must be the same.
"""

import json
import pickle
from typing import Any

import pytest

from authlib_pair import SECRET, SYMMETRIC, Call, agree, b64, flattened, forged, general, layer, plain, real

HS = {"alg": "HS256"}


def jws(lib: Any, *arguments: Any, **options: Any) -> Any:
    """A JsonWebSignature of the library."""
    return lib.JsonWebSignature(*arguments, **options)


# The class -------------------------------------------------------------------------------------------------------------------------

NAMES = "JoseError JsonWebSignature JWSAlgorithm JWSHeader JWSObject JsonWebKey Key KeySet OctKey RSAKey ECKey OKPKey JsonWebToken"


@pytest.mark.parametrize("name", [*NAMES.split(), "BaseClaims", "JWTClaims", "jwt", "errors"])
def test_the_layer_has_authlibs_names(name: str) -> None:
    """Every public name of `authlib.jose` for signing can be imported."""
    assert hasattr(layer, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: sorted(lib.JsonWebSignature.REGISTERED_HEADER_PARAMETER_NAMES),
        lambda lib: lib.JsonWebSignature.MAX_CONTENT_LENGTH,
        lambda lib: sorted(lib.JsonWebSignature.ALGORITHMS_REGISTRY),
        lambda lib: [
            [a.name, a.deprecated, a.algorithm_type, a.algorithm_location]
            for _, a in sorted(lib.JsonWebSignature.ALGORITHMS_REGISTRY.items())
        ],
        lambda lib: [lib.JWSAlgorithm.name, lib.JWSAlgorithm.deprecated, lib.JWSAlgorithm.algorithm_type],
        lambda lib: lib.JsonWebSignature.register_algorithm(None),
    ],
)
def test_the_class_has_authlibs_attributes(call: Call) -> None:
    """Class attributes are the same as Authlib's."""
    agree(call)


# Algorithms ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"algorithms": None},
        {"algorithms": ["HS256"]},
        {"algorithms": ("HS256", "RS256")},
        {"algorithms": {"HS256"}},
        {"algorithms": {"HS256": 1}},
        {"algorithms": []},
        {"algorithms": ["RS256"]},
        {"algorithms": ["none"]},
    ],
)
@pytest.mark.parametrize(
    "header", [HS, {}, {"alg": "s"}, {"alg": "none"}, {"alg": "hs256"}, {"alg": "Ed25519"}, {"alg": "HS256 "}]
)
def test_algorithms_are_selected_as_in_authlib(options: dict[str, Any], header: dict[str, Any]) -> None:
    """The caller's list decides which algorithm signs and verifies."""
    agree(lambda lib: jws(lib, **options).serialize_compact(header, b"hello", SECRET))
    agree(lambda lib: jws(lib, **options).deserialize_compact(forged(header), SECRET))


@pytest.mark.parametrize("alg", [None, 1, ["HS256"], {"a": 1}, True])
def test_an_alg_that_is_no_text_is_refused(alg: Any) -> None:
    """An `alg` of another JSON type is an UnsupportedAlgorithmError."""
    for call in (
        lambda lib: jws(lib).serialize_compact({"alg": alg}, b"hello", SECRET),
        lambda lib: jws(lib).deserialize_compact(forged({"alg": alg}), SECRET),
    ):
        with pytest.raises(layer.errors.JoseError):
            call(layer)


def test_the_callable_is_not_called_for_a_refused_algorithm() -> None:
    """No key loader runs for an algorithm that is not allowed."""
    called = []

    def key(header: Any, payload: Any) -> bytes:
        called.append(header)
        return SECRET

    for header, options in (({}, {}), ({"alg": "s"}, {}), (HS, {"algorithms": ["RS256"]})):
        agree(lambda lib, h=header, o=options: jws(lib, **o).serialize_compact(h, b"hello", key))
        agree(lambda lib, h=header, o=options: jws(lib, **o).deserialize_compact(forged(h), key))
    assert called == []


def test_none_works_in_both_directions_where_it_is_listed() -> None:
    """A listed `none` signs with an empty signature and verifies only that."""

    def both(lib: Any) -> Any:
        unsecured = jws(lib, ["none"])
        token = unsecured.serialize_compact({"alg": "none"}, b"hello", None)
        return token, unsecured.deserialize_compact(token, None)

    agree(both)
    agree(lambda lib: jws(lib, ["none"]).deserialize_compact(forged({"alg": "none"}), None))


# serialize_compact -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        b"hello",
        "hello",
        "h\u00e9",
        b"",
        "",
        1,
        1.5,
        True,
        bytearray(b"x"),
        memoryview(b"xy"),
        [1, 2, 255],
        None,
        {"a": 1},
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_payloads_become_bytes_as_in_authlib(payload: Any) -> None:
    """Text, numbers and bytes as payloads give the same token."""
    agree(lambda lib: jws(lib).serialize_compact(HS, payload, SECRET))


@pytest.mark.parametrize(
    "header", [HS, {"typ": "JWT", "alg": "HS256"}, {"alg": "HS256", "x": {"b": [1, "\u00e9", None, 1.5]}}]
)
@pytest.mark.parametrize("alg", SYMMETRIC)
def test_compact_tokens_are_authlibs(header: dict[str, Any], alg: str) -> None:
    """The same header order, separators and UTF-8: the same token, byte for byte."""
    kind, token = agree(lambda lib: jws(lib).serialize_compact({**header, "alg": alg}, b"hello", SECRET))
    assert (kind, type(token)) == ("value", bytes)


def test_the_callers_header_is_not_changed() -> None:
    """Signing leaves the header dict as it was."""
    header = {"alg": "HS256", "kid": "1"}
    agree(lambda lib: jws(lib).serialize_compact(header, b"x", SECRET))
    assert header == {"alg": "HS256", "kid": "1"}


def test_signing_has_no_size_limit() -> None:
    """A payload over 256,000 bytes can be signed, as in Authlib."""
    agree(lambda lib: jws(lib).serialize_compact(HS, b"x" * 300_000, SECRET))


@pytest.mark.parametrize("header", [{"alg": "HS256", "x": object()}, {"alg": "HS256", "x": b"bytes"}])
def test_a_header_that_is_no_json_is_refused(header: dict[str, Any]) -> None:
    """A header that cannot be written as JSON is refused."""
    agree(lambda lib: jws(lib).serialize_compact(header, b"x", SECRET))


# deserialize_compact ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, bytes, bytearray, memoryview])
def test_compact_input_of_every_type(kind: Any) -> None:
    """str, bytes, bytearray and memoryview are accepted."""
    text = forged(HS)
    agree(lambda lib: jws(lib).deserialize_compact(text if kind is str else kind(text.encode()), SECRET))


@pytest.mark.parametrize(
    "value", [None, 1, [], "", ".", "..", "a", "a.b", "x" * 256_001, b"y" * 256_001], ids=lambda v: repr(v)[:12]
)
def test_compact_input_that_is_no_jws(value: Any) -> None:
    """What is no compact JWS is refused with Authlib's class."""
    agree(lambda lib: jws(lib).deserialize_compact(value, SECRET))


PRECEDENCE = {
    "no dots": "a",
    "one dot": "a.b",
    "undecodable header": "a.b.c",
    "header no JSON": "YQ.YQ.YQ",
    "header a list": "W10.a.YQ",
    "header empty, bad payload": "e30.a.YQ",
    "unknown alg, bad payload": "eyJhbGciOiJzIn0.a.YQ",
    "unknown alg, bad signature": "eyJhbGciOiJzIn0.YQ.a",
    "unknown alg": "eyJhbGciOiJzIn0.YQ.YQ",
    "empty header": "e30.YQ.YQ",
    "four segments": forged(HS) + ".YQ",
    "crit before missing alg": b64(b'{"crit":["x"],"x":1}') + ".YQ.YQ",
    "crit before bad payload": b64(b'{"crit":["x"],"x":1}') + ".a.YQ",
    "crit a string": b64(b'{"alg":"HS256","crit":"x"}') + ".YQ.YQ",
    "crit of numbers": b64(b'{"alg":"HS256","crit":[1]}') + ".YQ.YQ",
    "crit null": b64(b'{"alg":"HS256","crit":null}') + ".YQ.YQ",
    "bad signature": "eyJhbGciOiJIUzI1NiJ9.YQ.YQ",
    "empty signature": "eyJhbGciOiJIUzI1NiJ9.YQ.",
    "empty payload": forged(HS, b""),
}


@pytest.mark.parametrize("token", PRECEDENCE.values(), ids=PRECEDENCE)
def test_errors_of_a_compact_jws_have_authlibs_precedence(token: str) -> None:
    """Of several faults Authlib's first is reported."""
    agree(lambda lib: jws(lib).deserialize_compact(token, SECRET))
    agree(lambda lib: jws(lib).deserialize(token, SECRET))


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("a", "Not enough segments"),
        ("a.YQ.YQ", "Invalid header padding"),
        ("eyJhbGciOiJIUzI1NiJ9.a.YQ", "Invalid payload padding"),
        ("eyJhbGciOiJIUzI1NiJ9.YQ.a", "Invalid signature padding"),
        ("W10.YQ.YQ", "Header must be a json object"),
    ],
)
def test_the_text_of_a_decode_error_is_its_error_attribute(token: str, message: str) -> None:
    """Authlib's quirk: `DecodeError("text")` puts the text into `.error`."""
    error = agree(lambda lib: jws(lib).deserialize_compact(token, SECRET))[1]
    assert (error.error, error.description, str(error)) == (message, "", f"{message}: ")


def test_the_error_of_a_forgery_carries_the_result() -> None:
    """`BadSignatureError.result` holds the unverified header and payload."""
    error = agree(lambda lib: jws(lib).deserialize_compact(forged(HS), b"another secret, long enough for SHA-256"))[1]
    assert plain(error.result) == plain(layer.JWSObject(layer.JWSHeader(HS, None), b"hello", "compact"))


def test_decode_maps_the_payload() -> None:
    """`decode` is applied to the payload of every form."""
    agree(lambda lib: jws(lib).deserialize_compact(forged(HS, {"a": 1}), SECRET, decode=json.loads))
    agree(lambda lib: jws(lib).deserialize_json(flattened(HS, payload={"a": 1}), SECRET, decode=json.loads))
    agree(lambda lib: jws(lib).deserialize(general(flattened(HS, payload={"a": 1})), SECRET, json.loads))


def test_an_exception_of_decode_reaches_the_caller() -> None:
    """An exception raised by `decode` is not translated."""
    for token in (forged(HS, b"no JSON"), flattened(HS, payload=b"no JSON")):
        with pytest.raises(json.JSONDecodeError):
            jws(layer).deserialize(token, SECRET, json.loads)


def test_the_received_header_text_is_what_is_verified() -> None:
    """White space and order of the received header do not matter: its bytes are verified."""
    agree(lambda lib: jws(lib).deserialize_compact(forged(b' { "typ" : "JWT",\n "alg":"HS256" } '), SECRET))


# serialize_json --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        {"protected": HS},
        {"protected": HS, "header": {"kid": "a"}},
        {"protected": HS, "header": {}},
        {"protected": HS, "header": None},
        [{"protected": HS, "header": {"kid": "a"}}, {"protected": HS}],
        ({"protected": HS},),
        [],
    ],
)
@pytest.mark.parametrize("payload", [b"hello", "hello", {"a": "\u00e9"}, b"", 5, None])
def test_json_members_are_authlibs(header: Any, payload: Any) -> None:
    """JSON forms have the same members in the same order."""
    kind, value = agree(lambda lib: jws(lib).serialize_json(header, payload, SECRET))
    if kind == "value" and real is not None and isinstance(header, dict):
        assert list(value) == list(jws(real).serialize_json(header, payload, SECRET))


def test_a_ready_header_object_is_taken() -> None:
    """A JWSHeader can be given instead of a dict."""
    agree(lambda lib: jws(lib).serialize_json(lib.JWSHeader(HS, {"kid": "a"}), b"hello", SECRET))
    agree(lambda lib: jws(lib).serialize_json([lib.JWSHeader(HS, None)], b"hello", SECRET))


@pytest.mark.parametrize(
    "header", [{}, {"protected": None}, {"header": {"kid": "a"}}, {"protected": {}}, {"protected": {"alg": "s"}}]
)
def test_a_json_header_without_alg_is_refused(header: Any) -> None:
    """A protected header without `alg`, or none, is refused."""
    agree(lambda lib: jws(lib).serialize_json(header, b"hello", SECRET))


# deserialize_json ------------------------------------------------------------------------------------------------------------------


GOOD = flattened(HS, {"kid": "a"})
JSON_INPUTS: dict[str, Any] = {
    "flattened": GOOD,
    "no unprotected header": flattened(HS),
    "empty payload": flattened(HS, payload=b""),
    "general": general(GOOD, flattened({**HS, "kid": "b"})),
    "general with one": general(GOOD),
    "none": None,
    "list": "[]",
    "empty": "{}",
    "no JSON": "{",
    "a number": 1,
    "no payload": {"protected": "YQ", "signature": "YQ"},
    "payload absent": {"protected": GOOD["protected"], "signature": GOOD["signature"]},
    "payload absent, general": {"signatures": general(GOOD)["signatures"]},
    "payload null": {**GOOD, "payload": None},
    "payload broken": {**GOOD, "payload": "a"},
    "no protected": {"payload": "YQ", "signature": "YQ"},
    "protected empty": {**GOOD, "protected": ""},
    "no signature": {"payload": "YQ", "protected": "YQ"},
    "signature empty": {**GOOD, "signature": ""},
    "signature broken": {**GOOD, "signature": "a"},
    "protected no JSON": {**GOOD, "protected": "YQ"},
    "header a string": {**GOOD, "header": "kid"},
    "unprotected crit": flattened(HS, {"crit": ["x"], "x": 1}),
    "protected crit unknown": flattened({**HS, "crit": ["x"], "x": 1}),
    "protected crit absent": flattened({**HS, "crit": ["kid"]}),
    "protected crit a string": flattened({**HS, "crit": "kid"}),
    "alg missing": flattened({}),
    "alg unknown": flattened({"alg": "s"}),
    "forged": {**GOOD, "signature": "YQ"},
    "general, second forged": general(GOOD, {**GOOD, "signature": "YQ"}),
    "general, first forged": general({**GOOD, "signature": "YQ"}, GOOD),
    "general, second broken": general(GOOD, {**GOOD, "signature": ""}),
    "general, crit unprotected in one": general(GOOD, flattened(HS, {"crit": ["x"]})),
    "general, alg unknown in one": general(GOOD, flattened({"alg": "s"})),
    "no signatures": {"payload": "YQ", "signatures": []},
    "signatures null": {"payload": "YQ", "signatures": None},
}


@pytest.mark.parametrize("value", JSON_INPUTS.values(), ids=JSON_INPUTS)
@pytest.mark.parametrize(
    "form", [lambda v: v, json.dumps, lambda v: json.dumps(v).encode()], ids=["dict", "str", "bytes"]
)
def test_json_input_is_judged_as_in_authlib(value: Any, form: Any) -> None:
    """Every malformed JSON form gets Authlib's error class."""
    given = value if isinstance(value, str | None) else form(value)
    agree(lambda lib: jws(lib).deserialize_json(given, SECRET))


def test_json_input_is_not_changed() -> None:
    """Verifying leaves the caller's dict as it was."""
    for value in (GOOD, general(GOOD)):
        before = json.dumps(value)
        agree(lambda lib, v=value: jws(lib).deserialize_json(v, SECRET))
        assert json.dumps(value) == before


def test_the_error_of_a_general_forgery_lists_every_header() -> None:
    """The result of a refused general form has a header for each signature."""
    error = agree(lambda lib: jws(lib).deserialize_json(general(GOOD, {**GOOD, "signature": "YQ"}), SECRET))[1]
    assert [dict(header) for header in error.result.header] == [{"kid": "a", "alg": "HS256"}] * 2
    assert error.result.type == "json"


# serialize, deserialize ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [HS, {"protected": HS}, [{"protected": HS}], ({"protected": HS},), {}, {"alg": "s"}])
def test_serialize_picks_the_form(header: Any) -> None:
    """`serialize` chooses the form by the header."""
    agree(lambda lib: jws(lib).serialize(header, "hello", SECRET))


@pytest.mark.parametrize(
    "value",
    [
        forged(HS),
        GOOD,
        general(GOOD),
        json.dumps(GOOD),
        json.dumps(GOOD).encode(),
        f" {json.dumps(GOOD)}",
        f"{json.dumps(GOOD)} ",
        None,
    ],
    ids=["compact", "dict", "general", "text", "bytes", "space before", "space behind", "None"],
)
def test_deserialize_picks_the_form(value: Any) -> None:
    """`deserialize` chooses the form by the text."""
    agree(lambda lib: jws(lib).deserialize(value, SECRET))


# Private headers and crit ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("private", [None, [], ["x"], {"x", "y"}, ("x",)])
@pytest.mark.parametrize(
    "header", [HS, {**HS, "x": 1}, {**HS, "z": 1}, {**HS, "x": 1, "crit": ["x"]}, {**HS, "crit": ["x"]}]
)
def test_private_headers_are_an_allow_list_for_signing_only(private: Any, header: dict[str, Any]) -> None:
    """Unlisted names are refused when signing and accepted when verifying."""
    agree(lambda lib: jws(lib, private_headers=private).serialize_compact(header, b"hello", SECRET))
    agree(lambda lib: jws(lib, private_headers=private).serialize({"protected": HS, "header": {"x": 1}}, b"", SECRET))
    agree(lambda lib: jws(lib, private_headers=private).serialize({"protected": header}, b"hello", SECRET))
    agree(lambda lib: jws(lib, private_headers=private).deserialize_compact(forged(header), SECRET))
    agree(lambda lib: jws(lib, private_headers=private).deserialize_json(flattened(header), SECRET))


@pytest.mark.parametrize("crit", ["x", [1], None, {"x": 1}, ["x"]])
def test_crit_is_held_to_its_shape_when_signing(crit: Any) -> None:
    """A `crit` that no verifier accepts is not signed."""
    agree(lambda lib: jws(lib).serialize_compact({**HS, "crit": crit}, b"hello", SECRET))
    agree(lambda lib: jws(lib).serialize({"protected": HS, "header": {"crit": crit}}, b"hello", SECRET))


# Results ---------------------------------------------------------------------------------------------------------------------------


def test_a_header_combines_both_and_the_protected_one_wins() -> None:
    """A JWSHeader shows both headers; the protected value wins."""
    agree(lambda lib: lib.JWSHeader({"alg": "HS256", "kid": "p"}, {"kid": "u", "x": 1}))
    agree(lambda lib: lib.JWSHeader({"alg": "HS256"}, None))
    agree(lambda lib: lib.JWSHeader.from_dict({"protected": HS, "header": {"kid": "a"}}))
    header = layer.JWSHeader(HS, None)
    assert layer.JWSHeader.from_dict(header) is header


@pytest.mark.parametrize("value", [forged(HS), GOOD, general(GOOD)], ids=["compact", "flat", "json"])
def test_a_result_equals_a_plain_dict_and_survives_pickling(value: Any) -> None:
    """A JWSObject compares and pickles as a dict does."""
    result = jws(layer).deserialize(value, SECRET)
    assert result == {"header": result.header, "payload": b"hello"}
    copied = pickle.loads(pickle.dumps(result))
    assert plain(copied) == plain(result)


# Callable keys ---------------------------------------------------------------------------------------------------------------------


def test_a_callable_sees_header_and_payload() -> None:
    """A key loader gets Authlib's arguments when signing and verifying."""

    def signing(lib: Any) -> Any:
        seen = []

        def key(header: Any, payload: Any) -> bytes:
            seen.append((type(header).__name__, dict(header), payload))
            return SECRET

        jws(lib).serialize_compact({**HS, "kid": "1"}, "hello", key)
        jws(lib).serialize_json({"protected": HS, "header": {"kid": "2"}}, {"a": 1}, key)
        jws(lib).serialize_json([{"protected": HS}, {"protected": {**HS, "kid": "3"}}], b"x", key)
        jws(lib).deserialize_compact(forged({**HS, "kid": "4"}), key)
        jws(lib).deserialize_json(general(GOOD, flattened({**HS, "kid": "5"})), key)
        jws(lib).deserialize_compact(forged(HS, {"iss": "x"}), key, decode=json.loads)
        return seen

    kind, seen = agree(signing)
    assert kind == "value"
    assert seen[0] == ["dict", {"alg": "HS256", "kid": "1"}, "hello"]
    assert seen[-1] == ["JWSHeader", {"alg": "HS256"}, {"iss": "x"}]


def test_a_callable_chooses_per_signature_and_its_exceptions_propagate() -> None:
    """A key loader runs once per signature, and its exceptions reach the caller."""
    secrets = {"a": SECRET, "b": SECRET + b"2"}
    signed = general(flattened({**HS, "kid": "a"}), flattened({**HS, "kid": "b"}, secret=SECRET + b"2"))
    agree(lambda lib: jws(lib).deserialize_json(signed, lambda header, _payload: secrets[header["kid"]]))

    def broken(_header: Any, _payload: Any) -> Any:
        raise LookupError("no such key")

    for call in (
        lambda: jws(layer).deserialize_json(signed, broken),
        lambda: jws(layer).serialize_compact(HS, b"", broken),
    ):
        with pytest.raises(LookupError, match="no such key"):
            call()
