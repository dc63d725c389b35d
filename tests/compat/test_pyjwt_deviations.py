"""Where `jwseal.compat.pyjwt` differs from PyJWT on purpose: one test for each number in the package's header.

Each shows what PyJWT does and what the layer does instead, so that a deviation that PyJWT takes over is noticed.
"""

import json
import re
import shutil
import subprocess
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from jwseal import errors
from jwseal.testing import Answer, FakeIssuer
from pyjwt_pair import SECRET, answer, layer, private_key, private_pem, public_pem, public_ssh, real
from test_pyjwt import b64, forged, token

HS256 = ["HS256"]


def kind(module: Any, call: Any) -> str:
    """ "value", or the name of the exception's class."""
    found = answer(module, call)
    return found[1] if found[0] == "error" else "value"


def test_every_number_has_a_test() -> None:
    """The header lists deviations 1 to n, and the tests below are numbered alike."""
    listed = re.findall(r"^ ?(\d+)\. ", layer.__doc__ or "", re.MULTILINE)
    tested = re.findall(r"test_deviation_(\d+)_", " ".join(globals()))
    assert [str(number) for number in range(1, len(listed) + 1)] == listed
    assert sorted(set(tested), key=int) == listed


def test_deviation_1_none_signs_nothing() -> None:
    """PyJWT writes unsigned tokens for "none"; the layer raises and says why. Neither accepts one."""
    for call in (
        lambda jwt: jwt.encode({}, None, algorithm="none"),
        lambda jwt: jwt.encode({}, None, algorithm=None),
        lambda jwt: jwt.encode({}, None, headers={"alg": "none"}),
        lambda jwt: jwt.algorithms.NoneAlgorithm().sign(b"", None),
    ):
        assert kind(real, call) == "value"
        with pytest.raises(NotImplementedError, match="anyone can write"):
            call(layer)
    unsigned = real.encode({"a": 1}, None, algorithm="none")
    for jwt in (real, layer):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(unsigned, algorithms=["none"])
        with pytest.raises(jwt.InvalidAlgorithmError):
            jwt.decode(unsigned, SECRET, algorithms=HS256)
        assert {"a": 1} == jwt.decode(unsigned, options={"verify_signature": False})


def test_deviation_2_es521_is_refused() -> None:
    """ES521 is no registered name: the layer neither signs nor accepts it, and names ES512 instead."""
    signed = real.encode({}, private_pem("ES512"), algorithm="ES521")
    assert {} == real.decode(signed, public_pem("ES512"), algorithms=["ES521"])
    with pytest.raises(layer.InvalidAlgorithmError, match="ES512"):
        layer.decode(signed, public_pem("ES512"), algorithms=["ES521", "ES512"])
    with pytest.raises(NotImplementedError, match="ES512"):
        layer.encode({}, private_pem("ES512"), algorithm="ES521")


def test_deviation_3_no_algorithm_is_registered() -> None:
    """An algorithm of the caller's own cannot be registered, on an object or for the module."""
    for register in (layer.PyJWS().register_algorithm, layer.register_algorithm):
        with pytest.raises(NotImplementedError, match="registers no algorithms"):
            register("X256", layer.algorithms.HMACAlgorithm(layer.algorithms.HMACAlgorithm.SHA256))
    with pytest.raises(NotImplementedError):
        layer.get_algorithm_by_name("X256")


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
        call(layer)


def test_deviation_5_a_text_of_algorithms_is_one_name() -> None:
    """PyJWT finds HS256 in "HS256, HS512"; for the layer that is one name, which no token has."""
    for text in ("HS256,HS512", "HS256 HS512", "xHS256"):
        call = lambda jwt, text=text: jwt.decode(token({}), SECRET, algorithms=text)  # noqa: E731
        assert kind(real, call) == "value"
        assert kind(layer, call) == "InvalidAlgorithmError"
    assert {} == layer.decode(token({}), SECRET, algorithms="HS256")


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
        json.dumps({str(index): index for index in range(1025)}).encode(),
        b"\xef\xbb\xbf" + b'{"a":1}',
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
        assert kind(layer, call) == "DecodeError"


def test_deviation_6_long_integers() -> None:
    """An integer of 4,300 digits is read, one of more is refused, as Python itself refuses it in PyJWT."""
    for digits, expected in ((4300, "value"), (4301, "DecodeError")):
        signed = forged({"alg": "HS256"}, b'{"a":' + b"9" * digits + b"}")
        for jwt in (real, layer):
            assert kind(jwt, lambda jwt, s=signed: jwt.decode(s, SECRET, HS256)) == expected


