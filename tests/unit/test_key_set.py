"""`KeySet`: immutable sets of keys, JWK Sets in and out (RFC 7517 section 5)."""

import hashlib
import json
import pickle
from typing import Any

import pytest

import forge
from judge import LAX, refusal, secret, signing, verdict, verifier, verifying
from jwseal import InvalidKey, KeyNotFound, KeySet, SecretKey, Verifier, VerifyingKey, jws

ONE = forge.material("ES256")
TWO = forge.material("ES256", "other")
RSA = forge.material("RS256")


def test_collection() -> None:
    """len, iteration in order, membership."""
    keys = [verifying(ONE, kid="a"), verifying(TWO, kid="b"), verifying(forge.material("EdDSA"))]
    together = KeySet(keys)
    assert 3 == len(together)
    assert keys == list(together)
    assert verifying(ONE, kid="a") in together
    assert verifying(ONE) not in together
    assert "a" not in together
    assert True is bool(together)


def test_any_iterable() -> None:
    """Keys come from any iterable; another set is one too."""
    once = KeySet(key for key in [verifying(ONE)])
    assert once == KeySet(once) == KeySet((verifying(ONE),))


@pytest.mark.parametrize("keys", [None, 5, [None], ["x"], [b"x"], [{}], verifying(ONE)])
def test_wrong_type(keys: object) -> None:
    """A set holds keys that verify."""
    with pytest.raises(TypeError):
        KeySet(keys)


def test_signing_key_in_a_set() -> None:
    """A private key does not verify."""
    with pytest.raises(TypeError, match="verifying_key"):
        KeySet([signing(ONE)])


def test_duplicates_count_once() -> None:
    """The same key twice is one key; under another kid it is another entry."""
    assert 1 == len(KeySet([verifying(ONE), verifying(ONE)]))
    assert 2 == len(KeySet([verifying(ONE, kid="a"), verifying(ONE, kid="b")]))


def test_one_kid_for_an_rs256_and_an_rs512_key() -> None:
    """Keys without an algorithm in common share a kid: the header's alg says which is meant."""
    other = forge.material("RS256", "3072")
    members = [RSA.public_jwk(kid="a", alg="RS256"), other.public_jwk(kid="a", alg="RS512"), ONE.public_jwk(kid="a")]
    for keys in (KeySet.from_jwks({"keys": members}), KeySet([VerifyingKey.from_jwk(jwk) for jwk in members])):
        assert 3 == len(keys)
        assert () == keys.skipped
        for alg, material in (("RS256", RSA), ("RS512", other), ("ES256", ONE)):
            token = forge.token({"alg": alg, "kid": "a"}, {}, material, alg)
            assert alg == verifier(keys).verify(token).alg
        crossed = forge.token({"alg": "RS512", "kid": "a"}, {}, RSA, "RS512")
        assert "invalid_signature" == refusal(verifier(keys).verify, crossed)
        foreign = forge.token({"alg": "RS384", "kid": "a"}, {}, RSA, "RS384")
        assert "algorithm_not_allowed" == refusal(verifier(keys).verify, foreign)


def test_one_key_for_several_algorithms_under_one_kid() -> None:
    """The same key for RS256 and PS256 is no conflict, nor is a key filled in for both beside itself."""
    pem = RSA.public_pem()
    keys = KeySet([VerifyingKey.from_pem(pem, alg=alg, kid="a") for alg in ("RS256", "PS256")])
    for alg in ("RS256", "PS256"):
        assert alg == verifier(keys).verify(forge.token({"alg": alg, "kid": "a"}, {}, RSA, alg)).alg
    jwk = RSA.public_jwk(kid="a")
    filled = KeySet.from_jwks({"keys": [jwk, {**jwk, "alg": "RS256"}]}, algorithms=["RS256", "PS256"])
    assert (2, ()) == (len(filled), filled.skipped)


