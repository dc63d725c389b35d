"""`JsonWebToken`: claims in, bytes out, and back (RFC 7519).

`decode` verifies the signature and returns the claims without judging them; call `.validate()` on them. Encrypted tokens (JWE) are refused:
jwseal signs and verifies. The caller's header and payload are never changed, where Authlib added `typ`, `kid` and converted times in place.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from jwseal.compat.authlib.claims import BaseClaims, JWTClaims
from jwseal.compat.authlib.encoding import json_bytes
from jwseal.compat.authlib.errors import (
    DecodeError,
    InsecureClaimError,
    InvalidKeyError,
    UnknownKeyError,
    UnsupportedAlgorithmError,
)
from jwseal.compat.authlib.json_web_signature import JsonWebSignature, token_octets
from jwseal.compat.authlib.key import Key
from jwseal.compat.authlib.key_set import KeySet, key_named
from jwseal.compat.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["JsonWebToken", "jwt"]


class JsonWebToken:
    """Encodes and decodes JWTs with the algorithms the caller lists."""

    SENSITIVE_NAMES: ClassVar[tuple[str, ...]] = ("password", "token", "secret", "secret_key")
    # What Authlib looks for: payment card numbers, private keys, US social security numbers.
    SENSITIVE_VALUES: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:3[47]\d|(?:4\d|5[1-5]|65)\d{2}|6011)\d{12}\b"
        r"|-----BEGIN[A-Z ]+PRIVATE KEY-----.+-----END[A-Z ]+PRIVATE KEY-----"
        r"|^\b(?!(?:000|666|9))\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b",
        re.DOTALL,
    )

    def __init__(self, algorithms: Collection[str], private_headers: Collection[str] | None = None) -> None:
        self._jws = JsonWebSignature(algorithms, private_headers=private_headers)

    def check_sensitive_data(self, payload: dict[str, Any]) -> None:
        """Refuse claims whose name or value says that they must not be readable by everyone."""
        for name, value in payload.items():
            if name in self.SENSITIVE_NAMES or (isinstance(value, str) and self.SENSITIVE_VALUES.search(value)):
                raise InsecureClaimError(name)

    def encode(self, header: dict[str, Any], payload: dict[str, Any], key: Any, check: bool = True) -> bytes:
        """Sign claims. `typ` is JWT unless the header says otherwise; exp, iat and nbf may be datetimes."""
        header = {**header}
        header.setdefault("typ", "JWT")
        if "enc" in header:
            raise UnsupportedAlgorithmError(description="encrypted JWTs are not offered: jwseal signs and verifies")
        claims = {name: _seconds(value) if name in TIMES else value for name, value in payload.items()}
        if check:
            self.check_sensitive_data(claims)
        key = _signing_key(key, header)
        return self._jws.serialize_compact(header, json_bytes(claims), key)

    def decode(
        self,
        s: Any,
        key: Any,
        claims_cls: type[BaseClaims] | None = None,
        claims_options: dict[str, Any] | None = None,
        claims_params: dict[str, Any] | None = None,
    ) -> Any:
        """Verify a JWT and return its claims, which nobody has judged yet."""
        token = token_octets(s)
        dots = token.count(b".")
        if dots == 4:
            raise UnsupportedAlgorithmError(description="encrypted JWTs are not offered: jwseal signs and verifies")
        if dots != 2:
            raise DecodeError("Invalid input segments length")
        result = self._jws.deserialize_compact(token, _keys(key), _claims)
        return (claims_cls or JWTClaims)(
            result["payload"], result["header"], options=claims_options, params=claims_params
        )


TIMES = ("exp", "iat", "nbf")


def _seconds(value: Any) -> Any:
    if not isinstance(value, dt.datetime):
        return value
    # Without a zone Authlib takes it for UTC.
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return int(aware.replace(microsecond=0).timestamp())


def _signing_key(key: Any, header: dict[str, Any]) -> Any:
    # The kid of the key that signs goes into the header; a set without a kid to choose by gives any of its keys.
    if isinstance(key, KeySet):
        chosen: Any = key.find_by_kid(header["kid"]) if header.get("kid") else _any(key.keys)
        kid = chosen.kid
    elif isinstance(key, dict) and "keys" in key:
        chosen = key_named(key, header) if header.get("kid") else _any(key["keys"])
        kid = chosen.get("kid")
    else:
        chosen = key
        kid = key.get("kid") if isinstance(key, dict) else key.kid if isinstance(key, Key) else None
    if kid:
        header["kid"] = kid
    return chosen


def _any(keys: Any) -> Any:
    if not keys:
        raise UnknownKeyError(description="the key set is empty")
    return secrets.choice(keys)


def _keys(key: Any) -> Any:
    if isinstance(key, str) and key.startswith("{") and key.endswith("}"):
        try:
            return read_json(key)
        except ValueError as exc:
            raise InvalidKeyError(description="the key is not JSON text of a JWK or JWK Set") from exc
    return {"keys": key} if isinstance(key, (tuple, list)) else key


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = read_json(payload)
    except ValueError as exc:
        raise DecodeError("Invalid payload value") from exc
    if not isinstance(claims, dict):
        raise DecodeError("Invalid payload type")
    return claims


jwt = JsonWebToken(
    [
        *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "ES256K", "EdDSA"),
    ]
)
