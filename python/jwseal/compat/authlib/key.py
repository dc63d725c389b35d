"""JSON Web Keys as Authlib presents them: read-only mappings with options, and secrets (RFC 7517, RFC 7518 section 6.4).

`Key` is the base of every type, `OctKey` holds an HMAC secret; key pairs are in `key_pair`. `signing_key(alg)` and `verifying_key(alg)`, which
Authlib has not, check `use` and `key_ops` and return the jwseal key that does the work. As in Authlib, the `alg` of a JWK is not compared
with the header's, and a private key may verify. A key that jwseal refuses raises here, at the first use.

A secret shorter than the output of the hash works, through `jwseal.insecure.weak_secret` and with a warning. Key text (PEM, SSH,
certificate, JWK, SPKI) is refused as a secret: everyone who has the public key could sign with it.
"""

from __future__ import annotations

import hashlib
import secrets
import sys
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from jwseal import SecretKey, SigningKey, VerifyingKey
from jwseal._encoding import base64url_encode
from jwseal.compat.authlib.encoding import decode_member, json_text, to_bytes
from jwseal.compat.authlib.errors import InsecureKeyWarning, InvalidKeyError, InvalidKeyTypeError, InvalidUseError
from jwseal.compat.remembered_keys import remembered
from jwseal.errors import InvalidKey
from jwseal.insecure import weak_secret

if TYPE_CHECKING:
    from collections.abc import Callable, KeysView

    from jwseal.types import Algorithm

T = TypeVar("T")


