"""Attacks: JSON that parsers disagree about, claims of the wrong type, and time (CVE-2026-25537, CVE-2024-53861).

Attacks of this family without a test here: hash bindings (`at_hash`, CVE-2026-28498) and assertions with one audience
(CVE-2025-27370), for which there is no helper; replay (CVE-2020-15222), which belongs to the replay guard.
"""

import pytest

import forge
from judge import AUDIENCE, ISSUER, LAX, NOW, STRICT, claims, hs256, refusal, refused_claim, secret, verdict, verifier
from jwseal import UNCHECKED, Policy, Verifier, jws

STRICT_VERIFIER = Verifier(secret(), STRICT)
LAX_VERIFIER = Verifier(secret(), LAX)


@pytest.mark.parametrize(
    "literal", ['"never"', '"99999999999"', "null", "[]", "{}", "true", "false", '""', "[1700000300]"]
)
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_time_of_the_wrong_type(name: str, literal: str) -> None:
    """A time of the wrong type is invalid, never absent, whether the policy asks for it or not (CVE-2026-25537)."""
    payload = f'{{"{name}":{literal}}}'
    assert ("invalid_claim", name) == refused_claim(LAX_VERIFIER.verify, hs256(payload), now=NOW)


@pytest.mark.parametrize(
    "literal", ["-1", "-0.5", "253402300800", "253402300799.5", "1e15", "1e300", "-1e300", "1" + "0" * 400]
)
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_time_out_of_range(name: str, literal: str) -> None:
    """NumericDates lie in 0..253402300799."""
    assert ("invalid_claim", name) == refused_claim(LAX_VERIFIER.verify, hs256(f'{{"{name}":{literal}}}'), now=NOW)


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "1e99999"])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "anything"])
def test_time_beyond_floats(name: str, literal: str) -> None:
    """A number that no double holds is malformed, not clamped or taken for infinity."""
    assert "malformed_token" == refusal(LAX_VERIFIER.verify, hs256(f'{{"{name}":{literal}}}'), now=NOW)


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "nan", "inf", "1e", "01", "+1", ".5", "1.", "0x1F", "1_000"]
)
def test_no_json_number(literal: str) -> None:
    """What RFC 8259 does not call a number is malformed."""
    assert "malformed_token" == refusal(LAX_VERIFIER.verify, hs256(f'{{"exp":{literal}}}'), now=NOW)


@pytest.mark.parametrize(
    "literal", ["1700000300", "1700000300.5", "1.7000003e9", "17000003E2", "0.17000003e+10", "253402300799"]
)
def test_time_of_every_legal_spelling(literal: str) -> None:
    """NumericDate need not be an integer (RFC 7519 section 2)."""
    assert NOW < LAX_VERIFIER.verify(hs256(f'{{"exp":{literal}}}'), now=NOW).expires_at


@pytest.mark.parametrize("issuer", ["acme", "a", "", "acme-prod ", "ACME-PROD", "acme-production", "acme-prod\u0000"])
def test_issuer_is_not_a_substring(issuer: str) -> None:
    """`iss` is equal to an expected issuer, not part of it (CVE-2024-53861)."""
    policy = Policy(issuer="acme-prod", audience=UNCHECKED, expiry=UNCHECKED)
    assert ("claim_mismatch", "iss") == refused_claim(Verifier(secret(), policy).verify, hs256({"iss": issuer}))


