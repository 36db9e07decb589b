"""The bytes of a text file as UTF-8 with plain line ends, whichever way tills and spreadsheets wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.errors import DeliveryUnreadable
from tasks.ingest.source_file import SourceFile, rehashed_chunks

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What is looked at to tell a file's line ends, and how far into it the header must end.
PEEK = 1024 * 1024
# Windows-1252 leaves five bytes undefined; they are read as the control characters they are elsewhere.
_UNDEFINED = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


def decode_all(data: bytes, delivery: str) -> tuple[bytes, str]:
    """A whole file as UTF-8, and the encoding it came in: utf-8, utf-16 (by its mark) or cp1252.

    Raises DeliveryUnreadable for a broken UTF-16 file.
    """
    if data.startswith(_UTF16_MARKS):
        try:
            text = data.decode("utf-16").encode()
        except UnicodeError:
            raise DeliveryUnreadable("it is not a text file.", "Deliver CSV.", delivery=delivery) from None
        return _plain_ends(text, text), "utf-16"
    return _lines_as_utf8(_plain_ends(data.removeprefix(_UTF8_MARK), data))


def first_lines(start: bytes, delivery: str) -> tuple[bytes, str]:
    """The whole lines in the first bytes of a large file, as UTF-8, and their encoding.

    Raises DeliveryUnreadable for UTF-16, which is not read in pieces.
    """
    if start.startswith(_UTF16_MARKS):
        raise DeliveryUnreadable("a UTF-16 file of this size.", "Deliver it as UTF-8.", delivery=delivery)
    text = _plain_ends(start.removeprefix(_UTF8_MARK), start)
    return _lines_as_utf8(text[: text.rfind(b"\n") + 1])


def decode_blocks(opened: SourceFile) -> Iterator[bytes]:
    """A large file as UTF-8, in blocks of whole lines; the same bytes that ``whole`` would give.

    Adds what it meets to the encodings of ``opened``. Raises DeliveryChanged and DeliveryUnreadable.
    """
    start = rest = b""
    for chunk in rehashed_chunks(opened):
        fresh = chunk if start else chunk.removeprefix(_UTF8_MARK)
        start = start or chunk[:PEEK]
        text = rest + _plain_ends(fresh, start)
        end = text.rfind(b"\n") + 1
        yield _noted(text[:end], opened)
        rest = text[end:]
    yield _noted(rest, opened)


def _noted(data: bytes, opened: SourceFile) -> bytes:
    text, encoding = _lines_as_utf8(data)
    if encoding != "utf-8":
        opened.encodings.discard("utf-8")
        opened.encodings.add(encoding)
    return text


def _plain_ends(data: bytes, start: bytes) -> bytes:
    """``data`` with line feeds, if the file that begins with ``start`` ends its lines by carriage returns."""
    return data.replace(b"\r", b"\n") if b"\n" not in start[:PEEK] else data


def _lines_as_utf8(data: bytes) -> tuple[bytes, str]:
    # Line by line, so that one foreign line does not garble the others, and a file reads the same in pieces.
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError:
        return b"\n".join(_line_as_utf8(line) for line in data.split(b"\n")), "cp1252"
    return data, "utf-8"


def _line_as_utf8(line: bytes) -> bytes:
    try:
        line.isascii() or line.decode()
    except UnicodeDecodeError:
        # Tills and spreadsheets of Western Europe write this.
        return line.decode("cp1252", errors="surrogateescape").translate(_UNDEFINED).encode()
    return line
