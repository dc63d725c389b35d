"""Each test of the command line runs in an empty directory, with a wide terminal and without passwords in the environment."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("JWSEAL_PASSWORD", raising=False)
    monkeypatch.delenv("JWSEAL_NEW_PASSWORD", raising=False)
