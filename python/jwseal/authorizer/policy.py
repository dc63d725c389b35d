"""A compiled configuration: verifiers by issuer, rules and map by worker, and the version of the whole.

The verifiers hold no state. A worker's rules are one object of the core; all rules are compiled once more together, so that a
fault in a rule that no worker names is found too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jwseal import DEFAULT_TYP, UNCHECKED, Issuers, Policy, VerifiedJWT, Verifier, _native
from jwseal.authorizer.configuration import seconds
from jwseal.authorizer.issuer_keys import issuer_keys
from jwseal.errors import InvalidKey, PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jwseal.authorizer.attribute_map import AttributeMap
    from jwseal.authorizer.configuration import Configuration, IssuerTable
    from jwseal.authorizer.issuer_keys import IssuerKeys

__all__ = ["CompiledPolicy", "CompiledWorker", "TrustedIssuer", "compile_policy"]

_COMPATIBLE_LEEWAY = 300


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One issuer, as tokens meet it after their signature."""

    name: str
    leeway: float
    # In the compatibility mode: the audiences, judged here because the token may have none. None: the policy judges.
    audiences: frozenset[str] | None

    def audience_fault(self, verified: VerifiedJWT) -> str | None:
        """Return why the audience is refused in the compatibility mode: one that is there must be accepted."""
        found = verified.get("aud")
        if self.audiences is None or found is None:
            return None
        named = {found} if isinstance(found, str) else set(found)
        return None if named & self.audiences else "aud is not among the accepted audiences"


@dataclass(frozen=True, slots=True)
class CompiledWorker:
    """One worker: its rules, its map, and how its tokens are bound to the operation."""

    name: str | None
    rules: _native.RuleSet
    map: AttributeMap | None
    bindings: tuple[str, ...]
    # Whether its rules are all that is judged: it has no map and binds nothing.
    is_plain: bool


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """What one version of a configuration decides by."""

    configuration: Configuration
    verifiers: Issuers
    issuers: Mapping[str, TrustedIssuer]
    # Where there is one: each verified token is of it, and its verifier judged the audience.
    only_issuer: TrustedIssuer | None
    workers: Mapping[str | None, CompiledWorker]
    # Where the configuration has no workers.
    only_worker: CompiledWorker | None
    all_rules: _native.RuleSet
    version: str
    files: list[Path]
    sources: dict[tuple[object, ...], Any]
    keys: Mapping[str, IssuerKeys]

    @property
    def audit_subject(self) -> str:
        """How audit records name the subject."""
        return self.configuration.audit_subject

    def worker(self, name: str | None) -> CompiledWorker:
        """The worker of a name, or the only one where the configuration has no workers; else PolicyError."""
        if name in self.workers:
            return self.workers[name]
        known = ", ".join(str(one) for one in self.workers)
        if name is None:
            raise PolicyError(f"worker is required: this configuration has {known}")
        if None in self.workers:
            raise PolicyError("this configuration has no workers: leave out worker")
        raise PolicyError(f"unknown worker: this configuration has {known}")


def compile_policy(configuration: Configuration, sources: dict[tuple[object, ...], Any]) -> CompiledPolicy:
    """Compile a configuration; PolicyError with its place where that fails. `sources` are kept from the version before."""
    kept: dict[tuple[object, ...], Any] = {}
    tables = configuration.issuers
    keys = {name: issuer_keys(table, configuration.folder, sources, kept) for name, table in tables.items()}
    verifiers = Issuers({table.table["issuer"]: _verifier(table, keys[name]) for name, table in tables.items()})
    all_rules = _rule_set(configuration, configuration.rules)
    digest = hashlib.sha256(configuration.document.text.encode())
    for one in keys.values():
        for content in one.contents.values():
            digest.update(hashlib.sha256(content).digest())
    issuers = {table.table["issuer"]: _trusted(table) for table in tables.values()}
    workers = _workers(configuration, all_rules)
    return CompiledPolicy(
        configuration,
        verifiers,
        issuers,
        _only(issuers),
        workers,
        workers.get(None),
        all_rules,
        digest.hexdigest(),
        [path for one in keys.values() for path in one.files],
        kept,
        keys,
    )


def _verifier(issuer: IssuerTable, keys: IssuerKeys) -> Verifier:
    table = issuer.table
    try:
        policy = Policy(
            issuer=table["issuer"],
            audience=UNCHECKED if issuer.is_compatible else table["audience"],
            typ=table.get("typ", DEFAULT_TYP),
            leeway=_leeway(issuer),
            max_lifetime=seconds(table["max_lifetime"]) if "max_lifetime" in table else None,
            max_age=seconds(table["max_age"]) if "max_age" in table else None,
            required=table.get("required", ()),
        )
        algorithms: Any = keys.algorithms
        return Verifier(keys.keys, policy, algorithms=algorithms)
    except (PolicyError, InvalidKey) as error:
        sentence = str(error)
        # The library names the argument that is at fault, which is the key of the table.
        subject = sentence.partition(" ")[0]
        if subject == "algorithms" and keys.algs:
            sentence += f"; they have {', '.join(keys.algs)}"
        place = ("issuers", issuer.name, subject) if subject in table else ("issuers", issuer.name)
        raise issuer.document.error(place, sentence) from None


def _leeway(issuer: IssuerTable) -> float:
    return seconds(issuer.table.get("leeway", _COMPATIBLE_LEEWAY if issuer.is_compatible else 0))


def _trusted(issuer: IssuerTable) -> TrustedIssuer:
    audience = issuer.table.get("audience", [])
    audiences = frozenset([audience] if isinstance(audience, str) else audience)
    return TrustedIssuer(issuer.name, _leeway(issuer), audiences if issuer.is_compatible else None)


def _only(issuers: Mapping[str, TrustedIssuer]) -> TrustedIssuer | None:
    first = next(iter(issuers.values()))
    return first if len(issuers) == 1 and first.audiences is None else None


def _rule_set(configuration: Configuration, rules: list[dict[str, Any]]) -> _native.RuleSet:
    facts: dict[str, dict[str, Any]] = {
        name: {key: issuer.table[key] for key in ("acr_order", "compat") if key in issuer.table}
        for name, issuer in configuration.issuers.items()
    }
    try:
        return _native.RuleSet(rules, facts)
    except PolicyError as error:
        raise configuration.document.error(error.place, error.reason or str(error)) from None


def _workers(configuration: Configuration, all_rules: _native.RuleSet) -> dict[str | None, CompiledWorker]:
    maps = configuration.maps
    if not configuration.workers:
        return {None: _worker(None, all_rules, maps.get("default"), ())}
    return {
        name: _worker(
            name,
            _rule_set(configuration, [rule for rule in configuration.rules if rule["id"] in worker.rules]),
            None if worker.map is None else maps[worker.map],
            worker.bindings,
        )
        for name, worker in configuration.workers.items()
    }


def _worker(
    name: str | None, rules: _native.RuleSet, attribute_map: AttributeMap | None, bindings: tuple[str, ...]
) -> CompiledWorker:
    return CompiledWorker(name, rules, attribute_map, bindings, attribute_map is None and not bindings)