def test_deviation_6_headers_too() -> None:
    """A header with two `alg` has one reading: none."""
    signed = forged(b'{"alg":"none","alg":"HS256"}', {})
    assert kind(real, lambda jwt: jwt.decode(signed, SECRET, HS256)) == "value"
    assert kind(layer, lambda jwt: jwt.decode(signed, SECRET, HS256)) == "DecodeError"
    assert kind(layer, lambda jwt: jwt.get_unverified_header(signed)) == "DecodeError"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"x": "a" * 4096}, "DecodeError"),
        ({"x": "a" * 4000}, "value"),
        ({"x": json.loads("[" * 8 + "]" * 8)}, "DecodeError"),
        ({"x": json.loads("[" * 7 + "]" * 7)}, "value"),
        ({"typ": 1, "x5c": "text", "cty": None}, "value"),
    ],
)
def test_deviation_7_header_limits(header: dict[str, Any], expected: str) -> None:
    """A header over 4,096 bytes or 8 levels is refused; the types of its parameters are as free as in PyJWT."""
    signed = forged({"alg": "HS256", **header}, {})
    for call in (
        lambda jwt: jwt.decode(signed, SECRET, HS256),
        lambda jwt: jwt.get_unverified_header(signed),
        lambda jwt: jwt.decode(signed, options={"verify_signature": False}),
    ):
        assert kind(real, call) == "value"
        assert kind(layer, call) == expected


