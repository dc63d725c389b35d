"""Reads and writes the key files operators have: PEM, DER, OpenSSH, X.509 (RFC 7468, RFC 5958, RFC 5280).

The core takes keys in one plain form, PKCS#8 for private and SPKI for public ones, and judges them there: algorithm,
size, curve, weak structure. This module only converts them to that form and back. A key that already has it goes
to the core as it is; `cryptography` opens and converts the others, and this is the one module that loads it, not before
it is needed. JWKs never come here, the core parses them itself.

A file must hold exactly one key of the kind that was asked for. Anything else in it raises InvalidKey with a sentence
that says what to do, never with a part of the file or of the password, and never with another exception chained to it.
Warnings of `cryptography` pass as they are: the process's filters are not changed.
"""

from __future__ import annotations

from jwseal._encoding import utf8
from jwseal._native import certificate_key, der_form, der_is_settled
from jwseal._pem import der_bytes, form_of, looks_like_pem, only_block, plain_text, refuse_other_text, unwrap, wrap
from jwseal.errors import InvalidKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

_PRIVATE_LABELS = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_SSH_TYPES = ("ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519")
_SSH_MAGIC = b"openssh-key-v1\0"

_PRIVATE_FORMS = ("PKCS#8", "encrypted PKCS#8", "PKCS#1 private", "SEC 1")
_PUBLIC_FORMS = ("SPKI", "PKCS#1 public")

_MAX_RSA_OCTETS = 8192 // 8

_SIGNING_KINDS = "use an RSA, EC, Ed25519, Ed448 or ML-DSA key"
_ENCRYPTED = "the key is encrypted: give its password"
_DAMAGED_PRIVATE = "this is no private key that can be read: give PKCS#8, PKCS#1, SEC 1 or OpenSSH, undamaged"
_DAMAGED_PUBLIC = "this is no public key that can be read: give SPKI or PKCS#1, undamaged"
_DAMAGED_CERTIFICATE = "this is no X.509 certificate that can be read: give one, PEM or DER, undamaged"


def read_private(data: str | bytes, *, password: str | bytes | None, form: Literal["pem", "der"]) -> bytes:
    """Return one private key as plain PKCS#8 DER."""
    secret = _password(password)
    if form == "der":
        return _private(der_bytes(data), _outline(der_bytes(data), "SigningKey"), secret)
    block = only_block(plain_text(data), "SigningKey")
    if block.label in _PUBLIC_LABELS:
        raise InvalidKey("this is a public key, which cannot sign: use VerifyingKey.from_pem, or give the private key")
    if block.label in _CERTIFICATE_LABELS:
        raise InvalidKey(
            "this is a certificate, which cannot sign: use VerifyingKey.from_certificate, or give the private key"
        )
    if block.label not in _PRIVATE_LABELS:
        raise InvalidKey(f"PEM block {block.label!r} is not a supported private key: {_SIGNING_KINDS}")
    octets = unwrap(block)
    if octets is None:
        raise InvalidKey(_DAMAGED_PRIVATE)
    if block.label == "OPENSSH PRIVATE KEY":
        return _ssh_private(octets, secret)
    if block.cipher is not None:
        return _converted_private("pem", wrap(block.label, octets, block.cipher), secret)
    return _private(octets, form_of(octets), secret)


def read_public(data: str | bytes, *, form: Literal["pem", "der", "certificate", "ssh"]) -> bytes:
    """Return one public key as SPKI DER."""
    if form == "der":
        return _public(der_bytes(data), _outline(der_bytes(data), "VerifyingKey"))
    if form == "certificate":
        return _certificate(data)
    if form == "ssh":
        return _ssh_public(plain_text(data))
    block = only_block(plain_text(data), "VerifyingKey")
    if block.label in _PRIVATE_LABELS:
        raise InvalidKey("this is a private key: use SigningKey.from_pem(...).verifying_key")
    if block.label in _CERTIFICATE_LABELS:
        raise InvalidKey("this is a certificate: use VerifyingKey.from_certificate")
    if block.label not in _PUBLIC_LABELS:
        raise InvalidKey(f"PEM block {block.label!r} is not a supported public key: {_SIGNING_KINDS}")
    octets = unwrap(block)
    if octets is None:
        raise InvalidKey(_DAMAGED_PUBLIC)
    return _public(octets, form_of(octets))


def write_private_pem(pkcs8: bytes, password: str | bytes | None) -> bytes:
    """Return a PKCS#8 key as PEM, encrypted unless the password is None."""
    secret = _password(password)
    if secret is None:
        return wrap("PRIVATE KEY", pkcs8)
    from cryptography.hazmat.primitives import serialization as forms

    key, fault = _attempt(forms.load_der_private_key, pkcs8, None)
    if fault is not None:
        raise InvalidKey(_too_old("encrypt this type of key"))
    encrypted, fault = _attempt(
        key.private_bytes, forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(secret)
    )
    if fault is not None:
        raise InvalidKey("the key cannot be encrypted with this password: use one of at most 1023 bytes")
    return bytes(encrypted)


