"""Where the keys of a provider's verifier come from: its published JWK Set, or keys that the caller has.

Every function of this package takes `keys=`, and passes what it does not know to `RemoteKeySet`. The URL of the set is part of
a provider's rules; `jwks_uri=` replaces it where the set is reached by another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jwseal import Policy, Verifier
from jwseal.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Collection

    from jwseal.policy import Texts
    from jwseal.types import Algorithm

__all__ = ["RS256", "Keys", "declared", "one_or_several"]

Keys: TypeAlias = Any
RS256: tuple[Algorithm, ...] = ("RS256",)


def declared(
    policy: Policy,
    keys: Keys | None,
    kind: Literal["jwks", "certificates", "discovery"],
    where: str,
    algorithms: Collection[Algorithm],
    options: dict[str, Any],
) -> Verifier:
    """Make the verifier of a provider, with the caller's keys or with those published at a URL or by an issuer."""
    if keys is None:
        keys = _source(kind)(where, algorithms=algorithms, **options)
    elif options:
        raise PolicyError(f"keys= and {min(options)}= exclude each other: the latter is for keys that are fetched")
    return Verifier(keys, policy)


def one_or_several(values: Texts) -> frozenset[str]:
    """Return the accepted values of an argument; a lone str is one of them. None at all is PolicyError."""
    accepted = frozenset([values] if isinstance(values, str) else values)
    if not accepted or "" in accepted:
        raise PolicyError("an argument is empty, or has an empty string among its values: name what is accepted")
    return accepted


def _source(kind: str) -> Any:
    # Loaded here, so that keys of the caller's own need no HTTP client.
    if kind == "certificates":
        from jwseal.certificates.remote import RemoteCertificates

        return RemoteCertificates
    from jwseal import remote

    return remote.discover if kind == "discovery" else remote.RemoteKeySet
