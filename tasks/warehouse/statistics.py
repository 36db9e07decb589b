"""Cheap figures about the warehouse for reports."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.statements import sql

_COUNTED = ("dim_product", "dim_customer", "dim_country", "dim_invoice", "dim_date")
# Beyond this many facts the revenue by country is left to the views: it would cost more than a day's load.
_SUMMED_FACTS = 1_000_000


@dataclass(frozen=True)
class CountryRevenue:
    """Revenue of a country in a currency, as a decimal in text."""

    country: str
    currency: str
    revenue: str


@dataclass(frozen=True)
class WarehouseFigures:
    """Rows of each table, and the countries with the highest revenue (none beyond a million facts)."""

    tables: dict[str, int]
    top_countries: tuple[CountryRevenue, ...]


async def figures(settings: ConnectionSettings, countries: int = 5) -> WarehouseFigures:
    """Read the figures. The rows of fact_sale are those the ledger has loaded, which is always the same."""
    async with connected(settings) as connection:
        facts = int(
            await connection.fetchval("select coalesce(sum(rows_loaded), 0) from retail_ops.delivery")
        )
        tables = {"fact_sale": facts}
        for name in _COUNTED:
            tables[name] = await connection.fetchval(f"select count(*) from retail_dwh.{name}")
        rows = []
        if facts <= _SUMMED_FACTS:
            rows = await connection.fetch(sql("select_top_countries"), countries)
    return WarehouseFigures(
        tables, tuple(CountryRevenue(row["country"], row["currency"], str(row["revenue"])) for row in rows)
    )
