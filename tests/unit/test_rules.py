"""The rules decided once, each by its number, with the exact code of each refusal.

Attacks on the same rules are in `attacks/`; here every rule has its plain case, its boundary and its control.
"""

import subprocess
import sys
import threading

import pytest

import forge
import jwseal
from judge import (
    AUDIENCE,
    ISSUER,
    LAX,
    NOW,
    STRICT,
    TREE,
    claims,
    hs256,
    refusal,
    refused_claim,
    secret,
    signing,
    verdict,
    verifier,
    verifying,
)
from jwseal import (
    UNCHECKED,
    KeySet,
    Policy,
    SecretKey,
    Signer,
    SigningKey,
    VerifiedJWT,
    Verifier,
    VerifyingKey,
    claim,
    errors,
    jws,
)

HS256 = forge.Material("HS256", forge.K32)
ES256 = forge.material("ES256")
STRICT_VERIFIER = Verifier(secret(), STRICT)


def test_error_tree() -> None:
    """Every code belongs to one class at its place in the tree; ClaimError carries `.claim`."""
    for code, (name, bases) in TREE.items():
        cls = getattr(errors, name)
        assert code == cls.code
        assert cls is getattr(jwseal, name)
        for base in (*bases, "JOSEError"):
            assert issubclass(cls, getattr(errors, base))
        assert ("InvalidToken" in bases) == issubclass(cls, errors.InvalidToken)
    assert issubclass(errors.PolicyError, ValueError)
    assert not issubclass(errors.KeySourceUnavailable, errors.InvalidToken)


def test_rule_1_canonical_base64url() -> None:
    """Rule 1: base64url is canonical in all three segments before the header is parsed."""
    header, payload, tag = forge.T0.split(".")
    for token in (f"{header}=.{payload}.{tag}", f"{header}.{payload}=.{tag}", f"{header}.{payload}.{tag}="):
        assert "malformed_token" == refusal(verifier(secret()).verify, token)
    none = forge.b64(b'{"alg":"none"}')
    assert "malformed_token" == refusal(verifier(secret()).verify, f"{none}.e30.A")


def test_rule_2_strict_json() -> None:
    """Rule 2: duplicate members at any depth are malformed, exact integers of 4,300 digits are not."""
    assert "malformed_token" == refusal(verifier(secret()).verify, hs256(b'{"a":{"b":1,"b":1}}'))
    assert 10**4299 == verifier(secret()).verify(hs256({"a": 10**4299}))["a"]
    assert "malformed_token" == refusal(verifier(secret()).verify, hs256(b'{"a":1' + b"0" * 4300 + b"}"))


def test_rule_3_crit() -> None:
    """Rule 3: crit names what must be understood; unregistered names outside it are ignored."""
    token = forge.token({"alg": "HS256", "crit": ["x"], "x": 1}, {}, HS256)
    assert "unsupported_header" == refusal(verifier(secret()).verify, token)
    assert {} == verifier(secret()).verify(forge.token({"alg": "HS256", "x": 1, "b64": True}, {}, HS256)).claims


def test_rule_4_unencoded() -> None:
    """Rule 4: `b64: false` needs crit, is detached in compact form, and never a JWT."""
    header = {"alg": "HS256", "b64": False, "crit": ["b64"]}
    token = forge.detached(header, b"$.02", HS256, encoded=False)
    assert b"$.02" == jws.verify(token, secret(), payload=b"$.02").payload
    assert "malformed_token" == refusal(jws.verify, token, secret())
    assert "unsupported_header" == refusal(verifier(secret()).verify, token)
    assert "malformed_token" == refusal(jws.verify, forge.T0, secret(), payload=b"{}")


def test_rule_5_protected_alg() -> None:
    """Rule 5: alg comes from the protected header; a compact JWS without one is malformed."""
    assert "malformed_token" == refusal(verifier(secret()).verify, forge.token(b"{}", {}, HS256))
    assert "malformed_token" == refusal(verifier(secret()).verify, forge.resign(".e30", HS256))


