"""`Policy`: what a token must say to be accepted, declared once (RFC 7519 section 4.1, RFC 8725).

Every argument is checked when a policy is created, and a policy is immutable. Types and names are checked here, bounds by the
core, into which a verifier compiles the policy. Issuer and audience have no default, because leaving them out must be a
decision that a reviewer can see. To skip a check, write `UNCHECKED`.

This module is part of `import jwseal`, so it imports nothing heavy; even `dataclasses` would cost more than it saves.
"""

from __future__ import annotations

from jwseal import _native
from jwseal.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn, Self, TypeAlias

    from jwseal.condition import Condition
    from jwseal.types import Span

    Texts: TypeAlias = str | set[str] | frozenset[str] | list[str] | tuple[str, ...]
    Literal: TypeAlias = str | int | float | bool | None
    Template: TypeAlias = _native.IssuerTemplate
    Names: TypeAlias = str | Template
    IssuerNames: TypeAlias = Texts | Template | set[Names] | frozenset[Names] | list[Names] | tuple[Names, ...]

__all__ = ["DEFAULT_TYP", "REQUIRED", "UNCHECKED", "Policy"]

# A policy for a thousand audiences must not fill a log.
_LONGEST_REPR = 2000

# Values of one argument that a repr shows.
_MOST_SHOWN = 8

# Arguments that must be collections: a repr shows a set of one element as a set.
_COLLECTIONS = ("required", "scopes")

# Claims that have their own argument, because their rules differ (`aud` may be an array).
_OWN_ARGUMENT = {"iss": "issuer", "aud": "audience", "sub": "subject"}


class _Marker:
    """A sentinel for a decision. There is one object per name in every process, also after pickling."""

    __slots__ = ()
    _name: str

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name


class Unchecked(_Marker):
    """The type of `UNCHECKED`."""

    __slots__ = ()
    _name = "UNCHECKED"


class Required(_Marker):
    """The type of `REQUIRED`."""

    __slots__ = ()
    _name = "REQUIRED"


class DefaultTyp(_Marker):
    """The type of `DEFAULT_TYP`."""

    __slots__ = ()
    _name = "DEFAULT_TYP"


UNCHECKED = Unchecked()
"""The check is deliberately left out. Valid for issuer, audience, subject, typ and expiry."""

REQUIRED = Required()
"""The token must have `exp`."""

DEFAULT_TYP = DefaultTyp()
"""`typ` may be absent, `JWT` or `at+jwt`, in any case, with or without `application/`."""


_DEFAULTS: dict[str, object] = {
    "subject": UNCHECKED,
    "typ": DEFAULT_TYP,
    "expiry": REQUIRED,
    "required": frozenset(),
    "leeway": 0.0,
    "max_age": None,
    "max_lifetime": None,
    "claims": {},
    "scopes": frozenset(),
    "where": None,
}
_PARAMETERS = ("issuer", "audience", *_DEFAULTS)


