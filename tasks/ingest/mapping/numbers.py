"""Numbers of a mapped delivery, without marks and grouping."""

from __future__ import annotations

import re

import polars as pl

# What groups thousands, beside the mark that is not the decimal one.
_GROUPING = (" ", "\u00a0", "\u202f", "'", "\u2019")


def without_marks(text: pl.Expr, marks: tuple[str, ...]) -> pl.Expr:
    """Take one mark off the start or the end of an amount; its sign may stand on either side of it."""
    if not marks:
        return text
    mark = "|".join(re.escape(each) for each in sorted(marks, key=len, reverse=True))
    # Only a number is looked for behind it: a text that merely begins like a mark stays.
    leading = rf"^([+-]?)\s*(?:{mark})\s*([+-]?[0-9.,])"
    trailing = rf"([0-9.,])\s*(?:{mark})$"
    return (
        pl.when(text.str.contains(leading))
        .then(text.str.replace(leading, "$1$2"))
        .otherwise(text.str.replace(trailing, "$1"))
    )


def plain_number(text: pl.Expr, decimal: str, feed_decimal: str) -> pl.Expr:
    """Write numbers without grouping and with the decimal mark of the feed.

    Args:
        text: Numbers as delivered.
        decimal: Their decimal mark.
        feed_decimal: The decimal mark by which the feed's lines are read.

    Returns:
        Text that has one reading only: three decimals get a zero more. A text that is no number by this decimal mark
        is followed by the reason in parentheses, so that nothing reads it.
    """
    groups = [
        rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+" for mark in (*_GROUPING, *({".", ","} - {decimal}))
    ]
    fraction = rf"(?:{re.escape(decimal)}[0-9]*)?"
    number = rf"^[+-]?(?:(?:{'|'.join([*groups, '[0-9]+'])}){fraction}|{re.escape(decimal)}[0-9]+)$"
    plain = text.str.replace_all(rf"[^0-9{re.escape(decimal)}+-]", "").str.replace(decimal, ".", literal=True)
    plain = pl.when(plain.str.contains(r"\.[0-9]{3}$")).then(plain + "0").otherwise(plain)
    if feed_decimal != ".":
        plain = plain.str.replace(".", feed_decimal, literal=True)
    reason = pl.format("{} (no number with the decimal mark {})", text, pl.lit(decimal))
    return pl.when(text.is_null()).then(None).when(text.str.contains(number)).then(plain).otherwise(reason)
