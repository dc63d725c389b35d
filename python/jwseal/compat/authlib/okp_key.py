"""Octet key pairs: Ed25519 and Ed448 sign, X25519 and X448 can be read and exported only (RFC 8037)."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.encoding import encode_segment
from jwseal.compat.authlib.errors import InvalidKeyError
from jwseal.compat.authlib.key import AsymmetricKey, member_octets

__all__ = ["OKPKey"]


class OKPKey(AsymmetricKey):
    """A key of kty OKP."""

    kty: ClassVar[str] = "OKP"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["crv", "x"]
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = REQUIRED_JSON_FIELDS
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["crv", "d"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ssh-ed25519"

    @classmethod
    def generate_key(
        cls, crv: str = "Ed25519", options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Self:
        """A new key on this curve."""
        if crv not in key_material.MONTGOMERY_AND_EDWARDS:
            raise InvalidKeyError(description=f'Invalid crv value: "{crv}"')
        return cls._generated(crv, options, is_private)

    @staticmethod
    def get_key_curve(key: Any) -> str | None:
        """The name of the curve of a `cryptography` object."""
        found = key_material.describe(key)
        return found.crv if found else None

    def dumps_private_key(self) -> dict[str, Any]:
        """The members of the private object."""
        members = self.dumps_public_key(self.private_key.public_key())
        return {**members, "d": encode_segment(self.private_key.private_bytes_raw()).decode()}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of the public object."""
        key = public_key or self.public_key
        return {"crv": self.get_key_curve(key), "x": encode_segment(key.public_bytes_raw()).decode()}

    def load_private_key(self) -> Any:
        """The private object that the members describe."""
        return self._class(0).from_private_bytes(member_octets(self._dict_data, "d"))

    def load_public_key(self) -> Any:
        """The public object that the members describe."""
        return self._class(1).from_public_bytes(member_octets(self._dict_data, "x"))

    def _class(self, half: int) -> Any:
        crv = self._dict_data.get("crv")
        if crv not in key_material.MONTGOMERY_AND_EDWARDS:
            raise InvalidKeyError(description="the curve is not one of Ed25519, Ed448, X25519 and X448")
        return key_material.okp_classes(crv)[half]
