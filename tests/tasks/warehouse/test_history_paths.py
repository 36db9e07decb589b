"""A bulk load without keys and daily loads with keys give the same warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.plain_run import assert_accounted, run, state
from tests.support.slices import days, fresh_warehouse, write


@pytest.mark.slow
async def test_bulk_and_incremental_loads_give_the_same_warehouse(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    for day in range(1, 5):
        write(tmp_path / "in" / f"{day}.csv", days(day, min(day + 1, 4)))
    async with fresh_warehouse(server, template) as bulk:
        await run(bulk, tmp_path / "workspace", [tmp_path / "in"], finished=False)
        assert await keys_of(bulk) == NONE
        bulk_state = await state(bulk)

    for day in range(1, 5):
        await run(warehouse, tmp_path / "workspace", [tmp_path / "in" / f"{day}.csv"])
        assert await keys_of(warehouse) == ALL
    assert await state(warehouse) == bulk_state
    await assert_accounted(warehouse)
