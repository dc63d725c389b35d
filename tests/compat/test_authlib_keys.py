"""Key arguments and key classes of `jwseal.compat.authlib` beside Authlib's.

Each row is run against both; value or exception class must be the same.
"""

import contextlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from authlib_pair import (
    ASYMMETRIC,
    CURVES,
    RSA,
    SECRET,
    SYMMETRIC,
    Call,
    agree,
    certificate,
    layer,
    private_jwk,
    private_key,
    private_pem,
    public_der,
    public_jwk,
    public_pem,
    public_ssh,
    real,
)
from jwseal import SecretKey, SigningKey, VerifyingKey
from jwseal.compat.authlib import key_pair
from jwseal.compat.remembered_keys import forget, remembered

HS = {"alg": "HS256"}
KINDS = {
    **dict.fromkeys(RSA, "RSAKey"),
    **dict.fromkeys(CURVES, "ECKey"),
    "EdDSA": "OKPKey",
    "Ed448": "OKPKey",
    "X25519": "OKPKey",
}
SSH = [alg for alg in ASYMMETRIC if alg != "ES256K"]


def signed(alg: str, lib: Any = None) -> bytes:
    """A token under the run's key for this algorithm, signed by Authlib where it is there."""
    return (lib or real or layer).JsonWebSignature().serialize_compact({"alg": alg}, b"hello", private_pem(alg))


def verify(token: bytes, key: Any) -> Call:
    """Verifying a token with a key argument."""
    return lambda lib: lib.JsonWebSignature().deserialize_compact(token, key(lib) if callable(key) else key)


def sign(alg: str, key: Any) -> Call:
    """Signing with a key argument; what comes out differs, whether it does must not."""
    return lambda lib: bool(
        lib.JsonWebSignature().serialize_compact({"alg": alg}, b"hello", key(lib) if callable(key) else key)
    )


def accepted(call: Call) -> bool:
    """Both libraries agree, and there is a result."""
    return agree(call)[0] == "value"


# What verifies and what signs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_every_form_of_a_public_key_verifies(alg: str) -> None:
    """PEM, JWK, objects, Key instances and loaders all verify."""
    token = signed(alg)
    key = private_key(alg).public_key()
    for material in (public_pem(alg), public_pem(alg).decode(), public_jwk(alg), key):
        assert accepted(verify(token, material))
    assert accepted(
        lambda lib: lib.JsonWebSignature().deserialize_compact(
            token, getattr(lib, KINDS[alg]).import_key(public_pem(alg))
        )
    )
    assert accepted(
        lambda lib: lib.JsonWebSignature().deserialize_compact(
            token, getattr(lib, KINDS[alg]).import_key(public_jwk(alg))
        )
    )
    assert accepted(lambda lib: lib.JsonWebSignature().deserialize_compact(token, lambda _h, _p: public_pem(alg)))


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_every_form_of_a_private_key_signs_and_verifies(alg: str) -> None:
    """Every form of a private key signs, and verifies as in Authlib."""
    token = signed(alg)
    for material in (private_pem(alg), private_pem(alg).decode(), private_jwk(alg), private_key(alg)):
        assert accepted(verify(token, material))
        assert accepted(sign(alg, material))
        assert accepted(
            verify(layer.JsonWebSignature().serialize_compact({"alg": alg}, b"hello", material), public_pem(alg))
        )
    assert accepted(
        lambda lib: bool(
            lib.JsonWebSignature().serialize_compact(
                {"alg": alg}, b"", getattr(lib, KINDS[alg]).import_key(private_pem(alg))
            )
        )
    )


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "EdDSA"])
def test_certificates_verify(alg: str) -> None:
    """A certificate in PEM verifies."""
    assert accepted(verify(signed(alg), certificate(alg)))
    assert accepted(verify(signed(alg), certificate(alg).decode()))


@pytest.mark.parametrize("alg", SSH)
def test_ssh_public_keys_verify(alg: str) -> None:
    """An SSH public key line verifies."""
    assert accepted(verify(signed(alg), public_ssh(alg)))
    assert accepted(verify(signed(alg), public_ssh(alg).decode()))


