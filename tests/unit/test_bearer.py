"""`bearer`: the token of an Authorization header (RFC 6750 section 2.1, RFC 9110 section 11.6.2)."""

import re
from collections import UserList
from pathlib import Path

import pytest

import forge
from judge import refusal
from jwseal import InvalidToken, MalformedToken, MissingToken, bearer
from jwseal.compat import authlib, pyjwt


@pytest.mark.parametrize(
    "value", [f"Bearer {forge.T0}", f"bearer {forge.T0}", f"BEARER {forge.T0}", f"bEaReR {forge.T0}"]
)
def test_token(value: str) -> None:
    """The scheme matches in any case; the token comes back as str."""
    assert forge.T0 == bearer(value)
    assert forge.T0 == bearer(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        forge.T0,
        f"Basic {forge.T0}",
        f"DPoP {forge.T0}",
        f"Bearer{forge.T0}",
        f"Bearer\t{forge.T0}",
        f"Bearer {forge.T0}, Bearer {forge.T0}",
        f"Bearer {forge.T0},",
        f"Bearer {forge.T0} {forge.T0}",
        f"Bearer {forge.T0}\r\n",
        f"Bearer {forge.T0}\x00",
        f"Bearer {forge.T0}\x7f",
        f"\x00Bearer {forge.T0}",
        f"Bearer {forge.T0}\r\nX-Admin: 1",
        f"Bearers {forge.T0}",
        f"Token {forge.T0}",
        "Bearer é",
        "Bearer \u2028",
        "Bearer\u00a0x",
        "Bearer \ud800",
    ],
)
def test_refused(value: str) -> None:
    """Another scheme, no token, a comma, a second word or a control character is malformed."""
    assert "malformed_token" == refusal(bearer, value)


@pytest.mark.parametrize("value", [None, [], (), UserList()])
def test_no_authorization_header(value: object) -> None:
    """A request without the header has no token: missing_token, an InvalidToken with the status 401."""
    assert "missing_token" == refusal(bearer, value)
    with pytest.raises(InvalidToken) as caught:
        bearer(value)
    assert (MissingToken, 401) == (type(caught.value), caught.value.http_status)


@pytest.mark.parametrize("kind", [list, tuple, UserList])
@pytest.mark.parametrize("value", [f"Bearer {forge.T0}", f"Bearer {forge.T0}".encode()])
def test_the_values_a_server_received(kind: type, value: str | bytes) -> None:
    """One value is that value; two are malformed_token, even where both say the same."""
    assert forge.T0 == bearer(kind([value]))
    assert "malformed_token" == refusal(bearer, kind([value, value]))
    assert "malformed_token" == refusal(bearer, kind([value, "Basic eDp5"]))
    assert "malformed_token" == refusal(bearer, kind(["", value]))


def test_a_bare_token_is_named() -> None:
    """A token without its scheme is refused with the call to make instead."""
    with pytest.raises(MalformedToken, match="give a bare token to verify"):
        bearer(forge.T0)


@pytest.mark.parametrize(
    "value",
    [
        *(5, object(), bytearray(b"Bearer x"), memoryview(b"Bearer x"), bytearray(), {"Bearer x"}, iter(["Bearer x"])),
        *({"Authorization": "Bearer x"}, [None], [5], [["Bearer x"]]),
    ],
)
def test_wrong_type(value: object) -> None:
    """A header is str, bytes, a sequence of them or None; the message is about the header, and not about a token."""
    with pytest.raises(TypeError, match=r"^a header is str"):
        bearer(value)


def test_compatibility_layers_never_raise_missing_token() -> None:
    """Code written for another library knows no such error: None is what it was there."""
    calls = (
        lambda: pyjwt.decode(None, "k" * 32, algorithms=["HS256"]),
        lambda: pyjwt.get_unverified_header(None),
        lambda: authlib.jwt.decode(None, "k" * 32),
        lambda: authlib.JsonWebSignature().deserialize_compact(None, "k" * 32),
    )
    for call in calls:
        with pytest.raises(Exception) as caught:  # whatever it is, it is not this one
            call()
        assert not isinstance(caught.value, MissingToken)
    for path in Path(pyjwt.__file__).parents[1].rglob("*.py"):
        assert not re.search(r"MissingToken|missing_token|\bbearer\(", path.read_text()), path


def test_error_shows_nothing() -> None:
    """The refusal does not repeat the header."""
    with pytest.raises(MalformedToken) as caught:
        bearer("Basic dXNlcjpwYXNzd29yZA==")
    assert "dXNlcjpw" not in str(caught.value) + repr(caught.value)
