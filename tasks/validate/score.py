"""Quality scores of a delivery, and the quality gate.

A dimension scores 100 x (1 - e - w/2): e is the share of the delivery's lines that break an error rule of
it, w the share that break only warnings. The overall score is the weighted mean of the dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import SettingsError

# Not in the rules package: a command that only reads settings must not import pandera and polars.
DIMENSIONS = ("completeness", "uniqueness", "validity", "consistency", "timeliness")
DEFAULT_THRESHOLD = 85.0
# Faulty lines of a delivery that its report shows.
SAMPLES = 5


@dataclass(frozen=True)
class DimensionScore:
    """Violations of a delivery in one dimension.

    Attributes:
        errors: Number of lines that break an error rule.
        warnings: Number of lines that break only warnings.
    """

    errors: int = 0
    warnings: int = 0

    def score(self, rows: int) -> float:
        """Return the score, 0 to 100, of a delivery of ``rows`` lines."""
        # A single division of integers, so that a delivery exactly at the threshold is not below it.
        return 50.0 * (2 * rows - 2 * self.errors - self.warnings) / rows if rows else 100.0


@dataclass(frozen=True)
class FaultyLine:
    """One of the first lines of a delivery that break an error rule.

    Attributes:
        line: Its number in the file, from 1.
        rule: The rule.
        value: The value that breaks it, as delivered; None if it is missing.
    """

    line: int
    rule: str
    value: str | None


@dataclass(frozen=True)
class DeliveryQuality:
    """Counts and violations of a validated delivery.

    Attributes:
        name: Name of the delivery.
        content_hash: SHA-256 of the file, as hex digits.
        rows_in: Number of its rows: its lines, and rows that are no sales or no lines.
        rows_quarantined: Lines that break an error rule.
        rows_identical: Copies (``copy_number`` from 2 on) among the other lines.
        rows_dropped: Copies that the feed drops: ``rows_identical`` or 0.
        identical_amount: Total amount of the copies in the feed's currency, a decimal as text.
        identical_amounts: The same by currency, for the currencies that they have.
        dimensions: Violations by dimension.
        rules: Number of violations by rule.
        quarantine_truncated: Whether its quarantine is over the limit, so that it cannot be loaded.
        samples: Its first faulty lines, at most ``SAMPLES``.
        notes: Findings about the delivery as a whole, as sentences for the report.
        unclear_missing: A word of it that two readings fit, so that it cannot be loaded, as a sentence; or empty.
        passed_over: Its rows that are no sales or no lines, by reason, as ``IngestedFile.passed_over``.
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
    quarantine_truncated: bool = False
    samples: tuple[FaultyLine, ...] = ()
    notes: tuple[str, ...] = ()
    identical_amounts: Mapping[str, str] = field(default_factory=dict)
    unclear_missing: str = ""
    passed_over: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def rows_passed_over(self) -> int:
        """Number of its rows that are no sales or no lines."""
        return sum(entry["rows"] for entry in self.passed_over.values())

    @property
    def lines(self) -> int:
        """Number of its lines, of which score and quality gate take shares."""
        return self.rows_in - self.rows_passed_over

    def scores(self) -> dict[str, float]:
        """Return the score of each dimension, 0 to 100."""
        return {name: self.dimensions.get(name, DimensionScore()).score(self.lines) for name in DIMENSIONS}

    def score_rows(self) -> list[dict[str, Any]]:
        """Return a row for each dimension, as the ledger keeps them: dimension, score, errors, warnings."""
        counts = {name: self.dimensions.get(name, DimensionScore()) for name in DIMENSIONS}
        return [
            {
                "dimension": name,
                "score": round(count.score(self.lines), 2),
                "errors": count.errors,
                "warnings": count.warnings,
            }
            for name, count in counts.items()
        ]

    def score(self, weights: Mapping[str, float] | None = None) -> float:
        """Return the overall score, 0 to 100."""
        return overall(self.scores(), weights)


def overall(scores: Mapping[str, float], weights: Mapping[str, float] | None = None) -> float:
    """Compute the weighted mean of the dimension scores.

    Args:
        scores: Score by dimension, 0 to 100.
        weights: Weight by dimension; 1 where missing.

    Returns:
        The overall score, 0 to 100.

    Raises:
        SettingsError: A dimension is unknown, a weight is negative or not finite, or all are 0.
    """
    complete = dict.fromkeys(DIMENSIONS, 1.0) | dict(weights or {})
    total = sum(complete.values())
    if set(complete) != set(DIMENSIONS) or min(complete.values()) < 0 or not 0 < total < math.inf:
        raise SettingsError(
            f"quality_weights: {dict(weights or {})} are not valid weights.",
            f"Use numbers from 0 for {', '.join(DIMENSIONS)}, not all 0.",
            setting="quality_weights",
        )
    # Rounded to hide binary fractions, so that a delivery exactly at the threshold is not below it.
    return round(sum(scores[name] * weight for name, weight in complete.items()) / total, 9)


def rejection_reason(
    quality: DeliveryQuality, threshold: float, weights: Mapping[str, float] | None = None
) -> str | None:
    """Apply the quality gate to a delivery.

    Args:
        quality: The validated delivery.
        threshold: Minimum of the overall score and of the percentage of lines not quarantined, 0 to 100.
        weights: Weight by dimension; 1 where missing.

    Returns:
        Why the gate rejects the delivery; None if it passes.
    """
    score = quality.score(weights)
    usable = DimensionScore(errors=quality.rows_quarantined).score(quality.lines)
    by_count = sorted(quality.rules.items(), key=lambda item: -item[1])
    most = f"Most violations: {', '.join(f'{rule} ({count})' for rule, count in by_count[:3])}."
    if usable < threshold:
        return f"only {usable:.1f} % of its lines are usable, below the threshold of {threshold:g} %. {most}"
    if score < threshold:
        return f"its quality score is {score:.1f}, below the threshold of {threshold:g}. {most}"
    return None


def check_threshold(threshold: float) -> None:
    """Raise SettingsError unless the threshold is between 0 and 100."""
    if not 0 <= threshold <= 100:
        raise SettingsError(
            f"quality_threshold: {threshold} is not between 0 and 100.",
            "Use a percentage.",
            setting="quality_threshold",
        )
