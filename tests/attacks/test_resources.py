"""Attacks: work and memory out of proportion to the request (CVE-2025-27144, CVE-2025-61920, CVE-2025-65015).

Attacks of this family without a test here: refreshing a JWK Set under fire (CVE-2026-48524, CVE-2025-64527), which belongs
to remote key sources; JWE's iteration counts and inflation, which do not exist here; flaws of dependencies, which the
advisory check of the build refuses.
"""

import sys
import threading
import time

import pytest

import forge
from judge import LAX, hs256, refusal, secret, verdict, verifier, verifying
from jwseal import KeySet, Verifier, VerifyingKey, errors, insecure, jws
from meter import kept, needs_meter, peak

HUGE = 2**26
WIDE = Verifier(secret(), LAX, max_token_size=HUGE)


@needs_meter
def test_eight_mebibytes_of_dots() -> None:
    """Dots are counted to two, not split at (CVE-2025-27144, CVE-2025-30204)."""
    dots = "." * 2**23
    assert "token_too_large" == refusal(verifier(secret()).verify, dots)
    assert peak(lambda: refusal(WIDE.verify, dots)) < 2**21
    assert "malformed_token" == refusal(WIDE.verify, dots)
    assert "malformed_token" == refusal(jws.verify, dots, secret(), max_size=HUGE)


def test_token_size_is_exact() -> None:
    """A token of exactly the limit passes, one octet more does not."""
    token = hs256({"a": "x" * 100})
    assert "accepted" == verdict(verifier(secret(), max_token_size=len(token)).verify, token)
    assert "token_too_large" == refusal(verifier(secret(), max_token_size=len(token) - 1).verify, token)
    assert "token_too_large" == refusal(jws.verify, token, secret(), max_size=len(token) - 1)
    assert "accepted" == verdict(jws.verify, token, secret(), max_size=len(token))


def test_default_token_size() -> None:
    """The default limit is 16,384 octets."""
    # The payload's base64url text grows in steps of one, one and two characters.
    sizes = {len(token): token for token in (hs256({"a": "x" * length}) for length in range(12_180, 12_280))}
    assert "accepted" == verdict(verifier(secret()).verify, sizes[16_384])
    too_large = min(size for size in sizes if size > 16_384)
    assert "token_too_large" == refusal(verifier(secret()).verify, sizes[too_large])


def test_header_size_is_exact() -> None:
    """A header of 4,096 octets passes, one more does not, however small the token."""
    frame = len('{"alg":"HS256","x":""}')
    fits = hs256({}, {"alg": "HS256", "x": "a" * (4096 - frame)})
    assert {} == verifier(secret()).verify(fits).claims
    too_large = hs256({}, {"alg": "HS256", "x": "a" * (4097 - frame)})
    assert "token_too_large" == refusal(verifier(secret()).verify, too_large)
    assert "token_too_large" == refusal(WIDE.verify, too_large)


@pytest.mark.parametrize("given", ["A" * 10 * 2**20, "." * 10 * 2**20, b"\xff" * 10 * 2**20])
def test_errors_stay_small(given: str | bytes) -> None:
    """An error about ten mebibytes says so in a line and keeps none of them (CVE-2025-65015)."""
    for keys in (verifier(secret()), WIDE):
        with pytest.raises(errors.MalformedToken) as caught:
            keys.verify(given)
        assert len(str(caught.value)) < 300
        assert len(repr(caught.value)) < 400
        assert sum(sys.getsizeof(part) for part in caught.value.args) < 2000


def nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    """A JSON text this deep, the outermost object being level 1."""
    inner = opening * (depth - 1) + closing * (depth - 1)
    return b'{"a":' + (inner or b"1") + b"}"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_payload_depth(opening: bytes, closing: bytes) -> None:
    """A payload may be 32 deep, not 33."""
    if opening != b"[":
        closing = b"}"

    def payload(depth: int) -> bytes:
        return nested(opening, closing, depth).replace(b":}", b":1}")

    assert "accepted" == verdict(verifier(secret()).verify, hs256(payload(32)))
    assert "malformed_token" == refusal(verifier(secret()).verify, hs256(payload(33)))


