"""Readers are not blocked: loads into a complete warehouse run no DDL, and the primary key waits for readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.primary_key import MISSING_KEY
from tests.support.catalogue import ALL, keys_of
from tests.support.ddl_log import log_ddl, logged_ddl
from tests.support.plain_run import run, take_out
from tests.support.slices import days, write

READ_ALL = (
    "select count(*), (select count(*) from retail_dwh.daily_sales), "
    "(select count(*) from retail_dwh.monthly_revenue_by_country), (select count(*) from retail_dwh.customer_rfm) "
    "from retail_dwh.sale_line"
)


@asynccontextmanager
async def open_reader(warehouse: ConnectionSettings) -> AsyncIterator[None]:
    """Keep an analyst's transaction open that has read everything."""
    async with connected(warehouse) as connection, connection.transaction(isolation="repeatable_read"):
        before = await connection.fetchrow(READ_ALL)
        yield
        assert await connection.fetchrow(READ_ALL) == before


async def read_repeatedly(warehouse: ConnectionSettings, until: asyncio.Event) -> int:
    """Read until the event is set; fail if a lock blocks for a fifth of a second."""
    rounds = 0
    async with connected(replace(warehouse, lock_timeout=0.2)) as connection:
        while not until.is_set():
            await connection.fetchrow(READ_ALL)
            rounds += 1
    return rounds


async def test_loads_and_readers_do_not_block_each_other(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", days(1, 1))
    await run(warehouse, tmp_path, [path])
    await log_ddl(warehouse)
    done = asyncio.Event()
    reading = asyncio.create_task(read_repeatedly(warehouse, done))
    async with open_reader(warehouse):
        short_timeout = replace(warehouse, lock_timeout=1)
        await run(short_timeout, tmp_path, [write(tmp_path / "b.csv", days(1, 2))])  # overlap
        write(path, days(2, 2))
        await run(short_timeout, tmp_path, [path], replace_anyway=True)  # replacement
        await take_out(short_timeout, str(path))  # withdrawal
    done.set()
    assert await reading > 0
    assert await logged_ddl(warehouse) == []
    assert await keys_of(warehouse) == ALL


async def test_the_primary_key_waits_for_readers(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 2))], finished=False)
    waits = asyncio.Event()
    with progress.listening(lambda event: waits.set() if event.step == "finish.waiting" else None):
        async with open_reader(warehouse):
            finishing = asyncio.create_task(complete_indexes(warehouse))
            await asyncio.wait_for(waits.wait(), 20)
            # Everything but the primary key exists, and a new reader is not blocked.
            assert (await keys_of(warehouse)).foreign_keys == 6
            async with connected(replace(warehouse, lock_timeout=0.2)) as connection:
                await connection.fetchrow(READ_ALL)
        assert (await finishing).changed is True
    assert await keys_of(warehouse) == ALL


async def test_a_long_reader_costs_the_key_until_the_next_run(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 1))], finished=False)
    async with open_reader(warehouse):
        completion = await complete_indexes(replace(warehouse, lock_timeout=0.5))
    assert completion.degraded_reasons == (MISSING_KEY,)
    assert (await keys_of(warehouse)).foreign_keys == 6


async def test_new_readers_do_not_wait_for_the_key(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 1))], finished=False)
    done = asyncio.Event()
    async with open_reader(warehouse):
        reading = asyncio.create_task(read_repeatedly(warehouse, done))
        await complete_indexes(replace(warehouse, lock_timeout=3))
        done.set()
        assert await reading > 3
    assert (await complete_indexes(warehouse)).changed is True
    assert await keys_of(warehouse) == ALL
