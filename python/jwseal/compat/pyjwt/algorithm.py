"""What PyJWT's algorithm objects share: the interface, and keys that are pairs.

`prepare_key` returns a `cryptography` key, or the bytes of a secret, as in PyJWT, and accepts jwseal's own keys as well. `sign` and
`verify` take what `prepare_key` returned. Every signature is verified by jwseal, with a key that it made of the prepared one, so what
jwseal refuses as a key (RSA under 2048 bits, points of low order, key text as a secret) neither signs nor verifies here.

A private key signs where `cryptography` loaded it, which is what it costs in PyJWT. A key on an elliptic curve moves to jwseal when it is
used again: there it signs in half the time, and importing it costs several signatures. An RSA key stays (`jwseal.compat.loaded_rsa`), so it
is validated once when its text is loaded and not at all if the caller has loaded it.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar, Literal, cast, overload

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as forms

# The extension reads keys with it. At its first use, a process that is forked meanwhile would hang.
import jwseal.key  # noqa: F401
from jwseal import KeySet, SecretKey, SigningKey, VerifyingKey, errors
from jwseal._encoding import read_json
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import JWKDict
from jwseal.compat.pyjwt.utils import base64url_decode, base64url_encode, force_bytes
from jwseal.compat.remembered_keys import remembered
from jwseal.insecure import sign_bytes, verify_bytes


class Algorithm(ABC):
    """What PyJWT's algorithm objects can do."""

    _crypto_key_types: ClassVar[tuple[type[Any], ...] | None] = None
    _kty: ClassVar[str] = ""
    # What to say of a JWK of another kty.
    _another_kty: ClassVar[str] = ""
    # jwseal's names of this algorithm.
    _names: tuple[Any, ...] = ()

    @abstractmethod
    def prepare_key(self, key: Any) -> Any:
        """Turn key material into the key that `sign` and `verify` take, or refuse it."""

    @abstractmethod
    def sign(self, msg: bytes, key: Any) -> bytes:
        """Sign `msg`, bytes, with `key`, a prepared key."""

    @abstractmethod
    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        """Return whether `sig` is a valid signature over `msg` under `key`, a prepared key."""

    def check_key_length(self, key: Any) -> str | None:
        """Return a sentence about a prepared key that is too short, or None."""
        return None

    def _verification_key(self, text: str | bytes) -> tuple[SecretKey | VerifyingKey, str] | None:
        """Return jwseal's key of a key's text and the algorithm's name, or None if the key is short, of which the methods speak."""
        is_public = self._kty != "oct" and not may_be_private(text)
        return remembered("pyjwt", text, self._names, self._key_of_text, public=is_public)

    def _key_of_text(self, text: str | bytes) -> tuple[SecretKey | VerifyingKey, str] | None:
        prepared = self.prepare_key(text)
        return None if self.check_key_length(prepared) else self._native(prepared)

    def _native(self, key: Any) -> tuple[SecretKey | VerifyingKey, str]:
        """Return jwseal's key of a prepared key, and the algorithm's name with it."""
        raise NotImplementedError

    def compute_hash_digest(self, bytestr: bytes) -> bytes:
        """Return the algorithm's hash of `bytestr`, as for `at_hash` (OpenID Connect Core section 3.1.3.6)."""
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

    @overload
    @classmethod
    def to_jwk(cls, key_obj: Any, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @classmethod
    def to_jwk(cls, key_obj: Any, as_dict: Literal[False] = False) -> str: ...

    @classmethod
    def to_jwk(cls, key_obj: Any, as_dict: bool = False) -> JWKDict | str:
        """Return `key_obj` as a JWK: JSON text, or with `as_dict` a dict."""
        members = cls._jwk_of(key_obj)
        return members if as_dict else json.dumps(members)

    @classmethod
    def from_jwk(cls, jwk: str | JWKDict) -> Any:
        """Return the key that `jwk`, JSON text or a dict, holds."""
        try:
            # One snapshot of a dict that another thread may be changing.
            members: object = read_json(jwk) if isinstance(jwk, str) else jwk.copy()
        except (AttributeError, ValueError):
            members = None
        if not isinstance(members, dict):
            raise InvalidKeyError("Key is not valid JSON")
        if members.get("kty") != cls._kty:
            raise InvalidKeyError(cls._another_kty)
        return cls._of_jwk(members)

    @classmethod
    def _jwk_of(cls, key: Any) -> JWKDict:
        raise NotImplementedError

    @classmethod
    def _of_jwk(cls, members: JWKDict) -> Any:
        raise NotImplementedError

    def _is_own_key(self, key: object) -> bool:
        """Return whether this is one of jwseal's keys; InvalidKeyError if it is for another algorithm."""
        if isinstance(key, KeySet):
            raise TypeError("Pass one key of the KeySet, or verify with jwseal.Verifier.")
        if not isinstance(key, (SigningKey, VerifyingKey, SecretKey)):
            return False
        if not set(algs_of(key)).intersection(self._names):
            raise InvalidKeyError(f"The key is for {', '.join(algs_of(key))}, not for {' or '.join(self._names)}.")
        return True


class KeyPairAlgorithm(Algorithm):
    """What the algorithms with a private and a public key share."""

    # Under what the keys of a text are remembered.
    _reading: str

    def prepare_key(self, key: Any) -> Any:
        if isinstance(key, (str, bytes)):
            loaded = remembered("pyjwt text", key, self._reading, self._read, public=not may_be_private(key))
            self.check_crypto_key_type(loaded)
            return loaded
        if not isinstance(key, self._crypto_key_types or ()) and not self._is_own_key(key):
            raise not_text(key, "Expecting a PEM-formatted key.")
        return key

    def sign(self, msg: bytes, key: Any) -> bytes:
        if isinstance(key, SigningKey):
            return sign_bytes(msg, key)
        if not hasattr(key, "private_bytes"):
            raise InvalidKeyError("A public key cannot sign; pass the private key.")
        return self._sign_loaded(msg, key)

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        native, name = self._native(key)
        try:
            verify_bytes(msg, sig, native, alg=cast(Any, name))
        except errors.InvalidSignature:
            return False
        return True

    def _native(self, key: Any) -> tuple[VerifyingKey, str]:
        name = self._name_for(key)
        if isinstance(key, SigningKey):
            key = key.verifying_key
        elif not isinstance(key, VerifyingKey):
            key = remembered("pyjwt verifying", key, name, self._verifying_key)
        return key, name

    def _name_for(self, key: Any) -> Any:
        """Return jwseal's name of the algorithm with this key."""
        return self._names[0]

    def _read(self, key: str | bytes) -> Any:
        try:
            return self._load(force_bytes(key))
        except TypeError:
            raise InvalidKeyError("The private key is encrypted; decrypt it first and pass the key object.") from None
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidKeyError("Could not parse the provided public key.") from None

    def _load(self, octets: bytes) -> Any:
        raise NotImplementedError

    def _sign_loaded(self, msg: bytes, key: Any) -> bytes:
        """Sign with a private key that `cryptography` loaded."""
        return remembered("pyjwt signing", key, self._name_for(key), self._loaded).sign(msg)

    def _loaded(self, key: Any) -> _LoadedKey:
        self._verifying_key(key)
        return _LoadedKey(self, key)

    def _verifying_key(self, key: Any) -> VerifyingKey:
        public = key.public_key() if hasattr(key, "public_key") else key
        spki = public.public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo)
        try:
            return VerifyingKey.from_der(spki, alg=self._name_for(key))
        except errors.InvalidKey as refusal:
            raise self._refused(key, refusal) from refusal

    def _refused(self, key: Any, refusal: errors.InvalidKey) -> InvalidKeyError:
        short = self.check_key_length(key)
        return InvalidKeyError(f"{short} {refusal}" if short else str(refusal))

    def _sign(self, msg: bytes, key: Any) -> bytes:
        """Sign with `cryptography`."""
        raise NotImplementedError

    @classmethod
    def _key_of(cls, members: JWKDict, names: tuple[str, ...], alg: Any, *, numbers: bool = False) -> Any:
        """Return the `cryptography` key of these members, read as PyJWT reads them: padding and leading zeros are no matter.

        `alg` is one that the key can have; it only lets jwseal judge the key and is then forgotten, as are `use`, `key_ops` and `kid`.
        """
        material = {"kty": cls._kty, **{name: members[name] for name in ("crv",) if name in members}}
        for name in names:
            if name in members:
                octets = member(members, name)
                material[name] = base64url_encode(octets.lstrip(b"\0") if numbers else octets).decode()
        try:
            if "d" in material:
                pem = SigningKey.from_jwk(material, alg=alg).to_private_pem(password=None)
                return forms.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
            return forms.load_pem_public_key(VerifyingKey.from_jwk(material, alg=alg).to_pem())
        except (errors.InvalidKey, TypeError, ValueError) as refusal:
            raise InvalidKeyError(f"Not a usable {cls._kty} key: {refusal}") from refusal


