"""gRPC: interceptors for servers with threads and for `grpc.aio` (RFC 6750 in metadata).

    server = grpc.server(pool, interceptors=[JWTInterceptor(verifier)])
    server = grpc.aio.server(interceptors=[AsyncJWTInterceptor(verifier, exclude=["/grpc.health.v1.Health/*"])])

    def Orders(self, request, context):
        token()["sub"]

A refused call ends with UNAUTHENTICATED, PERMISSION_DENIED or UNAVAILABLE, and the headers that HTTP would have are its trailing
metadata. So is the next DPoP nonce of an accepted call, unless the method sets its own. `methods` names the scopes of methods:
`{"/shop.Orders/List": ["orders:read"]}`. A path of `exclude` is a method's full name. With threads, tokens are verified on the thread of
the method, so that no other call waits for keys. With sender="mtls" both verify in the method, and those of `grpc.aio` must be `async def`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import grpc
import grpc.aio

from jwseal import PolicyError
from jwseal.adapters.client_certificate import of_pem
from jwseal.adapters.grpc_method import after, alike, behaviour_of, ending
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
        for name, scopes in self.methods.items():
            if not re.fullmatch("/[^/]+/[^/]+", name):
                raise PolicyError("a method is named in full, with both slashes: '/shop.Orders/List'")
            self.server.wanted(scopes)

    def open(self, request: Received) -> bool:
        """Whether the method needs no token. One with scopes needs one."""
        return request.path not in self.methods and self.server.open(request)

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
        if handler is None or self.open(request):
            return handler
        scopes = self.methods.get(request.path, ())

        def authenticate(context: grpc.ServicerContext) -> None:
            try:
                _token.set(self.server.authenticate(_with_certificate(request, context), scopes))
                if request.added:
                    context.set_trailing_metadata(_metadata(request.added))
            except Refused as refused:
                context.set_trailing_metadata(_metadata(refused.headers))
                context.abort(STATUS[refused.status], refused.phrase)

        def one(given: Any, context: grpc.ServicerContext) -> Any:
            authenticate(context)
            return behaviour_of(handler)(given, context)

        def many(given: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            authenticate(context)
            yield from behaviour_of(handler)(given, context)

        return alike(handler, many if handler.response_streaming else one)


class AsyncJWTInterceptor(_Interceptor, grpc.aio.ServerInterceptor):
    """Refuses calls without a valid token, for `grpc.aio.server`. The other arguments are those of `ResourceServer`."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Verify the token and return the method's handler, or one that ends the call."""
        request = self.received(handler_call_details)
        if self.open(request):
            return await continuation(handler_call_details)
        scopes = self.methods.get(request.path, ())
        if self.server.asks_connection:

            async def authenticate(context: Any) -> None:
                try:
                    _token.set(await self.server.authenticate_async(_with_certificate(request, context), scopes))
                except Refused as refused:
                    await context.abort(STATUS[refused.status], refused.phrase, _metadata(refused.headers))

            handler = await continuation(handler_call_details)
            return handler if handler is None else after(authenticate, handler)
        try:
            result = await self.server.authenticate_async(request, scopes)
        except Refused as refused:
            return _refusing(refused)
        handler = await continuation(handler_call_details)
        if handler is not None:
            _token.set(result)
            handler = ending(handler, _metadata(request.added))
        return handler


def _with_certificate(request: Received, context: Any) -> Received:
    """The request with the certificate of its connection's client."""

    def certificate() -> bytes | None:
        found = context.auth_context().get("x509_pem_cert")
        return of_pem(next(iter(found)).decode("latin-1")) if found else None

    return replace(request, certificate=certificate)


def _refusing(refused: Refused) -> Any:
    """A handler for any kind of method that ends the call before a message is read."""

    async def refuse(_: AsyncIterator[Any], context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(STATUS[refused.status], refused.phrase, _metadata(refused.headers))

    return grpc.stream_stream_rpc_method_handler(refuse)


def _metadata(headers: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in headers)
