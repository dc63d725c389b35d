"""The threats to keys that come over a network, each by name: what an attacker, a provider or an outage does, and the code."""

import base64
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import forge
from judge import AUDIENCE, NOW, claims, code, refusal
from jwseal import Issuers, KeySet, KeySourceUnavailable, Policy, Verifier
from jwseal.remote import ManualClock, RemoteKeySet
from jwseal.testing import Answer, FakeIssuer
from keyring import answer, key, publish, token, verifier
from waiting import wait_until


class Counted(RemoteKeySet):
    """A source that counts what verifiers ask it for, and how it is fetched."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked: list[str] = []

    def keys_needed(self, reason: str, kid: str | None) -> Any:
        self.asked.append(reason)
        return super().keys_needed(reason, kid)


def remote(issuer: FakeIssuer, clock: ManualClock | None = None, **options: Any) -> Counted:
    """A source for this issuer."""
    return Counted(
        issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, timeout=20.0, clock=clock, **options
    )


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c"])
def test_urls_and_keys_in_a_token_lead_nowhere(issuer: FakeIssuer, member: str) -> None:
    """A header that names a URL or a key causes a fetch of the configured URL, and no other connection."""
    with FakeIssuer(alg=None) as attacker:
        publish(attacker, "z")
        named: dict[str, Any] = {
            "jku": attacker.jwks_uri,
            "x5u": attacker.jwks_uri,
            "jwk": key("z").to_jwk(),
            "x5c": [base64.b64encode(b"certificate").decode()],
        }
        judge = verifier(remote(issuer))
        forged = token("z", header={"alg": "ES256", "kid": "z", member: named[member]}, iss=attacker.url)
        assert refusal(judge.verify, forged) == "key_not_found"
        assert attacker.connections == 0
    assert {request.path for request in issuer.requests} == {"/jwks"}


def test_an_issuer_in_a_token_chooses_no_url(issuer: FakeIssuer) -> None:
    """A token of an issuer that is not listed is refused without a request to anyone."""
    judge = verifier(remote(issuer), Policy(issuer=issuer.url, audience=AUDIENCE))
    table = Issuers({issuer.url: judge})
    assert refusal(table.verify, token("a", iss=issuer.url + "/..")) == "key_not_found"
    assert issuer.requests == []


def test_rebinding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to a private address at its second resolution is resolved once, judged, and connected to as judged."""
    asked: list[str] = []
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))]
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    connected: list[Any] = []

    # Sources of other tests may fetch at the same time.
    really, connect_really = socket.getaddrinfo, socket.create_connection

    def resolve(host: str, *args: Any, **named: Any) -> Any:
        if host != "id.example":
            return really(host, *args, **named)
        asked.append(host)
        return private if len(asked) > 1 else public

    def connect(address: Any, *args: Any, **named: Any) -> Any:
        if address[1] != 443:
            return connect_really(address, *args, **named)
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("jwseal.remote.address._is_private", lambda address: address.is_loopback)
    source = RemoteKeySet("https://id.example/jwks", algorithms=["ES256"], refuse_private_addresses=True)
    with pytest.raises(KeySourceUnavailable, match="cannot be reached"):
        source.refresh()
    assert (asked, connected) == (["id.example"], [("192.0.2.1", 443)])
    with pytest.raises(KeySourceUnavailable, match="private address"):
        source.refresh()
    assert len(connected) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
def test_redirects(issuer: FakeIssuer, status: int) -> None:
    """No redirect is followed, to whatever it leads."""
    with FakeIssuer(alg=None) as other:
        publish(other, "a")
        issuer.reply(Answer.redirect(other.jwks_uri, status))
        assert refusal(verifier(remote(issuer)).verify, token("a")) == "key_source_unavailable"
        assert other.connections == 0


def test_private_members(issuer: FakeIssuer) -> None:
    """A private key and a secret that were published verify nothing."""
    issuer.publish_private_key("leaked")
    secret = issuer.jwks()["keys"][-1]
    octets = forge.unb64(secret["k"])
    judge = verifier(remote(issuer))
    assert judge.verify(token("a")).kid == "a"
    assert refusal(judge.verify, token("leaked", signed_by="z")) == "key_not_found"
    forged = forge.segments({"alg": "HS256", "kid": secret["kid"]}, claims())
    assert len(octets) >= 32
    assert refusal(judge.verify, forged) == "algorithm_not_allowed"


def test_unknown_types_and_duplicate_kids(issuer: FakeIssuer) -> None:
    """An unknown kty is skipped; of keys that share a kid none is used, and the others are."""
    issuer.publish(
        {"kty": "XYZ", "kid": "x"}, key("b").to_jwk() | {"kid": "twice"}, key("c").to_jwk() | {"kid": "twice"}
    )
    judge = verifier(remote(issuer))
    assert judge.verify(token("a")).kid == "a"
    assert refusal(judge.verify, token("twice", signed_by="b")) == "key_not_found"


def test_two_issuers_share_a_kid(issuer: FakeIssuer) -> None:
    """A key of one issuer signs nothing for another, though both publish the same kid."""
    with FakeIssuer(alg=None) as other:
        other.publish(key("z").to_jwk() | {"kid": "a"})
        table = Issuers(
            {one.url: verifier(remote(one), Policy(issuer=one.url, audience=AUDIENCE)) for one in (issuer, other)}
        )
        assert table.verify(token("a", iss=issuer.url)).kid == "a"
        assert table.verify(token("a", signed_by="z", iss=other.url)).kid == "a"
        assert refusal(table.verify, token("a", signed_by="z", iss=issuer.url)) == "invalid_signature"
        assert refusal(table.verify, token("a", iss=other.url)) == "invalid_signature"


