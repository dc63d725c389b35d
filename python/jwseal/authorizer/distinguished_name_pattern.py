"""SignServer's patterns for names, `CN=${JWT.name}, O=Example`, into the templates of a map.

A variable is `${JWT.claim}`, the name of a top-level claim. Other variables, several values in one component, names that are
spelled differently by different products (`SN`) and kinds that maps lack are PolicyError: nothing is guessed.
"""

from __future__ import annotations

import json
import re

from jwseal.errors import PolicyError

__all__ = ["alternative_name_map", "subject_map", "template_text"]

_COMPONENTS = {
    "CN": "CN", "COMMONNAME": "CN", "SURNAME": "SN", "GIVENNAME": "givenName", "SERIALNUMBER": "serialNumber", "O": "O",
    "OU": "OU", "C": "C", "L": "L", "ST": "ST", "STREET": "street", "T": "title", "TITLE": "title", "PSEUDONYM": "pseudonym",
    "UID": "UID", "E": "emailAddress", "EMAIL": "emailAddress", "EMAILADDRESS": "emailAddress",
    "ORGANIZATIONIDENTIFIER": "organizationIdentifier", "DC": "DC",
}  # fmt: skip
_ALTERNATIVES = {
    "RFC822NAME": "rfc822Name", "DNSNAME": "dNSName", "URI": "uri", "UNIFORMRESOURCEIDENTIFIER": "uri",
    "UNIFORMRESOURCEID": "uri", "IPADDRESS": "iPAddress", "UPN": "upn",
}  # fmt: skip
_PART = re.compile(r"((?:\\.|\$\{[^}]*\}|[^\\,+])*)([,+]|\Z)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def subject_map(pattern: str, where: str) -> dict[str, str]:
    """Return the templates of `subject_dn`."""
    return _named(pattern, _COMPONENTS, where)


def alternative_name_map(pattern: str, where: str) -> dict[str, str]:
    """Return the templates of `san`."""
    return _named(pattern, _ALTERNATIVES, where)


def template_text(pattern: str, where: str) -> str:
    """Return the template of a pattern that is one text."""
    text, at = "", 0
    for match in _VARIABLE.finditer(pattern):
        text += _literal(pattern[at : match.start()], where) + _placeholder(match[1], where)
        at = match.end()
    return text + _literal(pattern[at:], where)


def _named(pattern: str, kinds: dict[str, str], where: str) -> dict[str, str]:
    templates: dict[str, str] = {}
    for part in _parts(pattern, where):
        name, equals, value = part.partition("=")
        kind = kinds.get(name.strip().upper())
        if not equals or not value.strip():
            raise PolicyError(f"{where} has a part that is not NAME=VALUE")
        if kind is None:
            hint = "; write SURNAME or SERIALNUMBER" if name.strip().upper() == "SN" else ""
            raise PolicyError(f"{where} has an unsupported name{hint}; supported are {', '.join(kinds)}")
        if kind in templates:
            raise PolicyError(f"{where} has {kind} twice; a map can have it only once")
        templates[kind] = template_text(_unescaped(value.strip()), where)
    return templates


def _parts(pattern: str, where: str) -> list[str]:
    parts, at = [], 0
    while at < len(pattern):
        match = _PART.match(pattern, at)
        if match is None:
            raise PolicyError(f"{where} ends in a backslash")
        if match[2] == "+":
            raise PolicyError(f"{where} has several values in one component (+), which cannot be carried over")
        parts.append(match[1])
        at = match.end()
    return parts


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)


def _literal(text: str, where: str) -> str:
    if "$" in text:
        raise PolicyError(f"{where} has a $ outside of ${{JWT.claim}}")
    return text.replace("{", "{{")


def _placeholder(variable: str, where: str) -> str:
    kind, _, claim = variable.partition(".")
    if kind != "JWT" or not claim:
        raise PolicyError(f"{where} has a variable that is not a claim (${{JWT.claim}}), which cannot be converted")
    return "{" + (claim if re.fullmatch(r"[A-Za-z0-9_-]+", claim) else json.dumps(claim, ensure_ascii=False)) + "}"
