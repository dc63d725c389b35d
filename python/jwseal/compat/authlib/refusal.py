"""Why a token was refused, in Authlib's words and Authlib's order.

The core has already said no when these run; they read the same text once more, only to choose the error class and message that Authlib
would have chosen. Whatever they make of it, an error comes back: nothing here can accept a token.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from jwseal.compat.authlib import header_rules
from jwseal.compat.authlib.algorithm import ALGORITHMS
from jwseal.compat.authlib.encoding import decode_segment
from jwseal.compat.authlib.errors import (
    BadSignatureError,
    DecodeError,
    InputTypeError,
    InvalidHeaderParameterNameError,
    JoseError,
    MissingAlgorithmError,
    TooLongError,
    UnsupportedAlgorithmError,
)
from jwseal.compat.authlib.header import JWSObject
from jwseal.compat.strict_json import read_json
from jwseal.errors import InvalidToken, TokenTooLarge, UnsupportedHeader

__all__ = ["lacks_payload", "of_compact", "of_json"]


def of_compact(token: bytes, private_headers: Collection[str] | None, cause: InvalidToken) -> JoseError:
    """The error for a compact serialization."""
    if isinstance(cause, TokenTooLarge):
        return TooLongError(description="Serialization is too long.")
    if token.count(b".") < 2:
        return DecodeError("Not enough segments")
    signing_input, signature = token.rsplit(b".", 1)
    protected, payload = signing_input.split(b".", 1)
    try:
        header = _header(protected)
        header_rules.check_crit(header, private_headers)
        _octets(payload, "payload")
        _octets(signature, "signature")
    except JoseError as error:
        return error
    return _of_rule(header, cause)


def of_json(obj: Any, private_headers: Collection[str] | None, cause: InvalidToken) -> JoseError:
    """The error for a JSON serialization, given as text or dict."""
    if isinstance(cause, TokenTooLarge):
        return TooLongError(description=str(cause))
    header: dict[str, Any] = {}
    try:
        members = obj if isinstance(obj, dict) else _json_object(obj)
        if members.get("payload") is None:
            raise DecodeError('Missing "payload" value')
        payload = _octets(members["payload"], "payload")
        entries = members.get("signatures", [members])
        if not isinstance(entries, list):
            raise InputTypeError('Invalid "signatures" value')
        if not entries:
            raise BadSignatureError(JWSObject([], payload, "json"))
        for entry in entries:
            header = _entry_header(entry, private_headers)
    except JoseError as error:
        return error
    return _of_rule(header, cause)


def lacks_payload(obj: Any) -> bool:
    """Whether a JSON serialization whose payload is empty has no such member at all: a detached one, which Authlib has not."""
    return (obj if isinstance(obj, dict) else _json_object(obj)).get("payload") is None


def _entry_header(entry: Any, private_headers: Collection[str] | None) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise DecodeError('Invalid "signatures" value')
    for name in ("protected", "signature"):
        if not entry.get(name):
            raise DecodeError(f'Missing "{name}" value')
    protected = _header(entry["protected"])
    unprotected = entry.get("header")
    if unprotected and not isinstance(unprotected, dict):
        raise DecodeError('Invalid "header" value')
    if unprotected and "crit" in unprotected:
        raise InvalidHeaderParameterNameError("crit")
    header_rules.check_crit(protected, private_headers)
    header_rules.check_disjoint(protected, unprotected)
    _octets(entry["signature"], "signature")
    return protected


def _json_object(text: Any) -> dict[str, Any]:
    try:
        members = read_json(text)
    except (ValueError, TypeError, AttributeError) as exc:
        raise DecodeError("Invalid JWS") from exc
    if not isinstance(members, dict):
        raise DecodeError("Invalid JWS")
    return members


def _header(segment: Any) -> dict[str, Any]:
    octets = _octets(segment, "header")
    try:
        header = read_json(octets)
    except ValueError as exc:
        raise DecodeError(f"Invalid header string: {exc}") from exc
    if not isinstance(header, dict):
        raise DecodeError("Header must be a json object")
    return header


def _octets(segment: Any, name: str) -> bytes:
    try:
        return decode_segment(segment.encode() if isinstance(segment, str) else segment)
    except (ValueError, TypeError) as exc:
        raise DecodeError(f"Invalid {name} padding") from exc


def _of_rule(header: Mapping[str, Any], cause: InvalidToken) -> JoseError:
    if not isinstance(cause, UnsupportedHeader):
        return DecodeError(description=str(cause))
    # What is left is a registered parameter of the wrong type, or b64. Authlib, which has no such rule, looks at alg first.
    if "alg" not in header:
        return MissingAlgorithmError()
    if not isinstance(header["alg"], str) or header["alg"] not in ALGORITHMS:
        return UnsupportedAlgorithmError()
    named = re.search(r'["`](\S+)["`]', str(cause))
    return InvalidHeaderParameterNameError(named[1] if named else str(cause))
