"""Rows of a mapped delivery: filled down within an invoice, passed over by reason, or set aside by their word."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryEmpty
from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.fill import FillDown
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.mapping.model import Fill
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import bronze_of, frame_of, write

ORDERS = """
schema = 1
name = "orders"
[fill]
key = ["Order"]
columns = ["Day", "Land"]
[line]
invoice = "Order"
code = ["SKU", "Item"]
quantity = "Qty"
country = "Land"
[line.time]
columns = "Day"
[line.amount]
piece = "Price"
"""
HEADER = "Order,Day,Land,SKU,Item,Qty,Price,Kind"
FIRST = "1,2011-05-02,France,S1,Mug,2,1.50,sale"
NOT_IT = "Sub Total 7,2011-05-02,France,S1,Total,2,1.50,sale"
FURTHER = "1,,,S2,Cup,1,2.50,sale"


def _ingest(tmp_path: Path, lines: list[str], mapping: str = ORDERS) -> IngestResult:
    path = write(tmp_path / "orders.csv", "\n".join([HEADER, *lines]) + "\n")
    reading = ReadingSettings(mapping=kept_text(load_mapping(mapping).content))
    return ingest(discover([str(path)]).deliveries, {}, tmp_path / "workspace", reading=reading)


def _rows(tmp_path: Path, lines: list[str], mapping: str = ORDERS) -> pl.DataFrame:
    return frame_of(bronze_of(_ingest(tmp_path, lines, mapping)))


def _filled(
    frames: list[list[tuple[str | None, ...]]], key: str, *columns: str
) -> list[tuple[str | None, ...]]:
    """Fill frames of (key, value, fault) and return all rows of (key, value)."""
    fill = FillDown(Fill((key,), columns))
    schema = {"key": pl.String, "value": pl.String, "fault": pl.String}
    rows: list[tuple[str | None, ...]] = []
    for frame in frames:
        table = pl.DataFrame(frame, schema=schema, orient="row")
        filled = fill.fill(table.with_columns(pl.lit(0, pl.UInt32).alias("source")))
        rows += filled.select("key", "value").rows()
    return rows


def test_fields_of_an_order_are_filled_down_within_it(tmp_path: Path) -> None:
    rows = _rows(tmp_path, [FIRST, FURTHER, "2,,,S1,Mug,1,1.50,sale", "1,,,S1,Mug,1,1.50,sale"])
    assert rows.get_column("invoice_date").to_list() == ["2011-05-02", "2011-05-02", None, None]
    assert rows.get_column("country").to_list() == ["France", "France", None, None]


def test_a_blank_is_filled_only_in_the_named_columns(tmp_path: Path) -> None:
    rows = _rows(tmp_path, [FIRST, "1,,,,Cup,,2.50,sale"])
    assert rows.get_column("stock_code").to_list() == ["S1", "Cup"]
    assert rows.get_column("quantity").to_list() == ["2", None]


def test_a_broken_row_does_not_end_an_order_whose_rows_name_it(tmp_path: Path) -> None:
    rows = _rows(tmp_path, [FIRST, "1,torn", FURTHER])
    assert rows.get_column("invoice_date").to_list() == ["2011-05-02", None, "2011-05-02"]
    assert rows.get_column("invoice_no").to_list() == ["1", None, "1"]
    assert rows.get_column("raw").to_list() == [None, "1,torn", None]


@pytest.mark.parametrize("cut", range(6))
def test_filling_goes_on_in_the_next_frame(cut: int) -> None:
    rows: list[tuple[str | None, ...]] = [
        ("1", "a", None),
        ("1", None, None),
        (None, None, "torn"),
        ("1", None, None),
        ("2", None, None),
        (None, "b", None),
        (None, None, None),
    ]
    filled = [("1", "a"), ("1", "a"), (None, None), ("1", "a"), ("2", None), (None, "b"), (None, None)]
    assert _filled([rows[:cut], rows[cut:]], "key", "value") == filled
    assert _filled([[row] for row in rows], "key", "value") == filled


@pytest.mark.parametrize("cut", range(7))
def test_rows_without_a_key_continue_the_order_above_if_the_mapping_says_so(cut: int) -> None:
    rows: list[tuple[str | None, ...]] = [
        (None, "x", None),
        ("1", "a", None),
        (None, None, None),
        ("2", None, None),
        (None, None, None),
        ("3", "c", None),
        (None, None, "torn"),  # perhaps the first row of the next order
        (None, None, None),
    ]
    filled = [
        (None, "x"),
        ("1", "a"),
        ("1", "a"),
        ("2", None),
        ("2", None),
        ("3", "c"),
        (None, None),
        (None, None),
    ]
    assert _filled([rows[:cut], rows[cut:]], "key", "key", "value") == filled
    assert _filled([[row] for row in rows], "key", "key", "value") == filled


def test_files_read_together_are_not_filled_from_each_other(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", f"{HEADER}\n{FIRST}\n")
    second = write(tmp_path / "b.csv", f"{HEADER}\n{FURTHER}\n")
    reading = ReadingSettings(mapping=kept_text(load_mapping(ORDERS).content))
    found = discover([str(first), str(second)]).deliveries
    rows = frame_of(bronze_of(ingest(found, {}, tmp_path / "workspace", reading=reading)))
    assert rows.get_column("invoice_date").to_list() == ["2011-05-02", None]


def test_rows_that_are_no_lines_are_counted_by_reason(tmp_path: Path) -> None:
    mapping = ORDERS + '[rows]\nlines = { Kind = ["sale"] }\nnone = { Kind = ["payment"], Item = [""] }\n'
    payment, coupon, blank = "1,,,,Cash,,9.00,payment", "1,,,,,,-1.00,sale", ",,,,,,,"
    result = _ingest(tmp_path, [FIRST, payment, coupon, payment, blank, FURTHER], mapping)
    bronze = bronze_of(result)
    assert frame_of(bronze).get_column("line_no").to_list() == [1, 6]
    (delivery,) = bronze.deliveries
    assert delivery.rows == 2
    assert {reason: told["rows"] for reason, told in delivery.passed_over.items()} == {
        "Item = (blank)": 1,
        "Kind = payment": 2,
        "blank": 1,
    }


def test_a_word_that_the_mapping_does_not_know_sets_the_row_aside(tmp_path: Path) -> None:
    mapping = ORDERS + '[rows]\nlines = { Kind = ["sale"] }\n[words]\nLand = ["France"]\n'
    refund, elsewhere = (
        FURTHER.replace("sale", "refund"),
        FIRST.replace("1,2011", "2,2011").replace("France", "Spain"),
    )
    rows = _rows(tmp_path, [FIRST, refund, elsewhere, FURTHER.replace("sale", "")], mapping)
    told = "has a word that the mapping does not know"
    assert rows.get_column("fault").to_list() == [
        None,
        f"the column Kind {told}: refund (amount 2.50)",
        f"the column Land {told}: Spain (amount 3)",
        f"the column Kind {told}: (blank) (amount 2.50)",
    ]


def test_a_footer_is_no_line(tmp_path: Path) -> None:
    mapping = ORDERS + '[read]\nfooter = ["records downloaded", "Total"]\n'
    bronze = bronze_of(
        _ingest(tmp_path, [FIRST, "Total,,,,,,1.50,", "2 records downloaded", "2,torn", NOT_IT], mapping)
    )
    rows = frame_of(bronze)
    assert rows.get_column("raw").to_list() == [None, "2,torn", None]
    assert bronze.deliveries[0].passed_over["footer"]["rows"] == 2


def test_a_file_without_a_line_is_empty(tmp_path: Path) -> None:
    mapping = ORDERS + '[rows]\nnone = { Kind = ["payment"] }\n'
    (error,) = _ingest(tmp_path, ["1,,,,Cash,,9.00,payment"], mapping).failed
    assert isinstance(error, DeliveryEmpty)
    assert "it has no sales line: 1 row is no line by the mapping (Kind = payment: 1)." in error.message


def test_an_invoice_of_several_columns_needs_all_of_them(tmp_path: Path) -> None:
    mapping = ORDERS.replace('invoice = "Order"', 'invoice = ["Order", "Item"]')
    rows = _rows(tmp_path, [FIRST, "1,,,S2,,1,2.50,sale"], mapping)
    assert rows.get_column("invoice_no").to_list() == ["1/Mug", None]


def test_constants_and_codes_for_lines_without_one(tmp_path: Path) -> None:
    mapping = ORDERS.replace('quantity = "Qty"', 'quantity_is = 1\ncode_else = "CUSTOM"')
    mapping = (
        mapping.replace('country = "Land"', 'country_is = "Norway"') + '[constant]\nDescription = "Goods"\n'
    )
    rows = _rows(tmp_path, [FIRST, "1,,,,,2,1.50,sale", "1,torn"], mapping)
    columns = rows.select("stock_code", "quantity", "country", "description")
    expected = ("1", "Norway", "Goods")
    assert columns.rows() == [("S1", *expected), ("CUSTOM", *expected), (None, None, None, None)]


def test_words_for_a_missing_value(tmp_path: Path) -> None:
    mapping = ORDERS + '[read]\nmissing = ["n/a"]\n'
    rows = _rows(tmp_path, ["1,2011-05-02,France,n/a,Mug,2,1.50,sale"], mapping)
    assert rows.get_column("stock_code").to_list() == ["Mug"]