class Key:
    """The base class of keys of every type. `options` are parameters of a JWK, such as `kid` and `use`."""

    kty: ClassVar[str] = "_"
    ALLOWED_PARAMS: ClassVar[list[str]] = ["use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256"]
    PRIVATE_KEY_OPS: ClassVar[list[str]] = ["sign", "decrypt", "unwrapKey"]
    PUBLIC_KEY_OPS: ClassVar[list[str]] = ["verify", "encrypt", "wrapKey"]
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = []
    PRIVATE_KEY_FIELDS: ClassVar[list[str]] = []

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        self.options: dict[str, Any] = options or {}
        self._dict_data: dict[str, Any] = {}
        # By operation and algorithm: the raw key it was made of, and the jwseal key.
        self._native: dict[tuple[str, Algorithm], tuple[Any, Any]] = {}

    def __init_subclass__(cls) -> None:
        if "get_op_key" in cls.__dict__ and not cls.__module__.startswith("jwseal."):
            raise TypeError(
                "get_op_key is not called here: give JsonWebSignature a jwseal.SigningKey.external(...) instead"
            )

    @property
    def tokens(self) -> dict[str, Any]:
        """The members of this JWK, private ones included, and the options that it has no member for."""
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
        """The member `kid`, or the option."""
        return self._parameter("kid")  # type: ignore[no-any-return]

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
        """Refuse an operation that `key_ops`, `use` or a missing private key rules out."""
        key_ops = self._parameter("key_ops")
        names = key_ops if isinstance(key_ops, (list, tuple, set, frozenset)) else [key_ops]
        if key_ops is not None and operation not in names:
            raise InvalidKeyError(description=f'Unsupported key_op "{operation}"')
        if operation in self.PRIVATE_KEY_OPS and self.public_only:
            raise InvalidKeyError(description=f'Invalid key_op "{operation}" for public key')
        use = self._parameter("use")
        purpose = "sig" if operation in ("sign", "verify") else "enc"
        if use and use != purpose and operation in (*self.PRIVATE_KEY_OPS, *self.PUBLIC_KEY_OPS):
            raise InvalidUseError()

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK, with its private members if `is_private`, and with `params` as further members."""
        raise NotImplementedError

    def as_json(self, is_private: bool = False, **params: Any) -> str:
        """This key as JWK text; `is_private` and `params` are those of `as_dict`."""
        return json_text(self.as_dict(is_private, **params))

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint (RFC 7638)."""
        members = self.tokens
        required = {name: members[name] for name in sorted([*self.REQUIRED_JSON_FIELDS, "kty"])}
        return base64url_encode(hashlib.sha256(json_text(required).encode()).digest()).decode()

    def load_dict_key(self) -> None:
        """Set the members from the raw key."""
        raise NotImplementedError

    def signing_key(self, alg: Algorithm) -> SigningKey | SecretKey:
        """The jwseal key that signs with the algorithm `alg`."""
        return self._native_key("sign", alg)  # type: ignore[no-any-return]

    def verifying_key(self, alg: Algorithm) -> VerifyingKey | SecretKey:
        """The jwseal key that verifies the algorithm `alg`."""
        return self._native_key("verify", alg)  # type: ignore[no-any-return]

    @classmethod
    def check_required_fields(cls, data: dict[str, Any]) -> None:
        """Refuse `data`, a JWK, without the members that its type requires."""
        for name in cls.REQUIRED_JSON_FIELDS:
            if name not in data:
                raise InvalidKeyError(description=f'Missing required field: "{name}"')

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """Read a key of this type from `raw`; `options` are parameters of a JWK."""
        raise NotImplementedError

    @classmethod
    def import_dict_key(cls, raw: dict[str, Any], options: dict[str, Any] | None = None) -> Self:
        """Read a key from a copy of `raw`, a JWK, its key material in the RFC's form; `options` are further parameters."""
        members = dict(raw)
        cls.check_required_fields(members)
        key = cls(options=options)
        for name in ({*cls.REQUIRED_JSON_FIELDS, *cls.PRIVATE_KEY_FIELDS} - {"crv"}) & members.keys():
            if (value := decode_member(members[name])) is not None:
                members[name] = base64url_encode(cls._canonical(value, members)).decode()
            elif members[name] is None and name not in cls.REQUIRED_JSON_FIELDS:
                del members[name]
        key._dict_data = members
        return key

    @classmethod
    def generate_key(cls, crv_or_size: Any, options: dict[str, Any] | None = None, is_private: bool = False) -> Self:
        """Make a new key of this type.

        `crv_or_size` is its curve or its bits. `options` are parameters of a JWK. `is_private` is False for the public half alone.
        """
        raise NotImplementedError

    @classmethod
    def _canonical(cls, value: bytes, members: dict[str, Any]) -> bytes:
        return value

    def _parameter(self, name: str) -> Any:
        return self._dict_data[name] if name in self._dict_data else self.options.get(name)

    def _member_bytes(self, name: str) -> bytes:
        value = decode_member(self._dict_data.get(name))
        if value is None:
            raise InvalidKeyError(description=f'"{name}" is not base64url')
        return value

    def _native_key(self, operation: str, alg: Algorithm) -> Any:
        self.check_key_op(operation)
        source = self._raw_key()
        made_of, key = self._native.get((operation, alg), (None, None))
        if key is None or made_of is not source:
            key = translated(lambda: self._make_native(operation, alg))
            self._native[operation, alg] = source, key
        return key

    def _raw_key(self) -> Any:
        raise NotImplementedError

    def _make_native(self, operation: str, alg: Algorithm) -> Any:
        raise NotImplementedError


