"""Both families of column names are recognised in any order and notation; other columns are ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deliveries import (
    NAMES,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    read_text,
    text_of,
    write,
)

SECOND_FAMILY = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
)


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        SECOND_FAMILY,
        [name.upper() for name in NAMES],
        [f"  {name.lower()}\t" for name in SECOND_FAMILY],
        [
            "invoice_no",
            "stock_code",
            "description",
            "quantity",
            "Invoice Date",
            "UNIT PRICE",
            "Customer_ID",
            "country",
        ],
        ["Invoice\nNo", "Stock\r\nCode", *NAMES[2:]],
    ],
    ids=["first", "second", "upper", "blanks", "snake", "lines"],
)
def test_notations_of_column_names(tmp_path: Path, names: list[str]) -> None:
    assert text_of(read_text(tmp_path, as_csv([ROW, ROW], names))) == [ROW, ROW]


def test_any_order_and_extra_columns(tmp_path: Path) -> None:
    names = [*reversed(NAMES), "Till", "", "Notes"]
    table = as_csv([(*reversed(ROW), "7", "x", 'a "note",\nof two lines')], names)
    bronze = bronze_of(ingest_sources(tmp_path / "w", write(tmp_path / "day.csv", table)))
    assert text_of(frame_of(bronze)) == [ROW]
    assert bronze.deliveries[0].ignored_columns == ("Till", "Notes")


def test_different_headers_in_one_batch(tmp_path: Path) -> None:
    write(tmp_path / "days" / "1.csv", as_csv([ROW]))
    write(tmp_path / "days" / "2.csv", as_csv([ROW[::-1]] * 2, NAMES[::-1]))
    write(tmp_path / "days" / "3.csv", as_csv([ROW] * 3, SECOND_FAMILY))
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "days"))
    assert [delivery.rows for delivery in bronze.deliveries] == [1, 2, 3]
    frame = frame_of(bronze)
    assert frame.get_column("line_no").to_list() == [1, 1, 2, 1, 2, 3]
    assert text_of(frame) == [ROW] * 6


def test_empty_lines_before_the_header(tmp_path: Path) -> None:
    assert text_of(read_text(tmp_path, "\r\n\n" + as_csv([ROW]))) == [ROW]
