"""The pytest plugin: `pytest_plugins = ["jwseal.testing.plugin"]` in `conftest.py` gives the fixture `fake_issuer`."""

from collections.abc import Iterator

import pytest

from jwseal.testing.issuer import FakeIssuer

__all__ = ["fake_issuer"]


@pytest.fixture
def fake_issuer() -> Iterator[FakeIssuer]:
    """A FakeIssuer with one ES256 key, which serves until the test ends."""
    with FakeIssuer() as issuer:
        yield issuer