def test_a_true_conflict_skips_all_its_keys() -> None:
    """Different keys with one kid and an algorithm in common are left out, each with the reason; the others stay."""
    conflict = [ONE.public_jwk(kid="a"), TWO.public_jwk(kid="a")]
    good = forge.material("ES256", "good").public_jwk(kid="b")
    keys = KeySet.from_jwks({"keys": [conflict[0], good, conflict[1], conflict[0]]})
    assert ["b"] == [key.kid for key in keys]
    assert [(0, "a"), (2, "a"), (3, "a")] == [(place, kid) for place, kid, _ in keys.skipped]
    assert {"a different key of the same algorithm has this kid too"} == {reason for _, _, reason in keys.skipped}
    for material in (ONE, TWO):
        token = forge.token({"alg": "ES256", "kid": "a"}, {}, material)
        assert "key_not_found" == refusal(verifier(keys).verify, token)
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": conflict})


def test_a_true_conflict_among_keys_is_refused() -> None:
    """A KeySet of keys is the program's own: a conflict in it is InvalidKey and names the kid."""
    with pytest.raises(InvalidKey, match='have the same kid "a"'):
        KeySet([verifying(ONE, kid="a"), verifying(TWO, kid="a")])
    assert "invalid_key" == refusal(KeySet, [secret(kid="a"), secret(bytes(32), kid="a")])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"\x01" * 32, b"\x01" * 32 + bytes(32)),
        (b"\x01" * 32 + bytes(1), b"\x01" * 32 + bytes(9)),
        (b"\x01" * 100, hashlib.sha256(b"\x01" * 100).digest()),
    ],
    ids=["zero bytes follow", "other zero bytes follow", "a long secret and its hash"],
)
def test_secrets_that_hmac_takes_for_one(one: bytes, other: bytes) -> None:
    """They are one key: no conflict under one kid."""
    assert 2 == len(KeySet([secret(one, kid="a"), secret(other, kid="a")]))


def test_equality() -> None:
    """Sets of public keys compare and hash by their keys."""
    one, two = KeySet([verifying(ONE), verifying(TWO)]), KeySet([verifying(ONE), verifying(TWO)])
    assert one == two
    assert hash(one) == hash(two)
    assert one != KeySet([verifying(ONE)])
    assert one != [verifying(ONE), verifying(TWO)]


def test_by_kid() -> None:
    """The keys with a kid: none, one, or several that have no algorithm in common."""
    one, two = verifying(ONE, kid="a"), VerifyingKey.from_pem(RSA.public_pem(), alg="PS256", kid="a")
    keys = KeySet([one, verifying(TWO), two, secret(kid="b")])
    assert (one, two) == keys.by_kid("a")
    assert keys.by_kid("a")[0] is one
    assert () == keys.by_kid("c") == keys.by_kid("")
    assert isinstance(keys.by_kid("b")[0], SecretKey)
    with pytest.raises(TypeError):
        keys.by_kid(None)  # type: ignore[arg-type]


def test_union() -> None:
    """`|` joins two sets, each key once, in order; what conflicts is refused, what is no set is TypeError."""
    a, b, c = verifying(ONE, kid="a"), verifying(TWO, kid="b"), verifying(ONE)
    assert [a, b, c] == list(KeySet([a, b]) | KeySet([b, c]))
    assert 2 == len(KeySet([a]) | KeySet([secret(kid="a")]))
    assert "invalid_key" == refusal(lambda: KeySet([a]) | KeySet([verifying(TWO, kid="a")]))
    for other in (a, [a], {"keys": []}, None):
        with pytest.raises(TypeError):
            KeySet([a]) | other  # type: ignore[operator]
    grown = KeySet([a])
    before = grown
    grown |= KeySet([b])
    assert ([a], [a, b]) == (list(before), list(grown))


def test_union_of_a_set_that_skipped() -> None:
    """Places of skipped members belong to one JWK Set: a union has skipped nothing."""
    keys = KeySet.from_jwks({"keys": [{"kty": "XYZ"}, ONE.public_jwk()]})
    assert 1 == len(keys.skipped)
    assert () == (keys | KeySet([verifying(TWO)])).skipped


