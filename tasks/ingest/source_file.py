"""A delivery's file: its bytes, their hash, and its header."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from tasks.errors import DeliveryChanged, DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.discover import Delivery
from tasks.ingest.header import Header
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tasks.metering import count_bytes

CHUNK_BYTES = 16 * 1024 * 1024
# Larger files are not held in memory but streamed twice: hash, then rows.
HELD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class FileContent:
    """A file's SHA-256 and, unless the file is large, its bytes: rows are parsed from the hashed bytes.

    Attributes:
        sha256: 64 hex digits.
        data: All bytes; None for a large file.
        size: Bytes that were hashed.
    """

    sha256: str
    data: bytes | None
    size: int


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
        has_markers: Whether markers replace lines over the limit; set while a large file is read.
        reading: Reading settings of the feed.
        typed_numbers: Our columns that hold numbers, not text.
    """

    delivery: Delivery
    content: FileContent
    header: Header
    layout: tuple[object, ...] = ()
    body: int = 0
    encodings: set[str] = field(default_factory=set)
    has_markers: bool = False
    reading: ReadingSettings = DEFAULT_READING
    typed_numbers: tuple[str, ...] = ()


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
        DeliveryUnreadable: The file cannot be read.
    """
    limits.check_size(delivery.size, delivery.name)
    with open_source(delivery) as file:
        # Not until the end is met: a file that somebody goes on appending to has none.
        end = os.fstat(file.fileno()).st_size
        # One byte more than discovery saw, to notice a file that has grown since.
        data = file.read(min(delivery.size, HELD_BYTES) + 1)
        if not data:
            raise DeliveryEmpty("the file is empty.", "Have it delivered again.", delivery=delivery.name)
        digest = hashlib.sha256(data)
        size = len(data)
        while chunk := file.read(min(CHUNK_BYTES, end - size) if end > size else 0):
            size += len(chunk)
            limits.check_size(size, delivery.name)
            digest.update(chunk)
    count_bytes(read=size)
    is_held = size == len(data) <= min(delivery.size, HELD_BYTES)
    return FileContent(digest.hexdigest(), data if is_held else None, size)


def rehashed_chunks(file: SourceFile) -> Iterator[bytes]:
    """Yield the bytes of a large file in chunks, hashing them again.

    Raises:
        DeliveryChanged: After the last chunk, if the hash differs from the first one or the file has become longer.
        DeliveryUnreadable: The file can no longer be read.
    """
    digest = hashlib.sha256()
    left = file.content.size
    with open_source(file.delivery) as stream:
        while chunk := stream.read(min(CHUNK_BYTES, left)):
            left -= len(chunk)
            count_bytes(read=len(chunk))
            digest.update(chunk)
            yield chunk
        is_longer = stream.read(1) != b""
    if is_longer or digest.hexdigest() != file.content.sha256:
        raise DeliveryChanged(
            "the file changed while it was read.",
            "Deliver files by renaming them into place; this step is retried.",
            delivery=file.delivery.name,
        )


def check_unchanged(file: SourceFile) -> None:
    """Read a large file once more to check its hash; raises like ``rehashed_chunks``."""
    for _ in rehashed_chunks(file):
        pass
