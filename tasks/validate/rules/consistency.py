"""Consistency: what a line tells fits together."""

import polars as pl

from tasks.validate.rules import Rule

_UNKNOWN = pl.col("invoice_no").is_null()

RULES = (
    Rule(
        "negative_price_is_adjustment",
        "unit_price",
        "warning",
        _UNKNOWN
        | pl.col("unit_price").is_null()
        | (pl.col("unit_price") >= 0)
        | pl.col("invoice_no").str.contains(r"^A\d"),
        "only adjustments (invoice A and digits) have a negative price",
    ),
    Rule(
        "cancellation_is_negative",
        "quantity",
        "warning",
        _UNKNOWN | pl.col("quantity").is_null() | (pl.col("quantity") <= 0) | ~pl.col("invoice_no").str.contains(r"^C\d"),
        "cancellations (invoice C and digits) have a negative quantity",
    ),
)
