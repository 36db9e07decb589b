"""A process that may open one connection loads several batches, completes the keys and reads the figures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.kept import keeping_connections
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.load.transaction import load
from tasks.warehouse.warehouse_figures import WarehouseFigures, read_figures
from tests.support.catalogue import ALL, keys_of
from tests.support.expected import assert_exactly
from tests.support.plain_run import new_run, start_run
from tests.support.scenario import FIRST, Story
from tests.support.silvers import silver_of


@pytest.mark.parametrize("size", [1, 2])
async def test_two_loads_side_by_side(warehouse: ConnectionSettings, tmp_path: Path, size: int) -> None:
    narrow = replace(warehouse, pool_size=size, max_overflow=0, connect_seconds=3)
    story = Story(tmp_path)
    story.write(FIRST)
    silver = silver_of([story.folder], tmp_path)
    half = len(silver.deliveries) // 2
    run, figures = new_run(), list[WarehouseFigures]()

    async def read() -> None:
        figures.append(await read_figures(narrow, rows_loaded=1))

    async with keeping_connections():
        await start_run(narrow, run)
        await asyncio.gather(
            load(narrow, silver, silver.deliveries[:half], run),
            load(narrow, silver, silver.deliveries[half:], run),
        )
        await complete_indexes(narrow, read)
    await assert_exactly(warehouse, story.expected_lines(FIRST))
    assert await keys_of(warehouse) == ALL
    assert len(figures) == 1
