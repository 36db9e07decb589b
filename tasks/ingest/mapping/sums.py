"""Sums that a file tells twice: what its lines add up to, beside what it says itself.

A wrong reading shows at once: the price of a piece taken for the amount of a line, a decimal mark, rows that are missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from tasks.ingest.mapping.file_totals import FileTotals
from tasks.ingest.mapping.match import PREFIX
from tasks.ingest.mapping.model import Check, ColumnMapping
from tasks.ingest.mapping.sum_numbers import LINE, NUMBER, SumNumbers
from tasks.ingest.mapping.terms import Term, term_of

_ZERO = pl.lit(0).cast(NUMBER)
_CENT = pl.lit(Decimal("0.01")).cast(NUMBER)
_EXAMPLES = 3
# The share of invoices or rows that may break a sum, as long as more than one does.
_MOST_BROKEN = 0.01
_UNITS = {"invoice": "invoices", "row": "rows", "file": "totals of the file"}


@dataclass(frozen=True)
class SumResult:
    """What became of one check in one delivery.

    Attributes:
        check: The check as text, such as ``line.amount - order.discount = column:Subtotal``.
        per: What it is made on: ``invoice``, ``row`` or ``file``.
        checked: Number of invoices, rows or files on which it could be made.
        broken: Number of those that break it.
        examples: The first of them: the invoice (empty for a file), what the lines give and what the file says, as
            decimals.
    """

    check: str
    per: str
    checked: int
    broken: int
    examples: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether so much breaks it that the file must have been read wrongly."""
        if self.per == "file":
            return self.broken > 0
        return self.broken > 1 and self.broken > _MOST_BROKEN * self.checked

    @property
    def text(self) -> str:
        """What breaks it, with both figures."""
        shown = "; ".join(
            f"{invoice + ': ' if invoice else ''}{found} by its lines, {told} by the file"
            for invoice, found, told in self.examples
        )
        more = ", …" if self.broken > len(self.examples) else ""
        return f"{self.broken:,} of {self.checked:,} {_UNITS[self.per]} break {self.check} ({shown}{more})"


def sum_result(values: Mapping[str, Any]) -> SumResult:
    """Return a result that was written as JSON."""
    return SumResult(**{**values, "examples": tuple(tuple(example) for example in values["examples"])})


class SumChecks:
    """Makes the checks of a mapping on the frames of a group of files with equal headers."""

    def __init__(
        self, mapping: ColumnMapping, feed_decimal: str | None, typed_numbers: Collection[str] = ()
    ) -> None:
        """Prepare the checks.

        Args:
            mapping: The mapping, with the columns that the files have.
            feed_decimal: Decimal mark of the feed's numbers; None if it is open.
            typed_numbers: Our columns that hold numbers, not text.
        """
        numbers = SumNumbers(mapping, feed_decimal, typed_numbers)
        self._checks = [_Sum(check, mapping.order, numbers) for check in mapping.checks]
        terms = {
            term_of(text) for check in mapping.checks for text in (*check.plus, *check.minus, check.equals)
        }
        decimal = mapping.notation.decimal or feed_decimal or "."
        self._totals = FileTotals(terms, numbers, decimal)

    def add(self, rows: pl.DataFrame, lines: pl.DataFrame) -> None:
        """Take in the lines of a frame.

        Args:
            rows: The rows of the lines, with ``source`` and the columns of the file.
            lines: The same lines with the columns of bronze.
        """
        if not self._checks:
            return
        bronze = lines.select(pl.all().name.prefix(LINE))
        is_sound = pl.col(f"{LINE}fault").is_null() & pl.col(f"{LINE}invoice_no").is_not_null()
        frame = pl.concat([rows, bronze], how="horizontal").filter(is_sound)
        for check in self._checks if frame.height else []:
            check.add(frame)

    def count(self, rows: pl.DataFrame) -> None:
        """Take in all rows but blank ones and footers, with ``source`` and the columns of the file."""
        self._totals.add(rows)

    def add_footer(self, source: int, text: str, *, is_split: bool = False) -> None:
        """Take in a record of a file's footer; see ``FileTotals.add_footer``."""
        self._totals.add_footer(source, text, is_split=is_split)

    def results(self, source: int) -> tuple[SumResult, ...]:
        """Return the results for one file of the group, in the order of the checks."""
        totals = self._totals.of(source)
        return tuple(check.result(source, totals) for check in self._checks)


