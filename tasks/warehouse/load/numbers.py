"""Columns of numbers as one text, which is shorter than an array on the wire."""

import polars as pl


def joined(column: pl.Series) -> str:
    """Join the values with commas, null as nothing, for ``string_to_array(text, ',', '')``."""
    return ",".join(column.cast(pl.String).fill_null("").to_list())
