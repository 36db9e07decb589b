"""The exact score of known violations: 100 x (1 - e - w/2) per dimension, and their weighted mean."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import SettingsError
from tasks.validate.score import DeliveryQuality, DimensionScore, overall
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import validate_sources

GOOD = [row(invoice_no=str(number)) for number in range(8)]


def _quality_of(folder: Path, rows: list[Any], extra: str = "") -> DeliveryQuality:
    day = write(folder / "day.csv", as_csv(rows) + extra)
    return validate_sources(folder / "w", [day]).deliveries[0]


def test_delivery_without_violations_scores_100(tmp_path: Path) -> None:
    quality = _quality_of(tmp_path, GOOD)
    assert set(quality.scores().values()) == {100.0}
    assert quality.score() == 100.0
    assert (quality.rows_in, quality.rows_quarantined, quality.rules) == (8, 0, {})


def test_known_violations_in_each_dimension(tmp_path: Path) -> None:
    bad_rows = [
        row(invoice_no=None),  # completeness: an error
        row(customer_id=None),  # completeness: a warning
        row(customer_id=None, description=None, country=None),  # counts as one line
        row(invoice_no="0"),  # uniqueness: a copy of the first line
        row(invoice_no="0"),
        row(quantity="0"),  # validity: an error
        row(unit_price="0", invoice_no="w"),  # validity: a warning
        row(unit_price="0", quantity="x"),  # validity: both, counted as an error
        row(unit_price="-1", invoice_no="v"),  # consistency: a warning
        row(invoice_date="2031-01-01"),  # timeliness: an error
        row(invoice_date="1931-01-01", stock_code=None, quantity="0"),  # errors of three dimensions
    ]
    quality = _quality_of(tmp_path, GOOD + bad_rows, extra="short,row\n")
    assert quality.rows_in == 20
    assert quality.dimensions == {
        "completeness": DimensionScore(errors=2, warnings=2),
        "uniqueness": DimensionScore(warnings=2),
        "validity": DimensionScore(errors=4, warnings=1),
        "consistency": DimensionScore(warnings=1),
        "timeliness": DimensionScore(errors=2),
    }
    assert quality.scores() == {
        "completeness": 85.0,
        "uniqueness": 95.0,
        "validity": 77.5,
        "consistency": 97.5,
        "timeliness": 90.0,
    }
    assert quality.score() == 89.0
    assert quality.score({"validity": 0, "uniqueness": 0}) == pytest.approx((85 + 97.5 + 90) / 3)
    assert quality.score({"completeness": 3, "validity": 0.5}) == pytest.approx(
        (3 * 85 + 95 + 0.5 * 77.5 + 97.5 + 90) / 6.5
    )
    assert quality.rows_quarantined == 6
    assert quality.rules == {
        "invoice_no_present": 1,
        "stock_code_present": 1,
        "customer_present": 2,
        "description_present": 1,
        "country_present": 1,
        "not_a_copy": 2,
        "quantity_not_zero": 2,
        "quantity_readable": 1,
        "unit_price_not_zero": 2,
        "row_complete": 1,
        "negative_price_is_adjustment": 1,
        "not_in_the_future": 1,
        "not_before_2000": 1,
    }


def test_each_delivery_of_a_batch_has_its_own_score(tmp_path: Path) -> None:
    write(tmp_path / "d" / "1.csv", as_csv(GOOD))
    write(tmp_path / "d" / "2.csv", as_csv([*GOOD[:1], row(quantity="0")]))
    write(tmp_path / "d" / "3.csv", as_csv([row(quantity="0", invoice_no=None)]))
    first, second, third = validate_sources(tmp_path / "w", [tmp_path / "d"]).deliveries
    assert (first.score(), second.score(), third.score()) == (100.0, 90.0, 60.0)
    assert [quality.rows_quarantined for quality in (first, second, third)] == [0, 1, 1]


@pytest.mark.parametrize(
    "weights",
    [
        {"speed": 1},
        {"validity": -1},
        dict.fromkeys(["completeness", "uniqueness", "validity", "consistency", "timeliness"], 0.0),
        {"validity": math.nan},
        {"validity": math.inf},
    ],
)
def test_invalid_weights(weights: dict[str, float]) -> None:
    scores = dict.fromkeys(["completeness", "uniqueness", "validity", "consistency", "timeliness"], 100.0)
    assert overall(scores) == 100.0
    with pytest.raises(
        SettingsError, match="quality_weights: .* are not valid weights. Use numbers from 0 for completeness"
    ) as caught:
        overall(scores, weights)
    assert caught.value.attributes == {"setting": "quality_weights"}
