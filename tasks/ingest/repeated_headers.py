"""Headers among the lines of a file, as where files were put behind one another.

A header like the file's own is no line: it is left out and counted. Behind any other header the columns are others, so
the file cannot be read as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tasks.errors import DeliveryUnreadable
from tasks.ingest.header import comparable_names, count_known_columns, is_same_name
from tasks.ingest.readers.csv_header import split_header
from tasks.ingest.schema import COLUMNS
from tasks.ingest.source_file import SourceFile

# A line with fewer names of columns is a line with odd values.
_FEWEST_NAMES = 3
# Numbers and white space in front of them; names of columns begin with neither.
_NUMBERS = ("quantity", "unit_price")
_NOT_COMPARED = r'[\s_"\x{feff}]'
_NAME_CHARACTERS = 40


class RepeatedHeaders:
    """Takes the headers out of the lines of source files, and counts them.

    Attributes:
        counts: Headers that were left out, by name of the delivery.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def without(self, frame: pl.DataFrame, group: Sequence[SourceFile]) -> pl.DataFrame:
        """Leave out the headers among the rows of a reader's frame.

        Args:
            frame: Rows, columns of ``schema.READ``.
            group: The source files; ``source`` is the position in it.

        Raises:
            DeliveryUnreadable: A header names other columns, or has another order.
        """
        _ensure_no_header_is_broken(frame, group)
        repeated: list[int] = []
        for row, source, line, *values in _candidates(frame, group).iter_rows():
            file = group[source]
            expected = [file.header.names[file.header.positions[column]] for column in COLUMNS]
            texts = [value or "" for value in values]
            if all(map(is_same_name, texts, expected)):
                repeated.append(row)
                self.counts[file.delivery.name] = self.counts.get(file.delivery.name, 0) + 1
            else:
                raise _other_header(file, line, texts)
        if not repeated:
            return frame
        return frame.with_row_index("row").filter(~pl.col("row").is_in(repeated)).drop("row")

    def note(self, delivery: str) -> tuple[str, ...]:
        """Tell how often the header of a delivery came again, if it did."""
        count = self.counts.get(delivery, 0)
        times = "once" if count == 1 else f"{count:,} times"
        return (f"The header came again {times}; it is no line.",) if count else ()


def _candidates(frame: pl.DataFrame, group: Sequence[SourceFile]) -> pl.DataFrame:
    """Rows that are headers: row, source, line_no and our columns."""
    # Comparing the first bytes is far quicker than parsing: letters sort behind digits and white space before them.
    first, second = ((pl.col(column) >= "A") | (pl.col(column) < "!") for column in _NUMBERS)
    rows = frame.select(first).to_series().arg_true()
    if not rows.len():
        return frame.clear().select(pl.lit(0).alias("row"), "source", "line_no", *COLUMNS)
    found = (
        frame.select("source", "line_no", *COLUMNS)[rows].insert_column(0, rows.alias("row")).filter(second)
    )
    names = frozenset[str]().union(*(comparable_names(file.header) for file in group)) - {""}
    comparable = pl.col(*COLUMNS).str.replace_all(_NOT_COMPARED, "").str.to_lowercase()
    named = found.select(comparable.is_in(list(names)).fill_null(False)).sum_horizontal()
    return found.filter(named >= _FEWEST_NAMES)


def _ensure_no_header_is_broken(frame: pl.DataFrame, group: Sequence[SourceFile]) -> None:
    """A header with more or fewer columns, or another delimiter, is a row that could not be split."""
    if frame.get_column("fault").null_count() == frame.height:
        return
    broken = frame.filter(pl.col("fault").is_not_null() & pl.col("raw").str.contains("^[^0-9]{16}"))
    for source, line, raw in broken.select("source", "line_no", "raw").iter_rows():
        fields = split_header(raw)
        if fields is not None and count_known_columns(fields[0]) > len(COLUMNS) // 2:
            raise _other_header(group[source], line, fields[0])


def _other_header(file: SourceFile, line: int, names: Sequence[str]) -> DeliveryUnreadable:
    shown = ", ".join(repr(name.strip()[:_NAME_CHARACTERS]) for name in names[:12])
    return DeliveryUnreadable(
        f"its line {line:,} is a header with other columns, or in another order: {shown}. What follows does not fit "
        "the header of the file.",
        "Deliver what stands under each header as a file of its own.",
        delivery=file.delivery.name,
    )