def test_repr_is_bounded() -> None:
    """A set of a thousand keys shows the first and a number; a kid of any length is cut."""
    keys = KeySet([verifying(ONE, kid=str(number)) for number in range(1000)])
    assert repr(keys).startswith('KeySet([<VerifyingKey ES256 kid="0", thumbprint ')
    assert repr(keys).endswith(", ... and 996 more])")
    for key in (verifying(ONE, kid="k" * 9999), secret(kid="\n" * 9999), signing(ONE, kid="\U0001f511" * 9999)):
        assert len(repr(key)) < 400
    assert repr(KeySet([verifying(ONE), verifying(TWO)])).count("VerifyingKey") == 2


def test_from_jwks() -> None:
    """A JWK Set as mapping, text or octets; other members are ignored."""
    jwks = {"keys": [ONE.public_jwk(kid="a"), RSA.public_jwk(kid="b", alg="PS256")], "other": 1}
    for given in (jwks, json.dumps(jwks), json.dumps(jwks).encode()):
        keys = KeySet.from_jwks(given)
        assert [("a", ("ES256",)), ("b", ("PS256",))] == [(key.kid, tuple(key.algs)) for key in keys]
        assert () == tuple(keys.skipped)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (ONE.public_jwk(), "this is one JWK"),
        (json.dumps([ONE.public_jwk()]), "this is an array"),
        ({"issuer": "https://id.example", "jwks_uri": "https://id.example/jwks"}, "fetch its jwks_uri"),
        ({"a": "-----BEGIN CERTIFICATE-----"}, "from_certificate"),
        ("https://id.example/jwks", "this is a URL"),
        ("jwks.json", "this is a file name"),
        (ONE.public_pem(), "this is PEM"),
        ("", "empty"),
    ],
)
def test_from_jwks_of_something_else(given: object, advice: str) -> None:
    """What was meant is named, with the call to make instead."""
    with pytest.raises(InvalidKey, match=advice):
        KeySet.from_jwks(given)


@pytest.mark.parametrize("given", [None, 5, [], [ONE.public_jwk()], bytearray(b"{}")])
def test_from_jwks_wrong_type(given: object) -> None:
    """A JWK Set is a mapping or text."""
    with pytest.raises(TypeError):
        KeySet.from_jwks(given)


def test_skipped() -> None:
    """Members that cannot be used are listed with their place, kid and a reason in words."""
    keys = KeySet.from_jwks({"keys": [{"kty": "XYZ", "kid": "x"}, ONE.public_jwk(), RSA.public_jwk(kid="r"), 5]})
    assert 1 == len(keys)
    assert [(0, "x"), (2, "r"), (3, None)] == [(place, kid) for place, kid, _ in keys.skipped]
    assert all(isinstance(reason, str) and reason for _, _, reason in keys.skipped)


@pytest.mark.parametrize(
    ("member", "kid", "reason"),
    [
        ({"kty": "EC", "crv": "P-256", "kid": "bad"}, "bad", "no x"),
        (1, None, "a JWK is a JSON object"),
        ({**ONE.public_jwk(), "use": "enc"}, None, "use is not sig"),
        ({**ONE.public_jwk(), "key_ops": ["sign"]}, None, "key_ops lack verify"),
        ({**ONE.public_jwk(), "alg": "ECDH-ES"}, None, "alg is not a signature algorithm"),
        ({"kty": "oct", "k": "AAAA"}, None, "a secret needs its algorithm"),
        ({"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": 7}, None, "kid is not a string"),
        ({"kty": "oct", "k": forge.b64(bytes(32)), "alg": "HS256", "key_ops": ["sign"]}, None, "key_ops lack verify"),
    ],
)
def test_why_a_member_is_skipped(member: object, kid: str | None, reason: str) -> None:
    """The reason names the member of the JWK that is at fault."""
    ((index, skipped_kid, found),) = KeySet.from_jwks({"keys": [member, TWO.public_jwk()]}).skipped
    assert (0, kid) == (index, skipped_kid)
    assert reason in found


def test_no_usable_key() -> None:
    """A set without a usable key is InvalidKey, with the reasons."""
    with pytest.raises(Exception, match="alg") as caught:
        KeySet.from_jwks({"keys": [RSA.public_jwk(kid="r")]})
    assert "invalid_key" == caught.value.code
    with pytest.raises(InvalidKey, match=r"key 0: the JWK's kty must be .*key 1: the JWK has no kty; .*and 5 more"):
        KeySet.from_jwks({"keys": [{"kty": "XYZ"}, *[{}] * 8]})
    with pytest.raises(InvalidKey, match="the JWK Set is empty"):
        KeySet.from_jwks({"keys": []})


