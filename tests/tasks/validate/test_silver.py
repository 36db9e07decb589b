"""Silver holds the sound lines of a batch, and is made again only if what it depends on changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import source_file
from tasks.ingest.readers import csv
from tasks.validate import contract, silver
from tasks.validate.schema import LINE
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import judge, lines_of


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(
        tmp_path / "day.csv", as_csv([row(), row(quantity="0"), row(stock_code="b", customer_id=None)])
    )


def test_the_lines(tmp_path: Path, day: Path) -> None:
    made = judge(tmp_path / "w", [day], timezone="America/New_York", currency="USD")
    frame = lines_of(made)
    assert dict(frame.schema) == LINE
    assert frame.drop("line_id", "line_no", "stock_code", "customer_id").rows()[0] == (
        str(day),
        1,
        "536365",
        "WHITE HEART",
        6,
        datetime(2010, 12, 1, 8, 26),
        datetime(2010, 12, 1, 13, 26, tzinfo=UTC),
        Decimal("2.55"),
        Decimal("15.30"),
        "United Kingdom",
        "USD",
    )
    assert frame.select("line_no", "stock_code", "customer_id").rows() == [
        (1, "85123A", 17850),
        (3, "B", None),
    ]
    assert all(len(identity) == 16 for identity in frame.get_column("line_id"))


def test_it_is_taken_up_again(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = judge(tmp_path / "w", [day])

    def fill(*_: object) -> None:
        raise AssertionError("judged again")

    monkeypatch.setattr(silver, "_fill", fill)
    assert judge(tmp_path / "w", [day]) == first


@pytest.mark.parametrize(
    "settings",
    [
        {"as_of": date(2012, 1, 1)},
        {"feed": "other"},
        {"timezone": "UTC"},
        {"currency": "EUR"},
        {"date_format": "us"},
        {"identical_lines": "drop"},
    ],
)
def test_other_settings_are_judged_anew(tmp_path: Path, day: Path, settings: dict[str, Any]) -> None:
    assert judge(tmp_path / "w", [day]).folder != judge(tmp_path / "w", [day], **settings).folder


def test_a_changed_contract_never_meets_what_was_judged_before(
    tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = judge(tmp_path / "w", [day])
    monkeypatch.setattr(contract, "VERSION", "next")
    assert judge(tmp_path / "w", [day]).folder != first.folder


def test_one_part_or_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [row(invoice_no=str(number % 7), quantity=str(number % 3)) for number in range(60)]
    day = write(tmp_path / "day.csv", as_csv(lines) + "short,row\n")
    whole = judge(tmp_path / "one", [day])
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 500)
    monkeypatch.setattr(csv, "ROWS_PER_PART", 10)
    parts = judge(tmp_path / "many", [day])
    assert whole.parts == 1
    assert parts.parts > 3
    assert lines_of(parts).rows() == lines_of(whole).rows()
    assert parts.deliveries == whole.deliveries
    assert whole.deliveries[0].rules["not_a_copy"] == 60 - 21