def test_rule_6_no_key_from_the_token() -> None:
    """Rule 6: a key that came with the token does not verify it."""
    other = forge.material("ES256", "other")
    token = forge.token({"alg": "ES256", "jwk": other.public_jwk()}, {}, other)
    assert "invalid_signature" == refusal(verifier(verifying(ES256)).verify, token)


def test_rule_7_none() -> None:
    """Rule 7: `none` is not an algorithm, of keys or of policies."""
    assert "algorithm_not_allowed" == refusal(verifier(secret()).verify, forge.segments({"alg": "none"}, {}))
    assert "invalid_policy" == refusal(Verifier, secret(), LAX, algorithms=["none"])
    assert "invalid_key" == refusal(SigningKey.generate, "none")
    assert "invalid_key" == refusal(SecretKey.generate, "none")


@pytest.mark.parametrize(
    ("times", "leeway", "expected"),
    [
        ({"exp": NOW + 1}, 0, None),
        ({"exp": NOW}, 0, ("token_expired", "exp")),
        ({"exp": NOW + 0.001}, 0, None),
        ({"exp": NOW - 0.001}, 0, ("token_expired", "exp")),
        ({"exp": NOW - 59}, 60, None),
        ({"exp": NOW - 60}, 60, ("token_expired", "exp")),
        ({"nbf": NOW}, 0, None),
        ({"nbf": NOW + 1}, 0, ("token_not_yet_valid", "nbf")),
        ({"nbf": NOW + 60}, 60, None),
        ({"nbf": NOW + 61}, 60, ("token_not_yet_valid", "nbf")),
        ({"iat": NOW}, 0, None),
        ({"iat": NOW + 1}, 0, ("token_not_yet_valid", "iat")),
        ({"iat": NOW + 60}, 60, None),
        ({"iat": NOW + 61}, 60, ("token_not_yet_valid", "iat")),
        ({"exp": 0}, 600, ("token_expired", "exp")),
        ({"exp": 253402300799}, 0, None),
        ({"exp": 253402300800}, 0, ("invalid_claim", "exp")),
    ],
)
def test_rule_8_times(times: dict, leeway: float, expected: tuple[str, str] | None) -> None:
    """Rule 8: exp passes while now < exp + leeway; nbf and iat while now >= value - leeway."""
    judged = Verifier(secret(), STRICT.replace(leeway=leeway))
    token = hs256(claims(**times))
    if expected is None:
        assert ISSUER == judged.verify(token, now=NOW)["iss"]
    else:
        assert expected == refused_claim(judged.verify, token, now=NOW)


@pytest.mark.parametrize(
    ("limits", "times", "expected"),
    [
        ({"max_age": 100}, {"iat": NOW - 100}, None),
        ({"max_age": 100}, {"iat": NOW - 101}, ("token_too_old", "iat")),
        ({"max_age": 100, "leeway": 5}, {"iat": NOW - 105}, None),
        ({"max_age": 100, "leeway": 5}, {"iat": NOW - 106}, ("token_too_old", "iat")),
        ({"max_age": 100}, {"iat": ...}, ("missing_claim", "iat")),
        ({"max_lifetime": 300}, {"iat": NOW, "exp": NOW + 300}, None),
        ({"max_lifetime": 300}, {"iat": NOW, "exp": NOW + 301}, ("invalid_claim", "exp")),
        ({"max_lifetime": 300}, {"iat": ..., "exp": NOW + 1}, ("missing_claim", "iat")),
        ({"max_lifetime": 300, "expiry": UNCHECKED}, {"iat": NOW, "exp": ...}, ("missing_claim", "exp")),
    ],
)
def test_rule_8_spans(limits: dict, times: dict, expected: tuple[str, str] | None) -> None:
    """Rule 8: an age over max_age is token_too_old, a lifetime over max_lifetime invalid_claim."""
    judged = Verifier(secret(), STRICT.replace(**limits))
    token = hs256(claims(**times))
    if expected is None:
        assert ISSUER == judged.verify(token, now=NOW)["iss"]
    else:
        assert expected == refused_claim(judged.verify, token, now=NOW)


