"""`RemoteKeySet` against a real server: when it fetches, what an answer must be, what serves meanwhile."""

import gc
import json
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

import pytest

from judge import NOW, STRICT, code, refusal
from jwseal import KeySet, KeySourceUnavailable, PolicyError, SecretKey, Verifier
from jwseal.remote import KeySetEvent, ManualClock, RemoteKeySet
from jwseal.testing import FakeIssuer
from keyring import answer, key, publish, signing, token, verifier
from waiting import wait_until


class Watched:
    """A remote set with a clock that stands still, and the events of its fetches."""

    def __init__(self, issuer: FakeIssuer, url: Any = None, **options: Any) -> None:
        self.clock = ManualClock(1_000.0)
        self.events: list[KeySetEvent] = []
        self._happened = threading.Condition()
        given = {"algorithms": ["ES256"], "allow_http_loopback": True, "timeout": 20.0, **options}
        self.keys = RemoteKeySet(url or issuer.jwks_uri, on_event=self._note, clock=self.clock, **given)
        self.verifier = verifier(self.keys)

    def _note(self, event: KeySetEvent) -> None:
        with self._happened:
            self.events.append(event)
            self._happened.notify_all()

    def advance(self, seconds: float, *, events: int | None = None) -> None:
        """Move the clock and, if so many events are expected in all, wait for them."""
        self.clock.advance(seconds)
        if events is not None:
            self.happened(events)

    def happened(self, events: int) -> None:
        """Wait for so many events in all: a fetch calls `on_event` after its callers have their answer."""
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.events) >= events, 30), self.events

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def test_fetches_when_first_needed(issuer: FakeIssuer) -> None:
    """Nothing is fetched at construction; the first token fetches, the next ones do not."""
    watched = Watched(issuer)
    assert (issuer.requests, watched.keys.ready, watched.keys.generation) == ([], False, 0)
    for _ in range(3):
        assert watched.verifier.verify(token("a")).key == key("a")
    assert len(issuer.requests) == 1
    assert (watched.keys.ready, watched.keys.generation) == (True, 1)


def test_the_request(issuer: FakeIssuer) -> None:
    """A request names this library, asks for no compression and carries no cookie, even after one was set."""
    publish(issuer, "a", set_cookie="id=1")
    watched = Watched(issuer)
    watched.keys.preload()
    watched.keys.refresh()
    for request in issuer.requests:
        assert request.headers["user-agent"].startswith("jwseal/")
        assert request.headers["accept-encoding"] == "identity"
        assert not {"cookie", "authorization"} & set(request.headers)


def test_refresh_ahead_of_expiry(issuer: FakeIssuer) -> None:
    """A set is fetched again before its freshness ends, without a caller, and verification goes on meanwhile."""
    publish(issuer, "a", cache_control="max-age=1000")
    watched = Watched(issuer)
    watched.keys.preload()
    watched.advance(700.0)
    assert watched.keys.health.next_fetch_in is not None
    publish(issuer, "a", "b", cache_control="max-age=1000")
    with issuer.hold() as gate:
        watched.advance(200.0)
        assert gate.arrived()
        assert watched.verifier.verify(token("a")).kid == "a"
        gate.open()
        watched.advance(0.0, events=2)
    assert watched.kinds == ["changed", "changed"]
    assert watched.verifier.verify(token("b")).kid == "b"
    assert len(issuer.requests) == 2


def test_equal_set_keeps_its_generation(issuer: FakeIssuer) -> None:
    """A refetch that yields an equal set keeps the generation, by 200 and by 304."""
    publish(issuer, "a", etag='"1"', last_modified="Sat, 28 Nov 2026 00:00:00 GMT")
    watched = Watched(issuer)
    watched.keys.preload()
    assert watched.keys.refresh() is False
    assert issuer.requests[1].headers["if-none-match"] == '"1"'
    assert issuer.requests[1].headers["if-modified-since"] == "Sat, 28 Nov 2026 00:00:00 GMT"
    answer(issuer, 304, b"")
    assert watched.keys.refresh() is False
    watched.happened(3)
    assert watched.kinds == ["changed", "unchanged", "unchanged"]
    assert (watched.keys.generation, watched.keys.health.keys) == (1, KeySet([key("a")]))


def test_not_modified_without_a_condition_is_a_failure(issuer: FakeIssuer) -> None:
    """304 answers a conditional request only."""
    answer(issuer, 304, b"")
    watched = Watched(issuer)
    assert refusal(watched.verifier.verify, token("a")) == "key_source_unavailable"


