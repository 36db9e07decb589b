"""A line's amount is as delivered or quantity x price; what four decimals cannot hold is rounded half away from zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.lines import bronze, typed_lines

UNIT = Decimal("0.0001")
MEASURES = ("discount_amount", "tax_amount", "cost_amount")


def _values(line: Mapping[str, str | None], *columns: str, **settings: str) -> tuple[object, ...]:
    return typed_lines(bronze(line), **settings).select(columns).row(0)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(UNIT, ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [
        ("0.355", "2.5555", "0.9072"),
        ("0.5", "0.0001", "0.0001"),
        ("-0.5", "0.0001", "-0.0001"),
        ("0.5", "0.0003", "0.0002"),
        ("0.4999", "0.0001", "0"),
        ("1.25", "3.99", "4.9875"),
        ("2147483647.9999", "46566.1288", "100000000000000"),
    ],
)
def test_a_fraction_times_a_price(quantity: str, price: str, amount: str) -> None:
    (total,) = _values({"quantity": quantity, "unit_price": price}, "total_amount")
    assert total == (None if amount == "100000000000000" else Decimal(amount))


@given(
    st.decimals(-9_999, 9_999, places=4),
    st.decimals(-999_999_999, 999_999_999, places=4),
)
def test_any_fraction_times_any_price(quantity: Decimal, price: Decimal) -> None:
    (total,) = _values({"quantity": f"{quantity:f}", "unit_price": f"{price:f}"}, "total_amount")
    assert total == _rounded(quantity * price)


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [
        ("10", "3", "3.3333"),
        ("20", "3", "6.6667"),
        ("-20", "3", "-6.6667"),
        ("-10", "-4", "2.5"),
        ("0.0001", "2", "0.0001"),
        ("-0.0001", "2", "-0.0001"),
        ("0.0003", "2", "0.0002"),
        ("0.9072", "0.355", "2.5555"),
    ],
)
def test_a_told_amount_stays_and_its_price_is_rounded(amount: str, quantity: str, price: str) -> None:
    line = {"unit_price": None, "amount": amount, "quantity": quantity}
    assert _values(line, "total_amount", "unit_price") == (Decimal(amount), Decimal(price))


@given(
    st.decimals(-99_999_999_999, 99_999_999_999, places=4),
    st.decimals(-99_999, 99_999, places=4).filter(lambda quantity: abs(quantity) >= Decimal("0.01")),
)
def test_any_told_amount(amount: Decimal, quantity: Decimal) -> None:
    line = {"unit_price": None, "amount": f"{amount:f}", "quantity": f"{quantity:f}"}
    total, price = _values(line, "total_amount", "unit_price")
    assert (total, price) == (amount, _rounded(amount / quantity))


def test_told_and_computed_amounts_in_one_part() -> None:
    lines = typed_lines(bronze({}, {"unit_price": None, "amount": "7"}, {"quantity": "0.5"}))
    assert lines.get_column("total_amount").to_list() == [Decimal("15.3"), 7, Decimal("1.275")]


def test_measures_are_amounts_by_the_decimal_mark_of_the_feed() -> None:
    line = {"discount": "1.234,5", "tax": "-0,25", "cost": "2,5000000"}
    assert _values(line, *MEASURES) == (Decimal("1234.5"), Decimal("-0.25"), Decimal("2.5"))
    assert _values({"discount": "1.500"}, "discount_amount", decimal=",") == (1500,)
    assert _values({}, *MEASURES) == (None, None, None)


def test_marks_of_a_currency_beside_amounts() -> None:
    line = {"unit_price": None, "amount": "€30", "discount": "1,50 €"}
    assert _values(line, "total_amount", "unit_price", "discount_amount", "currency") == (
        30,
        5,
        Decimal("1.5"),
        "EUR",
    )
    dollars = {"unit_price": "$2", "discount": "$1"}
    assert _values(dollars, "unit_price", "discount_amount", "currency", currency="USD") == (2, 1, "USD")
    assert _values(dollars, "unit_price", "discount_amount", "currency") == (None, None, None)
