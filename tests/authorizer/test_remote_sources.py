"""The keys of an authorizer's issuer over real HTTP: by `jwks_url`, by `discovery`, and with a certificate authority of one's own."""

import asyncio
from pathlib import Path

import pytest

from certificate import Authority
from jwseal import PolicyError
from jwseal.authorizer import Authorizer
from jwseal.testing import FakeIssuer

SOURCES = {"jwks_url": 'jwks_url = "{0.jwks_uri}"', "discovery": "discovery = true"}


def authorizer(issuer: FakeIssuer, source: str, more: str = "") -> Authorizer:
    """An authorizer that trusts this issuer, whose keys come from this source."""
    return Authorizer.from_text(text(issuer, source, more))


def text(issuer: FakeIssuer, source: str, more: str = "") -> str:
    """A configuration that trusts this issuer, whose keys come from this source."""
    return f"""
[issuers.idp]
issuer = "{issuer.url}"
{SOURCES[source].format(issuer)}
algorithms = ["ES256"]
audience = ["api"]
{more}

[[rules]]
id = "any"
issuer = "idp"
effect = "allow"
when = {{ claim = "sub", exists = true }}
"""


@pytest.mark.parametrize("source", SOURCES)
def test_keys_are_fetched(source: str) -> None:
    """A token is allowed, a rotation is seen at once, and a key that was withdrawn is refused after the next fetch."""
    with FakeIssuer() as issuer:
        asked = authorizer(issuer, source)
        first = issuer.token()
        assert ("allowed", "any") == (asked.authorize(first).code, asked.authorize(first).rule)
        issuer.rotate()
        assert "allowed" == asked.authorize(issuer.token()).code


@pytest.mark.parametrize("source", SOURCES)
def test_an_issuer_that_is_down(source: str) -> None:
    """Without keys the decision is 503 with the stage `key`, and no exception."""
    issuer = FakeIssuer().start()
    asked, token = authorizer(issuer, source), issuer.token()
    issuer.close()
    decision = asked.authorize(token)
    assert ("key_source_unavailable", "key", 503) == (decision.code, decision.stage, decision.http_status)


async def _allowed(asked: Authorizer, token: str) -> str:
    return (await asked.authorize_async(token)).code


@pytest.mark.parametrize("source", SOURCES)
def test_without_blocking_the_loop(source: str) -> None:
    """`authorize_async` fetches the keys as `authorize` does."""
    with FakeIssuer() as issuer:
        assert "allowed" == asyncio.run(_allowed(authorizer(issuer, source), issuer.token()))


@pytest.mark.parametrize("source", SOURCES)
def test_tls_with_an_authority_of_ones_own(source: str, tmp_path: Path) -> None:
    """`ca_file` names the authority that the issuer's certificate is from; without it the keys are not fetched."""
    authority = Authority(tmp_path)
    with FakeIssuer(tls=authority.server()) as issuer:
        token = issuer.token()
        assert "allowed" == authorizer(issuer, source, f'ca_file = "{authority.file}"').authorize(token).code
        assert "key_source_unavailable" == authorizer(issuer, source).authorize(token).code


def test_an_authority_that_is_replaced(tmp_path: Path) -> None:
    """A `ca_file` with other content is read at the next look, under another version, though the TOML is unchanged."""
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    (tmp_path / "ca.pem").write_bytes(first.file.read_bytes())
    with FakeIssuer(tls=second.server()) as issuer:
        path = tmp_path / "signing.toml"
        path.write_text(text(issuer, "jwks_url", 'ca_file = "ca.pem"'))
        asked, token = Authorizer.from_file(path, reload_every=0), issuer.token()
        before = asked.version
        assert "key_source_unavailable" == asked.authorize(token).code
        (tmp_path / "ca.pem").write_bytes(second.file.read_bytes())
        assert "allowed" == asked.authorize(token).code
        assert before != asked.version


def test_keys_are_kept_over_a_reload(tmp_path: Path) -> None:
    """A reload with the same source of keys keeps the keys that were fetched."""
    with FakeIssuer() as issuer:
        path = tmp_path / "signing.toml"
        path.write_text(text(issuer, "jwks_url"))
        asked, token = Authorizer.from_file(path), issuer.token()
        assert asked.authorize(token).allowed
        path.write_text(path.read_text() + "\n# changed\n")
        assert asked.reload() is True
    assert asked.authorize(token).allowed


@pytest.mark.parametrize("host", ["id..example", "-id.example", "id_.exam ple", "1.2.3.256"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_host_that_cannot_be(source: str, host: str) -> None:
    """A URL whose host is no name and no address is refused when the configuration is read, with line, column and key."""
    key, line = ("jwks_url", 4) if source == "jwks_url" else ("discovery", 4)
    wrong = f"""
[issuers.idp]
issuer = "https://{host if source == "discovery" else "id.example"}"
{'jwks_url = "https://' + host + '/jwks.json"' if source == "jwks_url" else "discovery = true"}
algorithms = ["ES256"]
audience = ["api"]

[[rules]]
id = "any"
issuer = "idp"
effect = "allow"
when = {{ claim = "sub", exists = true }}
"""
    with pytest.raises(
        PolicyError, match=rf"^configuration:{line}:1: issuers\.idp\.{key}: the (host of a URL|URL of a key set) "
    ):
        Authorizer.from_text(wrong)
