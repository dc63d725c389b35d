"""`PyJWT`, `encode`, `decode` and `decode_complete`: JWTs as PyJWT makes and judges them (RFC 7519).

A token is verified by the native steps of `PyJWTSteps`: its signature, its claims, and each rule, by the name and in the order that PyJWT
has, because subclasses override them. PyJWT's rules about claims differ from those of `jwseal.Policy`: a time may be anything that `int()`
takes, fractions are cut off, `exp` may be absent, the leeway has no bound, an empty `aud` counts as absent, and a token with `aud` is
refused by a caller who names no audience.
"""

from __future__ import annotations

import json
from calendar import timegm
from datetime import UTC, datetime
from time import time as _clock  # noqa: F401 - the native steps read it
from typing import Any, cast

from jwseal._native import PyJWTSteps
from jwseal.compat.pyjwt.api_jws import _ALGORITHM_UNSET, PyJWS, _jws_global_obj, compact_json, require_known_options
from jwseal.compat.pyjwt.types import FullOptions, Options, SigOptions

__all__ = ["PyJWT", "decode", "decode_complete", "encode"]

_CLAIM_CHECKS = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")


class PyJWT(PyJWTSteps):
    """Signs and verifies JWTs with one set of `options`."""

    def __init__(self, options: Options | None = None) -> None:
        self.options: FullOptions = self._get_default_options()
        if options is not None:
            self.options = self._merge_options(options)
        self._jws = PyJWS(options=self._get_sig_options())

    @staticmethod
    def _get_default_options() -> FullOptions:
        return {
            "verify_signature": True,
            "verify_exp": True,
            "verify_nbf": True,
            "verify_iat": True,
            "verify_aud": True,
            "verify_iss": True,
            "verify_sub": True,
            "verify_jti": True,
            "require": [],
            "strict_aud": False,
            "enforce_minimum_key_length": False,
        }

    def _get_sig_options(self) -> SigOptions:
        return {
            "verify_signature": self.options["verify_signature"],
            "enforce_minimum_key_length": self.options.get("enforce_minimum_key_length", False),
        }

    def encode(
        self,
        payload: dict[str, Any],
        key: Any,
        algorithm: str | None = _ALGORITHM_UNSET,
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
        sort_headers: bool = True,
    ) -> str:
        """Sign claims; the token is the same text that PyJWT makes of the same arguments.

        `payload` is a dict of claims, of which `exp`, `nbf` and `iat` may be datetimes. `key` is PEM text, a secret, a `PyJWK`, or a key
        object of `cryptography` or jwseal. `algorithm` is the name; `alg` in `headers` is preferred to it, a `PyJWK` brings its own, and
        the default is HS256. `headers` are further header parameters. `json_encoder` is the class that writes claims and header.
        `sort_headers` sorts the header's names.
        """
        if not isinstance(payload, dict):
            raise TypeError("Expecting a dict object, as JWT only supports JSON objects as payloads.")
        payload = payload.copy()
        for name in ("exp", "iat", "nbf"):
            moment = payload.get(name)
            if isinstance(moment, datetime):
                payload[name] = timegm(moment.utctimetuple())
        if "iss" in payload and not isinstance(payload["iss"], str):
            raise TypeError("Issuer (iss) must be a string.")
        octets = self._encode_payload(payload, headers=headers, json_encoder=json_encoder)
        token: str = self._jws.encode(octets, key, algorithm, headers, json_encoder, sort_headers=sort_headers)
        return token

    def _encode_payload(
        self,
        payload: dict[str, Any],
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> bytes:
        """Return the bytes to sign; subclasses override it to compress, for instance."""
        return compact_json(payload, json_encoder)


def merged_options(own: FullOptions, options: Options) -> FullOptions:
    """Return the options of an object with those of a call in their place."""
    merged: dict[str, Any] = dict(options)
    require_known_options(merged, {*own, *FullOptions.__annotations__})
    if not merged.get("verify_signature", True):
        merged = {**dict.fromkeys(_CLAIM_CHECKS, False), **merged}
    return cast(FullOptions, {**own, **merged})


def _loosely_read(octets: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _now() -> float:
    """Return the time by which claims are judged, where `datetime` has been replaced."""
    return datetime.now(tz=UTC).timestamp()


_jwt_global_obj = PyJWT()
_jwt_global_obj._jws = _jws_global_obj
encode = _jwt_global_obj.encode
decode_complete = _jwt_global_obj.decode_complete
decode = _jwt_global_obj.decode