class Policy:
    """What a token must say to be accepted.

    Policy(*, issuer, audience, subject=UNCHECKED, typ=DEFAULT_TYP, expiry=REQUIRED, required=(), leeway=0,
    max_age=None, max_lifetime=None, claims={}, scopes=(), where=None)

    issuer        the `iss` that are accepted: one str or IssuerTemplate, or a list, tuple or set of them, or UNCHECKED
    audience      the names of this service; the token's `aud` must have at least one of these, or UNCHECKED
    subject       the `sub` that are accepted, or UNCHECKED
    typ           the header's `typ`: DEFAULT_TYP, one str or several, or UNCHECKED; access tokens after RFC 9068 want
                  "at+jwt", since DEFAULT_TYP cannot tell them from ID tokens
    expiry        REQUIRED, or UNCHECKED: `exp` may be absent, and is still judged when it is there
    required      further claims that must be present, by name
    leeway        how far clocks may differ, 0 to 600 seconds or a timedelta
    max_age       the longest time since `iat`, in seconds or a timedelta
    max_lifetime  the longest time from `iat` to `exp`, in seconds or a timedelta
    claims        name to JSON literal (str, int, float, bool, None), or to a frozenset of the literals accepted;
                  compared with their JSON type, so that 1 is not "1" and not true
    scopes        the scopes that `scope`, or else `scp`, must all grant: a list, tuple or set of str
    where         a condition that must hold, such as claim("roles").contains("Admin")

    Invalid arguments raise PolicyError, those of a wrong Python type TypeError. Policies are immutable, compare and
    hash by value and can be pickled.
    """

    __slots__ = ("_identity", *_PARAMETERS)

    issuer: frozenset[str] | frozenset[Names] | Unchecked
    audience: frozenset[str] | Unchecked
    subject: frozenset[str] | Unchecked
    typ: frozenset[str] | DefaultTyp | Unchecked
    expiry: Required | Unchecked
    required: frozenset[str]
    leeway: float
    max_age: float | None
    max_lifetime: float | None
    claims: Mapping[str, frozenset[Literal]]
    scopes: frozenset[str]
    where: Condition | None
    _identity: tuple[object, ...]

    def __new__(
        cls,
        *,
        issuer: IssuerNames | Unchecked,
        audience: Texts | Unchecked,
        subject: Texts | Unchecked = UNCHECKED,
        typ: Texts | DefaultTyp | Unchecked = DEFAULT_TYP,
        expiry: Required | Unchecked = REQUIRED,
        required: Texts = (),
        leeway: Span = 0,
        max_age: Span | None = None,
        max_lifetime: Span | None = None,
        claims: Mapping[str, Literal | frozenset[Literal]] | None = None,
        scopes: Texts = (),
        where: Condition | None = None,
    ) -> Self:
        """Judge the arguments and keep them in one form: frozensets of str, float seconds."""
        self = object.__new__(cls)
        put = object.__setattr__
        put(self, "issuer", issuer if issuer is UNCHECKED else _issuers(issuer))
        put(self, "audience", audience if audience is UNCHECKED else _texts("audience", audience))
        put(self, "subject", subject if subject is UNCHECKED else _texts("subject", subject))
        put(self, "typ", typ if typ is UNCHECKED or typ is DEFAULT_TYP else _texts("typ", typ, "or DEFAULT_TYP"))
        if expiry is not REQUIRED and expiry is not UNCHECKED:
            raise TypeError(f"expiry must be REQUIRED or UNCHECKED, not {type(expiry).__name__}")
        put(self, "expiry", expiry)
        put(self, "required", _names("required", "claim names", required))
        put(self, "leeway", _seconds("leeway", leeway))
        put(self, "max_age", None if max_age is None else _seconds("max_age", max_age))
        put(self, "max_lifetime", None if max_lifetime is None else _seconds("max_lifetime", max_lifetime))
        expected = {} if claims is None else _claims(claims)
        put(self, "claims", _read_only(expected))
        put(self, "scopes", _names("scopes", "scopes", scopes))
        if where is not None and not isinstance(where, _native.Condition):
            kind = type(where).__name__
            raise TypeError(f'where must be a condition such as claim("roles").contains("Admin"), not {kind}')
        put(self, "where", where)
        put(self, "_identity", (*(getattr(self, name) for name in _PARAMETERS if name != "claims"), _typed(expected)))
        _native._check_policy(self)
        return self

    def replace(self, **changes: Any) -> Policy:
        """Return a copy of this policy with the given arguments changed."""
        return Policy(**{**self._arguments(), **changes})

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _PARAMETERS}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        shown = [
            f"{name}={_shown(getattr(self, name), name not in _COLLECTIONS)}"
            for name in _PARAMETERS
            if name not in _DEFAULTS or getattr(self, name) != _DEFAULTS[name]
        ]
        text = ", ".join(shown)
        return f"Policy({text})" if len(text) <= _LONGEST_REPR else f"Policy({text[:_LONGEST_REPR]}...)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, ({**self._arguments(), "claims": dict(self.claims)},)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Policy is immutable; use policy.replace({name}=...) to get another")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Policy is immutable")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Policy is final: compose policies with replace()")


def _restore(arguments: dict[str, Any]) -> Policy:
    return Policy(**arguments)


def _issuers(value: object) -> frozenset[Names]:
    """Return the accepted issuers: names and templates."""
    given = (value,) if isinstance(value, _native.IssuerTemplate) else value
    if not isinstance(given, (list, tuple, set, frozenset)):
        return _texts("issuer", given)
    templates = [one for one in given if isinstance(one, _native.IssuerTemplate)]
    names = [one for one in given if not isinstance(one, _native.IssuerTemplate)]
    return _texts("issuer", names).union(templates)


