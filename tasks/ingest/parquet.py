"""Parquet: text or typed columns, read in bounded pieces and turned into the text a CSV would hold."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.columns import COLUMNS, Header, match
from tasks.ingest.discover import Delivery
from tasks.ingest.opened import CheckedFile, Content, Opened, sha256_of

ROWS_PER_PART = 131_072


def _file(delivery: Delivery, content: Content) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(delivery.path if content.data is None else io.BytesIO(content.data))
    except (pa.ArrowException, OSError) as error:
        raise DeliveryUnreadable.of(
            delivery.name, f"it is no whole Parquet file ({str(error).splitlines()[0][:120]}). Have it delivered again."
        ) from error


def open_delivery(delivery: Delivery, content: Content) -> Opened:
    """Understand the schema of a Parquet delivery.

    Raises DeliveryUnreadable (truncated, or a type that no text can stand for), DeliveryEmpty or UnknownHeader.
    """
    with _file(delivery, content) as file:
        header = match(file.schema_arrow.names, delivery.name)
        if file.metadata.num_rows == 0:
            raise DeliveryEmpty.of(delivery.name, "it has no row. Have it delivered again.")
        for column in COLUMNS:
            kind = file.schema_arrow.field(header.positions[column]).type
            if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
                raise DeliveryUnreadable.of(
                    delivery.name, f"its column {column} has the type {kind}; deliver text, numbers or timestamps."
                )
    return Opened(delivery, content, header, (delivery.name,))


def frames(group: Sequence[Opened]) -> Iterator[pl.DataFrame]:
    """Rows of the deliveries as text, in the form of ``delimited.frames``.

    A float is its shortest decimal, a timestamp its local time (one with a zone keeps its offset).
    Raises DeliveryUnreadable if the file turns out to be damaged further in.
    """
    for source, opened in enumerate(group):
        done = 0
        with _file(opened.delivery, opened.content) as file:
            names = [file.schema_arrow.names[opened.header.positions[column]] for column in COLUMNS]
            pieces = file.iter_batches(ROWS_PER_PART, columns=names)
            while True:
                try:
                    piece = next(pieces, None)
                except (pa.ArrowException, OSError) as error:
                    raise DeliveryUnreadable.of(
                        opened.delivery.name, f"its row {done + 1} and on cannot be read ({error}). Have it delivered again."
                    ) from error
                if piece is None:
                    break
                yield _as_text(piece, source, done, opened.header)
                done += piece.num_rows
        if opened.content.data is None:
            with open(opened.delivery.path, "rb") as raw:
                CheckedFile(opened).compare(sha256_of(raw))


def _as_text(piece: pa.RecordBatch, source: int, done: int, header: Header) -> pl.DataFrame:
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
    if isinstance(kind, pl.Datetime):
        text = value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f%:z" if kind.time_zone else "%Y-%m-%d %H:%M:%S%.6f")
    elif kind.is_float():
        text = pl.when(value.is_nan()).then(None).otherwise(value.cast(pl.String))
    elif kind == pl.Binary:
        text = value.cast(pl.String, strict=False)
    else:
        text = value.cast(pl.String)
    return pl.when(text.str.len_bytes() > 0).then(text).alias(column)
