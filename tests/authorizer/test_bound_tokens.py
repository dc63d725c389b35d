"""`Authorizer(sender=)`: tokens that are bound to a key need the proof of their sender, before a rule is judged (RFC 9449, RFC 8705)."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import forge
from jwseal import PolicyError
from jwseal.authorizer import Authorizer, Decision
from jwseal.authorizer.audit_log import read_record
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck, Nonce
from jwseal.state import MemoryState
from proofs import JKT, NOW, OTHER, URL, WRONG, Prover, b64

KEY = forge.material("ES256")
JWK = ", ".join(f'{name} = "{value}"' for name, value in KEY.public_jwk().items() if isinstance(value, str))
CONFIGURATION = f"""
[issuers.bank]
issuer = "https://as.example"
keys = [{{ {JWK} }}]
algorithms = ["ES256"]
audience = ["signing"]

[[rules]]
id = "sign"
issuer = "bank"
effect = "allow"
when = {{ claim = "scope", contains = "sign" }}
"""
COMPATIBLE = CONFIGURATION.replace('algorithms = ["ES256"]', 'compat = "signserver"')
DER = b"a certificate"
CERTIFIED = {"x5t#S256": b64(hashlib.sha256(DER).digest())}


def token(**claims: Any) -> str:
    """A token of the bank, bound to the key of proofs; None leaves a claim out."""
    right = {"iss": "https://as.example", "aud": "signing", "sub": "ann", "jti": "j1", "iat": NOW, "exp": NOW + 300}
    payload = {**right, "scope": "sign", "cnf": {"jkt": JKT}, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    return forge.token({"alg": "ES256", "typ": "JWT"}, payload, KEY, "ES256")


def authorizer(sender: Any, text: str = CONFIGURATION, **stores: Any) -> Authorizer:
    """An authorizer that demands this proof."""
    return Authorizer.from_text(text, clock=lambda: NOW, sender=sender, **stores)


def proof(text: str, **claims: Any) -> Dpop:
    """A right proof, but for these claims."""
    return Dpop(Prover(text)(**claims), "GET", URL)


@pytest.fixture(params=["authorize", "authorize_async"])
def decide(request: pytest.FixtureRequest) -> Any:
    """Both ways to ask."""

    def decide(by: Authorizer, text: str | None, sender: Any = None) -> Decision:
        if request.param == "authorize":
            return by.authorize(text, sender=sender)
        return asyncio.run(by.authorize_async(text, sender=sender))

    return decide


def outcome(decision: Decision) -> tuple[str, str, int]:
    """Code, stage and status."""
    return decision.code, decision.stage, decision.http_status


def test_a_proof_is_demanded_on_each_call(decide: Any) -> None:
    """With sender="dpop" a token without its proof is refused, and so is one that is bound to no key."""
    by, text = authorizer("dpop"), token()
    for _ in range(2):
        assert decide(by, text, proof(text))
        assert ("sender_mismatch", "claims", 401) == outcome(decide(by, text))
        wrong = Dpop(Prover(text)(key=OTHER), "GET", URL)
        assert ("sender_mismatch", "claims", 401) == outcome(decide(by, text, wrong))
    for cnf in (None, {}, "x", CERTIFIED):
        unbound = token(cnf=cnf)
        assert ("sender_mismatch", "claims", 401) == outcome(decide(by, unbound, proof(unbound)))


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_proof(name: str, decide: Any) -> None:
    """Each is refused with sender_mismatch and its challenge, and uses neither the token nor the proof up."""
    make, words, kind = WRONG[name]
    check = DpopCheck(algorithms=["ES256"], replay=MemoryState(clock=lambda: NOW))
    by, text = authorizer(check, replay=MemoryState(clock=lambda: NOW)), token()
    refused = decide(by, text, Dpop(make(Prover(text)), "GET", URL))
    assert ("sender_mismatch", "claims", 401) == outcome(refused)
    assert words in refused.reason
    assert (401, [("WWW-Authenticate", f'DPoP error="{kind}", algs="ES256"')]) == refused.challenge()
    assert decide(by, text, proof(text))


def test_a_certificate_is_demanded_on_each_call(decide: Any) -> None:
    """With sender="mtls" the token's certificate must be the connection's."""
    by, text = authorizer("mtls"), token(cnf=CERTIFIED)
    assert decide(by, text, ClientCertificate(DER))
    for other, sender in [
        (text, None),
        (text, ClientCertificate(None)),
        (text, ClientCertificate(b"another")),
        (token(), ClientCertificate(DER)),
        (token(cnf=None), ClientCertificate(DER)),
    ]:
        assert ("sender_mismatch", "claims", 401) == outcome(decide(by, other, sender))


@pytest.mark.parametrize(
    ("text", "code", "stage"),
    [
        (None, "missing_token", "token"),
        ("x", "malformed_token", "token"),
        (token()[:-4] + "AAAA", "invalid_signature", "signature"),
        (token(exp=NOW - 1), "token_expired", "claims"),
        (token(aud="another"), "claim_mismatch", "claims"),
        (token(scope="nothing"), "sender_mismatch", "claims"),
    ],
)
def test_the_proof_comes_after_the_claims_and_before_the_rules(
    text: str | None, code: str, stage: str, decide: Any
) -> None:
    """A wrong proof beside a token that is refused for another reason: what is judged first is the code."""
    assert (code, stage) == outcome(decide(authorizer("dpop"), text, Dpop("x", "GET", URL)))[:2]


def test_an_audience_of_the_compatibility_mode(decide: Any) -> None:
    """The audience that the compatibility mode judges comes before the proof too, and leaves the proof unused."""
    by = authorizer(DpopCheck(replay=MemoryState(clock=lambda: NOW)), COMPATIBLE)
    text, right = token(aud="another"), token()
    for _ in range(2):
        assert ("claim_mismatch", "claims", 401) == outcome(decide(by, text, proof(text)))
    assert decide(by, right, proof(right))


def test_a_proof_is_used_once(decide: Any) -> None:
    """With a store of proofs the second use is refused; a store that does not answer is 503."""

    class Down:
        """A store that does not answer."""

        def add(self, key: str, ttl: float) -> bool:
            """Fail."""
            raise OSError

    by, text = authorizer(DpopCheck(replay=MemoryState(clock=lambda: NOW))), token()
    sent = proof(text)
    assert decide(by, text, sent)
    again = decide(by, text, sent)
    assert (("sender_mismatch", "claims", 401), "the proof was used before") == (outcome(again), again.reason)
    down = decide(authorizer(DpopCheck(replay=Down())), text, sent)
    assert ("state_unavailable", "claims", 503) == outcome(down)


def test_a_store_over_the_network(decide: Any) -> None:
    """A store that is asynchronous serves `authorize_async`."""
    stored = MemoryState(clock=lambda: NOW)

    class Asynchronous:
        """A store with an asynchronous method."""

        async def add(self, key: str, ttl: float) -> bool:
            """As that of the memory."""
            return stored.add(key, ttl)

    by: Any = authorizer(DpopCheck(replay=Asynchronous()))  # type: ignore[arg-type]
    text = token()
    first = asyncio.run(by.authorize_async(text, sender=proof(text)))
    again = asyncio.run(by.authorize_async(text, sender=proof(text)))
    assert ("allowed", "sender_mismatch") == (first.code, again.code)


def test_nonces(decide: Any) -> None:
    """A proof without a nonce is answered with one, and late in its time the next is at hand."""
    nonces = Nonce(bytes(32), ttl=300)
    by, text = authorizer(DpopCheck(nonce=nonces)), token()
    status, headers = decide(by, text, proof(text)).challenge()
    nonce = dict(headers)["DPoP-Nonce"]
    assert (401, True) == (status, nonces.accepts(nonce, NOW))
    sent = proof(text, nonce=nonce)
    assert (True, None) == (decide(by, text, sent).allowed, sent.next_nonce)
    late = proof(text, nonce=nonces.make(NOW - 200))
    assert decide(by, text, late)
    assert nonces.accepts(late.next_nonce, NOW)


def test_a_rule_about_the_claim(decide: Any) -> None:
    """Rules see `cnf` as any claim, after the proof was accepted."""
    text = CONFIGURATION.replace('{ claim = "scope", contains = "sign" }', '{ claim = "cnf.jkt", not_equals = "x" }')
    by, bound = authorizer("dpop", text), token()
    assert decide(by, bound, proof(bound))


@pytest.mark.parametrize(
    ("sender", "cnf", "sent", "code", "told"),
    [
        (None, None, None, "allowed", None),
        (None, {"kid": "1"}, None, "allowed", None),
        (None, {"jkt": JKT}, None, "allowed", "unproven"),
        (None, CERTIFIED, None, "allowed", "unproven"),
        ("dpop", {"jkt": JKT}, "right", "allowed", "dpop"),
        ("dpop", {"jkt": JKT}, None, "sender_mismatch", "unproven"),
        ("dpop", None, "right", "sender_mismatch", None),
        ("mtls", CERTIFIED, ClientCertificate(DER), "allowed", "mtls"),
        ("mtls", CERTIFIED, ClientCertificate(b"x"), "sender_mismatch", "unproven"),
    ],
)
def test_the_audit_record(sender: Any, cnf: Any, sent: Any, code: str, told: str | None, decide: Any) -> None:
    """It says by what the sender proved that it holds the token's key, or that it did not, and whose token it was."""
    text = token(cnf=cnf)
    decision = decide(authorizer(sender), text, proof(text) if sent == "right" else sent)
    record = decision.audit()
    assert (code, told, "bank", "ann") == (record["code"], record["sender"], record["issuer"], record["subject"])
    assert decision.sender == (told if told != "unproven" else None)
    assert record == read_record(json.dumps(record).encode())
    refused = decide(authorizer(sender), text[:-4] + "AAAA", sent if sent != "right" else proof(text))
    assert (refused.sender, refused.audit()["sender"]) == (None, None)


