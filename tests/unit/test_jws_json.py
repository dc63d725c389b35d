"""`jwseal.jws` in the JSON serializations: sign_json, verify_json, parse (RFC 7515 section 7.2, RFC 7797).

What they refuse is in `attacks/test_headers_json.py`; the RFCs' own objects are in `test_rfc_vectors_json.py`.
"""

import copy
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as joserfc_jwk
from joserfc import jws as joserfc_jws

import forge
import strategies
from judge import refusal, secret, signing, verdict, verifying
from jwseal import KeySet, errors, jws
from peers import peer

jwcrypto_jwk, jwcrypto_jws = peer("jwcrypto.jwk"), peer("jwcrypto.jws")
ES256 = forge.material("ES256")
EDDSA = forge.material("EdDSA")
PAYLOAD = "Grüße, 世界".encode()


def protected_of(entry: dict) -> dict:
    """The protected header of one signature."""
    return json.loads(forge.unb64(entry["protected"]))


@pytest.mark.parametrize("alg", forge.ALGS)
def test_flattened(alg: str) -> None:
    """One key, flattened: no `signatures` member, the key's alg and kid protected."""
    made = jws.sign_json(PAYLOAD, signing(forge.material(alg), kid="a"), flattened=True)
    assert {"payload", "protected", "signature"} == set(made)
    assert {"alg": alg, "kid": "a"} == protected_of(made)
    assert PAYLOAD == jws.verify_json(made, verifying(forge.material(alg), kid="a")).payload


@pytest.mark.parametrize("alg", forge.ALGS)
def test_general(alg: str) -> None:
    """One key, general: a list of one."""
    made = jws.sign_json(PAYLOAD, signing(forge.material(alg)))
    assert {"payload", "signatures"} == set(made)
    assert [{"alg": alg}] == [protected_of(entry) for entry in made["signatures"]]
    assert PAYLOAD == jws.verify_json(made, verifying(forge.material(alg))).payload


def several() -> tuple[dict, KeySet]:
    """An object signed by three keys, and their public halves."""
    materials = {"a": ES256, "b": EDDSA, "c": forge.material("RS256")}
    made = jws.sign_json(
        PAYLOAD,
        [
            jws.Signature(signing(ES256, kid="a"), protected={"x": 1}),
            jws.Signature(signing(EDDSA), header={"kid": "b", "y": [2]}),
            signing(materials["c"], kid="c"),
        ],
    )
    return made, KeySet([verifying(material, kid=kid) for kid, material in materials.items()])


def test_reports() -> None:
    """Each signature is reported with its own alg, kid, key and headers."""
    made, keys = several()
    verified = jws.verify_json(made, keys)
    assert [True] * 3 == [one.verified for one in verified.signatures]
    assert [None] * 3 == [one.code for one in verified.signatures]
    assert ["ES256", "EdDSA", "RS256"] == [one.alg for one in verified.signatures]
    assert ["a", None, "c"] == [one.kid for one in verified.signatures]
    assert ["a", "b", "c"] == [one.key.kid for one in verified.signatures if one.key]
    assert list(keys) == [one.key for one in verified.signatures]
    assert [{"alg": "ES256", "kid": "a", "x": 1}, {"alg": "EdDSA"}, {"alg": "RS256", "kid": "c"}] == [
        one.protected for one in verified.signatures
    ]
    assert [None, {"kid": "b", "y": [2]}, None] == [one.unprotected or None for one in verified.signatures]


@pytest.mark.parametrize(
    ("held", "require", "expected"),
    [
        ("abc", "all", "accepted"),
        ("abc", None, "accepted"),
        ("abc", "any", "accepted"),
        ("abc", 3, "accepted"),
        ("abc", ["a", "c"], "accepted"),
        ("ab", "all", "algorithm_not_allowed"),
        ("ab", 2, "accepted"),
        ("ab", ["a", "b"], "accepted"),
        ("ab", 3, "invalid_policy"),
        ("a", "any", "accepted"),
        ("a", ["b"], "invalid_policy"),
        ("c", 1, "accepted"),
    ],
)
def test_require(held: str, require: Any, expected: str) -> None:
    """`require` over the keys held: all, any, a number of keys, or kids of keys."""
    made, keys = several()
    kept = KeySet([key for key in keys if key.kid in held])
    options = {} if require is None else {"require": require}
    assert expected == verdict(jws.verify_json, made, kept, **options)


