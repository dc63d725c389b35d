"""A JSON Web Key as Authlib shows it: a read-only mapping with options, and the way from it to a jwseal key (RFC 7517).

`Key` is what all kinds share, `AsymmetricKey` what key pairs share. `signing_key(alg)` and `verifying_key(alg)` are this face's addition:
they check `use` and `key_ops`, and return the jwseal key that does the work. As in Authlib, `alg` of a JWK is not compared with the
header's, and a private key may verify. What jwseal refuses (RSA under 2048 bits, points off their curve, key text as a secret) raises here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from jwseal import SecretKey, SigningKey, VerifyingKey
from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.encoding import decode_segment, encode_segment, json_text
from jwseal.compat.authlib.errors import InvalidKeyError, InvalidKeyTypeError, InvalidUseError
from jwseal.compat.remembered_keys import remembered
from jwseal.errors import InvalidKey

if TYPE_CHECKING:
    from collections.abc import Callable, KeysView

    from jwseal.types import Algorithm

__all__ = ["AsymmetricKey", "Key", "member_octets", "translated"]

T = TypeVar("T")


class Key:
    """What keys of every type share."""

    kty: ClassVar[str] = "_"
    ALLOWED_PARAMS: ClassVar[list[str]] = ["use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256"]
    PRIVATE_KEY_OPS: ClassVar[list[str]] = ["sign", "decrypt", "unwrapKey"]
    PUBLIC_KEY_OPS: ClassVar[list[str]] = ["verify", "encrypt", "wrapKey"]
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = []

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        self.options: dict[str, Any] = options or {}
        self._dict_data: dict[str, Any] = {}
        self._sealed: dict[tuple[str, Algorithm], Any] = {}

    @property
    def tokens(self) -> dict[str, Any]:
        """The members of this JWK, private ones included, with the options laid under them."""
        if not self._dict_data:
            self.load_dict_key()
        members = dict(self._dict_data)
        members["kty"] = self.kty
        for name in self.ALLOWED_PARAMS:
            if name not in members and name in self.options:
                members[name] = self.options[name]
        return members

    @property
    def kid(self) -> str | None:
        """The `kid` member or option."""
        kid: str | None = self._parameter("kid")
        return kid

    def keys(self) -> KeysView[str]:
        """The names of the members, so that `dict(key)` works."""
        return self.tokens.keys()

    def __getitem__(self, item: str) -> Any:
        return self.tokens[item]

    @property
    def public_only(self) -> bool:
        """Whether this key cannot sign."""
        raise NotImplementedError

    def check_key_op(self, operation: str) -> None:
        """Refuse an operation that `key_ops`, `use` or the lack of a private half rules out."""
        key_ops = self._parameter("key_ops")
        if key_ops is not None and operation not in key_ops:
            raise InvalidKeyError(description=f'Unsupported key_op "{operation}"')
        if operation in self.PRIVATE_KEY_OPS and self.public_only:
            raise InvalidKeyError(description=f'Invalid key_op "{operation}" for public key')
        use = self._parameter("use")
        purpose = "sig" if operation in ("sign", "verify") else "enc"
        if use and use != purpose and operation in (*self.PRIVATE_KEY_OPS, *self.PUBLIC_KEY_OPS):
            raise InvalidUseError()

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK."""
        raise NotImplementedError

    def as_json(self, is_private: bool = False, **params: Any) -> str:
        """This key as JWK text."""
        return json_text(self.as_dict(is_private, **params))

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint (RFC 7638)."""
        members = self.tokens
        required = {name: members[name] for name in sorted([*self.REQUIRED_JSON_FIELDS, "kty"])}
        return encode_segment(hashlib.sha256(json_text(required).encode()).digest()).decode()

    def load_dict_key(self) -> None:
        """Fill the members from the raw key."""
        raise NotImplementedError

    def load_raw_key(self) -> None:
        """Fill the raw key from the members."""
        raise NotImplementedError

    def get_op_key(self, operation: str) -> Any:
        """The raw key for an operation: a `cryptography` object, or a secret's octets."""
        raise NotImplementedError

    def signing_key(self, alg: Algorithm) -> SigningKey | SecretKey:
        """The jwseal key that signs with this algorithm."""
        self.check_key_op("sign")
        key: SigningKey | SecretKey = self._sealed_key("sign", alg)
        return key

    def verifying_key(self, alg: Algorithm) -> VerifyingKey | SecretKey:
        """The jwseal key that verifies this algorithm."""
        self.check_key_op("verify")
        key: VerifyingKey | SecretKey = self._sealed_key("verify", alg)
        return key

    @classmethod
    def check_required_fields(cls, data: dict[str, Any]) -> None:
        """Refuse a JWK without the members its type needs."""
        for name in cls.REQUIRED_JSON_FIELDS:
            if name not in data:
                raise InvalidKeyError(description=f'Missing required field: "{name}"')

    @classmethod
    def validate_raw_key(cls, key: object) -> bool:
        """Whether a raw key is of this type."""
        raise NotImplementedError

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """A key of this type from whatever holds one."""
        raise NotImplementedError

    @classmethod
    def generate_key(cls, crv_or_size: Any, options: dict[str, Any] | None = None, is_private: bool = False) -> Self:
        """A new key of this type."""
        raise NotImplementedError

    def _parameter(self, name: str) -> Any:
        return self._dict_data[name] if name in self._dict_data else self.options.get(name)

    def _sealed_key(self, operation: str, alg: Algorithm) -> Any:
        key = self._sealed.get((operation, alg))
        if key is None:
            key = self._sealed[operation, alg] = translated(lambda: self._seal(operation, alg))
        return key

    def _seal(self, operation: str, alg: Algorithm) -> Any:
        raise NotImplementedError


