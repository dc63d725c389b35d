"""`Authorizer`: decisions with their codes and stages, workers, binding, state, reload, audit, explanations."""

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

import forge
from jwseal import PolicyError
from jwseal.authorizer import Authorizer, Decision
from jwseal.authorizer.decision import STAGES
from jwseal.state import MemoryState

NOW = 1_700_000_000.25
KEY = forge.material("PS512")
JWK = {**KEY.public_jwk(), "kid": "k1"}

CONFIGURATION = f"""
[issuers.bank]
issuer = "https://as.example"
keys = [{{ kty = "RSA", kid = "k1", n = "{JWK["n"]}", e = "{JWK["e"]}" }}]
algorithms = ["PS512"]
audience = ["signing"]
leeway = "30s"
max_lifetime = "10m"
required = ["sub", "jti"]
acr_order = ["low", ["substantial", "loa3"], "high"]

[workers.invoice]
rules = ["sign", "blocked"]
map = "invoice"

[workers.bound]
rules = ["sign"]
binding = ["sad", "authorization_details"]

[workers.stepup]
rules = ["strong"]

[[rules]]
id = "sign"
issuer = "bank"
effect = "allow"
when = {{ claim = "scope", contains = "sign" }}

[[rules]]
id = "blocked"
issuer = "bank"
effect = "deny"
when = {{ any = [{{ claim = "blocked", exists = true }}, {{ claim = "risk", at_least = 70 }}] }}

[[rules]]
id = "strong"
issuer = "bank"
effect = "allow"
when = {{ all = [
  {{ claim = "scope", contains = "sign" }},
  {{ claim = "acr", acr_at_least = "loa3" }},
  {{ claim = "auth_time", after = "now-5m" }},
] }}

[maps.invoice]
subject_dn.CN = "{{name}}"
subject_dn.O = {{ template = "{{org}}", optional = true }}
san.rfc822Name = {{ template = "{{email}}", optional = true }}
headers.X-User = "{{sub}}"
"""

CLAIMS = {
    "iss": "https://as.example", "aud": "signing", "sub": "ann", "jti": "j1", "iat": int(NOW), "exp": int(NOW) + 300,
    "scope": "openid sign", "name": "Ann Lee", "acr": "high", "auth_time": int(NOW) - 60, "amr": ["pwd", "otp"],
}  # fmt: skip


