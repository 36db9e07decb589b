"""A delivery's file: its bytes, their hash, and its header."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO

from tasks.errors import DeliveryChanged, DeliveryEmpty, DeliveryError, DeliveryUnreadable
from tasks.ingest.discover import Delivery
from tasks.ingest.further_columns import FurtherColumns
from tasks.ingest.header import Header
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.mapping.passed_over import PassedOver
from tasks.ingest.mapping.sums import SumResult
from tasks.ingest.packing import ByteStream, Packing, find_packing, unpack
from tasks.ingest.reading import DEFAULT_READING, LastLine, ReadingSettings
from tasks.ingest.unfinished import ensure_unchanged
from tasks.metering import count_bytes

CHUNK_BYTES = 16 * 1024 * 1024
# Larger files are not held in memory but streamed twice: hash, then rows.
HELD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class FileContent:
    """A file's SHA-256 and, unless the file is large, its bytes: rows are parsed from the hashed bytes.

    Attributes:
        sha256: 64 hex digits.
        data: All bytes, unpacked once its reader has asked for that; None for a large file.
        size: Bytes that were hashed.
        packing: How a large file is packed; None if it is not, or held.
        notes: Sentences for the report.
    """

    sha256: str
    data: bytes | None
    size: int
    packing: Packing | None = None
    notes: tuple[str, ...] = ()


@dataclass
class SourceFile:
    """A source file whose header has been parsed.

    Attributes:
        delivery: The delivery.
        content: Its hash and, unless it is large, its bytes.
        header: Positions of our columns.
        layout: Opaque value of the reader; files of equal layout are read together.
        body: Offset in bytes of the first row in the file's text, as UTF-8 without a byte-order mark.
        encodings: Encodings seen so far; more may follow while a large file is read.
        has_markers: Whether markers replace lines that are set aside; set while a large file is read.
        reading: Reading settings of the feed.
        fallback_line: The first line that is not UTF-8 and was read as Windows-1252, from 1 with the header; 0 for
            none so far.
        notes: Findings about the file as a whole, as sentences for the report.
        last_line: Its last line, if it has no line end and it is not plain that it is whole.
        typed_numbers: Our columns that hold numbers, not text.
        further: Its columns that are read for nothing.
        passed_over: Rows that are no sales or no lines by the mapping, by reason; set while the file is read.
        sums: What became of the sums that the mapping checks; likewise.
        mapping_notes: What else the mapping finds, as sentences for the report; likewise.
    """

    delivery: Delivery
    content: FileContent
    header: Header
    layout: tuple[object, ...] = ()
    body: int = 0
    encodings: set[str] = field(default_factory=set)
    has_markers: bool = False
    reading: ReadingSettings = DEFAULT_READING
    fallback_line: int = 0
    notes: tuple[str, ...] = ()
    last_line: LastLine | None = None
    typed_numbers: tuple[str, ...] = ()
    further: FurtherColumns = field(default_factory=FurtherColumns)
    passed_over: dict[str, PassedOver] = field(default_factory=dict)
    sums: list[SumResult] = field(default_factory=list)
    mapping_notes: list[str] = field(default_factory=list)


@contextmanager
def open_source(delivery: Delivery) -> Iterator[BinaryIO]:
    """Open a delivery's file for reading; an OSError inside the block becomes a DeliveryUnreadable."""
    try:
        with open(delivery.path, "rb") as file:
            yield file
    except OSError as error:
        raise DeliveryUnreadable(
            f"it cannot be read ({error.strerror}).",
            "Check its permissions and the disk.",
            delivery=delivery.name,
        ) from error


def read_and_hash(delivery: Delivery, limits: ReadLimits = DEFAULT_LIMITS) -> FileContent:
    """Hash a delivery's file, and keep its bytes if it has at most ``HELD_BYTES``.

    Raises:
        DeliveryEmpty: The file has no bytes.
        DeliveryTooLarge: The file is larger than a delivery may be.
        DeliveryUnfinished: The file has changed since discovery.
        DeliveryUnreadable: The file cannot be read.
    """
    limits.check_size(delivery.size, delivery.name)
    with open_source(delivery) as file:
        # Not until the end is met: a file that somebody goes on appending to has none.
        end = os.fstat(file.fileno()).st_size
        # One byte more than discovery saw, to notice a file that has grown since.
        data = file.read(min(delivery.size, HELD_BYTES) + 1)
        if not data:
            ensure_unchanged(delivery)
            raise DeliveryEmpty("the file is empty.", "Have it delivered again.", delivery=delivery.name)
        digest = hashlib.sha256(data)
        size = len(data)
        while chunk := file.read(min(CHUNK_BYTES, end - size) if end > size else 0):
            size += len(chunk)
            limits.check_size(size, delivery.name)
            digest.update(chunk)
    count_bytes(read=size)
    ensure_unchanged(delivery)
    is_held = size == len(data) <= min(delivery.size, HELD_BYTES)
    return FileContent(digest.hexdigest(), data if is_held else None, size)


