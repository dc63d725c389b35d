"""`jwseal.jws` in compact form: sign, verify, parse (RFC 7515 section 7.1, Appendix F, RFC 7797)."""

import json

import pytest

import forge
from judge import refusal, secret, signing, verdict, verifying
from jwseal import KeySet, SigningKey, errors, jws

HS256 = forge.Material("HS256", forge.K32)
ES256 = forge.material("ES256")


def header_of(token: str) -> dict:
    """The protected header of a token."""
    return json.loads(forge.unb64(token.split(".", maxsplit=1)[0]))


@pytest.mark.parametrize("alg", forge.ALGS)
def test_header_says_what_the_key_is(alg: str) -> None:
    """`alg` and `kid` come from the key, in that order, and nothing else is added."""
    token = jws.sign(b"x", signing(forge.material(alg), kid="a"))
    assert ["alg", "kid"] == list(header_of(token))
    assert {"alg": alg, "kid": "a"} == header_of(token)
    assert {"alg": alg} == header_of(jws.sign(b"x", signing(forge.material(alg))))


@pytest.mark.parametrize("alg", forge.ALGS)
def test_result(alg: str) -> None:
    """A verified JWS has its payload, header, alg, kid and key."""
    key = verifying(forge.material(alg), kid="a")
    verified = jws.verify(jws.sign(b"x", signing(forge.material(alg), kid="a"), headers={"cty": "text/plain"}), key)
    assert b"x" == verified.payload
    assert {"alg": alg, "kid": "a", "cty": "text/plain"} == verified.header
    assert (alg, "a") == (verified.alg, verified.kid)
    assert key == verified.key


@pytest.mark.parametrize("name", ["alg", "b64", "crit"])
def test_headers_that_are_not_the_callers(name: str) -> None:
    """alg, b64 and crit come from the key and the arguments."""
    assert "invalid_policy" == refusal(jws.sign, b"x", secret(), headers={name: "x"})


def test_kid_is_the_keys() -> None:
    """A key's kid cannot be overruled; a key without one leaves it to the caller."""
    assert "invalid_policy" == refusal(jws.sign, b"x", secret(kid="a"), headers={"kid": "b"})
    assert {"alg": "HS256", "kid": "b"} == header_of(jws.sign(b"x", secret(), headers={"kid": "b"}))


@pytest.mark.parametrize("headers", [{"typ": 5}, {"jwk": "x"}, {"x5c": "x"}, {"cty": None}, {"x5c": [1]}])
def test_headers_we_would_refuse(headers: dict) -> None:
    """A registered header parameter of the wrong type is not signed."""
    assert "invalid_policy" == refusal(jws.sign, b"x", secret(), headers=headers)


@pytest.mark.parametrize(
    "headers", [{"x": float("nan")}, {"x": b"x"}, {"x": object()}, {1: "x"}, {"x": "\ud800"}, [], "x"]
)
def test_headers_that_are_no_json(headers: object) -> None:
    """What JSON does not have is an error of the program."""
    with pytest.raises((TypeError, ValueError)):
        jws.sign(b"x", secret(), headers=headers)


def test_headers_too_large() -> None:
    """A header that no verifier would read is not signed."""
    assert verdict(jws.sign, b"x", secret(), headers={"x": "a" * 5000}) in ("invalid_policy", "token_too_large")


def test_critical_headers() -> None:
    """`crit` names members of `headers`; the verifier must list them."""
    token = jws.sign(b"x", secret(), headers={"urn:a": 1, "urn:b": [2]}, crit=["urn:a"])
    assert ["urn:a"] == header_of(token)["crit"]
    assert "unsupported_header" == refusal(jws.verify, token, secret())
    assert {"alg": "HS256", "urn:a": 1, "urn:b": [2], "crit": ["urn:a"]} == jws.verify(
        token, secret(), crit=["urn:a", "urn:z"]
    ).header


@pytest.mark.parametrize("crit", [["urn:a"], ["alg"], ["typ"], ["x", "x"], "x", ["b64"]])
def test_critical_headers_that_cannot_be(crit: object) -> None:
    """A critical name is in `headers`, once, and none of the registered ones."""
    with pytest.raises((errors.PolicyError, TypeError)):
        jws.sign(b"x", secret(), headers={"x": 1}, crit=crit)


def test_unencoded() -> None:
    """`b64=False` writes b64 and crit, and needs `detached`."""
    token = jws.sign(b"$.02", secret(), detached=True, b64=False)
    assert {"alg": "HS256", "b64": False, "crit": ["b64"]} == header_of(token)
    assert forge.resign(token.split(".")[0] + ".$.02", HS256).rpartition(".")[2] == token.rpartition(".")[2]
    assert "invalid_policy" == refusal(jws.sign, b"$.02", secret(), b64=False)


@pytest.mark.parametrize("payload", ["text", None, 5, {"a": 1}, [b"x"]])
def test_payload_is_octets(payload: object) -> None:
    """A payload is bytes; text has an encoding that is the caller's to choose."""
    with pytest.raises(TypeError):
        jws.sign(payload, secret())


@pytest.mark.parametrize("key", [None, b"x" * 32, "x", verifying(ES256), KeySet([verifying(ES256)])])
def test_signer_is_a_private_key(key: object) -> None:
    """Only a SigningKey or a SecretKey signs."""
    with pytest.raises(TypeError):
        jws.sign(b"x", key)


