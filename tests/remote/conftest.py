"""What tests of remote keys begin with."""

from collections.abc import Iterator

import pytest

from jwseal.testing import FakeIssuer
from keyring import publish


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """An issuer whose set has the key `a`."""
    with FakeIssuer(alg=None) as running:
        publish(running, "a")
        yield running
