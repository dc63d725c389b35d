"""Conditions over the claims and the header of a verified token: what `Policy(where=)` and `VerifiedJWT.require(where=)` take.

    where = all_of(claim("roles").contains("Admin"), claim("email_verified").equals(True))

A condition is true, false or an error. An absent claim makes every condition on it but `exists(False)` false. A claim of a type
that the operator cannot compare is an error, which `not_` does not turn into true. Conditions are immutable, compare and hash
by value and can be pickled. They are compiled when they are created; an invalid one then raises PolicyError.

This module is loaded when `claim` or `header` is first named.
"""

from __future__ import annotations

from jwseal import _native
from jwseal._native import Condition, all_of, any_of, not_
from jwseal.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn, TypeAlias

    Literal: TypeAlias = str | int | float | bool | None

__all__ = ["Condition", "Operand", "all_of", "any_of", "claim", "header", "not_"]

# Bits of an integer of 4,300 digits or one fewer; an integer in a token has no more.
_MOST_BITS = 14_284


def claim(path: str) -> Operand:
    """Return the claim at this path, for a condition on it.

    A path is names of letters, digits, `_` and `-` joined by dots (`realm_access.roles`), any other name as a JSON string
    (`"kubernetes.io".namespace`), or a JSON Pointer (RFC 6901), which alone indexes arrays (`/address/0/city`). A str that is
    no path is PolicyError when the condition is made.
    """
    return Operand("claim", path)


def header(name: str) -> Operand:
    """Return the parameter of this name of the protected header, for a condition on it."""
    return Operand("header", name)


class Operand:
    """A claim or a header parameter; each method returns a condition on it.

    `claim` and `header` make it: `source` is the one or the other, and `name` is what they were given.
    """

    __slots__ = ("_name", "_source")

    _source: str
    _name: str

    def __init__(self, source: str, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{source} takes a str, not {type(name).__name__}")
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_name", str.__str__(name))

    def exists(self, present: bool = True, /) -> Condition:  # reads well: exists(False)
        """Present, null included; with False, absent."""
        return self._condition("exists", present, (present,) if present is not True else ())

    def equals(self, value: Literal, /) -> Condition:
        """A single value of the same JSON type: 1 equals 1.0, and is neither "1" nor true. An array or object is an error."""
        return self._condition("equals", _plain(value))

    def not_equals(self, value: Literal, /) -> Condition:
        """Present and not equal."""
        return self._condition("not_equals", _plain(value))

    def one_of(self, *values: Literal) -> Condition:
        """Equal to one of these."""
        return self._of_many("one_of", values)

    def contains(self, value: Literal, /, *, split: str | None = None) -> Condition:
        """An array with this element.

        A string is split at spaces for `scope` and `scp`, elsewhere only with `split=" "`.
        """
        return self._condition("contains", _plain(value), split=split)

    def contains_any(self, *values: Literal, split: str | None = None) -> Condition:
        """An array with one of these elements at least; a string, and `split`, as for `contains`."""
        return self._of_many("contains_any", values, split=split)

    def contains_all(self, *values: Literal, split: str | None = None) -> Condition:
        """An array with all of these elements; a string, and `split`, as for `contains`."""
        return self._of_many("contains_all", values, split=split)

    def starts_with(self, prefix: str, /) -> Condition:
        """A string that begins with this."""
        return self._condition("starts_with", _plain(prefix))

    def ends_with(self, suffix: str, /) -> Condition:
        """A string that ends with this."""
        return self._condition("ends_with", _plain(suffix))

    def glob(self, pattern: str, /) -> Condition:
        r"""A string of this pattern as a whole: `*` any run, `?` one code point, `\` before `*`, `?` or `\` itself."""
        return self._condition("glob", _plain(pattern))

    def less(self, bound: float, /) -> Condition:
        """A number less than this."""
        return self._condition("less", _plain(bound))

    def at_most(self, bound: float, /) -> Condition:
        """A number that is not greater than this."""
        return self._condition("at_most", _plain(bound))

    def greater(self, bound: float, /) -> Condition:
        """A number greater than this."""
        return self._condition("greater", _plain(bound))

    def at_least(self, bound: float, /) -> Condition:
        """A number of this at least."""
        return self._condition("at_least", _plain(bound))

    def before(self, moment: str, /) -> Condition:
        """A NumericDate before "now", "now-5m" or "now+1h"; the units are s, m, h and d. There is no leeway."""
        return self._condition("before", _plain(moment))

    def after(self, moment: str, /) -> Condition:
        """A NumericDate after such a moment, and not in the future beyond the policy's leeway."""
        return self._condition("after", _plain(moment))

    def acr_at_least(self, acr: str, /, *, order: Sequence[str | Sequence[str]]) -> Condition:
        """An `acr` of this level or a higher one.

        `order` lists the values, weakest first; an entry may be a list of synonyms. A value that is not in it is an error.
        """
        levels = [_plain(level) if isinstance(level, str) else [_plain(name) for name in level] for level in order]
        shown = (f"{_plain(acr)!r}", f"order={levels!r}")
        return self._make({"acr_at_least": _plain(acr), "order": levels}, "acr_at_least", ", ".join(shown))

    def _of_many(self, operator: str, values: tuple[Literal, ...], split: str | None = None) -> Condition:
        if len(values) == 1 and isinstance(values[0], (list, tuple, set, frozenset)):
            raise TypeError(f"{operator} takes each value as a separate argument: {operator}(*values)")
        plain = [_plain(value) for value in values]
        return self._condition(operator, plain, plain, split=split)

    def _condition(
        self, operator: str, value: object, shown: Sequence[object] | None = None, split: str | None = None
    ) -> Condition:
        arguments = [repr(one) for one in ((value,) if shown is None else shown)]
        if split is not None:
            arguments.append(f"split={split!r}")
        modifiers = {} if split is None else {"split": split}
        return self._make({operator: value, **modifiers}, operator, ", ".join(arguments))

    def _make(self, demand: dict[str, object], operator: str, arguments: str) -> Condition:
        table = {self._source: self._name, **demand}
        return _native._condition(table, f"{self!r}.{operator}({arguments})")

    def __repr__(self) -> str:
        return f"{self._source}({self._name!r})"

    def __eq__(self, other: object) -> bool:
        raise TypeError("an operand cannot be compared with ==: write .equals(value)")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("an operand has no truth value: write .exists() or .equals(True)")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("an operand is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("an operand is immutable")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Operand is final")


def _plain(value: object) -> Literal:
    """Return a literal in its plain type: a member of an Enum, say, is compared by its value, not by what it prints."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        number = int.__index__(value)
        if number.bit_length() > _MOST_BITS:
            raise PolicyError("conditions compare with integers of at most 4,300 digits")
        return number
    if isinstance(value, float):
        return float.__float__(value)
    raise TypeError(f"conditions compare with str, int, float, bool or None, not {type(value).__name__}")
