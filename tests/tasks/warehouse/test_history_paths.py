"""Loaded at once without keys or day by day with them, the warehouse is the same."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.plain_run import assert_accounted, run, state
from tests.support.slices import days, fresh_warehouse, write


async def test_the_bulk_and_the_incremental_path_end_alike(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    for day in range(1, 5):
        write(tmp_path / "in" / f"{day}.csv", days(day, min(day + 1, 4)))
    async with fresh_warehouse(server, template) as bulk:
        await run(bulk, tmp_path / "workspace", [tmp_path / "in"], finished=False)
        assert await keys_of(bulk) == NONE
        in_bulk = await state(bulk)

    for day in range(1, 5):
        await run(warehouse, tmp_path / "workspace", [tmp_path / "in" / f"{day}.csv"])
        assert await keys_of(warehouse) == ALL
    assert await state(warehouse) == in_bulk
    await assert_accounted(warehouse)
