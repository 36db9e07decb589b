"""Two stray quotes that close each other set both of their lines aside, and no line between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.ingest import source_file
from tests.support.deliveries import HEADER, LINE, ROW, as_csv, read_text, row, text_of

OPENING = LINE.replace("WHITE HEART", '"QUEEN SIZE SHEET')
CLOSING = LINE.replace("WHITE HEART", 'RULER 12"')


@pytest.mark.parametrize("held", [10_000_000, 0], ids=["held", "large"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("between", [0, 1, 3])
def test_both_lines_are_set_aside_with_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: int, end: str, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    lines = [HEADER, LINE, OPENING, *[LINE] * between, CLOSING, LINE, ""]
    frame = read_text(tmp_path, end.join(lines))
    assert text_of(frame) == [ROW] * (between + 2)
    assert frame.get_column("raw").drop_nulls().to_list() == [OPENING, CLOSING]
    assert set(frame.get_column("fault").drop_nulls()) == {
        "a field that holds lines: quotes of different lines that close each other"
    }


def test_a_description_of_several_lines_is_a_field(tmp_path: Path) -> None:
    rows = [row(description="one, two\nthree, four,\nfive, six, seven"), row()]
    assert text_of(read_text(tmp_path, as_csv(rows))) == rows


def test_many_delimiters_on_one_line_are_a_field(tmp_path: Path) -> None:
    rows = [row(description="a,b,c,d,e,f,g,h,i"), row(description="two\nlines")]
    assert text_of(read_text(tmp_path, as_csv(rows))) == rows
