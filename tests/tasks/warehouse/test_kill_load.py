"""Killed at any step of a load, the warehouse holds whole deliveries only, and running again heals it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import die
from tests.support.plain_run import run, state
from tests.support.scenario import BATCH_BYTES, FIRST, SECOND, Story
from tests.support.slices import fresh_warehouse

# Where the second of three batches dies, and how many batches are in by then.
STEPS = {
    "load.locked": 1,
    "load.ledger_written": 1,
    "load.dimensions_copied": 1,
    "load.facts_copied": 1,
    "load.line_sources_copied": 1,
    "load.part_added": 1,
    "load.withdrawn": 1,
    "load.bookkeeping_written": 1,
    "load.committed": 2,
}


@pytest.fixture(scope="module")
def clean(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """The fingerprints of one clean load of the first contents, and of the second."""

    async def load_both() -> dict[str, Fingerprint]:
        found = {}
        for name, contents in (("first", FIRST), ("second", SECOND)):
            folder = tmp_path_factory.mktemp(name)
            story = Story(folder)
            story.write(contents)
            async with fresh_warehouse(server, template) as warehouse:
                await run(warehouse, folder, [story.folder])
                found[name] = await state(warehouse)
        return found

    return asyncio.run(load_both())


@pytest.mark.parametrize("step", STEPS)
async def test_a_fresh_warehouse(
    warehouse: ConnectionSettings, tmp_path: Path, clean: dict[str, Fingerprint], step: str
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    assert len(story.work(FIRST)) >= 3

    die(warehouse, tmp_path, [story.folder], step, occurrence=2, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.held(FIRST, STEPS[step]))
    assert await keys_of(warehouse) == NONE

    await run(warehouse, tmp_path, [story.folder])
    await assert_exactly(warehouse, story.held(FIRST))
    assert await state(warehouse) == clean["first"]
    assert await keys_of(warehouse) == ALL


@pytest.mark.parametrize("step", STEPS)
async def test_a_replacement_in_an_incremental_warehouse(
    warehouse: ConnectionSettings, tmp_path: Path, clean: dict[str, Fingerprint], step: str
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    await run(warehouse, tmp_path, [story.folder])
    story.settled(FIRST)
    story.write(SECOND)
    assert len(story.work(SECOND)) >= 3

    die(warehouse, tmp_path, [story.folder], step, occurrence=2, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.held(SECOND, STEPS[step]))
    assert await keys_of(warehouse) == ALL

    await run(warehouse, tmp_path, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.held(SECOND))
    assert await state(warehouse) == clean["second"]