@pytest.mark.parametrize("alg", SYMMETRIC)
@pytest.mark.parametrize("secret", [SECRET, SECRET.decode(), 12345, "k", b"secret", "\u00e9"])
def test_secrets_of_every_type_and_length(alg: str, secret: Any) -> None:
    """Text, bytes and numbers are secrets, short ones too."""
    assert accepted(lambda lib: lib.JsonWebSignature().serialize_compact({"alg": alg}, b"hello", secret))
    token = layer.JsonWebSignature().serialize_compact({"alg": alg}, b"hello", SECRET)
    agree(verify(token, secret))
    assert accepted(
        verify(
            token,
            {
                "kty": "oct",
                "k": "YSBzZWNyZXQgb2YgbW9yZSB0aGFuIHNpeHR5LWZvdXIgb2N0ZXRzLCB3aGljaCBpcyBlbm91Z2ggZm9yIGV2ZXJ5IEhNQUMgdGhlcmUgaXM",
            },
        )
    )
    assert accepted(verify(token, lambda lib: lib.OctKey.import_key(SECRET)))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "ES512"])
def test_the_other_librarys_tokens_verify(alg: str) -> None:
    """Each library verifies what the other signs."""
    for lib in filter(None, (real, layer)):
        assert accepted(verify(signed(alg, lib), public_pem(alg)))


# What is refused -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("material", [b"", "", None, {}, {"kty": "oct"}], ids=repr)
@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256", "EdDSA"])
def test_nothing_is_no_key(alg: str, material: Any) -> None:
    """Empty material, None and an empty JWK are refused."""
    token = b"%s.YQ.YQ" % {
        "HS256": b"eyJhbGciOiJIUzI1NiJ9",
        "RS256": b"eyJhbGciOiJSUzI1NiJ9",
        "ES256": b"eyJhbGciOiJFUzI1NiJ9",
    }.get(alg, b"eyJhbGciOiJFZERTQSJ9")
    agree(verify(token, material))
    agree(sign(alg, material))


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_der_junk_and_jwk_text_are_no_keys(alg: str) -> None:
    """DER, junk and JWK text are no raw key arguments."""
    for material in (public_der(alg), b"junk", "junk", json.dumps(public_jwk(alg)), 5, [], ["x"]):
        agree(verify(signed(alg), material))
        agree(sign(alg, material))


@pytest.mark.parametrize(
    ("alg", "other"),
    [("RS256", "ES256"), ("ES256", "RS256"), ("ES256", "EdDSA"), ("EdDSA", "ES256"), ("PS256", "EdDSA")],
)
def test_a_key_of_another_type_is_refused(alg: str, other: str) -> None:
    """A key of another type neither verifies nor signs."""
    for material in (public_pem(other), private_pem(other), private_key(other)):
        agree(verify(signed(alg), material))
        agree(sign(alg, material))


@pytest.mark.parametrize("alg", CURVES)
@pytest.mark.parametrize("other", CURVES)
def test_a_key_on_another_curve_is_refused(alg: str, other: str) -> None:
    """A key on another curve is refused with Authlib's sentence."""
    for material in (public_pem(other), public_jwk(other)):
        agree(verify(signed(alg), material))
    error = agree(sign(alg, private_jwk(other)))
    if alg != other:
        assert f'Key for "{alg}" not supported, only' in str(error[1])


def test_public_keys_do_not_sign() -> None:
    """A public key is refused for signing with Authlib's sentence."""
    for alg in ("RS256", "ES256", "EdDSA"):
        for material in (public_pem(alg), public_jwk(alg), private_key(alg).public_key()):
            error = agree(sign(alg, material))[1]
            assert 'Invalid key_op "sign" for public key' in str(error)


@pytest.mark.parametrize("member", ["n", "e", "crv", "x", "y", "k"])
@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_jwk_without_a_required_member_is_refused(alg: str, member: str) -> None:
    """The message names the member that is missing."""
    jwk = public_jwk(alg)
    if jwk.pop(member, None):
        error = agree(verify(signed(alg), jwk))[1]
        assert f'Missing required field: "{member}"' in str(error)


