"""Metrics of resource servers and key sources, for Prometheus and OpenTelemetry.

    metrics = Metrics(issuers={"https://id.example": "main"}, sources={"main": keys})
    app = JWTMiddleware(app, verifier, observe=metrics.observe)

    prometheus_client.REGISTRY.register(PrometheusCollector(metrics))
    instrument(metrics, opentelemetry.metrics.get_meter("jwseal"))

Every label has few values: an issuer is the name that the operator gave it, or `other`; `alg` and `code` are those that exist here.
Nothing that a client sends is a label. Counts are kept here and read when they are scraped; key sources are asked then.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jwseal.remote import RemoteKeySet

__all__ = ["Metrics", "PrometheusCollector", "Sample", "instrument"]

# Upper bounds in seconds: a verification takes some ten microseconds, a wait for keys up to seconds.
_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
_HELP = {
    "jws_verifications_total": "Tokens judged, by the configured name of the issuer, the algorithm and the code",
    "jwks_fetch_total": "Fetches of a JWK Set, by result",
    "jwks_age_seconds": "Seconds since the last fetch that succeeded",
    "jwks_next_refresh_seconds": "Seconds until the next fetch",
    "jwks_stale": "1 while the last fetch failed and the keys of an earlier one serve",
    "jwks_ready": "1 while tokens can be verified",
}


class Sample(NamedTuple):
    """One value: the metric's name, its labels, and the value."""

    name: str
    labels: dict[str, str]
    value: float


class Metrics:
    """Counts what is observed.

    issuers   the name of each issuer whose tokens are counted apart; all others are `other`
    sources   key sources by name, which are asked for their state at each scrape
    """

    def __init__(
        self, *, issuers: Mapping[str, str] | None = None, sources: Mapping[str, RemoteKeySet] | None = None
    ) -> None:
        self._issuers, self._sources = dict(issuers or {}), dict(sources or {})
        self._lock = threading.Lock()
        self._verifications: Counter[tuple[str, str, str]] = Counter()
        self._fetches: Counter[tuple[str, str]] = Counter()
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def observe(self, code: str, token: Any, seconds: float) -> None:
        """Count one verification: `code` is `allowed` or that of the refusal, `token` the result, or None."""
        claimed = getattr(token, "claims", None)
        issuer = (
            self._issuers.get(claimed["iss"], "other") if isinstance(claimed, dict) and _named(claimed) else "other"
        )
        alg = getattr(token, "alg", None)
        with self._lock:
            self._verifications[issuer, alg if isinstance(alg, str) else "none", code] += 1
            self._buckets[bisect_left(_BUCKETS, seconds)] += 1
            self._seconds += seconds

    def on_event(self, name: str) -> Any:
        """A function for `on_event` of the RemoteKeySet with this name, which counts its fetches."""

        def count(event: Any) -> None:
            with self._lock:
                self._fetches[name, event.kind] += 1

        return count

    def samples(self) -> Iterator[Sample]:
        """The values now, but for the histogram."""
        with self._lock:
            verifications, fetches = dict(self._verifications), dict(self._fetches)
        for (issuer, alg, code), count in verifications.items():
            yield Sample("jws_verifications_total", {"issuer": issuer, "alg": alg, "code": code}, count)
        for (name, result), count in fetches.items():
            yield Sample("jwks_fetch_total", {"issuer": name, "result": result}, count)
        for name, source in self._sources.items():
            health, labels = source.health, {"issuer": name}
            yield Sample("jwks_ready", labels, float(health.ready))
            yield Sample("jwks_stale", labels, float(health.failures > 0 and health.ready))
            if health.age is not None:
                yield Sample("jwks_age_seconds", labels, health.age)
            if health.next_fetch_in is not None:
                yield Sample("jwks_next_refresh_seconds", labels, health.next_fetch_in)

    def histogram(self) -> tuple[list[tuple[str, float]], float]:
        """The cumulative counts of `jws_verify_seconds` by upper bound, and the sum of the seconds."""
        with self._lock:
            buckets, seconds = list(self._buckets), self._seconds
        total, cumulative = 0, []
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), buckets, strict=True):
            total += count
            cumulative.append((bound, float(total)))
        return cumulative, seconds


class PrometheusCollector:
    """A collector for `prometheus_client`: `REGISTRY.register(PrometheusCollector(metrics))`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        """The metric families, made when they are scraped."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        families: dict[str, Any] = {}
        for name, labels, value in self._metrics.samples():
            if name not in families:
                kind: Any = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                families[name] = kind(name.removesuffix("_total"), _HELP[name], labels=list(labels))
            families[name].add_metric(list(labels.values()), value)
        yield from families.values()
        buckets, seconds = self._metrics.histogram()
        words = "Seconds that a verification takes, waits for keys and stores included"
        yield HistogramMetricFamily("jws_verify_seconds", words, buckets=buckets, sum_value=seconds)


def instrument(metrics: Metrics, meter: Any) -> None:
    """Make observable instruments with a meter of OpenTelemetry, which reads them when it exports."""
    from opentelemetry.metrics import Observation

    def read(name: str) -> Any:
        def callback(_: Any) -> Iterable[Any]:
            return [Observation(value, labels) for found, labels, value in metrics.samples() if found == name]

        return callback

    for name, words in _HELP.items():
        make = meter.create_observable_counter if name.endswith("_total") else meter.create_observable_gauge
        make(name, callbacks=[read(name)], description=words)


def _named(claims: Mapping[str, Any]) -> bool:
    return isinstance(claims.get("iss"), str)
