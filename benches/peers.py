"""The contenders that are programs of their own, timed over a pipe: Rust, Node, Go, and jwseal under JWSEAL_PORTABLE=1.

Node's packages are installed by npm, and Go's program is built, into a cache folder outside the tree, at their pinned versions.
Where one of them cannot be, it is left out, and the reason is printed and kept with the results.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from race import Contender, Unsupported

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jwseal-benches"
NODE = {"fast-jwt": "6.3.6", "jose": "6.2.18"}


class Peers:
    """A child process that runs an operation n times and answers the nanoseconds that took."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        pipe = subprocess.PIPE
        environment = {**os.environ, **(environment or {})}
        self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment)

    def contender(self, who: str, verb: str, alg: str, name: str | None = None) -> Contender:
        """One of the program's contenders; Unsupported if it lacks the algorithm."""
        if self.ask(f"{who} {verb} {alg} 1") == "unsupported":
            raise Unsupported(f"{who} {verb} {alg}")
        return Contender(name or who, lambda rounds: int(self.ask(f"{who} {verb} {alg} {rounds}")))

    def ask(self, command: str) -> str:
        """Send a command, read its answer."""
        self.send(command + "\n")
        return self.receive(command)

    def send(self, command: str) -> None:
        """Send a command, which ends with its line."""
        assert self.child.stdin is not None
        self.child.stdin.write(command)
        self.child.stdin.flush()

    def receive(self, command: str) -> str:
        """Read the answer to a command."""
        assert self.child.stdout is not None
        answer = self.child.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{self.child.args} ended at: {command}")
        return answer

    def close(self) -> None:
        """End the child."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        self.child.wait()


class Programs:
    """All of them, started with one file of keys and tokens."""

    def __init__(self, case_file: str, rust: Path) -> None:
        self.absent: dict[str, str] = {}
        self.programs = {"rust": Peers([str(rust), case_file])}
        self.start(
            "Node", lambda: Peers([tool("node"), str(HERE / "node_peers" / "peers.mjs"), node_packages(), case_file])
        )
        self.start("Go", lambda: Peers([go_program(), case_file]))
        portable = [sys.executable, str(HERE / "portable.py"), case_file]
        self.programs["portable"] = Peers(portable, {"JWSEAL_PORTABLE": "1"})

    def start(self, name: str, make) -> None:
        try:
            self.programs[name.lower()] = make()
        except (OSError, subprocess.SubprocessError) as error:
            self.absent[name] = str(error)

    def contenders(self, program: str, names: list[str], verb: str, alg: str) -> list[Contender]:
        """Those of these contenders that are here and have the algorithm."""
        found = []
        if peers := self.programs.get(program):
            for name in names:
                try:
                    found.append(peers.contender(name.replace(" ", "-"), verb, alg, name))
                except Unsupported:
                    continue
        return found

    def close(self) -> None:
        for program in self.programs.values():
            program.close()


def tool(name: str) -> str:
    """Where a program is; FileNotFoundError if it is not."""
    if found := shutil.which(name):
        return found
    raise FileNotFoundError(f"{name} is not installed")


def node_packages() -> str:
    """The folder with Node's packages, installed whole or not at all."""
    folder = CACHE / "-".join(["node", *(f"{name}-{version}" for name, version in NODE.items())])
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as new:
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix", new]
            packages = [f"{name}@{version}" for name, version in NODE.items()]
            command = [tool("npm"), "install", *options, *packages]
            subprocess.run(command, check=True, timeout=180, stdin=subprocess.DEVNULL, capture_output=True)
            shutil.copytree(new, folder, symlinks=True)
    return str(folder)


def go_program() -> str:
    """The Go program, built anew where its source changed: Go's own cache makes that quick."""
    CACHE.mkdir(parents=True, exist_ok=True)
    program = str(CACHE / "go_peers")
    command = [tool("go"), "build", "-trimpath", "-o", program, "."]
    subprocess.run(command, check=True, timeout=300, cwd=HERE / "go_peers", capture_output=True)
    return program


def versions(absent: dict[str, str]) -> dict[str, str]:
    """The versions of the packages in other languages, by name."""
    found = {}
    blocks = (HERE / "rust_peers" / "Cargo.lock").read_text().split("[[package]]")
    named = {lines[0]: lines[1] for block in blocks if len(lines := block.split('"')[1::2]) > 1}
    found |= {f"{name} (Rust)": named[name] for name in ("aws-lc-rs", "jsonwebtoken", "oxitoken")}
    if "Node" not in absent:
        found |= {f"{name} (Node {said('node', '--version')})": version for name, version in NODE.items()}
    if "Go" not in absent:
        module = (HERE / "go_peers" / "go.mod").read_text().split("jwt/v5 v")[1].split()[0]
        found[f"golang-jwt ({said('go', 'version').split()[2]})"] = module
    return found


def said(*command: str) -> str:
    """The first line that a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
