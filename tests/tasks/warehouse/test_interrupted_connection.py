"""The connection is lost in the middle of a load: nothing of it stays, and trying again loads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.ledger import start_run
from tasks.warehouse.load.transaction import load
from tests.support.cutting_proxy import Cut, cutting
from tests.support.expected import assert_exactly
from tests.support.plain_run import new_run
from tests.support.scenario import FIRST, Story
from tests.support.silvers import silver_of


# In the greeting, the ledger, the dimensions, the COPY of the facts (29 to 74 kB), the vouchers, the counts.
@pytest.mark.parametrize("after_bytes", [0, 5000, 20_000, 50_000, 76_000, 83_000])
async def test_nothing_of_it_stays(warehouse: ConnectionSettings, tmp_path: Path, after_bytes: int) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    silver = silver_of([story.folder], tmp_path)
    this = new_run()
    await start_run(warehouse, this)
    cut = Cut(after_bytes=after_bytes)
    async with cutting(warehouse, cut) as through:
        if after_bytes:
            with pytest.raises(ConnectionInterrupted):
                await load(through, silver, silver.deliveries, this)
            await assert_exactly(warehouse, {})
            assert cut.done.is_set()
        loaded = (await load(through, silver, silver.deliveries, this)).deliveries
    assert {one.outcome for one in loaded} == {"loaded"}
    await assert_exactly(warehouse, story.held(FIRST))
