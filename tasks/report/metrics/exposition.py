"""Values of metrics as Prometheus text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from tasks.report.metrics.catalogue import BY_NAME, METRICS, Metric

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True)
class Sample:
    """A value of the metric ``name``; ``labels`` are in the order of the catalogue."""

    name: str
    labels: tuple[str, ...]
    value: float


def exposition(samples: Iterable[Sample]) -> bytes:
    """Return all metrics of the catalogue in the text format; ``CONTENT_TYPE`` is its type.

    Samples with the same labels add up. Combinations of the catalogue without a sample have its value for absence.

    Raises:
        ValueError: a sample is not in the catalogue, or has other labels.
    """
    values: dict[str, dict[tuple[str, ...], float]] = {
        metric.name: dict.fromkeys(metric.combinations(), metric.absent) for metric in METRICS
    }
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for sample in samples:
        if len(sample.labels) != len(BY_NAME[sample.name].labels):
            raise ValueError(f"{sample.name} has other labels than {sample.labels}")
        of_metric = values[sample.name]
        earlier = of_metric[sample.labels] if (sample.name, sample.labels) in seen else 0.0
        of_metric[sample.labels] = earlier + sample.value
        seen.add((sample.name, sample.labels))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Values(values))
    return generate_latest(registry)


class _Values(Collector):
    def __init__(self, values: Mapping[str, Mapping[tuple[str, ...], float]]) -> None:
        self._values = values

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            family = _family(metric)
            for labels, value in self._values[metric.name].items():
                family.add_metric(labels, value)
            yield family


def _family(metric: Metric) -> Any:
    # No creation times: a counter's row in the ledger is older than this process.
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=tuple(metric.labels))
