"""The link counts connections, turns and bytes of known exchanges, the same each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import asyncpg
import pytest

from benchmarks.link import Link
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.link import counting_link

_ROWS = 300_000
_MEGABYTE = 1_000_000


@pytest.fixture
def through(empty: ConnectionSettings) -> Iterator[tuple[Link, ConnectionSettings]]:
    with counting_link(empty) as link:
        yield link


async def _connect(settings: ConnectionSettings) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        database=settings.database,
        ssl=False,
        statement_cache_size=0,
    )


async def test_a_connection_is_one_turn_and_its_farewell_none(
    through: tuple[Link, ConnectionSettings],
) -> None:
    link, settings = through
    for number in (1, 2):
        connection = await _connect(settings)
        await connection.close()
        counts = link.counts()
        assert (counts.connections, counts.turns, counts.login_turns) == (number, number, number)
    assert 100 < counts.sent < 500 < counts.received < 5_000


async def test_statements(through: tuple[Link, ConnectionSettings]) -> None:
    link, settings = through
    connection = await _connect(settings)

    async def turns_of(statement: str, *arguments: object, method: str = "execute") -> int:
        before = link.counts_now()
        await getattr(connection, method)(statement, *arguments)
        return (link.counts_now() - before).turns

    assert await turns_of("begin; create temp table t (n int); select 1; commit") == 1
    assert link.counts_now().login_turns == 1
    assert await turns_of("do $$ begin raise notice 'a'; raise notice 'b'; end $$") == 1
    assert await turns_of("select generate_series(1, 100000)", method="fetch") == 2
    assert await turns_of("insert into t select $1::int", 1) == 2
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute("select 1 / 0")
    assert await turns_of("select 1") == 1
    await connection.close()


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(_ROWS // 1000):
        yield b"1\n" * 1000


async def test_a_copy_is_one_turn_whoever_answers_in_the_middle(
    through: tuple[Link, ConnectionSettings],
) -> None:
    link, settings = through
    connection = await _connect(settings)
    await connection.execute("create temp table t (n int)")
    for source in (BytesIO(b"1\n" * _ROWS), BytesIO(b"1\n"), BytesIO(b""), _chunks()):
        before = link.counts_now()
        await connection.copy_to_table("t", source=source)
        assert (link.counts_now() - before).turns == 1
    before = link.counts_now()
    output = BytesIO()
    await connection.copy_from_query("select n from t", output=output)
    spent = link.counts_now() - before
    assert spent.turns == 1
    assert output.tell() == 2 * (2 * _ROWS + 1)
    assert spent.received > output.tell()
    before = link.counts_now()
    with pytest.raises(asyncpg.BadCopyFileFormatError):
        await connection.copy_to_table("t", source=BytesIO(b"1\t2\n" * _ROWS))
    assert (link.counts_now() - before).turns == 1
    assert await connection.fetchval("select count(*) from t") == 2 * _ROWS + 1
    await connection.close()


async def test_a_client_that_waits_for_the_go_ahead_of_a_copy_spends_a_turn_on_it(
    empty: ConnectionSettings, server: EmbeddedServer, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("1\n" * 1000)
    copy = f"\\copy t from '{tmp_path}/rows.csv'"
    command = [str(server.psql()), "-Xq", "-v", "ON_ERROR_STOP=1", "-c", copy]
    with counting_link(empty, go_ahead_seconds=0.25) as (link, settings):
        connection = await _connect(settings)
        await connection.execute("create table t (n int)")
        await connection.close()
        before = link.counts()
        address = f"host={settings.host} port={settings.port} user={settings.user} dbname={settings.database}"
        done = await asyncio.create_subprocess_exec(*command, f"{address} sslmode=disable")
        assert await done.wait() == 0
        spent = link.counts() - before
    assert (spent.connections, spent.turns, spent.login_turns) == (1, 3, 1)


async def test_by_segments_a_copy_is_one_turn_too(empty: ConnectionSettings) -> None:
    # The go-ahead arrives after 0.2 s, in the middle of data that take 0.6 s.
    with Link(Path(empty.host) / f".s.PGSQL.{empty.port}", delay=0.1, rate=1_000_000) as link:
        connection = await _connect(replace(empty, host=link.host, port=link.port))
        await connection.execute("create temp table t (n int)")
        before = link.counts_now()
        assert before.turns == 2
        await connection.copy_to_table("t", source=BytesIO(b"1\n" * _ROWS))
        assert (link.counts_now() - before).turns == 1
        await connection.close()


async def test_bytes_are_all_that_passed(through: tuple[Link, ConnectionSettings]) -> None:
    link, settings = through
    connection = await _connect(settings)
    before = link.counts_now()
    await connection.execute(f"select length('{'x' * _MEGABYTE}')")
    sent = link.counts_now() - before
    assert _MEGABYTE < sent.sent < _MEGABYTE + 100
    assert sent.received < 200
    before = link.counts_now()
    await connection.execute(f"select repeat('x', {_MEGABYTE})")
    received = link.counts_now() - before
    assert _MEGABYTE < received.received < _MEGABYTE + 200
    assert received.sent < 100
    await connection.close()
