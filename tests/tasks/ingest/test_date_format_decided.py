"""The date format of a run is inferred if only one parses all its dates; otherwise the error asks for it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DateFormatUnclear
from tasks.ingest.date_formats import SlashedDates, infer_date_format, inspect_dates
from tests.support.deliveries import as_csv, bronze_of, ingest_sources, row, write

ISO = "2010-12-01 08:26:00"
BOTH = "12/1/2010 8:26"
US = "12/13/2010 8:26"
EU = "13/12/2010 8:26"
JUNK = ["13/13/2010", "1.5", "x", "", None, "99/99/99", "2010/12/01"]


def _slashed(*dates: str | None) -> SlashedDates:
    return inspect_dates(pl.Series("date", dates, pl.String))


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([[ISO], [ISO, None]], None),
        ([], None),
        ([[ISO], [BOTH, US]], "us"),
        ([[BOTH], [ISO], [BOTH, US]], "us"),
        ([[EU]], "eu"),
        ([["13.12.10"], [BOTH]], "eu"),
        ([[*JUNK]], None),
        ([[*JUNK, US], [*JUNK, ISO]], "us"),
    ],
)
def test_the_only_format_that_fits(deliveries: list[list[str | None]], expected: str | None) -> None:
    for order in permutations(deliveries):
        assert infer_date_format([_slashed(*dates) for dates in order], ["a.csv"]) == expected


def test_both_formats_fit() -> None:
    with pytest.raises(DateFormatUnclear) as caught:
        infer_date_format([_slashed(ISO), _slashed(BOTH, "1/2/2011")], iter(["a.csv", "b.csv"]))
    assert caught.value.delivery == "a.csv"
    assert caught.value.message == (
        "a.csv: its dates, such as 1/2/2011, are valid both month first and day first. Set the date format "
        "(--date-format) to us or eu."
    )


def test_neither_format_fits() -> None:
    with pytest.raises(DateFormatUnclear) as caught:
        infer_date_format([_slashed(US, BOTH), _slashed(EU)], ["a.csv"])
    assert caught.value.message == (
        f"a.csv: some dates, such as {US}, are valid only month first and others, such as {EU}, only day first. "
        "Set the date format (--date-format); lines with other dates are quarantined."
    )


def test_bronze_counts_slashed_dates_also_when_it_is_reused(tmp_path: Path) -> None:
    write(tmp_path / "d" / "1.csv", as_csv([row(), row(invoice_date="13/13/2010")]))
    write(tmp_path / "d" / "2.csv", as_csv([row(invoice_date=US)] * 3 + [row(invoice_date=BOTH), row()]))
    first = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d"))
    assert first.dates == SlashedDates(2, BOTH, only_us=US)
    assert [delivery.slashed_dates for delivery in first.deliveries] == [0, 4]
    assert bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d")) == first
