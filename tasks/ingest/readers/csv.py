"""CSV reader: polars parses valid text in bulk, broken rows are kept with their raw text and fault.

polars pads short rows with nulls and cannot report long ones. So delimiters are counted: those in the
text minus those inside values must match the number of rows. If they do not, the text is parsed record
by record. pyarrow.csv reports rows by their field count only: it accepts text behind a closing quote,
and an unclosed quote takes in the rows that follow.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tasks.errors import DeliveryEmpty, UnknownHeader
from tasks.ingest.discover import Delivery
from tasks.ingest.further_columns import FurtherColumns, find_further
from tasks.ingest.header import Header
from tasks.ingest.limits import DEFAULT_LIMITS, ReadLimits
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.readers import csv_fallback
from tasks.ingest.readers.csv_header import binary_content_error
from tasks.ingest.readers.encoding import PEEK, decode_all, decode_blocks, first_lines
from tasks.ingest.readers.find_header import find_header
from tasks.ingest.readers.last_line import judge_last_line
from tasks.ingest.readers.long_lines import MARKER_BYTES, has_long_line
from tasks.ingest.readers.long_values import has_long_record
from tasks.ingest.readers.parts import SizedFrame, merge_frames, strip_line_ends
from tasks.ingest.readers.quotes import find_quotes, inspect_quoted, no_quotes
from tasks.ingest.readers.swallowed_lines import any_swallows_lines
from tasks.ingest.readers.tab_quotes import settle_quotes
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tasks.ingest.schema import FAULT
from tasks.ingest.source_file import FileContent, SourceFile, read_start

# Text that is parsed at once, unless it is a batch of small files: memory is bounded by it.
_BLOCK_BYTES = 16 * 1024 * 1024
# Text with a broken row is split into pieces of this size; only the pieces with broken rows are parsed slowly.
_PIECE_BYTES = 512 * 1024
_ONLY_BLANK_LINES = re.compile(rb"[\r\n ]*")


def open_delivery(
    delivery: Delivery,
    content: FileContent,
    limits: ReadLimits = DEFAULT_LIMITS,
    reading: ReadingSettings = DEFAULT_READING,
) -> SourceFile:
    """Detect the encoding, delimiter and header of a CSV delivery.

    Args:
        delivery: The file to open.
        content: Its hash and, unless the file is large, its bytes.
        limits: The length of lines.
        reading: Reading settings of the feed.

    Returns:
        The source file; held bytes are now UTF-8 without a byte-order mark.

    Raises:
        DeliveryEmpty: The file has a header but no rows (large files: found while reading).
        DeliveryUnreadable: The file is not text, or has no header.
        UnknownHeader: A column is missing or occurs twice.
    """
    if content.data is None:
        decoded = first_lines(read_start(delivery, content, PEEK), delivery.name, reading.encoding)
    else:
        decoded = decode_all(content.data, delivery.name, limits, reading.encoding)
    text, encoding, has_markers, fallback_line = decoded
    try:
        record, header = find_header(text, mapping_of_reading(reading), delivery.name)
    except UnknownHeader:
        if b"\0" in text[:PEEK]:
            raise binary_content_error(delivery.name) from None
        raise
    if content.data is not None:
        content = replace(content, data=text)
        # Checked before the batch is read, which would otherwise be read again without this file.
        # Tabs are not stripped: a row may consist of them.
        if _ONLY_BLANK_LINES.fullmatch(text, record.end):
            raise DeliveryEmpty(
                "it has a header but no rows.", "Have it delivered again.", delivery=delivery.name
            )
    further = find_further(header, keeps_persons=reading.keeps_persons)
    read = tuple(header.positions.items())
    layout = (record.delimiter, read, header.width, header.mapping, *further.identity)
    file = SourceFile(
        delivery,
        content,
        header,
        layout,
        record.end,
        {encoding},
        has_markers,
        reading,
        fallback_line,
        notes=content.notes,
        further=further,
    )
    settle_quotes(file, text[: record.end], record.delimiter, _body_blocks(file, limits))
    file.last_line = judge_last_line(file, record.delimiter)
    return file


@dataclass(frozen=True)
class _Layout:
    """How to parse the files of a group: their header, delimiter, limits, and whether quotes enclose fields."""

    header: Header
    further: FurtherColumns
    delimiter: str
    limits: ReadLimits
    has_quoting: bool

    @property
    def names(self) -> list[str]:
        return [f"column_{position}" for position in range(self.header.width)]

    @property
    def positions(self) -> dict[str, int]:
        return {**self.header.positions, **self.further.columns}


@dataclass(frozen=True)
class _TextBlock:
    """Complete records of one file, as UTF-8.

    Attributes:
        source: Position of the file in its group.
        rows_before: Number of rows of the file in earlier blocks.
    """

    source: int
    data: memoryview
    rows_before: int = 0


def frames(group: Sequence[SourceFile], limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[pl.DataFrame]:
    """Read source files of equal layout.

    Args:
        group: Source files with the same ``layout``.
        limits: The length of lines and values.

    Yields:
        Frames of about ``ROWS_PER_PART`` rows for each large file, then those of all held files.
        Columns: ``source`` (UInt32, position in ``group``), ``line_no`` (Int32, records from 1 without the
        header), those of the header and the further ones (String, null where empty), ``fault`` and ``raw`` (String,
        null for valid rows).

    Raises:
        DeliveryChanged: A large file changed after it was hashed.
        DeliveryUnreadable: A large file can no longer be read.
    """
    header, further, (delimiter, *_, has_quoting) = group[0].header, group[0].further, group[0].layout
    layout = _Layout(header, further, str(delimiter), limits, bool(has_quoting))
    held: list[tuple[SourceFile, _TextBlock]] = []
    for source, file in enumerate(group):
        if file.content.data is None:
            yield from merge_frames(_read_blocks(file, source, _body_blocks(file, limits), layout))
        else:
            held.append((file, _TextBlock(source, memoryview(file.content.data)[file.body :])))
    if held:
        yield from merge_frames(_read_held_files(held, layout))


def _read_held_files(held: Sequence[tuple[SourceFile, _TextBlock]], layout: _Layout) -> Iterator[SizedFrame]:
    size = sum(len(block.data) for _, block in held)
    if size <= 2 * _BLOCK_BYTES and not any(file.has_markers for file, _ in held):
        frame = _parse_valid([block for _, block in held], layout)
        if frame is not None:
            yield frame, size
            return
    for file, block in held:
        starts = range(0, len(block.data), _BLOCK_BYTES)
        blocks = (bytes(block.data[start : start + _BLOCK_BYTES]) for start in starts)
        yield from _read_blocks(file, block.source, blocks, layout)


def _body_blocks(file: SourceFile, limits: ReadLimits) -> Iterator[bytes]:
    """The text of a file without its header; a large file is decoded."""
    if file.content.data is not None:
        yield file.content.data[file.body :]
        return
    header_left = file.body
    for block in decode_blocks(file, limits):
        yield block[header_left:]
        header_left = max(0, header_left - len(block))


def _read_blocks(
    file: SourceFile, source: int, blocks: Iterable[bytes], layout: _Layout
) -> Iterator[SizedFrame]:
    """Parse one file block by block; a record cut at the end of a block is carried over to the next."""
    remaining = iter(blocks)
    pieces: list[bytes] = []
    rows_before = 0
    carried = b""
    while True:
        is_piece = bool(pieces)
        block = pieces.pop() if is_piece else next(remaining, None)
        data = carried + (block or b"")
        end = len(data) if block is None else csv_fallback.record_end(data, layout.limits.line_bytes)
        records = _TextBlock(source, memoryview(data)[:end], rows_before)
        has_marker = file.has_markers and data.find(MARKER_BYTES, 0, end) >= 0
        frame = None if has_marker else _parse_valid([records], layout)
        carried = data[end:]
        if frame is None and block is not None and not is_piece and len(data) > _PIECE_BYTES:
            # Narrow a broken row down to a piece of the block.
            pieces += [data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES)][::-1]
            carried = b""
            continue
        if frame is None:
            frame, incomplete = _parse_by_record(records, layout, last=block is None)
            carried = incomplete + carried
        rows_before += frame.height
        yield frame, end
        if block is None:
            return


def _parse_valid(blocks: Sequence[_TextBlock], layout: _Layout) -> pl.DataFrame | None:
    """Parse all blocks in one call, with a marker row after each; None if any row is broken or too long."""
    header, delimiter, names = layout.header, layout.delimiter, layout.names
    token = f"\x1e{secrets.token_hex(8)}"
    marker = f"\n{token}{delimiter * (header.width - 1)}\n".encode()
    pieces: list[bytes | memoryview] = []
    for block in blocks:
        stripped = strip_line_ends(block.data)
        pieces += [stripped, marker] if len(stripped) else [marker[1:]]
    text = b"".join(pieces)
    delimiter_byte = ord(delimiter)
    quotes = find_quotes(text) if layout.has_quoting else no_quotes(text)
    lines = quotes.count(ord("\n"))
    # polars fills short rows up: millions of them under a wide header would take many times the text.
    if lines * header.width > max(len(text), _BLOCK_BYTES // 16):
        return None
    if quotes.offsets.len() and not quotes.well_placed(delimiter_byte):
        return None
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            separator=delimiter,
            quote_char='"' if layout.has_quoting else None,
            schema=dict.fromkeys(names, pl.String),
        )
    except pl.exceptions.PolarsError:
        return None
    quoted_delimiters, has_quoted_empty = inspect_quoted(quotes, frame, delimiter)
    delimiters = quotes.count(delimiter_byte) - quoted_delimiters
    is_marker = frame.get_column(names[0]).eq_missing(pl.Series([token]))
    ends = is_marker.arg_true()
    if delimiters != frame.height * (header.width - 1) or ends.len() != len(blocks):
        return None
    # A record of one line is as short as its line.
    is_short = lines == frame.height and not has_long_line(text, layout.limits.value_bytes)
    if not is_short and (
        has_long_record(frame, header.positions.values(), layout.limits)
        or any_swallows_lines(frame, delimiter)
    ):
        return None
    # A row belongs to the block whose index is the number of markers before the row.
    index = is_marker.cast(pl.UInt32).cum_sum().clip(upper_bound=len(blocks) - 1)
    starts = ends.shift(1).cast(pl.Int64).fill_null(-1) - pl.Series([block.rows_before for block in blocks])
    sources = pl.Series([block.source for block in blocks], dtype=pl.UInt32)
    columns = [pl.col(names[position]).alias(column) for column, position in layout.positions.items()]
    if has_quoted_empty:  # polars reads a quoted empty field as "", an empty one as null
        columns = [pl.when(column.str.len_bytes() > 0).then(column) for column in columns]
    return frame.select(
        sources.gather(index).alias("source"),
        (pl.int_range(frame.height, dtype=pl.Int64, eager=True) - starts.gather(index))
        .cast(pl.Int32)
        .alias("line_no"),
        *columns,
        *(pl.lit(None, dtype=dtype).alias(name) for name, dtype in FAULT.items()),
    ).filter(~is_marker)


def _parse_by_record(block: _TextBlock, layout: _Layout, *, last: bool) -> tuple[pl.DataFrame, bytes]:
    """Parse a block record by record; return its rows and, unless ``last``, a trailing incomplete record."""
    positions, read = layout.positions, tuple(layout.header.positions.values())
    records = csv_fallback.Records(layout.header.width, read, layout.limits)
    incomplete = csv_fallback.split_records(
        bytes(block.data).decode(), records, layout.delimiter, last=last, has_quoting=layout.has_quoting
    )
    height = len(records.rows)
    values = {column: [row[position] for row in records.rows] for column, position in positions.items()}
    frame = pl.DataFrame(values, schema=dict.fromkeys(positions, pl.String)).select(
        pl.lit(block.source, dtype=pl.UInt32).alias("source"),
        pl.int_range(block.rows_before + 1, block.rows_before + height + 1, dtype=pl.Int32).alias("line_no"),
        *(pl.when(pl.col(column).str.len_bytes() > 0).then(pl.col(column)) for column in positions),
        pl.Series("fault", [records.faults.get(row) for row in range(height)], dtype=pl.String),
        pl.Series("raw", [records.raw.get(row) for row in range(height)], dtype=pl.String),
    )
    return frame, incomplete.encode()
