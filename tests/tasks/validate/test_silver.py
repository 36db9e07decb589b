"""Silver has the lines of a batch without errors; it is made again only if its inputs change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import source_file
from tasks.ingest.readers import parts
from tasks.validate import contract, silver
from tasks.validate.schema import LINE
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import lines_of, validate_sources


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(
        tmp_path / "day.csv", as_csv([row(), row(quantity="0"), row(stock_code="b", customer_id=None)])
    )


def test_lines(tmp_path: Path, day: Path) -> None:
    usa = validate_sources(tmp_path / "w", [day], timezone="America/New_York", currency="USD")
    frame = lines_of(usa)
    assert dict(frame.schema) == LINE
    assert frame.drop("line_id", "line_no", "stock_code", "customer_number").rows()[0] == (
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
        "sale",
        True,
        *[None] * 7,
    )
    assert frame.select("line_no", "stock_code", "customer_number").rows() == [
        (1, "85123A", "17850"),
        (3, "B", None),
    ]
    assert all(len(line_id) == 16 for line_id in frame.get_column("line_id"))


def test_output_is_reused(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = validate_sources(tmp_path / "w", [day])

    def write_parts(*_: object) -> None:
        raise AssertionError("validated again")

    monkeypatch.setattr(silver, "_write_parts", write_parts)
    assert validate_sources(tmp_path / "w", [day]) == first


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
def test_other_settings_make_another_output(tmp_path: Path, day: Path, settings: dict[str, Any]) -> None:
    assert (
        validate_sources(tmp_path / "w", [day]).folder
        != validate_sources(tmp_path / "w", [day], **settings).folder
    )


def test_new_contract_version_makes_another_output(
    tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = validate_sources(tmp_path / "w", [day])
    monkeypatch.setattr(contract, "VERSION", "next")
    assert validate_sources(tmp_path / "w", [day]).folder != first.folder


def test_one_part_or_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [row(invoice_no=str(number % 7), quantity=str(number % 3)) for number in range(60)]
    day = write(tmp_path / "day.csv", as_csv(lines) + "short,row\n")
    whole = validate_sources(tmp_path / "one", [day])
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 500)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 10)
    many = validate_sources(tmp_path / "many", [day])
    assert whole.parts == 1
    assert many.parts > 3
    assert lines_of(many).rows() == lines_of(whole).rows()
    assert many.deliveries == whole.deliveries
    assert whole.deliveries[0].rules["not_a_copy"] == 60 - 21
