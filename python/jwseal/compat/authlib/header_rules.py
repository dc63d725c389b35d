"""What a header may hold (RFC 7515 sections 4 and 7.2.1): Authlib's allow-list, and the rules that jwseal adds.

`private_headers` is Authlib's: None allows every name, anything else allows the registered names and those, when signing. `crit` names
parameters that the caller listed there, never registered ones. Each function returns nothing and raises this face's errors; the core holds
every received header to its own rules before these are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal.compat.authlib.errors import InvalidCritHeaderParameterNameError, InvalidHeaderParameterNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["REGISTERED", "check_crit", "check_disjoint", "check_names", "check_signed_payload", "understood"]

REGISTERED = frozenset(["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"])

# Never names for `crit`: RFC 7515 section 4.1.11 excludes its own and those of RFC 7518, and this face offers no `b64`.
NEVER_CRITICAL = REGISTERED | {"enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c", "b64"}


def check_names(names: Mapping[str, Any], private_headers: Collection[str] | None) -> None:
    """Hold header names to the allow-list, if the caller gave one."""
    if private_headers is None:
        return
    for name in names:
        if name not in REGISTERED and name not in private_headers:
            raise InvalidHeaderParameterNameError(name)


def check_crit(protected: Mapping[str, Any], private_headers: Collection[str] | None) -> None:
    """Hold `crit` to a non-empty list of distinct names, each understood and present."""
    if "crit" not in protected:
        return
    crit = protected["crit"]
    if not isinstance(crit, list) or not all(isinstance(name, str) for name in crit):
        raise InvalidHeaderParameterNameError("crit")
    allowed = understood(private_headers)
    for name in crit:
        if name not in allowed or name not in protected:
            raise InvalidCritHeaderParameterNameError(name)
    if not crit or len(set(crit)) != len(crit):
        raise InvalidHeaderParameterNameError("crit")


def check_disjoint(protected: Mapping[str, Any] | None, unprotected: Mapping[str, Any] | None) -> None:
    """Refuse `crit` and `b64` outside the protected header, and any name in both: two readers would see two values."""
    for name in unprotected or ():
        if name in ("crit", "b64") or (protected and name in protected):
            raise InvalidHeaderParameterNameError(name)


def check_signed_payload(protected: Mapping[str, Any]) -> None:
    """Refuse `b64`: Authlib signed the encoded payload whatever it said, and this face does not sign unencoded ones."""
    if protected.get("b64", True) is not True:
        raise InvalidHeaderParameterNameError("b64")


def understood(private_headers: Collection[str] | None) -> tuple[str, ...]:
    """The names `crit` may hold."""
    if not private_headers:
        return ()
    return tuple(name for name in private_headers if name not in NEVER_CRITICAL)
