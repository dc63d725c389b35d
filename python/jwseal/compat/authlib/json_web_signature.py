"""`JsonWebSignature`: signing and verifying every JWS form with Authlib's methods (RFC 7515 section 7).

Compact results are bytes, JSON results dicts. A key argument is anything Authlib accepts, or a callable that returns one for
`(header, payload)`. jwseal verifies every signature over the bytes that were received. A subclass may override the methods that Authlib calls
(`_prepare_algorithm_key`, `_validate_private_headers`, `_validate_crit_headers`) and the class attributes; they are used here in the same
places. Deliberate differences are listed in the package header.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, NoReturn

from jwseal import jws
from jwseal._encoding import base64url_encode
from jwseal.compat.authlib import errors, refusal
from jwseal.compat.authlib import header as headers
from jwseal.compat.authlib.algorithm import ALGORITHMS, JWSAlgorithm
from jwseal.compat.authlib.encoding import json_bytes, to_bytes
from jwseal.compat.authlib.header import JWSHeader, JWSObject
from jwseal.compat.authlib.key import warn_caller
from jwseal.compat.authlib.key_set import key_named
from jwseal.errors import AlgorithmNotAllowed, InvalidSignature, InvalidToken, KeyNotFound


class JsonWebSignature:
    """Signs and verifies with the algorithms that the caller lists.

    `algorithms` are their names; None means all but `none`. `private_headers` are the names of further header parameters to allow; None
    allows all names.
    """

    REGISTERED_HEADER_PARAMETER_NAMES: ClassVar[frozenset[str]] = headers.REGISTERED
    MAX_CONTENT_LENGTH: ClassVar[int] = 256000
    ALGORITHMS_REGISTRY: ClassVar[Mapping[str, JWSAlgorithm]] = ALGORITHMS

    def __init__(
        self, algorithms: Collection[str] | None = None, private_headers: Collection[str] | None = None
    ) -> None:
        self._private_headers = private_headers
        self._algorithms = algorithms

    def __init_subclass__(cls) -> None:
        if "_validate_json_jws" in cls.__dict__:
            raise TypeError("_validate_json_jws is not called here: override deserialize_json")

    @classmethod
    def register_algorithm(cls, algorithm: Any) -> NoReturn:
        """Always refuses `algorithm`: a registry that any import can add to is no allow-list."""
        raise errors.AlgorithmRegistrationError(
            description=f"Invalid algorithm for JWS, {algorithm!r}: algorithms cannot be added; for a key in a KMS or HSM "
            "pass jwseal.SigningKey.external(...) as the key"
        )

    def serialize_compact(self, protected: dict[str, Any], payload: Any, key: Any) -> bytes:
        """Sign `payload` under the header `protected`, with `key`."""
        self._signable_header({"protected": protected})
        algorithm, key = self._prepare_algorithm_key(protected, payload, key)
        signing_input = b".".join([self._header_segment(protected), base64url_encode(_payload_bytes(payload))])
        return b".".join([signing_input, base64url_encode(_signature(algorithm, key, signing_input))])

    def serialize_json(self, header_obj: Any, payload: Any, key: Any) -> dict[str, Any]:
        """Sign `payload` with `key`: a dict of headers as `header_obj` gives the flattened form, a list of them the general one."""
        payload_segment = base64url_encode(
            json_bytes(payload) if isinstance(payload, dict) else _payload_bytes(payload)
        )

        def sign(header_obj: Mapping[str, Any]) -> dict[str, Any]:
            header = self._signable_header(header_obj)
            algorithm, entry_key = self._prepare_algorithm_key(header, payload, key)
            protected = self._header_segment(header.protected or {})
            signature = _signature(algorithm, entry_key, b".".join([protected, payload_segment]))
            entry: dict[str, Any] = {"protected": protected.decode(), "signature": base64url_encode(signature).decode()}
            if header.header is not None:
                entry["header"] = header.header
            return entry

        if isinstance(header_obj, dict):
            return {**sign(header_obj), "payload": payload_segment.decode()}
        return {"payload": payload_segment.decode(), "signatures": [sign(entry) for entry in _entries(header_obj)]}

    def serialize(self, header: Any, payload: Any, key: Any) -> bytes | dict[str, Any]:
        """Sign `payload` with `key` in the form of `header`: a list, or a dict with `protected`, gives a JSON form, otherwise compact."""
        if isinstance(header, (list, tuple)) or (isinstance(header, Mapping) and "protected" in header):
            return self.serialize_json(header, payload, key)
        return self.serialize_compact(header, payload, key)

    def deserialize_compact(self, s: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify a compact JWS.

        `s` is the token. `key` is the key argument, or a callable that returns it for `(header, payload)`. `decode` gets the payload after
        the signature was verified.
        """
        token = token_bytes(s)
        if len(token) > self.MAX_CONTENT_LENGTH:
            raise errors.TooLongError(description="Serialization is too long.")
        crit = headers.critical_extensions(self._private_headers)
        try:
            parsed = jws.parse(token, crit=crit, max_size=self.MAX_CONTENT_LENGTH)
        except InvalidToken as exc:
            raise refusal.of_compact(token, self._private_headers, exc) from exc
        if parsed.form != "compact":
            raise errors.DecodeError("Not enough segments")
        entry = parsed.entries[0]
        header = JWSHeader(entry.protected, None)
        self._validate_crit_headers(header)
        # A key loader is promised the decoded payload; what it gets is as unverified as the header.
        payload, decode = _decoded_for(key, parsed.payload, decode)
        algorithm, key = self._prepare_algorithm_key(header, payload, key)
        if not _verified(algorithm, entry, key):
            raise errors.BadSignatureError(JWSObject(header, payload, "compact"))
        return JWSObject(header, decode(payload) if decode else payload, "compact")

    def deserialize_json(self, obj: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify a JSON JWS, flattened or general: every signature, each with the key of its own header.

        `obj` is the JWS as a dict or text. `key` is the key argument, or a callable that returns it for `(header, payload)`. `decode` gets
        the payload after the signatures were verified.
        """
        source = obj if isinstance(obj, dict) else _json_text(obj)
        crit = headers.critical_extensions(self._private_headers)
        try:
            parsed = jws.parse(source, crit=crit, max_size=MAX_JSON_LENGTH)
        except InvalidToken as exc:
            raise refusal.of_json(source, self._private_headers, exc) from exc
        if parsed.form == "compact":
            raise errors.DecodeError("Invalid JWS")
        if not parsed.payload and refusal.lacks_payload(source):
            raise errors.DecodeError('Missing "payload" value')
        payload, decode = _decoded_for(key, parsed.payload, decode)
        found = []
        valid = True
        for entry in parsed.entries:
            if not entry.signature:
                raise errors.DecodeError('Missing "signature" value')
            header = JWSHeader(entry.protected, entry.header)
            found.append(header)
            self._validate_crit_headers(entry.protected)
            algorithm, entry_key = self._prepare_algorithm_key(header, payload, key)
            valid = _verified(algorithm, entry, entry_key) and valid
        shape, subject = ("flat", found[0]) if parsed.form == "flattened" else ("json", found)
        if not valid:
            raise errors.BadSignatureError(JWSObject(subject, payload, shape))
        return JWSObject(subject, decode(payload) if decode else payload, shape)

    def deserialize(self, s: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify a JWS of any form: a dict, or text from `{` to `}`, is JSON.

        `s` is the JWS. `key` and `decode` are those of `deserialize_compact`.
        """
        if isinstance(s, dict):
            return self.deserialize_json(s, key, decode)
        token = token_bytes(s)
        if token.startswith(b"{") and token.endswith(b"}"):
            return self.deserialize_json(token, key, decode)
        return self.deserialize_compact(token, key, decode)

    def _prepare_algorithm_key(self, header: Mapping[str, Any], payload: Any, key: Any) -> tuple[JWSAlgorithm, Any]:
        """Return the algorithm of a header, if the caller allows it, and the key that the header chooses."""
        # `alg` counts in the protected header only: nothing signs the other one.
        protected = header.protected or {} if isinstance(header, JWSHeader) else header
        if "alg" not in protected:
            raise errors.MissingAlgorithmError()
        alg = protected["alg"]
        algorithm = self.ALGORITHMS_REGISTRY.get(alg) if isinstance(alg, str) else None
        if algorithm is None:
            raise errors.UnsupportedAlgorithmError()
        allowed = self._algorithms
        if isinstance(allowed, (str, bytes)):
            # `in` would search for a part of the text.
            raise errors.UnsupportedAlgorithmError(description="algorithms is a string: give a list of names")
        if algorithm.deprecated if allowed is None else alg not in allowed:
            raise errors.UnsupportedAlgorithmError()
        return algorithm, key_named(key(header, payload) if callable(key) else key, header)

    def _validate_private_headers(self, header: Mapping[str, Any]) -> None:
        """Refuse names that are neither registered nor private headers, if the caller gave private headers."""
        if self._private_headers is not None:
            allowed = self.REGISTERED_HEADER_PARAMETER_NAMES.union(self._private_headers)
            for name in header:
                if name not in allowed:
                    raise errors.InvalidHeaderParameterNameError(name)

    def _validate_crit_headers(self, header: Mapping[str, Any]) -> None:
        """Refuse a `crit` that the caller does not understand. The core has done so; it allows `b64`, this layer does not."""
        headers.check_crit(header, self._private_headers)

    def _signable_header(self, obj: Mapping[str, Any]) -> JWSHeader:
        # Both headers, held to the rules that a received header is held to.
        given = vars(obj) if isinstance(obj, JWSHeader) else obj
        protected, unprotected = given.get("protected"), given.get("header")
        if not isinstance(protected, dict) or not isinstance(unprotected, (dict, type(None))):
            raise errors.PayloadError(description="a header must be a dict")
        header = JWSHeader(protected, unprotected)
        self._validate_private_headers(header)
        headers.check_disjoint(protected, unprotected)
        self._validate_crit_headers(protected)
        if protected.get("b64", True) is not True:
            # Authlib signed the encoded payload all the same.
            raise errors.InvalidHeaderParameterNameError("b64")
        return header

    def _header_segment(self, protected: dict[str, Any]) -> bytes:
        segment = base64url_encode(json_bytes(protected))
        try:
            # The core reads the header before it is signed, so that what is signed here can be verified here.
            jws.parse(segment + b"..", crit=headers.critical_extensions(self._private_headers))
        except InvalidToken as exc:
            raise refusal.of_compact(segment + b"..", self._private_headers, exc) from exc
        return segment


# Authlib bounds each segment by 256,000 bytes and not the whole: this has room for two segments and their headers.
MAX_JSON_LENGTH = 1_100_000


def _decoded_for(key: Any, payload: bytes, decode: Any) -> tuple[Any, Any]:
    # The payload, and what is left to decode after the signature was verified.
    return (decode(payload), None) if decode and callable(key) else (payload, decode)


def _verified(algorithm: JWSAlgorithm, entry: Any, key: Any) -> bool:
    if algorithm.deprecated:
        warn_caller("the caller lists `none`: this token has no signature", errors.InsecureAlgorithmWarning)
        return len(entry.signature) == 0
    native = algorithm.verifying_key(key)
    try:
        entry.verify(native)
    except InvalidSignature:
        return False
    except (AlgorithmNotAllowed, KeyNotFound) as exc:
        raise errors.InvalidKeyError(description=str(exc)) from exc
    except InvalidToken as exc:
        raise errors.DecodeError(description=str(exc)) from exc
    return True


def _signature(algorithm: JWSAlgorithm, key: Any, signing_input: bytes) -> bytes:
    if algorithm.deprecated:
        warn_caller("the caller lists `none`: this token gets no signature", errors.InsecureAlgorithmWarning)
        return b""
    return algorithm.signature(key, signing_input)


def _payload_bytes(payload: Any) -> bytes:
    try:
        converted = None if isinstance(payload, dict) else to_bytes(payload)
    except (TypeError, ValueError):
        converted = None
    if converted is None:
        raise errors.PayloadError(description=f"a {type(payload).__name__} is not a payload")
    return converted


def _entries(header_obj: Any) -> list[dict[str, Any]]:
    if not isinstance(header_obj, Iterable) or isinstance(header_obj, (str, bytes)):
        header_obj = [None]
    entries = list(header_obj)
    if not all(isinstance(entry, dict) for entry in entries):
        raise errors.PayloadError(description="headers must be a dict or a list of dicts")
    return entries


def token_bytes(s: Any) -> bytes:
    """Convert a serialization of any type that Authlib accepts."""
    if type(s) is bytes:
        return s
    if not isinstance(s, (str, bytes, bytearray, memoryview)):
        raise errors.InputTypeError(description=f"a {type(s).__name__} is not a serialization")
    try:
        return to_bytes(s) or b""
    except ValueError:
        raise errors.DecodeError("Invalid header padding") from None


def _json_text(obj: Any) -> bytes:
    if not isinstance(obj, (str, bytes, bytearray, memoryview)):
        raise errors.DecodeError("Invalid JWS")
    return token_bytes(obj)
