"""The connection is cut at COMMIT: whether it took place is for the ledger to say, and is said once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.ledger import start_run
from tasks.warehouse.load.transaction import load
from tests.support.cutting_proxy import Cut, cutting
from tests.support.expected import Held, assert_exactly
from tests.support.plain_run import new_run, state
from tests.support.scenario import FIRST, SECOND, Story
from tests.support.silvers import silver_of


@pytest.mark.parametrize("committed", [False, True])
async def test_the_same_load_again_settles_it(
    warehouse: ConnectionSettings, tmp_path: Path, committed: bool
) -> None:
    story = Story(tmp_path)
    held: Held = {}
    for contents, outcomes in (
        (FIRST, {"loaded"}),
        (SECOND, {"loaded", "replaced", "unchanged"}),
    ):
        story.write(contents)
        silver = silver_of([story.folder], tmp_path)
        this = new_run()
        await start_run(warehouse, this)
        cut = Cut(before_commit=not committed, after_commit=committed)
        async with cutting(warehouse, cut) as through:
            with pytest.raises(ConnectionInterrupted):
                await load(through, silver, silver.deliveries, this, replace_anyway=True)
        assert cut.done.is_set()
        before, held = held, story.held(contents)
        await assert_exactly(warehouse, held if committed else before)

        loaded = (await load(warehouse, silver, silver.deliveries, this, replace_anyway=True)).deliveries
        assert {one.outcome for one in loaded} == outcomes
        await assert_exactly(warehouse, held)
        async with connected(warehouse) as connection:
            ledger = await connection.fetch(
                "select name, rows_loaded, rows_duplicate from retail_ops.delivery"
            )
        assert {(one.name, one.rows_loaded, one.rows_duplicate) for one in loaded} == {*map(tuple, ledger)}
        story.settled(contents)

        after = await state(warehouse)
        other = new_run()
        await start_run(warehouse, other)
        again = (await load(warehouse, silver, silver.deliveries, other)).deliveries
        assert {one.outcome for one in again} == {"unchanged"}
        assert await state(warehouse) == after
