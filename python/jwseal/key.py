"""Reads and writes the key files operators have: PEM, DER, OpenSSH, X.509 (RFC 7468, RFC 5958, RFC 5280).

The core takes keys in one plain form, PKCS#8 for private and SPKI for public ones, and judges them there: algorithm,
size, curve, weak structure. What stands here only gets them into that form and back, by way of `cryptography`; this is
the one module that loads it, and not before a key is read. JWKs never come here, the core parses them itself.

A file must hold exactly one key of the kind that was asked for. Whatever else it holds is InvalidKey with a sentence
that says what to do, never with a part of the file, and never with the backend's own message chained to it.
"""

from __future__ import annotations

import binascii

from jwseal._silenced_warnings import silenced_warnings
from jwseal.errors import InvalidKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

__all__ = [
    "complete_rsa",
    "ed448_signer",
    "read_private",
    "read_public",
    "write_private_pem",
    "write_public_pem",
]

_PRIVATE_LABELS = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_SSH_TYPES = ("ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519")
_SSH_MAGIC = b"openssh-key-v1\0"

# Keys that the core reads as they are: id-ml-dsa-44, -65 and -87 (RFC 9881), so that ML-DSA does not depend on which
# `cryptography` is installed, and id-RSASSA-PSS (RFC 4055), whose restriction to that scheme `cryptography` drops.
_READ_AS_THEY_ARE = (
    *(bytes.fromhex("06096086480165030403") + last for last in (b"\x11", b"\x12", b"\x13")),
    bytes.fromhex("06092a864886f70d01010a"),
)

_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0

_MAX_RSA_OCTETS = 8192 // 8

_SIGNING_KINDS = "use an RSA, EC, Ed25519, Ed448 or ML-DSA key"


def read_private(data: str | bytes, *, password: str | bytes | None, form: Literal["pem", "der"]) -> bytes:
    """Return one private key as plain PKCS#8 DER."""
    octets = _octets(data, form)
    secret = _password(password)
    if form == "der":
        _refuse_other_forms(octets, "der", "SigningKey")
        _refuse_trailing(octets)
        return _load_private("der", octets, secret)
    _refuse_other_forms(octets, "pem", "SigningKey")
    label, block = _only_block(octets)
    if label in _PUBLIC_LABELS:
        raise InvalidKey("this is a public key, which cannot sign: use VerifyingKey.from_pem, or give the private key")
    if label in _CERTIFICATE_LABELS:
        raise InvalidKey(
            "this is a certificate, which cannot sign: use VerifyingKey.from_certificate, or give the private key"
        )
    if label not in _PRIVATE_LABELS:
        raise InvalidKey(f"PEM block {label!r} is no private key that is known here: {_SIGNING_KINDS}")
    return _load_private("ssh" if label == "OPENSSH PRIVATE KEY" else "pem", block, secret)


def read_public(data: str | bytes, *, form: Literal["pem", "der", "certificate", "ssh"]) -> bytes:
    """Return one public key as SPKI DER."""
    octets = _octets(data, form)
    if form == "certificate":
        return _read_certificate(octets)
    _refuse_other_forms(octets, form, "VerifyingKey")
    if form == "ssh":
        return _read_ssh(octets)
    if form == "der":
        _refuse_trailing(octets)
        return _load_public("der", octets)
    label, block = _only_block(octets)
    if label in _PRIVATE_LABELS:
        raise InvalidKey("this is a private key: use SigningKey.from_pem(...).verifying_key")
    if label in _CERTIFICATE_LABELS:
        raise InvalidKey("this is a certificate: use VerifyingKey.from_certificate")
    if label not in _PUBLIC_LABELS:
        raise InvalidKey(f"PEM block {label!r} is no public key that is known here: {_SIGNING_KINDS}")
    return _load_public("pem", block)


def write_private_pem(pkcs8: bytes, password: str | bytes | None) -> bytes:
    """Return a PKCS#8 key as PEM, encrypted unless the password is None."""
    secret = _password(password)
    if secret is None:
        return _pem("PRIVATE KEY", pkcs8)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_der_private_key(pkcs8, None)
    except (UnsupportedAlgorithm, ValueError):
        raise InvalidKey(_too_old("encrypt this type of key")) from None
    try:
        encryption = serialization.BestAvailableEncryption(secret)
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    except ValueError:
        raise InvalidKey("the key cannot be encrypted with this password: use one of at most 1023 octets") from None


def write_public_pem(spki: bytes) -> bytes:
    """Return an SPKI key as PEM."""
    return _pem("PUBLIC KEY", spki)


