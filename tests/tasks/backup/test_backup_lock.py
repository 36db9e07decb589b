"""A running backup and a step that makes readers wait know of each other: no reader ever queues behind the two."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tasks.warehouse.primary_key import MISSING_KEY

_HOLD = "begin; lock table retail_ops.backup_lock, retail_dwh.fact_sale in access share mode"


async def _slowest_read(warehouse: ConnectionSettings, until: asyncio.Task[object]) -> float:
    """Read fact_sale again and again until the work is done; return the longest time in seconds."""
    slowest = 0.0
    async with connected(warehouse) as reader:
        while not until.done():
            started = time.monotonic()
            await reader.fetchval("select count(*) from retail_dwh.fact_sale")
            slowest = max(slowest, time.monotonic() - started)
            await asyncio.sleep(0.005)
    return slowest


async def test_the_primary_key_waits_for_a_backup_without_a_reader_in_line(
    warehouse: ConnectionSettings,
) -> None:
    async with connected(warehouse) as holder:
        await holder.execute(_HOLD)
        work = asyncio.create_task(complete_indexes(replace(warehouse, lock_timeout=2.5)))
        slowest = await _slowest_read(warehouse, work)
        # Its attempts at the table's own lock would last 80 ms each.
        assert slowest < 0.06
        assert (await work).degraded_reasons == (MISSING_KEY,)
        await holder.execute("rollback")
    assert not (await complete_indexes(warehouse)).degraded_reasons


async def test_an_upgrade_waits_for_a_backup(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as holder:
        await holder.execute("update retail_ops.schema_version set version_num = '0007_run_states'")
        await holder.execute(
            "alter table retail_ops.backup_lock rename to backup_lock_before; "
            "drop table retail_ops.backup, retail_ops.backup_proof; "
            "alter table retail_ops.backup_lock_before rename to backup_lock"
        )
        await holder.execute(_HOLD)
        work = asyncio.create_task(migrate(replace(warehouse, load_lock_timeout=1)))
        assert await _slowest_read(warehouse, work) < 0.06
        with pytest.raises(WarehouseBusy):
            await work
        await holder.execute("rollback")
