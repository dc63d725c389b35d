"""Situations of real use with `jwseal.compat.pyjwt`: keys of jwseal's own, odd JWKs, many keys, keys that change, no token."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import jwseal.key
import pyjwt_pair as pair
from jwseal import KeySet, SecretKey, SigningKey, VerifyingKey, errors, insecure
from jwseal.compat import remembered_keys
from pyjwt_pair import SECRET, agree, answer, layer, real
from test_pyjwt import b64, forged, token


class Kms:
    """A key that lives elsewhere."""

    alg, kid = "ES256", None

    def __init__(self) -> None:
        self.key = SigningKey.generate("ES256")
        self.verifying_key = self.key.verifying_key

    def sign(self, octets: bytes) -> bytes:
        return insecure.sign_bytes(octets, self.key)


def test_a_key_in_a_kms_signs() -> None:
    """`encode` takes `SigningKey.external`, and real PyJWT verifies what it signed; its error comes out as it was raised."""
    kms = Kms()
    signed = layer.encode({"a": 1}, SigningKey.external(kms), algorithm="ES256")
    public = serialization.load_pem_public_key(kms.verifying_key.to_pem())
    assert {"a": 1} == real.decode(signed, public, algorithms=["ES256"])
    assert {"a": 1} == layer.decode(signed, kms.verifying_key, algorithms=["ES256"])

    def unreachable(octets: bytes) -> bytes:
        raise ConnectionError("kms")

    kms.sign = unreachable  # type: ignore[method-assign]
    with pytest.raises(ConnectionError, match="kms"):
        layer.encode({"a": 1}, SigningKey.external(kms), algorithm="ES256")


OWN = {alg: SigningKey.generate(alg) for alg in ("RS256", "PS384", "ES256", "ES384", "ES512", "ES256K", "EdDSA")}


@pytest.mark.parametrize("alg", OWN)
def test_jwseals_own_keys_are_keys(alg: str) -> None:
    """A SigningKey signs and verifies, a VerifyingKey verifies, under their own algorithm only; PyJWK and PyJWS take them too."""
    key = OWN[alg]
    signed = layer.encode({"a": 1}, key, algorithm=alg)
    for verifies in (key, key.verifying_key):
        assert {"a": 1} == layer.decode(signed, verifies, algorithms=[alg])
        assert b'{"a":1}' == layer.PyJWS().decode(signed, verifies, algorithms=[alg])
        with pytest.raises(layer.InvalidSignatureError):
            layer.decode(signed[:-6] + "AAAAAA", verifies, algorithms=[alg])
    loaded = serialization.load_pem_public_key(key.verifying_key.to_pem())
    assert {"a": 1} == real.decode(signed, loaded, algorithms=[alg])
    with pytest.raises(layer.InvalidKeyError, match="cannot sign"):
        layer.encode({}, key.verifying_key, algorithm=alg)
    for other in set(OWN) - {alg}:
        with pytest.raises(layer.InvalidKeyError, match=f"not for .*{other}"):
            layer.encode({}, key, algorithm=other)
        with pytest.raises(layer.InvalidAlgorithmError):
            layer.decode(signed, key, algorithms=[other])


def test_jwseals_own_secrets_are_keys() -> None:
    """A SecretKey signs and verifies, a weak one without a warning; another algorithm's is refused."""
    for secret in (SecretKey.generate("HS256"), insecure.weak_secret(b"short", alg="HS256")):
        signed = layer.encode({"a": 1}, secret)
        assert {"a": 1} == layer.decode(signed, secret, algorithms=["HS256"])
        with pytest.raises(layer.InvalidSignatureError):
            layer.decode(signed[:-6] + "AAAAAA", secret, algorithms=["HS256"])
    for wrong in (SecretKey.generate("HS512"), OWN["ES256"], OWN["ES256"].verifying_key):
        with pytest.raises(layer.InvalidKeyError, match="not for HS256"):
            layer.encode({}, wrong)
        with pytest.raises(layer.InvalidKeyError, match="not for HS256"):
            layer.decode(signed, wrong, algorithms=["HS256", "ES256"])
    with pytest.raises(TypeError, match=r"jwseal\.Verifier"):
        layer.decode(signed, KeySet([OWN["ES256"].verifying_key]), algorithms=["HS256"])


