"""Reading of keys by `jwseal.compat.authlib`: JWKs as providers write them, restricted RSA keys, passwords, and what a reading costs.

Where Authlib reads a key, the layer reads it; both answers are compared.
"""

import base64
import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from authlib_pair import (
    SECRET,
    agree,
    answer,
    b64,
    layer,
    private_jwk,
    private_key,
    private_pem,
    public_jwk,
    public_pem,
    real,
)
from jwseal.compat.authlib import encoding, key_material
from jwseal.compat.remembered_keys import forget

errors = layer.errors
JWS = layer.JsonWebSignature()


def signed(alg: str) -> bytes:
    """A token under the run's key for this algorithm."""
    return JWS.serialize_compact({"alg": alg}, b"hello", private_pem(alg))


# JWKs of providers and old libraries -------------------------------------------------------------------------------------------------


def padded(jwk: dict[str, Any], names: str) -> dict[str, Any]:
    """The JWK with base64 padding in these members."""
    return {**jwk, **{name: jwk[name] + "=" * (-len(jwk[name]) % 4) for name in names.split() if name in jwk}}


def with_zero(jwk: dict[str, Any], name: str) -> dict[str, Any]:
    """The JWK with a zero byte before a member's value."""
    return {**jwk, name: b64(b"\0" + encoding.decode_segment(jwk[name].encode()))}


def in_plain_base64(jwk: dict[str, Any], names: str) -> dict[str, Any]:
    """The JWK with members in the alphabet of plain base64."""
    return {**jwk, **{name: jwk[name].replace("-", "+").replace("_", "/") for name in names.split() if name in jwk}}


QUIRKS = {
    "leading zero in n": ("RS256", lambda jwk: with_zero(jwk, "n")),
    "leading zeros in e": ("RS256", lambda jwk: with_zero(with_zero(jwk, "e"), "e")),
    "padding": ("RS256", lambda jwk: padded(jwk, "n e d p q dp dq qi")),
    "plain base64": ("PS256", lambda jwk: in_plain_base64(jwk, "n e d p q dp dq qi")),
    "padding of coordinates": ("ES256", lambda jwk: padded(jwk, "x y d")),
    "leading zeros of coordinates": ("ES256", lambda jwk: with_zero(with_zero(jwk, "x"), "y")),
    "plain base64 of coordinates": ("ES384", lambda jwk: in_plain_base64(jwk, "x y d")),
    "padding of x": ("EdDSA", lambda jwk: padded(jwk, "x d")),
    "null parameters": ("ES256", lambda jwk: {**jwk, "kid": None, "use": None, "alg": None, "key_ops": None}),
}


@pytest.mark.parametrize(("alg", "change"), QUIRKS.values(), ids=QUIRKS)
def test_a_jwk_as_providers_write_it_is_read(alg: str, change: Any) -> None:
    """Public and private JWKs with each quirk verify and sign as in Authlib."""
    public, private = change(public_jwk(alg)), change(private_jwk(alg))
    for jwk in (public, private):
        assert agree(lambda lib, jwk=jwk: lib.JsonWebSignature().deserialize_compact(signed(alg), jwk))[0] == "value"
    assert agree(lambda lib: bool(lib.JsonWebSignature().serialize_compact({"alg": alg}, b"x", private)))[0] == "value"
    made = JWS.serialize_compact({"alg": alg}, b"x", private)
    assert JWS.deserialize_compact(made, public_pem(alg))["payload"] == b"x"


@pytest.mark.parametrize(("alg", "change"), QUIRKS.values(), ids=QUIRKS)
def test_such_a_jwk_in_a_set_is_found_and_read(alg: str, change: Any) -> None:
    """A JWK Set with such a member is read, as a dict, as text and as a KeySet."""
    jwks = {"keys": [{**change(public_jwk(alg)), "kid": "a"}, {**public_jwk("ES512"), "kid": "b"}]}
    token = layer.jwt.encode({"alg": alg, "kid": "a"}, {}, private_pem(alg))
    for keys in (jwks, json.dumps(jwks), layer.JsonWebKey.import_key_set(jwks)):
        assert layer.jwt.decode(token, keys) == {}


