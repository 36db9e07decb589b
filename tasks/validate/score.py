"""Scores and the gate: how good a delivery is, and whether it may load.

A dimension scores 100 x (1 - e - w/2): e the share of the delivery's lines that break an error rule of
it, w the share that break only warnings. The overall score is the mean of the dimensions, weighted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.errors import SettingsError

# Here and not with the rules: a command that only reads settings needs neither pandera nor polars.
DIMENSIONS = ("completeness", "uniqueness", "validity", "consistency", "timeliness")
DEFAULT_THRESHOLD = 85.0


@dataclass(frozen=True)
class DimensionScore:
    """Lines of a delivery that break an error rule of a dimension, and lines that break only warnings."""

    errors: int = 0
    warnings: int = 0

    def score(self, rows: int) -> float:
        """0 to 100, for a delivery of ``rows`` lines."""
        # One division of whole numbers: a delivery exactly at the threshold is not below it.
        return 50.0 * (2 * rows - 2 * self.errors - self.warnings) / rows if rows else 100.0


@dataclass(frozen=True)
class DeliveryQuality:
    """A delivery after the contract: its accounting, and its breaches by dimension.

    ``rows_identical`` and ``identical_amount`` (a decimal as text, in the feed's currency) count the copies
    2 and up among the lines that were not set aside; ``rows_dropped`` is how many of them the feed drops.
    """

    name: str
    content_hash: str
    rows_in: int
    rows_quarantined: int
    rows_identical: int
    rows_dropped: int
    identical_amount: str
    dimensions: Mapping[str, DimensionScore] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)

    def scores(self) -> dict[str, float]:
        """Score of each dimension, 0 to 100."""
        return {name: self.dimensions.get(name, DimensionScore()).score(self.rows_in) for name in DIMENSIONS}

    def score(self, weights: Mapping[str, float] | None = None) -> float:
        """The overall score, 0 to 100."""
        return overall(self.scores(), weights)


def overall(scores: Mapping[str, float], weights: Mapping[str, float] | None = None) -> float:
    """Mean of the dimensions' scores, weighted (equally by default).

    Raises SettingsError for an unknown dimension, a negative or infinite weight, or weights that add up to 0.
    """
    chosen = dict.fromkeys(DIMENSIONS, 1.0) | dict(weights or {})
    total = sum(chosen.values())
    if set(chosen) != set(DIMENSIONS) or min(chosen.values()) < 0 or not 0 < total < math.inf:
        raise SettingsError(
            f"quality weights: give weights of 0 or more for {', '.join(DIMENSIONS)}, not all 0.",
            setting="quality_weights",
        )
    # Rounded to what binary fractions hold, again for the delivery that is exactly at the threshold.
    return round(sum(scores[name] * weight for name, weight in chosen.items()) / total, 9)


def rejection_reason(
    quality: DeliveryQuality, threshold: float, weights: Mapping[str, float] | None = None
) -> str | None:
    """Why the gate refuses a delivery, or None if it passes.

    It is refused if its overall score, or the percentage of its lines that were not set aside, is below
    ``threshold`` (0 to 100).
    """
    score = quality.score(weights)
    usable = DimensionScore(errors=quality.rows_quarantined).score(quality.rows_in)
    worst = ", ".join(
        f"{rule} ({count})" for rule, count in sorted(quality.rules.items(), key=lambda item: -item[1])[:3]
    )
    if usable < threshold:
        return f"only {usable:.1f} % of its lines are usable, the threshold is {threshold:g} %. Rules broken most: {worst}."
    if score < threshold:
        return (
            f"its quality score is {score:.1f}, the threshold is {threshold:g}. Rules broken most: {worst}."
        )
    return None


def check_threshold(threshold: float) -> None:
    """Raise SettingsError unless the threshold is a percentage."""
    if not 0 <= threshold <= 100:
        raise SettingsError(
            f"quality threshold: {threshold} is not between 0 and 100.", setting="quality_threshold"
        )
