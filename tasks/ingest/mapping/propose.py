"""Propose a mapping for a file, by exact names and aliases only; what is merely similar is told as a hint."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ingest.header import alias_column, is_time_name, most_similar, our_column
from tasks.ingest.mapping.form import LINE_KEYS, NEEDED
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


def propose(names: Sequence[str], header_row: int, file_name: str) -> Proposal:
    """Propose a mapping.

    Args:
        names: Names of the file's columns.
        header_row: Number of the header among the records, from 1.
        file_name: Name of the file, for the name of the mapping.
    """
    decided = {ours: _candidates(names, ours) for ours in ALL_COLUMNS}
    taken = {name for found in decided.values() for name in found}
    open_columns = [ours for ours in COLUMNS if not _is_decided(ours, decided[ours])]
    left = [name.strip() for name in names if name.strip() not in taken]
    similar = most_similar(open_columns, left)
    lines = ["schema = 1", f"name = {toml_string(mapping_name(file_name))}"]
    if header_row > 1:
        lines += ["", "[read]", f"header_within = {header_row}"]
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
    return Proposal("\n".join(lines) + "\n", tuple(undecided))


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
    if found:
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
