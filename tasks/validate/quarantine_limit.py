"""The limit of a delivery's quarantine: lines over it are counted, but not kept."""

from __future__ import annotations

import polars as pl

from tasks.validate.schema import QUARANTINE

# Line number, rules and the rest of a stored row.
_ROW_BYTES = 100


class LimitedQuarantine:
    """Quarantined lines of a bronze.

    Args:
        limit: Bytes that are kept of a delivery, exceeded by those of one part at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: list[pl.DataFrame] = []
        self._sizes: dict[str, int] = {}

    @property
    def truncated(self) -> frozenset[str]:
        """Names of the deliveries with more quarantined lines than are kept."""
        return frozenset(name for name, size in self._sizes.items() if size > self._limit)

    def kept(self, lines: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
        """Select the errors whose lines are to be kept.

        Args:
            lines: Lines of a part, with ``delivery``.
            errors: Violations, with ``row`` as the position in ``lines``.
        """
        if not self.truncated:
            return errors
        names = lines.get_column("delivery").cast(pl.String).gather(errors.get_column("row"))
        return errors.filter(~names.is_in(list(self.truncated)))

    def add(self, lines: pl.DataFrame) -> None:
        """Add lines with the columns of ``schema.QUARANTINE``."""
        self._frames.append(lines)
        size = pl.col("raw").str.len_bytes().cast(pl.Int64) + _ROW_BYTES
        for name, added in lines.group_by("delivery").agg(size.sum()).iter_rows():
            self._sizes[name] = self._sizes.get(name, 0) + added

    def frame(self) -> pl.DataFrame:
        """Return all lines that are kept."""
        return pl.concat(self._frames) if self._frames else pl.DataFrame(schema=QUARANTINE)
