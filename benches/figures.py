"""The figures jwseal has promised: each is a measurement of this run with a limit, and either holds or is missed."""

from dataclasses import dataclass

from race import Race, Spread

# Limits on the ratio of jwseal's time to another's, claims dict in hand.
VERIFY_RATIOS = {"HS256": {"OxyJWT": 0.40, "jsonwebtoken": 0.60, "PyJWT": 0.04}}
SIGN_RATIOS = {"HS256": 0.5, "ES256": 0.7, "EdDSA": 0.95}
# Where the primitive is used as it is and takes nearly all of the time: microseconds beyond it.
SIGN_BEYOND_BARE = {"RS256": 3.0}
# What jwseal may add to the bare primitive, in units of orjson.loads of the same payload.
OVERHEAD_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "ML-DSA-65")
OVERHEAD, LAZY_OVERHEAD, LAZY_HMAC_RATIO, IMPORT_MS = 2.0, 1.2, 3.0, 20.0


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
    if alg == "HS256" and "bare" in race:
        found.append(Figure("verify HS256 lazy, of the bare HMAC", race.ratio("jwseal lazy", "bare"), LAZY_HMAC_RATIO))
    if alg in OVERHEAD_ALGORITHMS and "bare" in race:
        for name, limit in (("jwseal", OVERHEAD), ("jwseal lazy", LAZY_OVERHEAD)):
            over = race.overhead(name, "bare", "orjson.loads")
            found.append(Figure(f"verify {alg}{name[6:]}, orjson.loads beyond bare", over, limit))
    return found


def of_sign(alg: str, race: Race) -> list[Figure]:
    found = []
    if alg in SIGN_RATIOS and "OxyJWT" in race:
        found.append(Figure(f"sign {alg}, of OxyJWT's time", race.ratio("jwseal", "OxyJWT"), SIGN_RATIOS[alg]))
    if alg in SIGN_BEYOND_BARE and "bare" in race:
        found.append(Figure(f"sign {alg}, us beyond bare", race.beyond("jwseal", "bare"), SIGN_BEYOND_BARE[alg]))
    return found


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
