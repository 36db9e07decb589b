"""Find the header of a CSV file: its first record, or by a mapping one of the first few."""

from __future__ import annotations

from tasks.errors import DeliveryUnreadable, UnknownHeader
from tasks.ingest.header import Header, fold_name
from tasks.ingest.mapping.match import match
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.readers.csv_header import HeaderRecord, parse_header
from tasks.ingest.schema import HEADERS


def find_header(text: bytes, mapping: ColumnMapping | None, delivery: str) -> tuple[HeaderRecord, Header]:
    """Find the header and the columns to read.

    Args:
        text: UTF-8 without a byte-order mark; the whole file or its first lines.
        mapping: The mapping; None for none.
        delivery: Name of the delivery, for errors.

    Raises:
        DeliveryUnreadable: The first record is no header, whatever its columns.
        UnknownHeader: A column is missing or occurs twice. Of several records, that with most columns is told.
    """
    if mapping is None:
        record = parse_header(text, delivery)
        return record, match(record.names, None, delivery)
    known = _names(mapping)
    start, errors = 0, list[tuple[int, DeliveryUnreadable | UnknownHeader]]()
    for _ in range(mapping.notation.header_within):
        try:
            record = parse_header(text, delivery, start, known)
        except DeliveryUnreadable as error:
            errors.append((-1, error))
            start = text.find(b"\n", start) + 1
            if not start:
                break
            continue
        try:
            return record, match(record.names, mapping, delivery)
        except UnknownHeader as error:
            errors.append((len(known.intersection(map(fold_name, record.names))), error))
        start = record.end
        if start >= len(text):
            break
    raise max(errors, key=lambda each: each[0])[1]


def _names(mapping: ColumnMapping) -> frozenset[str]:
    """The folded names of all the columns of a mapping."""
    line = mapping.line
    names = {name for columns in line.columns.values() for name in columns}
    names |= {
        *mapping.fill.key,
        *mapping.fill.columns,
        *mapping.rows.lines,
        *mapping.rows.none,
        *mapping.words,
    }
    if line.time.zone_column:
        names.add(line.time.zone_column)
    if line.usual_names:
        names |= {name for usual in HEADERS.values() for name in usual}
    return frozenset(map(fold_name, names))
