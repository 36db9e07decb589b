"""Columns of numbers and codes as one text, which is shorter than an array on the wire."""

import polars as pl


def joined(column: pl.Series) -> str:
    """Join the values with commas, null as nothing, for ``string_to_array(text, ',', '')``."""
    return (
        ""
        if column.null_count() == column.len()
        else ",".join(column.cast(pl.String).fill_null("").to_list())
    )


def joined_decimals(column: pl.Series) -> str:
    """Join decimals, or their text with a point, likewise, without needless zeros."""
    return joined(column.cast(pl.String).str.strip_chars_end("0").str.strip_suffix("."))


def joined_codes(column: pl.Series) -> str:
    """Join codes likewise; a comma or ``%`` in one becomes ``%2C`` or ``%25``, as unpack_receipts.sql reads it."""
    codes = column.cast(pl.String)
    return joined(codes.str.replace_all("%", "%25", literal=True).str.replace_all(",", "%2C", literal=True))
