"""The forger: signs any header octets and payload octets, right or wrong, without going through jwseal (RFC 7515).

Every signature here is made by `cryptography` or the standard library, so a test never asks the product to judge its own
work. The keys are made once per process and shared. Nothing in this file verifies a token.
"""

import base64
import functools
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import cryptography
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from peers import Absent, peer

HMAC_ALGS = ("HS256", "HS384", "HS512")
RSA_ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ECDSA_ALGS = ("ES256", "ES384", "ES512", "ES256K")
EDDSA_ALGS = ("EdDSA", "Ed25519", "Ed448")
# Older versions of `cryptography` have no ML-DSA: tests of all algorithms go without, a test that names one is skipped.
_MLDSA = peer("cryptography.hazmat.primitives.asymmetric.mldsa")
_MLDSA_NAMES = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
MLDSA_ALGS = () if isinstance(_MLDSA, Absent) else _MLDSA_NAMES
PUBLIC_ALGS = RSA_ALGS + ECDSA_ALGS + EDDSA_ALGS + MLDSA_ALGS
ALGS = HMAC_ALGS + PUBLIC_ALGS

needs_bounded_search = pytest.mark.skipif(
    int(cryptography.__version__.partition(".")[0]) < 44,
    reason="before version 44 cryptography looks for minutes for the primes of a private exponent that has none",
)

# The secret of every HMAC example that needs no other: octets 00 to 1f.
K32 = bytes(range(32))
# {"alg":"HS256"}, {} and the tag under K32: the smallest valid token of all.
T0 = "eyJhbGciOiJIUzI1NiJ9.e30.CUR7dTRVDfvcPJVuQkvKXSNgviuym4azfOfKrl4dmFY"
# The same under an HMAC key of no octets.
T_EMPTY = "eyJhbGciOiJIUzI1NiJ9.e30.4E_Bsx-pJi3kOW9wVXN8CgbATwP09D9V5gxh9-9zSZ0"

_DIGESTS = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512, "56K": hashes.SHA256}
_SIZES = {"256": 32, "384": 48, "512": 64}
_CURVES = {
    "ES256": (ec.SECP256R1, "P-256"),
    "ES384": (ec.SECP384R1, "P-384"),
    "ES512": (ec.SECP521R1, "P-521"),
    "ES256K": (ec.SECP256K1, "secp256k1"),
}


def token(header: Any, payload: Any, material: "Material", alg: str | None = None) -> str:
    """A compact JWS whose signature is right for `alg`, whatever its header and payload say."""
    signed = f"{b64(octets(header))}.{b64(octets(payload))}"
    return f"{signed}.{b64(material.sign(signed.encode(), alg))}"


def segments(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A compact JWS of these three parts, without a valid signature."""
    return f"{b64(octets(header))}.{b64(octets(payload))}.{b64(signature)}"


def resign(signing_input: str | bytes, material: "Material", alg: str | None = None) -> str:
    """A token over any signing input text, well formed or not."""
    text = signing_input if isinstance(signing_input, bytes) else signing_input.encode()
    return (text + b"." + b64(material.sign(text, alg)).encode()).decode("latin-1")


def detached(header: Any, payload: Any, material: "Material", *, encoded: bool = True) -> str:
    """A compact JWS without its payload (RFC 7515 Appendix F), the payload signed as base64url or as it is (RFC 7797)."""
    protected = b64(octets(header)).encode()
    content = b64(octets(payload)).encode() if encoded else octets(payload)
    return f"{protected.decode()}..{b64(material.sign(protected + b'.' + content))}"


def octets(part: Any) -> bytes:
    """Octets as they are, text as UTF-8, anything else as compact JSON."""
    if isinstance(part, bytes):
        return part
    if isinstance(part, str):
        return part.encode()
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data: bytes) -> str:
    """Canonical base64url (RFC 4648 section 5), unpadded."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The octets of canonical base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64_int(number: int) -> str:
    """A Base64urlUInt (RFC 7518 section 2)."""
    return b64(number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big"))


def kind(alg: str) -> str:
    """The key material an algorithm needs; algorithms of one kind can share a key."""
    if alg in RSA_ALGS:
        return "RSA"
    return "Ed25519" if alg == "EdDSA" else alg


def material(alg: str, label: str = "main") -> "Material":
    """The key of this algorithm, the same on every call; another label is another key."""
    return Material(alg, _private(kind(alg), label))


@functools.cache
def _private(kind: str, label: str) -> Any:
    if kind in HMAC_ALGS:
        return hashlib.shake_256(f"{kind} {label}".encode()).digest(_SIZES[kind[-3:]])
    if kind == "RSA":
        return rsa.generate_private_key(65537, int(label) if label.isdigit() else 2048)
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind][0]())
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return _MLDSA if isinstance(_MLDSA, Absent) else getattr(_MLDSA, f"MLDSA{kind[-2:]}PrivateKey").generate()