def test_a_flood_of_invented_kids_during_a_rotation(issuer: FakeIssuer) -> None:
    """100,000 invented kids on 8 threads, in 40 seconds of the source's clock: a fetch in 10 seconds at most.

    The new key is accepted 10 seconds after it was published at the latest, and the known key all the time.
    """
    clock = ManualClock()
    source = remote(issuer, clock)
    judge = verifier(source)
    judge.verify(token("a"))
    head, _, signature = token("invented").split(".")
    body = forge.b64(json.dumps(claims()).encode())

    def flood(thread: int) -> set[str]:
        codes = set()
        for number in range(3_125):
            kid = forge.b64(json.dumps({"alg": "ES256", "kid": f"{period}-{thread}-{number}"}).encode())
            codes.add(refusal_code(judge, f"{kid}.{body}.{signature}"))
        return codes

    assert head
    with ThreadPoolExecutor(8) as pool:
        for period in range(4):
            if period == 1:
                publish(issuer, "a", "b")
            assert set().union(*pool.map(flood, range(8))) == {"key_not_found"}
            assert judge.verify(token("a")).kid == "a"
            assert issuer.count() <= 2 + period
            clock.advance(10.0)
            if period == 1:
                assert judge.verify(token("b")).kid == "b"
    assert len(source.asked) < 1_000


def refusal_code(judge: Verifier, text: str) -> str:
    """As `judge.refusal`, quick enough for 100,000."""
    try:
        judge.verify(text)
    except Exception as error:
        return code(error)
    return "accepted"


def test_no_stampede_at_expiry(issuer: FakeIssuer) -> None:
    """64 threads at the moment of a refresh: one fetch, and each verifies while the answer is held back."""
    clock = ManualClock()
    source = remote(issuer, clock)
    judge = verifier(source)
    judge.verify(token("a"))
    with issuer.hold() as gate, ThreadPoolExecutor(64) as pool:
        clock.advance(290.0)
        results = [pool.submit(judge.verify, token("a")) for _ in range(640)]
        assert {result.result(30).kid for result in results} == {"a"}
        assert gate.arrived()
        gate.open()
    assert source.asked == ["cold"]
    assert issuer.count() == 2


def test_outage_parks_no_caller(issuer: FakeIssuer) -> None:
    """Half an hour in which the provider accepts connections and says nothing: known keys verify, and no caller has to wait."""
    clock = ManualClock()
    source = remote(issuer, clock, background_timeout=0.05)
    judge = verifier(source)
    judge.verify(token("a"))
    with issuer.hold():
        for _ in range(60):
            clock.advance(30.0)
            assert judge.verify(token("a")).kid == "a"
            assert [one.kid for one in judge.verify_many([token("a")] * 3)] == ["a"] * 3  # type: ignore[union-attr]
    assert source.asked == ["cold"]
    assert source.generation == 1


def test_keys_outlive_no_day(issuer: FakeIssuer) -> None:
    """Whatever a provider says about freshness, its keys are fetched again within a day and refused after it."""
    publish(issuer, "a", cache_control="max-age=31536000")
    clock = ManualClock()
    source = remote(issuer, clock)
    judge = verifier(source)
    judge.verify(token("a"))
    answer(issuer, 500)
    clock.advance(86_400.0)
    wait_until(lambda: source.health.failures > 0)
    assert judge.verify(token("a")).kid == "a"
    clock.advance(1.0)
    assert refusal(judge.verify, token("a")) == "key_source_unavailable"


def test_an_emergency_withdrawal(issuer: FakeIssuer) -> None:
    """After `refresh()` a withdrawn key is refused on the next call, for tokens that verified before too."""
    publish(issuer, "a", "b")
    source = remote(issuer)
    judge = verifier(source)
    judge.verify(token("a"))
    publish(issuer, "b")
    assert source.refresh() is True
    assert refusal(judge.verify, token("a")) == "key_not_found"
    assert [code(one) for one in judge.verify_many([token("a")])] == ["key_not_found"]  # type: ignore[arg-type]
    assert judge.verify(token("b")).kid == "b"


def test_wall_clock_jumps(issuer: FakeIssuer) -> None:
    """A wall clock that is set forward or back makes no key younger or older."""
    wall = [1_795_867_200.0]
    clock = ManualClock()
    source = remote(issuer, clock, wall_clock=lambda: wall[0])
    judge = Verifier(source, Policy(issuer=claims()["iss"], audience=AUDIENCE))
    judge.verify(token("a"), now=NOW)
    for jump in (1e7, -2e7):
        wall[0] += jump
        assert judge.verify(token("a"), now=NOW).kid == "a"
        assert source.health.age == 0.0
    answer(issuer, 500)
    clock.advance(3_601.0)
    assert refusal(judge.verify, token("a"), now=NOW) == "key_source_unavailable"


def test_a_set_that_grows_and_shrinks(issuer: FakeIssuer) -> None:
    """Each generation has exactly the keys of its answer."""
    source = remote(issuer)
    for kids in (["a"], ["a", "b"], ["b", "c"], ["c"]):
        publish(issuer, *kids)
        source.refresh()
        assert source.health.keys == KeySet([key(kid) for kid in kids])
    assert source.generation == 4