@pytest.mark.parametrize("issuer", [["https://evil.example", ISSUER], [ISSUER], {}, 5, None, True])
def test_issuer_is_a_string(issuer: object) -> None:
    """`iss` as an array that holds the right one is invalid (CVE-2025-30144)."""
    for verifier_ in (STRICT_VERIFIER, LAX_VERIFIER):
        assert ("invalid_claim", "iss") == refused_claim(verifier_.verify, hs256(claims(iss=issuer)), now=NOW)


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ([], "claim_mismatch"),
        ([1], "invalid_claim"),
        ([AUDIENCE, 1], "invalid_claim"),
        ([1, AUDIENCE], "invalid_claim"),
        ([[AUDIENCE]], "invalid_claim"),
        ([None], "invalid_claim"),
        ({}, "invalid_claim"),
        ({AUDIENCE: True}, "invalid_claim"),
        (None, "invalid_claim"),
        (True, "invalid_claim"),
        (1, "invalid_claim"),
        ("", "claim_mismatch"),
        ("https://api.example.evil", "claim_mismatch"),
        ("https://api", "claim_mismatch"),
        (["https://other.example"], "claim_mismatch"),
        (..., "missing_claim"),
    ],
)
def test_audience(audience: object, expected: str) -> None:
    """`aud` is a string or an array of strings that meets the expected set (CVE-2020-26160)."""
    assert (expected, "aud") == refused_claim(STRICT_VERIFIER.verify, hs256(claims(aud=audience)), now=NOW)


@pytest.mark.parametrize("audience", [[1], {}, None, True, 1, [AUDIENCE, None]])
def test_audience_type_is_always_judged(audience: object) -> None:
    """`UNCHECKED` does not check the value; it still checks the type."""
    assert ("invalid_claim", "aud") == refused_claim(LAX_VERIFIER.verify, hs256({"aud": audience}), now=NOW)


@pytest.mark.parametrize("name", ["sub", "jti", "iss"])
@pytest.mark.parametrize("value", [["x"], 5, None, {}, True, 1.5])
def test_strings_are_strings(name: str, value: object) -> None:
    """`sub`, `jti` and `iss` are strings (joserfc before 1.7.6)."""
    assert ("invalid_claim", name) == refused_claim(LAX_VERIFIER.verify, hs256({name: value}), now=NOW)


def test_same_answer_every_time() -> None:
    """A thousand looks at one token give one answer (CVE-2026-35040)."""
    good, bad = hs256(claims()), hs256(claims(iss="x"))
    assert {"accepted"} == {verdict(STRICT_VERIFIER.verify, good, now=NOW) for _ in range(1000)}
    assert {"claim_mismatch"} == {verdict(STRICT_VERIFIER.verify, bad, now=NOW) for _ in range(1000)}


POLYGLOTS = [
    '{"payload":"e30","signatures":[{"protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AA"}]}',
    '{"payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AA"}',
    f'{{" {forge.T0}":1}}',
    f'{{" {forge.T0.split(".")[0]}.": ".{forge.T0.split(".")[2]}", "payload":"e30"}}',
    f"{forge.T0} ",
    f" {forge.T0}",
    f"Bearer {forge.T0}",
    f"{forge.T0},{forge.T0}",
    f"{forge.T0}\n",
    f"{forge.T0}\x00",
]


@pytest.mark.parametrize("text", POLYGLOTS)
def test_polyglot(text: str) -> None:
    """One parser, one view: nothing but a bare compact JWS passes a verifier of compact tokens (CVE-2022-39227)."""
    for given in (text, text.encode()):
        assert "malformed_token" == refusal(LAX_VERIFIER.verify, given)
        assert "malformed_token" == refusal(jws.verify, given, secret())


