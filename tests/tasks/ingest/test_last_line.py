"""A last line without a line end is taken if its last field looks whole beside those of the other lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.ingest import source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import IngestedFile
from tasks.ingest.readers import encoding
from tasks.ingest.reading import LastLineEnd, ReadingSettings
from tests.support.deliveries import LINE, NAMES, bronze_of, write

FIRST = LINE.rsplit(",", 1)[0]
BROKEN = "a broken,line"


def _text(values: Sequence[str], end: str = "\n", more: Sequence[str] = ()) -> str:
    """A file whose last column has these values, and whose last line has no line end."""
    return end.join([",".join(NAMES), *more, *(f"{FIRST},{value}" for value in values)])


def _ingested(folder: Path, text: str, line_end: LastLineEnd | None = None) -> IngestedFile:
    deliveries = discover([str(write(folder / "day.csv", text))]).deliveries
    reading = ReadingSettings(last_line_end=line_end)
    (file,) = bronze_of(ingest(deliveries, {}, folder / "w", reading=reading)).deliveries
    return file


TEN = [f"{number}1.95" for number in range(10, 20)]
WHOLE = {
    "a value that others have": [*["United Kingdom", "France"] * 5, "France"],
    "as many decimals": [*TEN, "7.20"],
    "as many decimals, comma": ['"1,50"', '"2,75"', '"3,25"'],
    "more decimals": [*TEN, "7.205"],
    "their length": [*(str(number) for number in range(17850, 17870)), "13047"],
    "a date written like theirs": ["12/1/2010 8:26", "12/11/2010 18:26", "2/11/2010 18:30", "12/2/2010 9:05"],
    "a closed quote": [*["United Kingdom"] * 20, '"Spain"'],
    "empty as others": ["UK", "", ""],
}
CUT = {
    "fewer decimals": [*TEN, "129"],
    "no decimals behind the point": [*TEN, "129."],
    "one decimal": ["1.50", "2.75", "3.2"],
    "a value that no other has": [*["United Kingdom"] * 20, "Spain"],
    "the beginning of another": ["United Kingdom", "France", "United King"],
    "another length": [*(str(number) for number in range(17850, 17870)), "130"],
    "a date that stops": ["12/1/2010 8:26", "12/1/2010 8:27", "12/1/2010 8:2"],
    "empty as no other": ["UK", "France", ""],
}


@pytest.fixture(params=["held", "large", "beside a broken row", "windows", "old mac"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "large":
        monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    return str(request.param)


def _of_kind(values: Sequence[str], kind: str) -> str:
    end = {"windows": "\r\n", "old mac": "\r"}.get(kind, "\n")
    return _text(values, end, [BROKEN] if kind == "beside a broken row" else [])


@pytest.mark.parametrize("values", WHOLE)
def test_it_looks_whole(tmp_path: Path, values: str, kind: str) -> None:
    file = _ingested(tmp_path, _of_kind(WHOLE[values], kind))
    assert (file.unfinished_line, file.unfinished_value, file.notes) == (None, None, ())


@pytest.mark.parametrize("values", CUT)
def test_it_looks_cut(tmp_path: Path, values: str, kind: str) -> None:
    file = _ingested(tmp_path, _of_kind(CUT[values], kind))
    assert file.unfinished_line == file.rows == len(CUT[values]) + (kind == "beside a broken row")
    assert file.unfinished_value == CUT[values][-1]
    (note,) = file.notes
    assert note.startswith(f"Its last line has no line end and ends with '{CUT[values][-1]}': ")
    assert note.endswith("The line was set aside; the setting --last-line-end optional takes it.")


@pytest.mark.parametrize("values", [["Spain"], ["France", "Spain"], ["5", "12", "7"]])
def test_few_lines_are_no_evidence(tmp_path: Path, values: list[str]) -> None:
    file = _ingested(tmp_path, _text(values))
    assert file.unfinished_line is None
    assert file.notes == (
        f"Its last line has no line end and ends with '{values[-1]}': too few other lines tell whether it is whole. "
        "The line was taken.",
    )


@pytest.mark.parametrize("values", CUT)
def test_with_a_line_end_it_is_whole(tmp_path: Path, values: str, kind: str) -> None:
    text = _of_kind(CUT[values], kind)
    file = _ingested(tmp_path, text + {"windows": "\r\n", "old mac": "\r"}.get(kind, "\n"))
    assert (file.unfinished_line, file.notes) == (None, ())


def test_optional_takes_it(tmp_path: Path, kind: str) -> None:
    file = _ingested(tmp_path, _of_kind([*TEN, "129"], kind), "optional")
    assert (file.unfinished_line, file.notes) == (None, ())


def test_required_sets_it_aside(tmp_path: Path, kind: str) -> None:
    file = _ingested(tmp_path, _of_kind(["France", "France"], kind), "required")
    assert file.unfinished_value == "France"
    assert "the feed requires one" in file.notes[0]


def test_only_the_end_of_a_file_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.ingest.readers.last_line.PEEK", 20 * (len(FIRST) + 5))
    assert encoding.PEEK > 10_000
    far, near = ["Spain", *["UK"] * 50, "Spain"], [*["UK"] * 50, "Spain", "UK", "Spain"]
    for held in (10_000_000, 0):
        monkeypatch.setattr(source_file, "HELD_BYTES", held)
        assert _ingested(tmp_path, _text(far)).unfinished_line == 52
        assert _ingested(tmp_path, _text(near)).unfinished_line is None
