"""The figures jwseal has promised: each is a measurement of this run with a limit, and either holds or is missed."""

from dataclasses import dataclass

from race import Race, Spread

# Limits on the ratio of jwseal's time to another's, claims dict in hand.
VERIFY_RATIOS = {
    "HS256": {"OxyJWT": 0.34, "jsonwebtoken": 0.42, "PyJWT": 0.04, "oxitoken": 0.8},
    "ES256": {"bare": 0.33},
    "EdDSA": {"bare": 0.40},
    "ES384": {"bare": 0.45},
    "ES512": {"bare": 0.40},
    "ES256K": {"bare": 0.10},
    "ML-DSA-65": {"bare": 0.32},
}
# The same, with nothing read.
LAZY_RATIOS = {"HS256": {"bare": 1.9, "oxitoken struct": 1.0}}
SIGN_RATIOS = {"HS256": 0.45, "ES256": 0.60, "EdDSA": 0.56}
# Where the primitive is used as it is and takes nearly all of the time: microseconds beyond it.
SIGN_BEYOND_BARE = {"RS256": 3.0}
# What jwseal may add to the bare primitive, in units of orjson.loads of the same payload: with the dict, and lazily.
OVERHEAD_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "ML-DSA-65")
OVERHEAD, LAZY_OVERHEAD = 2.0, 1.2
# The same where AWS-LC computes the verdict, in a process of its own with JWSEAL_PORTABLE=1.
PORTABLE_ALGORITHMS = ("RS256", "PS256")
PORTABLE_OVERHEAD, PORTABLE_LAZY_OVERHEAD = 1.3, 0.5
ROUND_ROBIN, FIRST_VERIFY = 0.36, 1.1
# Of a cached token, read lazily: fast-jwt's own cache hit.
FAST_JWT_HIT = 0.25
IMPORT_MS = 4.0


@dataclass(frozen=True)
class Figure:
    """One promise and what was measured."""

    what: str
    measured: Spread
    limit: float

    @property
    def holds(self) -> bool:
        return self.measured.median <= self.limit

    def as_json(self) -> dict:
        return {
            "what": self.what,
            "median": self.measured.median,
            "quartiles": [self.measured.low, self.measured.high],
            "limit": self.limit,
            "holds": self.holds,
        }


def of_verify(alg: str, race: Race) -> list[Figure]:
    found = [
        Figure(f"verify {alg}, of {peer}'s time", race.ratio("jwseal", peer), limit)
        for peer, limit in VERIFY_RATIOS.get(alg, {}).items()
        if peer in race
    ]
    found += [
        Figure(f"verify {alg} lazy, of {peer}'s time", race.ratio("jwseal lazy", peer), limit)
        for peer, limit in LAZY_RATIOS.get(alg, {}).items()
        if peer in race
    ]
    if alg in OVERHEAD_ALGORITHMS and "bare" in race:
        for name, limit in (("jwseal", OVERHEAD), ("jwseal lazy", LAZY_OVERHEAD)):
            over = race.overhead(name, "bare", "orjson.loads")
            found.append(Figure(f"verify {alg}{name[6:]}, orjson.loads beyond bare", over, limit))
    return found


def of_portable(alg: str, race: Race) -> list[Figure]:
    limits = (("jwseal portable", PORTABLE_OVERHEAD), ("jwseal portable lazy", PORTABLE_LAZY_OVERHEAD))
    return [
        Figure(f"{name} {alg}, orjson.loads beyond bare", race.overhead(name, "bare", "orjson.loads"), limit)
        for name, limit in limits
        if name in race
    ]


def of_first_use(races: dict[str, Race]) -> list[Figure]:
    found = []
    if race := races.get("16 keys"):
        figure = race.ratio("jwseal 16 keys", "bare")
        found.append(Figure("verify ES256, 16 keys round robin, of bare", figure, ROUND_ROBIN))
    if race := races.get("first verify"):
        figure = race.ratio("first verify", "AWS-LC's path")
        found.append(Figure("first verify with a new ES256 key, of AWS-LC's path", figure, FIRST_VERIFY))
    if (race := races.get("cached")) and "fast-jwt cached" in race:
        figure = race.ratio("cached lazy", "fast-jwt cached")
        found.append(Figure("cached token lazy, of fast-jwt's cache hit", figure, FAST_JWT_HIT))
    return found


def of_sign(alg: str, race: Race) -> list[Figure]:
    found = []
    if alg in SIGN_RATIOS and "OxyJWT" in race:
        found.append(Figure(f"sign {alg}, of OxyJWT's time", race.ratio("jwseal", "OxyJWT"), SIGN_RATIOS[alg]))
    if alg in SIGN_BEYOND_BARE and "bare" in race:
        found.append(Figure(f"sign {alg}, us beyond bare", race.beyond("jwseal", "bare"), SIGN_BEYOND_BARE[alg]))
    return found


def of_operation(alg: str, race: Race) -> list[Figure]:
    beyond = race.beyond("jwseal", "operation")
    return [Figure(f"sign {alg}, us beyond `sign_bytes` in one process", beyond, SIGN_BEYOND_BARE[alg])]


def of_conditions(races: dict[str, Race]) -> list[Figure]:
    found = []
    if race := races.get("policy"):
        figure = race.ratio("three conditions", "plain")
        found.append(Figure("RS256, policy with three conditions, of one without", figure, 1.05))
    if race := races.get("rules"):
        figure = race.overhead("20 rules", "plain", "bare")
        found.append(Figure("RS256, authorize with 20 rules, of bare beyond verify", figure, 0.15))
    return found


def of_import(cost: Spread) -> list[Figure]:
    return [Figure("import jwseal, ms beyond a bare interpreter", cost, IMPORT_MS)]


def of_layers(races: dict[str, Race]) -> list[Figure]:
    found = []
    if race := races.get("pyjwt"):
        found.append(Figure("compat.pyjwt RS256, PEM each call, of OxyJWT", race.ratio("compat.pyjwt", "OxyJWT"), 0.75))
        found.append(Figure("compat.pyjwt RS256, PEM each call, of PyJWT", race.ratio("compat.pyjwt", "PyJWT"), 0.25))
    if race := races.get("authlib"):
        figure = race.ratio("compat.authlib", "Authlib")
        found.append(Figure("compat.authlib deserialize_compact, of Authlib", figure, 0.5))
    if race := races.get("loaded RSA keys"):
        for layer, peer in (("compat.pyjwt", "PyJWT"), ("compat.authlib", "Authlib")):
            for kind in ("100 keys", "fresh"):
                figure = race.ratio(f"{layer} {kind}", f"{peer} {kind}")
                found.append(Figure(f"{layer} signs, RSA objects, {kind}, of {peer}", figure, 1.03))
    if race := races.get("json"):
        figure = race.ratio("general JSON", "four compact")
        found.append(Figure("general JSON, 4 signatures, of 4 verifies", figure, 1.1))
    if race := races.get("sources"):
        found.append(Figure("RemoteKeySet RS256, warm, of a KeySet", race.ratio("RemoteKeySet", "KeySet"), 1.02))
        found.append(Figure("Issuers RS256, 1,000 issuers, of one verifier", race.ratio("Issuers", "KeySet"), 1.08))
    return found