@pytest.mark.parametrize(
    "parameters",
    [
        {"key_ops": ["verify"]},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"use": "sig"},
        {"use": "enc"},
        {"use": "x"},
        {"alg": "PS512"},
        {"alg": "x"},
        {"kid": 5},
        {"kty": "EC"},
    ],
)
def test_parameters_of_a_jwk_are_judged_as_in_authlib(parameters: dict[str, Any]) -> None:
    """`use` and `key_ops` count; `alg` and `kty` are never compared."""
    jwk = {**private_jwk("RS256"), **parameters}
    agree(verify(signed("RS256"), jwk))
    agree(sign("RS256", jwk))
    agree(
        lambda lib: bool(
            lib.JsonWebSignature().serialize_compact(HS, b"x", {"kty": "oct", "k": "c2VjcmV0", **parameters})
        )
    )


def test_encrypted_pem_has_no_way_in_as_a_raw_key() -> None:
    """An encrypted PEM needs `import_key` with its password."""
    locked = private_pem("RS256", b"pw")
    agree(sign("RS256", locked))
    agree(verify(signed("RS256"), locked))
    assert accepted(verify(signed("RS256"), lambda lib: lib.RSAKey.import_key(locked, {"password": b"pw"})))
    agree(lambda lib: lib.RSAKey.import_key(locked, {"password": b"no"}))


def test_a_key_object_of_another_type_is_refused() -> None:
    """A Key instance of another class is refused."""
    agree(verify(signed("RS256"), lambda lib: lib.OctKey.import_key(SECRET)))
    agree(sign("HS256", lambda lib: lib.RSAKey.import_key(private_pem("RS256"))))
    agree(sign("ES256", lambda lib: lib.RSAKey.import_key(private_pem("RS256"))))


@pytest.mark.parametrize("name", ["RS256", "ES256", "EdDSA"])
def test_key_text_with_its_markers_is_no_secret(name: str) -> None:
    """PEM, SSH and certificate text is refused as a secret, as in Authlib."""
    for text in (
        public_pem(name),
        private_pem(name),
        public_ssh(name),
        b"comment\n" + public_pem(name),
        certificate(name),
    ):
        agree(sign("HS256", text))
        agree(sign("HS512", text.decode()))


def test_montgomery_keys_do_not_sign() -> None:
    """X25519 keys are refused for EdDSA."""
    agree(sign("EdDSA", private_pem("X25519")))
    agree(verify(signed("EdDSA"), public_pem("X25519")))


def test_ed448_verifies() -> None:
    """Ed448 keys verify EdDSA tokens."""
    token = layer.JsonWebSignature().serialize_compact({"alg": "EdDSA"}, b"hello", private_pem("Ed448"))
    assert accepted(verify(token, public_pem("Ed448")))
    assert accepted(verify(token, public_jwk("Ed448")))


def test_an_rsa_jwk_without_its_factors_signs() -> None:
    """The prime factors are computed from d, without changing the caller's dict."""
    jwk = {name: value for name, value in private_jwk("RS256").items() if name in {"kty", "n", "e", "d"}}
    assert accepted(sign("RS256", lambda _lib: dict(jwk)))
    agree(lambda lib: sorted(lib.RSAKey.import_key(dict(jwk)).as_dict(is_private=True)))
    agree(sign("RS256", {**jwk, "p": "AQ"}))
    layer.RSAKey.import_key(jwk)
    assert set(jwk) == {"kty", "n", "e", "d"}


# The classes -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RS256", "ES256", "ES512", "ES256K", "EdDSA", "Ed448", "X25519"])
def test_exports_are_authlibs(name: str) -> None:
    """Members, thumbprints, PEM and DER of a key are Authlib's."""
    kind = KINDS[name]
    for material in (private_pem(name), public_pem(name), private_jwk(name), public_jwk(name), private_key(name)):

        def key(lib: Any, m: Any = material) -> Any:
            return getattr(lib, kind).import_key(m, {"kid": "x"} if isinstance(m, bytes) else None)

        agree(lambda lib, k=key: k(lib).as_dict())
        agree(lambda lib, k=key: k(lib).as_dict(is_private=True))
        agree(lambda lib, k=key: k(lib).as_dict(use="sig"))
        agree(lambda lib, k=key: sorted(json.loads(k(lib).as_json())))
        agree(lambda lib, k=key: k(lib).thumbprint())
        agree(lambda lib, k=key: [k(lib).kid, k(lib).public_only, k(lib)["kty"], k(lib).kty])
        agree(lambda lib, k=key: dict(k(lib)))
        agree(lambda lib, k=key: k(lib).tokens)
        agree(lambda lib, k=key: [k(lib).as_pem(), k(lib).as_der(), k(lib).as_bytes("PEM"), k(lib).as_bytes("DER")])
        agree(lambda lib, k=key: k(lib).as_pem(is_private=True))
        agree(lambda lib, k=key: k(lib).as_der(is_private=True))
        agree(lambda lib, k=key: k(lib).as_bytes("JWK"))
        agree(lambda lib, k=key: b"ENCRYPTED" in k(lib).as_pem(is_private=True, password="pw"))
        agree(lambda lib, k=key: type(k(lib).get_op_key("verify")).__name__)
        agree(lambda lib, k=key: type(k(lib).get_op_key("sign")).__name__)
        agree(lambda lib, k=key: type(k(lib).as_key()).__name__)
        agree(lambda lib, k=key: type(k(lib).get_private_key()).__name__)


