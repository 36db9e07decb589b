"""What a reader makes of a delivery before its rows are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from tasks.errors import DeliveryChanged, DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.columns import Header
from tasks.ingest.discover import Delivery

CHUNK_BYTES = 16 * 1024 * 1024
# Larger files are streamed twice (hash, then rows) instead of being held.
HELD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Content:
    """A file's SHA-256 and, unless it is large, its bytes: what was hashed is what is parsed."""

    sha256: str
    data: bytes | None


@dataclass
class Opened:
    """A delivery whose header is understood. ``layout`` is the reader's own; equal ones are read together."""

    delivery: Delivery
    content: Content
    header: Header
    layout: tuple[object, ...] = ()
    encodings: set[str] = field(default_factory=set)


def take(delivery: Delivery) -> Content:
    """Hash a delivery's bytes, and keep them if they are few enough.

    Raises DeliveryUnreadable if the file cannot be read and DeliveryEmpty if it has no byte.
    """
    digest = hashlib.sha256()
    try:
        with open(delivery.path, "rb") as file:
            if delivery.size <= HELD_BYTES:
                data = file.read(HELD_BYTES + CHUNK_BYTES)
                digest.update(data)
                if not data:
                    raise DeliveryEmpty.of(delivery.name, "the file is empty. Have it delivered again.")
                return Content(digest.hexdigest(), data)
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise DeliveryUnreadable.of(
            delivery.name, f"it cannot be read ({error.strerror}). Check its permissions and the disk."
        ) from error
    return Content(digest.hexdigest(), None)


class CheckedFile:
    """Chunks of a large file, hashed again as they are read.

    Raises DeliveryChanged at the end if the bytes are not those that were hashed first.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with open(self._opened.delivery.path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                yield chunk
        self.compare(digest.hexdigest())

    def compare(self, sha256: str) -> None:
        """Raise DeliveryChanged unless ``sha256`` is what was hashed first."""
        if sha256 != self._opened.content.sha256:
            name = self._opened.delivery.name
            raise DeliveryChanged(
                f"{name}: the file changed while it was read. It is tried again; deliver files by renaming "
                "them into place.",
                delivery=name,
            )


def sha256_of(file: BinaryIO) -> str:
    """SHA-256 of a whole open file, read from its start."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
