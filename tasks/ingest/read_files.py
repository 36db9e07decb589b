"""The rows of source files, with the delivery that each came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from types import ModuleType

import polars as pl

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
    group: Sequence[SourceFile], limits: ReadLimits, headers: RepeatedHeaders
) -> Iterator[pl.DataFrame]:
    """Read files of equal layout, by their mapping or without headers that come again; columns of ``schema.READ``."""
    first = group[0]
    frames: Iterator[pl.DataFrame] = reader_of(first.delivery).frames(group, limits)
    if first.header.mapping is not None:
        told = [(file.passed_over, file.sums) for file in group]
        yield from mapped(frames, first.header, first.reading.decimal, told)
        return
    for frame in frames:
        yield headers.without(frame, group)


def frames_with_origin(
    files: Sequence[SourceFile], limits: ReadLimits, headers: RepeatedHeaders
) -> Iterator[pl.DataFrame]:
    """Read files, those of equal layout together; columns of ``schema.BRONZE``."""
    # A part has columns of one kind only.
    for _, members in groupby(
        files, key=lambda file: (reader_of(file.delivery).__name__, file.layout, file.typed_numbers)
    ):
        group = list(members)
        # Enums: each name and hash is stored once per delivery, not once per row.
        names = _to_enum([file.delivery.name for file in group])
        hashes = _to_enum([file.content.sha256 for file in group])
        for frame in read_frames(group, limits, headers):
            source = frame.get_column("source")
            absent = [
                column for column in (*OPTIONAL_HEADERS, *MAPPED_COLUMNS) if column not in frame.columns
            ]
            yield frame.select(
                names.gather(source).alias("delivery"),
                hashes.gather(source).alias("content_hash"),
                pl.exclude("source"),
                *(pl.lit(None, pl.String).alias(column) for column in absent),
            ).select(*BRONZE)


def _to_enum(texts: Sequence[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Enum(list(dict.fromkeys(texts))))
