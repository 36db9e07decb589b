"""A new database is upgraded to the newest schema once, even by several processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import migrate, schema_version
from tests.support.ddl_log import log_ddl, logged_ddl

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


async def test_a_new_database_and_then_no_ddl(empty: ConnectionSettings) -> None:
    assert await schema_version(empty) is None
    await log_ddl(empty)
    head = await migrate(empty)
    assert await schema_version(empty) == head
    created = await tables(empty)
    assert {"retail_dwh.fact_sale", "retail_dwh.dim_date", "retail_ops.delivery"} < set(created)
    commands = await logged_ddl(empty)
    assert ("CREATE TABLE", "retail_dwh.fact_sale") in commands

    assert await migrate(empty) == head
    assert await logged_ddl(empty) == commands
    assert await tables(empty) == created


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


async def test_two_processes_in_parallel(empty: ConnectionSettings) -> None:
    command = [sys.executable, "-c", MIGRATE, empty.display]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {await asyncio.to_thread(process.communicate, timeout=60) for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == {(f"{await schema_version(empty)}\n", None)}


async def test_twice_in_parallel_in_one_process(empty: ConnectionSettings) -> None:
    first, second = await asyncio.gather(migrate(empty), migrate(empty))
    assert first == second == await schema_version(empty)


async def test_the_revision_of_a_newer_release_is_left_alone(warehouse: ConnectionSettings) -> None:
    head = await schema_version(warehouse)
    async with connected(warehouse) as connection:
        await connection.execute("update retail_ops.schema_version set version_num = '9999_from_afar'")
    with pytest.raises(WarehouseError, match=f"9999_from_afar.*newest here: {head}.*newer one"):
        await migrate(warehouse)
    assert await schema_version(warehouse) == "9999_from_afar"


async def test_a_failed_migration_leaves_nothing(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        await connection.execute("create schema retail_dwh")
    with pytest.raises(WarehouseError, match='schema "retail_dwh" already exists'):
        await migrate(empty)
    assert await tables(empty) == []
    assert await schema_version(empty) is None
