"""Any table that Python's csv module writes is read unchanged, with and without broken rows in between."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.deliveries import as_csv, frame_of, ingest_sources, read, text_of, write
from tests.support.soak import count, size

# CSV's special characters, and characters of one to four bytes. No carriage return: Python's writer does not
# quote it.
_values = st.text(alphabet='a,;"\n\t £\xe9\u2010\U0001f600\x0b\x85\u2028', max_size=5) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8
)
_rows = st.lists(st.tuples(*[_values] * 8), min_size=1, max_size=6)
_dialects = st.fixed_dictionaries(
    {
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([0, 1]),
    }
)
# Unquoted lines without eight fields, whatever the delimiter.
_broken = st.lists(st.sampled_from(["x", "a,b;c\td|e", "," * 9 + ";" * 9 + "\t" * 9 + "|" * 9]), max_size=3)


def _expected(rows: list[tuple[str, ...]]) -> list[tuple[str | None, ...]]:
    return [tuple(value or None for value in row) for row in rows]


@settings(max_examples=size(80, soak=237, few=20))
@given(st.lists(_rows, min_size=1, max_size=4), _dialects)
def test_tables_in_one_batch(tables: list[list[tuple[str, ...]]], dialect: dict[str, Any]) -> None:
    count("generated files", len(tables))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, rows in enumerate(tables):
            write(folder / "days" / f"{number}.csv", as_csv(rows, **dialect))
        frame = read(folder / "workspace", folder / "days")
    expected = [row for rows in tables for row in _expected(rows)]
    assert text_of(frame) == expected
    assert frame.get_column("line_no").to_list() == [n for rows in tables for n in range(1, len(rows) + 1)]


@settings(max_examples=size(80, soak=237, few=20))
@given(_rows, _dialects, _broken, st.data())
def test_table_with_broken_rows(
    rows: list[tuple[str, ...]], dialect: dict[str, Any], broken: list[str], data: st.DataObject
) -> None:
    count("generated files")
    end = str(dialect["lineterminator"])
    header, _, _ = as_csv([], **dialect).partition(end)
    records = [as_csv([row], **dialect).removeprefix(header + end) for row in rows]
    texts_and_raw: list[tuple[str, str | None]] = [(record, None) for record in records]
    for text in broken:
        texts_and_raw.insert(data.draw(st.integers(0, len(texts_and_raw))), (text + end, text))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        day = write(folder / "day.csv", header + end + "".join(text for text, _ in texts_and_raw))
        result = ingest_sources(folder / "workspace", day)
        assert result.bronze
        frame = frame_of(result.bronze)
    assert text_of(frame) == _expected(rows)
    assert frame.get_column("raw").to_list() == [raw for _, raw in texts_and_raw]
    faults = frame.get_column("fault").drop_nulls().to_list()
    assert len(faults) == len(broken)
    assert all(re.fullmatch(r"\d+ fields instead of 8", fault) for fault in faults)


def test_a_tab_separated_record_of_two_lines(tmp_path: Path) -> None:
    # Each line by itself would speak for quotes that are text.
    rows = [("",) * 8, ("", "", "\n", ";\t", "", "", "", "\t"), ("", "", "a\nb\nc", ";\t", "", "", "", '"')]
    day = write(tmp_path / "day.csv", as_csv(rows, delimiter="\t", lineterminator="\n"))
    assert text_of(read(tmp_path / "w", day)) == _expected(rows)
