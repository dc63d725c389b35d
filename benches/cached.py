"""The same tokens again: what a verifier with a cache takes for a token that it keeps, beside `orjson.loads` of the payload."""

import contenders
from contenders import jwseal_keys, same_claims
from figures import Figure
from race import Contender, Race, python_contender
from tokens import AUDIENCE, ISSUER, Case

from jwseal import Issuers, Policy, Verifier

# Limits in units of orjson.loads of the same payload.
LAZY, DICT = 0.6, 1.4


def kept_tokens(case: Case) -> list[Contender]:
    """A verifier and a table of issuers that keep all tokens, read lazily and as a dict; and the unit."""
    plain = Verifier(jwseal_keys(case)[1], Policy(issuer=ISSUER, audience=AUDIENCE), cache=1024)
    table = Issuers({ISSUER: plain}, cache=1024)
    same = same_claims(case)
    entrants = [contenders.orjson_loads(case)]
    for name, verifier in (("cached", plain), ("cached, Issuers", table)):
        # Every token is verified once when the contender is made, to check its claims.
        entrants += [
            python_contender(name, "verify(item).claims", case.tokens, same, verify=verifier.verify),
            python_contender(
                f"{name} lazy",
                "verify(item)",
                case.tokens,
                same,
                verify=verifier.verify,
            ),
        ]
        if verifier.cache_info().misses != len(case.tokens):
            raise AssertionError(f"{name}: the cache does not keep the tokens")
    return entrants


def figures(races: dict[str, Race]) -> list[Figure]:
    """The promises, from the races of `layer_races`."""
    if not (race := races.get("cached")):
        return []
    return [
        Figure("cached token lazy, of orjson.loads", race.ratio("cached lazy", "orjson.loads"), LAZY),
        Figure("cached token with the dict, of orjson.loads", race.ratio("cached", "orjson.loads"), DICT),
    ]
