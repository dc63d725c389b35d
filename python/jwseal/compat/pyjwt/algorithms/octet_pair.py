"""EdDSA with Ed25519 and Ed448 (RFC 8037), on `cryptography` keys."""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias, overload

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

from jwseal.compat.pyjwt.algorithms.base import Algorithm, key_of_jwk, members_of_jwk, private_key_of_pem
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import JWKDict
from jwseal.compat.pyjwt.utils import base64url_encode, force_bytes

__all__ = ["AllowedOKPKeys", "OKPAlgorithm"]

AllowedOKPKeys: TypeAlias = Ed25519PrivateKey | Ed25519PublicKey | Ed448PrivateKey | Ed448PublicKey


class OKPAlgorithm(Algorithm):
    """EdDSA."""

    _crypto_key_types = (Ed25519PrivateKey, Ed25519PublicKey, Ed448PrivateKey, Ed448PublicKey)

    def __init__(self, **kwargs: Any) -> None:
        pass

    def prepare_key(self, key: AllowedOKPKeys | str | bytes) -> AllowedOKPKeys:
        loaded: Any = _load(force_bytes(key)) if isinstance(key, (str, bytes)) else key
        self.check_crypto_key_type(loaded)
        okp_key: AllowedOKPKeys = loaded
        return okp_key

    def sign(self, msg: str | bytes, key: Ed25519PrivateKey | Ed448PrivateKey) -> bytes:
        return key.sign(force_bytes(msg))

    def verify(self, msg: str | bytes, key: AllowedOKPKeys, sig: str | bytes) -> bool:
        public = key.public_key() if isinstance(key, (Ed25519PrivateKey, Ed448PrivateKey)) else key
        try:
            public.verify(force_bytes(sig), force_bytes(msg))
        except InvalidSignature:
            return False
        return True

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedOKPKeys, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedOKPKeys, as_dict: Literal[False] = False) -> str: ...

    @staticmethod
    def to_jwk(key_obj: AllowedOKPKeys, as_dict: bool = False) -> JWKDict | str:
        octets: dict[str, bytes]
        if isinstance(key_obj, (Ed25519PrivateKey, Ed448PrivateKey)):
            octets = {"x": key_obj.public_key().public_bytes_raw(), "d": key_obj.private_bytes_raw()}
        elif isinstance(key_obj, (Ed25519PublicKey, Ed448PublicKey)):
            octets = {"x": key_obj.public_bytes_raw()}
        else:
            raise InvalidKeyError("Not a public or private key")
        jwk: JWKDict = {name: base64url_encode(value).decode() for name, value in octets.items()}
        jwk["kty"] = "OKP"
        jwk["crv"] = "Ed25519" if isinstance(key_obj, (Ed25519PrivateKey, Ed25519PublicKey)) else "Ed448"
        return jwk if as_dict else json.dumps(jwk)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedOKPKeys:
        members = members_of_jwk(jwk, "OKP", "Not an Octet Key Pair")
        if members.get("crv") not in ("Ed25519", "Ed448"):
            raise InvalidKeyError("Invalid curve")
        if "x" not in members:
            raise InvalidKeyError('OKP should have "x" parameter')
        key: AllowedOKPKeys = key_of_jwk(members, "EdDSA")
        return key


def _load(octets: bytes) -> object:
    try:
        if b"-----BEGIN PUBLIC" in octets:
            return load_pem_public_key(octets)
        if b"-----BEGIN PRIVATE" in octets:
            return private_key_of_pem(octets)
        if octets.startswith(b"ssh-"):
            return load_ssh_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError("Could not parse the provided key.") from None
    raise InvalidKeyError("Not a public or private key")
