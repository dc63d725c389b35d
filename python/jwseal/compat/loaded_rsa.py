"""RSA private keys that `cryptography` loaded: judged by jwseal's rules and used where they are (RFC 7518 sections 3.3 and 3.5).

`cryptography` validated the key when it loaded it and signs in the time that jwseal needs, so making a jwseal key of it would only cost
time, most of all where every call brings another object. The key must be one that jwseal would make a key of: 2048 to 8192 bits, a sound
modulus and exponent. Nothing is remembered, so such keys push no other key out of `jwseal.compat.remembered_keys`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from jwseal._native import check_rsa


def sign_with_loaded(octets: bytes, key: RSAPrivateKey, alg: str) -> bytes:
    """Sign `octets` with `key` under RS256, RS384, RS512, PS256, PS384 or PS512; InvalidKey for a key that jwseal would not use."""
    numbers = key.public_key().public_numbers()
    n, e = numbers.n, numbers.e
    check_rsa(n.to_bytes((n.bit_length() + 7) // 8, "big"), e.to_bytes((e.bit_length() + 7) // 8, "big"))
    scheme, digest = _ROWS[alg]
    return key.sign(octets, scheme, digest)


def _rows() -> Iterator[tuple[str, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]]]:
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        size = digest.digest_size
        yield f"RS{size * 8}", (padding.PKCS1v15(), digest)
        yield f"PS{size * 8}", (padding.PSS(padding.MGF1(digest), salt_length=size), digest)


_ROWS = dict(_rows())
