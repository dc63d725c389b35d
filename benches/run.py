"""`make bench`: jwseal, its peers and the bare primitive, interleaved, checked first. See README.md beside this file."""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import batches
import cached
import conditions
import contenders
import figures
import layers
import sources
from race import Contender, Race, RustPeers, Spread, Unsupported
from start_up import import_cost
from tokens import ALGORITHMS, Case, case_file, make_case

HERE = Path(__file__).parent
PEERS = ("OxyJWT", "webtoken", "PyJWT", "joserfc", "Authlib", "jsonwebtoken")
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
        rust = RustPeers(str(options.rust_peers), str(path))
        try:
            return report(options, cases, rust)
        finally:
            rust.close()


def report(options: argparse.Namespace, cases: dict[str, Case], rust: RustPeers) -> int:
    describe(options, next(iter(cases.values())))
    found: list[figures.Figure] = []
    results: dict[str, dict] = {"verify": {}, "batch": {}, "sign": {}, "layers": {}}

    title("verify", "claims dict in hand; 'lazy' and 'bare' in microseconds; 'over' in orjson.loads beyond bare")
    verify_header()
    for alg, case in cases.items():
        race = run_race(options, [*verifying(case), *rusty(rust, "verify", alg), contenders.orjson_loads(case)])
        batch = batch_race(options, case)
        print(verify_row(alg, race, batch), flush=True)
        found += figures.of_verify(alg, race)
        results["verify"][alg] = as_json(race)
        results["batch"][alg] = as_json(batch)

    title("sign", "claims dict to token")
    sign_header()
    for alg, case in cases.items():
        race = run_race(options, [*signing(case), *rusty(rust, "sign", alg)])
        print(sign_row(alg, race), flush=True)
        found += figures.of_sign(alg, race)
        results["sign"][alg] = as_json(race)

    title("layers", "the compatibility layers, general JSON and our primitives against what they replace")
    races = layer_races(options, cases)
    found += figures.of_layers(races) + cached.figures(races)
    results["layers"] = {name: as_json(race) for name, race in races.items()}
    title("batches", "10,000 tokens on all cores, microseconds each, by the clock on the wall")
    with on_all_cores():
        races = batches.races(cases, rust.child.args, max(5, options.rounds // 10))
    for name, race in races.items():
        print(batches.row(name, race), flush=True)
    found += batches.figures(races)
    results["batches"] = {name: as_json(race) for name, race in races.items()}
    title("conditions", "a policy of three conditions, and 20 rules, beside a plain verification; microseconds")
    races = condition_races(options, cases, rust)
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
    ]
    return [contender for make in makers if (contender := attempt(make, case))]


def signing(case: Case) -> list[Contender]:
    makers = [contenders.sign_jwseal, contenders.sign_oxyjwt, contenders.sign_pyjwt, contenders.sign_joserfc]
    return [contender for make in makers if (contender := attempt(make, case))]


def rusty(rust: RustPeers, verb: str, alg: str) -> list[Contender]:
    made = [attempt(lambda _, who=who: rust.contender(who, verb, alg), None) for who in ("bare", "jsonwebtoken")]
    return [contender for contender in made if contender]


def layer_races(options: argparse.Namespace, cases: dict[str, Case]) -> dict[str, Race]:
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
            races[name] = run_race(options, entrants)
            times = ", ".join(f"{one.name} {races[name].nanoseconds(one.name) / 1000:.1f} us" for one in entrants)
            print(f"{name:<17} {alg:<6} {times}", flush=True)
    return races


def condition_races(options: argparse.Namespace, cases: dict[str, Case], rust: RustPeers) -> dict[str, Race]:
    races = {}
    if case := cases.get("RS256"):
        for name, make in (("policy", conditions.policy_with_conditions), ("rules", conditions.rules)):
            entrants = [*make(case), rust.contender("bare", "verify", "RS256")]
            races[name] = run_race(options, entrants)
            times = ", ".join(f"{one.name} {races[name].nanoseconds(one.name) / 1000:.2f}" for one in entrants)
            print(f"{name:<17} RS256  {times}", flush=True)
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


def run_race(options: argparse.Namespace, entrants: list[Contender]) -> Race:
    return Race(entrants, options.rounds, options.block_us * 1000)


# Tables.


def verify_header() -> None:
    peers = "".join(f"{peer:>13}" for peer in PEERS)
    print(f"{'':<10}{'us: jwseal':>11}{'lazy':>8}{'batch':>8}{'bare':>8}   jwseal's time in units of:")
    print(f"{'':<45}{peers}   over [quartiles]     lazy over")


def verify_row(alg: str, race: Race, batch: Race) -> str:
    names = ((race, "jwseal"), (race, "jwseal lazy"), (batch, "jwseal batch"), (race, "bare"))
    times = [f"{found.nanoseconds(name) / 1000:.2f}" if name in found else "-" for found, name in names]
    row = f"{alg:<10}{times[0]:>11}{times[1]:>8}{times[2]:>8}{times[3]:>8}"
    row += "".join(f"{race.ratio('jwseal', peer).median:>13.3f}" if peer in race else f"{'-':>13}" for peer in PEERS)
    if "bare" in race:
        row += f"   {race.overhead('jwseal', 'bare', 'orjson.loads')!s:<20}"
        row += f" {race.overhead('jwseal lazy', 'bare', 'orjson.loads')}"
    return row


def sign_header() -> None:
    peers = "".join(f"{peer:>13}" for peer in PEERS if peer not in {"webtoken", "Authlib"})
    print(f"{'':<10}{'us: jwseal':>11}{'bare':>9}   jwseal's time in units of:")
    print(f"{'':<30}{peers}")


def sign_row(alg: str, race: Race) -> str:
    bare = f"{race.nanoseconds('bare') / 1000:.1f}" if "bare" in race else "-"
    row = f"{alg:<10}{race.nanoseconds('jwseal') / 1000:>11.2f}{bare:>9}"
    for peer in PEERS:
        if peer not in {"webtoken", "Authlib"}:
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


def describe(options: argparse.Namespace, case: Case) -> None:
    packages = ("jwseal", "oxyjwt", "webtoken", "pyjwt", "joserfc", "authlib", "orjson", "cryptography")
    print(f"Python {platform.python_version()} on {platform.machine()}; " + crate_versions())
    print(", ".join(f"{name} {version(name)}" for name in packages))
    octets = [len(payload) for payload in case.payloads]
    print(f"claims of {min(octets)} to {max(octets)} octets; {options.rounds} rounds of {options.block_us / 1000:g} ms")


def crate_versions() -> str:
    """The Rust contenders' versions, from the lock file they were built with."""
    blocks = (HERE / "rust_peers" / "Cargo.lock").read_text().split("[[package]]")
    named = {lines[0]: lines[1] for block in blocks if len(lines := block.split('"')[1::2]) > 1}
    return f"crates aws-lc-rs {named['aws-lc-rs']}, jsonwebtoken {named['jsonwebtoken']}"


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
