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
from tasks.ingest.reading_choices import DATE_FORMAT, DECIMAL
from tasks.ingest.schema import FAULT, LINE_NO
from tasks.validate.codes import is_rounded, normalise_code, without_invisible
from tasks.validate.missing_words import without_missing
from tasks.validate.schema import MONEY
from tasks.validate.settings import FeedSettings
from tasks.workspace.parquet_parts import dictionary_encode

_INT32 = 2**31 - 1
_AMOUNT_LIMIT = 10.0**14
# Of a number's text by the decimal mark of its feed: at most nine digits before the point and four after it, then any
# number of zeros.
_PRICE = r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,4}0*)?|\.[0-9]{1,4}0*)$"
_PRICE_LIKE = r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]*)?|\.[0-9]+)$"
_INTEGER = r"^[+-]?[0-9]{1,12}(?:\.0*)?$"
# At most fifteen digits: a 64-bit float represents each such number exactly.
_CUSTOMER = r"^[0-9]{1,15}(?:\.0*)?$"
# 850.000 could be 850,000; with more digits before the point, or not three zeros, it could not.
_CUSTOMER_ONE_READING = r"^(?:[0-9]{1,15}(?:\.(?:0{0,2}|0{4,}))?|(?:0[0-9]{0,2}|[0-9]{4,15})\.000)$"
_TEXT = pl.col("text")


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
    trimmed, present, number = pl.col("trimmed"), pl.col("present"), pl.col("number")
    code, customer = pl.col("code"), pl.col("visible")
    has_point = settings.decimal == "." or "customer_id" in typed_numbers
    customer_id = _parse_integer(customer, _CUSTOMER if has_point else _CUSTOMER_ONE_READING)
    # Expressions over the distinct texts of each column, and over what ``_in_steps`` makes of them.
    parsers: dict[str, dict[str, pl.Expr]] = {
        "invoice_no": {"invoice_no": code, "invoice_no_rounded": pl.col("is_rounded")},
        "stock_code": {"stock_code": code, "stock_code_rounded": pl.col("is_rounded")},
        "description": {"description": present},
        "quantity": {"quantity_text": trimmed, "quantity": _parse_quantity(number)},
        "unit_price": {
            "price_text": trimmed,
            "price_is_number": number.str.contains(_PRICE_LIKE),
            "unit_price": _parse_price(number),
            "price_mark": pl.col("mark"),
        },
        "customer_id": {"customer_text": customer, "customer_id": customer_id},
        "country": {"country": present},
        "currency": {"currency_text": present, "currency_told": parse_currency(present)},
    }
    typed = bronze.select("delivery", *LINE_NO, *FAULT)
    may_have_nul = False
    for column, columns in parsers.items():
        texts, codes = dictionary_encode(bronze.get_column(column))
        may_have_nul |= bool(texts.str.contains("\0", literal=True).any())
        distinct = texts.to_frame("text")
        if column == "unit_price":
            distinct = split_marks(distinct)
        distinct = _in_steps(distinct, column, settings.missing_words)
        if column in DECIMAL.columns:
            is_typed = column in typed_numbers
            decimal = "." if is_typed else settings.decimal
            others = DECIMAL.setting in weighed and not is_typed
            distinct = distinct.with_columns(number=DECIMAL.read(trimmed, decimal, others=others))
        typed = typed.hstack(_gathered(distinct.select(**columns), codes))
    dates, codes = dictionary_encode(bronze.get_column("invoice_date"))
    typed = typed.hstack(_gathered(_date_columns(dates.to_frame("text"), settings, weighed), codes))
    typed = with_currency(
        typed, settings.currency, one_only=settings.currency_column == "passed over", telling=telling
    )
    if typed.get_column("currency_fault").null_count() < typed.height:
        # A price in another currency than its line's is not read.
        is_read = ~pl.col("currency_fault").eq_missing("mark")
        typed = typed.with_columns(pl.when(is_read).then(pl.col("unit_price")).alias("unit_price"))
    quantity, unit_price = pl.col("quantity"), pl.col("unit_price")
    fits = (quantity.cast(pl.Float64) * unit_price.cast(pl.Float64)).abs() < _AMOUNT_LIMIT
    exact = unit_price.cast(pl.Decimal(38, 4)) * quantity.cast(pl.Decimal(38, 0))
    return typed.with_columns(
        pl.when(fits).then(exact.cast(MONEY, strict=False)).alias("total_amount"),
        pl.lit(may_have_nul).alias("may_have_nul"),
    )


def _in_steps(distinct: pl.DataFrame, column: str, missing_words: str | None) -> pl.DataFrame:
    """Add to the distinct texts of a column what its expressions share: polars evaluates an expression in each anew.

    Args:
        distinct: Column ``text``.
        column: The column of bronze.
        missing_words: Words of the feed that stand for a missing value.

    Returns:
        The frame with the texts ``trimmed``, and ``present``, without missing words; for codes with ``code`` and
        ``is_rounded``, for customers with ``visible``.
    """
    trimmed = pl.col("trimmed")
    is_text = trimmed.str.len_bytes() > 0
    distinct = distinct.with_columns(trimmed=_TEXT.str.strip_chars()).with_columns(
        pl.when(is_text).then(trimmed),
        pl.when(is_text).then(without_missing(trimmed, missing_words)).alias("present"),
    )
    present = distinct.get_column("present")
    if column in {"invoice_no", "stock_code"}:
        code = normalise_code(present)
        return distinct.with_columns(code=code, is_rounded=is_rounded(code))
    if column == "customer_id":
        return distinct.with_columns(visible=without_invisible(present))
    return distinct


def _parse_integer(text: pl.Expr, pattern: str) -> pl.Expr:
    # Exact: the pattern rejects fractions and more digits than a 64-bit float represents.
    return pl.when(text.str.contains(pattern)).then(text.cast(pl.Float64, strict=False)).cast(pl.Int64)


def _parse_quantity(text: pl.Expr) -> pl.Expr:
    whole = _parse_integer(text, _INTEGER)
    return pl.when(whole.abs() <= _INT32).then(whole).cast(pl.Int32)


def _parse_price(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_PRICE)).then(text.str.to_decimal(scale=4)).cast(MONEY)


def _date_columns(texts: pl.DataFrame, settings: FeedSettings, weighed: Collection[str]) -> pl.DataFrame:
    """Parse distinct dates into date_text, sold_at_local (naive), sold_at (UTC), in_second_hour and has_unknown_zone."""
    dates = _parse_dates(texts, settings, DATE_FORMAT.setting in weighed)
    second_60 = dates.select(has_second_60(pl.col("date_text"), settings.date_format)).to_series()
    if second_60.any():
        dates = dates.with_columns(pl.when(~second_60).then(pl.col("local", "instant")))
    first = (
        pl.col("sold_at_local")
        .dt.replace_time_zone(settings.timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    dates = (
        dates.with_columns(sold_at_local=pl.coalesce("local", to_local(pl.col("instant"), settings.timezone)))
        .with_columns(first=first)
        .select(
            "date_text",
            "sold_at_local",
            sold_at=pl.coalesce("instant", "first"),
            in_second_hour=(pl.col("instant") > pl.col("first")).fill_null(False),
        )
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
