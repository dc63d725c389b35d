"""What one call of `revoke` names: a token, a session, a subject's tokens issued before a moment, or a key."""

from __future__ import annotations

import math
from typing import NamedTuple

from jwseal.errors import PolicyError

__all__ = ["Revocation", "revocation"]


class Revocation(NamedTuple):
    """One entry of a revocation list."""

    kind: str
    value: str
    before: float | None


def revocation(
    *, jti: str | None, sid: str | None, sub: str | None, kid: str | None, before: float | None
) -> Revocation:
    """Return the entry that the arguments of `revoke` name. Not exactly one, or `before` misplaced, is PolicyError."""
    given = {"jti": jti, "sid": sid, "sub": sub, "kid": kid}
    named = {kind: value for kind, value in given.items() if value is not None}
    if len(named) != 1:
        raise PolicyError("revoke names exactly one of jti, sid, sub and kid")
    [(kind, value)] = named.items()
    if not isinstance(value, str):
        raise TypeError(f"{kind} must be str, not {type(value).__name__}")
    if (before is not None) != (kind == "sub"):
        raise PolicyError("before= is only for sub=: it revokes the subject's tokens that were issued before it")
    if before is not None and not math.isfinite(before):
        raise PolicyError("before must be a time in seconds since 1970")
    return Revocation(kind, value, None if before is None else float(before))
