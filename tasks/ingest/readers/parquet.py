"""Parquet: text or typed columns, read in bounded pieces and turned into the text a CSV would hold."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.columns import COLUMNS, match
from tasks.ingest.date_formats import knows_timezone
from tasks.ingest.discover import Delivery
from tasks.ingest.source_file import FileContent, SourceFile, check_unchanged

ROWS_PER_PART = 131_072


def _file(delivery: Delivery, content: FileContent) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(delivery.path if content.data is None else io.BytesIO(content.data))
    except (pa.ArrowException, OSError) as error:
        raise DeliveryUnreadable(
            f"it is no whole Parquet file ({_brief(error)}).",
            "Have it delivered again.",
            delivery=delivery.name,
        ) from error


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]


def open_delivery(delivery: Delivery, content: FileContent) -> SourceFile:
    """Understand the schema of a Parquet delivery.

    Raises DeliveryUnreadable (truncated, or a type no text can stand for), DeliveryEmpty or UnknownHeader.
    """
    with _file(delivery, content) as file:
        header = match(file.schema_arrow.names, delivery.name)
        if file.metadata.num_rows == 0:
            raise DeliveryEmpty("it has no row.", "Have it delivered again.", delivery=delivery.name)
        for column in COLUMNS:
            kind = file.schema_arrow.field(header.positions[column]).type
            if not _has_text(kind):
                what = f"its column {column} has the type {kind}; deliver text, numbers or timestamps."
                raise DeliveryUnreadable(what, delivery=delivery.name)
    return SourceFile(delivery, content, header, (delivery.name,))


def _has_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _has_text(kind.value_type) and not _is_bytes(kind.value_type)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    # Of decimals, those that polars knows.
    number = number or (pa.types.is_decimal(kind) and kind.bit_width <= 128)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    time = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return bool(number or text or time or _is_bytes(kind) or pa.types.is_null(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(binary or pa.types.is_fixed_size_binary(kind))


def frames(group: Sequence[SourceFile]) -> Iterator[pl.DataFrame]:
    """Rows of the deliveries as text, in the form of ``delimited.frames``.

    A float is its shortest decimal, a timestamp its local time (one with a zone keeps its offset); a date that
    no calendar holds is the number that stands for it.
    Raises DeliveryUnreadable if the file turns out to be damaged further in, and DeliveryChanged if a
    large file's bytes are no longer those that were hashed.
    """
    for source, opened in enumerate(group):
        done = 0
        with _file(opened.delivery, opened.content) as file:
            names = [file.schema_arrow.names[opened.header.positions[column]] for column in COLUMNS]
            pieces = file.iter_batches(ROWS_PER_PART, columns=names)
            while (piece := _next(pieces, opened, done)) is not None:
                yield _as_text(piece.select(names), source, done)
                done += piece.num_rows
        if opened.content.data is None:
            check_unchanged(opened)


def _next(pieces: Iterator[pa.RecordBatch], opened: SourceFile, done: int) -> pa.RecordBatch | None:
    try:
        piece = next(pieces, None)
        if piece is not None:
            # Damaged bytes may pass for text until someone reads them.
            piece = _zones_known(_bytes_as_text(piece))
            piece.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        what = f"its row {done + 1} and on cannot be read ({_brief(error)}). Have it delivered again."
        raise DeliveryUnreadable(what, delivery=opened.delivery.name) from error
    return piece


def _bytes_as_text(piece: pa.RecordBatch) -> pa.RecordBatch:
    for position, field in enumerate(piece.schema):
        if _is_bytes(field.type):
            piece = piece.set_column(position, field.name, piece.column(position).cast(pa.large_string()))
    return piece


def _zones_known(piece: pa.RecordBatch) -> pa.RecordBatch:
    """The same instants, in UTC where their zone is one that polars does not know, such as +05:30."""
    for position, field in enumerate(piece.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_timestamp(kind) and kind.tz and not knows_timezone(kind.tz):
            instants = piece.column(position).cast(kind).cast(pa.timestamp(kind.unit, "UTC"))
            piece = piece.set_column(position, field.name, instants)
    return piece


def _as_text(piece: pa.RecordBatch, source: int, done: int) -> pl.DataFrame:
    frame = pl.from_arrow(pa.Table.from_batches([piece]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - for the type checker: a table gives a frame
    frame.columns = list(COLUMNS)
    return frame.select(
        pl.lit(source, dtype=pl.UInt32).alias("source"),
        pl.int_range(done + 1, done + frame.height + 1, dtype=pl.Int32).alias("line_no"),
        *(_column_as_text(frame.schema[column], column) for column in COLUMNS),
        pl.lit(None, dtype=pl.String).alias("fault"),
        pl.lit(None, dtype=pl.String).alias("raw"),
    )


def _column_as_text(kind: pl.DataType, column: str) -> pl.Expr:
    value = pl.col(column)
    if isinstance(kind, pl.Date | pl.Datetime):
        # Beyond any calendar polars writes no date, but panics: such a value is told as its number.
        dated = pl.when(value.dt.year().is_between(1, 9999)).then(value)
        text = pl.coalesce(_date_as_text(kind, dated), pl.format("number {}", value.to_physical()))
    elif kind.is_float():
        # An invoice number among nulls, which pandas makes 536365.0, is the one that a CSV tells as 536365.
        shortest = value.cast(pl.String).str.strip_suffix(".0")
        text = pl.when(value.is_nan()).then(None).otherwise(shortest)
    else:
        text = value.cast(pl.String)
    return pl.when(text.str.len_bytes() > 0).then(text).alias(column)


def _date_as_text(kind: pl.DataType, value: pl.Expr) -> pl.Expr:
    if not isinstance(kind, pl.Datetime):
        return value.cast(pl.String)
    return value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f%:z" if kind.time_zone else "%Y-%m-%d %H:%M:%S%.6f")
