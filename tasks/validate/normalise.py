"""Type and normalise lines: trimmed text, null for words that mean missing, upper-case codes, integers, exact decimals, local time and UTC.

Nothing is rounded or guessed: a value that cannot be parsed becomes null, for the contract to check.
Sales lines repeat their texts, so each distinct text of a column is parsed once.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tasks.ingest.currency import parse_currency, split_marks, with_currency
from tasks.ingest.date_formats import has_second_60, own_pattern, parse_local, parse_told, to_local
from tasks.ingest.instants import has_unknown_zone
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.reading_choices import DATE_FORMAT, DECIMAL
from tasks.ingest.schema import AMOUNTS, FAULT, LINE_NO
from tasks.validate.amounts import amount_columns, quantity_columns, with_amounts, with_one_mark
from tasks.validate.codes import is_rounded, normalise_code
from tasks.validate.customers import parse_customers
from tasks.validate.kinds import KindRules, kind_rules, with_kinds
from tasks.validate.missing_words import without_missing
from tasks.validate.schema import TYPED
from tasks.validate.settings import FeedSettings
from tasks.workspace.parquet_parts import dictionary_encode

_TEXT = pl.col("text")
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
    rules = kind_rules(mapping_of_reading(settings.reading))
    stores = settings.store_column != "passed over"
    typed = bronze.select("delivery", *LINE_NO, *FAULT)
    for column in _PARSED:
        texts, codes = _distinct(bronze.get_column(column))
        distinct = texts.to_frame("text")
        if column in AMOUNTS:
            distinct = split_marks(distinct)
        distinct = _in_steps(distinct, column, settings.missing_words)
        if column in DECIMAL.columns:
            is_typed = column in typed_numbers
            decimal = "." if is_typed else settings.decimal
            others = DECIMAL.setting in weighed and not is_typed
            distinct = distinct.with_columns(number=DECIMAL.read(pl.col("trimmed"), decimal, others=others))
        if column == "customer_id":
            has_point = settings.decimal == "." or column in typed_numbers
            parsed = parse_customers(distinct.get_column("present"), settings.customers, has_point=has_point)
        else:
            parsed = distinct.select(**_parsers(column, rules, stores=stores))
        typed = typed.hstack(_gathered(parsed, codes))
    dates, codes = dictionary_encode(bronze.get_column("invoice_date"))
    typed = typed.hstack(_gathered(_date_columns(dates.to_frame("text"), settings, weighed), codes))
    typed = with_currency(
        with_one_mark(typed),
        settings.currency,
        one_only=settings.currency_column == "passed over",
        telling=telling,
    )
    typed = with_kinds(with_amounts(typed), bronze.get_column("kind"), rules)
    return typed.hstack(bronze.select(_ATTRIBUTES)).select(list(TYPED))


def _distinct(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The texts of a column and a code per row; one null for a column without any."""
    if column.null_count() == column.len():
        return pl.Series([None], dtype=pl.String), pl.repeat(0, column.len(), dtype=pl.UInt32, eager=True)
    return dictionary_encode(column)


def _parsers(column: str, rules: KindRules, *, stores: bool) -> dict[str, pl.Expr]:
    """Expressions over the distinct texts of a column, and over what ``_in_steps`` makes of them."""
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


def _in_steps(distinct: pl.DataFrame, column: str, missing_words: str | None) -> pl.DataFrame:
    """Add to the distinct texts of a column what its expressions share: polars evaluates an expression in each anew.

    Args:
        distinct: Column ``text``.
        column: The column of bronze.
        missing_words: Words of the feed that stand for a missing value.

    Returns:
        The frame with the texts ``trimmed``, and ``present``, without missing words; for codes with ``code`` and
        ``is_rounded``.
    """
    trimmed = pl.col("trimmed")
    is_text = trimmed.str.len_bytes() > 0
    distinct = distinct.with_columns(trimmed=_TEXT.str.strip_chars()).with_columns(
        pl.when(is_text).then(trimmed),
        pl.when(is_text).then(without_missing(trimmed, missing_words)).alias("present"),
    )
    if column in _CODES:
        code = normalise_code(distinct.get_column("present"))
        return distinct.with_columns(code=code, is_rounded=is_rounded(code))
    return distinct


