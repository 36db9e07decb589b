"""The metrics with the open alerts that Prefect keeps."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from math import isnan
from uuid import uuid4

from prefect.settings import PREFECT_API_URL, temporary_settings
from prometheus_client.parser import text_string_to_metric_families

from flows.metrics import read_metrics
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.alerts.store import OpenAlert
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import QueryPool
from tests.support.prefect_server import PrefectServer


async def _open_alerts(warehouse: ConnectionSettings, kind: str) -> float:
    async with QueryPool(warehouse) as pool:
        text = (await read_metrics(pool)).decode()
    (family,) = (each for each in text_string_to_metric_families(text) if each.name == "retail_open_alerts")
    return next(sample.value for sample in family.samples if sample.labels["kind"] == kind)


async def test_open_alerts(prefect_api: PrefectServer, warehouse: ConnectionSettings) -> None:
    now = datetime.now(UTC)
    alert = OpenAlert(f"test {uuid4()}", "cause", "health", "error", "Unwell", now, now)
    store = VariableAlertStore()
    assert await store.put_if_absent(alert, None)
    try:
        assert await _open_alerts(warehouse, "health") >= 1
    finally:
        await store.close(alert)


async def test_a_silent_prefect_costs_the_alerts_only(warehouse: ConnectionSettings) -> None:
    started = time.monotonic()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert isnan(await _open_alerts(warehouse, "health"))
    assert time.monotonic() - started < 6
