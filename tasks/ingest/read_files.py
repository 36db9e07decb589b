"""The rows of source files, with the delivery that each came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from types import ModuleType

import polars as pl

from tasks.ingest.attributes import Attributes
from tasks.ingest.discover import Delivery
from tasks.ingest.file_kinds import Kind, kind_of
from tasks.ingest.limits import ReadLimits
from tasks.ingest.mapping.apply import mapped
from tasks.ingest.readers import csv, parquet
from tasks.ingest.repeated_headers import RepeatedHeaders
from tasks.ingest.schema import BRONZE, MAPPED_COLUMNS, OPTIONAL_HEADERS
from tasks.ingest.source_file import SourceFile

# A reader is a module with open_delivery() and frames(), chosen by the kind of the file.
READERS: dict[Kind, ModuleType] = {"text": csv, "parquet": parquet}


def reader_of(delivery: Delivery) -> ModuleType:
    """Return the reader of a delivery."""
    return READERS[kind_of(delivery.path) or "text"]


def read_frames(
    group: Sequence[SourceFile], limits: ReadLimits, headers: RepeatedHeaders, attributes: Attributes
) -> Iterator[pl.DataFrame]:
    """Read files of equal layout, by their mapping or without headers that come again.

    Yields:
        Frames with the columns of ``schema.READ``, and ``attributes`` where the files have further columns.
    """
    first = group[0]
    reader = reader_of(first.delivery)
    frames: Iterator[pl.DataFrame] = reader.frames(group, limits)
    if first.further.columns:
        frames = (attributes.fold(frame, group) for frame in frames)
    if first.header.mapping is not None:
        told = [(file.passed_over, file.sums, file.mapping_notes) for file in group]
        frames = mapped(frames, first.header, first.reading.decimal, told, first.typed_numbers)
    else:
        frames = (headers.without(frame, group) for frame in frames)
    # The text of a row is looked at until here. A row of Parquet is split already.
    if reader is csv and (first.further.columns or first.further.persons):
        frames = (attributes.without_text(frame, group) for frame in frames)
    yield from frames


def frames_with_origin(
    files: Sequence[SourceFile], limits: ReadLimits, headers: RepeatedHeaders, attributes: Attributes
) -> Iterator[pl.DataFrame]:
    """Read files, those of equal layout together.

    Yields:
        Frames with the columns of ``schema.BRONZE``, and ``persons`` where columns of persons are kept in bronze.
    """
    # A part has columns of one kind only.
    for _, members in groupby(
        files, key=lambda file: (reader_of(file.delivery).__name__, file.layout, file.typed_numbers)
    ):
        group = list(members)
        # Enums: each name and hash is stored once per delivery, not once per row.
        names = _to_enum([file.delivery.name for file in group])
        hashes = _to_enum([file.content.sha256 for file in group])
        for frame in read_frames(group, limits, headers, attributes):
            source = frame.get_column("source")
            absent = [
                column for column in (*OPTIONAL_HEADERS, *MAPPED_COLUMNS) if column not in frame.columns
            ]
            yield frame.select(
                names.gather(source).alias("delivery"),
                hashes.gather(source).alias("content_hash"),
                pl.exclude("source"),
                *(pl.lit(None, pl.String).alias(column) for column in absent),
            ).select(*BRONZE, *(("persons",) if "persons" in frame.columns else ()))


def _to_enum(texts: Sequence[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Enum(list(dict.fromkeys(texts))))
