"""Two or three processes load overlapping deliveries at once: all succeed, and each delivery is loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.catalogue import ALL, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import Child, Exit
from tests.support.plain_run import run, state
from tests.support.scenario import FIRST, SECOND, Story
from tests.support.slices import fresh_warehouse
from tests.support.soak import count, numbered_random, size

pytestmark = pytest.mark.slow

_CHANGES = "select name from retail_ops.delivery_attempt where outcome in ('loaded', 'replaced')"


@pytest.mark.parametrize("number", range(size(2, soak=20)))
async def test_loaders_at_once(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path, number: int
) -> None:
    random = numbered_random("loaders", number)
    story = Story(tmp_path)
    story.write(FIRST)
    contents = FIRST
    if number % 2:
        await run(warehouse, tmp_path, [story.folder])
        story.mark_loaded(FIRST)
        story.write(SECOND)
        contents = SECOND
    async with connected(warehouse) as connection:
        before = [row["name"] for row in await connection.fetch(_CHANGES)]

    files = [story.folder / name for name in contents]
    loaders = 3 if number % 4 < 2 else 2
    shares = [set(random.sample(files, random.randint(2, len(files)))) for _ in range(loaders)]
    shares[0] |= set(files).difference(*shares)
    children = [
        Child(
            warehouse,
            tmp_path,
            sorted(share, key=lambda _: random.random()),
            batch_bytes=random.choice((1, 6000)),
        )
        for share in shares
    ]
    for child in children:
        child.wait_until_ready()
    for child in children:
        child.go()
    assert [child.wait() for child in children] == [Exit(0, "")] * loaders
    count(f"times {loaders} loaders at once")

    await assert_exactly(warehouse, story.expected_lines(contents))
    assert await keys_of(warehouse) == ALL
    async with connected(warehouse) as connection:
        changed = [Path(row["name"]).name for row in await connection.fetch(_CHANGES)]
    for name in before:
        changed.remove(Path(name).name)
    assert sorted(changed) == sorted(name for batch in story.pending_batches(contents) for name in batch)
    async with fresh_warehouse(server, template) as clean:
        await run(clean, tmp_path, [story.folder])
        assert await state(warehouse) == await state(clean)
