"""Keys of `jwseal.compat.pyjwt` beside real PyJWT: every form of key argument, JWKs both ways, key text as a secret,
and what is remembered between calls.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jwseal.compat import remembered_keys
from pyjwt_pair import (
    ASYMMETRIC,
    SECRET,
    SYMMETRIC,
    agree,
    answer,
    layer,
    private_key,
    private_pem,
    public_pem,
    public_ssh,
    real,
)
from test_pyjwt import b64, forged

FORMS: dict[str, Callable[[str], Any]] = {
    "PEM text": public_pem,
    "PEM octets": lambda alg: public_pem(alg).encode(),
    "private PEM": private_pem,
    "SSH text": public_ssh,
    "object": lambda alg: private_key(alg).public_key(),
    "private object": private_key,
    "PEM with space around it": lambda alg: f"\n\n{public_pem(alg)}\n",
    "certificate": lambda alg: certificate(alg),
    "DER": lambda alg: (
        private_key(alg)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ),
    "PKCS#1": lambda alg: (
        private_key(alg).public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    ),
    "cut PEM": lambda alg: public_pem(alg)[:60],
    "secret": lambda alg: SECRET,
    "nothing": lambda alg: "",
    "None": lambda alg: None,
    "a list": lambda alg: [public_pem(alg)],
}


def certificate(alg: str) -> str:
    """A self-signed certificate of the algorithm's key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(tz=UTC)
    builder = x509.CertificateBuilder(name, name, private_key(alg).public_key(), 1, now, now + timedelta(1))
    signed = builder.sign(private_key(alg), None if alg == "EdDSA" else hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_verifying_key(alg: str, form: str) -> None:
    """Each form of key is taken or refused as PyJWT does, with the same class."""
    if form == "PKCS#1" and not alg.startswith(("RS", "PS")):
        return
    signed = real.encode({"a": 1}, private_key(alg), algorithm=alg)
    material = FORMS[form](alg)
    if (alg in ("RS256", "PS256") and form.startswith("private")) or (alg == "EdDSA" and form == "DER"):
        return  # PyJWT leaks an exception of Python's there: deviation 11
    call = lambda jwt: jwt.decode(signed, material, algorithms=[alg])  # noqa: E731
    for _ in range(2):
        if answer(real, call, sentence=False) == ("error", "ValueError"):
            assert ("error", "InvalidKeyError") == answer(layer, call, sentence=False)  # deviation 11
        else:
            agree(call, sentence=False)


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_forms_of_a_signing_key(alg: str) -> None:
    """PEM text, PEM octets, older PEM forms and objects all sign."""
    key = private_key(alg)
    plain = serialization.NoEncryption()
    forms = [private_pem(alg), private_pem(alg).encode(), key]
    if alg != "EdDSA":
        older = serialization.PrivateFormat.TraditionalOpenSSL
        forms.append(key.private_bytes(serialization.Encoding.PEM, older, plain))
    for material in forms:
        assert {"a": 1} == real.decode(layer.encode({"a": 1}, material, alg), key.public_key(), algorithms=[alg])


def test_ed448() -> None:
    """EdDSA covers Ed448 too."""
    for signs, verifies in ((real, layer), (layer, real)):
        signed = signs.encode({"a": 1}, private_pem("Ed448"), algorithm="EdDSA")
        assert {"a": 1} == verifies.decode(signed, public_pem("Ed448"), algorithms=["EdDSA"])


def test_encrypted_pem() -> None:
    """A key under a passphrase is refused as text (deviation 11), and taken as an object."""
    password = serialization.BestAvailableEncryption(b"abc123")
    pem = private_key("RS256").private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, password)
    encode = lambda jwt: jwt.encode({}, pem, "RS256")  # noqa: E731
    assert [("error", "TypeError"), ("error", "InvalidKeyError")] == [
        answer(module, encode, sentence=False) for module in (real, layer)
    ]
    key = serialization.load_pem_private_key(pem, b"abc123")
    assert agree(lambda jwt: jwt.decode(jwt.encode({}, key, "RS256"), key.public_key(), ["RS256"]))[0] == "value"


def test_one_key_under_several_algorithms() -> None:
    """A list of algorithms lets the header choose among them, for RSA keys and for secrets."""
    several = ["RS256", "PS384", "ES256", "RS512"]
    for alg in ("RS256", "PS384", "RS512", "PS256"):
        signed = real.encode({"a": 1}, private_key("RS256"), algorithm=alg)
        agree(lambda jwt, s=signed: jwt.decode(s, public_pem("RS256"), algorithms=several))
    for alg in SYMMETRIC:
        signed = real.encode({"a": 1}, SECRET, algorithm=alg)
        agree(lambda jwt, s=signed: jwt.decode(s, SECRET, algorithms=["HS512", "HS256"]))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("form", ["PEM text", "PEM octets", "SSH text"])
