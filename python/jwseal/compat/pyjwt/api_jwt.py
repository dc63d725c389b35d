"""`PyJWT`, `encode`, `decode` and `decode_complete`: JWTs the way PyJWT makes and judges them (RFC 7519).

`decode` tries the short way first, one native call that verifies the signature and parses the claims, and then applies
PyJWT's rules to them. Whatever the native call refuses goes the long way, which is PyJWT's own sequence of steps, to be
accepted or refused by it: never is a token accepted whose signature jwseal did not verify.
"""

from __future__ import annotations

import json
import time
import warnings
from calendar import timegm
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, cast

from jwseal.compat.pyjwt.api_jws import _ALGORITHM_UNSET, PyJWS, _jws_global_obj, require_known_options
from jwseal.compat.pyjwt.claims import ClaimRules, are_plain
from jwseal.compat.pyjwt.exceptions import DecodeError
from jwseal.compat.pyjwt.types import FullOptions, Options, SigOptions
from jwseal.compat.pyjwt.warnings import RemovedInPyjwt3Warning
from jwseal.compat.strict_json import read_json

__all__ = ["PyJWT", "decode", "decode_complete", "encode"]

_CLAIM_CHECKS = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")


class PyJWT(ClaimRules):
    """Signs and verifies JWTs with one set of options."""

    # Whether payloads are decoded, and claims judged, by the methods of this class and not by a subclass's.
    _decodes_itself: ClassVar[bool] = True
    _judges_itself: ClassVar[bool] = True

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        above = cls.__mro__[: cls.__mro__.index(PyJWT)]
        altered = {name for ancestor in above for name in vars(ancestor)}
        cls._decodes_itself = not altered.intersection(("_decode_payload", "decode_complete"))
        cls._judges_itself = not any(name.startswith("_validate_") for name in altered)

    def __init__(self, options: Options | None = None) -> None:
        self.options: FullOptions = self._get_default_options()
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
            "enforce_minimum_key_length": self.options["enforce_minimum_key_length"],
        }

    def _merge_options(self, options: Options | None = None) -> FullOptions:
        if options is None:
            return self.options
        merged: dict[str, Any] = dict(options)
        require_known_options(merged, self.options)
        if not merged.get("verify_signature", True):
            merged = {**dict.fromkeys(_CLAIM_CHECKS, False), **merged}
        return cast(FullOptions, {**self.options, **merged})

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

        `exp`, `nbf` and `iat` may be datetimes. `alg` in `headers` is preferred to `algorithm`, and a `PyJWK` brings
        its own; the default is HS256.
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
        return self._jws.encode(octets, key, algorithm, headers, json_encoder, sort_headers=sort_headers)

    def _encode_payload(
        self,
        payload: dict[str, Any],
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> bytes:
        """The octets to sign; subclasses override it to compress, for instance."""
        return json.dumps(payload, separators=(",", ":"), cls=json_encoder).encode("utf-8")

    def decode(
        self,
        jwt: str | bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        subject: str | None = None,
        issuer: str | Container[str] | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and return its claims."""
        if kwargs:
            _warn_of_arguments("decode()", kwargs)
        if not self._decodes_itself:
            decoded = self.decode_complete(
                jwt,
                key,
                algorithms,
                options,
                verify=verify,
                detached_payload=detached_payload,
                audience=audience,
                subject=subject,
                issuer=issuer,
                leeway=leeway,
            )
            return cast(dict[str, Any], decoded["payload"])
        plain = None
        verified = None
        if verify is None and detached_payload is None:
            if options is None and subject is None and not leeway and self._judges_itself:
                asked = self.options
                if not asked["require"] and not asked["strict_aud"]:
                    plain = self._jws.plain_claims(jwt, key, algorithms, audience, issuer)
                    if plain:
                        return plain
            if plain is None and (options is None or options.get("verify_signature", True)):
                verified = self._jws.verified_jwt(jwt, key, algorithms)
        merged = self._merge_options(options)
        if verified is None:
            rules = _Rules(merged, audience, issuer, subject, leeway)
            decoded = self._long_way(jwt, key, algorithms, options, verify, detached_payload, rules)
            return cast(dict[str, Any], decoded["payload"])
        claims = verified.claims
        self._validate_claims(claims, merged, audience, issuer, subject, leeway)
        return claims

    def decode_complete(
        self,
        jwt: str | bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        issuer: str | Container[str] | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and return `header`, `payload` (the claims) and `signature` (octets)."""
        if kwargs:
            _warn_of_arguments("decode_complete()", kwargs)
        rules = _Rules(self._merge_options(options), audience, issuer, subject, leeway)
        verified = None
        plain = verify is None and detached_payload is None and self._decodes_itself
        if plain and (options is None or options.get("verify_signature", True)):
            verified = self._jws.verified_jwt(jwt, key, algorithms)
        if verified is None:
            return self._long_way(jwt, key, algorithms, options, verify, detached_payload, rules)
        claims = verified.claims
        self._validate_claims(claims, *rules)
        return {"payload": claims, "header": verified.header, "signature": self._jws.signature_of(jwt)}

    def _long_way(
        self,
        jwt: str | bytes,
        key: Any,
        algorithms: Sequence[str] | None,
        options: Options | None,
        verify: bool | None,
        detached_payload: bytes | None,
        rules: _Rules,
    ) -> dict[str, Any]:
        verify_signature = True if options is None else options.get("verify_signature", True)
        if verify is not None and verify != verify_signature:
            _warn_of_verify()
        decoded = self._jws.decode_complete(
            jwt,
            key=key,
            algorithms=algorithms,
            options={
                "verify_signature": verify_signature,
                "enforce_minimum_key_length": rules.options["enforce_minimum_key_length"],
            },
            detached_payload=detached_payload,
        )
        try:
            payload = self._decode_payload(decoded)
        except DecodeError:
            # Refused either way; where PyJWT reads this JSON and refuses a claim, its class is the better answer.
            loose = _loosely_read(decoded["payload"])
            if loose is not None:
                self._validate_claims(loose, *rules)
            raise
        self._validate_claims(payload, *rules)
        decoded["payload"] = payload
        return decoded

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        """The claims in `decoded["payload"]`; subclasses override it to decompress, for instance."""
        try:
            payload = read_json(decoded["payload"])
        except (ValueError, RecursionError) as error:
            raise DecodeError(f"Invalid payload string: {error}") from error
        if not isinstance(payload, dict):
            raise DecodeError("Invalid payload string: must be a json object")
        return payload

    def _validate_claims(
        self,
        payload: dict[str, Any],
        options: FullOptions,
        audience: Iterable[str] | str | None = None,
        issuer: Container[str] | str | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
    ) -> None:
        seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
        if audience is not None and not isinstance(audience, (str, Iterable)):
            raise TypeError("audience must be a string, iterable or None")
        if options["require"]:
            self._validate_required_claims(payload, options["require"])
        now = time.time()
        if subject is None and self._judges_itself and are_plain(payload, now, seconds, audience, issuer):
            return
        if "iat" in payload and options["verify_iat"]:
            self._validate_iat(payload, now, seconds)
        if "nbf" in payload and options["verify_nbf"]:
            self._validate_nbf(payload, now, seconds)
        if "exp" in payload and options["verify_exp"]:
            self._validate_exp(payload, now, seconds)
        if options["verify_iss"]:
            self._validate_iss(payload, issuer)
        if options["verify_aud"]:
            self._validate_aud(payload, audience, strict=options.get("strict_aud", False))
        if options["verify_sub"]:
            self._validate_sub(payload, subject)
        if options["verify_jti"]:
            self._validate_jti(payload)


class _Rules(NamedTuple):
    """What the caller demands of the claims, in the order of `_validate_claims`."""

    options: FullOptions
    audience: str | Iterable[str] | None
    issuer: str | Container[str] | None
    subject: str | None
    leeway: float | timedelta


def _loosely_read(octets: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _warn_of_verify() -> None:
    warnings.warn(
        "The `verify` argument to `decode` does nothing in PyJWT 2.0 and newer. The equivalent is setting "
        "`verify_signature` to False in the `options` dictionary. This invocation has a mismatch between the kwarg "
        "and the option entry.",
        DeprecationWarning,
        stacklevel=4,
    )


def _warn_of_arguments(function: str, arguments: Iterable[str]) -> None:
    warnings.warn(
        f"passing additional kwargs to {function} is deprecated and will be removed in pyjwt version 3. "
        f"Unsupported kwargs: {tuple(arguments)}",
        RemovedInPyjwt3Warning,
        stacklevel=3,
    )


_jwt_global_obj = PyJWT()
_jwt_global_obj._jws = _jws_global_obj
encode = _jwt_global_obj.encode
decode_complete = _jwt_global_obj.decode_complete
decode = _jwt_global_obj.decode