def test_the_message_of_a_lifetime_names_the_bound() -> None:
    """A lifetime over max_lifetime is refused with the number of seconds that the policy permits."""
    judged = Verifier(secret(), STRICT.replace(max_lifetime=300))
    with pytest.raises(errors.InvalidClaim, match="more than 300 seconds, the policy's max_lifetime, after iat"):
        judged.verify(hs256(claims(iat=NOW, exp=NOW + 301)), now=NOW)


def test_rule_9_claims() -> None:
    """Rule 9: iss equals an expected one, aud meets the expected set, all types are judged."""
    policy = Policy(issuer={"a", "b"}, audience={"x", "y"}, subject="s", expiry=UNCHECKED)
    judged = Verifier(secret(), policy)
    assert "b" == judged.verify(hs256({"iss": "b", "aud": ["z", "y"], "sub": "s"}))["iss"]
    for changes, expected in (
        ({"iss": "c"}, ("claim_mismatch", "iss")),
        ({"iss": ...}, ("missing_claim", "iss")),
        ({"iss": ["a"]}, ("invalid_claim", "iss")),
        ({"aud": "z"}, ("claim_mismatch", "aud")),
        ({"aud": ...}, ("missing_claim", "aud")),
        ({"sub": "t"}, ("claim_mismatch", "sub")),
        ({"sub": ...}, ("missing_claim", "sub")),
        ({"sub": 1}, ("invalid_claim", "sub")),
        ({"jti": 1}, ("invalid_claim", "jti")),
    ):
        content = {"iss": "a", "aud": "x", "sub": "s", **changes}
        token = hs256({name: value for name, value in content.items() if value is not ...})
        assert expected == refused_claim(judged.verify, token)


# One fault each, in the order in which they are reported; a token with two of them has the earlier one's code.
FAULTS = [
    ("size", "token_too_large"),
    ("shape", "malformed_token"),
    ("header", "unsupported_header"),
    ("algorithm", "algorithm_not_allowed"),
    ("key", "key_not_found"),
    ("signature", "invalid_signature"),
    ("payload", "malformed_token"),
    ("typ", "wrong_typ"),
    ("exp", "token_expired"),
    ("nbf", "token_not_yet_valid"),
    ("iat", "token_not_yet_valid"),
    ("max_age", "token_too_old"),
    ("max_lifetime", "invalid_claim"),
    ("iss", "claim_mismatch"),
    ("aud", "claim_mismatch"),
    ("sub", "claim_mismatch"),
    ("jti", "invalid_claim"),
    ("required", "missing_claim"),
    ("claims", "claim_mismatch"),
    ("scopes", "insufficient_scope"),
    ("where", "condition_not_met"),
]