def ed448_signer(seed: bytes) -> Ed448PrivateKey:
    """Return an object whose `sign(octets)` signs with Ed448, which the core's backend lacks (RFC 8032 section 5.2)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

    try:
        return Ed448PrivateKey.from_private_bytes(seed)
    except UnsupportedAlgorithm:
        raise InvalidKey("the OpenSSL that cryptography was built with has no Ed448: use Ed25519") from None
    except ValueError:
        raise InvalidKey("an Ed448 private key has 57 octets") from None


def complete_rsa(n: bytes, e: bytes, d: bytes) -> bytes:
    """Return the PKCS#8 of an RSA key that came without its primes (RFC 7518 section 6.3.2 lets a JWK omit them)."""
    # Recovery takes powers modulo n, so the size is bounded before any work is done.
    if max(len(n), len(e), len(d)) > _MAX_RSA_OCTETS:
        raise InvalidKey("RSA keys have 2048 to 8192 bits")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    modulus, public, private = (int.from_bytes(x, "big") for x in (n, e, d))
    try:
        p, q = rsa.rsa_recover_prime_factors(modulus, public, private)
        key = rsa.RSAPrivateNumbers(
            p=p,
            q=q,
            d=private,
            dmp1=rsa.rsa_crt_dmp1(private, p),
            dmq1=rsa.rsa_crt_dmq1(private, q),
            iqmp=rsa.rsa_crt_iqmp(p, q),
            public_numbers=rsa.RSAPublicNumbers(public, modulus),
        ).private_key()
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InvalidKey("the RSA private key is inconsistent: d does not belong to n and e") from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _octets(data: object, form: str) -> bytes:
    if isinstance(data, str) and form != "der":
        try:
            return data.encode()
        except UnicodeEncodeError:
            raise InvalidKey("the key is no text: read the file in binary mode") from None
    if not isinstance(data, bytes):
        wanted = "bytes" if form == "der" else "str or bytes"
        raise TypeError(f"a key is read from {wanted}, not {type(data).__name__}")
    return data


def _password(password: object) -> bytes | None:
    if password is None:
        return None
    if not isinstance(password, (str, bytes)):
        raise TypeError(f"a password is str, bytes or None, not {type(password).__name__}")
    if not password:
        raise InvalidKey("the password is empty: give the right one, or None for a key that is not encrypted")
    return password.encode() if isinstance(password, str) else password


def _refuse_other_forms(octets: bytes, form: str, owner: str) -> None:
    """Recognise a key handed to the wrong constructor, which is the commonest mistake, and name the right one."""
    start = octets.lstrip()[:32]
    if not start:
        raise InvalidKey("the key is empty")
    if form != "pem" and start.startswith(b"-----BEGIN"):
        raise InvalidKey(f"this is PEM: use {owner}.from_pem")
    if form != "der" and _looks_like_der(octets):
        raise InvalidKey(f"this is DER: use {owner}.from_der")
    if start.startswith(b"{"):
        raise InvalidKey(f"this is JSON: use {owner}.from_jwk, or KeySet.from_jwks for a set")
    if form != "ssh" and start.startswith((b"ssh-", b"ecdsa-sha2-")):
        raise InvalidKey("this is an OpenSSH public key: use VerifyingKey.from_ssh")


def _looks_like_der(octets: bytes) -> bool:
    # A text may begin with the digit 0, which is the tag of a SEQUENCE; no text has its own length after it.
    try:
        tag, _, end = _element(octets, 0)
    except ValueError:
        return False
    return tag == _SEQUENCE and end == len(octets)


def _only_block(octets: bytes) -> tuple[str, bytes]:
    """Return the label and the text of the one PEM block (RFC 7468); text around it is explanatory."""
    found: list[tuple[str, bytes]] = []
    label: bytes | None = None
    lines: list[bytes] = []
    for line in map(bytes.strip, octets.splitlines()):
        if line.startswith(b"-----BEGIN ") and line.endswith(b"-----"):
            label, lines = line[11:-5], [line]
        elif label is not None:
            lines.append(line)
            if line == b"-----END " + label + b"-----":
                found.append((label.decode("ascii", "replace"), b"\n".join(lines) + b"\n"))
                label = None
    # `openssl ecparam -genkey` writes the curve's name in a block of its own ahead of the key, which repeats it.
    keys = [block for block in found if block[0] != "EC PARAMETERS"]
    if label is not None or not keys:
        raise InvalidKey("this is no PEM: a key stands between a BEGIN and an END line of the same label")
    if len(keys) > 1:
        labels = ", ".join(label for label, _ in keys)
        raise InvalidKey(f"there are {len(keys)} PEM blocks ({labels}): give the one block that holds the key")
    return keys[0]


