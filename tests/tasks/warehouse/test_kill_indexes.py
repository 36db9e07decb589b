"""A run that is killed after its last COMMIT leaves all lines without keys; the next run adds the keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.catalogue import ALL, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import run_until_killed
from tests.support.plain_run import run
from tests.support.scenario import BATCH_BYTES, FIRST, Story

# Number of foreign keys when the process dies.
STEPS = {"load.committed": 0, "finish.indexes": 0, "finish.constraints": 0, "finish.waiting": 6}


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_run_without_new_deliveries_adds_the_keys(
    warehouse: ConnectionSettings, tmp_path: Path, step: str
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    last = len(story.pending_batches(FIRST)) if step == "load.committed" else 1

    async with connected(warehouse) as connection, connection.transaction():
        if step == "finish.waiting":  # a reader is in the way of the primary key
            await connection.execute("select from retail_dwh.fact_sale")
        run_until_killed(warehouse, tmp_path, [story.folder], step, occurrence=last, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(FIRST))
    assert (await keys_of(warehouse)).foreign_keys == STEPS[step]

    outcome = await run(warehouse, tmp_path, [story.folder])
    assert outcome.loaded == ()
    after = await keys_of(warehouse)
    assert after == ALL
    assert after.analysed
    await assert_exactly(warehouse, story.expected_lines(FIRST))
