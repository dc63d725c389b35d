"""Other libraries to compare with. A test that uses one that cannot be imported is skipped, with the reason."""

import importlib
import warnings
from typing import Any

import pytest


def peer(module: str) -> Any:
    """Return the module, or an object whose use skips the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(module)
        except ImportError as error:
            return Absent(f"{module} is not here: {error}")


class Absent:
    """Stands for a module that cannot be imported."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> Any:
        pytest.skip(self._reason)
