"""`help()` of everything public says what each argument is."""

import dataclasses
import inspect
import re
import types
from collections.abc import Iterator
from typing import Any

import pytest

import jwseal
from jwseal import compat

MODULES = [
    jwseal,
    jwseal.jws,
    jwseal.insecure,
    jwseal.types,
    jwseal.condition,
    jwseal.remote,
    jwseal.state,
    compat.pyjwt,
    compat.pyjwt.algorithms,
    compat.authlib,
]
# What every user of Python knows, and what has no text of its own.
FUNCTIONS = types.FunctionType | types.BuiltinFunctionType | types.MethodType | types.MethodDescriptorType


def is_ours(thing: object) -> bool:
    return (getattr(thing, "__module__", None) or "jwseal").startswith("jwseal")


def public_callables() -> Iterator[tuple[str, Any]]:
    """Each public function, class and method, by its name; exceptions, which callers catch and do not make, apart."""
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, FUNCTIONS):
                yield f"{module.__name__}.{name}", thing
            elif isinstance(thing, type) and is_ours(thing) and not issubclass(thing, BaseException):
                yield f"{module.__name__}.{name}", thing
                for attribute in dir(thing):
                    member = inspect.getattr_static(thing, attribute)
                    member = getattr(member, "__func__", member)
                    if not attribute.startswith("_") and isinstance(member, FUNCTIONS) and is_ours(member):
                        yield f"{module.__name__}.{name}.{attribute}", getattr(thing, attribute)


def parameters(thing: Any) -> list[str]:
    """The names of a callable's parameters; none for a class that has no constructor."""
    if dataclasses.is_dataclass(thing):  # what the library returns: each field has a docstring of its own
        return []
    try:
        signature = inspect.signature(thing)
    except ValueError:
        return []
    ignored = ("self", "cls")
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = [one for one in signature.parameters.values() if one.name not in ignored and one.kind not in kinds]
    unnamed = [one for one in found if one.kind is inspect.Parameter.POSITIONAL_ONLY]
    # The name of a lone argument that cannot be given by name says nothing: `claim("exp").less(5)`.
    return [one.name for one in found if unnamed != [one]]


def description(thing: Any) -> str:
    """What `help()` shows of it: of a class its own docstring and its constructor's."""
    text = inspect.getdoc(thing) or ""
    if isinstance(thing, type):
        text += "\n" + (inspect.getdoc(thing.__init__) or "")
    return text


@pytest.mark.parametrize(
    ("name", "thing"), list(public_callables()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_argument_is_explained(name: str, thing: Any) -> None:
    """The docstring of a public callable names each of its parameters."""
    text = description(thing)
    assert text.strip(), f"{name} has no docstring"
    missing = [one for one in parameters(thing) if not re.search(rf"\b{one}\b", text)]
    assert not missing, f"help({name}) does not say what {', '.join(missing)} is"


def test_what_the_stubs_say_is_what_help_says() -> None:
    """The text of a native method is that of the stub file, the constructor's arguments in the class's own."""
    for thing, sentence in (
        (jwseal.Signer, "sets `exp` to now plus that"),
        (jwseal.SigningKey.from_pem, "`password` opens an encrypted key"),
        (jwseal.Verifier.verify, "`token` is the compact JWT"),
        (jwseal.insecure.weak_secret, "the key's repr says weak."),
    ):
        assert sentence in " ".join((thing.__doc__ or "").split())
