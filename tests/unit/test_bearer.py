"""`bearer`: the token of an Authorization header (RFC 6750 section 2.1, RFC 9110 section 11.6.2)."""

import pytest

import forge
from judge import refusal
from jwseal import bearer


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


@pytest.mark.parametrize("value", [None, 5, bytearray(b"Bearer x"), ["Bearer x"]])
def test_wrong_type(value: object) -> None:
    """A header value is str or bytes."""
    with pytest.raises(TypeError):
        bearer(value)


def test_error_shows_nothing() -> None:
    """The refusal does not repeat the header."""
    from jwseal import MalformedToken

    with pytest.raises(MalformedToken) as caught:
        bearer("Basic dXNlcjpwYXNzd29yZA==")
    assert "dXNlcjpw" not in str(caught.value) + repr(caught.value)
