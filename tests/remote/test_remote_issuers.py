"""`Issuers` over remote key sets: each issuer's keys are fetched for its own tokens and verify no other's."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from judge import code, refusal
from jwseal import UNCHECKED, Issuers, IssuerTemplate, Policy, VerifiedJWT, Verifier
from jwseal.remote import ManualClock, RemoteKeySet
from jwseal.testing import Answer, FakeIssuer


@pytest.fixture
def first() -> Iterator[FakeIssuer]:
    """A running issuer."""
    with FakeIssuer(path="/first", kid="shared") as made:
        yield made


@pytest.fixture
def second(first: FakeIssuer) -> FakeIssuer:
    """Another on the same server, with a kid in common."""
    return first.another("/second", kid="shared")


def verifier(issuer: FakeIssuer, policy_issuer: Any = None, **options: Any) -> Verifier:
    """A verifier over the issuer's set."""
    keys = RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, timeout=30, **options)
    return Verifier(keys, Policy(issuer=policy_issuer or issuer.url, audience="api"))


def table(*issuers: FakeIssuer, **options: Any) -> Issuers:
    """All of them."""
    return Issuers({issuer.url: verifier(issuer, **options) for issuer in issuers})


def test_keys_are_fetched_for_their_own_tokens(first: FakeIssuer, second: FakeIssuer) -> None:
    """A token fetches the keys of its issuer, once, and those of no other."""
    asked = table(first, second)
    for _ in range(3):
        assert first.url == asked.verify(first.token())["iss"]
    assert (1, 0) == (first.count(), second.count())
    assert second.url == asyncio.run(asked.verify_async(second.token()))["iss"]
    assert (1, 1) == (first.count(), second.count())


def test_an_unknown_issuer_fetches_nothing(first: FakeIssuer, second: FakeIssuer) -> None:
    """A token of no listed issuer causes no request, cold or warm."""
    asked = table(first, second)
    assert "key_not_found" == refusal(asked.verify, first.token(iss="https://other.example"))
    assert "key_not_found" == refusal(asked.verify, first.token(iss=...))
    assert 0 == first.connections


def test_a_kid_of_one_issuer_is_unknown_to_the_other(first: FakeIssuer, second: FakeIssuer) -> None:
    """A key that one issuer publishes is never taken for the other's, whatever was fetched and verified before."""
    asked = table(first, second)
    second.rotate(kid="own")
    for token in (first.token(), second.token(), second.token(kid="shared")):
        asked.verify(token)
    assert "key_not_found" == refusal(asked.verify, second.token(iss=first.url))
    assert "invalid_signature" == refusal(asked.verify, second.token(iss=first.url, kid="shared"))
    assert "invalid_signature" == refusal(asked.verify, first.token(iss=second.url))


def test_one_provider_down(first: FakeIssuer, second: FakeIssuer) -> None:
    """A provider that fails makes its own tokens unavailable, and disturbs no other issuer's."""
    second.reply(Answer(500))
    asked = table(first, second)
    tokens = [first.token(), second.token(), first.token(), second.token(iss="x")]
    expected = [first.url, "key_source_unavailable", first.url, "key_not_found"]
    found = [one["iss"] if isinstance(one, VerifiedJWT) else code(one) for one in asked.verify_many(tokens)]
    assert expected == found


def test_unknown_kids_are_limited_for_each_issuer(first: FakeIssuer, second: FakeIssuer) -> None:
    """Invented kids of one issuer use up nothing of another's: its new key is found at once."""
    clock = ManualClock()
    asked = table(first, second, clock=clock)
    for issuer in (first, second):
        asked.verify(issuer.token())
    for number in range(20):
        invented = first.token(headers={"kid": f"invented-{number}"})
        assert "key_not_found" == refusal(asked.verify, invented)
    assert 2 == first.count()
    second.rotate()
    assert "key-2" == asked.verify(second.token()).kid
    assert 2 == second.count()


def entra(issuer: FakeIssuer) -> Issuers:
    """A provider with many tenants, one of which has a key of its own."""
    name = issuer.origin + "/{tenantid}/v2.0"
    issuer.add_key("ES256", "common", members={"issuer": name})
    issuer.add_key("ES256", "guests", members={"issuer": name.replace("{tenantid}", "guests")})
    template = IssuerTemplate(name, claim="tid", values=UNCHECKED)
    return Issuers({template: verifier(issuer, template)})


def tenant(issuer: FakeIssuer, name: str, **options: Any) -> str:
    """A token of this tenant."""
    return issuer.token(iss=f"{issuer.origin}/{name}/v2.0", tid=name, **options)


def test_tenants_of_one_provider(first: FakeIssuer) -> None:
    """The tenants share the provider's set, and a key that it publishes for one tenant verifies for that one only."""
    asked = entra(first)
    for name in ("contoso", "fabrikam", "guests"):
        assert name == asked.verify(tenant(first, name, kid="common"))["tid"]
    assert "guests" == asked.verify(tenant(first, "guests", kid="guests"))["tid"]
    assert "claim_mismatch" == refusal(asked.verify, tenant(first, "contoso", kid="guests"))
    mixed = first.token(iss=f"{first.origin}/contoso/v2.0", tid="fabrikam", kid="common")
    assert "claim_mismatch" == refusal(asked.verify, mixed)
    assert 1 == first.count()


def test_an_issuer_that_changes_for_a_key(first: FakeIssuer) -> None:
    """A set that differs in the issuer of a key alone is another set, and is used from the next call on."""
    kid = first.add_key("ES256", "k", members={"issuer": first.url})
    asked = verifier(first, [first.url, "https://other.example"])
    old, new = first.token(kid=kid), first.token(kid=kid, iss="https://other.example")
    asked.verify(old)
    assert "claim_mismatch" == refusal(asked.verify, new)
    first.add_key(kid=kid, key=first.key(kid), members={"issuer": "https://other.example"})
    assert asked.keys.refresh()
    assert "claim_mismatch" == refusal(asked.verify, old)
    assert "https://other.example" == asked.verify(new)["iss"]
