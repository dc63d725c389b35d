"""`equals_request` and `covers_request`: what a token permits must cover what a request wants to be done.

Tokens of the Cloud Signature Consortium's API carry the hashes of documents, here with the member names of its Signature Activation
Data and of its `authorization_details` (RFC 9396).
"""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plain_condition
from judge import LAX, NOW, hs256, secret, verifier
from jwseal._native import RuleSet

SHA256, SHA512, SHA3_256 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3", "2.16.840.1.101.3.4.2.8"
JUDGE = verifier(secret(), policy=LAX)


def outcome(when: Any, claims: Any, request: Any = None) -> str:
    """The outcome of a condition beside a request."""
    rules = RuleSet([{"id": "r", "issuer": "i", "effect": "allow", "when": when}], {"i": {}})
    token = JUDGE.verify(hs256(claims), now=NOW)
    ((explained),) = rules.explain(token, "i", request)
    code, rule, _ = rules.decide(token, "i", request)
    assert (code == "allowed") == (explained["outcome"] == "true") == (rule == "r")
    return explained["outcome"]


@pytest.mark.parametrize(
    ("claim", "wanted", "expected"),
    [
        ("acme", "acme", "true"),
        ("acme", ["acme"], "true"),
        (5, 5, "true"),
        ("acme", "other", "false"),
        ("5", 5, "false"),
        ("acme", ["acme", "other"], "false"),
        ("acme", [], "false"),
        (["acme"], "acme", "error"),
        ({"a": 1}, "acme", "error"),
        (..., "acme", "false"),
    ],
)
def test_equals_request(claim: Any, wanted: Any, expected: str) -> None:
    """The claim is the request's one value, with its JSON type."""
    claims = {} if claim is ... else {"tenant": claim}
    when = {"claim": "tenant", "equals_request": "tenant"}
    assert outcome(when, claims, {"tenant": wanted, "unrelated": object()}) == expected


def test_a_request_that_says_nothing_equals_and_covers_nothing() -> None:
    """An absent value is false, and so is no request at all."""
    for when in ({"claim": "x", "equals_request": "n"}, {"claim": "x", "covers_request": "n"}):
        claims = {"x": [None]} if "covers_request" in when else {"x": None}
        silent = (None, {}, {"other": None}, {"n": []}, {"n": None}, {"n": [None]}, {"n": ""})
        assert {outcome(when, claims, request) for request in silent} == {"false"}
        assert outcome(when, {"x": [""] if "covers_request" in when else ""}, {"n": ""}) == "false"


COVERS = {"claim": "x", "covers_request": "wanted"}


@pytest.mark.parametrize(
    ("claim", "wanted", "expected"),
    [
        (["a", "b"], ["a"], "true"),
        (["a", "b"], ["b", "a", "b"], "true"),
        (["a", "b"], "a", "true"),
        ([1.0], 1, "true"),
        (["a"], ["a", "b"], "false"),
        ([], ["a"], "false"),
        (["1"], [1], "false"),
        ([["a"]], ["a"], "false"),
        (["a"], [], "false"),
        ("a", ["a"], "error"),
        ({"a": 1}, ["a"], "error"),
        (5, [5], "error"),
    ],
)
def test_covers_request(claim: Any, wanted: Any, expected: str) -> None:
    """Every value of the request is among those of the claim; what the claim has beyond them does not matter."""
    assert outcome(COVERS, {"x": claim}, {"wanted": wanted}) == expected


def test_a_string_is_split_where_scopes_are() -> None:
    """Words of `scope` are covered as they are contained."""
    assert outcome({"claim": "scope", "covers_request": "n"}, {"scope": "a b"}, {"n": ["b", "a"]}) == "true"
    assert outcome({**COVERS, "split": " "}, {"x": "a b"}, {"wanted": ["b"]}) == "true"
    assert outcome({**COVERS, "split": " "}, {"x": "a b"}, {"wanted": ["a b"]}) == "false"


def digest(text: str, name: str = "sha256") -> bytes:
    """The hash of a document."""
    return hashlib.new(name, text.encode()).digest()


def spellings(octets: bytes) -> list[str]:
    """A hash as hex, base64 and base64url, with and without padding."""
    plain, url = base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()
    return [octets.hex(), octets.hex().upper(), plain, plain.rstrip("="), url, url.rstrip("=")]


# 0xfb and 0xff at its beginning: `+` and `/` in base64, `-` and `_` in base64url.
SIGNS = bytes([0xFB, 0xFF, 0xBF]) + digest("x")[3:]


@pytest.mark.parametrize("held", spellings(SIGNS))
@pytest.mark.parametrize("wanted", [*spellings(SIGNS), SIGNS])
def test_hashes_compare_as_bytes(held: str, wanted: str | bytes) -> None:
    """One hash in hex, base64 or base64url is one hash."""
    request = {"wanted": [{"hash": wanted, "oid": SHA256}]}
    assert outcome(COVERS, {"x": [held]}, request) == "true"
    assert outcome(COVERS, {"x": [spellings(digest("y"))[0]]}, request) == "false"
    assert outcome({"claim": "x", "equals_request": "wanted"}, {"x": held}, request) == "true"


