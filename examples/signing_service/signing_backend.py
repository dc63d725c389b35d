"""The signing backend: a document management system between the user, the authorization server and the workers.

    python signing_backend.py AUTHORIZATION_SERVER_URL WORKER_URL

It hashes the user's document, gets an authentication context for that hash, hands it to the user, and submits the request with
the token that the user brings back. It never sees the user's password, and cannot sign without the user's token.
"""

import base64
import hashlib
import sys
from typing import Any

from json_http import Answer, call, serve

from jwseal import InvalidToken, bearer

SHA256_OID = "2.16.840.1.101.3.4.2.1"
CREDENTIAL = "one-time"


class SigningBackend:
    """The backend's three requests."""

    def __init__(self, authorization_server: str, worker: str) -> None:
        self.authorization_server, self.worker = authorization_server, worker

    def begin(self, body: dict[str, Any], _: list[str]) -> Answer:
        """Ask for an authentication context for what the user wants, and forward it to the user."""
        operation: dict[str, Any] = {"scope": body["operation"]}
        if body["operation"] == "sign":
            operation |= {"credentialID": CREDENTIAL, "hashAlgorithmOID": SHA256_OID, "numSignatures": 1}
            operation["hashes"] = [digest(body["document"])]
        asked = {"domain": body["domain"], "audience": body.get("audience", "signing"), "operation": operation}
        status, answer, _headers = call(f"{self.authorization_server}/contexts", asked)
        return status, answer, []

    def sign(self, body: dict[str, Any], authorization: list[str]) -> Answer:
        """Submit the request with the user's token to the signing worker, and give the user its response."""
        request = {"credentialID": CREDENTIAL, "hashAlgorithmOID": SHA256_OID, "hashes": [digest(body["document"])]}
        return self.submit("/sign", request, authorization)

    def validate(self, body: dict[str, Any], authorization: list[str]) -> Answer:
        """The same with the validation worker."""
        request = {"hash": digest(body["document"]), "signature": body["signature"], "certificate": body["certificate"]}
        return self.submit("/validate", request, authorization)

    def submit(self, path: str, request: dict[str, Any], authorization: list[str]) -> Answer:
        """Pass the user's token on."""
        try:
            token = bearer(authorization)
        except InvalidToken:
            token = None
        status, answer, headers = call(f"{self.worker}{path}", request, token)
        return status, answer, [one for one in headers if one[0] == "WWW-Authenticate"]


def digest(document: str) -> str:
    """The SHA-256 of a document that came as base64, as base64."""
    return base64.b64encode(hashlib.sha256(base64.b64decode(document)).digest()).decode()


def main() -> None:
    """Serve."""
    backend = SigningBackend(sys.argv[1], sys.argv[2])
    serve({"/begin": backend.begin, "/sign": backend.sign, "/validate": backend.validate})


if __name__ == "__main__":
    main()
