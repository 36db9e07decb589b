"""A backup restored by an owner who is no superuser is the database that was backed up: objects, rows, privileges."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tests.support.restores import back_up, differences_of, restore


async def test_a_database_with_everything(
    everything: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(everything, tmp_path, big=("shop.by_range_2025", "shop.every_type"))
    result = await restore(backup, restored)
    print(*result.plan.lines(), sep="\n")
    print(result.remarks)
    assert await differences_of(backup, restored) == []
    assert result.remarks == ()
