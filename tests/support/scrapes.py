"""The metrics of a warehouse as a scrape sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import QueryPool
from tasks.report.metrics import warehouse_metrics

Values = Mapping[tuple[str, tuple[str, ...]], float]


async def scrape(warehouse: ConnectionSettings, **more: Any) -> Values:
    """Return the values by name of the metric and values of its labels; ``more`` goes to ``warehouse_metrics``."""
    async with QueryPool(warehouse) as pool:
        text = (await warehouse_metrics(pool, **more)).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
