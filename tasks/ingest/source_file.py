"""What a reader makes of a delivery before its rows are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from tasks.errors import DeliveryChanged, DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.columns import Header
from tasks.ingest.discover import Delivery

CHUNK_BYTES = 16 * 1024 * 1024
# Larger files are streamed twice (hash, then rows) instead of being held.
HELD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class FileContent:
    """A file's SHA-256 and, unless it is large, its bytes: what was hashed is what is parsed."""

    sha256: str
    data: bytes | None


@dataclass
class SourceFile:
    """A delivery whose header is understood.

    ``layout`` is the reader's own; deliveries of equal ones are read together. ``body`` is where the rows
    begin in a text file, as UTF-8 without a byte-order mark. ``encodings`` grows while a large file is read.
    """

    delivery: Delivery
    content: FileContent
    header: Header
    layout: tuple[object, ...] = ()
    body: int = 0
    encodings: set[str] = field(default_factory=set)


@contextmanager
def open_source(delivery: Delivery) -> Iterator[BinaryIO]:
    """A delivery's file, open for reading; what the system refuses is a DeliveryUnreadable."""
    try:
        with open(delivery.path, "rb") as file:
            yield file
    except OSError as error:
        raise DeliveryUnreadable(
            f"it cannot be read ({error.strerror}).",
            "Check its permissions and the disk.",
            delivery=delivery.name,
        ) from error


def read_and_hash(delivery: Delivery) -> FileContent:
    """Hash a delivery's bytes, and keep them if they are few enough.

    Raises DeliveryUnreadable if the file cannot be read and DeliveryEmpty if it has no byte.
    """
    with open_source(delivery) as file:
        # One byte more than it had when it was found: a file that grows meanwhile is noticed.
        data = file.read(min(delivery.size, HELD_BYTES) + 1)
        if not data:
            raise DeliveryEmpty("the file is empty.", "Have it delivered again.", delivery=delivery.name)
        digest = hashlib.sha256(data)
        more = False
        while chunk := file.read(CHUNK_BYTES):
            more = True
            digest.update(chunk)
    return FileContent(digest.hexdigest(), None if more or len(data) > HELD_BYTES else data)


def rehashed_chunks(opened: SourceFile) -> Iterator[bytes]:
    """Chunks of a large file, hashed again as they are read.

    Raises DeliveryChanged at the end if the bytes are not those that were hashed first, and
    DeliveryUnreadable if the file cannot be read any more.
    """
    digest = hashlib.sha256()
    with open_source(opened.delivery) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != opened.content.sha256:
        name = opened.delivery.name
        raise DeliveryChanged(
            "the file changed while it was read.",
            "It is tried again; deliver files by renaming them into place.",
            delivery=name,
        )


def check_unchanged(opened: SourceFile) -> None:
    """Read a large file once more, as ``chunks`` does, only to see that it did not change."""
    for _ in rehashed_chunks(opened):
        pass
