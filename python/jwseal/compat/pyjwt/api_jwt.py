"""`PyJWT`, `encode`, `decode` and `decode_complete`: JWTs as PyJWT makes and judges them (RFC 7519).

The signature is verified, the claims are read, and each rule is a method, called by the name and in the order that PyJWT has, because
subclasses override them. The commonest call of the module's `decode` is first put to a native verifier. What it accepts is accepted: it is
stricter than these steps. Every refusal is theirs. PyJWT's rules about claims differ from those of `jwseal.Policy`: a time may be anything
that `int()` takes, fractions are cut off, `exp` may be absent, the leeway has no bound, an empty `aud` counts as absent, and a token with
`aud` is refused by a caller who names no audience.
"""

from __future__ import annotations

import json
import time
import warnings
from calendar import timegm
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, cast

from jwseal import UNCHECKED, KeySet, Policy, Verifier, VerifyingKey, errors
from jwseal.compat.pyjwt.algorithm import Algorithm, KeyPairAlgorithm, may_be_private
from jwseal.compat.pyjwt.api_jws import (
    _ALGORITHM_UNSET,
    MAX_TOKEN_SIZE,
    PyJWS,
    _jws_global_obj,
    compact_json,
    read_object,
    require_known_options,
    warn_of_arguments,
)
from jwseal.compat.pyjwt.exceptions import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidKeyError,
    InvalidSubjectError,
    MissingRequiredClaimError,
)
from jwseal.compat.pyjwt.types import FullOptions, Options, SigOptions
from jwseal.compat.remembered_keys import remembered

__all__ = ["PyJWT", "decode", "decode_complete", "encode"]

_TEXT = (str, bytes)
_LISTS = (list, tuple)
_CLAIM_CHECKS = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")


