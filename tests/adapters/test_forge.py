"""`jwseal.testing.forge`: each attack is refused with the code it names, and nothing but the named fault refuses it."""

import pytest

from judge import refusal
from jwseal import KeySet, Policy, Verifier, insecure, jws
from jwseal.errors import InvalidToken
from jwseal.testing import Clock, FakeIssuer, forge

ISSUERS = {alg: FakeIssuer(alg=alg).start() for alg in ("ES256", "RS256", "EdDSA")}


def verifier(issuer: FakeIssuer) -> Verifier:
    return Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"))


@pytest.fixture(scope="module", autouse=True)
def closed() -> object:
    """The issuers' servers end with this module."""
    yield
    for issuer in ISSUERS.values():
        issuer.close()


@pytest.mark.parametrize("name", forge.ATTACKS)
@pytest.mark.parametrize("alg", ISSUERS)
def test_refused(alg: str, name: str) -> None:
    """A verifier with the issuer's keys refuses the attack with the code that the forge states."""
    issuer = ISSUERS[alg]
    assert forge.ATTACKS[name][0] == refusal(verifier(issuer).verify, forge.token(name, issuer))


@pytest.mark.parametrize("alg", ISSUERS)
def test_the_good_token_is_good(alg: str) -> None:
    """The token that every attack starts from is accepted."""
    assert "alice" == verifier(ISSUERS[alg]).verify(ISSUERS[alg].token())["sub"]


@pytest.mark.parametrize("name", [name for name, (code, _) in forge._CLAIMS.items() if code != "malformed_token"])
def test_a_claim_attack_has_the_issuers_signature(name: str) -> None:
    """An attack on a claim is signed by the issuer, so that a verifier that skips the claim accepts it."""
    issuer = ISSUERS["ES256"]
    assert jws.verify(forge.token(name, issuer), KeySet.from_jwks(issuer.jwks())).alg == "ES256"


def test_claims_of_the_caller() -> None:
    """Further claims are in the forged token as in a good one."""
    forged = forge.token("foreign_key", ISSUERS["ES256"], {"scope": "read"})
    assert "read" == insecure.read_unverified(forged).claims["scope"]


def test_names_are_unique_and_listed() -> None:
    """`attacks` gives each name of the table once."""
    assert list(forge.ATTACKS) == [attack.name for attack in forge.attacks(ISSUERS["ES256"])]
    with pytest.raises(KeyError):
        forge.token("no_such_attack", ISSUERS["ES256"])


def test_an_issuer_with_a_secret_is_no_target() -> None:
    """The attacks on a public key need one; the TypeError says which issuer has it."""
    issuer = FakeIssuer(alg="HS256").start()
    with pytest.raises(TypeError, match="ES256"):
        forge.token("public_key_as_secret", issuer)
    issuer.close()


def test_fixtures(fake_issuer: FakeIssuer, jwseal_clock: Clock) -> None:
    """The plugin's fixtures are there without an import, and the clock moves a verifier's time."""
    judge = Verifier(
        fake_issuer.key().verifying_key, Policy(issuer=fake_issuer.url, audience="api"), clock=jwseal_clock
    )
    fake_issuer.clock = jwseal_clock
    token = fake_issuer.token(expires_in=300)
    jwseal_clock.advance(299)
    assert "alice" == judge.verify(token)["sub"]
    jwseal_clock.advance(1)
    assert "token_expired" == refusal(judge.verify, token)
    assert "Clock(1700000300)" == repr(jwseal_clock)
    with pytest.raises(InvalidToken):
        judge.verify(token)
