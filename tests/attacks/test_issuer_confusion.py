"""Attacks on the choice among issuers: keys, kids, headers and names of one issuer used for another (RFC 8725 section 3.8).

Each is a flaw that a gateway or library had: keys cached by kid without the issuer, URLs made from claims, an issuer that is
compared by prefix. The attacker here is an issuer of the table, or a client without any key.
"""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import forge
from judge import refusal, verdict
from jwseal import UNCHECKED, Issuers, IssuerTemplate, KeySet, Policy, SigningKey, Verifier
from jwseal.testing import FakeIssuer


@pytest.fixture
def good() -> Iterator[FakeIssuer]:
    """The issuer that the attacker wants to be."""
    with FakeIssuer(path="/good", kid="shared") as issuer:
        yield issuer


@pytest.fixture
def evil(good: FakeIssuer) -> FakeIssuer:
    """An issuer on the same server, with a key of the same kid."""
    return good.another("/evil", kid="shared")


def verifier(issuer: FakeIssuer) -> Verifier:
    """The verifier of one issuer, with its published keys."""
    return Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"))


def table(*issuers: FakeIssuer) -> Issuers:
    """All of them."""
    return Issuers({issuer.url: verifier(issuer) for issuer in issuers})


def test_two_issuers_share_a_kid(good: FakeIssuer, evil: FakeIssuer) -> None:
    """A key is found within its issuer's set only: the same kid elsewhere signs nothing for it (CVE-2025-59936)."""
    asked = table(good, evil)
    assert good.url == asked.verify(good.token())["iss"]
    assert "invalid_signature" == refusal(asked.verify, evil.token(iss=good.url))
    assert "invalid_signature" == refusal(asked.verify, good.token(iss=evil.url))


def test_a_remembered_header_does_not_choose(good: FakeIssuer, evil: FakeIssuer) -> None:
    """After hundreds of tokens of one issuer, another's token with the same header text is judged by its own keys."""
    asked = table(good, evil)
    mine, theirs = good.token(), evil.token()
    assert mine.split(".")[0] == theirs.split(".")[0]
    for _ in range(200):
        asked.verify(mine)
    assert evil.url == asked.verify(theirs)["iss"]
    assert "invalid_signature" == refusal(asked.verify, evil.token(iss=good.url))
    assert good.url == asked.verify(mine)["iss"]


def test_the_right_key_under_the_wrong_name(good: FakeIssuer) -> None:
    """A key source belongs to one issuer: its own key does not make another `iss` acceptable (CVE-2024-8901)."""
    assert "claim_mismatch" == refusal(verifier(good).verify, good.token(iss=good.url + "/other"))
    assert "key_not_found" == refusal(table(good).verify, good.token(iss=good.url + "/other"))


@pytest.mark.parametrize(
    "change", ["{}/", "{}.evil.example", "{}@evil.example", " {}", "{}\x00", "{}?x", "{}#x", "{}%2f"]
)
def test_names_that_resemble(good: FakeIssuer, change: str) -> None:
    """Names are compared whole, byte by byte: no prefix, no trailing slash, no case folding, no decoding."""
    asked = table(good)
    assert "key_not_found" == refusal(asked.verify, good.token(iss=change.format(good.url)))
    assert "key_not_found" == refusal(asked.verify, good.token(iss=good.url.upper()))


