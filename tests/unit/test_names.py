"""Member names are shared between tokens, and a name is never taken for another one."""

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
