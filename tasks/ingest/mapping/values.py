"""The values of a sales line from the columns of the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from tasks.ingest.mapping.form import ORDER_TEXTS
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.mapping.numbers import decimal_texts, negated, negative, number_texts, positive, rounded
from tasks.ingest.mapping.order import json_objects
from tasks.ingest.schema import COLUMNS, OPTIONAL_HEADERS

INVOICE_MARK = "/"
# Of a number with a part missing, sales of several invoices would become one.
_JOINED = {"invoice_no": INVOICE_MARK, "source_line": INVOICE_MARK, "invoice_date": " "}
_NUMBERS = ("unit_price", "quantity", "amount")
# Whether the row has amounts and quantity without their sign, and is negative.
IS_NEGATIVE = "is_negative"


class LineValues:
    """The values of the columns of a line that a mapping tells.

    Attributes:
        columns: Our columns that the mapping tells.
        decimal: Decimal mark of the numbers that it writes; None if it is not known.
        typed_numbers: Our columns that held numbers, not text: they keep their point.
    """

    def __init__(
        self, mapping: ColumnMapping, feed_decimal: str | None, typed_numbers: Collection[str] = ()
    ) -> None:
        """Prepare the values.

        Args:
            mapping: The mapping, with the columns that the file has.
            feed_decimal: Decimal mark of the feed's numbers; None if it is open.
            typed_numbers: Our columns that held numbers, not text.
        """
        line = mapping.line
        self._mapping, self._line = mapping, line
        self._feed_decimal = feed_decimal or "."
        self.typed_numbers = frozenset(typed_numbers)
        self.decimal = self._feed_decimal if mapping.notation.decimal else feed_decimal
        self._has_signs = any(rule.sign for rule in mapping.kinds)
        further = [*OPTIONAL_HEADERS, "amount", "source_line"]
        told = [ours for ours in further if ours in line.columns or ours in line.constants]
        self.columns = [*COLUMNS, *told, *line.measures]

    def of(self, ours: str, rows: pl.DataFrame) -> pl.Series:
        """Return the values of a column of ours, as text; null where the mapping tells none.

        Args:
            ours: The column, of ``columns`` or any other.
            rows: Rows with the columns of the file and ``IS_NEGATIVE``.
        """
        if ours in self._line.measures:
            return self._measure(ours, rows)
        values = _series(rows, self._text(ours), ours)
        if ours not in _NUMBERS:
            return values
        if ours not in {*self._line.constants, *self.typed_numbers}:
            values = self._numbers(values)
        return self._signed(ours, values, rows)

    def decimals(self, columns: Sequence[str]) -> dict[str, str | None]:
        """Return the decimal mark of each of our columns; None if it is not known."""
        return {ours: "." if ours in self.typed_numbers else self.decimal for ours in columns}

    def order(self, rows: pl.DataFrame) -> pl.Series:
        """Return what rows tell of their orders, as JSON objects: text, or numbers as plain decimals; null for nothing."""
        told = {key: _series(rows, pl.coalesce(columns), key) for key, columns in self._mapping.order.items()}
        numbers = [self._plain_numbers(texts) for key, texts in told.items() if key not in ORDER_TEXTS]
        return (
            pl.DataFrame(list(told.values()))
            .with_columns(numbers)
            .select(json_objects(list(told)))
            .to_series()
        )

    def _text(self, ours: str) -> pl.Expr:
        line = self._line
        columns = line.columns.get(ours, ())
        if ours in line.constants:
            return pl.lit(line.constants[ours] or None, pl.String)
        value = pl.lit(None, pl.String)
        if ours in _JOINED and columns:
            value = pl.concat_str(columns, separator=_JOINED[ours])
        elif columns:
            value = pl.coalesce(columns)
        fallback = {"stock_code": line.code_else, "quantity": line.quantity_else}.get(ours)
        return pl.coalesce(value, pl.lit(fallback)) if fallback else value

    def _numbers(self, texts: pl.Series) -> pl.Series:
        notation = self._mapping.notation
        return number_texts(texts, self._line.marks, notation.decimal, self._feed_decimal)

    def _plain_numbers(self, texts: pl.Series) -> pl.Series:
        """Numbers as plain decimals; one that is none stays as delivered, for people to see."""
        plain = decimal_texts(self._numbers(texts), self.decimal)
        return plain.zip_with(plain.is_not_null(), texts).alias(texts.name)

    def _signed(self, ours: str, numbers: pl.Series, rows: pl.DataFrame) -> pl.Series:
        if not self._has_signs:
            return numbers.alias(ours)
        # Quantity times price is negative: one of them is.
        signed = (positive if ours == "unit_price" else negative)(numbers)
        return signed.zip_with(rows.get_column(IS_NEGATIVE), numbers).alias(ours)

    def _measure(self, ours: str, rows: pl.DataFrame) -> pl.Series:
        measure = self._line.measures[ours]
        if measure.is_sum:
            numbers = self._sum(ours, rows, measure.columns)
        else:
            numbers = self._measured(ours, _series(rows, pl.coalesce(measure.columns), ours))
        if measure.rounded:
            numbers = rounded(numbers, "." if ours in self.typed_numbers else self._feed_decimal)
        return self._signed(ours, negated(numbers) if measure.sign == "negative" else numbers, rows)

    def _measured(self, ours: str, texts: pl.Series) -> pl.Series:
        return texts if ours in self.typed_numbers else self._numbers(texts)

    def _sum(self, ours: str, rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
        """Several columns added up, as numbers of the feed; null where all are blank, and what is no number as it is."""
        mark = self.decimals([ours])[ours]
        texts = [self._measured(ours, rows.get_column(column)).alias(column) for column in columns]
        numbers = [
            decimal_texts(text, mark).str.to_decimal(scale=8).cast(pl.Decimal(38, 8)) for text in texts
        ]
        unread = [text.set(number.is_not_null(), None) for text, number in zip(texts, numbers, strict=True)]
        total = pl.sum_horizontal(numbers).cast(pl.String)
        is_told = pl.any_horizontal(pl.col(columns).is_not_null())
        # Four decimals: with three, a mark may be that of thousands.
        written = total.str.replace("0000$", "").str.replace(".", mark or ".", literal=True)
        return (
            pl.DataFrame(texts)
            .select(pl.coalesce(*unread, pl.when(is_told).then(written)).alias(ours))
            .to_series()
        )


def _series(rows: pl.DataFrame, value: pl.Expr, name: str) -> pl.Series:
    # A constant alone would be selected as one row.
    return rows.with_columns(value.alias(name)).get_column(name)
