"""Presets for providers: a token of each shape is accepted, and those it is confused with are refused.

Every case is a preset with keys of the test's own, the claims of a good token, and changes that make it another token. The
claims are those that the providers document.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import forge
from judge import NOW, refusal, refused_claim, verifying
from jwseal import UNCHECKED, KeySet, Policy, VerifiedJWT, Verifier, errors, providers
from jwseal.remote import RemoteKeySet
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer

TENANT, OTHER_TENANT = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "0b7e1a1c-30f2-4a55-9a4f-5a1b8f0f9d3e"
API, CLIENT = "6e74172b-be56-4843-9ff4-e66a39bb12e3", "7a1c8f4e-0d55-4c7e-8f7a-2f0f6c1d9b11"
POOL, APP_CLIENT = "eu-west-1_AbCdEfGhI", "1example23456789"
REALM = "https://id.example/realms/shop"
GOOGLE_CLIENT = "1234987819200.apps.googleusercontent.com"
GITHUB = "https://token.actions.githubusercontent.com"
CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
KEY = forge.material("RS256")
KEYS = verifying(KEY)


@dataclass(frozen=True)
class Case:
    """A preset, a good token, and other tokens with the code and the claim of their refusal."""

    make: Callable[[], Verifier]
    claims: dict[str, Any]
    refused: dict[str, tuple[dict[str, Any], str, str]]
    header: dict[str, Any] = field(default_factory=dict)


def token(claims: dict[str, Any], header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token with the times filled in; a change to `...` leaves a claim or header parameter out."""
    body = {"iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 300, **claims, **changes}
    head = {"alg": "RS256", "typ": "JWT", **(header or {})}
    return forge.token(*({n: v for n, v in part.items() if v is not ...} for part in (head, body)), KEY)


ENTRA_2 = {
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "aud": API,
    "azp": CLIENT,
    "azpacr": "1",
    "tid": TENANT,
    "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    "scp": "orders.read",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "ver": "2.0",
}
ENTRA_1 = {
    "iss": f"https://sts.windows.net/{TENANT}/",
    "aud": f"api://{API}",
    "appid": CLIENT,
    "appidacr": "1",
    "tid": TENANT,
    "roles": ["Orders.Read.All"],
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "ver": "1.0",
}
COGNITO = {
    "iss": f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}",
    "client_id": APP_CLIENT,
    "token_use": "access",
    "scope": "orders/read",
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "username": "alice",
}
COGNITO_ID = {
    "iss": f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}",
    "aud": APP_CLIENT,
    "token_use": "id",
    "cognito:username": "alice",
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
}
KEYCLOAK = {
    "iss": REALM,
    "aud": ["orders-api", "account"],
    "azp": "shop-web",
    "typ": "Bearer",
    "scope": "profile email",
    "realm_access": {"roles": ["buyer"]},
    "sub": "4f1c1f2e-4a93-4b0e-9d54-90f8d3f0a4a1",
}
GOOGLE = {
    "iss": "https://accounts.google.com",
    "aud": GOOGLE_CLIENT,
    "azp": GOOGLE_CLIENT,
    "sub": "10769150350006150715113082367",
    "hd": "example.com",
    "email": "jsmith@example.com",
    "email_verified": True,
}
FIREBASE = {
    "iss": "https://securetoken.google.com/shop-1234",
    "aud": "shop-1234",
    "auth_time": NOW - 600,
    "sub": "kW9u2cQk3gYb0aVfXxXxXxXxXxX2",
    "firebase": {"sign_in_provider": "password"},
}
ACTIONS = {
    "iss": GITHUB,
    "aud": "https://deploy.example",
    "sub": "repo:octo-org/octo-repo:environment:prod",
    "jti": "example-id",
    "repository": "octo-org/octo-repo",
    "repository_id": "74",
    "repository_owner": "octo-org",
    "repository_owner_id": "65",
    "ref": "refs/heads/main",
    "environment": "prod",
    "event_name": "workflow_dispatch",
    "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
}
KUBERNETES = {
    "iss": CLUSTER,
    "aud": ["https://vault.example"],
    "sub": "system:serviceaccount:payments:worker",
    "jti": "e51f1fbc-4733-4b85-a59f-ba80c0523874",
    "kubernetes.io": {
        "namespace": "payments",
        "pod": {"name": "worker-0", "uid": "0d8b260e-ef0e-45fb-be8e-ff44f97722e8"},
        "serviceaccount": {"name": "worker", "uid": "e6a8680e-d103-4cce-80ea-03acbbeacf7d"},
    },
}
OPENID = {"iss": "https://op.example", "aud": "client-1", "sub": "alice", "nonce": "n-1"}
ACCESS = {"iss": "https://as.example", "aud": "https://api.example", "sub": "alice", "client_id": "web", "jti": "1"}

