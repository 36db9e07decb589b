"""Decide what quotes are in a tab-separated file: marks around fields as in CSV, or text as in marketplaces' reports.

Both readings agree on a quote inside a field, such as ``Mug 12"``; they differ only where a field begins with one. The
lines with such fields are the evidence, over the whole file:

- For CSV: the header is quoted, or a quoted field holds a tab or doubled quotes, or belongs to a column other than the
  description: no code, date or number begins with a quote; or lines make a record of CSV together that are none by
  themselves.
- For text: taken as text, a line has as many fields as the header, but its quotes are not those of CSV: text follows
  a closing quote, or tabs are inside quotes, or a quote stays open and the next line is complete too.

Quotes are text if there is evidence for that and none for CSV. With both, broken lines are set aside as in any CSV.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from tasks.ingest.header import Header
from tasks.ingest.readers.open_quotes import MisplacedQuote, UnclosedQuote, parse_record
from tasks.ingest.source_file import SourceFile
from tasks.outside_text import displayable

_TAB = "\t"
_QUOTED_FIELD = re.compile(rb'(?:\A|[\t\n])"')
_SHOWN = 60
# Lines of one record that are put together.
_RECORD_LINES = 50

_Evidence = Literal["csv", "text", "open", "begun"]


def settle_quotes(file: SourceFile, header_line: bytes, delimiter: str, blocks: Iterable[bytes]) -> None:
    """Add to the layout of a file whether its quotes enclose fields, and a note if they are text.

    Args:
        file: The file; its layout becomes one longer.
        header_line: The text up to the first row.
        delimiter: The character between fields; quotes are looked at only if it is a tab.
        blocks: The rows as UTF-8, in blocks of complete lines.
    """
    text_quote = _find_text_quote(header_line, blocks, file.header) if delimiter == _TAB else None
    file.layout += (text_quote is None,)
    if text_quote is not None:
        file.notes += (f"Quotes are text in this file, not marks around its fields, as in: {text_quote}",)


def _find_text_quote(header_line: bytes, blocks: Iterable[bytes], header: Header) -> str | None:
    """Return the first field that shows that quotes are text; None if they are quotes as in CSV."""
    if _QUOTED_FIELD.search(header_line.rstrip(b"\r\n").rpartition(b"\n")[2]):
        return None
    positions = [position for column, position in header.positions.items() if column != "description"]
    found: str | None = None
    # A line that leaves a quote open, until the next line is seen.
    open_line: str | None = None
    # Lines that are too short, the first of which leaves a quote open.
    begun: list[str] = []
    for line in _lines_with_quotes(blocks):
        if open_line is not None and line.count(_TAB) + 1 == header.width:
            found = found or open_line
        open_line = None
        if begun and len(begun) < _RECORD_LINES:
            begun.append(line)
            if _is_record(begun, header.width):
                return None
        evidence = _judge(line, header.width, positions)
        if evidence == "csv":
            return None
        if evidence == "text":
            found = found or line
        elif evidence == "open":
            open_line = line
        elif evidence == "begun" and not begun:
            begun = [line]
    if found is None:
        return None
    fields = found.split(_TAB)
    position = next(position for position, field in enumerate(fields) if field.startswith('"'))
    if position not in header.positions.values():  # what it holds may be of a person
        return f"the column {displayable(header.names[position].strip()[:_SHOWN])}"
    return fields[position][:_SHOWN] + ("…" if len(fields[position]) > _SHOWN else "")


def _lines_with_quotes(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield each line with a field that begins with a quote, and the lines after it as long as a quote may be open."""
    is_next_wanted = False
    left = 0
    for block in blocks:
        at = 0
        while at < len(block):
            if not is_next_wanted:
                match = _QUOTED_FIELD.search(block, at)
                if match is None:
                    break
                at = block.rfind(b"\n", at, match.end()) + 1 or at
            end = block.find(b"\n", at) + 1 or len(block)
            line = block[at:end].decode().rstrip("\r\n")
            at = end
            if line:
                has_quoted = line.startswith('"') or f'{_TAB}"' in line
                is_odd = line.count('"') % 2 == 1
                # Of an even number of quotes in a line none opens or closes a field of several lines.
                opened = _RECORD_LINES if is_odd and has_quoted and not left else 0
                left = opened if is_odd else max(0, left - 1)
                is_next_wanted = has_quoted or left > 0
                yield line


def _is_record(lines: list[str], width: int) -> bool:
    try:
        fields = parse_record(lines, _TAB)
    except (MisplacedQuote, UnclosedQuote):
        return False
    return len(fields) == width


def _judge(line: str, width: int, positions: Iterable[int]) -> _Evidence | None:
    """Return what a line is evidence for; ``open`` or ``begun`` if that depends on the lines after it."""
    as_text = line.split(_TAB)
    fits_as_text = len(as_text) == width
    try:
        fields = parse_record([line], _TAB)
    except MisplacedQuote:
        return "text" if fits_as_text else None
    except UnclosedQuote:
        return "open" if fits_as_text else "begun"
    if len(fields) != width:
        return "text" if fits_as_text else None
    has_doubled = any(field.startswith('"') and '""' in field[1:-1] for field in as_text)
    is_csv = (
        not fits_as_text or has_doubled or any(as_text[position].startswith('"') for position in positions)
    )
    return "csv" if is_csv else None
