"""Local time becomes UTC in the time zone of the feed: an ambiguous hour is the first one, a skipped hour is null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.lines import normalise_values


def _moments(*local: str, timezone: str = "Europe/London") -> list[datetime | None]:
    return normalise_values("invoice_date", local, "sold_at", timezone=timezone)


def test_summer_and_winter() -> None:
    assert _moments("2010-12-01 08:26:00", "2011-07-01 08:26:00") == [
        datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
        datetime(2011, 7, 1, 7, 26, tzinfo=UTC),
    ]


def test_ambiguous_hour_is_the_first_one() -> None:
    assert _moments("2011-10-30 00:59:59", "2011-10-30 01:30:00", "2011-10-30 02:00:00") == [
        datetime(2011, 10, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2011, 10, 30, 0, 30, tzinfo=UTC),
        datetime(2011, 10, 30, 2, 0, tzinfo=UTC),
    ]


def test_skipped_hour_is_null_but_its_local_time_is_kept() -> None:
    local = ["2011-03-27 00:59:59", "2011-03-27 01:00:00", "2011-03-27 01:59:59", "2011-03-27 02:00:00"]
    assert _moments(*local) == [
        datetime(2011, 3, 27, 0, 59, 59, tzinfo=UTC),
        None,
        None,
        datetime(2011, 3, 27, 1, 0, tzinfo=UTC),
    ]
    assert normalise_values("invoice_date", local, "sold_at_local") == [
        datetime.fromisoformat(text) for text in local
    ]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("2011-07-01 12:00:60", None),
        ("2011-07-01T12:00:60.5+01:00", None),
        ("1/7/2011 12:00:60", "eu"),
        ("01.07.2011 12.00.60", "%d.%m.%Y %H.%M.%S"),
    ],
)
def test_second_60_is_not_the_next_minute(text: str, date_format: str | None) -> None:
    texts = [text, text.replace("60", "59")]
    unreadable, moment = normalise_values("invoice_date", texts, "sold_at_local", date_format=date_format)
    assert unreadable is None
    assert moment is not None
    assert (moment.minute, moment.second) == (0, 59)


@pytest.mark.parametrize(
    ("timezone", "hour"),
    [("UTC", 12), ("America/New_York", 16), ("Asia/Kolkata", 6), ("Australia/Sydney", 2)],
)
def test_time_zones(timezone: str, hour: int) -> None:
    (moment,) = _moments("2011-07-01 12:00:00", timezone=timezone)
    assert moment is not None
    assert moment.replace(minute=0) == datetime(2011, 7, 1, hour, tzinfo=UTC)


def test_date_with_offset_becomes_local_time_of_the_feed() -> None:
    local = normalise_values("invoice_date", ["2011-07-01T12:00:00-04:00"], "sold_at_local")
    assert local == [datetime(2011, 7, 1, 17)]
    assert _moments("2011-07-01T12:00:00-04:00") == [datetime(2011, 7, 1, 16, tzinfo=UTC)]


def test_unparsed_date_is_null() -> None:
    assert _moments("soon", "1/2/2011 8:00") == [None, None]
    assert normalise_values("invoice_date", ["soon", "1/2/2011 8:00"], "sold_at_local") == [None, None]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("12/1/2010 8:26", "us"),
        ("1.12.10 8:26", "eu"),
        ("2010-12-01 08:26:00", "us"),
        ("2010-12-01 08:26:00", "%d-%m-%Y %H:%M"),
        ("01-12-2010 08:26", "%d-%m-%Y %H:%M"),
        ("2010-01-12 08:26:00", "%Y-%d-%m %H:%M:%S"),
    ],
)
def test_date_format_of_the_feed(text: str, date_format: str) -> None:
    both = normalise_values("invoice_date", [text, "2010-13-13"], "sold_at_local", date_format=date_format)
    assert both == [datetime(2010, 12, 1, 8, 26), None]


def test_dtype() -> None:
    assert pl.Series(_moments("2011-07-01 12:00:00")).dtype == pl.Datetime("us", "UTC")


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["Europe/London", "America/New_York"]),
)
@example(datetime(2011, 3, 27, 1, 30), "Europe/London")
@example(datetime(2011, 10, 30, 1, 30), "Europe/London")
@example(datetime(2011, 3, 13, 2, 30), "America/New_York")
@example(datetime(2011, 11, 6, 1, 30), "America/New_York")
def test_any_time_agrees_with_zoneinfo(local: datetime, timezone: str) -> None:
    (moment,) = _moments(local.isoformat(" "), timezone=timezone)
    zone = ZoneInfo(timezone)
    expected = local.replace(tzinfo=zone).astimezone(UTC)
    exists = expected.astimezone(zone).replace(tzinfo=None) - local == timedelta(0)
    assert moment == (expected if exists else None)


@pytest.mark.parametrize(
    ("date_format", "moment"),
    [(None, None), ("iso", None), ("eu", datetime(2026, 1, 10, 8, 26)), ("us", datetime(2026, 10, 1, 8, 26))],
)
def test_a_two_digit_year_with_dashes_is_no_iso_date(
    date_format: str | None, moment: datetime | None
) -> None:
    values = normalise_values("invoice_date", ["10-01-26 08:26:00"], "sold_at_local", date_format=date_format)
    assert values == [moment]
