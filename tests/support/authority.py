"""Certificate authorities for tests: `cryptography` issues certificates that are right or wrong in one point (RFC 5280).

Certificates are valid from a day before `judge.NOW` until a day after it unless a test says otherwise. Nothing here verifies one.
"""

import base64
import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

import forge
from judge import NOW
from peers import Absent, peer

DAY = 86_400
# Older versions of `cryptography` cannot verify chains by rules of the caller's own.
_PATHS = peer("cryptography.x509.verification")
VERIFIES_CHAINS = not isinstance(_PATHS, Absent) and hasattr(_PATHS, "ExtensionPolicy")
OLD = "this version of cryptography verifies no chains by rules of the caller's own"
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True)
class Certified:
    """A certificate and the private key of its subject."""

    certificate: x509.Certificate
    private: Any

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def material(self, alg: str = "ES256") -> forge.Material:
        """The key that signs tokens."""
        return forge.Material(alg, self.private)


def issue(
    subject: str | x509.Name,
    issuer: Certified | None = None,
    *,
    ca: bool = False,
    private: Any = None,
    constraints: bool = True,
    path_length: int | None = None,
    usage: tuple[str, ...] | None = ("digital_signature",),
    start: float = NOW - DAY,
    end: float = NOW + DAY,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    signed_by: Any = None,
    organization: str | None = None,
) -> Certified:
    """Issue a certificate; without an issuer it is signed by its own key. `signed_by` is another key than the issuer's."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    signer = signed_by or (issuer.private if issuer else private)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject, organization))
        .issuer_name(issuer.certificate.subject if issuer else _name(subject, organization))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC))
    )
    if ca and constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    if ca and usage == ("digital_signature",):
        usage = ("key_cert_sign", "crl_sign")
    if usage is not None:
        builder = builder.add_extension(x509.KeyUsage(**{name: name in usage for name in _USAGES}), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    unhashed = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Certified(builder.sign(signer, None if unhashed else hashes.SHA256()), private)


def authority(subject: str = "root", issuer: Certified | None = None, **named: Any) -> Certified:
    """Issue the certificate of a CA."""
    return issue(subject, issuer, ca=True, **named)


@functools.cache
def root() -> Certified:
    """The authority that tests trust."""
    return authority("root")


@functools.cache
def intermediate() -> Certified:
    """An authority below `root`."""
    return authority("intermediate", root())


def x5c(*certificates: Certified) -> list[str]:
    """The header parameter of these certificates."""
    return [base64.b64encode(one.der).decode() for one in certificates]


def marked(oid: str) -> tuple[x509.ExtensionType, bool]:
    """An extension of an authority's own, not critical, whose presence alone has a meaning."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00"), False


def named(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    """A subject alternative name."""
    return x509.SubjectAlternativeName(list(names)), False


def _name(common_name: str | x509.Name, organization: str | None) -> x509.Name:
    if isinstance(common_name, x509.Name):
        return common_name
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)
