"""Key text and `cryptography` objects: reading, describing, writing and generating them by Authlib's rules.

`cryptography` is imported when a function here first needs it, not with the layer. Nothing here signs or verifies: jwseal gets a key as a
JWK, or as the text it was read from where only the text has all of it.
"""

from __future__ import annotations

import sys
from binascii import a2b_base64
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from jwseal import SigningKey, VerifyingKey
from jwseal.compat.authlib.encoding import to_bytes
from jwseal.compat.authlib.errors import InvalidKeyError, InvalidKeyTypeError

if TYPE_CHECKING:
    from jwseal.types import Algorithm

# Reads the key again, for one algorithm.
NativeReader: TypeAlias = "Callable[[Algorithm], SigningKey | VerifyingKey]"

# The name of each curve in a JWK (RFC 7518 section 6.2.1.1, RFC 8812), and that of its class in `cryptography`.
EC_CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1", "secp256k1": "SECP256K1"}
OKP_CURVES = ("Ed25519", "Ed448", "X25519", "X448")

# id-RSASSA-PSS in DER. `cryptography` reads such keys but forgets that they are for PS256, PS384 and PS512 only (RFC 4055).
_RSASSA_PSS = bytes.fromhex("06092a864886f70d01010a")


class Material(NamedTuple):
    """What a `cryptography` key object is, in the terms of a JWK."""

    kty: str
    crv: str | None
    private: bool


class Loaded(NamedTuple):
    """A `cryptography` object, and how jwseal reads the text itself where `cryptography` drops a part of it."""

    key: Any
    read: NativeReader | None = None


def describe(key: object) -> Material | None:
    """Describe a `cryptography` key object; None for anything else."""
    if "cryptography" not in sys.modules:
        return None
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return Material("RSA", None, isinstance(key, rsa.RSAPrivateKey))
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        names = {name.lower(): crv for crv, name in EC_CURVES.items()}
        return Material("EC", names.get(key.curve.name), isinstance(key, ec.EllipticCurvePrivateKey))
    for crv in OKP_CURVES:
        private, public = okp_classes(crv)
        if isinstance(key, (private, public)):
            return Material("OKP", crv, isinstance(key, private))
    return None


def load_text(raw: object, ssh_prefix: bytes = b"", password: object = None) -> Loaded:
    """Read PEM (public, private, certificate) or, if it has the prefix, an SSH public key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        text = to_bytes(raw)
        if text is None:
            raise InvalidKeyTypeError(description="there is no key")
        if ssh_prefix and text.startswith(ssh_prefix):
            return Loaded(load_ssh_public_key(text))
        return _load_pem(text, to_bytes(password))
    except InvalidKeyError:
        raise
    except TypeError:
        # The text is bytes by now, so this is `cryptography` about the password.
        sentence = _PASSWORD_MISSING if password is None else _PASSWORD_NEEDLESS
        raise InvalidKeyTypeError(description=sentence) from None
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise InvalidKeyError(description=_UNREADABLE if password is None else _PASSWORD_WRONG) from exc


_UNREADABLE = "not a PEM key, certificate or SSH public key that can be read"
_PASSWORD_MISSING = "the key is encrypted: import it with its password, import_key(pem, {'password': ...})"
_PASSWORD_NEEDLESS = "the key is not encrypted: leave the password out"
_PASSWORD_WRONG = "the key cannot be decrypted: the password is wrong, or the key is damaged or not a private key"


def _load_pem(text: bytes, password: bytes | None) -> Loaded:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    if password is None and b"PUBLIC" in text:
        return _loaded(load_pem_public_key(text), _body(text), lambda alg: VerifyingKey.from_pem(text, alg=alg))
    if password is None and b"PRIVATE" not in text and b"CERTIFICATE" in text:
        certificate = load_pem_x509_certificate(text)
        key, content = certificate.public_key(), certificate.tbs_certificate_bytes
        return _loaded(key, content, lambda alg: VerifyingKey.from_certificate(text, alg=alg))
    return _loaded(load_pem_private_key(text, password), _body(text), lambda alg: SigningKey.from_pem(text, alg=alg))


def _loaded(key: Any, der: bytes, read: NativeReader) -> Loaded:
    found = describe(key)
    if found is None or found.kty != "RSA":
        return Loaded(key)
    # The algorithm is ahead of the modulus. An encrypted key hides both.
    numbers = (key.public_key() if found.private else key).public_numbers()
    before = der.partition(numbers.n.to_bytes((key.key_size + 7) // 8, "big"))[0]
    return Loaded(key, read if _RSASSA_PSS in before[-150:] else None)


def _body(pem: bytes) -> bytes:
    return a2b_base64(pem.partition(b" KEY-----")[2].partition(b"-----END")[0])


def write(key: Any, encoding: str, *, private: bool, password: object = None) -> bytes:
    """Write a `cryptography` object as "PEM" or "DER": PKCS#8, encrypted if there is a password, or SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives import serialization as forms

    form = getattr(forms.Encoding, encoding)
    if not private:
        public = key.public_key() if hasattr(key, "public_key") else key
        spki: bytes = public.public_bytes(form, forms.PublicFormat.SubjectPublicKeyInfo)
        return spki
    encryption: forms.KeySerializationEncryption = forms.NoEncryption()
    if password is not None:
        encryption = forms.BestAvailableEncryption(to_bytes(password) or b"")
    pkcs8: bytes = key.private_bytes(form, forms.PrivateFormat.PKCS8, encryption)
    return pkcs8


def generate(kty: str, crv_or_size: Any) -> Any:
    """Make a new private key as a `cryptography` object."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if kty == "RSA":
        return rsa.generate_private_key(65537, crv_or_size)
    if kty == "OKP":
        return okp_classes(crv_or_size)[0].generate()
    return ec.generate_private_key(getattr(ec, EC_CURVES[crv_or_size])())


def okp_classes(crv: str) -> tuple[Any, Any]:
    """Return the private and the public class of an Edwards or Montgomery curve."""
    module = import_module(f"cryptography.hazmat.primitives.asymmetric.{crv.lower()}")
    return getattr(module, f"{crv}PrivateKey"), getattr(module, f"{crv}PublicKey")
