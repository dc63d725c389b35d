"""ID tokens: nonce, authorized party, audience and access token hash (OpenID Connect Core 1.0 section 3.1.3.7)."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest

import forge
from judge import ISSUER, NOW, claims, refusal, refused_claim, verifying
from jwseal import UNCHECKED, Issuers, IssuerTemplate, KeySet, Policy, VerifiedJWT, Verifier, jws
from jwseal.providers import verify_id_token, verify_id_token_async
from jwseal.state import MemoryState

CLIENT, NONCE = "client-1", "n-0S6_WzA2Mj"
ACCESS = "SlAV32hkKG"
KEY = forge.material("ES256")
VERIFIER = Verifier(verifying(KEY), Policy(issuer=ISSUER, audience=CLIENT))


def id_token(alg: str = "ES256", header: Any = None, **changes: Any) -> str:
    """An ID token for CLIENT with NONCE, with changes; a change to `...` leaves the claim out."""
    body = claims(**{"aud": CLIENT, "nonce": NONCE, **changes})
    return forge.token({"alg": alg, **(header or {})}, body, forge.material(alg))


def verify(token: str, **arguments: Any) -> VerifiedJWT:
    """Verify at NOW, with NONCE unless told otherwise."""
    return verify_id_token(VERIFIER, token, now=NOW, **{"nonce": NONCE, **arguments})


def test_an_id_token() -> None:
    """An ID token that answers the request is returned as its verifier returned it, by both functions."""
    assert "248289761001" == verify(id_token())["sub"]
    made = verify_id_token_async(VERIFIER, id_token(), nonce=NONCE, now=NOW)
    assert NONCE == asyncio.run(made)["nonce"]


def test_what_the_verifier_refuses() -> None:
    """The verifier's own refusals come first and pass as they are."""
    assert "token_expired" == refusal(verify, id_token(exp=NOW - 1, nonce="other"))
    assert "claim_mismatch" == refusal(verify, id_token(iss="https://other.example"))
    assert "invalid_signature" == refusal(verify, id_token()[:-8] + "AAAAAAAA")


@pytest.mark.parametrize(
    ("nonce", "code"),
    [
        (..., "missing_claim"),
        (None, "missing_claim"),
        ("other", "claim_mismatch"),
        ("", "claim_mismatch"),
        (5, "invalid_claim"),
    ],
)
def test_nonce(nonce: Any, code: str) -> None:
    """The nonce must be the one that this client sent: a token for another request is refused."""
    assert (code, "nonce") == refused_claim(verify, id_token(nonce=nonce))


def test_nonce_is_a_decision() -> None:
    """`nonce` has no default; UNCHECKED says that none was sent, and an empty text is a mistake."""
    assert verify(id_token(nonce=...), nonce=UNCHECKED)
    assert "invalid_policy" == refusal(verify, id_token(), nonce="")
    with pytest.raises(TypeError):
        verify(id_token(), nonce=None)
    with pytest.raises(TypeError):
        verify_id_token(VERIFIER, id_token())  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["sub", "iat"])
def test_claims_of_every_id_token(name: str) -> None:
    """sub and iat must be there."""
    assert ("missing_claim", name) == refused_claim(verify, id_token(**{name: ...}))


def test_another_client_in_the_audience() -> None:
    """A token that names a further client is refused, unless the policy trusts that one too."""
    both = id_token(aud=[CLIENT, "client-2"], azp=CLIENT)
    assert ("claim_mismatch", "aud") == refused_claim(verify, both)
    trusting = Verifier(verifying(KEY), Policy(issuer=ISSUER, audience=[CLIENT, "client-2"]))
    assert verify_id_token(trusting, both, nonce=NONCE, now=NOW)
    without = id_token(aud=[CLIENT, "client-2"])
    assert ("missing_claim", "azp") == refused_claim(verify_id_token, trusting, without, nonce=NONCE, now=NOW)


