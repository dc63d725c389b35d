"""Key text and `cryptography` objects: what Authlib's users hold, read with Authlib's rules.

`load_text` turns PEM, a certificate or an SSH public key into a `cryptography` object; `describe` says what such an object is;
`spki` and `pkcs8` write it down for jwseal, which alone computes with keys. `cryptography` is imported when the first of these needs it,
never by importing the face. Nothing here verifies or signs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal.compat.authlib.encoding import to_bytes
from jwseal.compat.authlib.errors import InvalidKeyError, InvalidKeyTypeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["Material", "der", "describe", "generate", "load_text", "okp_classes", "pem", "pkcs8", "spki"]


class Material(NamedTuple):
    """What a `cryptography` key object is, in the words of a JWK."""

    kty: str
    crv: str | None
    private: bool


# The names `cryptography` and JWKs give the curves of RFC 7518 section 6.2.1.1 and RFC 8812.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}
MONTGOMERY_AND_EDWARDS = ("Ed25519", "Ed448", "X25519", "X448")


def describe(key: object) -> Material | None:
    """What this `cryptography` object is; None for anything else."""
    if "cryptography" not in sys.modules:
        return None
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return Material("RSA", None, isinstance(key, rsa.RSAPrivateKey))
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        return Material("EC", CURVES.get(key.curve.name), isinstance(key, ec.EllipticCurvePrivateKey))
    for crv in MONTGOMERY_AND_EDWARDS:
        private, public = okp_classes(crv)
        if isinstance(key, (private, public)):
            return Material("OKP", crv, isinstance(key, private))
    return None


def load_text(raw: object, ssh_prefix: bytes = b"", password: object = None) -> Any:
    """The `cryptography` object in PEM (public, private, certificate) or, given its prefix, SSH public key text."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        octets = to_bytes(raw)
        if octets is None:
            raise InvalidKeyTypeError(description="there is no key")
        if ssh_prefix and octets.startswith(ssh_prefix):
            return load_ssh_public_key(octets)
        return _load_pem(octets, to_bytes(password))
    except InvalidKeyError:
        raise
    except TypeError as exc:
        # cryptography's sentence: a password is missing, or given for a key that needs none.
        raise InvalidKeyTypeError(description=str(exc)) from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise InvalidKeyError(description="not a PEM key, certificate or SSH public key that can be read") from exc


def _load_pem(octets: bytes, password: bytes | None) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    if password is None:
        if b"PUBLIC" in octets:
            return load_pem_public_key(octets)
        if b"PRIVATE" not in octets and b"CERTIFICATE" in octets:
            return load_pem_x509_certificate(octets).public_key()
    return load_pem_private_key(octets, password)


def spki(key: Any) -> bytes:
    """The public half of the object as SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _public_octets(_public_half(key), Encoding.DER)


def pkcs8(key: Any) -> bytes:
    """The private object as plain PKCS#8, on its way into the core."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _private_octets(key, Encoding.DER, None)


def pem(key: Any, *, private: bool, password: object = None) -> bytes:
    """The object as PEM; a private one plain unless there is a password."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _private_octets(key, Encoding.PEM, password) if private else _public_octets(_public_half(key), Encoding.PEM)


def der(key: Any, *, private: bool, password: object = None) -> bytes:
    """The object as DER; a private one plain unless there is a password."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _private_octets(key, Encoding.DER, password) if private else _public_octets(_public_half(key), Encoding.DER)


def generate(kty: str, crv_or_size: Any) -> Any:
    """A new private key as a `cryptography` object."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if kty == "RSA":
        return rsa.generate_private_key(65537, crv_or_size)
    if kty == "OKP":
        return okp_classes(crv_or_size)[0].generate()
    curves: dict[str, Any] = {
        "P-256": ec.SECP256R1,
        "P-384": ec.SECP384R1,
        "P-521": ec.SECP521R1,
        "secp256k1": ec.SECP256K1,
    }
    return ec.generate_private_key(curves[crv_or_size]())


def _public_half(key: Any) -> Any:
    return key.public_key() if hasattr(key, "public_key") else key


def _public_octets(key: Any, encoding: Encoding) -> bytes:
    from cryptography.hazmat.primitives.serialization import PublicFormat

    octets: bytes = key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return octets


def _private_octets(key: Any, encoding: Encoding, password: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )

    plain_or_not: KeySerializationEncryption = NoEncryption()
    if password is not None:
        plain_or_not = BestAvailableEncryption(to_bytes(password) or b"")
    octets: bytes = key.private_bytes(encoding, PrivateFormat.PKCS8, plain_or_not)
    return octets


def okp_classes(crv: str) -> tuple[Any, Any]:
    """The private and the public class of an Edwards or Montgomery curve."""
    from importlib import import_module

    module = import_module(f"cryptography.hazmat.primitives.asymmetric.{crv.lower()}")
    return getattr(module, f"{crv}PrivateKey"), getattr(module, f"{crv}PublicKey")
