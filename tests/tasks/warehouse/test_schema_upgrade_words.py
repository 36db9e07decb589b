"""A feed whose lines hold a word for missing goes on reading it as text; others read it as missing."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.validate.missing_words import DEFAULT_WORDS
from tasks.warehouse import schema
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import run, state
from tests.support.slices import Line, write

_OLD = "0015_reading_settings"
_SCRIPT = Path(schema.__file__).parent / "versions" / "0017_missing_words.sql"
_LINE: Line = ("700001", "22752", "NESTING BOXES", "1", "2010-12-01 08:26:00", "7.65", "17850", "EIRE")


async def _words(warehouse: ConnectionSettings) -> dict[str, str | None]:
    async with connected(warehouse) as connection:
        return dict(await connection.fetch("select feed, missing_words from retail_ops.feed"))


async def test_feeds_that_hold_such_words(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    held = {
        "country": (*_LINE[:7], "nan"),
        "description": (*_LINE[:2], "\\N", *_LINE[3:]),
        "neither": _LINE,
        "part of a text": (*_LINE[:2], "NULL MUG", *_LINE[3:]),
    }
    for feed, line in held.items():
        path = write(tmp_path / f"{feed}.csv", [line])
        await run(warehouse, tmp_path / "w", [path], feed=feed, missing_words="none")
    async with connected(warehouse) as connection:
        await connection.execute("update retail_ops.feed set missing_words = null")
        await connection.execute(_SCRIPT.read_text())
    kept = {"country": "none", "description": "none", "neither": None, "part of a text": None}
    assert await _words(warehouse) == kept
    # The same lines under other names are those that the warehouse has.
    before = await state(warehouse)
    for feed, line in held.items():
        await run(warehouse, tmp_path / "w", [write(tmp_path / f"again {feed}.csv", [line])], feed=feed)
    assert await state(warehouse) == before
    assert await _words(warehouse) == kept


async def test_every_usual_word(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "w", [write(tmp_path / "day.csv", [_LINE])])
    script = _SCRIPT.read_text()
    async with connected(warehouse) as connection:
        for word in (*DEFAULT_WORDS, "null", "NaN"):
            await connection.execute("update retail_ops.feed set missing_words = null")
            await connection.execute("update retail_dwh.fact_sale set description = $1", word)
            await connection.execute(script)
            assert await connection.fetchval("select missing_words from retail_ops.feed") == "none", word


async def test_a_feed_without_lines(empty: ConnectionSettings) -> None:
    await create_schema_at(empty, _OLD)
    async with connected(empty) as connection:
        await connection.execute(
            "insert into retail_ops.feed (feed, timezone, currency, identical_lines) "
            "values ('till', 'Europe/London', 'GBP', 'keep')"
        )
    await migrate(empty)
    assert await _words(empty) == {"till": None}