def token(key: forge.Material = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    payload = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return forge.token({"alg": "PS512", "typ": "JWT", "kid": "k1", **(header or {})}, payload, key, "PS512")


def authorizer(**arguments: Any) -> Authorizer:
    return Authorizer.from_text(CONFIGURATION, clock=lambda: NOW, **arguments)


AUTHORIZER = authorizer()


@pytest.fixture(params=["authorize", "authorize_async"])
def decide(request: pytest.FixtureRequest) -> Any:
    """Both ways to ask."""

    def decide(presented: str | None, worker: str = "invoice", by: Authorizer = AUTHORIZER, **named: Any) -> Decision:
        if request.param == "authorize":
            return by.authorize(presented, worker=worker, **named)
        return asyncio.run(by.authorize_async(presented, worker=worker, **named))

    return decide


def outcome(decision: Decision) -> tuple[str, str, int]:
    assert decision.stage in STAGES
    assert bool(decision) is decision.allowed is (decision.code == "allowed")
    return decision.code, decision.stage, decision.http_status


def test_allowed(decide: Any) -> None:
    """A valid token that a rule allows has its attributes, claims and the end of its time."""
    decision = decide(token(org="Example", email="ann@x.cz"))
    assert outcome(decision) == ("allowed", "state", 200)
    assert (decision.rule, decision.issuer, decision.kid, decision.alg, decision.subject, decision.worker) == (
        "sign", "bank", "k1", "PS512", "ann", "invoice",
    )  # fmt: skip
    assert decision.attributes["subject_dn"] == {"CN": "Ann Lee", "O": "Example"}
    assert decision.headers == {"X-User": "ann"}
    assert (decision.claims["name"], decision.expires_at) == ("Ann Lee", CLAIMS["exp"])
    assert decision.scopes == {"openid", "sign"}
    assert decision.subject_name().rfc4514_string() == decision.subject_text() == "CN=Ann Lee,O=Example"
    extension = decision.subject_alternative_name()
    assert extension is not None
    assert [name.value for name in extension] == ["ann@x.cz"]
    assert decision.challenge() == (200, [])
    assert repr(decision) == "<Decision allowed at state, rule 'sign'>"


REFUSALS = [
    ("no token", None, ("missing_token", "token", 401)),
    ("no JWS", "a.b", ("malformed_token", "token", 401)),
    ("a header that cannot be", token(header={"crit": ["x"], "x": 1}), ("unsupported_header", "token", 401)),
    ("too large", "a" * 20_000, ("token_too_large", "token", 401)),
    ("another algorithm", forge.token({"alg": "RS256"}, CLAIMS, KEY, "RS256"), ("algorithm_not_allowed", "key", 401)),
    ("another kid", token(header={"kid": "k2"}), ("key_not_found", "key", 401)),
    ("another issuer", token(iss="https://evil.example"), ("key_not_found", "key", 401)),
    ("another key", token(forge.material("PS512", "other")), ("invalid_signature", "signature", 401)),
    ("another typ", token(header={"typ": "logout+jwt"}), ("wrong_typ", "claims", 401)),
    ("expired", token(iat=int(NOW) - 100, exp=int(NOW) - 30), ("token_expired", "claims", 401)),
    ("too long a life", token(exp=int(NOW) + 601), ("invalid_claim", "claims", 401)),
    ("another audience", token(aud="other"), ("claim_mismatch", "claims", 401)),
    ("no jti", token(jti=None), ("missing_claim", "claims", 401)),
    ("no rule", token(scope="openid"), ("no_rule_matched", "rules", 403)),
    ("a rule that denies", token(blocked=None, risk=80), ("rule_denied", "rules", 403)),
    ("a deny rule that cannot be told", token(risk="95"), ("condition_error", "rules", 403)),
    ("an attribute that cannot be", token(name="Ann\u202eLee"), ("attribute_invalid", "attributes", 403)),
    ("an attribute that is missing", token(name=None), ("attribute_invalid", "attributes", 403)),
]


@pytest.mark.parametrize(("presented", "expected"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_refusals(decide: Any, presented: str | None, expected: tuple[str, str, int]) -> None:
    """Each kind of refusal has its code, its stage and its status, and is a decision and no exception."""
    decision = decide(presented)
    assert outcome(decision) == expected
    assert (decision.attributes, decision.headers, decision.claims, decision.expires_at) == ({}, {}, {}, None)
    assert decision.scopes == frozenset()
    status, headers = decision.challenge(realm="signing")
    assert status == decision.http_status
    assert headers[0][0] == "WWW-Authenticate"
    with pytest.raises(ValueError, match="refused"):
        decision.subject_name()
    with pytest.raises(ValueError, match="refused"):
        decision.subject_alternative_name()


def test_a_good_and_a_bad_token() -> None:
    """Two tokens in one request are refused when the header is read, whatever each of them is."""
    from jwseal import MalformedToken, bearer

    for values in ([f"Bearer {token()}", "Bearer x.y.z"], f"Bearer {token()}, Bearer x.y.z", f"Bearer {token()} x.y.z"):
        with pytest.raises(MalformedToken):
            bearer(values)


def test_deny_overrides(decide: Any) -> None:
    """A rule that denies wins over a rule that allows, and is the one that is named."""
    decision = decide(token(blocked=True))
    assert (decision.code, decision.rule) == ("rule_denied", "blocked")


@pytest.mark.parametrize(
    ("claims", "challenge"),
    [
        ({"acr": "low"}, 'acr_values="substantial high"'),
        ({"auth_time": int(NOW) - 600}, 'max_age="300"'),
    ],
    ids=["acr", "auth_time"],
)
def test_step_up(decide: Any, claims: dict[str, Any], challenge: str) -> None:
    """Where a rule fails only by how the user authenticated, the answer asks for more (RFC 9470)."""
    decision = decide(token(**claims), "stepup")
    assert outcome(decision) == ("insufficient_authentication", "rules", 401)
    status, [(name, value)] = decision.challenge()
    assert (status, name) == (401, "WWW-Authenticate")
    assert 'error="insufficient_user_authentication"' in value
    assert challenge in value


def test_step_up_is_not_offered_in_vain(decide: Any) -> None:
    """A token that lacks more than that is refused without the offer."""
    assert decide(token(acr="low", scope="x"), "stepup").code == "no_rule_matched"


OID = "2.16.840.1.101.3.4.2.1"
HASHES = [hashlib.sha256(text).digest() for text in (b"one", b"two", b"three")]


def text(digest: bytes, form: str = "base64") -> str:
    import base64

    forms = {"base64": base64.b64encode, "base64url": base64.urlsafe_b64encode}
    return digest.hex() if form == "hex" else forms[form](digest).decode().rstrip("=" if form == "base64url" else "")


def sad(*digests: bytes, form: str = "base64", **claims: Any) -> str:
    named = {"credentialID": "c1", "hashes": [text(one, form) for one in digests], "hashAlgorithmOID": OID}
    return token(**{**named, **claims})


def details(*grants: dict[str, Any]) -> str:
    return token(authorization_details=list(grants))


def grant(*digests: bytes, **members: Any) -> dict[str, Any]:
    documents = [{"hash": text(one), "label": "a document"} for one in digests]
    return {
        "type": "credential",
        "credentialID": "c1",
        "documentDigests": documents,
        "hashAlgorithmOID": OID,
        **members,
    }


def request(*digests: bytes, form: str = "base64", **members: Any) -> dict[str, Any]:
    hashes = [text(one, form) for one in digests]
    return {"credentialID": "c1", "hashes": hashes, "hashAlgorithmOID": OID, **members}


ALLOWED, NOT_MET, EXHAUSTED = (
    ("allowed", "state", 200),
    ("condition_not_met", "binding", 403),
    ("budget_exhausted", "binding", 403),
)
A, B, C = HASHES
BINDINGS = [
    ("one hash of two", sad(A, B), request(A), ALLOWED),
    ("all hashes", sad(A, B), request(B, A), ALLOWED),
    ("a hash more than the token's", sad(A), request(A, B), NOT_MET),
    ("another hash", sad(A), request(C), NOT_MET),
    ("base64url and base64", sad(A, form="base64url"), request(A, form="base64"), ALLOWED),
    ("hex and base64", sad(A, form="hex"), request(A), ALLOWED),
    ("bytes", sad(A), {**request(A), "hashes": [A]}, ALLOWED),
    ("no hashes in the request", sad(A), request(), NOT_MET),
    ("no request", sad(A), {}, NOT_MET),
    ("hashes that are one text", sad(A), {**request(A), "hashes": text(A)}, NOT_MET),
    ("no hashes in the token", token(credentialID="c1"), request(A), NOT_MET),
    ("an empty list in the token", sad(), request(A), NOT_MET),
    ("a text with a comma in the token", sad(hashes=f"{text(A)},{text(B)}"), request(B, A), ALLOWED),
    ("a text with a comma, another hash", sad(hashes=f"{text(A)},{text(B)}"), request(C), NOT_MET),
    ("a text with a comma, no number", sad(hashes=f"{text(A)},{text(B)}"), request(A, A, B), EXHAUSTED),
    ("a text of one hash in the token", sad(hashes=text(A, "base64url")), request(A), ALLOWED),
    ("a text with spaces in the token", sad(hashes=f"{text(A)} {text(B)}"), request(A), NOT_MET),
    ("an empty text in the token", sad(hashes=""), request(A), NOT_MET),
    ("no digest in the request", sad(A), {"credentialID": "c1", "hashes": [text(A)]}, NOT_MET),
    ("another digest", sad(A), request(A, hashAlgorithmOID="2.16.840.1.101.3.4.2.8"), NOT_MET),
    ("another credential", sad(A), request(A, credentialID="c2"), NOT_MET),
    ("no credential in the request", sad(A), request(A, credentialID=None), NOT_MET),
    ("no credential in the token", sad(A, credentialID=None), request(A), NOT_MET),
    ("a hash twice, two signatures", sad(A, numSignatures=2), request(A, A), ALLOWED),
    ("a hash twice, one signature", sad(A, numSignatures=1), request(A, A), EXHAUSTED),
    ("a hash twice, no number", sad(A), request(A, A), EXHAUSTED),
    ("the number as text", sad(A, numSignatures="2"), request(A, A), ALLOWED),
    ("a number that is none", sad(A, numSignatures="many"), request(A), NOT_MET),
    ("a number of nothing", sad(A, numSignatures=0), request(A), NOT_MET),
    ("details: one of two", details(grant(A, B)), request(B), ALLOWED),
    ("details: another type", details(grant(A, type="payment")), request(A), NOT_MET),
    ("details: the second element", details(grant(A), grant(B)), request(B), ALLOWED),
    ("details: two elements are not added", details(grant(A), grant(B)), request(A, B), NOT_MET),
    ("details: the second element allows more", details(grant(A, B, numSignatures=1), grant(A, B, numSignatures=2)),
     request(A, B), ALLOWED),
    ("details: no element allows as many", details(grant(A, B, numSignatures=1), grant(C)), request(A, B), EXHAUSTED),
    ("details: hash of one, credential of the other", details(grant(A), grant(B, credentialID="c2")),
     request(A, credentialID="c2"), NOT_MET),
    ("details: qualifier", details(grant(A, credentialID=None, signatureQualifier="eu_eidas_qes")),
     request(A, signatureQualifier="eu_eidas_qes"), ALLOWED),
    ("details: another qualifier", details(grant(A, signatureQualifier="eu_eidas_qes")),
     request(A, signatureQualifier="eu_eidas_aes"), NOT_MET),
    ("details: digests that are one text", details(grant(documentDigests=text(A))), request(A), NOT_MET),
    ("details: no list", token(authorization_details={"0": grant(A)}), request(A), NOT_MET),
    ("details: two elements, one signature each", details(grant(A), grant(A)), request(A, A), EXHAUSTED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("presented", "wanted", "expected"), [row[1:] for row in BINDINGS], ids=[row[0] for row in BINDINGS]
)
def test_binding(decide: Any, presented: str, wanted: dict[str, Any], expected: tuple[str, str, int]) -> None:
    """Every hash of the request is among the token's, the credential is the token's, the signatures are no more than it allows."""
    assert outcome(decide(presented, "bound", request=wanted)) == expected


def test_the_hashes_of_a_request_are_a_list(decide: Any) -> None:
    """A request whose `hashes` is one text is refused with a reason that says what to give."""
    decision = decide(sad(A), "bound", request={**request(A), "hashes": text(A)})
    assert decision.reason == "hashes of the request is one text, and it must be a list: an element for each signature"


def test_a_form_that_is_not_accepted(decide: Any) -> None:
    """A worker accepts the forms that its `binding` names and no others."""
    only = Authorizer.from_text(
        CONFIGURATION.replace('binding = ["sad", "authorization_details"]', 'binding = "sad"'), clock=lambda: NOW
    )
    assert decide(details(grant(A)), "bound", only, request=request(A)).code == "condition_not_met"
    assert decide(sad(A), "bound", only, request=request(A)).code == "allowed"


def test_a_budget_over_several_requests(decide: Any) -> None:
    """A token is used for as many signatures as it allows, counted over requests; what exceeds is refused whole."""
    state = MemoryState()
    by = authorizer(replay=state, budget=state)
    presented = sad(A, B, numSignatures=3)
    codes = [decide(presented, "bound", by, request=request(*some)).code for some in ((A,), (A, B, A), (B, B), (A,))]
    assert codes == ["allowed", "budget_exhausted", "allowed", "budget_exhausted"]
    assert outcome(decide(presented, "bound", by, request=request(A))) == ("budget_exhausted", "state", 403)


def test_a_token_is_used_once(decide: Any) -> None:
    """With a replay store the second use is refused; a refused token uses nothing up."""
    by = authorizer(replay=MemoryState())
    assert decide(token(blocked=True), by=by).code == "rule_denied"
    assert decide(token(name="\0"), by=by).code == "attribute_invalid"
    assert decide(token(), by=by).code == "allowed"
    assert outcome(decide(token(), by=by)) == ("replayed", "state", 401)


def test_without_a_budget_store_a_bound_token_is_used_once(decide: Any) -> None:
    """A bound worker without a budget store asks the replay store."""
    by = authorizer(replay=MemoryState())
    codes = [decide(sad(A, numSignatures=5), "bound", by, request=request(A)).code for _ in range(2)]
    assert codes == ["allowed", "replayed"]


def test_revoked(decide: Any) -> None:
    """A revoked token is refused before it is used up."""
    state = MemoryState()
    state.revoke("https://as.example", sub="ann", before=NOW + 1, ttl=600)
    by = authorizer(revocation=state, replay=state)
    assert [decide(token(), by=by).code for _ in range(2)] == ["revoked", "revoked"]


class Failing:
    """A store whose server cannot be reached."""

    def fail(self, *_: Any) -> bool:
        raise ConnectionError

    add = take = revoked = fail


def test_a_store_that_fails(decide: Any) -> None:
    """A store that fails is 503, and with `on_unavailable="allow"` the decision and its record name it."""
    decision = decide(token(), by=authorizer(replay=Failing()))
    assert outcome(decision) == ("state_unavailable", "state", 503)
    assert decision.challenge() == (503, [("Retry-After", "5")])
    decision = decide(token(), by=authorizer(replay=Failing(), on_unavailable="allow"))
    assert (decision.code, decision.unchecked, decision.audit()["unchecked"]) == ("allowed", {"replay"}, ["replay"])


@pytest.mark.parametrize(
    ("worker", "sentence"),
    [("nobody", "unknown worker: this configuration has invoice, bound, stepup"), (None, "worker is required")],
)
def test_workers(decide: Any, worker: Any, sentence: str) -> None:
    """An unknown worker, or none where workers exist, is an error of the program."""
    with pytest.raises(PolicyError, match=sentence):
        decide(token(), worker)


def test_without_workers(decide: Any) -> None:
    """Without workers every rule applies, and the map `default`; naming one is an error of the program."""
    text = CONFIGURATION
    for worker in ("invoice", "bound", "stepup"):
        start = text.index(f"[workers.{worker}]")
        text = text[:start] + text[text.index("\n[", start) + 1 :]
    by = Authorizer.from_text(text.replace("[maps.invoice]", "[maps.default]"), clock=lambda: NOW)
    assert by.workers == ()
    assert decide(token(), None, by).attributes["subject_dn"] == {"CN": "Ann Lee"}
    assert decide(token(blocked=1), None, by).code == "rule_denied"
    with pytest.raises(PolicyError, match="no workers"):
        decide(token(), "invoice", by)


@pytest.mark.parametrize("presented", [5, bytearray(b"a.b.c"), ["a.b.c"]], ids=["int", "bytearray", "list"])
def test_what_is_no_token(decide: Any, presented: Any) -> None:
    """A token of another Python type is an error of the program."""
    with pytest.raises(TypeError, match="a token is str or bytes, not"):
        decide(presented)


def test_bytes(decide: Any) -> None:
    """A token may be bytes."""
    assert decide(token().encode()).allowed


def test_the_audit_record(decide: Any) -> None:
    """The record is one JSON object with the token's SHA-256, the rule and how the user authenticated, and never the token."""
    presented = token()
    record = decide(presented).audit()
    assert json.loads(json.dumps(record)) == record
    assert record == {
        "schema": "jwseal.audit/1", "time": "2023-11-14T22:13:20.250Z", "worker": "invoice", "allowed": True, "code": "allowed",
        "stage": "state", "rule": "sign", "issuer": "bank", "kid": "k1", "alg": "PS512", "typ": "JWT",
        "token_sha256": hashlib.sha256(presented.encode()).hexdigest(), "jti_sha256": hashlib.sha256(b"j1").hexdigest(),
        "subject": "ann", "subject_form": "plain", "aud": "signing", "acr": "high", "amr": ["pwd", "otp"],
        "auth_time": CLAIMS["auth_time"], "expires_at": CLAIMS["exp"], "sender": None, "unchecked": [], "policy_version": AUTHORIZER.version,
    }  # fmt: skip
    assert not any(part in json.dumps(record) for part in presented.split("."))


@pytest.mark.parametrize(
    ("form", "subject"), [("plain", "ann"), ("sha256", hashlib.sha256(b"ann").hexdigest()), ("omit", None)]
)
def test_the_subject_in_the_record(decide: Any, form: str, subject: str | None) -> None:
    """The subject is in the record as the configuration says."""
    by = Authorizer.from_text(f'{CONFIGURATION}[audit]\nsubject = "{form}"', clock=lambda: NOW)
    record = decide(token(), by=by).audit()
    assert (record["subject"], record["subject_form"]) == (subject, form)


def test_the_record_of_an_unverified_token(decide: Any) -> None:
    """Before the signature is verified the record repeats nothing that the token says."""
    record = decide(token(forge.material("PS512", "other"))).audit()
    assert record["code"] == "invalid_signature"
    told = (
        "issuer",
        "kid",
        "alg",
        "typ",
        "subject",
        "jti_sha256",
        "aud",
        "acr",
        "amr",
        "auth_time",
        "expires_at",
        "sender",
        "rule",
    )
    assert [record[name] for name in told] == [None] * len(told)


def test_decisions_are_immutable() -> None:
    """A decision cannot be changed after it was made."""
    decision = AUTHORIZER.authorize(None, worker="invoice")
    with pytest.raises(AttributeError):
        decision.allowed = True  # type: ignore[misc]


def test_explain() -> None:
    """An explanation has each condition with its outcome, claim values only when asked, and uses nothing up."""
    by = authorizer(replay=MemoryState())
    explanation = by.explain(token(acr="low", name="Ann"), worker="stepup")
    assert explanation.decision.code == "insufficient_authentication"
    leaves = explanation.rules[0]["when"]["all"]
    assert [(leaf["claim"], leaf["outcome"]) for leaf in leaves] == [
        ("scope", "true"),
        ("acr", "false"),
        ("auth_time", "true"),
    ]
    assert '"low"' not in str(explanation)
    assert "claim acr acr_at_least: false" in str(explanation)
    assert '"low"' in str(by.explain(token(acr="low"), worker="stepup", values=True))
    assert by.explain("x", worker="stepup").rules == []
    assert by.explain(None, worker="stepup").decision.code == "missing_token"
    assert by.explain(token(), worker="invoice").decision.allowed
    assert by.authorize(token(), worker="invoice").allowed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration in a file, its keys beside it."""
    lines = CONFIGURATION.splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith("keys = "))
    lines[number] = 'keys_file = "bank.jwks"'
    (tmp_path / "bank.jwks").write_text(json.dumps({"keys": [JWK]}))
    (tmp_path / "signing.toml").write_text("\n".join(lines))
    return tmp_path / "signing.toml"


def replace(path: Path, before: str, after: str) -> None:
    """Replace a file as deployments do: a new file under the old name."""
    new = path.with_suffix(".new")
    new.write_text(path.read_text().replace(before, after))
    new.replace(path)


def test_reload(path: Path) -> None:
    """A changed configuration takes effect whole, under another version; an unchanged one keeps the version."""
    by = Authorizer.from_file(path, clock=lambda: NOW)
    before = by.version
    assert by.authorize(token(), worker="invoice").audit()["policy_version"] == before
    assert by.reload() is False
    replace(path, 'contains = "sign"', 'contains = "seal"')
    assert by.authorize(token(), worker="invoice").allowed
    assert by.reload() is True
    assert by.version != before
    assert by.authorize(token(), worker="invoice").code == "no_rule_matched"


def test_a_key_file_is_part_of_the_version(path: Path) -> None:
    """A key that is withdrawn from its file is refused on the next decision after the reload."""
    by = Authorizer.from_file(path, clock=lambda: NOW)
    other = forge.material("PS512", "other").public_jwk()
    (path.parent / "bank.jwks").write_text(json.dumps({"keys": [{**other, "kid": "k1"}]}))
    assert by.reload() is True
    assert by.authorize(token(), worker="invoice").code == "invalid_signature"


def test_the_last_good_configuration_is_kept(path: Path) -> None:
    """A configuration that cannot be used changes nothing, and says what is wrong with it."""
    by = Authorizer.from_file(path, clock=lambda: NOW)
    before = by.version
    replace(path, 'effect = "deny"', 'effect = "never"')
    with pytest.raises(PolicyError, match=r"signing\.toml:\d+:1: rules\[1\]\.effect: must be one of"):
        by.reload()
    assert isinstance(by.reload_error, PolicyError)
    assert (by.version, by.authorize(token(), worker="invoice").allowed) == (before, True)
    replace(path, 'effect = "never"', 'effect = "deny"')
    assert (by.reload(), by.reload_error) == (False, None)
    os.remove(path)
    with pytest.raises(PolicyError, match="No such file"):
        by.reload()
    assert by.authorize(token(), worker="invoice").allowed


def test_a_call_that_is_due_looks_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With `reload_every` a call that is due reads changed files; one that cannot be used is logged and not raised."""
    by = Authorizer.from_file(path, reload_every=0, clock=lambda: NOW)
    replace(path, 'contains = "sign"', 'contains = "seal"')
    assert by.authorize(token(), worker="invoice").code == "no_rule_matched"
    replace(path, 'contains = "seal"', "contains = ")
    assert by.authorize(token(), worker="invoice").code == "no_rule_matched"
    assert "the configuration is not replaced" in caplog.text
    assert by.reload_error is not None
    replace(path, "contains = ", 'contains = "sign"')
    assert by.authorize(token(), worker="invoice").allowed


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "'bank.jwks' cannot be read: No such file"), ("", "keys_file: the file is empty"), ("hello", "must hold a JWK"),
     ('{"keys": 5}', "issuers.bank.keys_file: "),
     ('{"keys": [{"kty": "RSA"}]}', "issuers.bank.keys_file: "), ('{"keys": []}', "issuers.bank.keys_file: "),
     ("{" * 9, "the file is not valid JSON"), ("[]", "issuers.bank.keys_file: "), ('{"keys": [], "keys": []}', "duplicate member"),
     (json.dumps(JWK | {"use": "enc"}), "a key set needs a key"), (json.dumps({"keys": [JWK, 5]}), "key 1 is not a JWK"),
     (json.dumps({"keys": [JWK, JWK | {"alg": "x"}]}), "keys_file: key 1: the JWK's alg is not"),
     (json.dumps(forge.material("ES256").public_jwk()), ":5:1: issuers.bank.algorithms: algorithms names PS512, which no key here has; they"),
     (forge.material("ES256").private_pem(), "write its public key to the file")],
    ids=["missing", "empty", "no key at all", "no keys", "no key", "no members", "no JSON", "a list", "twice", "for encryption", "a number",
         "one of two", "another algorithm", "a private key"],
)  # fmt: skip
def test_keys_that_cannot_be_read(path: Path, content: str | bytes | None, sentence: str) -> None:
    """Keys that are missing or unusable are a PolicyError with the key of the configuration."""
    keys = path.parent / "bank.jwks"
    os.remove(keys)
    if content is not None:
        keys.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PolicyError) as caught:
        Authorizer.from_file(path)
    assert sentence in str(caught.value)


