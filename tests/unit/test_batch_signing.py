"""`sign_many` on several threads: the tokens of single calls, in order, and errors as they are raised by single calls."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import forge
from judge import NOW, claims, secret, signing, verifier, verifying
from jwseal import PolicyError, Signer, SigningKey

SIGNER = Signer(signing(forge.material("ES256"), kid="a"), issuer="https://as.example", expires_in=60)


@pytest.mark.parametrize("workers", [None, 1, 2, 64])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 63, 64, 65, 1_000])
def test_tokens_are_in_order(workers: int | None, count: int) -> None:
    """Whatever the number of threads, each token is that of its claims."""
    judge = verifier(verifying(forge.material("ES256")))
    tokens = SIGNER.sign_many([{"n": number} for number in range(count)], now=NOW, headers={"x": 1}, workers=workers)
    results = [judge.verify(token, now=NOW) for token in tokens]
    assert [result["n"] for result in results] == list(range(count))
    assert all((result["exp"], result["iat"], result.header["x"]) == (NOW + 60, NOW, 1) for result in results)


@pytest.mark.parametrize("alg", ["HS256", "RS256", "EdDSA"])
def test_deterministic_algorithms(alg: str) -> None:
    """A deterministic algorithm gives the very tokens of single calls."""
    signer = Signer(signing(forge.material(alg)))
    many = [claims(n=number) for number in range(100)]
    assert signer.sign_many(many, now=NOW, workers=4) == [signer.sign(one, now=NOW) for one in many]


@pytest.mark.parametrize(
    ("bad", "error"), [({"iss": "https://other"}, PolicyError), ({"x": object()}, TypeError), (5, TypeError)]
)
@pytest.mark.parametrize("place", [0, 500, 999])
def test_claims_that_are_refused(bad: Any, error: type[Exception], place: int) -> None:
    """The first claims that `sign` refuses end the call with its error, and nothing goes on behind it."""
    many: list[Any] = [{"n": number} for number in range(1_000)]
    many[place] = bad
    with pytest.raises(error):
        SIGNER.sign_many(many, now=NOW, workers=4)
    assert len(SIGNER.sign_many(many[:place], now=NOW, workers=4)) == place


def test_an_external_signer_is_called_by_the_caller() -> None:
    """An object that signs is called on the caller's thread, once for each token, as the claims are read."""
    material, seen = forge.material("ES256"), []

    class Device:
        alg, kid, verifying_key = "ES256", "a", verifying(material)

        def sign(self, octets: bytes) -> bytes:
            seen.append(threading.get_ident())
            return material.sign(octets)

    read = []

    def source() -> Iterator[dict[str, int]]:
        for number in range(50):
            read.append(len(seen))
            yield {"n": number}

    tokens = Signer(SigningKey.external(Device())).sign_many(source(), workers=8)
    assert len(tokens) == 50
    assert seen == [threading.get_ident()] * 50
    assert read == list(range(50))


@pytest.mark.parametrize(
    ("workers", "error"), [(0, ValueError), (257, ValueError), (True, TypeError), ("2", TypeError)]
)
def test_workers_that_are_no_number(workers: Any, error: type[Exception]) -> None:
    """`workers` is an int from 1 to 256 or None."""
    with pytest.raises(error, match="workers is a number of threads"):
        Signer(secret()).sign_many([], workers=workers)