def test_header_depth() -> None:
    """A header may be 8 deep, not 9."""

    def header(depth: int) -> bytes:
        return b'{"alg":"HS256","x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert "accepted" == verdict(verifier(secret()).verify, hs256({}, header(8)))
    assert "malformed_token" == refusal(verifier(secret()).verify, hs256({}, header(9)))


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
def test_deep_nesting_on_a_small_stack(text: bytes) -> None:
    """A hundred thousand brackets are refused, on a thread with half a mebibyte of stack (CVE-2025-53864)."""
    verdicts = []

    def ask() -> None:
        verdicts.append(refusal(WIDE.verify, hs256(text)))
        verdicts.append(refusal(WIDE.verify, hs256({}, text)))
        verdicts.append(refusal(KeySet.from_jwks, text))
        verdicts.append(refusal(VerifyingKey.from_jwk, text))

    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert ["malformed_token", "token_too_large", "invalid_key", "invalid_key"] == verdicts


def test_members() -> None:
    """An object may have 1,024 members, not 1,025."""

    def payload(count: int) -> dict:
        return {f"m{place}": place for place in range(count)}

    assert 1024 == len(WIDE.verify(hs256(payload(1024))).claims)
    assert "malformed_token" == refusal(WIDE.verify, hs256(payload(1025)))
    assert "malformed_token" == refusal(WIDE.verify, hs256({"a": payload(1025)}))
    assert "malformed_token" == refusal(WIDE.verify, hs256(payload(10_000)))


def test_members_of_one_hash_bucket() -> None:
    """Ten thousand names made to collide cost no more than others."""
    text = b"{" + b",".join(b'"%s":1' % (b"\\u0000" * place) for place in range(1, 900)) + b"}"
    start = time.thread_time()
    assert "accepted" == verdict(WIDE.verify, hs256(text))
    assert time.thread_time() - start < 5


@pytest.mark.parametrize("sign", ["", "-"])
def test_integer_digits(sign: str) -> None:
    """An integer may have 4,300 digits, not 4,301, and a mebibyte of them costs nothing."""
    fits = WIDE.verify(hs256(f'{{"a":{sign}{"9" * 4300}}}'))
    assert abs(fits["a"]) == 10**4300 - 1
    assert "malformed_token" == refusal(WIDE.verify, hs256(f'{{"a":{sign}{"9" * 4301}}}'))
    start = time.thread_time()
    assert "malformed_token" == refusal(WIDE.verify, hs256(f'{{"a":{sign}{"9" * 2**20}}}'))
    assert time.thread_time() - start < 5


def test_long_fraction() -> None:
    """A number of a hundred thousand decimals is a float or refused, in no time."""
    start = time.thread_time()
    assert verdict(WIDE.verify, hs256('{"a":0.' + "1" * 100_000 + "}")) in ("accepted", "malformed_token")
    assert time.thread_time() - start < 5


def test_many_candidates() -> None:
    """Of 64 keys without kid none is tried: at most 4 candidates."""
    keys = [VerifyingKey.from_jwk(forge.material("ES256", str(place)).public_jwk()) for place in range(64)]
    token = forge.token({"alg": "ES256"}, {}, forge.material("ES256", "0"))
    assert "key_not_found" == refusal(verifier(KeySet(keys)).verify, token)
    assert {} == verifier(KeySet(keys[:4])).verify(token).claims
    assert "key_not_found" == refusal(verifier(KeySet(keys[:5])).verify, token)


def test_kid_narrows_candidates() -> None:
    """With kids, one key of many is found and tried."""
    keys = [
        VerifyingKey.from_jwk(forge.material("ES256", str(place)).public_jwk(), kid=str(place)) for place in range(64)
    ]
    token = forge.token({"alg": "ES256", "kid": "63"}, {}, forge.material("ES256", "63"))
    assert "63" == verifier(KeySet(keys)).verify(token).key.kid


