"""Rows of a delivery that are no lines or were never sold: counted by reason, with their amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from tasks.ingest.currency import parse_currency, split_marks
from tasks.ingest.mapping.numbers import decimal_texts

# Of prices and quantities with four decimals each.
_EXACT = pl.Decimal(38, 8)


@dataclass
class PassedOver:
    """Rows of one reason.

    Attributes:
        rows: Their number.
        amounts: Sum of their amounts by currency; empty text where a row tells none.
    """

    rows: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def as_values(self) -> dict[str, Any]:
        """Return them as JSON values, with the sums as plain decimals, as in `30` and `2.50`."""
        sums = {currency: _plain(self.amounts[currency]) for currency in sorted(self.amounts)}
        return {"rows": self.rows, "amounts": sums}


def _plain(amount: Decimal) -> str:
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction.ljust(2, '0')}" if fraction else whole


def with_amounts(values: pl.DataFrame, decimal: str | None) -> pl.DataFrame:
    """Add what rows amount to.

    Args:
        values: Text of the columns ``amount``, ``unit_price``, ``quantity`` and ``currency``.
        decimal: Decimal mark of the numbers; None if it is not known.

    Returns:
        The frame with ``sum`` (Decimal; the amount, else quantity times price; null where the row tells neither) and
        ``code`` (the currency's code, from its column or beside the amount; empty text for none).
    """
    numbers = {
        name: decimal_texts(values.get_column(name), decimal).str.to_decimal(scale=8).cast(_EXACT)
        for name in ("amount", "unit_price", "quantity")
    }
    marks = [split_marks(values.select(text=name)).get_column("mark") for name in ("amount", "unit_price")]
    told = pl.DataFrame([*(column.alias(name) for name, column in numbers.items())]).with_columns(
        values.get_column("currency"), *(mark.alias(f"mark {n}") for n, mark in enumerate(marks))
    )
    codes = (parse_currency(pl.col(name)) for name in ("currency", "mark 0", "mark 1"))
    return values.with_columns(
        told.select(
            pl.coalesce("amount", pl.col("quantity") * pl.col("unit_price")).alias("sum"),
            pl.coalesce(*codes, pl.lit("")).alias("code"),
        ).get_columns()
    )


def amount_text(values: pl.DataFrame, decimal: str | None) -> pl.Series:
    """Return what rows amount to as text, as in `36.40 EUR`; null where that is not told; arguments as ``with_amounts``."""
    told = with_amounts(values, decimal)
    plain = pl.Series(
        [None if each is None else _plain(each) for each in told.get_column("sum")], dtype=pl.String
    )
    return told.select(pl.concat_str(plain, " " + pl.col("code")).str.strip_chars_end()).to_series()


def count(passed: dict[str, PassedOver], rows: pl.DataFrame) -> None:
    """Count the rows of one file.

    Args:
        passed: What was passed over so far, by reason; it is changed.
        rows: Columns ``reason``, ``sum`` and ``code``.
    """
    counted = rows.group_by("reason", "code", maintain_order=True).agg(
        pl.len(), pl.col("sum").sum(), (pl.col("sum").null_count() < pl.len()).alias("told")
    )
    for reason, code, number, amount, is_told in counted.iter_rows():
        one = passed.setdefault(reason, PassedOver())
        one.rows += number
        if is_told:
            one.amounts[code] = one.amounts.get(code, Decimal(0)) + amount


def passed_over_text(passed: Mapping[str, PassedOver]) -> str:
    """Say which rows of a delivery were no lines, and how many; empty text for none."""
    if not passed:
        return ""
    listed = ", ".join(f"{reason}: {one.rows:,}" for reason, one in sorted(passed.items()))
    rows = sum(one.rows for one in passed.values())
    return f"{rows:,} {'row is no line' if rows == 1 else 'rows are no lines'} by the mapping ({listed})."
