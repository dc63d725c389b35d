"""Releases: workflows are pinned, locked and wait for the tests, wheels are tried, and their metadata is right.

The workflows are read as text, job by job. No test needs the network.
"""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.name: path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
SUPPORTED = ["3.11", "3.12", "3.13", "3.14"]
every_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def jobs(name: str) -> dict[str, str]:
    """The text of each job of a workflow."""
    body = re.split(r"^jobs:\n", WORKFLOWS[name], flags=re.MULTILINE)[1]
    parts = re.split(r"^  ([\w-]+):\n", body, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@every_workflow
def test_every_action_is_pinned_by_commit(name: str) -> None:
    """Actions are named by commit, because a tag can be moved; a comment gives the version."""
    used = re.findall(r"uses: (.*)", WORKFLOWS[name])
    outside = [action for action in used if not action.startswith("./")]
    assert outside
    assert [action for action in outside if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []


def test_one_action_has_one_commit() -> None:
    """All workflows use the same commit of an action."""
    used = {action for text in WORKFLOWS.values() for action in re.findall(r"uses: ([\w/.-]+@[0-9a-f]{40})", text)}
    names = [action.split("@")[0] for action in used]
    assert sorted(set(names)) == sorted(names)


@every_workflow
def test_workflows_may_only_read(name: str) -> None:
    """Workflows have read permission only and leave no token in the checkout; the job `publish` has more."""
    text = WORKFLOWS[name]
    assert "\npermissions:\n  contents: read\n\n" in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    granted = {job for job, body in jobs(name).items() if ": write" in body}
    assert granted == ({"publish"} if name == "wheels.yml" else set())
    assert "secrets." not in text
    assert "pull_request_target" not in text


def test_publishing_waits_for_everything() -> None:
    """The job `publish` needs all of ci.yml and every other job."""
    release = jobs("wheels.yml")
    needed = re.search(r"needs: \[(.*)\]", release["publish"])
    assert needed
    assert set(needed[1].split(", ")) == set(release) - {"publish"}
    assert "uses: ./.github/workflows/ci.yml" in release["tests"]
    assert "workflow_call:" in WORKFLOWS["ci.yml"]
    assert {"test", "windows", "lowest", "lint", "fuzz"} == set(jobs("ci.yml"))


def test_what_is_uploaded_is_built_without_a_package_index() -> None:
    """Jobs that upload wheels install no packages; jobs that install packages upload nothing."""
    for name, body in jobs("wheels.yml").items():
        uploads = "upload-artifact@" in body or "pypi-publish@" in body
        installs = re.search(r"\.ci/try-wheel|\bpip (install|wheel)|docker run", body)
        assert not (uploads and installs), name
    assert ["linux", "macos", "windows", "sdist"] == [
        name for name, body in jobs("wheels.yml").items() if "upload-artifact@" in body
    ]


def test_builds_are_locked() -> None:
    """All builds use Cargo.lock as it is, and one version of maturin."""
    release = jobs("wheels.yml")
    for job in ("linux", "macos", "windows"):
        assert "--locked" in release[job], job
    assert "cargo metadata --locked" in release["sdist"]
    builds = WORKFLOWS["wheels.yml"].count("PyO3/maturin-action@")
    assert builds == len(re.findall(r"maturin-version: \"?\$\{\{ env.MATURIN \}\}", WORKFLOWS["wheels.yml"]))
    assert PROJECT["tool"]["maturin"]["locked"] is True
    for text in WORKFLOWS.values():
        assert text.count("cargo install ") == len(re.findall(r"cargo install \S+ --locked --version \d", text))


def test_every_wheel_is_tried() -> None:
    """The wheels of each platform are installed and sign a token, with musl and without the interpreter lock too."""
    release = jobs("wheels.yml")
    tried = release["try-wheels"]
    for platform in ("manylinux_2_28-x86_64", "manylinux_2_28-aarch64", "macos-aarch64", "macos-x86_64"):
        assert f"wheels-{platform}" in tried, platform
    for python in [*SUPPORTED, "3.14t"]:
        assert f'"{python}"' in tried
        assert f"wheels-windows-{python} " in tried
    for word in ("alpine", "wheels-musllinux_1_2-", "x86_64", "aarch64"):
        assert word in release["try-musl-wheels"]
    assert 'PYTHONS: "3.11 3.12 3.13 3.14 3.14t"' in WORKFLOWS["wheels.yml"]


def test_the_suite_runs_on_what_is_promised() -> None:
    """The test suite runs on each Python of the classifiers, on 3.14t, on Windows and on macOS."""
    suite = jobs("ci.yml")
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert classified == SUPPORTED
    assert f"python: {json.dumps([*SUPPORTED, '3.14t'])}" in suite["test"]
    assert "PYTHON_GIL: ${{ endsWith(matrix.python, 't') && '0' || '' }}" in suite["test"]
    assert "macos-15" in suite["test"]
    assert "run: .ci/run-without-make" in suite["windows"]
    assert (
        f"rustup toolchain install {tomllib.loads((ROOT / 'Cargo.toml').read_text())['workspace']['package']['rust-version']} "
        in suite["lowest"]
    )


def test_dependencies_and_advisories_are_looked_at_each_week() -> None:
    """Dependabot watches actions, crates and packages; a scheduled job looks for advisories."""
    proposals = (ROOT / ".github/dependabot.yml").read_text()
    assert ["github-actions", "cargo", "pip"] == re.findall(r"package-ecosystem: (\S+)", proposals)
    assert '["/", "/rust/fuzz", "/benches/rust_peers"]' in proposals
    assert re.search(r"schedule:\n    - cron: ", WORKFLOWS["advisories.yml"])
    assert "run: make audit" in WORKFLOWS["advisories.yml"]
    audit = (ROOT / "Makefile").read_text().split("\naudit:", 1)[1].split("\n\n", 1)[0]
    assert "cargo deny check advisories" in audit
    assert "pip-audit" in audit


def test_every_fuzz_target_runs_a_minute() -> None:
    """CI runs each fuzz target for 60 seconds, with another seed each time."""
    assert 'make fuzz ARGS="--seconds 60 --seed ${GITHUB_RUN_NUMBER}"' in jobs("ci.yml")["fuzz"]


def test_the_package_describes_itself() -> None:
    """The metadata has authors, URLs and keywords, and no licence classifier beside the licence expression."""
    project = PROJECT["project"]
    assert {"Homepage", "Documentation", "Changelog", "Issues", "Security"} == set(project["urls"])
    assert all(url.startswith("https://") for url in project["urls"].values())
    assert project["authors"]
    assert {"jwt", "jws", "jose"} <= set(project["keywords"])
    assert not any(line.startswith("License ::") for line in project["classifiers"])


def test_the_sbom_is_ours_and_current() -> None:
    """The SBOM lists the crates of THIRD_PARTY_NOTICES with their checksums, and holds no path."""
    assert {"rust": False, "include": ["SBOM.cdx.json"]} == PROJECT["tool"]["maturin"]["sbom"]
    text = (ROOT / "SBOM.cdx.json").read_text()
    components = json.loads(text)["components"]
    notices = re.findall(r"^={100}\n(\S+) (\S+) \(", (ROOT / "THIRD_PARTY_NOTICES").read_text(), re.MULTILINE)
    assert sorted(notices) == sorted((one["name"], one["version"]) for one in components)
    locked = {(package["name"], package["version"]): package.get("checksum") for package in LOCK}
    for one in components:
        assert [locked[one["name"], one["version"]]] == [digest["content"] for digest in one["hashes"]]
    assert not re.search(r"file:|path\+|[^\w:/]/\w+/", text)


def test_paths_of_the_build_machine_are_found_in_wheels(tmp_path: Path) -> None:
    """`.ci/check_wheels.py` finds paths of the build machine, missing licences and a directory without wheels."""

    def check(*extra: tuple[str, str], leave_out: str = "") -> tuple[int, str]:
        members = ["LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY_NOTICES", "sboms/SBOM.cdx.json"]
        with zipfile.ZipFile(tmp_path / "jwseal-1-py3-none-any.whl", "w") as archive:
            for name, text in [*((name, "") for name in members if name != leave_out), *extra]:
                archive.writestr(f"jwseal-1.dist-info/{name}", text)
        return run()

    def run() -> tuple[int, str]:
        script = [sys.executable, str(ROOT / ".ci/check_wheels.py"), str(tmp_path), "/builds/here", r"C:\builds"]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert (1, "0 wheels") == (run()[0], run()[1][:8])
    assert (0, "1 wheels") == (check()[0], check()[1][:8])
    assert 0 == check(("native.so", "/builds/here"))[0]
    for text in ("see /builds/here/core", "C:/builds/core", "path+file:///elsewhere"):
        status, told = check(("other.json", text))
        assert (1, True) == (status, "other.json holds a path of the build machine" in told), text
    assert "LICENSE-MIT is missing" in check(leave_out="LICENSE-MIT")[1]


def path_of(symbol: str) -> list[str]:
    """The parts of a Rust symbol: each stands after its length."""
    found, rest = [], symbol
    while digits := re.match(r"\d+", rest):
        end = digits.end() + int(digits[0])
        found.append(rest[digits.end() : end])
        rest = rest[end:]
    return found


def test_the_linker_places_functions_that_exist() -> None:
    """Wheels for Linux and what is measured are linked by `rust/py/layout.ld`, and most functions of ours in it are in the code."""
    argument, makefile = "-- -C link-arg=-Wl,-T,rust/py/layout.ld", (ROOT / "Makefile").read_text()
    assert argument in jobs("wheels.yml")["linux"]
    assert argument in makefile
    assert 2 == len(re.findall(r"maturin build .*\$\(LAYOUT\)", makefile)) == makefile.count("maturin build")
    symbols = re.findall(r"\.text\._ZN(\S+)17h\*\)", (ROOT / "rust" / "py" / "layout.ld").read_text())
    crates = ("_native", "jwseal_core", "jwseal_verify_fast")
    ours = {path[-1] for symbol in symbols if (path := path_of(symbol))[0] in crates}
    code = "\n".join(file.read_text() for file in (ROOT / "rust").glob("*/src/**/*.rs"))
    gone = ours - set(re.findall(r"\bfn (\w+)", code))
    assert len(ours) > 50
    assert len(gone) < len(ours) / 4, sorted(gone)
