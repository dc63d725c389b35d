"""Keys that have a public and a private part: RSA, EC and OKP (RFC 7518 sections 6.2 and 6.3, RFC 8812, RFC 8037).

A key holds a `cryptography` object or the members of a JWK and makes the other when it is asked for. jwseal gets the members as JWK text,
which is also what the jwseal key is remembered by, so that a remembered key cannot be one of other members. Members are written in the form
the RFC demands: EC coordinates at the width of the field, numbers without leading zeros; Authlib dropped leading zeros of coordinates.

jwseal signs and verifies with RSA moduli of 2048 to 8192 bits, the curves of `EC_CURVES`, Ed25519 and Ed448. Smaller RSA keys, X25519 and
X448 can be read and exported only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from jwseal import SigningKey, VerifyingKey
from jwseal._encoding import base64url_encode
from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.encoding import json_bytes
from jwseal.compat.authlib.errors import InvalidKeyError, InvalidKeyTypeError
from jwseal.compat.authlib.key import Key, translated
from jwseal.compat.remembered_keys import remembered

if TYPE_CHECKING:
    from jwseal.types import Algorithm


class AsymmetricKey(Key):
    """The base class of key pairs.

    `private_key` and `public_key` are `cryptography` objects, one of them or neither. `options` are parameters of a JWK, such as `kid` and
    `use`.
    """

    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = []
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b""

    def __init__(self, private_key: Any = None, public_key: Any = None, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        self.private_key = private_key
        self.public_key = public_key
        self._loaded = key_material.Loaded(None)

    @property
    def public_only(self) -> bool:
        return not self.private_key and "d" not in self._dict_data

    def get_op_key(self, operation: str) -> Any:
        """The `cryptography` object for `operation`, "sign", "verify" and so on, if `use` and `key_ops` permit it."""
        self.check_key_op(operation)
        return self.get_public_key() if operation in self.PUBLIC_KEY_OPS else self.get_private_key()

    def get_public_key(self) -> Any:
        """The public part as a `cryptography` object."""
        if self.public_key:
            return self.public_key
        private_key = self.get_private_key()
        return private_key.public_key() if private_key else self.public_key

    def get_private_key(self) -> Any:
        """The private part as a `cryptography` object, or None."""
        if not self.private_key and not self.public_key:
            self.load_raw_key()
        return self.private_key

    def load_raw_key(self) -> None:
        """Make the `cryptography` object that the members describe."""
        if "d" in self._dict_data:
            self.private_key = translated(self.load_private_key)
        else:
            self.public_key = translated(self.load_public_key)

    def load_private_key(self) -> Any:
        """Make the private `cryptography` object that the members describe."""
        raise NotImplementedError

    def load_public_key(self) -> Any:
        """Make the public one."""
        raise NotImplementedError

    def load_dict_key(self) -> None:
        self._dict_data.update(self._dumped())

    def dumps_private_key(self) -> dict[str, Any]:
        """The members of the private object."""
        raise NotImplementedError

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of `public_key`, or else of this key's public object."""
        raise NotImplementedError

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK, with its private members if `is_private`, and with `params` as further members.

        `kid` is the thumbprint where there is none.
        """
        members = self.tokens
        if is_private and "d" not in members:
            raise InvalidKeyError(description="This is a public key")
        kid = members.get("kid")
        if "d" in members and not is_private:
            members = {name: members[name] for name in members if name in self.PUBLIC_KEY_FIELDS}
            members["kty"] = self.kty
        elif not is_private:
            # The primes of an RSA key are private without `d` too.
            private = {*self.PRIVATE_KEY_FIELDS}.difference(self.PUBLIC_KEY_FIELDS)
            members = {name: members[name] for name in members if name not in private}
        members["kid"] = kid or self.thumbprint()
        members.update(params)
        return members

    def as_key(self, is_private: bool = False) -> Any:
        """The `cryptography` object: the private one if `is_private`, otherwise the public one."""
        return self.get_private_key() if is_private else self.get_public_key()

    def as_bytes(self, encoding: str | None = None, is_private: bool = False, password: Any = None) -> bytes:
        """This key as SubjectPublicKeyInfo, or if `is_private` as PKCS#8.

        `encoding` is "PEM" (as is None) or "DER". A `password` encrypts PKCS#8.
        """
        if encoding not in (None, "PEM", "DER"):
            raise InvalidKeyError(description=f"Invalid encoding: {encoding!r}")
        raw_key = self.as_key(is_private)
        if not raw_key:
            raise InvalidKeyError(description="This is a public key")
        return translated(lambda: key_material.write(raw_key, encoding or "PEM", private=is_private, password=password))

    def as_pem(self, is_private: bool = False, password: Any = None) -> bytes:
        """This key as PEM; `is_private` and `password` are those of `as_bytes`."""
        return self.as_bytes(is_private=is_private, password=password)

    def as_der(self, is_private: bool = False, password: Any = None) -> bytes:
        """This key as DER; `is_private` and `password` are those of `as_bytes`."""
        return self.as_bytes("DER", is_private=is_private, password=password)

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """Read a key from `raw`: PEM, a certificate, SSH text, a JWK as a dict, or a `cryptography` object.

        `options` are parameters of a JWK, such as `kid` and `use`, and the `password` of an encrypted PEM.
        """
        if isinstance(raw, cls):
            if options is not None:
                raw.options.update(options)
            return raw
        options = dict(options) if options else {}
        password = options.pop("password", None)
        if isinstance(raw, dict):
            return cls.import_dict_key(raw, options)
        found = key_material.describe(raw)
        if isinstance(raw, (Key, int, float)) or raw is None or (found and found.kty != cls.kty):
            named = "None" if raw is None else f"a {type(raw).__name__}"
            raise InvalidKeyTypeError(description=f"{named} is not a key of type {cls.kty}")
        if isinstance(raw, key_material.Loaded):
            loaded = raw
        elif found:
            loaded = key_material.Loaded(raw)
        else:
            loaded = key_material.load_text(raw, cls.SSH_PUBLIC_PREFIX, password)
        found = key_material.describe(loaded.key)
        if found is None or found.kty != cls.kty:
            raise InvalidKeyError(description="Invalid data for importing key")
        key = cls(loaded.key, options=options) if found.private else cls(public_key=loaded.key, options=options)
        key._loaded = loaded
        return key

    @classmethod
    def validate_raw_key(cls, key: object) -> bool:
        """Return whether `key` is a `cryptography` object of this type."""
        found = key_material.describe(key)
        return found is not None and found.kty == cls.kty

    @classmethod
    def _generated(cls, crv_or_size: Any, options: dict[str, Any] | None, is_private: bool) -> Self:
        raw_key = key_material.generate(cls.kty, crv_or_size)
        return cls.import_key(raw_key if is_private else raw_key.public_key(), options)

    def _raw_key(self) -> Any:
        return self.private_key or self.public_key

    def _dumped(self) -> dict[str, Any]:
        return self.dumps_private_key() if self.private_key else self.dumps_public_key()

    def _make_native(self, operation: str, alg: Algorithm) -> SigningKey | VerifyingKey:
        members = self._dumped() if self._raw_key() else self._dict_data
        key: SigningKey | VerifyingKey
        if self._loaded.read and self._raw_key() is self._loaded.key:
            key = self._loaded.read(alg)
        elif "d" in members:
            # Also to verify: jwseal refuses a pair whose parts do not match.
            text = self._jwk_text(members, {*self.PUBLIC_KEY_FIELDS, *self.PRIVATE_KEY_FIELDS})
            key = remembered("authlib private jwk", text, alg, lambda text: SigningKey.from_jwk(text, alg=alg))
        else:
            text = self._jwk_text(members, set(self.PUBLIC_KEY_FIELDS))
            key = remembered("authlib jwk", text, alg, lambda text: VerifyingKey.from_jwk(text, alg=alg), public=True)
        return key.verifying_key if operation == "verify" and isinstance(key, SigningKey) else key

    def _jwk_text(self, members: dict[str, Any], names: set[str]) -> bytes:
        # `use`, `key_ops`, `alg` and `kid` are judged by this layer, as Authlib judges them.
        return json_bytes({"kty": self.kty, **{name: members[name] for name in sorted(names & members.keys())}})

    def loaded_private_key(self) -> Any:
        """The private `cryptography` object, if this key has one to sign with that is restricted to no algorithm."""
        if not self.private_key or (self._loaded.read and self.private_key is self._loaded.key):
            return None
        self.check_key_op("sign")
        return self.private_key

    def _number(self, name: str) -> int:
        return int.from_bytes(self._member_bytes(name), "big")


class RSAKey(AsymmetricKey):
    """A key of kty RSA; `private_key`, `public_key` and `options` are those of `AsymmetricKey`."""

    kty: ClassVar[str] = "RSA"
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = ["e", "n"]
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["d", "dp", "dq", "e", "n", "p", "q", "qi"]
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["e", "n"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ssh-rsa"

    @classmethod
    def generate_key(
        cls, key_size: int = 2048, options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Self:
        """Make a new key of `key_size` bits, at least 2048; `options` and `is_private` are those of `JsonWebKey.generate_key`."""
        if key_size % 8:
            raise InvalidKeyError(description="Invalid key_size for RSAKey")
        if key_size < 2048:
            raise InvalidKeyError(description="key_size must not be less than 2048")
        return cls._generated(key_size, options, is_private)

    @classmethod
    def import_dict_key(cls, raw: dict[str, Any], options: dict[str, Any] | None = None) -> Self:
        """Read a key from `raw`, a JWK. If it has `d` alone, its prime factors are computed. `options` are further parameters of a JWK."""
        key = super().import_dict_key(raw, options)
        factors = [name for name in _FACTORS if name in key._dict_data]
        if "d" in key._dict_data and len(factors) < len(_FACTORS):
            if factors:
                raise InvalidKeyError(description="RSA key must include all parameters if any are present besides d")
            key.load_raw_key()
            key.load_dict_key()
        return key

    @classmethod
    def _canonical(cls, value: bytes, members: dict[str, Any]) -> bytes:
        return value.lstrip(b"\0")

    def dumps_private_key(self) -> dict[str, Any]:
        numbers = self.private_key.private_numbers()
        values = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        private = {name: _encode_number(value) for name, value in zip(("d", *_FACTORS), values, strict=True)}
        return {**self.dumps_public_key(self.private_key.public_key()), **private}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of `public_key`, or else of this key's public object."""
        numbers = (public_key or self.public_key).public_numbers()
        return {"n": _encode_number(numbers.n), "e": _encode_number(numbers.e)}

    def load_private_key(self) -> Any:
        # Factors that are absent are computed from d.
        from cryptography.hazmat.primitives.asymmetric import rsa

        if "oth" in self._dict_data:
            raise InvalidKeyError(description='"oth" is not supported')
        public = rsa.RSAPublicNumbers(self._number("e"), self._number("n"))
        d = self._number("d")
        if "p" in self._dict_data:
            p, q, dp, dq, qi = (self._number(name) for name in _FACTORS)
        else:
            p, q = rsa.rsa_recover_prime_factors(public.n, d, public.e)
            dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()

    def load_public_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.RSAPublicNumbers(self._number("e"), self._number("n")).public_key()


