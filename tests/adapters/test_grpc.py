"""The gRPC interceptors, on real servers with threads and with asyncio: every kind of method, each refusal, one credential."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import protected_grpc
from jwseal import Verifier
from jwseal.sender import DpopCheck, Nonce
from jwseal.testing import FakeIssuer
from proofs import JKT, Prover
from protected_apps import SCOPE
from protected_grpc import KINDS, SERVERS, call, grpc
from test_sender_adapters import demanding


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


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_next_nonce(kind: str, server: str, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose nonce is half way through its time ends with the next one in the trailing metadata (RFC 9449 section 8.2)."""
    nonces, now, base = Nonce(bytes(32), ttl=300), int(time.time()), "https://api.example"
    token = issuer.token(scope=SCOPE, cnf={"jkt": JKT})
    make = Prover(token, f"{base}/orders/{kind}", "POST", now)
    monkeypatch.setattr(protected_grpc, "OPTIONS", protected_grpc.OPTIONS | {"base_url": base})
    judge = demanding(issuer, DpopCheck(algorithms=["ES256"], nonce=nonces))
    with SERVERS[server](judge) as made:
        for age, handed_out in ((0, False), (200, True)):
            proof = make(nonce=nonces.make(now - age))
            status, answer, trailing = call(
                made, f"/orders/{kind}", ("authorization", f"DPoP {token}"), ("dpop", proof)
            )
            assert ("OK", b"alice alice" if kind.endswith("stream") else b"alice") == (status, answer)
            assert handed_out is nonces.accepts(trailing.get("dpop-nonce"), now)


def test_every_function_of_a_method() -> None:
    """The trailing metadata is set for functions of grpc.aio of every kind, those that run on threads too."""
    from jwseal.adapters.grpc_method import ending

    async def coroutine(_: object, __: object) -> bytes:
        return b"coroutine"

    async def generator(_: object, __: object) -> AsyncIterator[bytes]:
        yield b"generator"

    async def writer(_: object, context: Any) -> None:
        await context.write(b"writer")

    def function(_: object, __: object) -> bytes:
        return b"function"

    def iterator(_: object, __: object) -> Iterator[bytes]:
        yield b"iterator"

    async def own(_: object, context: Any) -> bytes:
        context.set_trailing_metadata((("own", "x"),))
        return b"own"

    one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
    made = {name: one(f) for name, f in (("coroutine", coroutine), ("function", function), ("own", own))}
    made |= {name: many(f) for name, f in (("generator", generator), ("writer", writer), ("iterator", iterator))}

    class Methods(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return ending(made[details.method], (("dpop-nonce", "x"),))

    async def called() -> dict[str, tuple[bytes, list[str]]]:
        server = grpc.aio.server(ThreadPoolExecutor(1), handlers=[Methods()])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        answers = {}
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            for name in made:
                streams = made[name].response_streaming
                begun = (channel.unary_stream if streams else channel.unary_unary)(name)(b"")
                answer = b"".join([part async for part in begun]) if streams else await begun
                answers[name] = answer, [key for key, _ in await begun.trailing_metadata()]
        await server.stop(None)
        return answers

    ended = asyncio.run(called())
    assert {name: (name.encode(), ["own" if name == "own" else "dpop-nonce"]) for name in made} == ended
    assert ending(made["function"], ()) is made["function"]
