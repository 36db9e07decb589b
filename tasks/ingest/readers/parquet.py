"""Parquet: text or typed columns, read in record batches and formatted as the text a CSV would hold.

A small file may decode to any number of bytes: pages are compressed, and a dictionary has a value once for millions of
rows. So batches are planned from the page headers, and text stays in its dictionary until it is counted.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.discover import Delivery
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.mapping.match import PREFIX, match
from tasks.ingest.readers.long_values import TextLengths, mark_long_lines
from tasks.ingest.readers.parquet_pages import BrokenPageHeader, ReadPlan, plan_reading
from tasks.ingest.readers.parquet_text import (
    has_text_form,
    is_number,
    normalise_types,
    to_text,
)
from tasks.ingest.readers.parts import BYTES_PER_PART, slice_by_bytes
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tasks.ingest.source_file import FileContent, SourceFile, check_unchanged, open_source

ROWS_PER_PART = 131_072
# Of a large file, Arrow otherwise holds whole column chunks.
_READ_BYTES = 1024 * 1024


def _open(delivery: Delivery, content: FileContent, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
    try:
        if content.data is None:
            return pq.ParquetFile(delivery.path, read_dictionary=dictionaries, buffer_size=_READ_BYTES)
        return pq.ParquetFile(io.BytesIO(content.data), read_dictionary=dictionaries)
    except (pa.ArrowException, OSError) as error:
        raise DeliveryUnreadable(
            f"it is not a complete Parquet file ({_first_line(error)}).",
            "Have it delivered again.",
            delivery=delivery.name,
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]


def open_delivery(
    delivery: Delivery,
    content: FileContent,
    limits: ReadLimits = DEFAULT_LIMITS,
    reading: ReadingSettings = DEFAULT_READING,
) -> SourceFile:
    """Check the schema and the sizes of a Parquet delivery.

    Args:
        delivery: The file to open.
        content: Its hash and, unless the file is large, its bytes.
        limits: The size of deliveries.
        reading: Reading settings of the feed.

    Raises:
        DeliveryEmpty: The file has no rows.
        DeliveryTooLarge: The file has too many rows or bytes, or cannot be read in bounded memory.
        DeliveryUnreadable: The file is truncated, or a column has a type without a text form.
        UnknownHeader: A column is missing or occurs twice.
    """
    with _open(delivery, content) as file:
        header = match(file.schema_arrow.names, mapping_of_reading(reading), delivery.name)
        if file.metadata.num_rows == 0:
            raise DeliveryEmpty("it has no rows.", "Have it delivered again.", delivery=delivery.name)
        limits.check_lines(file.metadata.num_rows, delivery.name)
        for column in header.columns:
            dtype = file.schema_arrow.field(header.positions[column]).type
            if not has_text_form(dtype):
                what = f"its column {column.removeprefix(PREFIX)} has the type {dtype}; deliver text, numbers or timestamps."
                raise DeliveryUnreadable(what, delivery=delivery.name)
        typed = tuple(
            column
            for column, position in header.positions.items()
            if is_number(file.schema_arrow.field(position).type)
        )
        if header.mapping is not None:
            line = header.mapping.line
            columns = {**line.columns, **{ours: measure.columns for ours, measure in line.measures.items()}}
            typed = tuple(ours for ours, theirs in columns.items() if theirs and set(theirs) <= set(typed))
        names = [file.schema_arrow.names[position] for position in header.positions.values()]
        plan = _plan(delivery, content, file.metadata, names)
    return SourceFile(delivery, content, header, (delivery.name, plan), reading=reading, typed_numbers=typed)


def _plan(
    delivery: Delivery, content: FileContent, metadata: pq.FileMetaData, names: Sequence[str]
) -> ReadPlan:
    # Our columns are flat: each is a leaf of the schema.
    leaves = [leaf for leaf in range(metadata.num_columns) if metadata.schema.column(leaf).path in names]
    try:
        if content.data is not None:
            return plan_reading(io.BytesIO(content.data), metadata, leaves, ROWS_PER_PART, delivery.name)
        with open_source(delivery) as file:
            return plan_reading(file, metadata, leaves, ROWS_PER_PART, delivery.name)
    except BrokenPageHeader as error:
        raise _cannot_be_read(delivery, 0, error) from error


def _cannot_be_read(delivery: Delivery, rows_read: int, error: Exception) -> DeliveryUnreadable:
    what = f"it cannot be read from row {rows_read + 1} on ({_first_line(error)})."
    return DeliveryUnreadable(what, "Have it delivered again.", delivery=delivery.name)


def frames(group: Sequence[SourceFile], limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[pl.DataFrame]:
    """Read source files, all values as text.

    Floats become their shortest decimal, timestamps their local time (with the offset if they have a time
    zone), dates outside the years 1 to 9999 their underlying number.

    Args:
        group: Source files to read.
        limits: The length of values and lines, and the size of deliveries.

    Yields:
        Frames of up to ``ROWS_PER_PART`` rows of one file, with the columns of ``csv.frames``. A line over the limits
        has a ``fault``, and its ``raw`` is a JSON object with excerpts of its long values.

    Raises:
        DeliveryChanged: A large file changed after it was hashed.
        DeliveryTooLarge: The file decodes to more bytes than a delivery may have.
        DeliveryUnreadable: The file is damaged after its schema.
    """
    for source, file in enumerate(group):
        size = 0
        for batch in _batches(file):
            texts = to_text(batch.table, file.header.columns, source, batch.rows_before)
            lengths = TextLengths.of(texts, file.header.columns)
            # Dictionaries count with each batch that has them.
            size += max(lengths.total, batch.size)
            limits.check_size(size, file.delivery.name)
            yield from slice_by_bytes(*mark_long_lines(texts, lengths, limits))
        if file.content.data is None:
            check_unchanged(file)


class _Batch(NamedTuple):
    """Rows of a file, the number of rows before them, and the bytes that Arrow holds for them."""

    table: pa.Table
    rows_before: int
    size: int


def _batches(file: SourceFile) -> Iterator[_Batch]:
    plan = file.layout[1]
    assert isinstance(plan, ReadPlan)  # noqa: S101 - narrows the type: open_delivery put it there
    pending: list[pa.RecordBatch] = []
    rows_read = rows = size = 0
    with _open(file.delivery, file.content, plan.dictionaries) as parquet:
        names = [parquet.schema_arrow.names[file.header.positions[column]] for column in file.header.columns]
        batches = parquet.iter_batches(plan.batch_rows, columns=names)
        while (batch := _next_batch(batches, file, rows_read)) is not None:
            batch = batch.select(names)
            if pending and rows + batch.num_rows > ROWS_PER_PART:
                yield _Batch(pa.Table.from_batches(pending), rows_read - rows, size)
                pending, rows, size = [], 0, 0
            pending.append(batch)
            rows += batch.num_rows
            rows_read += batch.num_rows
            size += batch.nbytes
            if rows >= ROWS_PER_PART or size >= BYTES_PER_PART:
                yield _Batch(pa.Table.from_batches(pending), rows_read - rows, size)
                pending, rows, size = [], 0, 0
    if pending:
        yield _Batch(pa.Table.from_batches(pending), rows_read - rows, size)


def _next_batch(batches: Iterator[pa.RecordBatch], file: SourceFile, rows_read: int) -> pa.RecordBatch | None:
    try:
        batch = next(batches, None)
        return None if batch is None else normalise_types(batch)
    except (pa.ArrowException, OSError) as error:
        raise _cannot_be_read(file.delivery, rows_read, error) from error
