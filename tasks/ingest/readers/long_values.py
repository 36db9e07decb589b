"""Lines with values over the limits, in frames whose text is already split into columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.ingest.limits import ReadLimits, excerpt
from tasks.ingest.mapping.match import PREFIX
from tasks.ingest.schema import FAULT, HEADERS, OPTIONAL_HEADERS


@dataclass(frozen=True)
class TextLengths:
    """Lengths of a frame's text in bytes.

    Attributes:
        columns: Length of each value (UInt32); 0 for null.
        total: Bytes of all lines, separators included.
        longest: Bytes of the longest value.
        line_bound: No line has more bytes.
    """

    columns: pl.DataFrame
    total: int
    longest: int
    line_bound: int

    @classmethod
    def of(cls, frame: pl.DataFrame, names: Sequence[str]) -> TextLengths:
        """Measure the columns of a frame that come from the file."""
        columns = frame.select(pl.col(names).str.len_bytes().fill_null(0))
        # A CSV has a delimiter or line end behind each value.
        separators = len(names)
        totals = columns.select(pl.all().cast(pl.Int64).sum()).row(0)
        longest = [length or 0 for length in columns.select(pl.all().max()).row(0)]
        return cls(columns, sum(totals) + separators * frame.height, max(longest), sum(longest) + separators)

    @property
    def lines(self) -> pl.Series:
        """Bytes of each line, separators included (Int64)."""
        return self.columns.select(
            pl.sum_horizontal(pl.all().cast(pl.Int64)) + self.columns.width
        ).to_series()


def has_long_record(frame: pl.DataFrame, positions: Iterable[int], limits: ReadLimits) -> bool:
    """Return whether a value at one of these positions is over its limit, or a row of all columns may be."""
    lengths = [length or 0 for length in frame.select(pl.all().str.len_bytes().max()).row(0)]
    longest = max(lengths[position] for position in positions)
    return longest > limits.value_bytes or sum(lengths) > limits.line_bytes


def mark_long_lines(
    frame: pl.DataFrame, lengths: TextLengths, limits: ReadLimits
) -> tuple[pl.DataFrame, pl.Series | None]:
    """Make each line over the limits a fault.

    Returns:
        The frame, and the bytes of its lines (None if they are short).
    """
    if lengths.longest <= limits.value_bytes and lengths.line_bound <= limits.line_bytes:
        return frame, None if lengths.line_bound < 1024 else lengths.lines
    lines = lengths.lines
    values = lengths.columns.max_horizontal()
    rows = ((values > limits.value_bytes) | (lines > limits.line_bytes)).arg_true().to_list()
    fault: list[str | None] = [None] * frame.height
    raw: list[str | None] = [None] * frame.height
    for row in rows:
        longest, line = values[row], lines[row]
        too_long = longest > limits.value_bytes
        fault[row] = limits.value_fault(longest) if too_long else limits.line_fault(line)
        raw[row] = _raw(frame.row(row, named=True), lengths.columns.columns)
    faults = pl.DataFrame({"fault": fault, "raw": raw}, schema=FAULT)
    sound = faults.get_column("fault").is_null()
    kept = [pl.when(sound).then(pl.col(column)).alias(column) for column in lengths.columns.columns]
    sizes = pl.select(pl.when(sound).then(lines).otherwise(faults.get_column("raw").str.len_bytes()))
    return frame.with_columns(*kept, *faults), sizes.to_series()


def add_lengths(
    frame: pl.DataFrame, sizes: pl.Series | None, columns: Sequence[str]
) -> tuple[pl.DataFrame, pl.Series | None]:
    """Add the lengths of further columns, which have no limit here, to the bytes of a frame's lines."""
    if not columns:
        return frame, sizes
    further = frame.select(
        pl.sum_horizontal(pl.col(columns).str.len_bytes().fill_null(0).cast(pl.Int64))
    ).to_series()
    return frame, further if sizes is None else sizes + further


def _raw(row: dict[str, Any], columns: Sequence[str]) -> str:
    ours = HEADERS | OPTIONAL_HEADERS
    names = {column: ours[column][0] if column in ours else column.removeprefix(PREFIX) for column in columns}
    values = {name: row[column] for column, name in names.items()}
    shortened = {name: value if value is None else excerpt(value) for name, value in values.items()}
    return json.dumps(shortened, ensure_ascii=False, separators=(",", ":"))
