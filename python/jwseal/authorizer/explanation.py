"""`Explanation`: the rules that were judged for a token, each condition with its outcome, as data and as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jwseal.authorizer.decision import Decision

__all__ = ["Explanation"]


class Explanation(NamedTuple):
    """What `Authorizer.explain` returns; `str` of it is text for a person.

    decision  the decision, without the stores
    rules     the rules of the issuer, in order: a dict with `rule`, `effect`, `outcome` ("true", "false" or "error") and `when`,
              the tree of conditions, each with its `outcome`
    """

    decision: Decision
    rules: list[dict[str, Any]]

    def __str__(self) -> str:
        lines = [f"{self.decision.code} at {self.decision.stage}"]
        if self.decision.reason:
            lines[0] += f": {self.decision.reason}"
        for rule in self.rules:
            lines.append(f"{rule['effect']} {_text(rule['rule'])}: {rule['outcome']}")
            lines += _lines(rule["when"], 1)
        return "\n".join(lines)


def _lines(node: dict[str, Any], depth: int) -> Iterator[str]:
    margin = "  " * depth
    for kind in ("all", "any", "not"):
        if kind in node:
            yield f"{margin}{kind}: {node['outcome']}"
            for member in node[kind] if isinstance(node[kind], list) else [node[kind]]:
                yield from _lines(member, depth + 1)
            return
    source = "claim" if "claim" in node else "header"
    reason = f" ({node['reason']})" if node.get("reason") else ""
    value = f", the value is {json.dumps(node['value'])}" if "value" in node else ""
    yield f"{margin}{source} {_text(node[source])} {node['operator']}: {node['outcome']}{reason}{value}"


def _text(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)