@dataclass(frozen=True)
class Material:
    """One key of one algorithm, in every form another library may want it."""

    alg: str
    private: Any

    def sign(self, message: bytes, alg: str | None = None) -> bytes:
        """The JOSE signature of the message under `alg`, which defaults to this key's."""
        return sign(self.private, message, alg or self.alg)

    @property
    def public(self) -> Any:
        """The public half; of an HMAC key, the secret."""
        return self.private if isinstance(self.private, bytes) else self.private.public_key()

    def public_jwk(self, **extra: Any) -> dict[str, Any]:
        """The public JWK; of an HMAC key, the oct JWK."""
        return {**jwk(self.public), **extra}

    def private_jwk(self, **extra: Any) -> dict[str, Any]:
        """The private JWK; of an HMAC key, the oct JWK."""
        return {**jwk(self.private), **extra}

    def spki(self) -> bytes:
        """The public half as SubjectPublicKeyInfo, DER."""
        return self.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def public_pem(self) -> bytes:
        """The public half as SubjectPublicKeyInfo, PEM."""
        return self.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def pkcs8(self) -> bytes:
        """The private key as plain PKCS#8, DER."""
        return self._private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8)

    def private_pem(self, password: bytes | None = None) -> bytes:
        """The private key as PKCS#8 PEM, encrypted if there is a password."""
        return self._private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, password)

    def traditional(self, encoding: serialization.Encoding = serialization.Encoding.PEM) -> bytes:
        """The private key as PKCS#1 or SEC 1."""
        return self._private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL)

    def openssh_private(self, password: bytes | None = None) -> bytes:
        """The private key in OpenSSH's own format."""
        return self._private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, password)

    def openssh_public(self) -> bytes:
        """The public half as an OpenSSH line."""
        return self.public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)

    def _private_bytes(self, encoding: Any, form: Any, password: bytes | None = None) -> bytes:
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.private.private_bytes(encoding, form, encryption)


def sign(private: Any, message: bytes, alg: str) -> bytes:
    """The signature of `message` by the JWA name `alg` (RFC 7518 section 3, RFC 8037, RFC 8812, RFC 9964)."""
    if alg in HMAC_ALGS:
        return hmac.digest(private, message, "sha" + alg[2:])
    if alg in RSA_ALGS:
        digest = _DIGESTS[alg[2:]]()
        if alg.startswith("RS"):
            return private.sign(message, padding.PKCS1v15(), digest)
        return private.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if alg in ECDSA_ALGS:
        size = (private.curve.key_size + 7) // 8
        return raw_ecdsa(private.sign(message, ec.ECDSA(_DIGESTS[alg[-3:]]())), size)
    return private.sign(message)


def raw_ecdsa(der: bytes, size: int) -> bytes:
    """The r and s of a DER signature side by side (RFC 7518 section 3.4)."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def jwk(key: Any) -> dict[str, Any]:
    """A key as a JWK of its registered members only (RFC 7518 section 6, RFC 8037 section 2, RFC 9964)."""
    if isinstance(key, bytes):
        return {"kty": "oct", "k": b64(key)}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {
            **jwk(key.public_key()),
            "d": b64_int(numbers.d),
            "p": b64_int(numbers.p),
            "q": b64_int(numbers.q),
            "dp": b64_int(numbers.dmp1),
            "dq": b64_int(numbers.dmq1),
            "qi": b64_int(numbers.iqmp),
        }
    if isinstance(key, rsa.RSAPublicKey):
        public = key.public_numbers()
        return {"kty": "RSA", "n": b64_int(public.n), "e": b64_int(public.e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        return {**jwk(key.public_key()), "d": b64(key.private_numbers().private_value.to_bytes(size, "big"))}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        size = (key.curve.key_size + 7) // 8
        name = next(name for curve, name in _CURVES.values() if isinstance(key.curve, curve))
        return {
            "kty": "EC",
            "crv": name,
            "x": b64(point.x.to_bytes(size, "big")),
            "y": b64(point.y.to_bytes(size, "big")),
        }
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return {**jwk(key.public_key()), "d": b64(key.private_bytes_raw())}
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        crv = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
        return {"kty": "OKP", "crv": crv, "x": b64(key.public_bytes_raw())}
    for alg in _MLDSA_NAMES:
        private, public = (getattr(_MLDSA, f"MLDSA{alg[-2:]}{half}Key") for half in ("Private", "Public"))
        if isinstance(key, private):
            return {**jwk(key.public_key()), "priv": b64(key.private_bytes_raw())}
        if isinstance(key, public):
            return {"kty": "AKP", "alg": alg, "pub": b64(key.public_bytes_raw())}
    raise TypeError(type(key).__name__)