class PyJWT:
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

    def _merge_options(self, options: Options | None = None) -> FullOptions:
        if options is None:
            return self.options
        merged: dict[str, Any] = dict(options)
        require_known_options(merged, {*self.options, *FullOptions.__annotations__})
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
        return self._jws.encode(octets, key, algorithm, headers, json_encoder, sort_headers=sort_headers)

    def _encode_payload(
        self,
        payload: dict[str, Any],
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> bytes:
        """Return the bytes to sign; subclasses override it to compress, for instance."""
        return compact_json(payload, json_encoder)

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
        """Verify a token and return `header`, `payload` (the claims) and `signature` (bytes).

        The arguments are those of `decode`: `jwt`, `key`, `algorithms`, `options`, `verify`, `detached_payload`, `audience`, `issuer`,
        `subject` and `leeway`.
        """
        if kwargs:
            warn_of_arguments("decode_complete()", kwargs)
        verify_signature = True if options is None else options.get("verify_signature", True)
        if verify is not None and verify != verify_signature:
            warnings.warn(
                "The `verify` argument to `decode` does nothing in PyJWT 2.0 and newer. The equivalent is setting "
                "`verify_signature` to False in the `options` dictionary. This invocation has a mismatch between the "
                "kwarg and the option entry.",
                DeprecationWarning,
                stacklevel=2,
            )
        merged = self._merge_options(options)
        decoded = self._jws.decode_complete(
            jwt,
            key=key,
            algorithms=algorithms,
            options={
                "verify_signature": verify_signature,
                "enforce_minimum_key_length": merged.get("enforce_minimum_key_length", False),
            },
            detached_payload=detached_payload,
        )
        try:
            payload = self._decode_payload(decoded)
        except DecodeError:
            # Refused either way; a claim that PyJWT refuses (an infinite `exp`, for instance) is refused in its words.
            loose = _loosely_read(decoded["payload"])
            if loose is not None:
                self._validate_claims(loose, merged, audience, issuer, subject, leeway)
            raise
        self._validate_claims(payload, merged, audience=audience, issuer=issuer, leeway=leeway, subject=subject)
        decoded["payload"] = payload
        return decoded

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        """Return the claims in `decoded["payload"]`; subclasses override it to decompress, for instance."""
        return read_object(decoded["payload"], "payload")

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
        """Verify a token and return its claims.

        `jwt` is the token. `key` is PEM text, a secret, a `PyJWK`, or a key object of `cryptography` or jwseal. `algorithms` are the names
        to accept. `options` say what to check (`verify_exp`, `require` and so on). `verify` only warns where it contradicts them.
        `detached_payload` is the payload of a token without one. `audience` is one name or several, of which `aud` must have one; `issuer`
        is one or a container; `subject` is the expected `sub`. `leeway` is how far clocks may differ, in seconds or as a timedelta.
        """
        if kwargs:
            warn_of_arguments("decode()", kwargs)
        if (
            options is None
            and verify is None
            and detached_payload is None
            and subject is None
            and not leeway
            and type(key) in _TEXT
            and (audience is None or type(audience) is str)
            and (issuer is None or type(issuer) is str)
            and type(algorithms) in _LISTS
            and _is_common(self, algorithms)
        ):
            claims: dict[str, Any] | None = _accepted(jwt, key, algorithms, audience, issuer)
            if claims is not None:
                return claims
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
        payload: dict[str, Any] = decoded["payload"]
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
        if isinstance(leeway, timedelta):
            leeway = leeway.total_seconds()
        if audience is not None and not isinstance(audience, (str, Iterable)):
            raise TypeError("audience must be a string, iterable or None")
        self._validate_required_claims(payload, options["require"])
        now = datetime.now(tz=UTC).timestamp()
        if "iat" in payload and options["verify_iat"]:
            self._validate_iat(payload, now, leeway)
        if "nbf" in payload and options["verify_nbf"]:
            self._validate_nbf(payload, now, leeway)
        if "exp" in payload and options["verify_exp"]:
            self._validate_exp(payload, now, leeway)
        if options["verify_iss"]:
            self._validate_iss(payload, issuer)
        if options["verify_aud"]:
            self._validate_aud(payload, audience, strict=options.get("strict_aud", False))
        if options["verify_sub"]:
            self._validate_sub(payload, subject)
        if options["verify_jti"]:
            self._validate_jti(payload)

    def _validate_required_claims(self, payload: dict[str, Any], claims: Iterable[str]) -> None:
        for claim in claims:
            if payload.get(claim) is None:
                raise MissingRequiredClaimError(claim)

    def _validate_iat(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            iat = int(payload["iat"])
        except (ValueError, TypeError, OverflowError):
            raise InvalidIssuedAtError("Issued At claim (iat) must be an integer.") from None
        if iat > now + leeway:
            raise ImmatureSignatureError("The token is not yet valid (iat)", claim="iat")

    def _validate_nbf(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            nbf = int(payload["nbf"])
        except (ValueError, TypeError, OverflowError):
            raise DecodeError("Not Before claim (nbf) must be an integer.") from None
        if nbf > now + leeway:
            raise ImmatureSignatureError("The token is not yet valid (nbf)")

    def _validate_exp(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        try:
            exp = int(payload["exp"])
        except (ValueError, TypeError, OverflowError):
            raise DecodeError("Expiration Time claim (exp) must be an integer.") from None
        if exp <= now - leeway:
            raise ExpiredSignatureError("Signature has expired")

    def _validate_iss(self, payload: dict[str, Any], issuer: Container[str] | str | None) -> None:
        if issuer is None:
            return
        if "iss" not in payload:
            raise MissingRequiredClaimError("iss")
        iss = payload["iss"]
        if not isinstance(iss, str):
            raise InvalidIssuerError("Payload Issuer (iss) must be a string")
        if isinstance(issuer, str):
            # Equality, never `in`: an issuer that is a part of the expected text is another issuer.
            accepted = iss == issuer
        else:
            try:
                accepted = iss in issuer
            except TypeError:
                raise InvalidIssuerError('Issuer param must be "str" or "Container[str]"') from None
        if not accepted:
            raise InvalidIssuerError("Invalid issuer")

    def _validate_aud(
        self, payload: dict[str, Any], audience: str | Iterable[str] | None, *, strict: bool = False
    ) -> None:
        named = payload.get("aud")
        if audience is None:
            if named:
                raise InvalidAudienceError("Invalid audience")
            return
        if not named:
            raise MissingRequiredClaimError("aud")
        if strict:
            _require_one_audience(named, audience)
            return
        if isinstance(named, str):
            named = [named]
        elif not isinstance(named, list) or not all(isinstance(recipient, str) for recipient in named):
            raise InvalidAudienceError("Invalid claim format in token")
        # Equality with one of the names, never a part of one.
        if not (audience in named if isinstance(audience, str) else any(name in named for name in audience)):
            raise InvalidAudienceError("Audience doesn't match")

    def _validate_sub(self, payload: dict[str, Any], subject: str | None = None) -> None:
        if "sub" not in payload:
            return
        if not isinstance(payload["sub"], str):
            raise InvalidSubjectError("Subject must be a string")
        if subject is not None and payload["sub"] != subject:
            raise InvalidSubjectError("Invalid subject")

    def _validate_jti(self, payload: dict[str, Any]) -> None:
        if "jti" in payload and not isinstance(payload["jti"], str):
            raise InvalidJTIError("JWT ID must be a string")


def _require_one_audience(named: object, audience: str | Iterable[str]) -> None:
    if not isinstance(audience, str):
        raise InvalidAudienceError("Invalid audience (strict)")
    if not isinstance(named, str):
        raise InvalidAudienceError("Invalid claim format in token (strict)")
    if audience != named:
        raise InvalidAudienceError("Audience doesn't match (strict)")


def _loosely_read(octets: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


# The commonest call of the module's `decode`, answered by one native verification. A verifier with one issuer and one audience or none accepts
# nothing that the steps above would refuse. What it does not accept goes through the steps, and so does every call once one was replaced.


def _is_common(jwt: PyJWT, algorithms: Any) -> bool:
    """Return whether this is the module's own object, and no step or clock that it would go by has been replaced."""
    jws, options = jwt._jws, jwt.options
    if (
        jwt is not _jwt_global_obj
        or jws is not _jws_global_obj
        or (datetime, time.time) != _own_clocks
        or _steps(PyJWT) != _own_steps
        or _jws_steps(PyJWS) != _own_jws_steps
        # An attribute more is a step that was replaced on the object.
        or len(jwt.__dict__) != 2
        or len(jws.__dict__) != 3
        or options["require"]
        or options.get("strict_aud", False)
    ):
        return False
    for name in algorithms:
        algorithm: Any = jws._algorithms.get(name) if type(name) is str else None
        kind = type(algorithm)
        own = _own_algorithms.get(kind)
        if own is None or _algorithm_steps(kind) != own[0] or len(algorithm.__dict__) != own[1]:
            return False
    return True


def _accepted(jwt: Any, key: str | bytes, algorithms: Any, audience: Any, issuer: Any) -> Any:
    """Return the claims of a token that the native verifier accepts under the text of a public key, or None."""

    def build(key: str | bytes) -> Verifier:
        return _verifier(key, algorithms, audience, issuer)

    try:
        verifier = remembered("pyjwt verifier", key, (*algorithms, audience, issuer), build, public=True)
        claims = verifier.verify(jwt, now=time.time()).claims
    except (errors.JOSEError, TypeError):
        return None
    if (audience is None and claims.get("aud")) or type(claims.get("exp")) is float:
        # PyJWT refuses a token with an audience if none is expected, and cuts off fractions.
        return None
    return claims


def _verifier(text: str | bytes, names: Sequence[str], audience: str | None, issuer: str | None) -> Verifier:
    """Return a verifier of the algorithms that the key has, or raise, which leaves nothing to be remembered."""
    if audience == "" or issuer == "" or may_be_private(text):
        raise InvalidKeyError("The steps have their own rules for these.")
    keys: dict[str, VerifyingKey] = {}
    for name in names:
        with suppress(InvalidKeyError):
            algorithm: Any = _jws_global_obj.get_algorithm_by_name(name)
            keys[name] = algorithm._verifying_key(algorithm.prepare_key(text))
    policy = Policy(
        issuer=issuer or UNCHECKED, audience=audience or UNCHECKED, subject=UNCHECKED, typ=UNCHECKED, expiry=UNCHECKED
    )
    keys_of_one = KeySet(keys.values()) if len(keys) != 1 else next(iter(keys.values()))
    return Verifier(
        keys_of_one, policy, algorithms=cast(Any, list(keys)), max_token_size=MAX_TOKEN_SIZE, accept_padding=True
    )


_jwt_global_obj = PyJWT()
_jwt_global_obj._jws = _jws_global_obj
_own_clocks = (datetime, time.time)
_steps = attrgetter(
    *("decode_complete", "_merge_options", "_decode_payload", "_validate_claims", "_validate_required_claims"),
    *(f"_validate_{claim}" for claim in ("iat", "nbf", "exp", "iss", "aud", "sub", "jti")),
)
_jws_steps = attrgetter(
    *("decode_complete", "_load", "_decode_base64url_segment", "_validate_headers", "_validate_kid", "_validate_crit"),
    *("_supported_crit", "_verify_signature", "get_algorithm_by_name"),
)
_algorithm_steps = attrgetter("prepare_key", "check_key_length", "verify")
_own_steps, _own_jws_steps = _steps(PyJWT), _jws_steps(PyJWS)
_own_algorithms: dict[type[Algorithm], tuple[Any, int]] = {
    type(algorithm): (_algorithm_steps(type(algorithm)), len(vars(algorithm)))
    for algorithm in _jws_global_obj._algorithms.values()
    if isinstance(algorithm, KeyPairAlgorithm)
}
encode = _jwt_global_obj.encode
decode_complete = _jwt_global_obj.decode_complete
decode = _jwt_global_obj.decode
