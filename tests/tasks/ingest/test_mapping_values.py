"""Numbers and times of a mapped delivery get one reading, or none."""

from __future__ import annotations

import polars as pl
import pytest

from tasks.ingest.date_formats import knows_timezone
from tasks.ingest.mapping.model import TimeForm
from tasks.ingest.mapping.numbers import plain_number, without_marks
from tasks.ingest.mapping.times import iso_times
from tasks.ingest.mapping.zones import LISTS


def _time(text: str, *formats: str, zone: str | None = None, **form: object) -> str:
    column = "Zone" if "zone_names" in form else None
    zones = pl.Series([zone], dtype=pl.String) if column else None
    written = iso_times(pl.Series([text]), zones, TimeForm(formats, column, **form))  # type: ignore[arg-type]
    return str(written.item())


@pytest.mark.parametrize(
    ("text", "decimal", "plain"),
    [
        ("1250", ".", "1250"),
        ("1,250.00", ".", "1250.00"),
        ("-1.250,5", ",", "-1250.5"),
        ("1 250,00", ",", "1250.00"),
        ("1'250.00", ".", "1250.00"),
        ("1\u202f250\u202f000,00", ",", "1250000.00"),
        ("2.000", ".", "2.0000"),  # one reading whatever the decimal mark
        ("2.000", ",", "2000"),
        (",5", ",", ".5"),
        ("1,25", ".", "1,25 (no number with the decimal mark .)"),
        ("1.250,00", ".", "1.250,00 (no number with the decimal mark .)"),
        ("1,250'000", ".", "1,250'000 (no number with the decimal mark .)"),
        ("12-5", ".", "12-5 (no number with the decimal mark .)"),
        ("1e5", ".", "1e5 (no number with the decimal mark .)"),
    ],
)
def test_plain_number(text: str, decimal: str, plain: str) -> None:
    frame = pl.DataFrame({"text": [text, None]})
    assert frame.select(plain_number(pl.col("text"), decimal, ".")).to_series().to_list() == [plain, None]


def test_a_number_is_written_with_the_decimal_mark_of_the_feed() -> None:
    assert pl.select(plain_number(pl.lit("1,250.75"), ".", ",")).item() == "1250,75"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,250.00", "1,250.00"),
        ("-$6.25", "-6.25"),
        ("$-6.25", "-6.25"),
        ("6,25 €", "6,25"),
        ("'-70", "-70"),
        ("US$ 5", "5"),
        ("6.25", "6.25"),
        ("$", "$"),
        ("$$5", "$$5"),
        ("5$5", "5$5"),
        ("£5", "£5"),
    ],
)
def test_marks_are_taken_off(text: str, amount: str) -> None:
    marks = ("$", "€", "'", "US$")
    assert pl.select(without_marks(pl.lit(text), marks)).item() == amount


@pytest.mark.parametrize(
    ("text", "formats", "written"),
    [
        ("16-Dec-2023 02:44 PM", ("%d-%b-%Y %I:%M %p",), "2023-12-16 14:44:00"),
        ("31/12/2025 14:05", ("%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"), "2025-12-31 14:05:00"),
        ("1/2/2025 14:05", ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"), "2025-01-02 14:05:00"),
        ("1/2/2025", ("eu",), "2025-02-01 00:00:00"),
        ("2025-12-31T14:05", ("iso",), "2025-12-31 14:05:00"),
        ("2012-01-01 11:13:13 -0500", ("%Y-%m-%d %H:%M:%S %z",), "2012-01-01 16:13:13+00:00"),
        ("2012-01-01T11:13:13-05:00", ("iso",), "2012-01-01 16:13:13+00:00"),
        ("2012-01-01 11:13:13 UTC", ("iso",), "2012-01-01 11:13:13+00:00"),
        ("2012-01-01 11:13:13 UTC", ("%Y-%m-%d %H:%M:%S %Z",), "2012-01-01 11:13:13+00:00"),
        ("01.01.2012 11:13Z", ("%d.%m.%Y %H:%MZ",), "2012-01-01 11:13:00+00:00"),
        ("2012-01-01 11:13:13.25", ("iso",), "2012-01-01 11:13:13.250"),
        ("12/31/2025 14:05", ("%d/%m/%Y %H:%M",), "12/31/2025 14:05 (in no format of the mapping)"),
        ("1/2/2025 14:05:60", ("%d/%m/%Y %H:%M:%S",), "1/2/2025 14:05:60 (in no format of the mapping)"),
    ],
)
def test_times_by_the_first_format_that_reads(text: str, formats: tuple[str, ...], written: str) -> None:
    assert _time(text, *formats) == written


def test_times_without_formats_stay_as_they_are() -> None:
    assert _time("1/2/2025 14:05") == "1/2/2025 14:05"


@pytest.mark.parametrize(
    ("zone_names", "zone", "written"),
    [
        ("iana", "America/New_York", "2012-07-01 15:13:13+00:00"),
        ("rails", "Eastern Time (US & Canada)", "2012-07-01 15:13:13+00:00"),
        ("windows", "Eastern Standard Time", "2012-07-01 15:13:13+00:00"),
        (
            "rails",
            "Eastern Standard Time",
            "2012-07-01 11:13:13 (its time zone Eastern Standard Time is unknown)",
        ),
        ("iana", None, "2012-07-01 11:13:13 (its time zone is missing)"),
    ],
)
def test_times_in_the_zone_of_a_column(zone_names: str, zone: str | None, written: str) -> None:
    assert _time("2012-07-01 11:13:13", "iso", zone=zone, zone_names=zone_names) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2012-11-04 01:30:00", "2012-11-04 05:30:00+00:00"),  # twice: the first
        ("2012-03-11 02:30:00", "2012-03-11 02:30:00 (no time in its time zone)"),
        ("2012-07-01T11:00:00Z", "2012-07-01 11:00:00+00:00"),  # it tells its own offset
    ],
)
def test_odd_hours_of_a_zone(text: str, written: str) -> None:
    assert _time(text, "iso", zone="America/New_York", zone_names="iana") == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("16-Dec-2023 02:44 AM EST", "2023-12-16 07:44:00+00:00"),
        ("16-Jul-2023 02:44 AM edt", "2023-07-16 06:44:00+00:00"),
        ("16-Dec-2023 02:44 AM CST", "16-Dec-2023 02:44 AM CST (in no format of the mapping)"),
        ("16-Dec-2023 02:44 AM", "16-Dec-2023 02:44 AM (in no format of the mapping)"),
    ],
)
def test_offset_of_letters(text: str, written: str) -> None:
    letters = {"EST": "-05:00", "EDT": "-04:00"}
    assert _time(text, "%d-%b-%Y %I:%M %p %z", letters=letters) == written


def test_the_lists_name_zones_that_there_are() -> None:
    unknown = [name for zones in LISTS.values() for name in zones.values() if not knows_timezone(name)]
    assert not unknown
