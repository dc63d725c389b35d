"""The signing worker and the validation worker: they authorize with jwseal, then sign or validate.

    python signing_worker.py FOLDER

FOLDER has `signing.toml` and what it names; `decisions.jsonl` is written there, an audit record for each decision. For each
signing request a key is generated, used for the hashes of the request and forgotten; its certificate is valid for ten minutes,
and its subject comes from the claims of the token.
"""

import base64
import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from json_http import Answer, serve

from jwseal import MalformedToken, MissingToken, bearer
from jwseal.authorizer import Authorizer, Decision
from jwseal.state import MemoryState

PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
LIFETIME = timedelta(minutes=10)


class Workers:
    """Both workers: one authorizer, one store of used tokens, one certificate authority."""

    def __init__(self, folder: Path) -> None:
        state = MemoryState()
        self.authorizer = Authorizer.from_file(folder / "signing.toml", replay=state, budget=state, revocation=state)
        self.state = state
        self.log = folder / "decisions.jsonl"
        self.lock = threading.Lock()
        self.authority = CertificateAuthority()

    def certificate_authority(self, _: dict[str, Any], __: list[str]) -> Answer:
        """The certificate that clients trust."""
        return 200, {"certificate": self.authority.pem()}, []

    def sign(self, body: dict[str, Any], authorization: list[str]) -> Answer:
        """Sign each hash of the request, if the token allows it."""
        # The authorizer gets the bytes that will be signed, so that no other reading of their text can be signed.
        digests = [base64.b64decode(one, validate=True) for one in body["hashes"]]
        asked = {"credentialID": body["credentialID"], "hashAlgorithmOID": body["hashAlgorithmOID"], "hashes": digests}
        decision = self.decide("signing", authorization, asked)
        if not decision.allowed:
            return refusal(decision)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.authority.issue(decision, key.public_key())
        signatures = [key.sign(one, PREHASHED) for one in digests]
        answer = {"signatures": [base64.b64encode(one).decode() for one in signatures], "certificate": certificate}
        return 200, answer, []

    def validate(self, body: dict[str, Any], authorization: list[str]) -> Answer:
        """Say whether a signature over a hash is valid under the certificate authority, if the token allows the question."""
        decision = self.decide("validation", authorization, {})
        if not decision.allowed:
            return refusal(decision)
        certificate = x509.load_pem_x509_certificate(body["certificate"].encode())
        key = certificate.public_key()
        now = datetime.now(UTC)
        try:
            certificate.verify_directly_issued_by(self.authority.certificate)
            if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                return 200, {"valid": False, "reason": "the certificate is not valid now"}, []
            if not isinstance(key, ec.EllipticCurvePublicKey):
                return 200, {"valid": False, "reason": "the certificate has another key"}, []
            key.verify(base64.b64decode(body["signature"]), base64.b64decode(body["hash"]), PREHASHED)
        except (InvalidSignature, TypeError, ValueError):
            return 200, {"valid": False, "reason": "a signature does not verify"}, []
        return 200, {"valid": True, "signer": certificate.subject.rfc4514_string()}, []

    def revoke(self, body: dict[str, Any], _: list[str]) -> Answer:
        """Revoke a token, as an operator does on another interface than this one."""
        self.state.revoke(body["iss"], jti=body["jti"], ttl=900)
        return 200, {}, []

    def decide(self, worker: str, authorization: list[str], asked: dict[str, Any]) -> Decision:
        """The decision, recorded."""
        try:
            token = bearer(authorization)
        except MissingToken:
            token = None
        except MalformedToken:
            token = ""
        decision = self.authorizer.authorize(token, worker=worker, request=asked)
        with self.lock, self.log.open("a") as log:
            log.write(json.dumps(decision.audit()) + "\n")
        return decision


class CertificateAuthority:
    """Issues certificates for a few minutes. Its key lives as long as the process."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example signing CA")])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self.build(self.name, self.key.public_key(), timedelta(days=1), constraints)

    def issue(self, decision: Decision, key: ec.EllipticCurvePublicKey) -> str:
        """A certificate for a key, its subject and alternative names from the decision."""
        names = decision.subject_alternative_name()
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self.build(decision.subject_name(), key, LIFETIME, constraints, *([names] if names else []))
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def build(self, subject: x509.Name, key: Any, lifetime: timedelta, *extensions: Any) -> x509.Certificate:
        """A signed certificate."""
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + lifetime)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def pem(self) -> str:
        """The authority's own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def refusal(decision: Decision) -> Answer:
    """The answer for a refused token: status and challenge. The code is told, because this client is the backend."""
    status, headers = decision.challenge(realm="signing")
    return status, {"error": decision.code, "stage": decision.stage}, headers


def main() -> None:
    """Serve."""
    workers = Workers(Path(sys.argv[1]))
    paths = {"/ca": workers.certificate_authority, "/sign": workers.sign, "/validate": workers.validate}
    serve({**paths, "/operator/revoke": workers.revoke})


if __name__ == "__main__":
    main()
