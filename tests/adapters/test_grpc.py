"""The gRPC interceptors, on real servers with threads and with asyncio: every kind of method, each refusal, one credential."""

import logging
from collections.abc import Iterator

import pytest

from jwseal import Verifier
from jwseal.testing import FakeIssuer
from protected_apps import SCOPE
from protected_grpc import KINDS, SERVERS, call, grpc


@pytest.fixture(params=SERVERS)
def address(request: pytest.FixtureRequest, verifier: Verifier) -> Iterator[str]:
    """A server of each kind."""
    with SERVERS[request.param](verifier) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_method(kind: str, address: str, issuer: FakeIssuer) -> None:
    """A method sees the verified token, whichever side streams, and a refused call ends before it."""
    good = ("authorization", f"Bearer {issuer.token(scope=SCOPE)}")
    status, answer, _ = call(address, f"/orders/{kind}", good)
    assert ("OK", b"alice alice" if kind.endswith("stream") else b"alice") == (status, answer)
    assert "UNAUTHENTICATED" == call(address, f"/orders/{kind}")[0]
    assert "PERMISSION_DENIED" == call(address, f"/orders/{kind}", ("authorization", f"Bearer {issuer.token()}"))[0]


def test_trailing_metadata(address: str, issuer: FakeIssuer) -> None:
    """A refused call has the challenge that HTTP would have, and the status in words."""
    status, details, trailing = call(address, "/orders/unary_unary")
    assert ("UNAUTHENTICATED", b"Unauthorized") == (status, details)
    assert f'Bearer scope="{SCOPE}"' == trailing["www-authenticate"]


def test_excluded_and_unknown_methods(address: str, issuer: FakeIssuer) -> None:
    """A service that was excluded needs no token; a method that does not exist is UNIMPLEMENTED with one."""
    assert ("OK", b"ok") == call(address, "/open/check")[:2]
    good = ("authorization", f"Bearer {issuer.token()}")
    assert "UNIMPLEMENTED" == call(address, "/orders/nothing", good)[0]


# The situation, the metadata ({} is a good token), and the code of the refusal.
METADATA: list[tuple[str, list[tuple[str, str]], str]] = [
    ("no metadata", [], "missing_token"),
    ("two entries", [("authorization", "Bearer {}"), ("authorization", "Bearer {}")], "malformed_token"),
    ("one entry with two tokens", [("authorization", "Bearer {}, Bearer {}")], "malformed_token"),
    ("no scheme", [("authorization", "{}")], "malformed_token"),
    ("the scheme Token", [("authorization", "Token {}")], "malformed_token"),
    ("quotes", [("authorization", 'Bearer "{}"')], "malformed_token"),
    ("an empty entry", [("authorization", "")], "malformed_token"),
    ("the scheme alone", [("authorization", "Bearer")], "malformed_token"),
    ("binary metadata", [("authorization-bin", "Bearer {}")], "missing_token"),
    ("the key `token`", [("token", "{}")], "missing_token"),
    ("the key `x-authorization`", [("x-authorization", "Bearer {}")], "missing_token"),
    ("the gateway's copy alone", [("grpcgateway-authorization", "Bearer {}")], "missing_token"),
]


@pytest.mark.parametrize(("situation", "metadata", "code"), METADATA, ids=[row[0] for row in METADATA])
def test_misconfigured_metadata(
    situation: str,
    metadata: list[tuple[str, str]],
    code: str,
    address: str,
    issuer: FakeIssuer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What clients and gateways get wrong ends the call with UNAUTHENTICATED, and its code is in the log."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    token = issuer.token(scope=SCOPE)
    sent = [(key, value.replace("{}", token)) for key, value in metadata]
    sent = [(key, value.encode() if key.endswith("-bin") else value) for key, value in sent]  # type: ignore[misc]
    assert "UNAUTHENTICATED" == call(address, "/orders/unary_unary", *sent)[0], situation
    assert [f"401 {code}"] == [one.getMessage() for one in caplog.records if one.name == "jwseal.adapters"]


def test_right_metadata(address: str, issuer: FakeIssuer) -> None:
    """The scheme in any case is right, and so is a gateway's copy of the header beside it."""
    good = f"Bearer {issuer.token(scope=SCOPE)}"
    for metadata in (
        [("authorization", good.replace("Bearer", "bearer"))],
        [("authorization", good), ("grpcgateway-authorization", good)],
    ):
        assert "OK" == call(address, "/orders/unary_unary", *metadata)[0]


def test_a_key_in_capitals(address: str, issuer: FakeIssuer) -> None:
    """gRPC's client refuses a key with capital letters before it sends anything."""
    good = ("Authorization", f"Bearer {issuer.token(scope=SCOPE)}")
    assert "INTERNAL" == call(address, "/orders/unary_unary", good)[0]


def test_no_token_outside_a_call() -> None:
    """`token()` outside a method is a LookupError."""
    assert grpc.StatusCode
    from jwseal.adapters.grpc import token

    with pytest.raises(LookupError):
        token()
