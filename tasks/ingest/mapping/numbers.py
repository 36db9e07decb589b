"""Numbers of a mapped delivery, without marks and grouping."""

from __future__ import annotations

import re

import polars as pl

from tasks.ingest.currency import split_marks
from tasks.ingest.number_formats import parse_number
from tasks.workspace.parquet_parts import dictionary_encode

# What groups thousands, beside the mark that is not the decimal one.
_GROUPING = (" ", "\u00a0", "\u202f", "'", "\u2019")
# Parentheses around the number and minus behind it: what stands before and behind is a mark.
_PARENTHESES = r"^([^0-9(+\-]*)\(([^()+\-]*[0-9][^()+\-]*)\)([^0-9)]*)$"
_MINUS_BEHIND = r"^([^+\-(]*[0-9][^+\-0-9]*)-([^0-9+\-]*)$"
_ZERO = r"^[^1-9]*$"
_SIGN = r"^[+-]\s*"
_TEXT = pl.col("text")


def number_texts(
    texts: pl.Series, marks: tuple[str, ...], decimal: str | None, feed_decimal: str
) -> pl.Series:
    """Write numbers as the lines of the feed have them: sign in front, without marks of the mapping and grouping.

    Args:
        texts: Trimmed numbers as delivered, with a guard against formulas, as in `'-70`, or without.
        marks: Marks that are taken off.
        decimal: Their decimal mark; None if the mapping names none: then they keep the grouping.
        feed_decimal: The decimal mark by which the feed's lines are read.

    Returns:
        Numbers as text; one whose currency stands beside it keeps that, behind it.
    """
    distinct, codes = dictionary_encode(texts)
    numbers = distinct.to_frame("text").select(
        _TEXT.str.replace(r"^['\u2019]\s*(.*[0-9].*)$", "$1")
        .str.replace("\u2212", "-", literal=True)
        .str.replace(_PARENTHESES, "-$1$2$3")
        .str.replace(_MINUS_BEHIND, "-$1$2")
    )
    numbers = numbers.select(without_marks(_TEXT, marks))
    if decimal is not None:
        plain = plain_number(_TEXT, decimal, feed_decimal)
        marked = pl.when(pl.col("mark").is_not_null()).then(plain + " " + pl.col("mark")).otherwise(plain)
        numbers = split_marks(numbers).select(marked.alias("text"))
    return numbers.get_column("text").gather(codes)


def negative(numbers: pl.Series) -> pl.Series:
    """Make numbers negative, whatever their sign; zero stays."""
    bare = positive(numbers)
    return (
        bare.to_frame("text")
        .select(pl.when(_TEXT.str.contains(_ZERO)).then(_TEXT).otherwise("-" + _TEXT))
        .to_series()
    )


def positive(numbers: pl.Series) -> pl.Series:
    """Take the sign off numbers."""
    return numbers.str.replace(_SIGN, "")


def negated(numbers: pl.Series) -> pl.Series:
    """Turn the sign of numbers."""
    return positive(numbers).zip_with(numbers.str.starts_with("-").fill_null(False), negative(numbers))


def rounded(numbers: pl.Series, decimal: str) -> pl.Series:
    """Round plain numbers with more than four decimals to four, half away from zero; any other text stays.

    Args:
        numbers: Numbers as ``number_texts`` writes them.
        decimal: Their decimal mark.
    """
    # The fifth decimal decides, however many follow.
    five = numbers.str.extract(rf"^([+-]?[0-9]{{1,14}}{re.escape(decimal)}[0-9]{{5}})[0-9]*$")
    exact = five.str.replace(decimal, ".", literal=True).str.to_decimal(scale=5)
    text = exact.round(4, mode="half_away_from_zero").cast(pl.Decimal(38, 4)).cast(pl.String)
    return text.str.replace(".", decimal, literal=True).zip_with(five.is_not_null(), numbers)


def decimal_texts(numbers: pl.Series, decimal: str | None) -> pl.Series:
    """Read numbers of ``number_texts`` as plain decimals with a point, as text; null where the text is none.

    Args:
        numbers: The numbers.
        decimal: Their decimal mark; None if it is not known: the first of point and comma that reads.
    """
    distinct, codes = dictionary_encode(numbers)
    marks = (".", ",") if decimal is None else (decimal,)
    plain = split_marks(distinct.to_frame("text")).select(
        pl.coalesce(*(parse_number(_TEXT, mark) for mark in marks))
    )
    return plain.to_series().gather(codes)


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
