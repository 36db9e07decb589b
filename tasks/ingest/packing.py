"""Unpack gzip, zstd and zip deliveries while they are read, in pieces of bounded size.

The first bytes of a file decide, not its name: browsers unpack a download and keep its name, and the reverse.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

import pyarrow as pa

from tasks.errors import DeliveryUnreadable
from tasks.ingest.zip_archive import ZipMember, find_member

PIECE_BYTES = 1024 * 1024
# Few enough that many tiny gzip members, each of which copies what follows it, cost no time.
_READ_BYTES = 64 * 1024
_HEAD_BYTES = 8
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
# A zstd file may begin with a frame to be skipped, as pzstd writes: 50 to 5f, then these bytes.
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PARQUET = b"PAR1"
_DELIVER_AGAIN = "Have it delivered again."

Format = Literal["gzip", "zstd", "zip"]


class ByteStream(Protocol):
    """Bytes of a file, from its start."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""


@dataclass(frozen=True)
class Packing:
    """How a file is packed.

    Attributes:
        format: Format of the file.
        member: The delivery inside a zip archive.
    """

    format: Format
    member: ZipMember | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report: what of an archive is not read."""
        others = self.member.others if self.member else ""
        return (f"The archive also holds {others}: passed over.",) if others else ()


class _Cut(Exception):
    """The file ends before what it holds does."""


def find_packing(file: BinaryIO, delivery: str) -> Packing | None:
    """Return how a file is packed, None if it is not; reads from its start, and the directory of an archive.

    Args:
        file: The file, which can be searched.
        delivery: Name of the delivery, for errors.

    Raises:
        DeliveryUnreadable: An archive is damaged, encrypted, or does not hold exactly one delivery.
    """
    file.seek(0)
    kind = _format_of(file.read(_HEAD_BYTES))
    if kind == "zip":
        return Packing(kind, find_member(file, delivery))
    return None if kind is None else Packing(kind)


def _format_of(head: bytes) -> Format | None:
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZIP):
        return "zip"
    is_skippable = head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F
    return "zstd" if head.startswith(_ZSTD) or is_skippable else None


def unpack(stream: ByteStream, packing: Packing, delivery: str) -> Iterator[bytes]:
    """Unpack a file; several gzip members and zstd frames are one text, as their formats have it.

    Args:
        stream: The file, from its start.
        packing: How it is packed.
        delivery: Name of the delivery, for errors.

    Yields:
        Pieces of at most ``PIECE_BYTES``, none of them empty.

    Raises:
        DeliveryUnreadable: The file is cut off or damaged, something else follows its end, or it holds Parquet or
            another packed file.
    """
    is_start = True
    try:
        for piece in _pieces(stream, packing):
            if is_start:
                _check_content(piece, packing, delivery)
            is_start = False
            yield piece
    except _Cut:
        what = f"the {packing.format} file is cut off: its end is missing."
        raise DeliveryUnreadable(what, _DELIVER_AGAIN, delivery=delivery) from None
    except zlib.error as error:
        what = f"the {packing.format} file is damaged ({str(error)[:120]})."
        raise DeliveryUnreadable(what, _DELIVER_AGAIN, delivery=delivery) from error


def _pieces(stream: ByteStream, packing: Packing) -> Iterator[bytes]:
    if packing.format == "gzip":
        return _unpack_gzip(stream)
    if packing.member is not None:
        return _unpack_member(stream, packing.member)
    return _unpack_zstd(stream)


def _check_content(piece: bytes, packing: Packing, delivery: str) -> None:
    if piece.startswith(_PARQUET):
        what = f"it is a Parquet file inside {packing.format}."
        next_step = "Deliver the Parquet file itself; it is compressed already."
        raise DeliveryUnreadable(what, next_step, delivery=delivery)
    if inner := _format_of(piece[:_HEAD_BYTES]):
        what = f"it is packed twice: {inner} inside {packing.format}."
        raise DeliveryUnreadable(what, "Pack the text file once.", delivery=delivery)


def _unpack_gzip(stream: ByteStream) -> Iterator[bytes]:
    data = stream.read(_READ_BYTES)
    while data:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        yield from _inflate(member, data, lambda: stream.read(_READ_BYTES))
        data = member.unused_data
        # Tape drives and some writers fill the last block up with zeros.
        while not data.strip(b"\0") and (more := stream.read(_READ_BYTES)):
            data = more
        data = data.lstrip(b"\0")


def _inflate(member: zlib._Decompress, data: bytes, read: Callable[[], bytes]) -> Iterator[bytes]:
    """Decompress to the end of a member, beginning with ``data``."""
    while not member.eof:
        data = data or read()
        piece = member.decompress(data, PIECE_BYTES)
        if not data and not piece and not member.eof:
            raise _Cut
        data = member.unconsumed_tail
        if piece:
            yield piece


def _unpack_member(stream: ByteStream, member: ZipMember) -> Iterator[bytes]:
    skip = member.start
    while skip and (data := stream.read(min(_READ_BYTES, skip))):
        skip -= len(data)
    left = member.packed_size

    def read() -> bytes:
        nonlocal left
        data = stream.read(min(_READ_BYTES, left))
        left -= len(data)
        return data

    size = checksum = 0
    pieces = (
        _inflate(zlib.decompressobj(-zlib.MAX_WBITS), b"", read) if member.is_deflated else iter(read, b"")
    )
    for piece in pieces:
        size += len(piece)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if (size, checksum) != (member.size, member.checksum):
        raise zlib.error(f"{member.name} has another size or checksum than the archive says")


class _OpenStream:
    """A stream as pyarrow wants it, which stays open when pyarrow closes it."""

    closed = False

    def __init__(self, stream: ByteStream) -> None:
        self.read = stream.read

    def close(self) -> None:
        self.closed = True


def _unpack_zstd(stream: ByteStream) -> Iterator[bytes]:
    # pyarrow reads all frames, and notices an end that is missing.
    with pa.CompressedInputStream(pa.PythonFile(_OpenStream(stream), mode="r"), "zstd") as text:
        while piece := _read_zstd(text):
            yield piece


def _read_zstd(text: pa.CompressedInputStream) -> bytes:
    try:
        return bytes(text.read(PIECE_BYTES))
    except OSError as error:
        if error.errno is not None:  # the file, not what is in it
            raise
        if "Truncated" in str(error):
            raise _Cut from None
        raise zlib.error(str(error)) from error
