"""The quality gate rejects a delivery whose score or percentage of usable lines is below the threshold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import SettingsError
from tasks.validate.score import DeliveryQuality, DimensionScore, check_threshold, rejection_reason
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import validate_sources


def _delivery(
    rows: int,
    quarantined: int = 0,
    rules: dict[str, int] | None = None,
    dimensions: dict[str, DimensionScore] | None = None,
) -> DeliveryQuality:
    return DeliveryQuality("day.csv", "0", rows, quarantined, 0, 0, "0", dimensions or {}, rules or {})


def test_delivery_without_violations_passes() -> None:
    assert rejection_reason(_delivery(10), 100) is None


def test_score_below_the_threshold() -> None:
    # Warnings only, so that every line is usable.
    warnings = dict.fromkeys(
        ["completeness", "uniqueness", "validity", "consistency"], DimensionScore(warnings=10)
    )
    quality = _delivery(10, rules={"a": 1, "b": 3, "c": 2, "d": 1}, dimensions=warnings)
    assert quality.score() == 60.0
    assert rejection_reason(quality, 60) is None
    assert rejection_reason(quality, 60.1) == (
        "its quality score is 60.0, below the threshold of 60.1. Most violations: b (3), c (2), a (1)."
    )


def test_too_few_usable_lines_with_a_high_score() -> None:
    quality = _delivery(10, 2, {"quantity_not_zero": 2}, {"validity": DimensionScore(errors=2)})
    assert quality.score() == 96.0
    assert rejection_reason(quality, 80) is None
    assert rejection_reason(quality, 85) == (
        "only 80.0 % of its lines are usable, below the threshold of 85 %. Most violations: quantity_not_zero (2)."
    )


def test_weights() -> None:
    quality = _delivery(10, dimensions={"completeness": DimensionScore(warnings=10)})
    assert rejection_reason(quality, 85) is None
    assert "its quality score is 50.0" in str(
        rejection_reason(quality, 85, {"uniqueness": 0, "validity": 0, "consistency": 0, "timeliness": 0})
    )
    assert rejection_reason(quality, 100, {"completeness": 0}) is None


@given(st.integers(1, 100), st.integers(1, 1000))
def test_delivery_exactly_at_the_threshold_passes(threshold: int, hundreds: int) -> None:
    rows = 100 * hundreds
    bad = rows * (100 - threshold) // 100
    usable = _delivery(rows, bad, dimensions={"validity": DimensionScore(errors=bad)})
    assert rejection_reason(usable, threshold) is None
    names = ("completeness", "uniqueness", "validity", "consistency", "timeliness")
    all_dimensions = dict.fromkeys(names, DimensionScore(errors=bad))
    assert rejection_reason(_delivery(rows, dimensions=all_dimensions), threshold) is None
    if bad:
        assert rejection_reason(_delivery(rows, bad + 1), threshold) is not None


def test_only_the_bad_delivery_of_a_batch_is_rejected(tmp_path: Path) -> None:
    good = [row(invoice_no=str(number)) for number in range(10)]
    write(tmp_path / "d" / "1.csv", as_csv(good))
    write(tmp_path / "d" / "2.csv", as_csv([*good[:5], *[row(quantity="0")] * 5]))
    write(tmp_path / "d" / "3.csv", as_csv(good[:9]) + "short,row\n")
    silver = validate_sources(tmp_path / "w", [tmp_path / "d"])
    assert [rejection_reason(quality, 85) is None for quality in silver.deliveries] == [True, False, True]


@pytest.mark.parametrize("threshold", [0, 85, 85.5, 100])
def test_valid_thresholds(threshold: float) -> None:
    check_threshold(threshold)


@pytest.mark.parametrize("threshold", [-0.1, 100.1, float("nan"), float("inf")])
def test_invalid_thresholds(threshold: float) -> None:
    with pytest.raises(SettingsError, match="is not between 0 and 100") as caught:
        check_threshold(threshold)
    assert caught.value.attributes == {"setting": "quality_threshold"}
