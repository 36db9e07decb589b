"""Exports of shop systems, loaded without a mapping: what is in the warehouse then, reckoned by hand.

Lines of goods and services are counted; those of other kinds, such as tips, are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.deliveries import write
from tests.support.presets import sample

_LINES = """
select count(*), sum(quantity), min(sold_at), max(sold_at), sum(discount_amount)
from retail_dwh.fact_sale where kind in ('sale', 'return')
"""
_AMOUNTS = """
select currency, sum(total_amount) from retail_dwh.sale_line where kind in ('sale', 'return') group by currency
"""


@dataclass(frozen=True)
class Expected:
    """What a sample comes to.

    Attributes:
        flags: What the file does not tell.
        lines: Lines of goods and services.
        kinds: Number of lines by kind.
        pieces: Sum of their quantities.
        amounts: Sum of their amounts by currency.
        first: The first sale.
        last: The last one.
        discount: Sum of the lines' discounts.
        aside: Rows passed over by reason, of lines never sold.
        no_lines: Further rows, which are no lines.
    """

    flags: tuple[str, ...]
    lines: int
    kinds: Mapping[str, int]
    pieces: str
    amounts: Mapping[str, str]
    first: datetime
    last: datetime
    discount: str | None = None
    aside: Mapping[str, int] = field(default_factory=dict)
    no_lines: int = 0


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


EXPECTED = {
    "shopify.csv": Expected(
        (),
        16,
        {"sale": 16, "tip": 1},
        "21",
        {"USD": "408.00"},
        _utc("2026-03-01T07:50:10"),
        _utc("2026-03-13T03:00:00"),
        "13.65",
        {"void": 1},
    ),
    "shopify_orders.csv": Expected(
        (),
        8,
        {"sale": 8},
        "14",
        {"CAD": "83.00", "USD": "206.00"},
        _utc("2026-03-08T04:40:00"),
        _utc("2026-03-09T14:06:00"),
        "0.00",
    ),
    "square.csv": Expected(
        ("--currency", "USD"),
        10,
        {"sale": 9, "return": 1},
        "10.75",
        {"USD": "1383.00"},
        _utc("2026-03-07T23:59:30"),
        _utc("2026-03-09T16:10:00"),
        "130.00",
    ),
    "square_items.csv": Expected(
        ("--currency", "USD"),
        6,
        {"sale": 5, "return": 1},
        "6.355",
        {"USD": "1324.14"},
        _utc("2026-11-01T03:58:10"),
        _utc("2026-11-02T14:20:00"),
        "2.50",
    ),
    "woocommerce_orders.csv": Expected(
        ("--currency", "EUR", "--timezone", "Europe/Paris"),
        8,
        {"sale": 8},
        "14",
        {"EUR": "149.82"},
        _utc("2026-03-28T22:40:00"),
        _utc("2026-04-01T10:00:00"),
        None,
        {"cancelled": 3, "unpaid": 1},
        1,
    ),
    "amazon_orders.tsv": Expected(
        (),
        8,
        {"sale": 8},
        "13",
        {"EUR": "1338.25", "GBP": "25.00"},
        _utc("2026-03-05T08:15:00"),
        _utc("2026-03-08T11:45:10"),
        "5.50",
        {"cancelled": 1, "unpriced": 2},
    ),
}


# The lines of all samples are looked at in bronze, too.
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(file, expected, id=file, marks=[] if file == "shopify.csv" else pytest.mark.slow)
        for file, expected in EXPECTED.items()
    ],
)
async def test_a_sample_is_loaded_as_reckoned_by_hand(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path, file: str, expected: Expected
) -> None:
    path = write(tmp_path / file, sample(file).read_bytes())
    ended = retail("etl", str(path), *expected.flags, "--json")
    assert ended.code == 0, ended.err
    report = ended.report
    assert report["outcomes"] == {"loaded": 1}
    assert (report["rows_quarantined"], report["rows_duplicate"]) == (0, 0)
    assert report["notes"][0].startswith("Recognised by its header as ")
    (delivery,) = report["deliveries"]
    aside = {reason: told["rows"] for reason, told in delivery["passed_over"].items()}
    assert aside.items() >= expected.aside.items()
    # The coupon's row is no line.
    assert sum(aside.values()) == sum(expected.aside.values()) + expected.no_lines
    async with connected(warehouse) as connection:
        row = await connection.fetchrow(_LINES)
        assert row is not None
        assert tuple(row)[:4] == (expected.lines, Decimal(expected.pieces), expected.first, expected.last)
        assert row[4] == (None if expected.discount is None else Decimal(expected.discount))
        amounts = await connection.fetch(_AMOUNTS)
        assert dict(map(tuple, amounts)) == {
            code: Decimal(amount) for code, amount in expected.amounts.items()
        }
        kinds = await connection.fetch("select kind, count(*) from retail_dwh.sale_line group by kind")
        assert dict(map(tuple, kinds)) == expected.kinds
        rows = await connection.fetch("select * from retail_dwh.sale_line")
    assert "@example.com" not in str([tuple(row) for row in rows])


@pytest.mark.slow
async def test_what_the_samples_tell_beside_amounts(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    shopify = write(tmp_path / "shopify.csv", sample("shopify.csv").read_bytes())
    square = write(tmp_path / "square.csv", sample("square.csv").read_bytes())
    assert retail("etl", str(shopify), "--feed", "online").code == 0
    assert retail("etl", str(square), "--feed", "till", "--currency", "USD").code == 0
    async with connected(warehouse) as connection:
        countries = await connection.fetch(
            "select coalesce(country, '-') c, count(*) from retail_dwh.sale_line "
            "where feed = 'online' and kind = 'sale' group by 1"
        )
        stores = await connection.fetch(
            "select store, sum(total_amount - discount_amount) from retail_dwh.sale_line where feed = 'till' group by store"
        )
        codes = await connection.fetch(
            "select stock_code from retail_dwh.sale_line where feed = 'till' and stock_code like 'CUSTOM%'"
        )
    assert len(codes) == 1
    assert dict(map(tuple, stores)) == {"Harbour Store": Decimal("113.00"), "Bay Kiosk": Decimal("1140.00")}
    counted = dict(map(tuple, countries))
    assert sorted(counted.values()) == [2, 2, 12]
