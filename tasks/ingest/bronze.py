"""Deliveries to bronze: every row as text, with its delivery, content hash and line number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from tasks import progress
from tasks.errors import DeliveryEmpty, DeliveryError
from tasks.ingest.discover import Delivery
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.readers import csv, parquet
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tasks.ingest.reading_choices import OpenValues
from tasks.ingest.source_file import SourceFile, read_and_hash
from tasks.workspace import outputs
from tasks.workspace.parquet_parts import write_part

READER_VERSION = 4
# A reader is a module with open_delivery() and frames(), chosen by the suffix of the file.
READERS: dict[str, ModuleType] = {".csv": csv, ".parquet": parquet}


@dataclass(frozen=True)
class IngestedFile:
    """A delivery in bronze.

    Attributes:
        name: Name of the delivery.
        content_hash: SHA-256 of the file, as hex digits.
        rows: Number of rows, broken ones included.
        size: Size of the file in bytes.
        encodings: Encodings of its lines, sorted; empty for Parquet.
        ignored_columns: Columns of the file that are not read.
        typed_numbers: Columns that hold numbers, not text: they have a point as decimal mark in bronze.
        open_values: By reading setting, one of its values that two readings fit differently.
        notes: Findings about the file as a whole, as sentences for the report.
    """

    name: str
    content_hash: str
    rows: int
    size: int
    encodings: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    typed_numbers: tuple[str, ...] = ()
    open_values: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class IngestResult:
    """Result of ingesting a batch.

    Attributes:
        bronze: The new deliveries; None if there are none.
        unchanged: Names of the deliveries whose content the ledger already has.
        failed: Errors of the deliveries that cannot be read.
    """

    bronze: Bronze | None
    unchanged: tuple[str, ...] = ()
    failed: tuple[DeliveryError, ...] = ()


def ingest(
    batch: Sequence[Delivery],
    known: Mapping[str, str],
    root: Path,
    limits: ReadLimits = DEFAULT_LIMITS,
    reading: ReadingSettings = DEFAULT_READING,
) -> IngestResult:
    """Read a batch into bronze.

    A delivery that cannot be read, or is over a limit, is reported in ``failed``; the others of the batch are read.

    Args:
        batch: Deliveries to read.
        known: SHA-256 by delivery name, from the ledger; deliveries with the same hash are not parsed.
        root: The workspace.
        limits: The size of values, lines and deliveries.
        reading: Reading settings of the feed.

    Returns:
        The result, with bronze in the columns of ``schema.BRONZE``.

    Raises:
        DeliveryChanged: A large file changed while it was read.
        WorkspaceFull: The workspace cannot be written.
    """
    files: list[SourceFile] = []
    unchanged: list[str] = []
    failed: list[DeliveryError] = []
    for delivery in batch:
        try:
            content = read_and_hash(delivery, limits)
            if known.get(delivery.name) == content.sha256:
                unchanged.append(delivery.name)
            else:
                files.append(_reader(delivery).open_delivery(delivery, content, limits, reading))
        except DeliveryError as error:
            failed.append(error)
    progress.report("ingest.read", f"{len(files)} new of {len(batch)} deliveries")
    bronze = None
    while files and bronze is None:
        try:
            bronze = _make_bronze(files, root, limits, reading)
        except DeliveryError:  # found only while reading: read the others without the unreadable files
            files, errors = _select_readable(files, limits)
            failed += errors
    return IngestResult(bronze, tuple(unchanged), tuple(failed))


def _reader(delivery: Delivery) -> ModuleType:
    return READERS[Path(delivery.path).suffix.lower()]


def _select_readable(
    files: Sequence[SourceFile], limits: ReadLimits
) -> tuple[list[SourceFile], list[DeliveryError]]:
    """Read each file by itself, without writing: however many fail, the batch is not read again for each."""
    readable: list[SourceFile] = []
    errors: list[DeliveryError] = []
    for file in files:
        try:
            rows = 0
            for frame in _reader(file.delivery).frames([file], limits):
                rows += frame.height
                limits.check_lines(rows, file.delivery.name)
            _ensure_rows(rows, file.delivery.name)
            readable.append(file)
        except DeliveryError as error:
            errors.append(error)
    return readable, errors


def _ensure_rows(rows: int, delivery: str) -> None:
    if not rows:
        raise DeliveryEmpty("it has a header but no rows.", "Have it delivered again.", delivery=delivery)


def _make_bronze(
    files: Sequence[SourceFile], root: Path, limits: ReadLimits, reading: ReadingSettings
) -> Bronze:
    identity = [(file.delivery.name, file.content.sha256) for file in files]
    name = outputs.hash_of("bronze", READER_VERSION, identity, asdict(limits), asdict(reading))
    folder, manifest = outputs.make_output(
        root, "bronze", name, lambda partial: _write_parts(files, partial, limits)
    )
    return Bronze(
        str(folder),
        manifest["parts"],
        tuple(IngestedFile(**_lists_to_tuples(delivery)) for delivery in manifest["deliveries"]),
        _lists_to_tuples(manifest["alone"]),
    )


def _lists_to_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _write_parts(files: Sequence[SourceFile], folder: Path, limits: ReadLimits) -> dict[str, Any]:
    parts = 0
    rows = dict.fromkeys((file.delivery.name for file in files), 0)
    typed = {file.delivery.name: file.typed_numbers for file in files}
    values = OpenValues()
    for frame in _frames_with_origin(files, limits):
        if not frame.height:
            continue
        write_part(frame, outputs.part_path(folder, parts))
        parts += 1
        values.add(frame, typed[frame.item(0, "delivery")])
        for name, count in frame.group_by("delivery").len().iter_rows():
            rows[name] += count
            limits.check_lines(rows[name], name)
    for file in files:
        _ensure_rows(rows[file.delivery.name], file.delivery.name)
    deliveries = [
        IngestedFile(
            file.delivery.name,
            file.content.sha256,
            rows[file.delivery.name],
            file.delivery.size,
            tuple(sorted(file.encodings)),
            file.header.ignored,
            file.typed_numbers,
            values.open.get(file.delivery.name, {}),
        )
        for file in files
    ]
    return {"parts": parts, "deliveries": deliveries, "alone": values.alone}


def _frames_with_origin(files: Sequence[SourceFile], limits: ReadLimits) -> Iterator[pl.DataFrame]:
    # A part has columns of one kind only.
    for _, members in groupby(
        files, key=lambda file: (_reader(file.delivery).__name__, file.layout, file.typed_numbers)
    ):
        group = list(members)
        # Enums: each name and hash is stored once per delivery, not once per row.
        names = _to_enum([file.delivery.name for file in group])
        hashes = _to_enum([file.content.sha256 for file in group])
        for frame in _reader(group[0].delivery).frames(group, limits):
            source = frame.get_column("source")
            yield frame.select(
                names.gather(source).alias("delivery"),
                hashes.gather(source).alias("content_hash"),
                pl.exclude("source"),
            )


def _to_enum(texts: Sequence[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Enum(list(dict.fromkeys(texts))))