def test_algorithm_confusion(alg: str, form: str) -> None:
    """An HS256 token under a public key's text is refused, whatever algorithms the caller lists."""
    material = FORMS[form](alg)
    signed = forged({"alg": "HS256"}, {"admin": True}, material.decode() if isinstance(material, bytes) else material)
    everything = [*SYMMETRIC, *ASYMMETRIC]
    assert (
        agree(lambda jwt: jwt.decode(signed, material, algorithms=everything), sentence=False)[1] == "InvalidKeyError"
    )
    assert agree(lambda jwt: jwt.decode(signed, material, algorithms=[alg]))[1] == "InvalidAlgorithmError"


JWK = {"kty": "oct", "k": b64(b"x" * 32)}
KEY_TEXT = {
    "PEM": lambda: public_pem("RS256"),
    "private PEM": lambda: private_pem("ES256"),
    "PEM inside other text": lambda: f"secret\n{public_pem('RS256')}\nsecret",
    "certificate": lambda: certificate("ES256"),
    "SSH": lambda: public_ssh("EdDSA"),
    "DER": lambda: FORMS["DER"]("ES256"),
    "JWK": lambda: json.dumps(JWK),
    "JWK Set": lambda: json.dumps({"keys": [JWK]}),
    "list of JWKs": lambda: json.dumps([[JWK]]),
    "JWK in UTF-16": lambda: json.dumps(JWK).encode("utf-16"),
    "JWK with a byte order mark": lambda: b"\xef\xbb\xbf" + json.dumps(JWK).encode(),
    "JWK with an escaped name": lambda: json.dumps(JWK).replace("kty", "\\u006bty"),
}


@pytest.mark.parametrize("kind", KEY_TEXT)
def test_key_text_is_no_secret(kind: str) -> None:
    """Text of a key or a JWK is refused as an HMAC secret, by `encode` and by `decode`."""
    text = KEY_TEXT[kind]()
    for call in (
        lambda jwt: jwt.encode({}, text),
        lambda jwt: jwt.decode(forged({"alg": "HS256"}, {}), text, algorithms=["HS256"]),
        lambda jwt: jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).prepare_key(text),
    ):
        assert agree(call, sentence=False) == ("error", "InvalidKeyError")


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448"])
@pytest.mark.parametrize("half", ["private", "public"])
@pytest.mark.parametrize("as_dict", [True, False])
def test_jwk_of_a_key_and_back(alg: str, half: str, as_dict: bool) -> None:
    """`to_jwk` writes PyJWT's members, and `from_jwk` reads them back into the same `cryptography` key."""
    name = {"Ed448": "EdDSA"}.get(alg, alg)
    key = private_key(alg) if half == "private" else private_key(alg).public_key()
    written = [jwt.get_algorithm_by_name(name).to_jwk(key, as_dict=as_dict) for jwt in (real, layer)]
    assert (written if as_dict else [json.loads(text) for text in written])[0] == json.loads(
        json.dumps(written[1]) if as_dict else written[1]
    )
    back = layer.get_algorithm_by_name(name).from_jwk(written[0])
    assert type(back) is type(real.get_algorithm_by_name(name).from_jwk(written[0]))
    assert written[0] == real.get_algorithm_by_name(name).to_jwk(back, as_dict=as_dict)


def rsa_jwk(**changes: Any) -> dict[str, Any]:
    """A public RSA JWK with these members changed."""
    jwk = real.algorithms.RSAAlgorithm.to_jwk(private_key("RS256").public_key(), as_dict=True)
    return {**jwk, "use": "sig", "kid": "r", **changes}


def ec_jwk(**changes: Any) -> dict[str, Any]:
    """A public EC JWK with these members changed."""
    jwk = real.algorithms.ECAlgorithm.to_jwk(private_key("ES384").public_key(), as_dict=True)
    return {name: value for name, value in {**jwk, **changes}.items() if value is not None}


