"""The figures at the end of a run: row counts by table, and the countries with the highest revenue."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.warehouse_figures import CountryRevenue, read_figures
from tests.support.plain_run import run
from tests.support.slices import Line, write


def line(invoice: str, country: str, price: str) -> Line:
    return (invoice, "22752", "nesting boxes", "3", "2011-11-01 12:00:00", price, "17850", country)


async def test_rows_and_top_countries(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    lines = [
        line("900001", "France", "1.10"),
        line("900001", "France", "1.10"),
        line("900002", "Iceland", "7.7777"),
        line("900003", "Norway", "0.50"),
    ]
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", lines)])
    figures = await read_figures(warehouse, rows_loaded=4, countries=2)
    assert figures.top_countries == (
        CountryRevenue("Iceland", "GBP", "23.3331"),
        CountryRevenue("France", "GBP", "6.6000"),
    )
    async with connected(warehouse) as connection:
        assert figures.tables == {
            name: await connection.fetchval(f"select count(*) from retail_dwh.{name}")
            for name in ("fact_sale", "dim_product", "dim_customer", "dim_country", "dim_invoice", "dim_date")
        }
    # After a run with few lines, the sum would take longer than the run.
    assert (await read_figures(warehouse, rows_loaded=0)).top_countries == ()


async def test_an_empty_warehouse(warehouse: ConnectionSettings) -> None:
    figures = await read_figures(warehouse, rows_loaded=0)
    assert (figures.tables["fact_sale"], figures.top_countries) == (0, ())
