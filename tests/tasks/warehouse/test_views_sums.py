"""Figures of the aggregating views equal the sums of the delivered lines, per currency."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import database_of_a_file
from tests.support.plain_run import run
from tests.support.slices import Line, days, invoices, write

Key = tuple[str, ...]
# Days, cancellations, an adjustment, lines without a customer; no quarantined line.
LINES: list[Line] = [
    *days(1, 4),
    *(
        line
        for number in ("C536379", "C536391", "A563186", "536414", "555524")
        for line in invoices()[number]
    ),
]

DOLLARS: list[Line] = [line for line in days(1, 1) if str(line[4])[11:16] < "10:00"]


@pytest.fixture(scope="module")
def filled(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConnectionSettings]:
    """The lines in pounds, and those of the first day again in dollars in another feed."""
    folder = tmp_path_factory.mktemp("filled")

    async def fill(warehouse: ConnectionSettings) -> None:
        await run(warehouse, folder, [write(folder / "pounds" / "a.csv", LINES)])
        await run(
            warehouse,
            folder,
            [write(folder / "dollars" / "a.csv", DOLLARS)],
            feed="boston",
            currency="USD",
            timezone="America/New_York",
        )

    with database_of_a_file(server, template) as warehouse:
        asyncio.run(fill(warehouse))
        yield warehouse


def lines_by_currency() -> list[tuple[str, Line]]:
    return [*(("GBP", line) for line in LINES), *(("USD", line) for line in DOLLARS)]


def amount(line: Line) -> Decimal:
    return int(str(line[3])) * Decimal(str(line[5]))


def is_sale(line: Line) -> bool:
    return str(line[0])[0] not in "CA"


async def fetch_rows(warehouse: ConnectionSettings, query: str) -> Sequence[tuple[object, ...]]:
    async with connected(warehouse) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def test_daily_sales(filled: ConnectionSettings) -> None:
    expected: defaultdict[Key, list[Line]] = defaultdict(list)
    for currency, line in lines_by_currency():
        expected[str(line[4])[:10], currency].append(line)
    rows = await fetch_rows(
        filled,
        "select date::text, currency::text, invoices, lines, units, coalesce(gross_sales, 0), "
        "coalesce(cancellations, 0), revenue from retail_dwh.daily_sales",
    )
    assert sorted(rows, key=str) == sorted(
        (
            (
                *key,
                len({line[0] for line in lines if is_sale(line)}),
                len(lines),
                sum(int(str(line[3])) for line in lines),
                sum(amount(line) for line in lines if is_sale(line)),
                sum(amount(line) for line in lines if str(line[0]).startswith("C")),
                sum(map(amount, lines)),
            )
            for key, lines in expected.items()
        ),
        key=str,
    )


async def test_monthly_revenue_by_country(filled: ConnectionSettings) -> None:
    expected: defaultdict[Key, list[Line]] = defaultdict(list)
    for currency, line in lines_by_currency():
        expected[f"{str(line[4])[:7]}-01", str(line[7]), currency].append(line)
    rows = await fetch_rows(
        filled,
        "select month::text, country, currency::text, invoices, customers, revenue "
        "from retail_dwh.monthly_revenue_by_country",
    )
    assert len({row[1] for row in rows}) > 3
    assert sorted(rows, key=str) == sorted(
        (
            (
                *key,
                len({line[0] for line in lines if is_sale(line)}),
                len({line[6] for line in lines if line[6]}),
                sum(map(amount, lines)),
            )
            for key, lines in expected.items()
        ),
        key=str,
    )


async def test_the_views_add_up_to_the_facts(filled: ConnectionSettings) -> None:
    views = ("fact_sale", "daily_sales", "monthly_revenue_by_country")
    columns = {"fact_sale": "total_amount"}
    sums = [
        await fetch_rows(
            filled,
            f"select currency, sum({columns.get(view, 'revenue')}) from retail_dwh.{view} group by 1 order by 1",
        )
        for view in views
    ]
    assert sums[0] == sums[1] == sums[2]
    assert len(sums[0]) == 2
