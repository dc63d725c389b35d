"""`Verifier(sender=)` and `verify(sender=)`: when the proof is judged, by what, and what is refused (RFC 9449, RFC 8705)."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from jwseal import (
    UNCHECKED,
    InvalidToken,
    Issuers,
    KeySet,
    Policy,
    PolicyError,
    SenderMismatch,
    VerifiedJWT,
    Verifier,
    challenge,
)
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer
from proofs import JKT, NOW, OTHER, URL, WRONG, Prover, b64

DER = b"a certificate"


@pytest.fixture(scope="module")
def keys(issuer: FakeIssuer) -> KeySet:
    """The issuer's keys."""
    return KeySet.from_jwks(issuer.jwks())


@pytest.fixture(scope="module")
def policy(issuer: FakeIssuer) -> Policy:
    """What the issuer's tokens must say."""
    return Policy(issuer=issuer.url, audience="api")


@pytest.fixture
def bound(issuer: FakeIssuer) -> str:
    """A token bound to KEY, with an identifier of its own."""
    return issuer.token(cnf={"jkt": JKT}, jti="1", iat=NOW, exp=NOW + 300)


@pytest.fixture
def certified(issuer: FakeIssuer) -> str:
    """A token bound to a certificate."""
    return issuer.token(cnf={"x5t#S256": b64(hashlib.sha256(DER).digest())}, iat=NOW, exp=NOW + 300)


@pytest.fixture(params=["sync", "async"])
def verify(request: pytest.FixtureRequest) -> Callable[..., VerifiedJWT]:
    """Both verbs."""
    if request.param == "sync":
        return lambda verifier, token, **rest: verifier.verify(token, now=NOW, **rest)
    return lambda verifier, token, **rest: asyncio.run(verifier.verify_async(token, now=NOW, **rest))


def dpop(token: str, **claims: Any) -> Dpop:
    """A right proof, but for these claims."""
    return Dpop(Prover(token)(**claims), "GET", URL)


