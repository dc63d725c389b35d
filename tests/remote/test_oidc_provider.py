"""A provider that is not ours, `oidc-provider` on Node: discovery, tokens, rotation, withdrawal, and its end.

It is installed by npm into a cache folder outside the tree. Where it cannot be installed or does not start within a minute
the tests are skipped with the reason, unless JWSEAL_OIDC_PROVIDER=required says that they must run.
"""

import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
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
    """Where the provider's packages are; it was started from them once."""
    try:
        install()
        Provider(CACHE).end()
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("JWSEAL_OIDC_PROVIDER") == "required":
            raise
        pytest.skip(f"oidc-provider cannot be installed and started (needs Node, npm, its registry): {error}")
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
        subprocess.run(command, check=True, timeout=180, stdin=subprocess.DEVNULL, capture_output=True)
        try:
            Path(new).rename(CACHE)
        except OSError:
            if not CACHE.exists():  # another process was first
                raise
        else:
            Path(new).mkdir()


WAIT = 60.0
"""Seconds to wait for a line of the provider."""


class Provider:
    """The running provider."""

    def __init__(self, folder: Path) -> None:
        command = [shutil.which("node") or "node", str(SCRIPT), str(folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.issuer: str = self._said()["issuer"]

    def _read(self) -> None:
        """Queue each line of output, and None for its end."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # the provider writes its notices between
                self._lines.put(line)
        self._lines.put(None)

    def _said(self) -> dict[str, object]:
        """The next line. TimeoutExpired or CalledProcessError where none comes: the process is killed then."""
        try:
            line = self._lines.get(timeout=WAIT)
        except queue.Empty:
            self._process.kill()
            raise subprocess.TimeoutExpired(self._process.args, WAIT) from None
        if line is None:
            raise subprocess.CalledProcessError(self._process.wait(WAIT), self._process.args)
        return json.loads(line)

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
        try:
            self._process.wait(WAIT)
        finally:
            self._process.kill()
            self._reader.join(WAIT)
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