def test_the_text_of_a_json_export_is_authlibs() -> None:
    """`as_json` writes the same text."""
    agree(lambda lib: lib.RSAKey.import_key(public_pem("RS256")).as_json())
    agree(lambda lib: lib.KeySet([lib.OKPKey.import_key(public_pem("EdDSA"))]).as_json())


@pytest.mark.parametrize("alg", CURVES)
def test_an_ec_key_tells_its_size(alg: str) -> None:
    """`curve_key_size` is the size of the curve in bits."""
    agree(lambda lib: lib.ECKey.import_key(public_pem(alg)).curve_key_size)


def test_secrets_as_keys() -> None:
    """OctKey reads, exports and judges operations as Authlib's does."""
    agree(lambda lib: lib.OctKey.import_key("secret", {"kid": "a", "use": "sig"}).as_dict())
    agree(lambda lib: lib.OctKey.import_key({"kty": "oct", "k": "c2VjcmV0"}).as_dict())
    agree(lambda lib: lib.OctKey.import_key({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}).tokens)
    agree(lambda lib: lib.OctKey.import_key(b"secret").get_op_key("sign"))
    agree(lambda lib: lib.OctKey.import_key("secret", {"key_ops": ["verify"]}).get_op_key("sign"))
    agree(lambda lib: lib.OctKey.import_key(lib.OctKey.import_key("secret"), {"use": "sig"})["use"])
    agree(
        lambda lib: [
            lib.OctKey.validate_raw_key(b"x"),
            lib.RSAKey.validate_raw_key(b"x"),
            lib.RSAKey.validate_raw_key(private_key("RS256")),
        ]
    )
    agree(lambda lib: lib.OctKey.import_key({}))


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.RSAKey.generate_key(256),
        lambda lib: lib.RSAKey.generate_key(2001),
        lambda lib: lib.RSAKey.generate_key(key_size=2048, is_private=True).public_only,
        lambda lib: lib.RSAKey.generate_key().public_only,
        lambda lib: lib.ECKey.generate_key("nope"),
        lambda lib: lib.ECKey.generate_key(crv="P-384", options={"kid": "x"}).kid,
        lambda lib: lib.OKPKey.generate_key("nope"),
        lambda lib: lib.OKPKey.generate_key("Ed448", is_private=True)["crv"],
        lambda lib: lib.OctKey.generate_key(251),
        lambda lib: lib.OctKey.generate_key(key_size=512).public_only,
        lambda lib: lib.OctKey.generate_key(is_private=False),
        lambda lib: lib.JsonWebKey.generate_key("oct", 256, is_private=True)["kty"],
        lambda lib: lib.JsonWebKey.generate_key(kty="EC", crv_or_size="P-256")["crv"],
        lambda lib: lib.JsonWebKey.generate_key("OKP", "X25519", {"kid": "x"}, True).kid,
        lambda lib: lib.JsonWebKey.generate_key("nope", 1),
    ],
)
def test_generating_keys(call: Call) -> None:
    """Generated keys have Authlib's defaults and refusals."""
    agree(call)


