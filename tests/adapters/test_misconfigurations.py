"""Misconfigurations that issue trackers tell of: of the program, of the client, of the issuer, of the proxy between them.

A mistake of the program is an error when it starts. A mistake on the wire is refused with the code of the table by every adapter
alike, and in none of them does the handler run.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import protected_apps
from jwseal import InvalidKey, KeySet, Policy, PolicyError, Verifier
from jwseal.adapters.resource_server import ResourceServer
from jwseal.testing import Client, FakeIssuer
from jwseal.testing.client import client_of

Headers = list[tuple[str, str]]
A = "Authorization"

# The situation, what arrives ({} is a good token, {old} an expired one, {cut} one without its signature), the query, and the code
# of the refusal.
ON_THE_WIRE: list[tuple[str, Headers, str, str]] = [
    ("a proxy repeats the header", [(A, "Bearer {}"), (A, "Bearer {}")], "", "malformed_token"),
    ("a proxy joins two headers", [(A, "Bearer {}, Bearer {}")], "", "malformed_token"),
    ("a proxy joins without a space", [(A, "Bearer {},Bearer {}")], "", "malformed_token"),
    ("a proxy adds its own Basic", [(A, "Basic cHJveHk6eA=="), (A, "Bearer {}")], "", "malformed_token"),
    ("the proxy's Basic alone is left", [(A, "Basic cHJveHk6eA==")], "", "malformed_token"),
    ("a proxy moves the header", [("X-Forwarded-Authorization", "Bearer {}")], "", "missing_token"),
    ("Proxy-Authorization is another header", [("Proxy-Authorization", "Bearer {}")], "", "missing_token"),
    ("names differ in more than case", [("Authorisation", "Bearer {}")], "", "missing_token"),
    ("the token is in a cookie", [("Cookie", "access_token={}")], "", "missing_token"),
    ("the token is in the query", [], "access_token={}", "missing_token"),
    ("the token is in the query too", [(A, "Bearer {}")], "access_token={}", "malformed_token"),
    ("an empty parameter beside the header", [(A, "Bearer {}")], "access_token", "malformed_token"),
    ("the parameter comes twice", [(A, "Bearer {}")], "a=1&access_token=x&access_token={}", "malformed_token"),
    ("no scheme", [(A, "{}")], "", "malformed_token"),
    ("the scheme of Django REST framework", [(A, "Token {}")], "", "malformed_token"),
    ("the scheme JWT", [(A, "JWT {}")], "", "malformed_token"),
    ("a scheme that begins alike", [(A, "BearerToken {}")], "", "malformed_token"),
    ("the scheme twice", [(A, "Bearer Bearer {}")], "", "malformed_token"),
    ("a colon", [(A, "Bearer: {}")], "", "malformed_token"),
    ("an equals sign", [(A, "Bearer={}")], "", "malformed_token"),
    ("quotes from a template", [(A, 'Bearer "{}"')], "", "malformed_token"),
    ("a template that was not filled in", [(A, "Bearer ${TOKEN}")], "", "malformed_token"),
    ("an undefined variable", [(A, "Bearer undefined")], "", "malformed_token"),
    ("null from a script", [(A, "Bearer null")], "", "malformed_token"),
    ("an empty variable", [(A, "Bearer ")], "", "malformed_token"),
    ("the scheme alone", [(A, "Bearer")], "", "malformed_token"),
    ("an empty header", [(A, "")], "", "malformed_token"),
    ("an escaped space", [(A, "Bearer%20{}")], "", "malformed_token"),
    ("a semicolon", [(A, "Bearer {};")], "", "malformed_token"),
    ("a no-break space", [(A, "Bearer\u00a0{}")], "", "malformed_token"),
    ("the response of the token endpoint", [(A, 'Bearer {"access_token":"{}"}')], "", "malformed_token"),
    ("Basic behind Bearer", [(A, "Bearer {}, Basic cHJveHk6eA==")], "", "malformed_token"),
    ("Basic before Bearer", [(A, "Basic cHJveHk6eA==, Bearer {}")], "", "malformed_token"),
    ("the client's header and the gateway's", [(A, "Bearer {}"), (A, "Bearer {old}")], "", "malformed_token"),
    ("a tab after the scheme", [(A, "Bearer\t{}")], "", "malformed_token"),
    ("single quotes", [(A, "Bearer '{}'")], "", "malformed_token"),
    ("bytes of Python as text", [(A, "Bearer b'{}'")], "", "malformed_token"),
    ("angle brackets from documentation", [(A, "Bearer <{}>")], "", "malformed_token"),
    ("a parameter of the scheme", [(A, "Bearer token={}")], "", "malformed_token"),
    ("a parameter of the scheme in quotes", [(A, 'Bearer access_token="{}"')], "", "malformed_token"),
    ("a full stop from a sentence", [(A, "Bearer {}.")], "", "malformed_token"),
    ("the signature was cut off", [(A, "Bearer {cut}")], "", "malformed_token"),
    ("the signature alone was cut off", [(A, "Bearer {cut}.")], "", "invalid_signature"),
    ("two tokens in one header", [(A, "Bearer {} {}")], "", "malformed_token"),
    ("DPoP where nobody asked for it", [(A, "DPoP {}")], "", "malformed_token"),
    ("the header Authentication", [("Authentication", "Bearer {}")], "", "missing_token"),
    ("the header X-Auth-Token", [("X-Auth-Token", "{}")], "", "missing_token"),
    ("the header X-Original-Authorization", [("X-Original-Authorization", "Bearer {}")], "", "missing_token"),
    ("Apache keeps the header for itself", [("Redirect-Http-Authorization", "Bearer {}")], "", "missing_token"),
    ("the load balancer's header", [("X-Amzn-Oidc-Data", "{}")], "", "missing_token"),
    ("a subprotocol of a WebSocket", [("Sec-WebSocket-Protocol", "bearer, {}")], "", "missing_token"),
    ("another parameter of the query", [], "jwt={}", "missing_token"),
    ("the header's name in the query", [], "authorization=Bearer%20{}", "missing_token"),
    ("an escaped name in the query", [(A, "Bearer {}")], "access%5Ftoken=x", "malformed_token"),
    ("an opaque token", [(A, "Bearer 2YotnFZFEjr1zCsicMWpAA")], "", "malformed_token"),
    ("an expired token", [(A, "Bearer {old}")], "", "token_expired"),
]

# The same requests with a change that makes them right.
RIGHT: list[tuple[str, Headers, str]] = [
    ("as it should be", [(A, "Bearer {}")], ""),
    ("the header's name in lower case", [("authorization", "Bearer {}")], ""),
    ("the header's name in upper case", [("AUTHORIZATION", "Bearer {}")], ""),
    ("the scheme in lower case", [(A, "bearer {}")], ""),
    ("the scheme in upper case", [(A, "BEARER {}")], ""),
    ("several spaces after the scheme", [(A, "Bearer   {}")], ""),
    ("another parameter of the query", [(A, "Bearer {}")], "token={}&access=1"),
    ("other credentials in other headers", [(A, "Bearer {}"), ("Cookie", "session=1"), ("X-Api-Key", "k")], ""),
]

# What a token says, signed by the issuer, and the refusal. `...` leaves a claim out.
IN_THE_TOKEN: list[tuple[str, dict[str, Any], str]] = [
    ("an audience with a slash at its end", {"aud": "api/"}, "401 claim_mismatch"),
    ("an audience in upper case", {"aud": "API"}, "401 claim_mismatch"),
    ("an audience with a scheme", {"aud": "api://api"}, "401 claim_mismatch"),
    ("audiences in one string", {"aud": "api other"}, "401 claim_mismatch"),
    ("the client's id in place of the audience", {"aud": "web-client", "azp": "web-client"}, "401 claim_mismatch"),
    ("the provider's own audience", {"aud": "account"}, "401 claim_mismatch"),
    ("no audience", {"aud": ...}, "401 missing_claim"),
    ("an empty list of audiences", {"aud": []}, "401 claim_mismatch"),
    ("null for an audience", {"aud": None}, "401 invalid_claim"),
    ("an issuer with a slash at its end", {"iss": "{}/"}, "401 claim_mismatch"),
    ("an issuer in upper case", {"iss": "HTTP{}"}, "401 claim_mismatch"),
    ("the provider's older issuer", {"iss": "https://sts.windows.net/t/"}, "401 claim_mismatch"),
    ("no issuer", {"iss": ...}, "401 missing_claim"),
    ("no expiry", {"exp": ...}, "401 missing_claim"),
    ("an expiry in milliseconds", {"exp": 4_102_444_800_000}, "401 invalid_claim"),
    ("an expiry as text", {"exp": "4102444800"}, "401 invalid_claim"),
    ("an expiry as a date", {"exp": "2099-01-01T00:00:00Z"}, "401 invalid_claim"),
    ("a clock of the issuer that is an hour fast", {"nbf": 4_102_444_800}, "401 token_not_yet_valid"),
    ("an expiry with no time left", {"exp": 1_700_000_000}, "401 token_expired"),
    ("scopes with commas", {"scope": "orders:read,profile"}, "403 insufficient_scope"),
    ("a longer scope", {"scope": "orders:readwrite"}, "403 insufficient_scope"),
    ("a scope in upper case", {"scope": "Orders:Read"}, "403 insufficient_scope"),
    ("a permission in place of a scope", {"scope": ..., "permissions": ["orders:read"]}, "403 insufficient_scope"),
    ("a role in place of a scope", {"scope": ..., "roles": ["orders:read"]}, "403 insufficient_scope"),
]

APPS = [name for name in protected_apps.APPS if name != "aiohttp"]


@pytest.fixture(scope="module", params=APPS)
def client(request: pytest.FixtureRequest, verifier: Verifier) -> Iterator[Client]:
    """A client of each application."""
    with client_of(protected_apps.APPS[request.param](verifier)) as made:
        yield made


def send(client: Client, issuer: FakeIssuer, headers: Headers, query: str) -> int:
    """The status of the application's answer."""
    good, old = (issuer.token(scope=protected_apps.SCOPE, expires_in=seconds) for seconds in (300, -60))

    def filled(text: str) -> str:
        return text.replace("{old}", old).replace("{cut}", good.rpartition(".")[0]).replace("{}", good)

    made = [(header, filled(value)) for header, value in headers]
    return client.send("GET", "/orders", made, filled(query)).status


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the adapters wrote to their log."""
    return [one.getMessage() for one in caplog.records if one.name == "jwseal.adapters"]


@pytest.mark.parametrize(
    ("situation", "headers", "query", "code"), ON_THE_WIRE, ids=[str(row[0]) for row in ON_THE_WIRE]
)
def test_on_the_wire(
    client: Client,
    situation: str,
    headers: Headers,
    query: str,
    code: str,
    issuer: FakeIssuer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The request is a 401, and its code is in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    assert 401 == send(client, issuer, headers, query), situation
    assert [f"401 {code}"] == logged(caplog)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
@pytest.mark.parametrize("name", ["asgi", "wsgi", "fastapi"])
def test_a_file_of_the_token_ends_with_a_line_break(
    name: str, end: str, verifier: Verifier, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """No HTTP client and no server lets a line break through; where one does, it is no part of a token."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    with client_of(protected_apps.APPS[name](verifier)) as made:
        assert 401 == send(made, issuer, [(A, "Bearer {}" + end)], "")
    assert ["401 malformed_token"] == logged(caplog)