HEADERS = {
    "duplicate": b'{"alg":"HS256","alg":"none"}',
    "duplicate-same": b'{"alg":"HS256","alg":"HS256"}',
    "duplicate-escaped": b'{"alg":"HS256","\\u0061lg":"none"}',
    "duplicate-unknown": b'{"alg":"HS256","x":1,"x":1}',
    "duplicate-deep": b'{"alg":"HS256","x":{"a":1,"a":2}}',
    "duplicate-in-array": b'{"alg":"HS256","x":[{"a":1,"a":2}]}',
    "trailing": b'{"alg":"HS256"}x',
    "two-objects": b'{"alg":"HS256"}{"alg":"HS256"}',
    "trailing-comma": b'{"alg":"HS256",}',
    "trailing-nul": b'{"alg":"HS256"}\0',
    "leading-nul": b'\0{"alg":"HS256"}',
    "leading-bom": b'\xef\xbb\xbf{"alg":"HS256"}',
    "single-quotes": b"{'alg':'HS256'}",
    "unquoted-name": b'{alg:"HS256"}',
    "comment": b'{"alg":"HS256"/**/}',
    "utf-16": '{"alg":"HS256"}'.encode("utf-16"),
    "overlong": b'{"alg":"HS256","x":"\xc0\x80"}',
    "bad-utf-8": b'{"alg":"HS256","x":"\xff"}',
    "cesu-8": b'{"alg":"HS256","x":"\xed\xa0\x80"}',
    "truncated-utf-8": b'{"alg":"HS256","x":"\xe2\x82"}',
    "lone-high-surrogate": b'{"alg":"HS256","x":"\\ud800"}',
    "lone-low-surrogate": b'{"alg":"HS256","x":"\\udc00"}',
    "swapped-surrogates": b'{"alg":"HS256","x":"\\udc00\\ud800"}',
    "surrogate-in-name": b'{"alg":"HS256","\\ud800":1}',
    "raw-control": b'{"alg":"HS256","x":"\n"}',
    "raw-nul": b'{"alg":"HS256","x":"\0"}',
    "bad-escape": b'{"alg":"HS256","x":"\\x41"}',
    "short-escape": b'{"alg":"HS256","x":"\\u00"}',
    "form-feed": b'{"alg":"HS256"\x0c}',
    "no-break-space": b'{"alg":"HS256"\xc2\xa0}',
    "array": b"[]",
    "string": b'"HS256"',
    "number": b"1",
    "null": b"null",
    "empty": b"",
    "space": b" ",
    "open": b'{"alg":"HS256"',
    "nan": b'{"alg":"HS256","x":NaN}',
    "infinity": b'{"alg":"HS256","x":-Infinity}',
}


@pytest.mark.parametrize("name", HEADERS)
def test_header_json(name: str) -> None:
    """A header that two parsers could read differently is malformed, though its MAC is right."""
    token = forge.token(HEADERS[name], {}, forge.Material("HS256", forge.K32))
    assert "malformed_token" == refusal(LAX_VERIFIER.verify, token)
    assert "malformed_token" == refusal(jws.verify, token, secret())


@pytest.mark.parametrize("count", [2, 3, 16, 31, 32, 33, 34, 64, 65, 200, 1023])
def test_duplicate_in_an_object_of_any_size(count: int) -> None:
    """The last member repeats an earlier one, first, middle or next to it, spelled the same or escaped."""
    names = [f"name-{place}" for place in range(count)]
    for earlier in {0, count // 2, count - 1}:
        for again in (f'"{names[earlier]}"', '"' + "".join(f"\\u{ord(letter):04x}" for letter in names[earlier]) + '"'):
            members = ",".join([*(f'"{name}":{{"x":1}}' for name in names), f"{again}:1"])
            token = hs256(f"{{{members}}}")
            wide = Verifier(secret(), LAX, max_token_size=2**20)
            assert "malformed_token" == refusal(wide.verify, token)
            assert "malformed_token" == refusal(wide.verify, hs256(f'{{"a":[{{{members}}}]}}'))
    distinct = ",".join(f'"{name}":{{"x":1}}' for name in names)
    assert count == len(Verifier(secret(), LAX, max_token_size=2**20).verify(hs256(f"{{{distinct}}}")).claims)


def test_duplicate_alg_fixture() -> None:
    """`{"alg":"HS256","alg":"none"}`, as text computed elsewhere."""
    assert "malformed_token" == refusal(LAX_VERIFIER.verify, "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ.e30.")


@pytest.mark.parametrize(
    "header", [b' {"alg":"HS256"}', b'{ "alg" :\t"HS256"\r\n}', b'{"alg":"HS256"}\n ', b'\n{"alg":"HS256"}']
)
def test_header_white_space_is_legal(header: bytes) -> None:
    """White space around and inside the object is JSON's (Wycheproof JWS 376, 377)."""
    assert {} == LAX_VERIFIER.verify(forge.token(header, {}, forge.Material("HS256", forge.K32))).claims


PAYLOADS = {
    **{name: text.replace(b'"alg":"HS256"', b'"sub":"a"') for name, text in HEADERS.items()},
    "duplicate": b'{"sub":"a","sub":"b"}',
    "duplicate-escaped": b'{"sub":1,"\\u0073ub":2}',
    "duplicate-astral": '{"\U0001d4b6":1,"\\ud835\\udcb6":2}'.encode(),
    "array-of-claims": b'[{"sub":"a"}]',
    "true": b"true",
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_json(name: str) -> None:
    """A payload that is not one strict JSON object is not a claims set; as a JWS payload it is plain bytes."""
    token = hs256(PAYLOADS[name])
    assert "malformed_token" == refusal(LAX_VERIFIER.verify, token)
    assert PAYLOADS[name] == jws.verify(token, secret()).payload


def test_forged_malformed_payload() -> None:
    """The payload is not parsed before the signature is right."""
    assert "invalid_signature" == refusal(LAX_VERIFIER.verify, hs256(b'{"sub":1,"sub":2}', key=bytes(32)))


@pytest.mark.parametrize("arguments", [{}, {"issuer": ISSUER}, {"audience": AUDIENCE}])
def test_policy_needs_issuer_and_audience(arguments: dict) -> None:
    """Both are required keywords; not checking is spelled UNCHECKED (CVE-2023-22482, CVE-2024-5798)."""
    with pytest.raises(TypeError):
        Policy(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"issuer": None}, {"audience": None}, {"subject": None}, {"issuer": ""}, {"audience": []}]
)
def test_policy_has_no_silent_opt_out(arguments: dict) -> None:
    """None and empty collections do not mean "anything"."""
    with pytest.raises((TypeError, ValueError)):
        Policy(**{"issuer": ISSUER, "audience": AUDIENCE, **arguments})


