"""Running the same call against Authlib and the layer, and comparing the answers.

`agree` runs one call against both modules. An answer is the value, in plain types, or the exception. Where Authlib raises one of its own
errors the layer must raise the class of the same name; where it raises a builtin, the layer must raise a `JoseError` that is that builtin
too. Without Authlib installed only the layer is called. Key material is made once per run and given to both.
"""

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519

import jwseal.compat.authlib as layer

with warnings.catch_warnings():
    try:
        import authlib.deprecate  # noqa: F401  # puts its own filter first

        warnings.simplefilter("ignore")
        import authlib.jose as real
    except ImportError:  # pragma: no cover
        real = None

Call = Callable[[Any], Any]
Answer = tuple[Any, ...]

# Long enough for every HMAC, so that no test warns unless it means to.
SECRET = b"a secret of more than sixty-four octets, which is enough for every HMAC there is"
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
SYMMETRIC = ("HS256", "HS384", "HS512")
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ASYMMETRIC = (*RSA, *CURVES, "EdDSA")


def agree(call: Call) -> Answer:
    """The answer both modules give; the layer's, where they raise."""
    mine = answer(layer, call)
    if real is None:  # pragma: no cover
        return mine
    theirs = answer(real, call)
    assert mine[0] == theirs[0], (mine, theirs)
    if theirs[0] == "value":
        assert mine == theirs
        return mine
    if isinstance(theirs[1], real.JoseError):
        assert type(mine[1]).__name__ == type(theirs[1]).__name__ or isinstance(mine[1], layer.errors.DecodeError)
        wanted: list[type] = [getattr(layer.errors, type(theirs[1]).__name__)]
    else:
        wanted = [kind for kind in (ValueError, TypeError) if isinstance(theirs[1], kind)]
    assert all(isinstance(mine[1], kind) for kind in (layer.JoseError, *wanted)), (mine[1], theirs[1])
    return mine


def differ(call: Call, theirs: Any, mine: type[Exception]) -> Exception:
    """The layer's refusal, where Authlib answers with a value (`theirs`, or `...` for any) or another exception class."""
    if real is not None:
        kind, value = answer(real, call)
        if isinstance(theirs, type) and issubclass(theirs, Exception):
            assert kind == "error"
            assert type(value) is theirs
        else:
            assert kind == "value", value
            assert theirs is ... or value == theirs
    kind, error = answer(layer, call)
    assert kind == "error", error
    assert isinstance(error, mine)
    assert isinstance(error, layer.JoseError)
    return error


def answer(module: ModuleType, call: Call) -> Answer:
    """The value or the exception of a call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "value", plain(call(module))
        except Exception as error:
            return "error", error


def plain(value: Any) -> Any:
    """The value without the module's own types, so that two modules' results compare."""
    name = type(value).__name__
    if name == "JWSObject":
        return name, value.type, plain(value.header), value.payload, plain(value.headers), dict(value) == value
    if name == "JWSHeader":
        return name, dict(value), value.protected, value.header
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def b64(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def bytes_of(value: Any) -> bytes:
    """Bytes as they are, anything else as JSON."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def forged(header: Any, payload: Any = b"hello", secret: bytes = SECRET) -> str:
    """An HS256 token of any header and payload; bytes go in as they are."""
    signing_input = f"{b64(bytes_of(header))}.{b64(bytes_of(payload))}"
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def flattened(protected: Any, header: Any = None, payload: Any = b"hello", secret: bytes = SECRET) -> dict[str, Any]:
    """The same as flattened JSON."""
    first, second, third = forged(protected, payload, secret).split(".")
    entry: dict[str, Any] = {"protected": first, "payload": second, "signature": third}
    return entry if header is None else {**entry, "header": header}


def general(*entries: dict[str, Any]) -> dict[str, Any]:
    """Flattened JWSs of one payload as the general form."""
    signatures = [{name: value for name, value in entry.items() if name != "payload"} for entry in entries]
    return {"payload": entries[0]["payload"] if entries else b64(b"hello"), "signatures": signatures}


@cache
def private_key(name: str) -> Any:
    """A `cryptography` private key for an algorithm, or "RSA1024", "other RSA", "other EC", "Ed448", "X25519"."""
    if name in CURVES:
        return _full_width_key(CURVES[name]())
    if name == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if name == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    if name == "X25519":
        return x25519.X25519PrivateKey.generate()
    if name == "other EC":
        return _full_width_key(ec.SECP256R1())
    if name in RSA:
        return _rsa_key()
    return rsa.generate_private_key(65537, 1024 if name == "RSA1024" else 2048)


def _full_width_key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    # Authlib drops leading zeros of coordinates; a key without any compares.
    while True:
        numbers = (key := ec.generate_private_key(curve)).private_numbers()
        members = (numbers.private_value, numbers.public_numbers.x, numbers.public_numbers.y)
        if all((member.bit_length() + 7) // 8 == (curve.key_size + 7) // 8 for member in members):
            return key


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def private_pem(name: str, password: bytes | None = None) -> bytes:
    """The private key as PKCS#8 PEM."""
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private_key(name).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


@cache
def public_pem(name: str) -> bytes:
    """The public half as SPKI PEM."""
    return public_text(name, serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def public_der(name: str) -> bytes:
    """The public half as SPKI DER."""
    return public_text(name, serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def public_ssh(name: str) -> bytes:
    """The public half as an SSH line."""
    return public_text(name, serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


def public_text(name: str, encoding: serialization.Encoding, form: serialization.PublicFormat) -> bytes:
    """The public half in an encoding and format of `cryptography`."""
    return private_key(name).public_key().public_bytes(encoding, form)


@cache
def certificate(name: str) -> bytes:
    """A self-signed certificate of the key, PEM."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    key = private_key(name)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "compat")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + dt.timedelta(days=1))
    digest = None if name == "EdDSA" else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


@cache
def _jwks(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    kinds = {"E": layer.ECKey, "R": layer.RSAKey, "P": layer.RSAKey, "o": layer.RSAKey, "X": layer.OKPKey}
    kind: Any = layer.OKPKey if name in {"EdDSA", "Ed448"} else layer.ECKey if name == "other EC" else kinds[name[0]]
    key = kind.import_key(private_pem(name))
    return key.as_dict(is_private=True), key.as_dict()


def private_jwk(name: str) -> dict[str, Any]:
    """The private key as a JWK, a fresh dict."""
    return dict(_jwks(name)[0])


def public_jwk(name: str) -> dict[str, Any]:
    """The public half as a JWK, a fresh dict."""
    return dict(_jwks(name)[1])
