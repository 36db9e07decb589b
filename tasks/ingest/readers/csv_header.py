"""The header record of a CSV file: column names, delimiter, and the offset of the first row."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from tasks.errors import DeliveryUnreadable
from tasks.ingest.header import count_known_columns
from tasks.ingest.readers.long_lines import MARKER_BYTES

_DELIMITERS = ",;\t|"
_MAX_HEADER_BYTES = 64 * 1024
_LINE_BREAKS = re.compile(rb"[\r\n]*")


@dataclass(frozen=True)
class HeaderRecord:
    """A parsed header record.

    Attributes:
        names: Column names as written, in file order.
        delimiter: One of comma, semicolon, tab and vertical bar.
        end: Offset in bytes of the first row.
    """

    names: list[str]
    delimiter: str
    end: int


def parse_header(text: bytes, delivery: str) -> HeaderRecord:
    """Parse the first record of a CSV text.

    Args:
        text: UTF-8 without a byte-order mark; the whole file or its first lines.
        delivery: Name of the delivery, for errors.

    Raises:
        DeliveryUnreadable: The first record is binary, blank, too long or not CSV.
    """
    blank_lines = _LINE_BREAKS.match(text)
    start = blank_lines.end() if blank_lines else 0
    first_line_end = end = _line_end(text, start)
    quotes = text.count(b'"', start, end)
    while quotes % 2 and end < min(len(text), start + _MAX_HEADER_BYTES):
        line_start, end = end, _line_end(text, end)
        quotes += text.count(b'"', line_start, end)
    if quotes % 2:  # a stray quote, not a name with a line break
        end = first_line_end
    if text.find(b"\0", start, end) >= 0:
        raise binary_content_error(delivery)
    too_long = end - start > _MAX_HEADER_BYTES or text.startswith(MARKER_BYTES, start)
    line = "" if too_long else text[start:end].decode().rstrip("\r\n")
    if not line.strip():
        raise DeliveryUnreadable(
            "its first line is not a header.", "Deliver CSV with a header.", delivery=delivery
        )
    fields = split_header(line)
    if fields is None:
        raise DeliveryUnreadable(
            "its header cannot be read.", "Deliver CSV with a header.", delivery=delivery
        )
    names, delimiter = fields
    return HeaderRecord(names, delimiter, end)


def binary_content_error(delivery: str) -> DeliveryUnreadable:
    """Build the error for a file that is not text."""
    return DeliveryUnreadable("it is not a text file (binary content).", "Deliver CSV.", delivery=delivery)


@lru_cache(maxsize=64)
def split_header(line: str) -> tuple[list[str], str] | None:
    """Split a header line by the delimiter that yields most known columns, then most fields."""
    candidates: list[tuple[list[str], str]] = []
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):
            candidates.append((next(csv.reader([line], delimiter=delimiter)), delimiter))
    return max(
        candidates, key=lambda candidate: (count_known_columns(candidate[0]), len(candidate[0])), default=None
    )


def _line_end(text: bytes, start: int) -> int:
    return text.find(b"\n", start) + 1 or len(text)
