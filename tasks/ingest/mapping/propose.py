"""Propose a mapping for a file, by exact names and aliases, and how its first values are written.

What is merely similar is told as a hint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.ingest.column_words import may_be, speaks_of_currency, speaks_of_money_or_state
from tasks.ingest.header import alias_column, is_time_name, most_similar, our_column
from tasks.ingest.mapping.form import LINE_KEYS, NEEDED
from tasks.ingest.mapping.propose_hints import fill_hints, measure_hints, state_hints
from tasks.ingest.mapping.propose_values import (
    amount_columns,
    amount_marks,
    decimal_mark,
    store_columns,
    time_formats,
)
from tasks.ingest.schema import ALL_COLUMNS, COLUMNS, HEADERS, OPTIONAL_HEADERS

_SECTIONS = ("line", "line.time", "line.amount")
_PERHAPS = 3
# What may stand on the first row of an invoice only.
_OF_INVOICES = ("invoice_date", "customer_id", "country", "currency", "store")
_CODE = re.compile("[A-Z]{3}")
# What the run must give then, and why.
_UNTOLD = {"currency": "no column tells it", "timezone": "no offset is seen in its times"}
# At the end of a time that tells its offset.
_OFFSET = re.compile(r"(?:[+-]\d\d:?\d\d|Z|UTC|GMT)$")
_LISTS = ("invoice_no", "stock_code", "invoice_date")


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping.

    Attributes:
        toml: Its file; what is undecided stands in comments.
        undecided: Columns of a sales line that no name tells and that every line needs, each with what is similar.
        untold: Settings of the feed that the file does not seem to tell: ``currency``, ``timezone``.
    """

    toml: str
    undecided: tuple[str, ...]
    untold: tuple[str, ...] = ()


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
    return _Proposer(names, rows).proposal(header_row, file_name)


