"""Key sets, and reading keys without knowing their type (RFC 7517 sections 4 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.ec_key import ECKey
from jwseal.compat.authlib.encoding import json_text
from jwseal.compat.authlib.errors import InvalidKeyError, UnknownKeyError
from jwseal.compat.authlib.key import Key
from jwseal.compat.authlib.oct_key import OctKey
from jwseal.compat.authlib.okp_key import OKPKey
from jwseal.compat.authlib.rsa_key import RSAKey
from jwseal.compat.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["JsonWebKey", "KeySet", "key_named"]


class KeySet:
    """Keys in an order, found by kid."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = keys

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This set as a JWK Set; secrets are part of it, as in Authlib."""
        return {"keys": [key.as_dict(is_private, **params) for key in self.keys]}

    def as_json(self, is_private: bool = False, **params: Any) -> str:
        """This set as JWK Set text."""
        return json_text(self.as_dict(is_private, **params))

    def find_by_kid(self, kid: str | None, **params: Any) -> Key:
        """The first key of this kid, and of this `use` and `alg` where a key has its own; without a kid, the only key."""
        if kid is None and len(self.keys) == 1:
            return self.keys[0]
        for key in self._fitting(params):
            if key.kid == kid:
                return key
        raise UnknownKeyError(description="Key not found")

    def _fitting(self, params: dict[str, Any]) -> Iterator[Key]:
        for key in self.keys:
            wanted = {name: params[name] for name in ("use", "alg") if params.get(name)}
            members = key.tokens if wanted else {}
            if all(not members.get(name) or members[name] == value for name, value in wanted.items()):
                yield key


class JsonWebKey:
    """Reads and makes keys of any type."""

    JWK_KEY_CLS: ClassVar[dict[str, type[Key]]] = {key.kty: key for key in (OctKey, RSAKey, ECKey, OKPKey)}

    @classmethod
    def generate_key(
        cls, kty: str, crv_or_size: Any, options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Key:
        """A new key of this type and size."""
        return cls._class(kty).generate_key(crv_or_size, options, is_private)

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Key:
        """A key from a JWK as a dict, PEM, a certificate or a `cryptography` object."""
        kty = options.get("kty") if options else None
        if kty is None and isinstance(raw, dict):
            kty = raw.get("kty")
        if kty is not None or isinstance(raw, dict):
            return cls._class(kty).import_key(raw, options)
        if isinstance(raw, Key):
            return raw.import_key(raw, options)
        password = options.get("password") if options else None
        found = key_material.describe(raw) or key_material.describe(key_material.load_text(raw, password=password))
        return cls._class(found.kty if found else None).import_key(raw, options)

    @classmethod
    def import_key_set(cls, raw: Any) -> KeySet:
        """A set from a JWK Set as a dict or text, or from a list of keys. Keys of unknown type are skipped (RFC 7517 section 5)."""
        if isinstance(raw, str) and raw.startswith("{") and raw.endswith("}"):
            try:
                raw = read_json(raw)
            except ValueError as exc:
                raise InvalidKeyError(description="Invalid key set format") from exc
        elif isinstance(raw, (tuple, list)):
            raw = {"keys": raw}
        if not isinstance(raw, dict) or not isinstance(raw.get("keys"), (tuple, list)):
            raise InvalidKeyError(description="Invalid key set format")
        return KeySet([cls.import_key(key) for key in raw["keys"] if cls._known(key)])

    @classmethod
    def _known(cls, key: Any) -> bool:
        return not isinstance(key, dict) or key.get("kty") is None or key["kty"] in cls.JWK_KEY_CLS

    @classmethod
    def _class(cls, kty: object) -> type[Key]:
        if not isinstance(kty, str) or kty not in cls.JWK_KEY_CLS:
            raise InvalidKeyError(description="kty is not one of " + ", ".join(cls.JWK_KEY_CLS))
        return cls.JWK_KEY_CLS[kty]


def key_named(keys: Any, header: Mapping[str, Any]) -> Any:
    """The key of a set (KeySet or JWK Set dict) that a header's kid names; anything else is a key already."""
    if isinstance(keys, KeySet):
        return keys.find_by_kid(header.get("kid"))
    if isinstance(keys, dict) and "keys" in keys:
        kid = header.get("kid")
        members = keys["keys"]
        if kid is None and len(members) == 1:
            return members[0]
        for member in members:
            if kid is not None and (member.kid if isinstance(member, Key) else member.get("kid")) == kid:
                return member
        raise UnknownKeyError(description="Invalid JSON Web Key Set")
    return keys
