"""Attacks: no signature, unknown algorithm, and APIs that forget to verify (CVE-2015-9235 and its descendants).

Attacks of this family without a test here: CVE-2025-61152, which was withdrawn and needs an option that does not exist.
"""

import inspect

import pytest

import forge
import jwseal
from judge import LAX, NOW, claims, hs256, refusal, refused_claim, secret, verifier, verifying
from jwseal import KeySet, Policy, Verifier, insecure, jws

ES256 = forge.material("ES256")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "noNE", " none", "none ", "n\u043ene"])
def test_none_in_any_spelling(name: str) -> None:
    """`none` is not an algorithm of the verifier, in any case or disguise (CVE-2015-9235, RFC 8725bis 2.11)."""
    token = forge.segments({"alg": name}, {})
    assert "algorithm_not_allowed" == refusal(verifier(secret()).verify, token)
    assert "algorithm_not_allowed" == refusal(verifier(verifying(ES256)).verify, token)
    assert "algorithm_not_allowed" == refusal(jws.verify, token, secret())


def test_none_with_the_kid_of_a_real_key() -> None:
    """A kid does not lend its key to `none`."""
    token = forge.segments({"alg": "none", "kid": "a"}, {})
    assert "algorithm_not_allowed" == refusal(verifier(secret(kid="a")).verify, token)


def test_none_with_a_real_signature() -> None:
    """`none` beside a right HMAC tag is refused like any other."""
    token = forge.token({"alg": "none"}, {}, forge.Material("HS256", forge.K32))
    assert "algorithm_not_allowed" == refusal(verifier(secret()).verify, token)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "foo"}, "algorithm_not_allowed"),
        ({"alg": ""}, "algorithm_not_allowed"),
        ({"alg": "hs256"}, "algorithm_not_allowed"),
        ({"alg": "HS256 "}, "algorithm_not_allowed"),
        ({"alg": "HS256\u0000"}, "algorithm_not_allowed"),
        ({"alg": "ES521"}, "algorithm_not_allowed"),
        ({"alg": "RSA1_5"}, "algorithm_not_allowed"),
        ({"alg": "A128KW"}, "algorithm_not_allowed"),
        ({"alg": "RS1"}, "algorithm_not_allowed"),
        ({"alg": "HS1"}, "algorithm_not_allowed"),
        ({}, "malformed_token"),
        ({"typ": "JWT"}, "malformed_token"),
        ({"alg": ["HS256"]}, "unsupported_header"),
        ({"alg": {"HS256": 1}}, "unsupported_header"),
        ({"alg": None}, "unsupported_header"),
        ({"alg": True}, "unsupported_header"),
        ({"alg": 256}, "unsupported_header"),
    ],
)
def test_unknown_algorithm(header: dict, expected: str) -> None:
    """An unknown, missing or misshapen alg never reaches a comparison of signatures (CVE-2026-23993)."""
    assert expected == refusal(verifier(secret()).verify, forge.segments(header, {}))
    assert expected == refusal(jws.verify, forge.segments(header, {}), secret())


@pytest.mark.parametrize("length", [0, 1, 16, 31])
def test_truncated_tag(length: int) -> None:
    """A tag cut short is refused, however much of it is right (CVE-2020-28042)."""
    signed, _, tag = forge.T0.rpartition(".")
    cut = f"{signed}.{forge.b64(forge.unb64(tag)[:length])}"
    assert "invalid_signature" == refusal(verifier(secret()).verify, cut)


@pytest.mark.parametrize("tail", [b"\0", b"x", bytes(32)])
def test_extended_tag(tail: bytes) -> None:
    """A right tag with octets after it is refused."""
    signed, _, tag = forge.T0.rpartition(".")
    assert "invalid_signature" == refusal(verifier(secret()).verify, f"{signed}.{forge.b64(forge.unb64(tag) + tail)}")


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_empty_signature(alg: str) -> None:
    """An empty signature verifies under no algorithm."""
    token = forge.segments({"alg": alg}, {})
    assert "invalid_signature" == refusal(verifier(verifying(forge.material(alg))).verify, token)


