"""Type and normalise lines: trimmed text, upper-case codes, whole numbers, exact decimals, local time.

Nothing is rounded and nothing is guessed: what cannot be read becomes null, which the contract judges.
Sales lines repeat themselves, so each different text of a column is read once.
"""

from __future__ import annotations

import polars as pl

from tasks.ingest.date_formats import NAMED, read_dates
from tasks.ingest.schema import FAULT, LINE_NO
from tasks.validate.schema import MONEY
from tasks.validate.settings import FeedSettings
from tasks.workspace.part_files import dictionary_encode

_INT32 = 2**31 - 1
_AMOUNT_LIMIT = 10.0**14
# At most nine digits before the point, four behind it; further zeros do not change the number.
_PRICE = r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,4}0*)?|\.[0-9]{1,4}0*)$"
_WHOLE = r"^[+-]?[0-9]{1,12}(?:\.0*)?$"
# At most fifteen digits: a 64-bit float holds each such number exactly.
_CUSTOMER = r"^[0-9]{1,15}(?:\.0*)?$"
_TEXT = pl.col("text")


def normalise(bronze: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Type the rows of a bronze part; every row stays, in order.

    Returns the columns of ``schema.TYPED``. An ambiguous local hour is the first one; ``sold_at`` is null
    where the hour does not exist, ``total_amount`` where it would not fit.
    """
    trimmed = pl.when(_TEXT.str.strip_chars().str.len_bytes() > 0).then(_TEXT.str.strip_chars())
    code = trimmed.str.to_uppercase()
    # Of one text, by its column: what is read from it.
    readings: dict[str, dict[str, pl.Expr]] = {
        "invoice_no": {"invoice_no": code},
        "stock_code": {"stock_code": code},
        "description": {"description": trimmed},
        "quantity": {"quantity_text": trimmed, "quantity": _quantity(trimmed)},
        "unit_price": {"price_text": trimmed, "unit_price": _price(trimmed)},
        "customer_id": {"customer_text": trimmed, "customer_id": _whole(trimmed, _CUSTOMER)},
        "country": {"country": trimmed},
    }
    typed = bronze.select("delivery", *LINE_NO, *FAULT)
    for column, read in readings.items():
        texts, places = dictionary_encode(bronze.get_column(column))
        typed = typed.hstack(texts.to_frame("text").select(**read).select(pl.all().gather(places)))
    dates, places = dictionary_encode(bronze.get_column("invoice_date"))
    typed = typed.hstack(_dates(dates.to_frame("text"), settings).select(pl.all().gather(places)))
    quantity, unit_price = pl.col("quantity"), pl.col("unit_price")
    fits = (quantity.cast(pl.Float64) * unit_price.cast(pl.Float64)).abs() < _AMOUNT_LIMIT
    exact = unit_price.cast(pl.Decimal(38, 4)) * quantity.cast(pl.Decimal(38, 0))
    return typed.with_columns(
        pl.lit(settings.currency, dtype=pl.Enum([settings.currency])).alias("currency"),
        pl.when(fits).then(exact.cast(MONEY, strict=False)).alias("total_amount"),
    )


def _whole(text: pl.Expr, pattern: str) -> pl.Expr:
    # Exact: the pattern lets no fraction through, and no more digits than a 64-bit float holds.
    return pl.when(text.str.contains(pattern)).then(text.cast(pl.Float64, strict=False)).cast(pl.Int64)


def _quantity(text: pl.Expr) -> pl.Expr:
    whole = _whole(text, _WHOLE)
    return pl.when(whole.abs() <= _INT32).then(whole).cast(pl.Int32)


def _price(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_PRICE)).then(text.str.to_decimal(scale=4)).cast(MONEY)


def _dates(texts: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Of each text: itself (``date_text``), ``sold_at_local`` (naive wall clock) and ``sold_at``."""
    # What most dates look like; a pattern of the feed's own goes first, for it may read them otherwise.
    usual = pl.lit(None, pl.Datetime("us"))
    if settings.date_format is None or settings.date_format in NAMED:
        usual = _TEXT.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    quick = texts.select(date_text="text", sold_at_local=usual)
    rest = texts.filter(quick.get_column("sold_at_local").is_null())
    if rest.height:
        other = rest.select(
            date_text="text", other=read_dates(_TEXT, settings.date_format, settings.timezone)
        )
        quick = quick.join(other, on="date_text", how="left", maintain_order="left").select(
            "date_text", pl.coalesce("sold_at_local", "other")
        )
    in_zone = pl.col("sold_at_local").dt.replace_time_zone(
        settings.timezone, ambiguous="earliest", non_existent="null"
    )
    return quick.with_columns(sold_at=in_zone.dt.convert_time_zone("UTC"))
