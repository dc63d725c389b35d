"""What a token allows to be signed: Signature Activation Data and RFC 9396 authorization details of the Cloud Signature Consortium.

Two forms are known. `sad`: the claims `credentialID`, `hashes`, `hashAlgorithmOID`, `numSignatures` of the token itself; `hashes`
is an array, or one string with commas between the hashes, as the parameter of the authorization request that it repeats.
`authorization_details`: an element of that claim whose `type` is `credential`, with `credentialID` or `signatureQualifier`,
`documentDigests` and `hashAlgorithmOID` (CSC API 2.0, sections 8.4.2 and 11.10).

What must hold: every hash that the request asks to sign is among those of the token, compared as bytes; the credential is the
token's; the signatures, one for each hash of the request and so two for a hash that it has twice, are no more than the token
allows. Two elements of `authorization_details` are never added up.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jwseal import _native
from jwseal.state.check import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jwseal import VerifiedJWT

__all__ = ["BindingFault", "bind", "with_digests"]

_MOST_DETAILS = 16
_COUNT = re.compile(r"[1-9][0-9]{0,8}")


class BindingFault(Exception):
    """The request asks for more than the token allows. `code` is the decision's."""

    def __init__(self, reason: str, code: str = "condition_not_met") -> None:
        super().__init__(reason)
        self.code = code


def bind(
    forms: Sequence[str], verified: VerifiedJWT, request: Mapping[str, Any] | None, asked: Mapping[str, Any] | None
) -> Budget:
    """Return how many signatures the token allows and how many are asked for; BindingFault if it allows none of them."""
    hashes = None if request is None else request.get("hashes")
    if isinstance(hashes, str | bytes):
        raise BindingFault("hashes of the request is one text, and it must be a list: an element for each signature")
    if request is None or not isinstance(hashes, list | tuple) or not hashes:
        raise BindingFault("the request has no hashes, and this worker signs those that the token names")
    fault, exhausted = BindingFault("the token names no hashes to sign"), None
    for grant, pointer in _grants(forms, verified.claims):
        try:
            _judge_credential(grant, request)
            limit = _limit(grant, pointer)
            _judge_hashes(pointer, verified, asked)
        except BindingFault as error:
            fault = error
            continue
        if len(hashes) > limit:
            # Another element may allow more.
            exhausted = BindingFault(
                f"{len(hashes)} signatures are asked for, and the token allows {limit}", "budget_exhausted"
            )
            continue
        return Budget(len(hashes), limit)
    raise exhausted or fault


def with_digests(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with each of its hashes beside the OID of its digest, as the core compares them."""
    hashes = request.get("hashes")
    if not isinstance(hashes, list | tuple):
        return dict(request)
    oid = request.get("hashAlgorithmOID")
    known = oid if isinstance(oid, str) else ""
    pairs = [one if isinstance(one, dict) else {"hash": one, "oid": known} for one in hashes]
    return {**request, "hashes": pairs}


def _grants(forms: Sequence[str], claims: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """What the token grants, and the pointer to its hashes."""
    if "sad" in forms and "hashes" in claims:
        yield claims, "/hashes"
    details = claims.get("authorization_details")
    if "authorization_details" in forms and isinstance(details, list):
        for number, detail in enumerate(details[:_MOST_DETAILS]):
            is_grant = isinstance(detail, dict) and detail.get("type") == "credential"
            if is_grant and isinstance(detail.get("documentDigests"), list):
                yield detail, f"/authorization_details/{number}/documentDigests"


def _judge_credential(grant: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """The token names the credential, its qualifier, or both; what it names must be the request's."""
    named = {name: grant[name] for name in ("credentialID", "signatureQualifier") if grant.get(name) is not None}
    if not named:
        raise BindingFault("the token names no credential")
    for name, value in named.items():
        if not isinstance(value, str) or request.get(name) != value:
            raise BindingFault(f"{name} of the request is not the token's")


def _limit(grant: Mapping[str, Any], pointer: str) -> int:
    """`numSignatures`, a number or its digits as text; without it, one for each hash of the token."""
    count = grant.get("numSignatures")
    if count is None:
        listed = grant.get(pointer.rpartition("/")[2])
        if isinstance(listed, str):
            listed = listed.split(",")
        return len(listed) if isinstance(listed, list) else 0
    if isinstance(count, str) and _COUNT.fullmatch(count):
        return int(count)
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return count
    raise BindingFault("numSignatures of the token must be a positive integer")


def _judge_hashes(pointer: str, verified: VerifiedJWT, asked: Mapping[str, Any] | None) -> None:
    code, _, _ = _rule(pointer).decide(verified, "issuer", asked)
    if code != "allowed":
        raise BindingFault("a hash of the request is not among those of the token")


@cache
def _rule(pointer: str) -> _native.RuleSet:
    """The core's condition that the hashes at a pointer cover the request's."""
    when = {"claim": pointer, "covers_request": "hashes"}
    return _native.RuleSet([{"id": "hashes", "issuer": "issuer", "effect": "allow", "when": when}], {"issuer": {}})