def test_keys_for_encryption_are_left_out(path: Path) -> None:
    """A JWK Set as an authorization server publishes it, with a key for encryption, serves as `keys_file`."""
    published = [{**JWK, "kid": "e", "use": "enc", "alg": "RSA-OAEP"}, {**JWK, "use": "sig", "alg": "PS512"}]
    (path.parent / "bank.jwks").write_text(json.dumps({"keys": published}))
    assert Authorizer.from_file(path, clock=lambda: NOW).authorize(token(), worker="invoice").allowed


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('certificate_file = "bank.jwks"', "certificate_file: this is JSON: name it as keys_file"),
        ('certificate_file = "bank.pem"', "certificate_file: PEM block 'PUBLIC KEY' is not a certificate: name it as keys_file"),
        ('jwks_url = "https://as.example/jwks"\nca_file = "ca.pem"',
         "bank.ca_file: 'ca.pem' cannot be read: No such file or directory; its place is beside the configuration"),
        ("keys = [{ kty = 07:32:00 }]", 'keys: key 0: member "kty": time is not a JSON value; write value.isoformat()'),
        ('jwks_url = "http://as.example/jwks"', "use https (http to 127.0.0.1, ::1 and localhost may go without)"),
    ],
)  # fmt: skip
def test_advice_is_for_the_writer_of_a_configuration(path: Path, line: str, sentence: str) -> None:
    """An error names what a configuration can say, and no argument of a function."""
    (path.parent / "bank.pem").write_bytes(KEY.public_pem())
    replace(path, 'keys_file = "bank.jwks"', line)
    with pytest.raises(PolicyError) as caught:
        Authorizer.from_file(path)
    assert str(caught.value).endswith(sentence)


