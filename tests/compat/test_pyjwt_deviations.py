"""Where `jwseal.compat.pyjwt` differs from PyJWT on purpose: one test for each number in the package's header.

Each shows what PyJWT does and what the face does instead, so that a deviation that PyJWT takes over is noticed.
"""

import json
import re
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from jwseal import errors
from pyjwt_pair import SECRET, answer, face, private_key, private_pem, public_pem, public_ssh, real
from test_pyjwt import b64, forged, token

HS256 = ["HS256"]


def kind(module: Any, call: Any) -> str:
    """ "value", or the name of the exception's class."""
    found = answer(module, call)
    return found[1] if found[0] == "error" else "value"


def test_every_number_has_a_test() -> None:
    """The header lists deviations 1 to n, and the tests below are numbered alike."""
    listed = re.findall(r"^ ?(\d+)\. ", face.__doc__ or "", re.MULTILINE)
    tested = re.findall(r"test_deviation_(\d+)_", " ".join(globals()))
    assert [str(number) for number in range(1, len(listed) + 1)] == listed
    assert sorted(set(tested), key=int) == listed


def test_deviation_1_none_signs_nothing() -> None:
    """PyJWT writes unsigned tokens for "none"; the face raises and says why. Neither accepts one."""
    for call in (
        lambda jwt: jwt.encode({}, None, algorithm="none"),
        lambda jwt: jwt.encode({}, None, algorithm=None),
        lambda jwt: jwt.encode({}, None, headers={"alg": "none"}),
        lambda jwt: jwt.algorithms.NoneAlgorithm().sign(b"", None),
    ):
        assert kind(real, call) == "value"
        with pytest.raises(NotImplementedError, match="anyone can write"):
            call(face)
    unsigned = real.encode({"a": 1}, None, algorithm="none")
    for jwt in (real, face):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(unsigned, algorithms=["none"])
        with pytest.raises(jwt.InvalidAlgorithmError):
            jwt.decode(unsigned, SECRET, algorithms=HS256)
        assert {"a": 1} == jwt.decode(unsigned, options={"verify_signature": False})


def test_deviation_2_es521_is_refused() -> None:
    """ES521 is no registered name: the face neither signs nor accepts it, and names ES512 instead."""
    signed = real.encode({}, private_pem("ES512"), algorithm="ES521")
    assert {} == real.decode(signed, public_pem("ES512"), algorithms=["ES521"])
    with pytest.raises(face.InvalidAlgorithmError, match="ES512"):
        face.decode(signed, public_pem("ES512"), algorithms=["ES521", "ES512"])
    with pytest.raises(NotImplementedError, match="ES512"):
        face.encode({}, private_pem("ES512"), algorithm="ES521")


def test_deviation_3_no_algorithm_is_registered() -> None:
    """An algorithm of the caller's own cannot be registered, on an object or for the module."""
    for register in (face.PyJWS().register_algorithm, face.register_algorithm):
        with pytest.raises(NotImplementedError, match="registers no algorithms"):
            register("X256", face.algorithms.HMACAlgorithm(face.algorithms.HMACAlgorithm.SHA256))
    with pytest.raises(NotImplementedError):
        face.get_algorithm_by_name("X256")


@pytest.mark.parametrize(
    "call",
    [
        lambda jwt: jwt.decode(token({}), SECRET, HS256, options={"verify_expp": False}),
        lambda jwt: jwt.decode_complete(token({}), SECRET, HS256, options={"require_exp": True}),
        lambda jwt: jwt.PyJWT({"leeway": 10}),
        lambda jwt: jwt.PyJWS(options={"leeway": 10}),
        lambda jwt: jwt.PyJWS().decode(token({}), SECRET, HS256, options={"verify_expp": True}),
    ],
)
def test_deviation_4_unknown_options_raise(call: Any) -> None:
    """An option that would be ignored is refused by name."""
    assert kind(real, call) == "value"
    with pytest.raises(errors.PolicyError, match=r"unknown option '(verify_expp|require_exp|leeway)'"):
        call(face)