@pytest.mark.parametrize(("alg", "change"), QUIRKS.values(), ids=QUIRKS)
def test_the_thumbprint_is_that_of_the_canonical_jwk(alg: str, change: Any) -> None:
    """`thumbprint()`, `as_dict()` and the kid made of it do not depend on how the JWK was written (RFC 7638)."""
    jwk = change({**public_jwk(alg), "kid": None})
    key = layer.JsonWebKey.import_key(jwk)
    canonical = layer.JsonWebKey.import_key(public_pem(alg))
    assert key.thumbprint() == canonical.thumbprint() == thumbprint(canonical.as_dict())
    assert {name: key.as_dict()[name] for name in key.REQUIRED_JSON_FIELDS} == {
        name: canonical.as_dict()[name] for name in key.REQUIRED_JSON_FIELDS
    }
    assert key.as_dict()["kid"] == canonical.as_dict()["kid"]


def thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638 section 3, written once more."""
    required = {"RSA": "e kty n", "EC": "crv kty x y", "OKP": "crv kty x"}[jwk["kty"]].split()
    text = json.dumps({name: jwk[name] for name in required}, separators=(",", ":"), sort_keys=True)
    return b64(hashlib.sha256(text.encode()).digest())


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP256K1])
def test_short_ec_coordinates_are_written_at_full_width(curve: type[ec.EllipticCurve]) -> None:
    """A JWK whose coordinates lost their leading zeros has the thumbprint and members of the canonical key."""
    width = (curve().key_size + 7) // 8
    while True:
        key = ec.generate_private_key(curve())
        numbers = key.public_key().public_numbers()
        if min(numbers.x, numbers.y, key.private_numbers().private_value).bit_length() <= 8 * (width - 1):
            break
    full = layer.ECKey.import_key(key).as_dict(is_private=True)
    short = {
        **full,
        **{name: b64(encoding.decode_segment(full[name].encode()).lstrip(b"\0")) for name in ("x", "y", "d")},
    }
    del short["kid"]
    assert short != {name: full[name] for name in short}
    read = layer.ECKey.import_key(short)
    assert read.as_dict(is_private=True) == full
    assert read.thumbprint() == full["kid"] == thumbprint(full)
    assert layer.ECKey.import_key({**short, "kid": "a"}).as_dict()["x"] == full["x"]


@pytest.mark.parametrize("k", ["c2VjcmV0MQ==", "c2VjcmV0MQ", "c2Vj\ncmV0\nMQ=="])
def test_a_secret_jwk_with_padding_is_read(k: str) -> None:
    """The member k is read as Authlib reads it, and written canonically."""
    assert agree(lambda lib: lib.OctKey.import_key({"kty": "oct", "k": k}).get_op_key("sign")) == ("value", b"secret1")
    assert layer.OctKey.import_key({"kty": "oct", "k": k}).as_dict()["k"] == "c2VjcmV0MQ"


@pytest.mark.parametrize("value", ["A!BC", "A\u00e9BC", "A", "AAAAA", 5, None, [], {}, b"\xff", "AA=A"])
@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_what_is_no_base64_is_no_member(alg: str, value: Any) -> None:
    """Other characters are refused with an InvalidKeyError, where Authlib skips them, at the first use of the key."""
    name = "n" if alg == "RS256" else "x"
    error = answer(
        layer, lambda lib: lib.JsonWebSignature().deserialize_compact(signed(alg), {**public_jwk(alg), name: value})
    )[1]
    assert isinstance(error, errors.InvalidKeyError)
    secret = answer(
        layer, lambda lib: lib.JsonWebSignature().serialize_compact({"alg": "HS256"}, b"", {"kty": "oct", "k": value})
    )
    assert isinstance(secret[1], errors.JoseError) or value == "AAAAA"


# RSA keys for RSASSA-PSS only ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pss(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A key of the type id-RSASSA-PSS in PEM, with its public key and a certificate, all made by openssl."""
    folder = tmp_path_factory.mktemp("pss")
    commands = (
        "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out private",
        "pkey -in private -pubout -out public",
        "req -x509 -new -key private -subj /CN=pss -out certificate",
    )
    try:
        for command in commands:
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        pytest.skip(f"openssl cannot make a key of the type RSA-PSS: {failure}")
    return {name: Path(folder, name).read_bytes() for name in ("private", "public", "certificate")}


