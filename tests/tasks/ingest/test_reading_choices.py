"""A value that two readings fit differently is told apart from one that has a single meaning."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest.reading_choices import ALONE, CUSTOMERS, DATE_FORMAT, DECIMAL, OPEN, SETTLED
from tests.support.deliveries import NAMES, ROW, as_csv, bronze_of, ingest_sources, row, write

BLANK, NARROW, APOSTROPHE = "\u00a0", "\u202f", "\u2019"


def _numbers(text: str, reading: str | None) -> str | None:
    value: str | None = pl.select(DECIMAL.read(pl.lit(text), reading)).item()
    return value


@pytest.mark.parametrize(
    "text", ["15.000", "1.000", "1.234", "1,234", "-1.000", "+1,000", "999.999", " 1.000 "]
)
def test_numbers_that_two_readings_fit(text: str) -> None:
    assert DECIMAL.kinds(pl.Series([text])).to_list() == [OPEN]
    assert _numbers(text, None) is None
    assert _numbers(text, ".") != _numbers(text, ",")


@pytest.mark.parametrize(
    ("text", "reading", "number"),
    [
        ("4.00", ".", "4.00"),
        ("2,55", ",", "2.55"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1.234.567", ",", "1234567"),
        ("1,234,567", ".", "1234567"),
        ("1234.567", ".", "1234.567"),
        ("0.500", ".", "0.500"),
        ("-0,500", ",", "-0.500"),
        (".5", ".", ".5"),
        (",5", ",", ".5"),
        ("5.", ".", "5."),
        ("1.0000", ".", "1.0000"),
        ("1 234,5", ",", "1234.5"),
        (f"1{BLANK}234.567", ".", "1234.567"),
        (f"12{NARROW}345{NARROW}678,5", ",", "12345678.5"),
        ("1'234.50", ".", "1234.50"),
        (f"1{APOSTROPHE}234,50", ",", "1234.50"),
        ("-1,234.50", ".", "-1234.50"),
    ],
)
def test_numbers_that_only_one_reading_fits(text: str, reading: str, number: str) -> None:
    assert DECIMAL.kinds(pl.Series([text])).to_list() == [ALONE + DECIMAL.readings.index(reading)]
    assert _numbers(text, None) == _numbers(text, reading) == number
    assert _numbers(text, "," if reading == "." else ".") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("6", "6"), ("1 234", "1234"), (f"1{BLANK}234{BLANK}567", "1234567"), ("1'000", "1000"), ("0", "0")],
)
def test_numbers_that_mean_the_same_in_both_readings(text: str, number: str) -> None:
    assert DECIMAL.kinds(pl.Series([text])).to_list() == [SETTLED]
    assert [_numbers(text, reading) for reading in (None, ".", ",")] == [number] * 3


@pytest.mark.parametrize(
    "text",
    [
        "1,23,456",
        "1.23.456",
        "1,234 567",
        "1 23",
        "0 500",
        "1234,567.5",
        "1  000",
        "1.234,567.8",
        ",",
        "1,,5",
        "1e3",
    ],
)
def test_text_that_is_no_number(text: str) -> None:
    assert DECIMAL.kinds(pl.Series([text])).to_list() == [SETTLED]
    assert [_numbers(text, reading) for reading in (None, ".", ",")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "kind", "moment"),
    [
        ("12/1/2010 8:26", OPEN, None),
        ("10-01-26 08:26", OPEN, None),
        ("10-01-2026", OPEN, None),
        ("3/3/2010", SETTLED, datetime(2010, 3, 3)),
        ("12/13/2010 8:26", ALONE, datetime(2010, 12, 13, 8, 26)),
        ("13/12/2010", ALONE + 1, datetime(2010, 12, 13)),
        ("13.12.10", ALONE + 1, datetime(2010, 12, 13)),
        ("13-12-10", ALONE + 1, datetime(2010, 12, 13)),
        ("2010-12-01", SETTLED, None),
        ("10-01/26", SETTLED, None),
        ("99/99/99", SETTLED, None),
        ("1.5", SETTLED, None),
    ],
)
def test_dates(text: str, kind: int, moment: datetime | None) -> None:
    assert DATE_FORMAT.kinds(pl.Series([text])).to_list() == [kind]
    assert pl.select(DATE_FORMAT.read(pl.lit(text), None)).item() == moment


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("00123", OPEN),
        (" 00123.0", OPEN),
        ("\u200b007", OPEN),
        ("C001", ALONE),
        ("00123A", ALONE),
        ("12.345", ALONE),
        ("9" * 16, SETTLED),
        ("17850", SETTLED),
        ("17850.0", SETTLED),
        ("\u200b17850", SETTLED),
        ("0", SETTLED),
        ("0.0", SETTLED),
        ("nan", SETTLED),
        ("", SETTLED),
    ],
)
def test_customers(text: str, kind: int) -> None:
    assert CUSTOMERS.kinds(pl.Series([text])).to_list() == [kind]


@pytest.mark.parametrize("column", ["amount", "discount", "tax", "cost"])
def test_amounts_of_lines_are_numbers_too(column: str) -> None:
    assert column in DECIMAL.columns


def test_bronze_tells_what_its_deliveries_leave_open_also_when_it_is_reused(tmp_path: Path) -> None:
    write(tmp_path / "d" / "1.csv", as_csv([row(unit_price="2.5"), row(invoice_date="13/13/2010")]))
    write(
        tmp_path / "d" / "2.csv",
        as_csv([row(quantity="1.000", invoice_date="12/13/2010"), row(quantity="2,5")]),
    )
    write(tmp_path / "d" / "3.csv", as_csv([row(invoice_date="12/1/2010"), row()]))
    first = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d"))
    assert [dict(file.open_values) for file in first.deliveries] == [
        {},
        {"decimal": "1.000"},
        {"date_format": "12/1/2010"},
    ]
    assert first.alone == {"decimal": (",", "."), "date_format": ("us",)}
    assert bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d")) == first


def test_typed_numbers_leave_nothing_open(tmp_path: Path) -> None:
    values = [pa.array([value]) for value in ROW]
    values[NAMES.index("Quantity")] = pa.array([6])
    values[NAMES.index("UnitPrice")] = pa.array([1.234])
    pq.write_table(pa.table(values, names=list(NAMES)), tmp_path / "day.parquet")
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "day.parquet"))
    (file,) = bronze.deliveries
    assert (file.typed_numbers, file.open_values, bronze.alone) == (("quantity", "unit_price"), {}, {})
