"""The user's client: authenticates with two factors, carries the token, and checks the signature that comes back."""

import base64
import time
from typing import Any

import totp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from json_http import Answer, call


class Client:
    """One user with a password and, as a rule, an authenticator app."""

    def __init__(self, backend: str, authorization_server: str, user: str, password: str, secret: bytes | None) -> None:
        self.backend, self.authorization_server = backend, authorization_server
        self.user, self.password, self.secret = user, password, secret

    def begin(self, operation: str, document: bytes, **extra: Any) -> Answer:
        """Ask the backend for a service, and get an authentication context."""
        body = {"operation": operation, "domain": "employees", "document": base64.b64encode(document).decode(), **extra}
        return call(f"{self.backend}/begin", body)

    def authenticate(self, context: str) -> str | None:
        """Authenticate in one round or two, and return the token; None if that fails."""
        path = f"{self.authorization_server}/authenticate"
        status, answer, _ = call(path, {"context": context, "user": self.user, "password": self.password})
        if status == 200 and answer.get("next") == "totp" and self.secret is not None:
            status, answer, _ = call(path, {"context": context, "code": totp.code(self.secret, time.time())})
        return answer.get("token") if status == 200 else None

    def token(self, operation: str, document: bytes, **extra: Any) -> str:
        """All of the above: the token for one operation."""
        _, answer, _ = self.begin(operation, document, **extra)
        token = self.authenticate(answer["context"])
        assert token is not None, "authentication failed"
        return token

    def sign(self, document: bytes, token: str | None) -> Answer:
        """Forward the token with the signing request."""
        return call(f"{self.backend}/sign", {"document": base64.b64encode(document).decode()}, token)

    def validate(self, document: bytes, signed: dict[str, Any], token: str | None) -> Answer:
        """Forward the token with a request to validate."""
        body = {"document": base64.b64encode(document).decode(), "signature": signed["signatures"][0]}
        return call(f"{self.backend}/validate", {**body, "certificate": signed["certificate"]}, token)


def check(document: bytes, signed: dict[str, Any], authority: str) -> x509.Certificate:
    """Check a signature over a document and its certificate; return the certificate. Raises InvalidSignature."""
    certificate = x509.load_pem_x509_certificate(signed["certificate"].encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(signed["signatures"][0]), document, ec.ECDSA(hashes.SHA256()))
    return certificate
