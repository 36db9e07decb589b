"""Propose a mapping for a file, by exact names and aliases, and how its first values are written.

What is merely similar is told as a hint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ingest.header import alias_column, is_time_name, most_similar, our_column
from tasks.ingest.mapping.form import LINE_KEYS, NEEDED
from tasks.ingest.mapping.propose_values import (
    amount_columns,
    amount_marks,
    decimal_mark,
    store_columns,
    time_formats,
)
from tasks.ingest.schema import ALL_COLUMNS, COLUMNS, HEADERS, OPTIONAL_HEADERS

_SECTIONS = ("line", "line.time", "line.amount")
_LISTS = ("invoice_no", "stock_code", "invoice_date")


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping.

    Attributes:
        toml: Its file; what is undecided stands in comments.
        undecided: Columns of a sales line that no name tells and that every line needs, each with what is similar.
    """

    toml: str
    undecided: tuple[str, ...]


def propose(
    names: Sequence[str], header_row: int, file_name: str, rows: Sequence[Sequence[str]] = ()
) -> Proposal:
    """Propose a mapping.

    Args:
        names: Names of the file's columns.
        header_row: Number of the header among the records, from 1.
        file_name: Name of the file, for the name of the mapping.
        rows: Its first rows, which tell how times and amounts are written.
    """
    decided = {ours: _candidates(names, ours) for ours in ALL_COLUMNS}
    taken = {name for found in decided.values() for name in found}
    open_columns = [ours for ours in COLUMNS if not _is_decided(ours, decided[ours])]
    left = [name.strip() for name in names if name.strip() not in taken]
    similar = most_similar(open_columns, left)
    amounts = [
        value
        for name in decided["unit_price"] or amount_columns(left)
        for value in _values(names, rows, name)
    ]
    lines = ["schema = 1", f"name = {toml_string(mapping_name(file_name))}"]
    lines += _read_section(header_row, amounts)
    undecided: list[str] = []
    for section in _SECTIONS:
        lines += ["", f"[{section}]"]
        for ours, (place, key) in LINE_KEYS.items():
            if (
                place != section
                or ours not in decided
                or (ours in OPTIONAL_HEADERS and len(decided[ours]) != 1)
            ):
                continue
            if ours not in open_columns:
                lines.append(f"{key} = {_value(ours, decided[ours])}")
                continue
            hint = _hint(decided[ours], similar.get(ours))
            need = "needed" if ours in NEEDED else "may stay out"
            lines.append(f"# {key} = {_value(ours, ['…'])}  # {need}{hint}")
            if ours in NEEDED:
                undecided.append(f"{HEADERS[ours][0]}{hint}")
        if section == "line":
            lines += _store(left)
        elif section == "line.time":
            formats = _formats(names, rows, decided["invoice_date"])
            if len(formats) > 1:
                undecided.append(f"{HEADERS['invoice_date'][0]}: {' or '.join(formats)}")
            lines += _formats_key(formats)
        else:
            lines += _amount(left, amounts, is_open="unit_price" in open_columns)
    return Proposal("\n".join(lines) + "\n", tuple(undecided))


def _read_section(header_row: int, amounts: Sequence[str]) -> list[str]:
    keys = [f"header_within = {header_row}"] if header_row > 1 else []
    if decimal_mark(amounts) == ",":
        keys.append('decimal = ","')
    return ["", "[read]", *keys] if keys else []


def _store(left: Sequence[str]) -> list[str]:
    stores = store_columns(left)
    return [f"# store = {toml_string(stores[0])}  # may stay out{_hint(stores, None)}"] if stores else []


def _formats(names: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[str]) -> list[str]:
    if not columns:
        return []
    values = zip(*(_column(names, rows, name) for name in columns), strict=True)
    return time_formats({" ".join(each) for each in values if all(each)})


def _formats_key(formats: Sequence[str]) -> list[str]:
    if len(formats) == 1:
        return [f"formats = [{toml_string(formats[0])}]"]
    return [f"# formats = [{toml_string(formats[0])}]  # or {toml_string(formats[1])}"] if formats else []


def _amount(left: Sequence[str], amounts: Sequence[str], *, is_open: bool) -> list[str]:
    of_line = amount_columns(left)
    lines = []
    if is_open and of_line:
        hint = _hint(of_line, None)
        lines.append(f"# line = {toml_string(of_line[0])}  # the amount of the line, in place of piece{hint}")
    if marks := amount_marks(amounts):
        lines.append(f"marks = [{', '.join(map(toml_string, marks))}]")
    return lines


def _column(names: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> list[str]:
    place = [column.strip() for column in names].index(name)
    return [row[place].strip() if place < len(row) else "" for row in rows]


def _values(names: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> list[str]:
    return [text for text in _column(names, rows, name) if text]


def _is_decided(ours: str, found: Sequence[str]) -> bool:
    return len(found) == 1 or (ours == "invoice_date" and len(found) == 2 and is_time_name(found[1]))


def _candidates(names: Sequence[str], ours: str) -> list[str]:
    """The file's columns for a column of ours; of a time without a day of its own, day and time."""
    texts = [name.strip() for name in names]
    exact = [name for name in texts if our_column(name) == ours]
    found = exact or [name for name in texts if alias_column(name) == ours]
    if ours == "invoice_date" and len(found) == 1 and not exact:
        found += [name for name in texts if is_time_name(name)]
    return found


def _hint(found: Sequence[str], similar: str | None) -> str:
    if len(found) > 1:
        return f"; one of {', '.join(map(toml_string, found))}"
    return f"; most similar: {toml_string(similar)}" if similar else ""


def _value(ours: str, columns: Sequence[str]) -> str:
    if ours not in _LISTS and len(columns) == 1:
        return toml_string(columns[0])
    return f"[{', '.join(map(toml_string, columns))}]"


def mapping_name(file_name: str) -> str:
    """Return a name for the mapping of a file."""
    stem = file_name.partition(".")[0].lower()
    return re.sub("[^a-z0-9]+", "_", stem).strip("_")[:60] or "my_shop"


def toml_string(text: str) -> str:
    """Write a text as a string of TOML, with everything escaped that does not print."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        character if character.isprintable() else f"\\U{ord(character):08X}" for character in quoted
    )
