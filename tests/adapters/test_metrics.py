"""Metrics: what is counted, under which labels, and that no client can add one; as Prometheus and OpenTelemetry read them."""

import os
import threading
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from judges import ruled
from jwseal import KeyNotFound, Policy, Verifier
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.authorizer import Authorizer
from jwseal.metrics import Metrics, PrometheusCollector, instrument
from jwseal.remote import RemoteKeySet
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer, forge
from peers import peer
from waiting import wait_until

prometheus_client = peer("prometheus_client")


def ask(server: ResourceServer, token: str) -> None:
    server.authenticate(Received(lambda _: [f"Bearer {token}"]))


def counted(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {(name, *labels.values()): value for name, labels, value in metrics.samples()}


def test_verifications(issuer: FakeIssuer, verifier: Verifier, down: Any) -> None:
    """Each request counts once, under the configured name, the algorithm of a verified token, and the code."""
    metrics = Metrics(issuers={issuer.url: "main"})
    server = ResourceServer(verifier, observe=metrics.observe)
    ask(server, issuer.token())
    ask(server, issuer.token())
    for judge in (verifier, down):
        with pytest.raises(Refused):
            ask(
                ResourceServer(judge, observe=metrics.observe),
                issuer.token(expires_in=-60 if judge is verifier else 60),
            )
    assert {
        ("jws_verifications_total", "main", "ES256", "allowed"): 2,
        ("jws_verifications_total", "other", "none", "token_expired"): 1,
        ("jws_verifications_total", "other", "none", "key_source_unavailable"): 1,
    } == counted(metrics)
    buckets, seconds = metrics.histogram()
    assert ("+Inf", 4.0) == buckets[-1]
    assert seconds > 0


def test_no_label_of_a_client(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Tokens of every kind add no label but the codes that exist."""
    metrics = Metrics()
    server = ResourceServer(verifier, observe=metrics.observe)
    for attack in forge.attacks(issuer):
        with pytest.raises(Refused):
            ask(server, attack.token)
    codes = {code for code, _ in forge.ATTACKS.values()}
    assert {("jws_verifications_total", "other", "none", code) for code in codes} == set(counted(metrics))
    assert len(forge.ATTACKS) == sum(counted(metrics).values())


def test_decisions(issuer: FakeIssuer) -> None:
    """Decisions of an authorizer are counted by the rule that decided and its effect, refused ones too."""
    rules = "\n".join(
        f'[[rules]]\nid = "{name}"\nissuer = "idp"\neffect = "{effect}"\nwhen = {{ claim = "{claim}", exists = true }}'
        for name, effect, claim in (("read", "allow", "sub"), ("blocked", "deny", "blocked"))
    )
    keys = f'[issuers.idp]\nissuer = "{issuer.url}"\naudience = ["api"]\nalgorithms = ["ES256"]\nkeys = '
    jwk = issuer.key().verifying_key.to_jwk()
    inline = "[{ " + ", ".join(f'{name} = "{value}"' for name, value in jwk.items()) + " }]\n"
    metrics = Metrics(issuers={issuer.url: "main"})
    server = ResourceServer(Authorizer.from_text(keys + inline + rules), observe=metrics.observe)
    ask(server, issuer.token())
    with pytest.raises(Refused):
        ask(server, issuer.token({"blocked": True}))
    found = counted(metrics)
    assert (1, 1) == (
        found["policy_decisions_total", "read", "allow"],
        found["policy_decisions_total", "blocked", "deny"],
    )
    assert 1 == found["jws_verifications_total", "main", "ES256", "allowed"]
    assert 1 == sum(count for labels, count in found.items() if labels[-1] == "rule_denied")


def test_replays_and_caches(issuer: FakeIssuer) -> None:
    """A replayed token is counted as such, and the use of a cache is read when it is asked for."""
    keys = issuer.key().verifying_key
    judge = Verifier(keys, Policy(issuer=issuer.url, audience="api"), replay=MemoryState(), cache=8)
    metrics, token = Metrics(verifiers={"main": judge}), issuer.token({"jti": "1"})
    server = ResourceServer(judge, observe=metrics.observe)
    ask(server, token)
    with pytest.raises(Refused):
        ask(server, token)
    found = counted(metrics)
    assert (1, 1, 1) == (
        found[("jws_replay_total",)],
        found["jws_cache_hits_total", "main"],
        found["jws_cache_misses_total", "main"],
    )


def test_an_unknown_code_is_other() -> None:
    """A code that no exception and no decision has is counted as `other`, whatever the observer is given."""
    metrics = Metrics()
    for code in ("made up", "", "allowed\n", "é"):
        metrics.observe(code, object(), float("nan"))
    assert {("jws_verifications_total", "other", "none", "other"): 4} == counted(metrics)
    assert (("+Inf", 4.0), 0.0) == (metrics.histogram()[0][-1], metrics.histogram()[1])


def test_a_fork_goes_on_counting(verifier: Verifier, issuer: FakeIssuer) -> None:
    """A child that was forked while other threads count has their counts, and counts on."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    metrics, token, ended = Metrics(issuers={issuer.url: "main"}), verifier.verify(issuer.token()), threading.Event()

    def work() -> None:
        while not ended.is_set():
            metrics.observe("allowed", token, 0.0001)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what is tested
        child = os.fork()
    if child == 0:
        before = sum(counted(metrics).values())
        metrics.observe("allowed", token, 0.0001)
        os._exit(0 if sum(counted(metrics).values()) == before + 1 else 1)
    ended.set()
    for thread in threads:
        thread.join()
    assert 0 == os.waitpid(child, 0)[1]


def test_key_sources(issuer: FakeIssuer) -> None:
    """A source that has keys is ready and not stale; its fetches are counted by result."""
    metrics = Metrics()
    source = RemoteKeySet(
        issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, on_event=metrics.on_event("main")
    )
    metrics._sources["main"] = source
    assert (0.0, 0.0) == (counted(metrics)["jwks_ready", "main"], counted(metrics)["jwks_stale", "main"])
    source.preload()
    found = counted(metrics)
    assert (1.0, 0.0) == (found["jwks_ready", "main"], found["jwks_stale", "main"])
    assert found["jwks_age_seconds", "main"] >= 0
    assert found["jwks_next_refresh_seconds", "main"] > 0
    wait_until(lambda: 1 == counted(metrics).get(("jwks_fetch_total", "main", "changed")))
    judge = Verifier(source, Policy(issuer=issuer.url, audience="api"))
    with pytest.raises(KeyNotFound):
        judge.verify(forge.token("kid_unknown", issuer))
    assert 1 == counted(metrics)["jwks_unknown_kid_total", "main"]


def test_prometheus(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A registry writes the families with their names, labels and histogram."""
    registry = prometheus_client.CollectorRegistry()
    metrics = Metrics(issuers={issuer.url: "main"})
    registry.register(PrometheusCollector(metrics))
    ask(ResourceServer(verifier, observe=metrics.observe), issuer.token())
    text = prometheus_client.generate_latest(registry).decode()
    assert 'jws_verifications_total{alg="ES256",code="allowed",issuer="main"} 1.0' in text
    assert 'jws_verify_seconds_bucket{le="+Inf"} 1.0' in text
    assert "# TYPE jws_verifications_total counter" in text


NAMES = {
    "jws_verifications_total",
    "jws_verify_seconds",
    "jws_replay_total",
    "jws_cache_hits_total",
    "jws_cache_misses_total",
    "jws_cache_evictions_total",
    "policy_decisions_total",
    "jwks_fetch_total",
    "jwks_unknown_kid_total",
    "jwks_age_seconds",
    "jwks_next_refresh_seconds",
    "jwks_stale",
    "jwks_ready",
}


@pytest.fixture
def full(issuer: FakeIssuer) -> Metrics:
    """Metrics of a resource server that has seen everything: tokens, a replay, a fetch, decisions of an authorizer."""
    events = Metrics()
    source = RemoteKeySet(
        issuer.jwks_uri, algorithms=["ES256"], allow_http_loopback=True, on_event=lambda event: count(event)
    )
    judge = Verifier(source, Policy(issuer=issuer.url, audience="api"), replay=MemoryState(), cache=8)
    events = Metrics(issuers={issuer.url: "main"}, sources={"main": source}, verifiers={"main": judge})
    count = events.on_event("main")
    server, token = ResourceServer(judge, observe=events.observe), issuer.token({"jti": "full"})
    ask(server, token)
    for refused in (token, forge.token("kid_unknown", issuer), "x"):
        with pytest.raises(Refused):
            ask(server, refused)
    decider = ruled(issuer.url, None, issuer.jwks_uri, rule="read", when='{ claim = "sub", exists = true }')
    ask(ResourceServer(decider, observe=events.observe), issuer.token())
    wait_until(lambda: ("jwks_fetch_total", "main", "changed") in counted(events))
    return events


def test_every_name_for_prometheus(full: Metrics) -> None:
    """Each metric that the documentation lists is written, with the labels that it lists and values of the program's own."""
    registry = prometheus_client.CollectorRegistry()
    registry.register(PrometheusCollector(full))
    families = {family.name: family for family in registry.collect()}
    assert {name.removesuffix("_total") for name in NAMES} == set(families)
    labels = {value for family in families.values() for sample in family.samples for value in sample.labels.values()}
    known = {"main", "other", "ES256", "none", "allowed", "replayed", "key_not_found", "malformed_token"}
    assert labels - {label for label in labels if label[0].isdigit()} == known | {
        "read",
        "allow",
        "changed",
        "unchanged",
        "+Inf",
    }


def test_every_name_for_opentelemetry(full: Metrics) -> None:
    """A meter exports each metric that the documentation lists, with the same values; the histogram as three counters."""
    peer("opentelemetry.sdk.metrics").MeterProvider  # noqa: B018
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    instrument(full, MeterProvider([reader]).get_meter("jwseal"))
    data: Any = reader.get_metrics_data()
    points = {one.name: one.data.data_points for one in data.resource_metrics[0].scope_metrics[0].metrics}
    parts = {f"jws_verify_seconds_{part}" for part in ("bucket", "count", "sum")}
    assert (NAMES - {"jws_verify_seconds"}) | parts == set(points)
    exported = {
        (name, *dict(point.attributes or {}).values()): point.value
        for name in NAMES & set(points)
        for point in points[name]
    }
    moving = {"jwks_age_seconds", "jwks_next_refresh_seconds"}
    assert {key: value for key, value in counted(full).items() if key[0] not in moving} == {
        key: value for key, value in exported.items() if key[0] not in moving
    }
    assert (5, 5) == (points["jws_verify_seconds_count"][0].value, points["jws_verify_seconds_bucket"][-1].value)
    assert points["jws_verify_seconds_sum"][0].value > 0


def test_pairs_are_bounded() -> None:
    """Rules beyond the first 1,024 are counted together, so that the number of labels has a limit."""
    metrics = Metrics()
    for number in range(1100):
        metrics.observe("allowed", SimpleNamespace(rule=f"r{number}", allowed=True), 0)
        metrics.observe("allowed", SimpleNamespace(rule="r0", allowed=True), 0)
    found = {key: value for key, value in counted(metrics).items() if key[0] == "policy_decisions_total"}
    assert len(found) == 1025
    assert (1101, 76) == (
        found["policy_decisions_total", "r0", "allow"],
        found["policy_decisions_total", "other", "other"],
    )


def test_threads(issuer: FakeIssuer, verifier: Verifier) -> None:
    """No count is lost between threads."""
    metrics, token = Metrics(), verifier.verify(issuer.token())

    def work() -> None:
        for _ in range(500):
            metrics.observe("allowed", token, 0.0001)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2000 == sum(counted(metrics).values())
