"""Nobody waits for a load that is still sending its lines: it takes the load lock afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load.transaction import load
from tests.support.link import slow_link
from tests.support.plain_run import assert_accounted, new_run, start_run
from tests.support.silvers import silver_of

_SENDING = """
select
    exists (
        select from pg_stat_activity
        where datname = current_database() and state = 'active' and query like 'COPY%staged%'
    ) as sending,
    exists (
        select from pg_locks
        where relation = 'retail_ops.load_lock'::regclass and mode = 'ShareRowExclusiveLock' and granted
    ) as locked
"""


async def test_the_lock_is_free(warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> None:
    silver = silver_of([days / "2011-09-13.csv"], tmp_path)
    run = new_run()
    await start_run(warehouse, run)
    seen = []
    with slow_link(warehouse, rate=60_000) as through:  # the lines take some two seconds
        async with connected(warehouse) as watching:
            loading = asyncio.ensure_future(load(through, silver, silver.deliveries, run))
            while not loading.done():
                seen.append(tuple(await watching.fetchrow(_SENDING)))
                await asyncio.sleep(0.02)
            await loading
    assert seen.count((True, False)) >= 10
    assert (True, True) not in seen
    await assert_accounted(warehouse)
