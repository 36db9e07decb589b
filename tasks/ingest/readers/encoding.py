"""Decode text files to UTF-8 with line feeds: UTF-8, UTF-16 with a byte-order mark, or Windows-1252."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tasks.errors import DeliveryUnreadable
from tasks.ingest.limits import ReadLimits
from tasks.ingest.readers.long_lines import replace_long_lines, whole_lines
from tasks.ingest.source_file import SourceFile, rehashed_chunks

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Bytes that decide the kind of line end; the header of a large file must end within them.
PEEK = 1024 * 1024
# Text with a Windows-1252 line is decoded in pieces of this size, so that few lines stand in a list.
_PIECE_BYTES = 1024 * 1024
# Windows-1252 leaves these five bytes undefined: decode them as in Latin-1.
_UNDEFINED = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


class DecodedText(NamedTuple):
    """A decoded file.

    Attributes:
        data: UTF-8 without a byte-order mark; lines over the limit are markers.
        encoding: Encoding of the file: utf-8, utf-16 or cp1252.
        has_markers: Whether ``data`` has any marker.
    """

    data: bytes
    encoding: str
    has_markers: bool


def decode_all(data: bytes, delivery: str, limits: ReadLimits) -> DecodedText:
    """Decode a whole file.

    Args:
        data: The bytes of the file.
        delivery: Name of the delivery, for errors.
        limits: The length of lines.

    Raises:
        DeliveryUnreadable: The file starts with a UTF-16 mark but is not UTF-16.
    """
    if data.startswith(_UTF16_MARKS):
        try:
            text = data.decode("utf-16").encode()
        except UnicodeError:
            raise DeliveryUnreadable("it is not a text file.", "Deliver CSV.", delivery=delivery) from None
        text, has_markers = replace_long_lines(_to_line_feeds(text, text), limits)
        return DecodedText(text, "utf-16", has_markers)
    text, has_markers = replace_long_lines(_to_line_feeds(data.removeprefix(_UTF8_MARK), data), limits)
    return DecodedText(*_decode_lines(text), has_markers)


def first_lines(start: bytes, delivery: str) -> tuple[bytes, str]:
    """Decode the complete lines at the start of a large file.

    Args:
        start: The first ``PEEK`` bytes of the file.
        delivery: Name of the delivery, for errors.

    Returns:
        UTF-8 text without a byte-order mark, and its encoding: utf-8 or cp1252.

    Raises:
        DeliveryUnreadable: The file is UTF-16, which is decoded as a whole only.
    """
    if start.startswith(_UTF16_MARKS):
        raise DeliveryUnreadable("a UTF-16 file of this size.", "Deliver it as UTF-8.", delivery=delivery)
    text = _to_line_feeds(start.removeprefix(_UTF8_MARK), start)
    return _decode_lines(text[: text.rfind(b"\n") + 1])


def decode_blocks(file: SourceFile, limits: ReadLimits) -> Iterator[bytes]:
    """Decode a large file in blocks of complete lines; together they equal ``decode_all``.

    Args:
        file: The source file; its ``encodings`` grow by each encoding found, and ``has_markers`` is set with
            the first line over the limit.
        limits: The length of lines.

    Raises:
        DeliveryChanged: The file changed after it was hashed.
        DeliveryTooLarge: The file unpacks to more than a delivery may have.
        DeliveryUnreadable: The file can no longer be read, or not be unpacked to its end.
    """
    for block, has_markers in whole_lines(_with_line_feeds(file, limits), limits):
        file.has_markers |= has_markers
        yield _decode_block(block, file)


def _with_line_feeds(file: SourceFile, limits: ReadLimits) -> Iterator[bytes]:
    start = b""
    for chunk in rehashed_chunks(file, limits):
        content = chunk if start else chunk.removeprefix(_UTF8_MARK)
        start = start or chunk[:PEEK]
        yield _to_line_feeds(content, start)


def _decode_block(data: bytes, file: SourceFile) -> bytes:
    text, encoding = _decode_lines(data)
    if encoding != "utf-8":
        file.encodings.discard("utf-8")
        file.encodings.add(encoding)
    return text


def _to_line_feeds(data: bytes, start: bytes) -> bytes:
    """Replace carriage returns by line feeds if the file, which begins with ``start``, has no line feeds."""
    return data.replace(b"\r", b"\n") if b"\n" not in start[:PEEK] else data


def _decode_lines(data: bytes) -> tuple[bytes, str]:
    # Each line is decoded on its own: one Windows-1252 line garbles no UTF-8 line, and blocks of a file read
    # the same as the whole.
    if _is_utf8(data):
        return data, "utf-8"
    pieces: list[bytes] = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE_BYTES) + 1 or len(data)
        piece = data[start:end]
        if not _is_utf8(piece):
            piece = b"\n".join(_decode_line(line) for line in piece.split(b"\n"))
        pieces.append(piece)
        start = end
    return b"".join(pieces), "cp1252"


def _is_utf8(data: bytes) -> bool:
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode_line(line: bytes) -> bytes:
    if _is_utf8(line):
        return line
    # Tills and spreadsheets in Western Europe write Windows-1252.
    return line.decode("cp1252", errors="surrogateescape").translate(_UNDEFINED).encode()
