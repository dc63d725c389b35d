"""Detached payloads of any size, in memory and in files, compact and JSON (RFC 7515 Appendix F, RFC 7797).

The RFCs' own examples are in `test_rfc_vectors.py`; what a JWS with a payload beside it may not be is in
`attacks/test_headers.py` and `attacks/test_headers_json.py`.
"""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as joserfc_jwk
from joserfc import jws as joserfc_jws

import forge
import meter
from interpreter_lock import turns
from judge import refusal, secret, signing, verdict, verifying
from jwseal import KeySet, SecretKey, SigningKey, jws
from peers import peer

jwcrypto_jwk, jwcrypto_jws = peer("jwcrypto.jwk"), peer("jwcrypto.jws")
HS256 = forge.Material("HS256", forge.K32)
PAYLOAD = bytes(range(256)) * 5 + b"\xff"
TEXT = b"no dot, but spaces and $, so that no peer puts it inside"
FORMS = ["compact", "flattened", "general"]
# What is asked of a file at once, and up to where the interpreter lock is kept (rust/py/src/payload.rs).
PIECE, SHORT = 2**18, 2**20
# EdDSA, ML-DSA and external signers want the whole message.
IN_PIECES = forge.HMAC_ALGS + forge.RSA_ALGS + forge.ECDSA_ALGS


class Pieces:
    """A file that gives these pieces, once, and knows nothing but `read`."""

    def __init__(self, pieces: Iterable[Any]) -> None:
        self.pieces = iter(pieces)
        self.asked: list[int] = []

    def read(self, size: int, /) -> Any:
        self.asked.append(size)
        return next(self.pieces, b"")


class Untouched:
    """A file that must not be read."""

    def read(self, size: int, /) -> bytes:
        raise AssertionError("the payload was read")


HELD: dict[str, Callable[[bytes], Any]] = {
    "bytes": lambda octets: octets,
    "view": lambda octets: memoryview(bytearray(octets)),
    "part": lambda octets: memoryview(b"x" + octets + b"x")[1:-1],
    "file": io.BytesIO,
    "pieces": lambda octets: Pieces(octets[place : place + 7] for place in range(0, len(octets), 7)),
}
every_holder = pytest.mark.parametrize("held", HELD.values(), ids=HELD)
every_form = pytest.mark.parametrize("form", FORMS)
encoded_or_not = pytest.mark.parametrize("b64", [True, False], ids=["b64", "unencoded"])


def sign(form: str, payload: Any, key: SigningKey | SecretKey, *, b64: bool = True) -> Any:
    """A JWS without its payload."""
    if form == "compact":
        return jws.sign(payload, key, detached=True, b64=b64)
    return jws.sign_json(payload, key, flattened=form == "flattened", detached=True, b64=b64)


def verify(made: Any, keys: Any, payload: Any, **options: Any) -> jws.VerifiedJWS:
    """The verb of its form."""
    return (jws.verify if isinstance(made, str) else jws.verify_json)(made, keys, payload=payload, **options)


def ways(made: Any, keys: Any, payload: Callable[[], Any]) -> list[str]:
    """What becomes of it by each way to verify it."""
    return [
        verdict(verify, made, keys, payload()),
        verdict(jws.parse(made).entries[0].verify, keys, payload=payload()),
    ]


@encoded_or_not
@every_form
@pytest.mark.parametrize("alg", forge.ALGS)
def test_round_trip(alg: str, form: str, b64: bool) -> None:
    """However the signer and the verifier hold the payload, it is the same payload, and no other is."""
    key, public = signing(forge.material(alg), kid="a"), verifying(forge.material(alg), kid="a")
    for signed in HELD.values():
        made = sign(form, signed(PAYLOAD), key, b64=b64)
        assert (made.split(".")[1] == "") if form == "compact" else "payload" not in made
        for held in HELD.values():
            assert public == verify(made, public, held(PAYLOAD)).key
            assert ["accepted", "accepted"] == ways(made, public, lambda held=held: held(PAYLOAD))
    for other in (PAYLOAD[:-1], PAYLOAD[1:], PAYLOAD + b"\0", b"", PAYLOAD[:700] + b"?" + PAYLOAD[701:]):
        for held in HELD.values():
            assert ["invalid_signature"] * 2 == ways(made, public, lambda held=held, other=other: held(other))


