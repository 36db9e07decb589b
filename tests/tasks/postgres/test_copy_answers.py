"""Answers by COPY and by messages are the JSON that the server has."""

from __future__ import annotations

import asyncpg
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import answers, fetch_json

_TEXT = 'quote " backslash \\ both \\" newline \n tab \t \\n \u2028 é'


async def test_rows_of_json(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("create temporary table said (number integer, text text)")
        await connection.executemany("insert into said values ($1, $2)", [(1, _TEXT), (2, None)])
        rows = await fetch_json(connection, "select row_to_json(said) from pg_temp.said order by number")
        # json_agg puts line breaks between composite values.
        ((first, second),) = await fetch_json(
            connection, "select json_agg(said order by number) from pg_temp.said"
        )
        assert await fetch_json(connection, "select to_json(1) where false") == []
    assert rows == [first, second] == [{"number": 1, "text": _TEXT}, {"number": 2, "text": None}]


async def test_a_script_answers(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        with answers(connection) as collected:
            await connection.execute(
                "create temporary table said (text text); create temporary table if not exists said (text text); "
                """do $$ begin raise info 'retail answer: %', '{"a": "%"}'::jsonb; """
                "raise info 'by somebody else'; raise info 'retail answer: [2]'; end $$; select 1"
            )
        assert collected == [{"a": "%"}, [2]]
        with pytest.raises(asyncpg.RaiseError), answers(connection) as before:
            await connection.execute(
                "do $$ begin raise info 'retail answer: 1'; raise exception 'no'; end $$"
            )
        assert before == [1]
