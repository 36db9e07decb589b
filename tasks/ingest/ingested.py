"""What the ledger and the later stages know of a batch in bronze."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.ingest.mapping.sums import SumResult


@dataclass(frozen=True)
class IngestedFile:
    """A delivery in bronze.

    Attributes:
        name: Name of the delivery.
        content_hash: SHA-256 of the file, as hex digits.
        rows: Number of rows, broken ones included, without those passed over.
        size: Size of the file in bytes.
        encodings: Encodings of its lines, sorted; empty for Parquet.
        ignored_columns: Columns of the file that are read for nothing: kept as attributes, unless a note says otherwise.
        tells_currency: Whether a line tells its currency, in a column of its own or by a mark beside the price.
        typed_numbers: Columns that hold numbers, not text: they have a point as decimal mark in bronze.
        open_values: By reading setting, one of its values that two readings fit differently.
        notes: Findings about the file as a whole, as sentences for the report.
        unfinished_line: Number of its last line, if that is not to be taken: it was cut, as far as one can see.
        unfinished_value: The last field of that line.
        passed_over: Rows that are no sales or no lines by the mapping: by reason their number, ``rows``, and
            ``amounts``, the sum of their amounts by currency as plain decimals; the currency is empty text where a
            row tells none.
        sums: What became of the sums that its mapping checks.
    """

    name: str
    content_hash: str
    rows: int
    size: int
    encodings: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    tells_currency: bool = False
    typed_numbers: tuple[str, ...] = ()
    open_values: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unfinished_line: int | None = None
    unfinished_value: str | None = None
    passed_over: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sums: tuple[SumResult, ...] = ()

    @property
    def rows_in(self) -> int:
        """Number of rows in the file, those passed over included."""
        return self.rows + sum(int(entry["rows"]) for entry in self.passed_over.values())


@dataclass(frozen=True)
class Bronze:
    """Reference to a bronze output: ``folder`` holds ``parts`` Parquet files.

    ``alone`` has, by reading setting, the readings that alone fit some of its values.
    """

    folder: str
    parts: int
    deliveries: tuple[IngestedFile, ...]
    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows in all parts."""
        return sum(delivery.rows for delivery in self.deliveries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its deliveries."""
        return tuple(delivery.name for delivery in self.deliveries)
