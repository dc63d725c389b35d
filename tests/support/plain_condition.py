"""Conditions judged by plain Python on plain dicts: the second opinion for the core's judgement.

It is written from the documentation of conditions, for reading and not for speed, and shares no code with the product.
"""

import base64
import json
import re
from typing import Any

ABSENT = object()
TRUE, FALSE, ERROR = "true", "false", "error"
MAX_DATE = 253_402_300_799
DIGESTS = {
    "2.16.840.1.101.3.4.2.1": 32,
    "2.16.840.1.101.3.4.2.2": 48,
    "2.16.840.1.101.3.4.2.3": 64,
    "2.16.840.1.101.3.4.2.8": 32,
}
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class World:
    """What a condition is judged on."""

    def __init__(self, claims: Any, header: Any = None, now: float = 0, leeway: float = 0, request: Any = None) -> None:
        """Keep the facts."""
        self.claims, self.header = claims, header or {}
        self.now, self.leeway, self.request = now, leeway, request or {}


def judge(when: dict[str, Any], world: World) -> str:
    """The outcome of a condition: true, false or error."""
    if "all" in when:
        outcomes = [judge(one, world) for one in when["all"]]
        return FALSE if FALSE in outcomes else ERROR if ERROR in outcomes else TRUE
    if "any" in when:
        outcomes = [judge(one, world) for one in when["any"]]
        return TRUE if TRUE in outcomes else ERROR if ERROR in outcomes else FALSE
    if "not" in when:
        return {TRUE: FALSE, FALSE: TRUE, ERROR: ERROR}[judge(when["not"], world)]
    return leaf(when, world)


def leaf(when: dict[str, Any], world: World) -> str:
    """The outcome of a demand on one claim or header parameter."""
    where = world.claims if "claim" in when else world.header
    path = segments(when["claim"]) if "claim" in when else [(when["header"], None)]
    value = find(where, path)
    (operator,) = set(when) - {"claim", "header", "split", "order"}
    expected = when[operator]
    if operator == "exists":
        return said((value is not ABSENT) is expected)
    if value is ABSENT:
        return FALSE
    split = "split" in when or when.get("claim") in {"scope", "scp", '"scope"', '"scp"', "/scope", "/scp"}
    if operator == "covers_request":
        return covers(value, world.request.get(expected), find(where, path[:-1]), split)
    if operator == "acr_at_least":
        return at_least(value, expected, when["order"])
    return OPERATORS[operator](value, expected, world, split)


def said(holds: bool) -> str:
    return TRUE if holds else FALSE


def find(value: Any, path: list[tuple[str, int | None]]) -> Any:
    """The value at the end of a path, or ABSENT."""
    for name, index in path:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and index is not None and index < len(value):
            value = value[index]
        else:
            return ABSENT
    return value


def segments(path: str) -> list[tuple[str, int | None]]:
    """The names of a path, each with the index that it is in a JSON Pointer."""
    if path.startswith("/"):
        tokens = path[1:].split("/")
        return [
            (one.replace("~1", "/").replace("~0", "~"), int(one) if re.fullmatch("0|[1-9][0-9]*", one) else None)
            for one in tokens
        ]
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+', path)
    return [(json.loads(one) if one.startswith('"') else one, None) for one in parts]


def same(one: Any, other: Any) -> bool:
    """Equal with its JSON type; 1 and 1.0 are one number."""

    def kind(value: Any) -> str:
        if isinstance(value, bool):
            return "bool"
        return "number" if isinstance(value, (int, float)) else type(value).__name__

    return kind(one) == kind(other) and kind(one) in {"bool", "number", "str", "NoneType"} and bool(one == other)


def one_of(value: Any, expected: list[Any]) -> str:
    if isinstance(value, (list, dict)):
        return ERROR
    return said(any(same(value, one) for one in expected))


def contains(value: Any, expected: list[Any], how: Any, split: bool) -> str:
    if isinstance(value, str) and split:
        value = [word for word in value.split(" ") if word]
    if not isinstance(value, list):
        return ERROR
    return said(how(any(same(item, one) for item in value) for one in expected))


def text(value: Any, holds: Any) -> str:
    return said(bool(holds(value))) if isinstance(value, str) else ERROR


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Any, holds: Any) -> str:
    return said(holds(value)) if is_number(value) else ERROR


