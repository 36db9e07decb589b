"""The one delivery inside a zip archive."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tasks.errors import DeliveryUnreadable
from tasks.ingest.file_kinds import kind_of

# The directory of an archive is held in memory.
_DIRECTORY_BYTES = 1024 * 1024
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_WORKBOOK = "[Content_Types].xml"
_SHOWN = 5
_NAME_CHARACTERS = 80


@dataclass(frozen=True)
class ZipMember:
    """A file inside an archive.

    Attributes:
        name: Its name in the archive.
        start: Offset of its packed bytes in the archive.
        packed_size: Number of packed bytes.
        size: Number of unpacked bytes.
        checksum: CRC-32 of the unpacked bytes.
        is_deflated: Whether it is compressed, not stored.
        others: First names of the archive's other files, which are no deliveries; empty without any.
    """

    name: str
    start: int
    packed_size: int
    size: int
    checksum: int
    is_deflated: bool
    others: str


class _BoundedFile(io.RawIOBase):
    """A file that refuses to be read in one go: an archive of millions of names is not listed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(_DIRECTORY_BYTES + 1 if size < 0 else min(size, _DIRECTORY_BYTES + 1))
        if len(data) > _DIRECTORY_BYTES:
            raise _DirectoryTooLong
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class _DirectoryTooLong(Exception):
    pass


def find_member(file: BinaryIO, delivery: str) -> ZipMember:
    """Find the delivery in an archive; folders and hidden files do not count.

    Args:
        file: The archive, which can be searched.
        delivery: Name of the delivery, for errors.

    Raises:
        DeliveryUnreadable: The archive is damaged, encrypted, packed in another way than stored or deflated, or does
            not hold exactly one file with the suffix of a delivery.
    """
    try:
        with zipfile.ZipFile(_BoundedFile(file)) as archive:
            entries = archive.infolist()
        member, others = _select(entries, delivery)
        start = _start_of(file, member)
    except _DirectoryTooLong:
        raise _several("it is a zip archive of very many files.", delivery) from None
    # zipfile raises the last one for archives that ask for a later version of the format.
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        what = f"the zip file is damaged or cut off: it has no readable directory ({str(error)[:120]})."
        raise DeliveryUnreadable(what, "Have it delivered again.", delivery=delivery) from error
    return ZipMember(
        member.filename,
        start,
        member.compress_size,
        member.file_size,
        member.CRC,
        member.compress_type == zipfile.ZIP_DEFLATED,
        others,
    )


def _select(entries: Sequence[zipfile.ZipInfo], delivery: str) -> tuple[zipfile.ZipInfo, str]:
    files = [entry for entry in entries if not entry.is_dir() and not _is_hidden(entry.filename)]
    if any(entry.filename == _WORKBOOK for entry in files):
        raise DeliveryUnreadable("it is an Excel workbook.", "Save it as CSV.", delivery=delivery)
    candidates = [entry for entry in files if kind_of(entry.filename)]
    if not candidates:
        inside = f" ({_listed([entry.filename for entry in files])})" if files else ""
        what = f"its zip archive holds no delivery{inside}."
        raise DeliveryUnreadable(what, "Pack one .csv, .txt or .tsv file.", delivery=delivery)
    if len(candidates) > 1:
        names = _listed([entry.filename for entry in candidates])
        raise _several(f"its zip archive holds {len(candidates)} deliveries ({names}).", delivery)
    (member,) = candidates
    if member.flag_bits & _ENCRYPTED:
        raise DeliveryUnreadable(
            "its zip archive is encrypted.", "Pack it without a password.", delivery=delivery
        )
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        what = f"its zip archive is compressed by method {member.compress_type}, which is not read."
        raise DeliveryUnreadable(what, "Pack it by the usual method, deflate.", delivery=delivery)
    return member, _listed([entry.filename for entry in files if entry is not member])


def _several(what: str, delivery: str) -> DeliveryUnreadable:
    return DeliveryUnreadable(
        what, "Unpack it and deliver the folder, or pack each file by itself.", delivery=delivery
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:_NAME_CHARACTERS] for name in names[:_SHOWN]) + (
        ", ..." if len(names) > _SHOWN else ""
    )


def _is_hidden(name: str) -> bool:
    # macOS adds a __MACOSX folder, whose files are named like the others.
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _start_of(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Offset of the packed bytes, behind the name that the archive repeats before them."""
    file.seek(member.header_offset)
    signature, name_size, extra_size = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile("its directory points elsewhere")
    return int(member.header_offset) + _LOCAL_HEADER.size + int(name_size) + int(extra_size)
