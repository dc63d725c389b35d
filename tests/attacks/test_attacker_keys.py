"""Attacks: a key the attacker brought along or selected (CVE-2018-0114, CVE-2024-21643, kid injection).

`jwk`, `jku`, `x5c` and `x5u` in a token never yield a key; `kid` is an opaque string that is compared and nothing else.

Attacks of this family without a test here: those on fetching a JWK Set (CVE-2026-48522, GHSA-9v7f-9g4p-ffgj), which belong
to remote key sources.
"""

import base64
import contextlib
import json
import socket
import threading

import pytest
from cryptography.hazmat.primitives import serialization

import forge
from judge import LAX, NOW, claims, refusal, secret, verifier, verifying
from jwseal import Issuers, KeySet, Policy, Verifier, VerifyingKey, jws
from test_algorithm_confusion import certificate

TRUSTED = forge.material("ES256")
ATTACKER = forge.material("ES256", "attacker")
RSA = forge.material("RS256")


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256", "ML-DSA-44"])
def test_embedded_jwk(alg: str) -> None:
    """A token signed by a fresh key that it carries in `jwk` is forged (CVE-2018-0114, Wycheproof JWS 32)."""
    attacker = forge.material(alg, "4096" if alg == "RS256" else "attacker")
    token = forge.token({"alg": alg, "jwk": attacker.public_jwk()}, claims(), attacker)
    assert "invalid_signature" == refusal(verifier(verifying(forge.material(alg))).verify, token)
    assert "invalid_signature" == refusal(jws.verify, token, verifying(forge.material(alg)))


def test_embedded_jwk_of_another_kind() -> None:
    """The embedded key does not add its algorithm to the verifier's."""
    token = forge.token({"alg": "ES256", "jwk": ATTACKER.public_jwk()}, {}, ATTACKER)
    assert "algorithm_not_allowed" == refusal(verifier(secret()).verify, token)


def test_embedded_jwk_with_the_trusted_kid() -> None:
    """Carrying the trusted kid beside one's own key changes nothing."""
    header = {"alg": "ES256", "kid": "a", "jwk": {**ATTACKER.public_jwk(), "kid": "a"}}
    token = forge.token(header, {}, ATTACKER)
    assert "invalid_signature" == refusal(verifier(verifying(TRUSTED, kid="a")).verify, token)


def test_self_signed_certificate() -> None:
    """A certificate in `x5c` is never trusted (CVE-2025-24976)."""
    chain = [base64.b64encode(certificate(serialization.Encoding.DER)).decode()]
    token = forge.token({"alg": "RS256", "x5c": chain}, {}, RSA)
    trusted = VerifyingKey.from_jwk(forge.material("RS256", "4096").public_jwk(), alg="RS256")
    assert "invalid_signature" == refusal(verifier(trusted).verify, token)


@pytest.mark.parametrize("member", ["jku", "x5u", "iss", "jwk", "x5c"])
def test_no_connection_from_token_data(member: str) -> None:
    """A URL in a token is never opened (CVE-2024-21643, CVE-2026-32301)."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)

        def accept() -> None:
            with contextlib.suppress(TimeoutError):
                connections.append(listener.accept())

        waiting = threading.Thread(target=accept)
        waiting.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        header = {"alg": "ES256", "kid": url}
        if member in ("jku", "x5u"):
            header[member] = url
        elif member == "jwk":
            header[member] = {"kty": "EC", "crv": "P-256", "x5u": url, "jku": url}
        elif member == "x5c":
            header[member] = [url]
        token = forge.token(header, claims(iss=url, jku=url), ATTACKER)
        for call in (
            lambda: verifier(verifying(TRUSTED)).verify(token),
            lambda: jws.verify(token, verifying(TRUSTED)),
            lambda: Issuers({"https://as.example": verifier(verifying(TRUSTED))}).verify(token),
        ):
            assert refusal(call) in ("invalid_signature", "key_not_found")
        waiting.join()
    assert [] == connections


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("jwk", "x"),
        ("jwk", None),
        ("jwk", [1]),
        ("jku", 1),
        ("jku", None),
        ("x5u", {}),
        ("x5c", "MII"),
        ("x5c", [1]),
        ("x5c", [None]),
        ("x5c", {}),
        ("x5t", 1),
        ("x5t#S256", []),
        ("kid", 1),
        ("kid", None),
        ("kid", ["a"]),
        ("kid", True),
        ("typ", 1),
        ("typ", None),
        ("cty", []),
        ("cty", 0),
    ],
)
def test_misshapen_header_parameter(member: str, value: object) -> None:
    """A registered header parameter of the wrong JSON type is refused, used or not."""
    token = forge.token({"alg": "HS256", member: value}, {}, forge.Material("HS256", forge.K32))
    assert "unsupported_header" == refusal(verifier(secret()).verify, token)
    assert "unsupported_header" == refusal(jws.verify, token, secret())


KIDS = {
    "path": "../../../../dev/null",
    "absolute": "/etc/passwd",
    "sql": "' UNION SELECT 'AA' -- ",
    "shell": "$(id)`id`|id;id",
    "nul": "a\0",
    "empty": "",
    "case": "A",
    "space": "a ",
    "precomposed": "\u00e9",
    "astral": "\U0001d4b6",
    "url": "https://attacker.example/keys",
    "prefix": "aa",
}


@pytest.mark.parametrize("name", KIDS)
def test_kid_is_compared_and_nothing_else(name: str) -> None:
    """A kid that is not a key's own finds no key, even when the MAC is right under the empty key (RFC 8725 3.10)."""
    header = {"alg": "HS256", "kid": KIDS[name]}
    for key in (b"", forge.K32):
        token = forge.token(header, {}, forge.Material("HS256", key))
        assert "key_not_found" == refusal(verifier(secret(kid="a")).verify, token)
    own = verifier(secret(kid=KIDS[name]))
    assert {} == own.verify(forge.token(header, {}, forge.Material("HS256", forge.K32))).claims