def date(value: Any, holds: Any) -> str:
    if not is_number(value) or not 0 <= value <= MAX_DATE:
        return ERROR
    return said(holds(float(value)))


def offset(moment: str) -> float:
    """The seconds between now and "now-5m"."""
    if moment == "now":
        return 0
    sign = -1 if moment[3] == "-" else 1
    return sign * int(moment[4:-1]) * SECONDS[moment[-1]]


def glob(pattern: str) -> re.Pattern[str]:
    """The regular expression of a glob."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(one) or re.escape(one[-1]) for one in parts), re.DOTALL)


def at_least(value: Any, least: str, order: list[Any]) -> str:
    levels = {name: level for level, one in enumerate(order) for name in ([one] if isinstance(one, str) else one)}
    return said(levels[value] >= levels[least]) if isinstance(value, str) and value in levels else ERROR


def covers(value: Any, wanted: Any, parent: Any, split: bool) -> str:
    if isinstance(value, str) and split:
        value = [word for word in value.split(" ") if word]
    wanted = wanted if isinstance(wanted, list) else [wanted]
    wanted = [] if wanted in ([None], [""]) else wanted
    if isinstance(value, str) and wanted and all(isinstance(one, dict) for one in wanted):
        value = value.split(",")
    if not isinstance(value, list):
        return ERROR
    return said(bool(wanted) and all(held(one, value, parent) for one in wanted))


def held(wanted: Any, items: list[Any], parent: Any) -> bool:
    if not isinstance(wanted, dict):
        return any(same(item, wanted) for item in items)
    oid = wanted.get("oid")
    if oid not in DIGESTS or parent.get("hashAlgorithmOID", oid) != oid:
        return False
    given = wanted["hash"]
    octets = decoded(given, DIGESTS[oid]) if isinstance(given, str) else given
    if octets is None or len(octets) != DIGESTS[oid]:
        return False
    texts = [item if isinstance(item, str) else item.get("hash") for item in items if isinstance(item, (str, dict))]
    return any(isinstance(one, str) and decoded(one, DIGESTS[oid]) == octets for one in texts)


def decoded(given: str, size: int) -> bytes | None:
    """The bytes of a hash written as hex, base64 or base64url."""
    if re.fullmatch(f"[0-9A-Fa-f]{{{2 * size}}}", given):
        return bytes.fromhex(given)
    if not re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", given):
        return None
    plain = given.rstrip("=").replace("+", "-").replace("/", "_")
    if len(given) != len(plain) and len(given) % 4:
        return None
    padded = plain + "=" * (-len(plain) % 4)
    try:
        octets = base64.urlsafe_b64decode(padded)
    except ValueError:
        return None
    canonical = base64.urlsafe_b64encode(octets).decode().rstrip("=") == plain
    return octets if canonical and len(octets) == size else None


OPERATORS: dict[str, Any] = {
    "equals": lambda value, expected, *_: one_of(value, [expected]),
    "not_equals": lambda value, expected, *_: {TRUE: FALSE, FALSE: TRUE, ERROR: ERROR}[one_of(value, [expected])],
    "one_of": lambda value, expected, *_: one_of(value, expected),
    "contains": lambda value, expected, _, split: contains(value, [expected], all, split),
    "contains_any": lambda value, expected, _, split: contains(value, expected, any, split),
    "contains_all": lambda value, expected, _, split: contains(value, expected, all, split),
    "starts_with": lambda value, expected, *_: text(value, lambda found: found.startswith(expected)),
    "ends_with": lambda value, expected, *_: text(value, lambda found: found.endswith(expected)),
    "glob": lambda value, expected, *_: text(value, glob(expected).fullmatch),
    "less": lambda value, expected, *_: number(value, lambda found: found < expected),
    "at_most": lambda value, expected, *_: number(value, lambda found: found <= expected),
    "greater": lambda value, expected, *_: number(value, lambda found: found > expected),
    "at_least": lambda value, expected, *_: number(value, lambda found: found >= expected),
    "before": lambda value, expected, world, _: date(value, lambda found: found < world.now + offset(expected)),
    "after": lambda value, expected, world, _: date(
        value, lambda found: world.now + offset(expected) < found <= world.now + world.leeway
    ),
}
