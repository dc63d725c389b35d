"""`Issuers`: one verifier per issuer, chosen by the unverified `iss`, which alone is read early."""

import asyncio
import base64
from collections.abc import Mapping

import pytest

import forge
from judge import AUDIENCE, LAX, NOW, claims, code, hs256, refusal, secret, verdict, verifying
from jwseal import Issuers, KeyNotFound, KeySet, Policy, VerifiedJWT, Verifier

A, B = "https://a.example", "https://b.example"
KEYS = {A: forge.material("ES256"), B: forge.material("HS256")}


def table() -> Issuers:
    """Two issuers with a key each."""
    return Issuers(
        {issuer: Verifier(verifying(key), Policy(issuer=issuer, audience=AUDIENCE)) for issuer, key in KEYS.items()}
    )


def token(issuer: object, material: forge.Material) -> str:
    """A token that says it is of this issuer."""
    return forge.token({"alg": material.alg}, claims(iss=issuer), material)


def test_picks_by_issuer() -> None:
    """Each issuer's tokens go to its verifier."""
    for issuer, material in KEYS.items():
        assert issuer == table().verify(token(issuer, material), now=NOW)["iss"]


def test_crossed_keys() -> None:
    """One issuer's key signs nothing for the other."""
    assert "algorithm_not_allowed" == refusal(table().verify, token(A, KEYS[B]), now=NOW)
    assert "algorithm_not_allowed" == refusal(table().verify, token(B, KEYS[A]), now=NOW)


@pytest.mark.parametrize("issuer", ["https://c.example", "", A + "/", A.upper(), [A], None, 5, ..., {A: 1}])
def test_unknown_issuer(issuer: object) -> None:
    """An iss that is no key of the table, absent or no string finds no verifier."""
    assert "key_not_found" == refusal(table().verify, token(issuer, KEYS[A]), now=NOW)


@pytest.mark.parametrize("text", ["", "a.b", "....", f" {forge.T0}", forge.T0 + "="])
def test_malformed(text: str) -> None:
    """Shape comes first here too."""
    assert "malformed_token" == refusal(table().verify, text)


@pytest.mark.parametrize(
    "payload", [b"", b"[", b"[]", b'{"iss":"https://a.example","iss":"https://b.example"}', b"\xff"]
)
def test_payload_without_an_issuer_to_read(payload: bytes) -> None:
    """A payload in which no single iss can be read is refused without asking any key."""
    forged = forge.token({"alg": "ES256"}, payload, KEYS[A])
    assert verdict(table().verify, forged, now=NOW) in ("malformed_token", "key_not_found")


def test_size_bound() -> None:
    """A token over every verifier's size is refused before its payload is read."""
    assert "token_too_large" == refusal(table().verify, hs256({"iss": A, "x": "y" * 20_000}))


def test_policy_still_judges() -> None:
    """Picking is not judging: the verifier's policy has the last word."""
    assert "token_expired" == refusal(table().verify, token(A, KEYS[A]), now=NOW + 300)
    wide = Issuers({A: Verifier(verifying(KEYS[A]), LAX)})
    assert A == wide.verify(token(A, KEYS[A]), now=NOW)["iss"]


@pytest.mark.parametrize("verifiers", [{}, {A: Verifier(secret(), Policy(issuer=B, audience=AUDIENCE))}])
def test_tables_that_cannot_be(verifiers: dict) -> None:
    """An empty table, or one whose verifier wants another issuer, is PolicyError."""
    assert "invalid_policy" == refusal(Issuers, verifiers)


@pytest.mark.parametrize(
    "verifiers", [None, [], {A: None}, {A: secret()}, {5: Verifier(secret(), LAX)}, {A: KeySet([secret()])}]
)
def test_tables_of_the_wrong_type(verifiers: object) -> None:
    """A table maps str to Verifier."""
    with pytest.raises(TypeError):
        Issuers(verifiers)


@pytest.mark.parametrize("claims", [{}, {"iss": None}, {"iss": 5}, {"iss": [A]}])
def test_absent_issuer(claims: dict) -> None:
    """Without an iss that is a string no verifier can be chosen: key_not_found says so."""
    with pytest.raises(KeyNotFound, match="the token has no iss"):
        table().verify(forge.token({"alg": "ES256"}, claims, KEYS[A]), now=NOW)


def test_unknown_issuer_is_said_but_not_repeated() -> None:
    """An iss that no verifier is listed for is key_not_found, which says so and does not repeat it."""
    with pytest.raises(KeyNotFound, match="no verifier here is for the token's iss") as caught:
        table().verify(token("https://zebra.example", KEYS[A]), now=NOW)
    assert "zebra" not in str(caught.value)


