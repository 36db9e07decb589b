"""CSV records one by one, for files with broken rows: each broken row costs its own line only."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

# A quoted field may span this many lines; a quote open for longer is taken for a stray one.
MAX_QUOTED_LINES = 200
# Stands for a carriage return inside a line, which the csv module takes for a line end. No decoded
# text has it.
_CARRIAGE_RETURN = "\udc0d"
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Record:
    """A record's fields, what is wrong with it (None if it is sound) and, if something is, its raw text."""

    fields: Sequence[str]
    fault: str | None = None
    raw: str | None = None


def split(text: str, width: int, delimiter: str, *, last: bool) -> tuple[list[Record], str]:
    """Records of ``width`` fields in ``text``, which begins with a record, and the text left over.

    Text is left over only if more is to come (not ``last``): the lines of a record that may end there.
    Empty lines are no records.
    """
    lines = text.split("\n")
    end = len(lines) if last else len(lines) - 1
    records: list[Record] = []
    at = 0
    while at < end:
        line = lines[at]
        if '"' not in line:
            if line and not line.isspace():
                fields = line.removesuffix("\r").split(delimiter)
                records.append(Record(fields) if len(fields) == width else _miscounted(fields, width, line))
            at += 1
            continue
        window = lines[at : min(at + MAX_QUOTED_LINES, end)]
        quoted, used = _quoted(window, delimiter)
        if quoted is None:
            if used == 0 and not last and len(window) < MAX_QUOTED_LINES:
                break
            records.append(
                Record((), "a quote that is not closed, or text behind a closing quote", _raw(line))
            )
            at += 1
        elif len(quoted) == width:
            records.append(Record(quoted))
            at += used
        else:
            # A stray quote may have swallowed the lines behind it: they are looked at again.
            records.append(_miscounted(quoted, width, line))
            at += 1
    return records, "\n".join(lines[at:])


def _miscounted(fields: Sequence[str], width: int, line: str) -> Record:
    return Record((), f"{len(fields)} fields instead of {width}", _raw(line))


def _raw(line: str) -> str:
    return line.removesuffix("\r")


def _quoted(lines: Sequence[str], delimiter: str) -> tuple[list[str] | None, int]:
    """Fields of the record that begins with ``lines``, and how many of them it takes.

    No fields and 0 lines if a quote is still open at their end, no fields and 1 line if the first is broken.
    """
    reader = csv.reader((_masked(line) for line in lines), delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        return None, 0 if "unexpected end of data" in str(error) else 1
    return [field.replace(_CARRIAGE_RETURN, "\r") for field in fields], reader.line_num


def _masked(line: str) -> str:
    inner = line[:-1]
    return (inner.replace("\r", _CARRIAGE_RETURN) if "\r" in inner else inner) + line[-1:] + "\n"
