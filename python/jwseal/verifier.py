"""`Verifier` and `Issuers`: the native classes, each with an asynchronous verb.

`verify` itself is the native method, without a Python frame between the caller and the core. `verify_async` exists so
that an application can write one verb for every key source: with keys in memory it has nothing to wait for and answers
at once, on the event loop's own thread, because a single verification takes less time than handing it to another.

Both are final: `verify_many`, `verify_iter` and `Issuers` would not ask an overridden `verify`.
"""

from __future__ import annotations

from jwseal import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, final

    from jwseal.types import Moment
else:

    def final(owner: type) -> type:
        """As `typing.final`, without importing it."""
        return owner


__all__ = ["Issuers", "Verifier"]


@final
class Verifier(_native.Verifier):
    """Verifies compact JWTs against keys and a policy (RFC 7519 section 7.2, RFC 8725).

    Verifier(keys, policy, *, algorithms=None, max_token_size=16384, max_header_size=4096, accept_padding=False,
    clock=None)
    """

    __slots__ = ()

    async def verify_async(self, token: str | bytes, *, now: Moment | None = None) -> _native.VerifiedJWT:
        """As `verify`."""
        return self.verify(token, now=now)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError(
            "Verifier is final: wrap it, because verify_many and Issuers would not ask an overridden verify"
        )


@final
class Issuers(_native.Issuers):
    """One verifier per issuer, picked by the token's unverified `iss`.

    Issuers({"https://id.example": verifier, ...})
    """

    __slots__ = ()

    async def verify_async(self, token: str | bytes, *, now: Moment | None = None) -> _native.VerifiedJWT:
        """As `verify`."""
        return self.verify(token, now=now)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Issuers is final: wrap it, because verify_many would not ask an overridden verify")
