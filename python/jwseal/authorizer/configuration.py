"""The configuration: TOML text into what an authorizer is built from, every fault a PolicyError with its place.

The schema judges shapes and names; this module judges what goes together: a rule's issuers exist, a worker's rules and map
exist, names are unique, templates can be read, an issuer has one source of keys. Files are read by `issuer_keys`, conditions
are judged by the core.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal.authorizer.attribute_map import AttributeMap, Slot, slots
from jwseal.authorizer.document import Document
from jwseal.authorizer.schema import first_fault, missing
from jwseal.authorizer.template import Template
from jwseal.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jwseal.authorizer.document import Place

__all__ = ["Configuration", "IssuerTable", "Worker", "read_configuration", "seconds"]

KEY_SOURCES = ("keys_file", "keys", "certificate_file", "jwks_url", "discovery")
_REMOTE_OPTIONS = ("ca_file", "client_certificate_file", "timeout")
_UNITS = {"s": 1, "m": 60, "h": 3600}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_INTERPOLATION = re.compile(r"\$\{")
# The members of a JWK that are secret, and so may come from the environment.
_SECRET_MEMBERS = frozenset({"k"})


class IssuerTable(NamedTuple):
    """One table `[issuers.NAME]`, as it was written."""

    name: str
    table: dict[str, Any]
    document: Document

    def error(self, key: str, reason: str) -> PolicyError:
        """Return a PolicyError for one of its keys."""
        return self.document.error(("issuers", self.name, key), reason)

    @property
    def is_compatible(self) -> bool:
        """Whether its tokens are judged as SignServer judges them."""
        return "compat" in self.table


class Worker(NamedTuple):
    """One table `[workers.NAME]`."""

    rules: list[str]
    map: str | None
    bindings: tuple[str, ...]


class Configuration(NamedTuple):
    """A configuration whose parts go together."""

    document: Document
    folder: Path
    issuers: dict[str, IssuerTable]
    rules: list[dict[str, Any]]
    workers: dict[str, Worker]
    maps: dict[str, AttributeMap]
    audit_subject: str


def read_configuration(text: str, *, name: str, folder: Path) -> Configuration:
    """Return the configuration that a text declares, or raise PolicyError."""
    document = Document(text, name)
    if (fault := first_fault(document.data)) is not None:
        raise document.error(*fault)
    data = document.data
    issuers = {
        key: IssuerTable(key, _from_environment(document, key, table), document)
        for key, table in data["issuers"].items()
    }
    for fault in (*_issuer_faults(issuers), *_rule_faults(data), *_worker_faults(data)):
        raise document.error(*fault)
    return Configuration(
        document,
        folder,
        issuers,
        [{key: value for key, value in rule.items() if key != "description"} for rule in data["rules"]],
        {key: _worker(table) for key, table in data.get("workers", {}).items()},
        {key: _map(document, key, table) for key, table in data.get("maps", {}).items()},
        data.get("audit", {}).get("subject", "plain"),
    )


def seconds(span: float | str) -> float:
    """Return the seconds of a span that the schema has accepted: a number, or "30s", "10m", "1h"."""
    if isinstance(span, str):
        unit = _UNITS.get(span[-1])
        return float(span) if unit is None else float(span[:-1]) * unit
    return float(span)


def _issuer_faults(issuers: dict[str, IssuerTable]) -> Iterator[tuple[Place, str]]:
    seen: dict[str, str] = {}
    for name, (_, table, _) in issuers.items():
        place = ("issuers", name)
        sources = [key for key in KEY_SOURCES if table.get(key, False) is not False]
        if len(sources) != 1:
            yield place, f"give one of {', '.join(KEY_SOURCES)}" + (f", not {' and '.join(sources)}" if sources else "")
        for key in _REMOTE_OPTIONS:
            if key in table and not {"jwks_url", "discovery"} & set(sources):
                yield (*place, key), "goes with jwks_url or discovery only"
        for key in ("algorithms", "audience"):
            if key not in table and "compat" not in table:
                yield place, missing(key, "issuer")
        if table["issuer"] in seen:
            yield (*place, "issuer"), f"is the issuer of issuers.{seen[table['issuer']]} too; each has one table"
        seen[table["issuer"]] = name
        levels = [
            one for level in table.get("acr_order", []) for one in (level if isinstance(level, list) else [level])
        ]
        if len(set(levels)) != len(levels):
            yield (*place, "acr_order"), "has a value twice"


def _rule_faults(data: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for number, rule in enumerate(data["rules"]):
        if rule["id"] in seen:
            yield ("rules", number, "id"), "is the id of another rule too"
        seen.add(rule["id"])
        named = rule["issuer"] if isinstance(rule["issuer"], list) else [rule["issuer"]]
        for position, name in enumerate(named):
            if name not in data["issuers"]:
                place = (
                    ("rules", number, "issuer")
                    if named is not rule["issuer"]
                    else ("rules", number, "issuer", position)
                )
                yield place, f"there is no [issuers.{name}]; there is {_names(data['issuers'])}"


def _worker_faults(data: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    ids = {rule["id"] for rule in data["rules"]}
    for name, worker in data.get("workers", {}).items():
        for number, rule in enumerate(worker["rules"]):
            if rule not in ids:
                yield ("workers", name, "rules", number), f"there is no rule of this id; there is {_names(sorted(ids))}"
        if "map" in worker and worker["map"] not in data.get("maps", {}):
            yield (
                ("workers", name, "map"),
                f"there is no [maps.{worker['map']}]; there is {_names(data.get('maps', {}))}",
            )


def _names(names: Iterable[str]) -> str:
    """The first few names that there are, for an error."""
    few = list(islice(names, 9))
    return ", ".join([*few[:8], "..."][: len(few)]) if few else "none"


def _worker(table: dict[str, Any]) -> Worker:
    bindings = table.get("binding", [])
    return Worker(table["rules"], table.get("map"), (bindings,) if isinstance(bindings, str) else tuple(bindings))


def _map(document: Document, name: str, table: dict[str, Any]) -> AttributeMap:
    found: list[Slot] = []
    for place, written, optional in slots(table):
        at = ("maps", name, *place)
        try:
            template = Template(written)
        except ValueError as error:
            raise document.error(at, str(error)) from None
        found.append(Slot(place[0], place[1] if len(place) > 1 else "", template, optional))
        if not template.literal.isprintable():
            raise document.error(at, "has a character that cannot be seen")
    headers = [slot.name.lower() for slot in found if slot.group == "headers"]
    if len(set(headers)) != len(headers):
        raise document.error(("maps", name, "headers"), "has a name twice; case makes no difference in headers")
    return AttributeMap(found, all_claims_to_context=table.get("all_claims_to_context", False))


def _from_environment(document: Document, name: str, table: dict[str, Any]) -> dict[str, Any]:
    """The table with its secrets filled from the environment; a variable anywhere else is a fault."""
    filled = dict(table)
    for key, value in table.items():
        if key == "keys":
            filled[key] = [_key_from_environment(document, name, number, jwk) for number, jwk in enumerate(value)]
        elif isinstance(value, str) and _INTERPOLATION.search(value):
            raise document.error(("issuers", name, key), "the environment fills secrets only: the member k of a key")
    return filled


def _key_from_environment(document: Document, name: str, number: int, jwk: dict[str, Any]) -> dict[str, Any]:
    filled = dict(jwk)
    for member, value in jwk.items():
        if isinstance(value, str) and _INTERPOLATION.search(value):
            place = ("issuers", name, "keys", number, member)
            variable = _VARIABLE.fullmatch(value)
            if member not in _SECRET_MEMBERS:
                raise document.error(place, "the environment fills secrets only: the member k of a key")
            if variable is None:
                raise document.error(place, "write the name of a variable and nothing else: ${NAME}")
            if not os.environ.get(variable[1]):
                raise document.error(place, f"the environment has no variable {variable[1]}")
            filled[member] = os.environ[variable[1]]
    return filled
