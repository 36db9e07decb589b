"""Identical lines are kept and numbered by default, or only the first is; either way they are counted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.deliveries import as_csv, row, write
from tests.support.lines import judge, lines_of

LINES = [row(), row(invoice_no="2"), row(), row(), row(invoice_no="2"), row(quantity="0"), row(quantity="0")]


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(tmp_path / "day.csv", as_csv(LINES))


def test_kept(tmp_path: Path, day: Path) -> None:
    silver = judge(tmp_path / "w", [day])
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


def test_dropped(tmp_path: Path, day: Path) -> None:
    silver = judge(tmp_path / "w", [day], identical_lines="drop")
    assert lines_of(silver).select("line_no", "copy_number").rows() == [(1, 1), (2, 1)]
    (quality,) = silver.deliveries
    assert (quality.rows_quarantined, quality.rows_identical, quality.rows_dropped) == (2, 3, 3)


def test_the_score_does_not_depend_on_it(tmp_path: Path, day: Path) -> None:
    kept, dropped = (
        judge(tmp_path / "w", [day], identical_lines=what).deliveries[0] for what in ("keep", "drop")
    )
    assert kept.dimensions == dropped.dimensions
    # Copies that are set aside for another rule are copies all the same.
    assert kept.rules == {"not_a_copy": 4, "quantity_not_zero": 2}


def test_none_identical(tmp_path: Path) -> None:
    (quality,) = judge(tmp_path / "w", [write(tmp_path / "day.csv", as_csv([row()]))]).deliveries
    assert (quality.rows_identical, Decimal(quality.identical_amount)) == (0, Decimal(0))
