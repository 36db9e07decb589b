"""A warehouse comes back whole, under the load lock, and at the newest revision."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from alembic import command

from flows.demo import BUNDLED
from tasks import progress
from tasks.backup.restore.restore import plan_restore
from tasks.errors import RestoreFailed, RestoreRefused, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse import migrate as migrations
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.migrate import head_revision, migrate, schema_version
from tests.support import till_columns
from tests.support.catalogue import ALL, keys_of
from tests.support.deliveries import HEADER, LINE, write
from tests.support.plain_run import assert_accounted, run, state
from tests.support.restores import back_up, differences_of, restore
from tests.support.slow import slow_but


async def _load(warehouse: ConnectionSettings, folder: Path, name: str = "till.csv") -> None:
    lines = "\n".join(LINE.replace("536365", f"5{number:05d}") for number in range(200))
    await run(warehouse, folder / "workspace", [write(folder / name, f"{HEADER}\n{lines}\n")])


@pytest.mark.slow
async def test_the_bundled_data(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path / "workspace", [BUNDLED])
    backup = await back_up(warehouse, tmp_path / "vault", big=("retail_dwh.fact_sale",))
    result = await restore(backup, empty)
    assert await state(empty) == await state(warehouse)
    assert (await state(empty)).lines == 541_909
    assert await keys_of(empty) == ALL
    await assert_accounted(empty)
    assert await differences_of(backup, empty) == []
    assert (result.revision, result.plan.is_warehouse) == (head_revision(), True)
    again = await run(empty, tmp_path / "workspace", [BUNDLED])
    assert len(again.unchanged) == 1


async def test_over_a_warehouse_with_other_data(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    await _load(warehouse, tmp_path / "source")
    backup = await back_up(warehouse, tmp_path / "vault")
    await migrate(empty)
    await _load(empty, tmp_path / "target", "other.csv")
    async with connected(empty) as connection:
        await connection.execute(
            "create table retail_ops.newer (id integer); create schema reports; "
            "create view reports.sales as select count(*) from retail_dwh.fact_sale; "
            "create table reports.notes (id integer)"
        )
        lock = await connection.fetchval("select 'retail_ops.load_lock'::regclass::oid")
    with pytest.raises(RestoreRefused, match=f"--confirm {empty.database}"):
        await restore(backup, empty)
    with pytest.raises(RestoreRefused, match="the confirmation names another"):
        await restore(backup, empty, confirmed="another")
    plan = await plan_restore(backup.source, empty)
    assert plan.dependents == ("view reports.sales",)
    assert "table retail_ops.newer" in plan.dropped
    assert not any("_lock" in name for name in plan.dropped)

    await restore(backup, empty, confirmed=empty.database)
    assert await state(empty) == await state(warehouse)
    assert sorted(await differences_of(backup, empty)) == [
        "schema reports: not in the backup.",
        "table reports.notes: not in the backup.",
    ]
    async with connected(empty) as connection:
        assert await connection.fetchval("select 'retail_ops.load_lock'::regclass::oid") == lock


async def _migrate_to(settings: ConnectionSettings, revision: str) -> None:
    configuration = migrations._configuration()
    configuration.output_buffer = io.StringIO()
    configuration.attributes.update(wait_seconds=10, lock_seconds=10)
    command.upgrade(configuration, revision, sql=True)
    async with connected(settings) as connection:
        await connection.execute(configuration.output_buffer.getvalue())


@pytest.mark.parametrize("target", slow_but(["a warehouse"], ["empty", "a warehouse"]))
async def test_an_older_revision_is_brought_to_the_newest(
    warehouse: ConnectionSettings,
    empty: ConnectionSettings,
    restored: ConnectionSettings,
    tmp_path: Path,
    target: str,
) -> None:
    await _migrate_to(empty, "0007_run_states")
    async with connected(empty) as connection:
        await connection.execute(
            "insert into retail_ops.run (run_id, started_at, status, parameters, versions) "
            "values (gen_random_uuid(), now(), 'completed', '{}', '{}')"
        )
    backup = await back_up(empty, tmp_path)
    into = restored if target == "empty" else warehouse
    result = await restore(backup, into, confirmed=into.database if into is warehouse else "")
    assert (result.plan.upgrade_from, result.revision) == ("0007_run_states", head_revision())
    assert await schema_version(into) == head_revision()
    async with connected(into) as connection:
        assert await connection.fetchval("select count(*) from retail_ops.run") == 1
    await _load(into, tmp_path)


async def test_an_upgrade_that_writes_all_lines_anew_is_announced(
    empty: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    await till_columns.load_tills(empty)
    backup = await back_up(empty, tmp_path)
    plan = await plan_restore(backup.source, restored)
    (cost,) = [line for line in plan.lines() if "quantities get decimals" in line]
    assert cost.startswith("Writes 7 lines anew then")
    with pytest.raises(RestoreFailed, match="MB are free") as failed:
        await restore(backup, replace(restored, disk_bytes=1))
    assert "everything is restored, at revision 0003_views_and_access" in str(failed.value)
    assert await schema_version(restored) == "0003_views_and_access"

    steps: list[progress.Progress] = []
    with progress.listening(steps.append):
        result = await restore(backup, restored, confirmed=restored.database)
    assert result.revision == head_revision()
    (detail,) = [step.detail for step in steps if step.step == "schema.quantities"]
    assert "7 lines are written anew" in detail
    assert "MB are free" in detail
    await assert_accounted(restored)

    now = await back_up(restored, tmp_path / "now")
    plan = await plan_restore(now.source, empty)
    assert not [line for line in plan.lines() if "quantities" in line]


async def test_a_load_waits_and_a_restore_waits_for_a_load(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    await _load(warehouse, tmp_path / "source")
    backup = await back_up(warehouse, tmp_path / "vault")
    await migrate(empty)
    async with connected(empty) as connection, locked_transaction(connection, empty):
        with pytest.raises(WarehouseBusy, match="load lock"):
            await restore(backup, replace(empty, load_lock_timeout=0.5), confirmed=empty.database)

    held: list[bool] = []
    backups_wait: list[bool] = []

    async def try_backup() -> None:
        async with connected(empty) as connection:
            try:
                await connection.execute(
                    "begin; lock table retail_ops.backup_lock in access share mode nowait; rollback"
                )
                backups_wait.append(False)
            except asyncpg.LockNotAvailableError:
                await connection.execute("rollback")
                backups_wait.append(True)

    async def try_lock() -> None:
        async with connected(replace(empty, load_lock_timeout=0.05)) as connection:
            try:
                async with locked_transaction(connection, replace(empty, load_lock_timeout=0.05)):
                    held.append(False)
            except WarehouseBusy:
                held.append(True)

    tasks: list[asyncio.Task[None]] = []

    def on_step(step: progress.Progress) -> None:
        if step.step in {"restore.definitions", "restore.rows", "restore.keys"}:
            tasks.append(asyncio.ensure_future(try_lock()))
        if step.step in {"restore.rows", "restore.keys"}:
            tasks.append(asyncio.ensure_future(try_backup()))

    with progress.listening(on_step):
        await restore(backup, empty, confirmed=empty.database)
    await asyncio.gather(*tasks)
    assert (held, backups_wait) == ([True] * 3, [True] * 2)


@pytest.mark.slow
async def test_readers_of_what_is_dropped_delay_the_restore_and_nothing_else(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    await migrate(empty)
    await _load(empty, tmp_path)
    before = await state(empty)
    async with connected(empty) as reader:
        await reader.execute("begin; select count(*) from retail_dwh.fact_sale")
        with pytest.raises(WarehouseBusy, match="the target was not touched"):
            await restore(backup, empty, confirmed=empty.database, lock_seconds=3.0)
        await reader.execute("rollback")
    assert await state(empty) == before
    await restore(backup, empty, confirmed=empty.database)
    assert (await state(empty)).lines == 0
