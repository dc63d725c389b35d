"""The gRPC interceptors, on real servers with threads and with asyncio: every kind of method, each refusal, one credential."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from jwseal import Verifier
from jwseal.testing import Client, FakeIssuer, assert_protected
from peers import peer

grpc = peer("grpc")
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
STATUSES = {"OK": 200, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "UNAVAILABLE": 503}
SCOPE = "orders:read"
CREDENTIALS: Any = None
OPTIONS: dict[str, Any] = {"methods": {f"/orders/{kind}": [SCOPE] for kind in KINDS}, "exclude": ["/open/*"]}


def subject() -> bytes:
    """What every method answers."""
    from jwseal.adapters.grpc import token

    return str(token()["sub"]).encode()


@contextmanager
def threaded(judge: Any) -> Iterator[str]:
    """The address of a server with threads."""
    from jwseal.adapters.grpc import JWTInterceptor

    def stream(_: Any, __: Any) -> Iterator[bytes]:
        yield subject()
        yield subject()

    class Methods(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return handler_of(details.method, lambda *_: subject(), stream, lambda *_: b"ok")

    server = grpc.server(ThreadPoolExecutor(4), handlers=[Methods()], interceptors=[JWTInterceptor(judge, **OPTIONS)])
    port = listen(server)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def listen(server: Any) -> int:
    """The port where the server listens, with TLS if there are CREDENTIALS."""
    if CREDENTIALS:
        return int(server.add_secure_port("127.0.0.1:0", CREDENTIALS))
    return int(server.add_insecure_port("127.0.0.1:0"))


def handler_of(method: str, one: Any, many: Any, health: Any) -> Any:
    """The handler of a method by its name, which is its kind."""
    service, _, kind = method[1:].partition("/")
    if service == "open":
        return grpc.unary_unary_rpc_method_handler(health)
    if kind not in KINDS:
        return None
    return getattr(grpc, f"{kind}_rpc_method_handler")(many if kind.endswith("stream") else one)


@contextmanager
def asynchronous(judge: Any) -> Iterator[str]:
    """The address of a server with asyncio, on a thread of its own."""
    from jwseal.adapters.grpc import AsyncJWTInterceptor

    async def one(_: Any, __: Any) -> bytes:
        return subject()

    async def many(_: Any, __: Any) -> Any:
        yield subject()
        yield subject()

    async def health(_: Any, __: Any) -> bytes:
        return b"ok"

    class Methods(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return handler_of(details.method, one, many, health)

    started, ports, loop = threading.Event(), [], asyncio.new_event_loop()
    ended = asyncio.Event()

    async def run() -> None:
        server = grpc.aio.server(handlers=[Methods()], interceptors=[AsyncJWTInterceptor(judge, **OPTIONS)])
        ports.append(listen(server))
        await server.start()
        started.set()
        await ended.wait()
        await server.stop(None)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(10)
    try:
        yield f"127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


SERVERS: dict[str, Callable[[Any], Any]] = {"threads": threaded, "asyncio": asynchronous}


def call(address: str, method: str, *metadata: tuple[str, Any]) -> tuple[str, bytes, dict[str, str]]:
    """The status, the answers joined, and the trailing metadata of a call."""
    kind = method.rpartition("/")[2]
    with grpc.insecure_channel(address) as channel:
        given: Any = iter([b"", b""]) if kind.startswith("stream") else b""
        try:
            made = getattr(channel, kind if kind in KINDS else "unary_unary")(method)(given, metadata=metadata)
            return "OK", b" ".join(made) if kind.endswith("stream") else made, {}
        except grpc.RpcError as error:
            return error.code().name, error.details().encode(), dict(error.trailing_metadata() or ())


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


@pytest.mark.parametrize("kind", SERVERS)
def test_conformance(kind: str, issuer: FakeIssuer, verifier: Verifier, down: Any) -> None:
    """Every bad credential is refused, by gRPC or the interceptor, and keys that cannot be fetched are UNAVAILABLE."""
    with SERVERS[kind](verifier) as up, SERVERS[kind](down) as unavailable:
        assert_protected(client(up), issuer, scope=SCOPE, unavailable=client(unavailable))


def client(address: str) -> Client:
    """A client in whose answers the status is that of HTTP; gRPC has no query and no OPTIONS."""

    def send(method: str, _: str, headers: Any, query: str) -> tuple[int, Any, bytes]:
        if method == "OPTIONS" or (query and headers):
            return 405, [("www-authenticate", 'Bearer error="invalid_token"')], b""
        status, answer, trailing = call(address, "/orders/unary_unary", *((n.lower(), v) for n, v in headers))
        return STATUSES.get(status, 400), trailing.items(), answer

    return Client(send)


def test_no_token_outside_a_call() -> None:
    """`token()` outside a method is a LookupError."""
    assert grpc.StatusCode
    from jwseal.adapters.grpc import token

    with pytest.raises(LookupError):
        token()
