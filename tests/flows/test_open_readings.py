"""A run asks for the reading of values that two readings fit, or tells by what it was settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.deliveries import as_csv, row, write

DECIDING = [row(unit_price=f"{number},5", stock_code=f"S{number}") for number in range(5)]


@pytest.mark.slow
async def test_the_run_asks_and_loads_the_others(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    write(folder / "asks.csv", as_csv([row(quantity="1.000", unit_price="3")]))
    write(folder / "other.csv", as_csv([row(unit_price="3")]))
    # Refused by the quality gate: what it would decide does not count.
    write(folder / "refused.csv", as_csv([*DECIDING, row(invoice_no=None), row(invoice_no=None)]))
    ended = retail("etl", str(folder), "--json")
    assert ended.code == 1
    outcomes = {Path(one["name"]).name: one["outcome"] for one in ended.report["deliveries"]}
    assert outcomes == {"asks.csv": "failed", "other.csv": "loaded", "refused.csv": "refused"}
    assert "1.000 is 1 with --decimal . and 1000 with --decimal ," in ended.err
    assert ended.report["feed"]["decimal"] is None

    write(folder / "refused.csv", as_csv(DECIDING))
    ended = retail("etl", str(folder), "--json")
    assert ended.code == 0, ended.err
    notes = {Path(one["name"]).name: one["notes"] for one in ended.report["deliveries"]}
    assert notes["asks.csv"] == ["decimal mark , by 5 of 6 numbers, such as 0,5"]
    assert ended.report["feed"]["decimal"] == ","
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select decimal from retail_ops.feed") == ","
        assert await connection.fetchval("select sum(quantity) from retail_dwh.fact_sale") == 1000 + 6 + 5 * 6