def _date_columns(texts: pl.DataFrame, settings: FeedSettings, weighed: Collection[str]) -> pl.DataFrame:
    """Parse distinct dates into date_text, sold_at_local (naive), sold_at (UTC), in_second_hour and has_unknown_zone."""
    dates = _parse_dates(texts, settings, DATE_FORMAT.setting in weighed)
    second_60 = has_second_60(pl.col("date_text"), settings.date_format)
    dates = dates.with_columns(pl.when(~second_60).then(pl.col("local", "instant")))
    first = (
        pl.col("sold_at_local")
        .dt.replace_time_zone(settings.timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    dates = dates.with_columns(
        sold_at_local=pl.coalesce("local", to_local(pl.col("instant"), settings.timezone))
    ).select(
        "date_text",
        "sold_at_local",
        sold_at=pl.coalesce("instant", first),
        in_second_hour=(pl.col("instant") > first).fill_null(False),
    )
    unread = dates.filter(pl.col("sold_at_local").is_null()).get_column("date_text")
    if not unread.len():
        return dates.with_columns(has_unknown_zone=False)
    date = pl.col("date_text").str.strip_chars()
    pattern = own_pattern(settings.date_format)
    unknown = unread.to_frame().filter(has_unknown_zone(date, pattern)).to_series()
    return dates.with_columns(has_unknown_zone=pl.col("date_text").is_in(unknown.implode()))


def _parse_local(settings: FeedSettings, weighed: bool) -> pl.Expr:
    parsed = parse_local(_TEXT, settings.date_format)
    if settings.date_format is None or weighed:
        return pl.coalesce(parsed, DATE_FORMAT.read(_TEXT, settings.date_format, others=weighed))
    return parsed


def _parse_dates(texts: pl.DataFrame, settings: FeedSettings, weighed: bool) -> pl.DataFrame:
    """Parse distinct dates into date_text, and local (naive) or, if they tell their offset, instant (UTC)."""
    # The format of most dates first, unless the feed has a pattern, which may parse them as other days.
    common = pl.lit(None, pl.Datetime("us"))
    if own_pattern(settings.date_format) is None:
        common = _TEXT.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    dates = texts.select(date_text="text", local=common)
    # Of 10-01-26 it makes the year 10.
    dates = dates.with_columns(pl.when(pl.col("local").dt.year() >= 1000).then("local"))
    rest = dates.filter(pl.col("local").is_null()).select(text="date_text")
    if rest.height:
        other = rest.select(date_text="text", other=_parse_local(settings, weighed))
        dates = dates.join(other, on="date_text", how="left", maintain_order="left").select(
            "date_text", pl.coalesce("local", "other")
        )
        rest = dates.filter(pl.col("local").is_null()).select(text="date_text")
    if not rest.height:
        return dates.with_columns(instant=pl.lit(None, pl.Datetime("us", "UTC")))
    told = rest.select(date_text="text", instant=parse_told(_TEXT, settings.date_format))
    return dates.join(told, on="date_text", how="left", maintain_order="left")


def _gathered(distinct: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """Return the columns of distinct texts for each line, those of Booleans with false for null.

    Most findings are false, and most optional columns null, for all texts: those take no place for each line.
    """
    lines = []
    for column in distinct:
        if column.dtype == pl.Boolean and not column.any():
            values = pl.lit(False)
        elif column.null_count() == column.len():
            values = pl.lit(None, column.dtype)
        else:
            values = pl.lit(column).gather("code")
            values = values.fill_null(False) if column.dtype == pl.Boolean else values
        lines.append(values.alias(column.name))
    return codes.alias("code").to_frame().with_columns(lines).select(distinct.columns)