JWKS: dict[str, tuple[Any, ...]] = {
    "RSA": (rsa_jwk(),),
    "RSA with alg": (rsa_jwk(alg="PS512"),),
    "RSA with an argument": (rsa_jwk(alg="PS512"), "RS384"),
    "RSA for encryption": (rsa_jwk(use="enc", key_ops=["encrypt"]),),
    "RSA with an encryption alg": (rsa_jwk(alg="RSA-OAEP-256"),),
    "RSA without n": ({"kty": "RSA", "e": "AQAB"},),
    "RSA with a number": (rsa_jwk(n=1),),
    "RSA with an EC alg": (rsa_jwk(alg="ES256"),),
    "EC": (ec_jwk(),),
    "EC without crv": (ec_jwk(crv=None),),
    "EC of an unknown crv": (ec_jwk(crv="P-192"),),
    "EC of another crv": (ec_jwk(crv="P-256"),),
    "EC off its curve": (ec_jwk(x=b64(b"\x01" * 48)),),
    "OKP": (real.algorithms.OKPAlgorithm.to_jwk(private_key("EdDSA").public_key(), as_dict=True),),
    "OKP Ed448": (real.algorithms.OKPAlgorithm.to_jwk(private_key("Ed448").public_key(), as_dict=True),),
    "OKP Ed448 with an argument": (
        real.algorithms.OKPAlgorithm.to_jwk(private_key("Ed448").public_key(), as_dict=True),
        "EdDSA",
    ),
    "OKP without crv": ({"kty": "OKP", "x": "AA"},),
    "oct": (JWK,),
    "oct, short": ({"kty": "oct", "k": "c2VjcmV0"},),
    "oct, empty": ({"kty": "oct", "k": ""},),
    "no kty": ({"k": "c2VjcmV0"},),
    "unknown kty": ({"kty": "AKP"},),
    "unknown alg": ({**JWK, "alg": "X"},),
}


@pytest.mark.parametrize("row", JWKS)
def test_pyjwk(row: str) -> None:
    """A PyJWK has PyJWT's names and algorithm, or is refused with its class."""

    def facts(jwt: Any) -> tuple[Any, ...]:
        jwk = jwt.PyJWK(*JWKS[row])
        return jwk.algorithm_name, jwk.key_type, jwk.key_id, jwk.public_key_use, type(jwk.Algorithm).__name__

    agree(facts, sentence=False)


def test_pyjwk_as_a_key() -> None:
    """A PyJWK signs and verifies with its own algorithm, and with no other."""
    private = real.algorithms.ECAlgorithm.to_jwk(private_key("ES256"), as_dict=True)
    public = real.algorithms.ECAlgorithm.to_jwk(private_key("ES256").public_key(), as_dict=True)
    signed = layer.encode({"a": 1}, layer.PyJWK(private))
    assert "ES256" == real.get_unverified_header(signed)["alg"]
    assert agree(lambda jwt: jwt.decode(signed, jwt.PyJWK(public)))[0] == "value"
    assert agree(lambda jwt: jwt.decode(signed, jwt.PyJWK(public), algorithms=["ES256", "HS256"]))[0] == "value"
    assert agree(lambda jwt: jwt.decode(signed, jwt.PyJWK(public), algorithms=["HS256"]))[0] == "error"
    assert agree(lambda jwt: jwt.decode(signed, jwt.PyJWK(rsa_jwk()), algorithms=["ES256", "RS256"]))[0] == "error"
    assert agree(lambda jwt: jwt.encode({}, jwt.PyJWK({**JWK, "alg": "HS512"}), algorithm="HS256"))[0] == "value"
    assert agree(lambda jwt: jwt.encode({}, jwt.PyJWK({**JWK, "alg": "HS384"}), algorithm=None))[0] == "value"


SETS: dict[str, Any] = {
    "mixed": {"keys": [rsa_jwk(), 5, None, {}, {"kty": "AKP"}, ec_jwk(kid="e"), rsa_jwk(alg="RSA-OAEP")]},
    "nothing usable": {"keys": [{"kty": "AKP"}]},
    "empty": {"keys": []},
    "no keys": {},
    "keys are text": {"keys": "text"},
}


@pytest.mark.parametrize("row", SETS)
def test_pyjwkset(row: str) -> None:
    """A set keeps the usable keys in order and is refused if there are none."""
    agree(lambda jwt: [jwk.key_id for jwk in jwt.PyJWKSet.from_dict(SETS[row])], sentence=row != "nothing usable")
    agree(lambda jwt: len(jwt.PyJWKSet.from_json(json.dumps(SETS[row])).keys), sentence=row != "nothing usable")
    agree(lambda jwt: jwt.PyJWKSet.from_dict(SETS["mixed"])["e"].algorithm_name)
    agree(lambda jwt: jwt.PyJWKSet.from_dict(SETS["mixed"])["unknown"])


@pytest.mark.parametrize("alg", [*SYMMETRIC, *ASYMMETRIC])
def test_algorithm_objects_sign_and_verify(alg: str) -> None:
    """`prepare_key`, `sign` and `verify` of the algorithm objects work with PyJWT's, both ways."""
    material = SECRET if alg in SYMMETRIC else private_pem(alg)
    shown = SECRET if alg in SYMMETRIC else public_pem(alg)
    for signs, verifies in ((real, layer), (layer, real)):
        ours, theirs = signs.get_algorithm_by_name(alg), verifies.get_algorithm_by_name(alg)
        signature = ours.sign(b"message", ours.prepare_key(material))
        assert theirs.verify(b"message", theirs.prepare_key(shown), signature) is True
        assert theirs.verify(b"massage", theirs.prepare_key(shown), signature) is False


