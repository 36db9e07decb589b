"""A feed that an earlier release loaded keeps the point as its decimal mark, if its prices show that it had one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse import schema
from tests.support.deliveries import as_csv, row, write
from tests.support.plain_run import run

UPGRADE = Path(schema.__file__).parent / "versions" / "0022_decimal_of_loaded_feeds.sql"
FEEDS = {
    "shown": ("2.55", "2.5", "0.0001"),
    "few prices": ("2.55", "2.5", "2.5", "3"),
    "three decimals": ("0.125", "0.375", "0.625", "2.55", "2.5"),
    "whole": ("1", "2", "3", "4"),
}


async def _decimals(warehouse: ConnectionSettings) -> dict[str, str | None]:
    async with connected(warehouse) as connection:
        return {
            row["feed"]: row["decimal"]
            for row in await connection.fetch("select feed, decimal from retail_ops.feed")
        }


async def test_feeds_that_hold_lines_are_upgraded(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    for feed, prices in FEEDS.items():
        lines = [row(unit_price=price, stock_code=f"P{number}") for number, price in enumerate(prices)]
        path = write(tmp_path / f"{feed}.csv", as_csv(lines))
        await run(warehouse, tmp_path / "workspace", [path], feed=feed)
    assert set((await _decimals(warehouse)).values()) == {None}
    async with connected(warehouse) as connection:
        await connection.execute(
            "insert into retail_ops.feed (feed, timezone, currency, identical_lines) "
            "values ('empty', 'Europe/London', 'GBP', 'keep')"
        )
        await connection.execute(UPGRADE.read_text(encoding="utf-8"))
    assert await _decimals(warehouse) == dict.fromkeys([*FEEDS, "empty"]) | {"shown": "."}

    later = write(tmp_path / "later.csv", as_csv([row(quantity="1.000", unit_price="1.234")]))
    assert (await run(warehouse, tmp_path / "workspace", [later], feed="whole")).loaded == ()
    with pytest.raises(FeedConflict):
        await run(warehouse, tmp_path / "workspace", [later], feed="shown", decimal=",")
    outcome = await run(warehouse, tmp_path / "workspace", [later], feed="shown")
    assert outcome.of("later.csv").rows_loaded == 1
