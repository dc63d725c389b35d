"""Keys that are new, keys that take turns, and tokens of other sizes: what the tables' one warm key does not show."""

import random
from collections.abc import Iterator
from time import thread_time_ns

import contenders
from race import Contender, python_contender
from tokens import AUDIENCE, ISSUER, KID, Case, access_token_claims, make_case

import jwseal

KEYS = 16
SIZES = [512, 1024, 2048, 4096, 8192, 16384]


def first_verify(case: Case) -> Contender:
    """The first verification with a key that was never used: its parts are made outside the timed block."""
    policy = jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)
    signer_keys = [jwseal.SigningKey.generate(case.alg, kid=KID) for _ in range(8)]
    pairs = [(key.verifying_key.to_pem(), jwseal.Signer(key).sign(access_token_claims())) for key in signer_keys]

    def block(rounds: int) -> int:
        total = 0
        for number in range(rounds):
            pem, token = pairs[number % len(pairs)]
            verifier = jwseal.Verifier(jwseal.VerifyingKey.from_pem(pem, kid=KID), policy)
            start = thread_time_ns()
            verifier.verify(token)
            total += thread_time_ns() - start
        return total

    return Contender("first verify", block)


def round_robin(alg: str) -> Contender:
    """One verifier of 16 keys, whose tokens take turns, with the claims dict."""
    cases = [make_case(alg) for _ in range(KEYS)]
    keys, tokens, claims = [], [], {}
    for number, case in enumerate(cases):
        key = jwseal.SigningKey.from_pem(case.private_pem, kid=f"key-{number}")
        keys.append(key.verifying_key)
        for one in case.claims[:2]:
            token = jwseal.Signer(key).sign(one)
            tokens.append((number, token))
            claims[token] = one
    random.Random(1).shuffle(tokens)
    verifier = jwseal.Verifier(jwseal.KeySet(keys), jwseal.Policy(issuer=ISSUER, audience=AUDIENCE))
    verifier.prepare()
    verify = verifier.verify
    ordered = [token for _, token in tokens]
    return python_contender(
        "jwseal 16 keys", "verify(item).claims", ordered, lambda token, found: found == claims[token], verify=verify
    )


def of_sizes(case: Case) -> Iterator[tuple[int, Contender]]:
    """Tokens of these many bytes, of which a claim of one string makes up the rest; with the claims dict."""
    signing, verifying = contenders.jwseal_keys(case)
    policy = jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)
    for size in SIZES:
        claims = [sized(one, size, signing) for one in case.claims[:8]]
        tokens = {jwseal.Signer(signing).sign(one): one for one in claims}
        verify = jwseal.Verifier(jwseal.KeySet([verifying]), policy, max_token_size=20_000).verify
        check = lambda token, found, tokens=tokens: found == tokens[token]  # noqa: E731
        yield size, python_contender(f"{size} bytes", "verify(item).claims", list(tokens), check, verify=verify)


def sized(claims: dict, size: int, key) -> dict:
    """Claims whose token has this size, or up to three bytes less: roles are added, then a string is filled."""
    small = {name: claims[name] for name in ("iss", "aud", "exp", "iat", "sub")}
    sign = jwseal.Signer(key).sign
    roles: list[str] = []
    filled = {**small, "roles": roles, "note": ""}
    while len(sign(filled)) + 24 < size:
        roles.append(f"team-{len(roles):04}")
    while len(sign(filled)) < size - 3:
        filled["note"] += "x"
    return filled


def slope(times: list[tuple[int, float]]) -> tuple[float, float, float]:
    """Nanoseconds per KiB and at no size, by least squares, and the largest distance from that line, as a part of it."""
    mean_x = sum(size for size, _ in times) / len(times)
    mean_y = sum(took for _, took in times) / len(times)
    over = sum((size - mean_x) * (took - mean_y) for size, took in times)
    per_byte = over / sum((size - mean_x) ** 2 for size, _ in times)
    base = mean_y - per_byte * mean_x
    return per_byte * 1024, base, max(abs(took / (base + per_byte * size) - 1) for size, took in times)