def test_duplicate_members_of_the_set() -> None:
    """A set, or a member, with a name twice is malformed text."""
    jwk = json.dumps(ONE.public_jwk())
    assert "invalid_key" == refusal(KeySet.from_jwks, f'{{"keys":[{jwk}],"keys":[{jwk}]}}')
    assert "invalid_key" == refusal(KeySet.from_jwks, f'{{"keys":[{jwk[:-1]},"kty":"EC"}}]}}')


def test_algorithms_fill_in() -> None:
    """`algorithms` gives RSA keys without alg theirs, and changes nothing else."""
    jwks = {
        "keys": [
            RSA.public_jwk(kid="a"),
            forge.material("RS256", "3072").public_jwk(kid="b", alg="PS512"),
            ONE.public_jwk(kid="c"),
        ]
    }
    keys = KeySet.from_jwks(jwks, algorithms=["RS256", "ES384"])
    assert [("a", ("RS256",)), ("b", ("PS512",)), ("c", ("ES256",))] == [(key.kid, tuple(key.algs)) for key in keys]
    token = forge.token({"alg": "RS256", "kid": "a"}, {}, RSA)
    assert {} == verifier(keys).verify(token).claims


def test_algorithms_fill_in_several() -> None:
    """Several names may be filled in; each then verifies, and the key's JWK names none."""
    keys = KeySet.from_jwks({"keys": [RSA.public_jwk(kid="a")]}, algorithms=["RS256", "PS256"])
    (key,) = keys
    assert ("RS256", "PS256") == tuple(key.algs)
    assert "alg" not in key.to_jwk()
    assert key != verifying(RSA, kid="a")
    assert key.thumbprint() == verifying(RSA).thumbprint()
    for alg in ("RS256", "PS256"):
        assert {} == verifier(keys).verify(forge.token({"alg": alg, "kid": "a"}, {}, RSA, alg)).claims
    assert "algorithm_not_allowed" == refusal(verifier(keys).verify, forge.token({"alg": "RS512"}, {}, RSA, "RS512"))


@pytest.mark.parametrize("algorithms", ["RS256", "", [], ["HS256"], ["RS256", "HS256"], ["none"], ["x"]])
def test_algorithms_that_cannot_be(algorithms: object) -> None:
    """A str, nothing, an unknown or HMAC name is refused."""
    assert "invalid_policy" == refusal(KeySet.from_jwks, {"keys": [ONE.public_jwk()]}, algorithms=algorithms)


def test_mixed_set() -> None:
    """A local JWK Set of secret and public keys is refused; one of secrets alone is a set."""
    octs = forge.material("HS256").private_jwk(alg="HS256", kid="s")
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": [ONE.public_jwk(), octs]})
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": [octs, ONE.public_jwk()]})
    (key,) = KeySet.from_jwks({"keys": [octs]})
    assert isinstance(key, SecretKey)


def test_private_member() -> None:
    """Nothing private of a private JWK in a set comes out again, in exports, repr or pickles."""
    keys = KeySet.from_jwks({"keys": [ONE.private_jwk(kid="a"), TWO.public_jwk(kid="b")]})
    d = ONE.private_jwk()["d"]
    for text in (repr(keys), json.dumps(keys.to_jwks()), repr(list(keys))):
        assert d not in text
    assert d.encode() not in pickle.dumps(keys)
    assert forge.unb64(d) not in pickle.dumps(keys)


def test_to_jwks() -> None:
    """`to_jwks` gives public members only and reads back; a secret in it is InvalidKey."""
    keys = KeySet(
        [verifying(forge.material(alg), kid=alg) for alg in forge.PUBLIC_ALGS if alg not in ("Ed25519", "EdDSA")]
    )
    exported = keys.to_jwks()
    assert ["keys"] == list(exported)
    for jwk in exported["keys"]:
        assert set() == set(jwk) & {"d", "p", "q", "dp", "dq", "qi", "priv", "k"}
    assert {key.thumbprint() for key in keys} == {key.thumbprint() for key in KeySet.from_jwks(exported)}
    assert "invalid_key" == refusal(KeySet([verifying(ONE), secret()]).to_jwks)


