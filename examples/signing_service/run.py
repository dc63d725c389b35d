"""A signing service, whole: user, backend, authorization server, signing and validation workers, as processes on this machine.

    python examples/signing_service/run.py

It starts three HTTP servers on the loopback interface, walks through the eleven steps of the flow, prints each with its outcome,
and then every kind of refusal. It exits with status 1 if any outcome is another than expected.
"""

import base64
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from client import Client, check  # noqa: E402
from json_http import call  # noqa: E402

from jwseal import Signer, SigningKey  # noqa: E402
from jwseal.insecure import read_unverified  # noqa: E402

DOCUMENT = b"The undersigned buys the flat."

# A one-time password is accepted once, so each refusal below has a user of its own.
USERS: dict[str, dict[str, Any]] = {
    "ann": {"name": "Ann Lee", "org": "Example Ltd", "email": "Ann@Example.com", "email_verified": True},
    "reader": {"name": "Rita Reader", "email": "rita@example.com", "email_verified": True},
    "evil": {"name": "Ann Lee,O=Evil", "org": "Example Ltd", "email": "e@example.com", "email_verified": True},
    "unseen": {"name": "Ann\u202eLee", "email": "u@example.com", "email_verified": True},
    "unverified": {"name": "Una", "email": "ceo@example.com", "email_verified": False},
    "blocked": {"name": "Bo", "email": "b@example.com", "email_verified": True, "blocked": True},
    "expired": {
        "name": "Ed",
        "email": "d@example.com",
        "email_verified": True,
        "iat": 1_700_000_000,
        "exp": 1_700_000_300,
    },
    **{f"user{n}": {"name": f"User {n}", "email": f"u{n}@example.com", "email_verified": True} for n in range(12)},
    "password": {"name": "Pat", "email": "p@example.com", "email_verified": True},
}
WITHOUT_SECOND_FACTOR = {"password"}


class Service:
    """The running processes, and clients for their users."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.secrets = {name: secrets.token_bytes(20) for name in USERS if name not in WITHOUT_SECOND_FACTOR}
        (folder / "users.json").write_text(json.dumps({name: self.registered(name) for name in USERS}))
        self.authorization_server = self.start("authorization_server.py", str(folder))
        # Step 1: the operator of the worker fetches the keys of the authorization server and names them in its configuration.
        _, keys, _ = call(f"{self.authorization_server}/jwks")
        (folder / "bank.jwks").write_text(json.dumps(keys))
        shutil.copy(HERE / "signing.toml", folder)
        self.worker = self.start("signing_worker.py", str(folder))
        self.backend = self.start("signing_backend.py", self.authorization_server, self.worker)
        self.authority: str = call(f"{self.worker}/ca")[1]["certificate"]

    def start(self, program: str, *arguments: str) -> str:
        """Start a server and return its URL."""
        command = [sys.executable, str(HERE / program), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.stack.callback(stop, process)
        assert process.stdout is not None
        return f"http://127.0.0.1:{int(process.stdout.readline())}"

    def registered(self, name: str) -> dict[str, Any]:
        """What the authorization server knows of a user."""
        salt = secrets.token_bytes(16)
        password = hashlib.scrypt(f"password of {name}".encode(), salt=salt, n=2**12, r=8, p=1)
        second = {"totp": self.secrets[name].hex()} if name in self.secrets else {}
        return {"password": password.hex(), "salt": salt.hex(), **second, "claims": USERS[name]}

    def client(self, name: str) -> Client:
        """The client of a user."""
        return Client(self.backend, self.authorization_server, name, f"password of {name}", self.secrets.get(name))

    def decisions(self) -> list[dict[str, Any]]:
        """The workers' audit records."""
        return [json.loads(line) for line in (self.folder / "decisions.jsonl").read_text().splitlines()]


def stop(process: subprocess.Popen[str]) -> None:
    """End a server."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def service() -> Iterator[Service]:
    """The whole service, until the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield Service(folder, stack)


def walk(running: Service) -> Iterator[tuple[str, str, str, bool]]:
    """Step, name, outcome, and whether it is as expected."""
    ann = running.client("ann")
    keys = json.loads((running.folder / "bank.jwks").read_text())["keys"]
    yield (
        "1",
        "Public key of the authorization server",
        f"{len(keys)} key, kid {keys[0]['kid']}; rules configured",
        True,
    )
    status, answer, _ = ann.begin("sign", DOCUMENT)
    yield "2", "User requests a signature", "the backend hashes the document", status == 200
    yield "3", "Backend requests authentication", "domain employees, for this hash", status == 200
    yield (
        "4",
        "Authorization server gives a context",
        f"methods {', '.join(answer['methods'])}",
        len(answer["context"]) > 20,
    )
    yield "5", "Context is forwarded to the user", "the user has it", True
    token = ann.authenticate(answer["context"])
    yield "6", "Authentication of the user", "password, then one-time password", token is not None
    header, claims = read_unverified(token or "").header, read_unverified(token or "").claims
    yield "7", "Producing the JWS", f"{header['alg']}, acr {claims['acr']}, {claims['numSignatures']} signature", True
    status, signed, _ = ann.sign(DOCUMENT, token)
    yield "8", "Forward the JWS", "with the request to sign", status == 200
    decision = running.decisions()[-1]
    yield (
        "9",
        "Request to sign",
        f"the worker decides: {decision['code']}, rule {decision['rule']}",
        decision["allowed"],
    )
    certificate = check(DOCUMENT, signed, running.authority)
    yield "10", "Perform task", f"certificate for {certificate.subject.rfc4514_string()}", status == 200
    yield "11", "Response", "the user's client verifies the signature", True
    token = running.client("reader").token("validate", DOCUMENT)
    status, answer, _ = ann.validate(DOCUMENT, signed, token)
    yield "9-11", "The same, to validate", f"valid {answer.get('valid')}", (status, answer.get("valid")) == (200, True)
    token = running.client("user11").token("validate", DOCUMENT)
    status, answer, _ = ann.validate(b"The undersigned sells the flat.", signed, token)
    yield (
        "9-11",
        "Another document, to validate",
        f"valid {answer.get('valid')}",
        (status, answer.get("valid")) == (200, False),
    )


