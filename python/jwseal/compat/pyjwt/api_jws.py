"""`PyJWS`: compact JWS as PyJWT reads and writes it (RFC 7515 section 7.1, RFC 7797).

A token is verified by the native steps of `PyJWSSteps`. Their order and their names are PyJWT's, so that a method which a subclass
overrides or a test replaces is called where PyJWT calls it. The payload that is returned was decoded from the very bytes whose signature
was verified; with `verify_signature` off, nothing was verified.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from jwseal import errors
from jwseal._native import PyJWSSteps
from jwseal.compat.pyjwt.algorithms import Algorithm, get_default_algorithms
from jwseal.compat.pyjwt.api_jwk import PyJWK
from jwseal.compat.pyjwt.exceptions import InvalidKeyError, InvalidTokenError
from jwseal.compat.pyjwt.types import FullOptions, SigOptions
from jwseal.compat.pyjwt.utils import base64url_encode
from jwseal.compat.pyjwt.warnings import InsecureKeyLengthWarning, RemovedInPyjwt3Warning

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


class PyJWS(PyJWSSteps):
    """Signs and verifies bytes as compact JWS.

    `algorithms` are the names to sign with and to accept; None is all. `options` are `verify_signature` and `enforce_minimum_key_length`.
    """

    header_typ = "JWT"

    # The extensions that `crit` may name.
    _supported_crit: ClassVar[AbstractSet[str]] = frozenset(("b64",))

    def __init__(self, algorithms: Sequence[str] | None = None, options: SigOptions | None = None) -> None:
        self._algorithms = get_default_algorithms()
        self._valid_algs = set(self._algorithms if algorithms is None else algorithms)
        for name in set(self._algorithms).difference(self._valid_algs):
            del self._algorithms[name]
        self.options: SigOptions = self._get_default_options()
        if options is not None:
            self.options = self._merged(options)

    @staticmethod
    def _get_default_options() -> SigOptions:
        return {"verify_signature": True, "enforce_minimum_key_length": False}

    def register_algorithm(self, alg_id: str, alg_obj: Algorithm) -> None:
        """Always raise for `alg_id` and `alg_obj`: jwseal's algorithms are a closed list."""
        if alg_id in self._algorithms:
            raise ValueError("Algorithm already has a handler.")
        if not isinstance(alg_obj, Algorithm):
            raise TypeError("Object is not of type `Algorithm`")
        raise NotImplementedError(
            "jwseal.compat.pyjwt registers no algorithms: what signs and verifies is jwseal's own closed list. "
            "Pass a jwseal.SigningKey.external(...) as the key for a private key that lives elsewhere."
        )

    def unregister_algorithm(self, alg_id: str) -> None:
        """Stop signing with and accepting the algorithm `alg_id`; KeyError if it is not registered."""
        if alg_id not in self._algorithms:
            raise KeyError("The specified algorithm could not be removed because it is not registered.")
        del self._algorithms[alg_id]
        self._valid_algs.remove(alg_id)

    def get_algorithms(self) -> list[str]:
        """Return the names that are registered."""
        return list(self._valid_algs)

    def encode(
        self,
        payload: bytes,
        key: Any,
        algorithm: str | None = _ALGORITHM_UNSET,
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
        is_payload_detached: bool = False,
        sort_headers: bool = True,
    ) -> str:
        """Sign bytes; the token is the same text that PyJWT makes of the same arguments.

        `payload` is what is signed. `key` is PEM text, a secret, a `PyJWK`, or a key object of `cryptography` or jwseal. `algorithm` is the
        name; `alg` in `headers` is preferred to it, and the default is HS256. `headers` are further header parameters. `json_encoder` is
        the class that writes the header. `is_payload_detached` leaves the payload out of the token. `sort_headers` sorts the header's
        names.
        """
        name: Any = algorithm
        if algorithm is _ALGORITHM_UNSET or algorithm is None:
            name = "none" if algorithm is None else "HS256"
            if isinstance(key, PyJWK):
                name = key.algorithm_name
        if headers:
            name = headers.get("alg") or name
            is_payload_detached = is_payload_detached or headers.get("b64") is False
        header = self._header(name, headers, is_payload_detached)
        protected = base64url_encode(compact_json(header, json_encoder, sort_keys=sort_headers))
        body = payload if is_payload_detached else base64url_encode(payload)
        signing_input = b".".join((protected, body))
        algorithm_object = self.get_algorithm_by_name(name)
        prepared = algorithm_object.prepare_key(key.key if isinstance(key, PyJWK) else key)
        short = algorithm_object.check_key_length(prepared)
        if short:
            judge_length(short, self.options, stacklevel=3)
        signature = base64url_encode(algorithm_object.sign(signing_input, prepared))
        return b".".join((protected, b"" if is_payload_detached else body, signature)).decode("utf-8")

    def _header(self, name: str, headers: dict[str, Any] | None, is_payload_detached: bool) -> dict[str, Any]:
        header: dict[str, Any] = {"typ": self.header_typ, "alg": name}
        if headers:
            self._validate_headers(headers, encoding=True)
            header.update(headers)
        if not header["typ"]:
            del header["typ"]
        if is_payload_detached:
            header["b64"] = False
            critical = header.get("crit", [])
            if not isinstance(critical, list):
                raise InvalidTokenError("Invalid 'crit' header: must be a list")
            if "b64" not in critical:
                header["crit"] = [*critical, "b64"]
        else:
            header.pop("b64", None)
        return header

    def decode(
        self,
        jwt: str | bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> Any:
        """Verify `jwt` and return the payload's bytes; `key`, `algorithms`, `options` and `detached_payload` are those of `decode_complete`."""
        if kwargs:
            warn_of_arguments("decode()", kwargs, stacklevel=3)
        return self.decode_complete(jwt, key, algorithms, options, detached_payload=detached_payload)["payload"]

    def get_unverified_header(self, jwt: str | bytes) -> dict[str, Any]:
        """Return the header of `jwt`, a token that was not verified: use it to choose a key, never to decide."""
        header = self._load(jwt)[2]
        self._validate_headers(header)
        return header

    def _merged(self, options: SigOptions) -> SigOptions:
        merged: SigOptions = {**self.options, **options}
        if len(merged) > len(self.options):
            # Callers hand over the options of a JWT; what they say about claims means nothing for bytes.
            require_known_options(merged, FullOptions.__annotations__.keys())
        return merged


def compact_json(value: Any, json_encoder: type[json.JSONEncoder] | None, *, sort_keys: bool = False) -> bytes:
    """Write JSON as PyJWT does: no spaces, ASCII, by the caller's encoder if there is one."""
    if json_encoder is None:
        return (_SORTING if sort_keys else _ENCODER).encode(value).encode()
    return json.dumps(value, separators=(",", ":"), cls=json_encoder, sort_keys=sort_keys).encode()


_ENCODER = json.JSONEncoder(separators=(",", ":"))
_SORTING = json.JSONEncoder(separators=(",", ":"), sort_keys=True)


def require_known_options(options: Mapping[str, Any], known: AbstractSet[str]) -> None:
    """Refuse an option that would be ignored: who misspells `verify_aud` should not find out in production."""
    if not options.keys() <= known:
        unknown = sorted(set(options).difference(known))
        raise errors.PolicyError(f"unknown option {unknown[0]!r}; the options are {', '.join(sorted(known))}")


def judge_length(short: str, options: SigOptions, stacklevel: int = 2) -> None:
    """Refuse a short key, or warn of it."""
    if options.get("enforce_minimum_key_length", False):
        raise InvalidKeyError(short)
    warnings.warn(short, InsecureKeyLengthWarning, stacklevel=stacklevel)


def warn_of_arguments(function: str, arguments: Mapping[str, Any], stacklevel: int = 2) -> None:
    """Warn of arguments that do nothing."""
    warnings.warn(
        f"passing additional kwargs to {function} is deprecated and will be removed in pyjwt version 3. "
        f"Unsupported kwargs: {tuple(arguments)}",
        RemovedInPyjwt3Warning,
        stacklevel=stacklevel,
    )


_jws_global_obj = PyJWS()
encode = _jws_global_obj.encode
decode_complete = _jws_global_obj.decode_complete
decode = _jws_global_obj.decode
register_algorithm = _jws_global_obj.register_algorithm
unregister_algorithm = _jws_global_obj.unregister_algorithm
get_algorithm_by_name = _jws_global_obj.get_algorithm_by_name
get_unverified_header = _jws_global_obj.get_unverified_header
