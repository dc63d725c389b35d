"""Attacks on sources of keys: certificates, URLs and issuers that the token chose (CVE-2025-24976, CVE-2024-21643, CVE-2026-32301).

tests/attacks has the same for keys in memory. Here a real server counts what is asked of it: nothing but the configured URLs.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import forge
from authority import OLD, VERIFIES_CHAINS, authority, issue, root, x5c
from judge import NOW, claims, refusal
from jwseal import UNCHECKED, Issuers, Policy, Verifier, providers
from jwseal.testing import FakeIssuer

pytest.importorskip("httpx")
from jwseal.certificates import Anchors, RemoteCertificates
from jwseal.remote import RemoteKeySet

LAX = Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED)
EVIL = forge.material("ES256", "evil")
TENANT = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """The issuer that is trusted, with its JWK Set at /jwks."""
    with FakeIssuer(clock=lambda: NOW) as made:
        yield made


@pytest.fixture
def evil() -> Iterator[FakeIssuer]:
    """The attacker's server, which has the keys that signed the forged tokens."""
    with FakeIssuer(alg=None) as made:
        made.publish(EVIL.public_jwk(kid="evil", alg="ES256"))
        made.serve("/chain.pem", issue("signer", private=EVIL.private).pem.decode())
        yield made


def remote(issuer: FakeIssuer) -> RemoteKeySet:
    """The keys of the trusted issuer."""
    return RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True)


SOURCES: dict[str, Callable[[FakeIssuer], Any]] = {
    "RemoteKeySet": remote,
    "RemoteCertificates": lambda issuer: RemoteCertificates(
        issuer.serve("/certs", {"key-1": root().pem.decode()}), algorithms=["ES256"], allow_http_loopback=True
    ),
    "Anchors": lambda _: Anchors(root().pem, algorithms=["ES256"], subject=UNCHECKED),
}

needs_chains = pytest.mark.skipif(not VERIFIES_CHAINS, reason=OLD)
every_source = pytest.mark.parametrize(
    "source", [pytest.param(name, marks=needs_chains if name == "Anchors" else ()) for name in SOURCES]
)


@every_source
@pytest.mark.parametrize("member", ["jku", "x5u", "iss", "jwks_uri", "kid"])
def test_no_request_goes_where_a_token_says(issuer: FakeIssuer, evil: FakeIssuer, source: str, member: str) -> None:
    """A URL in a token is never opened, whatever the source of keys (CVE-2024-21643, CVE-2026-32301)."""
    verifier = Verifier(SOURCES[source](issuer), LAX)
    for path in ("/jwks", "/chain.pem", "/.well-known/openid-configuration", ""):
        header = {"alg": "ES256", "kid": "evil", member: evil.url + path}
        forged = forge.token(header, claims(**({"iss": evil.url} if member == "iss" else {})), EVIL)
        assert "key_not_found" == refusal(verifier.verify, forged, now=NOW)
    assert [] == evil.requests
    assert {"/jwks", "/certs"} >= {request.path for request in issuer.requests}


@every_source
def test_a_key_in_the_token(issuer: FakeIssuer, source: str) -> None:
    """A key in `jwk` is never used, even with a known kid (CVE-2018-0114)."""
    verifier = Verifier(SOURCES[source](issuer), LAX)
    for kid in ({}, {"kid": "key-1"}, {"kid": "evil"}):
        forged = forge.token({"alg": "ES256", "jwk": EVIL.public_jwk(), **kid}, claims(), EVIL)
        assert refusal(verifier.verify, forged, now=NOW) in ("key_not_found", "invalid_signature")


@every_source
def test_a_certificate_in_the_token(issuer: FakeIssuer, source: str) -> None:
    """A self-signed certificate in `x5c`, alone or under an authority of the attacker's, is nobody's (CVE-2025-24976)."""
    verifier = Verifier(SOURCES[source](issuer), LAX, max_header_size=16_384)
    for chain in _forged_chains():
        for kid in ({}, {"kid": "key-1"}):
            forged = forge.token({"alg": "ES256", "x5c": x5c(*chain), **kid}, claims(), EVIL)
            expected = ("key_not_found",) if source == "Anchors" else ("key_not_found", "invalid_signature")
            assert refusal(verifier.verify, forged, now=NOW) in expected


def _forged_chains() -> list[tuple[Any, ...]]:
    own = issue("signer", private=EVIL.private)
    namesake = authority("root")
    return [
        (own,),
        (issue("signer", namesake, private=EVIL.private), namesake),
        (issue("signer", root(), private=EVIL.private, signed_by=EVIL.private), root()),
    ]


