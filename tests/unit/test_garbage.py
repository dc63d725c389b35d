"""Objects that hold each other are collected, also where a native object is part of the ring."""

import functools
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import forge
from judge import ISSUER, NOW, secret, verifier, verifying
from jwseal import Issuers, Policy, Signer, SigningKey, Verifier, jws


class Client:
    """A KMS client that keeps what was made of it."""

    alg = "ES256"
    kid = None
    verifying_key = verifying(forge.material("ES256"))

    def sign(self, octets: bytes) -> bytes:
        """Sign as a KMS would."""
        return forge.material("ES256").sign(octets)


class Payload(bytes):
    """Bytes that can hold a reference."""


def external_key(client: Client) -> Any:
    return SigningKey.external(client)


def signer_of_external_key(client: Client) -> Any:
    signer = Signer(SigningKey.external(client))
    signer.sign({})
    return signer


def signatures(client: Client) -> Any:
    return [
        jws.Signature(SigningKey.external(client)),
        jws.Signature(secret(), {"a": client}),
        jws.Signature(secret(), None, {"a": client}),
    ]


def iterator_over_itself(client: Client) -> Any:
    def tokens() -> Iterator[Any]:
        yield Signer(secret()).sign({}, now=NOW)
        yield client

    stream = verifier(secret()).verify_iter(tokens(), now=NOW, progress=lambda done: client)
    next(stream)
    return stream


def iterator_not_begun(client: Client) -> Any:
    return verifier(secret()).verify_iter([client])


def iterator_with_a_fault(client: Client) -> Any:
    def tokens() -> Iterator[Any]:
        yield Signer(secret()).sign({}, now=NOW)
        error = ValueError()
        error.client = client  # type: ignore[attr-defined]
        raise error

    stream = verifier(secret()).verify_iter(tokens(), now=NOW)
    next(stream)
    return stream


def iterator_of_a_map(client: Client) -> Any:
    return verifier(secret()).verify_iter(map(client.sign, [b"x", b"y"]))


def claims_that_hold_their_token(client: Client) -> Any:
    verified = verifier(secret()).verify(Signer(secret()).sign({}, now=NOW), now=NOW)
    verified.claims["client"] = client
    verified.claims["token"] = verified
    return verified


def header_that_holds_its_token(client: Client) -> Any:
    verified = verifier(secret()).verify(Signer(secret()).sign({}, now=NOW), now=NOW)
    verified.header["client"] = client
    return verified


def detached_payload(client: Client) -> Any:
    payload = Payload(b"x")
    payload.client = client  # type: ignore[attr-defined]
    return jws.verify(jws.sign(payload, secret(), detached=True), secret(), payload=payload)


class Name(str):  # noqa: SLOT000
    """A str that can hold a reference."""


def policy(client: Client) -> Any:
    audience = Name("a")
    audience.client = client  # type: ignore[attr-defined]
    return Verifier(secret(), Policy(issuer=ISSUER, audience=audience))


def clocks(client: Client) -> Any:
    clock = functools.partial(getattr, client, "now", NOW)
    return [Signer(secret(), clock=clock), verifier(secret(), clock=clock)]


def issuers(client: Client) -> Any:
    timed = verifier(secret(), policy=Policy(issuer=ISSUER, audience="a"), clock=lambda: client)
    return Issuers({ISSUER: timed})


MAKERS = [
    external_key,
    signer_of_external_key,
    signatures,
    iterator_over_itself,
    iterator_not_begun,
    iterator_with_a_fault,
    iterator_of_a_map,
    claims_that_hold_their_token,
    header_that_holds_its_token,
    detached_payload,
    policy,
    clocks,
    issuers,
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_rings_through_native_objects_are_collected(make: Callable[[Client], Any]) -> None:
    """A ring of a client and what was made of it goes with the last reference from outside."""
    client = Client()
    client.made = make(client)  # type: ignore[attr-defined]
    gone = weakref.ref(client)
    gc.collect()
    assert gone() is client, "it was collected while it was in use"
    del client
    gc.collect()
    assert gone() is None


def test_what_is_in_use_is_not_collected() -> None:
    """Collections leave keys, signers and results that many objects share as they are."""
    client = Client()
    key = SigningKey.external(client)
    signers = [Signer(key) for _ in range(5)]
    shared = verifier(key.verifying_key)
    results = [shared.verify(signer.sign({"n": 1}, now=NOW), now=NOW) for signer in signers for _ in range(5)]
    rings = [result.claims.setdefault("ring", result) for result in results]
    for _ in range(3):
        gc.collect()
    assert [1] * 25 == [ring["n"] for ring in rings]
    assert all(result.key == key.verifying_key for result in results)
    assert jws.verify(jws.sign(b"x", key), key.verifying_key).payload == b"x"


def test_dropped_clients_of_a_kms_do_not_stay() -> None:
    """A hundred clients that were dropped leave no memory behind."""
    gone = []
    for _ in range(100):
        client = Client()
        client.buffer = bytearray(1 << 10)  # type: ignore[attr-defined]
        client.signer = Signer(SigningKey.external(client))  # type: ignore[attr-defined]
        gone.append(weakref.ref(client))
    del client
    gc.collect()
    assert [None] * 100 == [ref() for ref in gone]
