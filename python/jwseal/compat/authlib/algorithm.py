"""The algorithms of Authlib, and how each makes a jwseal key of a key argument (RFC 7518 section 3.1).

The table is closed: `register_algorithm` refuses, because code that runs for every token must not be added while the program runs. A key
argument given as text or as a `cryptography` object is read once and remembered (`jwseal.compat.remembered_keys`). `none` is in the table
so that a caller can list it; it has no key.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from jwseal import KeySet as NativeKeySet
from jwseal import SecretKey, SigningKey, VerifyingKey
from jwseal.compat.authlib import key_material
from jwseal.compat.authlib.errors import InvalidKeyError
from jwseal.compat.authlib.key import OctKey, secret_key, translated
from jwseal.compat.authlib.key_pair import ECKey, OKPKey, RSAKey
from jwseal.compat.remembered_keys import remembered
from jwseal.insecure import sign_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jwseal.compat.authlib.key import Key
    from jwseal.types import Algorithm

_WHOLE_TOKENS = (
    "algorithm objects do not sign or verify: use JsonWebSignature.serialize_compact and deserialize_compact, "
    "or jwseal.jws.sign and jwseal.jws.verify"
)


class JWSAlgorithm:
    """The base class of algorithms, with Authlib's attributes. Subclasses can be written but not registered."""

    name: str | None = None
    description: str | None = None
    deprecated = False
    algorithm_type = "JWS"
    algorithm_location = "alg"

    def prepare_key(self, raw_data: Any) -> Any:
        """The key of this algorithm from `raw_data`, a key argument."""
        raise NotImplementedError

    def verifying_key(self, raw: Any) -> VerifyingKey | SecretKey | NativeKeySet:
        """The jwseal key that verifies, from `raw`, a key argument."""
        raise NotImplementedError

    def signing_key(self, raw: Any) -> SigningKey | SecretKey:
        """The jwseal key that signs, from `raw`, a key argument."""
        raise NotImplementedError

    def signature(self, raw: Any, octets: bytes) -> bytes:
        """Sign `octets` with `raw`, a key argument."""
        return sign_bytes(octets, self.signing_key(raw))

    def sign(self, msg: bytes, key: Any) -> bytes:
        """Not available for any `msg` and `key`: jwseal signs whole tokens."""
        raise NotImplementedError(_WHOLE_TOKENS)

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        """Not available for any `msg`, `sig` and `key`: a result that can be ignored is no verification."""
        raise NotImplementedError(_WHOLE_TOKENS)


class UnsecuredAlgorithm(JWSAlgorithm):
    """`none`: no signature (RFC 7518 section 3.6)."""

    name = "none"
    description = "No digital signature or MAC performed"
    deprecated = True

    def prepare_key(self, raw_data: Any) -> None:
        """There is no key."""


class KeyedAlgorithm(JWSAlgorithm):
    """An algorithm with keys of one type and, if `curve` is set, on one curve."""

    def __init__(self, name: Algorithm, description: str, key_class: type[Key], curve: str | None = None) -> None:
        self.name = name
        self.description = description
        self.key_class = key_class
        self.curve = curve
        self._symmetric = key_class is OctKey
        self._alg = name

    def prepare_key(self, raw_data: Any) -> Key:
        """`raw_data`, a key argument, as a key of this algorithm's type."""
        key = self.key_class.import_key(raw_data)
        if self.curve is not None and cast("ECKey", key).curve != self.curve:
            raise InvalidKeyError(description=f'Key for "{self.name}" not supported, only "{self.curve}" allowed')
        return key

    def verifying_key(self, raw: Any) -> VerifyingKey | SecretKey | NativeKeySet:
        """The jwseal key that verifies, from `raw`, a key argument; jwseal's own keys are returned as they are."""
        if isinstance(raw, (VerifyingKey, SecretKey, NativeKeySet)):
            return raw
        return self._native_key("verify", raw)  # type: ignore[no-any-return]

    def signing_key(self, raw: Any) -> SigningKey | SecretKey:
        """The jwseal key that signs, from `raw`, a key argument; jwseal's own keys are returned as they are."""
        if not isinstance(raw, (SigningKey, SecretKey)):
            return self._native_key("sign", raw)  # type: ignore[no-any-return]
        if raw.alg != self._alg:
            raise InvalidKeyError(description=f"the key signs {raw.alg}, but the header has {self._alg}")
        return raw

    def signature(self, raw: Any, octets: bytes) -> bytes:
        """Sign `octets` with `raw`, a key argument. An RSA key that `cryptography` has loaded signs where it is."""
        loaded = self._loaded_rsa(raw)
        if loaded is None:
            return super().signature(raw, octets)
        from jwseal.compat.loaded_rsa import sign_with_loaded

        return translated(lambda: sign_with_loaded(octets, loaded, self._alg))

    def _loaded_rsa(self, raw: Any) -> Any:
        if self.key_class is not RSAKey or isinstance(raw, (str, bytes, SigningKey)):
            return None
        if isinstance(raw, RSAKey):
            return raw.loaded_private_key()
        found = key_material.describe(raw)
        return raw if found and found.kty == "RSA" and found.private else None

    def _native_key(self, operation: str, raw: Any) -> Any:
        is_text = type(raw) is bytes or type(raw) is str
        if is_text and self._symmetric:
            return secret_key(raw, self._alg)

        def read(raw: Any) -> Any:
            key = self.prepare_key(raw)
            return key.verifying_key(self._alg) if operation == "verify" else key.signing_key(self._alg)

        if not is_text and key_material.describe(raw) is None:
            return read(raw)
        public = is_text and operation == "verify" and (b"PRIVATE" if type(raw) is bytes else "PRIVATE") not in raw
        return remembered(f"authlib {operation}", raw, self._alg, read, public=public)


def _table() -> dict[str, JWSAlgorithm]:
    rows: list[JWSAlgorithm] = [
        UnsecuredAlgorithm(),
        KeyedAlgorithm("ES256", "ECDSA using P-256 and SHA-256", ECKey, "P-256"),
        KeyedAlgorithm("ES384", "ECDSA using P-384 and SHA-384", ECKey, "P-384"),
        KeyedAlgorithm("ES512", "ECDSA using P-521 and SHA-512", ECKey, "P-521"),
        KeyedAlgorithm("ES256K", "ECDSA using secp256k1 and SHA-256", ECKey, "secp256k1"),
        KeyedAlgorithm("EdDSA", "Edwards-curve Digital Signature Algorithm for JWS", OKPKey),
    ]
    for size in ("256", "384", "512"):
        for prefix, description, key_class in (
            ("HS", f"HMAC using SHA-{size}", OctKey),
            ("RS", f"RSASSA-PKCS1-v1_5 using SHA-{size}", RSAKey),
            ("PS", f"RSASSA-PSS using SHA-{size} and MGF1 with SHA-{size}", RSAKey),
        ):
            rows.append(KeyedAlgorithm(cast("Algorithm", prefix + size), description, key_class))
    return {row.name: row for row in rows if row.name}


ALGORITHMS: Mapping[str, JWSAlgorithm] = MappingProxyType(_table())
