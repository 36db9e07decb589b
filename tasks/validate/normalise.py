"""Type and normalise lines: trimmed text, upper-case codes, whole numbers, exact decimals, local time.

Nothing is rounded and nothing is guessed: what cannot be read becomes null, which the contract judges.
"""

from __future__ import annotations

import polars as pl

from tasks.ingest.date_formats import NAMED, read_dates
from tasks.validate.settings import FeedSettings

MONEY = pl.Decimal(18, 4)
_INT32 = 2**31 - 1
_AMOUNT_LIMIT = 10.0**14
# At most nine digits before the point, four behind it; further zeros do not change the number.
_PRICE = r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,4}0*)?|\.[0-9]{1,4}0*)$"
_WHOLE = r"^[+-]?[0-9]{1,12}(?:\.0*)?$"
# At most fifteen digits: a 64-bit float holds each such number exactly.
_CUSTOMER = r"^[0-9]{1,15}(?:\.0*)?$"


def _blank_to_null(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def _read_dates(bronze: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Add ``sold_at_local`` (naive wall clock) to a frame with ``invoice_date``."""
    text = pl.col("invoice_date")
    # What most dates look like; a pattern of the feed's own goes first, for it may read them otherwise.
    usual = pl.lit(None, pl.Datetime("us"))
    if settings.date_format is None or settings.date_format in NAMED:
        usual = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    quick = bronze.with_columns(sold_at_local=usual)
    rest = (
        quick.filter(pl.col("sold_at_local").is_null() & text.is_not_null()).select("invoice_date").unique()
    )
    if not rest.height:
        return quick
    read = rest.with_columns(other=read_dates(text, settings.date_format, settings.timezone))
    return (
        quick.join(read, on="invoice_date", how="left", maintain_order="left")
        .with_columns(sold_at_local=pl.coalesce("sold_at_local", "other"))
        .drop("other")
    )


def normalise(bronze: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Type the rows of a bronze part; every row stays, in order.

    Out: delivery, line_no, invoice_no, stock_code, description, quantity (Int32), sold_at_local (naive),
    sold_at (UTC; an ambiguous hour is the first one, null where the hour does not exist), unit_price and
    total_amount (Decimal 18,4; the total null where it would not fit), customer_id (Int64), country,
    currency; and as delivered for the contract and the quarantine: fault, raw, quantity_text,
    date_text, price_text, customer_text.
    """
    price = pl.col("price_text")
    typed = _read_dates(bronze, settings).select(
        "delivery",
        "line_no",
        _blank_to_null("invoice_no").str.to_uppercase().alias("invoice_no"),
        _blank_to_null("stock_code").str.to_uppercase().alias("stock_code"),
        _blank_to_null("description").alias("description"),
        "sold_at_local",
        _blank_to_null("country").alias("country"),
        _number_text(bronze, "quantity", _WHOLE).alias("quantity_text"),
        pl.col("invoice_date").alias("date_text"),
        _number_text(bronze, "unit_price", _PRICE).alias("price_text"),
        _number_text(bronze, "customer_id", _CUSTOMER).alias("customer_text"),
        "fault",
        "raw",
    )
    typed = typed.with_columns(
        pl.col("sold_at_local")
        .dt.replace_time_zone(settings.timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .alias("sold_at"),
        _whole("quantity_text", _WHOLE).alias("quantity"),
        pl.when(price.str.contains(_PRICE))
        .then(price.str.to_decimal(scale=4))
        .cast(MONEY)
        .alias("unit_price"),
        _whole("customer_text", _CUSTOMER).alias("customer_id"),
        pl.lit(settings.currency).alias("currency"),
    )
    typed = typed.with_columns(
        pl.when(pl.col("quantity").abs() <= _INT32).then(pl.col("quantity")).cast(pl.Int32).alias("quantity")
    )
    quantity, unit_price = pl.col("quantity"), pl.col("unit_price")
    fits = (quantity.cast(pl.Float64) * unit_price.cast(pl.Float64)).abs() < _AMOUNT_LIMIT
    exact = unit_price.cast(pl.Decimal(38, 4)) * quantity.cast(pl.Decimal(38, 0))
    return typed.with_columns(pl.when(fits).then(exact.cast(MONEY, strict=False)).alias("total_amount"))


def _number_text(bronze: pl.DataFrame, column: str, pattern: str) -> pl.Expr:
    """The text of a number, trimmed; most columns need no trimming, which one look tells."""
    tidy = bronze.select(pl.col(column).str.contains(pattern).all()).item()
    return pl.col(column) if tidy else _blank_to_null(column)


def _whole(column: str, pattern: str) -> pl.Expr:
    text = pl.col(column)
    # Exact: the pattern lets no fraction through, and no more digits than a 64-bit float holds.
    return pl.when(text.str.contains(pattern)).then(text.cast(pl.Float64, strict=False)).cast(pl.Int64)
