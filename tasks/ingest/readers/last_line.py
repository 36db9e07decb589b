"""The last line of a text file that has no line end, where the others have one: whole, or cut in its last field?

Judged by the last fields of the other lines within the last megabyte. The field looks whole

- if it is quoted and the quote is closed, or another line has the same value;
- in a column of numbers with decimals, if it has as many decimals as most of them;
- if the others all have one length and it has that too, or it is a date written like one of theirs.

Else it does not, with ten other lines or more. Fewer lines are no evidence: then the line is taken, and told, unless
the field is empty or another value begins with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tasks.ingest.readers.encoding import PEEK
from tasks.ingest.readers.long_lines import MARKER
from tasks.ingest.reading import LastLine
from tasks.ingest.source_file import SourceFile, read_end
from tasks.ingest.unsplit_rows import ADDRESS_MARK
from tasks.outside_text import displayable

_EVIDENCE_LINES = 10
_LINE_ENDS = (b"\n", b"\r")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,' ]*")
_DECIMALS = re.compile(r"[.,]([0-9]*)$")
_DATE = re.compile(r"[0-9]+[-/.][0-9]+[-/.][0-9]+.*")
_DIGIT = re.compile("[0-9]")
_VALUE_CHARACTERS = 60
_HIDDEN = "(not shown)"


def judge_last_line(file: SourceFile, delimiter: str) -> LastLine | None:
    """Judge the last line of a file.

    Args:
        file: The source file; held bytes are UTF-8.
        delimiter: The character between fields.

    Returns:
        None if the line has a line end, or is plainly whole.

    Raises:
        DeliveryUnreadable: The end of a large file cannot be read.
    """
    line_end = file.reading.last_line_end
    *lines, last = _last_lines(file)
    if line_end == "optional" or not last.strip() or last.startswith(MARKER):
        return None
    if last.count(delimiter) < file.header.width - 1 and '"' not in last:
        return None  # a broken row, whatever it ends with
    whole = (line for line in lines if line.count(delimiter) >= file.header.width - 1)
    others = [_last_field(line, delimiter).strip('" ') for line in whole]
    field = _last_field(last, delimiter)
    if line_end == "required":
        return _without_person(
            LastLine(field.strip('"'), False, "the feed requires one (last_line_end)"), file, others
        )
    judged = _judge(field, others)
    return judged if judged is None else _without_person(judged, file, others)


def _without_person(last_line: LastLine, file: SourceFile, others: Sequence[str]) -> LastLine:
    """Hide the last field if its column is not stored, or holds addresses, of which this may be a part."""
    position = file.header.width - 1
    if position in file.header.positions.values():
        return last_line
    is_kept = position in file.further.kept.values()
    if is_kept and not any(ADDRESS_MARK in value for value in (last_line.value, *others)):
        return last_line
    return replace(last_line, value=_HIDDEN)


def _last_lines(file: SourceFile) -> list[str]:
    """The lines at the end of the rows; an empty one comes last if the last line has a line end."""
    if file.content.packing is not None and file.content.data is None:
        return [""]  # a packed file that is cut cannot be unpacked
    if file.content.data is None:
        if read_end(file.delivery, file.content.size, 1) in _LINE_ENDS:
            return [""]
        is_cut = file.content.size - file.body > PEEK
        tail = read_end(file.delivery, file.content.size, min(file.content.size - file.body, PEEK))
    else:
        data = file.content.data
        if data[-1:] in _LINE_ENDS:
            return [""]
        start = max(file.body, len(data) - PEEK)
        is_cut, tail = start > file.body, data[start:]
    lines = (tail if b"\n" in tail else tail.replace(b"\r", b"\n")).decode(errors="replace").split("\n")
    # The first one has lost its beginning.
    return (lines[1:] or [""]) if is_cut else lines


def _last_field(line: str, delimiter: str) -> str:
    field = line.rsplit(delimiter, 1)[-1].strip()
    if field.endswith('"') and not field.startswith('"'):
        # A delimiter stands in the quoted field.
        field = line[line.rfind(f'{delimiter}"') + 1 :].strip()
    return field


def _judge(field: str, others: Sequence[str]) -> LastLine | None:
    decimals = _usual_decimals(others) if _NUMBER.fullmatch(field) else 0
    if _is_plainly_whole(field, others, decimals):
        return None
    if decimals:
        return LastLine(field, False, f"most other lines have {decimals} decimals")
    if len(others) >= _EVIDENCE_LINES:
        return LastLine(field, False, "no other line has it")
    if any(other.startswith(field) for other in others):
        return LastLine(field, False, "another line has more" if field else "other lines have a value")
    return LastLine(field, True, "too few other lines tell whether it is whole")


def _is_plainly_whole(field: str, others: Sequence[str], decimals: int) -> bool:
    is_quoted = len(field) > 1 and field.startswith('"') and field.count('"') % 2 == 0
    if is_quoted or field in others:
        return True
    if decimals:
        return _count_decimals(field) >= decimals
    has_their_length = len(others) > 1 and {len(other) for other in others} == {len(field)}
    return has_their_length or bool(_DATE.fullmatch(field) and _shape(field) in map(_shape, others))


def _usual_decimals(others: Sequence[str]) -> int:
    """The number of decimals that most numbers have; 0 if most values are no numbers."""
    counts = Counter(_count_decimals(other) for other in others if _NUMBER.fullmatch(other))
    if 2 * counts.total() <= len(others):
        return 0
    most = max(counts.values())
    return max(decimals for decimals, count in counts.items() if count == most)


def _count_decimals(number: str) -> int:
    match = _DECIMALS.search(number)
    return len(match[1]) if match else 0


def _shape(text: str) -> str:
    return _DIGIT.sub("9", text)


def note_of(last_line: LastLine | None) -> tuple[str, ...]:
    """Tell of a last line without a line end, and of what became of it, unless it is plainly whole."""
    if last_line is None:
        return ()
    ending = displayable(last_line.value[:_VALUE_CHARACTERS])
    what = f"Its last line has no line end and ends with '{ending}': {last_line.reason}."
    if last_line.is_whole:
        return (f"{what} The line was taken.",)
    return (f"{what} The line was set aside; the setting --last-line-end optional takes it.",)


def cut_line(last_line: LastLine | None, number: int) -> dict[str, Any]:
    """Fields of an ``IngestedFile`` about its last line, which has this number, if that is not to be taken."""
    if last_line is None or last_line.is_whole:
        return {}
    return {"unfinished_line": number, "unfinished_value": last_line.value}
