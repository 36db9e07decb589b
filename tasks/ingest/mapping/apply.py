"""Turn the columns of a file into the columns of a sales line, by a mapping."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import polars as pl

from tasks.ingest.header import Header
from tasks.ingest.mapping.fill import FillDown
from tasks.ingest.mapping.form import NO_LINE
from tasks.ingest.mapping.match import PARENT, PREFIX
from tasks.ingest.mapping.model import ColumnMapping, KindRule, Words
from tasks.ingest.mapping.order import FirstLines, WithoutParent
from tasks.ingest.mapping.passed_over import MONEY, PassedOver, amount_text, count, with_amounts
from tasks.ingest.mapping.returns import PositiveReturns
from tasks.ingest.mapping.sums import SumChecks, SumResult
from tasks.ingest.mapping.times import iso_times
from tasks.ingest.mapping.values import IS_NEGATIVE, LineValues
from tasks.ingest.schema import KINDS, READ, UNKNOWN_WORD

_BLANK, _FOOTER = "blank", "footer"


class RowMapper:
    """Maps the frames of files with equal headers, in their order."""

    def __init__(self, header: Header, feed_decimal: str | None, typed_numbers: Collection[str] = ()) -> None:
        """Prepare to map frames.

        Args:
            header: The header, with its mapping.
            feed_decimal: Decimal mark of the feed's numbers; None if it is open.
            typed_numbers: Our columns that hold numbers, not text.
        """
        assert header.mapping is not None  # noqa: S101 - narrows the type: files without one are not mapped
        self._mapping: ColumnMapping = header.mapping
        self._values = LineValues(self._mapping, feed_decimal, typed_numbers)
        self._columns = sorted(header.columns, key=lambda column: header.positions.get(column, 0))
        self._first = next((name for name, position in header.positions.items() if position == 0), None)
        fill = self._mapping.fill
        self._has_parents = any(name.startswith(PARENT) for name in fill.columns)
        self._fill = FillDown(replace(fill, columns=(*fill.columns, PARENT)) if self._has_parents else fill)
        content = self._mapping.content
        self.without_parent = WithoutParent([*content.get("parent", {}), *content.get("order", {})])
        self._first_lines = FirstLines()
        self.returns = PositiveReturns()
        self.sums = SumChecks(self._mapping, feed_decimal, typed_numbers)

    def map(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Map the rows of a frame.

        Args:
            frame: ``source``, ``line_no``, the columns of the header, ``fault`` and ``raw``.

        Returns:
            The lines, with the columns of ``schema.READ`` and those of ``schema.MAPPED_COLUMNS`` that the mapping
            tells, and the rows that are no lines: ``source``, ``reason``, ``sum`` and ``code``, as
            ``passed_over.with_amounts`` has them.
        """
        texts = frame.with_columns(self._trimmed(pl.col(column)) for column in self._columns)
        reason = pl.coalesce(self._is_footer(), self._is_blank("attributes" in frame.columns))
        texts = texts.with_columns(reason.alias("reason"), *self._told_by_parents())
        texts = self._fill.fill(texts)
        texts = self._with_kinds(texts).with_columns(
            pl.coalesce("reason", self._no_line(), "never_sold").alias("reason")
        )
        self.sums.count(texts.filter(pl.col("reason").is_in([_BLANK, _FOOTER]).not_().fill_null(value=True)))
        rest = texts.filter(pl.col("reason").is_not_null())
        lines = texts.filter(pl.col("reason").is_null()) if rest.height else texts
        rows = self._with_unknown_words(lines)
        lines = self._lines(rows)
        self.sums.add(rows, lines)
        self._note_returns(rows, lines)
        if self._has_parents:
            self.without_parent.add(lines, rows.get_column(PARENT).is_not_null())
        self._note_footers(rest)
        return lines, self._amounts(rest)

    def _note_returns(self, rows: pl.DataFrame, lines: pl.DataFrame) -> None:
        is_return = pl.col("kind").eq_missing("return")
        if self._mapping.line.negative_is == "return":
            is_return |= pl.col("kind").is_null() & pl.col("quantity").str.starts_with("-")
        found = lines.select((is_return & pl.col("fault").is_null()).fill_null(False)).to_series()
        if found.any():
            told = with_amounts(self._money(rows.filter(found)), self._values.decimals(MONEY))
            self.returns.add(lines.filter(found), told.get_column("sum"))

    def _note_footers(self, rest: pl.DataFrame) -> None:
        if not self._mapping.notation.footer:
            return
        footers = rest.filter(pl.col("reason") == _FOOTER)
        cells = pl.concat_str(self._columns, separator=" ", ignore_nulls=True)
        is_split = pl.col("raw").is_null().alias("split")
        for source, text, split in footers.select("source", pl.coalesce("raw", cells), is_split).iter_rows():
            self.sums.add_footer(source, text, is_split=split)

    def _trimmed(self, text: pl.Expr) -> pl.Expr:
        trimmed = text.str.strip_chars()
        missing = self._mapping.notation.missing
        is_filled = trimmed.str.len_bytes() > 0
        return pl.when(is_filled & ~trimmed.is_in(missing) if missing else is_filled).then(trimmed)

    def _is_footer(self) -> pl.Expr:
        footer = self._mapping.notation.footer
        if not footer:
            return pl.lit(None, pl.String)
        # A record of another width may hold the text anywhere; one like the lines begins with it, or has it in a further
        # column and tells nothing that a line tells.
        found = [pl.col("raw").str.contains_any(footer)]
        if self._first is not None:
            found += [pl.col(self._first).str.starts_with(text) for text in footer]
        told = self._mapping.line.columns
        of_lines = [column for ours in ("invoice_date", *MONEY) for column in told.get(ours, ())]
        if of_lines:
            others = [column for column in self._columns if column not in of_lines]
            is_no_line = pl.all_horizontal(pl.col(of_lines).is_null())
            found += [
                is_no_line & pl.col(column).str.starts_with(text) for column in others for text in footer
            ]
        return pl.when(pl.any_horizontal(found)).then(pl.lit(_FOOTER))

    def _is_blank(self, has_attributes: bool) -> pl.Expr:
        blank = pl.all_horizontal(pl.col(self._columns).is_null()) & pl.col("fault").is_null()
        if has_attributes:
            blank &= pl.col("attributes").is_null()
        return pl.when(blank).then(pl.lit(_BLANK))

    def _told_by_parents(self) -> list[pl.Expr]:
        """The columns that lines get from their parents, and one that says that there is one: filled in those only, so far."""
        if not self._has_parents:
            return []
        parents = [_has_word(column, words) for column, words in self._mapping.rows.parents.items()]
        is_parent = pl.when(pl.any_horizontal(parents) & pl.col("fault").is_null())
        names = [name for name in self._mapping.fill.columns if name.startswith(PARENT)]
        told = [is_parent.then(pl.col(name.removeprefix(PARENT))).alias(name) for name in names]
        return [*told, is_parent.then(pl.lit("")).alias(PARENT)]

    def _no_line(self) -> pl.Expr:
        rows = self._mapping.rows
        reasons = [
            pl.when(pl.col("fault").is_null() & _has_word(column, words)).then(_named(column))
            for table in (rows.none, rows.parents)
            for column, words in table.items()
        ]
        return pl.coalesce(*reasons, pl.lit(None, pl.String))

    def _with_kinds(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add ``kind``, ``never_sold`` (why a row is none, or None) and ``IS_NEGATIVE``, by the first rule that fits."""
        columns: dict[str, pl.Expr] = {
            "kind": pl.lit(None, pl.String),
            "never_sold": pl.lit(None, pl.String),
            IS_NEGATIVE: pl.lit(False),
        }
        for rule in reversed(self._mapping.kinds):
            # What stands in a broken row is not known.
            fits = pl.all_horizontal(
                pl.col("fault").is_null(),
                *(_has_word(column, words) for column, words in rule.when.items()),
                *(pl.col(column).is_not_null() for column in rule.filled),
            )
            why = _reason(rule) if rule.kind == NO_LINE else pl.lit(rule.kind)
            is_line = rule.kind in KINDS
            values = {
                "kind": pl.lit(rule.kind if is_line else None, pl.String),
                "never_sold": pl.lit(None, pl.String) if is_line else why,
                IS_NEGATIVE: pl.lit(rule.sign == "negative"),
            }
            columns = {name: pl.when(fits).then(values[name]).otherwise(columns[name]) for name in columns}
        return rows.with_columns(**columns)

    def _with_unknown_words(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Set the rows aside that have a word which the mapping does not know, with word and amount."""
        unknown = lines.select(
            pl.when(pl.col("fault").is_null()).then(
                pl.coalesce(*self._unknown_words(), pl.lit(None, pl.String))
            )
        ).to_series()
        if unknown.null_count() == unknown.len():
            return lines
        rows = unknown.is_not_null()
        told = pl.Series(unknown.name, [None] * lines.height, dtype=pl.String)
        told = told.scatter(
            rows.arg_true(), amount_text(self._money(lines.filter(rows)), self._values.decimals(MONEY))
        )
        text = pl.concat_str(unknown, pl.coalesce(pl.format(" (amount {})", told), pl.lit("")))
        return lines.with_columns(pl.coalesce("fault", text).alias("fault"))

    def _unknown_words(self) -> list[pl.Expr]:
        closed: Sequence[Words] = (self._mapping.rows.lines, self._mapping.words)
        return [
            pl.when(~_has_word(column, words)).then(
                pl.format(
                    "the column {}{}{}",
                    pl.lit(_shown(column)),
                    pl.lit(UNKNOWN_WORD),
                    pl.coalesce(pl.col(column).str.head(60), pl.lit("(blank)")),
                )
            )
            for table in closed
            for column, words in table.items()
        ]

    def _money(self, rows: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame([self._values.of(ours, rows) for ours in (*MONEY, "currency")])

    def _amounts(self, rest: pl.DataFrame) -> pl.DataFrame:
        told = with_amounts(self._money(rest), self._values.decimals(MONEY))
        return rest.select("source", "reason").hstack(told.select("sum", "code"))

    def _lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        line, values = self._mapping.line, self._values
        columns = values.columns
        kept = [name for name in ("attributes", "persons") if name in rows.columns]
        lines = rows.select("source", "line_no", *kept, "fault", "raw", "kind").with_columns(
            values.of(ours, rows) for ours in columns
        )
        zones = rows.get_column(line.time.zone_column) if line.time.zone_column else None
        times = iso_times(lines.get_column("invoice_date"), zones, line.time)
        # The columns of a row that could not be split are unknown: it gets no constants.
        is_known = pl.col("raw").is_null()
        known = (pl.when(is_known).then(pl.col(ours)).alias(ours) for ours in columns)
        lines = lines.with_columns(times.alias("invoice_date")).with_columns(known).cast(pl.Schema(READ))
        if not self._mapping.order:
            return lines
        # What a row that is set aside tells of its order is told by the next one.
        invoice = pl.when(pl.col("fault").is_null()).then("invoice_no").alias("invoice_no")
        is_first = self._first_lines.find(lines.select("source", invoice))
        told = pl.Series("invoice_attributes", [None], dtype=pl.String).new_from_index(0, lines.height)
        return lines.with_columns(told.scatter(is_first.arg_true(), values.order(rows.filter(is_first))))


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


def _reason(rule: KindRule) -> pl.Expr:
    """Why rows are no lines; without the values of a column that is merely filled, of which each row may have its own."""
    if rule.when:
        return _named(next(iter(rule.when)))
    return pl.lit(f"{_shown(rule.filled[0])} is filled")


def mapped(
    frames: Iterator[pl.DataFrame],
    header: Header,
    feed_decimal: str | None,
    told: Sequence[tuple[dict[str, PassedOver], list[SumResult], list[str]]],
    typed_numbers: Collection[str] = (),
) -> Iterator[pl.DataFrame]:
    """Map the frames of a group of files with equal headers.

    Args:
        frames: Frames of a reader.
        header: Their header, with its mapping.
        feed_decimal: Decimal mark of the feed's numbers; None if it is open.
        told: For each file of the group, gets the rows that are no lines or were never sold, by reason; what became of
            the sums that the mapping checks; and sentences for the report.
        typed_numbers: Our columns that hold numbers, not text.

    Yields:
        Frames with the columns of ``schema.READ``, and those of ``schema.MAPPED_COLUMNS`` that the mapping tells.
    """
    for each in told:
        for found in each:
            found.clear()
    mapper = RowMapper(header, feed_decimal, typed_numbers)
    for frame in frames:
        lines, rest = mapper.map(frame)
        for (source,), rows in rest.partition_by("source", as_dict=True, maintain_order=True).items():
            count(told[source][0], rows)
        if lines.height:
            yield lines
    for source, (_, sums, notes) in enumerate(told):
        sums.extend(mapper.sums.results(source))
        notes.extend((*mapper.without_parent.notes(source), *mapper.returns.notes(source)))
