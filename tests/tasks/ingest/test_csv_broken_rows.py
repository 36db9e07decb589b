"""A broken row is kept with its raw text and its fault, and all other rows are read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.support.deliveries import HEADER, LINE, ROW, as_csv, read, read_text, row, text_of, write

OPEN_QUOTE = "a quote that is not closed, or text behind a closing quote"
BROKEN = {
    "short": ("536365,85123A,WHITE", "3 fields instead of 8"),
    "long": (LINE + ",x,y", "10 fields instead of 8"),
    "one field": ("total of the day", "1 fields instead of 8"),
    "open quote": ('536365,85123A,"WHITE,6,2010-12-01,2.55,17850,UK', OPEN_QUOTE),
    "text behind a quote": ('536365,85123A,"WHITE" HEART,6,2010-12-01,2.55,17850,UK', OPEN_QUOTE),
    "quoted and short": ('536365,"WHITE, HEART",6', "3 fields instead of 8"),
}
QUOTED = row(description="two\nlines, quoted")


def _faults(frame: pl.DataFrame) -> list[tuple[int, str, str]]:
    return frame.filter(pl.col("fault").is_not_null()).select("line_no", "fault", "raw").rows()


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("place", ["first", "middle", "last", "last without an end"])
def test_broken_row(tmp_path: Path, kind: str, end: str, place: str) -> None:
    text, fault = BROKEN[kind]
    body = [
        as_csv([values], lineterminator=end).split(end, 1)[1].removesuffix(end)
        for values in (row(), QUOTED, row())
    ]
    index = {"first": 0, "middle": 1}.get(place, 3)
    body.insert(index, text)
    final = "" if place == "last without an end" else end
    frame = read_text(tmp_path, end.join([HEADER, *body]) + final)
    assert text_of(frame) == [ROW, QUOTED, ROW]
    assert _faults(frame) == [(index + 1, fault, text)]
    assert frame.get_column("line_no").to_list() == [1, 2, 3, 4]


def test_all_faults_in_one_file_of_a_batch(tmp_path: Path) -> None:
    lines = [HEADER]
    for text, _ in BROKEN.values():
        lines += [LINE, text]
    write(tmp_path / "days" / "1.csv", as_csv([QUOTED, row()]))
    write(tmp_path / "days" / "2.csv", "\n".join([*lines, ""]))
    write(tmp_path / "days" / "3.csv", as_csv([row()] * 3))
    frame = read(tmp_path / "w", tmp_path / "days")
    assert text_of(frame) == [QUOTED, ROW, *[ROW] * len(BROKEN), *[ROW] * 3]
    expected = [(2 * number, fault, text) for number, (text, fault) in enumerate(BROKEN.values(), 1)]
    assert _faults(frame) == expected
    places = frame.group_by("delivery", maintain_order=True).agg("line_no").get_column("line_no").to_list()
    assert places == [[1, 2], list(range(1, 2 * len(BROKEN) + 1)), [1, 2, 3]]


def test_short_and_long_row_do_not_cancel_out(tmp_path: Path) -> None:
    frame = read_text(tmp_path, "\n".join([HEADER, LINE, LINE[:-15], LINE + ",x", LINE, ""]))
    assert text_of(frame) == [ROW, ROW]
    assert [fault for _, fault, _ in _faults(frame)] == ["7 fields instead of 8", "9 fields instead of 8"]


def test_stray_quote_breaks_one_row_even_if_a_later_quote_closes_it(tmp_path: Path) -> None:
    stray = LINE.replace("WHITE", '"WHITE')
    closing = LINE.replace("UNITED", "UNITED").replace("Kingdom", 'Kingdom"')
    frame = read_text(tmp_path, "\n".join([HEADER, LINE, stray, LINE, closing, LINE, ""]))
    assert [raw for _, _, raw in _faults(frame)] == [stray]
    assert text_of(frame) == [ROW, ROW, row(country='United Kingdom"'), ROW]


def test_only_row_is_broken(tmp_path: Path) -> None:
    frame = read_text(tmp_path, HEADER + "\nshort,row")
    assert _faults(frame) == [(1, "2 fields instead of 8", "short,row")]


def test_broken_row_in_a_large_text(tmp_path: Path, real_lines: pl.DataFrame) -> None:
    some = real_lines.head(20_000)
    text = some.write_csv().splitlines(keepends=True)
    text.insert(15_001, "short,row\n")
    frame = read_text(tmp_path, "".join(text))
    assert _faults(frame) == [(15_001, "2 fields instead of 8", "short,row")]
    assert text_of(frame) == some.rows()
