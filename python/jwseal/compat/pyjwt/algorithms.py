"""PyJWT's algorithms, by name: HMAC, RSA, ECDSA and EdDSA (RFC 7518 section 3, RFC 8812, RFC 8037).

How keys are read, kept and used is in `algorithm`; here is what differs from one family to another.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from typing import Any, ClassVar, NoReturn, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key, load_ssh_public_key

from jwseal import SecretKey, SigningKey, VerifyingKey, errors
from jwseal.compat.loaded_rsa import sign_with_loaded
from jwseal.compat.pyjwt.algorithm import Algorithm, KeyPairAlgorithm, algs_of, member, not_text
from jwseal.compat.pyjwt.exceptions import InvalidAlgorithmError, InvalidKeyError
from jwseal.compat.pyjwt.types import HashlibHash, JWKDict
from jwseal.compat.pyjwt.utils import base64url_encode, der_to_raw_signature, force_bytes, to_base64url_uint
from jwseal.compat.remembered_keys import remembered
from jwseal.insecure import sign_bytes, weak_secret

__all__ = [
    "Algorithm",
    "AllowedECKeys",
    "AllowedKeys",
    "AllowedOKPKeys",
    "AllowedPrivateKeys",
    "AllowedPublicKeys",
    "AllowedRSAKeys",
    "ECAlgorithm",
    "HMACAlgorithm",
    "NoneAlgorithm",
    "OKPAlgorithm",
    "RSAAlgorithm",
    "RSAPSSAlgorithm",
    "get_default_algorithms",
    "has_crypto",
    "requires_cryptography",
]

AllowedRSAKeys: TypeAlias = RSAPrivateKey | RSAPublicKey
AllowedECKeys: TypeAlias = ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey
AllowedOKPKeys: TypeAlias = Ed25519PrivateKey | Ed25519PublicKey | Ed448PrivateKey | Ed448PublicKey
AllowedKeys: TypeAlias = AllowedRSAKeys | AllowedECKeys | AllowedOKPKeys
AllowedPrivateKeys: TypeAlias = RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
AllowedPublicKeys: TypeAlias = RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

has_crypto = True

NONE_IS_REFUSED = (
    'Algorithm "none" makes tokens that anyone can write; jwseal.compat.pyjwt neither signs nor accepts them. '
    "Sign with a key, and read unsigned tokens with options={'verify_signature': False}."
)
ES521_IS_REFUSED = 'Algorithm "ES521" is no registered name (RFC 7518 section 3.1); ec.ECDSA on P-521 is "ES512".'


def get_default_algorithms() -> dict[str, Algorithm]:
    """Return one object per name that PyJWT knows, as a new dict.

    "none" and "ES521" are among them, because PyJWT lists them; no token is signed or accepted under either.
    """
    return {
        "none": NoneAlgorithm(),
        "HS256": HMACAlgorithm(HMACAlgorithm.SHA256),
        "HS384": HMACAlgorithm(HMACAlgorithm.SHA384),
        "HS512": HMACAlgorithm(HMACAlgorithm.SHA512),
        "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
        "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
        "RS512": RSAAlgorithm(RSAAlgorithm.SHA512),
        "ES256": ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1),
        "ES256K": ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256K1),
        "ES384": ECAlgorithm(ECAlgorithm.SHA384, ec.SECP384R1),
        "ES521": _ES521Algorithm(ECAlgorithm.SHA512, ec.SECP521R1),
        "ES512": ECAlgorithm(ECAlgorithm.SHA512, ec.SECP521R1),
        "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
        "PS384": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384),
        "PS512": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512),
        "EdDSA": OKPAlgorithm(),
    }


requires_cryptography = {
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES256K", "ES384", "ES521", "ES512", "EdDSA"),
}


class NoneAlgorithm(Algorithm):
    """The algorithm `none`, which is always refused."""

    def prepare_key(self, key: str | None) -> None:
        if key:
            raise InvalidKeyError('When alg = "none", key value must be None.')

    def sign(self, msg: bytes, key: None) -> NoReturn:
        raise NotImplementedError(NONE_IS_REFUSED)

    def verify(self, msg: bytes, key: None, sig: bytes) -> bool:
        return False

    @classmethod
    def from_jwk(cls, jwk: str | JWKDict) -> NoReturn:
        raise NotImplementedError


class HMACAlgorithm(Algorithm):
    """HS256, HS384 and HS512, by the hash that is `hash_alg` (RFC 7518 section 3.2). A short secret is reported, and not refused here."""

    SHA256: ClassVar[HashlibHash] = hashlib.sha256
    SHA384: ClassVar[HashlibHash] = hashlib.sha384
    SHA512: ClassVar[HashlibHash] = hashlib.sha512

    _kty = "oct"
    _another_kty = "Not an HMAC key"

    def __init__(self, hash_alg: HashlibHash) -> None:
        self.hash_alg = hash_alg
        digest = hash_alg()
        self._least, self._hash_name = digest.digest_size, digest.name.upper()
        self._names = (f"HS{self._hash_name.removeprefix('SHA')}",)

    def prepare_key(self, key: Any) -> Any:
        if not isinstance(key, (str, bytes)):
            if self._is_own_key(key):
                return key
            raise not_text(key, "Expected a string or bytes value")
        secret = force_bytes(key)
        if not secret:
            raise InvalidKeyError("HMAC key must not be empty.")
        self._secret(secret)
        return secret

    def check_key_length(self, key: bytes | SecretKey) -> str | None:
        if isinstance(key, SecretKey) or len(key) >= self._least:
            return None
        return (
            f"The HMAC key is {len(key)} bytes long, which is below the minimum recommended length of "
            f"{self._least} bytes for {self._hash_name}. See RFC 7518 Section 3.2."
        )

    def sign(self, msg: bytes, key: bytes | SecretKey) -> bytes:
        return sign_bytes(msg, self._secret(key))

    def verify(self, msg: bytes, key: bytes | SecretKey, sig: bytes) -> bool:
        return hmac.compare_digest(sig, self.sign(msg, key))

    def _secret(self, key: bytes | SecretKey) -> SecretKey:
        if isinstance(key, SecretKey):
            return key
        return remembered("pyjwt secret", key, self._names[0], self._judged)

    def _judged(self, secret: bytes) -> SecretKey:
        # A public key that serves as a secret lets everyone sign.
        try:
            return weak_secret(secret, alg=self._names[0])
        except errors.InvalidKey as refusal:
            raise InvalidKeyError(
                "The specified key is an asymmetric key or x509 certificate, or looks like a JWK, and should not be "
                f"used as an HMAC secret ({refusal}). Load a JWK with PyJWK or HMACAlgorithm.from_jwk."
            ) from refusal

    def _native(self, key: bytes | SecretKey) -> tuple[SecretKey, str]:
        return self._secret(key), self._names[0]

    @classmethod
    def _jwk_of(cls, key: str | bytes) -> JWKDict:
        return {"k": base64url_encode(force_bytes(key)).decode(), "kty": "oct"}

    @classmethod
    def _of_jwk(cls, members: JWKDict) -> bytes:
        secret = member(members, "k")
        if not secret:
            raise InvalidKeyError("HMAC key must not be empty.")
        return secret


class RSAAlgorithm(KeyPairAlgorithm):
    """RS256, RS384 and RS512, by the hash that is `hash_alg`: RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3)."""

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (RSAPrivateKey, RSAPublicKey)
    _kty = "RSA"
    _another_kty = "Not an RSA key"
    _MIN_KEY_SIZE: ClassVar[int] = 2048
    _prefix: ClassVar[str] = "RS"

    def __init__(self, hash_alg: type[hashes.HashAlgorithm]) -> None:
        self.hash_alg = hash_alg
        self._reading = f"{self._prefix}{hash_alg().digest_size * 8}"
        self._names = (self._reading,)

    def check_key_length(self, key: AllowedRSAKeys | SigningKey | VerifyingKey) -> str | None:
        size: int = getattr(key, "key_size", self._MIN_KEY_SIZE)
        if size >= self._MIN_KEY_SIZE:
            return None
        return (
            f"The RSA key is {size} bits long, which is below the minimum recommended size of "
            f"{self._MIN_KEY_SIZE} bits. See NIST SP 800-131A."
        )

    def _load(self, octets: bytes) -> Any:
        if octets.startswith(b"ssh-rsa"):
            return load_ssh_public_key(octets)
        self._require_scheme(octets)
        try:
            return load_pem_private_key(octets, password=None)
        except (ValueError, UnsupportedAlgorithm):
            return load_pem_public_key(octets)

    def _require_scheme(self, octets: bytes) -> None:
        """Refuse a key that its own encoding restricts to another algorithm (RFC 4055), which `cryptography` does not look at."""
        try:
            der = binascii.a2b_base64(octets.split(b"-----")[2])
        except (IndexError, ValueError):
            return
        if _RSASSA_PSS in der[:64]:
            kind = SigningKey if b"PRIVATE" in octets else VerifyingKey
            try:
                kind.from_pem(octets, alg=self._names[0])
            except errors.InvalidKey as refusal:
                raise InvalidKeyError(str(refusal)) from refusal

    def _sign_loaded(self, msg: bytes, key: RSAPrivateKey) -> bytes:
        try:
            return sign_with_loaded(msg, key, self._names[0])
        except errors.InvalidKey as refusal:
            raise self._refused(key, refusal) from refusal

    @classmethod
    def _jwk_of(cls, key: Any) -> JWKDict:
        if isinstance(key, RSAPrivateKey):
            own = key.private_numbers()
            public = own.public_numbers
            numbers = {"d": own.d, "p": own.p, "q": own.q, "dp": own.dmp1, "dq": own.dmq1, "qi": own.iqmp}
        elif isinstance(key, RSAPublicKey):
            public, numbers = key.public_numbers(), {}
        else:
            raise InvalidKeyError("Not a public or private key")
        numbers = {"n": public.n, "e": public.e, **numbers}
        texts = {name: to_base64url_uint(number).decode() for name, number in numbers.items()}
        return {"kty": "RSA", "key_ops": ["sign" if "d" in numbers else "verify"], **texts}

    @classmethod
    def _of_jwk(cls, members: JWKDict) -> AllowedRSAKeys:
        if "n" not in members or "e" not in members:
            raise InvalidKeyError("Not a public or private key")
        if "d" in members and "oth" in members:
            raise InvalidKeyError("Unsupported RSA private key: > 2 primes not supported")
        names = ("n", "e", "d", "p", "q", "dp", "dq", "qi")
        key: AllowedRSAKeys = cls._key_of(members, names, "RS256", numbers=True)
        return key


class RSAPSSAlgorithm(RSAAlgorithm):
    """PS256, PS384 and PS512, by the hash that is `hash_alg`: RSASSA-PSS (RFC 7518 section 3.5)."""

    _prefix = "PS"


class ECAlgorithm(KeyPairAlgorithm):
    """ES256, ES384, ES512 and ES256K (RFC 7518 section 3.4, RFC 8812 section 3.2).

    `hash_alg` is the hash. `expected_curve` is the curve that a key must be on; None allows each that is used with the hash.
    """

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)
    _kty = "EC"
    _another_kty = "Not an Elliptic curve key"
    _reading = "EC"

    def __init__(
        self, hash_alg: type[hashes.HashAlgorithm], expected_curve: type[ec.EllipticCurve] | None = None
    ) -> None:
        self.hash_alg = hash_alg
        self.expected_curve = expected_curve

    @property
    def expected_curve(self) -> type[ec.EllipticCurve] | None:
        """The curve that a key must be on; None allows each that is used with the hash."""
        return self._expected_curve

    @expected_curve.setter
    def expected_curve(self, curve: type[ec.EllipticCurve] | None) -> None:
        self._expected_curve = curve
        # What is remembered is remembered under these names.
        self._names = tuple(
            name for name, (known, digest, _) in _CURVES.items() if digest is self.hash_alg and curve in (known, None)
        )

    def prepare_key(self, key: Any) -> Any:
        prepared = super().prepare_key(key)
        expected = self.expected_curve
        if expected is not None and not isinstance(prepared, (SigningKey, VerifyingKey)):
            curve = prepared.curve
            if not isinstance(curve, expected):
                raise InvalidKeyError(
                    f"The key's curve '{curve.name}' does not match the expected curve '{expected.name}' for this "
                    "algorithm"
                )
        return prepared

    def _name_for(self, key: Any) -> Any:
        if len(self._names) == 1:
            return self._names[0]
        if isinstance(key, (SigningKey, VerifyingKey)):
            return next(name for name in algs_of(key) if name in self._names)
        for name in self._names:
            if isinstance(key.curve, _CURVES[name][0]):
                return name
        raise InvalidKeyError(f"No algorithm has the curve {key.curve.name} with {self.hash_alg.name}.")

    def _load(self, octets: bytes) -> Any:
        if octets.startswith(b"ecdsa-sha2-"):
            return load_ssh_public_key(octets)
        try:
            return load_pem_public_key(octets)
        except (ValueError, UnsupportedAlgorithm):
            return load_pem_private_key(octets, password=None)

    def _sign(self, msg: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        return der_to_raw_signature(key.sign(msg, ec.ECDSA(self.hash_alg())), key.curve)

    @classmethod
    def _jwk_of(cls, key: Any) -> JWKDict:
        if not isinstance(key, cls._crypto_key_types):
            raise InvalidKeyError("Not a public or private key")
        crv = next((crv for curve, _, crv in _CURVES.values() if isinstance(key.curve, curve)), None)
        if crv is None:
            raise InvalidKeyError(f"Invalid curve: {key.curve.name}")
        numbers = {}
        public: Any = key
        if isinstance(key, ec.EllipticCurvePrivateKey):
            public, numbers = key.public_key(), {"d": key.private_numbers().private_value}
        point = public.public_numbers()
        numbers = {"x": point.x, "y": point.y, **numbers}
        bits = key.curve.key_size
        texts = {name: to_base64url_uint(number, bit_length=bits).decode() for name, number in numbers.items()}
        return {"kty": "EC", "crv": crv, **texts}

    @classmethod
    def _of_jwk(cls, members: JWKDict) -> AllowedECKeys:
        if "x" not in members or "y" not in members:
            raise InvalidKeyError("Not an Elliptic curve key")
        alg = next((name for name, (*_, crv) in _CURVES.items() if crv == members.get("crv")), None)
        if alg is None:
            raise InvalidKeyError("Invalid curve")
        key: AllowedECKeys = cls._key_of(members, ("x", "y", "d"), alg)
        return key


class _ES521Algorithm(ECAlgorithm):
    """PyJWT's other name of ES512, which no specification has."""

    def sign(self, msg: bytes, key: Any) -> NoReturn:
        raise NotImplementedError(ES521_IS_REFUSED)

    def verify(self, msg: bytes, key: Any, sig: bytes) -> NoReturn:
        raise InvalidAlgorithmError(ES521_IS_REFUSED)


