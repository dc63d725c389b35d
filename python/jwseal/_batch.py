"""A batch of tokens for an event loop: threads of the pool verify it, and the loop goes on meanwhile.

Tokens are judged with the keys at hand first. For those that need others, each source is awaited, and they are judged once more.
Stores are asked last, in the order of the tokens. A task that is cancelled stops its batch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from jwseal import _native
from jwseal._waiting import Flight
from jwseal.errors import InvalidToken, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jwseal.types import Moment
    from jwseal.verifier import Issuers, Verifier

    Token = str | bytes
    Verdict = _native.VerifiedJWT | InvalidToken | Unavailable
    One = Callable[[Token, Moment | None], Awaitable[_native.VerifiedJWT]]

__all__ = ["verify_many"]


async def verify_many(
    verifier: Verifier | Issuers,
    tokens: Iterable[Token],
    now: Moment | None,
    workers: int | None,
    *,
    verify: One,
    settle: Callable[[Token, _native.VerifiedJWT], Awaitable[_native.VerifiedJWT]],
) -> list[Verdict]:
    """The verdicts on these tokens, in order.

    `verify` verifies one token and waits for its keys, `settle` asks its stores.
    """
    tokens = tokens if isinstance(tokens, (str, bytes)) else list(tokens)
    batch = verifier._begin_many(tokens, now=now, workers=workers)
    found = await _judged(batch)
    late = await _with_other_keys(batch, found, tokens, lambda token: verify(token, now))
    judged = [late[number] if verdict is None else verdict for number, verdict in enumerate(found)]
    return [
        await _value(settle(token, verdict)) if isinstance(verdict, _native.VerifiedJWT) else verdict
        for token, verdict in zip(tokens, judged, strict=True)
    ]


async def _judged(batch: _native.PendingBatch) -> list[Verdict | None]:
    """Wait for the threads without blocking the event loop, and return their verdicts."""
    flight = Flight()
    try:
        batch.start(lambda: flight.end(None))
        await flight.wait_async()
    except BaseException:
        batch.stop()
        raise
    return batch.results()


async def _with_other_keys(
    batch: _native.PendingBatch,
    found: Sequence[Verdict | None],
    tokens: Sequence[Token],
    verify: Callable[[Token], Awaitable[_native.VerifiedJWT]],
) -> dict[int, Verdict]:
    """The verdicts on tokens that need other keys, by their indexes.

    One token of each header waits for its keys. The source then has them for the others, or has none.
    """
    waiting = [number for number, verdict in enumerate(found) if verdict is None]
    first: dict[Token, int] = {}
    for number in waiting:
        first.setdefault(_header(tokens[number]), number)
    late = {number: await _value(verify(tokens[number])) for number in first.values()}
    rest = [number for number in waiting if number not in late]
    for number, verdict in zip(rest, await _judged(batch.again(rest)), strict=True):
        # A store whose answers are not kept is asked for each token.
        late[number] = await _value(verify(tokens[number])) if verdict is None else verdict
    return late


async def _value(verdict: Awaitable[_native.VerifiedJWT]) -> Verdict:
    """Return the result, or the refusal as a value."""
    try:
        return await verdict
    except (InvalidToken, Unavailable) as refusal:
        return refusal


def _header(token: Token) -> Token:
    """The encoded header of a token, which its keys are looked up by."""
    return token.partition(".")[0] if isinstance(token, str) else token.partition(b".")[0].decode("latin-1")
