"""The Makefile: every target has a help line, CI calls it, and messages say what to install on a machine that lacks something."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not on this machine")


def make(target: str, tools: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make with only the given folder on the PATH."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if tools:
        environment |= {"PATH": str(tools), "HOME": str(tools)}
    command = [str(MAKE), "--no-print-directory", target, *(f"{name}={value}" for name, value in variables.items())]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the tools that every machine has."""
    for name in ("sh", "awk", "find", "env", "printf"):
        if found := shutil.which(name):
            (tmp_path / name).symlink_to(found)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_help_names_every_promised_target() -> None:
    """`make help` lists each target that the documentation names."""
    listed = set(re.findall(r"^  make (\S+) +\S", make("help").stdout, re.MULTILINE))
    assert {
        "help",
        "dev",
        "fmt",
        "lint",
        "test",
        "demo",
        "bench",
        "bench-report",
        "differential",
        "docs",
        "wheel",
    } <= listed


def test_ci_runs_the_documented_command() -> None:
    """`.ci/run` calls `make test` and nothing else."""
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if not line.startswith("#")]
    assert lines == ['cd "$(dirname "$0")/.." && exec make --no-print-directory test']


def test_no_cargo(tools: Path) -> None:
    """Without cargo the message says where to get it."""
    done = make("doctor-rust", tools)
    assert done.returncode != 0
    assert "cargo is not on this machine: install Rust" in done.stderr


def test_old_cargo(tools: Path) -> None:
    """If cargo is too old, the message names its version and how to update it."""
    program(tools, "cargo", "echo cargo 1.63.0")
    assert "this is cargo 1.63.0: run 'rustup update'" in make("doctor-rust", tools).stderr


def test_no_c_compiler(tools: Path) -> None:
    """Without a C compiler the message names packages that contain one."""
    program(tools, "cargo", "echo cargo 1.95.0")
    assert "there is no C compiler ('cc') on this machine: install one" in make("doctor-rust", tools, CC="cc").stderr


def test_all_is_there(tools: Path) -> None:
    """With cargo and a compiler nothing is printed."""
    program(tools, "cargo", "echo cargo 1.95.0")
    program(tools, "cc", "true")
    assert (make("doctor-rust", tools, CC="cc").returncode, make("doctor-rust", tools, CC="cc").stderr) == (0, "")


def test_no_python(tools: Path) -> None:
    """Without Python the message names the interpreter that was looked for."""
    assert "'python3' is not on this machine: install it" in make("doctor-python", tools, PYTHON="python3").stderr


def test_old_python(tools: Path) -> None:
    """If Python is too old, the message names its version and how to choose another."""
    program(tools, "python3", 'case "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac')
    assert "'python3' is 3.9.2: install a newer one" in make("doctor-python", tools, PYTHON="python3").stderr
