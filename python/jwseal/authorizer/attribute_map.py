"""A map: from claims to the attributes of a certificate, a user, a request.

Values are judged when a token is: a character that cannot be seen or turns the direction of text, a value that is too long and
one that its target cannot hold are `attribute_invalid`, and never cut or replaced. A claim fills the values that the map has; it
cannot add another component, header or name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal.authorizer.subject import alternative_name_fault, component_fault
from jwseal.authorizer.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["AttributeFault", "AttributeMap", "Attributes"]

# Categories of Unicode that no attribute has: controls, formats (bidirectional ones among them), surrogates, private use,
# unassigned, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_LONGEST = {"username": 256, "key_alias": 256, "headers": 1024, "context": 1024}
_MOST_NAMES = 64

# What a header's value has as it is, out of a claim; the rest is percent-encoded, `%` among it, so that the value is exact.
_IN_HEADER = re.compile(rb"[A-Za-z0-9 !#$&'()*+./:=?@\[\]^_`{|}~-]")


class AttributeFault(Exception):
    """A component cannot be filled. Its message names the component and never the value."""


class Attributes(NamedTuple):
    """The attributes that a map made from the claims."""

    raw: dict[str, Any]
    headers: dict[str, str]


class Slot(NamedTuple):
    """One component of a map."""

    group: str
    name: str
    template: Template
    optional: bool

    def __str__(self) -> str:
        return f"{self.group}.{self.name}" if self.name else self.group


class AttributeMap:
    """One map of the configuration, compiled."""

    def __init__(self, slots: list[Slot], *, all_claims_to_context: bool = False) -> None:
        self.slots = slots
        self._all_claims = all_claims_to_context

    def fill(self, claims: Mapping[str, Any]) -> Attributes:
        """Return the attributes, or raise AttributeFault."""
        raw: dict[str, Any] = {"context": dict(claims)} if self._all_claims else {}
        headers: dict[str, str] = {}
        for slot in self.slots:
            values = slot.template.render_each(claims) if slot.group == "san" else _one(slot.template.render(claims))
            if not values:
                if slot.optional:
                    continue
                raise AttributeFault(f"{slot} is empty, and it is required")
            for value in values:
                if (fault := _fault(slot, value)) is not None:
                    raise AttributeFault(f"{slot} {fault}")
            if len(values) > _MOST_NAMES:
                raise AttributeFault(f"{slot} has {len(values)} entries, and at most {_MOST_NAMES} are possible")
            if slot.group == "san":
                raw.setdefault("san", {})[slot.name] = values
            elif slot.name:
                raw.setdefault(slot.group, {})[slot.name] = values[0]
            else:
                raw[slot.group] = values[0]
            if slot.group == "headers":
                headers[slot.name] = slot.template.render(claims, _header_text) or ""
        return Attributes(raw, headers)


def slots(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """The components of a map as it is written: place, template, optional."""
    for group, value in table.items():
        if group == "all_claims_to_context":
            continue
        grouped = group not in ("username", "key_alias")
        for place, written in [((group, name), one) for name, one in value.items()] if grouped else [((group,), value)]:
            if isinstance(written, str):
                yield place, written, False
            else:
                yield place, written["template"], written.get("optional", False)


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _fault(slot: Slot, value: str) -> str | None:
    if any(unicodedata.category(letter) in _UNSEEN for letter in value):
        return "has an invisible character, or one that changes the text direction"
    if slot.group == "subject_dn":
        return component_fault(slot.name, value)
    if slot.group == "san":
        return alternative_name_fault(slot.name, value)
    if len(value) > _LONGEST[slot.group]:
        return f"has {len(value)} characters, and at most {_LONGEST[slot.group]} are possible"
    return None


def _header_text(value: str) -> str:
    octets = value.encode()
    inside = re.sub(
        rb"(?s).", lambda byte: byte[0] if _IN_HEADER.fullmatch(byte[0]) else b"%%%02X" % byte[0][0], octets
    ).decode()
    # Servers strip spaces at the ends of a value.
    return re.sub(r"^ +| +$", lambda spaces: "%20" * len(spaces[0]), inside)
