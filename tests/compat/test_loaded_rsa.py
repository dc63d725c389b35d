"""RSA private keys that `cryptography` loaded: both compatibility layers judge them and sign where they are."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt as real
import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

import jwseal
from jwseal import SigningKey, _native, jws
from jwseal.compat import authlib, pyjwt, remembered_keys

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
KEY = rsa.generate_private_key(65537, 2048)


def with_pyjwt(key: Any, alg: str) -> str:
    return pyjwt.encode({"a": 1}, key, algorithm=alg)


def with_authlib(key: Any, alg: str) -> str:
    return authlib.JsonWebSignature().serialize_compact({"alg": alg}, b'{"a":1}', key).decode()


def with_authlibs_key(key: Any, alg: str) -> str:
    return with_authlib(authlib.RSAKey.import_key(key), alg)


SIGNERS = [with_pyjwt, with_authlib, with_authlibs_key]
Sign = Callable[[Any, str], str]


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    remembered_keys.forget()
    yield
    remembered_keys.forget()


class Remote:
    """A private key in a KMS, behind the interface of `cryptography`."""

    key_size = 2048

    def __init__(self, public: Any = None) -> None:
        """With the public key that it claims to have."""
        self.public = public or KEY.public_key()

    def public_key(self) -> Any:
        return self.public

    def sign(self, *arguments: Any) -> bytes:
        return KEY.sign(*arguments)

    def private_bytes(self, *arguments: Any) -> Any:
        raise NotImplementedError

    private_numbers = private_bytes


rsa.RSAPrivateKey.register(Remote)


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("sign", SIGNERS)
def test_a_loaded_key_signs_under_each_algorithm(sign: Sign, alg: str) -> None:
    """PyJWT verifies the signatures of a key object, the first and the next."""
    for _ in range(2):
        assert {"a": 1} == real.decode(sign(KEY, alg), KEY.public_key(), algorithms=[alg])


@pytest.mark.parametrize("sign", SIGNERS)
def test_keys_that_are_given_once_push_no_other_key_out(sign: Sign) -> None:
    """A fresh key object with every call leaves nothing in the memory of keys, so that no other key is read again for it."""
    pem = SigningKey.generate("RS256").to_private_pem(password=None)
    for _ in range(3):
        sign(forms.load_pem_private_key(pem, None), "RS256")
    assert not remembered_keys._cache.entries


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize("bits", [1024, 8200])
@pytest.mark.parametrize("sign", SIGNERS)
def test_a_loaded_key_of_a_size_that_jwseal_refuses(sign: Sign, bits: int) -> None:
    """A modulus below 2048 or above 8192 bits does not sign, though `cryptography` would sign with it."""
    key: Any = Remote(rsa.RSAPublicNumbers(65537, (1 << bits) - 1).public_key()) if bits > 8192 else None
    key = key or rsa.generate_private_key(65537, bits)
    with pytest.raises((pyjwt.InvalidKeyError, authlib.errors.InvalidKeyError), match="2048 to 8192 bits"):
        sign(key, "RS256")


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_loaded_key_that_can_be_factored(sign: Sign) -> None:
    """A modulus with the fingerprint of ROCA (CVE-2017-15361) does not sign."""
    power = pow(65537, 129)
    key = Remote(rsa.RSAPublicNumbers(65537, power).public_key())
    with pytest.raises((pyjwt.InvalidKeyError, authlib.errors.InvalidKeyError), match="ROCA"):
        sign(key, "RS256")


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_kms_key_behind_the_interface_of_cryptography(sign: Sign) -> None:
    """An object that cannot be exported signs if it has a public key."""
    assert {"a": 1} == real.decode(sign(Remote(), "PS256"), KEY.public_key(), algorithms=["PS256"])


def test_an_rsa_key_of_authlib_keeps_its_use() -> None:
    """`use` and `key_ops` of an RSAKey count for a key object too."""
    for options in ({"use": "enc"}, {"key_ops": ["verify"]}):
        key = authlib.RSAKey.import_key(KEY, options)
        with pytest.raises((authlib.errors.InvalidKeyError, authlib.errors.InvalidUseError)):
            with_authlib(key, "RS256")


def test_a_loaded_key_of_another_family() -> None:
    """A key object of RSA does not sign under ES256, and one of EdDSA not under RS256."""
    other = ed25519.Ed25519PrivateKey.generate()
    for sign in (with_pyjwt, with_authlib):
        for key, alg in ((KEY, "ES256"), (other, "RS256")):
            with pytest.raises((pyjwt.InvalidKeyError, authlib.errors.InvalidKeyError, TypeError)):
                sign(key, alg)


@pytest.mark.parametrize(
    ("n", "e", "reason"),
    [
        (KEY.public_key().public_numbers().n, 65537, None),
        (KEY.public_key().public_numbers().n, 1, "exponent"),
        (KEY.public_key().public_numbers().n, 65536, "exponent"),
        (KEY.public_key().public_numbers().n - 1, 65537, "even"),
        (3, 65537, "2048 to 8192"),
    ],
    ids=["a sound key", "exponent 1", "an even exponent", "an even modulus", "a small modulus"],
)
def test_what_is_judged(n: int, e: int, reason: str | None) -> None:
    """The judgement is that of `VerifyingKey.from_jwk`, without a key."""
    octets = [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (n, e)]
    if reason is None:
        _native.check_rsa(*octets)
        return
    with pytest.raises(jwseal.InvalidKey, match=reason) as refused:
        _native.check_rsa(*octets)
    assert refused.value.code == "invalid_key"


def test_a_loaded_key_and_a_native_one_make_the_same_signature() -> None:
    """RSASSA-PKCS1-v1_5 has one signature for a message, with either library."""
    loaded = with_authlib(KEY, "RS256")
    pem = KEY.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    assert jws.sign(b'{"a":1}', SigningKey.from_pem(pem, alg="RS256")) == loaded
