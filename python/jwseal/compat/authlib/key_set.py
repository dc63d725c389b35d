"""Key sets, and reading keys of any type (RFC 7517 sections 4 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.encoding import json_text, json_value
from jwseal.compat.authlib.errors import InvalidKeyError, UnknownKeyError
from jwseal.compat.authlib.key import Key, OctKey
from jwseal.compat.authlib.key_pair import ECKey, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class KeySet:
    """A list of keys that are found by kid."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = keys

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """These keys as a JWK Set, with their private members if `is_private`."""
        return {"keys": [key.as_dict(is_private, **params) for key in self.keys]}

    def as_json(self, is_private: bool = False, **params: Any) -> str:
        """These keys as the text of a JWK Set, with their private members if `is_private`."""
        return json_text(self.as_dict(is_private, **params))

    def find_by_kid(self, kid: str | None, **params: Any) -> Key:
        """Find the first key with this kid whose own `use` and `alg`, if any, are those given. Without a kid, find the only key."""
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
    """Reads and generates keys of any type."""

    JWK_KEY_CLS: ClassVar[dict[str, type[Key]]] = {key.kty: key for key in (OctKey, RSAKey, ECKey, OKPKey)}

    @classmethod
    def generate_key(
        cls, kty: str, crv_or_size: Any, options: dict[str, Any] | None = None, is_private: bool = False
    ) -> Key:
        """Make a new key of the type `kty`.

        `crv_or_size` is its curve or its bits. `options` are parameters of a JWK. `is_private` is False for the public half alone.
        """
        return cls._class(kty).generate_key(crv_or_size, options, is_private)

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Key:
        """Read a key from `raw`: a JWK as a dict, PEM, a certificate or a `cryptography` object.

        `options` are parameters of a JWK, and the `password` of an encrypted PEM.
        """
        kty = options.get("kty") if options else None
        if kty is None and isinstance(raw, dict):
            kty = raw.get("kty")
        if kty is not None or isinstance(raw, dict):
            return cls._class(kty).import_key(raw, options)
        if isinstance(raw, Key):
            return raw.import_key(raw, options)
        password = options.get("password") if options else None
        loaded = raw if key_material.describe(raw) else key_material.load_text(raw, password=password)
        found = key_material.describe(loaded.key if isinstance(loaded, key_material.Loaded) else loaded)
        return cls._class(found.kty if found else None).import_key(loaded, options)

    @classmethod
    def import_key_set(cls, raw: Any) -> KeySet:
        """Read a JWK Set from `raw`: a dict or text, or a list of keys. Keys of unknown type are skipped (RFC 7517 section 5)."""
        if isinstance(raw, str) and raw.startswith("{") and raw.endswith("}"):
            raw = json_value(raw, lambda _: InvalidKeyError(description="Invalid key set format"))
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
    """The key of a set (a KeySet, or a JWK Set as a dict) that the kid of a header names; anything else is a key itself."""
    if isinstance(keys, KeySet):
        return keys.find_by_kid(header.get("kid"))
    if not isinstance(keys, dict) or "keys" not in keys:
        return keys
    kid = header.get("kid")
    members = keys["keys"]
    if isinstance(members, (list, tuple)):
        if kid is None and len(members) == 1:
            return members[0]
        for member in members:
            if kid is not None and kid_of(member) == kid:
                return member
    raise UnknownKeyError(description="Invalid JSON Web Key Set")


def kid_of(key: Any) -> Any:
    """The kid of a key or of a JWK as a dict, None for other key arguments."""
    return key.get("kid") if isinstance(key, dict) else key.kid if isinstance(key, Key) else None
