"""A warehouse whose codes a release before had not normalised: its lines are known when they come again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.migrate import migrate
from tests.support.marked_deliveries import (
    deliveries,
    load_marked_warehouse,
    other_deliveries,
    write,
)
from tests.support.plain_run import assert_accounted, run, state


async def _load(warehouse: ConnectionSettings, folder: Path, lines: dict[str, Any], workspace: Path) -> None:
    write(folder, lines)
    for feed, files in lines.items():
        for name in files:
            await run(
                warehouse,
                workspace,
                [folder / feed / name],
                feed=feed,
                root=str(folder / feed),
                identical_lines="drop" if feed == "first only" else "keep",
            )


async def _rows(warehouse: ConnectionSettings, query: str) -> list[tuple[Any, ...]]:
    async with connected(warehouse) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def test_the_same_days_under_other_names(
    empty: ConnectionSettings, warehouse: ConnectionSettings, real_lines: pl.DataFrame, tmp_path: Path
) -> None:
    await load_marked_warehouse(empty)
    await migrate(empty)
    await assert_accounted(empty)
    before = await state(empty)
    await _load(warehouse, tmp_path / "old", deliveries(real_lines), tmp_path / "workspace")
    assert before == await state(warehouse)

    await _load(empty, tmp_path / "new", other_deliveries(real_lines), tmp_path / "workspace")
    await assert_accounted(empty)
    assert await state(empty) == before