@pytest.mark.parametrize("bad", range(3))
def test_one_bad_signature(bad: int) -> None:
    """With one signature broken, `all` refuses, the others count, and the report says which and why."""
    made, keys = several()
    entry = made["signatures"][bad]
    octets = forge.unb64(entry["signature"])
    entry["signature"] = forge.b64(octets[:-1] + bytes([octets[-1] ^ 1]))
    assert "invalid_signature" == refusal(jws.verify_json, made, keys)
    assert "invalid_signature" == refusal(jws.verify_json, made, keys, require=3)
    assert "invalid_signature" == refusal(jws.verify_json, made, keys, require=["abc"[bad]])
    for require in ("any", 2, [kid for place, kid in enumerate("abc") if place != bad]):
        verified = jws.verify_json(made, keys, require=require)
        assert [place != bad for place in range(3)] == [one.verified for one in verified.signatures]
        assert "invalid_signature" == verified.signatures[bad].code
        assert None is verified.signatures[bad].key
        assert verified.alg == next(one.alg for one in verified.signatures if one.verified)


@pytest.mark.parametrize("flattened", [False, True])
def test_an_unprotected_kid_is_not_the_key_s(flattened: bool) -> None:
    """The result and its reports have the protected kid; one that anyone can write is in `unprotected` only."""
    made = jws.sign_json(PAYLOAD, signing(ES256), flattened=flattened)
    entry = made if flattened else made["signatures"][0]
    entry["header"] = {"kid": "admin", "typ": "x"}
    key = verifying(ES256, kid="admin")
    results = [jws.verify_json(made, key), jws.verify_json(made, key, require=["admin"])]
    for verified in [*results, jws.parse(made).entries[0].verify(key)]:
        for found in (verified, verified.signatures[0]):
            assert (None, "ES256", "admin") == (found.kid, found.alg, found.key and found.key.kid)
        assert {"alg": "ES256"} == verified.header == verified.signatures[0].protected
        assert {"kid": "admin", "typ": "x"} == verified.signatures[0].unprotected


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
@pytest.mark.parametrize("detached", [False, True])
def test_the_required_signature_is_the_one_reported(order: tuple[str, ...], detached: bool) -> None:
    """With `require=[kids]` the result is the signature of the first kid listed, in whatever order the sender put them."""
    made, keys = several()
    made["signatures"] = [made["signatures"]["abc".index(kid)] for kid in order]
    payload = made.pop("payload") and PAYLOAD if detached else None
    for require in (["a"], ["b"], ["c"], ["c", "a"], ("b", "a", "c")):
        verified = jws.verify_json(made, keys, require=require, payload=payload)
        first = next(key for key in keys if key.kid == require[0])
        assert first == verified.key
        assert verified.signatures[order.index(require[0])].protected == verified.header
        assert order == tuple(one.key.kid for one in verified.signatures if one.key)
    for require in ({"b", "c"}, frozenset({"b", "c"})):
        assert "b" == jws.verify_json(made, keys, require=require, payload=payload).key.kid


def test_a_prepended_signature_does_not_stand_for_the_required_one() -> None:
    """Someone with a key of the set puts a signature of their own before the one that is required."""
    made, keys = several()
    made["signatures"].insert(0, jws.sign_json(PAYLOAD, signing(EDDSA), flattened=True))
    del made["signatures"][0]["payload"]
    verified = jws.verify_json(made, keys, require=["a"])
    assert ("a", "a", "ES256", 1) == (verified.kid, verified.key.kid, verified.alg, verified.header["x"])
    assert verified.signatures[0].verified


def test_no_good_signature() -> None:
    """`any` wants one."""
    made, _ = several()
    others = KeySet(
        [verifying(forge.material("ES256", "other"), kid="a"), verifying(forge.material("EdDSA", "other"), kid="b")]
    )
    assert verdict(jws.verify_json, made, others, require="any") in ("invalid_signature", "algorithm_not_allowed")


def test_input_is_not_changed() -> None:
    """Objects and headers handed in stay as they were."""
    made, keys = several()
    before = copy.deepcopy(made)
    jws.verify_json(made, keys)
    jws.parse(made)
    assert before == made
    header = {"kid": "b"}
    jws.sign_json(b"x", jws.Signature(signing(EDDSA), header=header))
    assert {"kid": "b"} == header


def test_forms_of_the_input() -> None:
    """dict, str and bytes are the same object."""
    made, keys = several()
    text = json.dumps(made)
    for given_ in (made, text, text.encode(), json.dumps(made, indent=2)):
        assert PAYLOAD == jws.verify_json(given_, keys).payload


@pytest.mark.parametrize("flattened", [True, False])
@pytest.mark.parametrize("b64", [True, False])
def test_detached(b64: bool, flattened: bool) -> None:
    """Without the payload member; it is handed over, and must be."""
    made = jws.sign_json(PAYLOAD, signing(ES256), flattened=flattened, detached=True, b64=b64)
    assert "payload" not in made
    assert PAYLOAD == jws.verify_json(made, verifying(ES256), payload=PAYLOAD).payload
    assert "malformed_token" == refusal(jws.verify_json, made, verifying(ES256))
    assert "invalid_signature" == refusal(jws.verify_json, made, verifying(ES256), payload=PAYLOAD + b"x")
    assert "malformed_token" == refusal(
        jws.verify_json, {**made, "payload": forge.b64(PAYLOAD)}, verifying(ES256), payload=PAYLOAD
    )


