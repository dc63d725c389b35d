"""`RemoteCertificates`: keys that are published as certificates under a URL, one JSON object of kid to PEM certificate.

Google publishes its signing keys in this form too, and Firebase documents only this form. The document stands in for a JWK
Set: its publisher is trusted for the keys in it, so that the dates and the issuers of the certificates are not judged. A key
is withdrawn when it is no longer in the document.
"""

from __future__ import annotations

import json
from typing import Any

from jwseal import KeySet, VerifyingKey
from jwseal._native import read_json
from jwseal.errors import InvalidKey
from jwseal.remote import RemoteKeySet

__all__ = ["RemoteCertificates"]


class RemoteCertificates(RemoteKeySet):
    """A RemoteKeySet whose document is a JSON object of kid to PEM certificate.

    RemoteCertificates("https://www.googleapis.com/oauth2/v1/certs", algorithms=["RS256"])

    The arguments are those of RemoteKeySet, and `algorithms` are those of all keys. Entries that cannot be used are skipped; a
    document without a usable certificate is a failed fetch, and an empty object withdraws all keys.
    """

    def _read(self, body: bytes) -> KeySet | None:
        try:
            document = read_json(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise InvalidKey("the document is not a JSON object of kid to PEM certificate")
        jwks = {"keys": [_jwk(kid, certificate) for kid, certificate in document.items()]}
        return super()._read(json.dumps(jwks).encode())


def _jwk(kid: str, certificate: Any) -> dict[str, Any]:
    """Return the JWK of a certificate, or a placeholder that the reader skips and lists."""
    for alg in (None, "RS256"):  # a JWK of an RSA key without `alg` has those that the caller named
        try:
            jwk = VerifyingKey.from_certificate(certificate, alg=alg).to_jwk()
        except (InvalidKey, TypeError):
            continue
        if jwk["kty"] == "RSA":
            del jwk["alg"]
        return {**jwk, "kid": kid}
    return {"kid": kid, "kty": "certificate that cannot be read"}
