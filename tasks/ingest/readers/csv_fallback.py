"""Parse CSV record by record, for text with broken rows: a broken row costs its own line only."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.ingest.limits import ReadLimits, excerpt
from tasks.ingest.readers.long_lines import MARKER, read_marker

# A quote that stays open for more lines, or for more bytes than a line may have, counts as a stray one.
MAX_QUOTED_LINES = 200
# Replaces a carriage return inside a line, which the csv module takes for a line end. Decoded text never
# contains this lone surrogate.
_CARRIAGE_RETURN = "\udc0d"
csv.field_size_limit(2**31 - 1)


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

    def add(self, fields: Sequence[str], lines: Sequence[str]) -> bool:
        """Add a record; a wrong number of fields or too long a value makes it a broken one.

        Args:
            fields: The parsed fields.
            lines: The lines of the record; the raw text of a broken one is its first line.

        Returns:
            Whether the lines are a record. If not, only the first one was added.
        """
        if len(fields) != self.width:
            self.add_broken(f"{len(fields)} fields instead of {self.width}", lines[0])
            return False
        # A character has at most four bytes.
        if 4 * sum(map(len, lines)) > self.limits.value_bytes:
            longest = max(len(fields[position].encode()) for position in self.positions)
            if longest > self.limits.value_bytes:
                self.add_broken(self.limits.value_fault(longest), excerpt("\n".join(lines)))
                return True
        self.rows.append(fields)
        return True

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


def split_records(text: str, records: Records, delimiter: str, *, last: bool) -> str:
    """Split a text into records; blank lines are skipped.

    Args:
        text: Decoded text that starts at a record.
        records: Takes the records.
        delimiter: The character between fields.
        last: Whether the text is the end of the file.

    Returns:
        The text of a trailing record that may continue after ``text`` (empty if ``last``).
    """
    lines = text.split("\n")
    end = len(lines) if last else len(lines) - 1
    at = 0
    while at < end:
        line = lines[at]
        if '"' not in line:
            if marked := read_marker(line):
                records.add_broken(*marked)
            elif delimiter in line or (line and not line.isspace()):
                records.add(line.removesuffix("\r").split(delimiter), [line])
            at += 1
            continue
        fields, line_count = _parse_quoted(_window(lines, at, end, records.limits), delimiter)
        if fields is None:
            if at + line_count == end and not last and line_count < MAX_QUOTED_LINES:
                break
            records.add_broken("a quote that is not closed, or text behind a closing quote", line)
            at += 1
        else:
            # A stray quote may have taken in the lines after it: parse those again.
            at += line_count if records.add(fields, lines[at : at + line_count]) else 1
    return "\n".join(lines[at:])


def _window(lines: Sequence[str], start: int, end: int, limits: ReadLimits) -> Iterator[str]:
    """Yield the lines that a record which begins at ``start`` may have."""
    size = 0
    for number in range(start, min(start + MAX_QUOTED_LINES, end)):
        line = lines[number]
        size += len(line)
        if number > start and (size > limits.line_bytes or line.startswith(MARKER)):
            return
        yield line


def _parse_quoted(lines: Iterator[str], delimiter: str) -> tuple[list[str] | None, int]:
    """Parse the record at the start of ``lines``; return its fields and its number of lines.

    The fields are None if the first line is broken (then the number is 0) or a quote is still open after all lines.
    """
    reader = csv.reader((_mask_returns(line) for line in lines), delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        return None, reader.line_num if "unexpected end of data" in str(error) else 0
    return [value.replace(_CARRIAGE_RETURN, "\r") for value in fields], reader.line_num


def _mask_returns(line: str) -> str:
    # Trailing carriage returns are part of the line end, even several: Windows programs that write line ends
    # twice produce them.
    content = line.rstrip("\r")
    return content.replace("\r", _CARRIAGE_RETURN) + line[len(content) :] + "\n"
