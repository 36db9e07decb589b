"""Parquet: text or typed columns, read in record batches and formatted as the text a CSV would hold."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.date_formats import knows_timezone
from tasks.ingest.discover import Delivery
from tasks.ingest.header import match_header
from tasks.ingest.schema import COLUMNS, FAULT
from tasks.ingest.source_file import FileContent, SourceFile, check_unchanged

ROWS_PER_PART = 131_072


def _open(delivery: Delivery, content: FileContent) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(delivery.path if content.data is None else io.BytesIO(content.data))
    except (pa.ArrowException, OSError) as error:
        raise DeliveryUnreadable(
            f"it is not a complete Parquet file ({_first_line(error)}).",
            "Have it delivered again.",
            delivery=delivery.name,
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]


def open_delivery(delivery: Delivery, content: FileContent) -> SourceFile:
    """Read and check the schema of a Parquet delivery.

    Args:
        delivery: The file to open.
        content: Its hash and, unless the file is large, its bytes.

    Raises:
        DeliveryEmpty: The file has no rows.
        DeliveryUnreadable: The file is truncated, or a column has a type without a text form.
        UnknownHeader: A column is missing or occurs twice.
    """
    with _open(delivery, content) as file:
        header = match_header(file.schema_arrow.names, delivery.name)
        if file.metadata.num_rows == 0:
            raise DeliveryEmpty("it has no rows.", "Have it delivered again.", delivery=delivery.name)
        for column in COLUMNS:
            dtype = file.schema_arrow.field(header.positions[column]).type
            if not _has_text_form(dtype):
                what = f"its column {column} has the type {dtype}; deliver text, numbers or timestamps."
                raise DeliveryUnreadable(what, delivery=delivery.name)
    return SourceFile(delivery, content, header, (delivery.name,))


def _has_text_form(dtype: pa.DataType) -> bool:
    if pa.types.is_dictionary(dtype):
        return _has_text_form(dtype.value_type) and not _is_binary(dtype.value_type)
    number = pa.types.is_integer(dtype) or pa.types.is_floating(dtype)
    # polars has no wider decimals.
    number = number or (pa.types.is_decimal(dtype) and dtype.bit_width <= 128)
    text = pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype)
    time = pa.types.is_timestamp(dtype) or pa.types.is_date(dtype)
    return bool(number or text or time or _is_binary(dtype) or pa.types.is_null(dtype))


def _is_binary(dtype: pa.DataType) -> bool:
    binary = pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype)
    return bool(binary or pa.types.is_fixed_size_binary(dtype))


def frames(group: Sequence[SourceFile]) -> Iterator[pl.DataFrame]:
    """Read source files, all values as text.

    Floats become their shortest decimal, timestamps their local time (with the offset if they have a time
    zone), dates outside the years 1 to 9999 their underlying number.

    Args:
        group: Source files to read.

    Yields:
        Frames of up to ``ROWS_PER_PART`` rows of one file, with the columns of ``csv.frames``; ``fault`` and
        ``raw`` are null.

    Raises:
        DeliveryChanged: A large file changed after it was hashed.
        DeliveryUnreadable: The file is damaged after its schema.
    """
    for source, file in enumerate(group):
        rows_read = 0
        with _open(file.delivery, file.content) as parquet:
            names = [parquet.schema_arrow.names[file.header.positions[column]] for column in COLUMNS]
            batches = parquet.iter_batches(ROWS_PER_PART, columns=names)
            while (batch := _next_batch(batches, file, rows_read)) is not None:
                yield _to_text(batch.select(names), source, rows_read)
                rows_read += batch.num_rows
        if file.content.data is None:
            check_unchanged(file)


def _next_batch(batches: Iterator[pa.RecordBatch], file: SourceFile, rows_read: int) -> pa.RecordBatch | None:
    try:
        batch = next(batches, None)
        if batch is not None:
            batch = _normalise_time_zones(_binary_to_string(batch))
            # Arrow checks UTF-8 only when asked to.
            batch.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        what = f"it cannot be read from row {rows_read + 1} on ({_first_line(error)})."
        raise DeliveryUnreadable(what, "Have it delivered again.", delivery=file.delivery.name) from error
    return batch


def _binary_to_string(batch: pa.RecordBatch) -> pa.RecordBatch:
    for position, field in enumerate(batch.schema):
        if _is_binary(field.type):
            batch = batch.set_column(position, field.name, batch.column(position).cast(pa.large_string()))
    return batch


def _normalise_time_zones(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Convert time zones that polars does not know, such as +05:30, to UTC."""
    for position, field in enumerate(batch.schema):
        dtype = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_timestamp(dtype) and dtype.tz and not knows_timezone(dtype.tz):
            instants = batch.column(position).cast(dtype).cast(pa.timestamp(dtype.unit, "UTC"))
            batch = batch.set_column(position, field.name, instants)
    return batch


def _to_text(batch: pa.RecordBatch, source: int, rows_before: int) -> pl.DataFrame:
    frame = pl.from_arrow(pa.Table.from_batches([batch]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows the type: a table gives a frame
    frame.columns = list(COLUMNS)
    return frame.select(
        pl.lit(source, dtype=pl.UInt32).alias("source"),
        pl.int_range(rows_before + 1, rows_before + frame.height + 1, dtype=pl.Int32).alias("line_no"),
        *(_column_to_text(frame.schema[column], column) for column in COLUMNS),
        *(pl.lit(None, dtype=dtype).alias(name) for name, dtype in FAULT.items()),
    )


def _column_to_text(dtype: pl.DataType, column: str) -> pl.Expr:
    value = pl.col(column)
    if isinstance(dtype, pl.Date | pl.Datetime):
        # polars panics when it formats a date outside its calendar.
        in_calendar = pl.when(value.dt.year().is_between(1, 9999)).then(value)
        text = pl.coalesce(_date_to_text(dtype, in_calendar), pl.format("number {}", value.to_physical()))
    elif dtype.is_float():
        # pandas turns integers among nulls into floats: its 536365.0 is the invoice 536365 of a CSV.
        shortest = value.cast(pl.String).str.strip_suffix(".0")
        text = pl.when(value.is_nan()).then(None).otherwise(shortest)
    else:
        text = value.cast(pl.String)
    return pl.when(text.str.len_bytes() > 0).then(text).alias(column)


def _date_to_text(dtype: pl.DataType, value: pl.Expr) -> pl.Expr:
    if not isinstance(dtype, pl.Datetime):
        return value.cast(pl.String)
    return value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f%:z" if dtype.time_zone else "%Y-%m-%d %H:%M:%S%.6f")
