"""Row counts and revenue by country for the run report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import compact_sql, inlined

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
        (answer,) = await fetch_json(connection, figures_query(rows_loaded, countries))
    return figures_of(answer)


def figures_query(rows_loaded: int, countries: int = 5, *, without_key: bool = True) -> str:
    """Return the query of ``read_figures``; ``figures_of`` reads its answer.

    Args:
        rows_loaded: Lines that the run loaded.
        countries: Number of top countries.
        without_key: Sum revenue even if fact_sale has no primary key yet, so that its keys are still to be added.
    """
    return inlined(compact_sql("select_figures"), rows_loaded, _REVENUE_SHARE, countries, without_key)


def figures_of(answer: Mapping[str, Any]) -> WarehouseFigures:
    """Return the figures in an answer to ``figures_query``."""
    return WarehouseFigures(
        answer["tables"],
        tuple(
            CountryRevenue(row["country"], row["currency"], row["revenue"])
            for row in answer["top_countries"] or ()
        ),
    )
