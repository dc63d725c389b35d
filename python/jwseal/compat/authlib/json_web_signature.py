"""`JsonWebSignature`: every JWS form behind Authlib's methods (RFC 7515 section 7).

Compact results are bytes, JSON results dicts. A key argument is anything Authlib took, or a callable that chooses one by
`(header, payload)`. Every signature is verified by jwseal over the octets that were received. What differs from Authlib on purpose is listed
in the package header.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, NoReturn

from jwseal import jws
from jwseal.compat.authlib import header_rules, refusal
from jwseal.compat.authlib.algorithm import ALGORITHMS, JWSAlgorithm
from jwseal.compat.authlib.encoding import encode_segment, json_bytes, to_bytes
from jwseal.compat.authlib.errors import (
    AlgorithmRegistrationError,
    BadSignatureError,
    DecodeError,
    InputTypeError,
    InsecureAlgorithmWarning,
    InvalidKeyError,
    MissingAlgorithmError,
    PayloadError,
    TooLongError,
    UnsupportedAlgorithmError,
)
from jwseal.compat.authlib.header import JWSHeader, JWSObject
from jwseal.compat.authlib.key_set import key_named
from jwseal.compat.authlib.oct_key import warn_caller
from jwseal.errors import AlgorithmNotAllowed, InvalidSignature, InvalidToken, KeyNotFound
from jwseal.insecure import sign_octets

__all__ = ["JsonWebSignature", "token_octets"]


class JsonWebSignature:
    """Signs and verifies with the algorithms the caller lists; `algorithms=None` means all but `none`."""

    REGISTERED_HEADER_PARAMETER_NAMES: ClassVar[frozenset[str]] = header_rules.REGISTERED
    MAX_CONTENT_LENGTH: ClassVar[int] = 256000
    ALGORITHMS_REGISTRY: ClassVar[Mapping[str, JWSAlgorithm]] = ALGORITHMS

    def __init__(
        self, algorithms: Collection[str] | None = None, private_headers: Collection[str] | None = None
    ) -> None:
        self._private_headers = private_headers
        self._algorithms = algorithms

    @classmethod
    def register_algorithm(cls, algorithm: Any) -> NoReturn:
        """Always refuses: the set of algorithms is closed, and a global that any import can change is no allow-list."""
        raise AlgorithmRegistrationError(
            description=f"Invalid algorithm for JWS, {algorithm!r}: algorithms cannot be added; for a key held elsewhere "
            "pass jwseal.SigningKey.external(...) as the key"
        )

    def serialize_compact(self, protected: dict[str, Any], payload: Any, key: Any) -> bytes:
        """Sign a payload under a protected header."""
        self._check_header(protected, None)
        algorithm, key = self._signing(protected, payload, key)
        signing_input = b".".join([self._header_segment(protected), encode_segment(_payload_octets(payload))])
        return b".".join([signing_input, encode_segment(_signature(algorithm, key, signing_input))])

    def serialize_json(self, header_obj: Any, payload: Any, key: Any) -> dict[str, Any]:
        """Sign a payload: a dict of headers gives the flattened form, a list of them the general one."""
        payload_segment = encode_segment(json_bytes(payload) if isinstance(payload, dict) else _payload_octets(payload))

        def sign(header: JWSHeader) -> dict[str, Any]:
            self._check_header(header.protected, header.header)
            algorithm, entry_key = self._signing(header, payload, key)
            protected = self._header_segment(header.protected or {})
            signature = _signature(algorithm, entry_key, b".".join([protected, payload_segment]))
            entry: dict[str, Any] = {"protected": protected.decode(), "signature": encode_segment(signature).decode()}
            if header.header is not None:
                entry["header"] = header.header
            return entry

        if isinstance(header_obj, dict):
            return {**sign(JWSHeader.from_dict(header_obj)), "payload": payload_segment.decode()}
        return {
            "payload": payload_segment.decode(),
            "signatures": [sign(JWSHeader.from_dict(entry)) for entry in _entries(header_obj)],
        }

    def serialize(self, header: Any, payload: Any, key: Any) -> bytes | dict[str, Any]:
        """Sign in the form the header has: a list or a dict with `protected` is JSON, else compact."""
        if isinstance(header, (list, tuple)) or (isinstance(header, Mapping) and "protected" in header):
            return self.serialize_json(header, payload, key)
        return self.serialize_compact(header, payload, key)

    def deserialize_compact(self, s: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify a compact JWS. `decode` sees the payload after the signature has been verified."""
        token = token_octets(s)
        if len(token) > self.MAX_CONTENT_LENGTH:
            raise TooLongError(description="Serialization is too long.")
        private_headers = self._private_headers
        try:
            parsed = jws.parse(token, crit=header_rules.understood(private_headers), max_size=self.MAX_CONTENT_LENGTH)
        except InvalidToken as exc:
            raise refusal.of_compact(token, private_headers, exc) from exc
        if parsed.form != "compact":
            raise DecodeError("Not enough segments")
        entry = parsed.entries[0]
        header = JWSHeader(entry.protected, None)
        if "crit" in header:
            # The core understands b64, this face does not.
            header_rules.check_crit(header, private_headers)
        payload = parsed.payload
        algorithm = self._algorithm(header)
        decoded = False
        if callable(key):
            if decode:
                # A key loader is promised the decoded payload, unverified as its own header argument.
                payload, decoded = decode(payload), True
            key = key(header, payload)
        if not _verified(algorithm, header, entry, key):
            raise BadSignatureError(JWSObject(header, payload, "compact"))
        return JWSObject(header, decode(payload) if decode and not decoded else payload, "compact")

    def deserialize_json(self, obj: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify a JSON JWS, flattened or general: every signature of it, each with the key of its own header."""
        source = obj if isinstance(obj, dict) else _json_text(obj)
        try:
            parsed = jws.parse(source, crit=header_rules.understood(self._private_headers), max_size=MAX_JSON_LENGTH)
        except InvalidToken as exc:
            raise refusal.of_json(source, self._private_headers, exc) from exc
        if parsed.form == "compact":
            raise DecodeError("Invalid JWS")
        if not parsed.payload and refusal.lacks_payload(source):
            raise DecodeError('Missing "payload" value')
        payload: Any = parsed.payload
        decoded = False
        if decode and callable(key):
            payload, decoded = decode(payload), True
        headers = []
        valid = True
        for entry in parsed.entries:
            if not entry.signature:
                raise DecodeError('Missing "signature" value')
            protected = entry.protected
            header = JWSHeader(protected, entry.header)
            headers.append(header)
            header_rules.check_crit(protected, self._private_headers)
            # Of the protected header alone: nobody signed the other one.
            algorithm = self._algorithm(protected)
            valid = _verified(algorithm, header, entry, key(header, payload) if callable(key) else key) and valid
        shape, subject = ("flat", headers[0]) if parsed.form == "flattened" else ("json", headers)
        if not valid:
            raise BadSignatureError(JWSObject(subject, payload, shape))
        return JWSObject(subject, decode(payload) if decode and not decoded else payload, shape)

    def deserialize(self, s: Any, key: Any, decode: Callable[[bytes], Any] | None = None) -> JWSObject:
        """Verify whichever form this is: a dict, or text from `{` to `}`, is JSON."""
        if isinstance(s, dict):
            return self.deserialize_json(s, key, decode)
        octets = token_octets(s)
        if octets.startswith(b"{") and octets.endswith(b"}"):
            return self.deserialize_json(octets, key, decode)
        return self.deserialize_compact(octets, key, decode)

    def _algorithm(self, header: Mapping[str, Any]) -> JWSAlgorithm:
        if "alg" not in header:
            raise MissingAlgorithmError()
        alg = header["alg"]
        algorithm = ALGORITHMS.get(alg) if isinstance(alg, str) else None
        if algorithm is None:
            raise UnsupportedAlgorithmError()
        allowed = self._algorithms
        if isinstance(allowed, str):
            # `in` would look for a part of the text.
            raise UnsupportedAlgorithmError(description="algorithms is a string; list the names instead")
        if algorithm.deprecated if allowed is None else alg not in allowed:
            raise UnsupportedAlgorithmError()
        return algorithm

    def _check_header(self, protected: Any, unprotected: Any) -> None:
        if not isinstance(protected, dict) or not isinstance(unprotected, (dict, type(None))):
            raise PayloadError(description="a header must be a dict")
        header_rules.check_names({**protected, **(unprotected or {})}, self._private_headers)
        header_rules.check_disjoint(protected, unprotected)
        header_rules.check_crit(protected, self._private_headers)
        header_rules.check_signed_payload(protected)

    def _signing(self, header: Mapping[str, Any], payload: Any, key: Any) -> tuple[JWSAlgorithm, Any]:
        algorithm = self._algorithm(header.protected or {} if isinstance(header, JWSHeader) else header)
        if callable(key):
            key = key(header, payload)
        return algorithm, key_named(key, header)

    def _header_segment(self, protected: dict[str, Any]) -> bytes:
        segment = encode_segment(json_bytes(protected))
        try:
            # What is signed here can be verified here: the core reads the header before anything is signed under it.
            jws.parse(segment + b"..", crit=header_rules.understood(self._private_headers))
        except InvalidToken as exc:
            raise refusal.of_compact(segment + b"..", self._private_headers, exc) from exc
        return segment


# Two segments of 256,000 octets and room for headers, as Authlib bounded each segment and not the whole.
MAX_JSON_LENGTH = 1_100_000


def _verified(algorithm: JWSAlgorithm, header: JWSHeader, entry: Any, key: Any) -> bool:
    if algorithm.deprecated:
        warn_caller("the caller lists `none`: this token is signed by nobody", InsecureAlgorithmWarning)
        return len(entry.signature) == 0
    kind = type(key)
    sealed = algorithm.verifying_key(key if kind is bytes or kind is str else key_named(key, header))
    try:
        entry.verify(sealed)
    except InvalidSignature:
        return False
    except (AlgorithmNotAllowed, KeyNotFound) as exc:
        raise InvalidKeyError(description=str(exc)) from exc
    except InvalidToken as exc:
        raise DecodeError(description=str(exc)) from exc
    return True


def _signature(algorithm: JWSAlgorithm, key: Any, signing_input: bytes) -> bytes:
    if algorithm.deprecated:
        warn_caller("the caller lists `none`: nobody signs this token", InsecureAlgorithmWarning)
        return b""
    return sign_octets(signing_input, algorithm.signing_key(key))


def _payload_octets(payload: Any) -> bytes:
    try:
        octets = None if isinstance(payload, dict) else to_bytes(payload)
    except (TypeError, ValueError) as exc:
        raise PayloadError(description=f"a {type(payload).__name__} is not a payload") from exc
    if octets is None:
        raise PayloadError(description=f"a {type(payload).__name__} is not a payload")
    return octets


def _entries(header_obj: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(header_obj, Iterable) or isinstance(header_obj, (str, bytes)):
        raise PayloadError(description="headers are a dict or a list of dicts")
    entries = list(header_obj)
    if not all(isinstance(entry, dict) for entry in entries):
        raise PayloadError(description="headers are a dict or a list of dicts")
    return entries


def token_octets(s: Any) -> bytes:
    """A serialization as octets, whichever of the types Authlib takes it has."""
    if type(s) is bytes:
        return s
    if isinstance(s, str):
        try:
            return s.encode()
        except UnicodeEncodeError as exc:
            raise DecodeError("Invalid header padding") from exc
    if isinstance(s, (bytes, bytearray, memoryview)):
        return bytes(s)
    raise InputTypeError(description=f"a {type(s).__name__} is not a serialization")


def _json_text(obj: Any) -> bytes:
    if not isinstance(obj, (str, bytes, bytearray, memoryview)):
        raise DecodeError("Invalid JWS")
    return token_octets(obj)
