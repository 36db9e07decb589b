"""The header and the first rows of a file whose columns are not known yet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import DeliveryUnreadable
from tasks.ingest.discover import Delivery
from tasks.ingest.header import alias_column, our_column
from tasks.ingest.limits import DEFAULT_LIMITS
from tasks.ingest.presets.ranking import count_known, is_satisfied
from tasks.ingest.readers.encoding import PEEK, decode_all, first_lines
from tasks.ingest.readers.file_start import read_file_start

_DELIMITERS = ",;\t|"
_HEADER_WITHIN = 20
_ROWS = 200
_SHOWN_ROWS = 5
_VALUE_CHARACTERS = 60


@dataclass(frozen=True)
class FirstRows:
    """The start of a file.

    Attributes:
        names: Names of its columns.
        rows: The first rows behind the header, as text.
        header_row: Number of the header among the records, from 1.
        delimiter: What separates its fields; empty for Parquet.
        is_guessed: Whether lines are not UTF-8 and were read as Windows-1252.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    header_row: int = 1
    delimiter: str = ""
    is_guessed: bool = False

    def values(self, position: int) -> tuple[str, ...]:
        """Distinct values of a column in the first few rows, shortened."""
        rows = self.rows[:_SHOWN_ROWS]
        texts = (row[position].strip()[:_VALUE_CHARACTERS] for row in rows if position < len(row))
        return tuple(dict.fromkeys(text for text in texts if text))


def read_first_rows(delivery: Delivery) -> FirstRows:
    """Find the header of a file and read its first rows.

    Of the first 20 records, under each delimiter, the header is one that a preset or an export without lines has, else
    the one with most names that we know, then with most words.

    Raises:
        DeliveryUnreadable: It cannot be read, or holds no record of several fields.
    """
    if Path(delivery.path).suffix.lower() == ".parquet":
        return _of_parquet(delivery)
    return first_rows_of(delivery, read_file_start(delivery))


def first_rows_of(delivery: Delivery, start: bytes, encoding: str | None = None) -> FirstRows:
    """Find the header in the first bytes of a text file, of the encoding if it is known; see ``read_first_rows``."""
    is_cut = len(start) == PEEK
    decoded = (
        first_lines(start, delivery.name, encoding)
        if is_cut
        else decode_all(start, delivery.name, DEFAULT_LIMITS, encoding)
    )
    candidates: list[tuple[tuple[bool, int, int, int], str, list[list[str]], int]] = []
    for delimiter in _DELIMITERS:
        records = _records(decoded.data.decode(errors="replace"), delimiter)
        for at, record in enumerate(records[:_HEADER_WITHIN]):
            if len(record) > 1:
                candidates.append(((*_rank(record), -at), delimiter, records, at))
    if not candidates:
        raise DeliveryUnreadable(
            "none of its first records has several fields.",
            "Deliver CSV with a header.",
            delivery=delivery.name,
        )
    _, delimiter, records, at = max(candidates, key=lambda candidate: candidate[0])
    rows = tuple(map(tuple, records[at + 1 : at + 1 + _ROWS]))
    return FirstRows(tuple(records[at]), rows, at + 1, delimiter, decoded.fallback_line > 0)


def _records(text: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        # As the reader of deliveries counts them: without blank lines.
        filled = (record for record in reader if record)
        for record in islice(filled, _HEADER_WITHIN + _ROWS):
            records.append(record)
    return records


def _rank(record: Sequence[str]) -> tuple[bool, int, int]:
    known = {our_column(name) or alias_column(name) for name in record} - {None}
    words = {name.strip() for name in record if any(character.isalpha() for character in name)}
    return is_satisfied(record), max(len(known), count_known(record)), len(words)


def _of_parquet(delivery: Delivery) -> FirstRows:
    try:
        with pq.ParquetFile(delivery.path) as file:
            batch = next(file.iter_batches(_ROWS), None)
            names = tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise DeliveryUnreadable(
            f"it is not a complete Parquet file ({str(error).partition(chr(10))[0][:120]}).",
            "Have it delivered again.",
            delivery=delivery.name,
        ) from error
    values = [] if batch is None else batch.to_pylist()
    rows = tuple(tuple("" if row[name] is None else str(row[name]) for name in names) for row in values)
    return FirstRows(names, rows)