class AsymmetricKey(Key):
    """What key pairs share. The raw key is a `cryptography` object; a JWK becomes one only when somebody asks for it."""

    PUBLIC_KEY_FIELDS: ClassVar[list[str]] = []
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = []
    SSH_PUBLIC_PREFIX: ClassVar[bytes] = b""

    def __init__(self, private_key: Any = None, public_key: Any = None, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        self.private_key = private_key
        self.public_key = public_key

    @property
    def public_only(self) -> bool:
        """Whether there is no private half."""
        return not self.private_key and "d" not in self._dict_data

    def get_op_key(self, operation: str) -> Any:
        """The `cryptography` object for this operation."""
        self.check_key_op(operation)
        return self.get_public_key() if operation in self.PUBLIC_KEY_OPS else self.get_private_key()

    def get_public_key(self) -> Any:
        """The public half as a `cryptography` object."""
        if self.public_key:
            return self.public_key
        private_key = self.get_private_key()
        return private_key.public_key() if private_key else self.public_key

    def get_private_key(self) -> Any:
        """The private half as a `cryptography` object, or None."""
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
        """The private object that the members describe."""
        raise NotImplementedError

    def load_public_key(self) -> Any:
        """The public object that the members describe."""
        raise NotImplementedError

    def load_dict_key(self) -> None:
        """Fill the members from the `cryptography` object."""
        self._dict_data.update(self.dumps_private_key() if self.private_key else self.dumps_public_key())

    def dumps_private_key(self) -> dict[str, Any]:
        """The members of the private object."""
        raise NotImplementedError

    def dumps_public_key(self, public_key: Any = None) -> dict[str, Any]:
        """The members of the public object."""
        raise NotImplementedError

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK: public members only, unless told otherwise; `kid` is the thumbprint where there is none."""
        members = self.tokens
        if is_private and "d" not in members:
            raise InvalidKeyError(description="This is a public key")
        kid = members.get("kid")
        if "d" in members and not is_private:
            members = {name: members[name] for name in members if name in self.PUBLIC_KEY_FIELDS}
            members["kty"] = self.kty
            if kid:
                members["kid"] = kid
        if not kid:
            members["kid"] = self.thumbprint()
        members.update(params)
        return members

    def as_key(self, is_private: bool = False) -> Any:
        """The `cryptography` object."""
        return self.get_private_key() if is_private else self.get_public_key()

    def as_bytes(self, encoding: str | None = None, is_private: bool = False, password: Any = None) -> bytes:
        """This key as PEM or DER: PKCS#8, encrypted if there is a password, or SubjectPublicKeyInfo."""
        if encoding not in (None, "PEM", "DER"):
            raise InvalidKeyError(description=f"Invalid encoding: {encoding!r}")
        raw_key = self.as_key(is_private)
        if not raw_key:
            raise InvalidKeyError(description="This is a public key")
        write = key_material.der if encoding == "DER" else key_material.pem
        return write(raw_key, private=is_private, password=password)

    def as_pem(self, is_private: bool = False, password: Any = None) -> bytes:
        """This key as PEM."""
        return self.as_bytes(is_private=is_private, password=password)

    def as_der(self, is_private: bool = False, password: Any = None) -> bytes:
        """This key as DER."""
        return self.as_bytes("DER", is_private=is_private, password=password)

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """A key from PEM, a certificate, SSH text, a JWK as a dict, or a `cryptography` object."""
        if isinstance(raw, cls):
            if options is not None:
                raw.options.update(options)
            return raw
        options = dict(options) if options else {}
        password = options.pop("password", None)
        if isinstance(raw, dict):
            return cls.import_dict_key(raw, options)
        if isinstance(raw, Key) or raw is None or isinstance(raw, (int, float)):
            raise InvalidKeyTypeError(description=f"{_named(raw)} is not a key of type {cls.kty}")
        found = key_material.describe(raw)
        if found is not None and found.kty != cls.kty:
            raise InvalidKeyTypeError(description=f"{_named(raw)} is not a key of type {cls.kty}")
        if found is None:
            raw = key_material.load_text(raw, cls.SSH_PUBLIC_PREFIX, password)
            found = key_material.describe(raw)
        if found is None or found.kty != cls.kty:
            raise InvalidKeyError(description="Invalid data for importing key")
        return cls(private_key=raw, options=options) if found.private else cls(public_key=raw, options=options)

    @classmethod
    def import_dict_key(cls, raw: dict[str, Any], options: dict[str, Any] | None = None) -> Self:
        """A key from a JWK. The dict is copied: later changes to it do not change the key."""
        members = dict(raw)
        cls.check_required_fields(members)
        key = cls(options=options)
        key._dict_data = members
        return key

    @classmethod
    def validate_raw_key(cls, key: object) -> bool:
        """Whether this is a `cryptography` object of this type."""
        found = key_material.describe(key)
        return found is not None and found.kty == cls.kty

    @classmethod
    def _generated(cls, crv_or_size: Any, options: dict[str, Any] | None, is_private: bool) -> Self:
        raw_key = key_material.generate(cls.kty, crv_or_size)
        return cls.import_key(raw_key if is_private else raw_key.public_key(), options)

    def _jwk(self, names: list[str]) -> dict[str, Any]:
        """The members of these names that are there, alone: `use`, `key_ops`, `alg` and `kid` are this face's business."""
        return {"kty": self.kty, **{name: self._dict_data[name] for name in names if name in self._dict_data}}

    def _seal(self, operation: str, alg: Algorithm) -> SigningKey | VerifyingKey:
        if operation == "sign":
            return self._seal_private(alg)
        if self.private_key or self.public_key:
            spki = key_material.spki(self.private_key or self.public_key)
            return remembered("authlib spki", spki, alg, lambda: VerifyingKey.from_der(spki, alg=alg), public=True)
        if "d" in self._dict_data:
            # The private half vouches for the public one: jwseal refuses a pair that does not match.
            return self._seal_private(alg).verifying_key
        text = self._jwk_text(self.PUBLIC_KEY_FIELDS)
        return remembered("authlib jwk", text, alg, lambda: VerifyingKey.from_jwk(text, alg=alg), public=True)

    def _seal_private(self, alg: Algorithm) -> SigningKey:
        if self.private_key:
            pkcs8 = key_material.pkcs8(self.private_key)
            return remembered("authlib pkcs8", pkcs8, alg, lambda: SigningKey.from_der(pkcs8, alg=alg))
        text = self._jwk_text(sorted({*self.PUBLIC_KEY_FIELDS, *self.PRIVATE_KEY_FIELDS}))
        return remembered("authlib private jwk", text, alg, lambda: SigningKey.from_jwk(text, alg=alg))

    def _jwk_text(self, names: list[str]) -> str:
        # One text is the index of the remembered key and what the key is read from, so that neither can be of another JWK.
        return json_text(self._jwk(names))


def member_octets(members: dict[str, Any], name: str) -> bytes:
    """The octets of a JWK's base64url member."""
    value = members.get(name)
    text = value.encode() if isinstance(value, str) else value
    try:
        if isinstance(text, bytes):
            return decode_segment(text)
    except ValueError:
        pass
    raise InvalidKeyError(description=f'"{name}" is not canonical base64url')


def translated(build: Callable[[], T]) -> T:
    """What `build` returns; its refusals become this face's."""
    try:
        return build()
    except InvalidKeyError:
        raise
    except (InvalidKey, ValueError, TypeError) as exc:
        raise InvalidKeyError(description=str(exc)) from exc


def _named(raw: object) -> str:
    return "None" if raw is None else f"a {type(raw).__name__}"
