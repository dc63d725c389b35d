"""`jwseal.compat.pyjwt` beside real PyJWT: `encode`, `decode`, the options, the claims and the header.

Each row is run against both; value, or class and sentence of the exception, must be the same.
"""

import base64
import hashlib
import hmac
import json
import pickle
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import pyjwt_pair as pair
from jwseal import errors
from pyjwt_pair import ASYMMETRIC, SECRET, SHORT, SYMMETRIC, agree, layer, real, signing_material, verifying_material

NOW = int(time.time())
HOUR = 3600


def b64(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def forged(header: Any, payload: Any, secret: str = SECRET) -> str:
    """An HS256 or EdDSA token of any header and payload; bytes go in as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signing_input = ".".join(b64(part) for part in parts)
    if isinstance(header, dict) and header.get("alg") == "EdDSA":
        return f"{signing_input}.{b64(pair.private_key('EdDSA').sign(signing_input.encode()))}"
    return f"{signing_input}.{b64(hmac.digest(secret.encode(), signing_input.encode(), hashlib.sha256))}"


def token(claims: Any, **header: Any) -> str:
    """An HS256 token of these claims."""
    return forged({"alg": "HS256", "typ": "JWT", **header}, claims)


def decoded(claims: Any, **arguments: Any) -> Callable[..., Any]:
    """A call that decodes a token of these claims, under a secret or under a public key's text."""

    def decode(jwt: Any, alg: str = "HS256") -> Any:
        return jwt.decode(token(claims, alg=alg), verifying_material(alg), algorithms=[alg], **arguments)

    return decode


@pytest.mark.parametrize("alg", [*SYMMETRIC, *ASYMMETRIC])
def test_tokens_are_interchangeable(alg: str) -> None:
    """What one library signs, the other accepts, and both say the same about it."""
    claims = {"sub": "alice", "n": 1, "nested": {"a": [1.5, None, "é"]}}
    for signs, verifies in ((real, layer), (layer, real)):
        signed = signs.encode(claims, signing_material(alg), algorithm=alg, headers={"kid": "k"})
        assert isinstance(signed, str)
        assert claims == verifies.decode(signed, verifying_material(alg), algorithms=[alg])
        assert agree(lambda jwt, s=signed: jwt.decode_complete(s, verifying_material(alg), algorithms=[alg]))
        assert agree(lambda jwt, s=signed: jwt.decode(s[:-4] + "AAAA", verifying_material(alg), algorithms=[alg]))


ENCODED: dict[str, Callable[[Any], Any]] = {
    "defaults to HS256": lambda jwt: jwt.encode({"a": 1}, SECRET),
    "header order is sorted": lambda jwt: jwt.encode({}, SECRET, headers={"zz": 1, "aa": 2}),
    "header order is the caller's": lambda jwt: jwt.encode({}, SECRET, headers={"zz": 1, "a": 2}, sort_headers=False),
    "alg in headers is preferred": lambda jwt: jwt.encode({}, SECRET, algorithm="HS512", headers={"alg": "HS384"}),
    "typ None is left out": lambda jwt: jwt.encode({}, SECRET, headers={"typ": None}),
    "typ is replaced": lambda jwt: jwt.encode({}, SECRET, headers={"typ": "at+jwt"}),
    "datetimes become seconds": lambda jwt: jwt.encode(
        {"exp": datetime(2030, 1, 2, tzinfo=UTC), "nbf": datetime(2020, 1, 2), "iat": 1, "x": 2},  # noqa: DTZ001
        SECRET,
    ),
    "json_encoder serves payload and header": lambda jwt: jwt.encode(
        {"d": Decimal("1.5")}, SECRET, headers={"h": Decimal(2)}, json_encoder=Decimals
    ),
    "a value that is no JSON": lambda jwt: jwt.encode({"d": Decimal("1.5")}, SECRET),
    "non-ASCII text is escaped": lambda jwt: jwt.encode({"é": "ü"}, SECRET, headers={"ß": "ø"}),
    "a payload that is no dict": lambda jwt: jwt.encode(["a"], SECRET),
    "iss that is no text": lambda jwt: jwt.encode({"iss": 1}, SECRET),
    "kid that is no text": lambda jwt: jwt.encode({}, SECRET, headers={"kid": 1}),
    "unknown algorithm": lambda jwt: jwt.encode({}, SECRET, algorithm="HS1024"),
    "algorithm in another case": lambda jwt: jwt.encode({}, SECRET, algorithm="hs256"),
    "empty secret": lambda jwt: jwt.encode({}, "", algorithm="HS256"),
    "secret that is no text": lambda jwt: jwt.encode({}, 1, algorithm="HS256"),
    "RS256 with a secret": lambda jwt: jwt.encode({}, SECRET, algorithm="RS256"),
    "RS256 without a key": lambda jwt: jwt.encode({}, None, algorithm="RS256"),
    "EdDSA with a secret": lambda jwt: jwt.encode({}, SECRET, algorithm="EdDSA"),
    "ES256 with a key of P-384": lambda jwt: jwt.encode({}, pair.private_pem("ES384"), algorithm="ES256"),
    "octets as a secret": lambda jwt: jwt.encode({}, SECRET.encode(), algorithm="HS256"),
    "crit is written as given": lambda jwt: jwt.encode({}, SECRET, headers={"crit": ["x"], "x": 1}),
    "b64 true is left out": lambda jwt: jwt.PyJWS().encode(b"x", SECRET, headers={"b64": True}),
    "b64 false detaches": lambda jwt: jwt.PyJWS().encode(b"x.y", SECRET, headers={"b64": False}),
    "b64 false beside a crit that is no list": lambda jwt: jwt.PyJWS().encode(
        b"x", SECRET, headers={"b64": False, "crit": "b64"}
    ),
    "detached": lambda jwt: jwt.PyJWS().encode(b"x", SECRET, is_payload_detached=True),
}


class Decimals(json.JSONEncoder):
    """Writes decimals as text."""

    def default(self, o: Any) -> Any:
        return str(o) if isinstance(o, Decimal) else super().default(o)


@pytest.mark.parametrize("row", ENCODED)
def test_encode(row: str) -> None:
    """`encode` writes PyJWT's octets, or raises its exception."""
    agree(ENCODED[row], sentence=not row.startswith("ES256 with"))


CLAIMS: dict[str, Callable[..., Any]] = {
    "none": decoded({}),
    "exp ahead": decoded({"exp": NOW + HOUR}),
    "exp passed": decoded({"exp": NOW - 1}),
    "exp long passed": decoded({"exp": 1}),
    "exp passed within leeway": decoded({"exp": NOW - 10}, leeway=60),
    "exp passed within a leeway over jwseal's": decoded({"exp": NOW - HOUR}, leeway=2 * HOUR),
    "exp passed within a timedelta": decoded({"exp": NOW - 10}, leeway=timedelta(minutes=1)),
    "exp ahead, but not by a negative leeway": decoded({"exp": NOW + HOUR}, leeway=-2 * HOUR),
    "exp passed and not looked at": decoded({"exp": NOW - HOUR}, options={"verify_exp": False}),
    "exp as text": decoded({"exp": str(NOW + HOUR)}),
    "exp passed as text": decoded({"exp": str(NOW - HOUR)}),
    "exp as a fraction": decoded({"exp": NOW + HOUR + 0.5}),
    "exp as words": decoded({"exp": "soon"}),
    "exp as a list": decoded({"exp": [1]}),
    "exp null": decoded({"exp": None}),
    "exp true": decoded({"exp": True}),
    "exp beyond year 9999": decoded({"exp": 10**18}),
    "exp of the wrong type, not looked at": decoded({"exp": "soon"}, options={"verify_exp": False}),
    "nbf passed": decoded({"nbf": NOW - HOUR}),
    "nbf ahead": decoded({"nbf": NOW + HOUR}),
    "nbf ahead within leeway": decoded({"nbf": NOW + 10}, leeway=60),
    "nbf ahead and not looked at": decoded({"nbf": NOW + HOUR}, options={"verify_nbf": False}),
    "nbf as words": decoded({"nbf": "soon"}),
    "iat passed": decoded({"iat": NOW - HOUR}),
    "iat ahead": decoded({"iat": NOW + HOUR}),
    "iat ahead and not looked at": decoded({"iat": NOW + HOUR}, options={"verify_iat": False}),
    "iat as text": decoded({"iat": "1"}),
    "iat as words": decoded({"iat": "once"}),
    "iat before exp in the order of refusals": decoded({"iat": NOW + HOUR, "exp": NOW - HOUR}),
    "iss expected": decoded({"iss": "a"}, issuer="a"),
    "iss another": decoded({"iss": "b"}, issuer="a"),
    "iss a part of the expected": decoded({"iss": "a"}, issuer="abc"),
    "iss absent": decoded({}, issuer="a"),
    "iss of a list": decoded({"iss": "b"}, issuer=["a", "b"]),
    "iss not of a set": decoded({"iss": "c"}, issuer={"a", "b"}),
    "iss a number": decoded({"iss": 1}, issuer="a"),
    "iss a number, none expected": decoded({"iss": 1}),
    "iss not looked at": decoded({"iss": "b"}, issuer="a", options={"verify_iss": False}),
    "issuer is no container": decoded({"iss": "a"}, issuer=1),
    "aud expected": decoded({"aud": "a"}, audience="a"),
    "aud another": decoded({"aud": "b"}, audience="a"),
    "aud absent": decoded({}, audience="a"),
    "aud unexpected": decoded({"aud": "a"}),
    "aud empty and unexpected": decoded({"aud": []}),
    "aud null and expected": decoded({"aud": None}, audience="a"),
    "aud among several": decoded({"aud": ["a", "b"]}, audience="b"),
    "aud one of several expected": decoded({"aud": "b"}, audience=["a", "b"]),
    "aud none of several expected": decoded({"aud": ["c"]}, audience=["a", "b"]),
    "aud expected from an iterator": lambda jwt, alg: decoded({"aud": "b"}, audience=iter(["a", "b"]))(jwt, alg),
    "aud a number": decoded({"aud": 1}, audience="a"),
    "aud with a number in it": decoded({"aud": ["a", 1]}, audience="a"),
    "aud an object": decoded({"aud": {"a": 1}}, audience="a"),
    "aud not looked at": decoded({"aud": "b"}, options={"verify_aud": False}),
    "audience octets": decoded({"aud": "a"}, audience=b"a"),
    "audience a number": decoded({"aud": "a"}, audience=1),
    "strict aud equal": decoded({"aud": "a"}, audience="a", options={"strict_aud": True}),
    "strict aud a list": decoded({"aud": ["a"]}, audience="a", options={"strict_aud": True}),
    "strict audience a list": decoded({"aud": "a"}, audience=["a"], options={"strict_aud": True}),
    "strict aud another": decoded({"aud": "b"}, audience="a", options={"strict_aud": True}),
    "sub a number": decoded({"sub": 1}),
    "sub a number, not looked at": decoded({"sub": 1}, options={"verify_sub": False}),
    "sub null": decoded({"sub": None}),
    "sub expected": decoded({"sub": "a"}, subject="a"),
    "sub another": decoded({"sub": "b"}, subject="a"),
    "sub absent though expected": decoded({}, subject="a"),
    "jti a number": decoded({"jti": 1}),
    "jti a number, not looked at": decoded({"jti": 1}, options={"verify_jti": False}),
    "required and there": decoded({"x": 1}, options={"require": ["x"]}),
    "required and absent": decoded({"x": 1}, options={"require": ["x", "y"]}),
    "required and null": decoded({"exp": None}, options={"require": ["exp"]}),
    "required exp, passed": decoded({"exp": 1}, options={"require": ["exp"]}),
    "payload a list": decoded([]),
    "payload a number": decoded(1),
    "payload no JSON": decoded(b"{"),
    "payload empty": decoded(b""),
    "deep payload": decoded({"a": json.loads("[" * 31 + "]" * 31)}),
    "large integer": decoded({"n": 10**40}),
    "Infinity in exp": decoded({"exp": float("inf")}),
    "Infinity in iat": decoded({"iat": float("inf")}),
}


@pytest.mark.parametrize("alg", ["HS256", "EdDSA"])
@pytest.mark.parametrize("row", CLAIMS)
def test_claims(row: str, alg: str) -> None:
    """Claims are judged in PyJWT's order, by PyJWT's rules."""
    agree(lambda jwt: CLAIMS[row](jwt, alg), sentence=row not in ("payload no JSON", "payload empty"))


def shaped(text: str | bytes | None, **arguments: Any) -> Callable[[Any], Any]:
    """A call that decodes this text."""
    return lambda jwt: jwt.decode(text, SECRET, algorithms=["HS256"], **arguments)


GOOD = token({"a": 1})
ED25519 = {"jwt": forged({"alg": "EdDSA"}, {"aud": ["a"]}), "algorithms": ["EdDSA"], "audience": "a"}
HEAD, BODY, TAIL = GOOD.split(".")

SHAPES: dict[str, Callable[[Any], Any]] = {
    "octets": shaped(GOOD.encode()),
    "no text": shaped(None),
    "empty": shaped(""),
    "one segment": shaped("a"),
    "two segments": shaped(f"{HEAD}.{BODY}"),
    "four segments": shaped(f"{GOOD}.{TAIL}"),
    "space around it": shaped(f" {GOOD}"),
    "newline after it": shaped(f"{GOOD}\n"),
    "padded signature, as AWS ALB writes it": shaped(f"{GOOD}="),
    "padded twice": shaped(f"{GOOD}=="),
    "padding inside": shaped(f"{HEAD}.{BODY}.{TAIL[:4]}={TAIL[4:]}"),
    "foreign character": shaped(f"{HEAD}.{BODY}.{TAIL[:-1]}+"),
    "foreign characters after it": shaped(f"{GOOD}!!!!"),
    "stray bits": shaped(GOOD[:-1] + chr(ord(GOOD[-1]) + 1)),
    "header no JSON": shaped(forged(b"{", {})),
    "header a list": shaped(forged([], {})),
    "header without alg": shaped(forged({}, {})),
    "alg null": shaped(forged({"alg": None}, {})),
    "alg another": shaped(forged({"alg": "HS512"}, {})),
    "alg in another case": shaped(forged({"alg": "hs256"}, {})),
    "alg a list": shaped(forged({"alg": ["HS256"]}, {})),
    "kid a number": shaped(token({}, kid=1)),
    "kid null": shaped(token({}, kid=None)),
    "crit empty": shaped(token({}, crit=[])),
    "crit text": shaped(token({}, crit="b64")),
    "crit with a number": shaped(token({}, crit=[1])),
    "crit unknown": shaped(token({}, crit=["x"], x=1)),
    "crit not in the header": shaped(token({}, crit=["b64"])),
    "unknown header parameter": shaped(token({}, whatever=[1, {}])),
    "b64 false without crit": shaped(token({}, b64=False)),
    "b64 false with a payload": shaped(token({}, b64=False, crit=["b64"])),
    "detached payload beside an attached one": shaped(GOOD, detached_payload=b"{}"),
    "another signature": shaped(f"{HEAD}.{BODY}.{TAIL[::-1]}"),
    "no signature": shaped(f"{HEAD}.{BODY}."),
}


@pytest.mark.parametrize("row", SHAPES)
def test_shape_and_header(row: str) -> None:
    """What cannot be read, or has a header PyJWT refuses, is refused with PyJWT's exception."""
    agree(SHAPES[row], sentence=row != "header no JSON")


CALLS: dict[str, Callable[[Any], Any]] = {
    "no algorithms": lambda jwt: jwt.decode(GOOD, SECRET),
    "empty algorithms": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=[]),
    "algorithms as text": lambda jwt: jwt.decode(GOOD, SECRET, algorithms="HS256"),
    "algorithms as a tuple": lambda jwt: jwt.decode(GOOD, SECRET, ("HS256",)),
    "algorithms as a set": lambda jwt: jwt.decode(GOOD, SECRET, algorithms={"HS256", "HS512"}),
    "algorithms as a dict": lambda jwt: jwt.decode(GOOD, SECRET, algorithms={"HS256": 1}),
    "algorithms from an iterator": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=iter(["HS512", "HS256"])),
    "algorithms from an iterator, public key": lambda jwt: jwt.decode(
        key=pair.public_pem("EdDSA"), **{**ED25519, "algorithms": iter(["EdDSA"])}
    ),
    "no algorithms, public key": lambda jwt: jwt.decode(key=pair.public_pem("EdDSA"), **{**ED25519, "algorithms": []}),
    "algorithms of unknown names": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=["X", "HS256"]),
    "algorithms that are no text": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=[1, ["HS256"]]),
    "two names in one text": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=["HS256 HS512"]),
    "another algorithm": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=["HS512"]),
    "another secret": lambda jwt: jwt.decode(GOOD, SECRET + "x", algorithms=["HS256"]),
    "no key": lambda jwt: jwt.decode(GOOD, algorithms=["HS256"]),
    "key None": lambda jwt: jwt.decode(GOOD, None, algorithms=["HS256"]),
    "key a number": lambda jwt: jwt.decode(GOOD, 1, algorithms=["HS256"]),
    "RS256 token expected": lambda jwt: jwt.decode(GOOD, SECRET, algorithms=["RS256"]),
    "none in algorithms": lambda jwt: jwt.decode(forged({"alg": "none"}, {}), None, algorithms=["none"]),
    "none with a key": lambda jwt: jwt.decode(forged({"alg": "none"}, {}), SECRET, algorithms=["none", "HS256"]),
    "not verified": lambda jwt: jwt.decode(GOOD, options={"verify_signature": False}),
    "not verified, with a foreign signature": lambda jwt: jwt.decode(
        f"{HEAD}.{BODY}.AAAA", options={"verify_signature": False}
    ),
    "not verified, exp passed": lambda jwt: jwt.decode(token({"exp": 1}), options={"verify_signature": False}),
    "not verified, exp passed and looked at": lambda jwt: jwt.decode(
        token({"exp": 1}), options={"verify_signature": False, "verify_exp": True}
    ),
    "not verified, alg none": lambda jwt: jwt.decode(
        f"{b64(json.dumps({'alg': 'none'}).encode())}.{BODY}.", options={"verify_signature": False}
    ),
    "not verified, no alg": lambda jwt: jwt.decode(f"{b64(b'{}')}.{BODY}.", options={"verify_signature": False}),
    "not verified, padded": lambda jwt: jwt.decode(GOOD + "=", options={"verify_signature": False}),
    "not verified, no JSON": lambda jwt: jwt.decode(f"{HEAD}.AAAA.", options={"verify_signature": False}),
    "not verified, unknown crit": lambda jwt: jwt.decode(
        token({}, crit=["x"], x=1), options={"verify_signature": False}
    ),
    "complete, not verified": lambda jwt: jwt.decode_complete(GOOD, options={"verify_signature": False}),
    "complete": lambda jwt: jwt.decode_complete(GOOD, SECRET, ["HS256"]),
    "complete, octets": lambda jwt: jwt.decode_complete(GOOD.encode(), SECRET, ["HS256"]),
    "complete, exp passed": lambda jwt: jwt.decode_complete(token({"exp": 1}), SECRET, ["HS256"]),
    "complete, subject": lambda jwt: jwt.decode_complete(token({"sub": "a"}), SECRET, ["HS256"], subject="b"),
    "instance options": lambda jwt: jwt.PyJWT({"verify_exp": False}).decode(token({"exp": 1}), SECRET, ["HS256"]),
    "instance options overridden": lambda jwt: jwt.PyJWT({"verify_exp": False}).decode(
        token({"exp": 1}), SECRET, ["HS256"], options={"verify_exp": True}
    ),
    "instance that does not verify still does": lambda jwt: jwt.PyJWT({"verify_signature": False}).decode(
        token({"exp": 1})
    ),
    "options of that instance": lambda jwt: jwt.PyJWT({"verify_signature": False}).options,
    "options that are no mapping": lambda jwt: jwt.PyJWS(options=object()),
    "unverified header": lambda jwt: jwt.get_unverified_header(token({}, kid="k", x5u="u")),
    "unverified header of octets": lambda jwt: jwt.get_unverified_header(GOOD.encode()),
    "unverified header without alg": lambda jwt: jwt.get_unverified_header(forged({"typ": "x"}, {})),
    "unverified header with a bad kid": lambda jwt: jwt.get_unverified_header(token({}, kid=1)),
    "unverified header with an unknown crit": lambda jwt: jwt.get_unverified_header(token({}, crit=["x"], x=1)),
    "unverified header of two segments": lambda jwt: jwt.get_unverified_header(f"{HEAD}.{BODY}"),
    "unverified header of nothing": lambda jwt: jwt.get_unverified_header(None),
    "unverified header of a payload that is no JSON": lambda jwt: jwt.get_unverified_header(f"{HEAD}.AAAA.AAAA"),
    "unverified header, detached": lambda jwt: jwt.get_unverified_header(
        f"{b64(json.dumps({'alg': 'HS256', 'b64': False, 'crit': ['b64']}).encode())}..AAAA"
    ),
    "names": lambda jwt: sorted(jwt.PyJWS().get_algorithms()),
    "names of a narrowed one": lambda jwt: jwt.PyJWS(algorithms=["HS256"]).get_algorithms(),
    "narrowed": lambda jwt: jwt.PyJWS(algorithms=["HS512"]).decode(GOOD, SECRET, algorithms=["HS256"]),
    "unregistered": lambda jwt: unregistered(jwt).decode(GOOD, SECRET, algorithms=["HS256"]),
    "unregistered twice": lambda jwt: unregistered(jwt).unregister_algorithm("HS256"),
    "registered again": lambda jwt: jwt.PyJWS().register_algorithm("HS256", jwt.get_algorithm_by_name("HS256")),
    "registered, no algorithm": lambda jwt: jwt.PyJWS().register_algorithm("X", {}),
    "unknown algorithm": lambda jwt: jwt.get_algorithm_by_name("X"),
    "hash of an algorithm": lambda jwt: jwt.get_algorithm_by_name("ES384").compute_hash_digest(b"at"),
    "JWS of octets": lambda jwt: jwt.PyJWS().decode(forged({"alg": "HS256"}, b"\x00\xff"), SECRET, ["HS256"]),
    "JWS complete": lambda jwt: jwt.PyJWS().decode_complete(forged({"alg": "HS256"}, b""), SECRET, ["HS256"]),
    "JWS padded": lambda jwt: jwt.PyJWS().decode(forged({"alg": "HS256"}, b"x") + "=", SECRET, ["HS256"]),
    "JWS with the options of a JWT": lambda jwt: jwt.PyJWS().decode(
        token({"exp": 1}), SECRET, ["HS256"], options={"verify_exp": True, "verify_aud": False}
    ),
    "JWS not verified": lambda jwt: jwt.PyJWS().decode("e30.AAAA.", options={"verify_signature": False}),
}


