"""Row counts and revenue by country for the run report."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql

_COUNTED = ("dim_product", "dim_customer", "dim_country", "dim_invoice", "dim_date")
# Runs that load less than this share of the facts do not sum revenue: that would take longer than a day's load.
_REVENUE_SHARE = 0.1


@dataclass(frozen=True)
class CountryRevenue:
    """Revenue of a country in a currency; ``revenue`` is a decimal as text."""

    country: str
    currency: str
    revenue: str


@dataclass(frozen=True)
class WarehouseFigures:
    """Row counts by table, and the countries with the highest revenue.

    ``top_countries`` is empty after a run that loaded less than a tenth of the facts.
    """

    tables: dict[str, int]
    top_countries: tuple[CountryRevenue, ...]


async def read_figures(
    settings: ConnectionSettings, rows_loaded: int, countries: int = 5
) -> WarehouseFigures:
    """Read the figures of the warehouse. The ledger's sum stands for the rows of fact_sale, which equals it.

    Args:
        settings: The warehouse.
        rows_loaded: Lines that the run loaded.
        countries: Number of top countries.
    """
    async with connected(settings) as connection:
        facts = int(
            await connection.fetchval("select coalesce(sum(rows_loaded), 0) from retail_ops.delivery")
        )
        tables = {"fact_sale": facts}
        for name in _COUNTED:
            tables[name] = await connection.fetchval(f"select count(*) from retail_dwh.{name}")
        top = []
        if rows_loaded > _REVENUE_SHARE * facts:
            top = await connection.fetch(sql("select_top_countries"), countries)
    return WarehouseFigures(
        tables, tuple(CountryRevenue(row["country"], row["currency"], str(row["revenue"])) for row in top)
    )
