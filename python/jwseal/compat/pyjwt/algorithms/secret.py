"""HMAC with SHA-2 (RFC 7518 section 3.2), and the "none" that only ever refuses.

A secret is octets of which jwseal has made sure that they are not a key's text: a public key that serves as a secret
lets everyone sign. Its length is reported and not judged here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, ClassVar, Literal, NoReturn, overload

from jwseal import errors, insecure
from jwseal.compat.pyjwt.algorithms.base import Algorithm, members_of_jwk
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import HashlibHash, JWKDict
from jwseal.compat.pyjwt.utils import base64url_decode, base64url_encode, force_bytes

__all__ = ["NONE_IS_REFUSED", "HMACAlgorithm", "NoneAlgorithm"]

NONE_IS_REFUSED = (
    'Algorithm "none" makes tokens that anyone can write; jwseal.compat.pyjwt neither signs nor accepts them. '
    "Sign with a key, and read unsigned tokens with options={'verify_signature': False}."
)


class HMACAlgorithm(Algorithm):
    """HS256, HS384 and HS512."""

    SHA256: ClassVar[HashlibHash] = hashlib.sha256
    SHA384: ClassVar[HashlibHash] = hashlib.sha384
    SHA512: ClassVar[HashlibHash] = hashlib.sha512

    def __init__(self, hash_alg: HashlibHash) -> None:
        self.hash_alg = hash_alg

    def prepare_key(self, key: str | bytes) -> bytes:
        secret = force_bytes(key)
        if not secret:
            raise InvalidKeyError("HMAC key must not be empty.")
        try:
            insecure.weak_secret(secret, alg="HS256")
        except errors.InvalidKey as refusal:
            raise InvalidKeyError(
                "The specified key is an asymmetric key or x509 certificate, or looks like a JWK, and should not be "
                f"used as an HMAC secret ({refusal}). Load a JWK with PyJWK or HMACAlgorithm.from_jwk."
            ) from refusal
        return secret

    def check_key_length(self, key: bytes) -> str | None:
        digest = self.hash_alg()
        if len(key) >= digest.digest_size:
            return None
        return (
            f"The HMAC key is {len(key)} bytes long, which is below the minimum recommended length of "
            f"{digest.digest_size} bytes for {digest.name.upper()}. See RFC 7518 Section 3.2."
        )

    def sign(self, msg: bytes, key: bytes) -> bytes:
        return hmac.new(key, msg, self.hash_alg).digest()

    def verify(self, msg: bytes, key: bytes, sig: bytes) -> bool:
        return hmac.compare_digest(sig, self.sign(msg, key))

    @overload
    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: Literal[False] = False) -> str: ...

    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: bool = False) -> JWKDict | str:
        jwk = {"k": base64url_encode(force_bytes(key_obj)).decode(), "kty": "oct"}
        return jwk if as_dict else json.dumps(jwk)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> bytes:
        text = members_of_jwk(jwk, "oct", "Not an HMAC key").get("k")
        if not isinstance(text, str):
            raise InvalidKeyError("Not an HMAC key")
        try:
            secret = base64url_decode(text)
        except ValueError:
            secret = None
        if secret is None or base64url_encode(secret) != text.encode("utf-8", "replace"):
            raise InvalidKeyError('The "k" member is not base64url (RFC 7515 section 2).')
        if not secret:
            raise InvalidKeyError("HMAC key must not be empty.")
        return secret


class NoneAlgorithm(Algorithm):
    """No signature, therefore no proof. It exists to refuse."""

    def prepare_key(self, key: str | None) -> None:
        if key:
            raise InvalidKeyError('When alg = "none", key value must be None.')

    def sign(self, msg: bytes, key: None) -> bytes:
        raise NotImplementedError(NONE_IS_REFUSED)

    def verify(self, msg: bytes, key: None, sig: bytes) -> bool:
        return False

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> NoReturn:
        raise NotImplementedError
