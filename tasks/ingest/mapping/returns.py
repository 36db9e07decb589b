"""Returns that add to revenue: a mapping that lacks a sign reads a refund as one more sale, and nothing else shows it."""

from __future__ import annotations

import polars as pl

from tasks.outside_text import first_names

_SHOWN = 5


class PositiveReturns:
    """Finds the returns of a group of files whose amount is positive, over their frames."""

    def __init__(self) -> None:
        self._lines: dict[int, int] = {}
        self._invoices: dict[int, dict[str, None]] = {}

    def add(self, lines: pl.DataFrame, amounts: pl.Series) -> None:
        """Look at the next returns.

        Args:
            lines: The columns ``source`` and ``invoice_no`` of returns.
            amounts: The amount of each; null where it cannot be read.
        """
        for source, invoice in lines.filter(amounts > 0).select("source", "invoice_no").iter_rows():
            self._lines[source] = self._lines.get(source, 0) + 1
            self._invoices.setdefault(source, {}).setdefault(invoice or "(none)")

    def notes(self, source: int) -> tuple[str, ...]:
        """Say how many these are in a file, and in which invoices; nothing if there are none."""
        count = self._lines.get(source, 0)
        if not count:
            return ()
        what = (
            "1 line is a return whose amount is"
            if count == 1
            else f"{count:,} lines are returns whose amounts are"
        )
        return (
            f"{what} positive, so that revenue grows by them: invoices {first_names([*self._invoices[source]], _SHOWN)}. "
            'If the file writes returns without a minus, add sign = "negative" to their [[kind]].',
        )
