"""gRPC servers whose methods need a token: with threads and with asyncio, of every kind of method, as `protected_apps` are.

`SERVERS[kind](judge)` is a context with the address. As a program it runs one in a process: its arguments are the kind, the port,
and the port of the same server with a judge whose keys cannot be fetched.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from jwseal.testing import Client
from peers import peer
from protected_apps import scopes, subject

grpc = peer("grpc")
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
STATUSES = {"OK": 200, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "UNAVAILABLE": 503}


# Further options of the interceptors, and the credentials of a server with TLS: tests set both.
OPTIONS: dict[str, Any] = {"exclude": ["/open/*"]}
CREDENTIALS: Any = None


def options(judge: Any) -> dict[str, Any]:
    """The arguments of the interceptors."""
    return {"methods": {f"/orders/{kind}": scopes(judge) for kind in KINDS}, **OPTIONS}


def listen(server: Any, port: int) -> int:
    """The port where the server listens, with TLS if there are CREDENTIALS."""
    if CREDENTIALS:
        return int(server.add_secure_port(f"127.0.0.1:{port}", CREDENTIALS))
    return int(server.add_insecure_port(f"127.0.0.1:{port}"))


def answer() -> bytes:
    """What every method answers."""
    from jwseal.adapters.grpc import token

    return subject(token()).encode()


def handler_of(method: str, one: Any, many: Any, health: Any) -> Any:
    """The handler of a method by its name, which is its kind."""
    service, _, kind = method[1:].partition("/")
    if service == "open":
        return grpc.unary_unary_rpc_method_handler(health)
    if kind not in KINDS:
        return None
    return getattr(grpc, f"{kind}_rpc_method_handler")(many if kind.endswith("stream") else one)


@contextmanager
def threaded(judge: Any, port: int = 0) -> Iterator[str]:
    """The address of a server with threads."""
    from jwseal.adapters.grpc import JWTInterceptor

    def stream(_: Any, __: Any) -> Iterator[bytes]:
        yield answer()
        yield answer()

    class Methods(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return handler_of(details.method, lambda *_: answer(), stream, lambda *_: b"ok")

    interceptors = [JWTInterceptor(judge, **options(judge))]
    server = grpc.server(ThreadPoolExecutor(4), handlers=[Methods()], interceptors=interceptors)
    port = listen(server, port)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def asynchronous(judge: Any, port: int = 0) -> Iterator[str]:
    """The address of a server with asyncio, on a thread of its own."""
    from jwseal.adapters.grpc import AsyncJWTInterceptor

    async def one(_: Any, __: Any) -> bytes:
        return answer()

    async def many(_: Any, __: Any) -> Any:
        yield answer()
        yield answer()

    async def health(_: Any, __: Any) -> bytes:
        return b"ok"

    class Methods(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return handler_of(details.method, one, many, health)

    started, ports, loop = threading.Event(), [], asyncio.new_event_loop()
    ended = asyncio.Event()

    async def run() -> None:
        interceptors = [AsyncJWTInterceptor(judge, **options(judge))]
        server = grpc.aio.server(handlers=[Methods()], interceptors=interceptors)
        ports.append(listen(server, port))
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


SERVERS: dict[str, Callable[..., Any]] = {"threads": threaded, "asyncio": asynchronous}


def call(address: str, method: str, *metadata: tuple[str, Any]) -> tuple[str, bytes, dict[str, str]]:
    """The status, the answers joined, and the trailing metadata of a call."""
    kind = method.rpartition("/")[2]
    with grpc.insecure_channel(address) as channel:
        given: Any = iter([b"", b""]) if kind.startswith("stream") else b""
        try:
            ask = getattr(channel, kind if kind in KINDS else "unary_unary")(method)
            if kind.endswith("stream"):
                made = ask(given, metadata=metadata)
                return "OK", b" ".join(made), dict(made.trailing_metadata() or ())
            answered, made = ask.with_call(given, metadata=metadata)
            return "OK", answered, dict(made.trailing_metadata() or ())
        except grpc.RpcError as error:
            return error.code().name, error.details().encode(), dict(error.trailing_metadata() or ())


def client(address: str) -> Client:
    """A client in whose answers the status is that of HTTP; gRPC has no query and no OPTIONS."""

    def send(method: str, _: str, headers: Any, query: str) -> tuple[int, Any, bytes]:
        if method == "OPTIONS" or (query and headers):
            return 405, [("www-authenticate", 'Bearer error="invalid_token"')], b""
        status, said, trailing = call(address, "/orders/unary_unary", *((n.lower(), v) for n, v in headers))
        return STATUSES.get(status, 400), trailing.items(), said

    return Client(send)


if __name__ == "__main__":
    from served_judges import down, up

    kind, port, other = sys.argv[1], *map(int, sys.argv[2:])
    with SERVERS[kind](down, other), SERVERS[kind](up, port):
        threading.Event().wait()