def test_authorized_party() -> None:
    """azp must be this client, or one that the caller names; one audience in an array needs none."""
    assert verify(id_token(azp=CLIENT))
    assert verify(id_token(aud=[CLIENT]))
    assert ("claim_mismatch", "azp") == refused_claim(verify, id_token(azp="android-client"))
    assert ("invalid_claim", "azp") == refused_claim(verify, id_token(azp=[CLIENT]))
    assert verify(id_token(azp="android-client"), authorized_parties=["android-client"])
    assert ("claim_mismatch", "azp") == refused_claim(
        verify, id_token(azp=CLIENT), authorized_parties=["android-client"]
    )
    with pytest.raises(TypeError):
        verify(id_token(azp="c"), authorized_parties=CLIENT)


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_an_access_token_is_none(typ: str) -> None:
    """An access token after RFC 9068 is refused, even with every claim of an ID token."""
    assert "wrong_typ" == refusal(verify, id_token(header={"typ": typ}))


DIGESTS = {
    "HS256": lambda text: hashlib.sha256(text).digest(),
    "RS256": lambda text: hashlib.sha256(text).digest(),
    "PS384": lambda text: hashlib.sha384(text).digest(),
    "RS512": lambda text: hashlib.sha512(text).digest(),
    "ES256": lambda text: hashlib.sha256(text).digest(),
    "ES256K": lambda text: hashlib.sha256(text).digest(),
    "ES512": lambda text: hashlib.sha512(text).digest(),
    "EdDSA": lambda text: hashlib.sha512(text).digest(),
    "Ed25519": lambda text: hashlib.sha512(text).digest(),
    "Ed448": lambda text: hashlib.shake_256(text).digest(114),
}


def half(alg: str, text: bytes = ACCESS.encode()) -> str:
    """The left half of the digest that belongs to `alg`."""
    whole = DIGESTS[alg](text)
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("alg", DIGESTS)
def test_access_token_hash(alg: str) -> None:
    """at_hash is the left half of the digest that belongs to the algorithm of the ID token."""
    verifier = Verifier(verifying(forge.material(alg)), VERIFIER.policy)
    token = id_token(alg, at_hash=half(alg))
    for access_token in (ACCESS, ACCESS.encode()):
        assert verify_id_token(verifier, token, nonce=NONCE, access_token=access_token, now=NOW)
    other = refused_claim(verify_id_token, verifier, token, nonce=NONCE, access_token="other", now=NOW)
    assert ("claim_mismatch", "at_hash") == other


def test_an_example_of_a_hash() -> None:
    """The right half, the whole digest, another digest and padding are not the hash."""
    whole = hashlib.sha256(ACCESS.encode()).digest()
    for wrong in (whole[16:], whole, hashlib.sha512(ACCESS.encode()).digest()[:32], b""):
        text = base64.urlsafe_b64encode(wrong).rstrip(b"=").decode()
        assert ("claim_mismatch", "at_hash") == refused_claim(verify, id_token(at_hash=text), access_token=ACCESS)
    padded = half("ES256") + "=="
    assert ("claim_mismatch", "at_hash") == refused_claim(verify, id_token(at_hash=padded), access_token=ACCESS)


def test_eddsa_with_ed448() -> None:
    """Under the name EdDSA the curve of the key says which digest it is."""
    material = forge.Material("EdDSA", forge.material("Ed448").private)
    verifier = Verifier(KeySet.from_jwks({"keys": [material.public_jwk()]}), VERIFIER.policy)
    body = claims(aud=CLIENT, nonce=NONCE, at_hash=half("Ed448"))
    token = forge.token({"alg": "EdDSA"}, body, material)
    assert verify_id_token(verifier, token, nonce=NONCE, access_token=ACCESS, now=NOW)


@pytest.mark.skipif(not forge.MLDSA_ALGS, reason="this cryptography has no ML-DSA")
def test_an_algorithm_without_a_hash() -> None:
    """No specification names a digest for ML-DSA: the binding is refused rather than taken for checked."""
    verifier = Verifier(verifying(forge.material("ML-DSA-44")), VERIFIER.policy)
    token = id_token("ML-DSA-44", at_hash=half("ES256"))
    refused = refused_claim(verify_id_token, verifier, token, nonce=NONCE, access_token=ACCESS, now=NOW)
    assert ("invalid_claim", "at_hash") == refused
    assert verify_id_token(verifier, token, nonce=NONCE, now=NOW)


