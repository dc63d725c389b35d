"""RSA private keys that `cryptography` loaded: judged by jwseal's rules and used where they are (RFC 7518 sections 3.3 and 3.5).

`cryptography` validated the key when it loaded it and signs in the time that jwseal needs, so making a jwseal key of it would only cost
time, most of all where every call brings another object. The key must be one that jwseal would make a key of: 2048 to 8192 bits, a sound
modulus and exponent. Nothing is remembered, so such keys push no other key out of `jwseal.compat.remembered_keys`.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from jwseal._native import judge_rsa

__all__ = ["RSAPrivateKey", "sign_with_loaded"]

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def sign_with_loaded(octets: bytes, key: RSAPrivateKey, alg: str) -> bytes:
    """Sign bytes under RS256, RS384, RS512, PS256, PS384 or PS512; InvalidKey for a key that jwseal would not use."""
    numbers = key.public_key().public_numbers()
    judge_rsa(_octets(numbers.n), _octets(numbers.e))
    digest = _HASHES[alg[2:]]
    if alg.startswith("RS"):
        return key.sign(octets, padding.PKCS1v15(), digest)
    return key.sign(octets, padding.PSS(padding.MGF1(digest), salt_length=digest.digest_size), digest)


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
