"""The pytest plugin, which pytest finds by itself: the fixtures `fake_issuer` and `jwseal_clock`.

Every pytest run loads this file, so it imports the rest when a fixture is first used. `-p no:jwseal.testing.plugin` turns it off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jwseal.testing import Clock, FakeIssuer

__all__ = ["fake_issuer", "jwseal_clock"]


@pytest.fixture
def fake_issuer() -> Iterator[FakeIssuer]:
    """A FakeIssuer with one ES256 key, which serves until the test ends."""
    from jwseal.testing import FakeIssuer

    with FakeIssuer() as issuer:
        yield issuer


@pytest.fixture
def jwseal_clock() -> Clock:
    """A Clock that stands at 2023-11-14T22:13:20Z until the test sets it."""
    from jwseal.testing import Clock

    return Clock()
