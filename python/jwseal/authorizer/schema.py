"""The JSON Schema of the configuration, and the judgement by it (JSON Schema 2020-12, the keywords that the file uses).

The file `schema.json` is what editors read and what a configuration is held to here, so the two cannot differ. Conditions are
described in it too, and judged by the core, whose errors say more.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jwseal.authorizer.document import Place

    Fault = tuple[Place, str]

__all__ = ["first_fault", "missing", "schema", "schema_text"]

_CONDITION = "#/$defs/condition"
_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)),
    "array": ("an array", (list,)),
    "object": ("a table", (dict,)),
}


def schema_text() -> str:
    """Return the schema as it is published."""
    return files("jwseal.authorizer").joinpath("schema.json").read_text("utf-8")


@cache
def schema() -> dict[str, Any]:
    """Return the schema."""
    parsed: dict[str, Any] = json.loads(schema_text())
    return parsed


def first_fault(data: dict[str, Any]) -> Fault | None:
    """Return the place and the sentence of the first fault, or None."""
    return next(_faults(schema(), data, ()), None)


def missing(name: str, table: str) -> str:
    """Return the sentence for a key that a table of the schema lacks: what it is."""
    return _missing(name, schema()["$defs"][table]["properties"])


def _faults(rule: dict[str, Any], value: Any, place: Place) -> Iterator[Fault]:
    if rule.get("$ref") == _CONDITION:
        return
    if "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rpartition("/")[2]]
    if "anyOf" in rule:
        yield from _of_any(rule, value, place)
    elif (sentence := _own_fault(rule, value)) is not None:
        yield place, sentence
    elif isinstance(value, dict):
        yield from _of_table(rule, value, place)
    elif isinstance(value, list) and "items" in rule:
        for number, item in enumerate(value):
            yield from _faults(rule["items"], item, (*place, number))


def _of_any(rule: dict[str, Any], value: Any, place: Place) -> Iterator[Fault]:
    """A value that meets none of the forms: the form of its own type says why, or all forms are named."""
    found = [list(_faults(form, value, place)) for form in rule["anyOf"]]
    if not all(found):
        return
    for form, faults in zip(rule["anyOf"], found, strict=True):
        if "type" in form and isinstance(value, list | dict) and _is(form["type"], value):
            yield from faults
            return
    yield place, f"must be {rule['description']}"


def _of_table(rule: dict[str, Any], value: dict[str, Any], place: Place) -> Iterator[Fault]:
    known = rule.get("properties", {})
    others = rule.get("additionalProperties", True)
    # A name that is misspelt is found before the name that it stands for is missed.
    unknown = [name for name in value if others is False and name not in known]
    yield from (((*place, name), _unknown(name, known)) for name in unknown)
    for name in rule.get("required", ()):
        if name not in value:
            yield place, _missing(name, known)
    for name, member in value.items():
        at = (*place, name)
        if name in known:
            yield from _faults(known[name], member, at)
        elif others is False:
            continue
        elif (sentence := _own_fault(rule.get("propertyNames", {}), name)) is not None:
            yield at, f"the name {sentence}"
        elif others is not True:
            yield from _faults(others, member, at)


def _own_fault(rule: dict[str, Any], value: Any) -> str | None:
    """What is wrong with a value itself, its members aside."""
    described = f"must be {rule['description']}" if "description" in rule else None
    if "enum" in rule and not any(value == one and type(value) is type(one) for one in rule["enum"]):
        listed = ", ".join(json.dumps(one) for one in rule["enum"])
        return f"must be one of {listed}"
    if "type" in rule and not any(_is(kind, value) for kind in _list(rule["type"])):
        return described or "must be " + " or ".join(_KINDS[kind][0] for kind in _list(rule["type"]))
    if isinstance(value, float) and not math.isfinite(value):
        return described or "must be a finite number"
    if isinstance(value, int | float) and not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        return described or f"must be {rule['minimum']} to {rule['maximum']}"
    if isinstance(value, str):
        if not rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value)):
            return described if value else "must not be empty"
        if "pattern" in rule and not _matches(rule["pattern"], value):
            return described or "has a character that it cannot have"
    if isinstance(value, list | dict):
        return _size_fault(rule, value)
    return None


def _size_fault(rule: dict[str, Any], value: list[Any] | dict[str, Any]) -> str | None:
    least = rule.get("minItems", rule.get("minProperties", 0))
    if len(value) < least:
        return "must not be empty" if least == 1 else f"must have at least {least} entries"
    if len(value) > rule.get("maxItems", len(value)):
        return f"must have at most {rule['maxItems']} entries"
    if rule.get("uniqueItems") and isinstance(value, list):
        seen: list[Any] = []
        for item in value:
            if item in seen:
                return "has an entry twice"
            seen.append(item)
    return None


def _matches(pattern: str, value: str) -> bool:
    # In Python `$` would match before a line break at the end.
    return bool(re.fullmatch(pattern[1:-1], value) if pattern.endswith("$") else re.match(pattern, value))


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, _KINDS[kind][1]) and (kind == "boolean" or not isinstance(value, bool))


def _list(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds


def _missing(name: str, known: dict[str, Any]) -> str:
    return f"{name} is missing: {known[name]['description']}"


def _unknown(name: str, known: dict[str, Any]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    return f"is not known here; did you mean {near[0]}?" if near else f"is not known here; known are {', '.join(known)}"
