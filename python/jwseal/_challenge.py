"""`jwseal.challenge`: the status and headers of the response to a request whose token was refused.

RFC 6750 section 3 (Bearer), RFC 9728 section 5.1 (`resource_metadata`), RFC 9470 section 3 (step-up authentication) and RFC
9449 sections 7.1 and 9 (DPoP). Everything in the headers is the caller's declaration or a constant: no claim, no part of the
token and no reason is told to the client, so that a client cannot tell refusals apart. No value can end its header.
"""

from __future__ import annotations

from jwseal.errors import InvalidToken, JOSEError, MissingToken, PolicyError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["challenge"]

# Seconds: a fetch that failed is tried again within them.
_RETRY_AFTER = 5


def challenge(
    error: JOSEError,
    *,
    realm: str | None = None,
    resource_metadata: str | None = None,
    scope: str | Collection[str] | None = None,
) -> tuple[int, list[tuple[str, str]]]:
    """The status and the headers to answer with, for an exception of jwseal.

    realm              the `realm` to show
    resource_metadata  the URL of the protected resource's metadata (RFC 9728 section 5.1)
    scope              the scopes that the request needs: one str, separated by spaces, or a collection

    An InvalidToken is 401 with `error="invalid_token"`, or 403 with `error="insufficient_scope"`; a MissingToken has no
    `error`. `insufficient_authentication` is 401 with `acr_values` and `max_age` (RFC 9470 section 3), from the attributes
    of that name. `sender_mismatch` is a DPoP challenge if the exception has `algs`: `invalid_dpop_proof`, or `invalid_token`
    with `token_at_fault`, or `use_dpop_nonce` and the header DPoP-Nonce if it has `nonce` (RFC 9449 sections 7.1 and 9). An
    Unavailable is 503 with Retry-After. InvalidKey, PolicyError and any other JOSEError are 500 without headers: the program
    is wrong, and the client can do nothing. Arguments that no header can carry are PolicyError.
    """
    if not isinstance(error, JOSEError):
        raise TypeError(f"error must be an exception of jwseal, not {type(error).__name__}")
    declared = [
        ("realm", _text("realm", realm)),
        ("resource_metadata", _words("resource_metadata", resource_metadata, most=1)),
        ("scope", _words("scope", scope)),
    ]
    if isinstance(error, Unavailable):
        return error.http_status, [("Retry-After", str(_RETRY_AFTER))]
    if not isinstance(error, InvalidToken):
        return error.http_status, []
    scheme, told, headers = _of(error)
    parameters = ", ".join(f'{name}="{value}"' for name, value in (*told, *declared) if value)
    return error.http_status, [("WWW-Authenticate", f"{scheme} {parameters}".rstrip()), *headers]


def _of(error: InvalidToken) -> tuple[str, list[tuple[str, str | None]], list[tuple[str, str]]]:
    """The scheme, what its parameters tell, and further headers."""
    if isinstance(error, MissingToken):
        return "Bearer", [], []
    if error.code == "insufficient_authentication":
        acr_values, max_age = getattr(error, "acr_values", None), getattr(error, "max_age", None)
        told = [
            ("error", "insufficient_user_authentication"),
            ("acr_values", _words("acr_values", acr_values)),
            ("max_age", None if max_age is None else str(int(max_age))),
        ]
        return "Bearer", told, []
    if error.code == "sender_mismatch" and (algs := getattr(error, "algs", None)):
        nonce = _words("nonce", getattr(error, "nonce", None), most=1)
        at_fault = getattr(error, "token_at_fault", False)
        kind = "use_dpop_nonce" if nonce else "invalid_token" if at_fault else "invalid_dpop_proof"
        return "DPoP", [("error", kind), ("algs", _words("algs", algs))], [("DPoP-Nonce", nonce)] if nonce else []
    return "Bearer", [("error", "insufficient_scope" if error.http_status == 403 else "invalid_token")], []


def _text(name: str, value: object) -> str | None:
    """The value of a quoted string (RFC 9110 section 5.6.4), its quotes and backslashes escaped."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not all(" " <= character <= "~" for character in str.__iter__(value)):
        raise PolicyError(f"{name} must be printable ASCII, because it is sent in a header")
    return str.__str__(value).replace("\\", "\\\\").replace('"', '\\"')


def _words(name: str, value: object, most: int | None = None) -> str | None:
    """Words separated by spaces, none of which can end a quoted string (RFC 6749 section 3.3)."""
    if value is None:
        return None
    if isinstance(value, str):
        words = str.__str__(value).split(" ")
    elif isinstance(value, (list, tuple)) and most is None:
        words = list(value)
    elif isinstance(value, (set, frozenset)) and most is None:
        words = sorted(value)
    else:
        kinds = "a str" if most else "a str or a collection of str"
        raise TypeError(f"{name} must be {kinds}, not {type(value).__name__}")
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"{name} must hold str, not {type(word).__name__}")
        if not word or not all("!" <= character <= "~" and character not in '"\\' for character in str.__iter__(word)):
            raise PolicyError(f'{name} must be printable ASCII without `"` and `\\`, because it is sent in a header')
    if most is not None and len(words) > most:
        raise PolicyError(f"{name} must not have spaces, because it is sent in a header")
    return " ".join(words) or None
