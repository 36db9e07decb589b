"""A mapping: which columns of a file make up a sales line, and how their text is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ZoneNames = Literal["iana", "rails", "windows"]
# Words of a column: the column's name to the words.
Words = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Signature:
    """By which header a file of this form is recognised.

    Attributes:
        required: Columns that must be there; of each group of alternatives, one.
        own: Columns that hardly any other system has.
        forbidden: Columns that must not be there.
        known: Further columns that it may have.
    """

    required: tuple[tuple[str, ...], ...] = ()
    own: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that the form has, but not every file."""
        return self.own + self.known


@dataclass(frozen=True)
class Notation:
    """How the file is written.

    Attributes:
        decimal: Decimal mark of its numbers; None to leave it to the feed's.
        missing: Words that stand for a missing value, beside empty text and the feed's words.
        header_within: The header is one of the first so many records.
        footer: Texts of the footer: its records begin with one, or have another width and hold one.
    """

    decimal: Literal[".", ","] | None = None
    missing: tuple[str, ...] = ()
    header_within: int = 1
    footer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fill:
    """Columns that only the first row of an invoice has, and the columns that tell the invoice."""

    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimeForm:
    """How the time of a line is written.

    Attributes:
        formats: iso, us, eu or strptime patterns; the first that reads a text counts. None: the feed's date format.
        zone_column: Column with the name of the time zone.
        zone_names: The list of names that it uses.
        letters: Offsets of letters at the end of the text, such as EST.
    """

    formats: tuple[str, ...] = ()
    zone_column: str | None = None
    zone_names: ZoneNames | None = None
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LineForm:
    """Where the eight columns of a line come from.

    Attributes:
        columns: Our column to columns of the file. Of an invoice number and a time, all are joined; of the others,
            the first that is filled counts.
        constants: Our column to the text that all lines have in it; empty text for no value.
        code_else: Stock code of lines without one.
        time: How the time is written.
        marks: Marks that are taken off amounts.
        usual_names: Whether our other columns are looked for under their usual names.
    """

    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    code_else: str | None = None
    time: TimeForm = TimeForm()
    marks: tuple[str, ...] = ()
    usual_names: bool = False


@dataclass(frozen=True)
class Rows:
    """Which rows are lines, by the words of a column; an empty word stands for a blank.

    Attributes:
        lines: A line has one of these words in each of the columns.
        none: A row with one of these words is no line.
    """

    lines: Words = field(default_factory=dict)
    none: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A sum that the file tells twice.

    Attributes:
        per: What it is made on.
        plus: Terms that are added; see ``tasks.ingest.mapping.terms``.
        minus: Terms that are taken off.
        equals: The term that the file says.
        within: The difference that is none, as a decimal.
        rounded: Whether it is one for each piece, since prices are rounded.
        unless: Words of a column with which an invoice is not checked.
        unless_amount: Columns with an amount other than 0 in which an invoice is not checked, such as a refund that was
            taken off its lines.
    """

    per: Literal["invoice", "row", "file"]
    plus: tuple[str, ...]
    equals: str
    minus: tuple[str, ...] = ()
    within: str = "0"
    rounded: bool = False
    unless: Words = field(default_factory=dict)
    unless_amount: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnMapping:
    """A mapping.

    Attributes:
        name: Its name: lower-case letters, digits and underscores.
        content: The form that it was read from, as JSON values.
        line: Where the columns of a line come from.
        notation: How the file is written.
        fill: What is filled down within an invoice.
        rows: Which rows are lines.
        words: All the words that a column may hold.
        signature: By which header it is recognised.
        title: What it reads.
    """

    name: str
    content: Mapping[str, Any]
    line: LineForm
    notation: Notation = Notation()
    fill: Fill = Fill()
    rows: Rows = field(default_factory=Rows)
    words: Words = field(default_factory=dict)
    signature: Signature = Signature()
    title: str = ""
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