def rsa_jwk(private: bool = False) -> dict[str, Any]:
    """An RSA key as a JWK."""
    key = pair.private_key("RS256")
    made: dict[str, Any] = real.algorithms.RSAAlgorithm.to_jwk(key if private else key.public_key(), as_dict=True)
    return made


def padded(jwk: dict[str, Any], *, zeros: int = 0) -> dict[str, Any]:
    """The JWK with padding in its base64url members, and with leading zero bytes in them."""
    names = ("n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y", "k")
    return {
        name: b64(bytes(zeros) + layer.utils.base64url_decode(value)) + "=" * 3
        if name in names and zeros
        else f"{value}{'=' * (-len(value) % 4)}"
        if name in names
        else value
        for name, value in jwk.items()
    }


def ec_jwk(alg: str, private: bool = False) -> dict[str, Any]:
    """An EC key as a JWK."""
    key = pair.private_key(alg)
    made: dict[str, Any] = real.algorithms.ECAlgorithm.to_jwk(key if private else key.public_key(), as_dict=True)
    return made


def with_short_coordinate() -> dict[str, Any]:
    """A public P-256 JWK whose x has lost a leading zero byte, as some libraries write it."""
    number = 1
    while True:
        key = ec.derive_private_key(number, ec.SECP256R1()).public_key()
        jwk: dict[str, Any] = real.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
        octets = layer.utils.base64url_decode(jwk["x"])
        if octets[0] == 0:
            return {**jwk, "x": b64(octets[1:])}
        number += 1


OKP_JWK = real.algorithms.OKPAlgorithm.to_jwk(pair.private_key("EdDSA").public_key(), as_dict=True)
OCT_JWK = {"kty": "oct", "k": b64(b"a secret of thirty-three bytes ..")}
QUIRKS: dict[str, dict[str, Any]] = {
    "a zero byte ahead of n": {**rsa_jwk(), "n": b64(b"\0" + layer.utils.base64url_decode(rsa_jwk()["n"]))},
    "zero bytes and padding in a private key": padded(rsa_jwk(private=True), zeros=2),
    "padding in an RSA key": padded(rsa_jwk()),
    "padding in a private RSA key": padded(rsa_jwk(private=True)),
    "padding in an EC key": padded(ec_jwk("ES256")),
    "padding in a private EC key": padded(ec_jwk("ES512", private=True)),
    "padding in an OKP key": padded(OKP_JWK),
    "padding in a secret": padded(OCT_JWK),
    "line feeds in n": {**rsa_jwk(), "n": "\n".join(rsa_jwk()["n"][i : i + 64] for i in range(0, 342, 64))},
    "a coordinate that is too short": with_short_coordinate(),
    "a coordinate that is too long": {
        **ec_jwk("ES256"),
        "x": b64(b"\0" + layer.utils.base64url_decode(ec_jwk("ES256")["x"])),
    },
    "null for what is absent": {**rsa_jwk(), "kid": None, "use": None, "alg": None, "key_ops": None, "x5c": None},
    "null in an EC key": {**ec_jwk("ES256"), "kid": None, "use": None, "alg": None},
    "null in a secret": {**OCT_JWK, "kid": None, "use": None, "alg": None},
    "empty kid and use": {**rsa_jwk(), "kid": "", "use": ""},
    "a private key without its primes": {name: rsa_jwk(private=True)[name] for name in ("kty", "n", "e", "d")},
    "a private key with some of its primes": {
        name: value for name, value in rsa_jwk(private=True).items() if name != "qi"
    },
    "unknown members": {**rsa_jwk(), "issuer": {"a": [1]}, "x": 5},
}


