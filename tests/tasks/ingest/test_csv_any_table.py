"""Whatever Python's csv module writes reads back as it is, beside whatever broken rows."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.deliveries import as_csv, frame_of, ingest_sources, read, text_of, write

# What CSV gives a meaning to, without the carriage return that Python's writer leaves unquoted, and some
# letters of one to four bytes.
_letters = st.text(alphabet='a,;"\n\t £\xe9\u2010\U0001f600\x0b\x85\u2028', max_size=5) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8
)
_rows = st.lists(st.tuples(*[_letters] * 8), min_size=1, max_size=6)
_forms = st.fixed_dictionaries(
    {
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([0, 1]),
    }
)
# Lines without a quote that no header of eight columns allows.
_broken = st.lists(st.sampled_from(["x", "a,b;c\td|e", "," * 9 + ";" * 9 + "\t" * 9 + "|" * 9]), max_size=3)


def _as_read(rows: list[tuple[str, ...]]) -> list[tuple[str | None, ...]]:
    return [tuple(value or None for value in row) for row in rows]


@settings(max_examples=80)
@given(st.lists(_rows, min_size=1, max_size=4), _forms)
def test_tables_of_one_batch(tables: list[list[tuple[str, ...]]], form: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, rows in enumerate(tables):
            write(folder / "days" / f"{number}.csv", as_csv(rows, **form))
        frame = read(folder / "workspace", folder / "days")
    expected = [row for rows in tables for row in _as_read(rows)]
    assert text_of(frame) == expected
    assert frame.get_column("line_no").to_list() == [n for rows in tables for n in range(1, len(rows) + 1)]


@settings(max_examples=80)
@given(_rows, _forms, _broken, st.data())
def test_a_table_with_broken_rows(
    rows: list[tuple[str, ...]], form: dict[str, Any], broken: list[str], data: st.DataObject
) -> None:
    end = str(form["lineterminator"])
    header, _, _ = as_csv([], **form).partition(end)
    records = [as_csv([row], **form).removeprefix(header + end) for row in rows]
    kinds: list[tuple[str, str | None]] = [(record, None) for record in records]
    for text in broken:
        kinds.insert(data.draw(st.integers(0, len(kinds))), (text + end, text))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        day = write(folder / "day.csv", header + end + "".join(text for text, _ in kinds))
        ingested = ingest_sources(folder / "workspace", day)
        assert ingested.bronze
        frame = frame_of(ingested.bronze)
    assert text_of(frame) == _as_read(rows)
    assert frame.get_column("raw").to_list() == [raw for _, raw in kinds]
    faults = frame.get_column("fault").drop_nulls().to_list()
    assert len(faults) == len(broken)
    assert all(re.fullmatch(r"\d+ fields instead of 8", fault) for fault in faults)
