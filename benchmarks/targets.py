"""Medians and ratios of the rounds, and the targets they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import Round

_FASTER = "more than 1 x"


@dataclass(frozen=True)
class Figure:
    """Median, minimum and maximum of a figure over the rounds."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> Figure:
        """Build the figure of these values."""
        return cls(median(values), min(values), max(values))

    def format(self, spec: str) -> str:
        """Format as text, such as ``2.71 (2.60-2.90)``."""
        return f"{self.median:{spec}} ({self.minimum:{spec}}-{self.maximum:{spec}})"


@dataclass(frozen=True)
class Target:
    """A target: the figure it is about, the measured and the required value as text, and whether it is met."""

    figure: str
    measured: str
    required: str
    met: bool


def figure_of(rounds: Sequence[Round], value: Callable[[Round], float]) -> Figure:
    """Summarise a value over the rounds. Ratios are computed per round, where both loads ran on the same machine state."""
    return Figure.from_values([value(figures) for figures in rounds])


def targets(rounds: Sequence[Round]) -> list[Target]:
    """Compare the rounds with every target."""
    star = figure_of(rounds, lambda figures: figures.full.seconds / figures.psql)
    adbc = figure_of(rounds, lambda figures: figures.dlt_adbc / figures.full.seconds)
    arrow = figure_of(rounds, lambda figures: figures.dlt_arrow / figures.full.seconds)
    rows = figure_of(rounds, lambda figures: figures.dlt_rows / figures.full.seconds)
    growth = figure_of(
        rounds, lambda figures: figures.day_into_tenfold.seconds / figures.day_into_full.seconds
    )
    day = figure_of(
        rounds, lambda figures: max(figures.day_into_full.seconds, figures.day_into_tenfold.seconds)
    )
    full = figure_of(rounds, lambda figures: figures.full_alone.peak_mb)
    tenfold = figure_of(rounds, lambda figures: figures.tenfold_alone.peak_mb)
    return [
        Target(
            "305 CSVs to the analysed star, relative to `psql \\copy`",
            f"{star.format('.2f')} x",
            "at most 4 x (aim 3 x)",
            star.median <= 4,
        ),
        Target(
            "dlt with Arrow (default), relative to us", f"{arrow.format('.2f')} x", _FASTER, arrow.median > 1
        ),
        Target(
            "dlt with Arrow over ADBC, relative to us", f"{adbc.format('.2f')} x", _FASTER, adbc.median > 1
        ),
        Target(
            "dlt with rows (default), relative to us",
            f"{rows.format('.1f')} x",
            "at least 5 x",
            rows.median >= 5,
        ),
        Target(
            "2,000-line day: into ten times the lines, relative to into the full data",
            f"{growth.format('.2f')} x",
            "0.75 x to 1.25 x",
            abs(growth.median - 1) <= 0.25,
        ),
        Target(
            "2,000-line day: own work, the slower of both",
            f"{day.format('.2f')} s",
            "under 0.5 s",
            day.median < 0.5,
        ),
        Target("Peak memory, full data", f"{full.format('.0f')} MB", "at most 700 MB", full.median <= 700),
        Target(
            "Peak memory, ten times", f"{tenfold.format('.0f')} MB", "at most 1000 MB", tenfold.median <= 1000
        ),
    ]
