"""`Signer`: claims into tokens (RFC 7519 section 7.1)."""

import datetime as dt
import decimal
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import forge
from judge import ISSUER, NOW, refusal, secret, signing, verdict, verifier, verifying
from jwseal import Signer, jws


def parts(token: str) -> tuple[dict, dict]:
    """Header and claims of a token, unverified."""
    header, payload, _ = token.split(".")
    return json.loads(forge.unb64(header)), json.loads(forge.unb64(payload))


@pytest.mark.parametrize("alg", forge.ALGS)
def test_sign(alg: str) -> None:
    """iss, iat and exp are set; the token verifies under the public half."""
    material = forge.material(alg)
    signer = Signer(signing(material, kid="a"), issuer=ISSUER, expires_in=300)
    token = signer.sign({"sub": "alice"}, now=NOW)
    assert {"alg": alg, "kid": "a", "typ": "JWT"} == parts(token)[0]
    assert {"sub": "alice", "iss": ISSUER, "iat": NOW, "exp": NOW + 300} == parts(token)[1]
    assert "alice" == verifier(verifying(material, kid="a")).verify(token, now=NOW)["sub"]


def test_defaults() -> None:
    """Without issuer and expires_in only iat is added; the clock gives it."""
    header, claims = parts(Signer(secret()).sign({}))
    assert {"alg": "HS256", "typ": "JWT"} == header
    assert ["iat"] == list(claims)
    assert abs(claims["iat"] - time.time()) < 5
    assert isinstance(claims["iat"], int)


def test_a_claim_that_is_there_wins() -> None:
    """The caller's exp, iat and the same iss stay; another iss is PolicyError."""
    signer = Signer(secret(), issuer=ISSUER, expires_in=300)
    given = {"iss": ISSUER, "exp": 5, "iat": 4, "aud": ["a"]}
    assert given == parts(signer.sign(given, now=NOW))[1]
    for issuer in ("https://evil.example", None, [ISSUER], ""):
        assert "invalid_policy" == refusal(signer.sign, {"iss": issuer})


def test_claims_are_not_changed() -> None:
    """The caller's mapping stays as it was."""
    given = {"sub": "alice"}
    Signer(secret(), issuer=ISSUER, expires_in=5).sign(given)
    assert {"sub": "alice"} == given


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "application/at+jwt"])
def test_typ(typ: str | None) -> None:
    """`typ=None` writes none."""
    assert typ == parts(Signer(secret(), typ=typ).sign({}))[0].get("typ")


@pytest.mark.parametrize("name", ["alg", "typ", "kid", "b64", "crit"])
def test_reserved_headers(name: str) -> None:
    """`headers` may not name alg, typ, kid, b64 or crit, in the signer or in one call."""
    assert "invalid_policy" == refusal(Signer, secret(), headers={name: "x"})
    assert "invalid_policy" == refusal(Signer(secret()).sign, {}, headers={name: "x"})


def test_headers() -> None:
    """Headers of the signer and of the call go together; the call's win."""
    signer = Signer(secret(), headers={"cty": "a", "x": 1})
    assert {"alg": "HS256", "typ": "JWT", "cty": "a", "x": 2, "y": [1]} == parts(
        signer.sign({}, headers={"x": 2, "y": [1]})
    )[0]
    assert {"alg": "HS256", "typ": "JWT", "cty": "a", "x": 1} == parts(signer.sign({}))[0]


@pytest.mark.parametrize("expires_in", [0, -1, float("nan"), float("inf"), dt.timedelta(0), dt.timedelta(seconds=-5)])
def test_expiry_that_cannot_be(expires_in: object) -> None:
    """A lifetime is positive and finite."""
    assert "invalid_policy" == refusal(Signer, secret(), expires_in=expires_in)


@pytest.mark.parametrize("expires_in", ["60", True, [60]])
def test_expiry_of_the_wrong_type(expires_in: object) -> None:
    """A lifetime is seconds or a timedelta."""
    with pytest.raises(TypeError):
        Signer(secret(), expires_in=expires_in)


def test_expiry_as_timedelta() -> None:
    """A timedelta is its seconds."""
    signer = Signer(secret(), expires_in=dt.timedelta(minutes=5))
    assert NOW + 300 == parts(signer.sign({}, now=NOW))[1]["exp"]


@pytest.mark.parametrize("key", [None, b"x" * 32, "secret", verifying(forge.material("ES256"))])
def test_key_that_cannot_sign(key: object) -> None:
    """A signer wants a SigningKey or a SecretKey."""
    with pytest.raises(TypeError):
        Signer(key)


