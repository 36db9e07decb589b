"""Prove a preset on the first rows of a file: whether times and amounts are read, words are known and sums hold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from tasks.errors import DeliveryError
from tasks.ingest.currency import without_mark
from tasks.ingest.date_formats import parse_slashed
from tasks.ingest.discover import Delivery
from tasks.ingest.limits import DEFAULT_LIMITS
from tasks.ingest.mapping.apply import RowMapper
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.number_formats import DECIMAL_MARKS, parse_number
from tasks.ingest.presets.unread import as_delivered, number_change, time_change
from tasks.ingest.readers import csv
from tasks.ingest.reading import ReadingSettings
from tasks.ingest.schema import UNKNOWN_WORD
from tasks.ingest.source_file import FileContent

ROWS = 200
# Share of the lines that must be read: with fewer, the quality gate would refuse the delivery.
_READ_SHARE = 0.85
_WORDS_CHANGE = "add the words that it does not know to [words], and to [[kind]] what they mean"
# As mapped times are written; a text that no format reads is followed by the reason in parentheses.
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}[^()]*$"


@dataclass(frozen=True)
class Proof:
    """What the first rows of a file say of a preset.

    Attributes:
        rows: Rows that were read.
        lines: Sales lines among them.
        problems: What is not read, each as a clause; empty if the preset reads the file.
        sums: Sums that the file tells twice and that are not equal, each as a clause.
        changes: What to write in a mapping of one's own so that it is read, each as a clause that begins with a verb.
        asks: Settings of the feed that must be given then, beside those that the preset asks for.
    """

    rows: int
    lines: int
    problems: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything is read and all sums are equal."""
        return not self.problems and not self.sums


def prove(delivery: Delivery, start: bytes, preset: ColumnMapping, reading: ReadingSettings) -> Proof:
    """Read the first rows of a text file by a preset.

    Args:
        delivery: The delivery.
        start: The first bytes of its text.
        preset: The preset.
        reading: Reading settings of the feed, without a mapping.
    """
    try:
        rows = _first_rows(delivery, start, replace(reading, mapping=kept_text(preset.content)))
    except DeliveryError as error:
        return Proof(0, 0, (error.what.rstrip("."),))
    count, lines, sums = rows
    if not lines.height:
        return Proof(count, 0, (f"none of the first {count} rows is a sales line",))
    return replace(_problems(Proof(count, lines.height), lines, reading.decimal, preset), sums=sums)


def _first_rows(
    delivery: Delivery, start: bytes, reading: ReadingSettings
) -> tuple[int, pl.DataFrame, tuple[str, ...]]:
    """The number of the first rows, the lines among them, and the sums that they break."""
    content = FileContent("", start, len(start))
    file = csv.open_delivery(delivery, content, DEFAULT_LIMITS, reading)
    mapper = RowMapper(file.header, reading.decimal)
    for frame in csv.frames([file], DEFAULT_LIMITS):
        rows = frame.head(ROWS)
        lines, _ = mapper.map(rows)
        # The sums of a whole file are not known yet.
        wrong = [one for one in mapper.sums.results(0) if one.is_wrong and one.per != "file"]
        return rows.height, lines, tuple(one.text for one in wrong)
    return 0, pl.DataFrame(), ()


def _problems(proof: Proof, lines: pl.DataFrame, decimal: str | None, preset: ColumnMapping) -> Proof:
    """Add what is not read, and what to change so that it is."""
    sound = lines.filter(pl.col("fault").is_null())
    found = [_first_fault(lines)] if sound.height < _READ_SHARE * lines.height else []
    changes = [_WORDS_CHANGE] if any(UNKNOWN_WORD in fault for fault in found) else []
    asks: tuple[str, ...] = ()
    amount = pl.coalesce([name for name in ("amount", "unit_price") if name in lines.columns])
    for what, value, is_read in (
        ("times", pl.col("invoice_date"), _is_time(pl.col("invoice_date"))),
        ("amounts", amount, _is_number(amount, decimal)),
        ("quantities", pl.col("quantity"), _is_number(pl.col("quantity"), decimal)),
    ):
        checked = sound.select(value=value, read=is_read.fill_null(False))
        unread = checked.filter(~pl.col("read"))
        if unread.height > (1 - _READ_SHARE) * checked.height:
            texts = as_delivered(unread.get_column("value"))
            shown = f"they look like {texts[0][:60]!r}" if texts else "they are blank"
            read = checked.height - unread.height
            count = (
                f"only {read:,} of {checked.height:,} {what} are"
                if read
                else f"none of {checked.height:,} {what} is"
            )
            found.append(f"{count} read: {shown}")
            if texts and what == "times":
                change, asks = time_change(texts, preset)
                changes.append(change)
            elif texts:
                changes.append(number_change(texts))
    return replace(
        proof, problems=tuple(found), changes=tuple(dict.fromkeys(filter(None, changes))), asks=asks
    )


def _first_fault(lines: pl.DataFrame) -> str:
    faults = lines.filter(pl.col("fault").is_not_null())
    return (
        f"{faults.height} of {lines.height} lines are faulty, the first of them in row {faults.item(0, 'line_no')}: "
        f"{faults.item(0, 'fault')}"
    )


def _is_time(text: pl.Expr) -> pl.Expr:
    slashed = (parse_slashed(text, order).is_not_null() for order in ("us", "eu"))
    return pl.any_horizontal(text.str.contains(_ISO_TIME), *slashed)


def _is_number(text: pl.Expr, decimal: str | None) -> pl.Expr:
    # A mark of a currency beside it names the line's, or is refused as that.
    number = without_mark(text)
    return pl.any_horizontal(
        parse_number(number, mark).is_not_null() for mark in ([decimal] if decimal else DECIMAL_MARKS)
    )
