"""Verifies a certificate chain up to a trust anchor, and says when (RFC 5280 section 6, RFC 7515 section 4.1.6).

`cryptography` builds and verifies the path: signatures, validity, CA flags, path lengths, name constraints, critical
extensions. Certificates must be signed with RSA of 2048 bits or more or with ECDSA on P-256, P-384 or P-521, over SHA-256,
SHA-384 or SHA-512: it knows no others. The key of the signer's own certificate may be of any type, and is judged where it is
used. What `cryptography` demands of a TLS certificate beyond that is not demanded here, since a JWS signer has no host name.

A chain that was verified holds at every time from `not_before` to `not_after`, when all of its certificates are valid: nothing
else that is checked depends on the time. Nothing is fetched, neither certificates nor revocation lists nor OCSP answers.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from cryptography import x509

from jwseal.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.x509.verification import Policy as PathPolicy

__all__ = ["MAX_CERTIFICATES", "MAX_CERTIFICATE_SIZE", "Chain", "Paths", "Refused", "extension", "reading"]

_T = TypeVar("_T")
_E = TypeVar("_E", bound=x509.ExtensionType)

MAX_CERTIFICATES = 8
MAX_CERTIFICATE_SIZE = 8192


class Refused(Exception):
    """Why a chain is refused. The message contains no part of a certificate."""


class Chain(NamedTuple):
    """A verified chain."""

    certificates: tuple[x509.Certificate, ...]
    """The signer's certificate first, the trust anchor last."""
    not_before: float
    """From when all of them are valid, in seconds since 1970-01-01T00:00:00Z."""
    not_after: float
    """Until when all of them are valid, that second included."""


class Paths:
    """Verifies chains under some trust anchors, each of which is a CA's certificate."""

    __slots__ = ("_ca", "_signer", "_stores", "anchors")

    def __init__(self, anchors: Sequence[x509.Certificate]) -> None:
        """Take the anchors. One that is not a CA's certificate is PolicyError."""
        try:
            from cryptography.x509.verification import Criticality, ExtensionPolicy, Store
        except ImportError:
            raise PolicyError(
                "certificate chains need cryptography 45 or later: pip install 'jwseal[certificates]'"
            ) from None
        if not anchors:
            raise PolicyError("anchors is empty: give at least one CA certificate")
        for number, anchor in enumerate(anchors, start=1):
            if _anchor_fault(anchor):
                raise PolicyError(
                    f"trust anchor {number} of {len(anchors)} is not a CA's certificate: "
                    "for the certificate of a signer use VerifyingKey.from_certificate"
                )
        self.anchors = tuple(anchors)
        # One store for each, since a store with two certificates of one root gives but one chain.
        self._stores = [Store([anchor]) for anchor in anchors]
        every = ExtensionPolicy.permit_all()
        # A critical `certificatePolicies` restricts nothing where any policy is accepted (RFC 5280 section 6.1.1).
        with suppress(ValueError):  # before version 49 `cryptography` refuses it, as it does other critical extensions
            every = every.may_be_present(x509.CertificatePolicies, Criticality.AGNOSTIC, None)
        self._signer = every
        self._ca = every.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None).may_be_present(
            x509.KeyUsage, Criticality.AGNOSTIC, _demand_cert_sign
        )

    def verify(self, encoded: Sequence[bytes]) -> list[Chain]:
        """Verify DER certificates, the signer's first and each next one the issuer of the one before.

        The last may be a trust anchor or be issued by one. The result has a chain for each anchor under which they verify
        at some time: the same root may have been issued twice. Raises Refused where there is none.
        """
        certificates = _read(encoded)
        return reading(self._verify, certificates)

    def _verify(self, certificates: Sequence[x509.Certificate]) -> list[Chain]:
        _refuse_other_orders(certificates)
        _refuse_ca_as_signer(certificates[0])
        start, end = _common_validity(certificates)
        if start > end:
            raise Refused("the validity periods of the certificates do not overlap")
        # All certificates are valid at `start`. An anchor with a later date is valid from its own first day.
        issuers = {certificate.issuer for certificate in certificates}
        named = [number for number, anchor in enumerate(self.anchors) if anchor.subject in issuers]
        starts = {number: max(start, _validity(self.anchors[number])[0]) for number in named}
        chains = [self._build(certificates, number, starts[number]) for number in named if starts[number] <= end]
        if found := [chain for chain in chains if chain is not None]:
            return found
        raise Refused(_reason(certificates, not named))

    def _build(self, certificates: Sequence[x509.Certificate], number: int, moment: float) -> Chain | None:
        from cryptography.x509.verification import PolicyBuilder, VerificationError

        issuers = list(certificates[1:])
        builder = (
            PolicyBuilder()
            .store(self._stores[number])
            .time(datetime.fromtimestamp(moment, UTC))
            .max_chain_depth(len(issuers))
            .extension_policies(ca_policy=self._ca, ee_policy=self._signer)
        )
        try:
            chain = builder.build_client_verifier().verify(certificates[0], issuers).chain
        except VerificationError:  # it quotes subjects, so it ends here
            return None
        return Chain(tuple(chain), *_common_validity(chain))