def test_unencoded() -> None:
    """RFC 7797: the payload member is the text itself, with b64 and crit protected in every signature."""
    made = jws.sign_json(PAYLOAD, [signing(ES256), signing(EDDSA)], b64=False)
    assert PAYLOAD.decode() == made["payload"]
    for entry in made["signatures"]:
        assert (False, ["b64"]) == (protected_of(entry)["b64"], protected_of(entry)["crit"])
    keys = KeySet([verifying(ES256), verifying(EDDSA)])
    assert PAYLOAD == jws.verify_json(made, keys).payload
    assert PAYLOAD == jws.verify_json(json.dumps(made), keys).payload


def test_unencoded_octets_that_are_no_text() -> None:
    """Octets that are no UTF-8 cannot stand in a JSON string; detached they can be signed."""
    with pytest.raises((errors.PolicyError, ValueError)):
        jws.sign_json(b"\xff", signing(ES256), b64=False)
    made = jws.sign_json(b"\xff", signing(ES256), b64=False, detached=True)
    assert b"\xff" == jws.verify_json(made, verifying(ES256), payload=b"\xff").payload


def test_critical() -> None:
    """`crit` names protected parameters, which the verifier must list."""
    made = jws.sign_json(b"x", jws.Signature(signing(ES256), protected={"urn:a": 1}), crit=["urn:a"])
    assert "unsupported_header" == refusal(jws.verify_json, made, verifying(ES256))
    assert 1 == jws.verify_json(made, verifying(ES256), crit=["urn:a"]).header["urn:a"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: jws.Signature(signing(ES256), protected={"alg": "none"}),
        lambda: jws.Signature(signing(ES256), header={"alg": "ES256"}),
        lambda: jws.Signature(signing(ES256), header={"crit": ["x"]}),
        lambda: jws.Signature(signing(ES256), header={"b64": False}),
        lambda: jws.Signature(signing(ES256), protected={"x": 1}, header={"x": 1}),
        lambda: jws.Signature(signing(ES256, kid="a"), header={"kid": "a"}),
        lambda: jws.Signature(signing(ES256, kid="a"), header={"kid": "b"}),
        lambda: jws.Signature(signing(ES256), protected={"b64": False}),
        lambda: jws.Signature(signing(ES256), protected={"crit": ["x"], "x": 1}),
    ],
)
def test_signatures_that_cannot_be(make: Any) -> None:
    """What our own verifier would refuse, or could misread, is not signed."""
    assert "invalid_policy" == refusal(lambda: jws.sign_json(b"x", make()))


def test_counts_that_cannot_be() -> None:
    """No signature, two flattened, and more than eight are refused."""
    for keys, options in (([], {}), ([signing(ES256)] * 2, {"flattened": True}), ([signing(ES256)] * 9, {})):
        assert "invalid_policy" == refusal(jws.sign_json, b"x", keys, **options)


@pytest.mark.parametrize("key", [None, b"x" * 32, verifying(ES256), [verifying(ES256)], [None], {"kty": "EC"}])
def test_signer_of_the_wrong_type(key: Any) -> None:
    """Only keys that sign, and `Signature`s of them."""
    with pytest.raises(TypeError):
        jws.sign_json(b"x", key)


def test_parse() -> None:
    """`parse` shows every signature unverified; each finishes with a key of the caller's choice."""
    made, keys = several()
    parsed = jws.parse(made)
    assert ("general", PAYLOAD) == (parsed.form, parsed.payload)
    assert ["ES256", "EdDSA", "RS256"] == [entry.alg for entry in parsed.entries]
    assert ["a", "b", "c"] == [entry.kid for entry in parsed.entries]
    for entry, key in zip(parsed.entries, keys, strict=True):
        assert PAYLOAD == entry.verify(key).payload
        assert refusal(entry.verify, secret()) == "algorithm_not_allowed"
    flattened = jws.sign_json(PAYLOAD, signing(ES256), flattened=True)
    assert ("flattened", 1) == (jws.parse(flattened).form, len(jws.parse(flattened).entries))


