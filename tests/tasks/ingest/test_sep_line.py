"""Excel's first line ``sep=`` names the delimiter and is no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DeliveryUnreadable, UnknownHeader
from tasks.ingest import source_file
from tests.support.deliveries import NAMES, ROW, as_csv, ingest_sources, read_text, row, text_of, write

ROWS = [ROW, row(description="A;B"), row(description="C,D")]


@pytest.mark.parametrize(
    ("first", "delimiter"),
    [
        ("sep=;", ";"),
        ("SEP=,", ","),
        ("sep=\t", "\t"),
        ("sep=^", "^"),
        ("sep=~\r", "~"),
        ('"sep=;"', ";"),
        ("sep=;;;;;;;;", ";"),
        ('"sep=,",,,,,,,', ","),
        ("\ufeffsep=;", ";"),
        ("\n\nsep=;\n", ";"),
    ],
)
@pytest.mark.parametrize("held", [64 * 1024**2, 0], ids=["held", "large"])
def test_delimiter_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, delimiter: str, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    frame = read_text(tmp_path, f"{first}\n{as_csv(ROWS, delimiter=delimiter)}")
    assert text_of(frame) == ROWS
    assert frame.get_column("line_no").to_list() == [1, 2, 3]


def test_with_utf_16(tmp_path: Path) -> None:
    assert text_of(read_text(tmp_path, ("sep=;\r\n" + as_csv(ROWS, delimiter=";")).encode("utf-16"))) == ROWS


def test_broken_row_under_it(tmp_path: Path) -> None:
    frame = read_text(tmp_path, "sep=^\n" + as_csv(ROWS, delimiter="^") + "short^row\n")
    assert text_of(frame) == ROWS
    assert frame.get_column("fault").to_list()[-1] == "2 fields instead of 8"


@pytest.mark.parametrize("first", ["sep=", "sep=x", "sep=0", 'sep="', "sep=§"])
def test_it_names_no_delimiter(tmp_path: Path, first: str) -> None:
    day = write(tmp_path / "day.csv", f"{first}\n{as_csv(ROWS)}")
    (error,) = ingest_sources(tmp_path / "w", day).failed
    assert isinstance(error, DeliveryUnreadable)
    assert "its first line, sep=, names no delimiter. Remove that line" in error.message


def test_another_delimiter_than_that_of_the_lines_is_not_overruled(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", f"sep=;\n{as_csv(ROWS)}")
    (error,) = ingest_sources(tmp_path / "w", day).failed
    assert isinstance(error, UnknownHeader)
    assert f"Found: '{','.join(NAMES)[:40]}'" in error.message


def test_a_column_of_that_name_is_a_header(tmp_path: Path) -> None:
    text = as_csv([(*ROW, "x")], names=[*NAMES, "sep=;"])
    assert text_of(read_text(tmp_path, text)) == [ROW]
