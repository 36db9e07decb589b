"""From rounds to figures: medians, ratios within a round, and the bars they are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import Round

_AHEAD = "more than 1 x"


@dataclass(frozen=True)
class Figure:
    """Median, least and greatest of a figure over the rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """The figure of these values."""
        return cls(median(values), min(values), max(values))

    def text(self, form: str) -> str:
        """The figure as text, such as ``2.71 (2.60-2.90)``."""
        return f"{self.median:{form}} ({self.least:{form}}-{self.greatest:{form}})"


@dataclass(frozen=True)
class Bar:
    """What is held against what: ``found`` as text, ``wanted`` as text, and whether it is ``met``."""

    what: str
    found: str
    wanted: str
    met: bool


def of_each(rounds: Sequence[Round], take: Callable[[Round], float]) -> Figure:
    """A figure over the rounds. A ratio is taken within each round: its two loads met the same machine."""
    return Figure.of([take(one) for one in rounds])


def bars(rounds: Sequence[Round]) -> list[Bar]:
    """Every bar that the benchmark is held against."""
    star = of_each(rounds, lambda one: one.full.seconds / one.psql)
    adbc = of_each(rounds, lambda one: one.dlt_adbc / one.full.seconds)
    arrow = of_each(rounds, lambda one: one.dlt_arrow / one.full.seconds)
    rows = of_each(rounds, lambda one: one.dlt_rows / one.full.seconds)
    growth = of_each(rounds, lambda one: one.day_into_tenfold.seconds / one.day_into_full.seconds)
    day = of_each(rounds, lambda one: max(one.day_into_full.seconds, one.day_into_tenfold.seconds))
    full = of_each(rounds, lambda one: one.full_alone.peak_mb)
    tenfold = of_each(rounds, lambda one: one.tenfold_alone.peak_mb)
    return [
        Bar(
            "305 CSVs to the analysed star, against `psql \\copy`",
            f"{star.text('.2f')} x",
            "at most 4 x (aim 3 x)",
            star.median <= 4,
        ),
        Bar("dlt with Arrow, its default, against us", f"{arrow.text('.2f')} x", _AHEAD, arrow.median > 1),
        Bar("dlt with Arrow by ADBC, against us", f"{adbc.text('.2f')} x", _AHEAD, adbc.median > 1),
        Bar("dlt's default rows, against us", f"{rows.text('.1f')} x", "at least 5 x", rows.median >= 5),
        Bar(
            "2,000-line day: into ten times the lines, against into the full data",
            f"{growth.text('.2f')} x",
            "0.75 x to 1.25 x",
            abs(growth.median - 1) <= 0.25,
        ),
        Bar(
            "2,000-line day: own work, the slower of the two",
            f"{day.text('.2f')} s",
            "under 0.5 s",
            day.median < 0.5,
        ),
        Bar("Peak memory, full data", f"{full.text('.0f')} MB", "at most 700 MB", full.median <= 700),
        Bar("Peak memory, ten times", f"{tenfold.text('.0f')} MB", "at most 1000 MB", tenfold.median <= 1000),
    ]