@pytest.mark.parametrize("keys", [b"", "", None, [], (), {}, 0, object(), forge.K32, "secret"])
def test_verifier_needs_a_key(keys: object) -> None:
    """Only keys make a verifier (GHSA-8wpc-h4q6-8fxv, CVE-2026-27962, CVE-2022-23540)."""
    with pytest.raises(TypeError):
        Verifier(keys, LAX)
    with pytest.raises(TypeError):
        jws.verify(forge.T0, keys)


def test_empty_key_set() -> None:
    """A set without keys cannot be built, so it cannot be asked."""
    assert "invalid_key" == refusal(KeySet, [])
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": []})


@pytest.mark.parametrize(
    "algorithms", [[], (), set(), frozenset(), "", "HS256", ["none"], ["HS256", "none"], ["hs256"]]
)
def test_algorithms_never_mean_all(algorithms: object) -> None:
    """An empty list, a str and an unknown name are refused at construction, never read as "all"."""
    assert "invalid_policy" == refusal(Verifier, secret(), LAX, algorithms=algorithms)


@pytest.mark.parametrize("segments", [1, 2, 4, 5, 6])
def test_other_segment_counts(segments: int) -> None:
    """JWE's five segments, and any number but three, are no JWS (CVE-2026-29000, CVE-2023-51774)."""
    header = forge.b64(b'{"alg":"HS256","enc":"A128GCM"}')
    token = ".".join([header, "e30", "AA", "AA", "AA", "AA"][:segments])
    assert "malformed_token" == refusal(verifier(secret()).verify, token)
    assert "malformed_token" == refusal(jws.verify, token, secret())


def test_nested_jwt_is_not_unwrapped() -> None:
    """`cty: JWT` around another token does not make that token's claims these claims."""
    inner = hs256(claims())
    token = forge.token({"alg": "HS256", "cty": "JWT"}, inner, forge.Material("HS256", forge.K32))
    assert "malformed_token" == refusal(verifier(secret()).verify, token)


def test_bad_signature_hides_expiry() -> None:
    """A forged and expired token is called forged; there is no claims object to reach (CVE-2024-51744)."""
    token = hs256(claims(exp=NOW - 100), key=bytes(32))
    policy = Policy(issuer="https://as.example", audience="https://api.example")
    error = None
    try:
        Verifier(secret(), policy).verify(token, now=NOW)
    except jwseal.JOSEError as caught:
        error = caught
    assert "invalid_signature" == error.code
    assert [] == [name for name in dir(error) if "claims" in name or "payload" in name or "token" in name]


def test_nothing_skips_verification() -> None:
    """No parameter of the public API says skip, verify or unsafe (GHSA-q926-c743-49qj)."""
    callables = [
        jwseal.Verifier,
        jwseal.Verifier.verify,
        jwseal.Verifier.verify_many,
        jwseal.Policy,
        jwseal.Issuers,
        jws.verify,
        jwseal.KeySet,
        jwseal.KeySet.from_jwks,
    ]
    suspicious = ("verify", "skip", "unsafe", "options", "disable", "insecure", "none")
    for call in callables:
        names = list(inspect.signature(call).parameters)
        assert [] == [name for name in names if any(word in name.lower() for word in suspicious)]


def test_header_peek_has_no_payload() -> None:
    """The look at an unverified header gives the header only (CVE-2026-23518, CVE-2026-24899)."""
    assert {"alg": "HS256"} == insecure.header_unverified(forge.T0)


def test_unverified_claims_are_no_verified_jwt() -> None:
    """What `read_unverified` returns is of another type than what a verifier returns."""
    token = hs256(claims())
    seen = insecure.read_unverified(token)
    assert False is isinstance(seen, jwseal.VerifiedJWT)
    assert type(verifier(secret()).verify(token, now=NOW)) is not type(seen)


def test_missing_expiry_is_missing() -> None:
    """A token that never expires is refused unless the policy says so (GHSA-wxg7-w2v3-w38g)."""
    assert ("missing_claim", "exp") == refused_claim(
        Verifier(secret(), Policy(issuer="https://as.example", audience="https://api.example")).verify,
        hs256(claims(exp=...)),
        now=NOW,
    )
