"""What runs used and cost, by their recorded ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.traffic import Network
from tasks.warehouse.ledger import Attempt, Run, RunStatus, close_dead_run, finish_run
from tasks.warehouse.migrate import migrate
from tasks.warehouse.resource_use import Prices, ResourceUse, StageUse
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import new_run, start_run
from tests.support.scrapes import scrape

_NETWORK = Network(50.0, 1, 6, 2_000_000, 500_000, 0.3, 0.0)
_PRICES = Prices("EUR", Decimal("0.36"), Decimal("0.1"), Decimal("0.2"), Decimal("0.125"))
_USE = ResourceUse(
    2.5,
    10.0,
    300_000_000,
    4_000,
    5_000,
    _NETWORK,
    (StageUse("ingest", 0.5, 0.4, 1000), StageUse("load", 2.0, 0.7, 1000)),
    _PRICES,
)
_ENDS = "select * from retail_ops.run_end order by ended_at, status"


async def _end(
    warehouse: ConnectionSettings,
    run: Run,
    status: RunStatus = "completed",
    use: ResourceUse | None = _USE,
    attempts: tuple[Attempt, ...] = (),
) -> None:
    await finish_run(warehouse, run, "default", status, None, attempts, use=use)


@pytest.mark.parametrize("attempts", [(), (Attempt("a.csv", "failed", "unreadable"),)])
async def test_an_end_with_its_use_and_cost(
    warehouse: ConnectionSettings, attempts: tuple[Attempt, ...]
) -> None:
    run = new_run()
    await start_run(warehouse, run)
    await _end(warehouse, run, attempts=attempts)
    async with connected(warehouse) as connection:
        (end,) = await connection.fetch(_ENDS)
        stages = await connection.fetch(
            "select stage, seconds, cpu_seconds, rows, rows_per_second from retail_ops.run_stage"
        )
    assert (end["run_id"], end["began_at"], end["status"]) == (run.run_id, run.started_at, "completed")
    assert (end["seconds"], end["cpu_seconds"], end["peak_memory_bytes"]) == (2.5, 10.0, 300_000_000)
    assert (end["bytes_read"], end["bytes_written"]) == (4_000, 5_000)
    assert (end["turns"], end["connections"], end["bytes_sent"], end["bytes_received"]) == (
        6,
        1,
        2_000_000,
        500_000,
    )
    assert end["cpu_cost"] == Decimal("0.001")
    assert end["traffic_cost"] == Decimal("0.0003")
    assert end["currency"] == "EUR"
    assert end["database_bytes"] > 1_000_000
    stored = Decimal(end["database_bytes"]) * Decimal("0.125") / 10**9
    assert end["storage_cost_per_month"] == stored.quantize(Decimal("1e-9"))
    assert [tuple(stage) for stage in stages] == [
        ("ingest", 0.5, 0.4, 1000, 2000.0),
        ("load", 2.0, 0.7, 1000, 500.0),
    ]


async def test_without_prices_and_without_an_answer(warehouse: ConnectionSettings) -> None:
    uses: tuple[tuple[RunStatus, ResourceUse | None], ...] = (
        ("completed", replace(_USE, prices=Prices(), network=None)),
        ("failed", None),
    )
    for status, use in uses:
        run = new_run()
        await start_run(warehouse, run)
        await _end(warehouse, run, status, use)
    async with connected(warehouse) as connection:
        ends = await connection.fetch(_ENDS)
        assert await connection.fetch("select * from retail_ops.run_cost") == []
    assert [(end["cpu_seconds"], end["turns"], end["currency"]) for end in ends] == [
        (10.0, None, None),
        (None, None, None),
    ]


async def test_only_some_prices(warehouse: ConnectionSettings) -> None:
    run = new_run()
    await start_run(warehouse, run)
    await _end(warehouse, run, use=replace(_USE, prices=Prices("GBP", gb_stored_month=Decimal(2))))
    async with connected(warehouse) as connection:
        (end,) = await connection.fetch(_ENDS)
    assert (end["currency"], end["cpu_cost"], end["traffic_cost"]) == ("GBP", None, None)
    assert end["storage_cost_per_month"] > 0


async def test_an_end_that_is_recorded_twice_counts_once(warehouse: ConnectionSettings) -> None:
    run = new_run()
    await start_run(warehouse, run)
    attempts = (Attempt("a.csv", "refused", refusal="quality_gate"), Attempt("b.csv", "failed", "unreadable"))
    for _ in range(2):
        await _end(warehouse, run, "failed", attempts=attempts)
    values = await scrape(warehouse)
    assert values["retail_runs_total", ("failed",)] == 1
    assert values["retail_deliveries_total", ("refused",)] == 1
    # The answer to the first call was lost, and the run ends as something else.
    await _end(warehouse, run, "timed_out", attempts=attempts[1:])
    values = await scrape(warehouse)
    assert values["retail_runs_total", ("timed_out",)] == 1
    assert values["retail_deliveries_total", ("refused",)] == 0
    assert values["retail_deliveries_total", ("failed",)] == 1


async def test_a_run_that_is_retried_under_its_id_keeps_both_ends(warehouse: ConnectionSettings) -> None:
    run = new_run()
    await start_run(warehouse, run)
    await _end(warehouse, run, "failed", attempts=(Attempt("a.csv", "failed", "unreadable"),))
    again = replace(run, started_at=run.started_at + timedelta(hours=1))
    await start_run(warehouse, again)
    assert (await scrape(warehouse))["retail_running_runs", ()] == 1
    await _end(warehouse, again)
    values = await scrape(warehouse)
    assert values["retail_runs_total", ("failed",)] == values["retail_runs_total", ("completed",)] == 1
    assert values["retail_run_cpu_seconds_total", ()] == 20
    assert values["retail_deliveries_total", ("failed",)] == 1


async def test_dead_runs(warehouse: ConnectionSettings) -> None:
    dead, cancelled = new_run(), new_run()
    await start_run(warehouse, dead)
    await start_run(warehouse, cancelled)  # closes the one that died
    await close_dead_run(warehouse, cancelled.run_id, "cancelled")
    await close_dead_run(warehouse, cancelled.run_id, "crashed")
    # It was alive after all.
    await _end(warehouse, dead)
    values = await scrape(warehouse)
    assert [values["retail_runs_total", (status,)] for status in ("crashed", "cancelled", "completed")] == [
        1,
        1,
        1,
    ]
    assert values["retail_run_seconds_total", ()] == 2.5


async def test_a_rising_cost_is_seen(warehouse: ConnectionSettings) -> None:
    for price in ("0.36", "0.36", "0.72"):
        run = replace(new_run(), parameters={"feed": "till"})
        await start_run(warehouse, run)
        prices = Prices("EUR", Decimal(price), gb_stored_month=Decimal(1))
        await _end(warehouse, run, use=replace(_USE, prices=prices))
    idle = replace(new_run(), parameters={"feed": "till"})
    await start_run(warehouse, idle)
    await _end(warehouse, idle, use=replace(_USE, stages=(), cpu_seconds=0.1))
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select lines, cost, earlier_cost, cost_ratio, cost_per_million_lines from retail_ops.run_cost order by ended_at"
        )
        (day,) = await connection.fetch("select * from retail_ops.daily_cost")
    assert [row["cost"] for row in rows[:3]] == [Decimal("0.001"), Decimal("0.001"), Decimal("0.002")]
    assert [row["cost_ratio"] for row in rows] == [None, 1, 2, None]
    assert [row["cost_per_million_lines"] for row in rows] == [1, 1, 2, None]
    assert (day["currency"], day["runs"], day["lines"]) == ("EUR", 4, 3000)
    assert day["cost"] == sum(row["cost"] for row in rows)
    values = await scrape(warehouse)
    assert values["retail_cost_total", ("EUR", "cpu")] == pytest.approx(0.00401)
    assert values["retail_storage_cost_per_month", ("EUR",)] > 0
    assert values["retail_stage_lines_total", ("load",)] == 3000
    assert values["retail_last_run_cpu_seconds", ()] == pytest.approx(0.1)


async def test_an_older_warehouse_counts_its_runs(empty: ConnectionSettings) -> None:
    await create_schema_at(empty, "0011_size_history")
    async with connected(empty) as connection:
        await connection.execute(
            "insert into retail_ops.run (run_id, started_at, finished_at, status, parameters, versions) "
            "select gen_random_uuid(), '2026-01-01Z', f::timestamptz, s, '{}', '{}' "
            "from (values ('completed', '2026-01-02Z'), ('crashed', null), ('running', null)) as r (s, f)"
        )
    await migrate(empty)
    values = await scrape(empty)
    assert [values["retail_runs_total", (status,)] for status in ("completed", "crashed", "failed")] == [
        1,
        1,
        0,
    ]
    assert values["retail_running_runs", ()] == 1
    assert values["retail_run_cpu_seconds_total", ()] == 0
    this = new_run()
    await start_run(empty, this)  # closes the one that was running
    await _end(empty, this)
    assert (await scrape(empty))["retail_runs_total", ("crashed",)] == 2
