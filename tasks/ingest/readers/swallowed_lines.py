"""Fields that hold lines: two stray quotes in the same column of different lines close each other.

All between them is one field then, and the record has as many fields as others: those of its first line up to the
first quote, and of its last line behind the other one. Such a field holds line breaks, and for each of them as many
delimiters as a record; a description of several lines does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

FAULT = "a field that holds lines: quotes of different lines that close each other"


def swallows_lines(fields: Sequence[str], delimiter: str) -> bool:
    """Return whether a field of a record holds lines."""
    most = len(fields) - 1
    return any("\n" in field and field.count(delimiter) >= most > 0 for field in fields)


def any_swallows_lines(frame: pl.DataFrame, delimiter: str) -> bool:
    """Return whether a value of a frame, which has all columns of a file, holds lines."""
    for column in frame:
        several = column.filter(column.str.contains("\n", literal=True))
        counts = several.str.count_matches(delimiter, literal=True)
        if bool((counts >= frame.width - 1).any()):
            return frame.width > 1
    return False