def test_deviation_5_a_text_of_algorithms_is_one_name() -> None:
    """PyJWT finds HS256 in "HS256, HS512"; for the face that is one name, which no token has."""
    for text in ("HS256,HS512", "HS256 HS512", "xHS256"):
        call = lambda jwt, text=text: jwt.decode(token({}), SECRET, algorithms=text)  # noqa: E731
        assert kind(real, call) == "value"
        assert kind(face, call) == "InvalidAlgorithmError"
    assert {} == face.decode(token({}), SECRET, algorithms="HS256")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        rb'{"a":"\ud800"}',
        rb'{"\udfff":1}',
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        json.dumps({str(place): place for place in range(1025)}).encode(),
        '{"a":"é"}'.encode("utf-16"),
    ],
)
def test_deviation_6_json_has_one_reading(payload: bytes) -> None:
    """JSON of which parsers differ is refused in the payload, verified or not, and in the header."""
    signed = forged({"alg": "HS256"}, payload)
    for call in (
        lambda jwt: jwt.decode(signed, SECRET, HS256),
        lambda jwt: jwt.decode(signed, options={"verify_signature": False}),
    ):
        assert kind(real, call) == "value"
        assert kind(face, call) == "DecodeError"


def test_deviation_6_headers_too() -> None:
    """A header with two `alg` has one reading: none."""
    signed = forged(b'{"alg":"none","alg":"HS256"}', {})
    assert kind(real, lambda jwt: jwt.decode(signed, SECRET, HS256)) == "value"
    assert kind(face, lambda jwt: jwt.decode(signed, SECRET, HS256)) == "DecodeError"
    assert kind(face, lambda jwt: jwt.get_unverified_header(signed)) == "DecodeError"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"x": "a" * 4096}, "DecodeError"),
        ({"x": json.loads("[" * 10 + "]" * 10)}, "DecodeError"),
        ({"typ": 1}, "InvalidTokenError"),
        ({"x5c": "text"}, "InvalidTokenError"),
        ({"b64": True, "crit": ["b64", "b64"]}, "InvalidTokenError"),
    ],
)
def test_deviation_7_header_rules(header: dict[str, Any], expected: str) -> None:
    """jwseal's rules for headers hold where PyJWT has none."""
    signed = forged({"alg": "HS256", **header}, {})
    assert kind(real, lambda jwt: jwt.decode(signed, SECRET, HS256)) == "value"
    assert kind(face, lambda jwt: jwt.decode(signed, SECRET, HS256)) == expected


