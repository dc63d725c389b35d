"""Attacks on what a verifier keeps: a token that is almost a kept one, a kept token at another verifier, and what it was under."""

from typing import Any

import pytest

import forge
from judge import AUDIENCE, ISSUER, NOW, STRICT, claims, hs256, refusal, secret, verdict, verifying
from jwseal import UNCHECKED, Issuers, KeySet, Policy, Verifier

ALG = "ES256"
MATERIAL = forge.material(ALG)
# A policy that the token meets by its signature alone, so that a forged one has no other fault.
OPEN = Policy(issuer=UNCHECKED, audience=UNCHECKED, typ=UNCHECKED, expiry=UNCHECKED)


def kept(token: str, cached: Any) -> Any:
    """The verifier, after it found the token in its cache."""
    cached.verify(token, now=NOW)
    hits = cached.cache_info().hits
    cached.verify(token, now=NOW)
    assert cached.cache_info().hits == hits + 1
    return cached


def changed(token: str, place: int) -> str:
    """The token with another character at a place."""
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_one_character_is_another() -> None:
    """A token that differs from a kept one in any single character has the verdict of a verifier without a cache."""
    token = forge.token({"alg": ALG, "x": "y"}, claims(), MATERIAL)
    cached, plain = kept(token, Verifier(verifying(MATERIAL), OPEN, cache=8)), Verifier(verifying(MATERIAL), OPEN)
    verdicts = {place: verdict(cached.verify, changed(token, place), now=NOW) for place in range(len(token))}
    assert verdicts == {place: verdict(plain.verify, changed(token, place), now=NOW) for place in range(len(token))}
    assert "accepted" not in verdicts.values()
    assert cached.cache_info().entries == 1


@pytest.mark.parametrize(
    ("segment", "code"), [(0, "key_not_found"), (1, "invalid_signature"), (2, "invalid_signature")]
)
def test_a_segment_of_another_token(segment: int, code: str) -> None:
    """A kept token with one segment of another valid token, which may be kept too, is refused."""
    parts = []
    cached = Verifier(verifying(MATERIAL, kid="a"), OPEN, cache=8)
    for number in (1, 2):
        kid = "a" if number == 1 or segment else "b"
        token = forge.token({"alg": ALG, "kid": kid, "n": number}, claims(n=number), MATERIAL)
        parts.append(token.split("."))
        if kid == "a":
            kept(token, cached)
    mixed = list(parts[0])
    mixed[segment] = parts[1][segment]
    assert refusal(cached.verify, ".".join(mixed), now=NOW) == code


def test_the_same_signature_and_length() -> None:
    """Claims of the same length under the signature of a kept token are refused: all of the token is compared."""
    header, _, signature = hs256(claims(role="user")).split(".")
    cached = kept(
        f"{header}.{forge.b64(forge.octets(claims(role='user')))}.{signature}", Verifier(secret(), OPEN, cache=8)
    )
    forged = f"{header}.{forge.b64(forge.octets(claims(role='root')))}.{signature}"
    assert [refusal(cached.verify, forged, now=NOW) for _ in range(3)] == ["invalid_signature"] * 3
    assert (
        cached.verify(f"{header}.{forge.b64(forge.octets(claims(role='user')))}.{signature}", now=NOW)["role"] == "user"
    )


@pytest.mark.parametrize(
    "change", [lambda t: t + "A", lambda t: t[:-1], lambda t: t + "=", lambda t: " " + t, lambda t: t + "."]
)
def test_more_or_less_of_a_kept_token(change: Any) -> None:
    """A kept token with something added or left out is malformed or its signature is wrong, as without a cache."""
    token = hs256(claims())
    cached = kept(token, Verifier(secret(), OPEN, cache=8))
    assert refusal(cached.verify, change(token), now=NOW) == refusal(
        Verifier(secret(), OPEN).verify, change(token), now=NOW
    )


def test_a_malleable_signature() -> None:
    """The other s of a kept ECDSA token makes another token, which is verified in full."""
    signed, _, signature = forge.token({"alg": ALG}, claims(), MATERIAL).rpartition(".")
    octets = forge.unb64(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = octets[:32] + (order - int.from_bytes(octets[32:])).to_bytes(32)
    cached = kept(f"{signed}.{signature}", Verifier(verifying(MATERIAL), OPEN, cache=8))
    cached.verify(f"{signed}.{forge.b64(other)}", now=NOW)
    assert (cached.cache_info().misses, cached.cache_info().entries) == (2, 2)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (Policy(issuer=ISSUER, audience="other"), "claim_mismatch"),
        (STRICT.replace(typ="at+jwt"), "wrong_typ"),
        (STRICT.replace(scopes={"admin"}), "insufficient_scope"),
        (STRICT.replace(required=["jti"]), "missing_claim"),
        (STRICT.replace(max_lifetime=1), "invalid_claim"),
    ],
)
def test_another_policy(policy: Policy, code: str) -> None:
    """A token that one verifier keeps is judged in full by another, with the same keys and another policy."""
    keys, token = KeySet([secret()]), hs256(claims())
    kept(token, Verifier(keys, STRICT, cache=8))
    assert refusal(Verifier(keys, policy, cache=8).verify, token, now=NOW) == code