def test_rotation_is_seen_by_the_unknown_kid(issuer: FakeIssuer) -> None:
    """A token of a new key is accepted at once: its kid is fetched for."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    publish(issuer, "b")
    assert watched.verifier.verify(token("b")).key == key("b")
    assert refusal(watched.verifier.verify, token("a")) == "key_not_found"
    watched.happened(2)
    assert watched.events[1].added == (key("b"),)
    assert watched.events[1].removed == (key("a"),)


def test_one_fetch_for_unknown_kids_in_ten_seconds(issuer: FakeIssuer) -> None:
    """Invented kids cause one fetch in ten seconds; known keys and the new key are not held up by them."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    invented = [token(f"invented-{number}", signed_by="z") for number in range(50)]
    for period in range(3):
        for text in invented:
            assert refusal(watched.verifier.verify, text) == "key_not_found"
        assert len(issuer.requests) == 2 + period
        watched.verifier.verify(token("a"))
        watched.clock.advance(10.0)
    publish(issuer, "a", "b")
    assert watched.verifier.verify(token("b")).kid == "b"


def test_withdrawal_of_all_keys(issuer: FakeIssuer) -> None:
    """An empty array is an answer: every key is withdrawn at once."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    publish(issuer)
    assert watched.keys.refresh() is True
    assert refusal(watched.verifier.verify, token("a")) == "key_not_found"
    assert (watched.keys.ready, watched.keys.generation, watched.keys.health.keys) == (True, 2, None)


ANSWERS = {
    "status 500": (500, b"{}"),
    "status 404": (404, b""),
    "status 204": (204, b""),
    "redirect": (302, b""),
    "no JSON": (200, b"<html>"),
    "an array": (200, b"[]"),
    "no keys": (200, b"{}"),
    "keys that is no array": (200, b'{"keys":{}}'),
    "metadata": (200, b'{"issuer":"x","jwks_uri":"https://x"}'),
    "unusable keys alone": (200, b'{"keys":[{"kty":"XX"}]}'),
    "private keys alone": (200, b'{"keys":[{"kty":"oct","k":"AAAA"}]}'),
    "duplicate members": (200, b'{"keys":[],"keys":[]}'),
    "not UTF-8": (200, b'{"keys":[],"x":"\xff"}'),
    "empty": (200, b""),
    "too long": (200, b'{"keys":[]}' + b" " * 300_000),
}


@pytest.mark.parametrize("wrong", ANSWERS.values(), ids=ANSWERS)
def test_answers_that_are_none(issuer: FakeIssuer, wrong: tuple[int, bytes]) -> None:
    """Anything but 200 with an array of keys is a failure: cold it is unavailable, warm the old set serves on."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    answer(issuer, *wrong)
    cold = Watched(issuer)
    assert refusal(cold.verifier.verify, token("a")) == "key_source_unavailable"
    with pytest.raises(KeySourceUnavailable):
        watched.keys.refresh()
    assert watched.verifier.verify(token("a")).kid == "a"
    assert refusal(watched.verifier.verify, token("b", signed_by="a")) == "key_not_found"
    assert (watched.keys.generation, watched.keys.health.failures) == (1, 2)


def test_what_an_error_says(issuer: FakeIssuer) -> None:
    """An error names the URL without its query, and nothing of the answer."""
    answer(issuer, 500, b"sealed-body")
    watched = Watched(issuer, issuer.jwks_uri + "?key=sealed-query")
    with pytest.raises(KeySourceUnavailable, match="status of the answer is 500") as raised:
        watched.verifier.verify(token("a"))
    said = f"{raised.value} {watched.keys.health} {watched.events} {watched.keys!r} {watched.keys.urls}"
    assert "sealed" not in said
    assert issuer.jwks_uri in str(raised.value)


def test_cold_failure_is_retried_within_seconds(issuer: FakeIssuer) -> None:
    """Without keys a failure is answered at once until the next attempt, which comes within seconds, by itself."""
    answer(issuer, 500, b"")
    watched = Watched(issuer)
    for _ in range(3):
        assert refusal(watched.verifier.verify, token("a")) == "key_source_unavailable"
    assert len(issuer.requests) == 1
    publish(issuer, "a")
    watched.advance(1.2, events=2)
    assert watched.verifier.verify(token("a")).kid == "a"
    assert len(issuer.requests) == 2