def test_deviation_6_bounds() -> None:
    """The deepest and the widest JSON that is read, and a pair of surrogates."""
    widest = json.dumps({str(place): place for place in range(1024)}).encode()
    for payload in (b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", widest, rb'{"a":"\ud83d\ude00"}', b'{"a":1e308}'):
        signed = forged({"alg": "HS256"}, payload)
        for arguments in ({"key": SECRET, "algorithms": HS256}, {"options": {"verify_signature": False}}):
            assert json.loads(payload) == face.decode(signed, **arguments)


def test_deviation_7_size() -> None:
    """A token over 1 MiB is refused; one of 700,000 octets is not."""
    for size, expected in ((500_000, "value"), (1_000_000, "DecodeError")):
        signed = token({"x": "a" * size})
        assert kind(real, lambda jwt, s=signed: jwt.decode(s, SECRET, HS256)) == "value"
        assert kind(face, lambda jwt, s=signed: jwt.decode(s, SECRET, HS256)) == expected
        assert kind(face, lambda jwt, s=signed: jwt.decode(s, options={"verify_signature": False})) == expected


def test_deviation_8_short_rsa_keys_are_refused() -> None:
    """RSA below 2048 bits is an InvalidKeyError; PyJWT warns and goes on."""
    key = rsa.generate_private_key(65537, 1024)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signed = real.encode({}, pem, algorithm="RS256")
    for call in (
        lambda jwt: jwt.encode({}, pem, algorithm="RS256"),
        lambda jwt: jwt.decode(signed, key.public_key(), algorithms=["RS256"]),
    ):
        assert kind(real, call) == "value"
        with pytest.raises(face.InvalidKeyError, match="1024 bits"):
            call(face)


def test_deviation_9_jwks_are_read_strictly() -> None:
    """A JWK with padding, with halves that do not match, or without its secret is an InvalidKeyError."""
    padded = {"kty": "oct", "k": b64(b"x" * 32) + "="}
    assert kind(real, lambda jwt: jwt.PyJWK(padded)) == "value"
    assert kind(face, lambda jwt: jwt.PyJWK(padded)) == "InvalidKeyError"

    public = json.loads(real.algorithms.ECAlgorithm.to_jwk(private_key("ES256").public_key()))
    public["x"] += "="
    assert kind(real, lambda jwt: jwt.PyJWK(public)) == "value"
    assert kind(face, lambda jwt: jwt.PyJWK(public)) == "InvalidKeyError"

    assert kind(real, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk({"kty": "oct"})) == "KeyError"
    assert kind(face, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk({"kty": "oct"})) == "InvalidKeyError"

    twice = f'{{"kty":"oct","k":"{b64(b"a" * 32)}","k":"{b64(b"b" * 32)}"}}'
    assert kind(real, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk(twice)) == "value"
    assert kind(face, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk(twice)) == "InvalidKeyError"


def test_deviation_10_key_text_is_no_secret() -> None:
    """The base64 of a public key without PEM's lines, or PEM's first line alone, is refused as a secret."""
    for part in ("".join(public_pem("ES256").splitlines()[1:-1]), "-----BEGIN PUBLIC KEY-----", '["kty"]'):
        assert kind(real, lambda jwt, part=part: jwt.encode({}, part)) == "value"
        assert kind(face, lambda jwt, part=part: jwt.encode({}, part)) == "InvalidKeyError"


def test_deviation_11_keys_of_the_other_half() -> None:
    """A private RSA key verifies, and a public key that is to sign is an InvalidKeyError."""
    signed = face.encode({"a": 1}, private_pem("RS256"), algorithm="RS256")
    verify = lambda jwt: jwt.decode(signed, private_pem("RS256"), algorithms=["RS256"])  # noqa: E731
    assert kind(real, verify) == "AttributeError"
    assert {"a": 1} == verify(face)
    sign = lambda jwt: jwt.encode({}, public_pem("RS256"), algorithm="RS256")  # noqa: E731
    assert kind(real, sign) == "AttributeError"
    assert kind(face, sign) == "InvalidKeyError"
    read = lambda jwt: jwt.get_algorithm_by_name("EdDSA").prepare_key(b"\xff")  # noqa: E731
    assert kind(real, read) == "UnicodeDecodeError"
    assert kind(face, read) == "InvalidKeyError"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_deviation_11_text_that_is_no_key(alg: str) -> None:
    """An HMAC secret and a token of another algorithm that the caller allows are an InvalidKeyError."""
    signed = real.encode({}, private_pem(alg), algorithm=alg)
    call = lambda jwt: jwt.decode(signed, SECRET, algorithms=["HS256", alg])  # noqa: E731
    assert kind(real, call) == ("ValueError" if alg == "ES256" else "InvalidKeyError")
    with pytest.raises(face.InvalidKeyError) as caught:
        call(face)
    assert "invalid_key" == caught.value.code


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_deviation_11_key_text_that_cannot_be_used(alg: str) -> None:
    """So are an encrypted private key and damaged key text of every form, without a word of them in the message."""
    pem, ssh = private_pem(alg), public_ssh(alg).split()
    encrypted = private_key(alg).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    damaged = [text[:60] + text[90:] for text in (pem, public_pem(alg))]
    for text in (encrypted, *damaged, f"{ssh[0]} {ssh[1][:-8]}"):
        with pytest.raises(face.InvalidKeyError) as caught:
            face.get_algorithm_by_name(alg).prepare_key(text)
        assert "invalid_key" == caught.value.code
        assert caught.value.__cause__ is None


def test_deviation_12_messages_show_no_key() -> None:
    """PyJWT prints the whole JWK into its messages; the face does not."""
    secret = b64(b"do not show me, whatever happens")
    for jwk in ({"k": secret}, {"kty": "oct", "k": secret, "alg": "X"}, {"kty": "EC", "crv": secret}):
        assert secret in answer(real, lambda jwt, jwk=jwk: jwt.PyJWK(jwk))[2]
        assert secret not in answer(face, lambda jwt, jwk=jwk: jwt.PyJWK(jwk))[2]
