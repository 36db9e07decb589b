"""What a run tells a real server that receives OpenLineage, or a file."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import flow as plain_flow

from flows import retail_etl, retail_withdraw
from tasks.errors import DeliveriesFailed, RetailError, WarehouseUnreachable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.report.lineage.columns import DATASETS
from tasks.report.markdown import as_markdown
from tests.support.deliveries import as_csv, row, write
from tests.support.openlineage_spec import check_event
from tests.support.prefect_server import free_port
from tests.support.receivers import HttpReceiver, http_receiver

STAGES = ("retail-etl.ingest", "retail-etl.validate", "retail-etl.load", "retail-etl.views")
MARKED = "marked-lineage-key-4711"


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        yield receiver


def by_job(receiver: HttpReceiver) -> dict[tuple[str, str], dict[str, Any]]:
    for event in receiver.accepted:
        check_event(event)
    return {(event["job"]["name"], event["eventType"]): event for event in receiver.accepted}


def datasets(event: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {dataset["name"]: dataset for dataset in event[kind]}


async def test_a_run_tells_its_stages(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, warehouse: ConnectionSettings
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url("/base"))
    lineage_environment.setenv("OPENLINEAGE_API_KEY", MARKED)
    lineage_environment.setenv("OPENLINEAGE_NAMESPACE", "shop")
    report = await retail_etl(sources=[str(till)])
    assert report.lineage is not None
    assert (report.lineage.delivered, report.lineage.not_delivered) == (10, 0)
    assert set(receiver.paths) == {"/base/api/v1/lineage"}
    assert {headers["Authorization"] for headers in receiver.headers} == {f"Bearer {MARKED}"}
    events = by_job(receiver)
    assert set(events) == {(job, state) for job in ("retail-etl", *STAGES) for state in ("START", "COMPLETE")}
    run = events["retail-etl", "COMPLETE"]
    assert run["run"]["runId"] == report.run_id
    assert {event["job"]["namespace"] for event in receiver.accepted} == {"shop"}
    for job in STAGES:
        parent = events[job, "COMPLETE"]["run"]["facets"]["parent"]
        assert parent["run"]["runId"] == report.run_id
        assert parent["job"] == {"namespace": "shop", "name": "retail-etl"}
        assert events[job, "START"]["run"]["runId"] == events[job, "COMPLETE"]["run"]["runId"]
        assert events[job, "START"]["eventTime"] <= events[job, "COMPLETE"]["eventTime"]
    assert MARKED not in json.dumps(receiver.accepted)
    assert MARKED not in report.to_json()
    assert MARKED not in as_markdown(report)
    assert "10 events delivered" in as_markdown(report)


async def test_the_datasets_of_a_run(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, warehouse: ConnectionSettings
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    report = await retail_etl(sources=[str(till)])
    events = by_job(receiver)
    run = events["retail-etl", "COMPLETE"]
    delivered = datasets(run, "inputs")[str(till)]
    assert delivered["namespace"] == "file"
    assert delivered["facets"]["version"]["datasetVersion"] == report.deliveries[0].content_hash
    statistics = delivered["inputFacets"]["inputStatistics"]
    assert (statistics["rowCount"], statistics["size"], statistics["fileCount"]) == (
        42,
        till.stat().st_size,
        1,
    )
    metrics = delivered["inputFacets"]["dataQualityMetrics"]["columnMetrics"]
    assert metrics["customer_id"] == {"nullCount": 1, "count": 41}
    assertions = {
        one["assertion"]: one for one in delivered["inputFacets"]["dataQualityAssertions"]["assertions"]
    }
    assert assertions["quantity_readable"]["success"] is False
    assert assertions["quantity_readable"]["actual"] == "1"
    assert assertions["quantity_readable"]["column"] == "quantity"
    assert assertions["not_a_copy"]["severity"] == "warn"
    assert assertions["country_present"]["success"] is True
    server, name = "postgres://localhost:5432", f"{warehouse.database}.retail_dwh.fact_sale"
    fact = datasets(run, "outputs")[name]
    assert fact["namespace"] == server
    assert fact["outputFacets"]["outputStatistics"]["rowCount"] == report.rows_loaded == 41
    assert fact["facets"]["version"]["datasetVersion"] == report.run_id
    amount = fact["facets"]["columnLineage"]["fields"]["total_amount"]["inputFields"]
    assert {(one["name"], one["field"]) for one in amount} == {
        (str(till), "quantity"),
        (str(till), "unit_price"),
    }
    loaded = datasets(events["retail-etl.load", "COMPLETE"], "outputs")[name]
    assert [field["name"] for field in loaded["facets"]["schema"]["fields"]] == [
        column.name for column in DATASETS["retail_dwh.fact_sale"].columns
    ]
    lineage = loaded["facets"]["columnLineage"]["fields"]
    assert set(lineage) == {column.name for column in DATASETS["retail_dwh.fact_sale"].columns}
    assert lineage["product_key"]["inputFields"][0]["name"].endswith("retail_dwh.dim_product")
    views = datasets(events["retail-etl.views", "COMPLETE"], "outputs")
    assert {view["facets"]["datasetType"]["datasetType"] for view in views.values()} == {"VIEW"}
    quarantined = datasets(events["retail-etl.validate", "COMPLETE"], "outputs")
    rows = {
        Path(one).name: data["outputFacets"]["outputStatistics"]["rowCount"]
        for one, data in quarantined.items()
    }
    assert rows == {"silver": 41, "quarantine": 1}


@pytest.mark.slow
async def test_many_deliveries_are_told_by_folder(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, tmp_path: Path
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    for number in range(51):
        write(tmp_path / "shop" / f"{number}.csv", as_csv([row(invoice_no=str(600000 + number))]))
    report = await retail_etl(sources=[str(tmp_path / "shop")])
    assert report.lineage is not None
    assert report.lineage.not_delivered == 0
    folder = by_job(receiver)["retail-etl", "COMPLETE"]["inputs"][0]
    assert folder["name"] == str(tmp_path / "shop")
    assert folder["inputFacets"]["inputStatistics"]["fileCount"] == 51
    assert folder["inputFacets"]["inputStatistics"]["rowCount"] == 51


async def test_a_run_that_fails(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, tmp_path: Path
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    with pytest.raises(DeliveriesFailed):
        await retail_etl(sources=[str(till), str(tmp_path / "missing.csv")])
    events = by_job(receiver)
    assert ("retail-etl", "COMPLETE") not in events
    failed = events["retail-etl", "FAIL"]
    assert "there is no such file" in failed["run"]["facets"]["errorMessage"]["message"]
    assert ("retail-etl.load", "COMPLETE") in events


async def test_a_stage_that_fails(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, tmp_path: Path
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    workspace = tmp_path / "data" / "workspace"
    workspace.mkdir(parents=True, mode=0o700)
    write(workspace / "silver", "a file in the place of the folder")
    with pytest.raises(RetailError):
        await retail_etl(sources=[str(till)], retries=0)
    events = by_job(receiver)
    assert set(events) == {
        (job, state)
        for job, *states in (
            ("retail-etl", "START", "FAIL"),
            ("retail-etl.ingest", "START", "COMPLETE"),
            ("retail-etl.validate", "START", "FAIL"),
        )
        for state in states
    }
    message = events["retail-etl.validate", "FAIL"]["run"]["facets"]["errorMessage"]["message"]
    assert "cannot be used" in message
    assert "errorMessage" not in events["retail-etl.ingest", "COMPLETE"]["run"]["facets"]


async def test_a_run_without_its_warehouse(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    lineage_environment.setenv(
        "DATABASE_URL", f"postgresql://retail:{MARKED}@127.0.0.1:{free_port()}/retail?connect_timeout=1"
    )
    with pytest.raises(WarehouseUnreachable):
        await retail_etl(sources=[str(till)], retries=0)
    events = by_job(receiver)
    assert set(events) == {("retail-etl", "START"), ("retail-etl", "FAIL")}
    assert events["retail-etl", "FAIL"]["run"]["facets"]["errorMessage"]["message"]
    assert MARKED not in json.dumps(receiver.accepted)


async def test_a_dry_run(lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    await retail_etl(sources=[str(till)], load=False)
    events = by_job(receiver)
    assert not any(job.endswith(("load", "views")) for job, _ in events)
    assert events["retail-etl", "COMPLETE"]["outputs"] == []


@pytest.mark.slow
async def test_a_run_that_another_flow_calls(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))

    @plain_flow(name="nightly", persist_result=False)
    async def nightly() -> str:
        from prefect.runtime import flow_run

        await retail_etl(sources=[str(till)], load=False)
        return str(flow_run.id)

    caller = await nightly()
    events = by_job(receiver)
    parent = events["retail-etl", "COMPLETE"]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == caller
    assert parent["job"]["name"] == "nightly"
    stage = events["retail-etl.ingest", "COMPLETE"]["run"]["facets"]["parent"]
    assert stage["job"]["name"] == "retail-etl"
    assert stage["root"]["job"]["name"] == "nightly"


async def test_a_cancelled_run_is_aborted(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, warehouse: ConnectionSettings
) -> None:
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    async with connected(warehouse) as connection, connection.transaction():
        await connection.execute("lock table retail_ops.load_lock in exclusive mode")
        run = asyncio.ensure_future(retail_etl(sources=[str(till)]))
        end = time.monotonic() + 60
        while ("retail-etl.load", "START") not in by_job(receiver):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    events = by_job(receiver)
    assert ("retail-etl", "ABORT") in events
    assert ("retail-etl.load", "ABORT") in events
    assert UUID(events["retail-etl", "ABORT"]["run"]["runId"])


async def test_a_withdrawal(
    lineage_environment: pytest.MonkeyPatch, receiver: HttpReceiver, till: Path, warehouse: ConnectionSettings
) -> None:
    await retail_etl(sources=[str(till)])
    lineage_environment.setenv("OPENLINEAGE_URL", receiver.url(""))
    await retail_withdraw(str(till))
    assert receiver.accepted == []  # a dry run
    await retail_withdraw(str(till), confirm=True)
    events = by_job(receiver)
    assert set(events) == {("retail-withdraw", "START"), ("retail-withdraw", "COMPLETE")}
    done = events["retail-withdraw", "COMPLETE"]
    assert list(datasets(done, "inputs")) == [str(till)]
    assert f"{warehouse.database}.retail_dwh.fact_sale" in datasets(done, "outputs")


async def test_a_file_gets_a_line_for_each_event(
    lineage_environment: pytest.MonkeyPatch, till: Path, tmp_path: Path
) -> None:
    target = tmp_path / "told" / "lineage.jsonl"
    lineage_environment.setenv("RETAIL_LINEAGE_FILE", str(target))
    for number in (10, 4):  # the second time the delivery is unchanged: only the run and its ingest are told
        report = await retail_etl(sources=[str(till)])
        assert report.lineage is not None
        assert (report.lineage.delivered, report.lineage.not_delivered) == (number, 0)
    events = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(events) == 14
    for event in events:
        check_event(event)
    assert target.stat().st_mode & 0o777 == 0o600
