"""A provider that is not ours, `oidc-provider` on Node: discovery, tokens, rotation, withdrawal, and its end.

It is installed by npm into a cache folder outside the tree. Without Node, npm or the registry the tests are skipped, unless
JWSEAL_OIDC_PROVIDER=required says that they must run.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from judge import refusal
from jwseal import Issuers, KeySourceUnavailable, Policy, Verifier
from jwseal.remote import ManualClock, RemoteKeySet, discover

VERSION = "9.13.3"
SCRIPT = Path(__file__).parents[1] / "support" / "oidc_provider.mjs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jwseal-tests" / f"oidc-provider-{VERSION}"


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the provider's packages are."""
    try:
        install()
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("JWSEAL_OIDC_PROVIDER") == "required":
            raise
        pytest.skip(f"oidc-provider cannot be installed: {type(error).__name__}, needs Node, npm and its registry")
    return CACHE


def install() -> None:
    """Install the provider into the cache, whole or not at all."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(tool)
    if CACHE.exists():
        return
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as new:
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix", new]
        command = [shutil.which("npm") or "npm", "install", *options, f"oidc-provider@{VERSION}"]
        subprocess.run(command, check=True, timeout=180, capture_output=True)
        try:
            Path(new).rename(CACHE)
        except OSError:
            if not CACHE.exists():  # another process was first
                raise
        else:
            Path(new).mkdir()


class Provider:
    """The running provider."""

    def __init__(self, folder: Path) -> None:
        command = [shutil.which("node") or "node", str(SCRIPT), str(folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self.issuer: str = self._said()["issuer"]

    def _said(self) -> dict[str, object]:
        assert self._process.stdout is not None
        # The provider writes its notices between.
        return json.loads(next(line for line in self._process.stdout if line.startswith("{")))

    def publish(self, *kids: str) -> None:
        """Publish these keys, and sign with the first."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"keys": kids}) + "\n")
        self._process.stdin.flush()
        assert {"keys": list(kids)} == self._said()

    def token(self) -> str:
        """An access token."""
        credentials = base64.b64encode(b"service:a%20secret%20of%20this%20test").decode()
        request = urllib.request.Request(
            f"{self.issuer}/token",
            data=b"grant_type=client_credentials&scope=read",
            headers={"Authorization": f"Basic {credentials}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            return json.load(response)["access_token"]

    def end(self) -> None:
        """Stop it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture
def provider(folder: Path) -> Iterator[Provider]:
    """A running provider with one key, `first`."""
    made = Provider(folder)
    yield made
    made.end()


def keys_of(provider: Provider, **options: object) -> RemoteKeySet:
    """Its keys, found by its name."""
    return discover(provider.issuer, algorithms=["RS256"], allow_http_loopback=True, **options)


def verifier(provider: Provider, keys: RemoteKeySet) -> Verifier:
    """A verifier of its access tokens (RFC 9068)."""
    return Verifier(keys, Policy(issuer=provider.issuer, audience="api", typ="at+jwt"))


def test_discovery_and_tokens(provider: Provider) -> None:
    """The provider's metadata leads to its keys, and its access token is accepted."""
    asked = verifier(provider, keys_of(provider))
    verified = asked.verify(provider.token())
    assert ("service", "first", {"read"}) == (verified["sub"], verified.kid, verified.scopes)
    assert "service" == Issuers({provider.issuer: asked}).verify(provider.token())["sub"]


def test_rotation_is_seen_at_once(provider: Provider) -> None:
    """The first token of a key that was not published before is accepted, and tokens of the old key still are."""
    asked = verifier(provider, keys_of(provider))
    old = provider.token()
    asked.verify(old)
    provider.publish("second", "first")
    assert "second" == asked.verify(provider.token()).kid
    assert "first" == asked.verify(old).kid


def test_withdrawal(provider: Provider) -> None:
    """After the next fetch a token of a withdrawn key is refused."""
    keys = keys_of(provider)
    asked = verifier(provider, keys)
    old = provider.token()
    asked.verify(old)
    provider.publish("second")
    assert keys.refresh()
    assert "key_not_found" == refusal(asked.verify, old)
    assert "second" == asked.verify(provider.token()).kid


def test_provider_gone(provider: Provider) -> None:
    """Without the provider known keys serve for an hour, a source without keys is unavailable, and so is one after the hour."""
    clock = ManualClock()
    keys = keys_of(provider, clock=clock)
    asked = verifier(provider, keys)
    token = provider.token()
    asked.verify(token)
    provider.end()
    with pytest.raises(KeySourceUnavailable):
        keys.refresh()
    assert "first" == asked.verify(token).kid
    assert "key_source_unavailable" == refusal(verifier(provider, keys_of(provider)).verify, token)
    clock.advance(3_601)
    assert "key_source_unavailable" == refusal(asked.verify, token)
