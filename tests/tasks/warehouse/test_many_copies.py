"""A delivery can have any number of identical lines."""

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.plain_run import assert_accounted, run

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "1,22423,CAKESTAND,1,2011-05-01 10:00:00,0.10,17850,United Kingdom\n"
COPIES = 40_000  # more than a signed 16-bit integer


async def test_more_copies_than_a_smallint(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text(HEADER + LINE * COPIES)
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "day.csv"])
    assert outcome.of("day.csv").rows_loaded == COPIES
    async with connected(warehouse) as connection:
        last = await connection.fetchval("select max(copy_number) from retail_dwh.fact_sale")
    assert last == COPIES
    await assert_accounted(warehouse)
