"""Find the columns of a mapping in the header of a file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from tasks.errors import UnknownHeader
from tasks.ingest.header import (
    Header,
    fold_name,
    looks_like_values,
    match_header,
    shown_names,
    unknown_header,
    usual_positions,
)
from tasks.ingest.mapping.model import ColumnMapping, Fill, LineForm
from tasks.ingest.schema import COLUMNS, OPTIONAL_HEADERS

# Names of the file's columns in frames: no name in a file is one of ours.
PREFIX = "file:"
# The first column of the file, in which a footer is looked for; no name in a file is empty.
FIRST_COLUMN = PREFIX


def match(names: Sequence[str], mapping: ColumnMapping | None, delivery: str) -> Header:
    """Find the columns to read in a header, by a mapping or by their usual names.

    Args:
        names: Column names of the file.
        mapping: The mapping; None for none.
        delivery: Name of the delivery, for errors.

    Returns:
        The header. Of a mapping, it has the columns that are in this file, under their names in the file.

    Raises:
        UnknownHeader: A column of the mapping is missing or occurs twice. The message has the most similar name.
    """
    if mapping is None:
        return match_header(names, delivery)
    return _Match(names, mapping, delivery).header()


class _Match:
    """The search for the columns of one mapping in one header."""

    def __init__(self, names: Sequence[str], mapping: ColumnMapping, delivery: str) -> None:
        self.names, self.mapping, self.delivery = names, mapping, delivery
        self.positions: dict[str, int] = {}

    def header(self) -> Header:
        mapping = self.mapping
        line = self._line(mapping.line)
        rows = replace(
            mapping.rows,
            lines={self._needed(column): words for column, words in mapping.rows.lines.items()},
            none={self._needed(column): words for column, words in mapping.rows.none.items()},
        )
        words = {self._needed(column): words for column, words in mapping.words.items()}
        fill = self._fill()
        if mapping.notation.footer and 0 not in self.positions.values():
            self.positions[FIRST_COLUMN] = 0
        read = set(self.positions.values())
        ignored = tuple(
            name.strip() for position, name in enumerate(self.names) if position not in read and name.strip()
        )
        read_by = replace(mapping, line=line, fill=fill, rows=rows, words=words)
        return Header(self.positions, ignored, len(self.names), tuple(self.names), read_by)

    def _fill(self) -> Fill:
        """The columns to fill that are read; those of the signature need not be in every file."""
        fill, signature = self.mapping.fill, self.mapping.signature
        key = self._all(fill.key)
        known = {name for group in signature.required for name in group} | {*signature.optional}
        read = dict(self.positions)
        found = [self._find(name, needed=name not in known) for name in fill.columns]
        self.positions = read
        return Fill(key, tuple(column for column in found if column in read))

    def _line(self, line: LineForm) -> LineForm:
        columns = {}
        for ours, names in line.columns.items():
            if ours in {"invoice_no", "invoice_date"}:  # joined
                columns[ours] = self._all(names)
            else:
                columns[ours] = self._any(names)
        zone = line.time.zone_column
        time = line.time if zone is None else replace(line.time, zone_column=self._needed(zone))
        if line.usual_names:
            given = {*columns, *line.constants}
            usual = usual_positions(self.names, self.delivery, given, self.positions.values())
            missing = [ours for ours in COLUMNS if ours not in given and ours not in usual]
            if missing:
                raise unknown_header(
                    self.names, missing, [*usual.values(), *self.positions.values()], self.delivery, line
                )
            columns |= {ours: (self._at(position),) for ours, position in usual.items()}
        elif not any(ours in OPTIONAL_HEADERS for ours in (*columns, *line.constants)):
            # A currency that the file tells is not passed over because the mapping is silent about it.
            told = usual_positions(self.names, self.delivery, COLUMNS, self.positions.values())
            columns |= {ours: (self._at(position),) for ours, position in told.items()}
        return replace(line, columns=columns, time=time)

    def _any(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns of a list that are there: a renamed column is one more name in it."""
        found = tuple(column for name in names if (column := self._find(name, needed=False)) is not None)
        return found or (self._needed(names[0]),)

    def _all(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._needed(name) for name in names)

    def _needed(self, name: str) -> str:
        found = self._find(name, needed=True)
        assert found is not None  # noqa: S101 - else it raises
        return found

    def _find(self, name: str, *, needed: bool) -> str | None:
        exact = [at for at, found in enumerate(self.names) if found.strip() == name.strip()]
        places = exact or [at for at, found in enumerate(self.names) if fold_name(found) == fold_name(name)]
        if len(places) > 1:
            both = " and ".join(repr(self.names[at].strip()[:40]) for at in places[:2])
            raise UnknownHeader(
                f"the header has a column of the mapping {self.mapping.name} twice: {both}.",
                "Remove one of them.",
                delivery=self.delivery,
            )
        if places:
            return self._at(places[0])
        if needed:
            raise self._missing(name)
        return None

    def _at(self, position: int) -> str:
        column = PREFIX + self.names[position].strip()
        self.positions[column] = position
        return column

    def _missing(self, name: str) -> UnknownHeader:
        in_file = list(dict.fromkeys(found.strip() for found in self.names if found.strip()))
        is_header = not looks_like_values(in_file)
        similar = difflib.get_close_matches(name, in_file, n=1, cutoff=0.5) if is_header else []
        hint = f" (most similar: {similar[0][:40]!r})" if similar else ""
        found = shown_names(in_file)
        return UnknownHeader(
            f"unknown header for the mapping {self.mapping.name}. Found: {found}. Missing: {name!r}{hint}.",
            "Correct the mapping, or have the file delivered with this column.",
            delivery=self.delivery,
        )
