"""Sums that a file tells twice: what its lines add up to, beside what it says itself.

A wrong reading shows at once: the price of a piece taken for the amount of a line, a decimal mark, rows that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from tasks.ingest.mapping.match import PREFIX
from tasks.ingest.mapping.model import Check, ColumnMapping
from tasks.ingest.mapping.numbers import plain_number, without_marks
from tasks.ingest.mapping.terms import Term, term_of

# Sources write up to eight decimals.
_NUMBER = pl.Decimal(38, 8)
_ZERO = pl.lit(0).cast(_NUMBER)
_CENT = pl.lit(Decimal("0.01")).cast(_NUMBER)
_PLAIN = r"^[+-]?(?:[0-9]{1,20}\.?[0-9]{0,8}|\.[0-9]{1,8})$"
_EXAMPLES = 3
# The share of invoices or rows that may break a sum, as long as more than one does.
_MOST_BROKEN = 0.01
_UNITS = {"invoice": "invoices", "row": "rows", "file": "totals of the file"}
# Prefix of the columns of bronze beside those of the file.
_LINE = "line "


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

    def __init__(self, mapping: ColumnMapping, feed_decimal: str) -> None:
        """Prepare the checks.

        Args:
            mapping: The mapping, with the columns that the files have.
            feed_decimal: The decimal mark by which the feed's lines are read.
        """
        file_decimal = mapping.notation.decimal or feed_decimal
        self._checks = [_Sum(check, mapping, feed_decimal, file_decimal) for check in mapping.checks]
        self._footers: dict[int, str] = {}

    def add(self, rows: pl.DataFrame, lines: pl.DataFrame) -> None:
        """Take in the lines of a frame.

        Args:
            rows: The rows of the lines, with ``source`` and the columns of the file.
            lines: The same lines with the columns of bronze.
        """
        if not self._checks:
            return
        bronze = lines.select(pl.all().name.prefix(_LINE))
        frame = pl.concat([rows, bronze], how="horizontal").filter(pl.col(f"{_LINE}fault").is_null())
        for check in self._checks:
            check.add(frame)

    def add_footer(self, source: int, text: str) -> None:
        """Take in a record of a file's footer; the first counts."""
        self._footers.setdefault(source, text)

    def results(self, source: int) -> tuple[SumResult, ...]:
        """Return the results for one file of the group, in the order of the checks."""
        found = re.search(r"[0-9]+(?:\.[0-9]+)?", self._footers.get(source, ""))
        return tuple(check.result(source, found.group() if found else None) for check in self._checks)


