"""Batches on all cores: what `verify_many` and `sign_many` gain over one core, beside what two processes of the bare primitive gain.

A machine's second core is seldom worth a whole one, so the gain of two processes that share nothing is the measure. Times are those
of the clock on the wall, of one block of 10,000 tokens for each contender and round. The process is not pinned.
"""

import os
from collections.abc import Callable
from time import perf_counter_ns

from contenders import jwseal_verifier
from figures import Figure
from race import Contender, Race, Spread, Unsupported, spread
from tokens import KID, Case, access_token_claims

import jwseal
from peers import Peers

COUNT = 10_000
# The parts of what two processes gain, and of the rate when half of the tokens are equal.
GAIN, HALF_EQUAL = 0.93, 1.8


def races(cases: dict[str, Case], program: list[str], rounds: int) -> dict[str, Race]:
    """The races of the cases at hand; none where this process may use one core only."""
    if len(os.sched_getaffinity(0)) < 2:
        return {}
    pair = [Peers(list(program)) for _ in range(2)]
    try:
        found = {}
        if case := cases.get("RS256"):
            found["verify_many RS256"] = Race([*verifying(case), *bare(pair, "verify RS256")], rounds, 1)
        if case := cases.get("ES256"):
            found["sign_many ES256"] = Race([*signing(case), *bare(pair, "sign ES256")], rounds, 1)
        return found
    finally:
        for one in pair:
            one.close()


def figures(found: dict[str, Race]) -> list[Figure]:
    """The promises about batches."""
    made = []
    for name, race in found.items():
        made.append(Figure(f"{name}, 10,000 on 2 cores, of two processes' time", against_two(race), 1 / GAIN))
        if "half equal" in race:
            ratio = race.ratio("half equal", "many")
            made.append(Figure(f"{name}, half of them equal, of the time", ratio, 1 / HALF_EQUAL))
    return made


def row(name: str, race: Race) -> str:
    """The times for each token, and the gains."""
    times = ", ".join(f"{one} {race.nanoseconds(one) / 1000:.2f} us" for one in race.times)
    gains = f"gain {race.ratio('one', 'many')}, of two processes {race.ratio('bare', 'bare twice')}"
    return f"{name:<17} {times}; {gains}"


def against_two(race: Race) -> Spread:
    """What a batch takes of one core's time, in units of what two processes of the bare primitive take of one's."""
    columns = (race.times[name] for name in ("many", "one", "bare twice", "bare"))
    return spread([(many / one) / (twice / bare) for many, one, twice, bare in zip(*columns, strict=True)])


def verifying(case: Case) -> list[Contender]:
    verifier = jwseal_verifier(case)
    signer = signer_of(case)
    tokens = signer.sign_many([access_token_claims() for _ in range(COUNT)])
    half = [token for token in tokens[: COUNT // 2] for _ in range(2)]
    for given in (tokens, half):
        accepted = [type(one) is jwseal.VerifiedJWT for one in verifier.verify_many(given)]
        if accepted != [True] * COUNT:
            raise AssertionError("verify_many refuses good tokens")
    return [
        timed("one", lambda: [verifier.verify(token) for token in tokens]),
        timed("many", lambda: verifier.verify_many(tokens)),
        timed("half equal", lambda: verifier.verify_many(half)),
    ]


def signing(case: Case) -> list[Contender]:
    signer, verifier = signer_of(case), jwseal_verifier(case)
    claims = [access_token_claims() for _ in range(COUNT)]
    for token, one in zip(signer.sign_many(claims), claims, strict=True):
        if verifier.verify(token).claims != one:
            raise AssertionError("sign_many signs something else")
    return [
        timed("one", lambda: [signer.sign(one) for one in claims]),
        timed("many", lambda: signer.sign_many(claims)),
    ]


def signer_of(case: Case) -> jwseal.Signer:
    return jwseal.Signer(jwseal.SigningKey.from_pem(case.private_pem, alg=case.alg, kid=KID))


def bare(pair: list[Peers], what: str) -> list[Contender]:
    """One process that does all of it, and two that do half of it each, at the same time."""
    for one in pair:
        if one.ask(f"bare {what} 1") == "unsupported":
            raise Unsupported(what)

    def together(peers: list[Peers]) -> Callable[[], None]:
        command = f"bare {what} {COUNT // len(peers)}\n"

        def run() -> None:
            for peer in peers:
                peer.send(command)
            for peer in peers:
                peer.receive(command)

        return run

    return [timed("bare", together(pair[:1])), timed("bare twice", together(pair))]


def timed(name: str, run: Callable[[], object]) -> Contender:
    """A contender whose block is one run over all tokens, by the clock on the wall."""

    def block(rounds: int) -> int:
        start = perf_counter_ns()
        for _ in range(rounds):
            run()
        return perf_counter_ns() - start

    return Contender(name, block, COUNT)