@pytest.mark.parametrize("row", QUIRKS)
def test_a_jwk_with_a_quirk_is_read_as_pyjwt_reads_it(row: str) -> None:
    """What providers and old libraries write is read where PyJWT reads it, as the same key, and refused where it refuses."""

    def facts(jwt: Any) -> Any:
        jwk = jwt.PyJWK(QUIRKS[row])
        key = jwk.key if isinstance(jwk.key, bytes) else jwk.Algorithm.to_jwk(jwk.key, as_dict=True)
        return jwk.algorithm_name, jwk.key_id, jwk.public_key_use, key

    agree(facts, sentence=False)
    agree(lambda jwt: jwt.PyJWKSet.from_dict({"keys": [QUIRKS[row]]}).keys[0].key_id, sentence=False)


def test_a_jwk_that_another_thread_changes() -> None:
    """Two JWKs that take turns in one dict are read as one or the other, never as a mixture, by PyJWK and `from_jwk`."""
    jwks = [real.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True) for key in (pair.private_key("EdDSA"), _other())]
    keys = {jwk["x"]: jwk["d"] for jwk in jwks}
    shared = dict(jwks[0])
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for jwk in jwks:
                shared.update(jwk)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            for key in (layer.PyJWK(shared).key, layer.algorithms.OKPAlgorithm.from_jwk(shared)):
                read = real.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True)
                assert keys[read["x"]] == read["d"]
    finally:
        stop.set()
        thread.join()


def _other() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def test_a_jwk_that_is_changed_later() -> None:
    """A PyJWK is what it was made of, though the caller's dict becomes another key's."""
    shared = dict(OCT_JWK, kid="a")
    jwk = layer.PyJWK(shared)
    signed = layer.encode({}, jwk)
    shared.update(k=b64(b"x" * 32), kid="b")
    assert ("a", {}) == (jwk.key_id, layer.decode(signed, jwk))


PEM, PKCS8, PLAIN = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What validates private keys while the test runs: `cryptography`'s reader in the layer, and jwseal's reader of key files."""
    seen: list[str] = []
    remembered_keys.forget()
    for module, name in ((layer.algorithms, "load_pem_private_key"), (jwseal.key, "read_private")):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name), seen))
    return seen


def counted(name: str, original: Callable[..., Any], seen: list[str]) -> Callable[..., Any]:
    """The function, which notes each call."""

    def call(*arguments: Any, **named: Any) -> Any:
        seen.append(name)
        return original(*arguments, **named)

    return call


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_an_rsa_private_key_is_validated_once(alg: str, validations: list[str]) -> None:
    """Text is validated when it is read, and not again by the second use or by another algorithm's first."""
    pem = pair.private_pem("RS256")
    for _ in range(3):
        assert {} == real.decode(layer.encode({}, pem, algorithm=alg), pair.public_pem("RS256"), algorithms=[alg])
    assert validations == ["load_pem_private_key"]


def test_a_loaded_rsa_private_key_is_not_validated(validations: list[str]) -> None:
    """An object that `cryptography` loaded signs and verifies without being validated at all."""
    key = pair.private_key("RS256")
    for _ in range(3):
        assert {} == layer.decode(layer.encode({}, key, algorithm="RS256"), key, algorithms=["RS256"])
    assert validations == []


def rsa_objects(count: int) -> list[Any]:
    """New objects of one RSA private key, as a program has that loads its key for each call."""
    key = pair.private_key("RS256")
    der = key.private_bytes(serialization.Encoding.DER, PKCS8, PLAIN)
    load = serialization.load_der_private_key
    return [load(der, None, unsafe_skip_rsa_key_validation=True) for _ in range(count)]


def seconds(work: Callable[[], object]) -> float:
    """The processor time of the call."""
    before = time.process_time()
    work()
    return time.process_time() - before


def test_a_loaded_key_object_per_call_costs_what_pyjwt_costs(capsys: pytest.CaptureFixture[str]) -> None:
    """Each call has an object of its own: signing takes no longer than in PyJWT, within what a machine at work varies."""
    layer.encode({}, rsa_objects(1)[0], algorithm="RS256")
    ratios = []
    for _ in range(5):
        ours, theirs = rsa_objects(20), rsa_objects(20)
        mine = seconds(lambda keys=ours: [layer.encode({}, key, algorithm="RS256") for key in keys])
        ratios.append(mine / seconds(lambda keys=theirs: [real.encode({}, key, algorithm="RS256") for key in keys]))
    with capsys.disabled():
        print(f" [a loaded RSA key object per call: {sorted(ratios)[2]:.2f} of PyJWT's time]", end="")
    assert sorted(ratios)[2] < 1.5


