"""PyJWT's names for annotations: a JWK as a dict, and the options of `decode`.

The options' meaning is PyJWT's; each defaults to `verify_signature`, and that to True. A name that is not listed here
is refused where PyJWT would ignore it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

JWKDict = dict[str, Any]

HashlibHash = Callable[..., Any]


class SigOptions(TypedDict, total=False):
    """The options of `PyJWS`."""

    verify_signature: bool
    """Check the signature."""
    enforce_minimum_key_length: bool
    """Refuse short keys (`InvalidKeyError`) where the default is to warn. Default: False."""


class Options(SigOptions, total=False):
    """The options of `PyJWT` and `decode`."""

    require: list[str]
    """Claims that must be present and not null. Default: none."""
    strict_aud: bool
    """`aud` and `audience` must both be one string, and equal. Default: False."""
    verify_aud: bool
    """Check `aud` against `audience`."""
    verify_exp: bool
    """Check that `exp`, where present, lies ahead."""
    verify_iat: bool
    """Check that `iat`, where present, is a number that does not lie ahead."""
    verify_iss: bool
    """Check `iss` against `issuer`."""
    verify_jti: bool
    """Check that `jti`, where present, is a string."""
    verify_nbf: bool
    """Check that `nbf`, where present, does not lie ahead."""
    verify_sub: bool
    """Check that `sub`, where present, is a string and equal to `subject` where that is given."""


class FullOptions(Options):
    """`Options` with every name present."""
