"""Parquet columns, text or typed, are read as the text that a CSV has."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import DeliveryUnreadable
from tasks.ingest.schema import COLUMNS
from tasks.validate.normalise import normalise
from tasks.validate.settings import FeedSettings
from tests.support.deliveries import (
    NAMES,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    read,
    row,
    text_of,
    write,
)

COLUMN_BY_NAME = dict(zip(NAMES, COLUMNS, strict=True))


def _table(path: Path, **columns: Any) -> Path:
    """Write a Parquet file of the sample row, with other values or types in some columns."""
    height = len(next(iter(columns.values())))
    values_by_name = {name: [value] * height for name, value in zip(NAMES, ROW, strict=True)} | columns
    pq.write_table(pa.table(values_by_name), path)
    return path


def _read(folder: Path, name: str, values: Any, kind: pa.DataType | None = None) -> list[str | None]:
    path = _table(folder / "lines.parquet", **{name: pa.array(values, kind)})
    return read(folder / "workspace", path).get_column(COLUMN_BY_NAME[name]).to_list()


NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "values", "kind", "text"),
    [
        ("UnitPrice", [2.55, 0.1, 0.001, 5.0, -11062.06, None, NAN], pa.float64(), None),
        ("UnitPrice", [2.55, 0.1], pa.float32(), ["2.55", "0.1"]),
        ("UnitPrice", [0.00001, 123456.7891], pa.float64(), ["0.00001", "123456.7891"]),
        ("UnitPrice", [Decimal("2.5500"), Decimal("-0.0010")], pa.decimal128(9, 4), ["2.5500", "-0.0010"]),
        ("Quantity", [6, -6, None], pa.int16(), ["6", "-6", None]),
        ("Quantity", [6], pa.uint64(), ["6"]),
        ("CustomerID", [17850.0, NAN, None], pa.float64(), ["17850", None, None]),
        ("CustomerID", [17850, None], pa.int64(), ["17850", None]),
        ("InvoiceNo", [536365], pa.int32(), ["536365"]),
        ("InvoiceNo", [536365.0, 536370.0, None], pa.float64(), ["536365", "536370", None]),
        ("StockCode", [22633.0, 1e16], pa.float32(), ["22633", "1e+16"]),
        ("Description", ["a", None, ""], pa.large_string(), ["a", None, None]),
        ("Description", ["a", None, "£"], pa.string_view(), ["a", None, "£"]),
        ("Description", ["£".encode(), b"", None], pa.binary(), ["£", None, None]),
        ("Country", ["a", "b", "a", None], pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a", None]),
        ("Description", [None, None], pa.null(), [None, None]),
        ("InvoiceDate", [date(2010, 12, 1)], pa.date32(), ["2010-12-01"]),
        ("InvoiceDate", [date(2010, 12, 1)], pa.date64(), ["2010-12-01"]),
    ],
)
def test_text_of_a_column(
    tmp_path: Path, name: str, values: list[Any], kind: pa.DataType, text: list[str | None] | None
) -> None:
    text = text or ["2.55", "0.1", "0.001", "5", "-11062.06", None, None]
    assert _read(tmp_path, name, values, kind) == text


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/London", "America/New_York"])
def test_timestamps_become_local_time(tmp_path: Path, unit: str, zone: str | None) -> None:
    moment = datetime(2011, 7, 1, 8, 26)  # in UTC, if there is a zone
    path = _table(tmp_path / "lines.parquet", InvoiceDate=pa.array([moment], pa.timestamp(unit, tz=zone)))
    bronze = read(tmp_path / "workspace", path)
    local = normalise(bronze, FeedSettings(timezone="Europe/London")).get_column("sold_at_local").item()
    assert local == (moment if zone is None else datetime(2011, 7, 1, 9, 26))


@pytest.mark.parametrize("zone", ["+05:30", "-03:30", "UTC+2", "Z", "Nowhere/Else"])
@pytest.mark.parametrize("repeated", [False, True], ids=["plain", "dictionary"])
def test_time_zone_unknown_to_polars_keeps_the_instant(tmp_path: Path, zone: str, repeated: bool) -> None:
    times = pa.array([datetime(2011, 7, 1, 8, 26), None], pa.timestamp("us", tz=zone))
    path = _table(tmp_path / "lines.parquet", InvoiceDate=times.dictionary_encode() if repeated else times)
    bronze = read(tmp_path / "workspace", path)
    local = normalise(bronze, FeedSettings(timezone="Europe/London")).get_column("sold_at_local")
    assert local.to_list() == [datetime(2011, 7, 1, 9, 26), None]


@pytest.mark.parametrize(
    ("number", "storage", "kind"),
    [
        (2**62, pa.int64(), pa.timestamp("ms")),
        (-(2**62), pa.int64(), pa.timestamp("ms")),
        (2**63 - 1, pa.int64(), pa.timestamp("us")),
        (2**62, pa.int64(), pa.timestamp("us", tz="Europe/London")),
        (20101201, pa.int32(), pa.date32()),
        (2**31 - 1, pa.int32(), pa.date32()),
        (-(2**31), pa.int32(), pa.date32()),
    ],
    ids=str,
)
def test_date_outside_the_calendar_becomes_its_number(
    tmp_path: Path, number: int, storage: pa.DataType, kind: pa.DataType
) -> None:
    text = _read(tmp_path, "InvoiceDate", pa.array([number, 0], storage).cast(kind))
    assert text[0] == f"number {number}"
    assert str(text[1]).startswith("1970-01-01")


def test_fractions_of_a_second_are_kept(tmp_path: Path) -> None:
    assert _read(tmp_path, "InvoiceDate", [datetime(2011, 7, 1, 8, 26, 0, 120)]) == [
        "2011-07-01 08:26:00.000120"
    ]


def test_typed_columns_give_the_same_lines_as_csv(tmp_path: Path, real_lines: pl.DataFrame) -> None:
    lines = real_lines.filter(pl.int_range(pl.len()) % 37 == 0)
    lines.write_csv(tmp_path / "lines.csv")
    typed = lines.with_columns(
        pl.col("Quantity").cast(pl.Int64),
        pl.col("InvoiceDate").str.to_datetime(time_unit="ns"),
        pl.col("UnitPrice").cast(pl.Float64),
        pl.col("CustomerID").cast(pl.Float64),
        pl.col("Country", "StockCode").cast(pl.Categorical),
    )
    typed.select(reversed(typed.columns)).write_parquet(tmp_path / "lines.parquet")
    from_csv, from_parquet = (
        normalise(read(tmp_path / "workspace", tmp_path / f"lines.{kind}"), FeedSettings())
        for kind in ("csv", "parquet")
    )
    compared = [
        "line_no",
        *(column for column in COLUMNS if column != "invoice_date"),
        "sold_at_local",
        "sold_at",
    ]
    assert from_parquet.select(compared).equals(from_csv.select(compared))


def test_any_order_and_extra_columns(tmp_path: Path) -> None:
    columns = {name: [value] for name, value in reversed(list(zip(NAMES, ROW, strict=True)))}
    extra: dict[str, Any] = {"Till": [7], "Tags": [["a"]], "invoice.No": ["x"]}
    pq.write_table(pa.table({**extra, **columns}), tmp_path / "lines.parquet")
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "lines.parquet"))
    assert text_of(frame_of(bronze)) == [ROW]
    assert bronze.deliveries[0].ignored_columns == ("Till", "Tags", "invoice.No")


def test_csv_and_parquet_in_one_batch(tmp_path: Path) -> None:
    write(tmp_path / "d" / "1.csv", as_csv([row(invoice_no="1")]))
    _table(tmp_path / "d" / "2.parquet", InvoiceNo=["2", "3"])
    write(tmp_path / "d" / "3.csv", as_csv([row(invoice_no="4")]))
    frame = read(tmp_path / "w", tmp_path / "d")
    assert frame.get_column("invoice_no").to_list() == ["1", "2", "3", "4"]
    assert frame.get_column("line_no").to_list() == [1, 1, 2, 1]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([True]),
        pa.array([["a"]]),
        pa.array([{"a": 1}]),
        pa.array([1], pa.duration("s")),
        pa.array([1], pa.time32("s")),
        pa.array([Decimal(1)], pa.decimal256(50, 2)),
    ],
    ids=["boolean", "list", "struct", "duration", "time", "decimal256"],
)
def test_type_without_a_text_form_is_rejected(tmp_path: Path, values: pa.Array) -> None:
    path = _table(tmp_path / "lines.parquet", Quantity=values)
    (error,) = ingest_sources(tmp_path / "w", path).failed
    assert isinstance(error, DeliveryUnreadable)
    assert error.message.startswith(f"{path}: its column quantity has the type ")
    assert "deliver text, numbers or timestamps" in error.message


def test_bytes_that_are_not_utf_8_are_rejected(tmp_path: Path) -> None:
    path = _table(tmp_path / "lines.parquet", Description=pa.array([b"a", b"\xa3"], pa.binary()))
    (error,) = ingest_sources(tmp_path / "w", path).failed
    assert isinstance(error, DeliveryUnreadable)
    assert "it cannot be read from row 1 on (Invalid UTF8" in error.message
