"""The errors of `jwseal.compat.authlib`: Authlib's names and attributes, and the classes of both libraries as bases."""

import pickle
from typing import Any

import pytest

from authlib_pair import SECRET, Call, agree, answer, layer, private_jwk, private_pem, public_pem, real
from jwseal import errors as ours

errors = layer.errors

RESULT = layer.JWSObject(layer.JWSHeader({"alg": "HS256"}, None), b"x")
# Class name, arguments, the class of jwseal.errors, and builtins old except blocks name.
CLASSES: list[tuple[str, tuple[Any, ...], type[Exception], tuple[type[Exception], ...]]] = [
    ("DecodeError", (), ours.MalformedToken, ()),
    ("MissingAlgorithmError", (), ours.MalformedToken, ()),
    ("UnsupportedAlgorithmError", (), ours.AlgorithmNotAllowed, ()),
    ("BadSignatureError", (RESULT,), ours.InvalidSignature, ()),
    ("InvalidHeaderParameterNameError", ("kid",), ours.UnsupportedHeader, ()),
    ("InvalidCritHeaderParameterNameError", ("kid",), ours.UnsupportedHeader, ()),
    ("InvalidUseError", (), ours.InvalidKey, ()),
    ("InvalidClaimError", ("iss",), ours.InvalidClaim, ()),
    ("MissingClaimError", ("iss",), ours.MissingClaim, ()),
    ("InsecureClaimError", ("password",), ours.ClaimError, ()),
    ("ExpiredTokenError", (), ours.TokenExpired, ()),
    ("InvalidTokenError", (), ours.TokenNotYetValid, ()),
    ("KeyMismatchError", (), ours.JOSEError, ()),
    ("MissingEncryptionAlgorithmError", (), ours.JOSEError, ()),
    ("UnsupportedEncryptionAlgorithmError", (), ours.JOSEError, ()),
    ("UnsupportedCompressionAlgorithmError", (), ours.JOSEError, ()),
]
ADDED: list[tuple[str, tuple[Any, ...], type[Exception], tuple[type[Exception], ...]]] = [
    ("TooLongError", (), ours.TokenTooLarge, (ValueError, errors.DecodeError)),
    ("InputTypeError", (), ours.MalformedToken, (TypeError, errors.DecodeError)),
    ("PayloadError", (), ours.JOSEError, (TypeError, ValueError)),
    ("AlgorithmRegistrationError", (), ours.PolicyError, (ValueError,)),
    ("InvalidKeyError", (), ours.InvalidKey, (ValueError,)),
    ("InvalidKeyTypeError", (), ours.InvalidKey, (ValueError, TypeError)),
    ("UnknownKeyError", (), ours.KeyNotFound, (ValueError,)),
]


@pytest.mark.parametrize(
    ("name", "arguments", "base", "builtins"), CLASSES + ADDED, ids=[row[0] for row in CLASSES + ADDED]
)
def test_every_error_derives_from_both_trees(
    name: str, arguments: tuple[Any, ...], base: type[Exception], builtins: Any
) -> None:
    """Each class derives from Authlib's, from jwseal's and from the builtin that Authlib raised."""
    error = getattr(errors, name)(*arguments)
    for kind in (errors.JoseError, errors.AuthlibBaseError, ours.JOSEError, base, *builtins):
        assert isinstance(error, kind)
    assert error.code == (base.code if name not in {"InsecureClaimError", "PayloadError"} else error.error)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "arguments", "base", "builtins"), CLASSES, ids=[row[0] for row in CLASSES])
def test_attributes_and_text_are_authlibs(name: str, arguments: tuple[Any, ...], base: Any, builtins: Any) -> None:
    """`.error`, `.description`, `.uri`, str and repr are the same as in Authlib."""
    if real is None:
        pytest.skip("Authlib is not installed")
    import authlib.jose.errors as theirs

    for extra in ({}, {"description": "d", "uri": "u"}, {"error": "e"}):
        if extra and arguments:
            continue
        mine, other = getattr(errors, name)(*arguments, **extra), getattr(theirs, name)(*arguments, **extra)
        assert (mine.error, mine.description, mine.uri) == (other.error, other.description, other.uri)
        assert (str(mine), repr(mine)) == (str(other), repr(other))


