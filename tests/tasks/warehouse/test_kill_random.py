"""After a kill at any moment, the warehouse has whole batches only, and the next run completes it."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.catalogue import ALL, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import Child, Exit
from tests.support.plain_run import run, state
from tests.support.scenario import (
    BATCH_BYTES,
    FIRST,
    SECOND,
    Story,
    assert_whole_batches,
    clean_fingerprints,
)
from tests.support.slices import fresh_warehouse
from tests.support.soak import count, numbered_random, size

pytestmark = pytest.mark.slow


def _load(warehouse: ConnectionSettings, story: Story, die_after: float | None) -> tuple[Exit, float]:
    """Load the story's files in a process; return how it ended and how many seconds it took."""
    child = Child(
        warehouse, story.folder.parent, [story.folder], die_after=die_after, batch_bytes=BATCH_BYTES
    )
    child.wait_until_ready()
    started = time.monotonic()
    child.go()
    return child.wait(), time.monotonic() - started


@pytest.fixture(scope="module")
def clean(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """Fingerprints of clean loads of the first and of the second contents."""
    return asyncio.run(clean_fingerprints(server, template, tmp_path_factory.mktemp("clean")))


@pytest.fixture(scope="module")
def seconds(server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Duration of a load that nobody kills."""

    async def measure() -> float:
        story = Story(tmp_path_factory.mktemp("measured"))
        story.write(FIRST)
        async with fresh_warehouse(server, template) as warehouse:
            ended, duration = await asyncio.to_thread(_load, warehouse, story, None)
        assert ended == Exit(0, "")
        return duration

    return asyncio.run(measure())


@pytest.mark.parametrize("number", range(size(4, soak=40)))
async def test_the_next_run_completes_the_load(
    warehouse: ConnectionSettings,
    tmp_path: Path,
    clean: dict[str, Fingerprint],
    seconds: float,
    number: int,
) -> None:
    story = Story(tmp_path)
    contents, fingerprint = FIRST, clean["first"]
    story.write(FIRST)
    if number % 2:
        await run(warehouse, tmp_path, [story.folder])
        story.mark_loaded(FIRST)
        contents, fingerprint = SECOND, clean["second"]
        story.write(SECOND)

    moment = seconds * numbered_random("kill", number).random()
    ended, _ = _load(warehouse, story, moment)
    assert ended.code in {-signal.SIGKILL, 0}  # 0: this load was faster than the measured one
    count("kills", ended.code != 0)
    await assert_whole_batches(warehouse, story, contents)

    await run(warehouse, tmp_path, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(contents))
    assert await state(warehouse) == fingerprint
    assert await keys_of(warehouse) == ALL