def faulty(faults: set[str]) -> tuple[Verifier, str]:
    """A verifier and a token with exactly these faults."""
    header = {"alg": "HS256", "kid": "a"}
    content = claims(
        tenant="one", role="admin", sub="s", jti="j", scope="read", level=3, nbf=NOW, iat=NOW - 50, exp=NOW + 50
    )
    if "header" in faults:
        header["crit"] = ["unknown"]
    if "algorithm" in faults:
        header["alg"] = "HS512"
    if "key" in faults:
        header["kid"] = "b"
    if "typ" in faults:
        header["typ"] = "dpop+jwt"
    content |= {
        name: value
        for name, value in {
            "exp": NOW - 1,
            "nbf": NOW + 9,
            "iss": "evil",
            "aud": "evil",
            "sub": "evil",
            "jti": 5,
            "claims": None,
        }.items()
        if name in faults
    }
    if "max_lifetime" in faults:
        content["exp"] = min(content["exp"], NOW + 50) if "exp" in faults else NOW + 100_000
        content["iat"] = content["exp"] - 100_000 if "exp" in faults else content["iat"]
    if "max_age" in faults:
        content["iat"] = NOW - 10_000
    if "iat" in faults:
        content["iat"] = NOW + 9
    if "required" in faults:
        del content["tenant"]
    if "claims" in faults:
        content["role"] = "user"
    if "scopes" in faults:
        content["scope"] = "write"
    if "where" in faults:
        content["level"] = 2
    payload = b"[" if "payload" in faults else forge.octets(content)
    key = forge.Material(header["alg"], bytes(64) if "signature" in faults else (forge.K32 * 2)[:32])
    token = forge.token(header, payload, key)
    if "shape" in faults:
        token += "="
    policy = Policy(
        issuer=ISSUER,
        audience=AUDIENCE,
        subject="s",
        required=["tenant"],
        claims={"role": "admin"},
        scopes=["read"],
        where=claim("level").at_least(3),
        max_age=1000,
        max_lifetime=20_000,
    )
    limit = 40 if "size" in faults else 16_384
    return Verifier(secret(kid="a"), policy, max_token_size=limit), token


def test_rule_10_control() -> None:
    """Rule 10: the token of the next test, without a fault, is accepted."""
    judged, token = faulty(set())
    assert "one" == judged.verify(token, now=NOW)["tenant"]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_rule_10_single_faults(fault: str, expected: str) -> None:
    """Rule 10: each fault alone has its code."""
    judged, token = faulty({fault})
    assert expected == refusal(judged.verify, token, now=NOW)


@pytest.mark.parametrize("place", range(len(FAULTS) - 1))
def test_rule_10_order(place: int) -> None:
    """Rule 10: of any two faults the earlier is reported; so it is of all later ones together."""
    fault, expected = FAULTS[place]
    later = [name for name, _ in FAULTS[place + 1 :]]
    # One iat cannot be in the future and too old, nor in the future and far before exp.
    clash = {"iat": {"max_age", "max_lifetime"}, "max_age": {"max_lifetime"}}
    for others in [*({name} for name in later), set(later)]:
        judged, token = faulty({fault, *others} - clash.get(fault, set()))
        assert expected == refusal(judged.verify, token, now=NOW)


def test_rule_10_times_before_parties() -> None:
    """Rule 10: a wrong type is reported at its claim's place, not before."""
    token = hs256(claims(iss=[], aud=1, sub={}, exp=NOW - 1, nbf="x"))
    assert ("token_expired", "exp") == refused_claim(STRICT_VERIFIER.verify, token, now=NOW)
    token = hs256(claims(iss=[], aud=1, nbf="x"))
    assert ("invalid_claim", "nbf") == refused_claim(STRICT_VERIFIER.verify, token, now=NOW)


def test_rule_11_signature_lengths() -> None:
    """Rule 11: ECDSA signatures have exactly 64, 96, 132 and 64 octets."""
    for alg, size in (("ES256", 64), ("ES384", 96), ("ES512", 132), ("ES256K", 64)):
        assert size == len(forge.unb64(jws.sign(b"", signing(forge.material(alg))).rpartition(".")[2]))


def test_rule_12_secrets() -> None:
    """Rule 12: HMAC keys have the hash's length; key text is refused."""
    assert "invalid_key" == refusal(SecretKey.from_bytes, bytes(47), alg="HS384")
    assert "invalid_key" == refusal(SecretKey.from_bytes, ES256.public_pem(), alg="HS256")


def test_rule_13_sets() -> None:
    """Rule 13: duplicates count once, different keys of one kty and kid are refused, unusable members are listed."""
    one, two = ES256.public_jwk(kid="a"), forge.material("ES256", "other").public_jwk(kid="a")
    assert 1 == len(KeySet.from_jwks({"keys": [one, one]}))
    assert "invalid_key" == refusal(KeySet.from_jwks, {"keys": [one, two]})
    assert "invalid_key" == refusal(KeySet, [VerifyingKey.from_jwk(one), VerifyingKey.from_jwk(two)])
    rsa = forge.material("RS256").public_jwk(kid="a", alg="RS256")
    assert 2 == len(KeySet.from_jwks({"keys": [one, rsa]}))


