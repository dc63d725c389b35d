"""`PyJWK` and `PyJWKSet`: JWKs as PyJWT's callers handle them (RFC 7517).

The JWK's members are judged by jwseal's parser; `key` is a `cryptography` object, or bytes for a secret, as in PyJWT.
A JWK is copied before it is read, so that its members belong together though the caller's dict be changed meanwhile. A set leaves out what
it cannot use and is refused if nothing remains. Messages name members and never show them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from jwseal._encoding import read_json
from jwseal.compat.pyjwt.algorithms import Algorithm, get_default_algorithms
from jwseal.compat.pyjwt.exceptions import InvalidKeyError, PyJWKError, PyJWKSetError, PyJWTError
from jwseal.compat.pyjwt.types import JWKDict

# The algorithm of a JWK that names none, by kty and, where it has one, by crv.
_DEFAULTS = {
    ("EC", None): "ES256",
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("EC", "P-521"): "ES512",
    ("EC", "secp256k1"): "ES256K",
    ("OKP", "Ed25519"): "EdDSA",
}


class PyJWK:
    """One JWK, bound to one algorithm.

    `jwk_data` is the JWK as a dict. `algorithm` is a name; None is its own `alg`, or else the one its kty suggests.
    """

    Algorithm: Algorithm
    algorithm_name: str
    key: Any

    def __init__(self, jwk_data: JWKDict, algorithm: str | None = None) -> None:
        if not isinstance(jwk_data, dict):
            raise InvalidKeyError("A JWK is a dict")
        jwk_data = self._jwk_data = dict(jwk_data)
        if not jwk_data.get("kty"):
            raise InvalidKeyError("kty is not found")
        name = algorithm or jwk_data.get("alg") or _default_name(jwk_data)
        known = get_default_algorithms().get(name) if isinstance(name, str) and name != "none" else None
        if known is None:
            raise PyJWKError("Unable to find an algorithm for the key")
        self.algorithm_name = name
        self.Algorithm = known
        self.key = known.from_jwk(jwk_data)

    @staticmethod
    def from_dict(obj: JWKDict, algorithm: str | None = None) -> PyJWK:
        """The JWK of `obj`, a dict; `algorithm` is that of the constructor."""
        return PyJWK(obj, algorithm)

    @staticmethod
    def from_json(data: str, algorithm: str | None = None) -> PyJWK:
        """The JWK of `data`, JSON text; InvalidKeyError for text that is not strict JSON. `algorithm` is that of the constructor."""
        return PyJWK.from_dict(_read(data, InvalidKeyError("A JWK is a JSON object")), algorithm)

    @property
    def key_type(self) -> str | None:
        """`kty`."""
        return self._jwk_data.get("kty")

    @property
    def key_id(self) -> str | None:
        """`kid`."""
        return self._jwk_data.get("kid")

    @property
    def public_key_use(self) -> str | None:
        """`use`."""
        return self._jwk_data.get("use")


class PyJWKSet:
    """The usable keys of `keys`, JWKs as dicts, in order."""

    def __init__(self, keys: list[JWKDict]) -> None:
        if not keys:
            raise PyJWKSetError("The JWK Set did not contain any keys")
        if not isinstance(keys, list):
            raise PyJWKSetError("Invalid JWK Set value")
        self.keys: list[PyJWK] = []
        for jwk in keys:
            try:
                self.keys.append(PyJWK(jwk))
            except PyJWTError:
                continue
        if not self.keys:
            raise PyJWKSetError("The JWK Set did not contain any usable keys.")

    @staticmethod
    def from_dict(obj: dict[str, Any]) -> PyJWKSet:
        """The set of `obj`, a dict with `keys`."""
        return PyJWKSet(obj.get("keys", []))

    @staticmethod
    def from_json(data: str) -> PyJWKSet:
        """The set of `data`, JSON text; PyJWKSetError for text that is not strict JSON."""
        return PyJWKSet.from_dict(_read(data, PyJWKSetError("A JWK Set is a JSON object")))

    def __getitem__(self, kid: str) -> PyJWK:
        for jwk in self.keys:
            if jwk.key_id == kid:
                return jwk
        raise KeyError(f"keyset has no key for kid: {kid}")

    def __iter__(self) -> Iterator[PyJWK]:
        return iter(self.keys)


class PyJWTSetWithTimestamp:
    """A set, and when it was made."""

    def __init__(self, jwk_set: PyJWKSet) -> None:
        self.jwk_set = jwk_set
        self.timestamp = time.monotonic()

    def get_jwk_set(self) -> PyJWKSet:
        """The set."""
        return self.jwk_set

    def get_timestamp(self) -> float:
        """Its making, on the monotonic clock."""
        return self.timestamp


def _read(data: str | bytes, refusal: PyJWTError) -> dict[str, Any]:
    try:
        found = read_json(data)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise refusal
    return found


def _default_name(jwk_data: JWKDict) -> str:
    kty, crv = jwk_data["kty"], jwk_data.get("crv") or None
    if kty in ("RSA", "oct"):
        return "RS256" if kty == "RSA" else "HS256"
    name = _DEFAULTS.get((kty, crv)) if isinstance(kty, str) and isinstance(crv, str | None) else None
    if name is None:
        raise InvalidKeyError("Unsupported kty or crv")
    return name
