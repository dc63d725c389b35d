"""`IssuerTemplate`: issuers of one provider with many tenants, in a policy and in a table, and the issuers published for keys."""

import asyncio
import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import forge
from judge import AUDIENCE, NOW, claims, code, refusal, refused_claim, verifying
from jwseal import UNCHECKED, Issuers, IssuerTemplate, KeySet, Policy, Verifier, VerifyingKey, errors
from jwseal.testing import FakeIssuer

TEMPLATE = "https://login.example/{tenant}/v2.0"
ANY = IssuerTemplate(TEMPLATE, claim="tid", values=UNCHECKED)
CLOSED = IssuerTemplate(TEMPLATE, claim="tid", values={"a", "b"})
KEY, OTHER = forge.material("ES256"), forge.material("ES384")


def url(tenant: str) -> str:
    """The name of a tenant's issuer."""
    return TEMPLATE.replace("{tenant}", tenant)


def token(issuer: object, tid: object = ..., key: forge.Material = KEY) -> str:
    """A token that says it is of this issuer and this tenant."""
    return forge.token({"alg": key.alg}, claims(iss=issuer, tid=tid), key)


def verifier(issuer: Any, key: forge.Material = KEY) -> Verifier:
    """A verifier for these issuers."""
    return Verifier(verifying(key), Policy(issuer=issuer, audience=AUDIENCE))


@pytest.mark.parametrize("tenant", ["a", "A-b_c.d", "72f988bf-86f1-41af-91ab-2d7cd011db47", "..."])
def test_tenants(tenant: str) -> None:
    """Any segment of the permitted characters is accepted if the claim says the same."""
    assert tenant == verifier(ANY).verify(token(url(tenant), tenant), now=NOW)["tid"]


@pytest.mark.parametrize(
    "tenant", ["", ".", "..", "a/b", "a/../b", "a%2Fb", "a b", "a?b", "a#b", "a:b", "a@b", "é", "{tenant}", "a\\b"]
)
def test_no_segments(tenant: str) -> None:
    """What is no single segment, or could be read as more than one, is another issuer."""
    assert ("claim_mismatch", "iss") == refused_claim(verifier(ANY).verify, token(url(tenant), tenant), now=NOW)
    assert "key_not_found" == refusal(Issuers({ANY: verifier(ANY)}).verify, token(url(tenant), tenant), now=NOW)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example/a/v2.0/",
        "https://login.example/a/v2",
        "https://login.example//v2.0",
        "https://login.example/v2.0",
        "https://login.example.evil/a/v2.0",
        "http://login.example/a/v2.0",
        "https://LOGIN.example/a/v2.0",
        "x https://login.example/a/v2.0",
        "",
    ],
)
def test_names_are_compared_whole(issuer: str) -> None:
    """A name that only resembles the template is another issuer."""
    assert ("claim_mismatch", "iss") == refused_claim(verifier(ANY).verify, token(issuer, "a"), now=NOW)


@pytest.mark.parametrize(
    ("tid", "expected"),
    [
        ("b", "claim_mismatch"),
        ("A", "claim_mismatch"),
        (5, "invalid_claim"),
        (["a"], "invalid_claim"),
        (..., "missing_claim"),
    ],
)
def test_the_claim_says_the_same(tid: object, expected: str) -> None:
    """The tenant in `iss` and the tenant in its claim are one: a token of one tenant cannot name another."""
    for asked in (verifier(ANY), Issuers({ANY: verifier(ANY)})):
        assert (expected, "tid") == refused_claim(asked.verify, token(url("a"), tid), now=NOW)


def test_closed_values() -> None:
    """With a closed set, other tenants of the provider are refused."""
    assert "b" == verifier(CLOSED).verify(token(url("b"), "b"), now=NOW)["tid"]
    assert ("claim_mismatch", "iss") == refused_claim(verifier(CLOSED).verify, token(url("c"), "c"), now=NOW)
    assert "key_not_found" == refusal(Issuers({CLOSED: verifier(CLOSED)}).verify, token(url("c"), "c"), now=NOW)


@pytest.mark.parametrize("issuer", [..., None, 5, [url("a")]])
def test_no_issuer(issuer: object) -> None:
    """A template demands `iss`, as a string."""
    expected = "missing_claim" if issuer is ... else "invalid_claim"
    assert (expected, "iss") == refused_claim(verifier(ANY).verify, token(issuer, "a"), now=NOW)


def test_names_beside_templates() -> None:
    """A policy can have several templates and names; a name needs no claim."""
    older = IssuerTemplate("https://sts.example/{tenant}/", claim="tid", values={"a"})
    asked = verifier([CLOSED, older, "https://own.example"])
    for issuer, tid in ((url("a"), "a"), ("https://sts.example/a/", "a"), ("https://own.example", ...)):
        assert issuer == asked.verify(token(issuer, tid), now=NOW)["iss"]
    assert ("claim_mismatch", "iss") == refused_claim(asked.verify, token("https://sts.example/b/", "b"), now=NOW)


