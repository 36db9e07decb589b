"""The connection is lost while a COPY waits for the server: the load fails at once, and a retry succeeds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.ledger import start_run
from tasks.warehouse.load.transaction import load
from tests.support.plain_run import assert_accounted, new_run
from tests.support.silvers import silver_of

_COPYING = (
    "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and query like 'COPY%fact_sale%'"
)


async def test_the_load_fails_at_once_and_a_retry_succeeds(
    warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    silver = silver_of(
        sorted(days.iterdir())[:4], tmp_path
    )  # 1 MB, more than the buffers of socket and driver
    current_run = new_run()
    await start_run(warehouse, current_run)
    async with connected(warehouse) as watching, connected(warehouse) as reader, reader.transaction():
        # While this session locks the table, the server reads only into its buffers.
        await reader.execute("lock table retail_dwh.fact_sale in share mode")
        loading = asyncio.ensure_future(load(warehouse, silver, silver.deliveries, current_run))
        async with asyncio.timeout(20):
            while (copying := await watching.fetchval(_COPYING)) is None:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # until the buffers are full
        await watching.execute("select pg_terminate_backend($1)", copying)
        ended, _ = await asyncio.wait([loading], timeout=20)
        assert ended, "the load still waits"
        with pytest.raises(ConnectionInterrupted):
            await loading
    loaded = (await load(warehouse, silver, silver.deliveries, current_run)).deliveries
    assert {delivery.outcome for delivery in loaded} == {"loaded"}
    await assert_accounted(warehouse)