def test_signing_key_does_not_verify() -> None:
    """A SigningKey among keys is a TypeError that says what to use."""
    with pytest.raises(TypeError, match="verifying_key"):
        jws.verify(forge.T0, signing(ES256))


@pytest.mark.parametrize(
    ("algorithms", "expected"),
    [
        (None, "accepted"),
        (["HS256"], "accepted"),
        (("HS256",), "accepted"),
        ({"HS256"}, "accepted"),
        ([], "invalid_policy"),
        ("HS256", "invalid_policy"),
        ("", "invalid_policy"),
        (["ES256"], "invalid_policy"),
        (["x"], "invalid_policy"),
    ],
)
def test_algorithms(algorithms: object, expected: str) -> None:
    """`algorithms` narrows the keys' own."""
    assert expected == verdict(jws.verify, forge.T0, secret(), algorithms=algorithms)


def test_several_candidates() -> None:
    """Keys without kid are tried in order, and the result names the one that verified."""
    keys = [verifying(forge.material("ES256", label)) for label in ("a", "b", "c")]
    token = forge.token({"alg": "ES256"}, b"x", forge.material("ES256", "c"))
    assert keys[2] == jws.verify(token, KeySet(keys)).key


def test_header_belongs_to_the_caller() -> None:
    """Changing a result's header changes no other result."""
    one, two = jws.verify(forge.T0, secret()), jws.verify(forge.T0, secret())
    one.header["alg"] = "none"
    assert {"alg": "HS256"} == two.header
    assert "HS256" == one.alg


def test_parse_compact() -> None:
    """`parse` takes a JWS apart for callers that choose the key by the header; `verify` finishes."""
    token = forge.token({"alg": "HS256", "kid": "a", "x": 1}, b"payload", HS256)
    parsed = jws.parse(token)
    (entry,) = parsed.entries
    assert ("compact", b"payload") == (parsed.form, parsed.payload)
    assert {"alg": "HS256", "kid": "a", "x": 1} == entry.protected
    assert ("HS256", "a") == (entry.alg, entry.kid)
    assert token.rpartition(".")[0].encode() == entry.signing_input
    assert HS256.sign(token.rpartition(".")[0].encode()) == entry.signature
    assert b"payload" == entry.verify(secret(kid="a")).payload
    assert "key_not_found" == refusal(entry.verify, secret(kid="b"))
    assert "invalid_signature" == refusal(entry.verify, secret(bytes(32), kid="a"))


def test_parse_padded() -> None:
    """A signature over padded segments is checked over them as they came, in one step or in two."""
    signing_input = forge.b64(b'{"alg":"HS256"}') + "." + forge.b64(b"payload") + "=="
    token = forge.resign(signing_input, HS256) + "="
    (entry,) = jws.parse(token, accept_padding=True).entries
    assert signing_input.encode() == entry.signing_input
    assert b"payload" == entry.verify(secret()).payload
    assert b"payload" == jws.verify(token, secret(), accept_padding=True).payload
    assert "malformed_token" == refusal(jws.parse, token)


def test_parse_detached() -> None:
    """The detached payload is handed over at the end."""
    (entry,) = jws.parse(forge.detached({"alg": "HS256"}, b"payload", HS256)).entries
    assert b"payload" == entry.verify(secret(), payload=b"payload").payload
    assert "invalid_signature" == refusal(entry.verify, secret(), payload=b"other")


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", f"{forge.T0}=", " " + forge.T0, "W10.e30."])
def test_parse_malformed(token: str) -> None:
    """`parse` keeps the rules of shape and header."""
    assert "malformed_token" == refusal(jws.parse, token)


def test_parse_without_alg() -> None:
    """What has no alg can be looked at, and does not verify."""
    (entry,) = jws.parse("e30.e30.").entries
    assert None is entry.alg
    assert "malformed_token" == refusal(entry.verify, secret())


def test_results_cannot_be_made() -> None:
    """A VerifiedJWS comes out of a verification only."""
    verified = jws.verify(forge.T0, secret())
    for attempt in (
        type(verified),
        lambda: type("Forged", (type(verified),), {}),
        lambda: object.__new__(type(verified)),
    ):
        with pytest.raises(TypeError):
            attempt()


def test_large_payload() -> None:
    """Sixteen mebibytes, attached within `max_size` and detached without it."""
    payload = bytes(2**24)
    token = jws.sign(payload, secret())
    assert "token_too_large" == refusal(jws.verify, token, secret())
    assert payload == jws.verify(token, secret(), max_size=2**25).payload
    token = jws.sign(payload, secret(), detached=True)
    assert payload == jws.verify(token, secret(), payload=payload).payload


def test_eddsa_names() -> None:
    """An Ed25519 key signs with the name it was given."""
    jwk = forge.material("EdDSA").private_jwk()
    for alg, expected in ((None, "EdDSA"), ("EdDSA", "EdDSA"), ("Ed25519", "Ed25519")):
        token = jws.sign(b"x", SigningKey.from_jwk(jwk, alg=alg))
        assert {"alg": expected} == header_of(token)
        assert b"x" == jws.verify(token, verifying(forge.material("EdDSA"))).payload
