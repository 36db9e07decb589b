"""The metrics of a warehouse: their text, what they count, and that it stays bounded."""

from __future__ import annotations

import json
import subprocess
from math import isnan
from pathlib import Path
from uuid import uuid4

import pytest

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import compact_sql
from tasks.report.metrics import warehouse_metrics
from tasks.report.metrics.catalogue import METRICS
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.ledger import Attempt, RunStatus, finish_run
from tests.support.link import counting_link
from tests.support.plain_run import new_run, run, start_run, take_out
from tests.support.required import required_program
from tests.support.scrapes import scrape
from tests.support.slices import days, write


async def _text(database: ConnectionSettings) -> str:
    async with QueryPool(database) as pool:
        return (await warehouse_metrics(pool)).decode()


async def test_everything_is_exported_before_anything_happened(warehouse: ConnectionSettings) -> None:
    text, values = await _text(warehouse), await scrape(warehouse)
    # A cost has a currency only once it has a price.
    costs = {"retail_cost_total", "retail_storage_cost_per_month"}
    assert {name for name, _ in values} == {metric.name for metric in METRICS} - costs
    assert "_created" not in text
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}\n" in text
        if metric.kind == "counter":
            assert {value for (name, _), value in values.items() if name == metric.name} <= {0}
    assert values["retail_runs_total", ("timed_out",)] == 0
    assert values["retail_last_good_run_timestamp_seconds", ()] == 0
    assert values["retail_lines_total", ("other", "quarantined")] == 0
    assert {labels[0] for name, labels in values if name == "retail_integrity_violations"} == {
        check.name for check in built_in_checks()
    }
    assert isnan(values["retail_quality_ratio", ("validity",)])


async def test_figures_of_loads(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    lines = days(1, 1)
    source = write(tmp_path / "day.csv", lines)
    await run(warehouse, tmp_path / "workspace", [source])
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "again.csv", lines)])
    values = await scrape(warehouse)
    assert values["retail_runs_total", ("completed",)] == 2
    assert values["retail_deliveries_total", ("loaded",)] == 2
    assert values["retail_lines_read_total", ("default",)] == 2 * len(lines)
    assert values["retail_rows_passed_over_total", ("default",)] == 0
    by_outcome = [
        values["retail_lines_total", ("default", outcome)]
        for outcome in ("loaded", "duplicate", "quarantined")
    ]
    assert sum(by_outcome) == 2 * len(lines)
    assert by_outcome[1] >= by_outcome[0] > 0
    assert values["retail_warehouse_lines", ()] == by_outcome[0]
    assert values["retail_table_rows", ("retail_dwh.fact_sale",)] == by_outcome[0]
    assert 0.9 < values["retail_quality_ratio", ("validity",)] <= 1
    assert (
        values["retail_database_size_bytes", ()]
        > values["retail_table_size_bytes", ("retail_dwh.fact_sale",)]
    )
    assert (
        values["retail_last_good_run_timestamp_seconds", ()]
        > values["retail_feed_last_load_timestamp_seconds", ("default",)] - 60
    )
    assert values["retail_feed_last_load_timestamp_seconds", ("default",)] > 1.7e9