def test_rule_15_no_thread_at_import() -> None:
    """Rule 15: importing jwseal starts no thread."""
    script = "import threading, os, jwseal; print(threading.active_count(), len(os.listdir('/proc/self/task')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "1 1" == done.stdout.strip()


def test_rule_16_memo_does_not_keep_time() -> None:
    """Rule 16: the second look at one token is judged by its own now."""
    token = hs256(claims())
    assert ISSUER == STRICT_VERIFIER.verify(token, now=NOW)["iss"]
    assert "token_expired" == refusal(STRICT_VERIFIER.verify, token, now=NOW + 300)
    assert "token_not_yet_valid" == refusal(STRICT_VERIFIER.verify, token, now=NOW - 11)
    assert ISSUER == STRICT_VERIFIER.verify(token, now=NOW)["iss"]


def test_memo_is_keyed_by_the_exact_header() -> None:
    """A header seen before lends nothing to one that differs by an octet."""
    judged = verifier(secret(kid="a"))
    good = {"alg": "HS256", "kid": "a"}
    assert {} == judged.verify(forge.token(good, {}, HS256)).claims
    assert "key_not_found" == refusal(judged.verify, forge.token({**good, "kid": "b"}, {}, HS256))
    assert "unsupported_header" == refusal(judged.verify, forge.token({**good, "crit": ["x"], "x": 1}, {}, HS256))
    assert "invalid_signature" == refusal(judged.verify, forge.token(good, {}, forge.Material("HS256", bytes(32))))
    assert {} == judged.verify(forge.token(good, {}, HS256)).claims


@pytest.mark.parametrize(
    "given", [bytearray(forge.T0.encode()), memoryview(forge.T0.encode()), None, 5, [forge.T0], object()]
)
def test_token_types(given: object) -> None:
    """Tokens are str or bytes; all else is a TypeError."""
    for call in (
        verifier(secret()).verify,
        lambda token: jws.verify(token, secret()),
        lambda token: verifier(secret()).verify_many([token]),
        jws.parse,
    ):
        with pytest.raises(TypeError):
            call(given)


def test_token_str_and_bytes() -> None:
    """str and bytes give the same answer, and so do subclasses of str."""

    class Text(str):
        """A str of an application's own."""

        __slots__ = ()

    for given in (forge.T0, forge.T0.encode(), Text(forge.T0)):
        assert {} == verifier(secret()).verify(given).claims


@pytest.mark.parametrize(
    "text", [f" {forge.T0}", f"{forge.T0} ", f"{forge.T0}\n", f"Bearer {forge.T0}", "", ".", "..", "..."]
)
def test_token_text(text: str) -> None:
    """Surrounding space, a scheme and missing parts are malformed, never trimmed."""
    assert "malformed_token" == refusal(verifier(secret()).verify, text)


def test_claims_belong_to_the_caller() -> None:
    """`.claims` is built once per result and the caller's to change; lookups read the parse, never that dict."""
    token = hs256(claims(scope="read write"))
    first, second = STRICT_VERIFIER.verify(token, now=NOW), STRICT_VERIFIER.verify(token, now=NOW)
    assert first is not second
    assert first.claims is first.claims
    first.claims["sub"] = "root"
    first.claims["scope"] = "admin"
    del first.claims["iss"]
    assert "248289761001" == first["sub"] == first.get("sub")
    assert ISSUER == first["iss"]
    assert frozenset({"read", "write"}) == first.scopes
    assert claims(scope="read write") == second.claims