@pytest.mark.parametrize("form", ["private", "public", "certificate"])
@pytest.mark.parametrize(
    "reader", [lambda pem: pem, bytes.decode, layer.RSAKey.import_key, layer.JsonWebKey.import_key]
)
def test_a_key_for_pss_only_does_not_verify_rs256(pss: dict[str, bytes], form: str, reader: Any) -> None:
    """A key whose encoding allows RSASSA-PSS alone is refused for RS256, as natively; Authlib drops the restriction."""
    plain = serialization.load_pem_private_key(pss["private"], None)
    for alg in ("RS256", "RS512"):
        token = JWS.serialize_compact({"alg": alg}, b"hello", plain)
        with pytest.raises(errors.InvalidKeyError, match="PS256, PS384, PS512"):
            JWS.deserialize_compact(token, reader(pss[form]))
    token = JWS.serialize_compact({"alg": "PS256"}, b"hello", plain)
    assert JWS.deserialize_compact(token, reader(pss[form]))["payload"] == b"hello"
    if real is not None and reader is bytes.decode:
        token = JWS.serialize_compact({"alg": "RS256"}, b"hello", plain)
        assert real.JsonWebSignature().deserialize_compact(token, pss[form])["payload"] == b"hello"


def test_a_key_for_pss_only_does_not_sign_rs256(pss: dict[str, bytes]) -> None:
    """The same holds for signing."""
    for key in (pss["private"], layer.RSAKey.import_key(pss["private"])):
        with pytest.raises(errors.InvalidKeyError, match="PS256, PS384, PS512"):
            JWS.serialize_compact({"alg": "RS256"}, b"hello", key)
        token = JWS.serialize_compact({"alg": "PS384"}, b"hello", key)
        assert JWS.deserialize_compact(token, pss["public"])["payload"] == b"hello"


# Passwords ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pem", "password", "sentence"),
    [
        ("locked", b"wrong", "the password is wrong"),
        ("locked", None, "the key is encrypted: import it with its password"),
        ("plain", b"needless", "the key is not encrypted: leave the password out"),
        ("public", b"needless", "the password is wrong, or the key is damaged or not a private key"),
    ],
)
@pytest.mark.parametrize("reader", [layer.RSAKey.import_key, layer.JsonWebKey.import_key])
def test_a_wrong_password_is_named(pem: str, password: bytes | None, sentence: str, reader: Any) -> None:
    """A password that is wrong, missing or needless is what the message says."""
    text = {"locked": private_pem("RS256", b"pw"), "plain": private_pem("RS256"), "public": public_pem("RS256")}[pem]
    with pytest.raises(errors.InvalidKeyError, match=sentence) as caught:
        reader(text, {"password": password})
    assert caught.value.code == "invalid_key"
    assert b"needless" not in repr(caught.value.args).encode()


def test_an_encrypted_key_as_a_raw_argument_says_how_to_import_it() -> None:
    """An encrypted PEM given to sign with names the call that takes a password."""
    with pytest.raises(errors.InvalidKeyError, match=r"import_key\(pem, \{'password': \.\.\.\}\)"):
        JWS.serialize_compact({"alg": "RS256"}, b"x", private_pem("RS256", b"pw"))


