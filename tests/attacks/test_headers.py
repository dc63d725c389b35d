"""Attacks: critical headers, unencoded and detached payloads, in compact form (CVE-2025-59420, CVE-2026-32597).

The same in the JSON serializations is in `attacks/test_headers_json.py`.
"""

import pytest

import forge
from judge import LAX, refusal, secret, verdict, verifier
from jwseal import Verifier, jws
from meter import needs_meter, peak

HS256 = forge.Material("HS256", forge.K32)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "crit": ["exp"], "exp": 1},
        {"alg": "HS256", "crit": []},
        {"alg": "HS256", "crit": "b64", "b64": True},
        {"alg": "HS256", "crit": ["b64", "b64"], "b64": True},
        {"alg": "HS256", "crit": ["alg"]},
        {"alg": "HS256", "crit": ["kid"], "kid": "a"},
        {"alg": "HS256", "crit": ["typ"], "typ": "JWT"},
        {"alg": "HS256", "crit": ["crit"]},
        {"alg": "HS256", "crit": ["epk"], "epk": {}},
        {"alg": "HS256", "crit": ["p2c"], "p2c": 1},
        {"alg": "HS256", "crit": ["jwk"], "jwk": {}},
        {"alg": "HS256", "crit": ["x5t#S256"], "x5t#S256": "x"},
        {"alg": "HS256", "crit": [1]},
        {"alg": "HS256", "crit": [None]},
        {"alg": "HS256", "crit": [["b64"]], "b64": True},
        {"alg": "HS256", "crit": ["b64"]},
        {"alg": "HS256", "crit": ["http://example.invalid/UNDEFINED"]},
        {"alg": "HS256", "crit": ["http://example.invalid/UNDEFINED"], "http://example.invalid/UNDEFINED": True},
        {"alg": "HS256", "crit": None},
        {"alg": "HS256", "crit": {}},
        {"alg": "HS256", "crit": True},
        {"alg": "HS256", "crit": 1},
        {"alg": "HS256", "crit": ["b64", "x"], "b64": True, "x": 1},
        {"alg": "HS256", "crit": [""], "": 1},
    ],
)
def test_crit_refused(header: dict) -> None:
    """A crit that is not understood, or not a list as RFC 7515 section 4.1.11 wants it, refuses the token."""
    token = forge.token(header, {}, HS256)
    assert "unsupported_header" == refusal(verifier(secret()).verify, token)
    assert "unsupported_header" == refusal(jws.verify, token, secret())


@pytest.mark.parametrize(
    "header",
    [
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOltdfQ",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiZXhwIl0sImV4cCI6MX0",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYWxnIl19",
        "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2V9",
    ],
)
def test_header_fixtures(header: str) -> None:
    """The same, as header text computed elsewhere."""
    assert "unsupported_header" == refusal(verifier(secret()).verify, forge.resign(f"{header}.e30", HS256))


def test_crit_escaped() -> None:
    """Names are compared after unescaping: an escaped crit is crit, an escaped name in it is that name."""
    for header in (b'{"alg":"HS256","\\u0063rit":["exp"],"exp":1}', b'{"alg":"HS256","crit":["\\u0061lg"]}'):
        assert "unsupported_header" == refusal(verifier(secret()).verify, forge.token(header, {}, HS256))


def test_crit_the_caller_understands() -> None:
    """A critical name the caller lists is accepted and handed back; one it does not list is not."""
    token = forge.token({"alg": "HS256", "crit": ["urn:x"], "urn:x": [1]}, b"payload", HS256)
    assert [1] == jws.verify(token, secret(), crit=["urn:x"]).header["urn:x"]
    assert "unsupported_header" == refusal(jws.verify, token, secret(), crit=["urn:y"])


@pytest.mark.parametrize("crit", [["alg"], ["kid"], ["crit"], ["epk"]])
def test_caller_may_not_list_registered_names(crit: list[str]) -> None:
    """A caller cannot make a registered name critical."""
    assert "invalid_policy" == refusal(jws.verify, forge.T0, secret(), crit=crit)


def test_uncritical_unknown_names_are_ignored() -> None:
    """Unregistered header parameters, `zip` and `enc` among them, are ignored (RFC 7515 section 4)."""
    header = {"alg": "HS256", "zip": "DEF", "enc": "A128GCM", "exp": "never", "urn:x": {}, "iss": 5}
    assert {} == verifier(secret()).verify(forge.token(header, {}, HS256)).claims


def test_b64_without_crit() -> None:
    """`b64: false` without crit is refused (RFC 7797 section 6; PyJWT before 2.13)."""
    header = {"alg": "HS256", "b64": False}
    for token in (forge.token(header, {}, HS256), forge.detached(header, b"{}", HS256, encoded=False)):
        assert "unsupported_header" == refusal(verifier(secret()).verify, token)
        assert "unsupported_header" == refusal(jws.verify, token, secret(), payload=b"{}")


@pytest.mark.parametrize("value", ["false", 0, None, [], {}])
def test_b64_of_the_wrong_type(value: object) -> None:
    """`b64` is a boolean."""
    token = forge.token({"alg": "HS256", "b64": value, "crit": ["b64"]}, {}, HS256)
    assert "unsupported_header" == refusal(jws.verify, token, secret())


