"""Cheap figures about the warehouse for reports."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql

_COUNTED = ("dim_product", "dim_customer", "dim_country", "dim_invoice", "dim_date")
# Revenue by country is summed by runs that load a good part of the facts: for a day's load it would cost
# more than the load.
_SUMMED_SHARE = 0.1


@dataclass(frozen=True)
class CountryRevenue:
    """Revenue of a country in a currency, as a decimal in text."""

    country: str
    currency: str
    revenue: str


@dataclass(frozen=True)
class WarehouseFigures:
    """Rows of each table, and the countries with the highest revenue (none after a run that loaded less than a
    tenth of the facts)."""

    tables: dict[str, int]
    top_countries: tuple[CountryRevenue, ...]


async def figures(settings: ConnectionSettings, rows_loaded: int, countries: int = 5) -> WarehouseFigures:
    """Read the figures after a run that loaded ``rows_loaded``. The rows of fact_sale are those the ledger has
    loaded, which is always the same."""
    async with connected(settings) as connection:
        facts = int(
            await connection.fetchval("select coalesce(sum(rows_loaded), 0) from retail_ops.delivery")
        )
        tables = {"fact_sale": facts}
        for name in _COUNTED:
            tables[name] = await connection.fetchval(f"select count(*) from retail_dwh.{name}")
        rows = []
        if rows_loaded > _SUMMED_SHARE * facts:
            rows = await connection.fetch(sql("select_top_countries"), countries)
    return WarehouseFigures(
        tables, tuple(CountryRevenue(row["country"], row["currency"], str(row["revenue"])) for row in rows)
    )
