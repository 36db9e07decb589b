"""Turn the columns of a file into the eight columns of a sales line, by a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from tasks.ingest.header import Header
from tasks.ingest.mapping.fill import FillDown
from tasks.ingest.mapping.match import PREFIX
from tasks.ingest.mapping.model import ColumnMapping, Words
from tasks.ingest.mapping.numbers import plain_number, without_marks
from tasks.ingest.mapping.times import iso_times
from tasks.ingest.schema import COLUMNS, OPTIONAL_HEADERS, READ

INVOICE_MARK = "/"
_BLANK, _FOOTER = "blank", "footer"


class RowMapper:
    """Maps the frames of files with equal headers, in their order."""

    def __init__(self, header: Header, feed_decimal: str | None) -> None:
        """Prepare to map frames.

        Args:
            header: The header, with its mapping.
            feed_decimal: Decimal mark of the feed's numbers; None if it is open.
        """
        assert header.mapping is not None  # noqa: S101 - narrows the type: files without one are not mapped
        self._mapping: ColumnMapping = header.mapping
        self._feed_decimal = feed_decimal or "."
        self._columns = list(header.columns)
        self._first = next((name for name, position in header.positions.items() if position == 0), None)
        self._fill = FillDown(self._mapping.fill)

    def map(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Map the rows of a frame.

        Args:
            frame: ``source``, ``line_no``, the columns of the header, ``fault`` and ``raw``.

        Returns:
            The lines, with the columns of ``schema.READ``, and the rows that are no lines: ``source``, ``reason`` and
            ``len``, their number.
        """
        texts = frame.with_columns(self._trimmed(pl.col(column)) for column in self._columns)
        reason = pl.coalesce(self._is_footer(), self._is_blank())
        texts = self._fill.fill(texts.with_columns(reason.alias("reason")))
        texts = texts.with_columns(pl.coalesce("reason", self._no_line()).alias("reason"))
        rest = texts.filter(pl.col("reason").is_not_null())
        lines = texts.filter(pl.col("reason").is_null()) if rest.height else texts
        lines = lines.with_columns(pl.coalesce("fault", *self._unknown_words()).alias("fault"))
        return self._lines(lines), rest.group_by("source", "reason", maintain_order=True).len()

    def _trimmed(self, text: pl.Expr) -> pl.Expr:
        trimmed = text.str.strip_chars()
        missing = self._mapping.notation.missing
        is_filled = trimmed.str.len_bytes() > 0
        return pl.when(is_filled & ~trimmed.is_in(missing) if missing else is_filled).then(trimmed)

    def _is_footer(self) -> pl.Expr:
        footer = self._mapping.notation.footer
        if not footer:
            return pl.lit(None, pl.String)
        # A record of another width may hold the text anywhere; one like the lines begins with it.
        found = [pl.col("raw").str.contains_any(footer)]
        if self._first is not None:
            found += [pl.col(self._first).str.starts_with(text) for text in footer]
        return pl.when(pl.any_horizontal(found)).then(pl.lit(_FOOTER))

    def _is_blank(self) -> pl.Expr:
        blank = pl.all_horizontal(pl.col(self._columns).is_null()) & pl.col("fault").is_null()
        return pl.when(blank).then(pl.lit(_BLANK))

    def _no_line(self) -> pl.Expr:
        reasons = [
            pl.when(pl.col("fault").is_null() & _has_word(column, words)).then(_named(column))
            for column, words in self._mapping.rows.none.items()
        ]
        return pl.coalesce(*reasons, pl.lit(None, pl.String))

    def _unknown_words(self) -> list[pl.Expr]:
        closed: Sequence[Words] = (self._mapping.rows.lines, self._mapping.words)
        return [
            pl.when(~_has_word(column, words)).then(
                pl.format(
                    "the column {} has a word that the mapping does not know: {}",
                    pl.lit(_shown(column)),
                    pl.coalesce(pl.col(column).str.head(60), pl.lit("(blank)")),
                )
            )
            for table in closed
            for column, words in table.items()
        ]

    def _lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        line = self._mapping.line
        told = [ours for ours in OPTIONAL_HEADERS if ours in line.columns or ours in line.constants]
        columns = [*COLUMNS, *told]
        kept = [name for name in ("attributes", "persons") if name in rows.columns]
        lines = rows.select(
            "source",
            "line_no",
            *(self._value(ours).alias(ours) for ours in columns),
            *kept,
            "fault",
            "raw",
        )
        zones = rows.get_column(line.time.zone_column) if line.time.zone_column else None
        times = iso_times(lines.get_column("invoice_date"), zones, line.time)
        # The columns of a row that could not be split are unknown: it gets no constants.
        is_known = pl.col("raw").is_null()
        known = (pl.when(is_known).then(pl.col(ours)).alias(ours) for ours in columns)
        return lines.with_columns(times.alias("invoice_date")).with_columns(known).cast(pl.Schema(READ))

    def _value(self, ours: str) -> pl.Expr:
        line, decimal = self._mapping.line, self._mapping.notation.decimal
        columns = line.columns.get(ours, ())
        if ours in line.constants:
            return pl.lit(line.constants[ours] or None, pl.String)
        if not columns:
            value = pl.lit(None, pl.String)
        elif ours == "invoice_no":
            # Of a number with a part missing, sales of several invoices would become one.
            value = pl.concat_str(columns, separator=INVOICE_MARK)
        elif ours == "invoice_date":
            value = pl.concat_str(columns, separator=" ")
        else:
            value = pl.coalesce(columns)
        if ours == "stock_code" and line.code_else:
            value = pl.coalesce(value, pl.lit(line.code_else))
        if ours == "unit_price":
            value = without_marks(value, line.marks)
        if ours in {"unit_price", "quantity"} and decimal is not None:
            value = plain_number(value, decimal, self._feed_decimal)
        return value


def _has_word(column: str, words: Sequence[str]) -> pl.Expr:
    """Whether a column has one of the words; an empty word stands for a blank."""
    text = pl.col(column)
    found = text.is_in([word for word in words if word]).fill_null(False)
    return found | text.is_null() if "" in words else found


def _shown(column: str) -> str:
    return column.removeprefix(PREFIX)


def _named(column: str) -> pl.Expr:
    word = pl.coalesce(pl.col(column).str.head(60), pl.lit("(blank)"))
    return pl.format("{} = {}", pl.lit(_shown(column)), word)


def mapped(
    frames: Iterator[pl.DataFrame],
    header: Header,
    feed_decimal: str | None,
    passed_over: Sequence[dict[str, int]],
) -> Iterator[pl.DataFrame]:
    """Map the frames of a group of files with equal headers.

    Args:
        frames: Frames of a reader.
        header: Their header, with its mapping.
        feed_decimal: Decimal mark of the feed's numbers; None if it is open.
        passed_over: For each file of the group, gets the number of rows that are no lines, by reason.

    Yields:
        Frames with the columns of ``schema.READ``.
    """
    for counts in passed_over:
        counts.clear()
    mapper = RowMapper(header, feed_decimal)
    for frame in frames:
        lines, rest = mapper.map(frame)
        for source, reason, count in rest.iter_rows():
            counts = passed_over[source]
            counts[reason] = counts.get(reason, 0) + count
        if lines.height:
            yield lines


def passed_over_text(counts: Mapping[str, int]) -> str:
    """Say which rows of a delivery were no lines, and how many; empty text for none."""
    if not counts:
        return ""
    listed = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(counts.items()))
    rows = sum(counts.values())
    return f"{rows:,} {'row is no line' if rows == 1 else 'rows are no lines'} by the mapping ({listed})."