def _load_private(form: Literal["pem", "der", "ssh"], octets: bytes, password: bytes | None) -> bytes:
    plain = _as_it_is(octets, form, "PRIVATE KEY")
    if plain is not None:
        if password is not None:
            raise InvalidKey("the key is not encrypted: leave the password out")
        return plain

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = {
        "pem": serialization.load_pem_private_key,
        "der": serialization.load_der_private_key,
        "ssh": serialization.load_ssh_private_key,
    }[form]
    try:
        with silenced_warnings():
            key = load(octets, password)
            _refuse_other_kinds(key)
            return key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
    except TypeError:
        # The one TypeError these loaders have for str and bytes: a password too few or too many.
        if password is None:
            raise InvalidKey("the key is encrypted: give its password") from None
        raise InvalidKey("the key is not encrypted: leave the password out") from None
    except UnsupportedAlgorithm:
        if form == "ssh" and password is not None:
            raise InvalidKey("encrypted OpenSSH keys need the package bcrypt: pip install bcrypt") from None
        raise InvalidKey(_too_old("read this type of key or its encryption")) from None
    except ValueError:
        if password is not None:
            raise InvalidKey("the key cannot be decrypted: the password is wrong, or the key is damaged") from None
        if form == "der":
            _refuse_public_der(octets)
        if form == "ssh" and _is_encrypted_ssh(octets):
            raise InvalidKey("the key is encrypted: give its password") from None
        raise InvalidKey(
            "this is no private key that can be read: give PKCS#8, PKCS#1, SEC 1 or OpenSSH, undamaged"
        ) from None


def _is_encrypted_ssh(block: bytes) -> bool:
    # Older backends report a missing password as damage. The cipher's name follows the magic (OpenSSH PROTOCOL.key).
    try:
        blob = binascii.a2b_base64(b"".join(block.splitlines()[1:-1]))
    except binascii.Error:
        return False
    return blob.startswith(_SSH_MAGIC) and not blob.startswith(_SSH_MAGIC + b"\0\0\0\x04none")


def _load_public(form: Literal["pem", "der"], octets: bytes) -> bytes:
    plain = _as_it_is(octets, form, "PUBLIC KEY")
    if plain is not None:
        return plain

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_pem_public_key if form == "pem" else serialization.load_der_public_key
    try:
        with silenced_warnings():
            return _spki(load(octets))
    except UnsupportedAlgorithm:
        raise InvalidKey(_too_old("read this type of key")) from None
    except ValueError:
        if form == "der":
            _refuse_private_der(octets)
        raise InvalidKey("this is no public key that can be read: give SPKI or PKCS#1, undamaged") from None


def _read_certificate(octets: bytes) -> bytes:
    """Return the SPKI of a certificate; `cryptography` vouches for its form, nobody for what it says."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if octets.lstrip()[:1] == b"-" or b"-----BEGIN " in octets:
        label, octets = _only_block(octets)
        if label not in _CERTIFICATE_LABELS:
            raise InvalidKey(f"PEM block {label!r} is no certificate: use from_pem")
        load = x509.load_pem_x509_certificate
        octets = octets.replace(label.encode(), b"CERTIFICATE")
        if label == "TRUSTED CERTIFICATE":
            raise InvalidKey("this is OpenSSL's own TRUSTED CERTIFICATE: convert it with openssl x509")
    else:
        load = x509.load_der_x509_certificate
    try:
        with silenced_warnings():
            certificate = load(octets)
    except ValueError:
        raise InvalidKey("this is no X.509 certificate that can be read: give one, PEM or DER, undamaged") from None
    spki = _certificate_spki(certificate.public_bytes(serialization.Encoding.DER))
    if _as_it_is(spki, "der", "PUBLIC KEY") is not None:
        return spki
    try:
        with silenced_warnings():
            return _spki(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        raise InvalidKey(_too_old("read this certificate's type of key")) from None


def _read_ssh(octets: bytes) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    lines = [line for line in map(bytes.strip, octets.splitlines()) if line and not line.startswith(b"#")]
    if len(lines) != 1:
        raise InvalidKey(f"there are {len(lines)} OpenSSH public keys: give one line")
    kind = lines[0].split(b" ", 1)[0].decode("ascii", "replace")
    if kind not in _SSH_TYPES:
        raise InvalidKey(f"the line must start with its key type, one of {', '.join(_SSH_TYPES)}")
    try:
        with silenced_warnings():
            return _spki(serialization.load_ssh_public_key(lines[0]))
    except (UnsupportedAlgorithm, ValueError):
        raise InvalidKey("this is no OpenSSH public key that can be read: give the line undamaged") from None


def _spki(key: object) -> bytes:
    from cryptography.hazmat.primitives import serialization

    _refuse_other_kinds(key)
    spki: bytes = key.public_bytes(  # type: ignore[attr-defined]  # each of the kinds let through has it
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return spki


def _refuse_other_kinds(key: object) -> None:
    kind = type(key).__name__.lstrip("_").removesuffix("PrivateKey").removesuffix("PublicKey")
    if not kind.startswith(("RSA", "EllipticCurve", "EC", "Ed25519", "Ed448", "MLDSA")):
        raise InvalidKey(f"{kind} keys do not sign: {_SIGNING_KINDS}")


def _refuse_public_der(octets: bytes) -> None:
    """Say so if what was to be a private key is a public one or a certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    for load, kind, door in (
        (serialization.load_der_public_key, "public key", "from_der"),
        (x509.load_der_x509_certificate, "certificate", "from_certificate"),
    ):
        if _loads(load, octets):
            raise InvalidKey(f"this is a {kind}, which cannot sign: use VerifyingKey.{door}, or give the private key")


