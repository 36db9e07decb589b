"""Deliveries to bronze: every row as text, with its delivery, content hash and line number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from tasks import progress
from tasks.errors import DeliveryEmpty, DeliveryError
from tasks.ingest.date_formats import DateShapes, is_slashed, shapes
from tasks.ingest.discover import Delivery
from tasks.ingest.readers import csv, parquet
from tasks.ingest.source_file import SourceFile, read_and_hash
from tasks.workspace import outputs
from tasks.workspace.part_files import write_part

READER_VERSION = 2
# The one place where a reader is chosen: a module with open_delivery() and frames().
READERS: dict[str, ModuleType] = {".csv": csv, ".parquet": parquet}


@dataclass(frozen=True)
class IngestedFile:
    """A delivery as it was read: rows, SHA-256, encodings met, the columns that were ignored, and how many of
    its dates need the feed's date format."""

    name: str
    content_hash: str
    rows: int
    size: int
    encodings: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    slashed_dates: int = 0


@dataclass(frozen=True)
class Bronze:
    """Reference to an output: ``folder`` holds ``parts`` Parquet files."""

    folder: str
    parts: int
    deliveries: tuple[IngestedFile, ...]
    dates: DateShapes

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(delivery.rows for delivery in self.deliveries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the deliveries in it."""
        return tuple(delivery.name for delivery in self.deliveries)


@dataclass(frozen=True)
class IngestResult:
    """What became of a batch: its bronze (None if nothing is new), the deliveries that the ledger holds
    unchanged, and the ones that could not be read."""

    bronze: Bronze | None
    unchanged: tuple[str, ...] = ()
    failed: tuple[DeliveryError, ...] = ()


def ingest(batch: Sequence[Delivery], known: Mapping[str, str], root: Path) -> IngestResult:
    """Read a batch into bronze under the workspace ``root``.

    ``known`` maps the names in the ledger to their SHA-256; deliveries that are there unchanged are not
    parsed. Columns of bronze are ``schema.BRONZE``.
    A delivery that cannot be read is reported in ``failed``, and the others of the batch are read.
    Raises WorkspaceFull, and DeliveryChanged if a large file changes while it is read.
    """
    opened: list[SourceFile] = []
    unchanged: list[str] = []
    failed: list[DeliveryError] = []
    for delivery in batch:
        try:
            content = read_and_hash(delivery)
            if known.get(delivery.name) == content.sha256:
                unchanged.append(delivery.name)
            else:
                opened.append(_reader(delivery).open_delivery(delivery, content))
        except DeliveryError as error:
            failed.append(error)
    progress.report("ingest.read", f"{len(opened)} new of {len(batch)} deliveries")
    bronze = None
    while opened and bronze is None:
        try:
            bronze = _write(opened, root)
        except DeliveryError as error:  # damaged further in: the others of the batch go on without it
            failed.append(error)
            opened = [one for one in opened if one.delivery.name != error.delivery]
    return IngestResult(bronze, tuple(unchanged), tuple(failed))


def _reader(delivery: Delivery) -> ModuleType:
    return READERS[Path(delivery.path).suffix.lower()]


def _write(opened: Sequence[SourceFile], root: Path) -> Bronze:
    identity = [(one.delivery.name, one.content.sha256) for one in opened]
    name = outputs.hash_of("bronze", READER_VERSION, identity)
    folder, manifest = outputs.make_output(root, "bronze", name, lambda aside: _fill(opened, aside))
    return Bronze(
        str(folder),
        manifest["parts"],
        tuple(IngestedFile(**_tuples(delivery)) for delivery in manifest["deliveries"]),
        DateShapes(**_tuples(manifest["dates"])),
    )


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _fill(opened: Sequence[SourceFile], aside: Path) -> dict[str, Any]:
    parts = 0
    rows = dict.fromkeys((one.delivery.name for one in opened), 0)
    slashed = dict.fromkeys(rows, 0)
    dates = DateShapes()
    for frame in _with_origin(opened):
        if not frame.height:
            continue
        write_part(frame, outputs.part_path(aside, parts))
        parts += 1
        found = shapes(frame.get_column("invoice_date"))
        dates = dates.merged(found)
        for name, count in frame.group_by("delivery").len().iter_rows():
            rows[name] += count
        if found.slashed:
            different = frame.group_by("delivery", "invoice_date").len().filter(is_slashed("invoice_date"))
            for name, count in different.select("delivery", "len").iter_rows():
                slashed[name] += count
    for one in opened:
        if not rows[one.delivery.name]:
            raise DeliveryEmpty(
                "it has a header and no line.", "Have it delivered again.", delivery=one.delivery.name
            )
    received = [
        IngestedFile(
            one.delivery.name,
            one.content.sha256,
            rows[one.delivery.name],
            one.delivery.size,
            tuple(sorted(one.encodings)),
            one.header.ignored,
            slashed[one.delivery.name],
        )
        for one in opened
    ]
    return {"parts": parts, "deliveries": received, "dates": dates}


def _with_origin(opened: Sequence[SourceFile]) -> Iterator[pl.DataFrame]:
    for _, found in groupby(opened, key=lambda one: (_reader(one.delivery).__name__, one.layout)):
        group = list(found)
        # Of one name or hash for each delivery, not for each row.
        names = _enum([one.delivery.name for one in group])
        hashes = _enum([one.content.sha256 for one in group])
        for frame in _reader(group[0].delivery).frames(group):
            source = frame.get_column("source")
            yield frame.select(
                names.gather(source).alias("delivery"),
                hashes.gather(source).alias("content_hash"),
                pl.exclude("source"),
            )


def _enum(texts: Sequence[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Enum(list(dict.fromkeys(texts))))
