"""What the database refuses, and the time limits that it enforces, leave as errors that say what to do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from tasks.errors import (
    ConnectionInterrupted,
    DatabaseMissing,
    ReadOnlyWarehouse,
    RetailError,
    RightsMissing,
    Terminal,
    Transient,
    WarehouseBusy,
    WarehouseError,
)
from tasks.postgres.connect import ConnectionSettings, connect, connected, with_database
from tasks.postgres.embedded.server import EmbeddedServer


async def refusal(warehouse: ConnectionSettings, statement: str) -> RetailError:
    with pytest.raises(RetailError) as caught:
        async with asyncio.timeout(20), connected(warehouse) as connection:
            await connection.execute(statement)
    return caught.value


async def test_a_missing_database_is_said_at_once(warehouse: ConnectionSettings) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseMissing, match=r"nowhere.*database name"):
        await connect(with_database(warehouse, "nowhere"))
    assert time.monotonic() - started < 1


async def test_a_read_only_database(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    error = await refusal(warehouse, "insert into retail_dwh.dim_country values (1, 'Here')")
    assert type(error) is ReadOnlyWarehouse
    assert "no delivery is half-loaded" in error.message


async def test_rights_that_are_missing(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(server.settings()) as connection:
        await connection.execute(
            "do $$ begin create role stranger login; exception when duplicate_object then null; end $$"
        )
    error = await refusal(replace(warehouse, user="stranger"), "select from retail_ops.run")
    assert type(error) is RightsMissing
    assert isinstance(error, Terminal)


async def test_a_lock_that_another_session_holds(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as holder, holder.transaction():
        await holder.execute("lock table retail_dwh.dim_country")
        started = time.monotonic()
        error = await refusal(replace(warehouse, lock_timeout=0.2), "select from retail_dwh.dim_country")
    assert type(error) is WarehouseBusy
    assert isinstance(error, Transient)
    assert time.monotonic() - started < 2


async def test_a_statement_that_takes_too_long(warehouse: ConnectionSettings) -> None:
    started = time.monotonic()
    error = await refusal(replace(warehouse, statement_timeout=0.2), "select pg_sleep(30)")
    assert type(error) is WarehouseError
    assert "statement timeout" in error.message
    assert time.monotonic() - started < 2


async def test_a_connection_that_is_cut(warehouse: ConnectionSettings) -> None:
    error = await refusal(warehouse, "select pg_terminate_backend(pg_backend_pid())")
    assert type(error) is ConnectionInterrupted


async def test_what_was_cancelled_is_rolled_back(warehouse: ConnectionSettings) -> None:
    async def write_and_wait() -> None:
        async with connected(warehouse) as connection, connection.transaction():
            await connection.execute("insert into retail_dwh.dim_country values (1, 'Here')")
            await connection.execute("select pg_sleep(30)")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await write_and_wait()
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.dim_country") == 0


async def test_work_that_is_done_stays_done_when_the_farewell_fails(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as other, connected(warehouse) as connection:
        await connection.execute("insert into retail_dwh.dim_country values (1, 'Here')")
        await other.execute("select pg_terminate_backend($1)", connection.get_server_pid())
        await asyncio.sleep(0.1)


async def test_an_error_does_not_quote_the_row(warehouse: ConnectionSettings) -> None:
    insert = "insert into retail_dwh.dim_country values (1, 'Atlantis')"
    async with connected(warehouse) as connection:
        await connection.execute(insert)
    assert "Atlantis" not in (await refusal(warehouse, insert.replace("(1", "(2"))).message

    with pytest.raises(WarehouseError) as caught:
        async with connected(warehouse) as connection:
            await connection.execute("insert into retail_dwh.dim_country values ($1, null)", "Atlantis")
    assert "Atlantis" not in caught.value.message
