"""What a part holds: its deliveries, and the distinct texts of its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import polars as pl


def delivery_heights(part: pl.DataFrame) -> list[tuple[str, int]]:
    """Return the deliveries of a part with their numbers of rows, which stand together.

    Args:
        part: A part with rows; column ``delivery`` (Enum).
    """
    column = part.get_column("delivery")
    if column[0] == column[-1]:
        return [(column[0], column.len())]
    runs = column.to_physical().rle().struct
    names = cast(pl.Enum, column.dtype).categories.gather(runs.field("value"))
    return list(zip(names, runs.field("len"), strict=True))


def distinct_texts(part: pl.DataFrame, columns: Iterable[str]) -> dict[str, pl.Series]:
    """Return the distinct texts of some columns, for all that looks at each text once.

    Args:
        part: Rows with these columns (String or Enum).
        columns: The columns.

    Returns:
        By column, its texts (String) without null.
    """
    return {column: _distinct(part.get_column(column)) for column in columns}


def _distinct(column: pl.Series) -> pl.Series:
    if column.null_count() == column.len():  # an optional column, as a rule
        return pl.Series(column.name, [], pl.String)
    return column.unique().drop_nulls().cast(pl.String)