class _Sum:
    """One check, with its sums by source and invoice (and row) so far."""

    def __init__(self, check: Check, order: Mapping[str, tuple[str, ...]], numbers: SumNumbers) -> None:
        self._check, self._order, self._numbers = check, order, numbers
        self._plus = [term_of(text) for text in check.plus]
        self._minus = [term_of(text) for text in check.minus]
        self._equals = term_of(check.equals)
        terms = {_name(term): term for term in (*self._plus, *self._minus, self._equals)}
        self._of_lines = {name: term for name, term in terms.items() if term.kind == "line"}
        self._of_file = {name: term for name, term in terms.items() if term.kind in {"column", "order"}}
        self._keys = ["source", "invoice", *(["line_no"] if check.per == "row" else [])]
        self._parts: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        amounts = {name: self._amount(frame, term) for name, term in self._of_lines.items()}
        told = {
            name: self._numbers.of_file(
                frame, self._order[term.name] if term.kind == "order" else [term.name]
            )
            for name, term in self._of_file.items()
        }
        unread = [*(amount.is_null() for amount in amounts.values()), *(bad for _, bad in told.values())]
        values = frame.select(
            "source",
            pl.col(f"{LINE}invoice_no").alias("invoice"),
            pl.col(f"{LINE}line_no").alias("line_no"),
            self._is_exempt(frame).alias("exempt"),
            pieces=self._numbers.of_line(frame, "quantity").abs(),
            unread=pl.any_horizontal(pl.lit(value=False), *unread),
        ).with_columns(**amounts, **{name: numbers for name, (numbers, _) in told.items()})
        self._parts.append(self._gathered(values, self._keys))

    def result(self, source: int, totals: Mapping[Term, str | None]) -> SumResult:
        check = self._check
        held = pl.DataFrame()
        terms = (*self._plus, *self._minus, self._equals)
        # A total of which a part is not read is none.
        if self._parts and not any(term.kind == "sum" and totals.get(term) is None for term in terms):
            sums = pl.concat(self._parts).filter(pl.col("source") == source)
            sums = self._gathered(sums, self._keys)
            invoices = sums.get_column("invoice").n_unique()
            if check.per == "file":
                sums = self._gathered(sums, ["source"]).with_columns(invoice=pl.lit(""))
            fixed = {**totals, Term("invoices"): str(invoices)}
            found = self._added(self._plus, fixed) - self._added(self._minus, fixed)
            within = pl.lit(check.within).cast(NUMBER)
            held = sums.filter(~pl.col("exempt") & ~pl.col("unread")).select(
                "invoice",
                found.alias("found"),
                self._side(self._equals, fixed).alias("told"),
                (within + _CENT * pl.col("pieces") if check.rounded else within).alias("within"),
            )
            held = held.drop_nulls("told")
        if not held.height:
            return SumResult(check_text(check), check.per, 0, 0)
        broken = held.filter((pl.col("found") - pl.col("told")).abs() > pl.col("within"))
        first = broken.head(_EXAMPLES).select("invoice", "found", "told").iter_rows()
        examples = tuple((invoice, _shown(found), _shown(told)) for invoice, found, told in first)
        return SumResult(check_text(check), check.per, held.height, broken.height, examples)

    def _gathered(self, frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        return frame.group_by(keys, maintain_order=True).agg(
            pl.col(*self._of_lines, "pieces").sum(),
            *(pl.col(name).drop_nulls().first() for name in self._of_file),
            pl.col("unread", "exempt").any(),
        )

    def _amount(self, frame: pl.DataFrame, term: Term) -> pl.Series:
        """The amounts of lines; 0 for one of another kind, null if it cannot be read."""
        numbers = self._numbers
        told = numbers.of_line(frame, term.name)
        if term.name == "amount":
            quantity, price = numbers.of_line(frame, "quantity"), numbers.of_line(frame, "unit_price")
            told = told.zip_with(told.is_not_null(), quantity * price)
        else:
            column = f"{LINE}{term.name}"
            is_told = (
                frame.get_column(column).is_not_null() if column in frame.columns else told.is_not_null()
            )
            told = told.zip_with(is_told, pl.select(pl.repeat(0, frame.height).cast(NUMBER)).to_series())
        if term.of is None:
            return told
        # A line that no word gives a kind is a sale or a return.
        kind = frame.get_column(f"{LINE}kind").fill_null("sale")
        counts = kind.is_in(["sale", "return"] if term.of == "sale" else [term.of])
        return told.zip_with(counts, pl.select(pl.repeat(0, frame.height).cast(NUMBER)).to_series())

    def _is_exempt(self, frame: pl.DataFrame) -> pl.Expr:
        words = [
            pl.col(column).fill_null("").is_in(list(words)) for column, words in self._check.unless.items()
        ]
        amounts = [
            (self._numbers.of_file(frame, [column])[0] != 0).fill_null(value=False)
            for column in self._check.unless_amount
        ]
        return pl.any_horizontal(pl.lit(value=False), *words, *amounts)

    def _added(self, terms: Sequence[Term], fixed: Mapping[Term, str | None]) -> pl.Expr:
        total = _ZERO
        for term in terms:
            total = total + self._side(term, fixed).fill_null(_ZERO)
        return total

    def _side(self, term: Term, fixed: Mapping[Term, str | None]) -> pl.Expr:
        if term in fixed:
            return _decimal(fixed[term])
        return pl.col(_name(term))


def check_text(check: Check) -> str:
    """Return a check as text."""
    minus = "".join(f" - {term}" for term in check.minus)
    return f"{' + '.join(check.plus)}{minus} = {check.equals}".replace(f":{PREFIX}", ":")


def sums_refusal(results: Sequence[SumResult]) -> str | None:
    """Say why a delivery is refused for its sums, with the way out; None if it is not."""
    wrong = [result.text for result in results if result.is_wrong]
    if not wrong:
        return None
    return (
        f"its lines do not add up to what the file says: {' '.join(f'{text}.' for text in wrong)} Then it is read wrongly, or "
        "rows are missing. Correct the mapping or have the file delivered again; or load it as it is with --accept-sums."
    )


def sum_notes(results: Sequence[SumResult]) -> tuple[str, ...]:
    """Return what the report tells of sums that a few invoices break, that were accepted, or that were not checked."""
    return tuple(
        f"{result.text}."
        if result.broken
        else f"{result.check} was not checked: the file does not tell both sides of it, or lines are not read."
        for result in results
        if result.broken or (result.per == "file" and not result.checked)
    )


def _name(term: Term) -> str:
    return f"{term.kind} {term.name} {term.of or ''}"


def _decimal(text: str | None) -> pl.Expr:
    return pl.lit(text, pl.String).str.to_decimal(scale=8).cast(NUMBER)


def _shown(value: object) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
