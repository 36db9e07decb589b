"""What a delivery tells of an order as a whole, once an invoice: on its first line, or on a parent row above its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from tasks.outside_text import first_names

_SHOWN = 5


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


class WithoutParent:
    """Finds the invoices of a group of files that have lines without a parent row, over their frames.

    Args:
        told: What parent rows tell, such as ``customer`` and ``total``.
    """

    def __init__(self, told: Sequence[str]) -> None:
        self._told = ", ".join(told)
        self._first_lines = FirstLines()
        self._invoices: dict[int, list[str]] = {}

    def add(self, lines: pl.DataFrame, has_parent: pl.Series) -> None:
        """Look at the next lines.

        Args:
            lines: The columns ``source``, ``invoice_no`` and ``fault``.
            has_parent: Whether each line has a parent row.
        """
        without = lines.filter(~has_parent & lines.get_column("fault").is_null())
        if without.height:
            first = without.filter(self._first_lines.find(without))
            for source, invoice in first.select("source", "invoice_no").iter_rows():
                self._invoices.setdefault(source, []).append(invoice)

    def notes(self, source: int) -> tuple[str, ...]:
        """Say which invoices of a file these are; nothing if there are none."""
        invoices = self._invoices.get(source, ())
        if not invoices:
            return ()
        number = "1 invoice has" if len(invoices) == 1 else f"{len(invoices):,} invoices have"
        return (
            f"{number} lines without a parent row, so that what it would tell of them is not known ({self._told}): "
            f"{first_names(invoices, _SHOWN)}.",
        )
