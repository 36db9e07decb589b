"""The connection is lost while a COPY waits for the server: the COPY fails at once."""

from __future__ import annotations

import asyncio

import polars as pl
import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import copy_frame

_COPYING = (
    "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and query like 'COPY%counted%'"
)


async def test_the_copy_fails_at_once(warehouse: ConnectionSettings) -> None:
    # 14 MB, more than the buffers of socket and driver.
    frame = pl.select(pl.int_range(1_000_000).alias("number"))
    async with connected(warehouse) as watching, connected(warehouse) as reader:
        await watching.execute("create table public.counted (number bigint)")
        async with reader.transaction():
            # While this session locks the table, the server reads only into its buffers.
            await reader.execute("lock table public.counted in share mode")
            copying = asyncio.ensure_future(_copy(warehouse, frame))
            async with asyncio.timeout(20):
                while (process := await watching.fetchval(_COPYING)) is None:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.2)  # until the buffers are full
            await watching.execute("select pg_terminate_backend($1)", process)
            ended, _ = await asyncio.wait([copying], timeout=20)
            assert ended, "the COPY still waits"
            with pytest.raises(ConnectionInterrupted):
                await copying


async def _copy(warehouse: ConnectionSettings, frame: pl.DataFrame) -> None:
    async with connected(warehouse) as connection:
        await copy_frame(connection, "public.counted", frame)
