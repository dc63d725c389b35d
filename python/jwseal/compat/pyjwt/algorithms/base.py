"""`Algorithm`, the interface of PyJWT's algorithm objects, and the way they all read JWKs.

A JWK goes through jwseal's parser first and only then becomes a `cryptography` key, so that a JWK the core would refuse
(wrong lengths, padded base64url, a point off its curve, halves that do not belong together) is refused here too.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, overload

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from jwseal import SigningKey, VerifyingKey, errors
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import JWKDict
from jwseal.compat.strict_json import read_json

__all__ = ["ENCRYPTED", "Algorithm", "key_of_jwk", "members_of_jwk", "private_key_of_pem"]


class Algorithm(ABC):
    """What PyJWT's algorithm objects can do."""

    _crypto_key_types: ClassVar[tuple[type[Any], ...] | None] = None

    @abstractmethod
    def prepare_key(self, key: Any) -> Any:
        """Turn key material into the key that `sign` and `verify` take, or refuse it."""

    @abstractmethod
    def sign(self, msg: bytes, key: Any) -> bytes:
        """Sign octets, with a prepared key."""

    @abstractmethod
    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        """Whether the signature over the octets is valid, with a prepared key."""

    @overload
    @staticmethod
    @abstractmethod
    def to_jwk(key_obj: Any, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @staticmethod
    @abstractmethod
    def to_jwk(key_obj: Any, as_dict: Literal[False] = False) -> str: ...

    @staticmethod
    @abstractmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> JWKDict | str:
        """The key as a JWK: JSON text, or with `as_dict` a dict."""

    @staticmethod
    @abstractmethod
    def from_jwk(jwk: str | JWKDict) -> Any:
        """The key that a JWK holds."""

    def check_key_length(self, key: Any) -> str | None:
        """A sentence about a prepared key that is too short, or None."""
        return None

    def compute_hash_digest(self, bytestr: bytes) -> bytes:
        """The algorithm's hash of octets, as for `at_hash` (OpenID Connect Core section 3.1.3.6)."""
        hash_alg: Any = getattr(self, "hash_alg", None)
        if hash_alg is None:
            raise NotImplementedError
        if isinstance(hash_alg, type) and issubclass(hash_alg, hashes.HashAlgorithm):
            return hashlib.new(str(hash_alg.name), bytestr).digest()
        return bytes(hash_alg(bytestr).digest())

    def check_crypto_key_type(self, key: object) -> None:
        """Raise InvalidKeyError for a `cryptography` key of another family."""
        if self._crypto_key_types is None:
            raise ValueError("This method belongs to the algorithms whose keys are cryptography's.")
        if not isinstance(key, self._crypto_key_types):
            expected = ", ".join(kind.__name__ for kind in self._crypto_key_types)
            raise InvalidKeyError(
                f"Expected one of {expected}, got: {type(key).__name__}. Invalid Key type for {type(self).__name__}"
            )


def members_of_jwk(jwk: str | JWKDict, kty: str, otherwise: str) -> JWKDict:
    """The members of a JWK of this kty; `otherwise` is what to say of another one."""
    members: object = jwk
    if isinstance(jwk, str):
        try:
            members = read_json(jwk)
        except (ValueError, RecursionError):
            raise InvalidKeyError("Key is not valid JSON") from None
    if not isinstance(members, dict):
        raise InvalidKeyError("Key is not valid JSON")
    if members.get("kty") != kty:
        raise InvalidKeyError(otherwise)
    return members


ENCRYPTED = "The private key is encrypted; decrypt it first and pass the key object."


def private_key_of_pem(octets: bytes) -> Any:
    """The `cryptography` key of PEM text; InvalidKeyError for what is no private key, or an encrypted one."""
    try:
        return load_pem_private_key(octets, password=None)
    except TypeError:
        raise InvalidKeyError(ENCRYPTED) from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError("Could not parse the provided key.") from None


# The members that make the key. `use`, `key_ops`, `alg` and `kid` stay behind: PyJWT reads none of them here.
_MATERIAL = frozenset(("kty", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "oth"))


def key_of_jwk(members: JWKDict, alg: str) -> Any:
    """The `cryptography` key, private where the JWK is, of a JWK whose kty has been looked at.

    `alg` is one that the key can have; it only lets jwseal's parser judge the key and is then forgotten.
    """
    material = {name: value for name, value in members.items() if name in _MATERIAL}
    try:
        if "d" in material:
            pem = SigningKey.from_jwk(material, alg=alg).to_private_pem(password=None)  # type: ignore[arg-type]
            return load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
        return load_pem_public_key(VerifyingKey.from_jwk(material, alg=alg).to_pem())  # type: ignore[arg-type]
    except (errors.InvalidKey, TypeError, ValueError) as refusal:
        raise InvalidKeyError(f"Not a usable {members['kty']} key: {refusal}") from refusal
