"""A page reads about as much as it shows, not what the warehouse has beside it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import compact_sql
from tasks.warehouse.deliveries import list_deliveries
from tests.support.plain_run import run

_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
_READ = """
select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = $1
"""


def _line(number: int, day: date) -> str:
    return f"{500_000 + number},A,MUG,1,{day} 08:26:00,2.55,12345,France\n"


async def _read(warehouse: ConnectionSettings, table: str) -> int:
    async with connected(warehouse) as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        rows: int = await connection.fetchval(_READ, table)
    return rows


async def test_sales_of_a_feed_on_a_day(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    many, days = 20_000, 100
    lines = (_line(number, date(2020, 1, 1) + timedelta(number * days // many)) for number in range(many))
    (tmp_path / "a.csv").write_text(_HEADER + "".join(lines))
    await run(warehouse, tmp_path / "workspace", [tmp_path / "a.csv"])
    before = await _read(warehouse, "dim_invoice")
    async with connected(warehouse) as connection:
        page = await connection.fetchval(
            compact_sql("select_sales", "api"), 20200201, 20200201, "default", None, None, "-amount", 50, 0
        )
    assert f'"lines" : {many // days}' in page or f'"lines":{many // days}' in page
    assert await _read(warehouse, "dim_invoice") - before < many / 10


async def test_attempts_of_deliveries(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    many = 60
    files = [tmp_path / f"{number}.csv" for number in range(many)]
    for number, file in enumerate(files):
        file.write_text(_HEADER + _line(number, date(2020, 1, 1)))
    await run(warehouse, tmp_path / "workspace", files)
    before = await _read(warehouse, "delivery_attempt")
    page = await list_deliveries(warehouse, limit=50)
    assert (page.total, {delivery.attempts for delivery in page.deliveries}) == (many, {1})
    assert await _read(warehouse, "delivery_attempt") - before < 5 * many
