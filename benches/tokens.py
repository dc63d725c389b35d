"""The keys and the access tokens everything is measured on: one key per algorithm, 32 tokens each.

The claims are those of an OpenID Connect access token, 450 to 500 bytes of JSON, the same for every algorithm; the
header has `alg`, `typ` and `kid`. Tokens come from PyJWT where it knows the algorithm and from jwseal where it does not.
"""

import base64
import json
import os
import time
import uuid
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

import jwseal

ISSUER = "https://id.example.com/realms/production"
AUDIENCE = "https://api.example.com"
KID = "2026-03-a7Qe"
TOKENS = 32
SECRET_OCTETS = {"HS256": 32, "HS384": 48, "HS512": 64}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
ALGORITHMS = [
    *SECRET_OCTETS,
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *CURVES,
    *("EdDSA", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"),
]


@dataclass(frozen=True)
class Case:
    """One algorithm's key in every form a contender may ask for, its claims and its tokens."""

    alg: str
    secret: bytes
    spki: bytes
    pkcs8: bytes
    public_pem: bytes
    private_pem: bytes
    claims: list[dict]
    tokens: list[str]

    @property
    def kid(self) -> str:
        return KID

    @property
    def payloads(self) -> list[bytes]:
        """The payload octets of the tokens."""
        return [decoded(token.split(".")[1]) for token in self.tokens]


def make_case(alg: str) -> Case:
    """A fresh key and its tokens."""
    claims = [access_token_claims() for _ in range(TOKENS)]
    if alg in SECRET_OCTETS:
        secret = os.urandom(SECRET_OCTETS[alg])
        tokens = [jwt.encode(one, secret, algorithm=alg, headers={"kid": KID}) for one in claims]
        return Case(alg, secret, b"", b"", b"", b"", claims, tokens)
    if alg.startswith("ML-DSA"):
        key = jwseal.SigningKey.generate(alg, kid=KID)
        signer = jwseal.Signer(key)
        public, private = key.verifying_key.to_pem(), key.to_private_pem(password=None)
        return Case(
            alg, b"", pem_body(public), pem_body(private), public, private, claims, [signer.sign(one) for one in claims]
        )
    private_key = generate(alg)
    private_pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    name = "EdDSA" if alg == "Ed448" else alg
    tokens = [jwt.encode(one, private_key, algorithm=name, headers={"kid": KID}) for one in claims]
    return Case(alg, b"", pem_body(public_pem), pem_body(private_pem), public_pem, private_pem, claims, tokens)


def generate(alg: str) -> object:
    """A private key of `cryptography` for this algorithm."""
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg]())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if alg == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def access_token_claims() -> dict:
    """What an identity provider puts into an access token."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": str(uuid.uuid4()),
        "aud": AUDIENCE,
        "exp": now + 86400,
        "nbf": now - 60,  # of the peers, some accept a token only after the second it was issued in
        "iat": now - 60,
        "jti": str(uuid.uuid4()),
        "azp": "web-frontend",
        "scope": "openid profile email orders:read orders:write",
        "realm_access": {"roles": ["user", "editor", "billing"]},
        "acr": "urn:example:loa:2",
        "amr": ["pwd", "otp"],
        "email": "alice.example@example.com",
        "email_verified": True,
        "name": "Alice Example",
    }


def case_file(cases: list[Case]) -> str:
    """The cases as the Rust contenders read them."""

    def base64_text(octets: bytes) -> str:
        return base64.b64encode(octets).decode()

    return json.dumps(
        {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "cases": {
                case.alg: {
                    "secret": base64_text(case.secret),
                    "spki": base64_text(case.spki),
                    "pkcs8": base64_text(case.pkcs8),
                    "public_pem": case.public_pem.decode(),
                    "private_pem": case.private_pem.decode(),
                    "kid": case.kid,
                    "tokens": case.tokens,
                }
                for case in cases
            },
        }
    )


def pem_body(pem: bytes) -> bytes:
    """The DER inside a PEM block."""
    return base64.b64decode(b"".join(pem.strip().splitlines()[1:-1]))


def decoded(segment: str) -> bytes:
    """The octets of a base64url segment."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
