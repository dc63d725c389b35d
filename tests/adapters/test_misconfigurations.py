"""Misconfigurations that issue trackers tell of: of the program, of the client, of the proxy between them.

A mistake of the program is an error when it starts. A mistake on the wire is refused with the code of the table, by plain ASGI,
plain WSGI and FastAPI alike, and in none of them does the handler run.
"""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import protected_apps
from jwseal import InvalidKey, KeySet, Policy, PolicyError, Verifier
from jwseal.adapters.resource_server import ResourceServer
from jwseal.testing import FakeIssuer
from jwseal.testing.client import client_of

Headers = list[tuple[str, str]]
A = "Authorization"

# The situation, what arrives ({} is a good token, {old} an expired one), the query, and the code of the refusal.
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
    ("an opaque token", [(A, "Bearer 2YotnFZFEjr1zCsicMWpAA")], "", "malformed_token"),
    ("an expired token", [(A, "Bearer {old}")], "", "token_expired"),
]

# The same requests with a change that makes them right.
RIGHT: list[tuple[str, Headers, str]] = [
    ("as it should be", [(A, "Bearer {}")], ""),
    ("the header's name in lower case", [("authorization", "Bearer {}")], ""),
    ("the header's name in upper case", [("AUTHORIZATION", "Bearer {}")], ""),
    ("the scheme in lower case", [(A, "bearer {}")], ""),
    ("another parameter of the query", [(A, "Bearer {}")], "token={}&access=1"),
    ("other credentials in other headers", [(A, "Bearer {}"), ("Cookie", "session=1"), ("X-Api-Key", "k")], ""),
]

APPS = ["asgi", "wsgi", "fastapi"]


def send(name: str, judge: Verifier, issuer: FakeIssuer, headers: Headers, query: str) -> int:
    """The status of the application's answer."""
    good, old = (issuer.token(scope=protected_apps.SCOPE, expires_in=seconds) for seconds in (300, -60))

    def filled(text: str) -> str:
        return text.replace("{old}", old).replace("{}", good)

    with client_of(protected_apps.APPS[name](judge)) as client:
        made = [(header, filled(value)) for header, value in headers]
        return client.send("GET", "/orders", made, filled(query)).status


@pytest.mark.parametrize(
    ("situation", "headers", "query", "code"), ON_THE_WIRE, ids=[str(row[0]) for row in ON_THE_WIRE]
)
@pytest.mark.parametrize("name", APPS)
def test_on_the_wire(
    name: str,
    situation: str,
    headers: Headers,
    query: str,
    code: str,
    issuer: FakeIssuer,
    verifier: Verifier,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The request is a 401, and its code is in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    assert 401 == send(name, verifier, issuer, headers, query), situation
    assert [f"401 {code}"] == [one.getMessage() for one in caplog.records if one.name == "jwseal.adapters"]


@pytest.mark.parametrize(("situation", "headers", "query"), RIGHT, ids=[str(row[0]) for row in RIGHT])
@pytest.mark.parametrize("name", APPS)
def test_right(name: str, situation: str, headers: Headers, query: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """What is right is accepted, so that the table above refuses for the reason it names."""
    assert 200 == send(name, verifier, issuer, headers, query), situation


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
