"""Data that only the database rejects costs its delivery, which is named; the rest of the batch loads."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.plain_run import assert_accounted

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "90000{0},85123A,HEART,{1},2010-12-01 08:26:00,2.55,17850,France\n"


async def test_the_delivery_is_named_and_the_others_load(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            "alter table retail_dwh.fact_sale add constraint small check (quantity < 1000)"
        )
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.csv").write_text(HEADER + LINE.format(number, 5000 if number == 3 else 5))
    ended = retail("etl", str(folder), "--json")
    assert ended.code == 1
    outcomes = {Path(one["name"]).name: one["outcome"] for one in ended.report["deliveries"]}
    assert outcomes == {f"{number}.csv": "failed" if number == 3 else "loaded" for number in range(5)}
    assert f"{folder / '3.csv'}: the database rejects its data: new row for relation" in ended.err
    assert "5000" not in ended.err  # the row itself is not quoted
    assert "Traceback" not in ended.err
    await assert_accounted(warehouse)