@every_holder
@encoded_or_not
@pytest.mark.parametrize("alg", forge.ALGS)
def test_others_signatures(alg: str, b64: bool, held: Callable[[bytes], Any]) -> None:
    """Signatures that `cryptography` made over the whole message verify."""
    material = forge.material(alg)
    header = {"alg": alg} if b64 else {"alg": alg, "b64": False, "crit": ["b64"]}
    token = forge.detached(header, PAYLOAD, material, encoded=b64)
    protected, _, signature = token.split(".")
    for made in (
        token,
        {"protected": protected, "signature": signature},
        {"signatures": [{"protected": protected, "signature": signature}]},
    ):
        assert ["accepted", "accepted"] == ways(made, verifying(material), lambda: held(PAYLOAD))
        assert ["invalid_signature"] * 2 == ways(made, verifying(material), lambda: held(PAYLOAD[::-1]))


@encoded_or_not
@pytest.mark.parametrize("alg", [*forge.HMAC_ALGS, "RS256", "RS384", "RS512", *forge.EDDSA_ALGS])
def test_signatures_without_chance(alg: str, b64: bool) -> None:
    """Where a message has one signature, it is the one that `cryptography` makes over the whole message."""
    header = {"alg": alg} if b64 else {"alg": alg, "b64": False, "crit": ["b64"]}
    expected = forge.detached(header, PAYLOAD, forge.material(alg), encoded=b64)
    for held in HELD.values():
        assert expected == jws.sign(held(PAYLOAD), signing(forge.material(alg)), detached=True, b64=b64)


