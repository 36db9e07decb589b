"""What a load has sent is unpacked while another load of the process is merged, and merged once that one is through."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tests.support.expected import assert_exactly
from tests.support.plain_run import run, state
from tests.support.scenario import FIRST, SECOND, Content, Story

_UNPACKED = """
select count(*) from pg_stat_activity
where datname = current_database() and state = 'idle in transaction' and query like '%load_request%'
"""


async def _until_unpacked(warehouse: ConnectionSettings) -> None:
    async with asyncio.timeout(30), connected(warehouse) as other:
        while not await other.fetchval(_UNPACKED):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("contents", [FIRST, SECOND], ids=["new", "replacements"])
async def test_unpacked_before_its_turn(
    warehouse: ConnectionSettings, tmp_path: Path, contents: dict[str, Content]
) -> None:
    story = Story(tmp_path)
    if contents is SECOND:
        story.write(FIRST)
        await run(warehouse, tmp_path, [story.folder])
        story.mark_loaded(FIRST)
    before = (await state(warehouse)).lines
    story.write(contents)
    async with connection_limit(warehouse).merge_slot:
        loading = asyncio.create_task(run(warehouse, tmp_path, [story.folder], replace_anyway=True))
        await _until_unpacked(warehouse)
        assert (await state(warehouse)).lines == before
    await loading
    await assert_exactly(warehouse, story.expected_lines(contents))


async def test_a_load_that_is_given_up_before_its_turn_leaves_no_transaction(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    async with connection_limit(warehouse).merge_slot:
        loading = asyncio.create_task(run(warehouse, tmp_path, [story.folder]))
        await _until_unpacked(warehouse)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
    async with connected(warehouse) as other:
        assert not await other.fetchval(_UNPACKED)
    await run(warehouse, tmp_path, [story.folder])
    await assert_exactly(warehouse, story.expected_lines(FIRST))
