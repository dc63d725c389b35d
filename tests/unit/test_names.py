"""Member names and some values are shared between tokens, and none is ever taken for another one."""

import json

import pytest

from jwseal import UNCHECKED, Policy, SecretKey, Signer, Verifier

LONGEST_SHARED = 64


def texts(length: int) -> list[str]:
    """Names of one length that differ in one place only, ASCII and not."""
    plain = "abcdefghijklmnopqrstuvwxyz" * 3
    base = plain[:length]
    changed = [base[:place] + mark + base[place + 1 :] for place in range(length) for mark in ("X", "\u00e9")]
    return [base, *changed]


@pytest.mark.parametrize("length", range(1, LONGEST_SHARED + 3))
def test_names_that_differ_in_one_place(length: int) -> None:
    """Names of one length that differ in one character stay apart, at the first and at the second reading."""
    key = SecretKey.generate("HS256")
    policy = Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED)
    signer, verifier = Signer(key), Verifier(key, policy)
    for _ in range(2):  # the second time names are found that the first left
        for name in texts(length):
            claims = verifier.verify(signer.sign({name: 1})).claims
            assert set(claims) - {"iat"} == {name}
        together = {name: place for place, name in enumerate(texts(length))}
        read = verifier.verify(signer.sign(together))
        assert read.claims == json.loads(read.payload)
        assert {name: read[name] for name in together} == together


def test_words_that_tokens_have_in_common_are_shared() -> None:
    """Issuer, audience and words in arrays are one string for all tokens; subjects, names and identifiers never are."""
    key = SecretKey.generate("HS256")
    signer = Signer(key)
    verifier = Verifier(key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED))
    common = {"iss": "https://id.example", "aud": "https://api.example", "azp": "web", "scope": "a" * LONGEST_SHARED}
    own = {
        "sub": "248289761001",
        "jti": "7f3c",
        "email": "jane@example.com",
        "amr": ["pwd"],
        "roles": ["r" * 16, "r" * 17],
    }
    token = signer.sign({**common, **own, "realm_access": {"roles": ["user"], "sub": "jane"}})
    first, second = (verifier.verify(token).claims for _ in range(2))
    assert first == second
    assert [name for name in common if first[name] is not second[name]] == []
    assert [name for name in own if first[name] is second[name]] == []
    assert first["amr"][0] is second["amr"][0]
    assert first["realm_access"]["roles"][0] is second["realm_access"]["roles"][0]
    assert first["realm_access"]["sub"] is not second["realm_access"]["sub"]
    assert [one is other for one, other in zip(first["roles"], second["roles"], strict=True)] == [True, False]


@pytest.mark.parametrize("length", range(1, LONGEST_SHARED + 3))
def test_shared_values_that_differ_in_one_place(length: int) -> None:
    """A shared value is never taken for another one, as a claim and as an element."""
    key = SecretKey.generate("HS256")
    signer = Signer(key)
    verifier = Verifier(key, Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED))
    for _ in range(2):  # the second time values are found that the first left
        for text in texts(length):
            read = verifier.verify(signer.sign({"iss": text, "roles": [text]}))
            assert (read.claims["iss"], read.claims["roles"]) == (text, [text])
            assert read.claims == json.loads(read.payload)
