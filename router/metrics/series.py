"""Series and pages: closed sets spelled out, families filled, text for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of every page."""


class Series(dict[tuple[str, ...], Counter]):
    """The series of one counter, looked up without making labels anew each time."""

    def __init__(self, counter: Counter, known: Iterable[tuple[str, ...]]) -> None:
        super().__init__({values: counter.labels(*values) for values in known})
        self._counter = counter

    def __missing__(self, values: tuple[str, ...]) -> Counter:
        found = self[values] = self._counter.labels(*values)
        return found


class _Shown(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def page(families: Iterable[Metric]) -> bytes:
    """Families in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shown(families))
    return generate_latest(registry)


def counter(
    registry: CollectorRegistry,
    name: str,
    says: str,
    labels: tuple[str, ...],
    known: Iterable[tuple[str, ...]],
) -> Series:
    """A counter whose series are all there from the start."""
    return Series(Counter(f"paravent_{name}_total", says, labels, registry=registry), known)


def gauge(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    """A family of what is now, by label values."""
    return _filled(GaugeMetricFamily(f"paravent_{name}", says, labels=labels), values)


def count(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    """A family of what was counted elsewhere, by label values."""
    return _filled(CounterMetricFamily(f"paravent_{name}", says, labels=labels), values)


def keyed(values: Mapping[str, float], names: Iterable[str]) -> dict[tuple[str], float]:
    """A value for each name, 0 where none is known."""
    return {(name,): values.get(name, 0) for name in names}


def each(words: Iterable[str]) -> list[tuple[str, ...]]:
    """Label values of one label."""
    return [(str(word),) for word in words]


def pairs(names: Iterable[str], words: Iterable[str]) -> list[tuple[str, str]]:
    """Label values of two labels, every name with every word."""
    return [(name, str(word)) for name in names for word in words]


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Any, float]) -> Metric:
    for key, value in values.items():
        family.add_metric(key, value)
    return family
