"""A read-only database: the error has the next step, and nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ReadOnlyWarehouse, Transient
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.load.transaction import load
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import new_run, run, start_run
from tests.support.silvers import silver_of
from tests.support.slices import invoices, write


async def _read_only(warehouse: ConnectionSettings, switch: str) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("set session characteristics as transaction read write")
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = {switch}"
        )


async def test_a_read_only_database(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    first = write(tmp_path / "first.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [first], finished=False)
    second = write(tmp_path / "second.csv", invoices()["536370"])
    silver = silver_of([second], tmp_path / "workspace")
    current_run = new_run()
    await start_run(warehouse, current_run)
    await _read_only(warehouse, "on")

    for attempt in (
        lambda: load(warehouse, silver, silver.deliveries, current_run),
        lambda: run(warehouse, tmp_path / "workspace", [second]),
        lambda: complete_indexes(warehouse),
    ):
        with pytest.raises(ReadOnlyWarehouse, match=r"read-only.*run again") as raised:
            await attempt()
        assert not isinstance(raised.value, Transient)
        assert raised.value.attributes["warehouse"] == warehouse.display
    await assert_exactly(warehouse, {(Feed(), str(first)): invoices()["536365"]})

    await _read_only(warehouse, "off")
    await load(warehouse, silver, silver.deliveries, current_run)
    await assert_exactly(
        warehouse,
        {(Feed(), str(first)): invoices()["536365"], (Feed(), str(second)): invoices()["536370"]},
    )
