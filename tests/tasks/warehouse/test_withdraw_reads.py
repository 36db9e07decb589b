"""A withdrawal reads its own lines and those of some weeks, not all that the warehouse has of the same products."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.withdraw import withdraw
from tests.support.plain_run import new_run, run, take_out

_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
_DAYS, _A_DAY = 600, 50
_READ = """
select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = $1
"""


def _write(file: Path, days: range, description: str, products: int = 3) -> Path:
    lines = (
        f"{500_000 + day * _A_DAY + n},A{n % products},{description},1,"
        f"{date(2020, 1, 1) + timedelta(day)} 08:26:00,2.55,{12_345 + n},France\n"
        for day in days
        for n in range(_A_DAY)
    )
    file.write_text(_HEADER + "".join(lines))
    return file


async def _read(
    warehouse: ConnectionSettings, table: str, *, of_withdrawal: Path, dry_run: bool = False
) -> int:
    async with connected(warehouse) as connection:
        await connection.execute("vacuum analyze")
        await connection.execute("select pg_stat_force_next_flush()")
        before: int = await connection.fetchval(_READ, table)
    if dry_run:
        await withdraw(warehouse, "default", str(of_withdrawal), new_run(), dry_run=True)
    else:
        await take_out(warehouse, str(of_withdrawal))
    async with connected(warehouse) as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        read: int = await connection.fetchval(_READ, table)
    return read - before


@pytest.mark.parametrize("place", ["in the middle", "at the end"])
async def test_lines_of_its_products(warehouse: ConnectionSettings, tmp_path: Path, place: str) -> None:
    first = 300 if place == "in the middle" else _DAYS
    others = [day for day in range(_DAYS) if day != first]
    days = [
        _write(tmp_path / "a.csv", range(others[0], first), "MUG"),
        _write(tmp_path / "b.csv", range(first, first + 1), "CUP"),
        _write(tmp_path / "c.csv", range(first + 1, _DAYS), "MUG"),
    ]
    await run(
        warehouse, tmp_path / "workspace", [file for file in days if file.stat().st_size > len(_HEADER)]
    )
    read = await _read(warehouse, "fact_sale", of_withdrawal=days[1])
    assert _A_DAY <= read < _DAYS * _A_DAY / 2
    async with connected(warehouse) as connection:
        assert await connection.fetch(
            "select distinct description, description_sold_at::date from retail_dwh.dim_product"
        ) == [("MUG", date(2020, 1, 1) + timedelta(_DAYS - 1))]


async def test_products_that_were_not_sold_for_long(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    days = [
        _write(tmp_path / "a.csv", range(1), "MUG"),
        _write(tmp_path / "b.csv", range(100, 101), "MUG", products=1),
        _write(tmp_path / "c.csv", range(101, 102), "CUP", products=2),
    ]
    await run(warehouse, tmp_path / "workspace", days)
    await take_out(warehouse, str(days[2]))
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select stock_code, description, description_sold_at::date from retail_dwh.dim_product order by 1"
        )
    assert [tuple(row) for row in rows] == [
        ("A0", "MUG", date(2020, 4, 10)),
        ("A1", "MUG", date(2020, 1, 1)),
        ("A2", "MUG", date(2020, 1, 1)),
    ]


async def test_further_sources_of_other_deliveries(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    files = [
        _write(tmp_path / "a.csv", range(_DAYS), "MUG"),
        _write(tmp_path / "b.csv", range(_DAYS + 1), "MUG"),
        _write(tmp_path / "c.csv", range(_DAYS + 2, _DAYS + 3), "MUG"),
    ]
    await run(warehouse, tmp_path / "workspace", files)
    read = await _read(warehouse, "line_source", of_withdrawal=files[2], dry_run=True)
    assert read < _A_DAY
