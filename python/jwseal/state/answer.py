"""The answer of a store to one question: True or False, or StateUnavailable where there is none.

Only what the store itself does counts as a failure of the store: an exception that it raises, and an answer that is no bool. What
goes wrong around it, such as an event loop that cannot start a thread, is raised, and is never taken for a store that failed.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from jwseal._waiting import event_loop
from jwseal.errors import StateUnavailable
from jwseal.state.memory import MemoryState
from jwseal.state.redis import RedisState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Question = Callable[[], bool | Awaitable[bool]]

__all__ = ["Question", "ask", "ask_async"]


def ask(name: str, question: Question) -> bool | StateUnavailable:
    """Ask the store of this name. An asynchronous one is TypeError."""
    answer = _outcome(question)
    if inspect.isawaitable(answer):
        _discard(answer)
        raise TypeError("this store is asynchronous: call verify_async or authorize_async")
    return _judged(name, answer)


async def ask_async(name: str, question: Question) -> bool | StateUnavailable:
    """As `ask`, under asyncio and trio.

    A store whose methods are not asynchronous is asked on a thread, so that the event loop runs on.
    """
    loop, owner = event_loop(), _owner(question)
    if loop == "trio" and isinstance(owner, RedisState) and owner.is_async:
        raise TypeError("an asyncio client of Redis cannot be used under trio: give RedisState a synchronous client")
    if _returns_at_once(question):
        answer = _outcome(question)
    elif loop == "trio":
        import trio

        answer = await trio.to_thread.run_sync(_outcome, question, abandon_on_cancel=True)
    else:
        import asyncio

        answer = await asyncio.to_thread(_outcome, question)
    if inspect.isawaitable(answer):
        try:
            answer = await answer
        except Exception as error:  # whatever a store raises, it gave no answer
            answer = error
    return _judged(name, answer)


def _outcome(question: Question) -> object:
    """What the store returns, or the exception that it raises."""
    try:
        return question()
    except Exception as error:  # as in `ask_async`
        return error


def _judged(name: str, answer: object) -> bool | StateUnavailable:
    if answer is True or answer is False:
        return answer
    if isinstance(answer, StateUnavailable):
        return answer
    if not isinstance(answer, Exception):
        return StateUnavailable(f"the {name} store must answer with a bool, not {type(answer).__name__}")
    unavailable = StateUnavailable(f"the {name} store failed with {type(answer).__name__}")
    unavailable.__cause__ = answer
    return unavailable


def _owner(question: Question) -> object:
    return getattr(_method(question), "__self__", None)


def _method(question: Question) -> Any:
    return question.func if isinstance(question, partial) else question


def _returns_at_once(question: Question) -> bool:
    """Whether the call does not wait for a network on the thread that makes it."""
    owner = _owner(question)
    if isinstance(owner, RedisState):
        return owner.is_async
    return isinstance(owner, MemoryState) or inspect.iscoroutinefunction(_method(question))


def _discard(answer: Any) -> None:
    """Close a coroutine that will not be awaited, to avoid a warning."""
    close = getattr(answer, "close", None)
    if callable(close):
        close()
