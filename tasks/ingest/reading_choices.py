"""Values that two readings fit: what a delivery leaves open, and which readings its values speak for.

A reading setting of a feed that is not settled has two readings. Most values fit one of them (`2,55`, `13/12/2010`), or
mean the same in both (`6`, `3/3/2010`). `1.000` and `12/1/2010` fit both and differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import polars as pl

from tasks.ingest.currency import split_marks, without_mark
from tasks.ingest.date_formats import SLASHED_START, parse_slashed
from tasks.ingest.number_formats import DECIMAL_MARKS, parse_number
from tasks.ingest.reading import USUAL_MISSING_WORDS
from tasks.ingest.schema import AMOUNTS

# Kinds of texts, as small integers; a text that only reading n fits is of kind ALONE + n.
SETTLED, OPEN, ALONE = 0, 1, 2


@dataclass(frozen=True)
class ReadingChoice:
    """A setting with two readings.

    Attributes:
        setting: Its name in the feed's settings.
        title: Its name in a sentence.
        readings: Its values.
        columns: Columns of bronze that are read by it.
        values: What these columns hold, in a sentence.
        candidate: Pattern of the texts in which the readings may differ.
        settled: Pattern of those among them in which they do not; None for none.
        parse: Reads text by one of the readings; null where it does not fit.
        may_be_missing: Whether a word may stand for a missing value in these columns.
        may_name_persons: Whether a value that only one reading fits may be a person's name, and is not shown.
    """

    setting: str
    title: str
    readings: tuple[str, str]
    columns: tuple[str, ...]
    values: str
    candidate: str
    parse: Callable[[pl.Expr, str], pl.Expr]
    settled: str | None = None
    may_be_missing: bool = False
    may_name_persons: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, which are parsed to text."""
        return self.parse is parse_number

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return f"--{self.setting.replace('_', '-')}"

    def read(self, text: pl.Expr, reading: str | None, *, others: bool = False) -> pl.Expr:
        """Read text by a reading, or without one.

        Args:
            text: Values as text.
            reading: The reading; None to read only what has one meaning.
            others: Whether values that only the other reading fits are read by that one.

        Returns:
            The values, null where the text has none.
        """
        if reading is not None and not others:
            return self.parse(text, reading)
        # A struct, whose fields are evaluated once: an expression is evaluated anew wherever it is used.
        readings = pl.struct(self.parse(text, each).alias(each) for each in self.readings).struct
        first, second = (pl.field(each) for each in self.readings)
        if reading is not None:
            return readings.with_fields(value=pl.coalesce(pl.field(reading), first, second)).struct.field(
                "value"
            )
        one_meaning = first.is_null() | second.is_null() | (first == second)
        value = pl.when(one_meaning).then(pl.coalesce(first, second))
        return readings.with_fields(value=value).struct.field("value")

    def _bare(self, text: pl.Expr) -> pl.Expr:
        return without_mark(text.str.strip_chars()) if self.is_number else text

    def kinds(self, texts: pl.Series) -> pl.Series:
        """Return the kind of each text (UInt8)."""
        is_candidate = texts.str.contains(self.candidate)
        if self.settled is not None and is_candidate.any():
            is_candidate &= ~texts.str.contains(self.settled)
        rows = is_candidate.arg_true()
        kinds = pl.repeat(SETTLED, texts.len(), dtype=pl.UInt8, eager=True)
        if not rows.len():
            return kinds
        # In steps: polars evaluates an expression anew wherever another one uses it.
        candidates = texts.gather(rows).alias("text").to_frame()
        if self.is_number:
            candidates = split_marks(candidates.select(pl.col("text").str.strip_chars()))
        first, second = (self.parse(pl.col("text"), reading) for reading in self.readings)
        read = candidates.select(first=first, second=second)
        first, second = pl.col("first"), pl.col("second")
        kind = (
            pl.when(first.is_not_null() & second.is_not_null())
            .then(pl.when(first != second).then(OPEN).otherwise(SETTLED))
            .when(first.is_not_null())
            .then(ALONE)
            .when(second.is_not_null())
            .then(ALONE + 1)
            .otherwise(SETTLED)
        )
        return kinds.scatter(rows, read.select(kind.cast(pl.UInt8)).to_series())

    def value(self, text: pl.Expr, reading: str) -> pl.Expr:
        """Read text by a reading, to tell different values apart: 2.5 and 2.50 are one."""
        value = self.parse(self._bare(text), reading)
        return value.cast(pl.Float64) if self.is_number else value

    def meaning(self, text: str, reading: str) -> str:
        """Show what a value means in a reading, for people."""
        value = (
            pl.Series([text]).to_frame("text").select(self.parse(self._bare(pl.col("text")), reading)).item()
        )
        return value.rstrip("0").rstrip(".") if self.is_number and "." in value else str(value)