@pytest.mark.parametrize(
    "raw",
    [
        public_pem("RS256"),
        private_pem("ES256"),
        certificate("EdDSA"),
        public_jwk("ES384"),
        private_jwk("EdDSA"),
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "nope"},
        {},
        b"secret",
        "secret",
        public_ssh("RS256"),
    ],
    ids=[
        "public PEM",
        "private PEM",
        "certificate",
        "JWK",
        "private JWK",
        "secret JWK",
        "unknown",
        "empty",
        "bytes",
        "str",
        "SSH",
    ],
)
def test_json_web_key_finds_the_type(raw: Any) -> None:
    """JsonWebKey chooses the class by kty or by the text."""
    agree(lambda lib: type(lib.JsonWebKey.import_key(raw)).__name__)
    agree(lambda lib: lib.JsonWebKey.import_key(raw, {"kty": "RSA"}).as_dict())
    agree(lambda lib: lib.JsonWebKey.import_key(raw, {"kid": "x"}).kid)
    if isinstance(raw, (bytes, str)):
        agree(lambda lib: type(lib.JsonWebKey.import_key(raw, {"kty": "oct"})).__name__)


@pytest.mark.parametrize(
    "form",
    [dict, json.dumps, lambda jwks: jwks["keys"], lambda jwks: tuple(jwks["keys"])],
    ids=["dict", "str", "list", "tuple"],
)
def test_key_sets_are_read_from_every_form(form: Any) -> None:
    """A JWK Set is read from a dict, text, a list and a tuple."""
    jwks = {"keys": [{**public_jwk("RS256"), "kid": "a"}, {**public_jwk("ES256"), "kid": "b"}]}
    agree(lambda lib: lib.JsonWebKey.import_key_set(form(jwks)).as_dict())
    for kid in ("a", "b", "c", None):
        agree(lambda lib, k=kid: lib.JsonWebKey.import_key_set(form(jwks)).find_by_kid(k).as_dict())


@pytest.mark.parametrize("raw", ["invalid", "{}", {}, None, 5, "{broken}"])
def test_what_is_no_key_set_is_refused(raw: Any) -> None:
    """What is no JWK Set is Authlib's ValueError."""
    agree(lambda lib: lib.JsonWebKey.import_key_set(raw))


@pytest.mark.parametrize(
    "params",
    [{}, {"use": "sig"}, {"use": "enc"}, {"alg": "HS256"}, {"alg": "x"}, {"use": "sig", "alg": "HS256"}, {"other": 1}],
)
@pytest.mark.parametrize("kid", ["abc", "x", None])
def test_find_by_kid(kid: str | None, params: dict[str, Any]) -> None:
    """`find_by_kid` honours kid, `use` and `alg` as Authlib does."""
    options = [{"kid": "abc", "use": "sig"}, {"kid": "abc", "use": "enc"}, {"kid": "abc", "alg": "HS256"}, {}]

    def found(lib: Any) -> int:
        keys = [lib.OctKey.import_key("secret", dict(option)) for option in options]
        return keys.index(lib.KeySet(keys).find_by_kid(kid, **params))

    agree(found)
    agree(lambda lib: lib.KeySet([lib.OctKey.import_key("secret")]).find_by_kid(kid, **params).kid)


# A JWK that changes -----------------------------------------------------------------------------------------------------------------