MISMATCH, MISSING = "claim_mismatch", "missing_claim"
CASES: dict[str, Case] = {
    "entra": Case(
        lambda: providers.entra(TENANT, audience=API, keys=KEYS),
        ENTRA_2,
        {
            "an ID token": ({"azp": ..., "azpacr": ..., "scp": ..., "nonce": "n-1"}, MISSING, "azp"),
            "another tenant": (
                {"iss": ENTRA_2["iss"].replace(TENANT, OTHER_TENANT), "tid": OTHER_TENANT},
                MISMATCH,
                "iss",
            ),
            "the tenant in tid alone": ({"iss": ENTRA_2["iss"].replace(TENANT, OTHER_TENANT)}, MISMATCH, "iss"),
            "another tenant in tid": ({"tid": OTHER_TENANT}, MISMATCH, "tid"),
            "another API": ({"aud": "00000003-0000-0000-c000-000000000000"}, MISMATCH, "aud"),
            "version 1.0": ({**ENTRA_1, "aud": API}, MISMATCH, "iss"),
            "the issuer of metadata": ({"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"}, MISMATCH, "iss"),
        },
    ),
    "entra, version 1.0": Case(
        lambda: providers.entra(TENANT, audience=f"api://{API}", version="1.0", keys=KEYS),
        ENTRA_1,
        {
            "an ID token": ({"appid": ..., "appidacr": ..., "nonce": "n-1"}, MISSING, "appid"),
            "another tenant": ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, MISMATCH, "iss"),
            "version 2.0": ({**ENTRA_2, "aud": f"api://{API}"}, MISMATCH, "iss"),
        },
    ),
    "cognito, access": Case(
        lambda: providers.cognito(POOL, client_id=APP_CLIENT, token_use="access", keys=KEYS),
        COGNITO,
        {
            "an ID token": ({**COGNITO_ID, "client_id": ..., "scope": ...}, MISMATCH, "token_use"),
            "an ID token with a client_id": ({"token_use": "id"}, MISMATCH, "token_use"),
            "another app client": ({"client_id": "2example"}, MISMATCH, "client_id"),
            "no app client": ({"client_id": ...}, MISSING, "client_id"),
            "another pool": ({"iss": COGNITO["iss"] + "X"}, MISMATCH, "iss"),
        },
    ),
    "cognito, id": Case(
        lambda: providers.cognito(POOL, client_id=[APP_CLIENT, "2example"], token_use="id", keys=KEYS),
        COGNITO_ID,
        {
            "an access token": ({**COGNITO, "aud": ...}, MISSING, "aud"),
            "an access token with an audience": ({"token_use": "access"}, MISMATCH, "token_use"),
            "another app client": ({"aud": "3example"}, MISMATCH, "aud"),
        },
    ),
    "keycloak": Case(
        lambda: providers.keycloak(REALM, audience="orders-api", clients="shop-web", keys=KEYS),
        KEYCLOAK,
        {
            "an ID token": ({"typ": "ID", "aud": "shop-web"}, MISMATCH, "aud"),
            "an ID token for the API as a client": ({"typ": "ID"}, MISMATCH, "typ"),
            "a logout token": ({"typ": "Logout"}, MISMATCH, "typ"),
            "another realm": ({"iss": "https://id.example/realms/staff"}, MISMATCH, "iss"),
            "another client": ({"azp": "shop-app"}, MISMATCH, "azp"),
            "no audience but account": ({"aud": "account"}, MISMATCH, "aud"),
        },
    ),
    "google": Case(
        lambda: providers.google(GOOGLE_CLIENT, hosted_domain="example.com", keys=KEYS),
        GOOGLE,
        {
            "another application": ({"aud": "999.apps.googleusercontent.com"}, MISMATCH, "aud"),
            "an account outside the domain": ({"hd": ...}, MISSING, "hd"),
            "another domain": ({"hd": "evil.example"}, MISMATCH, "hd"),
            "Firebase": ({**FIREBASE, "aud": GOOGLE_CLIENT}, MISMATCH, "iss"),
        },
    ),
    "firebase": Case(
        lambda: providers.firebase("shop-1234", keys=KEYS),
        FIREBASE,
        {
            "another project": ({"iss": "https://securetoken.google.com/evil", "aud": "evil"}, MISMATCH, "iss"),
            "the audience alone": ({"iss": "https://securetoken.google.com/evil"}, MISMATCH, "iss"),
            "a session cookie": ({"iss": "https://session.firebase.google.com/shop-1234"}, MISMATCH, "iss"),
            "a custom token": ({"auth_time": ..., "uid": "alice"}, MISSING, "auth_time"),
            "a Google account's ID token": ({**GOOGLE, "aud": "shop-1234"}, MISMATCH, "iss"),
        },
    ),
    "github_actions": Case(
        lambda: providers.github_actions(
            audience="https://deploy.example", repository_id="74", ref="refs/heads/main", environment="prod", keys=KEYS
        ),
        ACTIONS,
        {
            "another repository": ({"repository_id": "75"}, MISMATCH, "repository_id"),
            "the name taken over": (
                {"repository_id": "75", "repository": "octo-org/octo-repo"},
                MISMATCH,
                "repository_id",
            ),
            "another branch": ({"ref": "refs/heads/feature"}, MISMATCH, "ref"),
            "no environment": ({"environment": ...}, MISSING, "environment"),
            "another service": ({"aud": "https://github.com/octo-org"}, MISMATCH, "aud"),
            "an enterprise's issuer": ({"iss": GITHUB + "/octo"}, MISMATCH, "iss"),
            "an id that is a number": ({"repository_id": 74}, MISMATCH, "repository_id"),
        },
    ),
    "kubernetes": Case(
        lambda: providers.kubernetes(
            CLUSTER, audience="https://vault.example", service_accounts=["payments/worker"], keys=KEYS
        ),
        KUBERNETES,
        {
            "another service account": ({"sub": "system:serviceaccount:payments:default"}, MISMATCH, "sub"),
            "another namespace": ({"sub": "system:serviceaccount:web:worker"}, MISMATCH, "sub"),
            "the API server's audience": ({"aud": [CLUSTER]}, MISMATCH, "aud"),
            "another cluster": ({"iss": CLUSTER + "2"}, MISMATCH, "iss"),
            "a secret's token": ({"iss": "kubernetes/serviceaccount", "exp": ..., "aud": ...}, MISSING, "exp"),
            "another user of the cluster's keys": ({"kubernetes.io": ...}, MISSING, "kubernetes.io"),
        },
    ),
    "openid": Case(
        lambda: providers.openid("https://op.example", client_id="client-1", keys=KEYS),
        OPENID,
        {
            "another client": ({"aud": "client-2"}, MISMATCH, "aud"),
            "another provider": ({"iss": "https://op.example/"}, MISMATCH, "iss"),
            "no subject": ({"sub": ...}, MISSING, "sub"),
        },
    ),
    "access_tokens": Case(
        lambda: providers.access_tokens("https://as.example", audience="https://api.example", keys=KEYS),
        ACCESS,
        {
            "another API": ({"aud": "https://other.example"}, MISMATCH, "aud"),
            "no client": ({"client_id": ...}, MISSING, "client_id"),
            "no identifier": ({"jti": ...}, MISSING, "jti"),
            "no subject": ({"sub": ...}, MISSING, "sub"),
        },
        header={"typ": "at+jwt"},
    ),
}
CONFUSIONS = [(name, confusion) for name, case in CASES.items() for confusion in case.refused]