@pytest.mark.parametrize(("situation", "headers", "query"), RIGHT, ids=[str(row[0]) for row in RIGHT])
def test_right(client: Client, situation: str, headers: Headers, query: str, issuer: FakeIssuer) -> None:
    """What is right is accepted, so that the table above refuses for the reason it names."""
    assert 200 == send(client, issuer, headers, query), situation


@pytest.mark.parametrize(("situation", "claims", "outcome"), IN_THE_TOKEN, ids=[row[0] for row in IN_THE_TOKEN])
def test_in_the_token(
    client: Client,
    situation: str,
    claims: dict[str, Any],
    outcome: str,
    issuer: FakeIssuer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The token is the issuer's, and is refused with the status and code of the table."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    said = {"scope": protected_apps.SCOPE, **claims}
    if isinstance(said.get("iss"), str):
        said["iss"] = said["iss"].replace("HTTP{}", issuer.url.upper()).replace("{}", issuer.url)
    answer = client.send("GET", "/orders", [(A, f"Bearer {issuer.token(said)}")])
    # Starlette's `requires` may answer for a scope, but only after the backend, which demands the same.
    assert [outcome] == logged(caplog), situation
    assert outcome.startswith(str(answer.status))


@pytest.mark.parametrize("scopes", [{"scope": "orders:read"}, {"scope": ..., "scp": ["orders:read"]}], ids=str)
def test_scopes_that_are_right(client: Client, scopes: dict[str, Any], issuer: FakeIssuer) -> None:
    """A scope in `scope` or in `scp` is one."""
    assert 200 == client.send("GET", "/orders", [(A, f"Bearer {issuer.token(scopes)}")]).status


def verifier_of(**policy: Any) -> Callable[[FakeIssuer], object]:
    """A verifier with this policy."""
    return lambda issuer: Verifier(KeySet.from_jwks(issuer.jwks()), Policy(**policy))


def server_of(**options: Any) -> Callable[[FakeIssuer], object]:
    """A resource server with these options."""
    judge = verifier_of(issuer="i", audience="a")
    return lambda issuer: ResourceServer(judge(issuer), **options)  # type: ignore[arg-type]


OF_THE_PROGRAM: list[tuple[str, Callable[[FakeIssuer], object], type[Exception], str]] = [
    ("no audience", verifier_of(issuer="i"), TypeError, "audience"),
    ("audience None", verifier_of(issuer="i", audience=None), TypeError, "audience"),
    ("an empty audience", verifier_of(issuer="i", audience=""), PolicyError, "audience"),
    ("no audiences from the environment", verifier_of(issuer="i", audience=[]), PolicyError, "audience"),
    ("no issuer", verifier_of(audience="a"), TypeError, "issuer"),
    ("scopes as one string", verifier_of(issuer="i", audience="a", scopes="read"), PolicyError, "scopes"),
    ("an empty key set", lambda _: KeySet.from_jwks({"keys": []}), InvalidKey, "is empty"),
    ("a policy in place of a verifier", lambda _: ResourceServer(Policy(issuer="i", audience="a")), TypeError, "judge"),  # type: ignore[arg-type]
    ("a class in place of a verifier", lambda _: ResourceServer(Verifier), TypeError, "build it once"),  # type: ignore[arg-type]
    ("scopes of the route as one string", server_of(scopes="read"), PolicyError, "not 'read'"),
    ("one excluded path as a string", server_of(exclude="/health"), PolicyError, "collections"),
    ("an excluded path without a slash", server_of(exclude=["health"]), PolicyError, "begins with '/'"),
    ("an excluded path as a pattern", server_of(exclude=["/api/*/public"]), PolicyError, "final"),
    ("a realm with a line break", server_of(realm="a\r\nSet-Cookie: x=1"), PolicyError, "realm"),
    ("a metadata URL in quotes", server_of(resource_metadata='"https://x"'), PolicyError, "resource_metadata"),
    ("two scopes in one string", server_of(scopes=["read write"]), PolicyError, "scope"),
    ("an option that is misspelt", server_of(excludes=["/health"]), TypeError, "excludes"),
]


@pytest.mark.parametrize(
    ("situation", "make", "error", "words"), OF_THE_PROGRAM, ids=[row[0] for row in OF_THE_PROGRAM]
)
def test_of_the_program(
    situation: str, make: Callable[[FakeIssuer], object], error: type[Exception], words: str, issuer: FakeIssuer
) -> None:
    """The program does not start, and the sentence names what to change."""
    with pytest.raises(error, match=words):
        make(issuer)
    assert situation