def test_a_key_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is read at the first call only; so are bytes, and an object is converted once."""
    remembered_keys.forget()
    read: list[object] = []
    algorithm = layer.algorithms.ECAlgorithm
    for name in ("_read", "_verifying_key"):
        original = getattr(algorithm, name)
        monkeypatch.setattr(
            algorithm, name, lambda self, key, original=original: read.append(key) or original(self, key)
        )
    key = private_key("ES256").public_key()
    for material in (public_pem("ES256"), public_pem("ES256").encode(), key):
        read.clear()
        for number in range(5):
            signed = layer.encode({"n": number}, private_pem("ES256"), algorithm="ES256")
            assert {"n": number} == layer.decode(signed, material, algorithms=["ES256"])
        assert 1 == sum(one is material for one in read)


def test_what_is_remembered_is_bounded() -> None:
    """However many keys pass through, few stay."""
    for number in range(remembered_keys.CAPACITY + 5):
        secret = SECRET + str(number)
        assert {} == layer.decode(forged({"alg": "HS256"}, {}, secret), secret, algorithms=["HS256"])
        key = private_key("ES256").public_key().public_numbers().public_key()
        signed = forged({"alg": "ES256"}, {})
        assert answer(layer, lambda jwt, k=key, s=signed: jwt.decode(s, k, algorithms=["ES256"]))[0] == "error"
        pem = "\n" * number + public_pem("ES256")
        assert answer(layer, lambda jwt, p=pem, s=signed: jwt.decode(s, p, algorithms=["ES256"]))[0] == "error"
    assert len(remembered_keys._cache.entries) == remembered_keys.CAPACITY


def test_a_remembered_key_is_no_other_key() -> None:
    """The same octets as text of another type, for another algorithm, or of another object, are another key."""
    one, other = private_key("ES256").public_key(), private_key("ES384").public_key()
    signed = layer.encode({}, private_key("ES256"), algorithm="ES256")
    assert {} == layer.decode(signed, one, algorithms=["ES256"])
    assert answer(layer, lambda jwt: jwt.decode(signed, other, algorithms=["ES256"]))[1] == "InvalidKeyError"
    octets = base64.b64encode(b"q" * 48)
    assert {} == layer.decode(forged({"alg": "HS256"}, {}, octets.decode()), octets, algorithms=["HS256"])
    hs512 = layer.encode({}, octets, algorithm="HS512")
    assert answer(layer, lambda jwt: jwt.decode(hs512, octets, algorithms=["HS256"]))[1] == "InvalidAlgorithmError"


def test_secrets_are_not_kept_as_text() -> None:
    """No index holds a secret or a private key's text."""
    layer.decode(forged({"alg": "HS256"}, {}), SECRET, algorithms=["HS256"])
    layer.encode({}, private_pem("ES256"), algorithm="ES256")
    kept = repr(list(remembered_keys._cache.entries))
    assert SECRET not in kept
    assert "PRIVATE" not in kept


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_type_check_that_is_replaced_judges_a_remembered_key(alg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check_crypto_key_type` is called for text that was read before, on the class that has it and in a subclass."""

    def refused(jwt: Any, where: str) -> Any:
        def refuse(*_arguments: Any) -> None:
            raise jwt.InvalidKeyError("replaced")

        signed = real.encode({}, private_key(alg), algorithm=alg)
        made = jwt.PyJWS()
        assert made.decode(signed, public_pem(alg), [alg]) == b"{}"
        with monkeypatch.context() as patch:
            algorithm = made.get_algorithm_by_name(alg)
            if where == "subclass":
                algorithm.__class__ = type("Checked", (type(algorithm),), {"check_crypto_key_type": refuse})
            else:
                patch.setattr(
                    algorithm if where == "object" else jwt.algorithms.Algorithm, "check_crypto_key_type", refuse
                )
            return made.decode(signed, public_pem(alg), [alg])

    for where in ("class", "object", "subclass"):
        assert agree(lambda jwt, where=where: refused(jwt, where)) == ("error", "InvalidKeyError", "replaced")


def test_a_curve_that_is_expected_later() -> None:
    """An algorithm object whose `expected_curve` is changed judges a key that it has read before by the new curve."""

    def changed(jwt: Any, curve: Any) -> Any:
        made = jwt.PyJWS()
        signed = real.encode({}, private_key("ES256"), algorithm="ES256")
        assert made.decode(signed, public_pem("ES256"), ["ES256"]) == b"{}"
        made.get_algorithm_by_name("ES256").expected_curve = curve
        return made.decode(signed, public_pem("ES256"), ["ES256"])

    assert agree(lambda jwt: changed(jwt, ec.SECP384R1))[1] == "InvalidKeyError"
    assert agree(lambda jwt: changed(jwt, None))[0] == "value"
