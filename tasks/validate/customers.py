"""Customers: any code, of which plain whole numbers are numbers too."""

from __future__ import annotations

import polars as pl

from tasks.validate.codes import is_rounded, normalise_code, without_invisible

NUMBERS, CODES = "numbers", "codes"
# At most fifteen digits: a 64-bit float represents each such number exactly.
_WHOLE = r"^[0-9]{1,15}(?:\.0*)?$"
# 850.000 could be 850,000; with more digits before the point, or not three zeros, it could not.
_WHOLE_ONE_READING = r"^(?:[0-9]{1,15}(?:\.(?:0{0,2}|0{4,}))?|(?:0[0-9]{0,2}|[0-9]{4,15})\.000)$"
_THOUSANDS = r"^[1-9][0-9]{0,2}[.,]000$"
# Of numbers with more digits nothing but a code can be read.
_PADDED = r"^0[0-9]{1,14}(?:\.0*)?$"
_PLAIN = r"^(?:0|[1-9][0-9]{0,14})$"


def parse_customers(present: pl.Series, customers: str | None, *, has_point: bool) -> pl.DataFrame:
    """Read distinct customers.

    Args:
        present: Trimmed texts, null where one is missing.
        customers: ``codes``, ``numbers``, or None to read only what has one reading: 00123 is the code 00123 or the
            number 123.
        has_point: Whether the point is a decimal mark in them: then 850.000 is 850.

    Returns:
        A row per text. ``customer_text`` is the text without invisible characters, ``customer_number`` the code, null
        if it cannot be read; ``customer_id`` (Int64) the number that it is, null for other codes; ``customer_rounded``
        whether it is a number that a program has rounded.
    """
    code = normalise_code(present)
    texts = pl.DataFrame(
        {"customer_text": without_invisible(present), "code": code, "rounded": is_rounded(code)}
    )
    text = pl.col("customer_text")
    is_whole = text.str.contains(_WHOLE if has_point else _WHOLE_ONE_READING)
    number = pl.when(is_whole).then(text.cast(pl.Float64, strict=False)).cast(pl.Int64).cast(pl.String)
    is_padded = pl.col("code").str.contains(_PADDED)
    if customers == NUMBERS:
        customer, rounded = number, pl.lit(False)
    else:
        padded = pl.col("code").str.replace(r"\.0*$", "") if customers == CODES else pl.lit(None, pl.String)
        customer = (
            pl.when(is_padded)
            .then(padded)
            .when(is_whole)
            .then(number)
            .when(~text.str.contains(_THOUSANDS))
            .then("code")
        )
        rounded = pl.col("rounded")
    return texts.select("customer_text", customer_number=customer, customer_rounded=rounded).with_columns(
        customer_id=pl.when(pl.col("customer_number").str.contains(_PLAIN))
        .then("customer_number")
        .cast(pl.Int64)
    )
