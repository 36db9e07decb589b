"""Decode text files to UTF-8 with line feeds: by their byte-order mark, by the feed's encoding, or as UTF-8.

Without an encoding of the feed, lines that are not UTF-8 are Windows-1252. With one, lines that it cannot decode are
replaced by markers, as lines over the limit are: each costs only itself.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple

from tasks.errors import DeliveryUnreadable
from tasks.ingest.limits import ReadLimits
from tasks.ingest.readers.long_lines import MARKER_BYTES, marker_line, replace_long_lines, whole_lines
from tasks.ingest.source_file import SourceFile, rehashed_chunks

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GB18030_MARK = b"\x84\x31\x95\x33"
# Bytes that decide the kind of line end; the header of a large file must end within them.
PEEK = 1024 * 1024
# Text with a line that is not UTF-8 is decoded in pieces of this size, so that few lines stand in a list.
_PIECE_BYTES = 1024 * 1024
# Windows-1252 leaves these five bytes undefined: decode them as in Latin-1.
_UNDEFINED = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


class DecodedText(NamedTuple):
    """A decoded file, or its first lines.

    Attributes:
        data: UTF-8 without a byte-order mark; lines over the limit, or that cannot be decoded, are markers.
        encoding: Encoding of the file: that of its mark, that of the feed, utf-8 or cp1252.
        has_markers: Whether ``data`` has any marker.
        fallback_line: The first line that is not UTF-8 and was read as Windows-1252, from 1; 0 for none.
    """

    data: bytes
    encoding: str
    has_markers: bool
    fallback_line: int


def decode_all(data: bytes, delivery: str, limits: ReadLimits, encoding: str | None = None) -> DecodedText:
    """Decode a whole file.

    Args:
        data: The bytes of the file.
        delivery: Name of the delivery, for errors.
        limits: The length of lines.
        encoding: Encoding of the feed's files; a byte-order mark says more.

    Raises:
        DeliveryUnreadable: The file is UTF-16 by its mark or the feed's encoding, but is not; or its first line cannot
            be decoded.
    """
    utf16 = _utf16_codec(data, encoding)
    if utf16 is not None:
        try:
            text = data.decode(utf16).encode()
        except UnicodeError:
            what = "it is not a text file." if encoding is None else f"it is not {utf16} text."
            raise DeliveryUnreadable(what, "Deliver CSV.", delivery=delivery) from None
        text, has_markers = replace_long_lines(_to_line_feeds(text, text), limits)
        return DecodedText(text, "utf-16", has_markers, 0)
    decoder = _LineDecoder(_codec(data, encoding), delivery)
    text, has_markers = replace_long_lines(_to_line_feeds(_without_mark(data, encoding), data), limits)
    text = decoder.decode(text)
    return DecodedText(text, decoder.encoding, has_markers or decoder.has_markers, decoder.fallback_line)


def first_lines(start: bytes, delivery: str, encoding: str | None = None) -> DecodedText:
    """Decode the complete lines at the start of a large file.

    Args:
        start: The first ``PEEK`` bytes of the file.
        delivery: Name of the delivery, for errors.
        encoding: Encoding of the feed's files.

    Raises:
        DeliveryUnreadable: The file is UTF-16, which is decoded as a whole only; or its first line cannot be decoded.
    """
    if _utf16_codec(start, encoding) is not None:
        raise DeliveryUnreadable("a UTF-16 file of this size.", "Deliver it as UTF-8.", delivery=delivery)
    text = _to_line_feeds(_without_mark(start, encoding), start)
    decoder = _LineDecoder(_codec(start, encoding), delivery)
    text = decoder.decode(text[: text.rfind(b"\n") + 1])
    return DecodedText(text, decoder.encoding, decoder.has_markers, decoder.fallback_line)


def decode_blocks(file: SourceFile, limits: ReadLimits) -> Iterator[bytes]:
    """Decode a large file in blocks of complete lines; together they equal ``decode_all``.

    Args:
        file: The source file; its ``encodings`` grow by each encoding found, ``has_markers`` is set with the first
            marker, and ``fallback_line`` with the first line read as Windows-1252.
        limits: The length of lines.

    Raises:
        DeliveryChanged: The file changed after it was hashed.
        DeliveryTooLarge: The file unpacks to more than a delivery may have.
        DeliveryUnreadable: The file can no longer be read, or not be unpacked to its end, or its first line cannot be
            decoded.
    """
    decoder: _LineDecoder | None = None
    start = b""

    def with_line_feeds() -> Iterator[bytes]:
        nonlocal start
        for chunk in rehashed_chunks(file, limits):
            content = chunk if start else _without_mark(chunk, file.reading.encoding)
            start = start or chunk[:PEEK]
            yield _to_line_feeds(content, start)

    for block, has_markers in whole_lines(with_line_feeds(), limits):
        decoder = decoder or _LineDecoder(_codec(start, file.reading.encoding), file.delivery.name)
        text = decoder.decode(block)
        if decoder.encoding != "utf-8":
            file.encodings.discard("utf-8")
            file.encodings.add(decoder.encoding)
        file.has_markers |= has_markers or decoder.has_markers
        if decoder.encoding == "cp1252" and not decoder.codec and not file.fallback_line:
            file.fallback_line = decoder.fallback_line or _find_fallback_line(file, limits)
        yield text


def _utf16_codec(start: bytes, encoding: str | None) -> str | None:
    """Return the codec of a UTF-16 file, None for any other."""
    if start.startswith(_UTF16_MARKS):
        return "utf-16"
    if encoding is None or not encoding.startswith("utf-16") or start.startswith(_UTF8_MARK):
        return None
    return encoding


def _codec(start: bytes, encoding: str | None) -> str | None:
    """Return the codec of a file that is not UTF-16; None for UTF-8 with Windows-1252."""
    return "utf-8" if encoding is not None and start.startswith(_UTF8_MARK) else encoding


def _without_mark(data: bytes, encoding: str | None) -> bytes:
    data = data.removeprefix(_UTF8_MARK)
    return data.removeprefix(_GB18030_MARK) if encoding == "gb18030" else data


def _to_line_feeds(data: bytes, start: bytes) -> bytes:
    """Replace carriage returns by line feeds if the file, which begins with ``start``, has no line feeds."""
    return data.replace(b"\r", b"\n") if b"\n" not in start[:PEEK] else data


class _LineDecoder:
    """Decodes the lines of one file, in blocks of complete lines from its start.

    Each line is decoded on its own where it must be: one Windows-1252 line garbles no UTF-8 line, a line that cannot
    be decoded is lost alone, and blocks of a file read the same as the whole.

    Attributes:
        encoding: Encoding of the lines so far.
        has_markers: Whether a line so far could not be decoded.
        fallback_line: The first line of the first block that was read as Windows-1252, from 1; 0 for none.
    """

    def __init__(self, codec: str | None, delivery: str) -> None:
        self.codec = codec
        self._delivery = delivery
        self._is_first = True
        self.encoding = codec or "utf-8"
        self.has_markers = False
        self.fallback_line = 0

    def decode(self, block: bytes) -> bytes:
        """Decode the next block to UTF-8."""
        if self.codec is not None and self.codec != "utf-8":
            text = block if block.isascii() else self._decode_all(block)
            text = self._by_line(block) if text is None else text
        else:
            invalid = _first_invalid(block)
            if invalid is not None and self.codec is None:
                self.encoding = "cp1252"
                if self._is_first:
                    self.fallback_line = block.count(b"\n", 0, invalid) + 1
            text = block if invalid is None else self._by_line(block)
        if self._is_first and self.has_markers and text.startswith(MARKER_BYTES):
            raise DeliveryUnreadable(
                f"its first line is not {self.codec} text.",
                "Deliver it in the encoding of the feed, or load it into a feed with its own (--encoding).",
                delivery=self._delivery,
            )
        self._is_first &= not block
        return text

    def _decode_all(self, block: bytes) -> bytes | None:
        try:
            return block.decode(str(self.codec)).encode()
        except UnicodeDecodeError:
            return None

    def _by_line(self, block: bytes) -> bytes:
        pieces: list[bytes] = []
        start = 0
        while start < len(block):
            end = block.find(b"\n", start + _PIECE_BYTES) + 1 or len(block)
            piece = block[start:end]
            if piece.isascii() or (self.codec in {None, "utf-8"} and _first_invalid(piece) is None):
                pieces.append(piece)
            else:
                pieces.append(b"\n".join(self._decode_line(line) for line in piece.split(b"\n")))
            start = end
        return b"".join(pieces)

    def _decode_line(self, line: bytes) -> bytes:
        if line.isascii():
            return line
        try:
            return line.decode(self.codec or "utf-8").encode()
        except UnicodeDecodeError:
            if self.codec is not None:
                self.has_markers = True
                raw = line.decode(self.codec, errors="backslashreplace")
                return marker_line(f"it is not {self.codec} text", raw.removesuffix("\r"))
            # Tills and spreadsheets in Western Europe write Windows-1252.
            return line.decode("cp1252", errors="surrogateescape").translate(_UNDEFINED).encode()


def _find_fallback_line(file: SourceFile, limits: ReadLimits) -> int:
    """Return the first line of a large file that is not UTF-8, from 1; read again, as most files have none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, start = 1, b""
    for chunk in rehashed_chunks(file, limits):
        start = start or chunk
        text = _to_line_feeds(chunk, start)
        try:
            decoder.decode(text)
        except UnicodeDecodeError as error:
            return lines + bytes(error.object).count(b"\n", 0, error.start)
        lines += text.count(b"\n")
    return 0


def _first_invalid(data: bytes) -> int | None:
    """Return the offset of the first byte that is not UTF-8; None if all are."""
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def encoding_note(file: SourceFile) -> tuple[str, ...]:
    """Tell the first line that was read as Windows-1252 because it is not UTF-8, if there is one."""
    if not file.fallback_line:
        return ()
    return (
        f"Line {file.fallback_line:,} of the file is not UTF-8: it and all lines that are not were read as "
        "Windows-1252. Set the encoding (--encoding) to cp1252, or to what it is, to settle it.",
    )
