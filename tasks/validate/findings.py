"""Findings about a delivery as a whole, as columns of the lines that they set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from tasks.ingest.ingested import IngestedFile
from tasks.validate.schema import FINDINGS
from tasks.validate.summary_lines import Place, SummaryLines


class Findings:
    """Finds the summary lines of deliveries and their cut last lines, over all parts of an output.

    Args:
        deliveries: The deliveries.
    """

    def __init__(self, deliveries: Sequence[IngestedFile]) -> None:
        self._summaries = SummaryLines(deliveries)
        self._unfinished = {
            delivery.name: (delivery.unfinished_line, delivery.unfinished_value or "")
            for delivery in deliveries
            if delivery.unfinished_line is not None
        }

    def of_part(
        self, raw: pl.DataFrame, lines: pl.DataFrame, following: Callable[[], Place | None]
    ) -> pl.DataFrame:
        """Find those of the next part.

        Args:
            raw: Rows of bronze.
            lines: The same rows, typed.
            following: Reads where the first row of the next part belongs; None if there is no further part.

        Returns:
            The columns of ``schema.FINDINGS``, a row per line.
        """
        summaries = self._summaries.find(raw, lines, following)
        return pl.DataFrame([_column("summary", summaries, raw.height), self._cut(raw)])

    def _cut(self, raw: pl.DataFrame) -> pl.Series:
        found: dict[int, str] = {}
        names = (
            raw.get_column("delivery").cast(pl.String) if self._unfinished else pl.Series([], dtype=pl.String)
        )
        for name, (line, value) in self._unfinished.items():
            rows = raw.select((names == name) & (pl.col("line_no") == line)).to_series().arg_true()
            found |= dict.fromkeys(rows, value)
        return _column("unfinished", found, raw.height)


def _column(name: str, values: Mapping[int, str], height: int) -> pl.Series:
    column = pl.repeat(None, height, dtype=FINDINGS[name], eager=True).alias(name)
    return column.scatter(list(values), list(values.values())) if values else column
