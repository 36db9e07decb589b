"""Settle the readings of a feed by the evidence of a run's deliveries.

A delivery asks for a setting only if it holds values that two readings fit differently. Each reading that alone fits some
value of the run is tried: the lines without errors of the deliveries that pass then are its evidence. Evidence for one
reading alone, unless it is thin, settles the setting; otherwise the deliveries that ask are not loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import polars as pl

from tasks.errors import ReadingUnclear
from tasks.ingest.ingested import Bronze, IngestedFile
from tasks.ingest.reading_choices import CHOICES, ReadingChoice
from tasks.outside_text import displayable
from tasks.validate.evidence import LEAST_VALUES, DeliveryEvidence
from tasks.validate.settings import FeedSettings

# Deciding lines, of the lines of the deliveries that ask or decide.
LEAST_PERCENT = 1
_SHOWN_CHARACTERS = 40


def unsettled(feed: FeedSettings) -> tuple[str, ...]:
    """Return the settings with two readings that the feed leaves open."""
    return tuple(choice.setting for choice in CHOICES if getattr(feed, choice.setting) is None)


def asked(feed: FeedSettings, bronzes: Iterable[Bronze]) -> tuple[str, ...]:
    """Return the open settings of a feed that some values of these deliveries need."""
    needed = {setting for bronze in bronzes for file in bronze.deliveries for setting in file.open_values}
    return tuple(setting for setting in unsettled(feed) if setting in needed)


def trials(feed: FeedSettings, asking: Sequence[Bronze], every: Sequence[Bronze]) -> list[FeedSettings]:
    """Return the settings to try: each reading of what is asked that alone fits some value of the run.

    Args:
        feed: Settings of the feed.
        asking: Deliveries with values that two readings fit.
        every: All deliveries of the run.
    """
    settings = asked(feed, asking)
    fitting: list[list[str | None]] = [
        list(dict.fromkeys(each for bronze in every for each in bronze.alone.get(name, ()))) or [None]
        for name in settings
    ]
    return [
        replace(feed, **dict[str, Any](zip(settings, readings, strict=True)))
        for readings in product(*fitting)
    ]


@dataclass(frozen=True)
class Settled:
    """What the evidence of a run settles.

    Attributes:
        feed: Settings of the feed with what is settled.
        notes: By setting that is now settled, its value with the evidence.
        unclear: By setting that stays open, why.
    """

    feed: FeedSettings
    notes: Mapping[str, str] = field(default_factory=dict)
    unclear: Mapping[str, str] = field(default_factory=dict)

    def notes_of(self, file: IngestedFile) -> tuple[str, ...]:
        """Tell how the values of a delivery that two readings fit were read."""
        return tuple(self.notes[setting] for setting in file.open_values if setting in self.notes)

    def error_of(self, file: IngestedFile) -> ReadingUnclear | None:
        """Return the error of a delivery that needs a setting that stays open."""
        choices = [choice for choice in CHOICES if choice.setting in self.unclear]
        needed = [choice for choice in choices if choice.setting in file.open_values]
        if not needed:
            return None
        what = (
            f"{_two_meanings(choice, file.open_values[choice.setting])} (its {choice.values} fit both). "
            f"{self.unclear[choice.setting]}"
            for choice in needed
        )
        flags = " and ".join(f"{choice.flag} ({' or '.join(choice.readings)})" for choice in needed)
        return ReadingUnclear(" ".join(what), f"Set {flags}; the feed keeps it.", delivery=file.name)


def _two_meanings(choice: ReadingChoice, text: str) -> str:
    first, second = (
        f"{choice.meaning(text, reading)} with {choice.flag} {reading}" for reading in choice.readings
    )
    return f"{_shown(text)} is {first} and {second}"


def settle(
    feed: FeedSettings,
    asking: Sequence[Bronze],
    tried: Mapping[FeedSettings, Sequence[DeliveryEvidence]],
) -> Settled:
    """Weigh the evidence of a run.

    Args:
        feed: Settings of the feed.
        asking: Deliveries with values that two readings fit.
        tried: By settings that were tried, the evidence of the deliveries of the run that pass with them.
    """
    settings = asked(feed, asking)
    settled: dict[str, Any] = {}
    notes: dict[str, str] = {}
    unclear: dict[str, str] = {}
    for choice in CHOICES:
        if choice.setting not in settings:
            continue
        found = [weight for reading in choice.readings if (weight := _weigh(choice, reading, tried)).deciding]
        reason = _why_unclear(choice, found)
        if reason:
            unclear[choice.setting] = reason
        else:
            settled[choice.setting] = found[0].reading
            notes[choice.setting] = found[0].text
    return Settled(replace(feed, **settled), notes, unclear)


@dataclass(frozen=True)
class _Weight:
    """The evidence for a reading: deciding lines, of lines with such values, of all lines of these deliveries."""

    choice: ReadingChoice
    reading: str
    deciding: int = 0
    lines: int = 0
    rows: int = 0
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        example = "" if self.choice.may_name_persons else f", such as {_shown(self.values[0])}"
        return f"{self.choice.title} {self.reading} by {self.deciding:,} of {self.lines:,} {self.choice.values}{example}"


def _weigh(
    choice: ReadingChoice, reading: str, tried: Mapping[FeedSettings, Sequence[DeliveryEvidence]]
) -> _Weight:
    weights = [
        _weight(choice, reading, passing)
        for feed, passing in tried.items()
        if getattr(feed, choice.setting) == reading
    ]
    return max(weights, key=lambda weight: weight.deciding, default=_Weight(choice, reading))


def _weight(choice: ReadingChoice, reading: str, passing: Sequence[DeliveryEvidence]) -> _Weight:
    telling = [delivery for delivery in passing if choice.setting in delivery.readings]
    evidence = [delivery.readings[choice.setting] for delivery in telling]
    texts = pl.Series("text", [text for each in evidence for text in each.values.get(reading, ())], pl.String)
    different = texts.to_frame().with_columns(choice.value(pl.col("text"), reading).alias("value"))
    return _Weight(
        choice,
        reading,
        sum(each.deciding.get(reading, 0) for each in evidence),
        sum(each.lines for each in evidence),
        sum(delivery.rows for delivery in telling),
        tuple(different.unique("value", keep="first", maintain_order=True).get_column("text")),
    )


def _why_unclear(choice: ReadingChoice, found: Sequence[_Weight]) -> str:
    """Why evidence does not decide; empty if it does."""
    if not found:
        return f"No line without errors has {choice.values} that only one reading fits."
    if len(found) > 1:
        each = " and ".join(f"{_shown(one.values[0])} is read only with {one.reading}" for one in found)
        return f"Other {choice.values} contradict each other: {each}."
    (one,) = found
    if len(one.values) >= LEAST_VALUES and 100 * one.deciding >= LEAST_PERCENT * one.rows:
        return ""
    return (
        f"Too little decides: {one.text}, on {one.deciding:,} of {one.rows:,} lines. It takes {LEAST_VALUES} "
        f"different values and {LEAST_PERCENT} % of the lines."
    )


def _shown(text: str) -> str:
    shown = displayable(text)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
