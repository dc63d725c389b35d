"""The signing service, whole: the eleven steps as real HTTP processes, one test for each sentence of the flow's description.

The table on docs/authorizer/flow.md maps each sentence to a test here or elsewhere; the last test holds it to that.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/signing_service"
sys.path.insert(0, str(EXAMPLE))

import run  # noqa: E402
from client import Client, check  # noqa: E402
from json_http import call  # noqa: E402

from jwseal.insecure import read_unverified  # noqa: E402


class Flow(NamedTuple):
    """What each step of the flow gave."""

    service: run.Service
    context: dict[str, Any]
    token: str
    claims: dict[str, Any]
    status: int
    signed: dict[str, Any]
    record: dict[str, Any]


needs_dates = pytest.mark.skipif(
    not hasattr(x509.Certificate, "not_valid_after_utc"),
    reason="the example reads the dates of certificates with a time zone, which this version of cryptography has not",
)


@pytest.fixture(scope="module")
def service() -> Iterator[run.Service]:
    """The running service."""
    with run.service() as running:
        yield running


@pytest.fixture(scope="module")
def flow(service: run.Service) -> Flow:
    """Steps 1 to 11, once."""
    ann = service.client("ann")
    _, context, _ = ann.begin("sign", run.DOCUMENT)
    token = ann.authenticate(context["context"])
    assert token is not None
    status, signed, _ = ann.sign(run.DOCUMENT, token)
    return Flow(service, context, token, read_unverified(token).claims, status, signed, service.decisions()[-1])


def test_the_worker_trusts_the_public_key(flow: Flow) -> None:
    """Step 1: the worker has the public key of the authorization server, and nothing private of it."""
    [key] = json.loads((flow.service.folder / "bank.jwks").read_text())["keys"]
    assert (key["kid"], key["kty"], "d" in key) == ("as-1", "RSA", False)
    assert flow.record["kid"] == "as-1"


def test_rules_are_configured(flow: Flow) -> None:
    """Step 1: rules that match claims are configured, and one of them decides."""
    assert 'claim = "scope", contains = "sign"' in (flow.service.folder / "signing.toml").read_text()
    assert flow.record["rule"] == "sign"


def test_the_user_requests_a_service(flow: Flow) -> None:
    """Step 2: a request to sign and a request to validate reach the backend, and another path is none."""
    assert flow.service.client("ann").begin("validate", run.DOCUMENT)[0] == 200
    assert call(f"{flow.service.backend}/other", {})[0] == 404


def test_the_backend_names_the_domain(flow: Flow) -> None:
    """Step 3: the backend asks for authentication in the user's domain; another domain has no users."""
    assert flow.service.client("ann").begin("sign", run.DOCUMENT, domain="strangers")[0] == 404


def test_a_context_is_provided(flow: Flow) -> None:
    """Step 4: the context says how to authenticate, and each is new."""
    _, other, _ = flow.service.client("ann").begin("sign", run.DOCUMENT)
    assert flow.context["methods"] == ["password", "totp"]
    assert other["context"] != flow.context["context"]


def test_the_user_uses_the_context(flow: Flow) -> None:
    """Step 5: the user authenticates with the context that came through the backend; a made-up one is none."""
    assert flow.service.client("ann").authenticate("made up") is None


def test_the_user_authenticates(flow: Flow) -> None:
    """Step 6: a wrong password gives no token."""
    _, context, _ = flow.service.client("user7").begin("sign", run.DOCUMENT)
    wrong = Client(flow.service.backend, flow.service.authorization_server, "user7", "wrong", None)
    assert wrong.authenticate(context["context"]) is None


def test_authentication_has_several_rounds(flow: Flow) -> None:
    """Step 6: with MFA the first round gives no token; the second takes a one-time password once."""
    user = flow.service.client("user8")
    path = f"{flow.service.authorization_server}/authenticate"
    contexts = [user.begin("sign", run.DOCUMENT)[1]["context"] for _ in range(2)]
    rounds = [call(path, {"context": one, "user": "user8", "password": "password of user8"}) for one in contexts]
    assert [answer for _, answer, _ in rounds] == [{"next": "totp"}, {"next": "totp"}]
    import time

    from totp import code

    assert user.secret is not None
    password = code(user.secret, time.time())
    answers = [call(path, {"context": one, "code": password}) for one in contexts]
    assert [status for status, _, _ in answers] == [200, 401]