def test_an_unknown_issuer_makes_no_request(good: FakeIssuer) -> None:
    """No URL is made of a claim: a token of an issuer that is not listed causes no connection (CVE-2026-32301)."""
    with socket.create_server(("127.0.0.1", 0)) as listener, FakeIssuer() as stranger:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asked = table(good)
        headers = {"jku": address, "x5u": address, "jwk": stranger.jwks()["keys"][0]}
        for issuer in (address, stranger.url):
            assert "key_not_found" == refusal(asked.verify, stranger.token(iss=issuer, headers=headers))
        assert "invalid_signature" == refusal(
            asked.verify, stranger.token(iss=good.url, headers={**headers, "kid": "shared"})
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert (0, 0) == (stranger.connections, good.connections)


def test_two_issuers_in_one_payload(good: FakeIssuer, evil: FakeIssuer) -> None:
    """A payload with two `iss` is no token, whichever of them a parser would take."""
    asked = table(good, evil)
    for first, second in ((good, evil), (evil, good)):
        payload = f'{{"iss":"{first.url}","iss":"{second.url}"}}'.encode()
        forged = forge.segments({"alg": "ES256", "kid": "shared"}, payload, bytes(64))
        assert "malformed_token" == refusal(asked.verify, forged)


def test_escapes_in_the_name(good: FakeIssuer) -> None:
    """A name is compared after its JSON escapes are read, before and after the signature alike."""
    key = good.key()
    assert isinstance(key, SigningKey)
    text = "".join(f"\\u{ord(letter):04x}" for letter in good.url)
    payload = f'{{"iss":"{text}","aud":"api","exp":99999999999}}'.encode()
    from jwseal import jws

    assert good.url == table(good).verify(jws.sign(payload, key))["iss"]


def test_a_template_does_not_reach_beyond_its_segment(good: FakeIssuer) -> None:
    """A tenant's administrator cannot name an issuer of another path, host or tenant through the placeholder."""
    template = IssuerTemplate("https://login.example/{tenant}/v2.0", claim="tid", values=UNCHECKED)
    policy = Policy(issuer=template, audience="api")
    asked = Issuers({template: Verifier(KeySet.from_jwks(good.jwks()), policy)})
    for tenant in ("a/../b", "a/v2.0/https:", "..", "b\x00", "a%2f..%2fb", "a/v2.0#", ""):
        name = f"https://login.example/{tenant}/v2.0"
        assert "key_not_found" == refusal(asked.verify, good.token(iss=name, tid=tenant))
    victim = "https://login.example/victim/v2.0"
    assert "claim_mismatch" == refusal(asked.verify, good.token(iss=victim, tid="attacker"))
    assert "missing_claim" == refusal(asked.verify, good.token(iss=victim))


def test_a_published_issuer_cannot_be_left_out(good: FakeIssuer) -> None:
    """A key that the provider's set publishes for one tenant signs for no other, whatever the policy's template accepts."""
    issuer = good.another("/provider", alg=None)
    issuer.add_key("ES256", "guest", members={"issuer": "https://login.example/guest/v2.0"})
    issuer.use("guest")
    template = IssuerTemplate("https://login.example/{tenant}/v2.0", claim="tid", values=UNCHECKED)
    asked = Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=template, audience="api"))
    guest, victim = (f"https://login.example/{name}/v2.0" for name in ("guest", "victim"))
    assert "guest" == asked.verify(issuer.token(iss=guest, tid="guest"))["tid"]
    assert "claim_mismatch" == refusal(asked.verify, issuer.token(iss=victim, tid="victim"))


@pytest.mark.parametrize("kid", ["../../../../dev/null", "' OR '1'='1", "x" * 3000, "", "shared\x00"])
def test_kids_are_opaque(good: FakeIssuer, kid: str) -> None:
    """A kid is compared for equality and used for nothing else."""
    assert "key_not_found" == refusal(table(good).verify, good.token(headers={"kid": kid}))


@pytest.mark.parametrize("kid", [5, None, ["shared"], {"a": 1}])
def test_kids_of_other_types(good: FakeIssuer, kid: object) -> None:
    """A kid that is no string is refused with the header."""
    assert "unsupported_header" == refusal(table(good).verify, good.token(headers={"kid": kid}))


def test_threads_do_not_mix_issuers(good: FakeIssuer, evil: FakeIssuer) -> None:
    """Eight threads over one table: each token is judged by its own issuer's keys, every time."""
    asked = table(good, evil)
    cases = [
        (good.token(), "accepted"),
        (evil.token(), "accepted"),
        (evil.token(iss=good.url), "invalid_signature"),
        (good.token(iss=evil.url), "invalid_signature"),
    ]
    barrier = threading.Barrier(8)

    def run(_: int) -> bool:
        barrier.wait()
        return all(expected == verdict(asked.verify, token) for _ in range(100) for token, expected in cases)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(8)))