@encoded_or_not
@pytest.mark.parametrize(
    "size",
    [0, 1, 2, 3, 4, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 2, SHORT - 1, SHORT, SHORT + 1, SHORT + PIECE + 1],
)
def test_sizes(size: int, b64: bool) -> None:
    """No size is special: none, around a piece, and beyond the mebibyte where the lock is given up."""
    payload = (bytes(range(251)) * (size // 251 + 1))[:size]
    header = {"alg": "HS256"} if b64 else {"alg": "HS256", "b64": False, "crit": ["b64"]}
    token = forge.detached(header, payload, HS256, encoded=b64)
    for held in (HELD["bytes"], HELD["view"], HELD["file"]):
        assert token == jws.sign(held(payload), secret(), detached=True, b64=b64)
        assert "accepted" == verdict(jws.verify, token, secret(), payload=held(payload))
        assert "invalid_signature" == refusal(jws.verify, token, secret(), payload=held(payload + b"\0"))


@given(st.lists(st.binary(min_size=1, max_size=70)), st.booleans())
def test_pieces(pieces: list[bytes], b64: bool) -> None:
    """However a file comes in pieces, its signature is that of the whole."""
    token = jws.sign(Pieces(pieces), secret(), detached=True, b64=b64)
    assert jws.sign(b"".join(pieces), secret(), detached=True, b64=b64) == token
    assert None is jws.verify(token, secret(), payload=Pieces(pieces)).payload
    eddsa = forge.material("EdDSA")
    token = jws.sign(Pieces(pieces), signing(eddsa), detached=True, b64=b64)
    assert None is jws.verify(token, verifying(eddsa), payload=Pieces(pieces)).payload


@every_form
def test_payload_of_the_result(form: str) -> None:
    """The bytes object that was given, a copy of a view that can change, nothing of a file."""
    for alg in ("HS256", "ES256", "EdDSA"):
        made = sign(form, PAYLOAD, signing(forge.material(alg)))
        keys = verifying(forge.material(alg))
        assert verify(made, keys, PAYLOAD).payload is PAYLOAD
        assert jws.parse(made).entries[0].verify(keys, payload=PAYLOAD).payload is PAYLOAD
        changing = bytearray(PAYLOAD)
        verified = verify(made, keys, memoryview(changing))
        changing[0] ^= 1
        assert (PAYLOAD, bytes) == (verified.payload, type(verified.payload))
        verified = verify(made, keys, io.BytesIO(PAYLOAD))
        assert None is verified.payload
        assert "payload in a file" in repr(verified)
        assert [True] == [report.verified for report in verified.signatures]


def test_views() -> None:
    """Octets of any element type and shape, in order and without gaps."""
    octets = bytes(range(24))
    token = jws.sign(octets, secret(), detached=True)
    for view in (
        memoryview(octets),
        memoryview(octets).cast("I"),
        memoryview(octets).cast("B", shape=[4, 6]),
        memoryview(b"x" + octets)[1:],
    ):
        assert token == jws.sign(view, secret(), detached=True)
        assert octets == jws.verify(token, secret(), payload=view).payload
    assert b"\0" == jws.verify(jws.sign(memoryview(bytearray(1)), secret()), secret()).payload
    for gaps in (memoryview(octets)[::2], memoryview(octets)[::-1]):
        with pytest.raises(TypeError, match=r"bytes\(payload\)"):
            jws.sign(gaps, secret(), detached=True)
    released = memoryview(octets)
    released.release()
    with pytest.raises(ValueError, match="released"):
        jws.sign(released, secret(), detached=True)


WRONG = [
    (bytearray(b"x"), "can change"),
    ("text", "encode"),
    (io.StringIO("x"), "opened as text"),
    (Path("x"), "opened with open"),
    (5, "opened with open"),
    ({"a": 1}, "opened with open"),
    ([b"x"], "opened with open"),
]


@pytest.mark.parametrize(("payload", "advice"), WRONG, ids=lambda value: type(value).__name__)
def test_what_is_no_payload(payload: Any, advice: str) -> None:
    """Every other type is refused with a sentence that says what to do, in every place."""
    token = jws.sign(b"x", secret(), detached=True)
    obj = jws.sign_json(b"x", secret(), detached=True)
    for call in (
        lambda: jws.sign(payload, secret(), detached=True),
        lambda: jws.sign(payload, secret()),
        lambda: jws.sign_json(payload, secret(), detached=True),
        lambda: jws.verify(token, secret(), payload=payload),
        lambda: jws.verify_json(obj, secret(), payload=payload),
        lambda: jws.parse(token).entries[0].verify(secret(), payload=payload),
    ):
        with pytest.raises(TypeError, match=advice):
            call()


def test_none_is_no_payload_to_sign() -> None:
    """None stands for "not given", which only a verifier may say."""
    with pytest.raises(TypeError, match="NoneType"):
        jws.sign(None, secret(), detached=True)
    assert b"x" == jws.verify(jws.sign(b"x", secret()), secret(), payload=None).payload


@pytest.mark.parametrize(
    ("piece", "advice"),
    [("text", "opened as text"), (None, "does not block"), (bytearray(b"x"), "give bytes"), (5, "give bytes")],
)
@pytest.mark.parametrize("before", [[], [b"octets"], [bytes(SHORT), b"octets"]], ids=len)
def test_what_a_file_may_not_read(piece: Any, advice: str, before: list[bytes]) -> None:
    """`read` gives bytes, at the first call and at every other."""
    token = jws.sign(b"", secret(), detached=True)
    for call in (
        lambda file: jws.sign(file, secret(), detached=True),
        lambda file: jws.verify(token, secret(), payload=file),
    ):
        with pytest.raises(TypeError, match=advice):
            call(Pieces([*before, piece]))


def test_text_files(tmp_path: Path) -> None:
    """A file opened as text is refused before it is read, the same file in binary is not."""
    path = tmp_path / "payload"
    path.write_bytes(PAYLOAD)
    token = jws.sign(PAYLOAD, secret(), detached=True)
    with path.open(encoding="latin-1") as file, pytest.raises(TypeError, match='"rb"'):
        jws.verify(token, secret(), payload=file)
    for buffering in (-1, 0):
        with path.open("rb", buffering=buffering) as file:
            jws.verify(token, secret(), payload=file)
            assert (False, len(PAYLOAD)) == (file.closed, file.tell())


def test_files_are_read_from_where_they_stand() -> None:
    """What was read before is not part of the payload."""
    file = io.BytesIO(b"head" + PAYLOAD)
    file.seek(4)
    jws.verify(jws.sign(PAYLOAD, secret(), detached=True), secret(), payload=file)
    assert b"" == file.read()
    assert "invalid_signature" == refusal(
        jws.verify, jws.sign(PAYLOAD, secret(), detached=True), secret(), payload=file
    )


@every_form
def test_what_read_raises(form: str) -> None:
    """An exception of the file's own reaches the caller as it was raised."""

    class Broken(Pieces):
        def read(self, size: int, /) -> Any:
            if isinstance(piece := super().read(size), BaseException):
                raise piece
            return piece

    made = sign(form, b"", secret())
    for error in (OSError(5, "Input/output error"), KeyboardInterrupt(), ValueError("closed")):
        for before in ([], [b"octets"], [bytes(SHORT), b"octets"]):
            for call in (lambda file: sign(form, file, secret()), lambda file: verify(made, secret(), file)):
                with pytest.raises(type(error)) as caught:
                    call(Broken([*before, error]))
                assert error is caught.value


def test_files_are_not_carried() -> None:
    """A file cannot stand in a JWS; the refusal names both ways out, and nothing is read."""
    for call in (jws.sign, jws.sign_json):
        with pytest.raises(TypeError, match=r"detached=True.*file\.read\(\)"):
            call(Untouched(), secret())


ES256, RS256 = forge.material("ES256"), forge.material("RS256")
GOOD = forge.detached({"alg": "HS256", "kid": "a"}, PAYLOAD, HS256)


@pytest.mark.parametrize(
    ("token", "keys", "options", "code"),
    [
        ("a.b", secret(), {}, "malformed_token"),
        (GOOD + "=", secret(), {}, "malformed_token"),
        (GOOD, secret(), {"max_size": 10}, "token_too_large"),
        (forge.T0, secret(), {}, "malformed_token"),
        (forge.detached({}, PAYLOAD, HS256), secret(), {}, "malformed_token"),
        (forge.detached({"alg": "HS256", "crit": ["x"], "x": 1}, PAYLOAD, HS256), secret(), {}, "unsupported_header"),
        (forge.detached({"alg": "HS256", "b64": False}, PAYLOAD, HS256), secret(), {}, "unsupported_header"),
        (forge.detached({"alg": "none"}, PAYLOAD, HS256, encoded=True), secret(), {}, "algorithm_not_allowed"),
        (GOOD, verifying(ES256), {}, "algorithm_not_allowed"),
        (GOOD, secret(kid="b"), {}, "key_not_found"),
        (
            GOOD,
            KeySet([secret(), secret(bytes(64), alg="HS512")]),
            {"algorithms": ["HS512"]},
            "algorithm_not_allowed",
        ),
    ],
)
def test_nothing_is_read_in_vain(token: str, keys: Any, options: dict, code: str) -> None:
    """Form, headers, algorithms and keys are judged before the payload is read, with the codes that bytes would give."""
    for payload in (PAYLOAD, Untouched()):
        assert code == refusal(jws.verify, token, keys, payload=payload, **options)


def test_nothing_is_read_in_vain_signing() -> None:
    """What cannot be signed is refused before the payload is read."""
    for call in (jws.sign, jws.sign_json):
        assert "invalid_policy" == refusal(call, Untouched(), secret(), detached=True, crit=["x"])
        verifies = SecretKey.from_jwk({"kty": "oct", "k": forge.b64(forge.K32), "alg": "HS256", "key_ops": ["verify"]})
        assert "invalid_key" == refusal(call, Untouched(), verifies, detached=True)
    assert "invalid_policy" == refusal(jws.sign, Untouched(), secret(), detached=True, headers={"alg": "x"})
    assert "invalid_policy" == refusal(jws.sign_json, Untouched(), [], detached=True)
    assert "invalid_policy" == refusal(jws.sign_json, Untouched(), [secret()] * 9, detached=True)
    assert "invalid_policy" == refusal(
        jws.sign_json, Untouched(), jws.Signature(secret(), header={"alg": "HS256"}), detached=True
    )


def several() -> tuple[dict, KeySet]:
    """A detached object with a signature of every kind, and the keys; two of the headers are the same octets."""
    materials = [forge.material(alg) for alg in ("RS256", "PS512", "ES384", "EdDSA", "ML-DSA-44", "HS256", "HS512")]
    signatures = [jws.Signature(signing(material), header={"kid": material.alg}) for material in materials]
    signatures.append(jws.Signature(signing(forge.material("RS256", "second")), header={"kid": "second"}))
    obj = jws.sign_json(Pieces([PAYLOAD[:100], PAYLOAD[100:]]), signatures, detached=True)
    keys = [verifying(material, kid=material.alg) for material in materials]
    return obj, KeySet([*keys, verifying(forge.material("RS256", "second"), kid="second")])


def test_one_pass_for_all_signatures() -> None:
    """A file that can be read once is enough for eight signatures of eight keys."""
    obj, keys = several()
    assert obj["signatures"][0]["protected"] == obj["signatures"][7]["protected"]
    file = Pieces([PAYLOAD[:100], PAYLOAD[100:]])
    verified = jws.verify_json(obj, keys, payload=file)
    assert [True] * 8 == [report.verified for report in verified.signatures]
    assert [PIECE] * 3 == file.asked
    assert list(keys) == [report.key for report in verified.signatures]
    assert obj.keys() == {"signatures"}
    assert PAYLOAD == jws.verify_json({**obj, "payload": forge.b64(PAYLOAD)}, keys).payload


@pytest.mark.parametrize("require", ["all", "any", 1, 2, 7, 8, ["ES384"], ["EdDSA", "HS512"]], ids=repr)
@pytest.mark.parametrize("damaged", [(), (0,), (2,), (3, 6), (0, 1, 2, 3, 4, 5, 6, 7)], ids=repr)
@pytest.mark.parametrize("unknown", [(), (0,), (1,), (7,), (0, 1, 2, 3, 4, 5, 6, 7)], ids=repr)
def test_a_file_is_judged_as_bytes_are(require: Any, damaged: tuple, unknown: tuple) -> None:
    """Whatever is wrong with some signatures, the code and the report are those of the same payload in memory."""
    obj, keys = several()
    for place in damaged:
        forged = bytearray(forge.unb64(obj["signatures"][place]["signature"]))
        forged[0] ^= 1
        obj["signatures"][place]["signature"] = forge.b64(bytes(forged))
    for place in unknown:
        obj["signatures"][place]["header"]["kid"] = "unknown"

    def outcome(payload: Any) -> Any:
        code = verdict(jws.verify_json, obj, keys, require=require, payload=payload)
        if code != "accepted":
            return code
        result = jws.verify_json(obj, keys, require=require, payload=PAYLOAD)
        return [(report.code, report.key) for report in result.signatures]

    assert outcome(PAYLOAD) == outcome(io.BytesIO(PAYLOAD))
    carried = {**obj, "payload": forge.b64(PAYLOAD)}
    assert verdict(jws.verify_json, carried, keys, require=require) == verdict(
        jws.verify_json, obj, keys, require=require, payload=io.BytesIO(PAYLOAD)
    )


def test_hopeless_objects_are_not_read() -> None:
    """An object whose first failure needs no payload is refused without it."""
    obj, keys = several()
    obj["signatures"][0]["header"]["kid"] = "unknown"
    assert "key_not_found" == refusal(jws.verify_json, obj, keys, payload=Untouched())
    with pytest.raises(AssertionError, match="was read"):
        jws.verify_json(obj, keys, require="any", payload=Untouched())
    stranger = KeySet([verifying(forge.material("ES256K"), kid="x")])
    for require in ("all", "any", 1, ["x"]):
        assert "algorithm_not_allowed" == refusal(jws.verify_json, obj, stranger, require=require, payload=Untouched())
    assert "malformed_token" == refusal(
        jws.verify_json, {**obj, "payload": forge.b64(PAYLOAD)}, keys, payload=Untouched()
    )
    assert "invalid_policy" == refusal(jws.verify_json, obj, keys, require=9, payload=Untouched())


@pytest.mark.parametrize("alg", ["HS256", "HS512", "RS256", "PS256", "ES256", "EdDSA", "ML-DSA-44"])
def test_candidates(alg: str) -> None:
    """Up to four keys are tried over one pass, and the result names the one that verified; a fifth is too many."""
    if alg in forge.HMAC_ALGS:
        materials = [forge.Material(alg, bytes([place]) * 64) for place in range(5)]
    else:
        materials = [forge.material(alg, f"candidate {place}") for place in range(5)]
    keys = [verifying(material) for material in materials]
    for place in range(4):
        token = jws.sign(Pieces([PAYLOAD]), signing(materials[place]), detached=True)
        file = Pieces([PAYLOAD])
        assert keys[place] == jws.verify(token, KeySet(keys[:4]), payload=file).key
        assert 2 == len(file.asked)
        assert "invalid_signature" == refusal(jws.verify, token, KeySet(keys[:4]), payload=Pieces([PAYLOAD, b"x"]))
    assert "invalid_signature" == refusal(
        jws.verify, jws.sign(PAYLOAD, signing(materials[4]), detached=True), KeySet(keys[:4]), payload=Pieces([PAYLOAD])
    )
    assert "key_not_found" == refusal(jws.verify, token, KeySet(keys), payload=Untouched())


def test_names_of_one_edwards_key() -> None:
    """A header's EdDSA may mean keys of both curves."""
    keys = KeySet([verifying(forge.material("Ed448")), verifying(forge.material("EdDSA"))])
    token = jws.sign(Pieces([PAYLOAD]), signing(forge.material("EdDSA")), detached=True)
    assert "EdDSA" == jws.verify(token, keys, payload=Pieces([PAYLOAD])).alg


def test_external_signers() -> None:
    """An external signer gets the whole signing input of a file; its errors are its own."""
    material = forge.material("ES256")

    class Device:
        alg, kid, verifying_key = "ES256", None, verifying(material)
        seen: bytes = b""

        def sign(self, octets: bytes, /) -> bytes:
            if b"refuse" in octets:
                raise ConnectionError("the device is gone")
            self.seen = octets
            return material.sign(octets)

    device = Device()
    key = SigningKey.external(device)
    for payload in (PAYLOAD, PAYLOAD * 2000):
        token = jws.sign(io.BytesIO(payload), key, detached=True, b64=False)
        assert token.split(".")[0].encode() + b"." + payload == device.seen
        assert None is jws.verify(token, device.verifying_key, payload=io.BytesIO(payload)).payload
        assert token == "..".join([token.split(".")[0], token.split(".")[2]])
    with pytest.raises(ConnectionError, match="gone"):
        jws.sign(Pieces([b"re", b"fuse"]), key, detached=True, b64=False)


def peers_key(alg: str) -> dict[str, Any]:
    """A private JWK, as every peer reads it."""
    return {**forge.material(alg).private_jwk(), "alg": alg}


@encoded_or_not
@pytest.mark.parametrize("alg", ["HS256", "RS256", "PS384", "ES256", "ES512", "EdDSA"])
def test_jwcrypto(alg: str, b64: bool) -> None:
    """jwcrypto reads what we sign detached and signs what we read, compact and in both JSON forms."""
    peer = jwcrypto_jwk.JWK(**peers_key(alg))
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))
    for form in FORMS:
        made = sign(form, Pieces([TEXT[:5], TEXT[5:]]), key, b64=b64)
        reader = jwcrypto_jws.JWS()
        reader.deserialize(made if isinstance(made, str) else json.dumps(made))
        reader.verify(peer, detached_payload=TEXT)
    header = {"alg": alg} if b64 else {"alg": alg, "b64": False, "crit": ["b64"]}
    for compact in (True, False):
        writer = jwcrypto_jws.JWS(TEXT if b64 else TEXT.decode())
        writer.add_signature(peer, protected=json.dumps(header))
        writer.detach_payload()
        made = writer.serialize(compact=compact)
        made = made if compact else {name: value for name, value in json.loads(made).items() if name != "payload"}
        assert ["accepted", "accepted"] == ways(made, public, lambda: Pieces([TEXT[:5], TEXT[5:]]))