class Claims(Mapping):
    """A mapping that is no dict."""

    def __init__(self, content: dict) -> None:
        self.content = content

    def __getitem__(self, name: str) -> Any:
        return self.content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def test_json_values() -> None:
    """Every JSON value of Python's, tuples as arrays, in any mapping."""
    content = {
        "null": None,
        "true": True,
        "int": -5,
        "big": 10**50,
        "float": 1.5,
        "tiny": 5e-324,
        "huge": 1.7976931348623157e308,
        "text": 'Grüße "\\\n\u0000\u2028🌍',
        "list": [1, [2, {"a": {}}]],
        "tuple": (1, 2),
        "empty": "",
        "": 1,
    }
    read = verifier(secret()).verify(Signer(secret()).sign(Claims(content), now=NOW), now=NOW).claims
    assert {**content, "tuple": [1, 2], "iat": NOW} == read


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        b"x",
        bytearray(b"x"),
        {1, 2},
        object(),
        {1: 2},
        {None: 1},
        {"a": {b"x": 1}},
        "\ud800",
        {"\ud800": 1},
        decimal.Decimal(1),
        1j,
        ...,
        dt.datetime.now(dt.UTC),
        [float("nan")],
        range(3),
    ],
)
def test_values_json_does_not_have(value: object) -> None:
    """What JSON does not have is TypeError or ValueError, never a guess."""
    with pytest.raises((TypeError, ValueError)) as caught:
        Signer(secret()).sign({"a": value})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("claims", [None, [], "{}", b"{}", 5, [("a", 1)]])
def test_claims_are_a_mapping(claims: object) -> None:
    """Claims are a mapping."""
    with pytest.raises(TypeError):
        Signer(secret()).sign(claims)


def test_what_no_verifier_would_read() -> None:
    """Claims too deep, too wide, too long in digits or self-containing are not signed."""
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    ring: list = []
    ring.append(ring)
    for value in (deep, ring, {str(place): 1 for place in range(1025)}, 10**4300):
        with pytest.raises((TypeError, ValueError, RecursionError)):
            Signer(secret()).sign({"a": value})


def test_times_that_cannot_be() -> None:
    """`now` out of range or of another type is refused."""
    for now in (-1, 253402300800, float("nan")):
        with pytest.raises((TypeError, ValueError)):
            Signer(secret(), expires_in=5).sign({}, now=now)
    for now in ("now", True, dt.datetime(2026, 1, 1)):  # noqa: DTZ001
        with pytest.raises((TypeError, ValueError)):
            Signer(secret()).sign({}, now=now)


def test_fractional_now() -> None:
    """A fractional now is judged as it is written."""
    _, claims = parts(Signer(secret(), expires_in=1.5).sign({}, now=NOW + 0.75))
    assert claims["exp"] - claims["iat"] == pytest.approx(1.5, abs=1)
    assert claims["iat"] <= NOW + 0.75


def test_sign_many() -> None:
    """A batch has one clock reading, keeps its order, and equals single signatures where those are deterministic."""
    signer = Signer(secret(), issuer=ISSUER, expires_in=60)
    batch = [{"sub": str(place)} for place in range(100)]
    tokens = signer.sign_many(batch, now=NOW)
    assert [signer.sign(claims, now=NOW) for claims in batch] == tokens
    assert [] == signer.sign_many([])
    assert tokens == signer.sign_many((claims for claims in batch), now=NOW)
    (clock,) = {parts(token)[1]["iat"] for token in signer.sign_many(batch[:10])}
    assert abs(clock - time.time()) < 5


@pytest.mark.parametrize("alg", forge.ALGS)
def test_sign_many_every_algorithm(alg: str) -> None:
    """Batches verify for every algorithm, external signers and Ed448 included."""
    material = forge.material(alg)
    tokens = Signer(signing(material)).sign_many([{"n": place} for place in range(5)], headers={"x": 1}, now=NOW)
    verified = [verifier(verifying(material)).verify(token, now=NOW) for token in tokens]
    assert list(range(5)) == [token["n"] for token in verified]
    assert [1] * 5 == [token.header["x"] for token in verified]


def test_sign_many_refuses_whole_batches() -> None:
    """One bad entry raises; nothing is returned."""
    with pytest.raises((TypeError, ValueError)):
        Signer(secret()).sign_many([{"a": 1}, {"a": float("nan")}])
    with pytest.raises(TypeError):
        Signer(secret()).sign_many({"a": 1})


def test_members_are_not_repeated() -> None:
    """The payload holds each name once, in the caller's order, ours behind."""
    payload = forge.unb64(Signer(secret(), issuer=ISSUER, expires_in=5).sign({"b": 1, "a": 2}, now=NOW).split(".")[1])
    assert ["b", "a"] == [name for name, _ in json.loads(payload, object_pairs_hook=list)][:2]
    assert {"b", "a", "iss", "iat", "exp"} == set(json.loads(payload))
    assert 5 == len(json.loads(payload, object_pairs_hook=list))
    assert "accepted" == verdict(jws.verify, Signer(secret()).sign({}), secret())
