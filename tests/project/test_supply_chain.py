"""Dependencies: banned crates and packages, sources, and notices.

`make lint` runs cargo-deny as well; these tests check the bans where it is not installed.
"""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CRATES = {package["name"] for package in LOCK}

# python-jose and the pure Python ECDSA that it uses leak keys through timing, according to their authors.
BANNED_DISTRIBUTIONS = {"ecdsa", "python-jose", "jose", "pyjose"}


@pytest.mark.parametrize("crate", ["rsa", "ml-dsa", "jsonwebtoken", "openssl-sys", "ring", "serde_json"])
def test_banned_crates_stay_out(crate: str) -> None:
    """None of the crates that deny.toml bans is in Cargo.lock."""
    assert f'"{crate}' in (ROOT / "deny.toml").read_text()
    assert crate not in CRATES


def test_every_crate_comes_from_the_registry() -> None:
    """No crate comes from a repository or another registry."""
    sources = {package["source"].split("+")[0] for package in LOCK if "source" in package}
    assert sources == {"registry"}


def test_no_crate_is_there_twice() -> None:
    """No crate has two versions, apart from the dependencies of crrl (Ed448), which are one generation older."""
    names = [package["name"] for package in LOCK]
    of_crrl = {"block-buffer", "cpufeatures", "crypto-common", "digest", "sha2"}
    assert {crate for crate in CRATES if names.count(crate) > 1} == of_crrl


def test_banned_python_packages_are_not_declared() -> None:
    """No dependency, extra or group names a banned package, but `bench`, whose environment only measures them."""
    named = PROJECT["dependency-groups"]
    groups = [
        *(named[name] for name in named if name != "bench"),
        *PROJECT["project"]["optional-dependencies"].values(),
    ]
    declared = {
        distribution(requirement)
        for group in [*groups, PROJECT["project"]["dependencies"]]
        for requirement in group
        if isinstance(requirement, str)
    }
    assert declared & BANNED_DISTRIBUTIONS == set()


def test_banned_python_packages_are_not_installed_with_us() -> None:
    """Nothing that jwseal requires, directly or through others, is a banned package."""
    assert requirements("jwseal", extras=True) & BANNED_DISTRIBUTIONS == set()


def test_one_runtime_dependency() -> None:
    """`cryptography`, which reads keys, is the only required dependency."""
    assert {distribution(requirement) for requirement in PROJECT["project"]["dependencies"]} == {"cryptography"}


def test_notices_are_current() -> None:
    """THIRD_PARTY_NOTICES names the versions of Cargo.lock, our direct dependencies among them (`make notices`)."""
    titles = re.findall(r"^={100}\n(\S+) (\S+) \(", (ROOT / "THIRD_PARTY_NOTICES").read_text(), re.MULTILINE)
    locked = {(package["name"], package["version"]) for package in LOCK}
    ours = [package for package in LOCK if "source" not in package]
    direct = {dependency.split()[0] for package in ours for dependency in package.get("dependencies", [])}
    assert set(titles) <= locked
    only_builds = {"pyo3-build-config"}  # tells the compiler which Python it is; nothing of it is compiled in
    assert direct - {package["name"] for package in ours} - only_builds <= {crate for crate, _ in titles}


def test_wheels_carry_licences_and_notices() -> None:
    """The licence files that every wheel carries exist."""
    files = PROJECT["project"]["license-files"]
    assert {"LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY_NOTICES"} == set(files)
    assert all((ROOT / file).is_file() for file in files)


def requirements(name: str, *, extras: bool, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return a distribution's requirements and theirs, as far as they are installed."""
    try:
        declared = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return set()
    found: set[str] = set()
    for requirement in declared:
        needed = distribution(requirement)
        if needed not in seen | found and (extras or "extra ==" not in requirement):
            found |= {needed} | requirements(needed, extras=False, seen=seen | found | {needed})
    return found


def distribution(requirement: str) -> str:
    """Return the normalised name in a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0]).lower()
