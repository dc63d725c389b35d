"""HMAC secrets (RFC 7518 section 6.4).

A secret shorter than the hash's output works, through `jwseal.insecure.weak_secret` and with a warning. Text that holds a PEM, SSH key,
certificate, JWK or SPKI is refused in any encoding: whoever has the public key could sign with it.
"""

from __future__ import annotations

import secrets
import sys
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self

from jwseal import SecretKey
from jwseal.compat.authlib.encoding import encode_segment, to_bytes
from jwseal.compat.authlib.errors import InsecureKeyWarning, InvalidKeyError, InvalidKeyTypeError
from jwseal.compat.authlib.key import Key, member_octets
from jwseal.compat.remembered_keys import remembered
from jwseal.errors import InvalidKey
from jwseal.insecure import weak_secret

if TYPE_CHECKING:
    from jwseal.types import Algorithm

__all__ = ["OctKey", "secret_key", "warn_caller"]

# The least octets of a secret (RFC 7518 section 3.2): those of the hash.
LEAST = {"HS256": 32, "HS384": 48, "HS512": 64}


class OctKey(Key):
    """A key of kty oct."""

    kty: ClassVar[str] = "oct"
    REQUIRED_JSON_FIELDS: ClassVar[list[str]] = ["k"]

    def __init__(self, raw_key: bytes | None = None, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        self.raw_key = raw_key

    @property
    def public_only(self) -> bool:
        """A secret is never public."""
        return False

    def get_op_key(self, operation: str) -> bytes:
        """The secret's octets."""
        self.check_key_op(operation)
        octets = self._octets()
        _refuse_unsafe(octets)
        return octets

    def load_raw_key(self) -> None:
        """Fill the octets from the member k."""
        self.raw_key = member_octets(self._dict_data, "k")

    def load_dict_key(self) -> None:
        """Fill the member k from the octets."""
        self._dict_data = {"kty": self.kty, "k": encode_segment(self._octets()).decode()}

    def as_dict(self, is_private: bool = False, **params: Any) -> dict[str, Any]:
        """This key as a JWK, the secret included: there is no public half."""
        members = self.tokens
        if "kid" not in members:
            members["kid"] = self.thumbprint()
        members.update(params)
        return members

    @classmethod
    def import_key(cls, raw: Any, options: dict[str, Any] | None = None) -> Self:
        """A key from octets, text, a number, or a JWK as a dict."""
        if isinstance(raw, cls):
            if options is not None:
                raw.options.update(options)
            return raw
        if isinstance(raw, dict):
            members = dict(raw)
            cls.check_required_fields(members)
            key = cls(options=options)
            key._dict_data = members
            return key
        octets = _secret_octets(raw)
        _refuse_unsafe(octets)
        return cls(octets, options)

    @classmethod
    def generate_key(cls, key_size: int = 256, options: dict[str, Any] | None = None, is_private: bool = True) -> Self:
        """A new secret of this many bits."""
        if not is_private:
            raise InvalidKeyError(description="oct key can not be generated as public")
        if key_size % 8:
            raise InvalidKeyError(description="Invalid bit size for oct key")
        return cls.import_key(secrets.token_bytes(key_size // 8), options)

    @classmethod
    def validate_raw_key(cls, key: object) -> bool:
        """Whether these are octets."""
        return isinstance(key, bytes)

    def _octets(self) -> bytes:
        if self.raw_key is None:
            self.load_raw_key()
        return self.raw_key or b""

    def _seal(self, operation: str, alg: Algorithm) -> SecretKey:
        return secret_key(self._octets(), alg)


def secret_key(raw: Any, alg: Algorithm) -> SecretKey:
    """The jwseal key for a raw secret; a short one warns."""
    octets = raw if type(raw) is bytes else _secret_octets(raw)
    key = remembered("authlib secret", octets, alg, lambda: _prepared(octets, alg))
    if len(octets) < LEAST[alg]:
        warn_caller(f"the secret has {len(octets)} octets; {alg} wants {LEAST[alg]} at least", InsecureKeyWarning)
    return key


def _prepared(octets: bytes, alg: Algorithm) -> SecretKey:
    try:
        if len(octets) < LEAST[alg]:
            return weak_secret(octets, alg=alg)
        return SecretKey.from_bytes(octets, alg=alg)
    except InvalidKey as exc:
        # Authlib's sentences; jwseal's own, which says what was found, is the cause.
        sentence = "This key may not be safe to import" if octets else "oct key material must not be empty"
        raise InvalidKeyError(description=sentence) from exc


def _refuse_unsafe(octets: bytes) -> None:
    # Emptiness and key text are judged here; the length is, when the algorithm is known.
    _prepared(octets, "HS256")


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn on behalf of the line that called into this face, so that each such line warns once."""
    depth = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("jwseal."):
        frame = frame.f_back
        depth += 1
    warnings.warn(message, category, stacklevel=depth)


def _secret_octets(raw: Any) -> bytes:
    if isinstance(raw, Key) or callable(raw):
        raise InvalidKeyTypeError(description=f"a {type(raw).__name__} is not a secret")
    try:
        return to_bytes(raw) or b""
    except (TypeError, ValueError) as exc:
        raise InvalidKeyTypeError(description=f"a {type(raw).__name__} is not a secret") from exc
