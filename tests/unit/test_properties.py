"""What holds for every input, searched by Hypothesis: round trips, tampering, arbitrary bytes, errors that show nothing.

The profile is set in `conftest.py`; `HYPOTHESIS_PROFILE=long` searches longer.
"""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import forge
import strategies
from judge import LAX, NOW, STRICT, claims, hs256, secret, signing, verdict, verifier, verifying
from jwseal import KeySet, SecretKey, Signer, SigningKey, Verifier, VerifyingKey, bearer, errors, insecure, jws

SIGNERS = {alg: Signer(signing(forge.material(alg))) for alg in forge.ALGS}
VERIFIERS = {alg: verifier(verifying(forge.material(alg))) for alg in forge.ALGS}
TOKENS = {
    alg: forge.token({"alg": alg, "kid": "a"}, {"sub": "alice", "n": 1}, forge.material(alg)) for alg in forge.ALGS
}


@given(alg=strategies.algs, payload=strategies.claims)
def test_round_trip(alg: str, payload: dict[str, Any]) -> None:
    """Any claims signed by any algorithm come back as they were, type by type."""
    token = SIGNERS[alg].sign(payload, now=NOW)
    verified = VERIFIERS[alg].verify(token, now=NOW)
    assert typed({"iat": NOW, **payload}) == typed(verified.claims)
    for name, value in payload.items():
        assert typed(value) == typed(verified[name])


def typed(value: Any) -> Any:
    """A value in which 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value).__name__, repr(value)


@given(payload=strategies.claims)
def test_foreign_json(payload: dict[str, Any]) -> None:
    """JSON written by another writer, escaped or not, spaced or not, reads as `json` reads it."""
    for options in ({}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}):
        text = json.dumps(payload, **options)
        assert typed(json.loads(text)) == typed(VERIFIERS["HS256"].verify(token_of(text)).claims)


def token_of(payload: Any) -> str:
    """An HS256 token under the shared key."""
    return forge.token({"alg": "HS256"}, payload, forge.material("HS256"))


@given(payload=st.binary(max_size=2000), alg=strategies.algs)
def test_jws_round_trip(payload: bytes, alg: str) -> None:
    """Any octets signed come back, attached, detached and unencoded."""
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))
    assert payload == jws.verify(jws.sign(payload, key), public).payload
    for options in ({"detached": True}, {"detached": True, "b64": False}):
        token = jws.sign(payload, key, **options)
        assert "" == token.split(".")[1]
        assert payload == jws.verify(token, public, payload=payload).payload


@given(octets=st.binary(max_size=300))
def test_base64url_is_canonical(octets: bytes) -> None:
    """Octets have one text: what jwseal writes is what RFC 4648 says, and only that is read back."""
    token = jws.sign(octets, secret())
    text = token.split(".")[1]
    assert forge.b64(octets) == text
    assert octets == jws.verify(token, secret()).payload
    header = token.split(".")[0]
    for other in (text + "=", text + "A", text + "\n", text[:-1]):
        resigned = forge.resign(f"{header}.{other}", forge.Material("HS256", forge.K32))
        assert verdict(jws.verify, resigned, secret()) == "malformed_token" or other == forge.b64(forge.unb64(other))


@pytest.mark.parametrize("alg", forge.ALGS)
@given(data=st.data())
def test_any_changed_character_is_refused(alg: str, data: st.DataObject) -> None:
    """Any single character of a token replaced, removed or added makes it another token, and no valid one."""
    token = TOKENS[alg]
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("ABCabcXYZxyz0189-_.=+/ \n") | st.characters())
    for changed in (
        token[:place] + character + token[place + 1 :],
        token[:place] + token[place + 1 :],
        token[:place] + character + token[place:],
    ):
        if changed != token:
            assert verdict(VERIFIERS[alg].verify, changed) != "accepted"


@pytest.mark.parametrize("alg", ["HS256", "ES256", "EdDSA"])
def test_every_changed_character_is_refused(alg: str) -> None:
    """The same for every place and every character of the alphabet, without choosing."""
    token, verify = TOKENS[alg], VERIFIERS[alg].verify
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    accepted = [
        (place, character)
        for place in range(len(token))
        for character in alphabet
        if character != token[place] and verdict(verify, token[:place] + character + token[place + 1 :]) == "accepted"
    ]
    assert [] == accepted


@given(alg=strategies.algs, bit=st.integers(min_value=0))
def test_any_flipped_bit_is_refused(alg: str, bit: int) -> None:
    """A signature with any one bit flipped does not verify."""
    signed, _, text = TOKENS[alg].rpartition(".")
    signature = bytearray(forge.unb64(text))
    signature[bit // 8 % len(signature)] ^= 1 << bit % 8
    assert "invalid_signature" == verdict(VERIFIERS[alg].verify, f"{signed}.{forge.b64(bytes(signature))}")


ARBITRARY = (
    st.text(max_size=300)
    | st.binary(max_size=300)
    | strategies.near_tokens()
    | strategies.near_tokens().map(str.encode)
    | strategies.near_base64
    | st.text(st.characters(categories=["Cs", "Cc", "Ll"]), max_size=30)
)


@given(token=ARBITRARY)
def test_verifiers_raise_only_their_own(token: str | bytes) -> None:
    """Whatever str or bytes arrives as a token, the answer is one of jwseal's errors."""
    for alg in ("HS256", "ES256", "RS256", "EdDSA", "Ed448", *forge.MLDSA_ALGS[:1]):
        assert verdict(VERIFIERS[alg].verify, token) != "accepted"
        assert verdict(jws.verify, token, verifying(forge.material(alg))) != "accepted"
    lenient = Verifier(secret(), LAX, accept_padding=True)
    assert verdict(lenient.verify, token) != "accepted"


