"""An audit log: one record of `Decision.audit()` a line, as JSON. Each line is checked, and shown in one line for a person.

The check finds a record that no authorizer writes: another shape, a code that its stage or `allowed` contradicts, a member that
holds a token. It cannot find a record that was taken out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jwseal import errors
from jwseal._encoding import read_json
from jwseal.authorizer.decision import CODES, SCHEMA, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["line_of", "read_record"]

_LONGEST_LINE = 65_536
_TEXTS = ("worker", "rule", "issuer", "kid", "alg", "typ", "subject")
_HASHES = ("token_sha256", "jti_sha256", "policy_version")
_MEMBERS = frozenset(
    (*_TEXTS, *_HASHES, "schema", "time", "allowed", "code", "stage", "subject_form", "aud", "acr", "amr", "auth_time",
     "expires_at", "sender", "unchecked")
)  # fmt: skip
# The stages at which an authorizer's own codes arise; the others are those of exceptions.
_OWN_STAGES: dict[str, tuple[str, ...]] = {
    "allowed": ("state",),
    "no_rule_matched": ("rules",),
    "rule_denied": ("rules",),
    "condition_error": ("rules",),
    "attribute_invalid": ("attributes",),
    "budget_exhausted": ("binding", "state"),
}
_UNVERIFIED = ("token", "key", "signature")
_TOLD = (
    "rule", "issuer", "kid", "alg", "typ", "subject", "jti_sha256", "aud", "acr", "amr", "auth_time", "expires_at", "sender"
)  # fmt: skip
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ERRORS = {getattr(errors, name).code for name in errors.__all__}


def read_record(line: bytes) -> dict[str, Any] | str:
    """Return the record of a line, or why it is not a record."""
    if len(line) > _LONGEST_LINE:
        return f"is longer than {_LONGEST_LINE} bytes"
    try:
        record = read_json(line)
    except ValueError as error:
        return f"is not JSON: {error}"
    if not isinstance(record, dict):
        return "is not a JSON object"
    return next(_faults(record), None) or record


def _faults(record: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a record."""
    if record.get("schema") != SCHEMA:
        yield f"has another schema than {SCHEMA}"
    for name in sorted(_MEMBERS ^ set(record)):
        yield f"lacks {name}" if name in _MEMBERS else "has a member that is not known"
    if _TOKEN.search(json.dumps(record)):
        yield "holds a token"
    if not isinstance(record.get("time"), str) or not _TIME.fullmatch(record["time"]):
        yield "has no time"
    code, stage = record.get("code"), record.get("stage")
    if not isinstance(code, str) or code not in _ERRORS | set(CODES) or stage not in STAGES:
        yield "has a code or stage that is not known"
        return
    if stage not in _OWN_STAGES.get(code, STAGES):
        yield "has a code that contradicts its stage"
    if stage in _UNVERIFIED and any(record.get(name) is not None for name in _TOLD):
        yield "repeats claims of a token whose signature was not verified"
    if record.get("allowed") is not (record.get("code") == "allowed"):
        yield "has a code that contradicts allowed"
    if record.get("subject_form") not in ("plain", "sha256", "omit"):
        yield "has a subject_form that is not known"
    if record.get("sender") not in ("dpop", "mtls", "unproven", None):
        yield "has a sender that is not known"
    if record.get("code") == "sender_mismatch" and record.get("sender") in ("dpop", "mtls"):
        yield "has a sender that contradicts its code"
    if not isinstance(record.get("unchecked"), list) or not all(isinstance(one, str) for one in record["unchecked"]):
        yield "has a value of unchecked that is not a list of stores"
    for name in _TEXTS:
        if not isinstance(record.get(name), str | None):
            yield f"has a value of {name} that is not a string"
    for name in _HASHES:
        if record.get(name) is not None and not (isinstance(record[name], str) and _SHA256.fullmatch(record[name])):
            yield f"has a value of {name} that is not a SHA-256 digest"
    if record.get("allowed") is True and None in (record.get("rule"), record.get("issuer"), record.get("token_sha256")):
        yield "is allowed without rule, issuer or token"


def line_of(record: dict[str, Any]) -> str:
    """Return a record as one line for a person."""
    parts = [record["time"], "allowed" if record["allowed"] else f"refused {record['code']} at {record['stage']}"]
    shown = ("worker", "rule", "issuer", "subject", "acr")
    parts += [f"{name}={_shown(record[name])}" for name in shown if record[name] is not None]
    if record["unchecked"]:
        parts.append(f"unchecked={_shown(record['unchecked'])}")
    if record["token_sha256"] is not None:
        parts.append(f"token={record['token_sha256'][:12]}")
    return "  ".join(parts)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[\w.@:/+-]+", value) else json.dumps(value)
