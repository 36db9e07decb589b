"""Parse CSV record by record, for text with broken rows: a broken row costs its own line only."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

# A quote that stays open for more lines counts as a stray one.
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
        rows: Fields of each record; ``width`` empty fields for a broken one.
        faults: Index in ``rows`` of each broken record to its fault.
        raw: Index in ``rows`` of each broken record to its line, without the line end.
    """

    width: int
    rows: list[Sequence[str]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    raw: dict[int, str] = field(default_factory=dict)

    def add(self, fields: Sequence[str], line: str) -> bool:
        """Add a record; a wrong number of fields makes it a broken one.

        Args:
            fields: The parsed fields.
            line: The first line of the record.

        Returns:
            Whether the record is valid.
        """
        if len(fields) != self.width:
            self.add_broken(f"{len(fields)} fields instead of {self.width}", line)
            return False
        self.rows.append(fields)
        return True

    def add_broken(self, fault: str, line: str) -> None:
        """Add a line that is not a valid record."""
        self.faults[len(self.rows)] = fault
        self.raw[len(self.rows)] = line.removesuffix("\r")
        self.rows.append([""] * self.width)


def split_records(text: str, width: int, delimiter: str, *, last: bool) -> tuple[Records, str]:
    """Split a text into records; blank lines are skipped.

    Args:
        text: Decoded text that starts at a record.
        width: Number of fields of a valid record.
        delimiter: The character between fields.
        last: Whether the text is the end of the file.

    Returns:
        The records, and the text of a trailing record that may continue after ``text`` (empty if ``last``).
    """
    lines = text.split("\n")
    end = len(lines) if last else len(lines) - 1
    records = Records(width)
    at = 0
    while at < end:
        line = lines[at]
        if '"' not in line:
            if delimiter in line or (line and not line.isspace()):
                records.add(line.removesuffix("\r").split(delimiter), line)
            at += 1
            continue
        window = lines[at : min(at + MAX_QUOTED_LINES, end)]
        fields, line_count = _parse_quoted(window, delimiter)
        if fields is None:
            if line_count == 0 and not last and len(window) < MAX_QUOTED_LINES:
                break
            records.add_broken("a quote that is not closed, or text behind a closing quote", line)
            at += 1
        else:
            # A stray quote may have taken in the lines after it: parse those again.
            at += line_count if records.add(fields, line) else 1
    return records, "\n".join(lines[at:])


def _parse_quoted(lines: Sequence[str], delimiter: str) -> tuple[list[str] | None, int]:
    """Parse the record at the start of ``lines``; return its fields and its number of lines.

    Returns (None, 0) if a quote is still open after all lines, (None, 1) if the first line is broken.
    """
    reader = csv.reader((_mask_returns(line) for line in lines), delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        return None, 0 if "unexpected end of data" in str(error) else 1
    if reader.line_num > 1 or "\r" in lines[0][:-1]:
        fields = [value.replace(_CARRIAGE_RETURN, "\r") for value in fields]
    return fields, reader.line_num


def _mask_returns(line: str) -> str:
    # Trailing carriage returns are part of the line end, even several: Windows programs that write line ends
    # twice produce them.
    content = line.rstrip("\r")
    return content.replace("\r", _CARRIAGE_RETURN) + line[len(content) :] + "\n"
