"""The package as it is installed: what importing it loads, what its stubs say, what it exports."""

import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import jwseal

# Each costs start-up time that a short-lived process would pay for nothing, or makes something reachable that was not asked for.
HEAVY = (
    *("cryptography", "typing", "dataclasses", "enum", "inspect", "re", "json", "datetime", "decimal", "logging"),
    *("asyncio", "concurrent", "threading", "multiprocessing"),
    *("socket", "ssl", "http", "urllib", "urllib3", "requests"),
    *("typer", "rich", "click", "jwseal.compat", "jwseal.cli", "jwseal.testing", "jwseal.types", "jwseal.key"),
    *("jwseal.certificates", "jwseal.condition", "jwseal.providers"),
)


def test_importing_jwseal_loads_nothing_heavy() -> None:
    """`import jwseal` loads the extension and its own thin modules: no cryptography, typing, compat, cli or network."""
    program = "import sys; before = set(sys.modules); import jwseal; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    names = loaded.stdout.split()
    assert "jwseal._native" in names
    heavy = [name for name in names if any(name == one or name.startswith(one + ".") for one in HEAVY)]
    assert heavy == []


@pytest.mark.parametrize(
    "module",
    [
        "authorizer",
        "certificates",
        "compat",
        "condition",
        "errors",
        "insecure",
        "jws",
        "policy",
        "providers",
        "remote",
        "sender",
        "state",
        "types",
        "verifier",
    ],
)
def test_modules_are_there_after_import_jwseal(module: str) -> None:
    """`import jwseal; jwseal.jws` works without another import, and so does completion by tab."""
    program = f"import jwseal; print({module!r} in dir(jwseal), jwseal.{module}.__name__)"
    assert f"True jwseal.{module}" == said_by(program)


def test_type_checkers_export_the_modules() -> None:
    """Each module that `jwseal` loads when it is named, and `errors`, is imported as itself: pyright exports no other name."""
    source = Path(jwseal.__file__).read_text(encoding="utf-8")
    loaded = re.findall(r"^ +import jwseal\.(\w+) as module$", source, re.MULTILINE)
    public = {"errors", *loaded} - {"key"}
    assert len(public) > 10
    assert [] == sorted(name for name in public if f"from jwseal import {name} as {name}\n" not in source)


@pytest.mark.parametrize("module", ["authlib", "pyjwt"])
def test_compatibility_layers_are_there_after_import_jwseal(module: str) -> None:
    """`jwseal.compat.pyjwt` works without another import, and so does completion by tab."""
    program = f"import jwseal; print({module!r} in dir(jwseal.compat), jwseal.compat.{module}.__name__)"
    assert f"True jwseal.compat.{module}" == said_by(program)


@pytest.mark.parametrize("owner", [jwseal, jwseal.compat], ids=["jwseal", "jwseal.compat"])
def test_a_name_that_is_not_there(owner: types.ModuleType) -> None:
    """A wrong name is the AttributeError that any module raises."""
    with pytest.raises(AttributeError, match=rf"^module '{owner.__name__}' has no attribute 'jwt'$"):
        owner.jwt  # noqa: B018
    assert not hasattr(owner, "__wrapped__")


def said_by(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-I", "-W", "error", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_stubs_agree_with_the_binary() -> None:
    """mypy's stubtest finds no difference between `_native.pyi` and the compiled module."""
    command = [sys.executable, "-m", "mypy.stubtest", "jwseal._native", "--concise"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_all_is_what_can_be_seen() -> None:
    """`jwseal.__all__` lists the package's public names, sorted, and no others."""
    modules = {
        "authorizer",
        "state",
        "errors",
        "insecure",
        "jws",
        "key",
        "policy",
        "types",
        "verifier",
        "compat",
        "cli",
        "remote",
        "testing",
    }
    modules |= {"adapters", "certificates", "condition", "metrics", "providers", "sender"}
    visible = {name for name in dir(jwseal) if name.isidentifier() and not name.startswith("_")} - modules
    assert visible | {"__version__"} == set(jwseal.__all__)


@pytest.mark.parametrize("name", sorted(set(jwseal.__all__) - {"__version__"}))
def test_public_names_are_described(name: str) -> None:
    """Every exported class and function answers `help()`."""
    thing = getattr(jwseal, name)
    if isinstance(thing, type | types.BuiltinFunctionType | types.FunctionType):
        assert (thing.__doc__ or "").strip()


def test_the_version_is_one() -> None:
    """The extension, the package and its metadata have one version."""
    from importlib.metadata import version

    assert version("jwseal") == jwseal.__version__
