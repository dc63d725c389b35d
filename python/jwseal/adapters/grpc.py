"""gRPC: interceptors for servers with threads and for `grpc.aio` (RFC 6750 in metadata).

    server = grpc.server(pool, interceptors=[JWTInterceptor(verifier)])
    server = grpc.aio.server(interceptors=[AsyncJWTInterceptor(verifier, exclude=["/grpc.health.v1.Health/*"])])

    def Orders(self, request, context):
        token()["sub"]

A refused call ends with UNAUTHENTICATED, PERMISSION_DENIED or UNAVAILABLE, and the headers that HTTP would have are its trailing
metadata. `methods` names the scopes of methods: `{"/shop.Orders/List": ["orders:read"]}`. A path of `exclude` is a method's
full name. The synchronous interceptor verifies on the thread that runs the method, so that waiting for keys delays no other
call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import grpc.aio

from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

__all__ = ["AsyncJWTInterceptor", "JWTInterceptor", "token"]

STATUS = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    503: grpc.StatusCode.UNAVAILABLE,
}
_token: ContextVar[Any] = ContextVar("jwseal_token")


def token() -> Any:
    """The VerifiedJWT of the running method, or the Decision of an Authorizer. LookupError where it is excluded."""
    return _token.get()


class _Interceptor:
    def __init__(self, judge: Judge, *, methods: Mapping[str, Collection[str]] | None = None, **options: Any) -> None:
        self.server = ResourceServer(judge, **options)
        self.methods = dict(methods or {})

    def received(self, details: Any) -> Received:
        metadata = tuple(details.invocation_metadata or ())
        return Received(
            lambda name: [value for key, value in metadata if key.lower() == name], "POST", details.method, "", details
        )


class JWTInterceptor(_Interceptor, grpc.ServerInterceptor):
    """Refuses calls without a valid token, for `grpc.server`. The other arguments are those of `ResourceServer`."""

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Return the method's handler, behind the verification."""
        request, handler = self.received(handler_call_details), continuation(handler_call_details)
        if handler is None or self.server.open(request):
            return handler
        scopes = self.methods.get(request.path, ())

        def authenticate(context: grpc.ServicerContext) -> None:
            try:
                _token.set(self.server.authenticate(request, scopes))
            except Refused as refused:
                context.set_trailing_metadata(_metadata(refused))
                context.abort(STATUS[refused.status], refused.phrase)

        def one(given: Any, context: grpc.ServicerContext) -> Any:
            authenticate(context)
            return _behaviour(handler)(given, context)

        def many(given: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            authenticate(context)
            yield from _behaviour(handler)(given, context)

        return _wrapped(handler, many if handler.response_streaming else one)


class AsyncJWTInterceptor(_Interceptor, grpc.aio.ServerInterceptor):
    """Refuses calls without a valid token, for `grpc.aio.server`. The other arguments are those of `ResourceServer`."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Verify the token and return the method's handler, or one that ends the call."""
        request = self.received(handler_call_details)
        if self.server.open(request):
            return await continuation(handler_call_details)
        try:
            result = await self.server.authenticate_async(request, self.methods.get(request.path, ()))
        except Refused as refused:
            return _refusing(refused)
        handler = await continuation(handler_call_details)
        if handler is not None:
            _token.set(result)
        return handler


def _refusing(refused: Refused) -> Any:
    """A handler that ends the call before it reads a message, whatever kind of method was called."""

    async def refuse(_: AsyncIterator[Any], context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(STATUS[refused.status], refused.phrase, _metadata(refused))

    return grpc.stream_stream_rpc_method_handler(refuse)


def _metadata(refused: Refused) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in refused.headers)


def _behaviour(handler: Any) -> Callable[..., Any]:
    return next(
        found
        for found in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
        if found
    )


def _wrapped(handler: Any, behaviour: Callable[..., Any]) -> Any:
    """A handler of the same kind that runs another function."""
    sides = {False: "unary", True: "stream"}
    kind = f"{sides[handler.request_streaming]}_{sides[handler.response_streaming]}_rpc_method_handler"
    return getattr(grpc, kind)(behaviour, handler.request_deserializer, handler.response_serializer)
