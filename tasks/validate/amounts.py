"""Quantities and amounts of lines: the amount of a line as delivered, else quantity x price; discount, tax and cost."""

from __future__ import annotations

import polars as pl

from tasks.ingest.schema import AMOUNTS, MEASURES
from tasks.validate.numbers import (
    AMOUNT_DIGITS,
    PRICE_DIGITS,
    is_number,
    is_quantity,
    parse_amount,
    parse_quantity,
    product,
    quotient,
    whole,
    whole_product,
)

_TRIMMED, _NUMBER = pl.col("trimmed"), pl.col("number")


def quantity_columns() -> dict[str, pl.Expr]:
    """Expressions over distinct quantities: ``trimmed`` text, and ``number`` by the decimal mark of its feed."""
    quantity = parse_quantity(_NUMBER)
    return {
        "quantity_text": _TRIMMED,
        "quantity": quantity,
        "whole_quantity": whole(quantity),
        "quantity_is_number": is_quantity(_NUMBER),
    }


def amount_columns(column: str) -> dict[str, pl.Expr]:
    """Expressions over the distinct texts of a price, or of an amount of the line.

    Args:
        column: Column of bronze, whose texts are ``trimmed``, ``number`` by the decimal mark of its feed, and ``mark``.
    """
    mark = {f"{column}_mark": pl.col("mark")}
    if column == "unit_price":
        return {
            "price_text": _TRIMMED,
            "price_is_number": is_number(_NUMBER, PRICE_DIGITS),
            "unit_price": parse_amount(_NUMBER, PRICE_DIGITS),
            **mark,
        }
    amount = parse_amount(_NUMBER, AMOUNT_DIGITS)
    fault = (
        pl.when(_TRIMMED.is_null() | amount.is_not_null())
        .then(pl.lit(None, pl.String))
        .when(is_number(_NUMBER, AMOUNT_DIGITS))
        .then(pl.lit("inexact"))
        .otherwise(pl.lit("unreadable"))
    )
    text = {"amount_text": _TRIMMED} if column == "amount" else {}
    return {**text, f"{column}_amount": amount, f"{column}_fault": fault, **mark}


def with_one_mark(lines: pl.DataFrame) -> pl.DataFrame:
    """Put the marks beside the price and the amounts of a line together.

    Args:
        lines: The mark of each column, such as ``unit_price_mark``.

    Returns:
        The lines with ``price_mark`` in place of the others. Different marks of one line become one that fits nothing.
    """
    names = [f"{column}_mark" for column in AMOUNTS]
    told = [name for name in names if lines.get_column(name).null_count() < lines.height]
    mark = pl.coalesce(told or names[:1])
    if len(told) > 1:
        differ = pl.any_horizontal((pl.col(name) != mark).fill_null(False) for name in told)
        mark = pl.when(differ).then(pl.concat_str(told, separator=" ", ignore_nulls=True)).otherwise(mark)
    return lines.with_columns(price_mark=mark).drop(names)


def with_amounts(lines: pl.DataFrame) -> pl.DataFrame:
    """Add the amount of each line, and the price where it is told by the amount.

    Args:
        lines: Columns ``quantity``, ``whole_quantity``, ``unit_price``, ``amount_text``, ``currency_fault``, and the
            parsed amounts ``amount_amount``, ``discount_amount``, ``tax_amount`` and ``cost_amount``.

    Returns:
        The lines with ``total_amount`` in place of ``amount_amount``: as delivered; else quantity x price, rounded half
        away from zero to four decimals where a fraction makes more. The price of a line whose amount is told is amount /
        quantity, rounded likewise. Both are null where they are out of range.
    """
    if lines.get_column("currency_fault").null_count() < lines.height:
        # An amount in another currency than its line's is not read.
        is_read = ~pl.col("currency_fault").eq_missing("mark")
        amounts = ("unit_price", "amount_amount", *(f"{name}_amount" for name in MEASURES))
        lines = lines.with_columns(pl.when(is_read).then(pl.col(name)).alias(name) for name in amounts)
    quantity, price, amount = pl.col("quantity"), pl.col("unit_price"), pl.col("amount_amount")
    told = pl.col("amount_text").is_not_null()
    total = whole_product(pl.col("whole_quantity"), price)
    counts = lines.select("quantity", "whole_quantity", "amount_text").null_count().row(0)
    if counts[0] != counts[1]:  # some are fractions
        total = pl.when(pl.col("whole_quantity").is_null()).then(product(quantity, price)).otherwise(total)
    if counts[2] < lines.height:
        total = pl.when(told).then(amount).otherwise(total)
        price = pl.when(told).then(quotient(amount, quantity)).otherwise(price)
    return lines.with_columns(total_amount=total, unit_price=price).drop("amount_amount")
