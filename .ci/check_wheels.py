"""Looks into built wheels before they are uploaded: the licences and the SBOM are there, and no text names a build folder.

`check_wheels.py DIRECTORY FOLDER...` ends with status 1 and a line for each thing that is wrong.
"""

import sys
import zipfile
from pathlib import Path

CARRIED = ("LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY_NOTICES", "sboms/SBOM.cdx.json")
# Compiled code names its sources in the messages of panics.
COMPILED = (".so", ".pyd")


def main(directory: str, *folders: str) -> int:
    wheels = sorted(Path(directory).glob("*.whl"))
    wrong = [f"{wheel.name}: {fault}" for wheel in wheels for fault in faults(wheel, folders)]
    print("\n".join(wrong) or f"{len(wheels)} wheels are as they should be")
    return 1 if wrong or not wheels else 0


def faults(wheel: Path, folders: tuple[str, ...]) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        found = [f"{name} is missing" for name in CARRIED if not any(member.endswith(f"/{name}") for member in names)]
        for member in names:
            content = b"" if member.endswith(COMPILED) else archive.read(member)
            forms = {form for folder in folders for form in (folder, folder.replace("\\", "/"))} | {"file:///"}
            found += [f"{member} names a build folder" for form in sorted(forms) if form.encode() in content]
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
