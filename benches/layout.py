"""Writes rust/py/layout.ld, which puts the functions that every call needs next to each other in the extension.

A processor remembers where the pages of a program are, for some hundred pages. A hypervisor that takes the processor away makes it
forget them, and so does a long computation between two calls. A call that runs on 30 pages of code then starts sooner than one
that runs on 75. Which functions a call needs is counted by callgrind: those whose count of calls grows with the count of
operations. Functions that many operations need come first, and those that the same operations need are neighbours.

The file is a script for the linker, of names with wildcards, so that it outlives a new compiler or a new version of AWS-LC. A name
that no longer exists does nothing. `make wheel`, `make bench` and the release use it on Linux. Needs valgrind.
"""

import argparse
import gc
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "rust" / "py" / "layout.ld"
ALGORITHMS = ["HS256", "RS256", "PS256", "ES256", "EdDSA"]
OPERATIONS = [f"{operation}:{alg}" for operation in ("lazy", "dict", "sign") for alg in ALGORITHMS] + ["pyjwt:RS256"]
ROUNDS = 100
# What gathers entropy runs by the clock and not by the call.
LEFT_OUT = re.compile(r"jent_|rol64|rotl|xoshiro|ptr_to_le|to_ptr")
# The parts of a symbol that a new build changes: the hash of a Rust function, that of a crate, the version of AWS-LC.
CHANGING = [(r"17h[0-9a-f]{16}E$", "17h*"), (r"Cs[0-9A-Za-z]+_", "Cs*_"), (r"^aws_lc_\d+_\d+_\d+_", "aws_lc_*_")]
SCRIPT = """\
/* Written by `python benches/layout.py`, which says what it is for. */
SECTIONS
{{
  .text.hot : {{
{names}
  }}
}}
INSERT BEFORE .text;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", action="store_true", help="print how many pages of code each operation touches now")
    parser.add_argument("--run", nargs=2, metavar=("OPERATION", "ROUNDS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        name, rounds = asked.run
        operation(*name.split(":"))(int(rounds))
        return
    if asked.pages:
        for name in OPERATIONS:
            print(f"{name:12}{pages(operation(*name.split(':'))):4} pages")
        return
    if shutil.which("valgrind") is None:
        sys.exit("layout.py needs valgrind (Debian: apt-get install valgrind)")
    from stages import package

    folder = package()
    users: dict[str, list[int]] = {}
    for number, name in enumerate(OPERATIONS, 1):
        print(f"{number} of {len(OPERATIONS)}: {name}", file=sys.stderr)
        few, many = (calls(folder, name, rounds) for rounds in (ROUNDS, 3 * ROUNDS))
        for symbol in {pattern(symbol) for symbol in many if many[symbol] - few[symbol] >= 2 * ROUNDS}:
            users.setdefault(symbol, []).append(number)
    names = sorted(users, key=lambda symbol: (-len(users[symbol]), users[symbol], symbol))
    OUTPUT.write_text(SCRIPT.format(names="\n".join(f"    *(.text.{name})" for name in names)))
    print(f"{OUTPUT.relative_to(ROOT)}: {len(names)} functions")


def operation(kind: str, alg: str) -> Callable[[int], int]:
    """What runs one operation so many times."""
    import contenders
    import layers
    import tokens
    from race import python_contender

    import jwseal

    gc.disable()
    case = tokens.make_case(alg)
    if kind == "sign":
        sign = jwseal.Signer(contenders.jwseal_keys(case)[0]).sign
        return python_contender(
            kind, "sign(item)", case.claims, lambda _, token: token.count(".") == 2, sign=sign
        ).block
    if kind == "pyjwt":
        return next(one for one in layers.pyjwt_layer(case) if one.name == "compat.pyjwt").block
    return {"lazy": contenders.verify_jwseal_lazy, "dict": contenders.verify_jwseal}[kind](case).block


def pages(run: Callable[[int], int]) -> int:
    """How many pages of the extension's code one operation touches (Linux: proc(5), `clear_refs` and `smaps`)."""
    run(50)
    Path("/proc/self/clear_refs").write_text("1")
    run(1)
    found = re.search(r" r-xp [^\n]*_native.*?\nReferenced: +(\d+) kB", Path("/proc/self/smaps").read_text(), re.DOTALL)
    if found is None:
        sys.exit("/proc/self/smaps does not name the extension")
    return int(found[1]) // 4


def calls(folder: Path, name: str, rounds: int) -> Counter[str]:
    """How often each function of the extension is called, by its symbol."""
    with tempfile.TemporaryDirectory() as scratch:
        counts = Path(scratch, "counts")
        tool = ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={counts}"]
        program = (
            f"import sys; sys.path[:0] = {[str(folder), str(Path(__file__).parent)]!r}; import layout; layout.main()"
        )
        command = [*tool, sys.executable, "-c", program, "--run", name, str(rounds)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        text = counts.read_text()
    names = dict(re.findall(r"fn=\((\d+)\) (\S+)", text))
    objects = dict(re.findall(r"ob=\((\d+)\) (\S+)", text))
    found: Counter[str] = Counter()
    caller = callee = None
    for line in text.splitlines():
        if match := re.match(r"(c?ob|cfn|calls|fn)=\(?(\d+)", line):
            what, number = match.groups()
            if what == "ob":
                caller = callee = objects[number]
            elif what == "cob":
                callee = objects[number]
            elif what == "cfn":
                function = names[number]
            elif what == "calls":
                if callee is not None and "_native" in callee:
                    found[function.partition("'")[0]] += int(number)
                callee = caller
    return Counter({symbol: count for symbol, count in found.items() if not LEFT_OUT.search(symbol)})


def pattern(symbol: str) -> str:
    """The symbol with wildcards for what a new build changes."""
    for changing, wildcard in CHANGING:
        symbol = re.sub(changing, wildcard, symbol)
    return symbol


if __name__ == "__main__":
    main()