def refusals(running: Service) -> Iterator[tuple[str, int, str, int, str]]:
    """What is tried, the status and code that came, and those expected."""

    def tried(
        name: str, token: str | None, status: int, code: str, document: bytes = DOCUMENT
    ) -> tuple[str, int, str, int, str]:
        found, answer, _ = running.client("ann").sign(document, token)
        return name, found, answer.get("error", "signed"), status, code

    def token(user: str, operation: str = "sign", **extra: Any) -> str:
        return running.client(user).token(operation, DOCUMENT, **extra)

    yield tried("no token", None, 401, "missing_token")
    yield tried("text that is no token", "x.y", 401, "malformed_token")
    valid = token("user0")
    header, payload, signature = valid.split(".")
    yield tried(
        "a token whose header says none", f"{encoded({'alg': 'none'})}.{payload}.", 401, "algorithm_not_allowed"
    )
    changed = {**read_unverified(valid).claims, "sub": "ceo"}
    yield tried("a token that was changed", f"{header}.{encoded(changed)}.{signature}", 401, "invalid_signature")
    forged = Signer(SigningKey.generate("PS512", kid="as-1")).sign(changed)
    yield tried("a token signed by someone else", forged, 401, "invalid_signature")
    elsewhere = Signer(SigningKey.generate("PS512")).sign({**changed, "iss": "https://evil.example"})
    yield tried("a token of another issuer", elsewhere, 401, "key_not_found")
    yield tried("a token that has expired", token("expired"), 401, "token_expired")
    yield tried("a token for another service", token("user1", audience="billing"), 401, "claim_mismatch")
    yield tried("a token to validate, used to sign", token("user2", "validate"), 403, "no_rule_matched")
    yield tried("an address that was not verified", token("unverified"), 403, "no_rule_matched")
    yield tried("a user who is blocked", token("blocked"), 403, "rule_denied")
    yield tried("a user without the second factor", token("password"), 401, "insufficient_authentication")
    yield tried(
        "a token for another document", token("user3"), 403, "condition_not_met", b"The undersigned sells the flat."
    )
    yield tried("a name that turns the direction of text", token("unseen"), 403, "attribute_invalid")
    revoked = token("user4")
    claims = read_unverified(revoked).claims
    call(f"{running.worker}/operator/revoke", {"iss": claims["iss"], "jti": claims["jti"]})
    yield tried("a token that was revoked", revoked, 401, "revoked")
    yield tried("a token that is used", valid, 200, "signed")
    yield tried("the same token again", valid, 403, "budget_exhausted")
    validating = token("user5", "validate")
    body = {"hash": "", "signature": "", "certificate": running.authority}
    codes = [call(f"{running.worker}/validate", body, validating) for _ in range(2)]
    yield "a token to validate, again", codes[1][0], codes[1][1].get("error", "validated"), 401, "replayed"
    status, signed, _ = running.client("ann").sign(DOCUMENT, token("evil"))
    subject = check(DOCUMENT, signed, running.authority).subject
    names = len(subject.rdns), sum("Evil" in str(one.value) for one in subject)
    yield "a name with ,O=Evil in it", status, "one name" if names == (3, 1) else "another name", 200, "one name"
    context = running.client("user6").begin("sign", DOCUMENT)[1]["context"]
    guess = Client(running.backend, running.authorization_server, "user6", "password of user6", b"guessed")
    yield (
        "a wrong one-time password",
        401,
        "no token" if guess.authenticate(context) is None else "a token",
        401,
        "no token",
    )


def encoded(value: dict[str, Any]) -> str:
    """A segment of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def main() -> None:
    """Run everything and print it."""
    wrong = 0
    with service() as running:
        for step, name, outcome, expected in walk(running):
            wrong += not expected
            print(f"{step:>4}  {name:<40}  {outcome}{'' if expected else '  UNEXPECTED'}")
        print()
        for name, status, code, wanted_status, wanted_code in refusals(running):
            expected = (status, code) == (wanted_status, wanted_code)
            wrong += not expected
            print(
                f"{name:<42}  {status}  {code}{'' if expected else f'  UNEXPECTED, not {wanted_status} {wanted_code}'}"
            )
        print(f"\n{len(running.decisions())} decisions are in the audit log")
    print("every outcome is as expected" if not wrong else f"{wrong} outcomes are not as expected")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
