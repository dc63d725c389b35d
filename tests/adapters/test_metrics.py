"""Metrics: what is counted, under which labels, and that no client can add one; as Prometheus and OpenTelemetry read them."""

import threading
from typing import Any

import pytest

from jwseal import Verifier
from jwseal.adapters.resource_server import Received, Refused, ResourceServer
from jwseal.metrics import Metrics, PrometheusCollector, instrument
from jwseal.remote import RemoteKeySet
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