@given(
    value=st.dictionaries(
        st.sampled_from(["payload", "protected", "header", "signature", "signatures", "x"]),
        strategies.json_values
        | strategies.headers.map(lambda header: forge.b64(forge.octets(header)))
        | st.lists(
            st.dictionaries(
                st.sampled_from(["protected", "header", "signature"]), strategies.json_values | strategies.near_base64
            ),
            max_size=3,
        ),
    )
)
def test_objects_raise_only_their_own(value: dict) -> None:
    """Whatever object arrives, the answer is one of jwseal's errors."""
    for given_ in (value, json.dumps(value)):
        assert verdict(jws.verify_json, given_, secret()) != "accepted"
        assert verdict(jws.verify_json, given_, secret(), require="any", payload=b"x") != "accepted"
        verdict(jws.parse, given_)


@given(place=st.integers(min_value=0), character=st.characters(exclude_categories=["Cs"]))
def test_any_changed_character_is_refused(place: int, character: str) -> None:
    """No changed character of protected, payload or signature goes unnoticed."""
    made = jws.sign_json(PAYLOAD, signing(ES256), flattened=True)
    for member in ("protected", "payload", "signature"):
        text = made[member]
        at = place % len(text)
        if text[at] != character:
            changed = {**made, member: text[:at] + character + text[at + 1 :]}
            assert verdict(jws.verify_json, changed, verifying(ES256)) != "accepted"


@pytest.mark.parametrize("alg", [alg for alg in forge.ALGS if alg not in forge.MLDSA_ALGS])
@pytest.mark.parametrize("flattened", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_joserfc(alg: str, flattened: bool) -> None:
    """JSON forms both ways with joserfc."""
    material = forge.material(alg)
    made = jws.sign_json(PAYLOAD, jws.Signature(signing(material), header={"kid": "a"}), flattened=flattened)
    read = joserfc_jws.deserialize_json(made, joserfc_jwk.import_key(material.public_jwk()), algorithms=[alg])
    assert PAYLOAD == read.payload
    member = {"protected": {"alg": alg}, "header": {"kid": "a"}}
    theirs = joserfc_jws.serialize_json(
        member if flattened else [member], PAYLOAD, joserfc_jwk.import_key(material.private_jwk()), algorithms=[alg]
    )
    assert PAYLOAD == jws.verify_json(theirs, verifying(material, kid="a")).payload


@pytest.mark.parametrize("alg", forge.ALGS)
@pytest.mark.parametrize("count", [1, 3])
def test_jwcrypto(alg: str, count: int) -> None:
    """JSON forms both ways with jwcrypto, one signature and several."""
    material = forge.material(alg)
    made = jws.sign_json(PAYLOAD, [signing(material)] * count)
    read = jwcrypto_jws.JWS()
    read.allowed_algs = [alg]
    read.deserialize(json.dumps(made), jwcrypto_jwk.JWK(**material.public_jwk()))
    assert PAYLOAD == read.payload
    theirs = jwcrypto_jws.JWS(PAYLOAD)
    theirs.allowed_algs = [alg]
    for _ in range(count):
        theirs.add_signature(
            jwcrypto_jwk.JWK(**material.private_jwk()), protected=json.dumps({"alg": alg}), header='{"x":1}'
        )
    verified = jws.verify_json(theirs.serialize(), verifying(material))
    assert [True] * count == [one.verified for one in verified.signatures]
    assert PAYLOAD == verified.payload


@pytest.mark.parametrize("flattened", [True, False])
def test_unencoded_with_jwcrypto(flattened: bool) -> None:
    """RFC 7797 in JSON both ways with jwcrypto."""
    made = jws.sign_json(b"$.02", signing(ES256), b64=False, flattened=flattened)
    read = jwcrypto_jws.JWS()
    read.deserialize(json.dumps(made), jwcrypto_jwk.JWK(**ES256.public_jwk()))
    assert b"$.02" == (read.payload if isinstance(read.payload, bytes) else read.payload.encode())
    theirs = jwcrypto_jws.JWS("$.02")
    theirs.add_signature(
        jwcrypto_jwk.JWK(**ES256.private_jwk()), protected='{"alg":"ES256","b64":false,"crit":["b64"]}'
    )
    assert b"$.02" == jws.verify_json(theirs.serialize(), verifying(ES256)).payload


def test_unencoded_with_joserfc() -> None:
    """RFC 7797 in JSON both ways with joserfc."""
    made = jws.sign_json(b"$.02", signing(ES256), b64=False, flattened=True)
    read = joserfc_jws.deserialize_json(made, joserfc_jwk.import_key(ES256.public_jwk()), algorithms=["ES256"])
    assert b"$.02" == read.payload
    theirs = joserfc_jws.serialize_json(
        {"protected": {"alg": "ES256", "b64": False, "crit": ["b64"]}},
        b"$.02",
        joserfc_jwk.import_key(ES256.private_jwk()),
        algorithms=["ES256"],
    )
    assert b"$.02" == jws.verify_json(theirs, verifying(ES256)).payload