@pytest.mark.parametrize(
    ("kid", "expected"),
    [
        (None, "accepted"),
        ("a", "accepted"),
        ("b", "invalid_signature"),
        ("c", "key_not_found"),
        ("", "key_not_found"),
        ("A", "key_not_found"),
    ],
)
def test_candidates(kid: str | None, expected: str) -> None:
    """A key with kid is a candidate for tokens that name it or name none."""
    keys = KeySet([verifying(ONE, kid="a"), verifying(TWO, kid="b")])
    header = {"alg": "ES256"} if kid is None else {"alg": "ES256", "kid": kid}
    assert expected == verdict(jws.verify, forge.token(header, {}, ONE), keys)


def test_key_without_kid_beside_keys_with() -> None:
    """A key without kid is a candidate for every token of its algorithm."""
    keys = KeySet([verifying(ONE), verifying(TWO, kid="b")])
    for kid in ("b", "c"):
        assert "accepted" == verdict(jws.verify, forge.token({"alg": "ES256", "kid": kid}, {}, ONE), keys)


@pytest.mark.parametrize("count", [4, 5])
def test_candidate_bound(count: int) -> None:
    """Four candidates are tried, of five none, kid or no kid."""
    keys = KeySet([verifying(forge.material("ES256", str(place))) for place in range(count)])
    expected = "accepted" if count == 4 else "key_not_found"
    assert expected == verdict(jws.verify, forge.token({"alg": "ES256"}, {}, forge.material("ES256", "3")), keys)
    assert expected == verdict(
        jws.verify, forge.token({"alg": "ES256", "kid": "x"}, {}, forge.material("ES256", "3")), keys
    )


def test_candidates_are_counted_per_algorithm() -> None:
    """Keys of other algorithms are no candidates."""
    keys = [verifying(forge.material(alg)) for alg in ("ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448", "HS256")]
    token = forge.token({"alg": "ES256"}, {}, ONE)
    assert {} == Verifier(KeySet(keys), LAX).verify(token).claims


def test_algorithm_before_key() -> None:
    """No key of the header's alg is algorithm_not_allowed, whatever the kid."""
    keys = KeySet([verifying(ONE, kid="a")])
    assert "algorithm_not_allowed" == refusal(
        jws.verify, forge.token({"alg": "ES384", "kid": "z"}, {}, forge.material("ES384")), keys
    )
    assert "key_not_found" == refusal(jws.verify, forge.token({"alg": "ES256", "kid": "z"}, {}, ONE), keys)


def test_key_not_found_says_why() -> None:
    """A kid that no key has, or too many keys: the sentence says which, and repeats nothing of the token."""
    with pytest.raises(KeyNotFound, match="no key here has the token's kid") as caught:
        jws.verify(forge.token({"alg": "ES256", "kid": "zebra"}, {}, ONE), KeySet([verifying(ONE, kid="a")]))
    assert "zebra" not in str(caught.value)
    keys = KeySet([verifying(forge.material("ES256", str(place))) for place in range(5)])
    for header in ({"alg": "ES256"}, {"alg": "ES256", "kid": "zebra"}):
        with pytest.raises(KeyNotFound, match="more than 4 keys") as caught:
            jws.verify(forge.token(header, {}, ONE), keys)
        assert "zebra" not in str(caught.value)
        assert "key_not_found" == caught.value.code


@pytest.mark.parametrize(
    "given", [verifying(forge.material("ES256")), secret(), None, 5], ids=lambda one: type(one).__name__
)
def test_what_is_no_list(given: Any) -> None:
    """One key, or nothing that holds keys, is a TypeError that says what to write."""
    with pytest.raises(TypeError, match=rf"takes a list of keys: write KeySet\(\[key\]\).*got {type(given).__name__}"):
        KeySet(given)
