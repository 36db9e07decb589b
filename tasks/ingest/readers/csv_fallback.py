"""CSV records one by one, for files with broken rows: each broken row costs its own line only."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

# A quoted field may span this many lines; a quote open for longer is taken for a stray one.
MAX_QUOTED_LINES = 200
# Stands for a carriage return inside a line, which the csv module takes for a line end. No decoded
# text has it.
_CARRIAGE_RETURN = "\udc0d"
csv.field_size_limit(2**31 - 1)


@dataclass
class Records:
    """The records of a text in order: ``rows`` of ``width`` fields (empty ones where the record is broken),
    and by place in ``rows`` what is wrong (``faults``) and the text (``raw``) of the broken ones."""

    width: int
    rows: list[Sequence[str]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    raw: dict[int, str] = field(default_factory=dict)

    def add(self, fields: Sequence[str], line: str) -> bool:
        """Add a record, as a broken one if it has too few or too many fields; tell whether it is sound."""
        if len(fields) != self.width:
            self.add_broken(f"{len(fields)} fields instead of {self.width}", line)
            return False
        self.rows.append(fields)
        return True

    def add_broken(self, fault: str, line: str) -> None:
        """Add a line that is no record."""
        self.faults[len(self.rows)] = fault
        self.raw[len(self.rows)] = line.removesuffix("\r")
        self.rows.append([""] * self.width)


def split(text: str, width: int, delimiter: str, *, last: bool) -> tuple[Records, str]:
    """Records of ``width`` fields in ``text``, which begins with a record, and the text left over.

    Text is left over only if more is to come (not ``last``): the lines of a record that may end there.
    Empty lines are no records.
    """
    lines = text.split("\n")
    end = len(lines) if last else len(lines) - 1
    found = Records(width)
    at = 0
    while at < end:
        line = lines[at]
        if '"' not in line:
            if delimiter in line or (line and not line.isspace()):
                found.add(line.removesuffix("\r").split(delimiter), line)
            at += 1
            continue
        window = lines[at : min(at + MAX_QUOTED_LINES, end)]
        fields, used = _quoted(window, delimiter)
        if fields is None:
            if used == 0 and not last and len(window) < MAX_QUOTED_LINES:
                break
            found.add_broken("a quote that is not closed, or text behind a closing quote", line)
            at += 1
        else:
            # A stray quote may have swallowed the lines behind it: then they are looked at again.
            at += used if found.add(fields, line) else 1
    return found, "\n".join(lines[at:])


def _quoted(lines: Sequence[str], delimiter: str) -> tuple[list[str] | None, int]:
    """Fields of the record that begins with ``lines``, and how many of them it takes.

    No fields and 0 lines if a quote is still open at their end, no fields and 1 line if the first is broken.
    """
    reader = csv.reader((_masked(line) for line in lines), delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        return None, 0 if "unexpected end of data" in str(error) else 1
    if reader.line_num > 1 or "\r" in lines[0][:-1]:
        fields = [value.replace(_CARRIAGE_RETURN, "\r") for value in fields]
    return fields, reader.line_num


def _masked(line: str) -> str:
    inner = line.rstrip("\r")
    # Several carriage returns before the line feed end a line too: Windows writes them for a line end written twice.
    return inner.replace("\r", _CARRIAGE_RETURN) + line[len(inner) :] + "\n"
