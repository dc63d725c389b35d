"""RSA signatures: RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3) and RSASSA-PSS (section 3.5), on `cryptography` keys."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal, TypeAlias, overload

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from jwseal.compat.pyjwt.algorithms.base import ENCRYPTED, Algorithm, key_of_jwk, members_of_jwk
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import JWKDict
from jwseal.compat.pyjwt.utils import force_bytes, to_base64url_uint

__all__ = ["AllowedRSAKeys", "RSAAlgorithm", "RSAPSSAlgorithm"]

AllowedRSAKeys: TypeAlias = RSAPrivateKey | RSAPublicKey


class RSAAlgorithm(Algorithm):
    """RS256, RS384 and RS512."""

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (RSAPrivateKey, RSAPublicKey)
    _MIN_KEY_SIZE: ClassVar[int] = 2048

    def __init__(self, hash_alg: type[hashes.HashAlgorithm]) -> None:
        self.hash_alg = hash_alg

    def prepare_key(self, key: AllowedRSAKeys | str | bytes) -> AllowedRSAKeys:
        loaded: Any = key
        if isinstance(key, (str, bytes)):
            loaded = _load(force_bytes(key))
        elif not isinstance(key, self._crypto_key_types):
            raise TypeError("Expecting a PEM-formatted key.")
        self.check_crypto_key_type(loaded)
        rsa_key: AllowedRSAKeys = loaded
        return rsa_key

    def check_key_length(self, key: AllowedRSAKeys) -> str | None:
        if key.key_size >= self._MIN_KEY_SIZE:
            return None
        return (
            f"The RSA key is {key.key_size} bits long, which is below the minimum recommended size of "
            f"{self._MIN_KEY_SIZE} bits. See NIST SP 800-131A."
        )

    def sign(self, msg: bytes, key: RSAPrivateKey) -> bytes:
        return key.sign(msg, self._padding(), self.hash_alg())

    def verify(self, msg: bytes, key: RSAPublicKey, sig: bytes) -> bool:
        try:
            key.verify(sig, msg, self._padding(), self.hash_alg())
        except InvalidSignature:
            return False
        return True

    def _padding(self) -> AsymmetricPadding:
        return padding.PKCS1v15()

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: Literal[False] = False) -> str: ...

    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: bool = False) -> JWKDict | str:
        if isinstance(key_obj, RSAPrivateKey):
            private = key_obj.private_numbers()
            numbers = {
                "n": private.public_numbers.n,
                "e": private.public_numbers.e,
                "d": private.d,
                "p": private.p,
                "q": private.q,
                "dp": private.dmp1,
                "dq": private.dmq1,
                "qi": private.iqmp,
            }
        elif isinstance(key_obj, RSAPublicKey):
            public = key_obj.public_numbers()
            numbers = {"n": public.n, "e": public.e}
        else:
            raise InvalidKeyError("Not a public or private key")
        jwk: JWKDict = {"kty": "RSA", "key_ops": ["sign" if "d" in numbers else "verify"]}
        jwk.update((name, to_base64url_uint(number).decode()) for name, number in numbers.items())
        return jwk if as_dict else json.dumps(jwk)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedRSAKeys:
        members = members_of_jwk(jwk, "RSA", "Not an RSA key")
        if "n" not in members or "e" not in members:
            raise InvalidKeyError("Not a public or private key")
        key: AllowedRSAKeys = key_of_jwk(members, "RS256")
        return key


class RSAPSSAlgorithm(RSAAlgorithm):
    """PS256, PS384 and PS512: the salt is as long as the hash, and MGF1 uses the same hash."""

    def _padding(self) -> AsymmetricPadding:
        return padding.PSS(mgf=padding.MGF1(self.hash_alg()), salt_length=self.hash_alg().digest_size)


def _load(octets: bytes) -> object:
    try:
        if octets.startswith(b"ssh-rsa"):
            return load_ssh_public_key(octets)
        return load_pem_private_key(octets, password=None)
    except TypeError:
        raise InvalidKeyError(ENCRYPTED) from None
    except (ValueError, UnsupportedAlgorithm):
        pass
    try:
        return load_pem_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError("Could not parse the provided public key.") from None
