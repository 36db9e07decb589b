"""A watch looks at everything on one connection, in few turns, and keeps what it saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.health.finding import DEFAULT_THRESHOLDS, HealthStatus, Limits
from tasks.warehouse.integrity.check import built_in_checks, custom_checks
from tasks.warehouse.watch import WatchInputs, watch
from tests.support.link import counting_link
from tests.support.plain_run import run
from tests.support.servers import free_port
from tests.support.slices import days, write

# Login, session settings, JIT off, two statements that ask, one with arguments that stores: 7, TLS and passwords up to 5.
TURNS_WITHOUT_TLS = 7
LIMIT = 12


def _inputs(settings: ConnectionSettings, **changed: object) -> WatchInputs:
    return replace(WatchInputs(settings, built_in_checks(), tries=2), **changed)  # type: ignore[arg-type]


@pytest.fixture
async def loaded(warehouse: ConnectionSettings, tmp_path: Path) -> ConnectionSettings:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    return warehouse


async def test_a_sound_warehouse(loaded: ConnectionSettings) -> None:
    report = await watch(_inputs(loaded))
    assert (report.problems, report.warnings, report.status) == ((), (), HealthStatus.OK)
    assert report.integrity is not None
    assert report.integrity.stored
    assert report.integrity.passed
    assert report.statistics is not None
    assert report.statistics.lints == {}
    values = report.as_json()
    assert values["status"] == "ok"
    async with connected(loaded) as connection:
        rows = await connection.fetch("select * from retail_ops.health order by name")
        checks = await connection.fetchval("select count(*) from retail_ops.integrity_result")
        sizes = await connection.fetchval("select count(*) from retail_ops.size_history")
    assert {row["name"] for row in rows} == {finding.name for finding in report.health}
    assert {row["examined_at"] for row in rows} == {report.examined_at}
    by_name = {row["name"]: row for row in rows}
    assert by_name["writes"]["value_text"] == "read-write"
    assert by_name["connection_time_p50"]["value"] > 0
    assert (checks, sizes) == (len(built_in_checks()), 1)


async def test_old_looks_go(loaded: ConnectionSettings) -> None:
    await watch(_inputs(loaded))
    async with connected(loaded) as connection:
        for table in ("health", "integrity_result"):
            await connection.execute(
                f"update retail_ops.{table} set examined_at = examined_at - interval '91 days'"
            )
    await watch(_inputs(loaded))
    async with connected(loaded) as connection:
        for table in ("health", "integrity_result"):
            assert (
                await connection.fetchval(f"select count(distinct examined_at) from retail_ops.{table}") == 1
            )


async def test_turns_on_its_one_connection(loaded: ConnectionSettings, tmp_path: Path) -> None:
    with counting_link(loaded) as (link, through):
        await watch(_inputs(through))
        everything = link.counts()
        await watch(_inputs(through, tries=12))
        more_tries = link.counts() - everything
    per_try = (more_tries.turns - everything.turns) / 10
    own = everything.turns - 2 * per_try
    assert (everything.connections, more_tries.connections) == (3, 13)
    assert own <= TURNS_WITHOUT_TLS <= LIMIT - 5


async def test_own_checks_run_each_by_itself(loaded: ConnectionSettings, tmp_path: Path) -> None:
    folder = tmp_path / "checks"
    folder.mkdir(mode=0o700)
    head = "-- severity: {}\n-- finds: things\n"
    (folder / "slow.sql").write_text(head.format("warning") + "select pg_sleep(5)")
    (folder / "weekends.sql").write_text(
        head.format("warning") + "select date from retail_dwh.dim_date where is_weekend"
    )
    report = await watch(
        _inputs(loaded, checks=(*built_in_checks(), *custom_checks(folder)), custom_seconds=0.3)
    )
    assert [note.check for note in report.problems] == ["slow"]
    assert "longer than 0.3 s" in report.problems[0].text
    assert [note.check for note in report.warnings] == ["weekends"]


async def test_problems_and_warnings(loaded: ConnectionSettings) -> None:
    async with connected(loaded) as connection:
        await connection.execute(
            "update retail_dwh.fact_sale set total_amount = total_amount + 1 where line_no = 7; "
            "drop index retail_dwh.fact_sale_product_key_idx; "
            "create view retail_ops.planted as select 1 as one"
        )
    strict = replace(DEFAULT_THRESHOLDS, connection_ms=Limits(0, 60_000))
    report = await watch(_inputs(loaded, thresholds=strict))
    assert [note.check for note in report.problems] == ["wrong_amounts"]
    assert [note.check for note in report.warnings] == [
        "connection_time_p50",
        "connection_time_p95",
        "indexes",
        "linter",
    ]
    assert "retail_dwh.fact_sale_product_key_idx is missing" in report.warnings[2].what
    assert "retail_ops.planted" in report.warnings[3].what


async def test_one_failing_question_of_health(loaded: ConnectionSettings) -> None:
    async with connected(loaded) as connection:
        await connection.execute("alter table retail_ops.backup_proof rename column outcome to result")
    report = await watch(_inputs(loaded))
    assert [note.check for note in report.warnings] == ["last_backup"]
    assert report.statistics is not None


async def test_a_database_that_cannot_be_reached() -> None:
    nowhere = ConnectionSettings("127.0.0.1", free_port(), sslmode="disable", connect_seconds=0.5)
    report = await watch(_inputs(nowhere))
    assert [note.check for note in report.problems] == ["connection"]
    assert (report.integrity, report.statistics) == (None, None)


async def test_a_read_only_database(loaded: ConnectionSettings) -> None:
    async with connected(loaded) as connection:
        await connection.execute(f"alter database {loaded.database} set default_transaction_read_only = on")
    report = await watch(_inputs(loaded))
    assert [note.check for note in report.problems] == ["writes"]
    assert report.integrity is not None
    assert not report.integrity.stored


async def test_a_database_without_our_schema(empty: ConnectionSettings) -> None:
    with pytest.raises(WarehouseError, match="no retail schema yet"):
        await watch(_inputs(empty))
