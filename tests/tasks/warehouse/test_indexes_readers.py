"""Readers are not blocked: loads into a finished warehouse run no DDL, and finishing gives way to readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tests.support.catalogue import ALL, keys_of
from tests.support.ddl_log import ddl_seen, watch_ddl
from tests.support.plain_run import run, take_out
from tests.support.slices import days, write

EVERYTHING = (
    "select count(*), (select count(*) from retail_dwh.daily_sales), "
    "(select count(*) from retail_dwh.monthly_revenue_by_country), (select count(*) from retail_dwh.customer_rfm) "
    "from retail_dwh.sale_line"
)


@asynccontextmanager
async def open_reader(warehouse: ConnectionSettings) -> AsyncIterator[None]:
    """An analyst's transaction that has read everything and stays open."""
    async with connected(warehouse) as connection, connection.transaction(isolation="repeatable_read"):
        before = await connection.fetchrow(EVERYTHING)
        yield
        assert await connection.fetchrow(EVERYTHING) == before


async def read_all_the_time(warehouse: ConnectionSettings, until: asyncio.Event) -> int:
    """Read again and again, giving up where a lock is in the way for a fifth of a second."""
    rounds = 0
    async with connected(replace(warehouse, lock_timeout=0.2)) as connection:
        while not until.is_set():
            await connection.fetchrow(EVERYTHING)
            rounds += 1
    return rounds


async def test_loads_and_readers_pass_each_other(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", days(1, 1))
    await run(warehouse, tmp_path, [path])
    await watch_ddl(warehouse)
    done = asyncio.Event()
    reading = asyncio.create_task(read_all_the_time(warehouse, done))
    async with open_reader(warehouse):
        impatient = replace(warehouse, lock_timeout=1)
        await run(impatient, tmp_path, [write(tmp_path / "b.csv", days(1, 2))])  # overlap
        write(path, days(2, 2))
        await run(impatient, tmp_path, [path], replace_anyway=True)  # replacement
        await take_out(impatient, str(path))  # withdrawal
    done.set()
    assert await reading > 0
    assert await ddl_seen(warehouse) == []
    assert await keys_of(warehouse) == ALL


async def test_finishing_gives_way_to_readers(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 2))], finished=False)
    waits = asyncio.Event()
    with progress.listening(lambda step: waits.set() if step.step == "finish.waiting" else None):
        async with open_reader(warehouse):
            finishing = asyncio.create_task(complete_indexes(warehouse))
            await asyncio.wait_for(waits.wait(), 20)
            # All is there but the key itself, and a new reader goes through while it waits.
            assert (await keys_of(warehouse)).foreign_keys == 6
            async with connected(replace(warehouse, lock_timeout=0.2)) as connection:
                await connection.fetchrow(EVERYTHING)
        assert await finishing is True
    assert await keys_of(warehouse) == ALL


async def test_a_reader_that_never_ends_is_named_in_time(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 1))], finished=False)
    async with open_reader(warehouse):
        with pytest.raises(WarehouseBusy, match="pg_stat_activity"):
            await complete_indexes(replace(warehouse, lock_timeout=0.5))
    assert await complete_indexes(warehouse) is True
    assert await keys_of(warehouse) == ALL
