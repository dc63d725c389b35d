"""`PyJWS`: compact JWS the way PyJWT reads and writes it (RFC 7515 section 7.1, RFC 7797).

The order of refusals, their classes and their sentences are PyJWT's. What is returned after a verification is what
jwseal verified, never what was read from the token beforehand; the reading beforehand exists to refuse the way PyJWT
refuses, and for callers who switch verification off by name.
"""

from __future__ import annotations

import binascii
import json
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast

from jwseal import VerifiedJWT, errors, insecure, jws
from jwseal.compat.pyjwt import keys
from jwseal.compat.pyjwt.algorithms import Algorithm, get_default_algorithms
from jwseal.compat.pyjwt.api_jwk import PyJWK
from jwseal.compat.pyjwt.exceptions import (
    DecodeError,
    InvalidAlgorithmError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
    PyJWTError,
)
from jwseal.compat.pyjwt.types import FullOptions, SigOptions
from jwseal.compat.pyjwt.utils import base64url_decode, base64url_encode
from jwseal.compat.pyjwt.warnings import InsecureKeyLengthWarning, RemovedInPyjwt3Warning
from jwseal.compat.strict_json import read_json

__all__ = [
    "PyJWS",
    "decode",
    "decode_complete",
    "encode",
    "get_algorithm_by_name",
    "get_unverified_header",
    "register_algorithm",
    "unregister_algorithm",
]

_ALGORITHM_UNSET: Any = object()

_ALGORITHMS_ARE_REQUIRED = (
    'It is required that you pass in a value for the "algorithms" argument when calling decode().'
)


