"""A real Prefect server shows the tables that a run wrote as assets, with what they are made of and no secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import retail_etl
from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import as_url
from tests.support.deliveries import as_csv, row, write
from tests.support.prefect_server import PrefectServer, own_prefect_server

MATERIALIZED = "prefect.asset.materialization.succeeded"
DIMENSIONS = ("dim_product", "dim_customer", "dim_country", "dim_invoice")
VIEWS = ("sale_line", "daily_sales", "monthly_revenue_by_country", "customer_rfm", "invoice")


@pytest.fixture(scope="module")
def server_with_events() -> Iterator[PrefectServer]:
    """A server that keeps events; the shared one does not."""
    with own_prefect_server() as server:
        yield server


async def asset_events(server: PrefectServer, number: int) -> list[dict[str, Any]]:
    """The events of assets, once there are that many materializations."""
    await EventsWorker.drain_all()
    for _ in range(120):
        answer = await asyncio.to_thread(
            server.get, "/events/filter", {"filter": {"event": {"prefix": ["prefect.asset."]}}, "limit": 50}
        )
        events: list[dict[str, Any]] = answer["events"]
        if sum(event["event"] == MATERIALIZED for event in events) >= number:
            return events
        await asyncio.sleep(0.25)
    pytest.fail(f"{len(events)} events: {[event['event'] for event in events]}")


@pytest.mark.slow
async def test_the_tables_of_a_run_are_assets(
    server_with_events: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    secret = "marked-asset-0815"
    till = write(tmp_path / f"till;password={secret};.csv", as_csv([row()]))
    await EventsWorker.drain_all()  # of other tests, with their servers
    with temporary_settings({PREFECT_API_URL: server_with_events.url}):
        report = await retail_etl(sources=[str(till)])
        events = await asset_events(server_with_events, 10)
    place = f"postgres://localhost:5432/{warehouse.database}/retail_dwh"
    written = {
        event["resource"]["prefect.resource.id"]: event for event in events if event["event"] == MATERIALIZED
    }
    assert set(written) == {f"{place}/{name}" for name in (*DIMENSIONS, "fact_sale", *VIEWS)}

    def made_of(table: str) -> set[str]:
        related = written[f"{place}/{table}"]["related"]
        return {one["prefect.resource.id"] for one in related if one["prefect.resource.role"] == "asset"}

    delivery = {key for key in made_of("dim_product") if key.startswith("file://")}
    assert len(delivery) == 1
    assert made_of("fact_sale") == delivery | {f"{place}/{name}" for name in DIMENSIONS}
    assert made_of("daily_sales") == {f"{place}/{name}" for name in ("fact_sale", "dim_date", "dim_invoice")}
    fact = written[f"{place}/fact_sale"]
    assert fact["resource"]["prefect.resource.name"] == "retail_dwh.fact_sale"
    assert fact["payload"]["run_id"] == report.run_id
    assert fact["payload"]["rows_loaded"] == 1
    assert any(report.run_id in one["prefect.resource.id"] for one in fact["related"])
    assert secret not in json.dumps(events)
