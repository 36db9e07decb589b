"""In a tab-separated file quotes are text where the whole file shows that; else they enclose fields, as in any CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.ingest import source_file
from tests.support.deliveries import (
    LINE,
    NAMES,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    row,
    text_of,
    write,
)

FAULT = "a quote that is not closed, or text behind a closing quote"


@pytest.fixture(autouse=True, params=[64 * 1024**2, 0], ids=["held", "large"])
def _held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", request.param)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 100)


def _read(
    folder: Path, *lines: str, names: str = "\t".join(NAMES)
) -> tuple[list[str | None], list[str], str]:
    """Return the descriptions, the faults and the note of a tab-separated file."""
    day = write(folder / "day.txt", "\n".join([names, *lines, ""]))
    bronze = bronze_of(ingest_sources(folder / "w", day))
    frame = frame_of(bronze)
    return (
        frame.get_column("description").to_list(),
        frame.get_column("fault").drop_nulls().to_list(),
        " ".join(bronze.deliveries[0].notes),
    )


def _line(description: str, **others: str) -> str:
    return "\t".join(row(description=description, **others))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "texts",
    [
        ['"Kiln" Mug 12"'],
        ['"Kiln mug'],
        ['"Kiln mug', 'Bowl 12"'],
        ['"Kiln', "Cup", 'Bowl"'],
        ['"Vintage"', '"Kiln" Mug'],
        ['Mug "Kiln" 12"', '"Kiln" Mug 12"', '"', '""'],
    ],
    ids=" / ".join,
)
def test_quotes_are_text(tmp_path: Path, texts: list[str]) -> None:
    assert _read(tmp_path, *map(_line, texts), _line("plain")) == (
        [*texts, "plain"],
        [],
        "Quotes are text in this file, not marks around its fields, as in: "
        + next(text for text in texts if text.startswith('"') and text != '"Vintage"'),
    )


@pytest.mark.parametrize("text", ['Mug "Kiln" 12"', 'Ruler 12"', 'a "" b'])
def test_quote_inside_a_field_is_text_in_both_readings(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, _line(text), _line("plain")) == ([text, "plain"], [], "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('"Kiln"', "Kiln"),
        ('"Mug\t12"""', 'Mug\t12"'),
        ('"Kiln\nmug"', "Kiln\nmug"),
        ('"Kiln ""Mug"""', 'Kiln "Mug"'),
    ],
)
def test_sound_csv_is_csv(tmp_path: Path, field: str, value: str) -> None:
    assert _read(tmp_path, _line(field), _line("plain")) == ([value, "plain"], [], "")


@pytest.mark.parametrize(
    "evidence",
    [
        _line('"Mug\t12"'),
        _line('"Kiln ""Mug"""'),
        _line("plain", country='"France"'),
        _line("plain", quantity='"6"'),
    ],
    ids=["tab", "doubled quotes", "country", "quantity"],
)
@pytest.mark.parametrize("broken", ['"Kiln" Mug', '"Kiln mug'])
def test_line_that_breaks_the_rules_of_csv_is_set_aside_alone(
    tmp_path: Path, evidence: str, broken: str
) -> None:
    descriptions, faults, note = _read(tmp_path, _line(broken), _line('"x"'), evidence, _line("y"))
    assert faults == [FAULT]
    assert descriptions[:2] == [None, "x"]
    assert note == ""


def test_quote_that_stays_open_before_an_incomplete_line_is_no_evidence(tmp_path: Path) -> None:
    names = "\t".join([*NAMES, "Shelf"])
    lines = (f'{_line("x")}\t"two', 'lines"', f"{_line('y')}\tone")
    assert _read(tmp_path, *lines, names=names) == (["x", "y"], [], "")


def test_quoted_header_means_csv(tmp_path: Path) -> None:
    names = "\t".join(f'"{name}"' for name in NAMES)
    assert _read(tmp_path, _line('"Kiln" Mug'), _line('"x"'), names=names) == ([None, "x"], [FAULT], "")


def test_quote_that_only_the_end_of_the_file_leaves_open_may_be_a_cut(tmp_path: Path) -> None:
    assert _read(tmp_path, _line('"x"'), _line('"Kiln mug')) == (["x", None], [FAULT], "")


def test_faults_and_line_numbers_of_a_file_with_quotes_as_text(tmp_path: Path) -> None:
    lines = [_line('"Kiln" Mug'), "short\trow", "", _line('"open'), _line("last")]
    day = write(tmp_path / "day.txt", "\r\n".join(["\t".join(NAMES), *lines, ""]))
    frame = frame_of(bronze_of(ingest_sources(tmp_path / "w", day)))
    assert frame.get_column("line_no").to_list() == [1, 2, 3, 4]
    assert frame.get_column("fault").to_list() == [None, "2 fields instead of 8", None, None]
    assert frame.get_column("description").to_list() == ['"Kiln" Mug', None, '"open', "last"]


def test_files_of_both_kinds_in_one_batch(tmp_path: Path) -> None:
    texts = write(
        tmp_path / "1.txt", "\t".join(NAMES) + "\n" + _line('"Kiln" Mug') + "\n" + _line('"x"') + "\n"
    )
    quoted = write(tmp_path / "2.txt", as_csv([row(description='a\t"b"')], delimiter="\t"))
    commas = write(tmp_path / "3.csv", ",".join(NAMES) + f"\n{LINE}\n")
    frame = frame_of(bronze_of(ingest_sources(tmp_path / "w", texts, quoted, commas)))
    assert text_of(frame) == [
        row(description='"Kiln" Mug'),
        row(description='"x"'),
        row(description='a\t"b"'),
        ROW,
    ]