def test_a_denied_token_was_proven(decide: Any) -> None:
    """A rule that refuses does not undo the proof."""
    text = token(scope="other")
    decision = decide(authorizer("dpop"), text, proof(text))
    assert ("no_rule_matched", "dpop") == (decision.code, decision.sender)
    assert (record := decision.audit()) == read_record(json.dumps(record).encode())


def test_without_sender(decide: Any) -> None:
    """An authorizer without sender= accepts a bound token as a bearer token, and a proof that it would not judge is a mistake."""
    by, text = authorizer(None), token()
    assert (None, True) == (by.sender, decide(by, text).allowed)
    for presented in (text, None):
        with pytest.raises(PolicyError, match="made without sender="):
            decide(by, presented, proof(text))


def test_mistakes_of_the_program(decide: Any) -> None:
    """Another name, another type, and a proof of the other kind are errors of the program and no refusals."""
    with pytest.raises(PolicyError, match='sender must be "dpop" or "mtls"'):
        authorizer("jwt")
    with pytest.raises(TypeError, match="sender must be"):
        authorizer(5)
    with pytest.raises(TypeError, match="sender must be"):
        authorizer(DpopCheck)
    text = token()
    with pytest.raises(TypeError, match="needs Dpop"):
        decide(authorizer("dpop"), text, ClientCertificate(DER))
    with pytest.raises(TypeError, match="needs ClientCertificate"):
        decide(authorizer("mtls"), token(cnf=CERTIFIED), proof(text))
    with pytest.raises(TypeError, match="needs Dpop"):
        decide(authorizer("dpop"), text, "the text of a proof")


def test_a_file_and_its_reload(tmp_path: Path, decide: Any) -> None:
    """`from_file` takes `sender=` too, and a configuration that is read again is judged with the same check."""
    path, check = tmp_path / "signing.toml", CertificateCheck()
    path.write_text(CONFIGURATION)
    by = Authorizer.from_file(path, sender=check, clock=lambda: NOW)
    path.write_text(CONFIGURATION + "# changed\n")
    assert (True, True) == (by.reload(), by.sender is check)
    text = token(cnf=CERTIFIED)
    assert ("sender_mismatch", "allowed") == (
        decide(by, text).code,
        decide(by, text, ClientCertificate(DER)).code,
    )


def test_explain() -> None:
    """An explanation is of the rules: it needs no proof and uses none up."""
    assert authorizer("dpop").explain(token()).decision.allowed
