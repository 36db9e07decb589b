"""Deliveries to bronze: every row as text, with its delivery, content hash and line number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks import progress
from tasks.errors import DeliveryEmpty, DeliveryError, DeliveryUnfinished, UnknownHeader
from tasks.ingest import source_file
from tasks.ingest.attributes import Attributes
from tasks.ingest.currency import deliveries_telling
from tasks.ingest.discover import Delivery
from tasks.ingest.ingested import Bronze, IngestedFile
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.mapping.passed_over import passed_over_text
from tasks.ingest.mapping.sums import sum_notes, sum_result
from tasks.ingest.part import delivery_heights, distinct_texts
from tasks.ingest.presets.explain import explained
from tasks.ingest.read_files import frames_with_origin, read_frames, reader_of
from tasks.ingest.readers import csv
from tasks.ingest.readers.encoding import encoding_note
from tasks.ingest.readers.last_line import cut_line, note_of
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tasks.ingest.reading_choices import READING_COLUMNS, OpenValues
from tasks.ingest.repeated_headers import RepeatedHeaders
from tasks.ingest.source_file import FileContent, SourceFile, read_and_hash, unpack_content
from tasks.ingest.unfinished import ensure_settled
from tasks.workspace import outputs
from tasks.workspace.parquet_parts import write_part

READER_VERSION = 8


@dataclass(frozen=True)
class IngestResult:
    """Result of ingesting a batch.

    Attributes:
        bronze: The new deliveries; None if there are none.
        unchanged: Names of the deliveries whose content the ledger already has.
        failed: Errors of the deliveries that cannot be read.
        unfinished: Those whose files are still being written.
    """

    bronze: Bronze | None
    unchanged: tuple[str, ...] = ()
    failed: tuple[DeliveryError, ...] = ()
    unfinished: tuple[DeliveryUnfinished, ...] = ()


def ingest(
    batch: Sequence[Delivery],
    known: Mapping[str, str],
    root: Path,
    limits: ReadLimits = DEFAULT_LIMITS,
    reading: ReadingSettings = DEFAULT_READING,
    settle_seconds: float = 0,
) -> IngestResult:
    """Read a batch into bronze.

    A delivery that cannot be read, or is over a limit, is reported in ``failed``, and one whose file is still being
    written in ``unfinished``; the others of the batch are read.

    Args:
        batch: Deliveries to read.
        known: SHA-256 by delivery name, from the ledger; deliveries with the same hash are not parsed.
        root: The workspace.
        limits: The size of values, lines and deliveries.
        reading: Reading settings of the feed.
        settle_seconds: Age of its last change from which a new file is taken.

    Returns:
        The result, with bronze in the columns of ``schema.BRONZE``.

    Raises:
        DeliveryChanged: A large file changed while it was read.
        WorkspaceFull: The workspace cannot be written.
    """
    files: list[SourceFile] = []
    unchanged: list[str] = []
    failed: list[DeliveryError] = []
    room = source_file.HELD_BYTES
    unfinished: list[DeliveryUnfinished] = []
    for delivery in batch:
        try:
            content = _read_settled(delivery, limits, known, settle_seconds)
            if known.get(delivery.name) == content.sha256:
                unchanged.append(delivery.name)
                continue
            reader = reader_of(delivery)
            if reader is csv:
                packed = content
                content = unpack_content(delivery, packed, limits, room)
                # Small files may unpack to any size: a batch holds only so much of them.
                room -= 0 if content is packed else len(content.data or b"")
            files.append(reader.open_delivery(delivery, content, limits, reading))
        except DeliveryUnfinished as error:
            unfinished.append(error)
        except UnknownHeader as error:
            failed.append(explained(error, delivery, reading))
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
    return IngestResult(bronze, tuple(unchanged), tuple(failed), tuple(unfinished))


def _read_settled(
    delivery: Delivery, limits: ReadLimits, known: Mapping[str, str], settle_seconds: float
) -> FileContent:
    """Read and hash a file; a young one is taken only if it is loaded already."""
    try:
        content = read_and_hash(delivery, limits)
    except DeliveryError:
        ensure_settled(delivery, settle_seconds)
        raise
    if known.get(delivery.name) != content.sha256:
        ensure_settled(delivery, settle_seconds)
    return content


def _select_readable(
    files: Sequence[SourceFile], limits: ReadLimits
) -> tuple[list[SourceFile], list[DeliveryError]]:
    """Read each file by itself, without writing: however many fail, the batch is not read again for each."""
    readable: list[SourceFile] = []
    errors: list[DeliveryError] = []
    for file in files:
        try:
            rows = 0
            for frame in read_frames([file], limits, RepeatedHeaders(), Attributes()):
                rows += frame.height
                limits.check_lines(rows, file.delivery.name)
            _ensure_rows(rows, file)
            readable.append(file)
        except DeliveryError as error:
            errors.append(error)
    return readable, errors


def _ensure_rows(rows: int, file: SourceFile) -> None:
    if rows:
        return
    if not file.passed_over:
        raise DeliveryEmpty(
            "it has a header but no rows.", "Have it delivered again.", delivery=file.delivery.name
        )
    raise DeliveryEmpty(
        f"it has no sales line: {passed_over_text(_passed_over(file))}",
        "If some of them are sales, correct the mapping; else there is nothing to load.",
        delivery=file.delivery.name,
        passed_over=_passed_over(file),
    )


def _passed_over(file: SourceFile) -> dict[str, dict[str, Any]]:
    return {reason: one.as_values() for reason, one in sorted(file.passed_over.items())}


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
        tuple(_ingested_file(delivery) for delivery in manifest["deliveries"]),
        _lists_to_tuples(manifest["alone"]),
    )


def _ingested_file(values: Mapping[str, Any]) -> IngestedFile:
    sums = tuple(sum_result(result) for result in values["sums"])
    return IngestedFile(**{**_lists_to_tuples(values), "sums": sums})


def _lists_to_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _write_parts(files: Sequence[SourceFile], folder: Path, limits: ReadLimits) -> dict[str, Any]:
    attributes = Attributes()
    made = _write_parts_once(files, folder, limits, attributes)
    if attributes.found_late:
        for part in folder.iterdir():
            part.unlink()
        made = _write_parts_once(files, folder, limits, attributes.known())
    return made


def _write_parts_once(
    files: Sequence[SourceFile], folder: Path, limits: ReadLimits, attributes: Attributes
) -> dict[str, Any]:
    parts = 0
    rows = dict.fromkeys((file.delivery.name for file in files), 0)
    typed = {file.delivery.name: file.typed_numbers for file in files}
    values = OpenValues()
    telling: set[str] = set()
    headers = RepeatedHeaders()
    last_lines: dict[str, int] = {}
    for frame in frames_with_origin(files, limits, headers, attributes):
        if not frame.height:
            continue
        write_part(frame, outputs.part_path(folder, parts))
        parts += 1
        distinct = distinct_texts(frame, ("currency", *READING_COLUMNS))
        values.add(frame, distinct, typed[frame.item(0, "delivery")])
        telling |= deliveries_telling(frame, distinct)
        end = 0
        for name, count in delivery_heights(frame):
            end += count
            rows[name] += count
            last_lines[name] = frame.item(end - 1, "line_no")
            limits.check_lines(rows[name], name)
    for file in files:
        _ensure_rows(rows[file.delivery.name], file)
    deliveries = [
        IngestedFile(
            file.delivery.name,
            file.content.sha256,
            rows[file.delivery.name],
            file.delivery.size,
            tuple(sorted(file.encodings)),
            file.header.ignored,
            tells_currency=file.delivery.name in telling,
            typed_numbers=file.typed_numbers,
            open_values=values.open.get(file.delivery.name, {}),
            notes=(
                *file.notes,
                *headers.note(file.delivery.name),
                *attributes.notes(file),
                *note_of(file.last_line),
                *encoding_note(file),
                *sum_notes(file.sums),
                *file.mapping_notes,
            ),
            sums=tuple(file.sums),
            passed_over=_passed_over(file),
            **cut_line(file.last_line, last_lines[file.delivery.name]),
        )
        for file in files
    ]
    return {"parts": parts, "deliveries": deliveries, "alone": values.alone}
