"""The connection is lost during a load: the load is rolled back, and a retry succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.load.transaction import load
from tests.support.cutting_proxy import Cut, cutting
from tests.support.expected import assert_exactly
from tests.support.plain_run import new_run, start_run
from tests.support.scenario import FIRST, Story
from tests.support.silvers import silver_of


# During the login, the COPY of the frames, that of the lines, and in the script that merges them.
@pytest.mark.parametrize("after_bytes", [0, 1500, 10_000, 30_000, 40_000])
async def test_the_load_is_rolled_back(
    warehouse: ConnectionSettings, tmp_path: Path, after_bytes: int
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    silver = silver_of([story.folder], tmp_path)
    current_run = new_run()
    await start_run(warehouse, current_run)
    cut = Cut(after_bytes=after_bytes)
    async with cutting(warehouse, cut) as through:
        if after_bytes:
            with pytest.raises(ConnectionInterrupted):
                await load(through, silver, silver.deliveries, current_run)
            await assert_exactly(warehouse, {})
            assert cut.done.is_set()
        loaded = (await load(through, silver, silver.deliveries, current_run)).deliveries
    assert {delivery.outcome for delivery in loaded} == {"loaded"}
    await assert_exactly(warehouse, story.expected_lines(FIRST))
