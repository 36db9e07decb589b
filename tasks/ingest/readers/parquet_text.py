"""Arrow columns as the text that a CSV would hold."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from tasks.ingest.date_formats import knows_timezone
from tasks.ingest.schema import FAULT

_CODES = ("invoice_no", "stock_code")


def has_text_form(dtype: pa.DataType) -> bool:
    """Return whether values of a type can be written as text."""
    if pa.types.is_dictionary(dtype):
        return has_text_form(dtype.value_type) and not _is_binary(dtype.value_type)
    time = pa.types.is_timestamp(dtype) or pa.types.is_date(dtype)
    return bool(is_number(dtype) or _is_string(dtype) or time or _is_binary(dtype) or pa.types.is_null(dtype))


def is_number(dtype: pa.DataType) -> bool:
    """Return whether values of a type are numbers, with a point as decimal mark in their text."""
    if pa.types.is_dictionary(dtype):
        return is_number(dtype.value_type)
    # polars has no wider decimals.
    decimal = pa.types.is_decimal(dtype) and dtype.bit_width <= 128
    return bool(pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or decimal)


def is_text(dtype: pa.DataType) -> bool:
    """Return whether values of a type are text or bytes that may be text."""
    return _is_string(dtype) or _is_binary(dtype)


def _is_string(dtype: pa.DataType) -> bool:
    string = pa.types.is_string(dtype) or pa.types.is_large_string(dtype)
    return bool(string or pa.types.is_string_view(dtype))


def _is_binary(dtype: pa.DataType) -> bool:
    binary = pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype)
    return bool(binary or pa.types.is_fixed_size_binary(dtype))


def normalise_types(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Convert what polars does not read as text or time.

    Raises:
        pa.ArrowException: Bytes are not UTF-8, or the batch is damaged.
    """
    batch = _normalise_time_zones(_binary_to_string(batch))
    # Arrow checks UTF-8 only when asked to.
    batch.validate(full=True)
    return batch


def _binary_to_string(batch: pa.RecordBatch) -> pa.RecordBatch:
    for position, field in enumerate(batch.schema):
        column = batch.column(position)
        if _is_binary(field.type):
            batch = batch.set_column(position, field.name, column.cast(pa.large_string()))
        elif pa.types.is_dictionary(field.type) and _is_binary(field.type.value_type):
            texts = column.dictionary.cast(pa.large_string())
            column = pa.DictionaryArray.from_arrays(column.indices, texts)
            batch = batch.set_column(position, field.name, column)
    return batch


def _normalise_time_zones(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Convert time zones that polars does not know, such as +05:30, to UTC."""
    for position, field in enumerate(batch.schema):
        dtype = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_timestamp(dtype) and dtype.tz and not knows_timezone(dtype.tz):
            instants = batch.column(position).cast(dtype).cast(pa.timestamp(dtype.unit, "UTC"))
            batch = batch.set_column(position, field.name, instants)
    return batch


def to_text(table: pa.Table, columns: Sequence[str], source: int, rows_before: int) -> pl.DataFrame:
    """Format a table of our columns as text.

    Args:
        table: The columns of the file that are read.
        columns: Their names in the frame, in the same order.
        source: Position of the file in its group.
        rows_before: Number of rows of the file in earlier tables.

    Returns:
        The columns of ``csv.frames``; ``fault`` and ``raw`` are null.
    """
    frame = pl.DataFrame(
        {name: _to_series(column) for name, column in zip(columns, table.columns, strict=True)}
    )
    return frame.select(
        pl.lit(source, dtype=pl.UInt32).alias("source"),
        pl.int_range(rows_before + 1, rows_before + frame.height + 1, dtype=pl.Int32).alias("line_no"),
        *(_column_to_text(frame.schema[column], column) for column in columns),
        *(pl.lit(None, dtype=dtype).alias(name) for name, dtype in FAULT.items()),
    )


def _to_series(column: pa.ChunkedArray) -> pl.Series:
    if not (pa.types.is_dictionary(column.type) and _is_string(column.type.value_type)):
        return pl.Series(column)
    # Rows with the same text share its bytes, however long it is and however many they are.
    chunks = [pl.Series(chunk.dictionary).gather(pl.Series(chunk.indices)) for chunk in column.chunks]
    return pl.concat(chunks)


def _column_to_text(dtype: pl.DataType, column: str) -> pl.Expr:
    value = pl.col(column)
    if isinstance(dtype, pl.Date | pl.Datetime):
        # polars panics when it formats a date outside its calendar.
        in_calendar = pl.when(value.dt.year().is_between(1, 9999)).then(value)
        text = pl.coalesce(_date_to_text(dtype, in_calendar), pl.format("number {}", value.to_physical()))
    elif dtype.is_float():
        # pandas turns integers among nulls into floats: its 536365.0 is the invoice 536365 of a CSV.
        shortest = value.cast(pl.String).str.strip_suffix(".0")
        if column in _CODES:
            # Beyond these, a float is a neighbour of the number that was meant: the contract sets such a code aside.
            beyond = value.abs() > (2**24 if dtype == pl.Float32 else 2**53)
            is_rounded = beyond & ~shortest.str.contains("e", literal=True)
            shortest = pl.when(is_rounded).then(pl.format("{}E+0", shortest)).otherwise(shortest)
        text = pl.when(value.is_nan()).then(None).otherwise(shortest)
    elif dtype.is_decimal() and column in _CODES:
        text = value.cast(pl.String).str.replace(r"\.0+$", "")
    else:
        text = value.cast(pl.String)
    return pl.when(text.str.len_bytes() > 0).then(text).alias(column)


def _date_to_text(dtype: pl.DataType, value: pl.Expr) -> pl.Expr:
    if not isinstance(dtype, pl.Datetime):
        return value.cast(pl.String)
    return value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f%:z" if dtype.time_zone else "%Y-%m-%d %H:%M:%S%.6f")