@given(token=ARBITRARY)
def test_unverified_reading_raises_only_its_own(token: str | bytes) -> None:
    """The readers that check nothing, and `bearer`, hold to it too."""
    for call in (insecure.header_unverified, insecure.read_unverified, jws.parse, bearer):
        verdict(call, token)


@given(
    header=st.binary(max_size=60) | strategies.headers.map(forge.octets),
    payload=st.binary(max_size=60) | strategies.json_values.map(forge.octets),
)
def test_signed_noise_raises_only_its_own(header: bytes, payload: bytes) -> None:
    """The same when the MAC is right: only then are header and payload looked at in full."""
    token = forge.token(header, payload, forge.Material("HS256", forge.K32))
    verdict(verifier(secret()).verify, token)
    verdict(Verifier(secret(), STRICT).verify, token, now=NOW)
    verdict(jws.verify, token, secret(), payload=payload)


@given(
    payload=st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "scp"]), strategies.json_values
    )
)
def test_claims_of_any_type(payload: dict[str, Any]) -> None:
    """Registered claims of any JSON value are accepted or refused, nothing else."""
    for policy in (LAX, STRICT, STRICT.replace(max_age=60, max_lifetime=60, subject="x", required=["jti"])):
        judged = Verifier(secret(), policy)
        token = hs256(payload)
        if verdict(judged.verify, token, now=NOW) == "accepted":
            verified = judged.verify(token, now=NOW)
            assert isinstance(verified.scopes, frozenset)
            assert verified.expires_at is None or verified.expires_at > NOW