def test_a_missing_or_wrong_hash() -> None:
    """With an access token, at_hash must be there and be a string; without one it is not looked at."""
    assert ("missing_claim", "at_hash") == refused_claim(verify, id_token(), access_token=ACCESS)
    assert ("invalid_claim", "at_hash") == refused_claim(verify, id_token(at_hash=5), access_token=ACCESS)
    assert verify(id_token(at_hash="other"))
    with pytest.raises(TypeError):
        verify(id_token(at_hash=half("ES256")), access_token=5)


def test_a_verifier_without_issuer_or_audience() -> None:
    """A verifier that leaves the issuer or the audience unchecked cannot judge ID tokens."""
    for lax in (Policy(issuer=UNCHECKED, audience=CLIENT), Policy(issuer=ISSUER, audience=UNCHECKED)):
        assert "invalid_policy" == refusal(verify_id_token, Verifier(verifying(KEY), lax), id_token(), nonce=NONCE)
    with pytest.raises(TypeError, match="a Verifier or Issuers, not KeySet"):
        verify_id_token(KeySet([verifying(KEY)]), id_token(), nonce=NONCE)  # type: ignore[arg-type]
    lax = Issuers({ISSUER: Verifier(verifying(KEY), Policy(issuer=ISSUER, audience=UNCHECKED))})
    assert "invalid_policy" == refusal(verify_id_token, lax, id_token(), nonce=NONCE)


def test_several_issuers() -> None:
    """With Issuers a token is for the clients of its own issuer's verifier, and for those of no other."""
    other = "https://other.example"
    issuers = Issuers({ISSUER: VERIFIER, other: Verifier(verifying(KEY), Policy(issuer=other, audience="client-2"))})
    assert CLIENT == verify_id_token(issuers, id_token(), nonce=NONCE, now=NOW)["aud"]
    theirs = id_token(iss=other, aud="client-2")
    assert other == asyncio.run(verify_id_token_async(issuers, theirs, nonce=NONCE, now=NOW))["iss"]
    for mixed in (id_token(aud=[CLIENT, "client-2"], azp=CLIENT), id_token(iss=other, aud=CLIENT)):
        assert ("claim_mismatch", "aud") == refused_claim(verify_id_token, issuers, mixed, nonce=NONCE, now=NOW)
    assert "key_not_found" == refusal(verify_id_token, issuers, id_token(iss="https://third.example"), nonce=NONCE)


def test_templates_are_no_issuers_of_id_tokens() -> None:
    """A template stands for issuers whose clients are not known apart, so it is refused."""
    template = IssuerTemplate("https://login.example/{tenant}", claim="tid", values=UNCHECKED)
    issuers = Issuers({template: Verifier(verifying(KEY), Policy(issuer=template, audience=CLIENT))})
    assert "invalid_policy" == refusal(verify_id_token, issuers, id_token(), nonce=NONCE)


def test_messages_hold_no_values() -> None:
    """A refusal holds neither the expected nonce or hash nor the one in the token."""
    for token, arguments in (
        (id_token(nonce="their-nonce"), {"nonce": "our-nonce"}),
        (id_token(at_hash="their-hash"), {"access_token": "our-token"}),
        (id_token(azp="their-client"), {}),
    ):
        with pytest.raises(Exception) as caught:
            verify(token, **arguments)
        assert not {"their", "our"} & set(str(caught.value).replace("-", " ").split())
    assert jws.verify(id_token(), verifying(KEY))


