"""The role retail_reader reads the whole warehouse, nothing of the ledger, and writes nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import asyncpg
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.conftest import database_of_a_file
from tests.support.access import privileges_of, relations
from tests.support.plain_run import run
from tests.support.slices import days, write


@pytest.fixture(scope="module")
def loaded(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConnectionSettings]:
    """A warehouse with some lines and a quarantined one."""
    broken = (
        "536365",
        "85123A",
        "nothing sold",
        "0",
        "2010-12-01 08:26:00",
        "2.55",
        "17850",
        "United Kingdom",
    )
    folder = tmp_path_factory.mktemp("reader")
    with database_of_a_file(server, template) as warehouse:
        asyncio.run(run(warehouse, folder, [write(folder / "day.csv", [*days(1, 1), broken])]))
        yield warehouse


@pytest.fixture
async def reader(loaded: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the reader."""
    async with connected(replace(loaded, user=SUPERUSER)) as connection:
        await connection.execute("set role retail_reader")
        yield connection


async def test_reads_every_table_and_view_of_the_warehouse(reader: asyncpg.Connection) -> None:
    names = await relations(reader, "retail_dwh")
    assert len(names) == 11
    for name in names:
        assert await reader.fetchval(f"select count(*) from {name}") > 0, name


async def test_reads_nothing_of_the_ledger(reader: asyncpg.Connection) -> None:
    for name in await relations(reader, "retail_ops"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch(f"select from {name}")


async def test_writes_nothing(reader: asyncpg.Connection) -> None:
    for statement in (
        "insert into retail_dwh.dim_country values (99, 'Nowhere')",
        "update retail_dwh.fact_sale set quantity = 0",
        "delete from retail_dwh.fact_sale",
        "truncate retail_dwh.fact_sale",
        "create table retail_dwh.mine (one integer)",
        "drop view retail_dwh.sale_line",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(statement)


async def test_has_no_privilege_but_reading(reader: asyncpg.Connection) -> None:
    names = await relations(reader, "retail_dwh")
    expected = {"USAGE on schema retail_dwh", *(f"SELECT on {name}" for name in names)}
    assert await privileges_of(reader, "retail_reader") == expected


async def test_row_level_security_hides_rows_without_a_policy(loaded: ConnectionSettings) -> None:
    """A role that gets a grant by mistake still sees no row."""
    async with connected(replace(loaded, user=SUPERUSER)) as connection, connection.transaction():
        await connection.execute("create role mistaken")
        await connection.execute("grant usage on schema retail_dwh, retail_ops to mistaken")
        await connection.execute("grant all on all tables in schema retail_dwh, retail_ops to mistaken")
        await connection.execute("set local role mistaken")
        for name in ("retail_dwh.fact_sale", "retail_dwh.sale_line", "retail_ops.run", "retail_ops.delivery"):
            assert await connection.fetchval(f"select count(*) from {name}") == 0
        await connection.execute("reset role")
        await connection.execute("drop owned by mistaken")
        await connection.execute("drop role mistaken")