def test_a_proof_is_demanded_on_each_call(
    keys: KeySet, policy: Policy, bound: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """With sender="dpop" a token without its proof is refused, with a cache too."""
    verifier = Verifier(keys, policy, sender="dpop", cache=16)
    for _ in range(2):
        assert verify(verifier, bound, sender=dpop(bound))["cnf"]
        with pytest.raises(SenderMismatch) as caught:
            verify(verifier, bound)
        assert ("sender_mismatch", 401, "cnf") == (caught.value.code, caught.value.http_status, caught.value.claim)
        with pytest.raises(SenderMismatch):
            verify(verifier, bound, sender=dpop(bound, htm="POST"))
        with pytest.raises(SenderMismatch):
            verify(verifier, bound, sender=Dpop(Prover(bound)(key=OTHER), "GET", URL))


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_proof(
    name: str, keys: KeySet, policy: Policy, bound: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """`verify(sender=)` refuses each with sender_mismatch and its challenge, and uses neither token nor proof up."""
    make, words, kind = WRONG[name]
    check = DpopCheck(algorithms=["ES256"], replay=MemoryState(clock=lambda: NOW))
    verifier = Verifier(keys, policy, sender=check, replay=MemoryState(clock=lambda: NOW))
    with pytest.raises(SenderMismatch) as caught:
        verify(verifier, bound, sender=Dpop(make(Prover(bound)), "GET", URL))
    assert ("sender_mismatch", 401, True) == (caught.value.code, caught.value.http_status, words in str(caught.value))
    answer = [("WWW-Authenticate", f'DPoP error="{kind}", algs="ES256"')]
    assert (401, answer) == challenge(caught.value)
    assert verify(verifier, bound, sender=dpop(bound))


def test_a_certificate_is_demanded_on_each_call(
    keys: KeySet, policy: Policy, certified: str, bound: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """With sender="mtls" the token's certificate must be the connection's."""
    verifier = Verifier(keys, policy, sender="mtls")
    assert verify(verifier, certified, sender=ClientCertificate(DER))
    for token, sender in [
        (certified, None),
        (certified, ClientCertificate(None)),
        (certified, ClientCertificate(b"another")),
        (bound, ClientCertificate(DER)),
    ]:
        with pytest.raises(SenderMismatch) as caught:
            verify(verifier, token, sender=sender)
        assert "sender_mismatch" == caught.value.code


def test_the_proof_comes_before_the_stores(
    keys: KeySet, policy: Policy, bound: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """A proof that is refused uses neither the token nor the proof up, and asks no store of revocations."""
    asked = []

    class Revocations:
        def revoked(self, *arguments: Any) -> bool:
            asked.append(arguments)
            return False

    verifier = Verifier(
        keys,
        policy,
        sender=DpopCheck(replay=MemoryState(clock=lambda: NOW)),
        replay=MemoryState(clock=lambda: NOW),
        revocation=Revocations(),
    )
    for sender in (None, dpop(bound, ath="x"), dpop(bound, htu=URL + "/other")):
        with pytest.raises(SenderMismatch):
            verify(verifier, bound, sender=sender)
    assert asked == []
    assert verify(verifier, bound, sender=dpop(bound))
    with pytest.raises(SenderMismatch, match="used before"):
        verify(verifier, bound, sender=dpop(bound))
    with pytest.raises(InvalidToken) as caught:
        verify(verifier, bound, sender=dpop(bound, jti="2"))
    assert "replayed" == caught.value.code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"audience": "other"}, "claim_mismatch"),
        ({"scopes": {"admin"}}, "insufficient_scope"),
        ({"required": ["absent"]}, "missing_claim"),
    ],
)
def test_the_policy_comes_before_the_proof(
    keys: KeySet, policy: Policy, bound: str, change: Any, code: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """A token that the policy refuses has the policy's code, whatever the proof."""
    with pytest.raises(InvalidToken) as caught:
        verify(Verifier(keys, policy.replace(**change), sender="dpop"), bound, sender=None)
    assert code == caught.value.code


def test_a_verifier_without_sender(
    keys: KeySet, policy: Policy, bound: str, issuer: FakeIssuer, verify: Callable[..., VerifiedJWT]
) -> None:
    """It takes a bound token as a bearer token, and a proof that it would not judge is PolicyError."""
    verifier = Verifier(keys, policy)
    assert verifier.sender is None
    assert verify(verifier, bound)["cnf"]
    with pytest.raises(PolicyError, match="made without sender="):
        verify(verifier, bound, sender=dpop(bound))
    with pytest.raises(PolicyError, match="made without sender="):
        verify(Issuers({issuer.url: verifier}), bound, sender=dpop(bound))


def test_issuers_pass_the_proof_on(
    keys: KeySet, policy: Policy, bound: str, issuer: FakeIssuer, verify: Callable[..., VerifiedJWT]
) -> None:
    """The verifier that the token's iss names judges its proof."""
    other = Policy(issuer="https://other.example", audience="api")
    issuers = Issuers(
        {
            issuer.url: Verifier(keys, policy, sender="dpop"),
            "https://other.example": Verifier(keys, other, sender="dpop"),
        },
        cache=4,
    )
    assert isinstance(issuers.sender, DpopCheck)
    for _ in range(2):
        assert verify(issuers, bound, sender=dpop(bound))
        with pytest.raises(SenderMismatch):
            verify(issuers, bound)


@pytest.mark.parametrize("sender", [None, "mtls", DpopCheck()])
def test_issuers_have_one_sender(keys: KeySet, policy: Policy, issuer: FakeIssuer, sender: Any) -> None:
    """Verifiers that demand different proofs are PolicyError: an unverified iss would choose the demand."""
    other = Policy(issuer="https://other.example", audience="api")
    made = {
        issuer.url: Verifier(keys, policy, sender="dpop"),
        "https://other.example": Verifier(keys, other, sender=sender),
    }
    with pytest.raises(PolicyError, match="same sender="):
        Issuers(made)


def test_batches_are_refused(keys: KeySet, policy: Policy, bound: str, issuer: FakeIssuer) -> None:
    """No proof can be given to a batch, so a verifier with sender= refuses it."""
    verifier = Verifier(keys, policy, sender="dpop")
    for made in (verifier, Issuers({issuer.url: verifier})):
        with pytest.raises(PolicyError, match="one by one"):
            made.verify_many([bound])
        with pytest.raises(PolicyError, match="one by one"):
            made.verify_iter([bound])
        with pytest.raises(PolicyError, match="one by one"):
            asyncio.run(made.verify_many_async([bound]))


def test_what_sender_takes(keys: KeySet, policy: Policy) -> None:
    """Two names and two checks; all else is an error of the program."""
    check = DpopCheck()
    assert Verifier(keys, policy, sender=check).sender is check
    assert Verifier(keys, policy, sender="dpop").sender is Verifier(keys, policy, sender="dpop").sender
    assert isinstance(Verifier(keys, policy, sender="mtls").sender, CertificateCheck)
    for name in ("DPoP", "", "bearer"):
        with pytest.raises(PolicyError):
            Verifier(keys, policy, sender=name)  # type: ignore[arg-type]
    for given in (1, DpopCheck, b"dpop", UNCHECKED):
        with pytest.raises(TypeError):
            Verifier(keys, policy, sender=given)  # type: ignore[arg-type]


def test_a_proof_of_another_kind(
    keys: KeySet, policy: Policy, bound: str, certified: str, verify: Callable[..., VerifiedJWT]
) -> None:
    """A certificate where a proof is demanded, and the reverse, are errors of the program."""
    with pytest.raises(TypeError, match="Dpop"):
        verify(Verifier(keys, policy, sender="dpop"), bound, sender=ClientCertificate(DER))
    with pytest.raises(TypeError, match="ClientCertificate"):
        verify(Verifier(keys, policy, sender="mtls"), certified, sender=dpop(certified))