@encoded_or_not
@pytest.mark.parametrize("alg", ["HS256", "RS256", "PS384", "ES256", "ES512", "Ed25519"])
def test_joserfc(alg: str, b64: bool) -> None:
    """joserfc reads what we sign detached and signs what we read."""
    peer = joserfc_jwk.import_key(peers_key(alg))
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))
    made = sign("compact", Pieces([TEXT[:5], TEXT[5:]]), key, b64=b64)
    assert TEXT == joserfc_jws.deserialize_compact(made, peer, algorithms=[alg], payload=TEXT).payload
    header = {"alg": alg} if b64 else {"alg": alg, "b64": False, "crit": ["b64"]}
    made = joserfc_jws.detach_content(joserfc_jws.serialize_compact(header, TEXT, peer, algorithms=[alg]))
    assert ["accepted", "accepted"] == ways(made, public, lambda: io.BytesIO(TEXT))


@meter.needs_meter
@encoded_or_not
@pytest.mark.parametrize("alg", IN_PIECES)
def test_memory_is_flat(alg: str, b64: bool, tmp_path: Path) -> None:
    """Sixty-four mebibytes in a file take less than eight of memory, signing and verifying."""
    path = tmp_path / "payload"
    with path.open("wb") as file:
        file.truncate(2**26)
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))
    jws.verify(jws.sign(bytes(SHORT + 1), key, detached=True), public, payload=bytes(SHORT + 1))

    def both() -> None:
        with path.open("rb") as file:
            token = jws.sign(file, key, detached=True, b64=b64)
            file.seek(0)
            assert None is jws.verify(token, public, payload=file).payload

    assert meter.peak(both) < 2**23


@meter.needs_meter
@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256"])
def test_octets_are_not_copied(alg: str) -> None:
    """Sixty-four mebibytes of bytes are verified where they are."""
    payload = bytes(2**26)
    key, public = signing(forge.material(alg)), verifying(forge.material(alg))

    def both() -> None:
        token = jws.sign(payload, key, detached=True)
        assert payload is jws.verify(token, public, payload=payload).payload

    assert meter.peak(both) < 2**23


@pytest.mark.parametrize("held", [HELD["bytes"], HELD["file"]], ids=["bytes", "file"])
def test_other_threads_run(held: Callable[[bytes], Any]) -> None:
    """More than a mebibyte is taken in without the interpreter lock: another thread works meanwhile."""
    payload = held(bytes(2**26))
    # A call that keeps the lock gives it back once, at its end.
    assert turns(lambda: jws.sign(payload, secret(), detached=True)) > 10