class Noting:
    """A replay store that notes whether it was asked."""

    def __init__(self) -> None:
        self.state, self.asked = MemoryState(), 0

    def add(self, key: str, ttl: float) -> bool:
        """As that of the memory."""
        self.asked += 1
        return self.state.add(key, ttl)


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Any:
    """Both functions, with NONCE unless told otherwise."""

    def ask(judge: Any, token: str, **arguments: Any) -> VerifiedJWT:
        rest = {"nonce": NONCE, "now": NOW, **arguments}
        if request.param == "sync":
            return verify_id_token(judge, token, **rest)
        return asyncio.run(verify_id_token_async(judge, token, **rest))

    return ask


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"nonce": "other"}, {}, "claim_mismatch"),
    ({"nonce": ...}, {}, "missing_claim"),
    ({"nonce": 5}, {}, "invalid_claim"),
    ({}, {"nonce": "other"}, "claim_mismatch"),
    ({}, {"nonce": ""}, "invalid_policy"),
    ({"azp": "client-2"}, {}, "claim_mismatch"),
    ({"azp": 5}, {}, "invalid_claim"),
    ({"aud": [CLIENT, "client-2"]}, {}, "claim_mismatch"),
    ({"sub": ...}, {}, "missing_claim"),
    ({"iat": ...}, {}, "missing_claim"),
    ({"header": {"typ": "at+jwt"}}, {}, "wrong_typ"),
    ({}, {"access_token": ACCESS}, "missing_claim"),
    ({"at_hash": "other"}, {"access_token": ACCESS}, "claim_mismatch"),
    ({"at_hash": 5}, {"access_token": ACCESS}, "invalid_claim"),
]


@pytest.mark.parametrize("several", [False, True], ids=["Verifier", "Issuers"])
@pytest.mark.parametrize(("changes", "arguments", "code"), REFUSED, ids=str)
def test_what_is_refused_is_not_used_up(
    changes: dict[str, Any], arguments: dict[str, Any], code: str, several: bool, ask: Any
) -> None:
    """The replay store is asked last: a token that is refused as an ID token is not recorded as used."""
    store = Noting()
    judge: Any = Verifier(verifying(KEY), Policy(issuer=ISSUER, audience=CLIENT), replay=store)
    judge = Issuers({ISSUER: judge}) if several else judge
    assert (code, 0) == (refusal(ask, judge, id_token(**{"jti": "1", **changes}), **arguments), store.asked)
    good = id_token(jti="1")
    assert ask(judge, good)["jti"] == "1"
    assert ("replayed", 2) == (refusal(ask, judge, good), store.asked)


def test_a_token_of_another_request_leaves_the_right_one(ask: Any) -> None:
    """A token that comes to the wrong request first can still answer its own."""
    verifier = Verifier(verifying(KEY), Policy(issuer=ISSUER, audience=CLIENT), replay=MemoryState())
    token = id_token(jti="1")
    assert "claim_mismatch" == refusal(ask, verifier, token, nonce="of another request")
    assert ask(verifier, token)


def test_stores_and_sender_after_it(ask: Any) -> None:
    """A revoked token is refused; what a store leaves unchecked is in the result; sender= demands a proof that no ID token has."""

    class Down:
        """A store that does not answer."""

        def add(self, key: str, ttl: float) -> bool:
            """Fail."""
            raise OSError

    class Revoking:
        """A store in which every token is revoked."""

        def revoked(self, *_: Any, **__: Any) -> bool:
            """Say so."""
            return True

    policy = Policy(issuer=ISSUER, audience=CLIENT)
    token = id_token(jti="1")
    assert "revoked" == refusal(ask, Verifier(verifying(KEY), policy, revocation=Revoking()), token)
    assert "state_unavailable" == refusal(ask, Verifier(verifying(KEY), policy, replay=Down()), token)
    open_ = Verifier(verifying(KEY), policy, replay=Down(), on_unavailable="allow")
    assert {"replay"} == ask(open_, token).unchecked
    bound = Verifier(verifying(KEY), policy, sender="dpop")
    assert "claim_mismatch" == refusal(ask, bound, token, nonce="other")
    assert "sender_mismatch" == refusal(ask, bound, token)
