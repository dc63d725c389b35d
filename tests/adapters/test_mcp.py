"""The MCP SDK's and FastMCP's token verifiers, behind `protect`, on the servers that those libraries build."""

import logging
from typing import Any

import pytest

import protected_apps
from judges import ruled
from jwseal import Verifier
from jwseal.testing import FakeIssuer
from protected_mcp import LIBRARIES, WELL_KNOWN, ask, serving, verify

every_library = pytest.mark.parametrize("library", LIBRARIES)


@every_library
def test_metadata(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The challenge leads to the metadata of RFC 9728, which needs no token and names the issuer."""
    with serving(LIBRARIES[library](verifier, issuer.url)) as url:
        status, headers, _ = ask(url, "POST", "/mcp", [])
        challenge = dict(headers)["www-authenticate"]
        assert (401, f'Bearer resource_metadata="https://tools.example{WELL_KNOWN}", scope="tools"') == (
            status,
            challenge,
        )
        status, _, document = ask(url, "GET", WELL_KNOWN, [])
    assert status == 200
    assert issuer.url.encode() in document
    assert b'"resource":"https://tools.example/mcp"' in document.replace(b" ", b"")


class Counting:
    """Counts verifications."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier, self.count = verifier, 0

    def verify(self, token: str) -> Any:
        """As the verifier's."""
        raise AssertionError(token)

    async def verify_async(self, token: str) -> Any:
        """As the verifier's."""
        self.count += 1
        return await self.verifier.verify_async(token)


@every_library
def test_one_verification(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The library gets the result that `protect` has, so that a token which may be used once is not used twice."""
    judge = Counting(verifier)
    with serving(LIBRARIES[library](judge, issuer.url)) as url:
        headers = [("Authorization", f"Bearer {issuer.token(scope='tools')}")]
        assert ask(url, "POST", "/mcp", headers)[0] == 200
        assert judge.count == 1
        assert ask(url, "POST", "/mcp", headers)[0] == 200
        assert judge.count == 2


@every_library
def test_access_token(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """The access token has client, scopes, expiry, resource, subject and claims."""
    token = issuer.token(client_id="app", scope="b a", exp=4_102_444_800)
    access = verify(library, verifier, token)
    assert ("app", ["a", "b"], 4_102_444_800, "api", "alice") == (
        access.client_id,
        access.scopes,
        access.expires_at,
        access.resource,
        access.subject,
    )
    assert access.claims["iss"] == issuer.url


@every_library
@pytest.mark.parametrize(
    ("claims", "client", "resource"),
    [
        ({"azp": "web"}, "web", "api"),
        ({"client_id": 5, "azp": "web"}, "web", "api"),
        ({}, "alice", "api"),
        ({"sub": ...}, "", "api"),
        ({"aud": ["api"]}, "alice", "api"),
        ({"aud": ["api", "other"]}, "alice", None),
    ],
)
def test_client_and_resource(
    library: str, claims: dict[str, Any], client: str, resource: str | None, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """The client is `client_id`, else `azp`, else the subject; several audiences are no one resource."""
    access = verify(library, verifier, issuer.token(claims))
    assert (client, resource) == (access.client_id, access.resource)


@every_library
def test_refused(library: str, issuer: FakeIssuer, verifier: Verifier, caplog: pytest.LogCaptureFixture) -> None:
    """A refused token is None, and its code is in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    assert verify(library, verifier, issuer.token(expires_in=-1)) is None
    assert [record.getMessage() for record in caplog.records if record.name == "jwseal.adapters"] == [
        "mcp token_expired"
    ]


@every_library
def test_a_decision(library: str, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """With an Authorizer the access token is that of an allowed decision; a refused one is None, with its code in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    judge = ruled(issuer.url, None, issuer.jwks_uri, scope="tools")
    access = verify(library, judge, issuer.token(client_id="app", scope="a tools", exp=4_102_444_800))
    assert ("app", ["a", "tools"], 4_102_444_800, "api", "alice") == (
        access.client_id,
        access.scopes,
        access.expires_at,
        access.resource,
        access.subject,
    )
    for token in (issuer.token(scope="a"), issuer.token(expires_in=-1), "x"):
        assert verify(library, judge, token) is None
    assert ["mcp no_rule_matched", "mcp token_expired", "mcp malformed_token"] == [
        record.getMessage() for record in caplog.records if record.name == "jwseal.adapters"
    ]


@every_library
@pytest.mark.parametrize("judge", [object(), None, Verifier], ids=["object", "None", "class"])
def test_no_judge(library: str, judge: Any) -> None:
    """What cannot judge tokens is a TypeError when the program starts."""
    with pytest.raises(TypeError, match="Verifier, Issuers or Authorizer"):
        verify(library, judge, "")


def test_metadata_needs_the_servers_url(issuer: FakeIssuer, verifier: Verifier) -> None:
    """FastMCP cannot publish metadata without its URL; the TypeError says where it goes."""
    protected_apps.needed("fastmcp")
    from jwseal.adapters.fastmcp import JWTVerifier, provider

    with pytest.raises(TypeError, match="base_url"):
        provider(JWTVerifier(verifier), issuer=issuer.url)
