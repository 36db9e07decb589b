"""A total under the lines of a delivery, or of a group of them, is no sale; sales that look alike stay sales."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.readers import parts
from tasks.validate.silver import Silver
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import lines_of, validate_sources

Row = tuple[str | None, ...]


def _sales(count: int, **changes: str | None) -> list[Row]:
    return [row(invoice_no=str(number), **changes) for number in range(1, count + 1)]


def _total(quantity: int, price: str, **changes: str | None) -> Row:
    empty: dict[str, str | None] = {"customer_id": None, "description": None, "country": None}
    return row(**(empty | {"invoice_no": "99", "quantity": str(quantity), "unit_price": price} | changes))


def _validated(folder: Path, rows: list[Row]) -> Silver:
    return validate_sources(folder / "w", [write(folder / "day.csv", as_csv(rows))])


def _set_aside(folder: Path, rows: list[Row]) -> list[int]:
    """Numbers of the lines that are summaries; the others are loaded."""
    silver = _validated(folder, rows)
    quarantine = pl.read_parquet(silver.quarantine)
    assert quarantine.get_column("rules").to_list() == [["not_a_summary"]] * quarantine.height
    assert lines_of(silver).height + quarantine.height == len(rows)
    return quarantine.get_column("line_no").to_list()


@pytest.mark.parametrize(
    "word", ["TOTAL", "Summe:", "*** Grand Total ***", "gesamt", "Sous-total", "ИТОГО", "99 Total"]
)
@pytest.mark.parametrize("column", ["invoice_no", "stock_code"])
def test_a_word_for_a_total(tmp_path: Path, column: str, word: str) -> None:
    assert _set_aside(tmp_path, [*_sales(3), _total(1, "4.00", **{column: word})]) == [4]


def test_it_counts_in_score_and_report(tmp_path: Path) -> None:
    (quality,) = _validated(tmp_path, [*_sales(3), _total(18, "45.90", invoice_no="TOTAL")]).deliveries
    assert quality.rows_in == 4
    assert quality.rows_quarantined == 1
    assert quality.dimensions["consistency"].errors == 1
    (sample,) = quality.samples
    assert (sample.line, sample.rule, sample.value) == (4, "not_a_summary", "TOTAL")


def test_totals_of_groups(tmp_path: Path) -> None:
    day = [*_sales(2), _total(12, "30.60", stock_code="Subtotal")]
    invoice = [row(invoice_no="7"), row(invoice_no="7"), _total(12, "2.55", invoice_no="7", stock_code="SUM")]
    assert _set_aside(tmp_path, [*day, *invoice, *_sales(1)]) == [3, 6]


def test_a_product_called_so_within_its_invoice_is_a_sale(tmp_path: Path) -> None:
    rows = [row(stock_code="TOTAL"), row(), row(invoice_no="2", stock_code="TOTAL2")]
    assert _set_aside(tmp_path, rows) == []


@pytest.mark.parametrize("price", ["153.00", "1.2750"], ids=["their amount", "their mean price"])
@pytest.mark.parametrize("missing", ["customer_id", "stock_code"])
def test_the_sums_of_the_lines_before(tmp_path: Path, missing: str, price: str) -> None:
    sales = [*_sales(8, quantity="6"), *_sales(12, quantity="6", unit_price="0.425")]
    assert sum(Decimal(6) * Decimal(str(sale[5])) for sale in sales) == Decimal("153.00")
    total = row(**{"invoice_no": "99", "quantity": "120", "unit_price": price, missing: None})
    silver = _validated(tmp_path, [*sales, total])
    (rules,) = pl.read_parquet(silver.quarantine).get_column("rules").to_list()
    assert "not_a_summary" in rules
    assert lines_of(silver).height == 20


@pytest.mark.parametrize("size", [1, 3, 10_000], ids=["line by line", "3 lines a part", "one part"])
def test_sums_over_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", size)
    with_subtotal = [*_sales(5), _total(30, "76.50", invoice_no="subtotal"), *_sales(6, unit_price="1.00")]
    assert _set_aside(tmp_path, [*with_subtotal, _total(66, "112.50")]) == [6, 13]


@pytest.mark.parametrize("following", ["7", "8"])
def test_the_invoice_goes_on_in_the_next_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, following: str
) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", 1)
    rows = [row(invoice_no="7"), row(invoice_no="7", stock_code="TOTAL"), row(invoice_no=following)]
    assert _set_aside(tmp_path, rows) == ([] if following == "7" else [2])


SALES = {
    "two equal sales": [row(customer_id=None), row(customer_id=None)],
    "1, 2 and 3 pieces": [row(quantity=pieces, customer_id=None) for pieces in ("1", "2", "3")],
    "nine lines before": [*_sales(9), _total(54, "137.70")],
    "customer and product": [*_sales(10), row(quantity="60", unit_price="153.00")],
    "other quantity": [*_sales(10), _total(59, "153.00")],
    "other amount": [*_sales(10), _total(60, "153.01")],
    "not the last line": [*_sales(10), _total(60, "153.00"), row(invoice_no="100")],
}


@pytest.mark.parametrize("sales", SALES)
def test_other_lines_stay_sales(tmp_path: Path, sales: str) -> None:
    assert _set_aside(tmp_path, SALES[sales]) == []


def test_deliveries_of_a_batch_do_not_mix(tmp_path: Path) -> None:
    for name, rows in {"1": _sales(6), "2": [*_sales(5), _total(66, "168.30")]}.items():
        write(tmp_path / "days" / f"{name}.csv", as_csv(rows))
    silver = validate_sources(tmp_path / "w", [tmp_path / "days"])
    assert [quality.rows_quarantined for quality in silver.deliveries] == [0, 0]
