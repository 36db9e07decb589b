"""A mapping: which columns of a file make up a sales line, and how their text is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
class Measure:
    """An amount of the line beside its own: discount, tax or cost.

    Attributes:
        columns: Columns of the file; the first that is filled counts.
        sign: Sign of what is taken off, contained or spent, as the file writes it.
        is_sum: Whether the columns are added up instead.
        rounded: Whether more than four decimals are rounded to four.
    """

    columns: tuple[str, ...]
    sign: Literal["positive", "negative"] = "positive"
    is_sum: bool = False
    rounded: bool = False


@dataclass(frozen=True)
class LineForm:
    """Where the columns of a line come from.

    Attributes:
        columns: Our column to columns of the file. Of an invoice number, a time and a line's number, all are joined;
            of the others, the first that is filled counts.
        constants: Our column to the text that all lines have in it; empty text for no value.
        code_else: Stock code of lines without one.
        quantity_else: Quantity of lines that tell none.
        time: How the time is written.
        marks: Marks that are taken off amounts.
        usual_names: Whether our other columns are looked for under their usual names.
        measures: Our columns ``discount``, ``tax`` and ``cost``, where the file tells them of the line.
        stage: What is taken off the amount already; told, never computed.
        tax: Whether tax is in the amount; told, never computed.
        equal_lines: ``real`` where two equal rows are two sales.
        negative_is: What a line with a negative quantity is where no word tells its kind.
    """

    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    code_else: str | None = None
    quantity_else: str | None = None
    time: TimeForm = TimeForm()
    marks: tuple[str, ...] = ()
    usual_names: bool = False
    measures: Mapping[str, Measure] = field(default_factory=dict)
    stage: Literal["list", "after_discount", "after_coupons"] | None = None
    tax: Literal["with", "without", "depends"] | None = None
    equal_lines: Literal["real"] | None = None
    negative_is: Literal["return", "sale"] = "return"

    @property
    def amount_is_line(self) -> bool:
        """Whether the file tells the amount of the line in place of the price of a piece."""
        return "amount" in self.columns


@dataclass(frozen=True)
class Rows:
    """Which rows are lines, by the words of a column; an empty word stands for a blank.

    Attributes:
        lines: A line has one of these words in each of the columns.
        none: A row with one of these words is no line.
        parents: A row with one of these words is no line, but tells something of the lines below it.
    """

    lines: Words = field(default_factory=dict)
    none: Words = field(default_factory=dict)
    parents: Words = field(default_factory=dict)


@dataclass(frozen=True)
class KindRule:
    """What a row is if it has one of the words in each of the columns, and fills others; an empty word is a blank.

    Attributes:
        kind: A kind of line, a reason for which a row was never sold, or ``no_line``.
        when: The words.
        sign: ``negative`` where the file writes amounts and quantity of such rows without their sign.
        filled: Columns that hold something.
    """

    kind: str
    when: Words
    sign: Literal["negative"] | None = None
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Persons:
    """Columns with personal data.

    Attributes:
        columns: Their names.
        starting: Columns that begin so have personal data, too.
        except_: Columns that begin so and have none.
    """

    columns: tuple[str, ...] = ()
    starting: tuple[str, ...] = ()
    except_: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """Sums that the file tells twice.

    Attributes:
        per: Of what they are equal.
        plus: Terms that are added.
        minus: Terms that are taken off.
        equals: The term that the file tells a second time.
        within: How far they may be apart.
        rounded: Whether a cent a piece more is allowed, since prices are rounded.
        unless: Words of columns for which they need not be equal.
        unless_amount: Columns with an amount other than 0 where they need not be equal, such as a refund that was taken
            off the lines.
    """

    per: Literal["invoice", "row", "file"]
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    equals: str
    within: Decimal = Decimal(0)
    rounded: bool = False
    unless: Words = field(default_factory=dict)
    unless_amount: tuple[str, ...] = ()


@dataclass(frozen=True)
class InvoiceLetters:
    """Letters before the digits of an invoice's number that tell its type; None for no such rule."""

    cancellation: str | None = None
    adjustment: str | None = None


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
        kinds: What a row is, by words; the first that fits counts.
        order: What the file tells of an order, by key: columns of which the first that is filled counts.
        parent: Our columns that the row above an invoice's lines tells: columns of which the first that is filled counts.
        persons: Columns with personal data.
        kept_columns: Columns that are kept though their name speaks of a person.
        checks: Sums that the file tells twice.
        not_merchandise: Stock codes that are no merchandise, in upper case.
        invoice_letters: Letters in invoice numbers that tell a type.
        ask: What the file does not tell, ``currency`` or ``timezone``, and why.
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
    kinds: tuple[KindRule, ...] = ()
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    persons: Persons = Persons()
    kept_columns: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    not_merchandise: frozenset[str] = frozenset()
    invoice_letters: InvoiceLetters = InvoiceLetters()
    ask: Mapping[str, str] = field(default_factory=dict)
