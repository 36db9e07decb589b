"""Quoted fields are read unchanged: delimiters, line breaks and doubled quotes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.ingest.readers import quotes
from tests.support.deliveries import HEADER, LINE, ROW, as_csv, read_text, row, text_of

DESCRIPTIONS = [
    "a, b",
    "a\rb",
    'a\r"b"',
    "two\nlines",
    "two\r\nlines",
    'a "b" c',
    '"',
    ",",
    "\n",
    '12" RULER, "RED"\n,',
    "'",
]


@pytest.fixture(autouse=True, params=[-1, 1000], ids=["many quoted bytes", "few quoted bytes"])
def _quoted_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "_QUOTED_BYTES", request.param)


@pytest.mark.parametrize("broken", ["", "short,row\n"], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_delimiters_line_breaks_and_quotes(tmp_path: Path, ends: str, broken: str) -> None:
    rows = [row(description=text, country=text) for text in DESCRIPTIONS]
    frame = read_text(tmp_path, as_csv(rows, lineterminator=ends) + broken)
    assert text_of(frame) == rows
    assert frame.get_column("line_no").to_list() == list(range(1, frame.height + 1))


@pytest.mark.parametrize("broken", ["", "short,row\n"], ids=["sound", "beside a broken row"])
def test_empty_fields_are_null_quoted_or_not(tmp_path: Path, broken: str) -> None:
    line = '536365,,"",6,2010-12-01 08:26:00,2.55,"",""\n'
    frame = read_text(tmp_path, f"{HEADER}\n{line}{broken}")
    assert text_of(frame) == [row(stock_code=None, description=None, customer_id=None, country=None)]


def test_quote_in_an_unquoted_field(tmp_path: Path) -> None:
    ruler = LINE.replace("WHITE HEART", 'RULER 12" LONG')
    board = LINE.replace("WHITE HEART", 'BOARD 9" X 4"')
    frame = read_text(tmp_path, "\n".join([HEADER, ruler, LINE, LINE, ruler, board, ""]))
    descriptions = [fields[2] for fields in text_of(frame)]
    assert descriptions == ['RULER 12" LONG', ROW[2], ROW[2], 'RULER 12" LONG', 'BOARD 9" X 4"']


def test_quote_does_not_pair_with_one_of_a_later_row(tmp_path: Path) -> None:
    # If quotes could open anywhere in a field, the first two lines would be one row of eight fields.
    sound = LINE.replace("85123A", '"A, B"').replace("WHITE HEART", '12"').replace("United Kingdom", "UK")
    long = sound.replace('"A, B"', "A, B")
    frame = read_text(tmp_path, "\n".join([HEADER, sound, long, LINE, ""]))
    assert text_of(frame) == [row(stock_code="A, B", description='12"', country="UK"), ROW]
    assert frame.get_column("raw").to_list() == [None, long, None]


def test_long_field_with_many_line_breaks(tmp_path: Path) -> None:
    rows = [row(description="line\n" * 150 + "x" * 200_000), row()]
    assert text_of(read_text(tmp_path, as_csv(rows) + "short,row\n")) == rows
