"""Dates as text are parsed to local time by ISO 8601 and by the feed's date format."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.date_formats import parse_dates

EIGHT = datetime(2010, 12, 1, 8, 26)
MIDNIGHT = datetime(2010, 12, 1)


def _parse(
    text: str | None, date_format: str | None = None, timezone: str = "Europe/London"
) -> datetime | None:
    frame = pl.DataFrame({"date": [text]}, schema={"date": pl.String})
    parsed: datetime | None = frame.select(parse_dates(pl.col("date"), date_format, timezone)).item()
    return parsed


@pytest.mark.parametrize("date_format", [None, "iso", "us", "eu", "%d-%m-%Y %H:%M"])
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-12-01 08:26:00", EIGHT),
        ("2010-12-01T08:26:00", EIGHT),
        ("2010-12-01 08:26", EIGHT),
        ("2010-12-01T08:26", EIGHT),
        ("2010-12-01", MIDNIGHT),
        ("  2010-12-01 08:26:00 ", EIGHT),
        ("2010-12-01 08:26:00.5", EIGHT.replace(microsecond=500_000)),
        ("2010-12-01T08:26:00.123456", EIGHT.replace(microsecond=123_456)),
        ("2010-12-01T08:26:00Z", EIGHT),
        ("2010-12-01T09:26:00+01:00", EIGHT),
        ("2010-12-01 03:26:00-0500", EIGHT),
        ("2011-07-01T08:26:00.000Z", datetime(2011, 7, 1, 9, 26)),
        ("2011-07-01T08:26Z", datetime(2011, 7, 1, 9, 26)),
    ],
)
def test_iso_dates_with_every_format(text: str, moment: datetime, date_format: str | None) -> None:
    assert _parse(text, date_format) == moment


@pytest.mark.parametrize(
    ("text", "us", "eu"),
    [
        ("12/1/2010 8:26", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12/01/2010 08:26:00", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12/1/10 8:26", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12.1.2010 8:26", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12.1.10", MIDNIGHT, datetime(2010, 1, 12)),
        ("12-01-10 08:26", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12-1-2010", MIDNIGHT, datetime(2010, 1, 12)),
        (" 12/1/2010 ", MIDNIGHT, datetime(2010, 1, 12)),
        ("12/1/2010 8:26 AM", EIGHT, datetime(2010, 1, 12, 8, 26)),
        ("12/1/2010 8:26pm", EIGHT.replace(hour=20), datetime(2010, 1, 12, 20, 26)),
        ("12/1/2010 12:05 AM", MIDNIGHT.replace(minute=5), datetime(2010, 1, 12, 0, 5)),
        (
            "12/1/2010 12:05:09 PM",
            EIGHT.replace(hour=12, minute=5, second=9),
            datetime(2010, 1, 12, 12, 5, 9),
        ),
        (
            "12/1/2010 8:26:00.25",
            EIGHT.replace(microsecond=250_000),
            datetime(2010, 1, 12, 8, 26, 0, 250_000),
        ),
        ("12/31/2010 8:26", datetime(2010, 12, 31, 8, 26), None),
        ("31/12/2010 8:26", None, datetime(2010, 12, 31, 8, 26)),
    ],
)
def test_slashed_and_dotted_dates(text: str, us: datetime | None, eu: datetime | None) -> None:
    assert _parse(text, "us") == us
    assert _parse(text, "eu") == eu
    assert _parse(text) is _parse(text, "iso") is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2010-13-01 08:26:00",
        "2010-02-30",
        "2010-12-01 24:00:00",
        "2010-12-01 08:61:00",
        "13/13/2010 8:26",
        "30/2/2010",
        "12/1/2010 25:00",
        "12/1/2010 8:60",
        "12/1/2010 13:05 PM",
        "12/1/2010 0:05 AM",
        "12/1/201",
        "12/1/2010 8",
        "12/1",
        "\u0661\u0662/\u0661/\u0662\u0660\u0661\u0660",
        "20101201",
        "40513.35",
        "010-12-01",
        "12-1/10",
    ],
)
@pytest.mark.parametrize("date_format", [None, "iso", "us", "eu", "%d-%m-%Y %H:%M"])
def test_not_a_date(text: str | None, date_format: str | None) -> None:
    assert _parse(text, date_format) is None


@pytest.mark.parametrize(
    ("pattern", "text", "moment"),
    [
        ("%d-%m-%Y %H:%M", "01-12-2010 08:26", EIGHT),
        ("%d %b %Y", "01 Dec 2010", MIDNIGHT),
        ("%d.%m.%y", "01.12.10", MIDNIGHT),
        ("%-d/%-m/%Y %H:%M", "1/12/2010 8:26", EIGHT),
        ("%m/%d/%y %l:%M %p", "12/01/10 8:26 AM", EIGHT),
        ("%d-%m-%Y %k:%M", "01-12-2010  8:26", EIGHT),
        ("%d/%m/%Y %H:%M:%S.%f", "01/12/2010 08:26:00.25", EIGHT.replace(microsecond=250_000)),
        ("%d-%m-%Y %H:%M%z", "01-12-2010 09:26+0100", EIGHT),
        ("%d-%m-%Y %H:%M%z", "01-07-2011 08:26+0000", datetime(2011, 7, 1, 9, 26)),
        ("%Y-%d-%m", "2010-01-12", MIDNIGHT),
        ("%d-%m-%Y %H:%M", "1/12/2010 8:26", None),
        # Year, day, month: a date that this pattern rejects is not parsed as an ISO date.
        ("%Y-%d-%m", "2010-01-13", None),
    ],
)
def test_pattern_of_the_feed(pattern: str, text: str, moment: datetime | None) -> None:
    assert _parse(text, pattern) == moment


@settings(max_examples=25)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(
        lambda at: at.replace(second=0, microsecond=0)
    )
)
def test_every_minute_in_every_notation(moment: datetime) -> None:
    month, day, year, short = moment.month, moment.day, moment.year, moment.year % 100
    clock = f"{moment.hour}:{moment.minute:02}"
    twelve = moment.strftime("%I:%M %p")
    assert _parse(moment.isoformat(" ")) == moment
    for separator in "/.-":
        for written in (year, f"{short:02}"):
            us = separator.join(str(part) for part in (month, day, written))
            eu = separator.join(str(part) for part in (day, month, written))
            assert _parse(f"{us} {clock}", "us") == _parse(f"{us} {twelve}", "us") == moment
            assert _parse(f"{eu} {clock}", "eu") == _parse(f"{eu} {twelve}", "eu") == moment
