"""Metrics: what is counted, under which labels, and that no client can add one; as Prometheus and OpenTelemetry read them."""

import os
import threading
import warnings
from typing import Any

import pytest

from jwseal import KeyNotFound, Policy, Verifier
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.authorizer import Authorizer
from jwseal.metrics import Metrics, PrometheusCollector, instrument
from jwseal.remote import RemoteKeySet
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer, forge
from peers import peer

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
    assert 1 == found["jwks_fetch_total", "main", "changed"]
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


def test_opentelemetry(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A meter reads the same counts when it exports."""
    peer("opentelemetry.sdk.metrics").MeterProvider  # noqa: B018
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader, metrics = InMemoryMetricReader(), Metrics(issuers={issuer.url: "main"})
    instrument(metrics, MeterProvider([reader]).get_meter("jwseal"))
    ask(ResourceServer(verifier, observe=metrics.observe), issuer.token())
    data: Any = reader.get_metrics_data()
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert ("jws_verifications_total", 1) == (metric.name, point.value)
    assert {"issuer": "main", "alg": "ES256", "code": "allowed"} == dict(point.attributes)


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