def _texts(name: str, value: object, further: str = "") -> frozenset[str]:
    """Return the accepted values of one claim; a lone str is one of them."""
    if isinstance(value, str):
        value = (value,)
    choices = " ".join(filter(None, ("a str, or a list, tuple or set of str,", further, "or UNCHECKED")))
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError(f"{name} must be {choices}, not {type(value).__name__}")
    for item in value:
        if not isinstance(item, str):
            raise TypeError(f"{name} must be {choices}, not a collection with {type(item).__name__} in it")
        if not item:
            raise PolicyError(f"{name} has an empty string among its values")
        _refuse_lone_surrogates(name, item)
    return frozenset(map(str.__str__, value))


def _names(argument: str, what: str, value: object) -> frozenset[str]:
    """Return names of claims or scopes; a lone str is taken for the mistake it usually is."""
    if isinstance(value, str):
        raise PolicyError(f"{argument} must be a collection of {what}, not a single str; write it in a list")
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError(f"{argument} must be a list, tuple or set of {what}, not {type(value).__name__}")
    return frozenset(_name(argument, item) for item in value)


def _name(argument: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{argument} holds names as str, not {type(name).__name__}")
    if not name:
        raise PolicyError(f"{argument} holds an empty name")
    _refuse_lone_surrogates(argument, name)
    return str.__str__(name)


def _refuse_lone_surrogates(argument: str, text: str) -> None:
    # A lone surrogate has no UTF-8 form, so no token could ever match it. It is looked for by hand: the exception of
    # str.encode would stay reachable from ours, and holds the text.
    if not str.isascii(text) and any("\ud800" <= character <= "\udfff" for character in str.__iter__(text)):
        raise PolicyError(f"{argument} holds a lone surrogate, which no token can contain")


def _seconds(name: str, value: object) -> float:
    """Return a length of time in seconds; the core judges it, NaN and infinities included."""
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return int.__float__(value)
        except OverflowError:
            return float("inf")
    from datetime import timedelta

    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{name} must be seconds (int or float) or a timedelta, not {type(value).__name__}")


def _claims(value: object) -> dict[str, frozenset[Literal]]:
    """Return each named claim's accepted literals."""
    if not isinstance(value, dict):
        from collections.abc import Mapping

        if not isinstance(value, Mapping):
            raise TypeError(f"claims must be a mapping of claim name to literal, not {type(value).__name__}")
    expected = {}
    for given, accepted in value.items():
        name = _name("claims", given)
        if name in _OWN_ARGUMENT:
            raise PolicyError(f"claims cannot name {name!r}: use {_OWN_ARGUMENT[name]}=")
        literals = accepted if isinstance(accepted, (set, frozenset)) else (accepted,)
        expected[name] = frozenset(_literal(name, literal) for literal in literals)
    return expected


def _literal(name: str, literal: object) -> Literal:
    """Return a literal in its plain type: a member of an Enum, say, is compared by its value, not by what it prints."""
    if literal is None or isinstance(literal, bool):
        return literal
    if isinstance(literal, str):
        _refuse_lone_surrogates(f"claims[{name!r}]", literal)
        return str.__str__(literal)
    if isinstance(literal, int):
        try:
            int.__repr__(literal)
        except ValueError:
            raise PolicyError(f"claims[{name!r}] is an integer with more digits than a token may have") from None
        return int.__index__(literal)
    if isinstance(literal, float):
        number = float.__float__(literal)
        if not float("-inf") < number < float("inf"):
            raise PolicyError(f"claims[{name!r}] is a number JSON does not have: NaN or infinite")
        return number
    kind = type(literal).__name__
    raise TypeError(f"claims[{name!r}] must be a str, int, float, bool or None, or a frozenset of them, not {kind}")


def _typed(expected: dict[str, frozenset[Literal]]) -> frozenset[object]:
    # Python holds 1, 1.0 and True equal; as JSON they are different expectations, so policies with them differ.
    return frozenset((name, frozenset((type(x), x) for x in literals)) for name, literals in expected.items())


def _read_only(expected: dict[str, frozenset[Literal]]) -> Mapping[str, frozenset[Literal]]:
    return type(type.__dict__)(expected)  # the mappingproxy type, without importing `types`


def _shown(value: object, lone: bool = True) -> str:
    """Return a value as the argument one would write for it, sets in a stable order, a set of one without braces."""
    if isinstance(value, frozenset):
        items = sorted(map(repr, value))
        if len(items) > _MOST_SHOWN:
            items[_MOST_SHOWN:] = [f"... and {len(items) - _MOST_SHOWN} more"]
        return items[0] if lone and len(items) == 1 else "{" + ", ".join(items) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, type(type.__dict__)):
        return "{" + ", ".join(f"{name!r}: {_shown(literals)}" for name, literals in value.items()) + "}"
    return repr(value)