@pytest.mark.parametrize("form", ["pem", "certificate"])
def test_keys_as_pem(path: Path, form: str) -> None:
    """A public key or a certificate serves for the algorithms that the table lists."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    if form == "pem":
        content = KEY.public_pem()
    else:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as")])
        builder = x509.CertificateBuilder(
            name, name, KEY.public, 1, datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
        )
        content = builder.sign(KEY.private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        replace(path, "keys_file", "certificate_file")
    (path.parent / "bank.jwks").write_bytes(content)
    assert Authorizer.from_file(path, clock=lambda: NOW).authorize(token(), worker="invoice").allowed


@pytest.mark.parametrize("asked", ["x", 5, [("hashes", [])]], ids=["text", "number", "pairs"])
def test_what_is_no_request(decide: Any, asked: Any) -> None:
    """A request that is no mapping is an error of the program."""
    with pytest.raises(TypeError, match="request must be a mapping or None"):
        decide(token(), request=asked)


@pytest.mark.parametrize("every", ["10s", True, -1, float("nan")])
def test_how_often_files_are_looked_at(path: Path, every: Any) -> None:
    """`reload_every` is a number of seconds, which is judged when the authorizer is made."""
    with pytest.raises((TypeError, PolicyError), match="reload_every must be"):
        Authorizer.from_file(path, reload_every=every)


def test_no_constructor() -> None:
    """An authorizer is made from a file or a text."""
    with pytest.raises(TypeError, match="from_file or from_text"):
        Authorizer("signing.toml")
    with pytest.raises(TypeError, match="from_file or from_text"):
        Authorizer()
    with pytest.raises(TypeError, match="toml must be str"):
        Authorizer.from_text(b"")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="clock must be a function"):
        Authorizer.from_text(CONFIGURATION, clock=5)  # type: ignore[arg-type]
    assert repr(AUTHORIZER) == f"<Authorizer of 1 issuer(s), version {AUTHORIZER.version[:12]}>"
