"""A date that tells its offset is that instant, also in the second of two equal hours; letters for a zone are not guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.deliveries import NAMES, as_csv, row, write
from tests.support.lines import (
    broken_rules,
    bronze,
    lines_of,
    normalise_values,
    typed_lines,
    validate_sources,
)

FIRST = datetime(2010, 10, 31, 0, 30, tzinfo=UTC)
SECOND = FIRST + timedelta(hours=1)


def _sold_at(*texts: str, **settings: str) -> list[datetime | None]:
    return normalise_values("invoice_date", texts, "sold_at", **settings)


def test_both_of_two_equal_hours() -> None:
    texts = ["2010-10-31 01:30:00+01:00", "2010-10-31 01:30:00+00:00", "2010-10-31 01:30:00"]
    assert _sold_at(*texts) == [FIRST, SECOND, FIRST]
    assert normalise_values("invoice_date", texts, "sold_at_local") == [datetime(2010, 10, 31, 1, 30)] * 3


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe"]),
    st.sampled_from([0, 60, -300, 570]),
)
@example(datetime(2010, 10, 31, 0, 30), "Europe/London", 0)
@example(datetime(2010, 10, 31, 1, 30), "Europe/London", 60)
@example(datetime(2026, 11, 1, 5, 30), "America/New_York", 0)
@example(datetime(2026, 11, 1, 6, 30), "America/New_York", -300)
@example(datetime(2011, 3, 27, 1, 30), "Europe/London", 0)
def test_any_told_instant_agrees_with_zoneinfo(utc: datetime, timezone: str, minutes: int) -> None:
    instant = utc.replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(timezone))
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = (utc + timedelta(minutes=minutes)).isoformat(" ") + offset
    expected = {
        "sold_at": instant,
        "sold_at_local": local.replace(tzinfo=None),
        "in_second_hour": local.fold == 1,
    }
    for column, value in expected.items():
        assert normalise_values("invoice_date", [text], column, timezone=timezone) == [value]


@pytest.mark.parametrize("zone", ["Z", "UTC", " UTC", " GMT", " Z", " utc", "+00:00", " +0000", "+00"])
def test_utc_by_any_name_in_iso_dates(zone: str) -> None:
    assert _sold_at(f"2010-10-31 01:30:00{zone}", f"2010-10-31T01:30{zone}") == [SECOND, SECOND]


@pytest.mark.parametrize("zone", ["UTC", "Z", "GMT", "+00:00", "+0000"])
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d.%m.%Y %H:%M:%S %Z", "31.10.2010 01:30:00 {}"),
        ("%d.%m.%Y %H:%M%Z", "31.10.2010 01:30{}"),
        ("%a %b %d %H:%M:%S %Z %Y", "Sun Oct 31 01:30:00 {} 2010"),
        # The pattern names the zone itself.
        ("%d.%m.%YT%H:%M:%SZ", "31.10.2010T01:30:00{}"),
        ("%d.%m.%Y %H:%M UTC", "31.10.2010 01:30 {}"),
        ("%d.%m.%Y %H:%M+00:00", "31.10.2010 01:30{}"),
    ],
)
def test_zone_of_a_pattern(pattern: str, text: str, zone: str) -> None:
    assert _sold_at(text.format(zone), date_format=pattern) == [SECOND]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%s", "1288488600"),
        ("%+", "2010-10-31T02:30:00+01:00"),
        ("%d.%m.%Y %H:%M %z", "31.10.2010 02:30 +0100"),
        ("%d.%m.%Y %H:%M %z", "31.10.2010 01:30 Z"),
        ("%d.%m.%Y %H:%M %#z", "31.10.2010 02:30 +01"),
        # The number says it all.
        ("%d.%m.%Y %H:%M %z %Z", "31.10.2010 02:30 +0100 CET"),
    ],
)
def test_other_patterns_that_tell_the_instant(pattern: str, text: str) -> None:
    assert _sold_at(text, date_format=pattern) == [SECOND]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("2025-06-09 05:23:19 CEST", None),
        ("2025-06-09 05:23:19 CST", "us"),
        ("2025-06-09T05:23+02:00[Europe/Berlin]", None),
        ("09.06.2025 05:23:19 CEST", "%d.%m.%Y %H:%M:%S %Z"),
        ("09.06.2025 05:23:19 GMT+2", "%d.%m.%Y %H:%M:%S %Z"),
        ("09.06.2025 05:23:19 JST", "%d.%m.%Y %H:%M:%S UTC"),
    ],
)
def test_other_letters_are_no_offset(text: str, date_format: str | None) -> None:
    for column, value in {"sold_at": None, "sold_at_local": None, "has_unknown_zone": True}.items():
        assert normalise_values("invoice_date", [text], column, date_format=date_format) == [value]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("2025-06-09 05:23:19 PM", None),
        ("09.06.2025 05:23:19", "%d.%m.%Y %H:%M:%S %Z"),
        ("soon", "%d.%m.%Y %H:%M:%S %Z"),
        (None, None),
    ],
)
def test_unreadable_dates_without_a_zone(text: str | None, date_format: str | None) -> None:
    for column, value in {"sold_at": None, "has_unknown_zone": False}.items():
        assert normalise_values("invoice_date", [text], column, date_format=date_format) == [value]


def test_only_the_second_hour_is_a_mark_in_the_identity() -> None:
    same = [
        ["2010-10-31 01:30:00", "2010-10-31 01:30:00+01:00", "2010-10-31T00:30:00Z"],
        ["2010-12-01 08:26:00", "2010-12-01 08:26:00+00:00", "2010-12-01T09:26:00+01:00"],
        ["2010-10-31 01:30:00+00:00", "2010-10-31 01:30:00 UTC", "2010-10-31T02:30:00+01:00"],
    ]
    ids = [
        {typed_lines(bronze({"invoice_date": text})).get_column("line_id").item() for text in texts}
        for texts in same
    ]
    assert [len(each) for each in ids] == [1, 1, 1]
    assert len(set.union(*ids)) == 3


def test_a_time_that_the_clocks_skip_is_set_aside_only_without_an_offset() -> None:
    naive, told = broken_rules(
        {"invoice_date": "2011-03-27 01:30:00"}, {"invoice_date": "2011-03-27 01:30:00Z"}
    )
    assert {name for name, *_ in naive} == {"sold_at_exists"}
    assert told == set()


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "+05:30"])
def test_zoned_parquet_is_as_text_with_offsets(tmp_path: Path, zone: str) -> None:
    rows = [row(invoice_date=text) for text in ("2010-10-31 01:30:00+01:00", "2010-10-31 01:30:00+00:00")]
    text = write(tmp_path / "text.csv", as_csv(rows))
    table = pl.DataFrame(rows, schema=list(NAMES), orient="row").to_arrow()
    at = table.schema.get_field_index("InvoiceDate")
    instants = pa.chunked_array([pa.array([FIRST, SECOND], pa.timestamp("us", zone))])
    zoned = tmp_path / "zoned.parquet"
    pq.write_table(table.set_column(at, "InvoiceDate", instants), zoned)
    columns = ("line_id", "sold_at", "sold_at_local")
    lines = [lines_of(validate_sources(tmp_path / "w", [path])).select(columns) for path in (text, zoned)]
    assert lines[0].equals(lines[1])
    assert lines[1].get_column("sold_at").to_list() == [FIRST, SECOND]


def test_the_report_says_what_to_do_about_letters(tmp_path: Path) -> None:
    rows = [row(invoice_date="2010-12-01 08:26:00 CET"), row()]
    silver = validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", as_csv(rows))])
    (quality,) = silver.deliveries
    assert quality.notes == (
        "1 of its lines break sold_at_zone_known. Only UTC, GMT and Z name one offset: have the offset delivered as a "
        "number (+02:00), or map the letters.",
    )
