"""Fill columns down within an invoice, over the frames of a file.

An invoice is a run of rows with equal keys; a value is never filled over its end. Where the key is itself among the
filled columns, a row without a key continues the invoice above it; a row that could not be read ends it then, since
it may have begun the next one.
"""

from __future__ import annotations

import polars as pl

from tasks.ingest.mapping.model import Fill


class FillDown:
    """Fills the frames of a group of files, in their order; remembers the last row of each frame."""

    def __init__(self, fill: Fill) -> None:
        self._key, self._columns = list(fill.key), list(fill.columns)
        self._values = [column for column in self._columns if column not in self._key]
        self._continues = bool(set(self._key) & set(self._columns))
        self._last: pl.DataFrame | None = None

    def fill(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Fill a frame.

        Args:
            frame: Rows with the columns of the file (text, null where blank), ``source`` and ``fault``.
        """
        if not self._key or not self._columns or not frame.height:
            return frame
        needed = frame.select("source", "fault", *dict.fromkeys([*self._key, *self._columns]))
        before = 0
        if self._last is not None:
            before = self._last.height
            needed = pl.concat([self._last, needed])
        if self._continues:
            needed = self._fill_key(needed)
        filled = self._fill_values(needed)
        self._last = self._last_rows(filled)
        changed = filled.slice(before).select(self._columns)
        return frame.with_columns(changed.get_columns())

    def _last_rows(self, filled: pl.DataFrame) -> pl.DataFrame:
        if self._continues:
            return filled.tail(1)
        # A broken row does not end an invoice whose further rows name it.
        return filled.filter(pl.col("fault").is_null()).tail(1)

    def _fill_key(self, rows: pl.DataFrame) -> pl.DataFrame:
        index = pl.int_range(pl.len())
        begins = (
            pl.any_horizontal(pl.col(self._key).is_not_null())
            | pl.col("fault").is_not_null()
            | pl.col("source").ne_missing(pl.col("source").shift(1))
        )
        first = rows.select(pl.when(begins).then(index).forward_fill()).to_series()
        return rows.with_columns(pl.col(self._key).gather(first))

    def _fill_values(self, rows: pl.DataFrame) -> pl.DataFrame:
        values = self._values
        if not values:
            return rows
        is_sound = rows.get_column("fault").is_null()
        if is_sound.all():
            return self._fill_sound(rows)
        # Broken rows hold nothing and are filled with nothing.
        indexed = rows.with_row_index("row")
        sound = self._fill_sound(indexed.filter(is_sound))
        return pl.concat([sound, indexed.filter(~is_sound)]).sort("row").drop("row")

    def _fill_sound(self, rows: pl.DataFrame) -> pl.DataFrame:
        same = pl.all_horizontal(
            pl.col(column).eq_missing(pl.col(column).shift(1)) for column in ["source", *self._key]
        )
        has_key = pl.any_horizontal(pl.col(self._key).is_not_null())
        starts = pl.int_range(pl.len()).eq(0) | ~same | ~has_key
        invoice = starts.cast(pl.UInt32).cum_sum()
        return rows.with_columns(pl.col(self._values).forward_fill().over(invoice))
