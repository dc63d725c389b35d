"""`Verifier` and `Issuers`: the native classes, with their asynchronous methods.

`verify` is the native method, called without a Python frame; the text of both classes is in `_native.pyi`. `verify_async`
is for applications with an event loop, asyncio's or trio's. With keys in memory it does not wait, and it runs on the
thread of the event loop, because a verification takes less time than handing it to another thread. Where keys must be
fetched it waits without blocking the loop. `verify_many_async` leaves a batch to other threads.

Both classes are final: `verify_many`, `verify_iter` and `Issuers` would not call an overridden `verify`.
"""

from __future__ import annotations

from jwseal import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn, final

    from jwseal.errors import InvalidToken, Unavailable
    from jwseal.sender import ClientCertificate, Dpop
    from jwseal.types import Moment
else:

    def final(owner: type) -> type:
        """As `typing.final`, without importing it."""
        return owner


__all__ = ["Issuers", "Verifier"]


async def _finish(pending: _native.PendingVerification) -> _native.VerifiedJWT:
    """Wait for the keys of a token and return the result."""
    awaitable = pending.ask()
    try:
        found = None if awaitable is None else await awaitable
    except Exception as error:
        failure = pending.failed(error)
        if failure is error:
            raise
        raise failure from error
    return pending.finish(found)


async def _unsettled(verifier: Verifier | Issuers, token: str | bytes, now: Moment | None) -> _native.VerifiedJWT:
    """Verify a token without asking the stores."""
    result = verifier._begin(token, now=now)
    return await _finish(result) if isinstance(result, _native.PendingVerification) else result


async def _settled(
    verifier: Verifier | Issuers,
    token: str | bytes,
    verified: _native.VerifiedJWT,
    sender: Dpop | ClientCertificate | None = None,
) -> _native.VerifiedJWT:
    """Check the sender, ask the stores, and return the result."""
    state = verifier._state(token, verified)
    if state is not None:
        proofs, stores, at, leeway = state
        if proofs is not None:
            # The types of what each takes differ, and both say so.
            await proofs.check_async(verified, sender, token, now=at)  # type: ignore[arg-type]
        if stores is not None:
            _native.Verifier._settle(verified, await stores.ask_async(verified, at, leeway))
    return verified


def verify_judged(
    verifier: Verifier | Issuers,
    token: str | bytes,
    now: Moment | None,
    judge: Callable[[_native.VerifiedJWT], object],
) -> _native.VerifiedJWT:
    """As `verify`, with a judgement of the caller's before the stores, so that a token that it refuses is not used up."""
    verified = verifier._unsettled(token, now=now)
    judge(verified)
    state = verifier._state(token, verified)
    if state is not None:
        proofs, stores, at, leeway = state
        if proofs is not None:
            proofs.check(verified, None, token, now=at)
        if stores is not None:
            _native.Verifier._settle(verified, stores.ask(verified, at, leeway))
    return verified


async def verify_judged_async(
    verifier: Verifier | Issuers,
    token: str | bytes,
    now: Moment | None,
    judge: Callable[[_native.VerifiedJWT], object],
) -> _native.VerifiedJWT:
    """As `verify_judged`, without blocking the event loop."""
    verified = await _unsettled(verifier, token, now)
    judge(verified)
    return await _settled(verifier, token, verified)


class _Asynchronous:
    """The methods of both classes for applications with an event loop."""

    __slots__ = ()

    async def verify_async(
        self, token: str | bytes, *, now: Moment | None = None, sender: Dpop | ClientCertificate | None = None
    ) -> _native.VerifiedJWT:
        """As `verify`, without blocking the event loop while keys are fetched.

        `token` is the compact JWT, `now` the time to judge it at, `sender` as `verify` takes it.
        """
        verifier: Verifier | Issuers = self  # type: ignore[assignment]  # no other class inherits this
        if sender is not None and verifier.sender is None:
            # It says what to do.
            return verifier.verify(token, now=now, sender=sender)
        return await _settled(verifier, token, await _unsettled(verifier, token, now), sender)

    async def verify_many_async(
        self, tokens: Iterable[str | bytes], *, now: Moment | None = None, workers: int | None = None
    ) -> list[_native.VerifiedJWT | InvalidToken | Unavailable]:
        """As `verify_many`, on `workers` other threads while the event loop goes on.

        `tokens` is read at once, an iterable of str and bytes; `now` is the time to judge them at. Under asyncio and trio.
        A task that is cancelled stops its batch.
        """
        # What it needs of the standard library is loaded when it is first wanted.
        from jwseal._batch import verify_many

        verifier: Verifier | Issuers = self  # type: ignore[assignment]  # no other class inherits this
        return await verify_many(
            verifier,
            tokens,
            now,
            workers,
            verify=lambda token, now: _unsettled(verifier, token, now),
            settle=lambda token, verified: _settled(verifier, token, verified),
        )


@final
class Verifier(_Asynchronous, _native.Verifier):  # noqa: D101  # its text is in the stubs
    __slots__ = ()
    __doc__ = _native.Verifier.__doc__

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError(
            "Verifier is final: wrap it, because verify_many and Issuers would not call an overridden verify"
        )


@final
class Issuers(_Asynchronous, _native.Issuers):  # noqa: D101
    __slots__ = ()
    __doc__ = _native.Issuers.__doc__

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Issuers is final: wrap it, because verify_many would not call an overridden verify")
