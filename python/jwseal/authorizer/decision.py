"""`Decision`: what an authorizer says of one token, and the record of it for an audit log.

Reasons are for the operator's log; a client gets the status and the challenge. A refused token has no claims and no attributes.
What is not read is not computed, the audit record among it: a decision keeps what was judged, privately.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from jwseal.authorizer.subject import alternative_name, distinguished_name_text, subject_name
from jwseal.sender import DpopCheck, names_a_key

if TYPE_CHECKING:
    from cryptography import x509

    from jwseal import VerifiedJWT
    from jwseal.authorizer.attribute_map import Attributes
    from jwseal.authorizer.policy import CompiledPolicy, CompiledWorker, TrustedIssuer
    from jwseal.errors import JOSEError
    from jwseal.sender import CertificateCheck

__all__ = ["CODES", "SCHEMA", "STAGES", "Decision", "Stage"]

Stage = Literal["token", "key", "signature", "claims", "rules", "binding", "attributes", "state"]

# In the order of an authorization: a later stage is reached where every earlier one is passed.
STAGES: tuple[Stage, ...] = ("token", "key", "signature", "claims", "rules", "binding", "attributes", "state")

# Codes that no exception has.
CODES = ("allowed", "no_rule_matched", "rule_denied", "condition_error", "attribute_invalid", "budget_exhausted")

SCHEMA = "jwseal.audit/1"


class Decision:
    """The decision of an authorizer about one token. Its truth value is `allowed`. Immutable.

    allowed         whether the operation may be done
    code            `allowed`, or the stable code of the refusal
    stage           the step that decided: token, key, signature, claims, rules, binding, attributes, state
    rule            the id of the rule that decided, or None
    issuer          the name of the issuer in the configuration, or None before the signature was verified
    kid, alg        of the header, or None before the signature was verified
    subject         the `sub` of a token whose signature was verified, or None
    attributes      what the worker's map made of the claims, raw; empty where the token is refused
    headers         the map's headers, their values escaped for HTTP
    claims          the claims, in a new dict; empty if the token is refused
    scopes          the scopes of the token, as those of a VerifiedJWT; empty where it is refused
    expires_at      until when the decision may be kept: `exp` in seconds since 1970, or None
    http_status     200, 401, 403 or 503
    sender          "dpop" or "mtls" where the sender proved that it holds the key that the token is bound to, else None
    unchecked       the stores that did not answer and were passed over ("replay", "revocation", "budget")
    worker          the name of the worker, or None
    policy_version  SHA-256 of the configuration and its files, in hexadecimal
    reason          a sentence for the operator's log; not for the client
    """

    __slots__ = (
        "_attributes",
        "_code",
        "_error",
        "_issuer",
        "_now",
        "_policy",
        "_rule",
        "_sender",
        "_stage",
        "_token",
        "_unchecked",
        "_verified",
        "_worker",
    )

    # Set before a caller has the object. `_code` and `_stage` are those of a refusal, and are set with `_error`.
    _policy: CompiledPolicy
    _worker: CompiledWorker
    _token: str | bytes | None
    # None: the machine's clock, which the verification read.
    _now: float | None
    _sender: DpopCheck | CertificateCheck | None
    _verified: VerifiedJWT | None
    _issuer: TrustedIssuer | None
    _rule: str | None
    _attributes: Attributes | None
    _code: str
    _stage: Stage
    _error: JOSEError | None
    _unchecked: frozenset[str] | None

    def __init__(self) -> None:
        raise TypeError("a Decision cannot be created directly: call Authorizer.authorize")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Decision is final")

    @property
    def allowed(self) -> bool:
        """Whether the operation may be done."""
        return self._error is None

    @property
    def code(self) -> str:
        """`allowed`, or the stable code of the refusal."""
        return "allowed" if self._error is None else self._code

    @property
    def stage(self) -> Stage:
        """The step that decided."""
        return "state" if self._error is None else self._stage

    @property
    def rule(self) -> str | None:
        """The id of the rule that decided, or None."""
        return self._rule

    @property
    def issuer(self) -> str | None:
        """The name of the issuer in the configuration, or None before the signature was verified."""
        return None if self._issuer is None else self._issuer.name

    @property
    def kid(self) -> str | None:
        """The header's `kid`, or None before the signature was verified."""
        return None if self._verified is None else self._verified.kid

    @property
    def alg(self) -> str | None:
        """The header's `alg`, or None before the signature was verified."""
        return None if self._verified is None else self._verified.alg

    @property
    def subject(self) -> str | None:
        """The `sub` of a token whose signature was verified, or None."""
        return None if self._verified is None else self._verified.get("sub")

    @property
    def attributes(self) -> dict[str, Any]:
        """What the map made of the claims, raw; empty where the token is refused."""
        return {} if self._attributes is None else self._attributes.raw

    @property
    def headers(self) -> dict[str, str]:
        """The map's headers, their values escaped for HTTP."""
        return {} if self._attributes is None else self._attributes.headers

    @property
    def claims(self) -> dict[str, Any]:
        """The claims; empty where the token is refused."""
        return self._verified.claims if self.allowed and self._verified is not None else {}

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the token, from `scope` or `scp`; empty where it is refused."""
        return self._verified.scopes if self.allowed and self._verified is not None else frozenset()

    @property
    def expires_at(self) -> float | None:
        """Until when the decision may be kept, in seconds since 1970, or None."""
        return self._verified.expires_at if self.allowed and self._verified is not None else None

    @property
    def http_status(self) -> int:
        """200, 401, 403 or 503."""
        return 200 if self._error is None else self._error.http_status

    @property
    def sender(self) -> Literal["dpop", "mtls"] | None:
        """By what the sender proved that it holds the key that the token is bound to, or None."""
        if self._sender is None:
            return None
        return "dpop" if isinstance(self._sender, DpopCheck) else "mtls"

    @property
    def unchecked(self) -> frozenset[str]:
        """The stores that did not answer and were passed over."""
        return frozenset() if self._unchecked is None else self._unchecked

    @property
    def worker(self) -> str | None:
        """The name of the worker, or None."""
        return self._worker.name

    @property
    def policy_version(self) -> str:
        """SHA-256 of the configuration and its files, in hexadecimal."""
        return self._policy.version

    @property
    def reason(self) -> str:
        """A sentence for the operator's log; not for the client."""
        return "" if self._error is None else str(self._error)

    def __bool__(self) -> bool:
        return self.allowed

    def __repr__(self) -> str:
        rule = f", rule {self.rule!r}" if self.rule is not None else ""
        return f"<Decision {self.code} at {self.stage}{rule}>"

    def __copy__(self) -> Decision:
        return self

    def __deepcopy__(self, _memo: object) -> Decision:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Decision cannot be pickled: pass its audit record, or its attributes")

    def challenge(
        self, *, realm: str | None = None, resource_metadata: str | None = None, scope: str | None = None
    ) -> tuple[int, list[tuple[str, str]]]:
        """Return the status and the headers of the response (RFC 6750 section 3, RFC 9470); 200 and none if it is allowed."""
        if self._error is None:
            return 200, []
        from jwseal import challenge

        return challenge(self._error, realm=realm, resource_metadata=resource_metadata, scope=scope)

    def subject_name(self) -> x509.Name:
        """Return the map's `subject_dn` for a certificate. Raises ValueError if the token is refused or the map has none."""
        return subject_name(self._subject_dn())

    def subject_text(self) -> str:
        """Return the map's `subject_dn` as text (RFC 4514). Raises ValueError as `subject_name` does."""
        return distinguished_name_text(self._subject_dn())

    def subject_alternative_name(self) -> x509.SubjectAlternativeName | None:
        """Return the map's `san` for a certificate, or None if it has no entries. Raises ValueError if the token is refused."""
        if not self.allowed:
            raise ValueError(f"the token is refused ({self.code}), so there is no name for a certificate")
        return alternative_name(self.attributes.get("san", {}))

    def audit(self) -> dict[str, Any]:
        """Return the record for an audit log: one JSON object, with the SHA-256 of the token and never the token."""
        token = self._token.encode("utf-8", "surrogatepass") if isinstance(self._token, str) else self._token
        claims: dict[str, Any] = {} if self._verified is None else self._verified.claims
        typ = None if self._verified is None else self._verified.header.get("typ")
        form = self._policy.audit_subject
        return {
            "schema": SCHEMA,
            "time": _rfc3339(self._time),
            "worker": self.worker,
            "allowed": self.allowed,
            "code": self.code,
            "stage": self.stage,
            "rule": self.rule,
            "issuer": self.issuer,
            "kid": self.kid,
            "alg": self.alg,
            "typ": typ,
            "token_sha256": None if token is None else hashlib.sha256(token).hexdigest(),
            "jti_sha256": _sha256(claims.get("jti")),
            "subject": {"plain": self.subject, "sha256": _sha256(self.subject), "omit": None}[form],
            "subject_form": form,
            "aud": claims.get("aud"),
            "acr": claims.get("acr"),
            "amr": claims.get("amr"),
            "auth_time": claims.get("auth_time"),
            "expires_at": claims.get("exp"),
            "sender": self.sender or ("unproven" if names_a_key(claims.get("cnf")) else None),
            "unchecked": sorted(self.unchecked),
            "policy_version": self.policy_version,
        }

    @property
    def _time(self) -> float:
        """When it was made, in seconds since 1970."""
        if self._now is None:
            assert self._verified is not None  # noqa: S101  # for the type checker: a refusal before that set `_now`
            return self._verified._verified_at
        return self._now

    def _subject_dn(self) -> dict[str, str]:
        components: dict[str, str] = self.attributes.get("subject_dn", {})
        if not components:
            why = f"the token is refused ({self.code})" if not self.allowed else "the worker's map has no subject_dn"
            raise ValueError(f"{why}, so there is no name for a certificate")
        return components


def _sha256(value: object) -> str | None:
    return hashlib.sha256(value.encode()).hexdigest() if isinstance(value, str) else None


def _rfc3339(moment: float) -> str:
    whole = math.floor(moment)
    milliseconds = int((moment - whole) * 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