_FACTORS = ("p", "q", "dp", "dq", "qi")


class ECKey(AsymmetricKey):
    """A key of kty EC; `private_key`, `public_key` and `options` are those of `AsymmetricKey`."""

    kty: ClassVar[str] = "EC"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["crv", "x", "y"]
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = REQUIRED_JSON_FIELDS
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["crv", "d", "x", "y"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ecdsa-sha2-"

    @classmethod
    def generate_key(cls, crv: str = "P-256", options: dict[str, Any] | None = None, is_private: bool = False) -> Self:
        """Make a new key on the curve `crv`; `options` and `is_private` are those of `JsonWebKey.generate_key`."""
        if crv not in _CURVE_BITS:
            raise InvalidKeyError(description=f'Invalid crv value: "{crv}"')
        return cls._generated(crv, options, is_private)

    @property
    def curve(self) -> str | None:
        """The name of the curve, or None if jwseal does not have it."""
        if "crv" in self._dict_data:
            name = self._dict_data["crv"]
            return name if isinstance(name, str) and name in _CURVE_BITS else None
        found = key_material.describe(self._raw_key())
        return found.crv if found else None

    @property
    def curve_key_size(self) -> int:
        """The size of the curve in bits."""
        return _CURVE_BITS[self._known_curve()]

    def dumps_private_key(self) -> dict[str, Any]:
        members = self.dumps_public_key(self.private_key.public_key())
        private = self.private_key.private_numbers().private_value
        return {**members, "d": _encode_number(private, _field_width(self._known_curve()))}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of `public_key`, or else of this key's public object."""
        numbers = (public_key or self.public_key).public_numbers()
        crv = self._known_curve()
        width = _field_width(crv)
        return {"crv": crv, "x": _encode_number(numbers.x, width), "y": _encode_number(numbers.y, width)}

    def load_private_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.EllipticCurvePrivateNumbers(self._number("d"), self._public_numbers()).private_key()

    def load_public_key(self) -> Any:
        return self._public_numbers().public_key()

    def _public_numbers(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import ec

        curve = getattr(ec, key_material.EC_CURVES[self._known_curve()])
        return ec.EllipticCurvePublicNumbers(self._number("x"), self._number("y"), curve())

    @classmethod
    def _canonical(cls, value: bytes, members: dict[str, Any]) -> bytes:
        crv = members["crv"]
        width = _field_width(crv) if isinstance(crv, str) and crv in _CURVE_BITS else len(value)
        return value.lstrip(b"\0").rjust(width, b"\0")

    def _known_curve(self) -> str:
        if self.curve is None:
            raise InvalidKeyError(description=f"the curve is not one of {', '.join(_CURVE_BITS)}")
        return self.curve


_CURVE_BITS = {"P-256": 256, "P-384": 384, "P-521": 521, "secp256k1": 256}


class OKPKey(AsymmetricKey):
    """A key of kty OKP; `private_key`, `public_key` and `options` are those of `AsymmetricKey`."""

    kty: ClassVar[str] = "OKP"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["crv", "x"]
    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = REQUIRED_JSON_FIELDS
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = ["crv", "d"]
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b"ssh-ed25519"

    @classmethod
    def generate_key(
        cls, crv: str = "Ed25519", options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Self:
        """Make a new key on the curve `crv`; `options` and `is_private` are those of `JsonWebKey.generate_key`."""
        if crv not in key_material.OKP_CURVES:
            raise InvalidKeyError(description=f'Invalid crv value: "{crv}"')
        return cls._generated(crv, options, is_private)

    @staticmethod
    def get_key_curve(key: Any) -> str | None:
        """The name of the curve of `key`, a `cryptography` object."""
        found = key_material.describe(key)
        return found.crv if found else None

    def dumps_private_key(self) -> dict[str, Any]:
        members = self.dumps_public_key(self.private_key.public_key())
        return {**members, "d": base64url_encode(self.private_key.private_bytes_raw()).decode()}

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of `public_key`, or else of this key's public object."""
        key = public_key or self.public_key
        return {"crv": self.get_key_curve(key), "x": base64url_encode(key.public_bytes_raw()).decode()}

    def load_private_key(self) -> Any:
        return self._classes()[0].from_private_bytes(self._member_bytes("d"))

    def load_public_key(self) -> Any:
        return self._classes()[1].from_public_bytes(self._member_bytes("x"))

    def _classes(self) -> tuple[Any, Any]:
        crv = self._dict_data.get("crv")
        if crv not in key_material.OKP_CURVES:
            raise InvalidKeyError(description=f"the curve is not one of {', '.join(key_material.OKP_CURVES)}")
        return key_material.okp_classes(crv)


def _field_width(crv: str) -> int:
    return (_CURVE_BITS[crv] + 7) // 8


def _encode_number(number: int, width: int = 0) -> str:
    return base64url_encode(number.to_bytes(width or (number.bit_length() + 7) // 8, "big")).decode()
