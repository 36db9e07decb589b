"""The connection is cut at COMMIT: the ledger decides whether it happened, and the retry reports it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load.transaction import load
from tests.support.cutting_proxy import Cut, cutting
from tests.support.expected import Contents, assert_exactly
from tests.support.plain_run import new_run, start_run, state
from tests.support.scenario import FIRST, SECOND, Story
from tests.support.silvers import silver_of


@pytest.mark.parametrize("committed", [False, True])
async def test_retrying_the_load_gives_the_right_outcome(
    warehouse: ConnectionSettings, tmp_path: Path, committed: bool
) -> None:
    story = Story(tmp_path)
    expected: Contents = {}
    for contents, outcomes in (
        (FIRST, {"loaded"}),
        (SECOND, {"loaded", "replaced", "unchanged"}),
    ):
        story.write(contents)
        silver = silver_of([story.folder], tmp_path)
        current_run = new_run()
        await start_run(warehouse, current_run)
        cut = Cut(before_commit=not committed, after_commit=committed)
        async with cutting(warehouse, cut) as through:
            with pytest.raises(ConnectionInterrupted):
                await load(through, silver, silver.deliveries, current_run, replace_anyway=True)
        assert cut.done.is_set()
        before, expected = expected, story.expected_lines(contents)
        await assert_exactly(warehouse, expected if committed else before)

        loaded = (
            await load(warehouse, silver, silver.deliveries, current_run, replace_anyway=True)
        ).deliveries
        assert {delivery.outcome for delivery in loaded} == outcomes
        await assert_exactly(warehouse, expected)
        async with connected(warehouse) as connection:
            ledger = await connection.fetch(
                "select name, rows_loaded, rows_duplicate from retail_ops.delivery"
            )
        assert {(delivery.name, delivery.rows_loaded, delivery.rows_duplicate) for delivery in loaded} == {
            *map(tuple, ledger)
        }
        story.mark_loaded(contents)

        after = await state(warehouse)
        later_run = new_run()
        await start_run(warehouse, later_run)
        again = (await load(warehouse, silver, silver.deliveries, later_run)).deliveries
        assert {delivery.outcome for delivery in again} == {"unchanged"}
        assert await state(warehouse) == after
