"""CSV: polars for what is sound, record by record for what is not, and no row lost in silence.

polars pads short rows with nulls and cannot set aside long ones. So the separators are counted: those
in the bytes, less those inside values, must be what complete rows have. Where they are not, the file
is read record by record and each broken row is kept with its raw text and the fault.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from tasks.errors import DeliveryEmpty, DeliveryUnreadable, UnknownHeader
from tasks.ingest.columns import COLUMNS, Header, known, match
from tasks.ingest.discover import Delivery
from tasks.ingest.readers import csv_fallback
from tasks.ingest.readers.encoding import PEEK, decode_all, decode_blocks, first_lines
from tasks.ingest.readers.quotes import Quotes, find
from tasks.ingest.source_file import FileContent, SourceFile, open_source

ROWS_PER_PART = 131_072
_DELIMITERS = ",;\t|"
_HEADER_BYTES = 64 * 1024
# How much text is read row by row for a broken row in it.
_PIECE_BYTES = 256 * 1024
# With more, it is quicker to look at every value than at what stands between quotes.
_QUOTED_BYTES = 4 * 1024 * 1024
_TEXT = {"fault": pl.String, "raw": pl.String}


def open_delivery(delivery: Delivery, content: FileContent) -> SourceFile:
    """Understand encoding, delimiter and header of a CSV delivery.

    Raises DeliveryEmpty (no line after the header), DeliveryUnreadable (not text) or UnknownHeader.
    """
    if content.data is None:
        with open_source(delivery) as file:
            text, encoding = first_lines(file.read(PEEK), delivery.name)
    else:
        text, encoding = decode_all(content.data, delivery.name)
    names, delimiter, body = _header(text, delivery.name)
    try:
        header = match(names, delivery.name)
    except UnknownHeader:
        if b"\0" in text[:PEEK]:
            raise _binary(delivery.name) from None
        raise
    if content.data is not None:
        # From here on the held bytes are UTF-8 without a byte-order mark.
        content = FileContent(content.sha256, text)
        # Told here, so that the batch need not be read again without it; a row may consist of tabs.
        if not text[body:].strip(b"\r\n "):
            raise DeliveryEmpty(
                "it has a header and no line.", "Have it delivered again.", delivery=delivery.name
            )
    layout = (delimiter, tuple(header.positions.items()), header.width)
    return SourceFile(delivery, content, header, layout, body, {encoding})


def _binary(delivery: str) -> DeliveryUnreadable:
    return DeliveryUnreadable("it is not a text file (binary content).", "Deliver CSV.", delivery=delivery)


def _header(text: bytes, delivery: str) -> tuple[list[str], str, int]:
    """The names in the first record, its delimiter, and where the next record begins."""
    start = 0
    while text[start : start + 1] in {b"\r", b"\n"}:
        start += 1
    first = end = _line_end(text, start)
    while text.count(b'"', start, end) % 2 and end < min(len(text), _HEADER_BYTES):
        end = _line_end(text, end)
    if text.count(b'"', start, end) % 2:  # a stray quote, no name of several lines
        end = first
    if b"\0" in text[start:end]:
        raise _binary(delivery)
    line = text[start:end].decode().rstrip("\r\n")
    if not line.strip() or end - start > _HEADER_BYTES:
        raise DeliveryUnreadable(
            "its first line is no header.", "Deliver CSV with a header.", delivery=delivery
        )
    found = _split(line)
    if found is None:
        raise DeliveryUnreadable(
            "its header cannot be read.", "Deliver CSV with a header.", delivery=delivery
        )
    names, delimiter = found
    return names, delimiter, end


@lru_cache(maxsize=64)
def _split(line: str) -> tuple[list[str], str] | None:
    """The names in a header, by the delimiter that makes most sense of it."""
    readings: list[tuple[list[str], str]] = []
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):
            readings.append((next(csv.reader([line], delimiter=delimiter)), delimiter))
    return max(readings, key=lambda open_source: (known(open_source[0]), len(open_source[0])), default=None)


def _line_end(text: bytes, start: int) -> int:
    return text.find(b"\n", start) + 1 or len(text)


@dataclass(frozen=True)
class _Body:
    """Whole records of the delivery at ``source`` in its group, with ``before`` of its rows before them."""

    source: int
    data: memoryview
    before: int = 0


def frames(group: Sequence[SourceFile]) -> Iterator[pl.DataFrame]:
    """Rows of deliveries of one layout: ``source`` (place in ``group``), ``line_no``, our columns as text,
    ``fault`` and ``raw`` (both null for sound rows).

    Raises DeliveryChanged if a large file's bytes are no longer those that were hashed.
    """
    header, delimiter = group[0].header, str(group[0].layout[0])
    held: list[_Body] = []
    for source, opened in enumerate(group):
        if opened.content.data is None:
            yield from _gathered(_by_blocks(source, _without_header(opened), header, delimiter))
        else:
            held.append(_Body(source, memoryview(opened.content.data)[opened.body :]))
    if held:
        yield _held(held, header, delimiter)


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of about ``ROWS_PER_PART``, for pieces with broken rows are small."""
    some: list[pl.DataFrame] = []
    for frame in frames:
        some.append(frame)
        if sum(one.height for one in some) >= ROWS_PER_PART:
            yield pl.concat(some)
            some = []
    if some:
        yield pl.concat(some)


def _held(bodies: Sequence[_Body], header: Header, delimiter: str) -> pl.DataFrame:
    frame = _sound(bodies, header, delimiter)
    if frame is not None:
        return frame
    parsed: list[pl.DataFrame] = []
    for body in bodies:
        parsed += _by_blocks(body.source, [bytes(body.data)], header, delimiter)
    return pl.concat(parsed)