@pytest.mark.parametrize("name", CASES)
def test_a_token_of_this_shape(name: str) -> None:
    """The preset accepts a token as the provider writes it."""
    case = CASES[name]
    assert case.claims["sub"] == case.make().verify(token(case.claims, case.header), now=NOW)["sub"]


@pytest.mark.parametrize(("name", "confusion"), CONFUSIONS)
def test_a_token_it_is_confused_with(name: str, confusion: str) -> None:
    """The preset refuses a token of another tenant, application, kind or place, naming the claim that tells them apart."""
    case = CASES[name]
    changes, code, claim = case.refused[confusion]
    with pytest.raises(errors.ClaimError) as caught:
        case.make().verify(token(case.claims, case.header, **changes), now=NOW)
    assert (code, claim) == (caught.value.code, caught.value.claim)


@pytest.mark.parametrize("name", CASES)
def test_rules_that_every_preset_has(name: str) -> None:
    """An expiry is required, and only RSA signatures by the provider's keys count."""
    case = CASES[name]
    assert (MISSING, "exp") == refused_claim(case.make().verify, token(case.claims, case.header, exp=...), now=NOW)
    assert "token_expired" == refusal(case.make().verify, token(case.claims, case.header), now=NOW + 300)
    secret = forge.token({"alg": "HS256"}, case.claims, forge.material("HS256"))
    assert "algorithm_not_allowed" == refusal(case.make().verify, secret, now=NOW)
    forged = token(case.claims, case.header)[:-8] + "AAAAAAAA"
    assert "invalid_signature" == refusal(case.make().verify, forged, now=NOW)