class OctKey(Key):
    """A key of kty oct.

    `raw_key` is the secret in bytes. `options` are parameters of a JWK, such as `kid` and `use`.
    """

    kty: ClassVar[str] = "oct"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["k"]

    def __init__(self, raw_key: bytes | None = None, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        self.raw_key = raw_key

    @property
    def public_only(self) -> bool:
        return False

    def get_op_key(self, operation: str) -> bytes:
        """The secret, if `use` and `key_ops` permit `operation`."""
        self.check_key_op(operation)
        secret = self._raw_key()
        _refuse_unsafe(secret)
        return secret

    def load_raw_key(self) -> None:
        """Take the secret out of the members."""
        self.raw_key = self._member_bytes("k")

    def load_dict_key(self) -> None:
        self._dict_data = {"kty": self.kty, "k": base64url_encode(self._raw_key()).decode()}

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK with `params` as further members, the secret included whatever `is_private` says: there is no public part."""
        members = self.tokens
        if "kid" not in members:
            members["kid"] = self.thumbprint()
        members.update(params)
        return members

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """Read a secret from `raw`: bytes, text, a number, or a JWK as a dict. `options` are parameters of a JWK."""
        if isinstance(raw, cls):
            if options is not None:
                raw.options.update(options)
            return raw
        if isinstance(raw, dict):
            return cls.import_dict_key(raw, options)
        secret = _secret_bytes(raw)
        _refuse_unsafe(secret)
        return cls(secret, options)

    @classmethod
    def generate_key(cls, key_size: int = 256, options: dict[str, Any] | None = None, is_private: bool = True) -> Self:
        """Make a new secret of `key_size` bits; `options` are parameters of a JWK, and `is_private` must be True."""
        if not is_private:
            raise InvalidKeyError(description="oct key can not be generated as public")
        if key_size % 8:
            raise InvalidKeyError(description="Invalid bit size for oct key")
        return cls.import_key(secrets.token_bytes(key_size // 8), options)

    @classmethod
    def validate_raw_key(cls, key: object) -> bool:
        """Return whether `key` is bytes."""
        return isinstance(key, bytes)

    def _raw_key(self) -> bytes:
        if not self.raw_key:
            self.load_raw_key()
        return self.raw_key or b""

    def _make_native(self, operation: str, alg: Algorithm) -> SecretKey:
        return secret_key(self._raw_key(), alg)


# The least length of a secret in bytes, that of the hash (RFC 7518 section 3.2).
_LEAST = {"HS256": 32, "HS384": 48, "HS512": 64}


def secret_key(raw: Any, alg: Algorithm) -> SecretKey:
    """The jwseal key of a raw secret. A short one warns."""
    secret = raw if type(raw) is bytes else _secret_bytes(raw)
    key = remembered("authlib secret", secret, alg, lambda secret: _prepared(secret, alg))
    if len(secret) < _LEAST[alg]:
        warn_caller(f"the secret has {len(secret)} bytes; {alg} needs at least {_LEAST[alg]}", InsecureKeyWarning)
    return key


def translated(build: Callable[[], T]) -> T:
    """Return what `build` returns, and raise this layer's error for its refusals."""
    try:
        return build()
    except InvalidKeyError:
        raise
    except NotImplementedError:
        # An object of a KMS that implements an interface of `cryptography` but cannot export its key.
        sentence = "the key object does not export its key: give a jwseal.SigningKey.external(...) instead"
        raise InvalidKeyError(description=sentence) from None
    except (InvalidKey, ValueError, TypeError) as exc:
        raise InvalidKeyError(description=str(exc)) from exc


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the line that called into this package, so that each such line warns once."""
    depth = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("jwseal."):
        frame = frame.f_back
        depth += 1
    warnings.warn(message, category, stacklevel=depth)


def _prepared(secret: bytes, alg: Algorithm) -> SecretKey:
    try:
        if len(secret) < _LEAST[alg]:
            return weak_secret(secret, alg=alg)
        return SecretKey.from_bytes(secret, alg=alg)
    except InvalidKey as exc:
        # Authlib's sentences; the cause says what was found.
        sentence = "This key may not be safe to import" if secret else "oct key material must not be empty"
        raise InvalidKeyError(description=sentence) from exc


def _refuse_unsafe(secret: bytes) -> None:
    # Empty secrets and key text are refused here; the length is judged when the algorithm is known.
    _prepared(secret, "HS256")


def _secret_bytes(raw: Any) -> bytes:
    # True and False would be the secrets "True" and "False".
    if not (isinstance(raw, (Key, bool)) or callable(raw)):
        try:
            return to_bytes(raw) or b""
        except (TypeError, ValueError):
            pass
    raise InvalidKeyTypeError(description=f"a {type(raw).__name__} is not a secret")
