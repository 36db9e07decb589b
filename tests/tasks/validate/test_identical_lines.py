"""Identical lines are kept and numbered by default, or only the first is kept; both ways they are counted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.deliveries import as_csv, row, write
from tests.support.lines import lines_of, validate_sources

LINES = [row(), row(invoice_no="2"), row(), row(), row(invoice_no="2"), row(quantity="0"), row(quantity="0")]


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(tmp_path / "day.csv", as_csv(LINES))


def test_keep(tmp_path: Path, day: Path) -> None:
    silver = validate_sources(tmp_path / "w", [day])
    assert lines_of(silver).select("line_no", "copy_number").rows() == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 3),
        (5, 2),
    ]
    (quality,) = silver.deliveries
    assert (quality.rows_in, quality.rows_quarantined, quality.rows_identical, quality.rows_dropped) == (
        7,
        2,
        3,
        0,
    )
    assert Decimal(quality.identical_amount) == 3 * Decimal("15.3")


def test_drop(tmp_path: Path, day: Path) -> None:
    silver = validate_sources(tmp_path / "w", [day], identical_lines="drop")
    assert lines_of(silver).select("line_no", "copy_number").rows() == [(1, 1), (2, 1)]
    (quality,) = silver.deliveries
    assert (quality.rows_quarantined, quality.rows_identical, quality.rows_dropped) == (2, 3, 3)


def test_score_is_the_same(tmp_path: Path, day: Path) -> None:
    kept, dropped = (
        validate_sources(tmp_path / "w", [day], identical_lines=setting).deliveries[0]
        for setting in ("keep", "drop")
    )
    assert kept.dimensions == dropped.dimensions
    # Copies that are quarantined for another rule count, too.
    assert kept.rules == {"not_a_copy": 4, "quantity_not_zero": 2}


def test_no_identical_lines(tmp_path: Path) -> None:
    (quality,) = validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", as_csv([row()]))]).deliveries
    assert (quality.rows_identical, Decimal(quality.identical_amount)) == (0, Decimal(0))