def write_public_pem(spki: bytes) -> bytes:
    """Return an SPKI key as PEM."""
    return wrap("PUBLIC KEY", spki)


def ed448_signer(seed: bytes) -> Ed448PrivateKey:
    """Return an object whose `sign(octets)` signs with Ed448, which the core's backend lacks (RFC 8032 section 5.2)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

    key, fault = _attempt(Ed448PrivateKey.from_private_bytes, seed)
    if fault is UnsupportedAlgorithm:
        raise InvalidKey("the OpenSSL that cryptography was built with has no Ed448: use Ed25519")
    if fault is not None:
        raise InvalidKey("an Ed448 private key has 57 bytes")
    signer: Ed448PrivateKey = key
    return signer


def complete_rsa(n: bytes, e: bytes, d: bytes) -> bytes:
    """Return the PKCS#8 of an RSA key that came without its primes (RFC 7518 section 6.3.2 lets a JWK omit them)."""
    # Recovery takes powers modulo n, so the size is bounded before any work is done.
    if max(len(n), len(e), len(d)) > _MAX_RSA_OCTETS:
        raise InvalidKey("RSA keys have 2048 to 8192 bits")
    key, fault = _attempt(_with_primes, *(int.from_bytes(x, "big") for x in (n, e, d)))
    if fault is not None:
        raise InvalidKey("the RSA private key is inconsistent: d does not belong to n and e")
    return _pkcs8(key)


def _password(password: object) -> bytes | None:
    if password is None:
        return None
    if not isinstance(password, (str, bytes)):
        raise TypeError(f"a password is str, bytes or None, not {type(password).__name__}")
    if not password:
        raise InvalidKey("the password is empty: give the right one, or None for a key that is not encrypted")
    octets = utf8(password) if isinstance(password, str) else password
    if octets is None:
        raise InvalidKey("the password has a lone surrogate, which cannot be encoded: pass the password as bytes")
    return octets


def _outline(der: bytes, owner: str) -> str:
    """Return what the DER holds, or say what it is instead of DER."""
    refusal: InvalidKey | None = None
    try:
        return der_form(der)
    except InvalidKey as error:
        refusal = error
    refuse_other_text(der, owner)
    raise refusal


def _private(der: bytes, outline: str, password: bytes | None) -> bytes:
    if outline in _PUBLIC_FORMS:
        raise InvalidKey("this is a public key, which cannot sign: use VerifyingKey.from_der, or give the private key")
    if outline == "certificate":
        raise InvalidKey(
            "this is a certificate, which cannot sign: use VerifyingKey.from_certificate, or give the private key"
        )
    if outline == "PKCS#12":
        raise InvalidKey("this is PKCS#12: extract the private key with openssl pkcs12 -nocerts")
    if outline not in _PRIVATE_FORMS:
        raise InvalidKey(_DAMAGED_PRIVATE)
    if outline != "encrypted PKCS#8":
        _refuse_password(password)
    elif password is None:
        raise InvalidKey(_ENCRYPTED)
    if outline == "PKCS#8" and der_is_settled(der):
        return der
    return _converted_private("der", der, password)


def _ssh_private(blob: bytes, password: bytes | None) -> bytes:
    # The cipher's name follows the magic (OpenSSH, PROTOCOL.key).
    if not blob.startswith(_SSH_MAGIC):
        raise InvalidKey(_DAMAGED_PRIVATE)
    if blob.startswith(_SSH_MAGIC + b"\0\0\0\x04none"):
        _refuse_password(password)
    elif password is None:
        raise InvalidKey(_ENCRYPTED)
    return _converted_private("ssh", wrap("OPENSSH PRIVATE KEY", blob), password)


def _refuse_password(password: bytes | None) -> None:
    if password is not None:
        raise InvalidKey("the key is not encrypted: leave the password out")