def unregistered(jwt: Any) -> Any:
    """A PyJWS that no longer knows HS256."""
    jws = jwt.PyJWS()
    jws.unregister_algorithm("HS256")
    return jws


@pytest.mark.parametrize("row", CALLS)
def test_call(row: str) -> None:
    """Arguments mean what they mean in PyJWT."""
    agree(CALLS[row], sentence=row != "not verified, no JSON")


def test_detached_content() -> None:
    """A detached payload (RFC 7797) verifies beside its token in both, and only there."""
    for signs in (real, layer):
        signed = signs.PyJWS().encode(b'{"a":1}', SECRET, headers={"b64": False})
        assert agree(lambda jwt, s=signed: jwt.decode(s, SECRET, ["HS256"], detached_payload=b'{"a":1}'))
        assert agree(lambda jwt, s=signed: jwt.decode(s, SECRET, ["HS256"], detached_payload=b'{"a":2}'))
        assert agree(lambda jwt, s=signed: jwt.decode(s, SECRET, ["HS256"]))
        assert agree(lambda jwt, s=signed: jwt.PyJWS().decode(s, SECRET, ["HS256"], detached_payload=b'{"a":1}'))


@pytest.mark.parametrize(
    ("category", "call"),
    [
        ("RemovedInPyjwt3Warning", lambda jwt: jwt.decode(GOOD, SECRET, ["HS256"], more=1)),
        ("RemovedInPyjwt3Warning", lambda jwt: jwt.decode_complete(GOOD, SECRET, ["HS256"], more=1)),
        ("RemovedInPyjwt3Warning", lambda jwt: jwt.PyJWS().decode(GOOD, SECRET, ["HS256"], more=1)),
        ("DeprecationWarning", lambda jwt: jwt.decode(GOOD, SECRET, ["HS256"], verify=False)),
        ("InsecureKeyLengthWarning", lambda jwt: jwt.encode({}, SHORT)),
        ("InsecureKeyLengthWarning", lambda jwt: jwt.decode(forged({"alg": "HS256"}, {}, SHORT), SHORT, ["HS256"])),
        ("InsecureKeyLengthWarning", lambda jwt: jwt.encode({}, "x" * 40, algorithm="HS512")),
    ],
)
@pytest.mark.parametrize("jwt", [real, layer], ids=["real", "layer"])
def test_warning(jwt: Any, category: str, call: Callable[[Any], Any]) -> None:
    """Each warning comes once, in its category, every time the call is made."""
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(jwt)
        assert [category] == [warning.category.__name__ for warning in caught]