class OKPAlgorithm(KeyPairAlgorithm):
    """EdDSA with Ed25519 and Ed448 (RFC 8037)."""

    _crypto_key_types = (Ed25519PrivateKey, Ed25519PublicKey, Ed448PrivateKey, Ed448PublicKey)
    _kty = "OKP"
    _another_kty = "Not an Octet Key Pair"
    _reading = "OKP"
    _names = ("EdDSA", "Ed25519", "Ed448")

    def __init__(self, **kwargs: Any) -> None:
        pass

    def prepare_key(self, key: Any) -> Any:
        if not isinstance(key, (str, bytes)) and not self._is_own_key(key):
            self.check_crypto_key_type(key)
            return key
        return super().prepare_key(key)

    def sign(self, msg: str | bytes, key: Any) -> bytes:
        return super().sign(force_bytes(msg), key)

    def verify(self, msg: str | bytes, key: Any, sig: str | bytes) -> bool:
        return super().verify(force_bytes(msg), key, force_bytes(sig))

    def _load(self, octets: bytes) -> Any:
        if b"-----BEGIN PUBLIC" in octets:
            return load_pem_public_key(octets)
        if b"-----BEGIN PRIVATE" in octets:
            return load_pem_private_key(octets, password=None)
        if octets.startswith(b"ssh-"):
            return load_ssh_public_key(octets)
        raise InvalidKeyError("Not a public or private key")

    def _sign(self, msg: bytes, key: Ed25519PrivateKey | Ed448PrivateKey) -> bytes:
        return key.sign(msg)

    @classmethod
    def _jwk_of(cls, key: Any) -> JWKDict:
        if isinstance(key, (Ed25519PrivateKey, Ed448PrivateKey)):
            octets = {"x": key.public_key().public_bytes_raw(), "d": key.private_bytes_raw()}
        elif isinstance(key, (Ed25519PublicKey, Ed448PublicKey)):
            octets = {"x": key.public_bytes_raw()}
        else:
            raise InvalidKeyError("Not a public or private key")
        texts = {name: base64url_encode(value).decode() for name, value in octets.items()}
        crv = "Ed448" if isinstance(key, (Ed448PrivateKey, Ed448PublicKey)) else "Ed25519"
        return {**texts, "kty": "OKP", "crv": crv}

    @classmethod
    def _of_jwk(cls, members: JWKDict) -> AllowedOKPKeys:
        if members.get("crv") not in ("Ed25519", "Ed448"):
            raise InvalidKeyError("Invalid curve")
        if "x" not in members:
            raise InvalidKeyError('OKP should have "x" parameter')
        key: AllowedOKPKeys = cls._key_of(members, ("x", "d"), "EdDSA")
        return key


# The methods of our classes as they are here: what they make of the text of a key is remembered while they are not replaced.
OWN_METHODS: dict[type[Algorithm], tuple[Any, ...]] = {
    kind: (kind.prepare_key, kind.check_crypto_key_type, kind.check_key_length, kind.verify, kind.sign)
    for kind in (HMACAlgorithm, RSAAlgorithm, RSAPSSAlgorithm, ECAlgorithm, OKPAlgorithm)
}

# jwseal's name of an algorithm on a curve, the curve with its digest, and the JWK's name of the curve.
_CURVES: dict[str, tuple[type[ec.EllipticCurve], type[hashes.HashAlgorithm], str]] = {
    "ES256": (ec.SECP256R1, hashes.SHA256, "P-256"),
    "ES384": (ec.SECP384R1, hashes.SHA384, "P-384"),
    "ES512": (ec.SECP521R1, hashes.SHA512, "P-521"),
    "ES256K": (ec.SECP256K1, hashes.SHA256, "secp256k1"),
}

# id-RSASSA-PSS (RFC 4055 section 1.2), as a DER object identifier.
_RSASSA_PSS = bytes.fromhex("06092a864886f70d01010a")