class _LoadedKey:
    """A private key on an elliptic curve that `cryptography` loaded, and its native form once it has been used again."""

    __slots__ = ("_algorithm", "_is_used", "_key", "_native")

    def __init__(self, algorithm: KeyPairAlgorithm, key: Any) -> None:
        self._algorithm = algorithm
        self._key = key
        self._is_used = False
        self._native: SigningKey | None = None

    def sign(self, msg: bytes) -> bytes:
        if self._native is None:
            if not self._is_used:
                self._is_used = True
                return self._algorithm._sign(msg, self._key)
            pkcs8 = self._key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
            self._native = SigningKey.from_der(pkcs8, alg=self._algorithm._name_for(self._key))
        return sign_bytes(msg, self._native)


class _KeyOfAnotherFamily(InvalidKeyError, TypeError):
    """A key object that the algorithm does not take, which a token may choose: PyJWT raises TypeError."""


def not_text(key: object, message: str) -> TypeError:
    """Return the refusal of an object that is neither text nor a key of the algorithm."""
    is_key = hasattr(key, "public_bytes") or hasattr(key, "private_bytes")
    return _KeyOfAnotherFamily(message) if is_key else TypeError(message)


def may_be_private(text: str | bytes) -> bool:
    """Return whether key text may be a private key's, which must not be kept."""
    return "PRIVATE" in text if isinstance(text, str) else b"PRIVATE" in text


def algs_of(key: SigningKey | VerifyingKey | SecretKey) -> tuple[str, ...]:
    """Return the algorithms of one of jwseal's keys."""
    if isinstance(key, SecretKey):
        return (key.alg,)
    return (key.verifying_key if isinstance(key, SigningKey) else key).algs


def member(members: JWKDict, name: str) -> bytes:
    """Return the bytes of a JWK's base64url member, which are read as PyJWT reads them."""
    text = members.get(name)
    with suppress(ValueError):
        if isinstance(text, (str, bytes)):
            return base64url_decode(text)
    raise InvalidKeyError(f'The JWK\'s "{name}" is missing or not base64url.')