def test_the_user_receives_a_token(flow: Flow) -> None:
    """Step 7: the token is a PS512 JWS that says who was authenticated and how."""
    assert read_unverified(flow.token).header["alg"] == "PS512"
    assert (flow.claims["sub"], flow.claims["acr"], flow.claims["amr"]) == ("ann", "high", ["pwd", "otp", "mfa"])


def test_the_token_is_forwarded(flow: Flow) -> None:
    """Step 8: without the token the same request is refused, with a challenge."""
    status, answer, headers = flow.service.client("ann").sign(run.DOCUMENT, None)
    assert (status, answer["error"]) == (401, "missing_token")
    assert ("WWW-Authenticate", 'Bearer realm="signing"') in headers


def test_the_request_carries_the_token(flow: Flow) -> None:
    """Step 9: the worker gets the request and the token, and records the token's SHA-256."""
    import hashlib

    assert flow.record["token_sha256"] == hashlib.sha256(flow.token.encode()).hexdigest()
    assert flow.record["worker"] == "signing"


def test_the_worker_validates_and_signs(flow: Flow) -> None:
    """Step 10: the worker validates token and claims, then signs and responds."""
    assert (flow.status, flow.record["code"], flow.record["allowed"]) == (200, "allowed", True)


def test_the_user_receives_the_response(flow: Flow) -> None:
    """Step 11: the user's client verifies the signature over its document, and over no other."""
    check(run.DOCUMENT, flow.signed, flow.service.authority)
    with pytest.raises(InvalidSignature):
        check(b"another document", flow.signed, flow.service.authority)


@needs_dates
def test_claims_configure_the_certificate(flow: Flow) -> None:
    """The subject and the alternative name come from the claims, and the certificate ends within minutes."""
    certificate = x509.load_pem_x509_certificate(flow.signed["certificate"].encode())
    assert [one.value for one in certificate.subject] == ["Example Ltd", "ann", "Ann Lee"]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == ["ann@example.com"]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() <= 11 * 60


@needs_dates
def test_the_validation_worker(flow: Flow) -> None:
    """A validation worker authorizes with its own rule, and tells a valid signature from one over another document."""
    ann = flow.service.client("ann")
    verdicts = [
        ann.validate(document, flow.signed, flow.service.client(user).token("validate", document))[1]["valid"]
        for user, document in (("user9", run.DOCUMENT), ("user10", b"another document"))
    ]
    assert verdicts == [True, False]
    assert flow.service.decisions()[-1]["rule"] == "validate"


def test_the_authorization_server_is_separate(flow: Flow) -> None:
    """The authorization server is a process of its own, and the worker knows its public key alone."""
    servers = {flow.service.authorization_server, flow.service.worker, flow.service.backend}
    assert len(servers) == 3
    assert "jwks_url" not in (flow.service.folder / "signing.toml").read_text()


def test_mfa_is_demanded(flow: Flow) -> None:
    """A user without a second factor is refused, and asked to authenticate with one (RFC 9470)."""
    token = flow.service.client("password").token("sign", run.DOCUMENT)
    status, answer, headers = flow.service.client("ann").sign(run.DOCUMENT, token)
    assert (status, answer["error"]) == (401, "insufficient_authentication")
    [challenge] = [value for name, value in headers if name == "WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="substantial high"' in challenge


def test_no_record_holds_a_token(flow: Flow) -> None:
    """The audit log holds no token."""
    log = (flow.service.folder / "decisions.jsonl").read_text()
    assert flow.token.split(".")[2] not in log
    assert "eyJ" not in log


@needs_dates
def test_the_example() -> None:
    """`python examples/signing_service/run.py` ends with every outcome as expected: the steps, and each kind of refusal."""
    import subprocess

    done = subprocess.run([sys.executable, str(EXAMPLE / "run.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("every outcome is as expected\n")
    codes = {"missing_token", "malformed_token", "algorithm_not_allowed", "invalid_signature", "key_not_found", "token_expired",
             "claim_mismatch", "no_rule_matched", "rule_denied", "insufficient_authentication", "condition_not_met",
             "attribute_invalid", "revoked", "budget_exhausted", "replayed"}  # fmt: skip
    assert codes <= set(done.stdout.split())


def test_every_sentence_has_its_test() -> None:
    """Each row of the page's table names a test that exists."""
    page = (ROOT / "docs/authorizer/flow.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    named = [
        (file, name) for _, cell in rows for file, name in re.findall(r"`(?:(tests/[\w/]+\.py)::)?(test_\w+)`", cell)
    ]
    own = Path(__file__).relative_to(ROOT).as_posix()
    assert len(named) >= 25
    assert [(file, name) for file, name in named if f"def {name}(" not in (ROOT / (file or own)).read_text()] == []
