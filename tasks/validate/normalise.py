"""Type and normalise lines: trimmed text, upper-case codes, integers, exact decimals, local time and UTC.

Nothing is rounded or guessed: a value that cannot be parsed becomes null, for the contract to check.
Sales lines repeat their texts, so each distinct text of a column is parsed once.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tasks.ingest.date_formats import NAMED_FORMATS, has_second_60, parse_dates
from tasks.ingest.reading_choices import DATE_FORMAT, DECIMAL
from tasks.ingest.schema import FAULT, LINE_NO
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
    typed_numbers: Collection[str] = (),
    weighed: Collection[str] = (),
) -> pl.DataFrame:
    """Type the rows of a bronze part; all rows are kept, in order.

    Args:
        bronze: Rows with the columns of ``schema.BRONZE``.
        settings: Settings of the feed.
        typed_numbers: Columns that held numbers, whose text has a point as its decimal mark.
        weighed: Settings on trial: values that only another reading fits are read by that one.

    Returns:
        The columns of ``schema.TYPED``. An ambiguous local hour is the first of the two. ``sold_at`` is null for
        a local hour that does not exist, ``total_amount`` if the amount is out of range.
    """
    trimmed = pl.when(_TEXT.str.strip_chars().str.len_bytes() > 0).then(_TEXT.str.strip_chars())
    code = trimmed.str.to_uppercase()
    number = pl.col("number")
    has_point = settings.decimal == "." or "customer_id" in typed_numbers
    customer = _parse_integer(trimmed, _CUSTOMER if has_point else _CUSTOMER_ONE_READING)
    # Expressions over the distinct texts of each column.
    parsers: dict[str, dict[str, pl.Expr]] = {
        "invoice_no": {"invoice_no": code},
        "stock_code": {"stock_code": code},
        "description": {"description": trimmed},
        "quantity": {"quantity_text": trimmed, "quantity": _parse_quantity(number)},
        "unit_price": {
            "price_text": trimmed,
            "price_is_number": number.str.contains(_PRICE_LIKE),
            "unit_price": _parse_price(number),
        },
        "customer_id": {"customer_text": trimmed, "customer_id": customer},
        "country": {"country": trimmed},
    }
    typed = bronze.select("delivery", *LINE_NO, *FAULT)
    for column, columns in parsers.items():
        texts, codes = dictionary_encode(bronze.get_column(column))
        distinct = texts.to_frame("text")
        if column in DECIMAL.columns:
            is_typed = column in typed_numbers
            decimal = "." if is_typed else settings.decimal
            others = DECIMAL.setting in weighed and not is_typed
            distinct = distinct.with_columns(number=DECIMAL.read(trimmed, decimal, others=others))
        typed = typed.hstack(distinct.select(**columns).select(pl.all().gather(codes)))
    dates, codes = dictionary_encode(bronze.get_column("invoice_date"))
    typed = typed.hstack(
        _date_columns(dates.to_frame("text"), settings, weighed).select(pl.all().gather(codes))
    )
    quantity, unit_price = pl.col("quantity"), pl.col("unit_price")
    fits = (quantity.cast(pl.Float64) * unit_price.cast(pl.Float64)).abs() < _AMOUNT_LIMIT
    exact = unit_price.cast(pl.Decimal(38, 4)) * quantity.cast(pl.Decimal(38, 0))
    return typed.with_columns(
        pl.lit(settings.currency, dtype=pl.Enum([settings.currency])).alias("currency"),
        pl.when(fits).then(exact.cast(MONEY, strict=False)).alias("total_amount"),
    )


def _parse_integer(text: pl.Expr, pattern: str) -> pl.Expr:
    # Exact: the pattern rejects fractions and more digits than a 64-bit float represents.
    return pl.when(text.str.contains(pattern)).then(text.cast(pl.Float64, strict=False)).cast(pl.Int64)


def _parse_quantity(text: pl.Expr) -> pl.Expr:
    whole = _parse_integer(text, _INTEGER)
    return pl.when(whole.abs() <= _INT32).then(whole).cast(pl.Int32)


def _parse_price(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_PRICE)).then(text.str.to_decimal(scale=4)).cast(MONEY)


def _parse_date(settings: FeedSettings, weighed: bool) -> pl.Expr:
    parsed = parse_dates(_TEXT, settings.date_format, settings.timezone)
    if settings.date_format is None or weighed:
        return pl.coalesce(parsed, DATE_FORMAT.read(_TEXT, settings.date_format, others=weighed))
    return parsed


def _date_columns(texts: pl.DataFrame, settings: FeedSettings, weighed: Collection[str]) -> pl.DataFrame:
    """Parse distinct dates into the columns date_text, sold_at_local (naive) and sold_at (UTC)."""
    # The format of most dates first, unless the feed has a pattern, which may parse them as other days.
    common = pl.lit(None, pl.Datetime("us"))
    if settings.date_format is None or settings.date_format in NAMED_FORMATS:
        common = _TEXT.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    dates = texts.select(date_text="text", sold_at_local=common)
    # Of 10-01-26 it makes the year 10.
    dates = dates.with_columns(pl.when(pl.col("sold_at_local").dt.year() >= 1000).then("sold_at_local"))
    rest = texts.filter(dates.get_column("sold_at_local").is_null())
    if rest.height:
        other = rest.select(date_text="text", other=_parse_date(settings, DATE_FORMAT.setting in weighed))
        dates = dates.join(other, on="date_text", how="left", maintain_order="left").select(
            "date_text", pl.coalesce("sold_at_local", "other")
        )
    second_60 = has_second_60(pl.col("date_text"), settings.date_format)
    dates = dates.with_columns(pl.when(~second_60).then(pl.col("sold_at_local")))
    in_zone = pl.col("sold_at_local").dt.replace_time_zone(
        settings.timezone, ambiguous="earliest", non_existent="null"
    )
    return dates.with_columns(sold_at=in_zone.dt.convert_time_zone("UTC"))