def _refuse_private_der(octets: bytes) -> None:
    """Say so if what was to be a public key is a private one or a certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if _loads(lambda der: serialization.load_der_private_key(der, None), octets):
        raise InvalidKey("this is a private key: use SigningKey.from_der(...).verifying_key")
    if _loads(x509.load_der_x509_certificate, octets):
        raise InvalidKey("this is a certificate: use VerifyingKey.from_certificate")


def _loads(load: object, octets: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with silenced_warnings():
            load(octets)  # type: ignore[operator]  # any of the loaders
    except TypeError:  # it is encrypted, so it is a private key
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _as_it_is(octets: bytes, form: str, label: str) -> bytes | None:
    """Return the DER of a plain key unchanged if the core reads its kind itself, or None."""
    if form == "ssh":
        return None
    if form == "pem":
        lines = octets.split()
        begin = f"-----BEGIN {label}-----".split()
        if [line.decode("ascii", "replace") for line in lines[: len(begin)]] != begin:
            return None
        try:
            octets = binascii.a2b_base64(b"".join(lines[len(begin) : -len(begin)]), strict_mode=True)
        except binascii.Error:
            return None
    try:
        _, start, end = _element(octets, 0)
        tag, after, next_start = _element(octets, start)
        if label == "PRIVATE KEY":  # the version comes first (RFC 5958 section 2)
            if tag != _INTEGER:
                return None
            tag, after, _ = _element(octets, next_start)
    except ValueError:
        return None
    is_known = tag == _SEQUENCE and octets[after:].startswith(_READ_AS_THEY_ARE)
    return octets if is_known and end == len(octets) else None


def _certificate_spki(der: bytes) -> bytes:
    """Return the subjectPublicKeyInfo of a certificate that has been read once (RFC 5280 section 4.1)."""
    _, at, _ = _element(der, 0)
    _, at, _ = _element(der, at)
    tag, _, after = _element(der, at)
    if tag == _VERSION:
        _, _, after = _element(der, after)
    for _ in range(4):  # signature, issuer, validity, subject
        _, _, after = _element(der, after)
    _, _, end = _element(der, after)
    return der[after:end]


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of the DER element at this place, where its contents start and where they end."""
    try:
        tag, length = der[at], der[at + 1]
    except IndexError:
        raise ValueError("cut short") from None
    start = at + 2
    if length & 0x80:
        octets = length & 0x7F
        length, start = int.from_bytes(der[start : start + octets], "big"), start + octets
    if not at < start + length <= len(der):
        raise ValueError("cut short")
    return tag, start, start + length


def _refuse_trailing(octets: bytes) -> None:
    # Older backends read the first element and ignore the rest, so two files pasted together would pass for one.
    try:
        tag, _, end = _element(octets, 0)
    except ValueError:
        raise InvalidKey("this is no DER, or it is cut short: read the file in binary mode") from None
    if tag != _SEQUENCE:
        raise InvalidKey("this is no DER key: a key is one DER SEQUENCE")
    if end != len(octets):
        raise InvalidKey(f"{len(octets) - end} octets follow the key's DER: give the key alone")


def _pem(label: str, der: bytes) -> bytes:
    body = binascii.b2a_base64(der, newline=False)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return b"\n".join([b"-----BEGIN %s-----" % label.encode(), *lines, b"-----END %s-----" % label.encode(), b""])


def _too_old(what: str) -> str:
    import cryptography

    return f"cryptography {cryptography.__version__} cannot {what}: upgrade it, or convert the key with openssl"