def _parse_customer(text: pl.Expr, reading: str) -> pl.Expr:
    """Read customers as ``codes`` or as ``numbers``; null where one does not fit, or is a word for a missing one."""
    visible = text.str.replace_all(r"\p{Cf}", "").str.strip_chars()
    digits = visible.str.extract(r"^([0-9]{1,15})(?:[.,]0*)?$")
    if reading == "numbers":
        return digits.str.replace("^0+([0-9])", "$1")
    is_missing = visible.str.to_uppercase().is_in(["", *USUAL_MISSING_WORDS])
    return pl.when(~is_missing).then(pl.coalesce(digits, visible.str.to_uppercase()))


DECIMAL = ReadingChoice(
    "decimal", "decimal mark", DECIMAL_MARKS, ("quantity", *AMOUNTS), "numbers", "[.,]", parse_number
)
DATE_FORMAT = ReadingChoice(
    "date_format", "date format", ("us", "eu"), ("invoice_date",), "dates", SLASHED_START, parse_slashed
)
CUSTOMERS = ReadingChoice(
    "customers",
    "customers as",
    ("codes", "numbers"),
    ("customer_id",),
    "customer numbers",
    r"[^0-9\s]|^\s*0[0-9]",
    _parse_customer,
    # As a column of floats has them.
    r"^[1-9][0-9]{0,14}\.0$",
    may_be_missing=True,
    may_name_persons=True,
)
CHOICES = (DECIMAL, DATE_FORMAT, CUSTOMERS)
READING_COLUMNS = tuple(column for choice in CHOICES for column in choice.columns)


class OpenValues:
    """Collects, part by part, the values of each delivery that two readings fit, and the readings that alone fit one."""

    def __init__(self) -> None:
        # By delivery and setting, one such value.
        self.open: dict[str, dict[str, str]] = {}
        self._alone: dict[str, set[str]] = {choice.setting: set() for choice in CHOICES}

    @property
    def alone(self) -> dict[str, list[str]]:
        """By setting, the readings that alone fit some value."""
        return {setting: sorted(readings) for setting, readings in self._alone.items() if readings}

    def add(
        self, frame: pl.DataFrame, distinct: Mapping[str, pl.Series], typed: Collection[str] = ()
    ) -> None:
        """Look at the distinct texts of a part.

        Args:
            frame: The part, columns of ``schema.BRONZE``.
            distinct: The distinct texts of its ``READING_COLUMNS``.
            typed: Columns that held numbers, which have one reading.
        """
        for choice in CHOICES:
            for column in choice.columns:
                if column not in typed and distinct[column].len():
                    self._add(frame, choice, column, distinct[column])

    def _add(self, frame: pl.DataFrame, choice: ReadingChoice, column: str, texts: pl.Series) -> None:
        kinds = choice.kinds(texts)
        for place, reading in enumerate(choice.readings):
            if (kinds == ALONE + place).any():
                self._alone[choice.setting].add(reading)
        ambiguous = texts.filter(kinds == OPEN)
        if not ambiguous.len():
            return
        examples = (
            frame.lazy()
            .filter(pl.col(column).cast(pl.String).is_in(ambiguous.implode()))
            .group_by(pl.col("delivery").cast(pl.String))
            .agg(pl.col(column).cast(pl.String).min())
        )
        for delivery, text in examples.collect().iter_rows():
            self.open.setdefault(delivery, {}).setdefault(choice.setting, text)
