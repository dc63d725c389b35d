"""ECDSA (RFC 7518 section 3.4, RFC 8812 section 3.2), on `cryptography` keys. The algorithm fixes the curve."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal, TypeAlias, overload

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256K1,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

from jwseal.compat.pyjwt.algorithms.base import Algorithm, key_of_jwk, members_of_jwk, private_key_of_pem
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.pyjwt.types import JWKDict
from jwseal.compat.pyjwt.utils import der_to_raw_signature, force_bytes, raw_to_der_signature, to_base64url_uint

__all__ = ["AllowedECKeys", "ECAlgorithm"]

AllowedECKeys: TypeAlias = EllipticCurvePrivateKey | EllipticCurvePublicKey

# The JWK's name of a curve, and the algorithm of its keys.
_CURVES: tuple[tuple[type[EllipticCurve], str, str], ...] = (
    (SECP256R1, "P-256", "ES256"),
    (SECP384R1, "P-384", "ES384"),
    (SECP521R1, "P-521", "ES512"),
    (SECP256K1, "secp256k1", "ES256K"),
)


class ECAlgorithm(Algorithm):
    """ES256, ES384, ES512 and ES256K."""

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (EllipticCurvePrivateKey, EllipticCurvePublicKey)

    def __init__(self, hash_alg: type[hashes.HashAlgorithm], expected_curve: type[EllipticCurve] | None = None) -> None:
        self.hash_alg = hash_alg
        self.expected_curve = expected_curve

    def prepare_key(self, key: AllowedECKeys | str | bytes) -> AllowedECKeys:
        loaded: Any = key
        if isinstance(key, (str, bytes)):
            loaded = _load(force_bytes(key))
        elif not isinstance(key, self._crypto_key_types):
            raise TypeError("Expecting a PEM-formatted key.")
        self.check_crypto_key_type(loaded)
        ec_key: AllowedECKeys = loaded
        if self.expected_curve is not None and not isinstance(ec_key.curve, self.expected_curve):
            raise InvalidKeyError(
                f"The key's curve '{ec_key.curve.name}' does not match the expected curve "
                f"'{self.expected_curve.name}' for this algorithm"
            )
        return ec_key

    def sign(self, msg: bytes, key: EllipticCurvePrivateKey) -> bytes:
        return der_to_raw_signature(key.sign(msg, ECDSA(self.hash_alg())), key.curve)

    def verify(self, msg: bytes, key: AllowedECKeys, sig: bytes) -> bool:
        public = key.public_key() if isinstance(key, EllipticCurvePrivateKey) else key
        try:
            public.verify(raw_to_der_signature(sig, key.curve), msg, ECDSA(self.hash_alg()))
        except (InvalidSignature, ValueError):
            return False
        return True

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: Literal[True]) -> JWKDict: ...

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: Literal[False] = False) -> str: ...

    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: bool = False) -> JWKDict | str:
        if isinstance(key_obj, EllipticCurvePrivateKey):
            point = key_obj.public_key().public_numbers()
        elif isinstance(key_obj, EllipticCurvePublicKey):
            point = key_obj.public_numbers()
        else:
            raise InvalidKeyError("Not a public or private key")
        crv = next((name for curve, name, _ in _CURVES if isinstance(key_obj.curve, curve)), None)
        if crv is None:
            raise InvalidKeyError(f"Invalid curve: {key_obj.curve.name}")
        numbers = {"x": point.x, "y": point.y}
        if isinstance(key_obj, EllipticCurvePrivateKey):
            numbers["d"] = key_obj.private_numbers().private_value
        bits = key_obj.curve.key_size
        jwk: JWKDict = {"kty": "EC", "crv": crv}
        jwk.update((name, to_base64url_uint(number, bit_length=bits).decode()) for name, number in numbers.items())
        return jwk if as_dict else json.dumps(jwk)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedECKeys:
        members = members_of_jwk(jwk, "EC", "Not an Elliptic curve key")
        if "x" not in members or "y" not in members:
            raise InvalidKeyError("Not an Elliptic curve key")
        alg = next((alg for _, name, alg in _CURVES if name == members.get("crv")), None)
        if alg is None:
            raise InvalidKeyError("Invalid curve")
        key: AllowedECKeys = key_of_jwk(members, alg)
        return key


def _load(octets: bytes) -> object:
    try:
        if octets.startswith(b"ecdsa-sha2-"):
            return load_ssh_public_key(octets)
        return load_pem_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return private_key_of_pem(octets)
