"""The header record of a CSV file: column names, delimiter, and the offset of the first row."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from tasks.errors import DeliveryUnreadable
from tasks.ingest.header import count_known_columns, fold_name
from tasks.ingest.readers.long_lines import MARKER_BYTES

_DELIMITERS = ",;\t|"
_SEP_DELIMITERS = frozenset("\t !#$%&'()*+,./:;<=>?@[\\]^_`{|}~")
_MAX_HEADER_BYTES = 64 * 1024
_LINE_BREAKS = re.compile(rb"[\r\n]*")
# Excel's first line, which names the delimiter and is no row. Saved again by Excel, it may be quoted or filled up with
# delimiters.
_SEP_LINE = re.compile(
    rb'("?)sep=(?P<delimiter>[\xc2-\xdf][\x80-\xbf]|[^\r\n]?)(?:(?P=delimiter)|\1)*[ ]*[\r\n]*', re.IGNORECASE
)
_MAX_SEP_LINE_BYTES = 1024


@dataclass(frozen=True)
class HeaderRecord:
    """A parsed header record.

    Attributes:
        names: Column names as written, in file order.
        delimiter: Comma, semicolon, tab or vertical bar, or the character that Excel's line ``sep=`` names.
        end: Offset in bytes of the first row.
    """

    names: list[str]
    delimiter: str
    end: int


def parse_header(
    text: bytes, delivery: str, start: int = 0, known: frozenset[str] | None = None
) -> HeaderRecord:
    """Parse the first record of a CSV text, or the one that begins at an offset.

    Args:
        text: UTF-8 without a byte-order mark; the whole file or its first lines.
        delivery: Name of the delivery, for errors.
        start: Offset of the record.
        known: Folded names by which the delimiter is found; None for those of our columns.

    Raises:
        DeliveryUnreadable: The first record is binary, blank, too long or not CSV.
    """
    delimiters, start = _read_sep_line(text, _skip_blank_lines(text, start), delivery)
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
    fields = split_header(line, delimiters, known)
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
def split_header(
    line: str, delimiters: str = _DELIMITERS, known: frozenset[str] | None = None
) -> tuple[list[str], str] | None:
    """Split a header line by the one of ``delimiters`` that yields most known columns, then most fields."""
    candidates: list[tuple[list[str], str]] = []
    for delimiter in delimiters:
        with suppress(csv.Error):
            candidates.append((next(csv.reader([line], delimiter=delimiter)), delimiter))
    return max(
        candidates, key=lambda candidate: (_count_known(candidate[0], known), len(candidate[0])), default=None
    )


def _count_known(names: list[str], known: frozenset[str] | None) -> int:
    return count_known_columns(names) if known is None else len(known.intersection(map(fold_name, names)))


def _read_sep_line(text: bytes, start: int, delivery: str) -> tuple[str, int]:
    """Return the delimiters that the header may have, and where it begins."""
    end = _line_end(text, start)
    found = _SEP_LINE.fullmatch(text, start, end) if end - start <= _MAX_SEP_LINE_BYTES else None
    if found is None:
        return _DELIMITERS, start
    delimiter = found["delimiter"].decode()
    if delimiter not in _SEP_DELIMITERS:
        raise DeliveryUnreadable(
            "its first line, sep=, names no delimiter.",
            "Remove that line, or let it name a character such as ; or a tab.",
            delivery=delivery,
        )
    return delimiter, _skip_blank_lines(text, end)


def _skip_blank_lines(text: bytes, start: int) -> int:
    blank_lines = _LINE_BREAKS.match(text, start)
    return blank_lines.end() if blank_lines else start


def _line_end(text: bytes, start: int) -> int:
    return text.find(b"\n", start) + 1 or len(text)