def test_short_secret_can_be_refused() -> None:
    """`enforce_minimum_key_length` refuses short secrets, on the instance and on the call, in both."""
    short = forged({"alg": "HS256"}, {}, SHORT)
    strict = {"enforce_minimum_key_length": True}
    assert agree(lambda jwt: jwt.decode(short, SHORT, ["HS256"], options=strict))[1] == "InvalidKeyError"
    assert agree(lambda jwt: jwt.PyJWT(strict).decode(short, SHORT, ["HS256"]))[1] == "InvalidKeyError"
    assert agree(lambda jwt: jwt.PyJWT(strict).encode({}, SHORT))[1] == "InvalidKeyError"
    assert agree(lambda jwt: jwt.PyJWS(options=strict).encode(b"", SHORT))[1] == "InvalidKeyError"


def test_subclass_overrides_are_honoured() -> None:
    """Methods that PyJWT documents for overriding, and those people override all the same, are called."""

    def reversing(jwt: Any) -> Any:
        class Reversing(jwt.PyJWT):  # type: ignore[misc]
            def _encode_payload(self, payload: Any, headers: Any = None, json_encoder: Any = None) -> bytes:
                return bytes(reversed(super()._encode_payload(payload, headers, json_encoder)))

            def _decode_payload(self, decoded: Any) -> Any:
                return super()._decode_payload({**decoded, "payload": bytes(reversed(decoded["payload"]))})

            def _validate_iat(self, payload: Any, now: float, leeway: float) -> None:
                pass

        jws = Reversing()
        signed = jws.encode({"iat": NOW + HOUR, "a": 1}, SECRET)
        return signed, jws.decode(signed, SECRET, ["HS256"])

    assert agree(reversing)[0] == "value"


