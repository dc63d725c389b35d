"""RSA keys (RFC 7518 section 6.3). jwseal signs and verifies with moduli of 2048 to 8192 bits; smaller keys can be read and exported only."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from jwseal.compat.authlib.encoding import encode_segment
from jwseal.compat.authlib.errors import InvalidKeyError
from jwseal.compat.authlib.key import AsymmetricKey, member_octets

__all__ = ["RSAKey"]

FACTORS = ("p", "q", "dp", "dq", "qi")


class RSAKey(AsymmetricKey):
    """A key of kty RSA."""

    kty: ClassVar[str] = "RSA"
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = ["e", "n"]
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["d", "dp", "dq", "e", "n", "p", "q", "qi"]
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["e", "n"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ssh-rsa"

    @classmethod
    def generate_key(
        cls, key_size: int = 2048, options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Self:
        """A new key of this many bits, 2048 at least."""
        if key_size % 8:
            raise InvalidKeyError(description="Invalid key_size for RSAKey")
        if key_size < 2048:
            raise InvalidKeyError(description="key_size must not be less than 2048")
        return cls._generated(key_size, options, is_private)

    @classmethod
    def import_dict_key(cls, raw: dict[str, Any], options: dict[str, Any] | None = None) -> Self:
        """A key from a JWK. One with `d` alone gets its prime factors computed."""
        key = super().import_dict_key(raw, options)
        members = key._dict_data
        if "d" not in members:
            return key
        present = [name for name in FACTORS if name in members]
        if present and len(present) < len(FACTORS):
            raise InvalidKeyError(description="RSA key must include all parameters if any are present besides d")
        if not present:
            key.load_raw_key()
            key.load_dict_key()
        return key

    def dumps_private_key(self) -> dict[str, Any]:
        """The members of the private object."""
        numbers = self.private_key.private_numbers()
        public = numbers.public_numbers
        values = (public.n, public.e, numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        return {name: _text(value) for name, value in zip(("n", "e", "d", *FACTORS), values, strict=True)}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of the public object."""
        numbers = (public_key or self.public_key).public_numbers()
        return {"n": _text(numbers.n), "e": _text(numbers.e)}

    def load_private_key(self) -> Any:
        """The private object that the members describe; factors that are absent are computed from d."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        if "oth" in self._dict_data:
            raise InvalidKeyError(description='"oth" is not supported')
        public = rsa.RSAPublicNumbers(self._number("e"), self._number("n"))
        d = self._number("d")
        if "p" in self._dict_data:
            p, q, dp, dq, qi = (self._number(name) for name in FACTORS)
        else:
            p, q = rsa.rsa_recover_prime_factors(public.n, d, public.e)
            dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()

    def load_public_key(self) -> Any:
        """The public object that the members describe."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.RSAPublicNumbers(self._number("e"), self._number("n")).public_key()

    def _number(self, name: str) -> int:
        return int.from_bytes(member_octets(self._dict_data, name), "big")


def _text(number: int) -> str:
    return encode_segment(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()
