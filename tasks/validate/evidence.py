"""Evidence for a reading of a feed's text: lines without errors with a value that only one reading fits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from tasks.ingest.ingested import Bronze
from tasks.ingest.reading_choices import ALONE, CHOICES, SETTLED, ReadingChoice
from tasks.validate.missing_words import without_missing
from tasks.validate.silver import Silver
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked
from tasks.workspace.parquet_parts import dictionary_encode, read_part

# Different values that only one reading fits, for it to be settled.
LEAST_VALUES = 3


@dataclass(frozen=True)
class ReadingEvidence:
    """What the lines without errors of a delivery say about a reading setting of its feed.

    Attributes:
        lines: Lines with a value that the setting decides, or that decides the setting.
        deciding: By reading, lines with a value that only this reading fits.
        values: By reading, the first different ones of these values, at most ``LEAST_VALUES``.
    """

    lines: int = 0
    deciding: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class DeliveryEvidence:
    """What a delivery says about the open readings of its feed.

    Attributes:
        name: Name of the delivery.
        rows: Number of its lines.
        readings: Its evidence by setting; a setting that none of its lines is about is missing.
    """

    name: str
    rows: int
    readings: Mapping[str, ReadingEvidence] = field(default_factory=dict)


def weigh(bronze: Bronze, silver: Silver) -> list[DeliveryEvidence]:
    """Count the evidence in a batch, for the settings that it was validated to weigh.

    Args:
        bronze: The batch.
        silver: Its lines, of which those in quarantine count for nothing.
    """
    counts = _EvidenceCounts(silver.settings.weighed, silver.settings.feed.missing_words)
    typed_numbers = {file.name: file.typed_numbers for file in bronze.deliveries}
    texts = ("delivery", *(column for choice in counts.choices for column in choice.columns))
    quarantine = pl.read_parquet(silver.quarantine, columns=["delivery", "line_no"])
    for number in range(bronze.parts):
        raw = read_part(read_checked(outputs.part_path(bronze.folder, number)), texts, ["line_no"])
        counts.count(raw, _faulty(raw, quarantine), typed_numbers[str(raw.item(0, "delivery"))])
    return [DeliveryEvidence(file.name, file.rows, counts.of(file.name)) for file in bronze.deliveries]


def _faulty(raw: pl.DataFrame, quarantine: pl.DataFrame) -> pl.Series:
    """Indices of the rows of a part that are in quarantine."""
    lines = raw.select(pl.col("delivery").cast(pl.String), "line_no").with_row_index("row")
    return lines.join(quarantine, on=["delivery", "line_no"], how="semi").get_column("row")


class _EvidenceCounts:
    """Counts the evidence of each delivery over the parts of an output.

    Args:
        settings: The settings that are weighed.
        missing_words: Words of the feed that stand for a missing value.
    """

    def __init__(self, settings: Collection[str], missing_words: str | None) -> None:
        self._missing_words = missing_words
        self.choices = [choice for choice in CHOICES if choice.setting in settings]
        # By delivery and setting.
        self._found: dict[str, dict[str, ReadingEvidence]] = {}
        # By delivery, setting and reading: texts by value.
        self._values: dict[tuple[str, str, str], dict[object, str]] = {}

    def of(self, delivery: str) -> dict[str, ReadingEvidence]:
        """Return the evidence of a delivery, by setting."""
        return {
            setting: replace(
                found,
                values={
                    reading: tuple(self._values.get((delivery, setting, reading), {}).values())
                    for reading in found.deciding
                },
            )
            for setting, found in self._found.get(delivery, {}).items()
        }

    def count(self, raw: pl.DataFrame, faulty: pl.Series, typed: Collection[str]) -> None:
        """Count the lines of a part.

        Args:
            raw: Rows of bronze, with text columns as Enums.
            faulty: Indices of the lines with errors.
            typed: Columns that held numbers, which decide nothing.
        """
        for choice in self.choices:
            kinds = {
                column: _kinds(raw, choice, column, self._missing_words)
                for column in choice.columns
                if column not in typed
            }
            known = {column: kind for column, kind in kinds.items() if kind is not None}
            if not known:
                continue
            lines = pl.DataFrame(
                [raw.get_column("delivery"), *(kind.alias(column) for column, kind in known.items())]
            ).with_row_index("row")
            lines = lines.filter(pl.any_horizontal(pl.col(column) != SETTLED for column in known))
            if faulty.len():
                lines = lines.filter(~pl.col("row").is_in(faulty.implode()))
            if lines.height:
                self._count(choice, raw, lines, list(known))

    def _count(
        self, choice: ReadingChoice, raw: pl.DataFrame, lines: pl.DataFrame, columns: Sequence[str]
    ) -> None:
        alone = [
            pl.any_horizontal(pl.col(column) == ALONE + place for column in columns)
            for place in range(len(choice.readings))
        ]
        counts = lines.group_by("delivery").agg(
            pl.len(), *(each.sum().alias(str(place)) for place, each in enumerate(alone))
        )
        for delivery, total, *deciding in counts.iter_rows():
            found = self._found.setdefault(delivery, {}).setdefault(choice.setting, ReadingEvidence())
            self._found[delivery][choice.setting] = ReadingEvidence(
                found.lines + total,
                {
                    reading: found.deciding.get(reading, 0) + count
                    for reading, count in zip(choice.readings, deciding, strict=True)
                },
            )
        for place, reading in enumerate(choice.readings):
            for column in columns:
                rows = lines.filter(pl.col(column) == ALONE + place).get_column("row")
                if rows.len():
                    texts = raw.select("delivery", pl.col(column).alias("text"))[rows]
                    self._keep_values(choice, texts, reading)

    def _keep_values(self, choice: ReadingChoice, texts: pl.DataFrame, reading: str) -> None:
        """Keep the first different values that only a reading fits; ``texts`` has columns delivery and text."""
        full = [name for name in self._found if len(self._values_of(name, choice, reading)) == LEAST_VALUES]
        distinct = texts.filter(~pl.col("delivery").cast(pl.String).is_in(full)).unique(maintain_order=True)
        read = distinct.with_columns(pl.col("text").cast(pl.String).str.strip_chars()).with_columns(
            choice.value(pl.col("text"), reading).alias("value")
        )
        different = read.unique(["delivery", "value"], keep="first", maintain_order=True)
        for delivery, text, value in (
            different.group_by("delivery", maintain_order=True).head(LEAST_VALUES).iter_rows()
        ):
            values = self._values_of(delivery, choice, reading)
            if len(values) < LEAST_VALUES:
                values.setdefault(value, text)

    def _values_of(self, delivery: str, choice: ReadingChoice, reading: str) -> dict[object, str]:
        return self._values.setdefault((delivery, choice.setting, reading), {})


def _kinds(
    raw: pl.DataFrame, choice: ReadingChoice, column: str, missing_words: str | None
) -> pl.Series | None:
    """The kind of each row's text; None where no row needs a reading."""
    if raw.get_column(column).null_count() == raw.height:
        return None
    texts, codes = dictionary_encode(raw.get_column(column))
    if choice.may_be_missing:
        present = without_missing(pl.col("text").str.strip_chars(), missing_words)
        texts = texts.to_frame("text").select(present).to_series()
    kinds = choice.kinds(texts)
    if not (kinds != SETTLED).any():
        return None
    return kinds.gather(codes).fill_null(SETTLED)