@pytest.mark.parametrize(
    "options",
    [
        {"require": ["exp"]},
        {"strict_aud": True},
        {"verify_aud": False},
        {"verify_signature": False},
        {},
    ],
)
def test_options_of_an_instance(options: dict[str, Any]) -> None:
    """What an instance was told holds for its calls, the commonest one included."""
    agree(lambda jwt: jwt.PyJWT(options).decode(key=pair.public_pem("EdDSA"), **ED25519))


@pytest.mark.parametrize("name", ["_validate_jti", "_validate_claims", "decode_complete", "_decode_payload"])
def test_a_subclass_that_refuses(name: str) -> None:
    """A subclass that judges tokens itself is asked in the commonest call, too."""

    def strict(jwt: Any) -> Any:
        def refuse(self: Any, *arguments: Any, **named: Any) -> None:
            raise jwt.InvalidTokenError(name)

        return type("Strict", (jwt.PyJWT,), {name: refuse})().decode(key=pair.public_pem("EdDSA"), **ED25519)

    assert agree(strict) == ("error", "InvalidTokenError", name)


def test_an_algorithm_that_was_taken_away() -> None:
    """`unregister_algorithm` closes every way to it, and for one object only."""

    def narrowed(jwt: Any) -> Any:
        made = jwt.PyJWT()
        made._jws.unregister_algorithm("EdDSA")
        return made.decode(key=pair.public_pem("EdDSA"), **ED25519)

    for _ in range(2):
        assert agree(narrowed)[1] == "InvalidAlgorithmError"
        assert agree(lambda jwt: jwt.decode(key=pair.public_pem("EdDSA"), **ED25519))[0] == "value"


