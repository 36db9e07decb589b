"""Quantities, prices and customer numbers are parsed exactly or not at all: nothing is rounded or guessed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.lines import bronze, normalise_values, typed_lines

INVALID = [
    None,
    "",
    " ",
    "x",
    "1e3",
    "1.000,5.1",
    "1 00",
    "--1",
    "+-1",
    ".",
    "0x10",
    "NaN",
    "inf",
    "\u0663",
    "1\0",
]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2.55", "2.55"),
        ("0.001", "0.001"),
        ("0.0001", "0.0001"),
        ("2.5500", "2.55"),
        ("2.550000000", "2.55"),
        ("2.", "2"),
        (".5", "0.5"),
        ("+2.5", "2.5"),
        ("-11062.06", "-11062.06"),
        ("-.5", "-0.5"),
        ("0", "0"),
        ("-0.00", "0"),
        ("007.10", "7.1"),
        (" 2.55 ", "2.55"),
        ("\u00a02.55\t", "2.55"),
        ("999999999.9999", "999999999.9999"),
    ],
)
def test_prices_are_exact(text: str, price: str) -> None:
    (value,) = normalise_values("unit_price", [text], "unit_price")
    assert value == Decimal(price)


@pytest.mark.parametrize("text", ["2.55001", "0.00001", "1234567890", "1234567890.5", ".00001", *INVALID])
def test_prices_are_not_rounded(text: str | None) -> None:
    assert normalise_values("unit_price", [text, "2.55"], "unit_price") == [None, Decimal("2.55")]


@given(st.decimals(-999_999_999, 999_999_999, places=4))
def test_any_price_with_four_decimals(price: Decimal) -> None:
    assert normalise_values("unit_price", [f"{price:f}"], "unit_price") == [price]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("6", 6),
        ("-80995", -80995),
        ("+6", 6),
        ("6.0", 6),
        ("6.", 6),
        (" 6 ", 6),
        ("007", 7),
        ("0", 0),
        ("2147483647", 2**31 - 1),
        ("-2147483647", -(2**31) + 1),
        ("6.5", "6.5"),
        ("0.355", "0.355"),
        ("0,355", "0.355"),
        ("-0.0001", "-0.0001"),
        (".5", "0.5"),
        ("12.5000000", "12.5"),
        ("1.0000", 1),
        ("12,50000", "12.5"),
        ("2147483647.9999", "2147483647.9999"),
        ("1,234.5", "1234.5"),
    ],
)
def test_quantities(text: str, quantity: int | str) -> None:
    assert normalise_values("quantity", [text], "quantity") == [Decimal(quantity)]


@pytest.mark.parametrize(
    "text", ["6.00001", "0.35501", "2147483648", "-2147483648.5", "99999999999999", *INVALID]
)
def test_quantities_that_are_not_exact_or_too_large(text: str | None) -> None:
    assert normalise_values("quantity", [text, "6"], "quantity") == [None, 6]


@pytest.mark.parametrize(
    ("text", "customer"),
    [
        ("17850", 17850),
        ("17850.0", 17850),
        ("17850.", 17850),
        (" 17850 ", 17850),
        ("0", 0),
        ("9" * 15, 10**15 - 1),
    ],
)
def test_customer_numbers(text: str, customer: int) -> None:
    assert normalise_values("customer_id", [text], "customer_id") == [customer]


@pytest.mark.parametrize("text", ["17850.5", "-17850", "+17850", "9" * 16, "C17850", *INVALID])
@pytest.mark.parametrize("customers", ["numbers", "codes", None])
def test_customer_numbers_that_are_not_integers(text: str | None, customers: str | None) -> None:
    values = normalise_values("customer_id", [text, "17850"], "customer_id", customers=customers)
    assert values == [None, 17850]


@pytest.mark.parametrize(
    ("text", "by_point", "by_comma"),
    [
        ("1.000", "1", "1000"),
        ("1,000", "1000", "1"),
        ("1.234", "1.234", "1234"),
        ("12.500", "12.5", "12500"),
        ("-12,500", "-12500", "-12.5"),
        ("999.999", "999.999", "999999"),
    ],
)
@pytest.mark.parametrize(
    ("column", "output"), [("quantity", "quantity"), ("unit_price", "unit_price"), ("amount", "total_amount")]
)
def test_values_that_two_readings_fit_are_read_by_the_decimal_mark_of_the_feed(
    column: str, output: str, text: str, by_point: str, by_comma: str
) -> None:
    expected = {None: None, ".": Decimal(by_point), ",": Decimal(by_comma)}
    for decimal, value in expected.items():
        assert normalise_values(column, [text], output, decimal=decimal) == [value]


@pytest.mark.parametrize(
    ("text", "price"),
    [("2,55", "2.55"), ("4.00", "4"), ("1.234,5", "1234.5"), ("1'234.5", "1234.5"), ("0.355", "0.355")],
)
def test_values_that_one_reading_fits_need_no_decimal_mark(text: str, price: str) -> None:
    assert normalise_values("unit_price", [text], "unit_price") == [Decimal(price)]
    assert normalise_values("quantity", [text], "quantity") == [Decimal(price)]


@pytest.mark.parametrize(
    ("decimal", "text"), [(".", "2,55"), (",", "2.55"), (".", "1.234,5"), (",", "1,234.5")]
)
def test_values_that_do_not_fit_the_decimal_mark_are_not_read(decimal: str, text: str) -> None:
    assert normalise_values("unit_price", [text], "unit_price", decimal=decimal) == [None]
    assert normalise_values("quantity", [text], "quantity", decimal=decimal) == [None]


@pytest.mark.parametrize(("decimal", "customer"), [(None, None), (".", 850), (",", None)])
def test_a_customer_number_that_could_have_thousands_needs_the_point(
    decimal: str | None, customer: int | None
) -> None:
    texts = ["850.000", "17850.000", "850.0"]
    values = normalise_values("customer_id", texts, "customer_id", decimal=decimal)
    assert values == [customer, 17850, 850]


def test_amounts_are_exact() -> None:
    lines = bronze(
        {"quantity": "3", "unit_price": "0.001"},
        {"quantity": "-80995", "unit_price": "2.08"},
        {"quantity": "2147483647", "unit_price": "46566.1287"},
        {"quantity": "1", "unit_price": "-11062.0600"},
    )
    amounts = typed_lines(lines).get_column("total_amount")
    assert amounts.dtype == pl.Decimal(18, 4)
    assert amounts.to_list() == [
        Decimal("0.003"),
        Decimal("-168469.6"),
        2_147_483_647 * Decimal("46566.1287"),
        Decimal("-11062.06"),
    ]


def test_amount_out_of_range_is_null() -> None:
    lines = bronze(
        {"quantity": "2147483647", "unit_price": "999999999.9999"},
        {"quantity": "-2147483647", "unit_price": "46566.13"},
        {"quantity": "6"},
    )
    assert typed_lines(lines).get_column("total_amount").to_list() == [None, None, Decimal("15.3")]


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.decimals(-46_500, 46_500, places=4))
def test_any_amount(quantity: int, price: Decimal) -> None:
    line = bronze({"quantity": str(quantity), "unit_price": f"{price:f}"})
    assert typed_lines(line).get_column("total_amount").item() == quantity * price
