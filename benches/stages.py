"""Where the time of `verify(token).claims` with HS256 goes: samples of the processor, by stage.

Builds the extension once more in the release profile, with symbols, into target/stages; runs the verification under `perf record`
and sorts the samples by the function that they fell into. Needs Linux and `perf` (Debian: linux-perf). Inlined code counts for the
function that it was inlined into.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The first pattern that a symbol matches gives its stage.
STAGES = [
    ("MAC", r"sha2|hmac|aws_lc.*(SHA|HMAC|sha256)|is_same|memcmp"),
    ("base64", r"base64"),
    ("JSON", r"jwseal_core::json|claims_document"),
    ("policy", r"jwseal_core::(policy|claims|condition)"),
    # The steps of `Verifier::verify` are inlined into the function of the binding that calls it.
    ("header, keys, memo", r"jwseal_core::(verifier|header|key|jws|issuers|cache)|Judge::verify"),
    (
        "dict",
        r"_native::(objects|names)|PyDict|dict|insertdict|keys_object|unicodekeys|find_empty_slot|PyUnicode_New|PyList|list_dealloc|PyLong",
    ),
    ("intake and result", r"_native::|pyo3|clock_gettime"),
    ("memory", r"malloc|free|Malloc|Free|memmove|memset|NewReference|dealloc|drop_in_place"),
    ("interpreter and the loop itself", r""),
]
LOOP = """
import gc, sys
sys.path[:0] = {path!r}
from tokens import AUDIENCE, ISSUER, make_case
import jwseal
case = make_case("HS256")
key = jwseal.SecretKey.from_bytes(case.secret, alg="HS256", kid=case.kid)
verify = jwseal.Verifier(key, jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)).verify
gc.disable()
for _ in range({rounds}):
    for token in case.tokens:
        verify(token).claims
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40_000, help="verifications, in rounds of 32 tokens")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table here")
    asked = parser.parse_args()
    if shutil.which("perf") is None:
        sys.exit("stages.py needs perf (Debian: apt-get install linux-perf)")
    table = stages(samples(package(), asked.rounds))
    for name, count, part in table:
        print(f"{name:34}{count:10,}{part:8.0%}")
    if asked.json:
        asked.json.write_text(json.dumps({"stages": table}))


def package() -> Path:
    """A folder with the package and an extension that has symbols."""
    print("building the extension with symbols", file=sys.stderr)
    environment = {
        **os.environ,
        "CARGO_PROFILE_RELEASE_STRIP": "none",
        "CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only",
        "PYO3_PYTHON": sys.executable,
    }
    target = ROOT / "target" / "stages"
    command = ["cargo", "build", "--quiet", "--release", "-p", "jwseal-py", "--target-dir", str(target)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    folder = target / "python"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "python", folder, ignore=shutil.ignore_patterns("_native*.so", "__pycache__"))
    shutil.copy(target / "release" / "lib_native.so", folder / "jwseal" / "_native.so")
    return folder


def samples(folder: Path, rounds: int) -> Counter[str]:
    """How often each symbol was met."""
    program = LOOP.format(path=[str(folder), str(Path(__file__).parent)], rounds=rounds)
    with tempfile.TemporaryDirectory() as scratch:
        record = Path(scratch, "perf.data")
        command = ["perf", "record", "--quiet", "-o", str(record), sys.executable, "-c", program]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        report = [
            "perf",
            "report",
            "-i",
            str(record),
            "--stdio",
            "--sort=symbol",
            "--show-nr-samples",
            "--percent-limit=0",
        ]
        text = subprocess.run(report, check=True, capture_output=True, text=True).stdout
    found: Counter[str] = Counter()
    for line in text.splitlines():
        if match := re.match(r"\s+[\d.]+%\s+(\d+)\s+\[.\]\s+(.+?)\s*$", line):
            found[match[2]] += int(match[1])
    return found


def stages(found: Counter[str]) -> list[tuple[str, int, float]]:
    """Samples by stage, and their part of all."""
    counts: Counter[str] = Counter()
    for symbol, count in found.items():
        counts[next(name for name, pattern in STAGES if re.search(pattern, symbol))] += count
    total = sum(counts.values())
    return [(name, counts[name], counts[name] / total) for name, _ in STAGES]


if __name__ == "__main__":
    main()
