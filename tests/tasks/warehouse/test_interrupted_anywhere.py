"""The connection is cut at any byte of a run, in either direction: whole batches only, and the next run completes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import Transient
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.cutting_proxy import Cut, cutting
from tests.support.expected import assert_exactly
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
from tests.support.soak import size

pytestmark = pytest.mark.slow

_PARTS = 1_000_000


@pytest.fixture(scope="module")
def clean(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """Fingerprints of clean loads of the first and of the second contents."""
    return asyncio.run(clean_fingerprints(server, template, tmp_path_factory.mktemp("clean")))


@asynccontextmanager
async def _before_the_run(
    server: EmbeddedServer, template: str, folder: Path, replacing: bool
) -> AsyncIterator[tuple[ConnectionSettings, Story]]:
    """Yield an empty warehouse and the first contents, or with these loaded and the second ones."""
    story = Story(folder)
    story.write(FIRST)
    async with fresh_warehouse(server, template) as warehouse:
        if replacing:
            await run(warehouse, folder, [story.folder])
            story.mark_loaded(FIRST)
            story.write(SECOND)
        yield warehouse, story


async def _load(warehouse: ConnectionSettings, story: Story) -> int:
    outcome = await run(
        warehouse, story.folder.parent, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES
    )
    return len(outcome.loaded)


@pytest.fixture(scope="module")
def whole(server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Cut]:
    """Bytes of a whole run, without and with replacements."""

    async def measure() -> dict[bool, Cut]:
        runs = {}
        for replacing in (False, True):
            folder = tmp_path_factory.mktemp("whole")
            async with _before_the_run(server, template, folder, replacing) as (warehouse, story):
                runs[replacing] = Cut()
                async with cutting(warehouse, runs[replacing]) as through:
                    await _load(through, story)
        return runs

    return asyncio.run(measure())


@settings(max_examples=size(10, soak=93))
@given(place=st.integers(0, _PARTS - 1), to_server=st.booleans(), replacing=st.booleans())
async def test_the_next_run_completes_the_load(
    server: EmbeddedServer,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    clean: dict[str, Fingerprint],
    whole: dict[bool, Cut],
    place: int,
    to_server: bool,
    replacing: bool,
) -> None:
    total = whole[replacing].sent if to_server else whole[replacing].received
    position = place * total // _PARTS
    cut = Cut(after_bytes=position) if to_server else Cut(after_bytes_received=position)
    contents = SECOND if replacing else FIRST
    folder = tmp_path_factory.mktemp("anywhere")
    async with _before_the_run(server, template, folder, replacing) as (warehouse, story):
        async with cutting(warehouse, cut) as through:
            with suppress(Transient):  # a cut during a login or at the end of a session does not fail the run
                await _load(through, story)
        await assert_whole_batches(warehouse, story, contents)

        await _load(warehouse, story)
        await assert_exactly(warehouse, story.expected_lines(contents))
        after = await state(warehouse)
        assert after == clean["second" if replacing else "first"]
        assert await _load(warehouse, story) == 0
        assert await state(warehouse) == after
