"""`make bench-report`: measures, keeps the results as JSON, and writes docs/performance.md with its plots.

`--from FILE` writes the page again from results that were kept. Every table and plot names the command that made its figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import svg

HERE = Path(__file__).parent
ROOT = HERE.parent
KEPT = HERE / "results" / "results.json"
BENCH, CONTENTION, STAGES = (
    "make bench",
    "python benches/contention.py",
    "python benches/stages.py",
)
# What runs in a server, and the arguments of load.py. A FastAPI application is slower, so that fewer seconds are enough.
LOADS = {
    "asgi": ("one bare ASGI route", ["--framework", "asgi", "--alg", "RS256"]),
    "fastapi": ("a FastAPI application with one route", ["--framework", "fastapi", "--alg", "RS256", "--seconds", "3"]),
}
CHARTED = ("HS256", "RS256", "ES256", "EdDSA")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="kept", type=Path, metavar="FILE", help="results of an earlier run")
    parser.add_argument("--to", type=Path, default=ROOT / "docs", help="the folder of the page (default docs)")
    parser.add_argument("--quick", action="store_true", help="a look, not a figure")
    asked = parser.parse_args()
    if asked.kept:
        results = json.loads(asked.kept.read_text())
    else:
        results = measured(quick=asked.quick)
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(results, indent=1))
        print(f"kept {KEPT.relative_to(ROOT)}")
    write(results, asked.to)


def measured(*, quick: bool) -> dict[str, Any]:
    """What the benchmarks measure, one after the other."""
    short = ["--seconds", "0.5"] if quick else []
    programs = [
        ["run.py", *(["--quick"] if quick else [])],
        ["contention.py", *short],
        *(
            ["load.py", *options, *(["--seconds", "1", "--rounds", "2"] if quick else [])]
            for _, options in LOADS.values()
        ),
        ["stages.py"],
    ]
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, *options) in enumerate(programs):
            file = Path(folder, f"{number}.json")
            if (HERE / name).exists():
                done = subprocess.run([sys.executable, str(HERE / name), *options, "--json", str(file)], check=False)
                if done.returncode == 0 and file.exists():
                    results |= json.loads(file.read_text())
                else:
                    print(f"left out: {name} ended with {done.returncode}", file=sys.stderr)
    return results


def write(results: dict[str, Any], folder: Path) -> None:
    """The page and its plots."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, plot in plots(results).items():
        (images / f"{name}.svg").write_text(plot)
    (folder / "performance.md").write_text(page(results))


def plots(results: dict[str, Any]) -> dict[str, str]:
    """The plots that these results are enough for, by name."""
    found = {}
    for verb in ("verify", "sign"):
        for alg in CHARTED:
            if race := results.get(verb, {}).get(alg):
                rows = [(name, ns / 1000) for name, ns in race["ns"].items() if name != "orjson.loads"]
                found[f"{verb}-{alg.lower()}"] = svg.bars(f"{verb} {alg}, microseconds: less is better", rows, "us")
    if sizes := results.get("sizes"):
        points = [(size / 1024, took / 1000) for size, took in sizes["times"]]
        found["sizes"] = svg.lines(
            "verify HS256 by size of the token", {"jwseal": points}, "KiB", "us", logarithmic=False
        )
    if threads := results.get("threads"):
        series = {name: [(float(x), rate / 1000) for x, rate in row.items()] for name, row in threads.items()}
        found["threads"] = svg.lines(
            "verify RS256 in several threads", series, "threads", "thousand a second", logarithmic=False
        )
    if contention := results.get("contention"):
        for part in ("p50", "p99"):
            series = {name: [(float(x), row[part]) for x, row in rows.items()] for name, rows in contention.items()}
            title = f"verify RS256 beside busy threads, {part}"
            found[f"contention-{part}"] = svg.lines(title, series, "busy threads", "us", logarithmic=True)
    return found


