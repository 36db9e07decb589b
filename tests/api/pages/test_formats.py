"""How values are written in pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.pages import formats
from api.pages.problem_pages import prefers_html


@pytest.mark.parametrize(
    ("value", "written"),
    [(100.0, "100"), (99.999, "99.99"), (0.29, "0.29"), (0.0, "0.00"), (97.3, "97.30"), (None, "not known")],
)
def test_a_score_is_never_rounded_to_a_perfect_one(value: float | None, written: str) -> None:
    assert formats.score(value) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("9747747.9340", "GBP 9,747,747.934"),
        ("139.1200", "GBP 139.12"),
        ("-1500.0000", "GBP -1,500.00"),
        ("0.0000", "GBP 0.00"),
        ("99999999999999.9999", "GBP 99,999,999,999,999.9999"),
    ],
)
def test_money_loses_no_digit(amount: str, written: str) -> None:
    assert formats.money(amount, "GBP") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (27_100_000, "27.1 MB"),
        (2_000_000_000_000_000, "2,000 TB"),
    ],
)
def test_sizes(value: int, written: str) -> None:
    assert formats.size(value) == written


def test_times_are_told_in_utc() -> None:
    late = datetime(2026, 11, 4, 20, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert formats.when(late) == '<time datetime="2026-11-05T01:30:00Z">2026-11-05 01:30 UTC</time>'
    assert formats.when(late.isoformat()) == formats.when(late)
    assert formats.duration(late, datetime(2026, 11, 5, 3, 0, 5, tzinfo=UTC)) == "1 h 30 min"
    assert formats.duration(late, late + timedelta(seconds=97.4)) == "1 min 37 s"
    assert formats.duration(late, late + timedelta(seconds=1.24)) == "1.2 s"
    assert formats.duration(late, None) == "not known"


def test_a_path_hides_the_password_that_its_parts_would_show() -> None:
    assert (
        formats.path("s3://ann:marked-secret@h/a<b>.csv")
        == "s3:/<wbr>/<wbr>ann:********@h/<wbr>a&lt;b&gt;.csv"
    )


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("TEXT/HTML", True),
        ("*/*", False),
        ("", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("application/problem+json;q=0.3, text/html;q=0.4", True),
    ],
)
def test_who_gets_a_problem_as_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) == html