def test_exact_names_win() -> None:
    """A tenant that is listed by name has its own keys; the template's do not verify for it, nor the other way round."""
    table = Issuers({ANY: verifier(ANY), url("own"): verifier(url("own"), OTHER)})
    assert "own" == table.verify(token(url("own"), "own", OTHER), now=NOW)["tid"]
    assert "algorithm_not_allowed" == refusal(table.verify, token(url("own"), "own", KEY), now=NOW)
    assert "algorithm_not_allowed" == refusal(table.verify, token(url("a"), "a", OTHER), now=NOW)
    assert "a" == table.verify(token(url("a"), "a"), now=NOW)["tid"]


def test_the_first_template_that_fits_is_chosen() -> None:
    """Templates are tried in the order given, and only the first that fits is asked."""
    table = Issuers({CLOSED: verifier(CLOSED), ANY: verifier(ANY, OTHER)})
    assert "a" == table.verify(token(url("a"), "a"), now=NOW)["tid"]
    assert "algorithm_not_allowed" == refusal(table.verify, token(url("a"), "a", OTHER), now=NOW)
    assert "c" == table.verify(token(url("c"), "c", OTHER), now=NOW)["tid"]


def test_every_verb() -> None:
    """Lists, streams and awaited calls choose by template too."""
    table = Issuers({CLOSED: verifier(CLOSED)})
    tokens = [token(url("a"), "a"), token(url("c"), "c"), token(url("a"), "b")]
    expected = ["a", "key_not_found", "claim_mismatch"]
    for results in (table.verify_many(tokens, now=NOW), list(table.verify_iter(tokens, now=NOW))):
        assert expected == [code(one) if isinstance(one, Exception) else one["tid"] for one in results]
    assert "a" == asyncio.run(table.verify_async(tokens[0], now=NOW))["tid"]


@pytest.mark.parametrize("listed", [verifier(UNCHECKED), verifier(url("a")), verifier(CLOSED)])
def test_a_template_is_judged_where_it_is_listed(listed: Verifier) -> None:
    """A verifier whose policy would not compare the claim cannot stand under a template."""
    assert "invalid_policy" == refusal(Issuers, {ANY: listed})


def test_a_name_that_a_template_has() -> None:
    """A verifier for a template can stand under the name of one tenant, and under no name that the template has not."""
    assert "a" == Issuers({url("a"): verifier(CLOSED)}).verify(token(url("a"), "a"), now=NOW)["tid"]
    assert "invalid_policy" == refusal(Issuers, {url("c"): verifier(CLOSED)})


def test_mapping() -> None:
    """A template is a key of the mapping."""
    table = Issuers({ANY: verifier(ANY), url("own"): verifier(url("own"))})
    assert [ANY, url("own")] == list(table)
    assert table[ANY].policy.issuer == {ANY}
    assert (True, True, False) == (ANY in table, copy.copy(ANY) in table, CLOSED in table)
    assert "IssuerTemplate(" in repr(table)


@pytest.mark.parametrize(
    "template",
    [
        "https://login.example/v2.0",
        "https://{host}/v2.0",
        "https://{host}.example/v2.0",
        "https://login.example/a{tenant}/v2.0",
        "https://login.example/{tenant}b",
        "https://login.example/{tenant}/{other}",
        "https://login.example/{}",
        "https://login.example/{a b}",
        "https://login.example/{tenant",
        "https://login.example/}{tenant}",
        "{tenant}",
        "/{tenant}",
        "https:///{tenant}",
        "",
    ],
)
def test_texts_that_are_no_template(template: str) -> None:
    """A placeholder that is no whole segment of a path, none, or a second one is PolicyError."""
    assert "invalid_policy" == refusal(IssuerTemplate, template, claim="tid", values=UNCHECKED)


@pytest.mark.parametrize("values", [set(), [], {"a/b"}, {".."}, {""}, ["a", "b c"]])
def test_values_that_no_segment_has(values: Any) -> None:
    """An empty set accepts no tenant, and is PolicyError like values that could never match."""
    assert "invalid_policy" == refusal(IssuerTemplate, TEMPLATE, claim="tid", values=values)
    assert "invalid_policy" == refusal(IssuerTemplate, TEMPLATE, claim="", values=UNCHECKED)


@pytest.mark.parametrize(
    "arguments",
    [
        {"claim": "tid"},
        {"values": UNCHECKED},
        {"claim": "tid", "values": None},
        {"claim": "tid", "values": "ab"},
        {"claim": "tid", "values": [5]},
        {"claim": None, "values": UNCHECKED},
    ],
)
def test_types(arguments: Any) -> None:
    """Claim and values must be given; UNCHECKED is the one way to accept every tenant."""
    with pytest.raises(TypeError):
        IssuerTemplate(TEMPLATE, **arguments)
    with pytest.raises(TypeError):
        Policy(issuer=[ANY, 5], audience=AUDIENCE)  # type: ignore[list-item]


