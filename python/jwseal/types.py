"""Names for annotations: what a type checker should know about arguments and results.

Nothing in the package needs this module when it runs, so that `import jwseal` does not pay for `typing`.
Import it where you annotate, and where an algorithm's name comes from configuration:

    from jwseal.types import Algorithm, ExternalSigner, algorithm

    key = SigningKey.from_pem(pem, alg=algorithm(config["alg"]))
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast, get_args

from jwseal._native import CacheInfo
from jwseal.errors import PolicyError

if TYPE_CHECKING:
    from jwseal import KeySet, SecretKey, VerifyingKey
    from jwseal._native import FoundKeys

__all__ = [
    "Algorithm",
    "AsyncKeySource",
    "CacheInfo",
    "Claims",
    "Digest",
    "ExternalSigner",
    "JSONMapping",
    "KeySource",
    "Moment",
    "Span",
    "algorithm",
]

# The values of the `alg` header parameter that exist here (RFC 7518 section 3.1, RFC 8037, RFC 8812, RFC 9864,
# RFC 9964). `none` is not among them.
_Hmac: TypeAlias = Literal["HS256", "HS384", "HS512"]
_Rsa: TypeAlias = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_Curve: TypeAlias = Literal["ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"]
_Lattice: TypeAlias = Literal["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
Algorithm: TypeAlias = Literal[_Hmac, _Rsa, _Curve, _Lattice]


def algorithm(text: str) -> Algorithm:
    """Return the algorithm of this name, for a type checker that sees only str. Another text is PolicyError."""
    # As text, whatever class of str it is; bytes equal no name, and cause no warning.
    if isinstance(text, str) and str.__str__(text) in get_args(Algorithm):  # type: ignore[redundant-expr]
        return cast("Algorithm", str.__str__(text))
    raise PolicyError(f"unknown algorithm: it must be one of {', '.join(get_args(Algorithm))}")


# A hash function of a JWK thumbprint (RFC 7638).
Digest: TypeAlias = Literal["sha256", "sha384", "sha512"]

# A JSON object as a caller hands it over: a JWK, a JWK Set, header parameters.
JSONMapping: TypeAlias = Mapping[str, Any]

# Claims as `.claims` hands them back: a plain dict of JSON values, the caller's to change.
Claims: TypeAlias = dict[str, Any]

# A point in time: seconds since 1970-01-01T00:00:00Z, or an aware datetime.
Moment: TypeAlias = float | datetime

# A length of time: seconds, or a timedelta.
Span: TypeAlias = float | timedelta


class ExternalSigner(Protocol):
    """A private key that lives elsewhere: a KMS, an HSM, another process.

    `SigningKey.external` takes any object of this shape.
    """

    @property
    def alg(self) -> str:
        """The algorithm it signs with."""

    @property
    def kid(self) -> str | None:
        """The key's identifier, or None."""

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half; every signature is checked with it before it leaves the library."""

    def sign(self, data: bytes, /) -> bytes:
        """Sign the bytes and return the signature in JOSE form: ECDSA as r and s side by side, not DER."""


class KeySource(Protocol):
    """A store of keys that a verifier asks for each header it has no answer for: a database, a table of clients.

    `Verifier(keys=...)`, `jws.verify` and `jws.verify_json` take any object of this shape. `jwseal.remote.KeyLookup` around it
    says how many answers are kept and for how long.
    """

    def find_key(self, header: dict[str, Any], /) -> VerifyingKey | SecretKey | KeySet | FoundKeys | None:
        """Return the keys for a token with this protected `header`, which is not verified; None is KeyNotFound."""


class AsyncKeySource(Protocol):
    """A store as `KeySource`, which `verify_async` awaits. An object may be both."""

    async def find_key_async(self, header: dict[str, Any], /) -> VerifyingKey | SecretKey | KeySet | FoundKeys | None:
        """As `KeySource.find_key`, for this protected `header`."""
