"""What a delivery tells of an order as a whole, once an invoice: on its first line."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl


def json_objects(keys: Iterable[str]) -> pl.Expr:
    """Write JSON objects with sorted keys and without white space.

    Args:
        keys: Columns with text; a null is left out.

    Returns:
        Text; null for an object without keys.
    """
    members = [
        pl.when(pl.col(key).is_not_null()).then(pl.struct(key).struct.json_encode().str.slice(1).str.head(-1))
        for key in sorted(keys)
    ]
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.when(joined.str.len_bytes() > 0).then("{" + joined + "}")


class FirstLines:
    """Finds the first line of each invoice of a group of files, over their frames."""

    def __init__(self) -> None:
        # A hash for each invoice: the lines of one need not stand together.
        self._seen = pl.Series(dtype=pl.UInt64)

    def find(self, lines: pl.DataFrame) -> pl.Series:
        """Return whether each line is the first of its invoice; a line without an invoice is none.

        Args:
            lines: The columns ``source`` and ``invoice_no``.
        """
        hashes = lines.select(pl.struct("source", "invoice_no").hash()).to_series()
        is_first = (
            lines.get_column("invoice_no").is_not_null()
            & hashes.is_first_distinct()
            & ~hashes.is_in(self._seen.implode())
        )
        self._seen = pl.concat([self._seen, hashes.filter(is_first)])
        return is_first
