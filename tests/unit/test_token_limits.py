"""`max_header_size` and `accept_padding` of every function that reads tokens."""

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

import forge
from judge import LAX, NOW, claims, refusal, verifying
from jwseal import Issuers, MalformedToken, PolicyError, Signer, SigningKey, TokenTooLarge, Verifier, insecure, jws

ES256 = forge.material("ES256")
KEY = verifying(ES256)
FRAME = len('{"alg":"ES256","x":""}')
# Each reads a token with the options given.
READERS: dict[str, Callable[..., Any]] = {
    "Verifier": lambda token, **options: Verifier(KEY, LAX, **options).verify(token, now=NOW),
    "Verifier.verify_many": lambda token, **options: raised(
        Verifier(KEY, LAX, **options).verify_many([token], now=NOW)
    ),
    "Issuers": lambda token, **options: Issuers({claims()["iss"]: Verifier(KEY, LAX, **options)}).verify(
        token, now=NOW
    ),
    "jws.verify": lambda token, **options: jws.verify(token, KEY, **options),
    "jws.parse": lambda token, **options: jws.parse(token, **options).entries[0].verify(KEY),
    "insecure.header_unverified": insecure.header_unverified,
    "insecure.read_unverified": insecure.read_unverified,
}
every_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


def raised(results: list[Any]) -> Any:
    """The only result of a batch, raised if it is a refusal."""
    if isinstance(results[0], Exception):
        raise results[0]
    return results[0]


def with_header_of(size: int) -> str:
    """A valid token whose header has so many bytes."""
    return forge.token({"alg": "ES256", "x": "a" * (size - FRAME)}, claims(), ES256)


def certificate_chain() -> list[str]:
    """Four certificates of RSA keys, as `x5c` has them."""
    private = forge.material("RS256").private
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signing CA of a bank")])
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), 1 + number)
        .not_valid_before(dt.datetime(2023, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2033, 1, 1, tzinfo=dt.UTC))
        .sign(private, hashes.SHA256())
        for number in range(6)
    )
    return [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in made]


@every_reader
def test_a_chain_of_certificates_in_the_header(read: Callable[..., Any]) -> None:
    """A header over 4,096 bytes is refused, by name of the option, and accepted where the option says so."""
    token = forge.token({"alg": "ES256", "x5c": certificate_chain()}, claims(), ES256)
    with pytest.raises(TokenTooLarge, match="max_header_size=") as caught:
        read(token)
    assert "token_too_large" == caught.value.code
    read(token, max_header_size=9_000)


@every_reader
def test_the_header_size_is_exact(read: Callable[..., Any]) -> None:
    """A header of exactly the limit passes, one byte more does not; the default is 4,096."""
    for size in (4_094, 4_095, 4_096):
        read(with_header_of(size))
        read(with_header_of(size), max_header_size=size)
        assert "token_too_large" == refusal(read, with_header_of(size), max_header_size=size - 1)
    for size in (4_097, 4_098, 4_099, 4_100):
        assert "token_too_large" == refusal(read, with_header_of(size))
        read(with_header_of(size), max_header_size=size)


def test_the_header_size_of_a_json_serialization() -> None:
    """`verify_json` and `parse` bound each header of an object."""
    protected, payload, signature = with_header_of(5_000).split(".")
    entry = {"protected": protected, "signature": signature}
    for made in ({"payload": payload, **entry}, {"payload": payload, "signatures": [entry, entry]}):
        for read in (lambda obj, **options: jws.verify_json(obj, KEY, **options), jws.parse):
            assert "token_too_large" == refusal(read, made)
            assert "token_too_large" == refusal(read, made, max_header_size=4_999)
            read(made, max_header_size=5_000)


def test_issuers_of_different_limits() -> None:
    """A verifier's own limit holds in a table, whatever its neighbours accept."""
    narrow, wide = Verifier(KEY, LAX), Verifier(KEY, LAX, max_header_size=9_000)
    token = with_header_of(5_000)
    assert "token_too_large" == refusal(Issuers({claims()["iss"]: narrow, "x": wide}).verify, token, now=NOW)
    assert Issuers({claims()["iss"]: wide, "x": narrow}).verify(token, now=NOW)


@pytest.mark.parametrize("size", [0, -1])
@every_reader
def test_sizes_that_no_token_has(read: Callable[..., Any], size: int) -> None:
    """A limit is positive."""
    assert "invalid_policy" == refusal(read, forge.T0, max_header_size=size)
    for wrong in ("4096", 4096.0, True):
        with pytest.raises(TypeError, match="max_header_size"):
            read(forge.T0, max_header_size=wrong)


def test_a_signer_names_the_option_of_verifiers() -> None:
    """No signer writes a header that verifiers refuse unless told otherwise; the refusal says what tells them."""
    key = SigningKey.generate("ES256")
    headers = {"x5c": certificate_chain()}
    for sign in (
        lambda: Signer(key, headers=headers),
        lambda: Signer(key).sign({}, headers=headers),
        lambda: jws.sign(b"x", key, headers=headers),
        lambda: jws.sign_json(b"x", jws.Signature(key, headers)),
    ):
        with pytest.raises(PolicyError, match="max_header_size"):
            sign()


def padded_token() -> str:
    """A token as an AWS Application Load Balancer writes it: padded segments, signed as they stand."""
    header, payload = b'{"alg":"ES256"} ', forge.octets(claims())
    payload += b" " * (1 + len(payload) % 3 % 2)
    signed = ".".join(base64.urlsafe_b64encode(part).decode() for part in (header, payload))
    assert "=." in signed
    return f"{signed}.{base64.urlsafe_b64encode(ES256.sign(signed.encode(), None)).decode()}"


@every_reader
def test_a_token_of_an_aws_load_balancer(read: Callable[..., Any]) -> None:
    """Padding is refused by name of the option that accepts it, for every function."""
    with pytest.raises(MalformedToken, match="accept_padding=True") as caught:
        read(padded_token())
    assert "malformed_token" == caught.value.code
    read(padded_token(), accept_padding=True)


@every_reader
def test_padding_that_no_option_accepts(read: Callable[..., Any]) -> None:
    """The option is not named where it would not help."""
    with pytest.raises(MalformedToken) as caught:
        read(forge.T0 + "==")
    assert "accept_padding" not in str(caught.value)
    assert "malformed_token" == refusal(read, forge.T0 + "==", accept_padding=True)
