"""The protocols of the stores.

Each method returns a bool, or an awaitable of one: a store with asynchronous methods works with `verify_async` and
`authorize_async`. Keys are ASCII text of at most 64 characters, made from the token's identifiers by a hash. A method that
raises any exception makes the verdict `StateUnavailable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["BudgetStore", "ReplayStore", "RevocationStore"]


@runtime_checkable
class ReplayStore(Protocol):
    """Remembers the tokens that were accepted."""

    def add(self, key: str, ttl: float, /) -> bool | Awaitable[bool]:
        """Add a key and return True, or return False if it is there already: one atomic step.

        The key is kept for at least `ttl` seconds. A store without room for it must raise, and never drops a key early.
        """


@runtime_checkable
class RevocationStore(Protocol):
    """Knows what was revoked."""

    def revoked(
        self,
        iss: str | None,
        jti: str | None,
        sid: str | None,
        sub: str | None,
        iat: float | None,
        kid: str | None,
        /,
    ) -> bool | Awaitable[bool]:
        """Return whether a token with these claims and this header `kid` was revoked. What a token lacks is None.

        `iss`, `jti`, `sid`, `sub` and `iat` are the claims of these names; `iat` is in seconds since 1970.
        """


@runtime_checkable
class BudgetStore(Protocol):
    """Counts what a token was used for."""

    def take(self, key: str, n: int, limit: int, ttl: float, /) -> bool | Awaitable[bool]:
        """Take `n` of the budget `key` of `limit` and return True, or return False if less is left: one atomic step.

        The count is kept for at least `ttl` seconds. A store without room for it must raise.
        """
