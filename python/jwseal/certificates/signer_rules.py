"""What the certificate of a signer must say, beyond leading to a trust anchor (RFC 5280 section 4.2).

An authority issues certificates to many, so the operator says who may sign: by attributes of the subject, names of the
subject alternative name, extensions that the authority adds for this purpose. All rules that are given must hold. The rules
are judged when they are made; texts are compared exactly, host names without regard to case, and there are no wildcards.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from jwseal.certificates.chain import Chain, Refused, extension, reading
from jwseal.errors import PolicyError
from jwseal.policy import UNCHECKED, Unchecked

__all__ = ["SignerRules"]

# The attribute types of a subject by the names that openssl shows (RFC 4519 section 2, RFC 5280 appendix A).
_ATTRIBUTES = {
    "C": NameOID.COUNTRY_NAME,
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "organizationIdentifier": x509.ObjectIdentifier("2.5.4.97"),
    "serialNumber": NameOID.SERIAL_NUMBER,
}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,30})){1,30}")
_NAME_FORMS = "DNS:host, URI:uri, email:address or IP:address"


class SignerRules:
    """The rules for one `Anchors`, and their verdict on a chain."""

    __slots__ = ("_extended_key_usage", "_issuer_oids", "_names", "_signer_oids", "_subject")

    def __init__(
        self,
        *,
        subject: Mapping[str, str | Iterable[str]] | Unchecked | None,
        san: Iterable[str] | None,
        leaf_oids: Iterable[str],
        intermediate_oids: Iterable[str],
        extended_key_usage: Iterable[str],
    ) -> None:
        """Judge the arguments of `Anchors` that state rules. PolicyError for one that no certificate could keep."""
        self._subject = {} if subject is None or isinstance(subject, Unchecked) else _subject(subject)
        self._names = None if san is None else _names(san)
        self._signer_oids = _oids("leaf_oids", leaf_oids)
        self._issuer_oids = _oids("intermediate_oids", intermediate_oids)
        self._extended_key_usage = _oids("extended_key_usage", extended_key_usage)
        said = (self._subject, self._names, self._signer_oids, self._extended_key_usage)
        if subject is not UNCHECKED and not any(said):
            raise PolicyError(
                "say whose certificates may sign: subject=, san=, leaf_oids= or extended_key_usage=; "
                "subject=UNCHECKED is everyone to whom the authority issues one"
            )

    def check(self, chain: Chain) -> None:
        """Raise Refused, saying which rule does not hold."""
        reading(self._judge, chain)

    def _judge(self, chain: Chain) -> None:
        signer = chain.certificates[0]
        usage = extension(signer, x509.KeyUsage)
        # Seals of organisations often have contentCommitment alone (ETSI EN 319 412-2 section 4.3.2).
        if usage is not None and not (usage.digital_signature or usage.content_commitment):
            raise Refused("the signer's certificate has a key usage without digitalSignature and contentCommitment")
        if self._extended_key_usage:
            allowed = extension(signer, x509.ExtendedKeyUsage)
            if allowed is None or not self._extended_key_usage <= {one.dotted_string for one in allowed}:
                raise Refused("the signer's certificate lacks an extended key usage that is required")
        self._judge_names(signer)
        if not self._signer_oids <= _extension_oids(signer):
            raise Refused("the signer's certificate lacks an extension that is required")
        # The anchor is trusted as it is, so only a certificate between the two can show what is required of intermediates.
        issuers = chain.certificates[1:-1]
        if self._issuer_oids and not (issuers and self._issuer_oids <= _extension_oids(issuers[0])):
            raise Refused("the certificate that issued the signer's lacks an extension that is required")

    def _judge_names(self, signer: x509.Certificate) -> None:
        for oid, accepted in self._subject.items():
            values = [attribute.value for attribute in signer.subject.get_attributes_for_oid(oid)]
            if len(values) != 1 or values[0] not in accepted:
                raise Refused("the subject of the signer's certificate is not one that is accepted")
        if self._names is not None:
            names = extension(signer, x509.SubjectAlternativeName)
            if names is None or self._names.isdisjoint(filter(None, map(_name, names))):
                raise Refused("the signer's certificate has no subject alternative name that is accepted")


def _extension_oids(certificate: x509.Certificate) -> set[str]:
    return {one.oid.dotted_string for one in certificate.extensions}


def _name(name: x509.GeneralName) -> tuple[str, object] | None:
    """Return a name of a certificate in the form in which rules are kept."""
    if isinstance(name, x509.DNSName):
        return "DNS", name.value.lower()
    if isinstance(name, x509.UniformResourceIdentifier):
        return "URI", name.value
    if isinstance(name, x509.RFC822Name):
        return "email", name.value
    if isinstance(name, x509.IPAddress):
        return "IP", name.value
    return None


def _subject(subject: Any) -> dict[x509.ObjectIdentifier, frozenset[str]]:
    if not isinstance(subject, Mapping):
        raise TypeError(f"subject must be a mapping of attribute to its accepted values, not {type(subject).__name__}")
    if not subject:
        raise PolicyError("subject is empty: name an attribute, or write UNCHECKED")
    return {_attribute(name): _texts(f"subject[{name!r}]", values) for name, values in subject.items()}


def _attribute(name: Any) -> x509.ObjectIdentifier:
    if isinstance(name, str) and name in _ATTRIBUTES:
        return _ATTRIBUTES[name]
    if isinstance(name, str) and _OID.fullmatch(name):
        return x509.ObjectIdentifier(name)
    raise PolicyError(f"subject names attributes by one of {', '.join(_ATTRIBUTES)}, or by a dotted OID")


def _names(san: Any) -> frozenset[tuple[str, object]]:
    return frozenset(_accepted_name(text) for text in _texts("san", san))


def _accepted_name(text: str) -> tuple[str, object]:
    form, colon, value = text.partition(":")
    if not colon or not value:
        raise PolicyError(f"san has names of the form {_NAME_FORMS}")
    if form == "DNS" and value.isascii() and "*" not in value:
        return form, value.lower()
    if form in ("URI", "email") and value.isascii():
        return form, value
    if form == "IP":
        try:
            return form, ipaddress.ip_address(value)
        except ValueError:
            pass
    raise PolicyError(f"san has names of the form {_NAME_FORMS}, in ASCII and without wildcards")


def _oids(argument: str, oids: Any) -> frozenset[str]:
    if isinstance(oids, (list, tuple, set, frozenset)) and not oids:
        return frozenset()
    texts = _texts(argument, oids)
    if not all(map(_OID.fullmatch, texts)):
        raise PolicyError(f"{argument} must be dotted OIDs, as 1.2.840.113635.100.6.11.1")
    return texts


def _texts(argument: str, values: Any) -> frozenset[str]:
    """Return texts; a lone str is one of them."""
    if isinstance(values, str):
        values = (values,)
    if not isinstance(values, (list, tuple, set, frozenset)) or not all(isinstance(one, str) for one in values):
        raise TypeError(f"{argument} must be a str, or a list, tuple or set of str")
    if not values or "" in values:
        raise PolicyError(f"{argument} is empty, or has an empty string among its values")
    return frozenset(values)