def test_bad_member_does_not_spoil_a_set() -> None:
    """One malformed member of a JWK Set is skipped, listed, and costs no other (GHSA-w6j9-cwv2-h6wq)."""
    good = forge.material("ES256").public_jwk(kid="good")
    keys = KeySet.from_jwks(
        {
            "keys": [
                5,
                {},
                None,
                "x",
                [],
                good,
                {"kty": "XYZ", "kid": "unknown"},
                {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "base64"},
                {"kty": "RSA", "n": "AQ", "e": "AQAB", "alg": "RS256"},
                {**good, "kid": "enc", "use": "enc"},
            ],
            "unknown": {"any": 1},
        }
    )
    assert 1 == len(keys)
    assert [0, 1, 2, 3, 4, 6, 7, 8, 9] == [place for place, *_ in keys.skipped]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "5", "null", "{}", '{"keys":{}}', '{"keys":null}', '{"keys":[]}', '{"keys":[5]}', "{", "\ufeff{}"],
)
def test_no_jwk_set(text: str) -> None:
    """Anything but a JWK Set with a usable key is refused."""
    assert "invalid_key" == refusal(KeySet.from_jwks, text)
    assert "invalid_key" == refusal(KeySet.from_jwks, text.encode())


def test_zip_is_not_inflated() -> None:
    """There is no compression in a JWS: `zip` changes nothing."""
    bomb = b"x\x9c" + bytes(1000)
    assert bomb == jws.verify(hs256(bomb, {"alg": "HS256", "zip": "DEF"}), secret()).payload


def test_large_rsa_key_is_refused_quickly() -> None:
    """An RSA key of 16,384 bits is refused by its size, not after arithmetic."""
    jwk = {"kty": "RSA", "n": forge.b64(b"\xff" * 2048), "e": "AQAB", "alg": "RS256"}
    start = time.thread_time()
    assert "invalid_key" == refusal(VerifyingKey.from_jwk, jwk)
    assert time.thread_time() - start < 0.1


def test_unverified_doors_are_bounded() -> None:
    """The insecure readers keep the same limits."""
    assert "malformed_token" == refusal(insecure.read_unverified, hs256(b"[" * 10_000))
    assert "token_too_large" == refusal(insecure.header_unverified, hs256({}, {"alg": "HS256", "x": "a" * 5000}))


LOOPS = {
    "verify": lambda: WIDE.verify(forge.T0),
    "claims": lambda: WIDE.verify(forge.T0).claims,
    "header": lambda: WIDE.verify(forge.T0).header,
    "forged": lambda: verdict(WIDE.verify, forge.T0[:-3] + "AAA"),
    "malformed": lambda: verdict(WIDE.verify, "x.y"),
    "batch": lambda: WIDE.verify_many([forge.T0, "x"]),
    "sign": lambda: jws.sign(b"x", secret()),
    "bad key": lambda: verdict(VerifyingKey.from_jwk, {"kty": "EC"}),
}


@needs_meter
@pytest.mark.parametrize("name", LOOPS)
def test_nothing_is_kept(name: str) -> None:
    """Twenty thousand calls leave no memory behind, refused ones among them."""
    for _ in range(2000):
        LOOPS[name]()

    def loop() -> None:
        for _ in range(20_000):
            LOOPS[name]()

    assert kept(loop) < 2**20


@needs_meter
def test_memo_does_not_grow_with_refused_tokens() -> None:
    """A hundred thousand headers that never verified are not remembered."""
    keys = verifier(verifying(forge.material("HS256")))
    tokens = [forge.segments({"alg": "HS256", "kid": f"{place:x}" * 40}, {}, bytes(32)) for place in range(2000)]
    for token in tokens:
        verdict(keys.verify, token)

    def flood() -> None:
        for _ in range(20):
            for token in tokens:
                verdict(keys.verify, token)

    assert kept(flood) < 2**21