def reading(call: Callable[..., _T], *arguments: object) -> _T:
    """Call what reads certificates. Its errors and warnings quote them, so they end here, as Refused."""
    try:
        return call(*arguments)
    except Refused:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, Warning):
        pass
    except Exception as error:  # `cryptography` has classes of its own for what it cannot read
        if not type(error).__module__.startswith("cryptography"):
            raise
    raise Refused("a certificate of the chain cannot be read")


def extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    """Return the certificate's extension of this type, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _read(encoded: Sequence[bytes]) -> list[x509.Certificate]:
    if not 1 <= len(encoded) <= MAX_CERTIFICATES:
        raise Refused(f"there are {len(encoded)} certificates: 1 to {MAX_CERTIFICATES} are accepted")
    if (longest := max(map(len, encoded))) > MAX_CERTIFICATE_SIZE:
        raise Refused(f"a certificate has {longest} bytes: at most {MAX_CERTIFICATE_SIZE} are accepted")
    return [reading(x509.load_der_x509_certificate, der) for der in encoded]


def _refuse_other_orders(certificates: Sequence[x509.Certificate]) -> None:
    pairs = itertools.pairwise(certificates)
    if not all(below.issuer == above.subject for below, above in pairs):
        raise Refused("the certificates are not in order: each must be followed by that of its issuer")
    # With one candidate for each issuer the number of signatures to verify is that of the certificates.
    if len({certificate.subject for certificate in certificates}) != len(certificates):
        raise Refused("two certificates of the chain have the same subject")


def _refuse_ca_as_signer(certificate: x509.Certificate) -> None:
    constraints = extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise Refused("the first certificate is a CA certificate, which must not sign tokens")


def _reason(certificates: Sequence[x509.Certificate], no_anchor: bool) -> str:
    """Say why a chain did not verify."""
    for number, certificate in enumerate(certificates[1:], start=2):
        if fault := _ca_fault(certificate):
            return f"certificate {number} of {len(certificates)} {fault}"
    if no_anchor:
        return "no trust anchor has the name of the chain's last issuer"
    return (
        "the chain does not verify under any trust anchor: a signature, a period of validity, a path length, "
        "a name constraint or a critical extension is at fault"
    )


def _ca_fault(certificate: x509.Certificate) -> str | None:
    constraints = extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return "is not a CA certificate"
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return "has a key usage without keyCertSign"
    return None


def _anchor_fault(anchor: x509.Certificate) -> bool:
    try:
        return reading(_ca_fault, anchor) is not None
    except Refused:
        return True


def _demand_cert_sign(_policy: PathPolicy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("keyCertSign is missing")


def _common_validity(certificates: Sequence[x509.Certificate]) -> tuple[float, float]:
    starts, ends = zip(*map(_validity, certificates), strict=True)
    return max(starts), min(ends)


def _validity(certificate: x509.Certificate) -> tuple[float, float]:
    return certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
