"""`make bench`: jwseal, its peers and the bare primitive, interleaved, checked first. See README.md beside this file."""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import batches
import cached
import conditions
import contenders
import figures
import first_use
import layers
import machine
import pause
import sources
from race import Contender, Race, Spread, Unsupported
from start_up import import_cost
from tokens import ALGORITHMS, Case, case_file, make_case

import peers

HERE = Path(__file__).parent
# The crates, Node's packages and Go's module, by the program that runs them; what signs is there twice.
ELSEWHERE = {
    "rust": ["bare", "jsonwebtoken", "oxitoken", "oxitoken struct"],
    "node": ["fast-jwt", "jose"],
    "go": ["golang-jwt"],
}
PACKAGES = ("OxyJWT", "webtoken", "PyJWT", "joserfc", "Authlib", "python-jose", "jwcrypto")
PEERS = (*PACKAGES, *(name for names in ELSEWHERE.values() for name in names if name != "bare"))
SIGNING_PEERS = ("OxyJWT", "PyJWT", "joserfc", "jsonwebtoken", "fast-jwt", "jose", "golang-jwt")
ALL_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
QUICK = ("HS256", "RS256", "ES256", "EdDSA")


def main() -> int:
    options = arguments()
    warnings.simplefilter("ignore")
    stay_on_one_core()
    cases = {alg: make_case(alg) for alg in options.only}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cases.json")
        path.write_text(case_file(list(cases.values())))
        programs = peers.Programs(str(path), options.rust_peers)
        try:
            return measure(options, cases, programs)
        finally:
            programs.close()


