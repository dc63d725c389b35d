"""Choosing the error for a refused token: Authlib's class and sentence, in Authlib's order of checks.

The core has refused the token before these functions run. They read it once more, only to find which error Authlib would have raised. They
always return an error; nothing here can accept a token.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from jwseal.compat.authlib import errors
from jwseal.compat.authlib.algorithm import ALGORITHMS
from jwseal.compat.authlib.encoding import decode_segment, json_value, to_bytes
from jwseal.compat.authlib.header import JWSObject, check_crit, check_disjoint
from jwseal.errors import InvalidToken, TokenTooLarge, UnsupportedHeader


def of_compact(token: bytes, private_headers: Collection[str] | None, cause: InvalidToken) -> errors.JoseError:
    """Return the error for a compact serialization."""
    if isinstance(cause, TokenTooLarge):
        return errors.TooLongError(description="Serialization is too long.")
    if token.count(b".") < 2:
        return errors.DecodeError("Not enough segments")
    signing_input, signature = token.rsplit(b".", 1)
    protected, payload = signing_input.split(b".", 1)
    try:
        header = _header(protected, private_headers)
        _decoded(payload, "payload")
        _decoded(signature, "signature")
    except errors.JoseError as error:
        return error
    return _of_rule(header, cause)


def of_json(obj: Any, private_headers: Collection[str] | None, cause: InvalidToken) -> errors.JoseError:
    """Return the error for a JSON serialization, given as text or dict."""
    if isinstance(cause, TokenTooLarge):
        return errors.TooLongError(description=str(cause))
    header: dict[str, Any] = {}
    try:
        members = _members(obj)
        if members.get("payload") is None:
            return errors.DecodeError('Missing "payload" value')
        payload = _decoded(members["payload"], "payload")
        entries = members.get("signatures", [members])
        if not isinstance(entries, list):
            return errors.InputTypeError('Invalid "signatures" value')
        if not entries:
            return errors.BadSignatureError(JWSObject([], payload, "json"))
        for entry in entries:
            header = _entry_header(entry, private_headers)
    except errors.JoseError as error:
        return error
    return _of_rule(header, cause)


def lacks_payload(obj: Any) -> bool:
    """Whether a JSON serialization with an empty payload has no such member: it is detached, which Authlib does not support."""
    return _members(obj).get("payload") is None


def _members(obj: Any) -> dict[str, Any]:
    members = obj if isinstance(obj, dict) else json_value(obj, lambda _: errors.DecodeError("Invalid JWS"))
    if not isinstance(members, dict):
        raise errors.DecodeError("Invalid JWS")
    return members


def _entry_header(entry: Any, private_headers: Collection[str] | None) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise errors.DecodeError('Invalid "signatures" value')
    for name in ("protected", "signature"):
        if not entry.get(name):
            raise errors.DecodeError(f'Missing "{name}" value')
    unprotected = entry.get("header") or {}
    if not isinstance(unprotected, dict):
        raise errors.DecodeError('Invalid "header" value')
    if "crit" in unprotected:
        raise errors.InvalidHeaderParameterNameError("crit")
    protected = _header(entry["protected"], private_headers)
    check_disjoint(protected, unprotected)
    _decoded(entry["signature"], "signature")
    return protected


def _header(segment: Any, private_headers: Collection[str] | None) -> dict[str, Any]:
    header = json_value(_decoded(segment, "header"), lambda why: errors.DecodeError(f"Invalid header string: {why}"))
    if not isinstance(header, dict):
        raise errors.DecodeError("Header must be a json object")
    check_crit(header, private_headers)
    return header


def _decoded(segment: Any, name: str) -> bytes:
    try:
        return decode_segment(to_bytes(segment) or b"" if isinstance(segment, str) else segment)
    except (ValueError, TypeError):
        raise errors.DecodeError(f"Invalid {name} padding") from None


def _of_rule(header: Mapping[str, Any], cause: InvalidToken) -> errors.JoseError:
    if not isinstance(cause, UnsupportedHeader):
        return errors.DecodeError(description=str(cause))
    # What remains is a registered parameter of the wrong type, or b64. Authlib, which has no such rule, checks alg first.
    if "alg" not in header:
        return errors.MissingAlgorithmError()
    if not isinstance(header["alg"], str) or header["alg"] not in ALGORITHMS:
        return errors.UnsupportedAlgorithmError()
    named = re.search(r'["`](\S+)["`]', str(cause))
    return errors.InvalidHeaderParameterNameError(named[1] if named else str(cause))
