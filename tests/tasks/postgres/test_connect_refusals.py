"""Errors and timeouts of the database become errors with a next step."""

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


async def error_of(warehouse: ConnectionSettings, statement: str) -> RetailError:
    with pytest.raises(RetailError) as caught:
        async with asyncio.timeout(20), connected(warehouse) as connection:
            await connection.execute(statement)
    return caught.value


async def test_a_missing_database_fails_without_a_retry(warehouse: ConnectionSettings) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseMissing, match=r"nowhere.*database name"):
        await connect(with_database(warehouse, "nowhere"))
    assert time.monotonic() - started < 1


async def test_a_read_only_database(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    error = await error_of(warehouse, "insert into retail_dwh.dim_country values (1, 'Here')")
    assert type(error) is ReadOnlyWarehouse
    assert "no delivery is half-loaded" in error.message


async def test_missing_privileges(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(server.settings()) as connection:
        await connection.execute(
            "do $$ begin create role stranger login; exception when duplicate_object then null; end $$"
        )
    error = await error_of(replace(warehouse, user="stranger"), "select from retail_ops.run")
    assert type(error) is RightsMissing
    assert isinstance(error, Terminal)


async def test_lock_timeout(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as holder, holder.transaction():
        await holder.execute("lock table retail_dwh.dim_country")
        started = time.monotonic()
        error = await error_of(replace(warehouse, lock_timeout=0.2), "select from retail_dwh.dim_country")
    assert type(error) is WarehouseBusy
    assert isinstance(error, Transient)
    assert time.monotonic() - started < 2


async def test_statement_timeout(warehouse: ConnectionSettings) -> None:
    started = time.monotonic()
    error = await error_of(replace(warehouse, statement_timeout=0.2), "select pg_sleep(30)")
    assert type(error) is WarehouseError
    assert "statement timeout" in error.message
    assert time.monotonic() - started < 2


async def test_terminated_session(warehouse: ConnectionSettings) -> None:
    error = await error_of(warehouse, "select pg_terminate_backend(pg_backend_pid())")
    assert type(error) is ConnectionInterrupted


async def test_a_cancelled_transaction_is_rolled_back(warehouse: ConnectionSettings) -> None:
    async def write_and_wait() -> None:
        async with connected(warehouse) as connection, connection.transaction():
            await connection.execute("insert into retail_dwh.dim_country values (1, 'Here')")
            await connection.execute("select pg_sleep(30)")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await write_and_wait()
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.dim_country") == 0


async def test_committed_work_succeeds_when_closing_fails(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as other, connected(warehouse) as connection:
        await connection.execute("insert into retail_dwh.dim_country values (1, 'Here')")
        await other.execute("select pg_terminate_backend($1)", connection.get_server_pid())
        await asyncio.sleep(0.1)


async def test_errors_do_not_quote_rows(warehouse: ConnectionSettings) -> None:
    insert = "insert into retail_dwh.dim_country values (1, 'Atlantis')"
    async with connected(warehouse) as connection:
        await connection.execute(insert)
    assert "Atlantis" not in (await error_of(warehouse, insert.replace("(1", "(2"))).message

    with pytest.raises(WarehouseError) as caught:
        async with connected(warehouse) as connection:
            await connection.execute("insert into retail_dwh.dim_country values ($1, null)", "Atlantis")
    assert "Atlantis" not in caught.value.message