def test_every_name_of_authlibs_errors_is_here() -> None:
    """No class of `authlib.jose.errors` is missing."""
    if real is None:
        pytest.skip("Authlib is not installed")
    import authlib.jose.errors as theirs

    missing = [name for name, value in vars(theirs).items() if isinstance(value, type) and not hasattr(errors, name)]
    assert missing == []


def test_claim_errors_name_the_claim() -> None:
    """Claim errors have Authlib's `claim_name` and jwseal's `claim`."""
    assert errors.InvalidClaimError("iss").claim_name == errors.InvalidClaimError("iss").claim == "iss"
    assert errors.MissingClaimError("iss").claim == "iss"
    assert errors.ExpiredTokenError().claim == "exp"


@pytest.mark.parametrize(
    ("name", "arguments", "base", "builtins"), CLASSES + ADDED, ids=[row[0] for row in CLASSES + ADDED]
)
def test_errors_survive_pickling(name: str, arguments: tuple[Any, ...], base: Any, builtins: Any) -> None:
    """An error crosses a process boundary with its text and attributes."""
    error = getattr(errors, name)(*arguments)
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), str(copied), copied.error, copied.description) == (
        type(error),
        str(error),
        error.error,
        error.description,
    )
    assert getattr(copied, "result", None) == getattr(error, "result", None)


# Calls whose sentence is Authlib's own, where it raised a builtin.
SENTENCES = {
    "Serialization is too long.": lambda lib: lib.JsonWebSignature().deserialize_compact("x" * 256_001, SECRET),
    "oct key can not be generated as public": lambda lib: lib.OctKey.generate_key(is_private=False),
    "Invalid bit size for oct key": lambda lib: lib.OctKey.generate_key(251),
    "oct key material must not be empty": lambda lib: lib.OctKey.import_key(b""),
    "This key may not be safe to import": lambda lib: lib.JsonWebSignature().serialize_compact(
        {"alg": "HS256"}, b"", public_pem("RS256")
    ),
    'Missing required field: "k"': lambda lib: lib.OctKey.import_key({}),
    'Missing required field: "e"': lambda lib: lib.RSAKey.import_key({"kty": "RSA"}),
    'Missing required field: "crv"': lambda lib: lib.ECKey.import_key({"kty": "EC"}),
    "Invalid key_size for RSAKey": lambda lib: lib.RSAKey.generate_key(2049),
    'Invalid crv value: "nope"': lambda lib: lib.ECKey.generate_key("nope"),
    'Invalid crv value: "no"': lambda lib: lib.OKPKey.generate_key("no"),
    "Invalid data for importing key": lambda lib: lib.RSAKey.import_key(public_pem("ES256")),
    "This is a public key": lambda lib: lib.RSAKey.import_key(public_pem("RS256")).as_pem(is_private=True),
    "Invalid encoding: 'JWK'": lambda lib: lib.RSAKey.import_key(public_pem("RS256")).as_bytes("JWK"),
    "RSA key must include all parameters if any are present besides d": lambda lib: lib.RSAKey.import_key(
        {name: value for name, value in private_jwk("RS256").items() if name != "dq"}
    ),
    'Invalid key_op "sign" for public key': lambda lib: lib.RSAKey.import_key(public_pem("RS256")).get_op_key("sign"),
    'Unsupported key_op "sign"': lambda lib: lib.OctKey.import_key("secret", {"key_ops": ["verify"]}).get_op_key(
        "sign"
    ),
    'Key for "ES384" not supported, only "P-384" allowed': lambda lib: lib.JsonWebSignature().serialize_compact(
        {"alg": "ES384"}, b"", private_pem("ES256")
    ),
    "Key not found": lambda lib: lib.KeySet([]).find_by_kid("x"),
    "Invalid key set format": lambda lib: lib.JsonWebKey.import_key_set("x"),
    "Invalid JSON Web Key Set": lambda lib: lib.jwt.decode(lib.jwt.encode({"alg": "HS256"}, {}, SECRET), {"keys": []}),
}


@pytest.mark.parametrize(("sentence", "call"), SENTENCES.items(), ids=SENTENCES)
def test_sentences_of_builtins_are_authlibs(sentence: str, call: Call) -> None:
    """Where Authlib raised a builtin, the sentence is the same."""
    assert str(agree(call)[1]) == sentence
    if real is not None:
        assert str(answer(real, call)[1]) == sentence