def test_another_key() -> None:
    """A token that one verifier keeps is refused by another with another key."""
    token = hs256(claims())
    kept(token, Verifier(secret(), STRICT, cache=8))
    assert refusal(Verifier(secret(b"x" * 32), STRICT, cache=8).verify, token, now=NOW) == "invalid_signature"


def test_verifiers_of_one_table() -> None:
    """Issuers that share a key and a cache do not share a token: each is chosen by the `iss` that was signed."""
    names = ["https://a.example", "https://b.example"]
    strict = {name: Policy(issuer=name, audience=audience) for name, audience in zip(names, ("x", "y"), strict=True)}
    table = Issuers({name: Verifier(secret(), policy) for name, policy in strict.items()}, cache=8)
    kept(hs256(claims(iss=names[0], aud="x")), table)
    assert refusal(table.verify, hs256(claims(iss=names[1], aud="x")), now=NOW) == "claim_mismatch"
    assert refusal(table.verify, hs256(claims(iss="https://c.example", aud="x")), now=NOW) == "key_not_found"


def test_the_bounds_of_another_verifier_of_one_table() -> None:
    """A verifier with a smaller bound refuses a token of its issuer, though the table keeps larger ones of others."""
    large = {"pad": "x" * 2000}
    table = Issuers(
        {
            "https://a.example": Verifier(secret(), Policy(issuer="https://a.example", audience=AUDIENCE)),
            "https://b.example": Verifier(
                secret(), Policy(issuer="https://b.example", audience=AUDIENCE), max_token_size=1000, max_header_size=50
            ),
        },
        cache=8,
    )
    kept(hs256(claims(iss="https://a.example", **large)), table)
    assert refusal(table.verify, hs256(claims(iss="https://b.example", **large)), now=NOW) == "token_too_large"
    header = {"alg": "HS256", "x": "y" * 60}
    kept(hs256(claims(iss="https://a.example"), header), table)
    assert refusal(table.verify, hs256(claims(iss="https://b.example"), header), now=NOW) == "token_too_large"


def test_padding_makes_another_token() -> None:
    """A token with padding and the same without are two; a verifier that takes no padding refuses the first."""
    header, payload, signature = forge.token({"alg": ALG}, claims(), MATERIAL).split(".")
    plain = f"{header}.{payload}.{signature}"
    padded_input = ".".join(part + "=" * (-len(part) % 4) for part in (header, payload))
    padded = forge.resign(padded_input, MATERIAL) + "=="
    key = verifying(MATERIAL)
    cached = Verifier(key, OPEN, accept_padding=True, cache=8)
    kept(padded, kept(plain, cached))
    assert (cached.cache_info().hits, cached.cache_info().misses, cached.cache_info().entries) == (2, 2, 2)
    assert refusal(Verifier(key, OPEN, cache=8).verify, padded, now=NOW) == "malformed_token"
    # The signature of ES256 has 86 characters, so with padding it has 88. What was signed stays the same.
    cached.verify(plain + "==", now=NOW)
    assert (cached.cache_info().misses, cached.cache_info().entries) == (3, 3)


def test_valid_tokens_of_one_caller_do_not_fill_the_memory() -> None:
    """A caller with any number of valid tokens takes no more than the bounds, and the others' tokens are still verified."""
    cached, other = Verifier(secret(), STRICT, cache=16), hs256(claims(sub="other"))
    for number in range(500):
        cached.verify(hs256(claims(n=number, pad="x" * (number * 16))), now=NOW)
        info = cached.cache_info()
        assert info.entries <= 16
        assert info.bytes <= info.max_bytes
    assert cached.verify(other, now=NOW)["sub"] == "other"


def test_refused_tokens_drive_out_nothing() -> None:
    """Whatever number of forged tokens comes, what is kept stays: only accepted tokens are kept."""
    token = hs256(claims())
    cached = kept(token, Verifier(secret(), STRICT, cache=2))
    for number in range(500):
        assert refusal(cached.verify, hs256(claims(n=number), key=b"x" * 32), now=NOW) == "invalid_signature"
    assert (cached.cache_info().entries, cached.cache_info().evictions) == (1, 0)
    hits = cached.cache_info().hits
    cached.verify(token, now=NOW)
    assert cached.cache_info().hits == hits + 1
