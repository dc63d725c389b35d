"""Checks wheels before they are uploaded: licences and SBOM are present, and no text holds a path of the build machine.

Usage: `check_wheels.py DIRECTORY PATH...`. Prints a line for each error; the exit status is 1 if there is one.
"""

import sys
import zipfile
from pathlib import Path

CARRIED = ("LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY_NOTICES", "sboms/SBOM.cdx.json")
# Compiled code holds the paths of its sources, for the messages of panics.
COMPILED = (".so", ".pyd")


def main(directory: str, *folders: str) -> int:
    wheels = sorted(Path(directory).glob("*.whl"))
    wrong = [f"{wheel.name}: {fault}" for wheel in wheels for fault in faults(wheel, folders)]
    print("\n".join(wrong) or f"{len(wheels)} wheels checked")
    return 1 if wrong or not wheels else 0


def faults(wheel: Path, folders: tuple[str, ...]) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        found = [f"{name} is missing" for name in CARRIED if not any(member.endswith(f"/{name}") for member in names)]
        for member in names:
            content = b"" if member.endswith(COMPILED) else archive.read(member)
            forms = {form for folder in folders for form in (folder, folder.replace("\\", "/"))} | {"file:///"}
            found += [
                f"{member} holds a path of the build machine" for form in sorted(forms) if form.encode() in content
            ]
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