def test_every_document_must_be_covered_never_the_other_way_round() -> None:
    """A token for two documents signs one of them; a token for one does not sign two."""
    one, two = ({"hash": digest(name), "oid": SHA256} for name in "ab")
    both = [base64.b64encode(digest(name)).decode() for name in "ab"]
    assert outcome(COVERS, {"x": both}, {"wanted": one}) == "true"
    assert outcome(COVERS, {"x": both}, {"wanted": [one, two, one]}) == "true"
    assert outcome(COVERS, {"x": both[:1]}, {"wanted": [one, two]}) == "false"


@pytest.mark.parametrize(
    "wanted",
    [
        {"hash": digest("a")},
        {"hash": digest("a"), "oid": None},
        {"hash": digest("a"), "oid": ""},
        {"hash": digest("a"), "oid": "1.3.14.3.2.26"},
        {"hash": digest("a"), "oid": SHA512},
        {"hash": digest("a")[:-1], "oid": SHA256},
        {"hash": "", "oid": SHA256},
        {"hash": digest("a").hex()[:-1], "oid": SHA256},
        {"hash": base64.b64encode(digest("a")).decode() + "=", "oid": SHA256},
        {"hash": " " + base64.b64encode(digest("a")).decode(), "oid": SHA256},
    ],
    ids=repr,
)
def test_a_hash_that_is_none_is_not_covered(wanted: Any) -> None:
    """Without the OID of a digest known here, or of another length, a hash is covered by nothing."""
    held = [base64.b64encode(digest("a")).decode(), digest("a").hex(), "", " "]
    assert outcome(COVERS, {"x": held}, {"wanted": wanted}) == "false"


def test_the_token_says_which_digest_its_hashes_have() -> None:
    """SHA-256 and SHA3-256 have one length: where the token names its digest, the request's must be the same."""
    details = {
        "type": "credential",
        "documentDigests": [{"hash": base64.b64encode(digest("a")).decode(), "label": "a"}],
        "hashAlgorithmOID": SHA256,
    }
    when = {"claim": "/authorization_details/0/documentDigests", "covers_request": "documents"}
    for oid, expected in ((SHA256, "true"), (SHA3_256, "false")):
        request = {"documents": [{"hash": digest("a"), "oid": oid}]}
        assert outcome(when, {"authorization_details": [details]}, request) == expected
    activation = {"hashes": [digest("a").hex()], "hashAlgorithmOID": SHA3_256}
    when = {"claim": "hashes", "covers_request": "documents"}
    assert outcome(when, activation, {"documents": {"hash": digest("a"), "oid": SHA256}}) == "false"
    assert (
        outcome(when, {**activation, "hashAlgorithmOID": 5}, {"documents": {"hash": digest("a"), "oid": SHA256}})
        == "false"
    )


@pytest.mark.parametrize(
    "value",
    [object(), b"a", [b"a"], {"hash": 5, "oid": SHA256}, {"oid": SHA256}, {"hash": "a", "oid": 5}, [["a"]], "\ud800"],
)
def test_a_request_is_made_by_the_program(value: Any) -> None:
    """What is neither a literal nor a hash is TypeError or ValueError, where a condition asks for it."""
    with pytest.raises((TypeError, ValueError)):
        outcome(COVERS, {"x": ["a"]}, {"wanted": value})


hashes = st.sampled_from([digest("a"), digest("b"), SIGNS])
texts = st.builds(lambda octets, place: spellings(octets)[place], hashes, st.integers(0, 5))
oids = st.sampled_from([SHA256, SHA3_256, SHA512, "1.2.3", None])
wants = st.sampled_from(["a", "b", 1, 1.0, None, True]) | st.builds(
    lambda given, oid: {"hash": given, "oid": oid}, texts | hashes, oids
)
held = st.lists(texts | st.sampled_from(["a", "b", 1, None]) | texts.map(lambda text: {"hash": text}), max_size=4)


@given(
    held | texts | st.sampled_from(["a b", 5]),
    st.lists(wants, max_size=3) | wants,
    st.sampled_from([None, SHA256, 5]),
)
def test_coverage_is_judged_as_plain_python_judges_it(claim: Any, wanted: Any, oid: Any) -> None:
    """Any claim and any request have the outcome that the definition has."""
    claims = {"x": claim, **({} if oid is None else {"hashAlgorithmOID": oid})}
    for when in (COVERS, {**COVERS, "split": " "}):
        world = plain_condition.World(claims, request={"wanted": wanted})
        assert outcome(when, claims, {"wanted": wanted}) == plain_condition.judge(when, world)
