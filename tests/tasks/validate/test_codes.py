"""Codes are what the shop meant: what programs leave in them is no part of a line's identity."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.validate.codes import normalise_code
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import (
    broken_rules,
    bronze,
    lines_of,
    normalise_values,
    typed_lines,
    validate_sources,
)

CODES = ("invoice_no", "stock_code")
BYTE_ORDER_MARK, ZERO_WIDTH, SOFT_HYPHEN = "\ufeff", "\u200b", "\u00ad"
INVISIBLE = [
    *(BYTE_ORDER_MARK, ZERO_WIDTH, SOFT_HYPHEN, "\u200c", "\u200d", "\u2060"),
    *("\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"),
]


@pytest.mark.parametrize("column", CODES)
@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda mark: f"{ord(mark):x}")
def test_invisible_characters_go_wherever_they_stand(column: str, mark: str) -> None:
    texts = [f"{mark}85123a", f"85{mark}123a", f"85123a {mark} ", f"{mark}\u00a0 85123a{mark}{mark}"]
    assert normalise_values(column, texts, column) == ["85123A"] * 4


def test_all_characters_that_unicode_calls_format_are_invisible() -> None:
    every = [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]
    kept = normalise_code(pl.Series([f"A{one}B" for one in every]))
    gone = {one for one, code in zip(every, kept, strict=True) if code == "AB"}
    known = {one for one in every if unicodedata.category(one) == "Cf"}
    # Characters that Unicode 15 added are unknown to older Pythons.
    assert gone - {chr(number) for number in range(0x13439, 0x13440)} == known


@pytest.mark.parametrize("column", CODES)
def test_nothing_but_invisible_characters_is_no_code(column: str) -> None:
    assert normalise_values(column, [ZERO_WIDTH, f" {BYTE_ORDER_MARK} {SOFT_HYPHEN}"], column) == [None] * 2
    assert broken_rules({column: ZERO_WIDTH}) == [{(f"{column}_present", "completeness", "error")}]


@pytest.mark.parametrize("column", CODES)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("700001.0", "700001"),
        ("700001.00", "700001"),
        ("700001.0000", "700001"),
        ("700001,0", "700001"),
        ("700001.000", "700001"),
        ("0.0", "0"),
        ("007.0", "007"),
        (f"{BYTE_ORDER_MARK}700001.0 ", "700001"),
        (f"{'9' * 15}.0", "9" * 15),
    ],
)
def test_a_whole_number_loses_its_empty_fraction(column: str, text: str, code: str) -> None:
    assert normalise_values(column, [text], column) == [code]


@pytest.mark.parametrize("column", CODES)
@pytest.mark.parametrize(
    "text", ["007", "1.000", "700,000", "700001.5", "700001.", "X700001.0", "1.0.0", "-1.0", ".0", "\u0661.0"]
)
def test_other_codes_stay_as_they_are(column: str, text: str) -> None:
    assert normalise_values(column, [text], column) == [text]
    assert broken_rules({column: text}) == [set()]


@pytest.mark.parametrize("column", CODES)
@pytest.mark.parametrize(
    "text",
    [
        *("5.36E+05", "5,36E+05", "5.36e5", "5.36E-05", "536.4E+3", ".5E+06", "+5.36E+05", "-5.36E+05"),
        *("1E+05", "1e5", "1E16", "1e-05", "536E+3", f"{BYTE_ORDER_MARK}5.36E{ZERO_WIDTH}+05 "),
        "1234567890123456.0",
    ],
)
def test_a_number_that_lost_digits_is_no_code(column: str, text: str) -> None:
    assert broken_rules({column: text}) == [{(f"{column}_exact", "validity", "error")}]


@pytest.mark.parametrize("column", CODES)
@pytest.mark.parametrize(
    "text", ["85123E", "12E4", "2010E-1", "1E", "E5", "1E1234", "0E5", "1E+0001", "5.36E", "1E5A"]
)
def test_codes_with_an_e_that_no_program_writes_as_a_number(column: str, text: str) -> None:
    assert normalise_values(column, [text], column) == [text]
    assert broken_rules({column: text}) == [set()]


def test_customer_numbers_lose_invisible_characters_too() -> None:
    texts = [f"{BYTE_ORDER_MARK}17850", f"17850{ZERO_WIDTH} ", f"17{SOFT_HYPHEN}850.0", ZERO_WIDTH]
    assert normalise_values("customer_id", texts, "customer_id") == [17850, 17850, 17850, None]
    assert broken_rules({"customer_id": "1.785E+04"}) == [{("customer_id_whole", "validity", "error")}]


@given(
    st.text(st.sampled_from(["0", "1", ".", ",", "E", "e", "ß", " ", "\u00a0", BYTE_ORDER_MARK, ZERO_WIDTH]))
)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_values("stock_code", [text], "stock_code")
    assert normalise_values("stock_code", once, "stock_code") == once


def test_the_same_sale_with_and_without_marks_is_the_same_line() -> None:
    marked = {"invoice_no": f"{BYTE_ORDER_MARK}536365.0", "stock_code": f"85123a{ZERO_WIDTH}"}
    lines = typed_lines(bronze({}, marked))
    assert lines.get_column("copy_number").to_list() == [1, 2]
    assert lines.get_column("line_id")[0] == typed_lines(bronze(marked)).get_column("line_id")[0]


@pytest.mark.parametrize(
    "numbers",
    [
        pl.Series([536365, 536366]),
        pl.Series([536365.0, 536366.0]),
        pl.Series([536365.0, 536366.0], dtype=pl.Float32),
        pl.Series([Decimal("536365.000"), Decimal("536366.000")]),
        pl.Series(["536365.0", f"{ZERO_WIDTH}536366"]),
    ],
    ids=["int", "double", "float", "decimal", "text"],
)
def test_columns_of_numbers_in_parquet_give_the_same_lines(numbers: pl.Series, tmp_path: Path) -> None:
    rows = [row(invoice_no=number, stock_code="700") for number in ("536365", "536366")]
    plain = write(tmp_path / "plain.csv", as_csv(rows))
    frame = pl.read_csv(plain, infer_schema=False).with_columns(
        numbers.alias("InvoiceNo"), pl.Series("StockCode", [700, 700]).cast(numbers.dtype)
    )
    frame.write_parquet(tmp_path / "typed.parquet")
    ids = [
        lines_of(validate_sources(tmp_path / source.stem, [source])).get_column("line_id").to_list()
        for source in (plain, tmp_path / "typed.parquet")
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "numbers",
    [pl.Series([1e16]), pl.Series([2.0**53 + 2]), pl.Series([2.0**24 + 2], dtype=pl.Float32)],
    ids=["in E-notation", "double", "float"],
)
def test_a_float_too_large_to_be_exact_is_no_code(numbers: pl.Series, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.csv", as_csv([row()]))
    frame = pl.read_csv(plain, infer_schema=False).with_columns(numbers.alias("InvoiceNo"))
    frame.write_parquet(tmp_path / "typed.parquet")
    silver = validate_sources(tmp_path / "workspace", [tmp_path / "typed.parquet"])
    assert silver.deliveries[0].rules == {"invoice_no_exact": 1}