def test_outage(issuer: FakeIssuer) -> None:
    """Half an hour of outage: known keys verify all the time, and attempts are apart by the backoff, not by the interval."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    watched.happened(1)
    answer(issuer, 503, b"")
    seconds = 0
    while seconds < 1_800:
        due = watched.keys.health.next_fetch_in
        assert due is not None
        step = min(due + 0.01, 1_800 - seconds + 0.01)
        watched.advance(step, events=len(watched.events) + 1 if step > due else None)
        seconds += step
        assert watched.verifier.verify(token("a")).kid == "a"
    assert 20 < watched.kinds.count("failed") < 50
    assert watched.keys.generation == 1


def test_stale_if_error(issuer: FakeIssuer) -> None:
    """The old set serves for an hour after the last success, then tokens are unavailable; `now` changes nothing about that."""
    watched = Watched(issuer)
    watched.verifier.verify(token("a"))
    answer(issuer, 503, b"")
    watched.advance(3_600.0, events=2)
    watched.verifier.verify(token("a"))
    watched.advance(0.5)
    assert refusal(watched.verifier.verify, token("a"), now=NOW) == "key_source_unavailable"
    assert not watched.keys.ready
    publish(issuer, "a")
    watched.advance(120.0, events=len(watched.events) + 1)
    watched.keys.preload()
    watched.verifier.verify(token("a"))


def test_fail_closed(issuer: FakeIssuer) -> None:
    """With `stale_if_error=0` keys serve for as long as they are fresh."""
    watched = Watched(issuer, stale_if_error=0)
    watched.verifier.verify(token("a"))
    answer(issuer, 503, b"")
    watched.advance(300.0, events=2)
    watched.verifier.verify(token("a"))
    watched.advance(0.5)
    assert refusal(watched.verifier.verify, token("a")) == "key_source_unavailable"


def test_members_that_are_skipped(issuer: FakeIssuer) -> None:
    """Private, symmetric, unknown and other members are skipped; the usable ones serve."""
    usable = key("a").to_jwk()
    others = [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj", "alg": "HS256", "kid": "b"},
        {**usable, "d": "AAAA", "kid": "c"},
        signing("p").to_private_jwk(),
        {"kty": "unknown", "kid": "d"},
        key("e", "ES384").to_jwk(),
        {**usable, "use": "enc", "kid": "f"},
        key("g").to_jwk() | {"kid": "dup"},
        key("h").to_jwk() | {"kid": "dup"},
    ]
    answer(issuer, 200, json.dumps({"keys": [*others, usable]}).encode(), content_type="text/html")
    watched = Watched(issuer)
    watched.keys.preload()
    keys = watched.keys.health.keys
    assert keys == KeySet([key("a")])
    assert watched.verifier.verify(token("a")).kid == "a"
    reasons = {kid: reason for _, kid, reason in keys.skipped}
    assert "a secret was published at a URL: it is not used" in reasons["b"]
    assert "a private key was published at a URL: it is not used" in reasons["p"]


def test_too_many_keys(issuer: FakeIssuer) -> None:
    """A set of more than `max_keys` members is a failure."""
    publish(issuer, "a", "b")
    assert refusal(Watched(issuer, max_keys=1).verifier.verify, token("a")) == "key_source_unavailable"
    assert Watched(issuer, max_keys=2).verifier.verify(token("a")).kid == "a"


def test_urls_in_order(issuer: FakeIssuer) -> None:
    """Of several URLs the first that answers serves."""
    with FakeIssuer(alg=None) as second:
        publish(second, "b")
        answer(issuer, 500, b"")
        watched = Watched(issuer, [issuer.jwks_uri, second.jwks_uri])
        assert watched.verifier.verify(token("b")).kid == "b"
        assert watched.keys.health.url == second.jwks_uri
        publish(issuer, "a")
        watched.keys.refresh()
        assert watched.verifier.verify(token("a")).kid == "a"
        answer(second, 500, b"")
        answer(issuer, 500, b"")
        with pytest.raises(KeySourceUnavailable, match="500; http"):
            watched.keys.refresh()


def test_local_keys(issuer: FakeIssuer) -> None:
    """Local keys verify without a fetch, beside the remote ones, and when those are gone."""
    watched = Watched(issuer, local_keys=KeySet([key("local")]))
    assert watched.verifier.verify(token("local")).kid == "local"
    assert issuer.requests == []
    assert watched.verifier.verify(token("a")).kid == "a"
    assert watched.verifier.verify(token("local")).kid == "local"
    answer(issuer, 500, b"")
    watched.advance(4_000.0, events=2)
    assert watched.verifier.verify(token("local")).kid == "local"
    assert refusal(watched.verifier.verify, token("a")) == "key_source_unavailable"


def test_a_local_key_wins(issuer: FakeIssuer) -> None:
    """A provider cannot take over the kid of a local key."""
    answer(issuer, 200, json.dumps({"keys": [key("b").to_jwk() | {"kid": "a"}, key("c").to_jwk()]}).encode())
    watched = Watched(issuer, local_keys=KeySet([key("a")]))
    watched.keys.preload()
    assert watched.verifier.verify(token("a")).key == key("a")
    assert refusal(watched.verifier.verify, token("a", signed_by="b")) == "invalid_signature"
    assert watched.verifier.verify(token("c")).kid == "c"


def test_bearer_token_is_read_for_each_fetch(issuer: FakeIssuer, tmp_path: Any) -> None:
    """The token of the file goes with each request, as the file holds it then; an unusable file is a failure."""
    file = tmp_path / "token"
    file.write_text("first\n")
    watched = Watched(issuer, token_file=file)
    watched.keys.preload()
    file.write_text("second")
    watched.keys.refresh()
    assert [request.headers["authorization"] for request in issuer.requests] == ["Bearer first", "Bearer second"]
    for content in ("", "two words", "a\nb: c"):
        file.write_text(content)
        with pytest.raises(KeySourceUnavailable, match="token file"):
            watched.keys.refresh()
    file.unlink()
    with pytest.raises(KeySourceUnavailable, match="token file"):
        watched.keys.refresh()
    assert len(issuer.requests) == 2


def test_health(issuer: FakeIssuer) -> None:
    """Health says what serves, since when, until when, and why the last fetch failed."""
    watched = Watched(issuer)
    health = watched.keys.health
    assert (health.ready, health.generation, health.age, health.refused_in, health.last_error) == (
        False,
        0,
        None,
        None,
        None,
    )
    watched.keys.preload()
    watched.clock.advance(100.0)
    health = watched.keys.health
    assert (health.ready, health.age, health.refused_in, health.failures) == (True, 100.0, 3_500.0, 0)
    assert health.next_fetch_in is not None
    assert 300 * 0.72 - 100 <= health.next_fetch_in <= 300 * 0.88 - 100
    answer(issuer, 500, b"")
    with pytest.raises(KeySourceUnavailable):
        watched.keys.refresh()
    assert watched.keys.health.last_error == f"{issuer.jwks_uri}: the status of the answer is 500"


def test_an_event_callback_that_raises(issuer: FakeIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """A callback that raises is logged and stops nothing."""

    def fail(event: KeySetEvent) -> None:
        raise ValueError(event.kind)

    keys = RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, on_event=fail)
    keys.preload()
    keys.refresh()
    assert verifier(keys).verify(token("a")).kid == "a"
    wait_until(lambda: caplog.text.count("on_event raised") == 2)


def test_a_dropped_source_is_collected(issuer: FakeIssuer) -> None:
    """The thread that fetches keeps no source alive."""
    keys = RemoteKeySet(issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True)
    keys.preload()
    gone = weakref.ref(keys)
    del keys
    for _ in range(100):
        gc.collect()
        if gone() is None:
            break
        threading.Event().wait(0.05)
    assert gone() is None


URLS = [
    "http://id.example/jwks",
    "http://localhost.example/jwks",
    "http://127.0.0.1.example/jwks",
    "http://10.0.0.1/jwks",
    "file:///etc/passwd",
    "ftp://id.example/jwks",
    "data:application/json,{}",
    "id.example/jwks",
    "https://",
    "https:///jwks",
    "https://user:secret@id.example/jwks",
    "https://token@id.example/jwks",
    "https://id.example:port/jwks",
    "",
    "\x00",
]


@pytest.mark.parametrize("url", URLS)
def test_urls_that_are_refused(url: str) -> None:
    """Keys come by HTTPS, from a URL without credentials; plain HTTP is for this machine, where it is allowed."""
    for allowed in (False, True):
        with pytest.raises(PolicyError) as raised:
            RemoteKeySet(url, algorithms=["RS256"], allow_http_loopback=allowed)
        assert "secret" not in str(raised.value)


def test_http_to_this_machine_is_allowed_by_option() -> None:
    """Without the option, http to loopback is refused too."""
    for host in ("127.0.0.1", "127.8.0.1", "[::1]", "localhost"):
        with pytest.raises(PolicyError, match="allow_http_loopback"):
            RemoteKeySet(f"http://{host}/jwks", algorithms=["RS256"])
        RemoteKeySet(f"http://{host}/jwks", algorithms=["RS256"], allow_http_loopback=True)


OPTIONS: dict[str, Any] = {
    "no algorithm": {"algorithms": []},
    "a str of algorithms": {"algorithms": "RS256"},
    "an unknown algorithm": {"algorithms": ["RS1"]},
    "an HMAC algorithm": {"algorithms": ["RS256", "HS256"]},
    "none": {"algorithms": ["none"]},
    "fresh too short": {"fresh_for": 59},
    "fresh too long": {"fresh_for": 86_401},
    "stale too long": {"stale_if_error": 86_401},
    "stale negative": {"stale_if_error": -1},
    "no timeout": {"timeout": 0},
    "no number": {"timeout": float("nan")},
    "a secret beside public keys": {"local_keys": KeySet([SecretKey.generate("HS256")])},
    "a local key of another algorithm": {"local_keys": KeySet([key("a", "ES384")])},
    "no bytes": {"max_bytes": 0},
    "no keys": {"max_keys": 0},
    "less than no keys": {"max_keys": -1},
    "more bytes than fit": {"max_bytes": 2**31},
    "a port that is none": {"url": "https://id.example:99999/jwks"},
    "two trust stores": {"ca_file": "x", "system_trust_store": True},
    "four parts of a certificate": {"client_certificate": ("a", "b", "c", "d")},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options_that_are_refused(options: dict[str, Any]) -> None:
    """A wrong declaration is a PolicyError when it is made."""
    with pytest.raises(PolicyError) as raised:
        RemoteKeySet(**{"url": "https://id.example/jwks", "algorithms": ["ES256"], **options})
    assert code(raised.value) == "invalid_policy"


def test_arguments_of_the_wrong_type() -> None:
    """The message names the argument and what it is; a URL is a str, and there is at least one."""
    for name, value in (
        ("local_keys", [key("a")]),
        ("on_event", "print"),
        ("transport", "https://id.example"),
        ("clock", time.time),
        ("timeout", "3"),
        ("timeout", True),
        ("fresh_for", timedelta(minutes=5)),
        ("max_keys", 100.0),
        ("max_bytes", "262144"),
        ("url", 5),
        ("url", None),
        ("url", b"https://id.example/jwks"),
        ("url", [b"https://id.example"]),
    ):
        options: dict[str, Any] = {"url": "https://id.example/jwks", "algorithms": ["ES256"], name: value}
        with pytest.raises(TypeError, match=name.upper() if name == "url" else name):
            RemoteKeySet(**options)
    with pytest.raises(PolicyError):
        RemoteKeySet([], algorithms=["ES256"])


def test_tokens_are_judged_by_their_own_time(issuer: FakeIssuer) -> None:
    """The clock of the keys and the `now` of the claims have nothing to do with each other."""
    watched = Watched(issuer)
    judge = Verifier(watched.keys, STRICT)
    assert judge.verify(token("a"), now=NOW).kid == "a"
    assert refusal(judge.verify, token("a"), now=NOW + 1e6) == "token_expired"


@pytest.mark.parametrize("algorithms", [None, 5], ids=repr)
def test_algorithms_that_are_no_list(algorithms: Any) -> None:
    """The algorithms of a remote set are a list; anything else is a TypeError that says what to give."""
    with pytest.raises(TypeError, match="algorithms is a list of those to accept from the URL"):
        RemoteKeySet("https://id.example/jwks.json", algorithms=algorithms)


@pytest.mark.parametrize(
    "host",
    [
        "id..example",
        ".example",
        "-id.example",
        "id-.example",
        "a" * 64 + ".example",
        "1.2.3",
        "1.2.3.256",
        "id!.example",
        "id*.example",
    ],
)
def test_a_host_that_no_resolver_knows(host: str) -> None:
    """A URL whose host is no name and no address is refused when it is given, and not when keys are needed."""
    with pytest.raises(PolicyError, match="URL"):
        RemoteKeySet(f"https://{host}/jwks.json", algorithms=["RS256"])


@pytest.mark.parametrize(
    "host",
    [
        "id.example.",
        "id",
        "my_service.cluster.local",
        "1.example",
        "127.0.0.1",
        "[::1]",
        "xn--bcher-kva.example",
        "bücher.example",
    ],
)
def test_hosts(host: str) -> None:
    """Names of one part and several, with a dot at the end, underscores, international names and addresses are hosts."""
    assert RemoteKeySet(f"https://{host}/jwks.json", algorithms=["RS256"])