def test_b64_true_needs_no_crit() -> None:
    """`b64: true` says what holds anyway."""
    for header in ({"alg": "HS256", "b64": True}, {"alg": "HS256", "b64": True, "crit": ["b64"]}):
        assert {} == verifier(secret()).verify(forge.token(header, {}, HS256)).claims


def test_jwt_is_never_unencoded() -> None:
    """A JWT with `b64: false` is refused (RFC 7797 section 7)."""
    header = {"alg": "HS256", "b64": False, "crit": ["b64"]}
    raw = forge.b64(forge.octets(header))
    for token in (
        forge.detached(header, b"{}", HS256, encoded=False),
        forge.resign(f"{raw}.{{}}", HS256),
        forge.resign(f"{raw}.e30", HS256),
    ):
        expected = "malformed_token" if "{" in token else "unsupported_header"
        assert expected == refusal(verifier(secret()).verify, token)


def test_unencoded_is_detached_only() -> None:
    """In compact form an unencoded payload is never part of the token (RFC 7797 section 5.2, stricter)."""
    header = forge.b64(forge.octets({"alg": "HS256", "b64": False, "crit": ["b64"]}))
    token = forge.resign(f"{header}.e30", HS256)
    assert "malformed_token" == refusal(jws.verify, token, secret())
    assert "malformed_token" == refusal(jws.verify, token, secret(), payload=b"e30")


@needs_meter
@pytest.mark.parametrize("options", [{"payload": b"x"}, {}])
def test_unused_payload_segment(options: dict) -> None:
    """A large segment beside a detached payload costs at most its own size, which `max_size` bounds (CVE-2026-48525)."""
    header = forge.b64(forge.octets({"alg": "HS256", "b64": False, "crit": ["b64"]}))
    token = f"{header}.{'A' * (20 * 2**20)}.{'A' * 43}"
    assert "token_too_large" == refusal(jws.verify, token, secret(), **options)
    assert "malformed_token" == refusal(jws.verify, token, secret(), max_size=2**25, **options)
    assert peak(lambda: refusal(jws.verify, token, secret(), max_size=2**25, **options)) < len(token)


def test_detached_argument_beside_a_payload() -> None:
    """A detached payload never replaces the token's own (PyJWT before 2.14)."""
    for payload in (b"x", b"{}", b""):
        assert "malformed_token" == refusal(jws.verify, forge.T0, secret(), payload=payload)


def test_detached_without_its_payload() -> None:
    """A token that was signed detached does not verify as one with an empty payload."""
    token = forge.detached({"alg": "HS256"}, b"payload", HS256)
    assert "malformed_token" == refusal(jws.verify, token, secret())
    header = {"alg": "HS256", "b64": False, "crit": ["b64"]}
    token = forge.detached(header, b"payload", HS256, encoded=False)
    assert "malformed_token" == refusal(jws.verify, token, secret())


def test_empty_payload_is_a_payload() -> None:
    """A payload of no octets verifies, attached or handed over."""
    token = forge.token({"alg": "HS256"}, b"", HS256)
    assert b"" == jws.verify(token, secret()).payload
    assert b"" == jws.verify(token, secret(), payload=b"").payload


def test_encoded_and_unencoded_are_not_confused() -> None:
    """Flipping b64 in the header breaks the signature, both ways (RFC 7797 section 8)."""
    encoded, raw = {"alg": "HS256"}, {"alg": "HS256", "b64": False, "crit": ["b64"]}
    for signed, claimed, as_encoded in ((encoded, raw, True), (raw, encoded, False)):
        tag = forge.detached(signed, b"e30", HS256, encoded=as_encoded).rpartition(".")[2]
        token = f"{forge.b64(forge.octets(claimed))}..{tag}"
        for payload in (b"e30", b"{}"):
            assert "invalid_signature" == refusal(jws.verify, token, secret(), payload=payload)


def test_size_bounds_do_not_depend_on_b64() -> None:
    """`max_size` bounds a token whatever its b64 says (CVE-2026-48990)."""
    for header in ({"alg": "HS256", "x": "a" * 600}, {"alg": "HS256", "b64": False, "crit": ["b64"], "x": "a" * 600}):
        token = forge.detached(header, b"x", HS256, encoded="b64" not in header)
        assert "token_too_large" == refusal(jws.verify, token, secret(), payload=b"x", max_size=500)
        assert "accepted" == verdict(jws.verify, token, secret(), payload=b"x")


@pytest.mark.parametrize("payload", ["text", 5, [b"x"], {}])
def test_detached_payload_of_the_wrong_type(payload: object) -> None:
    """A detached payload is octets."""
    token = forge.detached({"alg": "HS256"}, b"text", HS256)
    with pytest.raises(TypeError):
        jws.verify(token, secret(), payload=payload)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"payload":"e30","signatures":[]}',
        '{"payload":"e30","protected":"e30","signature":"e30"}',
        "[]",
        '{"eyJhbGciOiJIUzI1NiJ9.e30.": 1}',
        " ",
    ],
)
def test_json_text_is_no_compact_jws(text: str) -> None:
    """A verifier of compact tokens takes compact form only (CVE-2022-39227)."""
    assert "malformed_token" == refusal(Verifier(secret(), LAX).verify, text)
    assert "malformed_token" == refusal(jws.verify, text, secret())