class _Sum:
    """One check, with its sums by source and invoice (and row) so far."""

    def __init__(self, check: Check, mapping: ColumnMapping, feed_decimal: str, file_decimal: str) -> None:
        self._check, self._mapping = check, mapping
        self._feed_decimal, self._file_decimal = feed_decimal, file_decimal
        self._plus = [term_of(text) for text in check.plus]
        self._minus = [term_of(text) for text in check.minus]
        self._equals = term_of(check.equals)
        self._told = [
            term for term in (*self._plus, *self._minus, self._equals) if term.kind in {"column", "order"}
        ]
        self._keys = ["source", "invoice", *(["line_no"] if check.per == "row" else [])]
        self._parts: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        columns = [self._column(term) for term in self._told]
        lines = [term for term in (*self._plus, *self._minus, self._equals) if term.kind == "line"]
        amounts = [self._amount(term) for term in lines]
        values = frame.filter(pl.col(f"{_LINE}invoice_no").is_not_null()).select(
            "source",
            pl.col(f"{_LINE}invoice_no").alias("invoice"),
            pl.col(f"{_LINE}line_no").alias("line_no"),
            *(amount.alias(_name(term)) for term, amount in zip(lines, amounts, strict=True)),
            *(
                self._number(column).alias(_name(term))
                for term, column in zip(self._told, columns, strict=True)
            ),
            pl.any_horizontal(
                pl.lit(value=False),
                *(amount.is_null() for amount in amounts),
                *(column.is_not_null() & self._number(column).is_null() for column in columns),
            ).alias("unread"),
            self._is_exempt().alias("exempt"),
            self._line_number("quantity").abs().alias("pieces"),
        )
        if values.height:
            self._parts.append(self._gathered(values, self._keys))

    def result(self, source: int, footer: str | None) -> SumResult:
        check = self._check
        held = pl.DataFrame()
        if self._parts:
            sums = pl.concat(self._parts).filter(pl.col("source") == source)
            sums = self._gathered(sums, self._keys)
            invoices = sums.get_column("invoice").n_unique()
            if check.per == "file":
                sums = self._gathered(sums, ["source"]).with_columns(invoice=pl.lit(""))
            fixed = {"invoices": str(invoices), "footer": footer}
            found = self._added(self._plus, fixed) - self._added(self._minus, fixed)
            within = pl.lit(check.within).cast(_NUMBER)
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
        terms = (*self._plus, *self._minus, self._equals)
        of_lines = {_name(term) for term in terms if term.kind == "line"}
        of_file = {_name(term) for term in self._told}
        return frame.group_by(keys, maintain_order=True).agg(
            pl.col(of_lines).sum(),
            pl.col(of_file).drop_nulls().first(),
            pl.col("unread").any(),
            pl.col("exempt").any(),
            pl.col("pieces").sum(),
        )

    def _amount(self, term: Term) -> pl.Expr:
        """The amount of a line; 0 for one of another kind, null if it cannot be read."""
        if term.name == "amount":
            product = self._line_number("quantity") * self._line_number("unit_price")
            value = pl.coalesce(self._line_number("amount"), product)
        else:
            text = pl.col(f"{_LINE}{term.name}")
            value = pl.when(text.is_null()).then(_ZERO).otherwise(self._line_number(term.name))
        if term.of is None:
            return value
        kind = pl.col(f"{_LINE}kind").fill_null("sale")
        # A line that no word gives a kind is a sale or a return.
        counts = kind.is_in(["sale", "return"]) if term.of == "sale" else kind == term.of
        return pl.when(counts).then(value).otherwise(_ZERO)

    def _column(self, term: Term) -> pl.Expr:
        names = self._mapping.order[term.name] if term.kind == "order" else (term.name,)
        return pl.coalesce(names)

    def _line_number(self, name: str) -> pl.Expr:
        return _parsed(plain_number(pl.col(f"{_LINE}{name}"), self._feed_decimal, "."))

    def _number(self, text: pl.Expr) -> pl.Expr:
        amount = without_marks(text.str.strip_prefix("'"), self._mapping.line.marks)
        return _parsed(plain_number(amount, self._file_decimal, "."))

    def _is_exempt(self) -> pl.Expr:
        words = [
            pl.col(column).fill_null("").is_in(list(words)) for column, words in self._check.unless.items()
        ]
        amounts = [
            (self._number(pl.col(column)) != 0).fill_null(value=False) for column in self._check.unless_amount
        ]
        return pl.any_horizontal(pl.lit(value=False), *words, *amounts)

    def _added(self, terms: Sequence[Term], fixed: dict[str, str | None]) -> pl.Expr:
        total = _ZERO
        for term in terms:
            total = total + self._side(term, fixed).fill_null(_ZERO)
        return total

    def _side(self, term: Term, fixed: dict[str, str | None]) -> pl.Expr:
        if term.kind in fixed:
            return _decimal(fixed[term.kind])
        return pl.col(_name(term))


def check_text(check: Check) -> str:
    """Return a check as text."""
    minus = "".join(f" - {term}" for term in check.minus)
    return f"{' + '.join(check.plus)}{minus} = {check.equals}".replace(f"column:{PREFIX}", "column:")


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
    """Return what the report tells of sums that a few invoices break, or that were accepted."""
    return tuple(f"{result.text}." for result in results if result.broken)


def _name(term: Term) -> str:
    return f"{term.kind} {term.name} {term.of or ''}"


def _decimal(text: str | None) -> pl.Expr:
    return pl.lit(text, pl.String).str.to_decimal(scale=8).cast(_NUMBER)


def _parsed(plain: pl.Expr) -> pl.Expr:
    return pl.when(plain.str.contains(_PLAIN)).then(plain.str.to_decimal(scale=8)).cast(_NUMBER)


def _shown(value: object) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