def test_repr_is_bounded() -> None:
    """Three hundred issuers do not fill a log."""
    many = Issuers({f"https://{n}.example/": Verifier(secret(), LAX) for n in range(300)})
    assert repr(many).endswith(", ... and 296 more>")
    assert len(repr(many)) < 200
    assert f"<Issuers of {A}, {B}>" == repr(table())


def test_batches() -> None:
    """The same verbs as a verifier's."""
    tokens = [token(A, KEYS[A]), token(B, KEYS[B]), token("x", KEYS[A]), "", token(A, KEYS[B])]
    expected = [A, B, "key_not_found", "malformed_token", "algorithm_not_allowed"]
    for results in (table().verify_many(tokens, now=NOW), list(table().verify_iter(tokens, now=NOW))):
        assert expected == [one["iss"] if isinstance(one, VerifiedJWT) else code(one) for one in results]
    heard = []
    list(table().verify_iter(tokens, now=NOW, progress=heard.append))
    assert 5 == heard[-1]


def test_mapping() -> None:
    """A table is a read-only mapping of issuer to verifier, in the order given."""
    made = table()
    first, second = made[A], made[B]
    assert [A, B] == list(made) == list(made.keys())
    assert [first, second] == list(made.values())
    assert {A: first, B: second} == dict(made) == dict(made.items())
    assert (2, True, False, False) == (len(made), A in made, A + "/" in made, 5 in made)
    assert (first, None, 7) == (made.get(A), made.get("x"), made.get("x", 7))
    assert isinstance(made, Mapping)
    assert A == first.verify(token(A, KEYS[A]), now=NOW)["iss"]
    match made:
        case {"https://b.example": found}:
            assert second is found
    with pytest.raises(KeyError, match=r"^'x'$"):
        made["x"]
    with pytest.raises(TypeError):
        made[A] = second
    assert not {"clear", "pop", "popitem", "setdefault", "update"} & set(dir(made))


def test_a_table_is_not_changed_by_its_source() -> None:
    """The dict a table was made of may change; the table does not."""
    source = dict(table())
    made = Issuers(source)
    source.clear()
    assert [A, B] == list(made)
    assert A == made.verify(token(A, KEYS[A]), now=NOW)["iss"]


def test_async() -> None:
    """And for callers that await."""
    assert A == asyncio.run(table().verify_async(token(A, KEYS[A]), now=NOW))["iss"]


@pytest.mark.parametrize("given", [None, 5, bytearray(b"x")])
def test_token_types(given: object) -> None:
    """Tokens are str or bytes."""
    with pytest.raises(TypeError):
        table().verify(given)


def test_each_verifier_keeps_its_own_bounds() -> None:
    """What was read to choose a verifier is not read by its neighbours' bounds: sizes and padding are each verifier's own."""
    wide = Verifier(verifying(KEYS[A]), Policy(issuer=A, audience=AUDIENCE), max_token_size=50_000, accept_padding=True)
    narrow = Verifier(verifying(KEYS[B]), Policy(issuer=B, audience=AUDIENCE))
    asked = Issuers({A: wide, B: narrow})
    large = {
        issuer: forge.token({"alg": key.alg}, claims(iss=issuer, x="y" * 20_000), key) for issuer, key in KEYS.items()
    }
    assert A == asked.verify(large[A], now=NOW)["iss"]
    assert "token_too_large" == refusal(asked.verify, large[B], now=NOW)
    for issuer, key in KEYS.items():
        made = next(one for one in (padded(issuer, key, pad) for pad in range(3)) if "=" in one)
        assert ("accepted" if issuer == A else "malformed_token") == verdict(asked.verify, made, now=NOW)


def padded(issuer: str, key: forge.Material, pad: int) -> str:
    """A token with base64 padding in each segment that has some, signed as it stands."""
    encode = lambda octets: base64.urlsafe_b64encode(octets).decode()  # noqa: E731
    header, payload = (forge.octets(part) for part in ({"alg": key.alg}, claims(iss=issuer, x="y" * pad)))
    signed = f"{encode(header)}.{encode(payload)}"
    return f"{signed}.{encode(key.sign(signed.encode()))}"


def test_the_payload_that_was_read_is_the_one_that_was_signed() -> None:
    """A verified result of a table holds the bytes that were signed, and the same claims as its verifier's own."""
    asked, made = table(), token(A, KEYS[A])
    chosen, direct = asked.verify(made, now=NOW), asked[A].verify(made, now=NOW)
    assert (direct.payload, direct.claims) == (chosen.payload, chosen.claims)
    header, _, signature = made.split(".")
    forged = f"{header}.{forge.b64(forge.octets(claims(iss=A, sub='someone')))}.{signature}"
    assert "invalid_signature" == refusal(asked.verify, forged, now=NOW)
