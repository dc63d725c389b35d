"""How the tests ask real PyJWT and jwseal's layer the same question and compare the answers.

`agree` runs one call against both modules. An answer is the value, or the name of the exception's class and its
sentence; key material is generated once per run, and both libraries get the same objects.
"""

import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

import jwseal.compat.pyjwt as layer

real = pytest.importorskip("jwt")

# Long enough for every HMAC, so that no test warns unless it means to.
SECRET = "a secret of more than sixty-four octets, which is enough for every HMAC there is"
SHORT = "short"


def answer(module: ModuleType, call: Callable[[Any], Any], *, sentence: bool = True) -> tuple[str, ...]:
    """What the module makes of the call: ("value", repr) or ("error", class name, sentence)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "value", repr(call(module))
        except Exception as error:
            return ("error", type(error).__name__, str(error)) if sentence else ("error", type(error).__name__)


def agree(call: Callable[[Any], Any], *, sentence: bool = True) -> tuple[str, ...]:
    """The answer of both modules, which must be one."""
    expected = answer(real, call, sentence=sentence)
    assert expected == answer(layer, call, sentence=sentence)
    return expected


@cache
def private_key(alg: str) -> Any:
    """A `cryptography` private key for the algorithm."""
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1(), "ES256K": ec.SECP256K1()}
    if alg in curves:
        return ec.generate_private_key(curves[alg])
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if alg == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return _rsa_key()


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def private_pem(alg: str) -> str:
    """The private key as PKCS#8 PEM."""
    key = private_key(alg)
    plain = serialization.NoEncryption()
    octets: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return octets.decode()


def public_pem(alg: str) -> str:
    """The public key as SPKI PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    octets: bytes = private_key(alg).public_key().public_bytes(serialization.Encoding.PEM, form)
    return octets.decode()


def public_ssh(alg: str) -> str:
    """The public key as OpenSSH writes it."""
    form = serialization.PublicFormat.OpenSSH
    octets: bytes = private_key(alg).public_key().public_bytes(serialization.Encoding.OpenSSH, form)
    return octets.decode()


ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA")
SYMMETRIC = ("HS256", "HS384", "HS512")


def signing_material(alg: str) -> str:
    """What a caller of PyJWT passes to `encode`."""
    return SECRET if alg in SYMMETRIC else private_pem(alg)


def verifying_material(alg: str) -> str:
    """What a caller of PyJWT passes to `decode`."""
    return SECRET if alg in SYMMETRIC else public_pem(alg)
