"""Words for missing that are settled when a feed holds lines: no line becomes two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings
from tests.support.plain_run import run, state
from tests.support.slices import Line, write

_LINE: Line = ("700001", "22752", "NESTING BOXES", "1", "2010-12-01 08:26:00", "7.65", "17850", "EIRE")


@pytest.mark.parametrize(("column", "word"), [(2, "-"), (7, "Unspecified")])
async def test_a_word_that_is_the_text_of_a_line(
    warehouse: ConnectionSettings, tmp_path: Path, column: int, word: str
) -> None:
    line = (*_LINE[:column], word, *_LINE[column + 1 :])
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", [line])])
    before = await state(warehouse)
    with pytest.raises(FeedConflict, match=f"holds lines with {word.upper()} as description or country"):
        await run(
            warehouse, tmp_path / "w", [write(tmp_path / "b.csv", [line])], missing_words=f"null,{word}"
        )
    assert await state(warehouse) == before


async def test_words_that_no_line_has(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    other = (*_LINE[:2], "-", *_LINE[3:])
    await run(warehouse, tmp_path / "w", [write(tmp_path / "other.csv", [other])], feed="other")
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", [_LINE])])
    again = write(tmp_path / "b.csv", [_LINE, (*_LINE[:2], "-", *_LINE[3:])])
    outcome = await run(warehouse, tmp_path / "w", [again], missing_words="NULL,-")
    assert (outcome.of("b.csv").rows_loaded, outcome.of("b.csv").rows_duplicate) == (1, 1)