class _Proposer:
    """What the names and first rows of one file tell."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.names, self.rows = names, rows
        self.decided = {ours: _candidates(names, ours) for ours in ALL_COLUMNS}
        taken = {name for found in self.decided.values() for name in found}
        self.open_columns = [ours for ours in COLUMNS if not _is_decided(ours, self.decided[ours])]
        self.left = [name.strip() for name in names if name.strip() not in taken]
        self.similar = most_similar(self.open_columns, self.left)
        money = self.decided["unit_price"] or amount_columns(self.left)
        money = money or [*filter(speaks_of_money_or_state, self.left)]
        self.amounts = [value for name in money for value in _values(names, rows, name)]
        self.undecided: list[str] = []

    def proposal(self, header_row: int, file_name: str) -> Proposal:
        lines = ["schema = 1", f"name = {toml_string(mapping_name(file_name))}"]
        lines += _read_section(header_row, self.amounts)
        for section in _SECTIONS:
            lines += ["", f"[{section}]", *self._keys(section)]
            if section == "line":
                lines += [*self._currency(), *([] if self.decided["store"] else _store(self.left))]
            elif section == "line.time":
                lines += self._formats()
            else:
                lines += _amount(self.left, self.amounts, is_open="unit_price" in self.open_columns)
        untold = self._untold()
        if untold:
            lines += ["", "[ask]  # the first load must give it"]
            lines += [f"{name} = {toml_string(_UNTOLD[name])}" for name in untold]
        lines += self._hints() if self.rows else []
        return Proposal("\n".join(lines) + "\n", tuple(self.undecided), untold)

    def _keys(self, section: str) -> Iterator[str]:
        """The keys of a section; those that are not decided as comments."""
        for ours, (place, key) in LINE_KEYS.items():
            found = self.decided.get(ours)
            if place != section or found is None or (ours in OPTIONAL_HEADERS and len(found) != 1):
                continue
            if ours not in self.open_columns:
                yield f"{key} = {_value(ours, found)}"
                continue
            hint = _hint(found, self._told(ours)) or self._perhaps(ours)
            need = "needed" if ours in NEEDED else "may stay out"
            yield f"# {key} = {_value(ours, ['…'])}  # {need}{hint}"
            if ours in NEEDED:
                self.undecided.append(f"{HEADERS[ours][0]}{hint}")

    def _perhaps(self, ours: str) -> str:
        """Columns that speak of what is looked for, in whatever language."""
        found = [name for name in self.left if name not in self.similar.values() and may_be(name, ours)]
        return f"; perhaps {', '.join(map(toml_string, found[:_PERHAPS]))}" if found else ""

    def _currency(self) -> list[str]:
        """The key of a column that no alias tells, decided where it is the only one and holds codes."""
        found = [*filter(speaks_of_currency, self.left)]
        if not found or self.decided["currency"]:
            return []
        key = f"currency = {toml_string(found[0])}"
        codes = _values(self.names, self.rows, found[0])
        if len(found) == 1 and codes and all(map(_CODE.fullmatch, codes)):
            return [key]
        return [f"# {key}  # may stay out{_hint(found, ())}"]

    def _told(self, ours: str) -> list[str]:
        """The columns that are, or may be, one of ours."""
        if ours == "currency":
            return self.decided[ours] or [*filter(speaks_of_currency, self.left)]
        similar = [*filter(None, [self.similar.get(ours)])]
        if similar and ours == "invoice_date":
            similar += [name for name in self.left if is_time_name(name)]
        return self.decided[ours] or similar

    def _formats(self) -> list[str]:
        formats = _formats(self.names, self.rows, self._told("invoice_date"))
        if len(formats) > 1:
            self.undecided.append(f"{HEADERS['invoice_date'][0]}: {' or '.join(formats)}")
        return _formats_key(formats)

    def _hints(self) -> list[str]:
        columns = {
            name.strip(): _column(self.names, self.rows, name.strip()) for name in self.names if name.strip()
        }
        quoted = {name: toml_string(name) for name in columns}
        left = {
            name: columns[name] for name in columns if name in self.left and name not in self.similar.values()
        }
        invoices = self._told("invoice_no")
        of_invoices = [name for ours in _OF_INVOICES for name in self._told(ours)]
        return [
            *measure_hints(left, quoted),
            *fill_hints(columns, invoices[0] if len(invoices) == 1 else None, of_invoices, quoted),
            *state_hints(left, quoted),
        ]

    def _untold(self) -> tuple[str, ...]:
        columns = self._told("invoice_date")
        times = [text for name in columns for text in _values(self.names, self.rows, name)]
        untold = {
            "currency": not self._told("currency"),
            "timezone": bool(self.rows) and not any(map(_OFFSET.search, times)),
        }
        return tuple(name for name, is_untold in untold.items() if is_untold)


def _read_section(header_row: int, amounts: Sequence[str]) -> list[str]:
    keys = [f"header_within = {header_row}"] if header_row > 1 else []
    if decimal_mark(amounts) == ",":
        keys.append('decimal = ","')
    return ["", "[read]", *keys] if keys else []


def _store(left: Sequence[str]) -> list[str]:
    stores = store_columns(left)
    return [f"# store = {toml_string(stores[0])}  # may stay out{_hint(stores, ())}"] if stores else []


def _formats(names: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[str]) -> list[str]:
    if not columns:
        return []
    values = zip(*(_column(names, rows, name) for name in columns), strict=True)
    # A footer has no digits where a line has its time.
    return time_formats({" ".join(each) for each in values if all(re.search(r"\d", text) for text in each)})


def _formats_key(formats: Sequence[str]) -> list[str]:
    if not formats:
        return []
    days = [] if re.search("%[HI]", formats[0]) else ["date_only = true"]
    if len(formats) == 1:
        return [f"formats = [{toml_string(formats[0])}]", *days]
    return [
        f"# formats = [{toml_string(formats[0])}]  # or {toml_string(formats[1])}",
        *(f"# {day}" for day in days),
    ]


def _amount(left: Sequence[str], amounts: Sequence[str], *, is_open: bool) -> list[str]:
    of_line = amount_columns(left)
    lines = []
    if is_open and of_line:
        hint = _hint(of_line, ())
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


def _hint(found: Sequence[str], similar: Sequence[str]) -> str:
    if len(found) > 1:
        return f"; one of {', '.join(map(toml_string, found))}"
    return f"; most similar: {', '.join(map(toml_string, similar))}" if similar else ""


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
