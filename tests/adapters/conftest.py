"""What the tests of the adapters share: one issuer, a verifier of its tokens, and one whose keys cannot be fetched."""

from collections.abc import Iterator
from typing import Any

import pytest

from jwseal import KeySet, Policy, Verifier
from jwseal.testing import FakeIssuer


@pytest.fixture(scope="session")
def issuer() -> Iterator[FakeIssuer]:
    """One issuer for all applications."""
    with FakeIssuer() as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """A fetch ends however busy the machine is."""
    from jwseal.remote import RemoteKeySet

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RemoteKeySet.__init__.__kwdefaults__, "timeout", 60.0)
        yield


@pytest.fixture(scope="session")
def verifier(issuer: FakeIssuer) -> Verifier:
    """A verifier of the issuer's tokens."""
    return Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"))


@pytest.fixture(scope="session")
def down(issuer: FakeIssuer) -> Any:
    """A verifier whose keys cannot be fetched: nothing listens where they should be."""
    from jwseal.remote import RemoteKeySet

    nobody = FakeIssuer().start()
    url = nobody.jwks_uri
    nobody.close()
    keys = RemoteKeySet(url, algorithms=["ES256"], allow_http_loopback=True)
    return Verifier(keys, Policy(issuer=issuer.url, audience="api"))
