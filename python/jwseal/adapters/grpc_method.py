"""The handler of a gRPC method: its function, a handler of the same kind, and those of `grpc.aio` that do something before it.

It knows nothing of tokens.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

__all__ = ["after", "alike", "behaviour_of", "ending"]


def behaviour_of(handler: Any) -> Any:
    """The function of a handler."""
    return next(
        found
        for found in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
        if found
    )


def alike(handler: Any, behaviour: Callable[..., Any]) -> Any:
    """A handler of the same kind that runs another function."""
    sides = {False: "unary", True: "stream"}
    kind = f"{sides[handler.request_streaming]}_{sides[handler.response_streaming]}_rpc_method_handler"
    return getattr(grpc, kind)(behaviour, handler.request_deserializer, handler.response_serializer)


def after(first: Callable[[Any], Awaitable[None]], handler: Any) -> Any:
    """A handler of `grpc.aio` that awaits `first(context)` before its function runs."""
    behaviour = behaviour_of(handler)

    async def one(given: Any, context: Any) -> Any:
        await first(context)
        return await _asynchronous(behaviour)(given, context)

    async def many(given: Any, context: Any) -> AsyncIterator[Any]:
        await first(context)
        if inspect.iscoroutinefunction(behaviour):  # it calls context.write
            await behaviour(given, context)
            return
        async for answer in _asynchronous(behaviour)(given, context):
            yield answer

    return alike(handler, many if handler.response_streaming else one)


def ending(handler: Any, metadata: tuple[tuple[str, str], ...]) -> Any:
    """The handler of `grpc.aio`; with trailing metadata for its calls, one that sets it before the function runs."""
    if not metadata:
        return handler
    behaviour = behaviour_of(handler)

    async def one(given: Any, context: Any) -> Any:
        context.set_trailing_metadata(metadata)
        return await behaviour(given, context)

    async def many(given: Any, context: Any) -> AsyncIterator[Any]:
        context.set_trailing_metadata(metadata)
        async for answer in behaviour(given, context):
            yield answer

    def on_a_thread(given: Any, context: Any) -> Any:
        context.set_trailing_metadata(metadata)
        return behaviour(given, context)

    if inspect.isasyncgenfunction(behaviour):
        return alike(handler, many)
    return alike(handler, one if inspect.iscoroutinefunction(behaviour) else on_a_thread)


def _asynchronous(behaviour: Any) -> Any:
    """The function, or TypeError, which only a client with a valid token comes to see."""
    if not (inspect.iscoroutinefunction(behaviour) or inspect.isasyncgenfunction(behaviour)):
        raise TypeError("a method of grpc.aio must be async def where the certificate of its connection is checked")
    return behaviour
