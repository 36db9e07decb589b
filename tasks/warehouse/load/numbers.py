"""Columns of numbers and codes as one text, which is shorter than an array on the wire."""

import polars as pl


def places(column: pl.Series) -> tuple[pl.Series, int]:
    """Return the place of each value among the distinct ones, in order, from 0 (UInt32), and their number.

    As ``rank("dense")``, without sorting the lines.

    Args:
        column: Integers, without nulls.
    """
    distinct = column.unique().sort()
    numbers = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True)
    return column.replace_strict(distinct, numbers, return_dtype=pl.UInt32), distinct.len()


def joined(column: pl.Series) -> str:
    """Join the values with commas, null as nothing, for ``string_to_array(text, ',', '')``."""
    if column.null_count() == column.len():
        return ""
    texts = column.cast(pl.String)
    return ",".join((texts.fill_null("") if texts.has_nulls() else texts).to_list())


def joined_decimals(column: pl.Series) -> str:
    """Join decimals, or their text with a point, likewise, without needless zeros."""
    return joined(column.cast(pl.String).str.strip_chars_end("0").str.strip_suffix("."))


def joined_codes(column: pl.Series) -> str:
    """Join codes likewise; a comma or ``%`` in one becomes ``%2C`` or ``%25``, as unpack_receipts.sql reads it."""
    codes = column.cast(pl.String)
    return joined(codes.str.replace_all("%", "%25", literal=True).str.replace_all(",", "%2C", literal=True))
