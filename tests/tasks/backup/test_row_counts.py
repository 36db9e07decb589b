"""Which rows of a database count, and how many queries that takes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tasks.backup.catalogue.fingerprints import count_rows, row_differences
from tasks.backup.catalogue.scope import Scope
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.protocol import traffic_of
from tests.support.everything import SMALL_TABLES, create_everything, dump_and_restore
from tests.tasks.backup.conftest import Databases


@pytest.fixture
async def connection(empty: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    async with connected(empty) as connection:
        await connection.execute("create schema shop")
        yield connection


async def test_counts_partitions_as_their_root_and_only_rows_of_ones_own(
    connection: asyncpg.Connection,
) -> None:
    await connection.execute(
        "create table shop.parent (id int); create table shop.child () inherits (shop.parent);"
        "insert into shop.parent values (1); insert into shop.child values (2), (3);"
        "create table shop.root (id int) partition by list (id);"
        "create table shop.part partition of shop.root default partition by range (id);"
        "create table shop.leaf partition of shop.part default; insert into shop.root values (1), (2);"
        "create materialized view shop.view as select 1 as one; create temporary table mine (id int);"
        "create table shop.no_columns (); insert into shop.no_columns default values; create table shop.empty (id int)"
    )
    rows = await count_rows(connection)
    assert {table.name: table.rows for table in rows} == {
        "shop.child": 2,
        "shop.empty": 0,
        "shop.no_columns": 1,
        "shop.parent": 1,
        "shop.root": 2,
    }
    (leaf,) = await count_rows(connection, Scope(tables=("shop.leaf",)))
    assert leaf.rows == 2


async def test_reads_no_other_server_for_a_foreign_partition(
    databases: Databases, empty: ConnectionSettings
) -> None:
    async with connected(databases.superuser(empty)) as connection:
        await connection.execute(
            "create schema shop; create extension postgres_fdw schema shop;"
            "create server gone foreign data wrapper postgres_fdw options (host '/nowhere');"
            "create table shop.root (id int, t text) partition by range (id);"
            "create table shop.near partition of shop.root for values from (0) to (10);"
            "create foreign table shop.far partition of shop.root for values from (10) to (20) server gone;"
            "create table shop.all_far (id int) partition by range (id);"
            "create foreign table shop.farther partition of shop.all_far default server gone;"
            "insert into shop.root values (1, 'a'), (2, 'b')"
        )
        rows = await count_rows(connection)
    assert {table.name: table.rows for table in rows} == {"shop.all_far": 0, "shop.root": 2}


async def test_large_objects_count_with_their_contents(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        assert await count_rows(connection) == ()
        await connection.execute(
            "select lo_from_bytea(7, decode(repeat('ab', 600000), 'hex')); select lo_from_bytea(8, '')"
        )
        before = await count_rows(connection)
        assert [(table.name, table.rows) for table in before] == [("pg_largeobject", 2)]
        await connection.execute("select lo_put(7, 599999, '\\xac')")
        assert row_differences(before, await count_rows(connection)) == [
            "large objects: other values in its 2 rows."
        ]


async def test_a_policy_that_hides_rows_is_an_error(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "create table shop.t (id int); alter table shop.t enable row level security, force row level security;"
        "create policy none on shop.t using (false)"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await count_rows(connection)


async def test_counts_a_snapshot(empty: ConnectionSettings) -> None:
    async with connected(empty) as writer, connected(empty) as reader:
        await writer.execute(
            "create schema shop; create table shop.t (id int); insert into shop.t values (1)"
        )
        async with reader.transaction(isolation="repeatable_read", readonly=True):
            before = await count_rows(reader)
            await writer.execute("insert into shop.t values (2)")
            assert await count_rows(reader) == before
        assert await count_rows(reader) != before


async def test_three_hundred_small_tables_take_few_turns(empty: ConnectionSettings) -> None:
    await create_everything(empty, SMALL_TABLES)
    async with connected(empty) as connection:
        traffic = traffic_of(connection)
        before = traffic.turns
        rows = await count_rows(connection)
        turns = traffic.turns - before
    assert (len(rows), sum(table.rows for table in rows)) == (300, 903)
    assert turns < 15


async def test_is_equal_after_dump_and_restore(
    databases: Databases, everything: ConnectionSettings, restored: ConnectionSettings
) -> None:
    dump_and_restore(
        databases.superuser(everything), databases.superuser(restored), databases.binaries, databases.binaries
    )
    async with connected(everything) as source, connected(restored) as target:
        before, after = await count_rows(source), await count_rows(target)
    assert row_differences(before, after) == []
    assert sum(table.rows for table in before) > 1000
    assert before == after
