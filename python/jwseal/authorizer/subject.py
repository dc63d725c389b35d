"""Names of certificates: the components of a subject (RFC 5280 section 4.1.2.6, X.520), and alternative names (section 4.2.1.6).

Each component is one relative distinguished name with one value, whatever characters the value has. `cryptography` builds the
objects and is loaded when one is asked for.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography import x509

__all__ = [
    "ALTERNATIVE_NAMES",
    "COMPONENTS",
    "alternative_name",
    "alternative_name_fault",
    "component_fault",
    "distinguished_name_text",
    "subject_name",
]


class Component(NamedTuple):
    """A kind of relative distinguished name."""

    oid: str
    longest: int


# In the order of the certificate, the most general first; the text form (RFC 4514) reverses it. Lengths are the upper
# bounds of RFC 5280 appendix A.1, or 256 where it has none that a certificate authority would accept.
COMPONENTS: dict[str, Component] = {
    "DC": Component("0.9.2342.19200300.100.1.25", 63),
    "C": Component("2.5.4.6", 2),
    "ST": Component("2.5.4.8", 128),
    "L": Component("2.5.4.7", 128),
    "street": Component("2.5.4.9", 128),
    "O": Component("2.5.4.10", 64),
    "organizationIdentifier": Component("2.5.4.97", 256),
    "OU": Component("2.5.4.11", 64),
    "title": Component("2.5.4.12", 64),
    "SN": Component("2.5.4.4", 256),
    "givenName": Component("2.5.4.42", 256),
    "pseudonym": Component("2.5.4.65", 128),
    "serialNumber": Component("2.5.4.5", 64),
    "UID": Component("0.9.2342.19200300.100.1.1", 256),
    "emailAddress": Component("1.2.840.113549.1.9.1", 255),
    "CN": Component("2.5.4.3", 64),
}

ALTERNATIVE_NAMES: dict[str, int] = {"rfc822Name": 254, "dNSName": 253, "uri": 2048, "iPAddress": 45, "upn": 256}

_UPN = "1.3.6.1.4.1.311.20.2.3"
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+")


def component_fault(name: str, value: str) -> str | None:
    """Return why a value cannot be this component, or None."""
    if len(value) > COMPONENTS[name].longest:
        return f"has {len(value)} characters, and at most {COMPONENTS[name].longest} are possible"
    # `cryptography` counts those of a common name as UTF-8.
    if name == "CN" and len(value.encode()) > COMPONENTS[name].longest:
        return f"has {len(value.encode())} bytes, and at most {COMPONENTS[name].longest} are possible"
    if name == "C" and not re.fullmatch(r"[A-Z]{2}", value):
        return "is not a country code of two capital letters"
    if name == "serialNumber" and not _PRINTABLE.fullmatch(value):
        return "has a character that PrintableString does not allow"
    if name in ("emailAddress", "DC") and not value.isascii():
        return "has a character that IA5String does not allow"
    return None


def alternative_name_fault(name: str, value: str) -> str | None:
    """Return why a value cannot be this alternative name, or None."""
    if len(value) > ALTERNATIVE_NAMES[name]:
        return f"has {len(value)} characters, and at most {ALTERNATIVE_NAMES[name]} are possible"
    pattern = {"rfc822Name": _MAILBOX, "dNSName": _HOST, "uri": _URI}.get(name)
    if pattern is not None and not pattern.fullmatch(value):
        return "is not a valid name of this kind"
    if name == "iPAddress":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return "is not a valid name of this kind"
        if "%" in value:
            return "has a zone"
    return None


def subject_name(components: Mapping[str, str]) -> x509.Name:
    """Return the subject as an object of `cryptography`."""
    from cryptography import x509
    from cryptography.x509.oid import ObjectIdentifier

    ordered = [name for name in COMPONENTS if name in components]
    return x509.Name([x509.NameAttribute(ObjectIdentifier(COMPONENTS[name].oid), components[name]) for name in ordered])


def alternative_name(names: Mapping[str, Sequence[str]]) -> x509.SubjectAlternativeName | None:
    """Return the alternative names as an extension of `cryptography`; None if there are none."""
    from cryptography import x509

    entries: list[x509.GeneralName] = []
    for kind, values in names.items():
        for value in values:
            if kind == "rfc822Name":
                entries.append(x509.RFC822Name(value))
            elif kind == "dNSName":
                entries.append(x509.DNSName(value))
            elif kind == "uri":
                entries.append(x509.UniformResourceIdentifier(value))
            elif kind == "iPAddress":
                entries.append(x509.IPAddress(ipaddress.ip_address(value)))
            else:
                entries.append(x509.OtherName(x509.ObjectIdentifier(_UPN), _utf8_string(value)))
    return x509.SubjectAlternativeName(entries) if entries else None


def distinguished_name_text(components: Mapping[str, str]) -> str:
    """Return the subject as text (RFC 4514), the most specific component first."""
    ordered = [name for name in COMPONENTS if name in components]
    return ",".join(f"{_attribute(name)}={_escaped(components[name])}" for name in reversed(ordered))


def _attribute(name: str) -> str:
    """The short name where RFC 4514 section 3 has one; else the identifier, whose value is still text."""
    return name if name in {"DC", "C", "ST", "L", "O", "OU", "CN", "UID"} else name.replace("street", "STREET")


def _escaped(value: str) -> str:
    text = "".join(f"\\{letter}" if letter in '\\",+;<>=' else letter for letter in value)
    text = text.replace("\0", "\\00")
    if text[:1] in (" ", "#"):
        text = "\\" + text
    if text.endswith(" ") and text != "\\ ":
        text = text[:-1] + "\\ "
    return text


def _utf8_string(value: str) -> bytes:
    """DER of a UTF8String (X.690 section 8.23): tag, length, bytes."""
    octets = value.encode()
    size = len(octets)
    length = (
        bytes([size])
        if size < 128
        else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    )
    return b"\x0c" + length + octets