def read_end(delivery: Delivery, size: int, count: int) -> bytes:
    """Read the last ``count`` bytes of a file of ``size`` bytes; a change of it is noticed when its rows are read."""
    with open_source(delivery) as file:
        file.seek(max(0, size - count))
        return file.read(count)


def unpack_content(
    delivery: Delivery, content: FileContent, limits: ReadLimits = DEFAULT_LIMITS, room: int | None = None
) -> FileContent:
    """Unpack a delivery that is gzip, zstd or zip; any other content stays as it is.

    Args:
        delivery: The delivery.
        content: Its content as read.
        limits: The size of deliveries.
        room: Bytes of text that may be held, ``HELD_BYTES`` by default; larger text is unpacked while it is read.

    Raises:
        DeliveryChanged: It changed after it was hashed, and can no longer be unpacked.
        DeliveryEmpty: It holds no bytes.
        DeliveryTooLarge: It unpacks to more than a delivery may have.
        DeliveryUnreadable: It is cut off or damaged, or an archive that does not hold exactly one delivery.
    """
    with _open_content(delivery, content) as file, _not_changed(file, delivery, content):
        return _unpack_held(file, delivery, content, limits, HELD_BYTES if room is None else room)


def _unpack_held(
    file: BinaryIO, delivery: Delivery, content: FileContent, limits: ReadLimits, room: int
) -> FileContent:
    packing = find_packing(file, delivery.name)
    if packing is None:
        return content
    file.seek(0)
    text = bytearray()
    for piece in _unpacked(file, packing, delivery, limits):
        text += piece
        if len(text) > room:
            return replace(content, data=None, packing=packing, notes=packing.notes)
    if not text:
        raise DeliveryEmpty(
            "it unpacks to an empty file.", "Have it delivered again.", delivery=delivery.name
        )
    return replace(content, data=bytes(text), notes=packing.notes)


@contextmanager
def _open_content(delivery: Delivery, content: FileContent) -> Iterator[BinaryIO]:
    if content.data is not None:
        yield BytesIO(content.data)
        return
    with open_source(delivery) as file:
        yield file


def read_start(delivery: Delivery, content: FileContent, size: int) -> bytes:
    """Read the first bytes of a large file, unpacked.

    Raises:
        DeliveryChanged: The file changed after it was hashed, and can no longer be unpacked.
        DeliveryUnreadable: The file cannot be read, or is damaged.
    """
    with open_source(delivery) as file, _not_changed(file, delivery, content):
        if content.packing is None:
            return file.read(size)
        start = b""
        for piece in unpack(file, content.packing, delivery.name):
            start += piece
            if len(start) >= size:
                break
        return start[:size]


def _unpacked(
    stream: ByteStream, packing: Packing, delivery: Delivery, limits: ReadLimits
) -> Iterator[bytes]:
    size = 0
    for piece in unpack(stream, packing, delivery.name):
        size += len(piece)
        limits.check_size(size, delivery.name)
        yield piece


class _HashedStream:
    """The bytes of a file as they were when it was hashed, hashed again while they are read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size
        self._digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        self._digest.update(data)
        count_bytes(read=len(data))
        return data

    def is_unchanged(self, sha256: str) -> bool:
        """Read to the end; return whether the file is as long as it was, with the same hash."""
        while self.read(CHUNK_BYTES):
            pass
        return self._file.read(1) == b"" and self._digest.hexdigest() == sha256


def rehashed_chunks(file: SourceFile, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[bytes]:
    """Yield the bytes of a large file in chunks, unpacked, hashing the file again.

    Raises:
        DeliveryChanged: After the last chunk, if the hash differs from the first one or the file has become longer.
        DeliveryTooLarge: It unpacks to more than a delivery may have.
        DeliveryUnreadable: The file can no longer be read, or what it holds is cut off or damaged.
    """
    content, delivery = file.content, file.delivery
    with open_source(delivery) as source:
        stream = _HashedStream(source, content.size)
        with _not_changed(source, delivery, content):
            if content.packing is None:
                yield from iter(lambda: stream.read(CHUNK_BYTES), b"")
            else:
                yield from _whole_chunks(_unpacked(stream, content.packing, delivery, limits))
        if not stream.is_unchanged(content.sha256):
            raise _changed(delivery)


@contextmanager
def _not_changed(file: BinaryIO, delivery: Delivery, content: FileContent) -> Iterator[None]:
    """Raise DeliveryChanged for an error of a file that is not what was hashed: cut by its writer, it looks damaged."""
    try:
        yield
    except DeliveryError:
        file.seek(0)
        if not _HashedStream(file, content.size).is_unchanged(content.sha256):
            raise _changed(delivery) from None
        raise


def _changed(delivery: Delivery) -> DeliveryChanged:
    return DeliveryChanged(
        "the file changed while it was read.",
        "Deliver files by renaming them into place; this step is retried.",
        delivery=delivery.name,
    )


def _whole_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join pieces: the first chunk of a file decides its kind of line end."""
    chunk = bytearray()
    for piece in pieces:
        chunk += piece
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def check_unchanged(file: SourceFile) -> None:
    """Read a large file once more to check its hash; raises like ``rehashed_chunks``."""
    for _ in rehashed_chunks(file):
        pass