def test_kid_is_not_normalised() -> None:
    """Kids are compared code point by code point (RFC 7515 section 5.3)."""
    token = forge.token({"alg": "HS256", "kid": "e\u0301"}, {}, forge.Material("HS256", forge.K32))
    assert "key_not_found" == refusal(verifier(secret(kid="\u00e9")).verify, token)


def test_kid_after_unescaping() -> None:
    """An escaped kid is the kid it spells."""
    header = b'{"alg":"HS256","kid":"\\u0061\\ud835\\udcb6"}'
    token = forge.token(header, {}, forge.Material("HS256", forge.K32))
    assert "a\U0001d4b6" == verifier(secret(kid="a\U0001d4b6")).verify(token).kid


def test_path_kid_fixture() -> None:
    """The kid that points at /dev/null, MACed with the empty key."""
    signed = "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uLy4uLy4uL2Rldi9udWxsIn0.e30"
    token = forge.resign(signed, forge.Material("HS256", b""))
    assert "key_not_found" == refusal(verifier(secret(kid="a")).verify, token)
    assert "invalid_signature" == refusal(verifier(secret()).verify, token)


def test_huge_kid() -> None:
    """A kid of a mebibyte is a token too large; one over the header bound is a header too large."""
    token = forge.token({"alg": "HS256", "kid": "a" * 2**20}, {}, forge.Material("HS256", forge.K32))
    assert "token_too_large" == refusal(verifier(secret(kid="a")).verify, token)
    token = forge.token({"alg": "HS256", "kid": "a" * 5000}, {}, forge.Material("HS256", forge.K32))
    assert "token_too_large" == refusal(verifier(secret(kid="a")).verify, token)


def test_two_issuers_with_one_kid() -> None:
    """A key belongs to its issuer: the same kid elsewhere is another key (CVE-2025-59936)."""

    def strict(issuer: str, material: forge.Material) -> Verifier:
        return Verifier(verifying(material, kid="1"), Policy(issuer=issuer, audience="https://api.example"))

    issuers = Issuers(
        {
            "https://a.example": strict("https://a.example", TRUSTED),
            "https://b.example": strict("https://b.example", ATTACKER),
        }
    )
    honest = forge.token({"alg": "ES256", "kid": "1"}, claims(iss="https://a.example"), TRUSTED)
    assert "https://a.example" == issuers.verify(honest, now=NOW)["iss"]
    crossed = forge.token({"alg": "ES256", "kid": "1"}, claims(iss="https://b.example"), TRUSTED)
    assert "invalid_signature" == refusal(issuers.verify, crossed, now=NOW)


def test_right_key_wrong_issuer() -> None:
    """A key verifies tokens of its own issuer only (CVE-2024-8901, CVE-2024-5037)."""
    one = Verifier(verifying(TRUSTED), Policy(issuer="https://as.example", audience="https://api.example"))
    token = forge.token({"alg": "ES256"}, claims(iss="https://evil.example"), TRUSTED)
    assert "claim_mismatch" == refusal(one.verify, token, now=NOW)


def test_unknown_issuer() -> None:
    """An issuer that is not in the table is no issuer, whatever it signed (CVE-2026-32301)."""
    issuers = Issuers({"https://as.example": Verifier(verifying(TRUSTED), LAX)})
    token = forge.token({"alg": "ES256"}, claims(iss="https://evil.example"), TRUSTED)
    assert "key_not_found" == refusal(issuers.verify, token, now=NOW)


def test_unknown_kid() -> None:
    """A kid that no key has finds no key, though the set could verify the token."""
    token = forge.token({"alg": "ES256", "kid": "b"}, {}, TRUSTED)
    assert "key_not_found" == refusal(verifier(verifying(TRUSTED, kid="a")).verify, token)


def test_key_without_kid_is_a_candidate() -> None:
    """A key without kid is tried for every token of its algorithm."""
    token = forge.token({"alg": "ES256", "kid": "b"}, {}, TRUSTED)
    assert {} == verifier(verifying(TRUSTED)).verify(token).claims


def test_none_as_key() -> None:
    """No key means no verification, never "take the token's" (CVE-2026-27962)."""
    token = forge.token({"alg": "ES256", "jwk": ATTACKER.public_jwk()}, {}, ATTACKER)
    with pytest.raises(TypeError):
        jws.verify(token, None)


def test_jwks_text_in_the_token() -> None:
    """A whole JWK Set in an unregistered header parameter is ignored."""
    token = forge.token({"alg": "ES256", "keys": json.dumps([ATTACKER.public_jwk()])}, {}, ATTACKER)
    keys = KeySet([verifying(TRUSTED)])
    assert "invalid_signature" == refusal(verifier(keys).verify, token)
