"""Elliptic curve keys (RFC 7518 section 6.2, RFC 8812).

Coordinates are written at the curve's full width, as the RFC demands. Authlib dropped their leading zeros, which shortened most of its P-521
JWKs and a few of the others, and changed their thumbprints; such JWKs are still read, the missing zeros put back.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.encoding import encode_segment
from jwseal.compat.authlib.errors import InvalidKeyError
from jwseal.compat.authlib.key import AsymmetricKey, member_octets

__all__ = ["ECKey"]

# Octets of a coordinate.
WIDTHS = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
BITS = {"P-256": 256, "P-384": 384, "P-521": 521, "secp256k1": 256}


class ECKey(AsymmetricKey):
    """A key of kty EC."""

    kty: ClassVar[str] = "EC"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["crv", "x", "y"]
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = REQUIRED_JSON_FIELDS
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["crv", "d", "x", "y"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ecdsa-sha2-"

    @classmethod
    def generate_key(cls, crv: str = "P-256", options: dict[str, Any] | None = None, is_private: bool = False) -> Self:
        """A new key on this curve."""
        if crv not in WIDTHS:
            raise InvalidKeyError(description=f'Invalid crv value: "{crv}"')
        return cls._generated(crv, options, is_private)

    @property
    def curve(self) -> str | None:
        """The name of the curve, None if jwseal knows it not."""
        if "crv" in self._dict_data:
            name = self._dict_data["crv"]
            return name if isinstance(name, str) and name in WIDTHS else None
        found = key_material.describe(self.private_key or self.public_key)
        return found.crv if found else None

    @property
    def curve_key_size(self) -> int:
        """The curve's size in bits."""
        return BITS[self._known_curve()]

    def dumps_private_key(self) -> dict[str, Any]:
        """The members of the private object."""
        members = self.dumps_public_key(self.private_key.public_key())
        return {**members, "d": self._text(self.private_key.private_numbers().private_value)}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of the public object."""
        numbers = (public_key or self.public_key).public_numbers()
        return {"crv": self._known_curve(), "x": self._text(numbers.x), "y": self._text(numbers.y)}

    def load_private_key(self) -> Any:
        """The private object that the members describe."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.EllipticCurvePrivateNumbers(self._number("d"), self._public_numbers()).private_key()

    def load_public_key(self) -> Any:
        """The public object that the members describe."""
        return self._public_numbers().public_key()

    def _public_numbers(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import ec

        curve = getattr(
            ec,
            {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1", "secp256k1": "SECP256K1"}[
                self._known_curve()
            ],
        )
        return ec.EllipticCurvePublicNumbers(self._number("x"), self._number("y"), curve())

    def _jwk(self, names: list[str]) -> dict[str, Any]:
        jwk = super()._jwk(names)
        width = WIDTHS[self._known_curve()]
        for name in ("x", "y", "d"):
            if name in jwk:
                jwk[name] = encode_segment(member_octets(jwk, name).rjust(width, b"\0")).decode()
        return jwk

    def _known_curve(self) -> str:
        if self.curve is None:
            raise InvalidKeyError(description="the curve is not one of P-256, P-384, P-521 and secp256k1")
        return self.curve

    def _number(self, name: str) -> int:
        return int.from_bytes(member_octets(self._dict_data, name), "big")

    def _text(self, number: int) -> str:
        return encode_segment(number.to_bytes(WIDTHS[self._known_curve()], "big")).decode()
