"""Metrics of resource servers and key sources, for Prometheus and OpenTelemetry.

    metrics = Metrics(issuers={"https://id.example": "main"}, sources={"main": keys})
    app = JWTMiddleware(app, verifier, observe=metrics.observe)

    prometheus_client.REGISTRY.register(PrometheusCollector(metrics))
    instrument(metrics, opentelemetry.metrics.get_meter("jwseal"))

Every label has few values: an issuer is the name that the operator gave it, or `other`; `alg` and `code` are those that exist here.
Nothing that a client sends is a label. Everything is counted in native code, without a lock, and read when it is scraped; key sources and
caches are asked then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal._native import PairCounter, VerificationCounter
from jwseal.authorizer.decision import CODES
from jwseal.errors import InvalidToken, Unavailable

if TYPE_CHECKING:
    from jwseal import Issuers, Verifier
    from jwseal.remote import RemoteKeySet

__all__ = ["Metrics", "PrometheusCollector", "Sample", "instrument"]

_HELP = {
    "jws_verifications_total": "Tokens verified or refused, by the configured name of the issuer, the algorithm and the code",
    "jws_replay_total": "Tokens that were refused because they had been used before",
    "jws_cache_hits_total": "Tokens that were found in the cache of a verifier",
    "jws_cache_misses_total": "Tokens that were not found in the cache of a verifier",
    "jws_cache_evictions_total": "Tokens that were dropped from the cache of a verifier to make room for others",
    "policy_decisions_total": "Decisions of an authorizer, by the rule that decided and its effect",
    "jwks_fetch_total": "Fetches of a JWK Set, by result",
    "jwks_unknown_kid_total": "Fetches of a JWK Set for a kid that was not in it",
    "jwks_age_seconds": "Seconds since the last fetch that succeeded",
    "jwks_next_refresh_seconds": "Seconds until the next fetch",
    "jwks_stale": "1 while the last fetch failed and keys of an earlier fetch are used",
    "jwks_ready": "1 while tokens can be verified",
}
_SECONDS = "Seconds that a verification takes, waits for keys and stores included"


class Sample(NamedTuple):
    """One value: the metric's name, its labels, and the value."""

    name: str
    labels: dict[str, str]
    value: float


class Metrics:
    """Counts what is observed.

    issuers   the name of each issuer whose tokens are counted apart; all others are `other`
    sources   key sources by name, which are asked for their state at each scrape
    verifiers verifiers with a cache by name, which are asked for its use at each scrape
    """

    def __init__(
        self,
        *,
        issuers: Mapping[str, str] | None = None,
        sources: Mapping[str, RemoteKeySet] | None = None,
        verifiers: Mapping[str, Verifier | Issuers] | None = None,
    ) -> None:
        self._sources, self._verifiers = dict(sources or {}), dict(verifiers or {})
        self._counter = VerificationCounter(dict(issuers or {}), _codes())
        self._fetches, self._decisions = PairCounter(), PairCounter()

    def observe(self, code: str, result: Any, seconds: float) -> None:
        """Count one verification.

        `code` is `allowed` or that of the refusal, `result` the VerifiedJWT or the Decision, else None, `seconds` the time that
        it took.
        """
        self._counter.observe(code, result, seconds)
        rule = getattr(result, "rule", None)
        if isinstance(rule, str):
            self._decisions.observe(rule, "allow" if result.allowed else "deny")

    def on_event(self, name: str) -> Any:
        """A function for `on_event` of the RemoteKeySet with this name, which counts its fetches."""

        def count(event: Any) -> None:
            self._fetches.observe(name, event.kind)

        return count

    def samples(self) -> Iterator[Sample]:
        """The current values, except for the histogram."""
        replayed = 0
        for issuer, alg, code, count in self._counter.counts():
            yield Sample("jws_verifications_total", {"issuer": issuer, "alg": alg or "none", "code": code}, count)
            replayed += count if code == "replayed" else 0
        if replayed:
            yield Sample("jws_replay_total", {}, replayed)
        for rule, effect, count in self._decisions.counts():
            yield Sample("policy_decisions_total", {"rule": rule, "effect": effect}, count)
        for name, result, count in self._fetches.counts():
            yield Sample("jwks_fetch_total", {"issuer": name, "result": result}, count)
        for name, verifier in self._verifiers.items():
            info, labels = verifier.cache_info(), {"issuer": name}
            yield Sample("jws_cache_hits_total", labels, info.hits)
            yield Sample("jws_cache_misses_total", labels, info.misses)
            yield Sample("jws_cache_evictions_total", labels, info.evictions)
        for name, source in self._sources.items():
            health, labels = source.health, {"issuer": name}
            yield Sample("jwks_ready", labels, float(health.ready))
            yield Sample("jwks_unknown_kid_total", labels, health.unknown_kid_fetches)
            yield Sample("jwks_stale", labels, float(health.failures > 0 and health.ready))
            if health.age is not None:
                yield Sample("jwks_age_seconds", labels, health.age)
            if health.next_fetch_in is not None:
                yield Sample("jwks_next_refresh_seconds", labels, health.next_fetch_in)

    def histogram(self) -> tuple[list[tuple[str, float]], float]:
        """The cumulative counts of `jws_verify_seconds` by upper bound, and the sum of the seconds."""
        buckets, seconds = self._counter.times()
        total, cumulative = 0, []
        for bound, count in buckets:
            total += count
            cumulative.append(("+Inf" if bound is None else str(bound), float(total)))
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
        yield HistogramMetricFamily("jws_verify_seconds", _SECONDS, buckets=buckets, sum_value=seconds)


def instrument(metrics: Metrics, meter: Any) -> None:
    """Make observable instruments with a meter of OpenTelemetry, which reads them when it exports.

    The histogram, which OpenTelemetry cannot read, is three counters as Prometheus has them: `jws_verify_seconds_bucket` with the
    bound `le`, `jws_verify_seconds_count` and `jws_verify_seconds_sum`.
    """
    from opentelemetry.metrics import Observation

    def read(name: str) -> Any:
        def callback(_: Any) -> Iterable[Any]:
            return [Observation(value, labels) for found, labels, value in metrics.samples() if found == name]

        return callback

    for name, words in _HELP.items():
        make = meter.create_observable_counter if name.endswith("_total") else meter.create_observable_gauge
        make(name, callbacks=[read(name)], description=words)

    def buckets(_: Any) -> Iterable[Any]:
        return [Observation(count, {"le": bound}) for bound, count in metrics.histogram()[0]]

    counter, base = meter.create_observable_counter, "jws_verify_seconds"
    counter(f"{base}_bucket", callbacks=[buckets], description=f"{_SECONDS}, by the most that it took")
    counter(f"{base}_count", callbacks=[lambda _: [Observation(metrics.histogram()[0][-1][1])]], description=_SECONDS)
    counter(f"{base}_sum", callbacks=[lambda _: [Observation(metrics.histogram()[1])]], unit="s", description=_SECONDS)


def _codes() -> list[str]:
    """Every code that an exception or a decision can have."""
    codes, classes = list(CODES), [InvalidToken, Unavailable]
    while classes:
        kind = classes.pop()
        classes += kind.__subclasses__()
        if kind.code not in codes:
            codes.append(kind.code)
    return codes