class PyJWS:
    """Signs and verifies octets as compact JWS."""

    header_typ = "JWT"

    _supported_crit = frozenset(("b64",))

    def __init__(self, algorithms: Sequence[str] | None = None, options: SigOptions | None = None) -> None:
        self._algorithms = get_default_algorithms()
        self._narrowed = algorithms is not None
        if algorithms is not None:
            self._algorithms = {name: known for name, known in self._algorithms.items() if name in algorithms}
        self.options = self._merged(self._get_default_options(), options)

    @staticmethod
    def _get_default_options() -> SigOptions:
        return {"verify_signature": True, "enforce_minimum_key_length": False}

    def register_algorithm(self, alg_id: str, alg_obj: Algorithm) -> None:
        """Always raises: jwseal's algorithms are a closed list."""
        if alg_id in self._algorithms:
            raise ValueError("Algorithm already has a handler.")
        if not isinstance(alg_obj, Algorithm):
            raise TypeError("Object is not of type `Algorithm`")
        raise NotImplementedError(
            "jwseal.compat.pyjwt registers no algorithms: what signs and verifies is jwseal's own closed list. "
            "A private key that lives elsewhere signs through jwseal.SigningKey.external."
        )

    def unregister_algorithm(self, alg_id: str) -> None:
        """Stop signing and accepting an algorithm; KeyError if it is not registered."""
        if alg_id not in self._algorithms:
            raise KeyError("The specified algorithm could not be removed because it is not registered.")
        self._narrowed = True
        del self._algorithms[alg_id]

    def get_algorithms(self) -> list[str]:
        """The names that are registered."""
        return list(self._algorithms)

    def get_algorithm_by_name(self, alg_name: str) -> Algorithm:
        """The algorithm object of this name; NotImplementedError if there is none."""
        try:
            return self._algorithms[alg_name]
        except KeyError as error:
            raise NotImplementedError("Algorithm not supported") from error

    def encode(
        self,
        payload: bytes,
        key: Any,
        algorithm: str | None = _ALGORITHM_UNSET,
        headers: Mapping[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
        is_payload_detached: bool = False,
        sort_headers: bool = True,
    ) -> str:
        """Sign octets; the token is the same text that PyJWT makes of the same arguments."""
        name = _signing_name(key, algorithm, headers)
        is_payload_detached = is_payload_detached or bool(headers and headers.get("b64") is False)
        header = self._header(name, headers, is_payload_detached)
        protected = base64url_encode(
            json.dumps(header, separators=(",", ":"), cls=json_encoder, sort_keys=sort_headers).encode()
        )
        body = payload if is_payload_detached else base64url_encode(payload)
        signing_input = b".".join((protected, body))
        signature = self._sign(signing_input, name, key)
        shown = b"" if is_payload_detached else body
        return b".".join((protected, shown, base64url_encode(signature))).decode("utf-8")

    def decode(
        self,
        jwt: str | bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> Any:
        """Verify and return the payload's octets."""
        if kwargs:
            _warn_of_arguments("decode()", kwargs)
        return self.decode_complete(jwt, key, algorithms, options, detached_payload=detached_payload)["payload"]

    def decode_complete(
        self,
        jwt: str | bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify and return `payload` (octets), `header` and `signature` (octets)."""
        if kwargs:
            _warn_of_arguments("decode_complete()", kwargs)
        merged = self._merged(self.options, options)
        verify_signature = merged["verify_signature"]
        if verify_signature and not algorithms and not isinstance(key, PyJWK):
            raise DecodeError(_ALGORITHMS_ARE_REQUIRED)
        payload, header, signature = self._load(jwt) if verify_signature else self._read(jwt)
        self._validate_headers(header)
        detached = self._is_detached(header, detached_payload)
        if verify_signature:
            verified = self._verify_signature(jwt, header, key, algorithms, merged, detached_payload)
            payload, header = cast(bytes, verified.payload), verified.header
        elif detached:
            payload = cast(bytes, detached_payload)
        return {"payload": payload, "header": header, "signature": signature}

    def get_unverified_header(self, jwt: str | bytes) -> dict[str, Any]:
        """The header of a token that nobody has verified: good for choosing a key, never for a decision."""
        try:
            header = insecure.header_unverified(jwt)
        except (errors.JOSEError, TypeError):
            header = self._load(jwt)[1]
        if "b64" in header:
            header = self._load(jwt)[1]
        self._validate_headers(header)
        return header

    def verified_jwt(self, jwt: str | bytes, key: Any, algorithms: Sequence[str] | None) -> VerifiedJWT | None:
        """The short way: one native call that checks the signature and parses the claims.

        None says that the token must go PyJWT's long way: to be refused there with PyJWT's words, or because a claim
        is one that only PyJWT's rules can judge.
        """
        if self._narrowed or type(self) is not PyJWS or not hasattr(algorithms or (), "__len__"):
            # An iterator of names can be read only once, and that is the long way's.
            return None
        names = _names(algorithms)
        if isinstance(key, PyJWK):
            if algorithms is not None and key.algorithm_name not in names:
                return None
            key, names = key.key, (key.algorithm_name,)
        verifier = keys.verifier(key, names) if names else None
        if verifier is None:
            return None
        try:
            return verifier.verify(jwt, now=time.time())
        except errors.InvalidSignature:
            raise InvalidSignatureError("Signature verification failed") from None
        except (errors.JOSEError, TypeError):
            return None

    def plain_claims(
        self, jwt: str | bytes, key: Any, algorithms: object, audience: object, issuer: object
    ) -> dict[str, Any] | None:
        """The shortest way, for the commonest call: the native call judges the claims as well.

        None says that the call is no such call. No claims at all say that the token must go PyJWT's long way: it was
        refused, or is one that PyJWT refuses though the verifier does not, or its claims are in fact none.
        """
        if self._narrowed or type(self) is not PyJWS:
            return None
        verifier = keys.plain_verifier(key, algorithms, audience, issuer)
        if verifier is None:
            return None
        try:
            claims = verifier.verify(jwt, now=time.time()).claims
        except errors.InvalidSignature:
            raise InvalidSignatureError("Signature verification failed") from None
        except (errors.JOSEError, TypeError):
            return {}
        if (audience is None and claims.get("aud")) or type(claims.get("exp")) is float:
            return {}
        return claims

    def signature_of(self, jwt: str | bytes) -> bytes:
        """The octets of a token's last segment, of a token that has one."""
        token = jwt.encode("utf-8") if isinstance(jwt, str) else jwt
        return self._decode_base64url_segment(token.rsplit(b".", 1)[1], "crypto")

    def _merged(self, defaults: SigOptions, options: SigOptions | None) -> SigOptions:
        if options is None:
            return defaults
        merged = {**defaults, **options}
        # Callers hand over the options of a JWT; what they say about claims means nothing for octets.
        require_known_options(merged, FullOptions.__annotations__)
        return cast(SigOptions, merged)

    def _header(self, name: str, headers: Mapping[str, Any] | None, detached: bool) -> dict[str, Any]:
        header: dict[str, Any] = {"typ": self.header_typ, "alg": name}
        if headers:
            self._validate_headers(headers, encoding=True)
            header.update(headers)
        if not header["typ"]:
            del header["typ"]
        if detached:
            header["b64"] = False
            critical = header.get("crit", [])
            if not isinstance(critical, list):
                raise InvalidTokenError("Invalid 'crit' header: must be a list")
            if "b64" not in critical:
                header["crit"] = [*critical, "b64"]
        else:
            header.pop("b64", None)
        return header

    def _sign(self, signing_input: bytes, name: str, key: Any) -> bytes:
        algorithm = self.get_algorithm_by_name(name)
        if name in keys.REFUSED_NAMES:
            raise NotImplementedError(keys.REFUSED_NAMES[name])
        prepared = keys.signing_key(key.key if isinstance(key, PyJWK) else key, name, algorithm)
        _judge_length(prepared.short, self.options, stacklevel=4)
        return insecure.sign_octets(signing_input, prepared.key)

    def _verify_signature(
        self,
        jwt: str | bytes,
        header: dict[str, Any],
        key: Any,
        algorithms: Sequence[str] | None,
        options: SigOptions,
        detached_payload: bytes | None,
    ) -> jws.VerifiedJWS:
        if algorithms is None and isinstance(key, PyJWK):
            algorithms = [key.algorithm_name]
        if "alg" not in header:
            raise InvalidAlgorithmError("Algorithm not specified")
        name = header["alg"]
        if not name or (algorithms is not None and name not in _names(algorithms)):
            raise InvalidAlgorithmError("The specified alg value is not allowed")
        if isinstance(key, PyJWK) and name != key.algorithm_name:
            raise InvalidAlgorithmError(
                f"Token algorithm {name!r} does not match the key's algorithm {key.algorithm_name!r}"
            )
        try:
            algorithm = self.get_algorithm_by_name(name)
        except NotImplementedError as error:
            raise InvalidAlgorithmError("Algorithm not supported") from error
        material = key.key if isinstance(key, PyJWK) else key
        if name in keys.REFUSED_NAMES:
            _refuse(name, material, algorithm)
        prepared = keys.verifying_key(material, name, algorithm)
        _judge_length(prepared.short, options, stacklevel=5)
        try:
            return jws.verify(
                jwt, prepared.key, payload=detached_payload, max_size=keys.MAX_TOKEN_SIZE, accept_padding=True
            )
        except errors.JOSEError as refusal:
            raise _translated(refusal) from refusal

    def _is_detached(self, header: dict[str, Any], detached_payload: bytes | None) -> bool:
        if header.get("b64", True) is not False:
            if detached_payload is not None:
                raise DecodeError(
                    'It is only valid to pass "detached_payload" when the protected header has "b64" set to false.'
                )
            return False
        if "b64" not in (header.get("crit") or []):
            raise InvalidTokenError("The 'b64' header parameter requires 'b64' to be listed in 'crit'.")
        if detached_payload is None:
            raise DecodeError(
                'It is required that you pass in a value for the "detached_payload" argument to decode a message '
                "having the b64 header set to false."
            )
        return True

    def _validate_headers(self, headers: Mapping[str, Any], *, encoding: bool = False) -> None:
        if "kid" in headers and not isinstance(headers["kid"], str):
            raise InvalidTokenError("Key ID header parameter must be a string")
        if not encoding and "crit" in headers:
            self._validate_crit(headers)

    def _validate_crit(self, headers: Mapping[str, Any]) -> None:
        critical = headers["crit"]
        if not isinstance(critical, list) or not critical:
            raise InvalidTokenError("Invalid 'crit' header: must be a non-empty list")
        for name in critical:
            if not isinstance(name, str):
                raise InvalidTokenError("Invalid 'crit' header: values must be strings")
            if name not in self._supported_crit:
                raise InvalidTokenError(f"Unsupported critical extension: {name}")
            if name not in headers:
                raise InvalidTokenError(f"Critical extension '{name}' is missing from headers")

    def _read(self, jwt: str | bytes) -> tuple[bytes, dict[str, Any], bytes]:
        """Payload, header and signature, unverified."""
        try:
            read = insecure.read_unverified(jwt)
        except (errors.JOSEError, TypeError):
            return self._load(jwt)
        header = read.header
        if "b64" in header:
            return self._load(jwt)
        return read.payload, header, self.signature_of(jwt)

    def _load(self, jwt: str | bytes) -> tuple[bytes, dict[str, Any], bytes]:
        """As `_read`, with PyJWT's sentences for what cannot be read."""
        token = jwt.encode("utf-8", "surrogatepass") if isinstance(jwt, str) else jwt
        if not isinstance(token, bytes):
            raise DecodeError(f"Invalid token type. Token must be a {bytes}")
        if len(token) > keys.MAX_TOKEN_SIZE:
            raise DecodeError(f"The token has {len(token)} octets; at most {keys.MAX_TOKEN_SIZE} are read.")
        segments = token.rsplit(b".", 1)
        segments[:1] = segments[0].split(b".", 1)
        if len(segments) != 3:
            raise DecodeError("Not enough segments")
        try:
            header = read_json(self._decode_base64url_segment(segments[0], "header"))
        except (ValueError, RecursionError) as error:
            raise DecodeError(f"Invalid header string: {error}") from error
        if not isinstance(header, dict):
            raise DecodeError("Invalid header string: must be a json object")
        payload = b""
        if header.get("b64", True) is not False:
            payload = self._decode_base64url_segment(segments[1], "payload")
        elif segments[1]:
            raise DecodeError("Payload segment must be empty when 'b64' is false.")
        return payload, header, self._decode_base64url_segment(segments[2], "crypto")

    @staticmethod
    def _decode_base64url_segment(segment: bytes, name: str) -> bytes:
        bare = segment.rstrip(b"=")
        if segment != bare and len(segment) != (len(bare) + 3) // 4 * 4:
            raise DecodeError(f"Invalid {name} padding")
        try:
            octets = base64url_decode(bare)
        except binascii.Error as error:
            raise DecodeError(f"Invalid {name} padding") from error
        # One text for one octet string: no foreign characters, no stray bits.
        if base64url_encode(octets) != bare:
            raise DecodeError(f"Invalid {name} padding")
        return octets


def require_known_options(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse an option that would be ignored: who misspells `verify_aud` should not find out in production."""
    unknown = sorted(set(options).difference(known))
    if unknown:
        raise errors.PolicyError(f"unknown option {unknown[0]!r}; the options are {', '.join(sorted(known))}")


def _signing_name(key: Any, algorithm: Any, headers: Mapping[str, Any] | None) -> str:
    if headers and headers.get("alg"):
        return cast(str, headers["alg"])
    if algorithm is not _ALGORITHM_UNSET and algorithm is not None:
        return cast(str, algorithm)
    if isinstance(key, PyJWK):
        return key.algorithm_name
    return "HS256" if algorithm is _ALGORITHM_UNSET else "none"


def _names(algorithms: Sequence[str] | None) -> tuple[str, ...]:
    if not algorithms:
        return ()
    # PyJWT looks for the header's alg inside the str; a str is one name here.
    return (algorithms,) if isinstance(algorithms, str) else tuple(algorithms)


def _judge_length(short: str | None, options: SigOptions, stacklevel: int) -> None:
    if short is None:
        return
    if options.get("enforce_minimum_key_length", False):
        raise InvalidKeyError(short)
    warnings.warn(short, InsecureKeyLengthWarning, stacklevel=stacklevel)


def _refuse(name: str, material: object, algorithm: Algorithm) -> NoReturn:
    if name == "none":
        algorithm.prepare_key(material)
        raise InvalidSignatureError("Signature verification failed")
    raise InvalidAlgorithmError(keys.REFUSED_NAMES[name])


def _translated(refusal: errors.JOSEError) -> PyJWTError:
    match refusal:
        case errors.InvalidSignature():
            return InvalidSignatureError("Signature verification failed")
        case errors.AlgorithmNotAllowed():
            return InvalidAlgorithmError("The specified alg value is not allowed")
        case errors.MalformedToken():
            return DecodeError(str(refusal))
        case errors.InvalidKey():
            return InvalidKeyError(str(refusal))
        case _:
            return InvalidTokenError(str(refusal))


def _warn_of_arguments(function: str, arguments: Mapping[str, Any]) -> None:
    warnings.warn(
        f"passing additional kwargs to {function} is deprecated and will be removed in pyjwt version 3. "
        f"Unsupported kwargs: {tuple(arguments)}",
        RemovedInPyjwt3Warning,
        stacklevel=3,
    )


_jws_global_obj = PyJWS()
encode = _jws_global_obj.encode
decode_complete = _jws_global_obj.decode_complete
decode = _jws_global_obj.decode
register_algorithm = _jws_global_obj.register_algorithm
unregister_algorithm = _jws_global_obj.unregister_algorithm
get_algorithm_by_name = _jws_global_obj.get_algorithm_by_name
get_unverified_header = _jws_global_obj.get_unverified_header
