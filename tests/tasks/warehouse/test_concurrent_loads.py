"""Two parallel loaders: both succeed, and together they load every delivery once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.load_lock import locked_transaction
from tests.support.catalogue import ALL, keys_of
from tests.support.expected import assert_exactly
from tests.support.killed_load import Child, Exit
from tests.support.plain_run import run, state, take_out
from tests.support.scenario import BATCH_BYTES, FIRST, SECOND, Story
from tests.support.slices import fresh_warehouse

_WAITING = (
    "select count(*) from pg_locks where locktype = 'relation' and not granted and relation = "
    "'retail_ops.load_lock'::regclass"
)


@pytest.mark.slow
async def test_two_processes_load_equal_and_overlapping_deliveries(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    files = [story.folder / name for name in FIRST]
    children = [Child(warehouse, tmp_path, sources, batch_bytes=1) for sources in (files[:4], files[:1:-1])]
    for child in children:
        child.wait_until_ready()
    for child in children:
        child.go()
    assert [child.wait() for child in children] == [Exit(0, ""), Exit(0, "")]

    await assert_exactly(warehouse, story.expected_lines(FIRST))
    assert await keys_of(warehouse) == ALL
    async with fresh_warehouse(server, template) as clean:
        await run(clean, tmp_path, [story.folder])
        assert await state(warehouse) == await state(clean)


async def test_two_connections_replace_the_same_deliveries(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    await run(warehouse, tmp_path, [story.folder])
    story.mark_loaded(FIRST)
    story.write(SECOND)
    outcomes = await asyncio.gather(
        *(
            run(
                warehouse,
                tmp_path / str(number),
                [story.folder],
                replace_anyway=True,
                batch_bytes=BATCH_BYTES,
            )
            for number in range(2)
        )
    )
    await assert_exactly(warehouse, story.expected_lines(SECOND))
    changed_names = [
        delivery.name
        for outcome in outcomes
        for delivery in outcome.loaded
        if delivery.outcome in {"loaded", "replaced"}
    ]
    assert sorted(Path(name).name for name in changed_names) == sorted(
        name for batch in story.pending_batches(SECOND) for name in batch
    )


async def test_a_withdrawal_in_parallel_with_a_load(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.write({"a.csv": FIRST["a.csv"]})
    await run(warehouse, tmp_path, [story.folder])
    story.write(FIRST)
    expected = story.expected_lines(FIRST)
    rest = [story.folder / name for name in FIRST if name != "a.csv"]
    await asyncio.gather(
        take_out(warehouse, str(story.folder / "a.csv")),
        run(warehouse, tmp_path, rest, batch_bytes=BATCH_BYTES),
    )
    await assert_exactly(
        warehouse, {key: lines for key, lines in expected.items() if not key[1].endswith("a.csv")}
    )


async def test_a_load_sees_the_withdrawal_that_it_waited_for(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    """Even if the database's default isolation is repeatable read."""
    story = Story(tmp_path)
    contents = dict.fromkeys(("a.csv", "b.csv"), FIRST["a.csv"])
    story.write(contents)
    a, b = (story.folder / name for name in ("a.csv", "b.csv"))
    await run(warehouse, tmp_path, [a])
    async with connected(warehouse) as watching, connected(warehouse) as connection:
        await watching.execute(
            f"alter database {warehouse.database} set default_transaction_isolation = 'repeatable read'"
        )
        async with locked_transaction(connection, warehouse):
            withdrawing = asyncio.ensure_future(take_out(warehouse, str(a)))
            await _until_waiting(watching, 1)
            loading = asyncio.ensure_future(run(warehouse, tmp_path, [b]))
            await _until_waiting(watching, 2)
        await asyncio.gather(withdrawing, loading)
    expected = story.expected_lines(contents)
    await assert_exactly(warehouse, {key: lines for key, lines in expected.items() if key[1] == str(b)})


async def _until_waiting(connection: asyncpg.Connection, loaders: int) -> None:
    async with asyncio.timeout(20):
        while await connection.fetchval(_WAITING) < loaders:
            await asyncio.sleep(0.05)
