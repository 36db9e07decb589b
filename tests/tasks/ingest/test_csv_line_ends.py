"""Line ends and delimiters of all systems."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from tests.support.deliveries import HEADER, LINE, ROW, as_csv, read_text, row, text_of

THREE = [row(invoice_no=number) for number in ("1", "2", "3")]


@pytest.mark.parametrize("broken", [(), (("short", "row"),)], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("final", [True, False], ids=["final end", "no final end"])
def test_line_ends(tmp_path: Path, end: str, final: bool, broken: tuple[tuple[str, ...], ...]) -> None:
    text = as_csv([*THREE, *broken], lineterminator=end)
    frame = read_text(tmp_path, text if final else text.removesuffix(end))
    assert text_of(frame) == THREE
    assert frame.height == len(THREE) + len(broken)


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["plain", "quoted"])
@pytest.mark.parametrize("broken", ["", "short\n"], ids=["sound", "beside a broken row"])
def test_doubled_carriage_returns(tmp_path: Path, quoting: int, broken: str) -> None:
    rows = [row(description="two\r\r\nlines"), *THREE]
    text = as_csv(rows, lineterminator="\r\r\n", quoting=quoting) + broken
    frame = read_text(tmp_path, text)
    # The rest of the line end stays at the last value; normalise trims it.
    assert text_of(frame.with_columns(pl.col("country").str.strip_chars())) == rows
    assert frame.height == len(rows) + len(broken[:1])


def test_empty_lines_are_not_rows(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n\n{LINE}\n   \n\r\n{LINE}\n\n\n")
    assert text_of(frame) == [ROW, ROW]
    assert frame.get_column("line_no").to_list() == [1, 2]


@pytest.mark.parametrize("broken", ["", "short\n"], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_row_of_delimiters_is_a_row(tmp_path: Path, delimiter: str, broken: str) -> None:
    text = as_csv([("",) * 8, ROW], delimiter=delimiter) + broken
    assert text_of(read_text(tmp_path, text)) == [(None,) * 8, ROW]


def test_file_of_delimiters_is_not_empty(tmp_path: Path) -> None:
    text = as_csv([("",) * 8], delimiter="\t")
    assert text_of(read_text(tmp_path, text)) == [(None,) * 8]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    rows = [row(description="a,b;c\td|e", unit_price="2,55"), row()]
    assert text_of(read_text(tmp_path, as_csv(rows, delimiter=delimiter))) == rows


def test_delimiters_in_a_quoted_name_do_not_count(tmp_path: Path) -> None:
    names = [
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    ]
    text = as_csv([(*ROW, "x")], [*names, "a,b,c,d,e,f,g,h,i,j,k"], delimiter=";")
    assert text_of(read_text(tmp_path, text)) == [ROW]