def test_an_id_token_where_access_tokens_are_wanted() -> None:
    """Only the typ of RFC 9068 is accepted by `access_tokens`: an ID token for the API as a client is refused."""
    verifier = CASES["access_tokens"].make()
    for typ in ("JWT", "id_token+jwt", ..., "jwt"):
        assert "wrong_typ" == refusal(verifier.verify, token(ACCESS, {"typ": typ}), now=NOW)


def test_what_presets_accept_besides() -> None:
    """Both issuers of Google, both of a Cognito pool, an access token of Cognito for a resource, every Google account."""
    google = providers.google([GOOGLE_CLIENT, "2.apps"], keys=KEYS)
    for changes in ({"iss": "accounts.google.com"}, {"hd": ...}, {"aud": "2.apps"}):
        assert google.verify(token(GOOGLE, **changes), now=NOW)
    other = f"https://issuer.cognito-idp.eu-west-1.amazonaws.com/{POOL}"
    resource = providers.cognito(POOL, client_id=[APP_CLIENT], token_use="access", audience="https://api", keys=KEYS)
    assert resource.verify(token(COGNITO, iss=other, aud="https://api"), now=NOW)
    assert (MISMATCH, "aud") == refused_claim(resource.verify, token(COGNITO, aud="https://other"), now=NOW)
    everyone = providers.kubernetes(CLUSTER, audience="https://vault.example", service_accounts=UNCHECKED, keys=KEYS)
    assert everyone.verify(token(KUBERNETES, sub="system:serviceaccount:web:worker"), now=NOW)
    government = providers.entra(TENANT, audience=API, authority="https://login.microsoftonline.us", keys=KEYS)
    assert government.verify(token(ENTRA_2, iss=f"https://login.microsoftonline.us/{TENANT}/v2.0"), now=NOW)


OTHER_ISSUER = ENTRA_2["iss"].replace(TENANT, OTHER_TENANT)
THIRD_TENANT = "5c1d4f2e-9a3b-4c5d-8e6f-7a8b9c0d1e2f"
ELSEWHERE = {"iss": ENTRA_2["iss"].replace(TENANT, THIRD_TENANT), "tid": THIRD_TENANT}


def test_several_tenants_of_entra() -> None:
    """Each tenant that was named is accepted, if its issuer and `tid` are of the same one; no other is."""
    verifier = providers.entra_tenants([TENANT, OTHER_TENANT], audience=API, keys=KEYS)
    assert verifier.verify(token(ENTRA_2), now=NOW)
    assert verifier.verify(token(ENTRA_2, iss=OTHER_ISSUER, tid=OTHER_TENANT), now=NOW)
    assert (MISMATCH, "tid") == refused_claim(verifier.verify, token(ENTRA_2, iss=OTHER_ISSUER), now=NOW)
    assert (MISMATCH, "tid") == refused_claim(verifier.verify, token(ENTRA_2, tid=OTHER_TENANT), now=NOW)
    assert (MISSING, "azp") == refused_claim(verifier.verify, token(ENTRA_2, azp=...), now=NOW)
    assert (MISMATCH, "aud") == refused_claim(verifier.verify, token(ENTRA_2, aud="other"), now=NOW)
    assert "key_not_found" == refusal(verifier.verify, token(ENTRA_2, **ELSEWHERE), now=NOW)
    assert "key_not_found" == refusal(verifier.verify, token(ENTRA_1), now=NOW)
    everyone = providers.entra_tenants(UNCHECKED, audience=API, keys=KEYS)
    assert everyone.verify(token(ENTRA_2, **ELSEWHERE), now=NOW)
    assert (MISMATCH, "tid") == refused_claim(everyone.verify, token(ENTRA_2, tid=OTHER_TENANT), now=NOW)


def test_the_issuer_that_entra_publishes_for_a_key() -> None:
    """A key that is published for one tenant signs nothing for another."""
    for published, accepted in (
        (ENTRA_2["iss"].replace(TENANT, "{tenantid}"), True),
        (ENTRA_2["iss"], True),
        (OTHER_ISSUER, False),
    ):
        jwk = KEY.public_jwk(kid="a", issuer=published)
        keys = KeySet.from_jwks({"keys": [jwk]}, algorithms=["RS256"])
        verifier = providers.entra_tenants([TENANT], audience=API, keys=keys)
        text = token(ENTRA_2, {"kid": "a"})
        if accepted:
            assert verifier.verify(text, now=NOW)
        else:
            assert (MISMATCH, "iss") == refused_claim(verifier.verify, text, now=NOW)


