"""Numbers that the checks of a mapping add up: of lines, and of columns of the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.mapping.numbers import decimal_texts, number_texts

# Sources write up to eight decimals.
NUMBER = pl.Decimal(38, 8)
# Prefix of the columns of bronze beside those of the file.
LINE = "line "


class SumNumbers:
    """Reads numbers of lines and of columns of the file."""

    def __init__(
        self, mapping: ColumnMapping, feed_decimal: str | None, typed_numbers: Collection[str]
    ) -> None:
        """Prepare to read numbers; the arguments are those of ``SumChecks``."""
        self._typed = frozenset(typed_numbers)
        self._marks, self._file_decimal = mapping.line.marks, mapping.notation.decimal
        self._feed_decimal = feed_decimal or "."
        self._decimal = self._feed_decimal if self._file_decimal else feed_decimal

    def of_line(self, frame: pl.DataFrame, name: str) -> pl.Series:
        """An amount of the lines; null in all if the mapping does not tell it."""
        column = f"{LINE}{name}"
        texts = (
            frame.get_column(column)
            if column in frame.columns
            else pl.Series([None] * frame.height, dtype=pl.String)
        )
        return self._read(texts, "." if name in self._typed else self._decimal)

    def of_file(self, frame: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.Series, pl.Series]:
        """The first filled of some columns, and whether it has a text that is no number."""
        texts = frame.select(pl.coalesce(columns).alias("text")).to_series()
        numbers = self._read(
            number_texts(texts, self._marks, self._file_decimal, self._feed_decimal), self._decimal
        )
        return numbers, texts.is_not_null() & numbers.is_null()

    def _read(self, texts: pl.Series, decimal: str | None) -> pl.Series:
        return decimal_texts(texts, decimal).str.to_decimal(scale=8).cast(NUMBER)
