"""Find the columns of a mapping in the header of a file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

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
from tasks.ingest.mapping.form import NEEDED
from tasks.ingest.mapping.model import Check, ColumnMapping, Fill, KindRule, LineForm, Rows, Words
from tasks.ingest.mapping.terms import OF_COLUMNS, term_of
from tasks.ingest.schema import COLUMNS

# Names of the file's columns in frames: no name in a file is one of ours.
PREFIX = "file:"
# The first column of the file, in which a footer is looked for; no name in a file is empty.
FIRST_COLUMN = PREFIX
# What a parent tells its lines.
PARENT = "parent:"
# Without these a row is no line.
_NEEDED = {*NEEDED, "amount"}


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
        given = mapping.rows
        rows = Rows(self._words(given.lines), self._words_here(given.none), self._words_here(given.parents))
        words = self._words_here(mapping.words)
        kinds = tuple(rule for each in mapping.kinds if (rule := self._kind(each)) is not None)
        line_columns = {*self.positions}
        order, parent = self._found(mapping.order), self._found(mapping.parent)
        if rows.parents:
            order, parent = _of_parents(order), _of_parents(parent)
            line = replace(line, columns={**line.columns, **parent})
        checks = tuple(found for each in mapping.checks if (found := self._check(each, order)) is not None)
        above = [column for columns in (*order.values(), *parent.values()) for column in columns]
        fill = self._fill([column for column in above if column not in line_columns], line)
        if mapping.notation.footer and 0 not in self.positions.values():
            self.positions[FIRST_COLUMN] = 0
        read = set(self.positions.values())
        ignored = tuple(
            name.strip() for position, name in enumerate(self.names) if position not in read and name.strip()
        )
        read_by = replace(
            mapping,
            line=line,
            fill=fill,
            rows=rows,
            words=words,
            kinds=kinds,
            order=order,
            parent=parent,
            checks=checks,
        )
        return Header(self.positions, ignored, len(self.names), tuple(self.names), read_by)

    @cached_property
    def _optional(self) -> set[str]:
        """Columns that the mapping's form has, but not every file."""
        signature = self.mapping.signature
        alternatives = {name for group in signature.required if len(group) > 1 for name in group}
        return {*signature.optional} | alternatives

    def _fill(self, order: Sequence[str], line: LineForm) -> Fill:
        """The columns to fill that are read, and those of the order; optional ones need not be in every file.

        Those of the order are filled down without a key, too: the row that tells them may be none that is sold.
        """
        fill = self.mapping.fill
        if not fill.key:
            key = line.columns.get("invoice_no", ()) if order else ()
            return Fill(key, tuple(name for name in order if name not in key))
        key = self._all(fill.key)
        required = {name for group in self.mapping.signature.required for name in group}
        read = dict(self.positions)
        found = [self._find(name, needed=name not in required | self._optional) for name in fill.columns]
        self.positions = read
        columns = [column for column in found if column in read]
        return Fill(key, tuple(dict.fromkeys([*columns, *(name for name in order if name not in key)])))

    def _found(self, columns: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        found = {key: self._any_or_none(names) for key, names in columns.items()}
        return {key: names for key, names in found.items() if names}

    def _check(self, check: Check, order: Mapping[str, tuple[str, ...]]) -> Check | None:
        """The check for this file; None if a column that only some files have is not here: then nothing is told twice."""
        terms = [term_of(text) for text in (*check.plus, *check.minus, check.equals)]
        names = [term.name for term in terms if term.kind in OF_COLUMNS]
        if any(self._is_absent([name]) for name in (*names, *check.unless, *check.unless_amount)):
            return None
        if any(term.kind == "order" and term.name not in order for term in terms):
            return None
        return replace(
            check,
            plus=tuple(map(self._term, check.plus)),
            minus=tuple(map(self._term, check.minus)),
            equals=self._term(check.equals),
            unless=self._words_here(check.unless),
            unless_amount=self._all(check.unless_amount),
        )

    def _term(self, text: str) -> str:
        term = term_of(text)
        return f"{term.kind}:{self._needed(term.name)}" if term.kind in OF_COLUMNS else text

    def _words(self, words: Words) -> Words:
        """The words of columns; a column that only some files have is blank in one without it."""
        return {
            found: texts
            for column, texts in words.items()
            if (found := self._find(column, needed=column not in self._optional or "" not in texts))
            is not None
        }

    def _words_here(self, words: Words) -> Words:
        """The words of the columns that are here; one that only some files have tells nothing in one without it."""
        return {
            found: texts
            for column, texts in words.items()
            if (found := self._find(column, needed=column not in self._optional)) is not None
        }

    def _kind(self, rule: KindRule) -> KindRule | None:
        """The rule for this file; None if a column is not here, so that it fits no row."""
        if any(self._is_absent([column]) for column in rule.filled):
            return None
        here, filled = self._words_here(rule.when), self._all(rule.filled)
        absent = [words for column, words in rule.when.items() if self._is_absent([column])]
        if not (here or filled) or not all("" in words for words in absent):
            return None
        return replace(rule, when=here, filled=filled)

    def _line(self, line: LineForm) -> LineForm:
        columns = {}
        for ours, names in line.columns.items():
            if ours in {"invoice_no", "invoice_date"}:  # joined
                columns[ours] = self._all(names)
            elif ours == "source_line":  # joined, too
                columns[ours] = self._all_or_none(names)
            else:
                columns[ours] = self._any(names) if ours in _NEEDED else self._any_or_none(names)
        columns = {ours: found for ours, found in columns.items() if found}
        measures = {
            ours: replace(measure, columns=found)
            for ours, measure in line.measures.items()
            if (found := (self._all_or_none if measure.is_sum else self._any_or_none)(measure.columns))
        }
        zone = line.time.zone_column
        time = line.time if zone is None else replace(line.time, zone_column=self._needed(zone))
        if line.usual_names:
            given = {*columns, *line.constants} | ({"unit_price"} if line.amount_is_line else set())
            usual = usual_positions(self.names, self.delivery, given, self.positions.values())
            missing = [ours for ours in COLUMNS if ours not in given and ours not in usual]
            if missing:
                raise unknown_header(
                    self.names, missing, [*usual.values(), *self.positions.values()], self.delivery, line
                )
            columns |= {ours: (self._at(position),) for ours, position in usual.items()}
        else:
            # A currency or store that the file tells is not passed over because the mapping is silent about it.
            given = {*COLUMNS, *columns, *line.constants}
            told = usual_positions(self.names, self.delivery, given, self.positions.values())
            columns |= {ours: (self._at(position),) for ours, position in told.items()}
        return replace(line, columns=columns, time=time, measures=measures)

    def _is_absent(self, names: Sequence[str]) -> bool:
        """Whether none of the columns is here, which only some files have."""
        return self._optional >= {*names} and not any(self._find(name, needed=False) for name in names)

    def _any_or_none(self, names: Sequence[str]) -> tuple[str, ...]:
        """As ``_any``; none where only some files have the columns, and this one has not."""
        return () if self._is_absent(names) else self._any(names)

    def _any(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns of a list that are there: a renamed column is one more name in it."""
        found = tuple(column for name in names if (column := self._find(name, needed=False)) is not None)
        return found or (self._needed(names[0]),)

    def _all(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._needed(name) for name in names)

    def _all_or_none(self, names: Sequence[str]) -> tuple[str, ...]:
        """As ``_all``; none where only some files have the columns, and this one has not."""
        return () if self._is_absent(names) else self._all(names)

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


def _of_parents(columns: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(PARENT + name for name in names) for key, names in columns.items()}
