"""Exact numbers: out of text, and their products and quotients in whole ten-thousandths. Nothing is rounded unnoticed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from tasks.validate.schema import MONEY, QUANTITY

# Digits before the point of a price, and of the amount of a line.
PRICE_DIGITS, AMOUNT_DIGITS = 9, 14
_QUANTITY_DIGITS = 12
_QUANTITY_END = 2**31
# Units of MONEY and QUANTITY in 1.
_UNITS = 10_000


def is_number(text: pl.Expr, digits: int) -> pl.Expr:
    """Return whether text is a number with at most so many digits before the point, however many decimals it has.

    Args:
        text: Numbers with a point as their decimal mark.
        digits: The digits.
    """
    return text.str.contains(rf"^[+-]?(?:[0-9]{{1,{digits}}}(?:\.[0-9]*)?|\.[0-9]+)$")


def parse_amount(text: pl.Expr, digits: int) -> pl.Expr:
    """Read amounts with at most so many digits before the point and four behind it; null for any other text.

    Args:
        text: Numbers with a point as their decimal mark. Further zeros behind the four decimals do not matter.
        digits: The digits.
    """
    exact = text.str.contains(rf"^[+-]?(?:[0-9]{{1,{digits}}}(?:\.[0-9]{{0,4}}0*)?|\.[0-9]{{1,4}}0*)$")
    return pl.when(exact).then(text.str.to_decimal(scale=4)).cast(MONEY)


def parse_quantity(text: pl.Expr) -> pl.Expr:
    """Read quantities nearer to zero than 2^31, with at most four decimals; null for any other text."""
    quantity = parse_amount(text, _QUANTITY_DIGITS)
    return pl.when(quantity.to_physical().abs() < _QUANTITY_END * _UNITS).then(quantity).cast(QUANTITY)


def is_quantity(text: pl.Expr) -> pl.Expr:
    """Return whether text is a number nearer to zero than 2^31, however many decimals it has."""
    size = text.cast(pl.Float64, strict=False).abs()
    return is_number(text, _QUANTITY_DIGITS) & (size < _QUANTITY_END)


def whole(quantity: pl.Expr) -> pl.Expr:
    """Return whole quantities as Int32, null for fractions."""
    units = quantity.to_physical()
    return pl.when(units % _UNITS == 0).then(units // _UNITS).cast(pl.Int32)


def plain_text(number: pl.Expr) -> pl.Expr:
    """Write decimals without zeros at the end: 0.3550 as 0.355, 2.0000 as 2."""
    return number.cast(pl.String).str.replace(r"\.?0+$", "")


def whole_product(quantity: pl.Expr, price: pl.Expr) -> pl.Expr:
    """Multiply whole quantities (Int32) by prices, exactly; null where the product is not below 10^14."""
    return _money(quantity.cast(pl.Int128) * price.to_physical())


def product(quantity: pl.Expr, price: pl.Expr) -> pl.Expr:
    """Multiply quantities by prices and round half away from zero to four decimals, as Postgres does.

    Returns:
        The products, null where they are not below 10^14.
    """
    return _money(_divide(quantity.to_physical() * price.to_physical(), pl.lit(_UNITS, pl.Int128)))


def quotient(amount: pl.Expr, quantity: pl.Expr) -> pl.Expr:
    """Divide amounts by quantities and round half away from zero to four decimals, as Postgres does.

    Returns:
        The quotients, null where they are not below 10^14 or the quantity is 0.
    """
    return _money(_divide(amount.to_physical() * _UNITS, quantity.to_physical()))


def _divide(dividend: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """Divide integers and round half away from zero; null for a divisor of 0."""
    size = (2 * dividend.abs() + divisor.abs()) // (2 * divisor.abs())
    return size * dividend.sign() * divisor.sign()


def _money(units: pl.Expr) -> pl.Expr:
    """Whole ten-thousandths (Int128) as MONEY, null where they do not fit."""
    return (units.cast(pl.Decimal(38, 0)) * pl.lit(Decimal("0.0001"))).cast(MONEY, strict=False)
