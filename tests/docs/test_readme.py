"""The documentation is true: every Python block and every command in README.md and docs/ runs as it is written.

The blocks of one page run in order in one namespace, in an empty folder of their own. Lines that start with `#>` are what the
block prints. In ```console blocks the lines after `$` are run by a shell; one that must fail ends with `# exit 1`. A ```toml
block whose first line is the name of a file, `# signing.toml`, becomes that file. What is not meant to run is marked ```text,
```sh, ```toml or ```json.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jwseal.remote import RemoteKeySet

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "SECURITY.md"]
BLOB = "https://github.com/jwseal/jwseal/blob/main/"
# Pages whose libraries can be set up once in a process, or warn when they are imported, run in one of their own.
OWN_PROCESS = {"django.md", "rest-framework.md", "mcp.md", "fastmcp.md"}
# Not on every Python that runs the tests.
OPTIONAL = {"grpc"}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[str, int, str]]:
    """(language, number of its first line, text) of each fenced block."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        yield match[1], text.count("\n", 0, match.start(2)) + 1, match[2]


def runnable(page: Path) -> bool:
    return any(language in {"python", "console"} for language, _, _ in blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=lambda page: page.name)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of the page runs, and prints what its `#>` lines say."""
    if page.name == "certificates.md":
        paths = pytest.importorskip("cryptography.x509.verification", reason="this cryptography verifies no chains")
        if not hasattr(paths, "ExtensionPolicy"):
            pytest.skip("this cryptography verifies no chains by rules of the caller's own")
    monkeypatch.chdir(tmp_path)
    if page.name in OWN_PROCESS:
        command = [sys.executable, "-W", "ignore", __file__, str(page)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return
    try:
        run(page)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"{error.name} is not here")


def run(page: Path) -> None:
    namespace = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        # A page's fetch ends however busy the machine is.
        patch.setitem(RemoteKeySet.__init__.__kwdefaults__, "timeout", 60.0)
        for language, line, text in blocks(page):
            if language == "python":
                run_python(page, line, text, namespace)
            elif language == "console":
                run_console(page, line, text)
            elif named := re.match(r"# ([\w-]+\.toml)$", text, re.MULTILINE):
                Path(named[1]).write_text(text)


def run_python(page: Path, line: int, text: str, namespace: dict) -> None:
    code = compile("\n" * (line - 1) + text, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    expected = re.findall(r"^\s*#> ?(.*)$", text, re.MULTILINE)
    assert expected == printed.getvalue().splitlines(), f"{page.name}:{line}"


def run_console(page: Path, line: int, text: str) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"], "COLUMNS": "200"}
    for command, status in re.findall(r"^\$ (.*?)(?:\s+# exit (\d))?$", text.replace("\\\n", ""), re.MULTILINE):
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == int(status or 0), f"{page.name}:{line}: {command}\n{done.stdout}{done.stderr}"


def test_readme_opens_with_the_installation_and_code_that_runs() -> None:
    """The README opens with `pip install jwseal`, the first runnable block and the two commands, within its first screen."""
    text = (ROOT / "README.md").read_text()
    order = [text.index(part) for part in ("pip install jwseal\n", "```python", "make demo", "make test")]
    assert order == sorted(order)
    assert text[: order[-1]].count("\n") < 40


def test_the_readme_links_work_on_the_package_index() -> None:
    """The package index shows the README alone, so each of its links is a URL, and those into the project name a file."""
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert [target for target in targets if not target.startswith("https://")] == []
    inside = [target.removeprefix(BLOB) for target in targets if target.startswith(BLOB)]
    assert inside
    assert [target for target in inside if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_fit_the_page(page: Path) -> None:
    """A line of code has at most 78 columns, so that no block scrolls sideways."""
    assert [(line, text) for _, line, block in blocks(page) for text in block.splitlines() if len(text) > 78] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    """A relative link names a file that exists."""
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs.yml lists each page of docs/ and no other."""
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    assert listed == {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}


def test_limits_are_those_of_the_core() -> None:
    """SECURITY.md states each limit with the value the core has."""
    source = (ROOT / "rust/core/src/limits.rs").read_text()
    constants = re.findall(r"pub const (\w+): \w+ = ([\d_.]+);", source)
    stated = re.findall(r"\| (\d+) \| `(\w+)` \|", (ROOT / "SECURITY.md").read_text())
    assert {name: value.replace("_", "").removesuffix(".0") for name, value in constants} == {
        name: value for value, name in stated
    }


if __name__ == "__main__":
    run(Path(sys.argv[1]))