def test_an_owner_of_workflows() -> None:
    """A GitHub preset for an owner accepts all of the owner's repositories and no others."""
    verifier = providers.github_actions(audience=ACTIONS["aud"], repository_owner_id=["65", "66"], keys=KEYS)
    assert verifier.verify(token(ACTIONS, repository_id="99"), now=NOW)
    refused = refused_claim(verifier.verify, token(ACTIONS, repository_owner_id="67"), now=NOW)
    assert (MISMATCH, "repository_owner_id") == refused


WRONG: dict[str, Callable[[], Any]] = {
    "a domain among tenants": lambda: providers.entra_tenants([TENANT, "contoso.example"], audience=API, keys=KEYS),
    "no tenants": lambda: providers.entra_tenants([], audience=API, keys=KEYS),
    "a domain as tenant": lambda: providers.entra("contoso.example", audience=API, keys=KEYS),
    "common as tenant": lambda: providers.entra("common", audience=API, keys=KEYS),
    "an unknown version": lambda: providers.entra(TENANT, audience=API, version="3.0", keys=KEYS),  # type: ignore[arg-type]
    "version 1.0 elsewhere": lambda: providers.entra(
        TENANT, audience=API, version="1.0", authority="https://login.microsoftonline.us", keys=KEYS
    ),
    "no user pool": lambda: providers.cognito("AbCdEfGhI", client_id="a", token_use="id", keys=KEYS),
    "a pool with a path": lambda: providers.cognito("eu-west-1_a/../b", client_id="a", token_use="id", keys=KEYS),
    "another token_use": lambda: providers.cognito(POOL, client_id="a", token_use="both", keys=KEYS),  # type: ignore[arg-type]
    "no app client": lambda: providers.cognito(POOL, client_id=[], token_use="access", keys=KEYS),
    "an audience of ID tokens": lambda: providers.cognito(POOL, client_id="a", token_use="id", audience="b", keys=KEYS),
    "a realm with a slash": lambda: providers.keycloak(REALM + "/", audience="orders-api", keys=KEYS),
    "the audience account": lambda: providers.keycloak(REALM, audience=["account", "orders-api"], keys=KEYS),
    "no clients": lambda: providers.keycloak(REALM, audience="orders-api", clients=[], keys=KEYS),
    "no domain": lambda: providers.google(GOOGLE_CLIENT, hosted_domain=[], keys=KEYS),
    "an empty domain": lambda: providers.google(GOOGLE_CLIENT, hosted_domain="", keys=KEYS),
    "a project with a path": lambda: providers.firebase("../other", keys=KEYS),
    "nobody's workflows": lambda: providers.github_actions(audience="a", ref="refs/heads/main", keys=KEYS),
    "no repository": lambda: providers.github_actions(audience="a", repository_id=[], keys=KEYS),
    "the API server's audience": lambda: providers.kubernetes(
        CLUSTER, audience=CLUSTER, service_accounts="a/b", keys=KEYS
    ),
    "an account without namespace": lambda: providers.kubernetes(
        CLUSTER, audience="a", service_accounts="worker", keys=KEYS
    ),
    "keys and the options of fetched ones": lambda: providers.google("a", keys=KEYS, timeout=1),
}


@pytest.mark.parametrize("name", WRONG)
def test_declarations_that_cannot_be(name: str) -> None:
    """A preset that would accept too much, or nothing, is PolicyError when it is made."""
    assert "invalid_policy" == refusal(WRONG[name])


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_id_token_whose_keys_are_fetched(asynchronous: bool) -> None:
    """Both functions wait for the keys, judge the nonce, and then ask the replay store."""
    with FakeIssuer(audience=CLIENT) as issuer:
        keys = RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, timeout=60.0)
        verifier = Verifier(keys, Policy(issuer=issuer.url, audience=CLIENT), replay=MemoryState())
        text = issuer.token(nonce="right", jti="1")

        def verify(nonce: str) -> VerifiedJWT:
            if asynchronous:
                return asyncio.run(providers.verify_id_token_async(verifier, text, nonce=nonce))
            return providers.verify_id_token(verifier, text, nonce=nonce)

        assert "claim_mismatch" == refusal(verify, "wrong")
        assert "right" == verify("right")["nonce"]
        assert "replayed" == refusal(verify, "right")
