"""What the rows and the footer of a file tell of the file as a whole: different values, totals of columns, a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal

import polars as pl

from tasks.ingest.mapping.sum_numbers import SumNumbers
from tasks.ingest.mapping.terms import Term

_NO_VALUES = pl.DataFrame(schema={"source": pl.UInt32, "value": pl.String})
# Group thousands in a footer, beside the mark that is not the decimal one. A blank stands between its fields, too.
_GROUPING = "'\u2019\u00a0\u202f"
# With one of these between its fields, a comma in a footer is part of a number.
_OTHER_DELIMITERS = ";\t|"


class FileTotals:
    """Gathers them over the frames of a group of files.

    Args:
        terms: The terms of the checks, of which those of kind ``count``, ``sum`` and ``footer`` are gathered.
        numbers: Reads the numbers of columns.
        decimal: Decimal mark of the footer's number.
    """

    def __init__(self, terms: Collection[Term], numbers: SumNumbers, decimal: str) -> None:
        self._numbers = numbers
        self._values = {term.name: _NO_VALUES for term in terms if term.kind == "count"}
        self._sums: dict[str, dict[int, Decimal | None]] = {
            term.name: {} for term in terms if term.kind == "sum"
        }
        self._footers: dict[int, str] = {}
        group = rf"[{re.escape('.' if decimal == ',' else ',')}{_GROUPING}]"
        fraction = rf"(?:{re.escape(decimal)}[0-9]+)?"
        self._decimal = decimal
        self._plain = re.compile(rf"[0-9]+{fraction}")
        self._grouped = re.compile(rf"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+(?![0-9])|[0-9]+){fraction}")

    def add(self, rows: pl.DataFrame) -> None:
        """Take in the next rows.

        Args:
            rows: All rows but blank ones and footers, with ``source`` and the columns of the file.
        """
        for name, seen in self._values.items():
            values = rows.select("source", pl.col(name).alias("value")).drop_nulls()
            self._values[name] = pl.concat([seen, values]).unique()
        for name, sums in self._sums.items():
            numbers, is_unread = self._numbers.of_file(rows, [name])
            told = rows.select("source", number=numbers, bad=is_unread).group_by("source")
            for source, total, bad in told.agg(pl.col("number").sum(), pl.col("bad").any()).iter_rows():
                before = sums.get(source, Decimal(0))
                # A total without a part that is not read is none.
                sums[source] = None if bad or before is None else before + total

    def add_footer(self, source: int, text: str, *, is_split: bool) -> None:
        """Take in a record of a file's footer; the first with a number counts.

        Args:
            source: Position of the file in the group.
            text: The record.
            is_split: Whether it is the fields of a record, separated by blanks, and not its raw text.
        """
        may_group = is_split or any(mark in text for mark in _OTHER_DELIMITERS)
        if found := (self._grouped if may_group else self._plain).search(text):
            whole, _, fraction = found.group().partition(self._decimal)
            digits = re.sub("[^0-9]", "", whole)
            self._footers.setdefault(source, f"{digits}.{fraction}" if fraction else digits)

    def of(self, source: int) -> Mapping[Term, str | None]:
        """Return the value of each term for one file, as a plain decimal; None where it is not told."""
        sums = {
            Term("sum", name): None if (total := found.get(source)) is None else f"{total:f}"
            for name, found in self._sums.items()
        }
        counts = {
            Term("count", name): str(values.filter(pl.col("source") == source).height)
            for name, values in self._values.items()
        }
        return {Term("footer"): self._footers.get(source), **counts, **sums}