def test_arguments_are_not_changed() -> None:
    """Claims, headers and options are read, never written."""
    claims, headers, options = {"exp": datetime.now(tz=UTC) + timedelta(1)}, {"b64": True}, {"verify_signature": False}
    kept = dict(claims), dict(headers), dict(options)
    signed = layer.encode(claims, SECRET, headers=headers)
    layer.decode(signed, options=options)  # type: ignore[arg-type]
    assert kept == (claims, headers, options)


def test_claims_are_the_callers() -> None:
    """Each decode hands out its own dict."""
    first = layer.decode(GOOD, SECRET, ["HS256"])
    first["a"] = 2
    assert {"a": 1} == layer.decode(GOOD, SECRET, ["HS256"])


@pytest.mark.parametrize("name", real.exceptions.__dict__)
def test_exceptions_have_two_families(name: str) -> None:
    """Each exception of PyJWT exists, has PyJWT's bases, and is one of jwseal's with a code."""
    original = getattr(real.exceptions, name)
    if not isinstance(original, type):
        return
    ours = getattr(layer.exceptions, name)
    assert issubclass(ours, errors.JOSEError)
    assert [base.__name__ for base in original.__mro__ if base.__module__.startswith("jwt")] == [
        base.__name__ for base in ours.__mro__ if base.__module__.startswith("jwseal.compat")
    ]
    error = ours("exp")
    assert isinstance(error.code, str)
    again = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error), error.__dict__) == (type(again), str(again), again.__dict__)


