"""Exports of shop systems, read by a mapping file alone, have the lines and sums that their README tells."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tasks.ingest import presets, source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import IngestedFile
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.readers import csv, parts
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import bronze_of, frame_of

SAMPLES = Path(presets.__file__).parent / "samples"


@dataclass(frozen=True)
class Outcome:
    """What a file holds, as people have counted it.

    Attributes:
        lines: Lines of goods.
        quantity: Sum of their quantities.
        amounts: Sum of their amounts by currency.
        first: Time of the earliest line.
        last: Time of the latest line.
        others: Lines of other kinds, by kind.
        measures: Sums of discount and tax over all lines.
        order: Sums over the orders.
        passed_over: Rows and amounts by reason.
    """

    lines: int
    quantity: str
    amounts: dict[str, str]
    first: str
    last: str
    others: dict[str, int] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    order: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, dict[str, object]] = field(default_factory=dict)


OUTCOMES = {
    ("shopify.csv", "shopify_orders"): Outcome(
        16,
        "21",
        {"USD": "408.00"},
        "2026-03-01 07:50:10+00:00",
        "2026-03-13 03:00:00+00:00",
        {"tip": 1},
        {"discount": "13.65"},
        {
            "discount": "18.65",
            "subtotal": "389.35",
            "shipping": "36.00",
            "tax": "31.15",
            "total": "459.50",
            "refund": "182.80",
        },
        {"void": {"rows": 1, "amounts": {"USD": "30"}}},
    ),
    ("shopify_orders.csv", "shopify_orders"): Outcome(
        8,
        "14",
        {"USD": "206.00", "CAD": "83.00"},
        "2026-03-08 04:40:00+00:00",
        "2026-03-09 14:06:00+00:00",
        order={"refund": "52.00", "discount": "5.00"},
    ),
    ("square.csv", "square_items"): Outcome(
        10,
        "10.75",
        {"": "1383.00"},
        "2026-03-07 23:59:30+00:00",
        "2026-03-09 16:10:00+00:00",
        measures={"discount": "130.00", "tax": "101.52"},
    ),
    ("square_items.csv", "square_items"): Outcome(
        6,
        "6.355",
        {"": "1324.14"},
        "2026-11-01 03:58:10+00:00",
        "2026-11-02 14:20:00+00:00",
        measures={"discount": "2.50"},
    ),
    ("woocommerce_orders.csv", "woocommerce_orders"): Outcome(
        8,
        "14",
        {"": "149.82"},
        "2026-03-28 23:40:00",
        "2026-04-01 12:00:00",
        order={
            # Without #1508, whose only line came back: the orders that count have 194.83, 25.00, 42.97, 54.00, 257.80.
            "subtotal": "182.83",
            "discount": "5.00",
            "shipping": "20.00",
            "tax": "39.57",
            "refund": "33.60",
            "total": "237.40",
        },
        passed_over={
            "Item Name = (blank)": {"rows": 1, "amounts": {}},
            "cancelled": {"rows": 3, "amounts": {"": "100"}},
            "unpaid": {"rows": 1, "amounts": {"": "10"}},
        },
    ),
    ("amazon_orders.tsv", "amazon_orders"): Outcome(
        8,
        "13",
        {"EUR": "1338.25", "GBP": "25.00"},
        "2026-03-05 08:15:00+00:00",
        "2026-03-08 11:45:10+00:00",
        measures={"discount": "5.50", "tax": "217.85"},
        passed_over={
            "cancelled": {"rows": 1, "amounts": {}},
            "unpriced": {"rows": 2, "amounts": {}},
        },
    ),
}


@pytest.fixture(params=[False, True], ids=["whole", "in blocks"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in blocks of a few rows, each a frame: what is filled and counted goes on in the next."""
    if request.param:
        monkeypatch.setattr(source_file, "HELD_BYTES", 0)
        monkeypatch.setattr(source_file, "CHUNK_BYTES", 300)
        monkeypatch.setattr(csv, "PEEK", 2048)
        monkeypatch.setattr(parts, "ROWS_PER_PART", 2)


def _read(tmp_path: Path, file: str, mapping: str) -> tuple[IngestedFile, pl.DataFrame]:
    reading = ReadingSettings(mapping=kept_text(presets.preset(mapping).content))
    deliveries = discover([str(SAMPLES / file)]).deliveries
    bronze = bronze_of(ingest(deliveries, {}, tmp_path / "workspace", reading=reading))
    return bronze.deliveries[0], frame_of(bronze)


def _sum(texts: pl.Series) -> Decimal:
    return sum(map(Decimal, texts.drop_nulls()), Decimal(0))


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(("file", "mapping"), list(OUTCOMES))
def test_lines_and_sums_of_a_shops_export(tmp_path: Path, file: str, mapping: str) -> None:
    expected = OUTCOMES[file, mapping]
    delivery, bronze = _read(tmp_path, file, mapping)
    assert bronze.get_column("fault").null_count() == bronze.height
    is_other = pl.col("kind").is_in(list(expected.others)).fill_null(False)
    lines, others = bronze.filter(~is_other), bronze.filter(is_other)
    assert dict(others.get_column("kind").value_counts().iter_rows()) == expected.others
    assert lines.height == expected.lines
    assert delivery.rows == bronze.height
    assert _sum(lines.get_column("quantity")) == Decimal(expected.quantity)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for amount, quantity, price, currency in lines.select(
        "amount", "quantity", "unit_price", "currency"
    ).iter_rows():
        assert (amount is None) != (price is None)
        amounts[currency or ""] += Decimal(amount) if amount else Decimal(quantity) * Decimal(price)
    assert amounts == {currency: Decimal(amount) for currency, amount in expected.amounts.items()}
    times = lines.get_column("invoice_date").sort()
    assert (times[0], times[-1]) == (expected.first, expected.last)
    for measure, total in expected.measures.items():
        assert _sum(bronze.get_column(measure)) == Decimal(total), measure
    told = [json.loads(text) for text in bronze.get_column("invoice_attributes").drop_nulls()]
    for key, total in expected.order.items():
        assert sum(Decimal(order.get(key, "0")) for order in told) == Decimal(total), key
    assert dict(delivery.passed_over) == expected.passed_over


def test_what_tells_a_line_of_a_shop_apart(tmp_path: Path) -> None:
    _, shopify = _read(tmp_path, "shopify.csv", "shopify_orders")
    assert shopify.filter(pl.col("invoice_no") == "#2007").select("store", "kind", "stock_code").rows() == [
        ("Harbour Store", None, "CAN-CED"),
        ("Harbour Store", None, "Hazel Brush"),
        ("Harbour Store", "tip", "Tip"),
    ]
    countries = dict(
        shopify.filter(pl.col("kind").is_null()).get_column("country").value_counts().iter_rows()
    )
    assert countries == {"US": 12, "CA": 2, None: 2}
    _, square = _read(tmp_path, "square.csv", "square_items")
    returned = square.filter(pl.col("invoice_no") == "TXA4")
    assert returned.select("kind", "quantity", "amount", "tax", "discount", "store").rows() == [
        ("return", "-1.0", "-12.50", "-0.94", "0.00", "Harbour Store")
    ]
    assert square.filter(pl.col("description") == "Custom Amount").get_column("stock_code").to_list() == [
        "Custom Amount"
    ]
    _, amazon = _read(tmp_path, "amazon_orders.tsv", "amazon_orders")
    assert amazon.get_column("description").to_list()[:2] == ["Grünes Tablett™", 'Rahmen 8" x 10']