def changed_before_reading(jwk: dict[str, Any], other: dict[str, Any]) -> Any:
    """`remembered`, with another thread's change to the JWK between the look-up and the reading."""

    def changing(kind: str, material: Any, alg: str, build: Any, **options: Any) -> Any:
        jwk.update(other)
        return remembered(kind, material, alg, build, **options)

    return changing


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_jwk_changed_while_it_is_read_is_not_remembered_as_another(alg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread changes the caller's JWK between look-up and reading: an untouched copy of A never accepts B's tokens."""
    other = {"RS256": "other RSA", "ES256": "other EC"}[alg]
    jwks = [public_jwk(alg), public_jwk(other)]
    tokens = [signed(alg), layer.JsonWebSignature().serialize_compact({"alg": alg}, b"hello", private_pem(other))]
    changing = dict(jwks[0])

    forget()
    monkeypatch.setattr(key_pair, "remembered", changed_before_reading(changing, jwks[1]))
    assert verify(tokens[0], changing)(layer)["payload"] == b"hello"
    assert changing == jwks[1]
    with pytest.raises(layer.errors.BadSignatureError):
        verify(tokens[1], dict(jwks[0]))(layer)
    with pytest.raises(layer.errors.BadSignatureError):
        verify(tokens[0], dict(jwks[1]))(layer)


def test_a_private_jwk_changed_while_it_is_read_signs_with_the_key_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for signing: a copy of A made before never signs with B."""
    first, second = private_jwk("ES256"), private_jwk("other EC")
    changing = dict(first)

    forget()
    monkeypatch.setattr(key_pair, "remembered", changed_before_reading(changing, second))
    for jwk in (changing, dict(first)):
        token = layer.JsonWebSignature().serialize_compact({"alg": "ES256"}, b"hello", jwk)
        assert accepted(verify(token, public_pem("ES256")))
    assert changing == second


def test_threads_that_change_a_jwk_leave_no_wrong_key_behind() -> None:
    """One thread swaps the members of a JWK while three verify with it; afterwards each JWK accepts its own tokens only."""
    names = ("ES256", "other EC")
    jwks = [public_jwk(name) for name in names]
    jws = layer.JsonWebSignature()
    tokens = [jws.serialize_compact({"alg": "ES256"}, b"hello", private_pem(name)) for name in names]
    changing = dict(jwks[0])
    ends = threading.Event()

    def change() -> None:
        while not ends.is_set():
            for jwk in jwks:
                changing.update(jwk)

    def ask() -> None:
        for _ in range(200):
            forget()
            for token in tokens:
                with contextlib.suppress(layer.JoseError):
                    jws.deserialize_compact(token, changing)
            for number in (0, 1):
                jws.deserialize_compact(tokens[number], dict(jwks[number]))
                with pytest.raises(layer.errors.BadSignatureError):
                    jws.deserialize_compact(tokens[number], dict(jwks[1 - number]))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            pool.submit(change)
            asked = [pool.submit(ask) for _ in range(3)]
            wait(asked)
            ends.set()
            for future in asked:
                future.result()
    finally:
        ends.set()
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("name", ["RS256", "ES256", "EdDSA", "oct"])
def test_a_key_does_not_follow_its_jwk(name: str) -> None:
    """A key read from a dict stays what it was when the dict changes."""
    jwk = {"kty": "oct", "k": "c2VjcmV0"} if name == "oct" else public_jwk(name)
    key = layer.JsonWebKey.import_key(jwk)
    before = key.as_dict()
    jwk.clear()
    assert key.as_dict() == before


# This layer's addition --------------------------------------------------------------------------------------------------------------


def test_a_key_gives_its_jwseal_key() -> None:
    """`signing_key` and `verifying_key` return jwseal keys, the same one each time."""
    key = layer.RSAKey.import_key(private_pem("RS256"))
    assert isinstance(key.signing_key("PS256"), SigningKey)
    assert key.verifying_key("PS256") is key.verifying_key("PS256")
    assert isinstance(key.verifying_key("RS256"), VerifyingKey)
    assert isinstance(layer.OctKey.import_key(SECRET).verifying_key("HS256"), SecretKey)


def test_jwseals_own_keys_are_taken() -> None:
    """jwseal's keys are accepted as they are, for their own algorithm only."""
    key = SigningKey.generate("ES256")
    jws = layer.JsonWebSignature()
    token = jws.serialize_compact({"alg": "ES256"}, b"hello", key)
    assert jws.deserialize_compact(token, key.verifying_key)["payload"] == b"hello"
    with pytest.raises(layer.errors.InvalidKeyError):
        jws.serialize_compact({"alg": "ES384"}, b"hello", key)
    with pytest.raises(layer.errors.InvalidKeyError):
        jws.deserialize_compact(token, SigningKey.generate("ES384").verifying_key)


def test_public_members_of_an_rsa_key_without_its_exponent() -> None:
    """A JWK that has primes but no private exponent gives them to nobody as its public form."""
    whole = layer.JsonWebKey.generate_key("RSA", 2048, is_private=True).as_dict(is_private=True)
    key = layer.JsonWebKey.import_key({name: whole[name] for name in ("kty", "n", "e", "p", "q")})
    assert {"kty", "n", "e", "kid"} == set(key.as_dict(is_private=False))


def test_rsa_keys_of_any_number_of_bits() -> None:
    """PEM of an RSA key whose bits are no multiple of eight is read."""
    pem = rsa.generate_private_key(65537, 2052).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert "RSA" == layer.JsonWebKey.import_key(pem, {"kty": "RSA"}).as_dict()["kty"]
