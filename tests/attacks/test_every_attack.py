"""Every attack of `jwseal.testing.forge` against every way in: each refuses it with the code that the forge states."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from judge import refusal
from judges import ruled
from jwseal import Issuers, KeySet, Policy, Verifier
from jwseal.remote import RemoteKeySet
from jwseal.testing import FakeIssuer, forge

Way = Callable[[str], Any]


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """One issuer."""
    with FakeIssuer() as started:
        yield started


@pytest.fixture(scope="module")
def ways(issuer: FakeIssuer) -> Iterator[dict[str, Way]]:
    """Each way in by its name. It returns the claims, or raises."""
    with pytest.MonkeyPatch.context() as patch:
        # A fetch ends however busy the machine is.
        patch.setitem(RemoteKeySet.__init__.__kwdefaults__, "timeout", 60.0)
        yield made(issuer)


def made(issuer: FakeIssuer) -> dict[str, Way]:
    """The ways in, whose keys are there."""
    policy, keys = Policy(issuer=issuer.url, audience="api"), KeySet.from_jwks(issuer.jwks())
    verifier, cached = Verifier(keys, policy), Verifier(keys, policy, cache=64)
    cached.verify(issuer.token())
    remote = Verifier(RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True), policy)
    issuers = Issuers({issuer.url: verifier})
    authorizer = ruled(issuer.url, None, issuer.jwks_uri, when='{ claim = "iss", exists = true }')
    remote.verify(issuer.token())
    assert authorizer.authorize(issuer.token()).allowed
    return {
        "text": verifier.verify,
        "bytes": lambda token: verifier.verify(token.encode()),
        "async": lambda token: asyncio.run(verifier.verify_async(token)),
        "many": lambda token: raised(verifier.verify_many([issuer.token(), token])[1]),
        "iter": lambda token: raised(next(iter(verifier.verify_iter([token, issuer.token()])))),
        "cache": cached.verify,
        "remote": remote.verify,
        "issuers": issuers.verify,
        "authorizer": lambda token: decided(authorizer.authorize(token)),
    }


# Several issuers are told apart by `iss` before a key is chosen.
BY_ISSUER = ("wrong_issuer", "issuer_prefix", "issuer_in_a_list", "issuer_missing")


def raised(result: Any) -> Any:
    """One result of a batch."""
    if isinstance(result, Exception):
        raise result
    return result


def decided(decision: Any) -> Any:
    """The claims of a decision."""
    if decision.allowed:
        return decision.claims
    raise decision._error


WAYS = ["text", "bytes", "async", "many", "iter", "cache", "remote", "issuers", "authorizer"]


@pytest.mark.parametrize("name", forge.ATTACKS)
@pytest.mark.parametrize("way", WAYS)
def test_refused(way: str, name: str, issuer: FakeIssuer, ways: dict[str, Way]) -> None:
    """The code is the same however the token arrives."""
    expected = forge.ATTACKS[name][0]
    if way in {"issuers", "authorizer"} and name in BY_ISSUER:
        expected = "key_not_found"
    assert expected == refusal(ways[way], forge.token(name, issuer))


@pytest.mark.parametrize("way", WAYS)
def test_accepted(way: str, issuer: FakeIssuer, ways: dict[str, Way]) -> None:
    """The token that each attack starts from is accepted."""
    assert "alice" == ways[way](issuer.token())["sub"]
