"""Rows of a delivery that are no sales or no lines: counted by reason, with their amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from tasks.ingest.currency import parse_currency, split_marks
from tasks.ingest.mapping.form import NEVER_SOLD
from tasks.ingest.mapping.numbers import decimal_texts

# Of prices and quantities with four decimals each.
_EXACT = pl.Decimal(38, 8)
# Columns that tell what a row amounts to.
MONEY = ("amount", "unit_price", "quantity")


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


def with_amounts(values: pl.DataFrame, decimals: Mapping[str, str | None]) -> pl.DataFrame:
    """Add what rows amount to.

    Args:
        values: Text of the columns ``MONEY`` and ``currency``.
        decimals: Decimal mark of each column of ``MONEY``; None if it is not known.

    Returns:
        The frame with ``sum`` (Decimal; the amount, else quantity times price; null where the row tells neither) and
        ``code`` (the currency's code, from its column or beside the amount; empty text for none).
    """
    numbers = {
        name: decimal_texts(values.get_column(name), decimals[name]).str.to_decimal(scale=8).cast(_EXACT)
        for name in MONEY
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


def amount_text(values: pl.DataFrame, decimals: Mapping[str, str | None]) -> pl.Series:
    """Return what rows amount to as text, as in `36.40 EUR`; null where that is not told; arguments as ``with_amounts``."""
    told = with_amounts(values, decimals)
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


def in_currency(
    passed_over: Mapping[str, Mapping[str, Any]], currency: str, *, tells_currency: bool = False
) -> dict[str, dict[str, Any]]:
    """Put the feed's currency where rows tell none, unless the delivery tells its currencies, as its lines have it.

    Args:
        passed_over: By reason ``rows`` and ``amounts``, as ``PassedOver.as_values`` has them.
        currency: Currency of the feed.
        tells_currency: Whether a line of the delivery tells its currency.
    """
    tells_currency |= any(code for entry in passed_over.values() for code in entry["amounts"])
    code = "" if tells_currency else currency
    return {
        reason: {**entry, "amounts": {name or code: amount for name, amount in entry["amounts"].items()}}
        for reason, entry in passed_over.items()
    }


def passed_over_text(passed_over: Mapping[str, Mapping[str, Any]]) -> str:
    """Say which rows of a delivery are no sales, with their amounts, and which no lines; empty text for none.

    Args:
        passed_over: By reason ``rows`` and ``amounts``, as ``PassedOver.as_values`` has them.
    """
    no_sales = {reason: entry for reason, entry in passed_over.items() if reason in NEVER_SOLD}
    no_lines = {reason: entry for reason, entry in passed_over.items() if reason not in NEVER_SOLD}
    sentences = []
    for what, entries in (("sale", no_sales), ("line", no_lines)):
        rows = sum(entry["rows"] for entry in entries.values())
        if rows:
            verb = f"row is no {what}" if rows == 1 else f"rows are no {what}s"
            listed = ", ".join(f"{reason}: {entry['rows']:,}" for reason, entry in entries.items())
            if what == "sale":
                listed = "; ".join(f"{reason} {_sold_for(entry)}" for reason, entry in entries.items())
            sentences.append(f"{rows:,} {verb} by the mapping ({listed}).")
    return " ".join(sentences)


def _sold_for(entry: Mapping[str, Any]) -> str:
    amounts = (f"{code} {Decimal(amount):,.2f}".strip() for code, amount in entry["amounts"].items())
    return ", ".join([f"{entry['rows']:,}", *amounts])
