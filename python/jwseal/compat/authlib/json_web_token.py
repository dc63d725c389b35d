"""`JsonWebToken`: encoding claims as a signed JWT, and decoding one (RFC 7519).

`decode` verifies the signature and returns the claims without judging them: call `.validate()` on the result. Encrypted tokens (JWE) are
refused. The caller's header and payload are not changed; Authlib added `typ` and `kid` and converted times in place.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from jwseal.compat.authlib import errors
from jwseal.compat.authlib.claims import BaseClaims, JWTClaims
from jwseal.compat.authlib.encoding import json_bytes, json_value
from jwseal.compat.authlib.json_web_signature import JsonWebSignature, token_bytes
from jwseal.compat.authlib.key_set import KeySet, key_named, kid_of

if TYPE_CHECKING:
    from collections.abc import Collection

_NO_ENCRYPTION = "encrypted JWTs are not supported: jwseal signs and verifies"


class JsonWebToken:
    """Encodes and decodes JWTs with the algorithms that the caller lists.

    `algorithms` are their names. `private_headers` are the names of further header parameters to allow; None allows all names.
    """

    SENSITIVE_NAMES: ClassVar[tuple[str, ...]] = ("password", "token", "secret", "secret_key")
    # As in Authlib: payment card numbers, private keys, US social security numbers.
    SENSITIVE_VALUES: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:3[47]\d|(?:4\d|5[1-5]|65)\d{2}|6011)\d{12}\b"
        r"|-----BEGIN[A-Z ]+PRIVATE KEY-----.+-----END[A-Z ]+PRIVATE KEY-----"
        r"|^\b(?!(?:000|666|9))\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b",
        re.DOTALL,
    )

    def __init__(self, algorithms: Collection[str], private_headers: Collection[str] | None = None) -> None:
        self._jws = JsonWebSignature(algorithms, private_headers=private_headers)

    def check_sensitive_data(self, payload: dict[str, Any]) -> None:
        """Refuse a `payload` with a name or value that looks secret: everyone who has the token can read it."""
        for name, value in payload.items():
            if name in self.SENSITIVE_NAMES or (isinstance(value, str) and self.SENSITIVE_VALUES.search(value)):
                raise errors.InsecureClaimError(name)

    def encode(self, header: dict[str, Any], payload: dict[str, Any], key: Any, check: bool = True) -> bytes:
        """Sign claims.

        `header` is the header; `typ` is JWT unless it has its own. `payload` is the claims, of which exp, iat and nbf may be datetimes.
        `key` is a key argument as `JsonWebSignature` takes it. `check` refuses claims that look secret.
        """
        header = {**header}
        header.setdefault("typ", "JWT")
        if "enc" in header:
            raise errors.UnsupportedAlgorithmError(description=_NO_ENCRYPTION)
        claims = {name: _seconds(value) if name in _TIMES else value for name, value in payload.items()}
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
        """Verify a JWT and return its claims, not yet validated.

        `s` is the token, `key` a key argument as `JsonWebSignature` takes it. `claims_cls` is the class of the result, JWTClaims if None;
        `claims_options` and `claims_params` are its `options` and `params`.
        """
        token = token_bytes(s)
        dots = token.count(b".")
        if dots == 4:
            raise errors.UnsupportedAlgorithmError(description=_NO_ENCRYPTION)
        if dots != 2:
            raise errors.DecodeError("Invalid input segments length")
        result = self._jws.deserialize_compact(token, _keys(key), _claims)
        claims = claims_cls or JWTClaims
        return claims(result["payload"], result["header"], options=claims_options, params=claims_params)


_TIMES = ("exp", "iat", "nbf")


def _seconds(value: Any) -> Any:
    if not isinstance(value, dt.datetime):
        return value
    # As in Authlib, a datetime without a zone is UTC.
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return int(aware.replace(microsecond=0).timestamp())


def _signing_key(key: Any, header: dict[str, Any]) -> Any:
    # The header gets the kid of the key that signs. A set, without a kid to choose by, gives any of its keys.
    is_set = isinstance(key, KeySet) or (isinstance(key, dict) and "keys" in key)
    if is_set and not header.get("kid"):
        key = _any(key.keys if isinstance(key, KeySet) else key["keys"])
    elif is_set:
        key = key_named(key, header)
    if kid := kid_of(key):
        header["kid"] = kid
    return key


def _any(keys: Any) -> Any:
    if not isinstance(keys, (list, tuple)) or not keys:
        raise errors.UnknownKeyError(description="the key set is empty")
    return secrets.choice(keys)


def _keys(key: Any) -> Any:
    if isinstance(key, str) and key.startswith("{") and key.endswith("}"):
        return json_value(
            key, lambda _: errors.InvalidKeyError(description="the key is not JSON text of a JWK or JWK Set")
        )
    return {"keys": key} if isinstance(key, (tuple, list)) else key


def _claims(payload: bytes) -> dict[str, Any]:
    claims = json_value(payload, lambda _: errors.DecodeError("Invalid payload value"))
    if not isinstance(claims, dict):
        raise errors.DecodeError("Invalid payload type")
    return claims


jwt = JsonWebToken([name for name in JsonWebSignature.ALGORITHMS_REGISTRY if name != "none"])
