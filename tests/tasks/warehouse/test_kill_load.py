"""After a kill at any step of a load, the warehouse has whole deliveries only, and the next run completes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import run_until_killed
from tests.support.plain_run import run, state
from tests.support.scenario import BATCH_BYTES, FIRST, SECOND, Story, clean_fingerprints
from tests.support.slow import slow_but

# Step at which the second of three batches dies, and the number of batches loaded by then.
STEPS = {
    "load.part_staged": 1,
    "load.staged": 1,
    "load.committed": 2,
}


@pytest.fixture(scope="module")
def clean(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """Fingerprints of clean loads of the first and of the second contents."""
    return asyncio.run(clean_fingerprints(server, template, tmp_path_factory.mktemp("clean")))


@pytest.mark.parametrize("step", slow_but(["load.part_staged"], STEPS))
async def test_a_fresh_warehouse(
    warehouse: ConnectionSettings, tmp_path: Path, clean: dict[str, Fingerprint], step: str
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    assert len(story.pending_batches(FIRST)) >= 3

    run_until_killed(warehouse, tmp_path, [story.folder], step, occurrence=2, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(FIRST, STEPS[step]))
    assert await keys_of(warehouse) == NONE

    await run(warehouse, tmp_path, [story.folder])
    await assert_exactly(warehouse, story.expected_lines(FIRST))
    assert await state(warehouse) == clean["first"]
    assert await keys_of(warehouse) == ALL


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_replacement_in_an_incremental_warehouse(
    warehouse: ConnectionSettings, tmp_path: Path, clean: dict[str, Fingerprint], step: str
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    await run(warehouse, tmp_path, [story.folder])
    story.mark_loaded(FIRST)
    story.write(SECOND)
    assert len(story.pending_batches(SECOND)) >= 3

    run_until_killed(warehouse, tmp_path, [story.folder], step, occurrence=2, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(SECOND, STEPS[step]))
    assert await keys_of(warehouse) == ALL

    await run(warehouse, tmp_path, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(SECOND))
    assert await state(warehouse) == clean["second"]