def test_claim_errors_name_their_claim() -> None:
    """Handlers written for jwseal find `code` and `claim` on PyJWT's exceptions."""
    for claims, arguments, code, claim in (
        ({"exp": 1}, {}, "token_expired", "exp"),
        ({"nbf": NOW + HOUR}, {}, "token_not_yet_valid", "nbf"),
        ({"iat": NOW + HOUR}, {}, "token_not_yet_valid", "iat"),
        ({"iat": "x"}, {}, "invalid_claim", "iat"),
        ({"iss": "b"}, {"issuer": "a"}, "claim_mismatch", "iss"),
        ({"aud": "b"}, {"audience": "a"}, "claim_mismatch", "aud"),
        ({"sub": 1}, {}, "claim_mismatch", "sub"),
        ({"jti": 1}, {}, "invalid_claim", "jti"),
        ({}, {"options": {"require": ["x"]}}, "missing_claim", "x"),
    ):
        with pytest.raises(errors.ClaimError) as caught:
            decoded(claims, **arguments)(layer)
        assert (code, claim) == (caught.value.code, caught.value.claim)


def test_the_public_names_are_pyjwts() -> None:
    """Everything `import jwt` offers is there, in the modules where it is."""
    assert sorted(real.__all__) == sorted(layer.__all__)
    for module in ("algorithms", "api_jwk", "api_jws", "api_jwt", "exceptions", "jwks_client", "types", "utils"):
        theirs, ours = getattr(real, module), getattr(layer, module)
        own = [name for name, value in vars(theirs).items() if getattr(value, "__module__", "") == theirs.__name__]
        public = [name for name in own if not name.startswith("_")]
        assert [] == [name for name in public if not hasattr(ours, name)]