def measure(options: argparse.Namespace, cases: dict[str, Case], programs: peers.Programs) -> int:
    found: list[figures.Figure] = []
    results: dict[str, dict] = {
        "about": about(options, programs),
        "verify": {},
        "batch": {},
        "sign": {},
        "portable": {},
    }
    describe(results["about"])

    title("verify", "claims dict in hand; 'lazy' and 'bare' in microseconds; 'over' in orjson.loads beyond bare")
    verify_header()
    for alg, case in cases.items():
        race = run_race(options, [*verifying(case), *elsewhere(programs, "verify", alg), contenders.orjson_loads(case)])
        batch = batch_race(options, case)
        print(verify_row(alg, race, batch), flush=True)
        found += figures.of_verify(alg, race)
        results["verify"][alg] = as_json(race)
        results["batch"][alg] = as_json(batch)

    title("sign", "claims dict to token")
    sign_header()
    for alg, case in cases.items():
        race = run_race(options, [*signing(case), *elsewhere(programs, "sign", alg)], signing_period(alg))
        print(sign_row(alg, race), flush=True)
        found += figures.of_sign(alg, race)
        if alg in figures.SIGN_BEYOND_BARE:
            found += figures.of_operation(alg, operation_race(options, case))
        results["sign"][alg] = as_json(race)

    title("layers", "the compatibility layers, general JSON and our primitives against what they replace")
    races = layer_races(options, cases, programs)
    found += figures.of_layers(races) + cached.figures(races) + figures.of_first_use(races)
    results["layers"] = {name: as_json(race) for name, race in races.items()}
    title("batches", "10,000 tokens on all cores, microseconds each, by the clock on the wall")
    with on_all_cores():
        races = batches.races(cases, programs.programs["rust"].child.args, max(5, options.rounds // 10))
    for name, race in races.items():
        print(batches.row(name, race), flush=True)
    found += batches.figures(races)
    results["batches"] = {name: as_json(race) for name, race in races.items()}

    title("portable", "JWSEAL_PORTABLE=1, in a process of its own; microseconds")
    for alg in figures.PORTABLE_ALGORITHMS:
        if alg in cases:
            entrants = programs.contenders("portable", ["jwseal portable", "jwseal portable lazy"], "verify", alg)
            entrants += programs.contenders("rust", ["bare"], "verify", alg)
            race = run_race(options, [*entrants, contenders.orjson_loads(cases[alg])])
            print_times(alg, alg, race)
            found += figures.of_portable(alg, race)
            results["portable"][alg] = as_json(race)

    title("sizes", "verify HS256 to the claims dict, by the size of the token")
    if "HS256" in cases:
        race = run_race(options, [one for _, one in first_use.of_sizes(cases["HS256"])])
        times = [(size, race.nanoseconds(f"{size} bytes")) for size in first_use.SIZES]
        per_kib, base, bend = first_use.slope(times)
        print_times("HS256", "", race)
        print(f"{per_kib:.0f} ns a KiB and {base:.0f} ns; no size is more than {bend:.0%} from that line")
        results["sizes"] = {"times": times, "per_kib": per_kib, "base": base, "bend": bend}

    title("pauses", "the longest call of verify that preparing a key causes; microseconds")
    results["pauses"] = pause.measure(1 if options.quick else pause.PROCESSES)
    pause.show(results["pauses"])

    title("conditions", "a policy of three conditions, and 20 rules, beside a plain verification; microseconds")
    races = condition_races(options, cases, programs)
    found += figures.of_conditions(races)
    results["conditions"] = {name: as_json(race) for name, race in races.items()}
    if not options.skip_import:
        found += figures.of_import(import_cost(11 if options.quick else 31))

    print_figures(found)
    if options.json:
        results["figures"] = [figure.as_json() for figure in found]
        Path(options.json).write_text(json.dumps(results, indent=1))
    return 0


def verifying(case: Case) -> list[Contender]:
    makers = [
        contenders.verify_jwseal,
        contenders.verify_jwseal_lazy,
        contenders.verify_oxyjwt,
        contenders.verify_webtoken,
        contenders.verify_pyjwt,
        contenders.verify_joserfc,
        contenders.verify_authlib,
        contenders.verify_python_jose,
        contenders.verify_jwcrypto,
    ]
    return [contender for make in makers if (contender := attempt(make, case))]


def signing(case: Case) -> list[Contender]:
    makers = [contenders.sign_jwseal, contenders.sign_oxyjwt, contenders.sign_pyjwt, contenders.sign_joserfc]
    return [contender for make in makers if (contender := attempt(make, case))]


def elsewhere(programs: peers.Programs, verb: str, alg: str) -> list[Contender]:
    return [one for program, names in ELSEWHERE.items() for one in programs.contenders(program, names, verb, alg)]


def layer_races(options: argparse.Namespace, cases: dict[str, Case], programs: peers.Programs) -> dict[str, Race]:
    wanted = {
        "pyjwt": (layers.pyjwt_layer, "RS256"),
        "authlib": (layers.authlib_layer, "RS256"),
        "authlib HS256": (layers.authlib_layer, "HS256"),
        "loaded RSA keys": (layers.loaded_keys, "RS256"),
        "json": (layers.four_signatures, "ES256"),
        "sources": (sources.key_sources, "RS256"),
        "cached": (cached.kept_tokens, "RS256"),
    }
    wanted |= {f"primitive {alg}": (layers.primitives, alg) for alg in ("ES256", "ES384", "ES512", "ES256K", "EdDSA")}
    races = {}
    for name, (make, alg) in wanted.items():
        if alg in cases and (entrants := attempt(make, cases[alg])):
            if name == "cached":
                entrants += programs.contenders("node", ["fast-jwt cached"], "verify", alg)
            races[name] = run_race(options, entrants)
            print_times(name, alg, races[name])
    if "ES256" in cases:
        bare = programs.contenders("rust", ["bare"], "verify", "ES256")
        portable = programs.contenders("portable", ["AWS-LC's path"], "first", "ES256")
        races["16 keys"] = run_race(options, [first_use.round_robin("ES256"), *bare])
        races["first verify"] = run_race(options, [first_use.first_verify(cases["ES256"]), *portable])
        for name in ("16 keys", "first verify"):
            print_times(name, "ES256", races[name])
    return races


def print_times(name: str, alg: str, race: Race) -> None:
    times = ", ".join(f"{one} {race.nanoseconds(one) / 1000:.2f}" for one in race.times)
    print(f"{name:<17} {alg:<6} {times}", flush=True)


def condition_races(options: argparse.Namespace, cases: dict[str, Case], programs: peers.Programs) -> dict[str, Race]:
    races = {}
    if case := cases.get("RS256"):
        for name, make in (("policy", conditions.policy_with_conditions), ("rules", conditions.rules)):
            entrants = [*make(case), *programs.contenders("rust", ["bare"], "verify", "RS256")]
            races[name] = run_race(options, entrants)
            print_times(name, "RS256", races[name])
    return races


def attempt(make, case):
    """What this maker makes of the case, or None if the library does not have it."""
    try:
        return make(case)
    except Unsupported:
        return None


def batch_race(options: argparse.Namespace, case: Case) -> Race:
    """Batches, not pinned to a core: each is one long block, so the rounds are fewer."""
    entrants = [contenders.batch_jwseal(case, lazy=lazy) for lazy in (False, True)]
    with on_all_cores():
        return Race(entrants, max(5, options.rounds // 10), options.block_us * 1000)


def run_race(options: argparse.Namespace, entrants: list[Contender], period: int = 1) -> Race:
    return Race(entrants, options.rounds, options.block_us * 1000, period)


def signing_period(alg: str) -> int:
    """AWS-LC and OpenSSL make new blinding factors for an RSA key after 32 signatures, which takes the time of another signature."""
    return 32 if alg[:2] in ("RS", "PS") else 1


def operation_race(options: argparse.Namespace, case: Case) -> Race:
    """Signing beside `sign_bytes`, in one process. A hundredth of it is looked for, so rounds are more and blocks longer."""
    pair = [contenders.sign_jwseal(case), contenders.sign_operation(case)]
    return Race(pair, 6 * options.rounds, options.block_us * 10_000, signing_period(case.alg))


# Tables.


def verify_header() -> None:
    names = "".join(f"{peer:>16}" for peer in PEERS)
    print(f"{'':<10}{'us: jwseal':>11}{'lazy':>8}{'batch':>8}{'bare':>8}   jwseal's time in units of:")
    print(f"{'':<45}{names}   over [quartiles]     lazy over")


def verify_row(alg: str, race: Race, batch: Race) -> str:
    names = ((race, "jwseal"), (race, "jwseal lazy"), (batch, "jwseal batch"), (race, "bare"))
    times = [f"{found.nanoseconds(name) / 1000:.2f}" if name in found else "-" for found, name in names]
    row = f"{alg:<10}{times[0]:>11}{times[1]:>8}{times[2]:>8}{times[3]:>8}"
    row += "".join(f"{race.ratio('jwseal', peer).median:>16.3f}" if peer in race else f"{'-':>16}" for peer in PEERS)
    if "bare" in race:
        row += f"   {race.overhead('jwseal', 'bare', 'orjson.loads')!s:<20}"
        row += f" {race.overhead('jwseal lazy', 'bare', 'orjson.loads')}"
    return row


def sign_header() -> None:
    names = "".join(f"{peer:>13}" for peer in SIGNING_PEERS)
    print(f"{'':<10}{'us: jwseal':>11}{'bare':>9}   jwseal's time in units of:")
    print(f"{'':<30}{names}")


def sign_row(alg: str, race: Race) -> str:
    bare = f"{race.nanoseconds('bare') / 1000:.1f}" if "bare" in race else "-"
    row = f"{alg:<10}{race.nanoseconds('jwseal') / 1000:>11.2f}{bare:>9}"
    for peer in SIGNING_PEERS:
        row += f"{race.ratio('jwseal', peer).median:>13.3f}" if peer in race else f"{'-':>13}"
    return row


def print_figures(found: list[figures.Figure]) -> None:
    title("promises", "median [quartiles] of the paired rounds, and the limit")
    for figure in found:
        verdict = "PASS" if figure.holds else "MISS"
        print(f"{verdict}  {figure.what:<52} {figure.measured!s:>24}   <= {figure.limit:g}")
    held = sum(figure.holds for figure in found)
    print(f"\n{held} of {len(found)} hold")


def title(name: str, explanation: str) -> None:
    print(f"\n== {name}: {explanation}")


def about(options: argparse.Namespace, programs: peers.Programs) -> dict:
    """What was measured where: the processor, the versions, what is absent, the rounds and the command."""
    names = (
        "jwseal",
        "oxyjwt",
        "webtoken",
        "pyjwt",
        "joserfc",
        "authlib",
        "python-jose",
        "jwcrypto",
        "orjson",
        "cryptography",
    )
    return {
        "python": platform.python_version(),
        "processor": machine.processor(),
        "features": machine.features(),
        "interruptions": machine.interruptions(),
        "cores": len(ALL_CORES) or os.cpu_count(),
        "versions": {name: version(name) for name in names} | peers.versions(programs.absent),
        "absent": programs.absent,
        "rounds": options.rounds,
        "block_us": options.block_us,
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def describe(told: dict) -> None:
    print(f"Python {told['python']}; {told['processor']} ({told['features']}), {told['cores']} cores")
    print(
        "The processor is taken away {:,} times a second, for {:,} ns each time (median)".format(*told["interruptions"])
    )
    print(", ".join(f"{name} {number}" for name, number in told["versions"].items()))
    for name, reason in told["absent"].items():
        print(f"left out: {name}: {reason}")
    print(f"{told['rounds']} rounds of {told['block_us'] / 1000:g} ms")


def as_json(race: Race) -> dict:
    def plain(spread: Spread) -> list[float]:
        return [spread.median, spread.low, spread.high]

    return {
        "ns": {name: race.nanoseconds(name) for name in race.times},
        "ratios": {name: plain(race.ratio("jwseal", name)) for name in race.times if "jwseal" in race},
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four algorithms, 31 rounds: a look, not a figure")
    parser.add_argument("--json", metavar="FILE", help="write every median and quartile there")
    parser.add_argument("--only", metavar="ALG,...", help="these algorithms")
    parser.add_argument("--rounds", type=int, help="paired rounds (default 151)")
    parser.add_argument("--block-us", type=int, help="microseconds per block (default 1000)")
    parser.add_argument("--skip-import", action="store_true", help="do not measure the import")
    parser.add_argument("--rust-peers", type=Path, help="the program built from rust_peers/")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else QUICK if options.quick else ALGORITHMS
    options.rounds = options.rounds or (31 if options.quick else 151)
    options.block_us = options.block_us or 1000
    options.rust_peers = options.rust_peers or HERE / "rust_peers" / "target" / "release" / "rust_peers"
    return options


def stay_on_one_core() -> None:
    """Keep this process and its children on one core, so that all contenders share its frequency and caches."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(ALL_CORES)})


@contextlib.contextmanager
def on_all_cores() -> Iterator[None]:
    """Let a batch use what the machine has."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, ALL_CORES)
    yield
    stay_on_one_core()


if __name__ == "__main__":
    sys.exit(main())