def _converted_private(form: Literal["pem", "der", "ssh"], octets: bytes, password: bytes | None) -> bytes:
    """Return the PKCS#8 of a key that another library opens."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as forms

    load: Callable[..., object] = {
        "pem": forms.load_pem_private_key,
        "der": forms.load_der_private_key,
        "ssh": forms.load_ssh_private_key,
    }[form]
    key, fault = _attempt(load, octets, password)
    if fault is None:
        return _pkcs8(key)
    if fault is TypeError:
        raise InvalidKey(_ENCRYPTED)  # the old encryption of a PEM, and no password
    if fault is UnsupportedAlgorithm and form == "ssh" and password is not None:
        raise InvalidKey("encrypted OpenSSH keys need the package bcrypt: pip install bcrypt")
    if fault is not ValueError:
        raise InvalidKey(_too_old("read this type of key or its encryption"))
    if password is not None:
        raise InvalidKey("the key cannot be decrypted: the password is wrong, or the key is damaged")
    raise InvalidKey(_DAMAGED_PRIVATE)


def _public(der: bytes, outline: str) -> bytes:
    if outline in _PRIVATE_FORMS:
        raise InvalidKey("this is a private key: use SigningKey.from_der(...).verifying_key")
    if outline == "certificate":
        raise InvalidKey("this is a certificate: use VerifyingKey.from_certificate")
    if outline == "PKCS#12":
        raise InvalidKey("this is PKCS#12: extract the certificate with openssl pkcs12 -nokeys")
    if outline not in _PUBLIC_FORMS:
        raise InvalidKey(_DAMAGED_PUBLIC)
    if outline == "SPKI" and der_is_settled(der):
        return der
    from cryptography.hazmat.primitives import serialization as forms

    key, fault = _attempt(forms.load_der_public_key, der)
    return _spki(key, fault, _DAMAGED_PUBLIC)


def _certificate(data: str | bytes) -> bytes:
    """Return the SPKI of a certificate; nothing else in it is checked."""
    text = plain_text(data)
    if looks_like_pem(text):
        block = only_block(text, "VerifyingKey")
        if block.label == "TRUSTED CERTIFICATE":
            raise InvalidKey("this is OpenSSL's own TRUSTED CERTIFICATE: convert it with openssl x509")
        if block.label not in _CERTIFICATE_LABELS:
            raise InvalidKey(f"PEM block {block.label!r} is not a certificate: use from_pem")
        der = unwrap(block)
    else:
        der = text
        outline = _outline(der, "VerifyingKey")
        if outline in _PUBLIC_FORMS:
            raise InvalidKey("this is a public key, not a certificate: use VerifyingKey.from_der")
        if outline in _PRIVATE_FORMS:
            raise InvalidKey("this is a private key, not a certificate: use SigningKey.from_der")
    spki = None if der is None else certificate_key(der)
    if spki is None:
        raise InvalidKey(_DAMAGED_CERTIFICATE)
    return _public(spki, der_form(spki))


def _ssh_public(text: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization as forms

    lines = [line for line in map(bytes.strip, text.splitlines()) if line and not line.startswith(b"#")]
    kind = lines[0].split(b" ", 1)[0].decode("ascii", "replace") if lines else ""
    if kind not in _SSH_TYPES and not kind.startswith(("ssh-", "ecdsa-sha2-")):
        refuse_other_text(text, "VerifyingKey")
    if len(lines) != 1:
        raise InvalidKey(f"there are {len(lines)} OpenSSH public keys: give one line")
    if kind not in _SSH_TYPES:
        raise InvalidKey(f"the line must start with its key type, one of {', '.join(_SSH_TYPES)}")
    key, fault = _attempt(forms.load_ssh_public_key, lines[0])
    return _spki(key, fault, "this is no OpenSSH public key that can be read: give the line undamaged")


def _spki(key: Any, fault: type[Exception] | None, damaged: str) -> bytes:
    """Return the SPKI of a public key that another library opened, or say why it did not."""
    from cryptography.hazmat.primitives import serialization as forms

    if fault is not None:
        raise InvalidKey(damaged if fault is ValueError else _too_old("read this type of key"))
    _refuse_other_kinds(key)
    if hasattr(key, "curve"):  # older versions write a point as compressed as it was read
        key = key.public_numbers().public_key()
    return bytes(key.public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo))


def _pkcs8(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as forms

    _refuse_other_kinds(key)
    return bytes(key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption()))


def _refuse_other_kinds(key: object) -> None:
    kind = type(key).__name__.lstrip("_").removesuffix("PrivateKey").removesuffix("PublicKey")
    if not kind.startswith(("RSA", "EllipticCurve", "EC", "Ed25519", "Ed448", "MLDSA")):
        raise InvalidKey(f"{kind} keys do not sign tokens: {_SIGNING_KINDS}")


def _with_primes(n: int, e: int, d: int) -> object:
    from cryptography.hazmat.primitives.asymmetric import rsa

    p, q = rsa.rsa_recover_prime_factors(n, e, d)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(e, n)).private_key()


def _attempt(load: Callable[..., Any], *arguments: object) -> tuple[Any, type[Exception] | None]:
    """Return what is loaded, or the class of the error: the error itself may hold what it was given, and ends here."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(*arguments), None
    except (ArithmeticError, TypeError, ValueError, UnsupportedAlgorithm, Warning) as error:
        return None, type(error)


def _too_old(what: str) -> str:
    import cryptography

    return f"cryptography {cryptography.__version__} cannot {what}: upgrade it, or convert the key with openssl"