def page(results: dict[str, Any]) -> str:
    """docs/performance.md."""
    made, about = plots(results), results["about"]
    parts = [
        "# Performance",
        "<!-- `make bench-report` writes this page: edit benches/report.py -->",
        (
            "How each figure is made stands in [`benches/README.md`](https://github.com/jwseal/jwseal/blob/main/benches/README.md): "
            "every result is "
            "checked before it is timed, contenders take turns in short blocks, and a ratio is the median of paired rounds. Figures are of one "
            "machine and one day; run the commands on yours."
        ),
        "## Machine and versions",
        (
            f"{about['processor']} ({about['features']}), {about['cores']} cores, Python {about['python']}, {about['day']}; "
            f"{about['rounds']} rounds of {about['block_us'] / 1000:g} ms."
        ),
        (
            "The processor is taken from a running loop {:,} times a second, for {:,} ns each time (median); ".format(
                *about["interruptions"]
            )
            + "[what this does to the figures](https://github.com/jwseal/jwseal/blob/main/benches/README.md#how)."
        ),
        table(["package", "version"], [[name, number] for name, number in about["versions"].items()]),
    ]
    parts += [f"Left out: {name} ({reason})." for name, reason in about["absent"].items()]
    for verb, what in (("verify", "A token to its claims."), ("sign", "Claims to a token.")):
        if races := results.get(verb):
            parts += [f"## {verb.capitalize()}", f"{what} Microseconds. Command: `{BENCH}`.", by_alg(races)]
            parts += [image(name) for name in made if name.startswith(f"{verb}-")]
    parts += rest(results, made)
    if figures := results.get("figures"):
        rows = [
            [one["what"], f"{one['median']:.3g}", f"{one['quartiles'][0]:.3g} to {one['quartiles'][1]:.3g}"]
            for one in figures
        ]
        limits = [
            [*row, f"{one['limit']:g}", "yes" if one["holds"] else "no"] for row, one in zip(rows, figures, strict=True)
        ]
        parts += [
            "## Promises",
            "Bounds that the project sets for itself, on this machine. `no` means that this run missed the bound.",
            f"Command: `{BENCH}`.",
            table(["figure", "median", "quartiles", "at most", "holds"], limits),
        ]
    return "\n\n".join(parts) + "\n"


def rest(results: dict[str, Any], made: dict[str, str]) -> list[str]:
    """The sections whose figures come from one program each."""
    parts = []
    if sizes := results.get("sizes"):
        rows = [[f"{size}", f"{took / 1000:.2f}"] for size, took in sizes["times"]]
        told = f"{sizes['per_kib']:.0f} ns a KiB; no size is more than {sizes['bend']:.0%} from the line. Command: `{BENCH}`."
        parts += ["## Size of the token", told, table(["bytes", "us"], rows), image("sizes")]
    if pauses := results.get("pauses"):
        columns = list(next(iter(pauses.values())))
        rows = [[alg, *(f"{row[column]:.0f}" for column in columns)] for alg, row in pauses.items()]
        parts += [
            "## The longest call",
            (
                "Preparing a key makes one call longer, unless `prepare()` was called before. Microseconds. "
                "Command: `python benches/pause.py`."
            ),
            table(["", *columns], rows),
        ]
    if stages := results.get("stages"):
        rows = [[name, f"{count:,.0f}", f"{part:.0%}"] for name, count, part in stages]
        parts += [
            "## Around the check",
            f"Samples of the processor during HS256 verifications to the dict, by stage. Command: `{STAGES}`.",
            table(["stage", "samples", "part"], rows),
        ]
    if contention := results.get("contention"):
        rows = [
            [name, busy, f"{row['p50']:,.0f}", f"{row['p99']:,.0f}"]
            for name, rows in contention.items()
            for busy, row in rows.items()
        ]
        parts += [
            "## Beside busy threads",
            f"One RS256 verification in a process with other busy Python threads. Microseconds. Command: `{CONTENTION}`.",
            table(["", "busy threads", "p50", "p99"], rows),
            image("contention-p50"),
            image("contention-p99"),
        ]
    if threads := results.get("threads"):
        counts = list(next(iter(threads.values())))
        rows = [[name, *(f"{row[count]:,.0f}" for count in counts)] for name, row in threads.items()]
        parts += [
            "## Several threads",
            f"RS256 tokens a second. Command: `{CONTENTION}`.",
            table(["threads", *counts], rows),
            image("threads"),
        ]
    heading = ["## In a server"]
    for name, (what, options) in LOADS.items():
        if server := results.get(f"server {name}"):
            rows = [
                [kind, f"{row['rate']:,.0f}", f"{row['p99']:.1f}", f"{row['of none']:.2f}"]
                for kind, row in server.items()
            ]
            command = " ".join(["python benches/load.py", *options])
            parts += [
                *heading,
                f"One uvicorn process, {what}, RS256, 16 connections. Command: `{command}`.",
                table(["authentication", "requests a second", "p99, ms", "rate, of none's"], rows),
            ]
            heading = []
    return [*parts]


def by_alg(races: dict[str, Any]) -> str:
    names = list(dict.fromkeys(name for race in races.values() for name in race["ns"] if name != "orjson.loads"))
    rows = [
        [alg, *(f"{race['ns'][name] / 1000:.2f}" if name in race["ns"] else "-" for name in names)]
        for alg, race in races.items()
    ]
    return table(["", *names], rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def image(name: str) -> str:
    return f"![{name.replace('-', ' ')}](images/{name}.svg)"


if __name__ == "__main__":
    main()