def test_values_of_a_template() -> None:
    """Templates compare, hash and pickle by value, in policies too."""
    assert (TEMPLATE, "tid", {"a", "b"}) == (CLOSED.template, CLOSED.claim, CLOSED.values)
    assert ANY.values is UNCHECKED
    again = pickle.loads(pickle.dumps([ANY, CLOSED]))
    assert [ANY, CLOSED] == again
    assert {ANY, CLOSED} == set(again)
    assert ANY != CLOSED
    assert CLOSED != IssuerTemplate(TEMPLATE, claim="tenant", values={"a", "b"})
    policy = Policy(issuer=[CLOSED, "x"], audience=AUDIENCE)
    assert policy == pickle.loads(pickle.dumps(policy))
    assert policy != policy.replace(issuer=[ANY, "x"])
    assert "values=2 values" in repr(policy)


def published(issuer: FakeIssuer, name: str) -> KeySet:
    """The issuer's set, its key published for the issuer of this name."""
    issuer.add_key("ES256", "entra", members={"issuer": name})
    issuer.use("entra")
    return KeySet.from_jwks(issuer.jwks())


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """A running issuer without keys."""
    with FakeIssuer(alg=None) as made:
        yield made


def test_issuer_published_for_a_key(issuer: FakeIssuer) -> None:
    """A key that a set publishes for one issuer verifies no token of another, even if the policy accepts both (Entra)."""
    keys = published(issuer, url("a"))
    asked = Verifier(keys, Policy(issuer=[url("a"), url("b")], audience="api"))
    assert url("a") == asked.verify(issuer.token(iss=url("a")))["iss"]
    assert ("claim_mismatch", "iss") == refused_claim(asked.verify, issuer.token(iss=url("b")))
    lax = Verifier(keys, Policy(issuer=UNCHECKED, audience="api"))
    assert ("missing_claim", "iss") == refused_claim(lax.verify, issuer.token(iss=...))


def test_template_published_for_a_key(issuer: FakeIssuer) -> None:
    """`{tenantid}` in a published issuer stands for the claim `tid`."""
    keys = published(issuer, "https://login.example/{tenantid}/v2.0")
    asked = Verifier(keys, Policy(issuer=[url("a"), url("b"), "https://other.example"], audience="api"))
    assert "a" == asked.verify(issuer.token(iss=url("a"), tid="a"))["tid"]
    assert ("claim_mismatch", "tid") == refused_claim(asked.verify, issuer.token(iss=url("b"), tid="a"))
    assert ("missing_claim", "tid") == refused_claim(asked.verify, issuer.token(iss=url("b")))
    assert ("claim_mismatch", "iss") == refused_claim(asked.verify, issuer.token(iss="https://other.example", tid="a"))


def test_another_placeholder_published_for_a_key(issuer: FakeIssuer) -> None:
    """Any other placeholder is a part of the one name."""
    keys = published(issuer, "https://login.example/{other}/v2.0")
    asked = Verifier(keys, Policy(issuer=url("a"), audience="api"))
    assert ("claim_mismatch", "iss") == refused_claim(asked.verify, issuer.token(iss=url("a"), other="a"))


def test_the_published_issuer_stays_with_its_key() -> None:
    """Sets, copies, pickles and JWKs of the key keep it, and keys that differ in it alone are different."""
    keys = published(FakeIssuer(alg=None), url("a"))
    (key,) = keys
    assert isinstance(key, VerifyingKey)
    assert url("a") == key.issuer == key.to_jwk()["issuer"]
    plain = VerifyingKey.from_jwk({name: value for name, value in key.to_jwk().items() if name != "issuer"})
    assert plain.issuer is None
    assert key != plain
    for again in (
        pickle.loads(pickle.dumps(key)),
        VerifyingKey.from_jwk(key.to_jwk()),
        *pickle.loads(pickle.dumps(keys)),
        *KeySet.from_jwks(keys.to_jwks()),
        *KeySet([key]),
    ):
        assert (key, url("a")) == (again, again.issuer)
    assert "invalid_key" == refusal(KeySet, [key, plain])


def test_one_key_published_for_two_issuers() -> None:
    """One kid with two issuers is ambiguous, and both members are skipped, as with two keys of one kid."""
    issuer = FakeIssuer()
    first = {**issuer.jwks()["keys"][0], "issuer": url("a")}
    other = FakeIssuer(kid="other").jwks()["keys"][0]
    keys = KeySet.from_jwks({"keys": [first, {**first, "issuer": url("b")}, other]})
    assert (["other"], [0, 1]) == ([key.kid for key in keys], [index for index, _, _ in keys.skipped])


def test_an_issuer_that_is_no_text() -> None:
    """A member `issuer` that is no string makes its key unusable."""
    issuer = FakeIssuer()
    wrong = {**FakeIssuer(kid="wrong").jwks()["keys"][0], "issuer": [url("a")]}
    keys = KeySet.from_jwks({"keys": [*issuer.jwks()["keys"], wrong]})
    assert [(1, "wrong", "the JWK's issuer is not a string")] == [tuple(one) for one in keys.skipped]


def test_the_issuer_itself_is_no_claim_to_compare_with() -> None:
    """`claim="iss"` is refused: the whole issuer never equals a segment of it."""
    with pytest.raises(errors.PolicyError, match=r'claim is "iss", which is the whole issuer.*such as tid'):
        IssuerTemplate(TEMPLATE, claim="iss", values=UNCHECKED)
