"""The view customer_rfm: recency, frequency and monetary value of known customers, in stable quintiles."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.plain_run import run
from tests.support.slices import Line, days, write

COLUMNS = (
    "customer_id, currency::text, last_sold_at, recency_days, frequency, monetary, "
    "recency_score, frequency_score, monetary_score"
)


def line(invoice: str, when: str, quantity: str, customer: str | None) -> Line:
    return (invoice, "22752", "nesting boxes", quantity, when, "2.50", customer, "United Kingdom")


async def rfm(warehouse: ConnectionSettings) -> list[tuple[object, ...]]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            f"select {COLUMNS} from retail_dwh.customer_rfm order by customer_id, currency"
        )
    return [tuple(row) for row in rows]


async def test_scores_computed_by_hand(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    lines = [
        line("900001", "2011-06-01 12:00:00", "10", "1"),
        line("900002", "2011-06-21 12:00:00", "10", "1"),
        line("900002", "2011-06-21 12:00:00", "4", "1"),
        line("C900002", "2011-06-25 12:00:00", "-4", "1"),  # not a sale: the last sale is on the 21st
        line("900003", "2011-06-30 12:00:00", "1", "2"),
        line("900004", "2011-06-30 13:00:00", "9", None),  # an unknown customer has no row
        line("C900005", "2011-06-30 12:00:00", "-1", "3"),  # nor has a customer with cancellations only
    ]
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", lines)])
    noon = [datetime(2011, 6, day, 11, tzinfo=UTC) for day in (21, 30)]
    assert [row[:6] for row in await rfm(warehouse)] == [
        (1, "GBP", noon[0], 9, 2, Decimal("50.0000")),
        (2, "GBP", noon[1], 0, 1, Decimal("2.5000")),
    ]


async def test_quintiles_of_real_customers(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "a.csv", days(1, 4))])
    rows = await rfm(warehouse)
    assert len(rows) > 50
    for position, value, best_is_high in ((6, 3, False), (7, 4, True), (8, 5, True)):
        scores = [int(str(row[position])) for row in rows]
        sizes = [scores.count(score) for score in range(1, 6)]
        assert sum(sizes) == len(rows)
        assert max(sizes) - min(sizes) <= 1
        ranked = sorted(rows, key=lambda row: row[position])  # type: ignore[arg-type,return-value]
        for lower, higher in pairwise(ranked):
            if lower[position] != higher[position]:
                worse, better = Decimal(str(lower[value])), Decimal(str(higher[value]))
                assert worse <= better if best_is_high else worse >= better
        assert len({row[value] for row in rows}) > 3


async def test_ties_go_by_customer_number(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    """Quintiles of ten equal customers do not depend on the order of their deliveries: codes are ordered as text."""
    numbers = ("17", "20", "12", "19", "2", "18", "13", "16", "14", "15")
    for place, number in enumerate(numbers):  # a delivery each, so that surrogate keys follow this order
        sale = line(f"90000{place}", "2011-06-01 12:00:00", "1", number)
        await run(warehouse, tmp_path, [write(tmp_path / f"{place}.csv", [sale])])
    ascending = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    rows = sorted(await rfm(warehouse), key=lambda row: str(row[0]))
    assert [row[0] for row in rows] == [12, 13, 14, 15, 16, 17, 18, 19, 2, 20]
    assert [row[6] for row in rows] == ascending[::-1]
    assert [row[7] for row in rows] == [row[8] for row in rows] == ascending


async def test_the_same_lines_give_the_same_scores(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    """Ties do not depend on the order of lines: loading them again backwards changes nothing."""
    path = tmp_path / "a.csv"
    await run(warehouse, tmp_path, [write(path, days(1, 2))])
    before = await rfm(warehouse)
    write(path, days(3, 3))
    await run(warehouse, tmp_path, [path], replace_anyway=True)
    assert await rfm(warehouse) != before
    write(path, days(1, 2)[::-1])
    await run(warehouse, tmp_path, [path], replace_anyway=True)
    assert await rfm(warehouse) == before
