"""The authorization server: publishes its keys, gives authentication contexts, checks password and one-time password, issues tokens.

    python authorization_server.py FOLDER

FOLDER has `users.json`: by name, `password` (scrypt, hexadecimal), `salt`, `totp` (hexadecimal, absent without a second factor)
and `claims`. A token is a PS512 JWT of at most five minutes for one operation: it carries the hashes of the documents to be
signed, so that it authorizes them and nothing else (Signature Activation Data of the Cloud Signature Consortium).
"""

import hashlib
import hmac
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import totp
from json_http import Answer, serve

from jwseal import KeySet, Signer, SigningKey
from jwseal.state import MemoryState

ISSUER = "https://as.example"
LIFETIME = 300


class AuthorizationServer:
    """Users, contexts and the signing key."""

    def __init__(self, folder: Path) -> None:
        self.users: dict[str, Any] = json.loads((folder / "users.json").read_text())
        self.key = SigningKey.generate("PS512", kid="as-1")
        self.contexts: dict[str, dict[str, Any]] = {}
        # A one-time password is accepted once (RFC 6238 section 5.2).
        self.used = MemoryState()

    def keys(self, _: dict[str, Any], __: list[str]) -> Answer:
        """The JWK Set: public keys alone."""
        return 200, dict(KeySet([self.key.verifying_key]).to_jwks()), []

    def context(self, body: dict[str, Any], _: list[str]) -> Answer:
        """An authentication context for what the backend wants to be authorized, in a domain of users."""
        if body["domain"] != "employees":
            return 404, {"error": "no such domain"}, []
        name = secrets.token_urlsafe(16)
        self.contexts[name] = {"operation": body["operation"], "audience": body["audience"], "user": None}
        return 200, {"context": name, "methods": ["password", "totp"]}, []

    def authenticate(self, body: dict[str, Any], _: list[str]) -> Answer:
        """One round of authentication: the password, then the one-time password of users who have one."""
        context = self.contexts.get(body["context"])
        if context is None:
            return 404, {"error": "no such context"}, []
        if context["user"] is None:
            return self.password(context, body)
        return self.one_time_password(context, body)

    def password(self, context: dict[str, Any], body: dict[str, Any]) -> Answer:
        """The first factor."""
        user = self.users.get(body["user"])
        salt = bytes.fromhex(user["salt"]) if user else b"nobody"
        found = hashlib.scrypt(body["password"].encode(), salt=salt, n=2**12, r=8, p=1).hex()
        if user is None or not hmac.compare_digest(found, user["password"]):
            return 401, {"error": "authentication failed"}, []
        context["user"] = body["user"]
        if "totp" in user:
            return 200, {"next": "totp"}, []
        return 200, {"token": self.token(context, "low", ["pwd"])}, []

    def one_time_password(self, context: dict[str, Any], body: dict[str, Any]) -> Answer:
        """The second factor."""
        secret = bytes.fromhex(self.users[context["user"]]["totp"])
        step = totp.step_of(secret, body["code"], time.time())
        if step is None or not self.used.add(f"{context['user']} {step}", 3 * totp.STEP):
            return 401, {"error": "authentication failed"}, []
        return 200, {"token": self.token(context, "high", ["pwd", "otp", "mfa"])}, []

    def token(self, context: dict[str, Any], acr: str, amr: list[str]) -> str:
        """The JWS: who, how authenticated, and for which operation."""
        claims = self.users[context["user"]]["claims"]
        now = int(time.time())
        return Signer(self.key, issuer=ISSUER, expires_in=LIFETIME).sign(
            {
                "sub": context["user"],
                "aud": context["audience"],
                "iat": now,
                "jti": secrets.token_urlsafe(16),
                "nonce": secrets.token_urlsafe(16),
                "acr": acr,
                "amr": amr,
                "auth_time": now,
                **context["operation"],
                **claims,
            }
        )


def main() -> None:
    """Serve."""
    server = AuthorizationServer(Path(sys.argv[1]))
    serve({"/jwks": server.keys, "/contexts": server.context, "/authenticate": server.authenticate})


if __name__ == "__main__":
    main()