def test_more_keys_than_are_remembered_cost_what_pyjwt_costs(capsys: pytest.CaptureFixture[str]) -> None:
    """Text that is new at every call is read as often as in PyJWT: once."""
    pem = pair.private_pem("RS256")
    texts = ["\n" * number + pem for number in range(1, 7)]
    mine = seconds(lambda: [layer.encode({}, text, algorithm="RS256") for text in texts])
    theirs = seconds(lambda: [real.encode({}, text, algorithm="RS256") for text in texts])
    with capsys.disabled():
        print(f" [an RSA key text that is new at every call: {mine / theirs:.2f} of PyJWT's time]", end="")
    assert mine < 1.5 * theirs


def test_a_key_on_a_curve_that_is_used_again() -> None:
    """Keys on curves move to jwseal at their second signature; what they sign verifies before and after."""
    for alg in ("ES256", "ES384", "EdDSA", "Ed448"):
        name = {"Ed448": "EdDSA"}.get(alg, alg)
        key = pair.private_key(alg)
        for number in range(4):
            signed = layer.encode({"n": number}, key, algorithm=name)
            assert {"n": number} == real.decode(signed, key.public_key(), algorithms=[name])


def test_no_token_is_a_decode_error() -> None:
    """The layer never raises MissingToken: without a token there is PyJWT's DecodeError."""
    for absent in (None, "", b"", "Bearer", 0):
        for call in (
            lambda jwt, absent=absent: jwt.decode(absent, SECRET, algorithms=["HS256"]),
            lambda jwt, absent=absent: jwt.decode(absent, options={"verify_signature": False}),
            lambda jwt, absent=absent: jwt.get_unverified_header(absent),
        ):
            assert agree(call)[1] == "DecodeError"
    missing = getattr(errors, "MissingToken", None)
    classes = [value for value in vars(layer.exceptions).values() if isinstance(value, type)]
    assert missing is None or not any(issubclass(kind, missing) for kind in classes)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": 4},
        {"aud": 5},
        {"exp": 1_700_000_000_000},
        {"exp": "soon"},
        {"jti": []},
        {"nbf": None},
        {"iat": 1.5},
        {"aud": []},
    ],
)
def test_claims_that_no_verifier_accepts_are_signed_as_pyjwt_signs_them(claims: dict[str, Any]) -> None:
    """`jwseal.Signer` refuses such claims; code that moves from PyJWT may have them, so the layer signs the same text."""
    assert agree(lambda jwt: jwt.encode(claims, SECRET))[0] == "value"


def test_a_key_id_of_another_type() -> None:
    """A kid that is no text is refused with PyJWT's message, with every kind of key."""
    assert agree(lambda jwt: jwt.decode(token({}, kid=1), SECRET, ["HS256"]))[1] == "InvalidTokenError"
    assert agree(lambda jwt: jwt.decode(forged({"alg": "HS256", "kid": None}, {}), SECRET, ["HS256"]))[0] == "error"


def test_a_short_rsa_key_as_an_object() -> None:
    """An RSA key of 1024 bits that the caller has loaded is refused to sign and to verify, whatever made it."""
    key = rsa.generate_private_key(65537, 1024)
    jwk = json.loads(real.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    for call in (
        lambda jwt: jwt.encode({}, key, algorithm="RS256"),
        lambda jwt: jwt.decode(forged({"alg": "RS256"}, {}), key.public_key(), algorithms=["RS256"]),
        lambda jwt: jwt.PyJWK(jwk),
    ):
        assert answer(layer, call)[1] == "InvalidKeyError"


def test_an_instance_of_verifying_key_from_text_is_one_key() -> None:
    """PEM text and the jwseal key made of it accept the same tokens."""
    pem = pair.public_pem("ES256")
    signed = layer.encode({}, pair.private_pem("ES256"), algorithm="ES256")
    for key in (pem, VerifyingKey.from_pem(pem)):
        assert {} == layer.decode(signed, key, algorithms=["ES256"])