@pytest.mark.parametrize(
    "typ",
    [..., "JWT", "jwt", "logout+jwt", "application/JWT", "at+jwt2", "", "at+jwt ", "application/a/at+jwt", "a/at+jwt"],
)
def test_access_token_typ(typ: object) -> None:
    """Where `at+jwt` is demanded, an ID token does not pass (CVE-2026-41164, RFC 8725 3.11)."""
    header = {"alg": "HS256"} if typ is ... else {"alg": "HS256", "typ": typ}
    policy = STRICT.replace(typ="at+jwt")
    assert "wrong_typ" == refusal(Verifier(secret(), policy).verify, hs256(claims(), header), now=NOW)


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT", "Application/At+Jwt"])
def test_access_token_typ_accepted(typ: str) -> None:
    """`typ` is a media type: any case, with or without `application/`."""
    policy = STRICT.replace(typ="at+jwt")
    token = hs256(claims(), {"alg": "HS256", "typ": typ})
    assert ISSUER == Verifier(secret(), policy).verify(token, now=NOW)["iss"]


def test_a_media_type_with_another_slash() -> None:
    """`application/` is left out of `typ` only where no other slash follows (RFC 7515 section 4.1.9)."""
    for typ, expected in (("application/a/b", "wrong_typ"), ("a/b", "accepted"), ("A/B", "accepted")):
        token = hs256(claims(), {"alg": "HS256", "typ": typ})
        assert expected == verdict(Verifier(secret(), STRICT.replace(typ="a/b")).verify, token, now=NOW)


def test_audience_of_two_meets_one() -> None:
    """One common member is enough; the audience is a set on both sides (RFC 7519 section 4.1.3)."""
    token = hs256(claims(aud=["https://other.example", AUDIENCE]))
    assert "accepted" == verdict(STRICT_VERIFIER.verify, token, now=NOW)
    policy = STRICT.replace(audience={"https://x.example", AUDIENCE})
    assert "accepted" == verdict(verifier(secret(), policy=policy).verify, token, now=NOW)


def test_big_integers_are_exact() -> None:
    """An integer claim keeps its value; no double lies between the token and the caller."""
    token = hs256('{"n":9007199254740993,"m":' + "9" * 4300 + ',"k":-18446744073709551617}')
    verified = LAX_VERIFIER.verify(token)
    assert 9007199254740993 == verified["n"]
    assert 10**4300 - 1 == verified["m"]
    assert -18446744073709551617 == verified.claims["k"]
