"""The page headers of a Parquet file: what its columns unpack to, before anything is unpacked.

Sizes in the footer are the writer's word only. A reader allocates what the header of each page says, so the sum over
those headers is the truth. pyarrow does not show them, and they are few: a page has about a megabyte.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from tasks.errors import DeliveryTooLarge

_MB = 1024**2
# Pages are unpacked whole, one of each column at a time, beside the dictionary of the column.
_UNPACKED_BYTES = 128 * _MB
# Values that are decoded at once, and the fewest rows at once: reading by single rows would take for ever.
_BATCH_BYTES = 128 * _MB
_MIN_ROWS = 32
_HEADER_BYTES = (4 * 1024, 16 * _MB)
_DICTIONARY_PAGE = 2
_DELTA_BYTE_ARRAY = 7
_MAX_DEPTH = 8


class BrokenPageHeader(Exception):
    """A page header cannot be parsed."""


@dataclass(frozen=True)
class ReadPlan:
    """How to read a file's columns in bounded memory.

    Attributes:
        batch_rows: Rows to decode at once.
        dictionaries: Names of text columns to read as dictionaries, which are not multiplied by their rows.
    """

    batch_rows: int
    dictionaries: tuple[str, ...]


@dataclass
class _ColumnCost:
    """What a column costs: its largest pages, and the most bytes that one row decodes to, on average over a page."""

    dictionary_page: int = 0
    data_page: int = 0
    row: int = 0


def plan_reading(
    file: BinaryIO, metadata: pq.FileMetaData, columns: Sequence[int], max_rows: int, delivery: str
) -> ReadPlan:
    """Plan how to read columns of a file, from its page headers.

    Args:
        file: The file.
        metadata: Its footer.
        columns: Positions of the columns among the leaves of the schema.
        max_rows: Rows of a batch of short values.
        delivery: Name of the delivery, for errors.

    Raises:
        BrokenPageHeader: A page header cannot be parsed.
        DeliveryTooLarge: Some pages cannot be read in bounded memory.
    """
    costs = {column: _ColumnCost() for column in columns}
    for group in range(metadata.num_row_groups):
        for column, cost in costs.items():
            chunk = metadata.row_group(group).column(column)
            _add_cost(cost, _pages(file, chunk), metadata.schema.column(column))
    unpacked = sum(cost.dictionary_page + cost.data_page for cost in costs.values())
    row = sum(cost.row for cost in costs.values())
    if unpacked > _UNPACKED_BYTES or row > _BATCH_BYTES // _MIN_ROWS:
        size = max(unpacked, row * _MIN_ROWS) // _MB
        raise DeliveryTooLarge(
            f"its pages unpack to {size} MB at once.",
            "Have it written with pages of about 1 MB, and without values of megabytes.",
            delivery=delivery,
        )
    schema = metadata.schema
    dictionaries = tuple(
        schema.column(column).path
        for column, cost in costs.items()
        if cost.dictionary_page and schema.column(column).physical_type == "BYTE_ARRAY"
    )
    return ReadPlan(min(max_rows, max(_MIN_ROWS, _BATCH_BYTES // max(1, row))), dictionaries)


def _add_cost(cost: _ColumnCost, pages: Iterator[dict[int, Any]], column: pq.ColumnSchema) -> None:
    width = column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else 0
    cost.row = max(cost.row, width)
    for page in pages:
        size = page[2]
        if page[1] == _DICTIONARY_PAGE:
            cost.dictionary_page = max(cost.dictionary_page, size)
            continue
        cost.data_page = max(cost.data_page, size)
        # Of version 1 or 2; both have the number of values first.
        header = page.get(5) or page.get(8) or {}
        # In this encoding each value may repeat the one before it, as long as the page.
        repeats = not width and _DELTA_BYTE_ARRAY in {page.get(5, {}).get(2), page.get(8, {}).get(4)}
        cost.row = max(cost.row, size if repeats else size // max(1, header.get(1, 1)))


def _pages(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[dict[int, Any]]:
    """Yield the page headers of a column chunk."""
    if chunk.num_values == 0:  # Arrow reads no page of it, and there may be none
        return
    position = chunk.data_page_offset
    # As Arrow reads it: the offset of a dictionary counts only in front of the data.
    if chunk.dictionary_page_offset and 0 < chunk.dictionary_page_offset < position:
        position = chunk.dictionary_page_offset
    end = position + chunk.total_compressed_size
    while position < end:
        page, header_size = _read_header(file, position)
        yield page
        position += header_size + page[3]


def _read_header(file: BinaryIO, position: int) -> tuple[dict[int, Any], int]:
    for size in _HEADER_BYTES:
        file.seek(position)
        stream = io.BytesIO(file.read(size))
        try:
            page = _read_struct(stream, 0)
        except IndexError:
            continue
        if min(page.get(1, -1), page.get(2, -1), page.get(3, -1)) < 0:
            break
        return page, stream.tell()
    raise BrokenPageHeader("the header of a page is damaged")


def _read_struct(stream: io.BytesIO, depth: int) -> dict[int, Any]:
    """Read a struct of Thrift's compact protocol: its fields by number, numbers and structs only."""
    if depth > _MAX_DEPTH:
        raise BrokenPageHeader("the header of a page is nested too deeply")
    fields: dict[int, Any] = {}
    number = 0
    while (head := stream.read(1)[0]) != 0:
        number = number + (head >> 4) if head >> 4 else _read_integer(stream)
        fields[number] = _read_value(stream, head & 0x0F, depth)
    return fields


def _read_value(stream: io.BytesIO, kind: int, depth: int) -> Any:
    if kind in {1, 2}:  # true, false
        return kind == 1
    if kind == 3:
        return stream.read(1)[0]
    if kind in {4, 5, 6}:  # integers
        return _read_integer(stream)
    if kind == 7:  # double
        _skip(stream, 8)
    elif kind == 8:  # bytes, such as a statistic
        _skip(stream, _read_varint(stream))
    elif kind == 12:
        return _read_struct(stream, depth + 1)
    else:
        raise BrokenPageHeader("the header of a page is damaged")
    return None


def _skip(stream: io.BytesIO, size: int) -> None:
    if size > len(stream.getbuffer()) - stream.tell():
        raise IndexError
    stream.seek(size, io.SEEK_CUR)


def _read_integer(stream: io.BytesIO) -> int:
    value = _read_varint(stream)
    return (value >> 1) ^ -(value & 1)


def _read_varint(stream: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
        if shift > 63:
            raise BrokenPageHeader("the header of a page is damaged")
