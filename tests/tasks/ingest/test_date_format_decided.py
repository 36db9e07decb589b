"""A date format is found over all deliveries of a run, if just one reads all their dates; else it is asked for."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DateFormatUnclear
from tasks.ingest.date_formats import DateShapes, decide, shapes
from tests.support.deliveries import as_csv, bronze_of, ingest_sources, row, write

ISO = "2010-12-01 08:26:00"
BOTH = "12/1/2010 8:26"
US = "12/13/2010 8:26"
EU = "13/12/2010 8:26"
JUNK = ["13/13/2010", "1.5", "x", "", None, "99/99/99", "2010/12/01"]


def _shapes(*dates: str | None) -> DateShapes:
    return shapes(pl.Series("date", dates, pl.String))


@pytest.mark.parametrize(
    ("deliveries", "found"),
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
def test_a_format_that_alone_fits(deliveries: list[list[str | None]], found: str | None) -> None:
    for order in permutations(deliveries):
        assert decide([_shapes(*dates) for dates in order], ["a.csv"]) == found


def test_both_fit_and_the_error_asks() -> None:
    with pytest.raises(DateFormatUnclear) as caught:
        decide([_shapes(ISO), _shapes(BOTH, "1/2/2011")], iter(["a.csv", "b.csv"]))
    assert caught.value.delivery == "a.csv"
    assert caught.value.message == (
        "a.csv: its dates, such as 1/2/2011, can be read month first or day first. Say which with the date "
        "format (--date-format): us or eu."
    )


def test_neither_fits_and_the_error_shows_why() -> None:
    with pytest.raises(DateFormatUnclear) as caught:
        decide([_shapes(US, BOTH), _shapes(EU)], ["a.csv"])
    assert caught.value.message == (
        f"a.csv: dates such as {US} read only month first and others, such as {EU}, only day first. Give the "
        "date format (--date-format); the lines that do not fit it are set aside."
    )


def test_bronze_tells_what_its_dates_allow_also_when_it_is_taken_up_again(tmp_path: Path) -> None:
    write(tmp_path / "d" / "1.csv", as_csv([row(), row(invoice_date="13/13/2010")]))
    write(tmp_path / "d" / "2.csv", as_csv([row(invoice_date=US)] * 3 + [row(invoice_date=BOTH), row()]))
    first = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d"))
    assert first.dates == DateShapes(2, BOTH, only_us=US)
    assert [one.slashed_dates for one in first.deliveries] == [0, 4]
    assert bronze_of(ingest_sources(tmp_path / "w", tmp_path / "d")) == first