def test_deviation_6_bounds() -> None:
    """The deepest and the widest JSON that is read, and a pair of surrogates."""
    widest = json.dumps({str(index): index for index in range(1024)}).encode()
    for payload in (b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", widest, rb'{"a":"\ud83d\ude00"}', b'{"a":1e308}'):
        signed = forged({"alg": "HS256"}, payload)
        for arguments in ({"key": SECRET, "algorithms": HS256}, {"options": {"verify_signature": False}}):
            assert json.loads(payload) == layer.decode(signed, **arguments)


def test_deviation_7_size() -> None:
    """A token over 1 MiB is refused; one of 700,000 octets is not."""
    for size, expected in ((500_000, "value"), (1_000_000, "DecodeError")):
        signed = token({"x": "a" * size})
        assert kind(real, lambda jwt, s=signed: jwt.decode(s, SECRET, HS256)) == "value"
        assert kind(layer, lambda jwt, s=signed: jwt.decode(s, SECRET, HS256)) == expected
        assert kind(layer, lambda jwt, s=signed: jwt.decode(s, options={"verify_signature": False})) == expected


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
        with warnings.catch_warnings(), pytest.raises(layer.InvalidKeyError, match="1024 bits"):
            warnings.simplefilter("ignore")
            call(layer)


def pss_restricted(*, bound: bool) -> tuple[str, str]:
    """A private and a public RSA key as PEM whose encoding says id-RSASSA-PSS (RFC 4055), for any digest or for PS256 alone."""
    option = ["-pkeyopt", "rsa_pss_keygen_md:sha256", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256"] if bound else []
    made = ["openssl", "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", *option]
    private = subprocess.run(made, capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, capture_output=True, check=True).stdout
    return private.decode(), public.decode()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes these keys")
@pytest.mark.parametrize("bound", [False, True])
def test_deviation_8_an_rsa_key_restricted_to_pss(bound: bool) -> None:
    """A key that says RSASSA-PSS neither signs nor verifies RS256, as natively; PS256 works, and PS512 unless bound to PS256."""
    private, public = pss_restricted(bound=bound)
    for alg, expected in (
        ("RS256", "InvalidKeyError"),
        ("PS256", "value"),
        ("PS512", "InvalidKeyError" if bound else "value"),
    ):
        signed = real.encode({"a": 1}, private, algorithm=alg)
        for material in (private, private.encode()):
            assert kind(layer, lambda jwt, m=material, a=alg: jwt.encode({}, m, algorithm=a)) == expected
        for material in (public, public.encode(), "\n" + public):
            assert kind(layer, lambda jwt, m=material, s=signed, a=alg: jwt.decode(s, m, algorithms=[a])) == expected
        assert expected == "value" or kind(real, lambda jwt, s=signed, a=alg: jwt.decode(s, public, [a])) == "value"


def test_deviation_9_jwks_are_read_strictly() -> None:
    """A JWK whose halves do not match, without its secret, or of text with two readings is an InvalidKeyError."""
    private = real.algorithms.ECAlgorithm.to_jwk(private_key("ES256"), as_dict=True)
    mixed = {**private, "d": b64(b"\x01" * 32)}
    assert kind(layer, lambda jwt: jwt.PyJWK(mixed)) == "InvalidKeyError"

    assert kind(real, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk({"kty": "oct"})) == "KeyError"
    assert kind(layer, lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk({"kty": "oct"})) == "InvalidKeyError"

    twice = f'{{"kty":"oct","k":"{b64(b"a" * 32)}","k":"{b64(b"b" * 32)}"}}'
    for call in (lambda jwt: jwt.algorithms.HMACAlgorithm.from_jwk(twice), lambda jwt: jwt.PyJWK.from_json(twice)):
        assert kind(real, call) == "value"
        assert kind(layer, call) == "InvalidKeyError"


BROKEN = ['{"kty":"oct","k":"c2VjcmV0c2VjcmV0', '{"kty":"oct","k":"c2VjcmV0\ud800"}', '["c2VjcmV0"]', "c2VjcmV0"]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["PyJWK", "PyJWKSet", "algorithms.HMACAlgorithm", "algorithms.RSAAlgorithm"])
def test_deviation_9_broken_text_is_not_kept_in_the_exception(text: str, name: str) -> None:
    """JSON text that cannot be read is a typed error that holds nothing of it, in any attribute or chained exception."""
    reader = layer
    for part in name.split("."):
        reader = getattr(reader, part)
    read = reader.from_jwk if "." in name else reader.from_json
    with pytest.raises(layer.PyJWKSetError if name == "PyJWKSet" else layer.InvalidKeyError) as caught:
        read(text)
    assert caught.value.code == "invalid_key"
    assert holds_nothing_of(caught.value, "c2VjcmV0")


def holds_nothing_of(error: BaseException | None, secret: str) -> bool:
    """Whether an exception and all that it is chained to hold no part of a text."""
    if error is None:
        return True
    shown = repr((error.args, vars(error), str(error), getattr(error, "object", ""), getattr(error, "doc", "")))
    return secret not in shown and all(holds_nothing_of(e, secret) for e in (error.__cause__, error.__context__))


def test_deviation_10_key_text_is_no_secret() -> None:
    """The base64 of a public key without PEM's lines, PEM's first line alone, or a JWK in YAML, is refused as a secret."""
    for part in ("".join(public_pem("ES256").splitlines()[1:-1]), "-----BEGIN PUBLIC KEY-----", "kty: EC"):
        assert kind(real, lambda jwt, part=part: jwt.encode({}, part)) == "value"
        assert kind(layer, lambda jwt, part=part: jwt.encode({}, part)) == "InvalidKeyError"


def test_deviation_11_keys_of_the_other_half() -> None:
    """A private RSA key verifies, and a public key that is to sign is an InvalidKeyError."""
    signed = layer.encode({"a": 1}, private_pem("RS256"), algorithm="RS256")
    verify = lambda jwt: jwt.decode(signed, private_pem("RS256"), algorithms=["RS256"])  # noqa: E731
    assert kind(real, verify) == "AttributeError"
    assert {"a": 1} == verify(layer)
    sign = lambda jwt: jwt.encode({}, public_pem("RS256"), algorithm="RS256")  # noqa: E731
    assert kind(real, sign) == "AttributeError"
    assert kind(layer, sign) == "InvalidKeyError"
    read = lambda jwt: jwt.get_algorithm_by_name("EdDSA").prepare_key(b"\xff")  # noqa: E731
    assert kind(real, read) == "UnicodeDecodeError"
    assert kind(layer, read) == "InvalidKeyError"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_deviation_11_text_that_is_no_key(alg: str) -> None:
    """An HMAC secret and a token of another algorithm that the caller allows are an InvalidKeyError."""
    signed = real.encode({}, private_pem(alg), algorithm=alg)
    call = lambda jwt: jwt.decode(signed, SECRET, algorithms=["HS256", alg])  # noqa: E731
    assert kind(real, call) == ("ValueError" if alg == "ES256" else "InvalidKeyError")
    with pytest.raises(layer.InvalidKeyError) as caught:
        call(layer)
    assert "invalid_key" == caught.value.code


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256", "EdDSA"])
def test_deviation_11_key_text_with_a_lone_surrogate(alg: str) -> None:
    """Text without a UTF-8 form is an InvalidKeyError that does not hold it; PyJWT's UnicodeEncodeError does."""
    secret = "do not keep this secret anywhere \ud800"
    assert kind(real, lambda jwt: jwt.encode({}, secret, algorithm=alg)) in ("UnicodeEncodeError", "InvalidKeyError")
    for call in (
        lambda jwt: jwt.encode({}, secret, algorithm=alg),
        lambda jwt: jwt.decode(forged({"alg": alg}, {}), secret, algorithms=[alg]),
    ):
        with pytest.raises(layer.InvalidKeyError) as caught:
            call(layer)
        assert caught.value.code == "invalid_key"
        assert holds_nothing_of(caught.value, "do not keep")


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
        with pytest.raises(layer.InvalidKeyError) as caught:
            layer.get_algorithm_by_name(alg).prepare_key(text)
        assert "invalid_key" == caught.value.code
        assert caught.value.__cause__ is None


def test_deviation_12_messages_show_no_key() -> None:
    """PyJWT prints the whole JWK into its messages; the layer does not."""
    secret = b64(b"do not show me, whatever happens")
    for jwk in ({"k": secret}, {"kty": "oct", "k": secret, "alg": "X"}, {"kty": "EC", "crv": secret}):
        assert secret in answer(real, lambda jwt, jwk=jwk: jwt.PyJWK(jwk))[2]
        assert secret not in answer(layer, lambda jwt, jwk=jwk: jwt.PyJWK(jwk))[2]


@pytest.mark.parametrize("name", ["line\nfeed", "\x1b[31mred", "\u202eright to left", "\x85\x9b"])
def test_deviation_12_messages_escape_what_is_not_printable(name: str) -> None:
    """Names and kids of a token reach terminals and logs through messages: control characters do not."""
    client = layer.PyJWKClient("https://keys.example")
    jwk = {"kty": "oct", "k": b64(b"x" * 32), "kid": "other"}
    client.fetch_data = lambda: {"keys": [jwk]}
    for call in (
        lambda: layer.decode(token({}, crit=[name], **{name: 1}), SECRET, HS256),
        lambda: layer.get_unverified_header(token({}, crit=[name])),
        lambda: layer.decode(forged({"alg": name}, {}), layer.PyJWK(jwk), algorithms=[name]),
        lambda: client.get_signing_key_from_jwt(token({}, kid=name)),
    ):
        with pytest.raises(layer.PyJWTError) as caught:
            call()
        assert str(caught.value).isprintable()


def test_deviation_13_fetches_are_bounded() -> None:
    """PyJWT reads a response of any size and waits anew for each byte; the layer has a bound for both."""
    with FakeIssuer() as issuer:
        issuer.publish({"pad": "x" * 1_048_576})
        call = lambda jwt: jwt.PyJWKClient(issuer.jwks_uri).fetch_data()  # noqa: E731
        assert ("value", "PyJWKClientConnectionError") == (kind(real, call), kind(layer, call))
        issuer.publish()
        issuer.reply(Answer.byte_by_byte(0.005))
        call = lambda jwt: jwt.PyJWKClient(issuer.jwks_uri, timeout=0.2).fetch_data()  # noqa: E731
        assert ("value", "PyJWKClientConnectionError") == (kind(real, call), kind(layer, call))


@pytest.mark.parametrize("alg", [[], ["HS256"], {}, 5, True], ids=repr)
@pytest.mark.parametrize("algorithms", [{"HS256"}, "HS256", {"HS256": 1}, HS256], ids=repr)
def test_deviation_14_an_alg_that_is_no_string_is_refused(alg: Any, algorithms: Any) -> None:
    """PyJWT raises TypeError where a set of names cannot look for the header's alg; the layer refuses the token."""
    call = lambda jwt: jwt.decode(forged({"alg": alg}, {}), SECRET, algorithms)  # noqa: E731
    assert kind(layer, call) == "InvalidAlgorithmError"
    assert kind(real, call) in {"InvalidAlgorithmError", "TypeError"}


@pytest.mark.parametrize(("alg", "other"), [("RS256", "HS256"), ("RS256", "ES256"), ("ES256", "RS256")])
def test_deviation_15_a_key_object_of_another_family_is_an_invalid_key(alg: str, other: str) -> None:
    """A token that names another of the accepted algorithms, for which the key object is no key, is refused by PyJWT's own exception."""
    key = private_key(alg).public_key()
    call = lambda jwt: jwt.decode(forged({"alg": other}, {}), key, [alg, other])  # noqa: E731
    assert kind(real, call) == "TypeError"
    with pytest.raises(layer.InvalidKeyError) as refusal:
        call(layer)
    assert isinstance(refusal.value, TypeError)
    assert kind(layer, lambda jwt: jwt.decode(forged({"alg": other}, {}), object(), [other])) == "TypeError"