def _without_header(opened: SourceFile) -> Iterator[bytes]:
    begins = opened.body
    for block in decode_blocks(opened):
        yield block[begins:]
        begins = max(0, begins - len(block))


def _by_blocks(
    source: int, blocks: Iterable[bytes], header: Header, delimiter: str
) -> Iterator[pl.DataFrame]:
    """Rows of one delivery, block by block; a record cut by the end of a block is read with the next one."""
    coming = iter(blocks)
    pieces: list[bytes] = []
    before = 0
    rest = b""
    while True:
        close = bool(pieces)
        block = pieces.pop() if close else next(coming, None)
        data = rest + (block or b"")
        end = len(data) if block is None else _record_end(data)
        body = _Body(source, memoryview(data)[:end], before)
        frame = _sound([body], header, delimiter)
        rest = data[end:]
        if frame is None and block is not None and not close and len(data) > _PIECE_BYTES:
            # A broken row somewhere in much text: looked for in pieces of it.
            pieces += [data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES)][::-1]
            rest = b""
            continue
        if frame is None:
            frame, left = _one_by_one(body, header, delimiter, last=block is None)
            rest = left + rest
        before += frame.height
        yield frame
        if block is None:
            return


def _record_end(data: bytes) -> int:
    """Just behind the last line break that no quoted field encloses, if the quotes tell: there are even
    numbers of them in sound records."""
    last = data.rfind(b"\n") + 1
    end, quotes = last, data.count(b'"', 0, last)
    for _ in range(csv_fallback.MAX_QUOTED_LINES):
        if quotes % 2 == 0 or end <= 0:
            break
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return end if end > 0 and quotes % 2 == 0 else last


def _trimmed(body: memoryview) -> memoryview:
    end = len(body)
    while end and body[end - 1] in b"\r\n":
        end -= 1
    return body[:end]


def _sound(bodies: Sequence[_Body], header: Header, delimiter: str) -> pl.DataFrame | None:
    """Parse all bodies in one go, told apart by a marker row behind each; None if any row is not sound."""
    token = f"\x1e{secrets.token_hex(8)}"
    marker = f"\n{token}{delimiter * (header.width - 1)}\n".encode()
    pieces: list[bytes | memoryview] = []
    for body in bodies:
        kept = _trimmed(body.data)
        pieces += [kept, marker] if len(kept) else [marker[1:]]
    blob = b"".join(pieces)
    separator = ord(delimiter)
    quotes = find(blob)
    if quotes.places.len() and not quotes.well_placed(separator):
        return None
    names = [f"column_{position}" for position in range(header.width)]
    try:
        frame = pl.read_csv(
            blob, has_header=False, separator=delimiter, schema=dict.fromkeys(names, pl.String)
        )
    except pl.exceptions.PolarsError:
        return None
    enclosed, may_be_empty = _within_quotes(quotes, frame, delimiter)
    separators = quotes.count(separator) - enclosed
    is_marker = frame.get_column(names[0]).eq_missing(pl.Series([token]))
    ends = is_marker.arg_true()
    if separators != frame.height * (header.width - 1) or ends.len() != len(bodies):
        return None
    # Row i lies behind as many markers as bodies come before its own.
    place = is_marker.cast(pl.UInt32).cum_sum().clip(upper_bound=len(bodies) - 1)
    starts = ends.shift(1).cast(pl.Int64).fill_null(-1) - pl.Series([body.before for body in bodies])
    sources = pl.Series([body.source for body in bodies], dtype=pl.UInt32)
    columns = [pl.col(names[header.positions[column]]).alias(column) for column in COLUMNS]
    if may_be_empty:  # polars tells a quoted empty field from an empty one
        columns = [pl.when(column.str.len_bytes() > 0).then(column) for column in columns]
    return frame.select(
        sources.gather(place).alias("source"),
        (pl.int_range(frame.height, dtype=pl.Int64, eager=True) - starts.gather(place))
        .cast(pl.Int32)
        .alias("line_no"),
        *columns,
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in _TEXT.items()),
    ).filter(~is_marker)


def _within_quotes(quotes: Quotes, frame: pl.DataFrame, delimiter: str) -> tuple[int, bool]:
    """How many separators stand within quoted values, and whether a quoted value may be empty.

    The quotes are well placed, and ``frame`` is what their text holds.
    """
    if quotes.enclosed <= _QUOTED_BYTES:
        return quotes.enclose(ord(delimiter))
    counted = frame.select(pl.all().str.count_matches(delimiter, literal=True).sum())
    return sum(value or 0 for value in counted.row(0)), True


def _one_by_one(body: _Body, header: Header, delimiter: str, *, last: bool) -> tuple[pl.DataFrame, bytes]:
    """Parse a body record by record; unless it is the ``last``, with the bytes of a record that may go on."""
    found, rest = csv_fallback.split(bytes(body.data).decode(), header.width, delimiter, last=last)
    height = len(found.rows)
    columns = dict(zip(range(header.width), zip(*found.rows, strict=True), strict=True)) if found.rows else {}
    text = {column: columns.get(position, ()) for column, position in header.positions.items()}
    frame = pl.DataFrame(text, schema=dict.fromkeys(COLUMNS, pl.String)).select(
        pl.lit(body.source, dtype=pl.UInt32).alias("source"),
        pl.int_range(body.before + 1, body.before + height + 1, dtype=pl.Int32).alias("line_no"),
        *(pl.when(pl.col(column).str.len_bytes() > 0).then(pl.col(column)) for column in COLUMNS),
        pl.Series("fault", [found.faults.get(row) for row in range(height)], dtype=pl.String),
        pl.Series("raw", [found.raw.get(row) for row in range(height)], dtype=pl.String),
    )
    return frame, rest.encode()
