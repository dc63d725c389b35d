"""Writes what a wheel says about the crates that are compiled in: THIRD_PARTY_NOTICES and SBOM.cdx.json (CycloneDX 1.5).

The crates are those cargo links into the extension on any platform; build scripts and macros leave nothing behind and
are left out. Of a choice of licences MIT is taken. The SBOM is written here and not by maturin, whose own names the folders
of the machine that built it. Run it (`make notices`) when Cargo.lock changes; a test compares the names.
"""

import json
import re
import subprocess
import tomllib
from pathlib import Path

HEAD = """\
Wheels of jwseal contain, in compiled form, the works listed below, under the licences reproduced here.
Where a work offers a choice of licences, MIT is the one chosen. The Rust standard library (Apache-2.0 OR MIT, the Rust
project's contributors) is part of the extension as well. jwseal itself: LICENSE-APACHE or LICENSE-MIT.
"""
MIT = Path("LICENSE-MIT").read_text().split("\n", 1)[1]
LICENCE_FILES = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|UNLICENSE)", re.IGNORECASE)


def main() -> None:
    crates = linked_crates()
    sections = [HEAD]
    for crate in sorted(crates, key=lambda crate: crate["name"]):
        title = f"{crate['name']} {crate['version']} ({crate['license']})"
        sections.append(f"{'=' * 100}\n{title}\n{'=' * 100}\n\n{licence_text(crate)}")
    Path("THIRD_PARTY_NOTICES").write_text("\n".join(sections))
    Path("SBOM.cdx.json").write_text(json.dumps(bill_of_materials(crates), indent=1) + "\n")
    print(f"THIRD_PARTY_NOTICES, SBOM.cdx.json: {len(crates)} crates")


def linked_crates() -> list[dict]:
    """The packages in the extension's tree of normal dependencies, procedural macros and their own trees left out."""
    tree = [
        "cargo",
        "tree",
        "-p",
        "jwseal-py",
        "--edges",
        "normal,no-proc-macro",
        "--target",
        "all",
        "--prefix",
        "none",
    ]
    names = {tuple(line.split()[:2]) for line in run(tree).splitlines()}
    metadata = json.loads(run(["cargo", "metadata", "--format-version", "1", "--locked"]))
    return [
        package
        for package in metadata["packages"]
        if (package["name"], f"v{package['version']}") in names and package["source"]
    ]


def bill_of_materials(crates: list[dict]) -> dict:
    """The crates as CycloneDX has them, with the checksums of Cargo.lock."""
    lock = {
        (package["name"], package["version"]): package
        for package in tomllib.loads(Path("Cargo.lock").read_text())["package"]
    }
    version = tomllib.loads(Path("Cargo.toml").read_text())["workspace"]["package"]["version"]
    components = [
        component(f"pkg:cargo/{crate['name']}@{crate['version']}", crate["name"], crate["version"], crate["license"])
        | {"hashes": [{"alg": "SHA-256", "content": lock[crate["name"], crate["version"]]["checksum"]}]}
        for crate in sorted(crates, key=lambda crate: (crate["name"], crate["version"]))
    ]
    ours = component(f"pkg:pypi/jwseal@{version}", "jwseal", version, "Apache-2.0 OR MIT")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": ours},
        "components": components,
        "dependencies": [{"ref": ours["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }


def component(purl: str, name: str, version: str, licence: str) -> dict:
    licences = [{"expression": licence.replace("/", " OR ")}]
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "licenses": licences}


def licence_text(crate: dict) -> str:
    root = Path(crate["manifest_path"]).parent
    files = sorted(path for path in root.iterdir() if path.is_file() and LICENCE_FILES.match(path.name))
    mit = [path for path in files if "MIT" in path.name.upper()]
    if "OR MIT" in crate["license"] or crate["license"].startswith("MIT"):
        files = mit or files
    if crate["name"] == "aws-lc-sys":
        files += sorted((root / "aws-lc").glob("**/LICENSE*"))
    if not files:
        assert crate["license"] == "MIT", f"{crate['name']} ships no licence file"
        return f"Copyright (c) {', '.join(crate['authors']) or 'the authors of ' + crate['name']}\n{MIT}"
    texts = dict.fromkeys(path.read_text(errors="replace").strip() for path in files)
    return "\n\n".join(texts) + "\n"


def run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
