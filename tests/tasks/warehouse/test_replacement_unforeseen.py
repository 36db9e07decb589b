"""A replacement that the run did not foresee is a replacement all the same."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load.merge import merge
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import Overrides
from tasks.warehouse.load.staging import stage
from tests.support.expected import assert_exactly
from tests.support.plain_run import new_run, start_run
from tests.support.scenario import FIRST, SECOND, Story
from tests.support.silvers import silver_of


async def test_its_old_lines_are_withdrawn(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    story = Story(tmp_path)
    for contents in (FIRST, SECOND):
        story.write({"a.csv": contents["a.csv"]})
        silver = silver_of([story.folder], tmp_path)
        run = new_run()
        await start_run(warehouse, run)
        (delivery,) = silver.deliveries
        async with connected(warehouse) as connection:
            parts = PartReader(silver, {delivery.name: 0})
            columns = await stage(
                connection, warehouse, silver, [delivery], run, parts, known=None, overrides=Overrides(True)
            )
            (row,) = await merge(connection, warehouse, may_replace=False, line_columns=columns)
            await parts.close()
        assert row["replaces"] is (contents is SECOND)
        await assert_exactly(warehouse, story.expected_lines({"a.csv": contents["a.csv"]}))
        story.mark_loaded({"a.csv": contents["a.csv"]})