@needs_chains
def test_a_genuine_certificate_beside_another_key() -> None:
    """Another subject's certificate in `x5c` is trusted for that subject's key alone."""
    verifier = Verifier(Anchors(root().pem, algorithms=["ES256"], subject=UNCHECKED), LAX, max_header_size=16_384)
    forged = forge.token({"alg": "ES256", "x5c": x5c(issue("signer", root()))}, claims(), EVIL)
    assert "invalid_signature" == refusal(verifier.verify, forged, now=NOW)
    smuggled = {"alg": "ES256", "x5c": x5c(issue("signer", root())), "jwk": EVIL.public_jwk()}
    assert "invalid_signature" == refusal(verifier.verify, forge.token(smuggled, claims(), EVIL), now=NOW)


def test_an_issuer_that_is_not_in_the_table(issuer: FakeIssuer, evil: FakeIssuer) -> None:
    """A token of an unknown issuer is refused without any request (CVE-2026-32301)."""
    table = Issuers({issuer.url: Verifier(remote(issuer), Policy(issuer=issuer.url, audience="api"))})
    for name in (evil.url, issuer.url + "/", issuer.url + "@evil.example", issuer.url.upper(), ""):
        assert "key_not_found" == refusal(table.verify, forge.token({"alg": "ES256"}, claims(iss=name), EVIL), now=NOW)
    assert [] == evil.requests
    assert [] == issuer.requests


@pytest.mark.parametrize(
    "tenant",
    [
        "../../evil",
        "evil/../" + TENANT,
        TENANT + "/v2.0/..",
        "",
        ".",
        "..",
        TENANT + "?",
        TENANT + "#",
        "common",
        TENANT.upper(),
    ],
)
def test_a_tenant_that_was_made_up(issuer: FakeIssuer, tenant: str) -> None:
    """A tenant that is no segment, or not one of those named, is refused, and no URL is made of it (CVE-2026-32301)."""
    issuer.add_key("RS256", "rsa")
    for tenants in ([TENANT], UNCHECKED):
        verifier = providers.entra_tenants(tenants, audience="api", jwks_uri=issuer.jwks_uri, allow_http_loopback=True)
        name = f"https://login.microsoftonline.com/{tenant}/v2.0"
        body = claims(iss=name, tid=tenant, aud="api", azp="client", ver="2.0")
        assert refusal(
            verifier.verify, forge.token({"alg": "RS256", "kid": "evil"}, body, forge.material("RS256"))
        ) in (
            "key_not_found",
            "claim_mismatch",
        )
    assert {"/jwks"} >= {request.path for request in issuer.requests}


def test_two_issuers_with_one_kid() -> None:
    """A token of one realm is refused under another that has a key of the same kid (CVE-2025-59936)."""
    with FakeIssuer(alg="RS256", path="/realms/a", clock=lambda: NOW) as first:
        second = first.another("/realms/b", alg="RS256", clock=lambda: NOW)
        table = Issuers(
            {
                one.url: providers.keycloak(one.url, audience="api", jwks_uri=one.jwks_uri, allow_http_loopback=True)
                for one in (first, second)
            }
        )
        assert first.kid == second.kid
        assert table.verify(first.token(typ="Bearer"), now=NOW)
        assert table.verify(second.token(typ="Bearer"), now=NOW)
        crossed = first.token(typ="Bearer", iss=second.url)
        assert "invalid_signature" == refusal(table.verify, crossed, now=NOW)
        assert "claim_mismatch" == refusal(table[second.url].verify, second.token(typ="Bearer", iss=first.url), now=NOW)


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "' OR 1=1 --", "http://127.0.0.1/", "\u0000", "key-1/", "KEY-1"]
)
def test_a_kid_that_is_code(issuer: FakeIssuer, kid: str) -> None:
    """A kid is compared and never part of a URL (RFC 8725 section 3.10)."""
    verifier = Verifier(remote(issuer), LAX)
    forged = forge.token({"alg": "ES256", "kid": kid}, claims(), EVIL)
    assert "key_not_found" == refusal(verifier.verify, forged, now=NOW)
    assert {"/jwks"} == {request.path for request in issuer.requests}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/keys", "data:,{}", "http://a.example/keys", "/etc/passwd"]
)
def test_a_jwks_uri_that_is_not_https(url: str) -> None:
    """A preset refuses a jwks_uri that is no HTTPS URL when it is made (CVE-2026-48522)."""
    assert "invalid_policy" == refusal(lambda: providers.entra(TENANT, audience="api", jwks_uri=url))
    assert "invalid_policy" == refusal(lambda: providers.firebase("shop-1234", jwks_uri=url))


def test_the_right_key_and_another_issuer(issuer: FakeIssuer) -> None:
    """A source of keys belongs to one issuer: its key signs nothing for another (CVE-2024-8901, CVE-2024-5037)."""
    verifier = Verifier(remote(issuer), Policy(issuer=issuer.url, audience="api"))
    assert verifier.verify(issuer.token(), now=NOW)
    assert "claim_mismatch" == refusal(verifier.verify, issuer.token(iss="https://other.example"), now=NOW)