# What a reading costs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reads of private keys by `cryptography`, each of which tests an RSA key's primes: tens of milliseconds."""
    seen: list[str] = []
    for name in ("load_pem_private_key", "load_der_private_key"):
        original = getattr(serialization, name)

        def counted(data: Any, *args: Any, name: str = name, original: Any = original, **options: Any) -> Any:
            seen.append(name)
            return original(data, *args, **options)

        monkeypatch.setattr(serialization, name, counted)
    forget()
    return seen


def test_the_first_use_of_an_rsa_pem_validates_it_once(validations: list[str]) -> None:
    """Text is read by `cryptography` once, and jwseal gets the numbers."""
    for _ in range(3):
        JWS.serialize_compact({"alg": "RS256"}, b"x", private_pem("RS256"))
    assert validations == ["load_pem_private_key"]


def test_a_loaded_rsa_object_is_not_validated_again(validations: list[str]) -> None:
    """An object that `cryptography` loaded has been validated: neither its first use nor any other does so again."""
    for _ in range(3):
        forget()
        JWS.serialize_compact({"alg": "RS256"}, b"x", private_key("RS256"))
        JWS.serialize_compact({"alg": "PS256"}, b"x", layer.RSAKey.import_key(private_key("RS256")))
    assert validations == []


@pytest.mark.skipif(real is None, reason="Authlib is not installed")
def test_more_keys_than_are_remembered_cost_no_more_than_in_authlib() -> None:
    """Keys in rotation that no cache holds: a call costs one reading, as in Authlib, for text and for loaded objects."""
    pem, key = private_pem("other RSA"), private_key("other RSA")

    def cost(lib: Any, material: Any) -> float:
        forget()
        started = time.perf_counter()
        lib.JsonWebSignature().serialize_compact({"alg": "RS256"}, b"x", material)
        return time.perf_counter() - started

    runs = [[cost(layer, pem), cost(real, pem), cost(layer, key)] for _ in range(8)]
    text, theirs, loaded = map(min, zip(*runs, strict=True))
    print(f"text {1e3 * text:.2f} ms, Authlib {1e3 * theirs:.2f} ms, loaded object {1e3 * loaded:.2f} ms")
    assert text < 1.6 * theirs
    assert loaded < 0.5 * theirs


def test_a_key_object_whose_raw_key_is_replaced_uses_the_new_one() -> None:
    """Assigning to `private_key`, `public_key` or `raw_key` of a key takes effect at once, as in Authlib."""
    key = layer.RSAKey.import_key(private_pem("RS256"))
    first = JWS.serialize_compact({"alg": "RS256"}, b"x", key)
    key.private_key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(errors.BadSignatureError):
        JWS.deserialize_compact(first, key)
    assert JWS.deserialize_compact(JWS.serialize_compact({"alg": "RS256"}, b"x", key), key.as_pem())["payload"] == b"x"
    secret = layer.OctKey.import_key(SECRET)
    token = JWS.serialize_compact({"alg": "HS256"}, b"x", secret)
    secret.raw_key = base64.b64encode(SECRET)
    with pytest.raises(errors.BadSignatureError):
        JWS.deserialize_compact(token, secret)


def test_a_pem_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text in every call is read once per type, str and bytes."""
    loads = []
    load_text = key_material.load_text
    monkeypatch.setattr(
        key_material, "load_text", lambda *args, **kwargs: loads.append(1) or load_text(*args, **kwargs)
    )
    token = JWS.serialize_compact({"alg": "RS384"}, b"x", private_pem("other RSA"))
    forget()
    before = len(loads)
    for _ in range(5):
        JWS.deserialize_compact(token, public_pem("other RSA"))
        JWS.deserialize_compact(token, public_pem("other RSA").decode())
    assert len(loads) - before == 2
