"""Parse CSV record by record, for text with broken rows: a broken row costs its own line only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.ingest.limits import ReadLimits, excerpt
from tasks.ingest.readers import swallowed_lines
from tasks.ingest.readers.long_lines import read_marker
from tasks.ingest.readers.open_quotes import (
    MAX_QUOTED_LINES,
    MisplacedQuote,
    OpenQuotes,
    UnclosedQuote,
    parse_record,
)

_QUOTE_FAULT = "a quote that is not closed, or text behind a closing quote"


@dataclass
class Records:
    """The records of a text, in file order.

    Attributes:
        width: Number of fields of a valid record.
        positions: Positions of our columns, whose values have a limit.
        limits: The length of values.
        rows: Fields of each record; ``width`` empty fields for a broken one.
        faults: Index in ``rows`` of each broken record to its fault.
        raw: Index in ``rows`` of each broken record to its line without the line end, or its excerpt.
    """

    width: int
    positions: Sequence[int]
    limits: ReadLimits
    rows: list[Sequence[str]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    raw: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # One for all broken records: a header of thousands of columns makes no row long.
        self._empty = ("",) * self.width

    def width_fault(self, fields: int) -> str:
        """Fault of a record with a wrong number of fields."""
        return f"{fields} fields instead of {self.width}"

    def add(self, fields: Sequence[str], lines: Sequence[str]) -> None:
        """Add a record; a wrong number of fields or too long a value makes it a broken one.

        Args:
            fields: The parsed fields.
            lines: The lines of the record.
        """
        if len(fields) != self.width:
            self.add_broken(self.width_fault(len(fields)), lines[0])
            return
        # A character has at most four bytes.
        if 4 * sum(map(len, lines)) > self.limits.value_bytes:
            longest = max(len(fields[position].encode()) for position in self.positions)
            if longest > self.limits.value_bytes:
                self.add_broken(self.limits.value_fault(longest), excerpt("\n".join(lines)))
                return
        self.rows.append(fields)

    def add_broken(self, fault: str, line: str) -> None:
        """Add a line that is not a valid record."""
        self.faults[len(self.rows)] = fault
        self.raw[len(self.rows)] = line.removesuffix("\r")
        self.rows.append(self._empty)


def record_end(data: bytes, limit: int) -> int:
    """Return the offset after the last newline outside quotes, judged by quote parity.

    Without an even number of quotes before any of the last newlines, or ``limit`` bytes: the offset after the last
    newline.
    """
    last = data.rfind(b"\n") + 1
    end, quotes = last, data.count(b'"', 0, last)
    for _ in range(MAX_QUOTED_LINES):
        if quotes % 2 == 0 or end <= 0 or last - end > limit:
            break
        line_start = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', line_start, end)
        end = line_start
    return end if end > 0 and quotes % 2 == 0 else last


def split_records(
    text: str, records: Records, delimiter: str, *, last: bool, has_quoting: bool = True
) -> str:
    """Split a text into records; blank lines are skipped.

    Args:
        text: Decoded text that starts at a record.
        records: Takes the records.
        delimiter: The character between fields.
        last: Whether the text is the end of the file.
        has_quoting: Whether quotes enclose fields, not text.

    Returns:
        The text of a trailing record that may continue after ``text`` (empty if ``last``).
    """
    lines = text.split("\n")
    end = len(lines) if last else len(lines) - 1
    quotes = OpenQuotes(lines, end, delimiter, records.limits.line_bytes)
    at = 0
    # The last line of a record that is none.
    closing = -1
    while at < end:
        line = lines[at]
        if at == closing:
            records.add_broken(swallowed_lines.FAULT, line)
            at += 1
            continue
        if '"' not in line or not has_quoting:
            if marked := read_marker(line):
                records.add_broken(*marked)
            elif delimiter in line or (line and not line.isspace()):
                records.add(line.removesuffix("\r").split(delimiter), [line])
            at += 1
            continue
        if _add_line(records, line, delimiter):
            at += 1
            continue
        record = quotes.find_end(at)
        if record.fields is None and record.line == end and not last and end - at < MAX_QUOTED_LINES:
            break
        if record.fields == records.width:
            record_lines = lines[at : record.line]
            fields = parse_record(record_lines, delimiter)
            if swallowed_lines.swallows_lines(fields, delimiter):
                # The lines between its first and its last may be records.
                records.add_broken(swallowed_lines.FAULT, line)
                closing = record.line - 1
                at += 1
                continue
            records.add(fields, record_lines)
            at = record.line
        else:
            # A stray quote, and the lines after it may be records.
            fault = _QUOTE_FAULT if record.fields is None else records.width_fault(record.fields)
            records.add_broken(fault, line)
            at += 1
    return "\n".join(lines[at:])


def _add_line(records: Records, line: str, delimiter: str) -> bool:
    """Add a line with quotes as a record, unless it leaves a quote open; return whether it was added."""
    try:
        records.add(parse_record([line], delimiter), [line])
    except MisplacedQuote:
        records.add_broken(_QUOTE_FAULT, line)
    except UnclosedQuote:
        return False
    return True
