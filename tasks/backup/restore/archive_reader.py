"""Archives as pg_restore reads them: from memory where they fit, else as a stream. No plaintext reaches a disk.

Several jobs of pg_restore need a file in which they can seek. A memory file is one; an archive that is too large for it
is read from the vault again for each section.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from tasks.errors import RestoreFailed

OpenArchive = Callable[[str], AbstractContextManager[BinaryIO]]
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """A decrypted archive.

    Attributes:
        name: Its name below the backup's folder.
        open_archive: Opens the decrypted stream; called in a thread.
        handle: File descriptor of a copy in memory; None for an archive that is streamed.
    """

    name: str
    open_archive: OpenArchive
    handle: int | None = None


@dataclass(frozen=True)
class ArchiveInput:
    """How a child gets an archive: arguments at its end, its standard input, and file descriptors that it inherits."""

    arguments: tuple[str, ...]
    stdin: int
    fds: tuple[int, ...]


@asynccontextmanager
async def in_memory(archive: Archive, size: int, limit: int) -> AsyncIterator[Archive]:
    """Hold an archive in memory for the block, if it fits.

    Args:
        archive: The archive.
        size: Its bytes after decryption.
        limit: The most bytes that it may take.
    """
    if size > limit or not hasattr(os, "memfd_create"):
        yield archive
        return
    handle = os.memfd_create("retail-archive")
    try:
        await asyncio.to_thread(_copy_into, archive, handle)
        yield replace(archive, handle=handle)
    finally:
        os.close(handle)


def _copy_into(archive: Archive, handle: int) -> None:
    with archive.open_archive(archive.name) as stream, open(handle, "wb", closefd=False) as memory:
        shutil.copyfileobj(stream, memory, _CHUNK)


@asynccontextmanager
async def archive_input(archive: Archive) -> AsyncIterator[ArchiveInput]:
    """Give a child an archive.

    The child must have ended, or its pipes been closed, before the block ends.

    Raises:
        RetailError: the stream failed; this tells more than the child's own complaint about a short archive.
    """
    if archive.handle is not None:
        path = f"/proc/self/fd/{archive.handle}"
        yield ArchiveInput((path,), asyncio.subprocess.DEVNULL, (archive.handle,))
        return
    read_end, write_end = os.pipe()
    pump = asyncio.ensure_future(asyncio.to_thread(_pump, archive, write_end))
    try:
        try:
            yield ArchiveInput((), read_end, ())
        finally:
            await _end_pump(pump, read_end)
    except RestoreFailed:
        pump.result()
        raise
    pump.result()


async def _end_pump(pump: asyncio.Future[None], read_end: int) -> None:
    os.close(read_end)  # the child has its own; a pump that writes on gets EPIPE
    await asyncio.wait({pump})


def _pump(archive: Archive, write_end: int) -> None:
    with (
        open(write_end, "wb", buffering=0) as pipe,
        archive.open_archive(archive.name) as stream,
        suppress(BrokenPipeError),  # pg_restore has read what it wanted
    ):
        shutil.copyfileobj(stream, pipe, _CHUNK)


@contextmanager
def list_file(text: str) -> Iterator[str]:
    """A file with the numbers of entries for ``--use-list``; it holds no data."""
    with tempfile.NamedTemporaryFile("w", prefix="retail-list-") as file:
        file.write(text)
        file.flush()
        yield file.name