async def test_counters_stay_when_the_content_goes(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    source = write(tmp_path / "day.csv", days(1, 1))
    await run(warehouse, tmp_path / "workspace", [source])
    before = await scrape(warehouse)
    await take_out(warehouse, str(source))
    after = await scrape(warehouse)
    assert after["retail_warehouse_lines", ()] == 0
    assert after["retail_deliveries_total", ("withdrawn",)] == 1
    counters = {metric.name for metric in METRICS if metric.kind == "counter"}
    assert all(after[key] >= value for key, value in before.items() if key[0] in counters)


@pytest.mark.parametrize("status", ["failed", "cancelled", "timed_out"])
async def test_refusals_and_failures(warehouse: ConnectionSettings, status: RunStatus) -> None:
    this = new_run()
    await start_run(warehouse, this)
    assert (await scrape(warehouse))["retail_running_runs", ()] == 1
    attempts = [Attempt("a.csv", "refused", refusal="quality_gate"), Attempt("b.csv", "failed", "unreadable")]
    await finish_run(warehouse, this, "default", status, None, attempts)
    values = await scrape(warehouse)
    assert values["retail_running_runs", ()] == 0
    assert values["retail_runs_total", (status,)] == 1
    assert values["retail_deliveries_total", ("refused",)] == 1
    assert values["retail_open_refusals", ("failed",)] == 1
    assert values["retail_last_good_run_timestamp_seconds", ()] == 0
    assert values["retail_last_run_timestamp_seconds", ()] > 1.7e9


async def test_an_unfinished_delivery_leaves_an_earlier_refusal_open(warehouse: ConnectionSettings) -> None:
    attempts = [
        Attempt("a.csv", "refused", refusal="quality_gate"),
        Attempt("a.csv", "unfinished", "it grows"),
    ]
    for attempt in attempts:
        this = new_run()
        await start_run(warehouse, this)
        await finish_run(warehouse, this, "default", "completed", None, [attempt])
    values = await scrape(warehouse)
    assert values["retail_deliveries_total", ("unfinished",)] == 1
    assert values["retail_open_refusals", ("refused",)] == 1
    async with connected(warehouse) as connection:
        (refusal,) = json.loads(await connection.fetchval(compact_sql("select_open_refusals")))
    assert (refusal["name"], refusal["outcome"]) == ("a.csv", "refused")


async def test_integrity_and_backups(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    async with connected(warehouse) as connection:
        await connection.execute("update retail_dwh.fact_sale set quantity = 0 where line_no = 1")
        for kind, created in (("full", 1_800_000_000), ("full", 1_800_000_060), ("table", 1_700_000_000)):
            await connection.execute(
                "insert into retail_ops.backup values ($1, $2, '{}', 'vault', to_timestamp($3::int), "
                "to_timestamp($3::int), $3::int % 1000, 1, 1, null, null, '')",
                uuid4(),
                kind,
                created,
            )
        for outcome, at in (("passed", 1_800_000_000), ("failed", 1_800_000_100)):
            await connection.execute(
                "insert into retail_ops.backup_proof values ($1, $2, 'vault', to_timestamp($3::int), $4, '{}')",
                uuid4(),
                uuid4(),
                at,
                outcome,
            )
    await examine_integrity(warehouse, built_in_checks())
    values = await scrape(warehouse)
    assert values["retail_integrity_violations", ("zero_quantities", "error")] == 1
    assert values["retail_integrity_violations", ("wrong_amounts", "error")] == 1
    assert values["retail_integrity_check_failed", ("wrong_amounts", "error")] == 0
    assert values["retail_backups_total", ("full",)] == 2
    assert values["retail_last_backup_timestamp_seconds", ("full",)] == 1_800_000_060
    assert values["retail_last_backup_size_bytes", ("full",)] == 60
    assert values["retail_last_proof_timestamp_seconds", ()] == 1_800_000_000
    assert values["retail_last_proof_passed", ()] == 0
    assert values["retail_proofs_total", ("failed",)] == 1


async def test_feeds_and_checks_are_bounded(
    warehouse: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.report.metrics.warehouse.MAX_FEEDS", 2)
    monkeypatch.setattr("tasks.report.metrics.warehouse.MAX_CHECKS", 1)
    this = new_run()
    await start_run(warehouse, this)
    async with connected(warehouse) as connection:
        for number, feed in enumerate(("b", "other", "a", "c"), start=1):
            await connection.execute(
                "insert into retail_ops.delivery_attempt (run_id, feed, name, outcome, rows_in, attempted_at) "
                "values ($1, $2, 'x', 'loaded', $3::int, to_timestamp($3::int))",
                this.run_id,
                feed,
                number,
            )
        await connection.execute(
            "insert into retail_ops.integrity_result select now(), 'own_' || n, 'error', n, '[]' "
            "from generate_series(1, 3) as n"
        )
        await connection.execute("create table retail_ops.somebodys ()")
    values = await scrape(warehouse)
    assert {key[1][0]: value for key, value in values.items() if key[0] == "retail_lines_read_total"} == {
        "b": 1,
        "other": 9,
    }
    assert values["retail_feed_last_load_timestamp_seconds", ("other",)] == 2
    own = {
        key[1]: value for key, value in values.items() if key[0] == "retail_integrity_violations" and value
    }
    assert own == {("own_1", "error"): 1, ("other", "error"): 5}
    assert not [labels for name, labels in values if "somebodys" in str(labels)]


async def test_alerts_and_disk(warehouse: ConnectionSettings) -> None:
    values = await scrape(warehouse)
    assert isnan(values["retail_open_alerts", ("failed",)])
    assert isnan(values["retail_disk_size_bytes", ()])
    values = await scrape(warehouse, open_alerts=["failed", "failed", "health"], disk_bytes=500)
    assert values["retail_open_alerts", ("failed",)] == 2
    assert values["retail_open_alerts", ("crashed",)] == 0
    assert values["retail_disk_size_bytes", ()] == 500


async def test_one_turn(warehouse: ConnectionSettings) -> None:
    counts = []
    with counting_link(warehouse) as (link, through):
        for scrapes in (0, 1):
            before = link.counts()
            async with QueryPool(through) as pool:
                for number in range(3):
                    if number < 3 * scrapes:
                        await warehouse_metrics(pool)
                    else:
                        async with pool.connection():
                            pass
            counts.append(link.counts() - before)
    assert counts[1].connections == 1
    # What the pool asks for its own sake, whether the connection is still alive, is in both.
    assert counts[1].turns - counts[0].turns == 3, counts
    assert (counts[1].sent - counts[0].sent) / 3 < 12_000


async def test_another_revision_is_named(empty: ConnectionSettings) -> None:
    with pytest.raises(WarehouseError, match="no retail schema"):
        await _text(empty)


async def test_prometheus_finds_nothing_to_correct(warehouse: ConnectionSettings) -> None:
    checked = subprocess.run(
        [required_program("promtool"), "check", "metrics"],
        input=await _text(warehouse),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
