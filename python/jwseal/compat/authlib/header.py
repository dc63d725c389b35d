"""What a JWS says: its header and itself, as dicts (RFC 7515 sections 4 and 7).

`JWSHeader` shows the protected header laid over the unprotected one; `JWSObject` is the result of a deserialization and equals a plain
`{"header": ..., "payload": ...}`. Neither knows whether a signature was verified: that is the business of whoever hands it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JWSHeader", "JWSObject"]


class JWSHeader(dict[str, Any]):
    """Both headers in one view. `protected` and `header` (None in the compact form) are the parts."""

    def __init__(self, protected: dict[str, Any] | None, header: dict[str, Any] | None) -> None:
        dict.__init__(self, header or protected or ())
        if header and protected:
            self.update(protected)
        self.protected = protected
        self.header = header

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> JWSHeader:
        """The header of `{"protected": ..., "header": ...}`; a JWSHeader is returned as it is."""
        if isinstance(obj, cls):
            return obj
        return cls(obj.get("protected"), obj.get("header"))


class JWSObject(dict[str, Any]):
    """A deserialized JWS. `type` is "compact", "flat" or "json"; for "json" the header is a list, one entry per signature."""

    def __init__(self, header: JWSHeader | list[JWSHeader], payload: Any, type: str = "compact") -> None:
        dict.__init__(self, header=header, payload=payload)
        self.header = header
        self.payload = payload
        self.type = type

    @property
    def headers(self) -> list[JWSHeader] | None:
        """The list of headers of the general JSON form, otherwise None."""
        return self["header"] if self.type == "json" else None
