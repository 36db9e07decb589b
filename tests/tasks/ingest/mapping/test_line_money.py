"""Amounts of lines, stores and line numbers of a mapped delivery."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.errors import UnknownHeader
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.mapping.numbers import negated, negative, number_texts
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import bronze_of, frame_of, write
from tests.support.small_mapping import read, small_mapping

_DECIMAL = '[read]\ndecimal = "{}"\n'


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("'-70", ".", "-70"),
        ("'70.50", ".", "70.50"),
        ("$1,250.00", ".", "1250.00"),
        ("-$6.25", ".", "-6.25"),
        ("($6.25)", ".", "-6.25"),
        ("$(6.25)", ".", "-6.25"),
        ("(1,006.25)", ".", "-1006.25"),
        ("6.25-", ".", "-6.25"),
        ("6,25- $", ",", "-6.25"),
        ("6,25 $-", ",", "-6.25"),
        ("\u22126.25", ".", "-6.25"),
        ("8,00 €", ",", "8.00 €"),  # a mark that names the currency of the line stays beside it
        ("€ 8.00", ".", "8.00 €"),
        ("(6.25", ".", "(6.25 (no number with the decimal mark .)"),
        ("(-6.25)", ".", "(-6.25) (no number with the decimal mark .)"),
        ("-6.25-", ".", "-6.25- (no number with the decimal mark .)"),
        ("(6,25)", None, "-6,25"),
        ("'-$70", None, "-70"),
    ],
)
def test_signs_marks_and_guards_of_numbers(text: str, decimal: str | None, number: str) -> None:
    assert number_texts(pl.Series([text, None]), ("$",), decimal, ".").to_list() == [number, None]


def test_a_turned_sign_leaves_zero_alone() -> None:
    numbers = pl.Series(["2.50", "-2.50", "+2.50", "0.00", None])
    assert negated(numbers).to_list() == ["-2.50", "2.50", "-2.50", "0.00", None]
    assert negative(numbers).to_list() == ["-2.50", "-2.50", "-2.50", "0.00", None]


@pytest.mark.parametrize(
    ("tax", "decimal", "number"),
    [
        ("2.07675000", ".", "2.0768"),
        ("-0.00005", ".", "-0.0001"),
        ("0.00004999", ".", "0.0000"),
        ("1,012.00005", ".", "1012.0001"),
        ("0,57684999", ",", "0.5768"),
        ("1.25", ".", "1.25"),
        ("none", ".", "none (no number with the decimal mark .)"),
    ],
)
def test_a_measure_is_rounded_only_where_the_mapping_says_so(
    tmp_path: Path, tax: str, decimal: str, number: str
) -> None:
    row, form = f'1,S1,Mug,1,"2{decimal}50",EUR,paid,"{tax}"', _DECIMAL.format(decimal)
    told = '[line.measures]\ntax = {{ column = "Tax"{} }}\n'
    rounded = read(tmp_path, [row], form + told.format(", rounded = true"), more="Tax")
    assert frame_of(rounded).get_column("tax").to_list() == [number]
    exact = frame_of(read(tmp_path, [row], form + told.format(""), more="Tax")).get_column("tax")
    assert (exact.to_list() == [number]) == (number[-3:] not in {"768", "001", "000"})


def test_a_currency_counts_though_the_mapping_tells_the_store_alone(tmp_path: Path) -> None:
    silent = small_mapping(line='store = "State"').replace('currency = "Currency"\n', "")
    header, row = "Order,SKU,Item,Qty,Price,Currency,State,Day", "1,S1,Mug,1,2.50,USD,Lyon,2026-03-01"
    path = write(tmp_path / "small.csv", f"{header}\n{row}\n")
    reading = ReadingSettings(mapping=kept_text(load_mapping(silent).content))
    rows = frame_of(bronze_of(ingest(discover([str(path)]).deliveries, {}, tmp_path / "w", reading=reading)))
    assert rows.select("currency", "store").rows() == [("USD", "Lyon")]


def test_the_amount_of_a_line_stands_in_place_of_the_price(tmp_path: Path) -> None:
    rows = frame_of(read(tmp_path, ["1,S1,Mug,2,2.50,EUR,paid"], price="line"))
    assert rows.select("quantity", "amount", "unit_price").rows() == [("2", "2.50", None)]


def test_measures_are_positive_for_what_is_taken_off_contained_or_spent(tmp_path: Path) -> None:
    measures = (
        '[line.measures]\ndiscount = { column = ["Off", "Coupon"], sign = "negative" }\ntax = { column = "Tax" }\n'
        'cost = { column = "Cost", sign = "positive" }\n'
    )
    keys = _DECIMAL.format(".") + measures
    lines = ["1,S1,Mug,2,2.50,EUR,paid,-0.50,,0.40,1", "1,S1,Mug,2,2.50,EUR,paid,,(0.75),,"]
    rows = frame_of(read(tmp_path, lines, keys, more="Off,Coupon,Tax,Cost"))
    assert rows.select("discount", "tax", "cost").rows() == [("0.50", "0.40", "1"), ("0.75", None, None)]


@pytest.mark.parametrize(("decimal", "total"), [(".", "1250.7500"), (",", "1250,7500")])
def test_a_measure_in_several_columns_is_their_sum(tmp_path: Path, decimal: str, total: str) -> None:
    keys = (
        _DECIMAL.format(".") + '[line.measures]\ndiscount = { sum = ["Off", "Coupon"], sign = "negative" }\n'
    )
    off = ['"-1,250.00",(0.75)', ",", "-0.50,", "-0.50,few"]
    lines = [f"1,S1,Mug,2,2.50,EUR,paid,{each}" for each in off]
    rows = frame_of(read(tmp_path, lines, keys, more="Off,Coupon", decimal=decimal))
    told = rows.get_column("discount").to_list()
    assert told[:3] == [total, None, f"0{decimal}5000"]
    assert told[3].startswith("few (no number")  # set aside, never taken for 0.50


def test_numbers_are_written_as_the_feed_has_them(tmp_path: Path) -> None:
    keys = _DECIMAL.format(".") + '[line.measures]\ntax = { column = "Tax" }\n[order]\ntotal = "Total"\n'
    (row,) = frame_of(
        read(tmp_path, ["1,S1,Mug,0.5,2.50,EUR,paid,0.40,9.95"], keys, more="Tax,Total", decimal=",")
    ).to_dicts()
    assert (row["quantity"], row["unit_price"], row["tax"]) == ("0,5", "2,50", "0,40")
    assert row["invoice_attributes"] == '{"total":"9.95"}'


def test_stores_line_numbers_and_quantities_that_are_not_told(tmp_path: Path) -> None:
    line = 'store = ["Shop", "Till"]\nline_number = ["Page", "Row"]\nquantity_else = 1'
    lines = ["1,S1,Mug,,2.50,EUR,paid,Leeds,T1,1,7", "1,S1,Mug,0.5,2.50,EUR,paid,,T1,,8"]
    rows = frame_of(read(tmp_path, lines, line=line, more="Shop,Till,Page,Row"))
    assert rows.select("store", "source_line", "quantity").rows() == [
        ("Leeds", "1/7", "1"),
        ("T1", None, "0.5"),
    ]


def test_a_store_that_only_some_files_have_may_be_absent(tmp_path: Path) -> None:
    keys = '[signature]\nknown = ["Shop", "Tip", "Off"]\n[order]\ntip = "Tip"\n[line.measures]\ndiscount = { column = "Off" }\n'
    rows = frame_of(read(tmp_path, ["1,S1,Mug,1,2.50,EUR,paid"], keys, line='store = "Shop"'))
    assert rows.select("store", "invoice_attributes", "discount").rows() == [(None, None, None)]


def test_numbers_of_parquet_keep_their_point_whatever_the_decimal_marks(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    pl.DataFrame(
        [
            ("2026-03-01", "1", "S1", "paid", 0.125, 1250.75, 0.5),
            ("2026-03-01", "2", "S1", "void", 2.0, 1.125, -0.5),
        ],
        schema=["Day", "Order", "SKU", "State", "Qty", "Price", "Tax"],
        orient="row",
    ).write_parquet(path)
    keys = _DECIMAL.format(",") + '[line.measures]\ntax = { column = "Tax", sign = "negative" }\n'
    keys += '[[kind]]\nkind = "void"\nwhen = { State = ["void"] }\n'
    mapping = small_mapping(keys).replace('currency = "Currency"', "")
    reading = ReadingSettings(mapping=kept_text(load_mapping(mapping).content), decimal=",")
    bronze = bronze_of(ingest(discover([str(path)]).deliveries, {}, tmp_path / "w", reading=reading))
    assert frame_of(bronze).select("quantity", "unit_price", "tax").rows() == [("0.125", "1250.75", "-0.5")]
    (delivery,) = bronze.deliveries
    assert {"quantity", "unit_price", "tax"} <= {*delivery.typed_numbers}
    assert delivery.passed_over == {"void": {"rows": 1, "amounts": {"": "2.25"}}}


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ('store = "Shop"', ""),
        ('line_number = "Shop"', ""),
        ("", '[order]\ntip = "Shop"\n'),
        ("", '[line.measures]\ntax = { column = "Shop" }\n'),
        ("", '[[kind]]\nkind = "void"\nwhen = { Shop = [""] }\n'),
    ],
)
def test_a_column_that_no_signature_calls_optional_must_be_there(
    tmp_path: Path, line: str, keys: str
) -> None:
    path = write(tmp_path / "small.csv", "Day,Order,SKU,Item,Qty,Price,Currency,Ship\n")
    mapping = kept_text(load_mapping(small_mapping(keys, line=line)).content)
    deliveries = discover([str(path)]).deliveries
    (error,) = ingest(deliveries, {}, tmp_path / "w", reading=ReadingSettings(mapping=mapping)).failed
    assert isinstance(error, UnknownHeader)
    assert "Missing: 'Shop' (most similar: 'Ship')" in error.message
