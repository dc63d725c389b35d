"""Checks by stores: revocation, then replay or budget. They run last, so that a refused token does not use up anything.

A store that raises, or answers anything but a bool, is `StateUnavailable`; with `on_unavailable="allow"` the token passes, and
the result names what was not checked. An identifier is made of `iss` and `jti`, and kept until the token ends for good: `exp`
plus the leeway.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from jwseal.errors import MissingClaim, PolicyError, Replayed, Revoked, StateUnavailable
from jwseal.state.answer import ask, ask_async
from jwseal.state.identifier import identifier
from jwseal.state.stores import BudgetStore, ReplayStore, RevocationStore

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from jwseal.state.answer import Question

    # Asks the stores one after the other: yields their names and the questions, takes the answers, returns the names of
    # those that did not answer.
    Questions = Generator[tuple[str, Question], bool | StateUnavailable, frozenset[str]]

__all__ = ["Budget", "BudgetExhausted", "StateCheck", "Token"]


class Token(Protocol):
    """What the stores are asked about: a verified token."""

    @property
    def kid(self) -> str | None:
        """The header's `kid`."""

    @property
    def expires_at(self) -> float | None:
        """`exp` in seconds."""

    def get(self, name: str, /) -> Any:
        """The claim of a name, or None."""


class Budget(NamedTuple):
    """A token that may be used `limit` times, and `n` of them now."""

    n: int
    limit: int


class BudgetExhausted(Exception):
    """The rest of the budget is smaller than the requested number."""


class StateCheck:
    """The stores of one verifier or authorizer."""

    __slots__ = ("_allow", "budget", "replay", "revocation")

    def __init__(
        self,
        *,
        replay: ReplayStore | None = None,
        revocation: RevocationStore | None = None,
        budget: BudgetStore | None = None,
        on_unavailable: str = "deny",
    ) -> None:
        """Check the arguments: an object that is not a store raises TypeError, another `on_unavailable` PolicyError."""
        stores = (("replay", replay, ReplayStore), ("revocation", revocation, RevocationStore))
        for name, store, protocol in (*stores, ("budget", budget, BudgetStore)):
            if store is not None and (isinstance(store, type) or not isinstance(store, protocol)):
                raise TypeError(
                    f"{name} must be a {protocol.__name__}, such as jwseal.state.MemoryState(), "
                    f"not {store.__name__ if isinstance(store, type) else type(store).__name__}"
                )
        if on_unavailable not in ("deny", "allow"):
            raise PolicyError('on_unavailable must be "deny" or "allow"')
        self.replay, self.revocation, self.budget = replay, revocation, budget
        self._allow = on_unavailable == "allow"

    def __bool__(self) -> bool:
        """Whether there is a store to ask."""
        return any(store is not None for store in (self.replay, self.revocation, self.budget))

    def ask(self, token: Token, now: float, leeway: float, budget: Budget | None = None) -> frozenset[str]:
        """Ask the stores. Return the names of those that failed, if `on_unavailable` allows that.

        Raises Revoked, Replayed, MissingClaim, BudgetExhausted or StateUnavailable.
        """
        questions = self._questions(token, now, leeway, budget)
        try:
            name, question = next(questions)
            while True:
                name, question = questions.send(ask(name, question))
        except StopIteration as done:
            failed: frozenset[str] = done.value
            return failed

    async def ask_async(self, token: Token, now: float, leeway: float, budget: Budget | None = None) -> frozenset[str]:
        """As `ask`, under asyncio and trio. A store whose methods are not asynchronous is asked on a thread."""
        questions = self._questions(token, now, leeway, budget)
        try:
            name, question = next(questions)
            while True:
                name, question = questions.send(await ask_async(name, question))
        except StopIteration as done:
            failed: frozenset[str] = done.value
            return failed

    def _questions(self, token: Token, now: float, leeway: float, budget: Budget | None) -> Questions:
        unchecked = set[str]()
        iss, jti, sid, sub = (_text(token.get(name)) for name in ("iss", "jti", "sid", "sub"))
        if self.revocation is not None:
            question = partial(self.revocation.revoked, iss, jti, sid, sub, _number(token.get("iat")), token.kid)
            if (yield from self._answer("revocation", question, unchecked)):
                raise Revoked("the token, or what it was issued for, was revoked", "jti")
        store = self.replay if budget is None else self.budget
        if store is not None:
            if jti is None:
                raise MissingClaim("jti is missing, and a token that is used a limited number of times needs it", "jti")
            if token.expires_at is None:
                raise MissingClaim("exp is missing, and a token that is used a limited number of times needs it", "exp")
            key, ttl = identifier(iss, jti), token.expires_at + leeway - now
            if budget is None:
                name, question = "replay", partial(cast("ReplayStore", store).add, key, ttl)
            else:
                name, question = "budget", partial(cast("BudgetStore", store).take, key, budget.n, budget.limit, ttl)
            if (yield from self._answer(name, question, unchecked)) is False:
                raise Replayed("jti was seen before", "jti") if budget is None else BudgetExhausted
        return frozenset(unchecked)

    def _answer(
        self, name: str, question: Question, unchecked: set[str]
    ) -> Generator[tuple[str, Question], bool | StateUnavailable, bool | None]:
        """The store's answer; None if the store fails and the token is accepted nevertheless."""
        answer = yield name, question
        if not isinstance(answer, StateUnavailable):
            return answer
        if not self._allow:
            raise answer
        unchecked.add(name)
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
