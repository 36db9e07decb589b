"""Exports of systems that have no preset, made up in their real form, are read by a mapping file alone.

Clover: a row a piece, goods by weight, letters that tell the doubled hour apart, discounts in two columns, a tip. eBay: blank
rows, rows that sum up an order, orders that were never paid, and a padded footer that counts the records. Amazon's settlement: a
row a part of an amount, currency and control total in the first row only. A till in German: a total in its footer.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import IngestedFile
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import bronze_of, frame_of, write

EXPORTS = Path(__file__).parent / "exports"


def _read(tmp_path: Path, name: str, *, without: str = "") -> tuple[IngestedFile, pl.DataFrame]:
    rows = (EXPORTS / f"{name}.csv").read_text()
    path = write(
        tmp_path / f"{name}.csv", "".join(row for row in rows.splitlines(keepends=True) if row != without)
    )
    reading = ReadingSettings(mapping=kept_text(load_mapping(EXPORTS / f"{name}.toml").content), decimal=".")
    bronze = bronze_of(ingest(discover([str(path)]).deliveries, {}, tmp_path / "workspace", reading=reading))
    return bronze.deliveries[0], frame_of(bronze)


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    return sum(map(Decimal, frame.get_column(column).drop_nulls()), Decimal(0))


def test_clover_line_items(tmp_path: Path) -> None:
    file, rows = _read(tmp_path, "clover")
    lines = rows.filter(pl.col("fault").is_null())
    sold = lines.filter(pl.col("kind").is_null())
    assert (sold.height, _sum(sold, "quantity")) == (9, Decimal("8.75"))
    assert (_sum(sold, "amount"), _sum(sold, "discount")) == (Decimal("1343.75"), Decimal("125.75"))
    assert lines.filter(pl.col("kind") == "tip").get_column("amount").to_list() == ["0.90"]
    times = lines.get_column("invoice_date")
    assert (times.min(), times.max()) == ("2026-11-01 03:58:00+00:00", "2026-11-01 20:05:00+00:00")
    doubled = {"2026-11-01 05:30:00+00:00", "2026-11-01 06:30:00+00:00"}
    assert set(lines.filter(pl.col("invoice_no").is_in(["O2", "O3"])).get_column("invoice_date")) == doubled
    assert file.passed_over == {"unpaid": {"rows": 1, "amounts": {"USD": "7"}}}
    (fault,) = rows.get_column("fault").drop_nulls()
    assert fault.endswith("does not know: Partially Refunded (amount 9 USD)")
    assert [(result.checked, result.broken) for result in file.sums] == [(10, 0)]


def test_ebay_orders_report(tmp_path: Path) -> None:
    file, lines = _read(tmp_path, "ebay")
    amounts = [
        Decimal(price) * Decimal(pieces)
        for price, pieces in lines.select("unit_price", "quantity").iter_rows()
    ]
    assert (lines.height, _sum(lines, "quantity"), sum(amounts, Decimal(0))) == (
        9,
        Decimal(13),
        Decimal("1444.50"),
    )
    orders = [json.loads(text) for text in lines.get_column("invoice_attributes").drop_nulls()]
    assert (len(orders), sum(Decimal(order["shipping"]) for order in orders)) == (7, 70)
    assert lines.get_column("country").value_counts(sort=True).rows()[:2] == [
        ("United States", 6),
        ("Canada", 2),
    ]
    rows = {reason: entry["rows"] for reason, entry in file.passed_over.items()}
    assert rows == {"Item Number = (blank)": 2, "blank": 2, "footer": 2, "unpaid": 1}
    assert [(result.checked, result.broken) for result in file.sums] == [(1, 0)]


@pytest.mark.parametrize(
    ("starts", "told"),
    [("104,", "7 by its lines, 8 by the file"), ("8,record", "was not checked: the file does not")],
)
def test_a_missing_record_or_footer_is_told(tmp_path: Path, starts: str, told: str) -> None:
    rows = (EXPORTS / "ebay.csv").read_text().splitlines(keepends=True)
    (row,) = (row for row in rows if row.startswith(starts))
    file, _ = _read(tmp_path, "ebay", without=row)
    assert any(told in note for note in file.notes)


@pytest.mark.parametrize("name", ["clover", "ebay"])
def test_no_person_is_in_what_is_kept(tmp_path: Path, name: str) -> None:
    file, lines = _read(tmp_path, name)
    told = "\n".join([lines.write_csv(), *file.notes])
    assert not [
        word for word in ("Whitlock", "EMP77", "Claymore", "potfan", "555 0100", "73301") if word in told
    ]


def test_amazon_settlement(tmp_path: Path) -> None:
    file, lines = _read(tmp_path, "settlement")
    assert lines.select("invoice_no", "stock_code", "quantity", "amount", "currency").rows() == [
        ("111-1", 'MUG "L"', "2", "40.00", "USD"),
        ("111-1", "CUP", "1", "1250.00", "USD"),
        ("111-2", "CUP", "3", "36.00", "USD"),
    ]
    assert lines.get_column("invoice_date").unique().sort().to_list() == [
        "2025-06-09 05:23:19+00:00",
        "2025-06-09 23:59:59+00:00",
    ]
    assert file.passed_over["transaction-type = Refund"] == {"rows": 1, "amounts": {"USD": "-12"}}
    assert sum(entry["rows"] for entry in file.passed_over.values()) == 8
    # The sum of all rows, of which three are lines.
    (total,) = file.sums
    assert (total.check, total.checked, total.broken) == ("sum:amount = column:total-amount", 1, 0)
    without = (EXPORTS / "settlement.csv").read_text().splitlines(keepends=True)[-1]
    wrong, _ = _read(tmp_path / "cut", "settlement", without=without)
    assert wrong.sums[0].examples == (("", "1308.91", "1268.92"),)


def test_a_total_in_the_footer_of_a_german_till(tmp_path: Path) -> None:
    file, lines = _read(tmp_path, "till_de")
    assert lines.select("kind", "quantity", "amount").rows() == [
        (None, "10", "3.50"),
        (None, "0.3550", "6.39"),
        (None, "1", "1234.50"),
        ("return", "-2", "-0.70"),
    ]
    assert {reason: entry["rows"] for reason, entry in file.passed_over.items()} == {"void": 1, "footer": 1}
    assert [(total.checked, total.broken) for total in file.sums] == [(1, 0)]
    without = (EXPORTS / "till_de.csv").read_text().splitlines(keepends=True)[2]
    wrong, _ = _read(tmp_path / "cut", "till_de", without=without)
    assert wrong.sums[0].examples == (("", "1240.19", "1243.69"),)
