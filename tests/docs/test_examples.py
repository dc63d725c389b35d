"""The examples run as they are and say what they should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str) -> str:
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="the demonstration makes its keys with the openssl command")
def test_demo() -> None:
    """`make demo` reaches its last line, with every verdict as expected and nothing on standard error."""
    pytest.importorskip("jwcrypto", reason="one of the demo's three libraries is not here")
    assert run("demo.py").endswith("every verdict is as expected\n")


def test_gateway() -> None:
    """A good token passes, a narrow one is forbidden, a tampered one is unauthorised."""
    statuses = [line.split()[:2] for line in run("gateway.py").splitlines()]
    assert statuses == [["good", "200"], ["narrow", "403"], ["tampered", "401"]]


def test_rotate_keys() -> None:
    """While both keys are published, tokens of both are good."""
    lines = run("rotate_keys.py").splitlines()
    assert lines[0].endswith("march ok for alice, april key_not_found")
    assert lines[1].endswith("march ok for alice, april ok for alice")
    assert lines[2].endswith("march key_not_found, april ok for alice")


def test_sign_document() -> None:
    """The genuine document verifies and the changed one does not."""
    assert run("sign_document.py").splitlines()[1:] == [
        "genuine, signed with invoices-2026",
        "changed: invalid_signature",
    ]


def test_every_example_is_tested() -> None:
    """No example stands without a test of its name."""
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    assert {f"test_{name}" for name in names} <= set(globals())