KEY_TEXT = (
    st.text(max_size=100)
    | st.binary(max_size=100)
    | strategies.jwk_members.map(json.dumps)
    | strategies.json_values.map(json.dumps)
    | st.lists(strategies.jwk_members, max_size=3).map(lambda keys: json.dumps({"keys": keys}))
    | st.text(max_size=40).map(lambda text: f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----")
    | st.binary(max_size=60).map(lambda tail: b"\x30\x82\x01\x22" + tail)
    | st.sampled_from(["ssh-ed25519 AAAA", "ssh-rsa !", "ecdsa-sha2-nistp256"])
)


@given(text=KEY_TEXT, alg=st.none() | strategies.algs)
def test_keys_raise_only_their_own(text: str | bytes, alg: str | None) -> None:
    """Whatever text is offered as a key, it is a key or InvalidKey."""
    for call in (
        SigningKey.from_jwk,
        SigningKey.from_pem,
        VerifyingKey.from_jwk,
        VerifyingKey.from_pem,
        VerifyingKey.from_certificate,
        VerifyingKey.from_ssh,
        SecretKey.from_jwk,
    ):
        assert verdict(call, text, alg=alg) in ("accepted", "invalid_key")
    assert verdict(KeySet.from_jwks, text) in ("accepted", "invalid_key")
    if isinstance(text, bytes):
        for call in (SigningKey.from_der, VerifyingKey.from_der):
            assert verdict(call, text, alg=alg) in ("accepted", "invalid_key")
        assert verdict(SecretKey.from_bytes, text, alg=alg or "HS256") in ("accepted", "invalid_key")


@given(members=strategies.jwk_members, alg=st.none() | strategies.algs)
def test_jwk_mappings_raise_only_their_own(members: dict[str, Any], alg: str | None) -> None:
    """The same for mappings."""
    for call in (SigningKey.from_jwk, VerifyingKey.from_jwk, SecretKey.from_jwk):
        assert verdict(call, members, alg=alg) in ("accepted", "invalid_key")
    assert verdict(KeySet.from_jwks, {"keys": [members, members]}) in ("accepted", "invalid_key")


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
@given(data=st.data())
def test_broken_jwk(alg: str, data: st.DataObject) -> None:
    """A good JWK with any one member changed or lost is a key or InvalidKey, and never the private key under another name."""
    jwk = forge.material(alg).private_jwk(alg=alg)
    member = data.draw(st.sampled_from(sorted(jwk)))
    value = data.draw(st.just(...) | strategies.scalars | st.binary(max_size=80).map(forge.b64))
    broken = {name: item for name, item in {**jwk, member: value}.items() if item is not ...}
    assume(broken != jwk)
    if verdict(SigningKey.from_jwk, broken) == "accepted":
        key = SigningKey.from_jwk(broken)
        assert b"x" == jws.verify(jws.sign(b"x", key), key.verifying_key).payload
    assert verdict(SigningKey.from_jwk, broken) in ("accepted", "invalid_key")


def windows(text: str) -> set[str]:
    """Every eight characters of a text that stand together."""
    return {text[place : place + 8] for place in range(len(text) - 7)}


def leaks(error: BaseException, *secrets: str) -> list[str]:
    """What an error says of a secret, anywhere one could look."""
    said = [str(error), repr(error), repr(error.args), "".join(traceback.format_exception_only(error))]
    said += [repr(value) for value in vars(error).values()]
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
        said += [str(error), repr(error)]
    spoken = " ".join(said)
    return sorted(window for text in secrets for window in windows(text) if window in spoken)


def error_of(call: Callable[..., object], *args: object, **named: object) -> errors.InvalidKey | None:
    """The refusal of a key, or None if it is one."""
    try:
        call(*args, **named)
    except errors.InvalidKey as error:
        return error
    return None


@given(data=st.data())
def test_errors_tell_nothing_of_the_token(data: st.DataObject) -> None:
    """No eight characters of a token, its payload or the key stand in the error (CVE-2022-29266)."""
    marks = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=24, max_size=24)
    private, public = data.draw(marks), data.draw(marks)
    key = (private * 2).encode()[:32]
    payload = data.draw(
        st.sampled_from(
            [
                {"sub": public},
                {"sub": [public]},
                {"exp": public},
                {"iss": public},
                {"aud": [public]},
                {"exp": 1, "sub": public},
                {"nbf": NOW + 99, "iss": public},
                {"jti": {"a": public}},
            ]
        )
    )
    header = data.draw(
        st.sampled_from(
            [
                {"alg": "HS256"},
                {"alg": "HS512"},
                {"alg": public},
                {"alg": "HS256", "kid": public},
                {"alg": "HS256", "typ": public},
                {"alg": "HS256", "crit": [public], public: 1},
                {"alg": "HS256", "crit": [public]},
                {"alg": "HS256", "kid": [public]},
            ]
        )
    )
    signer = data.draw(st.sampled_from([key, bytes(32)]))
    token = forge.token(header, payload, forge.Material("HS256", signer)) + data.draw(st.sampled_from(["", "=", "."]))
    judged = Verifier(SecretKey.from_bytes(key, alg="HS256", kid="a"), STRICT.replace(issuer=private + "/issuer"))
    with pytest.raises(errors.InvalidToken) as caught:
        judged.verify(token, now=NOW)
    assert [] == leaks(caught.value, token, public, private, key.hex(), forge.b64(key))


@given(data=st.data())
def test_errors_tell_nothing_of_the_key(data: st.DataObject) -> None:
    """No eight characters of key material stand in InvalidKey."""
    alg = data.draw(st.sampled_from(forge.PUBLIC_ALGS))
    jwk = forge.material(alg).private_jwk(alg=alg)
    member = data.draw(st.sampled_from(sorted(set(jwk) - {"kty", "crv", "alg", "e"})))
    broken = {**jwk, member: jwk[member][:-3] + data.draw(st.sampled_from(["", "A", "!!!", "AAAAAAA"]))}
    texts = [value for name, value in broken.items() if name not in ("kty", "crv", "alg", "e")]
    for given_ in (broken, json.dumps(broken), json.dumps(broken)[:-1]):
        refused = error_of(SigningKey.from_jwk, given_)
        assert refused is None or [] == leaks(refused, *texts)


@given(octets=st.binary(min_size=1, max_size=31).map(lambda tail: tail + b"\xee"))
def test_errors_tell_nothing_of_a_secret(octets: bytes) -> None:
    """A secret refused for its length is not repeated."""
    refused = error_of(SecretKey.from_bytes, octets[:31], alg="HS256")
    assert [] == leaks(refused, octets.hex(), forge.b64(octets), octets.decode("latin-1"))


@given(claim=st.dictionaries(strategies.text, strategies.json_values, max_size=4))
def test_verified_claims_are_json(claim: dict[str, Any]) -> None:
    """What is handed out can be written as JSON again and means the same."""
    verified = VERIFIERS["HS256"].verify(token_of(claim)) if not set(claim) & set(strategies.REGISTERED) else None
    if verified is not None:
        assert typed(claim) == typed(json.loads(json.dumps(verified.claims)))
        assert typed(verified.claims) == typed(json.loads(verified.payload))


def test_controls() -> None:
    """The material of these properties verifies when nothing is changed."""
    for alg in forge.ALGS:
        assert {"sub": "alice", "n": 1} == VERIFIERS[alg].verify(TOKENS[alg]).claims
    assert "accepted" == verdict(Verifier(secret(), STRICT).verify, hs256(claims()), now=NOW)
