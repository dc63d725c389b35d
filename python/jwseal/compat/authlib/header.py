"""The header and the result of a JWS, as dicts, and the rules for header names (RFC 7515 sections 4 and 7).

`JWSHeader` combines the unprotected header with the protected one, which wins; `JWSObject` is the result of a deserialization. Neither knows
whether a signature was verified. The checks raise this layer's errors; every received header has passed the core's own rules before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal.compat.authlib.errors import InvalidCritHeaderParameterNameError, InvalidHeaderParameterNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REGISTERED = frozenset(["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"])

# `crit` never lists these: RFC 7515 section 4.1.11 excludes its own names and those of RFC 7518, and this layer has no `b64`.
_NEVER_CRITICAL = REGISTERED | {"enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c", "b64"}


class JWSHeader(dict[str, Any]):
    """Both headers in one dict. `protected` and `header` (None in the compact form) are the parts."""

    def __init__(self, protected: dict[str, Any] | None, header: dict[str, Any] | None) -> None:
        dict.__init__(self, header or protected or ())
        if header and protected:
            self.update(protected)
        self.protected = protected
        self.header = header

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> JWSHeader:
        """Make the header of `obj`, `{"protected": ..., "header": ...}`; a JWSHeader is returned as it is."""
        if isinstance(obj, cls):
            return obj
        return cls(obj.get("protected"), obj.get("header"))


class JWSObject(dict[str, Any]):
    """A deserialized JWS.

    `header` is a JWSHeader, or a list with one entry per signature where `type` is "json"; the others are "compact" and "flat". `payload`
    is the payload, decoded if the caller gave `decode`.
    """

    def __init__(self, header: JWSHeader | list[JWSHeader], payload: Any, type: str = "compact") -> None:
        dict.__init__(self, header=header, payload=payload)
        self.header = header
        self.payload = payload
        self.type = type

    @property
    def headers(self) -> list[JWSHeader] | None:
        """The list of headers of the general JSON form, otherwise None."""
        return self["header"] if self.type == "json" else None


def critical_extensions(private_headers: Collection[str] | None) -> tuple[str, ...]:
    """Return the names that `crit` may list: the caller's private headers, without those that are never critical."""
    return tuple(name for name in private_headers if name not in _NEVER_CRITICAL) if private_headers else ()


def check_crit(protected: Mapping[str, Any], private_headers: Collection[str] | None) -> None:
    """Refuse a `crit` that is not a non-empty list of distinct names, each known to the caller and present."""
    if "crit" not in protected:
        return
    crit = protected["crit"]
    if not isinstance(crit, list) or not all(isinstance(name, str) for name in crit):
        raise InvalidHeaderParameterNameError("crit")
    allowed = critical_extensions(private_headers)
    for name in crit:
        if name not in allowed or name not in protected:
            raise InvalidCritHeaderParameterNameError(name)
    if not crit or len(set(crit)) != len(crit):
        raise InvalidHeaderParameterNameError("crit")


def check_disjoint(protected: Mapping[str, Any] | None, unprotected: Mapping[str, Any] | None) -> None:
    """Refuse `crit` and `b64` outside the protected header, and a name that is in both."""
    for name in unprotected or ():
        if name in ("crit", "b64") or (protected and name in protected):
            raise InvalidHeaderParameterNameError(name)
