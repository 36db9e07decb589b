"""Type and normalise lines: trimmed text, null for words that mean missing, upper-case codes, integers, exact decimals, local time and UTC.

Nothing is rounded or guessed: a value that cannot be parsed becomes null, for the contract to check.
Sales lines repeat their texts, so each distinct text of a column is parsed once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import accumulate

import polars as pl

from tasks.ingest.currency import parse_currency, split_marks, with_currency
from tasks.ingest.reading_choices import DECIMAL
from tasks.ingest.schema import AMOUNTS, FAULT, LINE_NO
from tasks.validate.amounts import amount_columns, quantity_columns, with_amounts, with_one_mark
from tasks.validate.codes import is_rounded, normalise_code
from tasks.validate.customers import parse_customers
from tasks.validate.kinds import KindRules, rules_of_feed, with_kinds
from tasks.validate.missing_words import without_missing
from tasks.validate.schema import TYPED
from tasks.validate.settings import FeedSettings
from tasks.validate.sold_at import date_columns
from tasks.workspace.parquet_parts import dictionary_encode

_TEXT = pl.col("text")
_NO_TEXT = pl.Series("text", [], dtype=pl.String)
_CODES = ("invoice_no", "stock_code")
_ATTRIBUTES = ("attributes", "invoice_attributes")
# Columns of bronze whose distinct texts are parsed, beside the date.
_PARSED = (
    *_CODES,
    "description",
    "quantity",
    *AMOUNTS,
    "customer_id",
    "country",
    "currency",
    "store",
    "source_line",
)


def normalise(
    bronze: pl.DataFrame,
    settings: FeedSettings,
    telling: Collection[str] = (),
    typed_numbers: Collection[str] = (),
    weighed: Collection[str] = (),
) -> pl.DataFrame:
    """Type the rows of a bronze part; all rows are kept, in order.

    Args:
        bronze: Rows with the columns of ``schema.BRONZE``.
        settings: Settings of the feed.
        telling: Names of the deliveries that tell a currency; the others have that of the feed.
        typed_numbers: Columns that held numbers, whose text has a point as its decimal mark.
        weighed: Settings on trial: values that only another reading fits are read by that one.

    Returns:
        The columns of ``schema.TYPED``. A date that tells its offset is that instant; a local time in an ambiguous
        hour is the first of the two. ``sold_at`` is null for a local hour that does not exist, ``total_amount`` if the
        amount is out of range.
    """
    rules = rules_of_feed(settings)
    typed = bronze.select("delivery", *LINE_NO, *FAULT)
    empty = [column for column in _PARSED if bronze.get_column(column).null_count() == bronze.height]
    encoded = {
        column: dictionary_encode(bronze.get_column(column)) for column in _PARSED if column not in empty
    }
    distinct = _trimmed({column: texts for column, (texts, _) in encoded.items()}, settings.missing_words)
    for column, (_, codes) in encoded.items():
        parsed = _parsed(distinct[column], column, settings, typed=column in typed_numbers, weighed=weighed)
        typed = typed.hstack(_gathered(parsed, codes))
    typed = typed.with_columns(
        _lines_of_nothing(dtype).alias(name)
        for column in empty
        for name, dtype in _columns_of_nothing(column, settings)
    )
    dates, codes = dictionary_encode(bronze.get_column("invoice_date"))
    typed = typed.hstack(_gathered(date_columns(dates.to_frame("text"), settings, weighed), codes))
    typed = with_currency(
        with_one_mark(typed),
        settings.currency,
        one_only=settings.currency_column == "passed over",
        telling=telling,
    )
    typed = with_kinds(with_amounts(typed), bronze.get_column("kind"), rules)
    delivered = pl.concat([_NO_TEXT, *(frame.get_column("text") for frame in distinct.values())])
    has_nul = delivered.str.contains("\0", literal=True).any()
    typed = typed.hstack(bronze.select(_ATTRIBUTES)).with_columns(may_have_nul=pl.lit(has_nul))
    return typed.select(list(TYPED))


def _trimmed(texts: Mapping[str, pl.Series], missing_words: str | None) -> dict[str, pl.DataFrame]:
    """Add to the distinct texts of columns what their expressions share: polars evaluates an expression in each anew.

    They are few: all columns together take the time of one.

    Args:
        texts: The distinct texts by column of bronze.
        missing_words: Words of the feed that stand for a missing value.

    Returns:
        For each column a frame with its texts, ``trimmed``, and ``present``, without missing words; for amounts
        with their ``mark``.
    """
    frames = {
        column: split_marks(distinct.to_frame("text")) if column in AMOUNTS else distinct.to_frame("text")
        for column, distinct in texts.items()
    }
    trimmed = pl.col("trimmed")
    is_text = trimmed.str.len_bytes() > 0
    together = (
        pl.concat([_NO_TEXT.to_frame(), *(frame.select("text") for frame in frames.values())])
        .select(trimmed=_TEXT.str.strip_chars())
        .select(
            pl.when(is_text).then(trimmed),
            pl.when(is_text).then(without_missing(trimmed, missing_words)).alias("present"),
        )
    )
    starts = accumulate((frame.height for frame in frames.values()), initial=0)
    return {
        column: frame.hstack(together.slice(start, frame.height))
        for (column, frame), start in zip(frames.items(), starts, strict=False)
    }


def _parsed(
    distinct: pl.DataFrame, column: str, settings: FeedSettings, *, typed: bool, weighed: Collection[str]
) -> pl.DataFrame:
    """Parse the distinct texts of a column of bronze, of ``_trimmed``; ``typed`` is whether it held numbers."""
    if column in DECIMAL.columns:
        decimal = "." if typed else settings.decimal
        others = DECIMAL.setting in weighed and not typed
        distinct = distinct.with_columns(number=DECIMAL.read(pl.col("trimmed"), decimal, others=others))
    if column == "customer_id":
        has_point = settings.decimal == "." or typed
        return parse_customers(distinct.get_column("present"), settings.customers, has_point=has_point)
    if column in _CODES:
        code = normalise_code(distinct.get_column("present"))
        distinct = distinct.with_columns(code=code, is_rounded=is_rounded(code))
    held_lines = settings.store_column == "passed over"
    return distinct.select(**_parsers(column, rules_of_feed(settings), stores=not held_lines))


@lru_cache(maxsize=256)
def _columns_of_nothing(column: str, settings: FeedSettings) -> tuple[tuple[str, pl.DataType], ...]:
    """The columns, by name and dtype, that a column of bronze without a value becomes."""
    nothing = _trimmed({column: pl.Series([None], dtype=pl.String)}, settings.missing_words)[column]
    return tuple(_parsed(nothing, column, settings, typed=False, weighed=()).schema.items())


def _parsers(column: str, rules: KindRules, *, stores: bool) -> dict[str, pl.Expr]:
    """Expressions over the distinct texts of a column, and over what ``_trimmed`` makes of them."""
    present, code = pl.col("present"), pl.col("code")
    match column:
        case "invoice_no":
            own = {"is_cancellation": rules.is_cancellation(code)}
        case "stock_code":
            own = {"is_listed": code.is_in(list(rules.not_merchandise)).fill_null(False)}
        case "quantity":
            return quantity_columns()
        case "currency":
            return {"currency_text": present, "currency_told": parse_currency(present)}
        case "store" | "source_line":
            return {column: present if stores else pl.lit(None, pl.String)}
        case _ if column in AMOUNTS:
            return amount_columns(column)
        case _:
            return {column: present}
    return {column: code, f"{column}_rounded": pl.col("is_rounded"), **own}


def _lines_of_nothing(dtype: pl.DataType) -> pl.Expr:
    return pl.lit(False) if dtype == pl.Boolean else pl.lit(None, dtype)


def _gathered(distinct: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """Return the columns of distinct texts for each line, those of Booleans with false for null.

    Most findings are false, and most optional columns null, for all texts: those take no place for each line.
    """
    lines = []
    for column in distinct:
        if column.null_count() == column.len() or (column.dtype == pl.Boolean and not column.any()):
            values = _lines_of_nothing(column.dtype)
        else:
            values = pl.lit(column).gather("code")
            values = values.fill_null(False) if column.dtype == pl.Boolean else values
        lines.append(values.alias(column.name))
    return codes.alias("code").to_frame().with_columns(lines).select(distinct.columns)