def test_lookup() -> None:
    """`token[name]` raises a plain KeyError; `.get` has a default; a null claim is there."""
    verified = verifier(secret()).verify(hs256({"a": None, "b": [1, {"c": True}], "": "empty"}))
    with pytest.raises(KeyError) as caught:
        verified["missing"]
    assert not isinstance(caught.value, errors.JOSEError)
    assert None is verified["a"]
    assert None is verified.get("a", 1)
    assert 1 == verified.get("missing", 1)
    assert None is verified.get("missing")
    assert [1, {"c": True}] == verified["b"]
    assert "empty" == verified[""]
    assert ("a" in verified, "missing" in verified) == (True, False)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"scope": "a b  c"}, {"a", "b", "c"}),
        ({"scope": ""}, set()),
        ({}, set()),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b c"]}, {"a", "b c"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
        ({"scope": 5}, set()),
        ({"scope": None}, set()),
    ],
)
def test_scopes(content: dict, expected: set) -> None:
    """`.scopes` is a frozenset from `scope`, or from `scp`."""
    assert frozenset(expected) == verifier(secret()).verify(hs256(content)).scopes


def test_verified_jwt_facts() -> None:
    """Header, alg, kid, key, payload and expires_at of a result."""
    key = secret(kid="a")
    header = {"alg": "HS256", "kid": "a", "typ": "JWT", "x": [1]}
    verified = Verifier(key, STRICT).verify(hs256(claims(), header), now=NOW)
    assert header == verified.header
    assert ("HS256", "a") == (verified.alg, verified.kid)
    assert key is verified.key
    assert forge.octets(claims()) == verified.payload
    assert NOW + 300 == verified.expires_at
    assert None is verifier(secret()).verify(forge.T0).expires_at


def test_verified_jwt_cannot_be_made() -> None:
    """Callers cannot construct, subclass, change or pickle a VerifiedJWT."""
    import pickle

    verified = verifier(secret()).verify(forge.T0)
    for attempt in (
        VerifiedJWT,
        lambda: VerifiedJWT(claims={}),
        lambda: VerifiedJWT.__new__(VerifiedJWT),
        lambda: object.__new__(VerifiedJWT),
        lambda: type("Forged", (VerifiedJWT,), {}),
        lambda: pickle.dumps(verified),
    ):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(AttributeError):
        verified.claims = {}
    with pytest.raises(TypeError):
        verified["sub"] = "root"


def test_objects_are_immutable() -> None:
    """No attribute of a key, set, verifier, signer or policy can be set."""
    for value in (
        secret(),
        verifying(ES256),
        signing(ES256),
        KeySet([secret()]),
        STRICT_VERIFIER,
        Signer(secret()),
        STRICT,
    ):
        for name in ("alg", "kid", "keys", "issuer", "something"):
            with pytest.raises((AttributeError, TypeError)):
                setattr(value, name, "x")


@pytest.mark.parametrize("cls", [SigningKey, VerifyingKey, SecretKey, KeySet, Signer, VerifiedJWT])
def test_classes_are_final(cls: type) -> None:
    """The native classes are not a base of anything."""
    with pytest.raises(TypeError):
        type("Derived", (cls,), {})


@pytest.mark.parametrize("cls", [SigningKey, VerifyingKey, SecretKey])
def test_keys_have_no_constructor(cls: type) -> None:
    """A key is made by one of its named constructors."""
    with pytest.raises(TypeError):
        cls()
    with pytest.raises(TypeError):
        cls(b"x" * 64)


def test_result_outlives_its_verifier() -> None:
    """A result keeps what it needs."""
    verified = Verifier(secret(kid="a"), LAX).verify(hs256({"a": [1]}, {"alg": "HS256", "kid": "a"}))
    assert ([1], "a") == (verified["a"], verified.key.kid)


def test_answers_do_not_depend_on_the_thread() -> None:
    """Rule 15: a verifier serves threads that never made it."""
    seen = []
    thread = threading.Thread(target=lambda: seen.append(verdict(STRICT_VERIFIER.verify, hs256(claims()), now=NOW)))
    thread.start()
    thread.join()
    assert ["accepted"] == seen
