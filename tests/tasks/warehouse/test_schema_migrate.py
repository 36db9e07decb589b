"""A database is brought to the newest schema from nothing, once, whoever else is at it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import migrate, schema_version
from tests.support.ddl_log import ddl_seen, watch_ddl

MIGRATE = (
    "import asyncio, sys\n"
    "from tasks.postgres.connect import from_url\n"
    "from tasks.warehouse.migrate import migrate\n"
    "print(asyncio.run(migrate(from_url(sys.argv[1]))))"
)


async def tables(database: ConnectionSettings) -> list[str]:
    async with connected(database) as connection:
        rows = await connection.fetch(
            "select schemaname || '.' || tablename as name from pg_tables where schemaname like 'retail_%'"
        )
    return sorted(row["name"] for row in rows)


async def test_from_nothing_and_then_no_ddl(empty: ConnectionSettings) -> None:
    assert await schema_version(empty) is None
    await watch_ddl(empty)
    head = await migrate(empty)
    assert await schema_version(empty) == head
    there = await tables(empty)
    assert {"retail_dwh.fact_sale", "retail_dwh.dim_date", "retail_ops.delivery"} < set(there)
    done = await ddl_seen(empty)
    assert ("CREATE TABLE", "retail_dwh.fact_sale") in done

    assert await migrate(empty) == head
    assert await ddl_seen(empty) == done
    assert await tables(empty) == there


async def test_the_calendar_is_complete(empty: ConnectionSettings) -> None:
    await migrate(empty)
    async with connected(empty) as connection:
        assert await connection.fetchrow(
            "select count(*), min(date)::text, max(date)::text from retail_dwh.dim_date"
        ) == (
            18_263,
            "2000-01-01",
            "2049-12-31",
        )
        row = await connection.fetchrow("select * from retail_dwh.dim_date where date = '2011-01-01'")
    assert tuple(row.values())[2:] == (2011, 1, 1, "January", 2010, 52, 1, 6, "Saturday", True)


async def test_two_processes_at_once(empty: ConnectionSettings) -> None:
    command = [sys.executable, "-c", MIGRATE, empty.display]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {await asyncio.to_thread(one.communicate, timeout=60) for one in both}
    assert [one.returncode for one in both] == [0, 0]
    assert said == {(f"{await schema_version(empty)}\n", None)}


async def test_twice_at_once_in_one_process(empty: ConnectionSettings) -> None:
    first, second = await asyncio.gather(migrate(empty), migrate(empty))
    assert first == second == await schema_version(empty)


async def test_a_revision_of_a_newer_release_is_left_alone(warehouse: ConnectionSettings) -> None:
    head = await schema_version(warehouse)
    async with connected(warehouse) as connection:
        await connection.execute("update retail_ops.schema_version set version_num = '9999_from_afar'")
    with pytest.raises(WarehouseError, match=f"9999_from_afar.*newest here: {head}.*newer one"):
        await migrate(warehouse)
    assert await schema_version(warehouse) == "9999_from_afar"


async def test_a_migration_that_fails_leaves_nothing(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        await connection.execute("create schema retail_dwh")
    with pytest.raises(WarehouseError, match='schema "retail_dwh" already exists'):
        await migrate(empty)
    assert await tables(empty) == []
    assert await schema_version(empty) is None
